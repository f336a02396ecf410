"""Q2: what goes wrong in score matching."""

from autograder.misconceptions import Alternative, Misconception

LEAF = "    x = x.detach().requires_grad_()\n    s = score(x)\n"
EXACT_START = f"{LEAF}    trace = 0\n"
ROW = "(row,) = torch.autograd.grad(s[:, d].sum(), x, create_graph=True)"
TRACE = "trace = trace + row[:, d]"
EXACT = "return (trace + 0.5 * s.square().sum(dim=1)).mean()"
PRODUCT = "(product,) = torch.autograd.grad((s * direction).sum(), x, create_graph=True)"
CURVATURE = "curvature = curvature + (product * direction).sum(dim=1).mean() / len(v)"
SQUARES = "squares = s.square().sum(dim=1) if variance_reduced else (s * v).sum(dim=2).square()"
SLICED = "return curvature + 0.5 * squares.mean()"
LEVEL = "level = sigma.reshape(-1, *[1] * (x.dim() - 1))"
ERROR = "error = score(x + level * eps, sigma) + eps / level"
DENOISING = "return (0.5 * sigma**power * error.flatten(1).square().sum(dim=1)).mean()"
STEPS = "return step * (sigmas / sigmas[-1]) ** 2"
LOOP = "for sigma, alpha, draws in zip(sigmas, alphas, noise, strict=True):"
CURRENT = "level = sigma.expand(len(x))"
DRAWS = "for z in draws:"
STEP = "x = x + alpha / 2 * score(x, level) + alpha.sqrt() * z"
DENOISE = "x = x + sigmas[-1] ** 2 * score(x, sigmas[-1:].expand(len(x)))"
NO_GRAPH = (
    "The value is right, but the derivative of the score is a constant here and teaches the parameters "
    "nothing: differentiating it again needs the graph of the first differentiation."
)
RANKS = (
    "Only shapes (B, D) and (B, C, H, W) are provided for; x has any number of dimensions. With (B, T, D) "
    "the factor of an example meets the dimension next to the batch."
)
POLLUTES = (
    "`.backward()` fills the .grad of everything that the score depends on, its parameters among them, and "
    "the optimiser's step adds that to the gradient of the loss. Ask for the derivative by x alone."
)
MARKS = (
    "x is marked for gradients and then unmarked, also where it required gradients before: it is the caller's. "
    "Mark a detached copy."
)

