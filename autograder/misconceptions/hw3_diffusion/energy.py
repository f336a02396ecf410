"""Q1: what goes wrong in energy-based models."""

from autograder.misconceptions import Alternative, Misconception

LANGEVIN_GRAPH = (
    "    with torch.enable_grad():\n"
    "        x = x.detach().requires_grad_()\n"
    "        (slope,) = torch.autograd.grad(energy(x).sum(), x)\n"
)
LANGEVIN = "return x.detach() - step / 2 * slope + math.sqrt(step) * noise"
BOTH = "before, after = energy(x).reshape(-1), energy(proposal).reshape(-1)"
SLOPES = "slope, proposal_slope = torch.autograd.grad((before + after).sum(), (x, proposal))"
SLOPES_BACKWARD = (
    "(before + after).sum().backward()\n        slope, proposal_slope = x.grad, proposal.grad"
)
THERE = "there = (proposal - x + step / 2 * slope).square().flatten(1).sum(dim=1)"
BACK = "back = (x - proposal + step / 2 * proposal_slope).square().flatten(1).sum(dim=1)"
RATIO = "return (before - after + (there - back) / (2 * step)).detach()"
MALA = (
    "    with torch.enable_grad():\n"
    "        x, proposal = x.detach().requires_grad_(), proposal.detach().requires_grad_()\n"
    f"        {BOTH}\n"
    f"        {SLOPES}\n"
    f"    {THERE}\n"
    f"    {BACK}\n"
    f"    {RATIO}"
)
ACCEPTED = "accepted = u.log() < log_ratio"
SELECT = "return torch.where(accepted.reshape(-1, *[1] * (x.dim() - 1)), proposal, x)"
CD_ENERGIES = "low, high = energy(data), energy(samples.detach())"
PENALTY = "penalty = low.square().mean() + high.square().mean()"
CD = "return low.mean() - high.mean() + regularization * penalty"
FREE = "return -v @ b - F.softplus(v @ weight + c).sum(dim=1)"
STATES = "states = torch.arange(2 ** len(b), device=b.device)[:, None] >> bits & 1"
PARTITION = "return (-rbm_free_energy(states.to(b.dtype), weight, b, c)).logsumexp(dim=0)"
LOG_NU = "log_nu = math.log(len(noise) / len(data))"
DATA_LOGITS = "data_logits = -energy(data).reshape(-1) + c - log_noise(data) - log_nu"
NOISE_LOGITS = "noise_logits = -energy(noise).reshape(-1) + c - log_noise(noise) - log_nu"
NCE = "return (F.softplus(-data_logits).sum() + F.softplus(noise_logits).sum()) / len(data)"
JEM = "return -logits.logsumexp(dim=1)"
CONTRAST = "contrast = jem_energy(logits).mean() - jem_energy(sample_logits).mean()"
JOINT = "return F.cross_entropy(logits, labels) + contrast"
RANKS = (
    "Only shapes (B, D) and (B, C, H, W) are provided for; x has any number of dimensions. With (B, T, D) "
    "the factor of an example meets the dimension next to the batch."
)

