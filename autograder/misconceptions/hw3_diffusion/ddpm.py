"""Q4: what goes wrong in denoising diffusion probabilistic models."""

from autograder.misconceptions import Alternative, Misconception

NOISY_LEVEL = "level = expand(alpha_bar[t], x0)"
NOISY = "return level.sqrt() * x0 + (1 - level).sqrt() * eps"
BEFORE = "alpha_bar_before = torch.cat([torch.ones_like(alpha_bar[:1]), alpha_bar[:-1]])"
WEIGHT_X0 = "weight_x0 = before.sqrt() * beta / (1 - now)"
WEIGHT_XT = "weight_xt = (1 - beta).sqrt() * (1 - before) / (1 - now)"
MEAN = "mean = expand(weight_x0, x0) * x0 + expand(weight_xt, x0) * x_t"
VARIANCE = "return mean, (1 - before) / (1 - now) * beta"
ERROR = "error = (eps - model(x_t, t)).square().flatten(1).mean(dim=1)"
LOSS = "return error.mean() if weight is None else (weight * error).mean()"
HALF = "half_width = 1 / (num_levels - 1)"
SIGMA = "sigma = expand(variance, x0).sqrt()"
UPPER = "upper = torch.special.ndtr((x0 - mean + half_width) / sigma)"
LOWER = "lower = torch.special.ndtr((x0 - mean - half_width) / sigma)"
LAST = "upper = torch.where(x0 > 1 - half_width, 1.0, upper)"
FIRST = "lower = torch.where(x0 < -1 + half_width, 0.0, lower)"
BINS = "return (upper - lower).clamp(min=1e-12).log().flatten(1).sum(dim=1)"
NUM_DIMS = "num_dims = x0[0].numel()"
KL_RATIO = "ratio = torch.where(t == 0, 1.0, variance_q / variance_p)"
DISTANCE = "distance = (mean_q - mean_p).square().flatten(1).sum(dim=1) / variance_p"
KL = "kl = 0.5 * (num_dims * (ratio - 1 - ratio.log()) + distance)"
NLL = "nll = -decoder_log_prob(x0, mean_p, variance_p, num_levels)"
TERM = "return torch.where(t == 0, nll, kl) / (num_dims * math.log(2))"
STEP_MEAN = "mean = (x_t - betas[t] / (1 - alpha_bar[t]).sqrt() * eps) / (1 - betas[t]).sqrt()"
NO_NOISE = "if t == 0:\n        return mean\n    sigma2 = betas[t]"
STEP_VARIANCE = "sigma2 = sigma2 * (1 - alpha_bar[t - 1]) / (1 - alpha_bar[t])"
CHOICE = 'if variance == "posterior":\n        '
STEP = "return mean + sigma2.sqrt() * noise"
LOOP = "for t, noise in zip(reversed(range(len(betas))), noises, strict=True):"
ASK = "eps = model(x, torch.full(x.shape[:1], t, device=x.device))"
MOVE = "x = p_sample(x, t, eps, noise, betas, variance)"
LEVELS = "torch.cumprod(1 - betas, dim=0)"
STEP_LEVELS = f"alpha_bar = {LEVELS}\n    mean"
POSTERIOR_LEVELS = f"alpha_bar = {LEVELS}\n    alpha_bar_before"
REMEMBERED = f"KNOWN.setdefault((len(betas), betas.device), {LEVELS})"
MODEL = "Model = Callable"
REMEMBERS = (
    "alpha_bar is remembered by the number of steps. Another schedule with as many steps then gets the levels "
    "of the first one."
)
RANKS = (
    "Only shapes (B, D) and (B, C, H, W) are provided for; x has any number of dimensions. With (B, T, D) "
    "the factor of an example meets the dimension next to the batch."
)