MISCONCEPTIONS = (
    Misconception(
        "exact-whole-jacobian",
        "exact_score_matching_loss",
        "All entries of the Jacobian are summed: the slope of s_1 + ... + s_D mixes them. The trace has "
        "only d s_i / d x_i, one output at a time.",
        ((TRACE, "trace = trace + row.sum(dim=1)"),),
    ),
    Misconception(
        "exact-without-half",
        "exact_score_matching_loss",
        "The factor 1/2 of the squared norm is missing, and the minimum moves to half of the score.",
        ((EXACT, EXACT.replace("0.5 * ", "")),),
    ),
    Misconception(
        "exact-trace-sign",
        "exact_score_matching_loss",
        "The trace has the wrong sign. Integration by parts turns -s . grad log p into +tr J.",
        ((EXACT, EXACT.replace("(trace +", "(-trace +")),),
    ),
    Misconception(
        "exact-graph-cut",
        "exact_score_matching_loss",
        NO_GRAPH,
        ((ROW, ROW.replace("create_graph", "retain_graph")),),
    ),
    Misconception(
        "exact-sum-over-batch",
        "exact_score_matching_loss",
        "The loss is summed over the examples; it is their mean.",
        ((EXACT, EXACT.replace(").mean()", ").sum()")),),
    ),
    Misconception(
        "exact-mean-over-dimensions",
        "exact_score_matching_loss",
        "The squares are averaged over the dimensions while the trace sums them: the two terms no longer "
        "balance.",
        ((EXACT, EXACT.replace("sum(dim=1)", "mean(dim=1)")),),
    ),
    Misconception(
        "exact-norm-not-squared",
        "exact_score_matching_loss",
        "The norm of the score is not squared.",
        ((EXACT, EXACT.replace("s.square().sum(dim=1)", "s.square().sum(dim=1).sqrt()")),),
    ),
    Misconception(
        "exact-marks-input",
        "exact_score_matching_loss",
        "The caller's x is left with requires_grad set. Differentiate with respect to a detached copy.",
        (
            (
                EXACT_START,
                EXACT_START.replace("x = x.detach().requires_grad_()", "x.requires_grad_()"),
            ),
        ),
    ),
    Misconception(
        "exact-unmarks-input",
        "exact_score_matching_loss",
        MARKS,
        (
            (
                EXACT_START,
                EXACT_START.replace("x = x.detach().requires_grad_()", "x.requires_grad_(True)"),
            ),
            (EXACT, "x.requires_grad_(False)\n    " + EXACT),
        ),
    ),
    Misconception(
        "exact-backward",
        "exact_score_matching_loss",
        POLLUTES,
        (
            (
                ROW,
                "x.grad = None\n"
                "        s[:, d].sum().backward(create_graph=True)\n"
                "        row = x.grad",
            ),
        ),
    ),
    Misconception(
        "sliced-one-sided",
        "sliced_score_matching_loss",
        "The Jacobian is multiplied by v on one side only; v.J.v needs it on both.",
        ((CURVATURE, CURVATURE.replace("(product * direction)", "product")),),
    ),
    Misconception(
        "sliced-without-half",
        "sliced_score_matching_loss",
        "The factor 1/2 of the second term is missing.",
        ((SLICED, SLICED.replace("0.5 * ", "")),),
    ),
    Misconception(
        "sliced-sign",
        "sliced_score_matching_loss",
        "The first term has the wrong sign: v.J.v is added.",
        ((SLICED, SLICED.replace("return curvature", "return -curvature")),),
    ),
    Misconception(
        "sliced-squares-before-sum",
        "sliced_score_matching_loss",
        "The products s_d v_d are squared before they are summed; (v.s)^2 is the square of the sum.",
        ((SQUARES, SQUARES.replace("sum(dim=2).square()", "square().sum(dim=2)")),),
    ),
    Misconception(
        "sliced-unit-vectors",
        "sliced_score_matching_loss",
        "The projections are scaled to length one. Then E[v v^T] = I/D, and the trace comes out D times too "
        "small next to an exact second term; use them as given.",
        (
            (
                "    curvature = 0\n",
                "    curvature = 0\n    v = v / v.square().sum(dim=2, keepdim=True).sqrt()\n",
            ),
        ),
    ),
    Misconception(
        "sliced-sum-over-projections",
        "sliced_score_matching_loss",
        "The first term is summed over the projections while the second is averaged.",
        ((CURVATURE, CURVATURE.replace(" / len(v)", "")),),
    ),
    Misconception(
        "sliced-graph-cut",
        "sliced_score_matching_loss",
        NO_GRAPH,
        ((PRODUCT, PRODUCT.replace("create_graph", "retain_graph")),),
    ),
    Misconception(
        "sliced-never-reduced",
        "sliced_score_matching_loss",
        "The flag for the exact second term has no effect: without randomness in it, it is 1/2 |s|^2.",
        ((SQUARES, "squares = (s * v).sum(dim=2).square()"),),
    ),
    Misconception(
        "sliced-always-reduced",
        "sliced_score_matching_loss",
        "The second term is 1/2 |s|^2 even where the projected 1/2 (v.s)^2 is asked for.",
        ((SQUARES, "squares = s.square().sum(dim=1)"),),
    ),
    Misconception(
        "sliced-unmarks-input",
        "sliced_score_matching_loss",
        MARKS,
        (
            (
                f"{LEAF}    curvature = 0\n",
                f"{LEAF}    curvature = 0\n".replace(
                    "x = x.detach().requires_grad_()", "x.requires_grad_(True)"
                ),
            ),
            (SLICED, "x.requires_grad_(False)\n    " + SLICED),
        ),
    ),
    Misconception(
        "sliced-backward",
        "sliced_score_matching_loss",
        POLLUTES,
        (
            (
                PRODUCT,
                "x.grad = None\n"
                "        (s * direction).sum().backward(create_graph=True)\n"
                "        product = x.grad",
            ),
        ),
    ),
    Misconception(
        "denoising-target-sign",
        "denoising_score_matching_loss",
        "The target has the wrong sign: the score points from the noisy point back to the clean one, against "
        "the noise.",
        ((ERROR, ERROR.replace("+ eps / level", "- eps / level")),),
    ),
    Misconception(
        "denoising-target-unscaled",
        "denoising_score_matching_loss",
        "The target is -eps, which is what a noise predictor learns. The score of N(x, sigma^2) at x + sigma "
        "eps is larger the smaller sigma is.",
        ((ERROR, ERROR.replace("+ eps / level", "+ eps")),),
    ),
    Misconception(
        "denoising-target-variance",
        "denoising_score_matching_loss",
        "eps is divided by sigma^2. That is right for the difference y - x; eps is that difference divided "
        "by sigma already.",
        ((ERROR, ERROR.replace("eps / level", "eps / level**2")),),
    ),
    Misconception(
        "denoising-clean-input",
        "denoising_score_matching_loss",
        "The network is shown the clean data; it must be evaluated at the noisy point.",
        ((ERROR, ERROR.replace("x + level * eps", "x")),),
    ),
    Misconception(
        "denoising-variance-as-scale",
        "denoising_score_matching_loss",
        "The noise is multiplied by sigma^2; sigma is its standard deviation.",
        ((ERROR, ERROR.replace("level * eps", "level**2 * eps")),),
    ),
    Misconception(
        "denoising-without-half",
        "denoising_score_matching_loss",
        "The factor 1/2 is missing.",
        ((DENOISING, DENOISING.replace("0.5 * ", "")),),
    ),
    Misconception(
        "denoising-unweighted",
        "denoising_score_matching_loss",
        "The weight sigma^power is missing, so the smallest noise level drowns all others.",
        ((DENOISING, DENOISING.replace("sigma**power * ", "")),),
    ),
    Misconception(
        "denoising-weight-fixed",
        "denoising_score_matching_loss",
        "The weight is sigma^2 whatever `power` is.",
        ((DENOISING, DENOISING.replace("sigma**power", "sigma**2")),),
    ),
    Misconception(
        "denoising-weight-squared",
        "denoising_score_matching_loss",
        "The weight is inside the square and is squared with it; sigma^power multiplies the squared norm.",
        ((DENOISING, DENOISING.replace("sigma**power", "sigma ** (2 * power)")),),
    ),
    Misconception(
        "denoising-mean-weight",
        "denoising_score_matching_loss",
        "Weights and errors are averaged separately. Each example has its own level: multiply first.",
        (
            (
                DENOISING,
                "return 0.5 * (sigma**power).mean() * error.flatten(1).square().sum(dim=1).mean()",
            ),
        ),
    ),
    Misconception(
        "denoising-mean-over-features",
        "denoising_score_matching_loss",
        "The squares are averaged over an example's entries; a squared norm sums them.",
        ((DENOISING, DENOISING.replace("sum(dim=1)", "mean(dim=1)")),),
    ),
    Misconception(
        "denoising-levels-on-last-axis",
        "denoising_score_matching_loss",
        "The noise levels (B,) are broadcast along the last axis of x instead of the first: with as many "
        "columns as examples nothing complains. Give them the axes that they lack.",
        (
            (
                LEVEL,
                f"{LEVEL}\n    if x.shape[-1] == len(sigma):\n        level = sigma",
            ),
        ),
    ),
    Misconception(
        "denoising-levels-reshaped",
        "denoising_score_matching_loss",
        "The network gets sigma with dimensions of size 1 behind B. It wants one number per "
        "example, (B,); only what multiplies x is to be reshaped.",
        ((ERROR, ERROR.replace("eps, sigma)", "eps, level)")),),
    ),
    Misconception(
        "denoising-asks-twice",
        "denoising_score_matching_loss",
        "The network is evaluated more than once for one loss. The value is right, and training "
        "takes twice as long: keep the first answer.",
        (
            (
                ERROR,
                "error = 0.5 * score(x + level * eps, sigma) + 0.5 * score(x + level * eps, sigma)\n    error = error + eps / level",
            ),
        ),
    ),
    Misconception(
        "denoising-two-ranks",
        "denoising_score_matching_loss",
        RANKS,
        ((LEVEL, "level = (sigma.view(-1, 1, 1, 1) if x.dim() == 4 else sigma.view(-1, 1))"),),
    ),
    Misconception(
        "steps-not-squared",
        "annealed_step_sizes",
        "The ratio of the levels is not squared. A step is a variance, and variances go with sigma^2.",
        ((STEPS, "return step * (sigmas / sigmas[-1])"),),
    ),
    Misconception(
        "steps-from-first-level",
        "annealed_step_sizes",
        "The steps are measured against the first level. `step` belongs to the last and smallest one.",
        ((STEPS, STEPS.replace("sigmas[-1]", "sigmas[0]")),),
    ),
    Misconception(
        "steps-inverted",
        "annealed_step_sizes",
        "The ratio is upside down: large noise permits large steps.",
        ((STEPS, STEPS.replace("sigmas / sigmas[-1]", "sigmas[-1] / sigmas")),),
    ),
    Misconception(
        "steps-not-normalised",
        "annealed_step_sizes",
        "The division by the smallest level is missing.",
        ((STEPS, STEPS.replace("sigmas / sigmas[-1]", "sigmas")),),
    ),
    Misconception(
        "steps-halved",
        "annealed_step_sizes",
        "The factor 1/2 of the drift is put into the step sizes. It stands in the update already, "
        "and the noise takes the whole alpha.",
        ((STEPS, STEPS.replace("step *", "step / 2 *")),),
    ),
    Misconception(
        "steps-squared",
        "annealed_step_sizes",
        "The step is squared along with the ratio; it is a variance already.",
        ((STEPS, "return (step * sigmas / sigmas[-1]) ** 2"),),
    ),
    Misconception(
        "steps-levels-only",
        "annealed_step_sizes",
        "These are the ratios of the variances; `step` is not used.",
        ((STEPS, "return (sigmas / sigmas[-1]) ** 2"),),
    ),
    Misconception(
        "annealed-downhill",
        "annealed_langevin",
        "The points walk against the score. It is the slope of log p and points to the data; it is the "
        "energy whose slope is subtracted.",
        ((STEP, STEP.replace("x + alpha", "x - alpha")),),
    ),
    Misconception(
        "annealed-full-drift",
        "annealed_langevin",
        "The drift is twice too long for the noise: half a step along the score goes with noise of variance "
        "alpha.",
        ((STEP, STEP.replace("alpha / 2", "alpha")),),
    ),
    Misconception(
        "annealed-noise-not-rooted",
        "annealed_langevin",
        "The noise is multiplied by its variance alpha instead of its standard deviation.",
        ((STEP, STEP.replace("alpha.sqrt()", "alpha")),),
    ),
    Misconception(
        "annealed-noise-two-steps",
        "annealed_langevin",
        "The noise has variance 2 alpha, which belongs to a drift of a whole alpha; do not mix the two "
        "conventions.",
        ((STEP, STEP.replace("alpha.sqrt()", "(2 * alpha).sqrt()")),),
    ),
    Misconception(
        "annealed-upwards",
        "annealed_langevin",
        "The levels are walked from the smallest to the largest, so that the result is noisier than any "
        "before. Large noise comes first: it lets points find the modes.",
        ((LOOP, LOOP.replace("sigmas, alphas, noise", "sigmas.flip(0), alphas.flip(0), noise")),),
    ),
    Misconception(
        "annealed-restarts",
        "annealed_langevin",
        "Every level starts from the first points again. Each continues from where the last one ended; that "
        "is the point of annealing.",
        (
            ("    with torch.no_grad():\n", "    start = x\n    with torch.no_grad():\n"),
            (CURRENT, f"x, {CURRENT.replace('level = ', 'level = start, ')}"),
        ),
    ),
    Misconception(
        "annealed-quiet-last-step",
        "annealed_langevin",
        "The last step of a level is made without noise. That is a custom of diffusion samplers; here every "
        "step of every level has its noise.",
        ((DRAWS, "for z in [*draws[:-1], *(0 * draws[-1:])]:"),),
    ),
    Misconception(
        "annealed-one-level",
        "annealed_langevin",
        "The network is told the same noise level all the time. It must hear the level that is being walked.",
        ((CURRENT, "level = sigmas[:1].expand(len(x))"),),
    ),
    Misconception(
        "annealed-in-the-graph",
        "annealed_langevin",
        "The samples hang in an autograd graph that spans every step and every call of the network.",
        (("    with torch.no_grad():\n", "    with torch.enable_grad():\n"),),
    ),
    Misconception(
        "annealed-denoise-not-squared",
        "annealed_langevin",
        "The last step multiplies the score by sigma. Tweedie's formula, E[x | y] = y + sigma^2 s(y), has "
        "the variance.",
        ((DENOISE, DENOISE.replace("sigmas[-1] ** 2", "sigmas[-1]")),),
    ),
    Misconception(
        "annealed-never-denoised",
        "annealed_langevin",
        "`denoise` has no effect: the noise of the smallest level stays in the samples.",
        ((DENOISE, "pass"),),
    ),
    Misconception(
        "annealed-levels-reshaped",
        "annealed_langevin",
        "The network gets sigma with dimensions of size 1 behind B. It wants one number per "
        "example, (B,).",
        ((CURRENT, "level = sigma.expand(len(x), *[1] * (x.dim() - 1))"),),
    ),
)

