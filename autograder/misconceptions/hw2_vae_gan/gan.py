"""Q7: what goes wrong in GAN losses and penalties."""

from autograder.misconceptions import Alternative, Misconception

D_LOSS = "return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()"
MINIMAX = "return -F.softplus(fake_logits).mean()"
NON_SATURATING = "    return F.softplus(-fake_logits).mean()"
LS_D = "discriminator = 0.5 * (real_scores - 1).square().mean() + 0.5 * fake_scores.square().mean()"
LS_G = "generator = 0.5 * (fake_scores - 1).square().mean()"
LS = f"{LS_D}\n    {LS_G}\n    return discriminator, generator"
HINGE_D = "discriminator = F.relu(1 - real_scores).mean() + F.relu(1 + fake_scores).mean()"
HINGE = f"{HINGE_D}\n    generator = -fake_scores.mean()\n    return discriminator, generator"
WGAN_D = "critic = fake_scores.mean() - real_scores.mean()"
WGAN = f"{WGAN_D}\n    generator = -fake_scores.mean()\n    return critic, generator"
SHARE = "share = u.reshape(-1, *[1] * (real.dim() - 1))"
Z = "z = (share * real + (1 - share) * fake).detach().requires_grad_()"
GP_SLOPE = "(slope,) = torch.autograd.grad(critic(z).sum(), z, create_graph=True)"
GP_NORM = "norm = torch.linalg.vector_norm(slope.flatten(1), dim=1)"
GP = "return weight * (norm - 1).square().mean()"
R1_X = "x = real.detach().requires_grad_()"
R1_SLOPE = "(slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)"
R1 = "return 0.5 * gamma * slope.flatten(1).square().sum(dim=1).mean()"
ITERATION = (
    "    with torch.no_grad():\n"
    "        for _ in range(steps):\n"
    "            v = F.normalize(matrix.T @ u, dim=0)\n"
    "            u = F.normalize(matrix @ v, dim=0)\n"
)
SIGMA = "sigma = u @ matrix @ v"

NAIVE_LOG = (
    "A sigmoid is followed by a logarithm: for logits of 300 the sigmoid rounds to 1 and the logarithm of "
    "what is left is -inf. Simplify log sigmoid on paper; PyTorch has a function for the result."
)
EPSILON = (
    "An epsilon inside the logarithm keeps it finite but wrong: the loss stops growing and the gradient "
    "dies where the discriminator is sure. Simplify log sigmoid on paper instead."
)
ONE_MEAN = (
    "Real and generated examples are averaged together, so that each of the N + M examples weighs the "
    "same. The loss is the sum of two averages, whatever N and M are."
)
ORDER = "The losses come in the wrong order: first the discriminator's, then the generator's."
TWICE = (
    "A sigmoid is applied first. The arguments are raw scores, and the loss is written for those."
)
CUT = (
    "The scores of generated examples are detached, so the discriminator learns nothing from them. What "
    "may be detached in a discriminator step is the generated example, before it is scored."
)
GENERATOR_CUT = (
    "The generator's loss is a constant: its value is right, and no gradient reaches the generator. "
    "Only the training loop knows when generated examples are to be detached."
)
NO_GRAPH = (
    "The gradient of the critic is a constant here, and the penalty teaches its parameters nothing: "
    "differentiating it again needs the graph of the first differentiation."
)
BACKWARD = (
    "`backward` also adds to the `.grad` of the critic's parameters, and the next step of the optimiser "
    "would include it. Ask for the one gradient that the penalty needs; the caller alone accumulates."
)
WIPED = (
    "The gradients of the critic are set to zero in here. The caller may have accumulated some from "
    "other losses: a loss is only to be computed."
)