MISCONCEPTIONS = (
    Misconception(
        "langevin-uphill",
        "langevin_step",
        "The points climb the energy. Data lie where it is low: the drift is the slope of log p, which is "
        "minus that of E.",
        ((LANGEVIN, LANGEVIN.replace("x.detach() - ", "x.detach() + ")),),
    ),
    Misconception(
        "langevin-full-drift",
        "langevin_step",
        "The drift is twice too long. With noise of variance `step`, half a step along the slope keeps "
        "exp(-E)/Z stationary; other books use another pair of constants.",
        ((LANGEVIN, LANGEVIN.replace("step / 2", "step")),),
    ),
    Misconception(
        "langevin-noise-not-rooted",
        "langevin_step",
        "The noise is multiplied by its variance. `step` is the variance that the noise must have: what "
        "is its standard deviation?",
        ((LANGEVIN, LANGEVIN.replace("math.sqrt(step)", "step")),),
    ),
    Misconception(
        "langevin-noise-two-steps",
        "langevin_step",
        "The noise has variance 2 * step, which belongs to a drift of a whole step. Drift and noise must "
        "come from the same convention; the docstring has the pair.",
        ((LANGEVIN, LANGEVIN.replace("math.sqrt(step)", "math.sqrt(2 * step)")),),
    ),
    Misconception(
        "langevin-without-noise",
        "langevin_step",
        "Without noise this is gradient descent: all points end in the valleys, and none is a sample.",
        ((LANGEVIN, LANGEVIN.replace(" + math.sqrt(step) * noise", "")),),
    ),
    Misconception(
        "langevin-mean-energy",
        "langevin_step",
        "The energies are averaged before they are differentiated, so every slope is divided by the batch "
        "size. How far a point moves must not depend on how many others there are.",
        (
            (
                "(slope,) = torch.autograd.grad(energy(x).sum(), x)",
                "(slope,) = torch.autograd.grad(energy(x).mean(), x)",
            ),
        ),
    ),
    Misconception(
        "langevin-in-the-graph",
        "langevin_step",
        "The result hangs in an autograd graph. A chain of a hundred steps would keep a hundred graphs, and "
        "the training loss would run back through all of them: detach.",
        ((LANGEVIN, LANGEVIN.replace("x.detach()", "x")),),
    ),
    Misconception(
        "langevin-backward",
        "langevin_step",
        "`backward()` adds the sampler's slopes to the `.grad` of the network's parameters, and the next "
        "optimiser step uses them. Ask for the slope with respect to x alone.",
        (
            (
                "        (slope,) = torch.autograd.grad(energy(x).sum(), x)\n",
                "        energy(x).sum().backward()\n        slope = x.grad\n",
            ),
        ),
    ),
    Misconception(
        "mala-energy-sign",
        "mala_log_acceptance",
        "The energies are subtracted the wrong way round: a proposal of lower energy must be more "
        "acceptable.",
        ((RATIO, RATIO.replace("before - after", "after - before")),),
    ),
    Misconception(
        "mala-without-correction",
        "mala_log_acceptance",
        "Only the energies are compared, which is right for symmetric proposals. Langevin proposals "
        "drift: getting from x to x' and back are not equally likely.",
        ((RATIO, RATIO.replace(" + (there - back) / (2 * step)", "")),),
    ),
    Misconception(
        "mala-directions-swapped",
        "mala_log_acceptance",
        "The two proposal densities are swapped: the way back, q(x | x'), belongs into the numerator.",
        ((RATIO, RATIO.replace("there - back", "back - there")),),
    ),
    Misconception(
        "mala-same-slope",
        "mala_log_acceptance",
        "Both proposal densities use the slope at x. The way back starts at the proposal and drifts by the "
        "slope there.",
        ((BACK, BACK.replace("proposal_slope", "slope")),),
    ),
    Misconception(
        "mala-drift-sign",
        "mala_log_acceptance",
        "The means of the proposal densities drift up the energy; the proposals drift down. The density "
        "must be that of the step which was made.",
        (
            (THERE, THERE.replace("+ step", "- step")),
            (BACK, BACK.replace("+ step", "- step")),
        ),
    ),
    Misconception(
        "mala-variance",
        "mala_log_acceptance",
        "The squared distances are divided by the wrong constant: the proposal is a Gaussian of variance "
        "`step`, and a Gaussian's exponent has a factor of 1/2.",
        ((RATIO, RATIO.replace("(2 * step)", "step")),),
    ),
    Misconception(
        "mala-cut-off",
        "mala_log_acceptance",
        "The ratio is cut off at 1. Here the uncut log-ratio is asked for; the comparison with log u does "
        "not need the cut.",
        ((RATIO, RATIO.replace(".detach()", ".detach().clamp(max=0)")),),
    ),
    Misconception(
        "mala-backward",
        "mala_log_acceptance",
        "`backward()` adds the sampler's slopes to the `.grad` of the network's parameters, and "
        "the next optimiser step uses them. Ask for the slopes with respect to the points alone.",
        ((SLOPES, SLOPES_BACKWARD),),
    ),
    Misconception(
        "mala-densities",
        "mala_log_acceptance",
        "The densities q are computed, and then their logarithms: far from its mean a density underflows to 0. Work with logarithms throughout.",
        (
            (
                RATIO,
                RATIO.replace(
                    "(there - back) / (2 * step)",
                    "(-back / (2 * step)).exp().log() - (-there / (2 * step)).exp().log()",
                ),
            ),
        ),
    ),
    Misconception(
        "select-reversed",
        "metropolis_select",
        "Accepted and rejected are swapped: a large ratio must lead to acceptance.",
        ((ACCEPTED, ACCEPTED.replace("<", ">")),),
    ),
    Misconception(
        "select-u-without-log",
        "metropolis_select",
        "A uniform number is compared with the logarithm of a ratio. Proposals with a ratio below 1 are "
        "never accepted that way.",
        ((ACCEPTED, "accepted = u < log_ratio"),),
    ),
    Misconception(
        "select-accepts-impossible",
        "metropolis_select",
        "A ratio of zero is accepted when u = 0: the inequality is strict.",
        ((ACCEPTED, "accepted = u.log() <= log_ratio"),),
    ),
    Misconception(
        "select-overwrites",
        "metropolis_select",
        "The chosen proposals are written into the caller's x. Who keeps the history of the chain finds all "
        "its states equal.",
        (
            (
                SELECT,
                "x[accepted] = proposal[accepted]\n    return x",
            ),
        ),
    ),
    Misconception(
        "select-multiplies",
        "metropolis_select",
        "Proposals are selected by multiplying with zeros and ones, and 0 * inf is NaN: select with "
        "`torch.where`.",
        (
            (
                SELECT,
                "chosen = accepted.to(x.dtype).reshape(-1, *[1] * (x.dim() - 1))\n"
                "    return chosen * proposal + (1 - chosen) * x",
            ),
        ),
    ),
    Misconception(
        "select-last-axis",
        "metropolis_select",
        "The decisions (B,) are broadcast along the last axis of x instead of the first: with as many "
        "features as examples nothing complains. Give them the axes that they lack.",
        (
            (
                SELECT,
                "return torch.where(accepted if x.shape[-1] == len(u) else accepted[:, None], proposal, x)",
            ),
        ),
    ),
    Misconception(
        "select-two-ranks",
        "metropolis_select",
        RANKS,
        (
            (
                SELECT,
                SELECT.replace(
                    "accepted.reshape(-1, *[1] * (x.dim() - 1))",
                    "(accepted.view(-1, 1, 1, 1) if x.dim() == 4 else accepted.view(-1, 1))",
                ),
            ),
        ),
    ),
    Misconception(
        "cd-sign",
        "contrastive_divergence_loss",
        "The two terms are swapped: this loss pushes the energy of the data up. Training lowers it there "
        "and raises it at the model's own samples.",
        ((CD, CD.replace("low.mean() - high.mean()", "high.mean() - low.mean()")),),
    ),
    Misconception(
        "cd-through-samples",
        "contrastive_divergence_loss",
        "The gradient runs back through the samples into the chain that made them. In the gradient of the "
        "log-likelihood, samples are constants.",
        ((CD_ENERGIES, CD_ENERGIES.replace("samples.detach()", "samples")),),
    ),
    Misconception(
        "cd-energy-detached",
        "contrastive_divergence_loss",
        "The energy of the samples is detached, so the network never learns to raise it there and can lower "
        "its energy everywhere. Detach the samples, not their energy.",
        ((CD_ENERGIES, "low, high = energy(data), energy(samples).detach()"),),
    ),
    Misconception(
        "cd-sum",
        "contrastive_divergence_loss",
        "The energies are summed over the examples; both terms are means, or 6 data weigh more than 4 "
        "samples.",
        ((CD, CD.replace("low.mean() - high.mean()", "low.sum() - high.sum()")),),
    ),
    Misconception(
        "cd-squared-mean",
        "contrastive_divergence_loss",
        "The mean energies are squared; the regulariser is the mean of the squared energies, which also "
        "keeps single energies from running away.",
        ((PENALTY, "penalty = low.mean() ** 2 + high.mean() ** 2"),),
    ),
    Misconception(
        "cd-penalty-pooled",
        "contrastive_divergence_loss",
        "Data and samples are pooled in the regulariser. It is the sum of two means, one per kind.",
        ((PENALTY, "penalty = torch.cat([low, high]).square().mean()"),),
    ),
    Misconception(
        "cd-penalty-of-data",
        "contrastive_divergence_loss",
        "Only the energies of the data are in the regulariser; those of the samples may still drift.",
        ((PENALTY, "penalty = low.square().mean()"),),
    ),
    Misconception(
        "cd-penalty-of-difference",
        "contrastive_divergence_loss",
        "The difference of the mean energies is squared. A constant that is added to all energies does not change "
        "it, and that drift is what the regulariser is to stop.",
        ((PENALTY, "penalty = (low.mean() - high.mean()) ** 2"),),
    ),
    Misconception(
        "cd-penalty-halved",
        "contrastive_divergence_loss",
        "The two means of the regulariser are averaged. It is their sum.",
        ((PENALTY, "penalty = (low.square().mean() + high.square().mean()) / 2"),),
    ),
    Misconception(
        "free-sign",
        "rbm_free_energy",
        "This is minus the free energy: log of the unnormalised probability. An energy is low where the "
        "probability is high.",
        ((FREE, FREE.replace("-v @ b - F", "v @ b + F")),),
    ),
    Misconception(
        "free-visible-sign",
        "rbm_free_energy",
        "The term of the visible biases has the wrong sign: a positive bias makes a unit likely, hence the "
        "energy low.",
        ((FREE, FREE.replace("-v @ b - F", "v @ b - F")),),
    ),
    Misconception(
        "free-most-likely-hidden",
        "rbm_free_energy",
        "Only the more likely state of each hidden unit is counted. The free energy sums over both: it is "
        "a softplus, not a ReLU.",
        ((FREE, FREE.replace("F.softplus(v @ weight + c)", "(v @ weight + c).clamp(min=0)")),),
    ),
    Misconception(
        "free-mean-field",
        "rbm_free_energy",
        "The hidden units are replaced by their probabilities. That is the mean energy and leaves out their "
        "entropy; the free energy has both.",
        (
            (
                FREE,
                "drive = v @ weight + c\n    return -v @ b - (drive.sigmoid() * drive).sum(dim=1)",
            ),
        ),
    ),
    Misconception(
        "free-overflow",
        "rbm_free_energy",
        "exp overflows for large parameters, and its logarithm is infinite. There is a function for "
        "log(1 + exp(a)) that is not.",
        ((FREE, FREE.replace("F.softplus(v @ weight + c)", "(v @ weight + c).exp().log1p()")),),
    ),
    Misconception(
        "free-mean-over-hidden",
        "rbm_free_energy",
        "The terms of the hidden units are averaged; log-factors add up.",
        ((FREE, FREE.replace("sum(dim=1)", "mean(dim=1)")),),
    ),
    Misconception(
        "free-without-hidden-biases",
        "rbm_free_energy",
        "The hidden biases are left out.",
        ((FREE, FREE.replace(" + c)", " + 0 * c)")),),
    ),
    Misconception(
        "partition-sign",
        "rbm_log_partition",
        "The free energies are summed with the wrong sign: Z sums exp(-F).",
        ((PARTITION, PARTITION.replace("-rbm_free", "rbm_free")),),
    ),
    Misconception(
        "partition-mean",
        "rbm_log_partition",
        "This is the logarithm of a mean over all states. Z is their sum.",
        (
            (
                PARTITION,
                PARTITION + " - len(b) * math.log(2)",
            ),
        ),
    ),
    Misconception(
        "partition-last-state-missing",
        "rbm_log_partition",
        "One state is missing from the sum, the one with all units on. There are 2^D of them.",
        ((STATES, STATES.replace("2 ** len(b)", "2 ** len(b) - 1")),),
    ),
    Misconception(
        "partition-spins",
        "rbm_log_partition",
        "The states are enumerated as -1 and 1; this machine's units are 0 and 1.",
        ((PARTITION, PARTITION.replace("states.to(b.dtype)", "2 * states.to(b.dtype) - 1")),),
    ),
    Misconception(
        "partition-overflow",
        "rbm_log_partition",
        "exp overflows before the sum is taken; stay in log space.",
        ((PARTITION, PARTITION.replace(".logsumexp(dim=0)", ".exp().sum().log()")),),
    ),
    Misconception(
        "partition-first-state-missing",
        "rbm_log_partition",
        "One state is missing from the sum, the one with all units off. There are 2^D of them.",
        ((PARTITION, PARTITION.replace("states.to(b.dtype)", "states[1:].to(b.dtype)")),),
    ),
    Misconception(
        "partition-max",
        "rbm_log_partition",
        "Only the likeliest state counts here; Z sums over all.",
        ((PARTITION, PARTITION.replace("logsumexp(dim=0)", "amax(dim=0)")),),
    ),
    Misconception(
        "partition-eight-bits",
        "rbm_log_partition",
        "The states are numbered in bytes, so that with more than eight visible units the numbers wrap round and states repeat.",
        ((STATES, STATES.replace("device=b.device)[", "device=b.device).to(torch.uint8)[")),),
    ),
    Misconception(
        "nce-without-nu",
        "nce_loss",
        "The ratio of noise to data is missing in h: with more noise than data, an example is noise more "
        "often even where both densities are equal. c would come out too small by log nu.",
        ((LOG_NU, "log_nu = 0.0"),),
    ),
    Misconception(
        "nce-nu-inverted",
        "nce_loss",
        "The ratio is the wrong way round, or its logarithm has the wrong sign: nu is noise examples per "
        "example of the data.",
        ((LOG_NU, LOG_NU.replace("len(noise) / len(data)", "len(data) / len(noise)")),),
    ),
    Misconception(
        "nce-two-means",
        "nce_loss",
        "Each kind is averaged by itself, so the noise counts as much as the data although there is nu "
        "times as much of it. Then log nu in h no longer fits.",
        (
            (
                NCE,
                "return F.softplus(-data_logits).mean() + F.softplus(noise_logits).mean()",
            ),
        ),
    ),
    Misconception(
        "nce-mean-of-all",
        "nce_loss",
        "The loss is averaged over data and noise together. It is per example of the data: divide by N, not "
        "by N + M.",
        ((NCE, NCE.replace("/ len(data)", "/ (len(data) + len(noise))")),),
    ),
    Misconception(
        "nce-labels-swapped",
        "nce_loss",
        "The labels are swapped: this classifier is rewarded for taking noise for data.",
        (
            (
                NCE,
                "return (F.softplus(data_logits).sum() + F.softplus(-noise_logits).sum()) / len(data)",
            ),
        ),
    ),
    Misconception(
        "nce-energy-sign",
        "nce_loss",
        "The energy has the wrong sign: log p(x) = -E(x) + c.",
        (
            (DATA_LOGITS, DATA_LOGITS.replace("-energy", "energy")),
            (NOISE_LOGITS, NOISE_LOGITS.replace("-energy", "energy")),
        ),
    ),
    Misconception(
        "nce-c-sign",
        "nce_loss",
        "c is subtracted. It stands for -log Z and is added to -E.",
        (
            (DATA_LOGITS, DATA_LOGITS.replace("+ c", "- c")),
            (NOISE_LOGITS, NOISE_LOGITS.replace("+ c", "- c")),
        ),
    ),
    Misconception(
        "nce-without-noise-density",
        "nce_loss",
        "The density of the noise is left out: the classifier's logit is the log-ratio of two densities, "
        "the model's and the noise's.",
        (
            (DATA_LOGITS, DATA_LOGITS.replace(" - log_noise(data)", "")),
            (NOISE_LOGITS, NOISE_LOGITS.replace(" - log_noise(noise)", "")),
        ),
    ),
    Misconception(
        "nce-broadcast",
        "nce_loss",
        "An energy of shape (B, 1) meets a log-density of shape (B,) and becomes (B, B): every example is "
        "compared with the noise density of every other. Flatten the energies.",
        (
            (DATA_LOGITS, DATA_LOGITS.replace(".reshape(-1)", "")),
            (NOISE_LOGITS, NOISE_LOGITS.replace(".reshape(-1)", "")),
        ),
    ),
    Misconception(
        "nce-log-of-sigmoid",
        "nce_loss",
        "A sigmoid is followed by a logarithm: for large energies it rounds to 0 or 1 and the loss is "
        "infinite. PyTorch has a function for each of log sigmoid and log(1 + exp).",
        (
            (
                NCE,
                "return -(data_logits.sigmoid().log().sum() + (1 - noise_logits.sigmoid()).log().sum()) / len(data)",
            ),
        ),
    ),
    Misconception(
        "nce-nu-twice",
        "nce_loss",
        "log nu is counted twice in h.",
        ((LOG_NU, LOG_NU.replace("= math", "= 2 * math")),),
    ),
    Misconception(
        "jem-sign",
        "jem_energy",
        "The minus sign is missing: large logits mean a high density, and a high density a low energy.",
        ((JEM, "return logits.logsumexp(dim=1)"),),
    ),
    Misconception(
        "jem-max",
        "jem_energy",
        "Only the largest logit counts here; p(x) sums over all classes.",
        ((JEM, "return -logits.amax(dim=1)"),),
    ),
    Misconception(
        "jem-over-batch",
        "jem_energy",
        "The sum runs over the examples; it must run over the classes.",
        ((JEM, "return -logits.logsumexp(dim=0)"),),
    ),
    Misconception(
        "jem-mean",
        "jem_energy",
        "This is the logarithm of the mean over classes; p(x) is the sum of p(x, y).",
        ((JEM, JEM + " + math.log(logits.shape[1])"),),
    ),
    Misconception(
        "jem-overflow",
        "jem_energy",
        "exp overflows (or the sum becomes zero) for large logits; stay in log space.",
        ((JEM, "return -logits.exp().sum(dim=1).log()"),),
    ),
    Misconception(
        "jem-normalised-logits",
        "jem_energy",
        "The logits were normalised by a softmax first. That removes the very number that is the energy: "
        "afterwards it is the same for every input.",
        ((JEM, "return -logits.softmax(dim=1).logsumexp(dim=1)"),),
    ),
    Misconception(
        "jem-log-softmax",
        "jem_energy",
        "The logits were normalised by a log-softmax first, and the energy is zero for every input: what was "
        "divided out is what is asked for.",
        ((JEM, "return -logits.log_softmax(dim=1).logsumexp(dim=1)"),),
    ),
    Misconception(
        "joint-without-classifier",
        "jem_loss",
        "The classification term -log p(y | x) is missing; the labels teach nothing.",
        ((JOINT, "return contrast"),),
    ),
    Misconception(
        "joint-label-energy",
        "jem_loss",
        "The energy of the data is taken as minus the logit of the label, which is the joint p(x, y). "
        "Together with the cross-entropy the classifier is then counted twice.",
        (
            (
                CONTRAST,
                CONTRAST.replace(
                    "jem_energy(logits).mean()", "logits.gather(1, labels[:, None]).mean().neg()"
                ),
            ),
        ),
    ),
    Misconception(
        "joint-sign",
        "jem_loss",
        "The energies are subtracted the wrong way round: training must lower the energy of the data.",
        ((JOINT, JOINT.replace("+ contrast", "- contrast")),),
    ),
    Misconception(
        "joint-without-samples",
        "jem_loss",
        "The energy of the samples is missing, or its gradient is: without it nothing keeps the energy from "
        "falling everywhere.",
        ((CONTRAST, CONTRAST.replace(" - jem_energy(sample_logits).mean()", "")),),
    ),
    Misconception(
        "joint-detached-samples",
        "jem_loss",
        "The logits of the samples are detached. The samples are constants, their logits are not: the "
        "network must learn to raise the energy there.",
        ((CONTRAST, CONTRAST.replace("sample_logits", "sample_logits.detach()")),),
    ),
    Misconception(
        "joint-classifier-summed",
        "jem_loss",
        "The cross-entropy is summed over the batch; all three terms are means.",
        ((JOINT, JOINT.replace("labels)", "labels, reduction='sum')")),),
    ),
    Misconception(
        "joint-energies-summed",
        "jem_loss",
        "The energies are summed over the examples; both are means, or five data weigh more than "
        "four samples.",
        ((CONTRAST, CONTRAST.replace(".mean()", ".sum()")),),
    ),
)