ALTERNATIVES = (
    Alternative(
        "functional",
        (
            (
                EXACT_START,
                "    jacobian = torch.func.vmap(torch.func.jacrev(lambda row: score(row[None])[0]))(x)\n"
                "    trace = jacobian.diagonal(dim1=1, dim2=2).sum(-1)\n"
                "    return (trace + score(x).pow(2).sum(-1) / 2).mean()\n",
            ),
            (
                f"    for d in range(x.shape[1]):\n        {ROW}\n        {TRACE}\n    {EXACT}\n",
                "",
            ),
            (
                f"{LEAF}    curvature = 0\n"
                "    for direction in v:\n"
                f"        {PRODUCT}\n"
                f"        {CURVATURE}\n"
                f"    {SQUARES}\n"
                f"    {SLICED}",
                "    losses = []\n"
                "    for direction in v:\n"
                "        s, change = torch.func.jvp(score, (x.detach(),), (direction,))\n"
                "        along = torch.einsum('bd,bd->b', s, direction)\n"
                "        square = (s * s).sum(1) if variance_reduced else along * along\n"
                "        losses.append(((direction * change).sum(1) + square / 2).mean())\n"
                "    return torch.stack(losses).mean()",
            ),
        ),
    ),
    Alternative(
        "by-hand",
        (
            (
                f"    {ERROR}\n    {DENOISING}",
                "    y = x + level * eps\n"
                "    target = (x - y) / level**2\n"
                "    squared = ((score(y, sigma) - target) ** 2).reshape(len(x), -1)\n"
                "    weights = torch.stack([s**power for s in sigma])\n"
                "    return torch.einsum('b,bd->', weights, squared) / (2 * len(x))",
            ),
            (STEPS, "return torch.stack([step * s * s for s in sigmas]) / sigmas[-1].square()"),
            (
                f"        {LOOP}\n            {CURRENT}\n            {DRAWS}\n                {STEP}",
                "        steps, repeats = noise.shape[:2]\n"
                "        for k in range(steps * repeats):\n"
                "            i, t = divmod(k, repeats)\n"
                "            alpha = step * sigmas[i] ** 2 / sigmas[-1] ** 2\n"
                "            slope = score(x, torch.full_like(x.flatten(1)[:, 0], 1.0) * sigmas[i])\n"
                "            x = x + 0.5 * alpha * slope + torch.sqrt(alpha) * noise[i, t]",
            ),
            (DENOISE, "x = x + sigmas[-1].square() * score(x, sigmas[-1].repeat(x.shape[0]))"),
        ),
    ),
)
