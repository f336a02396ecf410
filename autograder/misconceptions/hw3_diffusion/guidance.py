"""Q6: what goes wrong in guidance."""

from autograder.misconceptions import Alternative, Misconception

DROP = "return torch.where(u < p, null_label, y)"
COND = "eps_cond = model(x, t, y)\n"
UNCOND = "eps_uncond = model(x, t, torch.full_like(y, null_label))\n"
GUIDED = "return eps_uncond + w * (eps_cond - eps_uncond)"
LOG_PROB = "log_prob = torch.log_softmax(classifier(x, t), dim=-1)\n"
CHOSEN = "chosen = log_prob.gather(1, y[:, None])\n"
SCORE = "return torch.autograd.grad(chosen.sum(), x)[0]"
STD = "std = (1 - alpha_bar).sqrt().reshape(-1, *[1] * (eps.dim() - 1))\n"
CORRECTED = "return eps - scale * std * score"
RANKS = (
    "Only shapes (B, D) and (B, C, H, W) are provided for; x has any number of dimensions. With (B, T, D) "
    "the factor of an example meets the dimension next to the batch."
)

MISCONCEPTIONS = (
    Misconception(
        "drop-labels-keeps-instead",
        "drop_labels",
        "The condition is the wrong way round: labels with u below p are kept and all others dropped.",
        ((DROP, "return torch.where(u < p, y, null_label)"),),
    ),
    Misconception(
        "drop-labels-p-keeps",
        "drop_labels",
        "p is taken for the probability of keeping a label; it is that of dropping it.",
        ((DROP, "return torch.where(u < 1 - p, null_label, y)"),),
    ),
    Misconception(
        "drop-labels-upper-end",
        "drop_labels",
        "The upper end of [0, 1) is used: a label is dropped when u is large. The rule pins the lower "
        "end, so that given draws decide alike.",
        ((DROP, "return torch.where(u >= 1 - p, null_label, y)"),),
    ),
    Misconception(
        "drop-labels-closed",
        "drop_labels",
        "A label is dropped where u equals p; then p = 0 can still drop one. The comparison is strict.",
        ((DROP, "return torch.where(u <= p, null_label, y)"),),
    ),
    Misconception(
        "drop-labels-class-zero",
        "drop_labels",
        'Dropped labels become 0, which is a class of its own; use the label given for "none".',
        ((DROP, "return torch.where(u < p, 0, y)"),),
    ),
    Misconception(
        "drop-labels-whole-batch",
        "drop_labels",
        "One draw decides for the whole batch; every example has a draw of its own.",
        ((DROP, "return torch.where(u[:1] < p, null_label, y)"),),
    ),
    Misconception(
        "drop-labels-on-average",
        "drop_labels",
        "A fixed number of labels is dropped, those with the smallest draws; each is to be dropped "
        "independently with probability p.",
        ((DROP, "return torch.where(u.argsort().argsort() < round(p * len(u)), null_label, y)"),),
    ),
    Misconception(
        "drop-labels-null-added",
        "drop_labels",
        "The null label is added to every label, kept ones included; it stands in place of dropped ones.",
        ((DROP, "return y * (u >= p) + null_label"),),
    ),
    Misconception(
        "drop-labels-in-place",
        "drop_labels",
        "The caller's labels are overwritten; make new ones.",
        ((DROP, "return y.masked_fill_(u < p, null_label)"),),
    ),
    Misconception(
        "guidance-one-plus-w",
        "classifier_free_guidance",
        "This is the paper's convention, in which w = 0 is the conditional model. Here w = 1 is.",
        ((GUIDED, "return eps_cond + w * (eps_cond - eps_uncond)"),),
    ),
    Misconception(
        "guidance-swapped",
        "classifier_free_guidance",
        "The two predictions are exchanged, as when the halves of a doubled batch are taken apart in "
        "the wrong order: w = 0 gives the conditional model.",
        ((GUIDED, "return eps_cond + w * (eps_uncond - eps_cond)"),),
    ),
    Misconception(
        "guidance-difference-reversed",
        "classifier_free_guidance",
        "The sign of the difference is wrong: samples are pushed away from their class.",
        ((GUIDED, "return eps_uncond - w * (eps_cond - eps_uncond)"),),
    ),
    Misconception(
        "guidance-difference-only",
        "classifier_free_guidance",
        "Only the weighted difference is returned; it is to be added to the unconditional prediction.",
        ((GUIDED, "return w * (eps_cond - eps_uncond)"),),
    ),
    Misconception(
        "guidance-adds-conditional",
        "classifier_free_guidance",
        "The conditional prediction itself is added, not its difference to the unconditional one: at "
        "w = 1 the noise is counted twice.",
        ((GUIDED, "return eps_uncond + w * eps_cond"),),
    ),
    Misconception(
        "guidance-class-zero",
        "classifier_free_guidance",
        'Label 0 is used for "none"; it is a class. Use the null label.',
        ((UNCOND, "eps_uncond = model(x, t, torch.zeros_like(y))\n"),),
    ),
    Misconception(
        "guidance-interpolates",
        "classifier_free_guidance",
        "The weight is limited to [0, 1]; guidance extrapolates, so larger weights must count in full.",
        ((GUIDED, GUIDED.replace("w *", "min(max(w, 0.0), 1.0) *")),),
    ),
    Misconception(
        "guidance-three-channels",
        "classifier_free_guidance",
        "Only the first three channels are guided, as some programs do; all entries are.",
        (
            (
                GUIDED,
                "eps = eps_uncond + w * (eps_cond - eps_uncond)\n"
                "    return torch.cat([eps[:, :3], eps_cond[:, 3:]], dim=1)",
            ),
        ),
    ),
    Misconception(
        "guidance-rescaled",
        "classifier_free_guidance",
        "The guided noise is rescaled to the standard deviation of the conditional prediction. That is "
        "a later refinement; the plain formula is asked for.",
        (
            (
                GUIDED,
                "eps = eps_uncond + w * (eps_cond - eps_uncond)\n"
                "    spread = eps_cond.flatten(1).std(dim=1) / eps.flatten(1).std(dim=1)\n"
                "    return eps * spread.reshape(-1, *[1] * (x.dim() - 1))",
            ),
        ),
    ),
    Misconception(
        "guidance-uncond-detached",
        "classifier_free_guidance",
        "The unconditional prediction is detached; gradients are to pass through both.",
        ((UNCOND, UNCOND.replace("null_label))", "null_label)).detach()")),),
    ),
    Misconception(
        "score-of-probability",
        "classifier_score",
        "This is the gradient of the probability; the score is that of its logarithm.",
        ((LOG_PROB, LOG_PROB.replace("log_softmax", "softmax")),),
    ),
    Misconception(
        "score-of-logit",
        "classifier_score",
        "This is the gradient of the class's logit. The normaliser of the softmax depends on x too.",
        ((LOG_PROB, "log_prob = classifier(x, t)\n"),),
    ),
    Misconception(
        "score-of-loss",
        "classifier_score",
        "This is the gradient of the cross-entropy, minus the score: it leads away from the class.",
        ((SCORE, "return torch.autograd.grad(-chosen.sum(), x)[0]"),),
    ),
    Misconception(
        "score-batch-mean",
        "classifier_score",
        "The log-probabilities are averaged over the batch, so each gradient is B times too small and "
        "depends on how many examples there are.",
        ((SCORE, "return torch.autograd.grad(chosen.mean(), x)[0]"),),
    ),
    Misconception(
        "score-all-classes",
        "classifier_score",
        "The log-probabilities of all classes are added up; only that of the label y counts.",
        ((CHOSEN, "chosen = log_prob\n"),),
    ),
    Misconception(
        "score-predicted-class",
        "classifier_score",
        "The class that the classifier thinks likeliest is followed instead of the label y.",
        ((CHOSEN, "chosen = log_prob.max(dim=1).values\n"),),
    ),
    Misconception(
        "score-softmax-over-batch",
        "classifier_score",
        "The softmax runs over the batch; it must run over the classes.",
        ((LOG_PROB, LOG_PROB.replace("dim=-1", "dim=0")),),
    ),
    Misconception(
        "score-clean-time",
        "classifier_score",
        "The classifier is called with t = 0; it must know how noisy its input is.",
        ((LOG_PROB, LOG_PROB.replace("(x, t)", "(x, torch.zeros_like(t))")),),
    ),
    Misconception(
        "score-keeps-graph",
        "classifier_score",
        "The gradients hang on a graph (`create_graph`): memory grows along a sampling chain.",
        ((SCORE, SCORE.replace("x)[0]", "x, create_graph=True)[0]")),),
    ),
    Misconception(
        "score-backward",
        "classifier_score",
        "`backward()` also adds to the `.grad` of the classifier's parameters, and the next "
        "optimiser step uses it. Ask for the gradient with respect to x alone.",
        ((SCORE, "chosen.sum().backward()\n        return x.grad"),),
    ),
    Misconception(
        "score-log-of-softmax",
        "classifier_score",
        "The logarithm is taken of a softmax that has underflowed to 0. `log_softmax` stays exact however far apart the logits are.",
        (
            (
                LOG_PROB,
                LOG_PROB.replace(
                    "torch.log_softmax(classifier(x, t), dim=-1)",
                    "torch.softmax(classifier(x, t), dim=-1).log()",
                ),
            ),
        ),
    ),
    Misconception(
        "score-log-with-offset",
        "classifier_score",
        "A small number is added to the probability before the logarithm, so that the score of an unlikely class vanishes, just where it is needed.",
        (
            (
                LOG_PROB,
                LOG_PROB.replace(
                    "torch.log_softmax(classifier(x, t), dim=-1)",
                    "(torch.softmax(classifier(x, t), dim=-1) + 1e-10).log()",
                ),
            ),
        ),
    ),
    Misconception(
        "score-unmarks-x",
        "classifier_score",
        "x is marked for gradients and then unmarked, also where it required gradients before: it is the caller's. Mark a detached copy.",
        (
            ("x = x.detach().requires_grad_()\n", "x.requires_grad_(True)\n"),
            (
                SCORE,
                "found = torch.autograd.grad(chosen.sum(), x)[0]\n        x.requires_grad_(False)\n        return found",
            ),
        ),
    ),
    Misconception(
        "classifier-guidance-sign",
        "classifier_guidance",
        "The sign is wrong. Noise points against the score, so it is reduced along it.",
        ((CORRECTED, "return eps + scale * std * score"),),
    ),
    Misconception(
        "classifier-guidance-unscaled",
        "classifier_guidance",
        "The score is subtracted as it is; a noise prediction and a score differ by a factor that "
        "depends on the noise level.",
        ((CORRECTED, "return eps - scale * score"),),
    ),
    Misconception(
        "classifier-guidance-variance",
        "classifier_guidance",
        "The score is weighted by the variance of the noise. That is for the mean of a DDPM step; the "
        "noise prediction takes the standard deviation.",
        ((STD, STD.replace(".sqrt()", "")),),
    ),
    Misconception(
        "classifier-guidance-signal",
        "classifier_guidance",
        "The score is weighted by the factor of the signal instead of that of the noise.",
        ((STD, STD.replace("(1 - alpha_bar)", "alpha_bar")),),
    ),
    Misconception(
        "classifier-guidance-divides",
        "classifier_guidance",
        "The score is divided by the standard deviation of the noise, as one converts noise into a "
        "score; here a score becomes noise.",
        ((CORRECTED, "return eps - scale * score / std"),),
    ),
    Misconception(
        "classifier-guidance-no-scale",
        "classifier_guidance",
        "The scale is not used.",
        ((CORRECTED, "return eps - std * score"),),
    ),
    Misconception(
        "classifier-guidance-scales-both",
        "classifier_guidance",
        "The predicted noise is scaled too; only the score is.",
        ((CORRECTED, "return scale * (eps - std * score)"),),
    ),
    Misconception(
        "classifier-guidance-interpolates",
        "classifier_guidance",
        "The scale mixes noise and score, so that the noise loses what the score gains; the score is "
        "added on top.",
        ((CORRECTED, "return (1 - scale) * eps - scale * std * score"),),
    ),
    Misconception(
        "classifier-guidance-first-level",
        "classifier_guidance",
        "The noise level of the first example is used for all; each has its own.",
        ((STD, STD.replace("(1 - alpha_bar)", "(1 - alpha_bar[0]).expand(len(eps))")),),
    ),
    Misconception(
        "classifier-guidance-two-ranks",
        "classifier_guidance",
        RANKS,
        (
            (
                STD,
                "std = (1 - alpha_bar).sqrt()\n    std = (std.view(-1, 1, 1, 1) if eps.dim() == 4 else std.view(-1, 1))\n",
            ),
        ),
    ),
)