MISCONCEPTIONS = (
    Misconception(
        "noisy-without-roots",
        "q_sample",
        "alpha_bar and 1 - alpha_bar are variances: what multiplies x_0 and eps are their square roots.",
        ((NOISY, "return level * x0 + (1 - level) * eps"),),
    ),
    Misconception(
        "noisy-variance",
        "q_sample",
        "The noise is multiplied by its variance; eps has unit variance, so multiply by the standard "
        "deviation.",
        ((NOISY, "return level.sqrt() * x0 + (1 - level) * eps"),),
    ),
    Misconception(
        "noisy-swapped",
        "q_sample",
        "The two coefficients are exchanged: little noise (alpha_bar near 1) must leave x_0 nearly as it is.",
        ((NOISY, "return (1 - level).sqrt() * x0 + level.sqrt() * eps"),),
    ),
    Misconception(
        "noisy-one-step-early",
        "q_sample",
        "The level of step t - 1 is used (at t = 0 that index wraps round to the last step). x_t is the "
        "result of step t, and alpha_bar[t] includes it.",
        ((NOISY_LEVEL, "level = expand(alpha_bar[t - 1], x0)"),),
    ),
    Misconception(
        "noisy-one-step-for-all",
        "q_sample",
        "All examples get the level of the first one. t holds a step for each example.",
        ((NOISY_LEVEL, "level = alpha_bar[t[0]]"),),
    ),
    Misconception(
        "noisy-broadcast",
        "q_sample",
        "alpha_bar[t] has shape (B,). Without dimensions of size 1 behind it, it is lined up with the last "
        "dimension of x, and every example gets a mixture of all levels.",
        ((NOISY_LEVEL, "level = alpha_bar[t]"),),
    ),
    Misconception(
        "noisy-difference",
        "q_sample",
        "The noise is scaled by 1 - sqrt(alpha_bar), which interpolates. For the variances to add up to 1 "
        "it must be sqrt(1 - alpha_bar).",
        ((NOISY, "return level.sqrt() * x0 + (1 - level.sqrt()) * eps"),),
    ),
    Misconception(
        "noisy-two-ranks",
        "q_sample",
        RANKS,
        (
            (
                NOISY_LEVEL,
                "level = (alpha_bar[t].view(-1, 1, 1, 1) if x0.dim() == 4 else alpha_bar[t].view(-1, 1))",
            ),
        ),
    ),
    Misconception(
        "posterior-wraps",
        "q_posterior",
        "At t = 0 the level of step t - 1 is looked up at index -1, which is the last one. Before the first "
        "step there is no noise: alpha_bar = 1.",
        ((BEFORE, "alpha_bar_before = alpha_bar.roll(1)"),),
    ),
    Misconception(
        "posterior-first-repeated",
        "q_posterior",
        "At t = 0 alpha_bar_{t-1} is taken to be alpha_bar_0. Before the first step there is no noise: it is "
        "1, and x_0 is certain.",
        ((BEFORE, "alpha_bar_before = torch.cat([alpha_bar[:1], alpha_bar[:-1]])"),),
    ),
    Misconception(
        "posterior-variance-beta",
        "q_posterior",
        "The variance is beta_t, that of a step forward. Knowing x_0 makes x_{t-1} more certain.",
        ((VARIANCE, "return mean, beta"),),
    ),
    Misconception(
        "posterior-variance-inverted",
        "q_posterior",
        "The ratio in the variance is upside down: the posterior's variance is smaller than beta_t.",
        ((VARIANCE, "return mean, (1 - now) / (1 - before) * beta"),),
    ),
    Misconception(
        "posterior-deviation",
        "q_posterior",
        "This is the standard deviation; the variance is asked for.",
        ((VARIANCE, "return mean, ((1 - before) / (1 - now) * beta).sqrt()"),),
    ),
    Misconception(
        "posterior-swapped",
        "q_posterior",
        "The coefficients of x_0 and x_t are exchanged: near t = 0 the mean must approach x_0.",
        ((MEAN, "mean = expand(weight_xt, x0) * x0 + expand(weight_x0, x0) * x_t"),),
    ),
    Misconception(
        "posterior-level-of-t",
        "q_posterior",
        "The coefficient of x_0 holds sqrt(alpha_bar_t); the mean is that of x_{t-1}, whose amplitude is "
        "sqrt(alpha_bar_{t-1}).",
        ((WEIGHT_X0, "weight_x0 = now.sqrt() * beta / (1 - now)"),),
    ),
    Misconception(
        "posterior-cumulative-alpha",
        "q_posterior",
        "The coefficient of x_t holds sqrt(alpha_bar_t), the product over all steps; only step t lies "
        "between x_{t-1} and x_t.",
        ((WEIGHT_XT, "weight_xt = now.sqrt() * (1 - before) / (1 - now)"),),
    ),
    Misconception(
        "posterior-broadcast",
        "q_posterior",
        "The coefficients have shape (B,). Without dimensions of size 1 behind them, they are lined up with "
        "the last dimension of x, and every example gets those of all steps.",
        ((MEAN, "mean = weight_x0 * x0 + weight_xt * x_t"),),
    ),
    Misconception(
        "posterior-two-ranks",
        "q_posterior",
        RANKS,
        (
            (
                MEAN,
                (
                    "shape = (-1, 1, 1, 1) if x0.dim() == 4 else (-1, 1)\n"
                    "    mean = weight_x0.view(shape) * x0 + weight_xt.view(shape) * x_t"
                ),
            ),
        ),
    ),
    Misconception(
        "posterior-remembers-betas",
        "q_posterior",
        REMEMBERS,
        (
            (POSTERIOR_LEVELS, POSTERIOR_LEVELS.replace(LEVELS, REMEMBERED)),
            (MODEL, "KNOWN: dict = {}\n" + MODEL),
        ),
    ),
    Misconception(
        "loss-sum",
        "simple_loss",
        "The squared errors of an example are added up; here their mean over the entries is asked for.",
        ((ERROR, "error = (eps - model(x_t, t)).square().flatten(1).sum(dim=1)"),),
    ),
    Misconception(
        "loss-predicts-x",
        "simple_loss",
        "The prediction is compared with x_t. The model predicts the noise in it.",
        ((ERROR, "error = (x_t - model(x_t, t)).square().flatten(1).mean(dim=1)"),),
    ),
    Misconception(
        "loss-absolute",
        "simple_loss",
        "These are absolute errors; the variational bound leads to squared ones.",
        ((ERROR, "error = (eps - model(x_t, t)).abs().flatten(1).mean(dim=1)"),),
    ),
    Misconception(
        "loss-detached",
        "simple_loss",
        "No gradient reaches the model: its prediction is detached (or made under no_grad).",
        ((ERROR, "error = (eps - model(x_t, t).detach()).square().flatten(1).mean(dim=1)"),),
    ),
    Misconception(
        "loss-ignores-weights",
        "simple_loss",
        "The weights have no effect.",
        ((LOSS, "return error.mean()"),),
    ),
    Misconception(
        "loss-weighted-average",
        "simple_loss",
        "The sum is divided by the sum of the weights; the docstring divides by B.",
        (
            (
                LOSS,
                "return error.mean() if weight is None else (weight * error).sum() / weight.sum()",
            ),
        ),
    ),
    Misconception(
        "loss-weights-inside",
        "simple_loss",
        "The error is multiplied by the weight before it is squared, so that the weight counts twice.",
        ((LOSS, "return error.mean() if weight is None else (weight**2 * error).mean()"),),
    ),
    Misconception(
        "decoder-no-edges",
        "decoder_log_prob",
        "The outermost intervals are treated like the others. They reach to minus and plus infinity, so that "
        "the probabilities of all K values add up to 1.",
        ((LAST + "\n    " + FIRST, "pass"),),
    ),
    Misconception(
        "decoder-levels-not-intervals",
        "decoder_log_prob",
        "The half-width is 1 / K. Between K values from -1 to 1 there are only K - 1 steps.",
        ((HALF, "half_width = 1 / num_levels"),),
    ),
    Misconception(
        "decoder-full-width",
        "decoder_log_prob",
        "The interval reaches a whole step to each side, so that neighbours overlap: half a step belongs to "
        "each.",
        ((HALF, "half_width = 2 / (num_levels - 1)"),),
    ),
    Misconception(
        "decoder-variance",
        "decoder_log_prob",
        "Distances are divided by the variance; in Phi they are in standard deviations.",
        ((SIGMA, "sigma = expand(variance, x0)"),),
    ),
    Misconception(
        "decoder-tanh",
        "decoder_log_prob",
        "An approximation of Phi by tanh is used (as in the code of the paper); the exact one is asked for.",
        (
            (
                UPPER,
                "def phi(z):\n"
                "        return 0.5 * (1 + torch.tanh((2 / math.pi) ** 0.5 * (z + 0.044715 * z**3)))\n\n"
                "    upper = phi((x0 - mean + half_width) / sigma)",
            ),
            (LOWER, "lower = phi((x0 - mean - half_width) / sigma)"),
        ),
    ),
    Misconception(
        "decoder-density",
        "decoder_log_prob",
        "This is the density at x0 times the width of the interval. The probability is the integral over the "
        "interval.",
        (
            (
                BINS,
                "log_pdf = -0.5 * ((x0 - mean) / sigma) ** 2 - sigma.log() - 0.5 * math.log(2 * math.pi)\n"
                "    return (log_pdf + math.log(2 * half_width)).flatten(1).sum(dim=1)",
            ),
        ),
    ),
    Misconception(
        "decoder-mean",
        "decoder_log_prob",
        "The log-probabilities of the entries are averaged. The entries are independent, so add them up.",
        ((BINS, "return (upper - lower).clamp(min=1e-12).log().flatten(1).mean(dim=1)"),),
    ),
    Misconception(
        "decoder-not-clamped",
        "decoder_log_prob",
        "A probability that rounds to 0 gives -infinity. Probabilities below 1e-12 count as 1e-12.",
        ((BINS, "return (upper - lower).log().flatten(1).sum(dim=1)"),),
    ),
    Misconception(
        "decoder-ends-compared",
        "decoder_log_prob",
        "The outermost values are recognised by `==`. Data are on their values up to rounding only: compare with something between two values.",
        (
            (LAST, "upper = torch.where(x0 == 1, 1.0, upper)"),
            (FIRST, "lower = torch.where(x0 == -1, 0.0, lower)"),
        ),
    ),
    Misconception(
        "bound-in-nats",
        "vlb_term",
        "The term is in nats; divide by ln 2 for bits.",
        ((TERM, "return torch.where(t == 0, nll, kl) / num_dims"),),
    ),
    Misconception(
        "bound-not-per-dimension",
        "vlb_term",
        "The term is that of the whole example; divide it by the number of entries.",
        ((TERM, "return torch.where(t == 0, nll, kl) / math.log(2)"),),
    ),
    Misconception(
        "bound-last-dimension",
        "vlb_term",
        "D is the size of the last dimension only; an example has C H W entries.",
        ((NUM_DIMS, "num_dims = x0.shape[-1]"),),
    ),
    Misconception(
        "bound-kl-only",
        "vlb_term",
        "At t = 0 there is no divergence (the posterior has no width) but the decoder's log-probability.",
        ((TERM, "return kl / (num_dims * math.log(2))"),),
    ),
    Misconception(
        "bound-decoder-for-all",
        "vlb_term",
        "If any example is at step 0, all get the decoder's term. Each example has a step of its own.",
        ((TERM, "return torch.where((t == 0).any(), nll, kl) / (num_dims * math.log(2))"),),
    ),
    Misconception(
        "bound-sign-of-decoder",
        "vlb_term",
        "At t = 0 the term has the wrong sign: the bound is on -log p, and holds minus the log-probability.",
        ((NLL, "nll = decoder_log_prob(x0, mean_p, variance_p, num_levels)"),),
    ),
    Misconception(
        "bound-reversed",
        "vlb_term",
        "This is KL(p || q). The expectation is taken under q.",
        (
            (KL_RATIO, "ratio = torch.where(t == 0, 1.0, variance_p / variance_q)"),
            (
                DISTANCE,
                "distance = (mean_q - mean_p).square().flatten(1).sum(dim=1) / variance_q.clamp(min=1e-20)",
            ),
        ),
    ),
    Misconception(
        "bound-no-half",
        "vlb_term",
        "The factor 1/2 of the Gaussian divergence is missing.",
        ((KL, "kl = num_dims * (ratio - 1 - ratio.log()) + distance"),),
    ),
    Misconception(
        "bound-means-only",
        "vlb_term",
        "Only the means are compared. That is right if both variances are equal, which they need not be.",
        ((KL, "kl = 0.5 * distance"),),
    ),
    Misconception(
        "bound-variance-once",
        "vlb_term",
        "The part that compares the variances is added once; it occurs in each of the D dimensions.",
        ((KL, "kl = 0.5 * (ratio - 1 - ratio.log() + distance)"),),
    ),
    Misconception(
        "bound-nan-gradient",
        "vlb_term",
        "The divergence at t = 0 is infinite. torch.where hides the value, but the gradient of the hidden "
        "branch is 0 times infinity, NaN: give that branch something harmless to compute.",
        ((KL_RATIO, "ratio = variance_q / variance_p"),),
    ),
    Misconception(
        "bound-variance-bounded",
        "vlb_term",
        "The posterior's variance is raised to a lower bound. Small variances occur in the first steps of a long schedule; only t = 0 needs care.",
        ((KL_RATIO, KL_RATIO.replace("variance_q / ", "variance_q.clamp(min=1e-3) / ")),),
    ),
    Misconception(
        "step-noise-at-the-end",
        "p_sample",
        "Noise is added in the last step too. At t = 0 the mean is the result.",
        (
            (NO_NOISE, "sigma2 = betas[t]"),
            (
                STEP_VARIANCE,
                "sigma2 = sigma2 * (1 - alpha_bar[max(t - 1, 0)]) / (1 - alpha_bar[t])",
            ),
        ),
    ),
    Misconception(
        "step-noise-variance",
        "p_sample",
        "The noise is multiplied by the variance; it must be the standard deviation.",
        ((STEP, "return mean + sigma2 * noise"),),
    ),
    Misconception(
        "step-always-beta",
        "p_sample",
        "The variance is always beta_t; by default it is the posterior's.",
        ((CHOICE + STEP_VARIANCE, "pass"),),
    ),
    Misconception(
        "step-always-posterior",
        "p_sample",
        'The variance is always the posterior\'s; with variance="beta" it is beta_t.',
        ((CHOICE, ""),),
    ),
    Misconception(
        "step-remembers-betas",
        "p_sample",
        REMEMBERS,
        (
            (STEP_LEVELS, STEP_LEVELS.replace(LEVELS, REMEMBERED)),
            (MODEL, "KNOWN: dict = {}\n" + MODEL),
        ),
    ),
    Misconception(
        "step-cumulative-alpha",
        "p_sample",
        "The mean is divided by sqrt(alpha_bar_t), which undoes all steps at once; this step undoes one.",
        (
            (
                STEP_MEAN,
                "mean = (x_t - betas[t] / (1 - alpha_bar[t]).sqrt() * eps) / alpha_bar[t].sqrt()",
            ),
        ),
    ),
    Misconception(
        "step-all-noise-removed",
        "p_sample",
        "All of the noise is removed, as for an estimate of x_0. A step removes the share "
        "beta_t / sqrt(1 - alpha_bar_t).",
        (
            (
                STEP_MEAN,
                "mean = (x_t - (1 - alpha_bar[t]).sqrt() * eps) / (1 - betas[t]).sqrt()",
            ),
        ),
    ),
    Misconception(
        "step-variance-in-mean",
        "p_sample",
        "The noise in the mean is divided by the variance 1 - alpha_bar_t; its square root belongs there.",
        (
            (
                STEP_MEAN,
                "mean = (x_t - betas[t] / (1 - alpha_bar[t]) * eps) / (1 - betas[t]).sqrt()",
            ),
        ),
    ),
    Misconception(
        "step-not-rescaled",
        "p_sample",
        "The mean is not divided by sqrt(1 - beta_t): the step forward had scaled the data down.",
        ((STEP_MEAN, "mean = x_t - betas[t] / (1 - alpha_bar[t]).sqrt() * eps"),),
    ),
    Misconception(
        "chain-forwards",
        "p_sample_loop",
        "The chain runs from t = 0 upwards. Generation begins with noise, at T - 1.",
        ((LOOP, "for t, noise in zip(range(len(betas)), noises, strict=True):"),),
    ),
    Misconception(
        "chain-stops-early",
        "p_sample_loop",
        "Step 0 is missing: a little noise is left in the result.",
        ((LOOP, "for t, noise in zip(range(len(betas) - 1, 0, -1), noises):"),),
    ),
    Misconception(
        "chain-noises-by-step",
        "p_sample_loop",
        "noises[t] is used at step t; noises are in the order of their use, the first one at step T - 1.",
        ((LOOP, "for t, noise in zip(reversed(range(len(betas))), noises.flip(0), strict=True):"),),
    ),
    Misconception(
        "chain-first-noise",
        "p_sample_loop",
        "All steps use the first noise. Each step has one of its own, independent of the others.",
        ((MOVE, MOVE.replace("noise,", "noises[0],")),),
    ),
    Misconception(
        "chain-model-counts-from-one",
        "p_sample_loop",
        "The model is told t + 1. Steps count from 0 here; in the paper they count from 1.",
        ((ASK, "eps = model(x, torch.full(x.shape[:1], t + 1, device=x.device))"),),
    ),
    Misconception(
        "chain-share-of-steps",
        "p_sample_loop",
        "The model is told t / T, a number between 0 and 1. It is to be told the number of the step, an integer.",
        ((ASK, ASK.replace("t, device", "t / len(betas), device")),),
    ),
    Misconception(
        "chain-ignores-variance",
        "p_sample_loop",
        "The choice of the variance is not passed on to the steps.",
        ((MOVE, "x = p_sample(x, t, eps, noise, betas)"),),
    ),
    Misconception(
        "chain-one-step-for-batch",
        "p_sample_loop",
        "The model is given t with shape (1,); it must be told the step of each example, shape (B,).",
        ((ASK, "eps = model(x, torch.full((1,), t, device=x.device))"),),
    ),
)