MISCONCEPTIONS = (
    Misconception(
        "discriminator-labels-swapped",
        "discriminator_loss",
        "The labels are swapped: this discriminator is taught that generated examples are real.",
        ((D_LOSS, D_LOSS.replace("-real", "real").replace("(fake", "(-fake")),),
    ),
    Misconception(
        "discriminator-halved",
        "discriminator_loss",
        "The loss is halved. It is the sum of two averages, without a factor 1/2.",
        (
            (
                D_LOSS,
                D_LOSS.replace("F.softplus(-real_logits)", "0.5 * (F.softplus(-real_logits)") + ")",
            ),
        ),
    ),
    Misconception(
        "discriminator-one-mean",
        "discriminator_loss",
        ONE_MEAN,
        ((D_LOSS, "return 2 * F.softplus(torch.cat([-real_logits, fake_logits])).mean()"),),
    ),
    Misconception(
        "discriminator-maximised",
        "discriminator_loss",
        "This is the objective that the discriminator maximises. A loss is minimised: mind the sign.",
        ((D_LOSS, D_LOSS.replace("return F", "return -F").replace("+", "-")),),
    ),
    Misconception(
        "discriminator-naive-log",
        "discriminator_loss",
        NAIVE_LOG,
        (
            (
                D_LOSS,
                "return -real_logits.sigmoid().log().mean() - (1 - fake_logits.sigmoid()).log().mean()",
            ),
        ),
    ),
    Misconception(
        "discriminator-epsilon",
        "discriminator_loss",
        EPSILON,
        (
            (
                D_LOSS,
                "real, fake = real_logits.sigmoid(), fake_logits.sigmoid()\n"
                "    return -(real + 1e-8).log().mean() - (1 - fake + 1e-8).log().mean()",
            ),
        ),
    ),
    Misconception(
        "discriminator-sigmoid-twice",
        "discriminator_loss",
        "A sigmoid is applied to the logits, and the loss applies another one.",
        ((D_LOSS, D_LOSS.replace("logits)", "logits.sigmoid())")),),
    ),
    Misconception(
        "discriminator-fake-detached",
        "discriminator_loss",
        CUT,
        ((D_LOSS, D_LOSS.replace("(fake_logits", "(fake_logits.detach()")),),
    ),
    Misconception(
        "minimax-sign",
        "generator_loss_minimax",
        "The sign is wrong: minimising this makes generated examples easier to recognise.",
        ((MINIMAX, MINIMAX.replace("-F", "F")),),
    ),
    Misconception(
        "minimax-non-saturating",
        "generator_loss_minimax",
        "This is the non-saturating loss. In the minimax game the generator minimises the very term that "
        "the discriminator maximises.",
        ((MINIMAX, "return F.softplus(-1 * fake_logits).mean()"),),
    ),
    Misconception(
        "minimax-log-sigmoid",
        "generator_loss_minimax",
        "This is the average of log sigmoid(f); the minimax game has log(1 - sigmoid(f)).",
        ((MINIMAX, "return F.logsigmoid(fake_logits).mean()"),),
    ),
    Misconception(
        "minimax-naive-log",
        "generator_loss_minimax",
        NAIVE_LOG,
        ((MINIMAX, "return (1 - fake_logits.sigmoid()).log().mean()"),),
    ),
    Misconception(
        "minimax-sum",
        "generator_loss_minimax",
        "The terms are summed over the examples; a loss is an average.",
        ((MINIMAX, MINIMAX.replace("mean", "sum")),),
    ),
    Misconception(
        "minimax-epsilon",
        "generator_loss_minimax",
        EPSILON,
        ((MINIMAX, "return (1 - fake_logits.sigmoid() + 1e-8).log().mean()"),),
    ),
    Misconception(
        "minimax-no-log",
        "generator_loss_minimax",
        "The logarithm is missing: this is the average probability that a generated example is found out.",
        ((MINIMAX, "return (-fake_logits).sigmoid().mean()"),),
    ),
    Misconception(
        "non-saturating-sign",
        "generator_loss_non_saturating",
        "The sign is wrong: minimising this makes generated examples easier to recognise.",
        ((NON_SATURATING, NON_SATURATING.replace("return F", "return -1 * F")),),
    ),
    Misconception(
        "non-saturating-minimax",
        "generator_loss_non_saturating",
        "This is the minimax loss, whose gradient vanishes where the discriminator is sure: the problem "
        "that the non-saturating loss solves.",
        ((NON_SATURATING, "    return -1 * F.softplus(fake_logits).mean()"),),
    ),
    Misconception(
        "non-saturating-label-zero",
        "generator_loss_non_saturating",
        "This is the cross-entropy with label 0. The generator wants its examples to be taken for real.",
        ((NON_SATURATING, "    return F.softplus(1 * fake_logits).mean()"),),
    ),
    Misconception(
        "non-saturating-naive-log",
        "generator_loss_non_saturating",
        NAIVE_LOG,
        ((NON_SATURATING, "    return -fake_logits.sigmoid().log().mean()"),),
    ),
    Misconception(
        "non-saturating-no-log",
        "generator_loss_non_saturating",
        "The logarithm is missing: this is one minus the average probability, and it saturates.",
        ((NON_SATURATING, "    return (-fake_logits).sigmoid().mean()"),),
    ),
    Misconception(
        "non-saturating-epsilon",
        "generator_loss_non_saturating",
        EPSILON,
        ((NON_SATURATING, "    return -(fake_logits.sigmoid() + 1e-8).log().mean()"),),
    ),
    Misconception(
        "non-saturating-sum",
        "generator_loss_non_saturating",
        "The terms are summed over the examples; a loss is an average.",
        ((NON_SATURATING, NON_SATURATING.replace("mean", "sum")),),
    ),
    Misconception(
        "least-squares-no-half",
        "least_squares_losses",
        "A factor 1/2 belongs in front of each of the three squares.",
        (
            (LS_D, LS_D.replace("0.5 * ", "")),
            (LS_G, LS_G.replace("0.5 * ", "")),
        ),
    ),
    Misconception(
        "least-squares-sigmoid",
        "least_squares_losses",
        TWICE,
        (
            (
                LS_D,
                f"real_scores, fake_scores = real_scores.sigmoid(), fake_scores.sigmoid()\n    {LS_D}",
            ),
        ),
    ),
    Misconception(
        "least-squares-targets-swapped",
        "least_squares_losses",
        "The discriminator's targets are swapped: real examples have target 1, generated ones 0.",
        (
            (
                LS_D,
                "discriminator = 0.5 * real_scores.square().mean() + 0.5 * (fake_scores - 1).square().mean()",
            ),
        ),
    ),
    Misconception(
        "least-squares-generator-zero",
        "least_squares_losses",
        "The generator pulls its scores towards 0, the target of generated examples. It wants to pass for "
        "real.",
        ((LS_G, LS_G.replace("(fake_scores - 1)", "fake_scores")),),
    ),
    Misconception(
        "least-squares-one-mean",
        "least_squares_losses",
        ONE_MEAN,
        (
            (
                LS_D,
                "discriminator = torch.cat([real_scores - 1, fake_scores]).square().mean()",
            ),
        ),
    ),
    Misconception(
        "least-squares-order",
        "least_squares_losses",
        ORDER,
        ((LS, LS.replace("return discriminator, generator", "return generator, discriminator")),),
    ),
    Misconception(
        "least-squares-generator-detached",
        "least_squares_losses",
        GENERATOR_CUT,
        ((LS_G, LS_G.replace("fake_scores", "fake_scores.detach()")),),
    ),
    Misconception(
        "hinge-no-margin",
        "hinge_losses",
        "The margin is missing: scores that are only just on the right side must still be pushed.",
        ((HINGE_D, HINGE_D.replace("1 - real", "-real").replace("1 + fake", "fake")),),
    ),
    Misconception(
        "hinge-margin-sign",
        "hinge_losses",
        "The signs inside the two hinges are swapped: real examples must be pushed up, generated ones down.",
        ((HINGE_D, HINGE_D.replace("1 - real", "1 + real").replace("1 + fake", "1 - fake")),),
    ),
    Misconception(
        "hinge-of-mean",
        "hinge_losses",
        "The scores are averaged before the hinge. Each example has a hinge of its own.",
        (
            (
                HINGE_D,
                "discriminator = F.relu(1 - real_scores.mean()) + F.relu(1 + fake_scores.mean())",
            ),
        ),
    ),
    Misconception(
        "hinge-generator-hinged",
        "hinge_losses",
        "The generator has a hinge as well. Its loss is linear, or it would stop learning past the margin.",
        ((HINGE, HINGE.replace("-fake_scores.mean()", "F.relu(1 - fake_scores).mean()")),),
    ),
    Misconception(
        "hinge-generator-hinge-of-discriminator",
        "hinge_losses",
        "The generator turns the hinge of the discriminator around: an example with a score below -1 gets no "
        "gradient, and needs it most. The generator has no hinge.",
        ((HINGE, HINGE.replace("-fake_scores.mean()", "-F.relu(1 + fake_scores).mean()")),),
    ),
    Misconception(
        "hinge-generator-sign",
        "hinge_losses",
        "The generator's sign is wrong: minimising this lowers the scores of its examples.",
        ((HINGE, HINGE.replace("-fake_scores.mean()", "fake_scores.mean()")),),
    ),
    Misconception(
        "hinge-not-clipped",
        "hinge_losses",
        "Nothing is clipped at zero: this is the Wasserstein loss plus 2. Examples beyond the margin must "
        "not count.",
        ((HINGE_D, HINGE_D.replace("F.relu", "")),),
    ),
    Misconception(
        "hinge-order",
        "hinge_losses",
        ORDER,
        ((HINGE, HINGE.replace("discriminator, generator", "generator, discriminator")),),
    ),
    Misconception(
        "hinge-generator-detached",
        "hinge_losses",
        GENERATOR_CUT,
        ((HINGE, HINGE.replace("-fake_scores.mean()", "-fake_scores.detach().mean()")),),
    ),
    Misconception(
        "wgan-critic-sign",
        "wgan_losses",
        "This is what the critic maximises, the estimate of the distance. Its loss is the negative.",
        ((WGAN_D, "critic = real_scores.mean() - fake_scores.mean()"),),
    ),
    Misconception(
        "wgan-generator-sign",
        "wgan_losses",
        "The generator's sign is wrong: minimising this lowers the scores of its examples.",
        ((WGAN, WGAN.replace("= -fake_scores", "= fake_scores")),),
    ),
    Misconception(
        "wgan-generator-negated-critic",
        "wgan_losses",
        "The generator's loss is minus the critic's. Real examples do not depend on the generator and have no "
        "place in its loss.",
        ((WGAN, WGAN.replace("-fake_scores.mean()", "-critic")),),
    ),
    Misconception(
        "wgan-order",
        "wgan_losses",
        "The losses come in the wrong order: first the critic's, then the generator's.",
        ((WGAN, WGAN.replace("critic, generator", "generator, critic")),),
    ),
    Misconception(
        "wgan-sigmoid",
        "wgan_losses",
        "A sigmoid is applied first. A critic's score is not a probability and must not be bounded.",
        (
            (
                WGAN,
                f"real_scores, fake_scores = real_scores.sigmoid(), fake_scores.sigmoid()\n    {WGAN}",
            ),
        ),
    ),
    Misconception(
        "wgan-one-mean",
        "wgan_losses",
        ONE_MEAN,
        ((WGAN_D, "critic = 2 * torch.cat([fake_scores, -real_scores]).mean()"),),
    ),
    Misconception(
        "wgan-fake-detached",
        "wgan_losses",
        CUT,
        ((WGAN_D, "critic = fake_scores.detach().mean() - real_scores.mean()"),),
    ),
    Misconception(
        "wgan-generator-detached",
        "wgan_losses",
        GENERATOR_CUT,
        ((WGAN, WGAN.replace("= -fake_scores.mean()", "= -fake_scores.detach().mean()")),),
    ),
    Misconception(
        "gp-batch-norm",
        "gradient_penalty",
        "This is the norm of the gradients of all examples together. Each example has a norm of its own.",
        ((GP_NORM, "norm = torch.linalg.vector_norm(slope)"),),
    ),
    Misconception(
        "gp-channel-norm",
        "gradient_penalty",
        "The norm runs over the channels only, so that every pixel has one. Flatten each example first.",
        ((GP_NORM, "norm = torch.linalg.vector_norm(slope, dim=1)"),),
    ),
    Misconception(
        "gp-squared-norm",
        "gradient_penalty",
        "The square of the norm is pulled towards 1; take the root before you subtract 1.",
        ((GP_NORM, "norm = slope.flatten(1).square().sum(dim=1)"),),
    ),
    Misconception(
        "gp-mean-norm",
        "gradient_penalty",
        "The norms are averaged before 1 is subtracted. Slopes of 0 and 2 would cost nothing.",
        ((GP, "return weight * (norm.mean() - 1).square()"),),
    ),
    Misconception(
        "gp-sum",
        "gradient_penalty",
        "The terms are summed over the examples; the penalty is their average.",
        ((GP, GP.replace("mean", "sum")),),
    ),
    Misconception(
        "gp-no-graph",
        "gradient_penalty",
        NO_GRAPH,
        ((GP_SLOPE, GP_SLOPE.replace(", create_graph=True", "")),),
    ),
    Misconception(
        "gp-one-sided",
        "gradient_penalty",
        "Only slopes above 1 are punished here. The penalty of this question has two sides.",
        ((GP, "return weight * F.relu(norm - 1).square().mean()"),),
    ),
    Misconception(
        "gp-roles-swapped",
        "gradient_penalty",
        "u is the share of the real example; here it is that of the generated one.",
        ((Z, "z = (share * fake + (1 - share) * real).detach().requires_grad_()"),),
    ),
    Misconception(
        "gp-share-per-dimension",
        "gradient_penalty",
        "u is broadcast along the last dimension: every column gets its own share, and no example its own. "
        "Give u the shape (B, 1, ...).",
        ((SHARE, "share = u"),),
    ),
    Misconception(
        "gp-mean-of-critic",
        "gradient_penalty",
        "The average of the scores is differentiated, which makes every gradient B times too small. "
        "Differentiate the sum: an example's score depends on that example only.",
        ((GP_SLOPE, GP_SLOPE.replace("sum()", "mean()")),),
    ),
    Misconception(
        "gp-root-of-zero",
        "gradient_penalty",
        "The derivative of a square root at zero is infinite, and times zero it is NaN: where the critic is "
        "flat the parameters are destroyed. A norm has a gradient of zero at zero; a root does not.",
        ((GP_NORM, "norm = slope.flatten(1).square().sum(dim=1).sqrt()"),),
    ),
    Misconception(
        "gp-not-detached",
        "gradient_penalty",
        "The gradient of the penalty reaches the generated examples, and through them the generator.",
        ((Z, "z = (share * real + (1 - share) * fake).requires_grad_()"),),
    ),
    Misconception(
        "gp-real-not-detached",
        "gradient_penalty",
        "The gradient of the penalty reaches the real examples. It is for the parameters of the critic "
        "only: the points z are constants.",
        ((Z, "z = (share * real + (1 - share) * fake.detach()).requires_grad_()"),),
    ),
    Misconception(
        "gp-flag-left",
        "gradient_penalty",
        "The flag `requires_grad` of the caller's real examples is switched on and stays on. Only the "
        "points in between need it.",
        ((Z, f"real.requires_grad_()\n    {Z}"),),
    ),
    Misconception(
        "gp-share-images-or-vectors",
        "gradient_penalty",
        "u gets its further dimensions for images and for vectors only; elsewhere it is spread along the wrong "
        "dimension. Give it as many as the examples have.",
        (
            (
                SHARE,
                "share = u[:, None, None, None] if real.dim() == 4 else u[:, None]",
            ),
        ),
    ),
    Misconception(
        "r1-no-half",
        "r1_penalty",
        "The factor is gamma / 2, not gamma.",
        ((R1, R1.replace("0.5 * ", "")),),
    ),
    Misconception(
        "r1-norm",
        "r1_penalty",
        "This is the norm of the gradient; the penalty is its square.",
        ((R1, "return 0.5 * gamma * torch.linalg.vector_norm(slope.flatten(1), dim=1).mean()"),),
    ),
    Misconception(
        "gp-backward",
        "gradient_penalty",
        BACKWARD,
        ((GP_SLOPE, "critic(z).sum().backward(create_graph=True)\n    slope = z.grad"),),
    ),
    Misconception(
        "gp-zero-grad",
        "gradient_penalty",
        WIPED,
        ((GP_SLOPE, f"critic.zero_grad()\n    {GP_SLOPE}"),),
    ),
    Misconception(
        "r1-backward",
        "r1_penalty",
        BACKWARD,
        ((R1_SLOPE, "critic(x).sum().backward(create_graph=True)\n    slope = x.grad"),),
    ),
    Misconception(
        "r1-no-graph",
        "r1_penalty",
        NO_GRAPH,
        ((R1_SLOPE, R1_SLOPE.replace(", create_graph=True", "")),),
    ),
    Misconception(
        "r1-mean-over-dimensions",
        "r1_penalty",
        "The squares are averaged over the dimensions of an example; a squared norm is their sum.",
        ((R1, R1.replace(".sum(dim=1).mean()", ".mean()")),),
    ),
    Misconception(
        "r1-channel-norm",
        "r1_penalty",
        "The squares are summed over the channels and averaged over the pixels. Sum over all dimensions of "
        "an example.",
        ((R1, R1.replace(".flatten(1)", "")),),
    ),
    Misconception(
        "r1-images-or-vectors",
        "r1_penalty",
        "Only vectors and images are provided for. With any number of dimensions, all but the first belong to "
        "one example: flatten them.",
        (
            (
                R1,
                "dims = (1, 2, 3) if slope.dim() == 4 else 1\n"
                "    return 0.5 * gamma * slope.square().sum(dim=dims).mean()",
            ),
        ),
    ),
    Misconception(
        "r1-of-loss",
        "r1_penalty",
        "This differentiates the loss of real examples. R1 is about the slope of the logit itself.",
        ((R1_SLOPE, R1_SLOPE.replace("critic(x).sum()", "F.softplus(-critic(x)).sum()")),),
    ),
    Misconception(
        "r1-flag-left",
        "r1_penalty",
        "The flag `requires_grad` of the caller's tensor is switched on and stays on. Work on a detached "
        "view of it.",
        ((R1_X, "x = real.requires_grad_()"),),
    ),
    Misconception(
        "spectral-frobenius",
        "spectral_normalize",
        "This divides by the Frobenius norm, which takes all singular values together. Only the largest "
        "one counts.",
        ((SIGMA, "sigma = torch.linalg.vector_norm(matrix)"),),
    ),
    Misconception(
        "spectral-exact",
        "spectral_normalize",
        "The exact singular value is used. The question asks for the estimate after the given number of "
        "steps, which is much cheaper.",
        ((SIGMA, "sigma = torch.linalg.matrix_norm(matrix, 2)"),),
    ),
    Misconception(
        "spectral-one-step",
        "spectral_normalize",
        "One step is made, whatever `steps` says.",
        (("for _ in range(steps):", "for _ in range(1):"),),
    ),
    Misconception(
        "spectral-old-u",
        "spectral_normalize",
        "The u that was given is returned. The next call must continue where this one stopped.",
        (
            (ITERATION, "    start = u\n" + ITERATION),
            ("return weight / sigma, u", "return weight / sigma, start"),
        ),
    ),
    Misconception(
        "spectral-v-not-normalised",
        "spectral_normalize",
        "v does not have length 1, so u^T W v is not a singular value.",
        (("v = F.normalize(matrix.T @ u, dim=0)", "v = matrix.T @ u"),),
    ),
    Misconception(
        "spectral-through-iteration",
        "spectral_normalize",
        "The gradient flows through the power iteration as well. u and v are constants.",
        ((ITERATION, ITERATION.replace("torch.no_grad()", "torch.enable_grad()")),),
    ),
    Misconception(
        "spectral-u-keeps-graph",
        "spectral_normalize",
        "u is returned with its graph: kept from one update to the next, it would hold all past weights in "
        "memory. It is a constant.",
        (
            (ITERATION, ITERATION.replace("torch.no_grad()", "torch.enable_grad()")),
            (SIGMA, "sigma = u.detach() @ matrix @ v.detach()"),
        ),
    ),
    Misconception(
        "spectral-sigma-constant",
        "spectral_normalize",
        "sigma is a constant here. It depends on the weight, and the gradient must flow through it.",
        ((SIGMA, "sigma = (u @ matrix @ v).detach()"),),
    ),
    Misconception(
        "spectral-stale-sigma",
        "spectral_normalize",
        "sigma is computed with the u from before the last update. Use the newest u and v.",
        (
            (
                ITERATION,
                ITERATION.replace("            u =", "            old, u = u / u.norm(),"),
            ),
            (SIGMA, "sigma = old @ matrix @ v"),
        ),
    ),
    Misconception(
        "spectral-u-in-place",
        "spectral_normalize",
        "The u that was given is overwritten; return a new one and leave the argument alone.",
        (("u = F.normalize(matrix @ v, dim=0)", "u.copy_(F.normalize(matrix @ v, dim=0))"),),
    ),
)