ALTERNATIVES = (
    Alternative(
        "doubled-batch",
        (
            (
                DROP,
                "keep = (u >= p).to(y.dtype)\n    return keep * y + (1 - keep) * null_label",
            ),
            (
                COND + "    " + UNCOND + "    " + GUIDED,
                "labels = torch.cat([torch.zeros_like(y) + null_label, y])\n"
                "    eps = model(torch.cat([x, x]), t.repeat(2), labels)\n"
                "    eps_uncond, eps_cond = eps.chunk(2)\n"
                "    return torch.lerp(eps_uncond, eps_cond, w)",
            ),
            (
                LOG_PROB + "        " + CHOSEN + "        " + SCORE,
                "loss = torch.nn.functional.cross_entropy(classifier(x, t), y, reduction='sum')\n"
                "        loss.backward(inputs=[x])\n"
                "    return -x.grad",
            ),
            (
                STD + "    " + CORRECTED,
                "return torch.stack(\n"
                "        [e - scale * s * (1 - a) ** 0.5 for e, s, a in zip(eps, score, alpha_bar)]\n"
                "    )",
            ),
        ),
    ),
    Alternative(
        "one-by-one",
        (
            (DROP, "out = y.clone()\n    out[u < p] = null_label\n    return out"),
            (GUIDED, "return (1 - w) * eps_uncond + w * eps_cond"),
            (
                CHOSEN + "        " + SCORE,
                "rows = range(len(y))\n"
                "        one_hot = torch.nn.functional.one_hot(y, log_prob.shape[1])\n"
                "        parts = [\n"
                "            torch.autograd.grad((log_prob * one_hot)[b].sum(), x, retain_graph=True)[0][b]\n"
                "            for b in rows\n"
                "        ]\n"
                "    return torch.stack(parts).detach()",
            ),
            (
                STD + "    " + CORRECTED,
                "std = torch.exp(0.5 * torch.log1p(-alpha_bar))\n"
                "    shift = torch.einsum('b,b...->b...', std, score)\n"
                "    return torch.sub(eps, shift, alpha=scale)",
            ),
        ),
    ),
)