ALTERNATIVES = (
    Alternative(
        "one-row-at-a-time",
        (
            (
                LANGEVIN_GRAPH + f"    {LANGEVIN}",
                "    slopes = []\n"
                "    for row in x.detach().split(1):\n"
                "        with torch.enable_grad():\n"
                "            row.requires_grad_()\n"
                "            value = energy(row).squeeze()\n"
                "            slopes.append(torch.autograd.grad(value, row)[0])\n"
                "    drift = -0.5 * step * torch.cat(slopes)\n"
                "    return x.detach() + drift + step**0.5 * noise",
            ),
            (
                "    " + CONTRAST + "\n    " + JOINT,
                "    chosen = logits.gather(1, labels[:, None]).squeeze(1)\n"
                "    log_z = torch.logsumexp(logits, 1)\n"
                "    raised = sum(row.logsumexp(0) for row in sample_logits) / len(sample_logits)\n"
                "    return (log_z - chosen).mean() - log_z.mean() + raised",
            ),
            (
                FREE,
                "drive = torch.einsum('bd,dh->bh', v, weight) + c\n"
                "    off_or_on = torch.stack([torch.zeros_like(drive), drive])\n"
                "    return -(v * b).sum(-1) - off_or_on.logsumexp(0).sum(-1)",
            ),
        ),
    ),
    Alternative(
        "distributions",
        (
            (
                MALA,
                "    def slope_at(point):\n"
                "        with torch.enable_grad():\n"
                "            leaf = point.detach().clone().requires_grad_(True)\n"
                "            return torch.autograd.grad(energy(leaf).sum(), leaf)[0]\n"
                "\n"
                "    def log_q(to, start):\n"
                "        mean = start - step / 2 * slope_at(start)\n"
                "        normal = torch.distributions.Normal(mean, math.sqrt(step), validate_args=False)\n"
                "        return normal.log_prob(to).flatten(1).sum(1)\n"
                "\n"
                "    with torch.no_grad():\n"
                "        drop = energy(x).flatten() - energy(proposal).flatten()\n"
                "        return drop + log_q(x, proposal) - log_q(proposal, x)",
            ),
            (
                NCE,
                "logits = torch.cat([data_logits, noise_logits])\n"
                "    labels = torch.cat([torch.ones_like(data_logits), torch.zeros_like(noise_logits)])\n"
                '    total = F.binary_cross_entropy_with_logits(logits, labels, reduction="sum")\n'
                "    return total / len(data)",
            ),
            (
                "    bits = torch.arange(len(b), device=b.device)\n    "
                + STATES
                + "\n    "
                + PARTITION,
                "    states = torch.cartesian_prod(*[b.new_tensor([0.0, 1.0])] * len(c))\n"
                "    states = states.reshape(-1, len(c))\n"
                "    drive = states @ weight.T + b\n"
                "    return torch.logsumexp(states @ c + F.softplus(drive).sum(1), dim=0)",
            ),
        ),
    ),
    Alternative(
        "in-other-orders",
        (
            (
                "    " + ACCEPTED + "\n    " + SELECT,
                "    accepted = u < log_ratio.clamp(max=0).exp()\n"
                "    return torch.stack([torch.where(a, p, old) for a, p, old in zip(accepted, proposal, x)])",
            ),
            (
                "    " + CD_ENERGIES + "\n    " + PENALTY + "\n    " + CD,
                "    values = energy(torch.cat([data, samples.detach()])).reshape(-1)\n"
                "    low, high = values.split([len(data), len(samples)])\n"
                "    low = low + regularization * low**2\n"
                "    return low.mean() - (high - regularization * high**2).mean()",
            ),
            (
                JEM,
                "top = logits.max(dim=-1, keepdim=True).values.detach()\n"
                "    return -(top.squeeze(-1) + (logits - top).exp().sum(-1).log())",
            ),
        ),
    ),
)