ALTERNATIVES = (
    Alternative(
        "cross-entropy",
        (
            (
                D_LOSS,
                "bce = F.binary_cross_entropy_with_logits\n"
                "    return bce(real_logits, torch.ones_like(real_logits)) + bce(\n"
                "        fake_logits, torch.zeros_like(fake_logits)\n"
                "    )",
            ),
            (
                MINIMAX,
                "zeros = torch.zeros_like(fake_logits)\n"
                "    return -F.binary_cross_entropy_with_logits(fake_logits, zeros)",
            ),
            (NON_SATURATING, "    return -F.logsigmoid(fake_logits).sum() / len(fake_logits)"),
            (
                LS,
                "one = lambda scores: F.mse_loss(scores, torch.ones_like(scores)) / 2\n"
                "    zero = F.mse_loss(fake_scores, torch.zeros_like(fake_scores)) / 2\n"
                "    return one(real_scores) + zero, one(fake_scores)",
            ),
            (
                HINGE_D,
                "discriminator = (1 - real_scores).clamp(min=0).mean() - torch.minimum(\n"
                "        fake_scores.new_zeros(()), -1 - fake_scores\n"
                "    ).mean()",
            ),
        ),
    ),
    Alternative(
        "loops",
        (
            (
                f"{SHARE}\n    {Z}\n    {GP_SLOPE}\n    {GP_NORM}\n    {GP}",
                "total = 0\n"
                "    for x, g, share in zip(real, fake, u):\n"
                "        z = torch.lerp(g.detach(), x.detach(), share)[None].requires_grad_(True)\n"
                "        score = critic(z).reshape(())\n"
                "        slope = torch.autograd.grad(score, z, create_graph=True, retain_graph=True)[0]\n"
                "        total = total + ((slope.pow(2).sum() + 1e-12).sqrt() - 1) ** 2\n"
                "    return weight * total / len(real)",
            ),
            (
                f"{R1_X}\n    {R1_SLOPE}\n    {R1}",
                "total = 0\n"
                "    for row in real:\n"
                "        x = row[None].clone().requires_grad_(True)\n"
                "        slope = torch.autograd.grad(critic(x).sum(), [x], create_graph=True)[0]\n"
                "        total = total + slope.norm() ** 2\n"
                "    return gamma * total / (2 * len(real))",
            ),
        ),
    ),
    Alternative(
        "norm-of-product",
        (
            (
                "matrix = weight.flatten(1)\n" + ITERATION + "    " + SIGMA,
                "matrix = weight.reshape(weight.size(0), -1)\n"
                "    constant = matrix.detach()\n"
                "    for _ in range(steps):\n"
                "        v = torch.einsum('oi,o->i', constant, u)\n"
                "        v = v / (v.norm() + 1e-12)\n"
                "        u = constant.mv(v)\n"
                "        u = u / u.norm().clamp(min=1e-12)\n"
                "    sigma = (matrix @ v).norm()",
            ),
        ),
    ),
)