ALTERNATIVES = (
    Alternative(
        "example-by-example",
        (
            (
                NOISY_LEVEL + "\n    " + NOISY,
                "levels = alpha_bar[t]\n"
                "    pairs = zip(x0, eps, levels, strict=True)\n"
                "    return torch.stack([a**0.5 * x + (1 - a) ** 0.5 * e for x, e, a in pairs])",
            ),
            (
                BEFORE,
                "alpha_bar_before = torch.nn.functional.pad(alpha_bar, (1, 0), value=1.0)[:-1]",
            ),
            (
                ERROR,
                "guess = model(x_t, t)\n"
                "    error = torch.stack([torch.nn.functional.mse_loss(g, e) for g, e in zip(guess, eps)])",
            ),
            (
                LOSS,
                "if weight is not None:\n        error = error * weight\n    return error.sum() / len(x_t)",
            ),
        ),
    ),
    Alternative(
        "bayes",
        (
            (
                "beta, now, before = betas[t], alpha_bar[t], alpha_bar_before[t]",
                "beta, before = betas[t], alpha_bar_before[t]\n"
                "    variance = (1 - before) * beta / ((1 - before) * (1 - beta) + beta)",
            ),
            (WEIGHT_X0, "weight_x0 = before.sqrt() * beta / ((1 - before) * (1 - beta) + beta)"),
            (WEIGHT_XT, "weight_xt = variance * (1 - beta).sqrt() / beta"),
            (VARIANCE, "return mean, variance"),
            (
                STEP_MEAN,
                "a = alpha_bar[t]\n"
                "    b = alpha_bar[t - 1] if t > 0 else torch.ones_like(a)\n"
                "    x0 = (x_t - (1 - a).sqrt() * eps) / a.sqrt()\n"
                "    mean = b.sqrt() * betas[t] / (1 - a) * x0 + (a / b).sqrt() * (1 - b) / (1 - a) * x_t",
            ),
        ),
    ),
    Alternative(
        "distributions",
        (
            (
                KL,
                "log_ratio = torch.log(torch.where(t == 0, variance_p, variance_q)) - variance_p.log()\n"
                "    kl = 0.5 * (num_dims * (ratio - 1 - log_ratio) + distance)",
            ),
            (UPPER, "normal = torch.distributions.Normal(mean, sigma, validate_args=False)"),
            (LOWER, "upper, lower = normal.cdf(x0 + half_width), normal.cdf(x0 - half_width)"),
            (
                BINS,
                "log_p = torch.maximum(upper - lower, torch.full_like(upper, 1e-12)).log()\n"
                "    return log_p.sum(dim=tuple(range(1, x0.ndim)))",
            ),
        ),
    ),
    Alternative(
        "chain-written-out",
        (
            (
                LOOP,
                "steps = torch.arange(len(betas), device=x.device).flip(0)\n    for i in range(len(betas)):",
            ),
            (ASK, "t = len(betas) - 1 - i\n        eps = model(x, steps[i].expand(x.shape[0]))"),
            (
                MOVE,
                "x = p_sample(x, t, eps, noises[i] if t else torch.zeros_like(x), betas, variance)",
            ),
        ),
    ),
)
