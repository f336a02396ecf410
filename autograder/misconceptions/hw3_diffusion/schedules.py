"""Q3: what goes wrong in noise schedules."""

from autograder.misconceptions import Alternative, Misconception

LINEAR = "return torch.linspace(start, end, num_steps, device=device)"
STEPS = "u = torch.linspace(0, 1, num_steps + 1, device=device)"
SIGNAL = "signal = torch.cos((u + offset) / (1 + offset) * math.pi / 2).square()"
COSINE = "return (1 - signal[1:] / signal[:-1]).clamp(max=max_beta)"
PRODUCT = "return torch.cumprod(1 - betas, dim=0)"
RATIO = "return alpha_bar / (1 - alpha_bar)"
X0 = (
    "level = expand(alpha_bar, x_t)\n    return (x_t - (1 - level).sqrt() * eps) / level.sqrt()",
    "return (x_t - (1 - level).sqrt() * eps) / level.sqrt()",
)
EPS = (
    "level = expand(alpha_bar, x_t)\n    return (x_t - level.sqrt() * x0) / (1 - level).sqrt()",
    "return (x_t - level.sqrt() * x0) / (1 - level).sqrt()",
)
SCORE = "return -eps / (1 - expand(alpha_bar, eps)).sqrt()"
VELOCITY = (
    "level = expand(alpha_bar, x0)\n    return level.sqrt() * eps - (1 - level).sqrt() * x0",
    "return level.sqrt() * eps - (1 - level).sqrt() * x0",
)
V_TO_X0 = (
    "level = expand(alpha_bar, x_t)\n    return level.sqrt() * x_t - (1 - level).sqrt() * v",
    "return level.sqrt() * x_t - (1 - level).sqrt() * v",
)
V_TO_EPS = (
    "level = expand(alpha_bar, x_t)\n    return (1 - level).sqrt() * x_t + level.sqrt() * v",
    "return (1 - level).sqrt() * x_t + level.sqrt() * v",
)
BROADCAST = (
    "alpha_bar holds one level per example. Without dimensions of size 1 behind it, it is lined up with "
    "the last dimension of x, and every example gets a mixture of all levels."
)
RANKS = (
    "Only shapes (B, D) and (B, C, H, W) are provided for; x has any number of dimensions. With (B, T, D) "
    "the factor of an example meets the dimension next to the batch."
)

MISCONCEPTIONS = (
    Misconception(
        "linear-without-end",
        "linear_betas",
        "The last beta does not reach `end`: there are T - 1 intervals between T values, not T.",
        (
            (
                LINEAR,
                "return start + (end - start) * torch.arange(num_steps, device=device) / num_steps",
            ),
        ),
    ),
    Misconception(
        "linear-one-step-late",
        "linear_betas",
        "The schedule does not begin with `start`: the first step is t = 0, not t = 1.",
        (
            (
                LINEAR,
                "return start + (end - start) * torch.arange(1, num_steps + 1, device=device) / num_steps",
            ),
        ),
    ),
    Misconception(
        "linear-reversed",
        "linear_betas",
        "The schedule runs backwards: t = 0 is the least noisy step, so that beta grows with t.",
        ((LINEAR, "return torch.linspace(end, start, num_steps, device=device)"),),
    ),
    Misconception(
        "linear-in-standard-deviation",
        "linear_betas",
        "Here sqrt(beta) grows linearly, which is another schedule (that of latent diffusion). beta itself "
        "must.",
        (
            (
                LINEAR,
                "return torch.linspace(start**0.5, end**0.5, num_steps, device=device).square()",
            ),
        ),
    ),
    Misconception(
        "linear-geometric",
        "linear_betas",
        "The betas grow by a constant factor; they must grow by a constant amount.",
        (
            (
                LINEAR,
                "return torch.linspace(math.log(start), math.log(end), num_steps, device=device).exp()",
            ),
        ),
    ),
    Misconception(
        "linear-rescaled",
        "linear_betas",
        "The ends are rescaled by 1000 / T. That is a sensible choice, but the docstring says that they are "
        "taken as given.",
        (
            (
                LINEAR,
                "scale = 1000 / num_steps\n    return torch.linspace(scale * start, scale * end, num_steps, device=device)",
            ),
        ),
    ),
    Misconception(
        "linear-alphas",
        "linear_betas",
        "These are the alphas, 1 - beta. The variances of the noise are asked for.",
        ((LINEAR, "return 1 - torch.linspace(start, end, num_steps, device=device)"),),
    ),
    Misconception(
        "cosine-without-offset",
        "cosine_betas",
        "The offset is ignored, so that the first betas are too small.",
        ((SIGNAL, "signal = torch.cos(u * math.pi / 2).square()"),),
    ),
    Misconception(
        "cosine-offset-not-normalised",
        "cosine_betas",
        "The offset is added, but the sum is not divided by 1 + offset: the argument of the cosine must "
        "reach pi / 2 at u = 1, and not go beyond.",
        ((SIGNAL, "signal = torch.cos((u + offset) * math.pi / 2).square()"),),
    ),
    Misconception(
        "cosine-not-squared",
        "cosine_betas",
        "The cosine is not squared: it is the amplitude of the signal, and alpha_bar is a squared amplitude.",
        ((SIGNAL, "signal = torch.cos((u + offset) / (1 + offset) * math.pi / 2)"),),
    ),
    Misconception(
        "cosine-not-clipped",
        "cosine_betas",
        "The betas are not clipped: the last one is 1, which removes all of the signal.",
        ((COSINE, "return 1 - signal[1:] / signal[:-1]"),),
    ),
    Misconception(
        "cosine-fixed-clipping",
        "cosine_betas",
        "The betas are clipped at 0.999 whatever `max_beta` says.",
        ((COSINE, "return (1 - signal[1:] / signal[:-1]).clamp(max=0.999)"),),
    ),
    Misconception(
        "cosine-starts-clean",
        "cosine_betas",
        "The first beta is 0: the schedule is one step late. Step 0 has been through one step of noise; "
        "alpha_bar = 1 belongs to the data, step -1.",
        (
            (
                COSINE,
                "ratio = signal[1:-1] / signal[:-2]\n"
                "    return torch.cat([ratio.new_zeros(1), (1 - ratio).clamp(max=max_beta)])",
            ),
        ),
    ),
    Misconception(
        "cosine-one-step-more",
        "cosine_betas",
        "u grows by 1 / (T + 1) per step, so that the schedule ends before u = 1. T steps are the T "
        "intervals between T + 1 points.",
        ((STEPS, "u = torch.arange(num_steps + 1, device=device) / (num_steps + 1)"),),
    ),
    Misconception(
        "cosine-returns-levels",
        "cosine_betas",
        "This is alpha_bar itself. The betas follow from the ratios of its neighbours.",
        ((COSINE, "return (signal / signal[0])[1:].clamp(max=max_beta)"),),
    ),
    Misconception(
        "cosine-returns-alphas",
        "cosine_betas",
        "The ratio of neighbouring alpha_bar is alpha = 1 - beta; beta is asked for.",
        ((COSINE, "return (signal[1:] / signal[:-1]).clamp(min=1 - max_beta)"),),
    ),
    Misconception(
        "cosine-lower-bound",
        "cosine_betas",
        "Small betas are raised to a lower bound. There is only an upper one: with T = 1000 the first betas lie below 1e-4.",
        ((COSINE, COSINE.replace("clamp(max=", "clamp(min=1e-4, max=")),),
    ),
    Misconception(
        "levels-of-betas",
        "alpha_bars",
        "This is the product of the betas. What each step leaves of the data's variance is 1 - beta.",
        ((PRODUCT, "return torch.cumprod(betas, dim=0)"),),
    ),
    Misconception(
        "levels-not-cumulative",
        "alpha_bars",
        "This is alpha_t of a single step. alpha_bar_t is the product over all steps up to t.",
        ((PRODUCT, "return 1 - betas"),),
    ),
    Misconception(
        "levels-sum",
        "alpha_bars",
        "1 minus the sum of the betas is only the first order of the product, and can become negative.",
        ((PRODUCT, "return 1 - torch.cumsum(betas, dim=0)"),),
    ),
    Misconception(
        "levels-exclusive",
        "alpha_bars",
        "The product leaves out beta_t itself: this is alpha_bar of the step before, and begins with 1.",
        ((PRODUCT, "return torch.cumprod(1 - betas, dim=0) / (1 - betas)"),),
    ),
    Misconception(
        "levels-amplitude",
        "alpha_bars",
        "This is sqrt(alpha_bar), the amplitude of the signal; alpha_bar is a variance.",
        ((PRODUCT, "return torch.cumprod((1 - betas).sqrt(), dim=0)"),),
    ),
    Misconception(
        "levels-of-noise",
        "alpha_bars",
        "This is 1 - alpha_bar, the variance of the noise.",
        ((PRODUCT, "return 1 - torch.cumprod(1 - betas, dim=0)"),),
    ),
    Misconception(
        "levels-reversed",
        "alpha_bars",
        "The product is accumulated from the noisy end; it runs over the steps up to t.",
        ((PRODUCT, "return torch.cumprod((1 - betas).flip(0), dim=0).flip(0)"),),
    ),
    Misconception(
        "levels-in-one-buffer",
        "alpha_bars",
        "Every call writes into the same tensor, so that the next call changes what this one returned.",
        (
            (
                PRODUCT,
                "key = (len(betas), betas.dtype, betas.device)\n"
                "    buffer = BUFFERS.setdefault(key, torch.empty_like(betas))\n"
                "    return torch.cumprod(1 - betas, dim=0, out=buffer)",
            ),
            ("def expand", "BUFFERS: dict = {}\n\n\ndef expand"),
        ),
    ),
    Misconception(
        "snr-inverted",
        "snr",
        "This is the ratio of noise to signal.",
        ((RATIO, "return (1 - alpha_bar) / alpha_bar"),),
    ),
    Misconception(
        "snr-amplitudes",
        "snr",
        "This is the ratio of the amplitudes; that of the variances is asked for.",
        ((RATIO, "return (alpha_bar / (1 - alpha_bar)).sqrt()"),),
    ),
    Misconception(
        "snr-logarithm",
        "snr",
        "This is the logarithm of the ratio.",
        ((RATIO, "return torch.log(alpha_bar / (1 - alpha_bar))"),),
    ),
    Misconception(
        "snr-squared",
        "snr",
        "The ratio is squared. alpha_bar and 1 - alpha_bar are variances already.",
        ((RATIO, "return (alpha_bar / (1 - alpha_bar)).square()"),),
    ),
    Misconception(
        "snr-mixed",
        "snr",
        "The amplitude of the signal is divided by the variance of the noise: both must be variances.",
        ((RATIO, "return alpha_bar.sqrt() / (1 - alpha_bar)"),),
    ),
    Misconception(
        "snr-decibels",
        "snr",
        "This is the ratio in decibels; the ratio itself is asked for.",
        ((RATIO, "return 10 * torch.log10(alpha_bar / (1 - alpha_bar))"),),
    ),
    Misconception(
        "snr-noise-amplitude",
        "snr",
        "The variance of the signal is divided by the amplitude of the noise: both must be "
        "variances.",
        ((RATIO, "return alpha_bar / (1 - alpha_bar).sqrt()"),),
    ),
    Misconception(
        "snr-noise-raised",
        "snr",
        "A small number is added to the variance of the noise. alpha_bar is below 1, so that nothing is divided "
        "by zero, and where the data are nearly clean that number counts more than the noise.",
        ((RATIO, "return alpha_bar / (1 - alpha_bar + 1e-8)"),),
    ),
    Misconception(
        "snr-noise-bounded",
        "snr",
        "The variance of the noise is kept above a lower bound, which hides how high the ratio is where the "
        "data are nearly clean.",
        ((RATIO, "return alpha_bar / (1 - alpha_bar).clamp(min=1e-3)"),),
    ),
    Misconception(
        "eps-to-x0-broadcast",
        "eps_to_x0",
        BROADCAST,
        ((X0[0], X0[0].replace("expand(alpha_bar, x_t)", "alpha_bar")),),
    ),
    Misconception(
        "eps-to-x0-not-divided",
        "eps_to_x0",
        "The noise is removed, but the signal is still scaled down.",
        ((X0[1], "return x_t - (1 - level).sqrt() * eps"),),
    ),
    Misconception(
        "eps-to-x0-variance",
        "eps_to_x0",
        "The noise is scaled by its variance 1 - alpha_bar; its standard deviation belongs there.",
        ((X0[1], "return (x_t - (1 - level) * eps) / level.sqrt()"),),
    ),
    Misconception(
        "eps-to-x0-squared-amplitude",
        "eps_to_x0",
        "The result is divided by alpha_bar, which is the square of the signal's amplitude.",
        ((X0[1], "return (x_t - (1 - level).sqrt() * eps) / level"),),
    ),
    Misconception(
        "eps-to-x0-sign",
        "eps_to_x0",
        "The noise is added once more; it must be taken away.",
        ((X0[1], X0[1].replace("x_t - ", "x_t + ")),),
    ),
    Misconception(
        "eps-to-x0-clipped",
        "eps_to_x0",
        "The result is clipped to [-1, 1], as some samplers do. Here it is what the equation says.",
        ((X0[1], X0[1].replace("return ", "return (") + ").clamp(-1, 1)"),),
    ),
    Misconception(
        "eps-to-x0-level-bounded",
        "eps_to_x0",
        "Small alpha_bar are raised to a lower bound before dividing. Every level in (0, 1] has its own x_0.",
        ((X0[1], X0[1].replace("/ level.sqrt()", "/ level.clamp(min=1e-3).sqrt()")),),
    ),
    Misconception(
        "x0-to-eps-broadcast",
        "x0_to_eps",
        BROADCAST,
        ((EPS[0], EPS[0].replace("expand(alpha_bar, x_t)", "alpha_bar")),),
    ),
    Misconception(
        "x0-to-eps-not-scaled",
        "x0_to_eps",
        "x_0 is subtracted at full strength, but x_t holds only a part of it.",
        ((EPS[1], "return (x_t - x0) / (1 - level).sqrt()"),),
    ),
    Misconception(
        "x0-to-eps-variance",
        "x0_to_eps",
        "The difference is divided by the variance of the noise: that gives minus the score. eps has unit "
        "variance, so divide by the standard deviation.",
        ((EPS[1], "return (x_t - level.sqrt() * x0) / (1 - level)"),),
    ),
    Misconception(
        "x0-to-eps-sign",
        "x0_to_eps",
        "The difference is the wrong way round: eps is what x_t has beyond the signal.",
        ((EPS[1], "return (level.sqrt() * x0 - x_t) / (1 - level).sqrt()"),),
    ),
    Misconception(
        "x0-to-eps-not-divided",
        "x0_to_eps",
        "The signal is removed, but the noise is still scaled down.",
        ((EPS[1], "return x_t - level.sqrt() * x0"),),
    ),
    Misconception(
        "x0-to-eps-signal-variance",
        "x0_to_eps",
        "x_0 is scaled by alpha_bar; its square root is the amplitude.",
        ((EPS[1], EPS[1].replace("level.sqrt() * x0", "level * x0")),),
    ),
    Misconception(
        "x0-to-eps-level-bounded",
        "x0_to_eps",
        "Small variances of the noise are raised to a lower bound before dividing. Every level in [0, 1) has its own eps.",
        ((EPS[1], EPS[1].replace("/ (1 - level).sqrt()", "/ (1 - level).clamp(min=1e-3).sqrt()")),),
    ),
    Misconception(
        "score-sign",
        "eps_to_score",
        "The sign is wrong: the score points to where the density grows, against the noise.",
        ((SCORE, "return eps / (1 - expand(alpha_bar, eps)).sqrt()"),),
    ),
    Misconception(
        "score-variance",
        "eps_to_score",
        "eps is divided by the variance of the noise. One factor of the standard deviation is already in "
        "x_t - sqrt(alpha_bar) x_0.",
        ((SCORE, "return -eps / (1 - expand(alpha_bar, eps))"),),
    ),
    Misconception(
        "score-times-deviation",
        "eps_to_score",
        "eps is multiplied by the standard deviation of the noise. The narrower a density, the steeper it is.",
        ((SCORE, "return -eps * (1 - expand(alpha_bar, eps)).sqrt()"),),
    ),
    Misconception(
        "score-not-scaled",
        "eps_to_score",
        "This is -eps. The score of a narrow density is steep: the standard deviation of the "
        "noise is missing.",
        ((SCORE, "return -eps"),),
    ),
    Misconception(
        "score-broadcast",
        "eps_to_score",
        BROADCAST,
        ((SCORE, SCORE.replace("expand(alpha_bar, eps)", "alpha_bar")),),
    ),
    Misconception(
        "score-signal",
        "eps_to_score",
        "eps is divided by the amplitude of the signal; the score depends on how wide the noise "
        "is.",
        ((SCORE, "return -eps / expand(alpha_bar, eps).sqrt()"),),
    ),
    Misconception(
        "score-level-bounded",
        "eps_to_score",
        "Small variances of the noise are raised to a lower bound: near the data the score is as steep as the formula says.",
        ((SCORE, "return -eps / (1 - expand(alpha_bar, eps)).clamp(min=1e-3).sqrt()"),),
    ),
    Misconception(
        "velocity-sign",
        "velocity",
        "The sign is wrong: with less and less signal, v points from the data to the noise.",
        ((VELOCITY[1], "return (1 - level).sqrt() * x0 - level.sqrt() * eps"),),
    ),
    Misconception(
        "velocity-swapped",
        "velocity",
        "The two coefficients are exchanged: without noise (alpha_bar = 1) the velocity is eps.",
        ((VELOCITY[1], "return (1 - level).sqrt() * eps - level.sqrt() * x0"),),
    ),
    Misconception(
        "velocity-flow-matching",
        "velocity",
        "eps - x_0 is the velocity on a straight line (flow matching). Here x_t moves on an ellipse, and both "
        "terms have coefficients.",
        ((VELOCITY[1], "return eps - x0 + 0 * level"),),
    ),
    Misconception(
        "velocity-broadcast",
        "velocity",
        BROADCAST,
        ((VELOCITY[0], VELOCITY[0].replace("expand(alpha_bar, x0)", "alpha_bar")),),
    ),
    Misconception(
        "velocity-variances",
        "velocity",
        "The coefficients are variances; amplitudes are their square roots.",
        ((VELOCITY[1], "return level * eps - (1 - level) * x0"),),
    ),
    Misconception(
        "velocity-sum",
        "velocity",
        "The sign of x_0 is wrong: as the noise grows, the signal shrinks.",
        ((VELOCITY[1], VELOCITY[1].replace("- (1", "+ (1")),),
    ),
    Misconception(
        "velocity-two-ranks",
        "velocity",
        RANKS,
        (
            (
                VELOCITY[0],
                VELOCITY[0].replace(
                    "expand(alpha_bar, x0)",
                    "(alpha_bar.view(-1, 1, 1, 1) if x0.dim() == 4 else alpha_bar.view(-1, 1))",
                ),
            ),
        ),
    ),
    Misconception(
        "velocity-to-x0-sign",
        "velocity_to_x0",
        "The sign of v is wrong: v grows with eps and falls with x_0.",
        ((V_TO_X0[1], "return level.sqrt() * x_t + (1 - level).sqrt() * v"),),
    ),
    Misconception(
        "velocity-to-x0-swapped",
        "velocity_to_x0",
        "The two coefficients are exchanged: without noise (alpha_bar = 1) the data are x_t.",
        ((V_TO_X0[1], "return (1 - level).sqrt() * x_t - level.sqrt() * v"),),
    ),
    Misconception(
        "velocity-to-x0-as-eps",
        "velocity_to_x0",
        "v is treated as if it were eps.",
        ((V_TO_X0[1], "return (x_t - (1 - level).sqrt() * v) / level.sqrt()"),),
    ),
    Misconception(
        "velocity-to-x0-by-division",
        "velocity_to_x0",
        "The way through eps divides by sqrt(alpha_bar), which is 0 where all is noise. There v still "
        "determines x_0: this is why v is used.",
        (
            (
                V_TO_X0[1],
                "eps = (1 - level).sqrt() * x_t + level.sqrt() * v\n"
                "    return (x_t - (1 - level).sqrt() * eps) / level.sqrt()",
            ),
        ),
    ),
    Misconception(
        "velocity-to-x0-variances",
        "velocity_to_x0",
        "The coefficients are variances; a rotation has their square roots, cosine and sine.",
        ((V_TO_X0[1], "return level * x_t - (1 - level) * v"),),
    ),
    Misconception(
        "velocity-to-x0-broadcast",
        "velocity_to_x0",
        BROADCAST,
        ((V_TO_X0[0], V_TO_X0[0].replace("expand(alpha_bar, x_t)", "alpha_bar")),),
    ),
    Misconception(
        "velocity-to-x0-from-eps",
        "velocity_to_x0",
        "Solving the definition of v for x_0 divides by sqrt(1 - alpha_bar), which is 0 where there is no noise. A rotation needs no division.",
        (
            (
                V_TO_X0[1],
                (
                    "eps = (1 - level).sqrt() * x_t + level.sqrt() * v\n"
                    "    return (level.sqrt() * eps - v) / (1 - level).sqrt()"
                ),
            ),
        ),
    ),
    Misconception(
        "velocity-to-eps-sign",
        "velocity_to_eps",
        "The sign of v is wrong: v grows with eps and falls with x_0.",
        ((V_TO_EPS[1], "return (1 - level).sqrt() * x_t - level.sqrt() * v"),),
    ),
    Misconception(
        "velocity-to-eps-swapped",
        "velocity_to_eps",
        "The two coefficients are exchanged: where all is noise (alpha_bar = 0), eps is x_t.",
        ((V_TO_EPS[1], "return level.sqrt() * x_t + (1 - level).sqrt() * v"),),
    ),
    Misconception(
        "velocity-to-eps-by-division",
        "velocity_to_eps",
        "The way through x_0 divides by sqrt(1 - alpha_bar), which is 0 where there is no noise. There v "
        "still determines eps: this is why v is used.",
        (
            (
                V_TO_EPS[1],
                "x0 = level.sqrt() * x_t - (1 - level).sqrt() * v\n"
                "    return (x_t - level.sqrt() * x0) / (1 - level).sqrt()",
            ),
        ),
    ),
    Misconception(
        "velocity-to-eps-variances",
        "velocity_to_eps",
        "The coefficients are variances; a rotation has their square roots, sine and cosine.",
        ((V_TO_EPS[1], "return (1 - level) * x_t + level * v"),),
    ),
    Misconception(
        "velocity-to-eps-broadcast",
        "velocity_to_eps",
        BROADCAST,
        ((V_TO_EPS[0], V_TO_EPS[0].replace("expand(alpha_bar, x_t)", "alpha_bar")),),
    ),
    Misconception(
        "velocity-to-eps-as-x0",
        "velocity_to_eps",
        "v is treated as if it were x_0.",
        ((V_TO_EPS[1], "return (x_t - level.sqrt() * v) / (1 - level).sqrt()"),),
    ),
    Misconception(
        "velocity-to-eps-from-x0",
        "velocity_to_eps",
        "Solving the definition of v for eps divides by sqrt(alpha_bar), which is 0 where all is noise. A rotation needs no division.",
        (
            (
                V_TO_EPS[1],
                (
                    "x0 = level.sqrt() * x_t - (1 - level).sqrt() * v\n"
                    "    return (v + (1 - level).sqrt() * x0) / level.sqrt()"
                ),
            ),
        ),
    ),
)

ALTERNATIVES = (
    Alternative(
        "lists",
        (
            (
                LINEAR,
                "step = (end - start) / (num_steps - 1)\n"
                "    return torch.tensor([start + t * step for t in range(num_steps)], device=device)",
            ),
            (
                STEPS,
                "def f(t):\n"
                "        return math.cos((t / num_steps + offset) / (1 + offset) * math.pi / 2) ** 2",
            ),
            (
                SIGNAL,
                "betas = [min(1 - f(t + 1) / f(t), max_beta) for t in range(num_steps)]",
            ),
            (COSINE, "return torch.tensor(betas, device=device)"),
        ),
    ),
    Alternative(
        "logarithms",
        (
            (PRODUCT, "return torch.log1p(-betas).cumsum(0).exp()"),
            (RATIO, "return torch.logit(alpha_bar).exp()"),
        ),
    ),
    Alternative(
        "angles",
        (
            (
                X0[0],
                "level = alpha_bar.view([len(alpha_bar)] + [1] * (x_t.ndim - 1))\n"
                "    return x_t / level.sqrt() - eps * (1 / level - 1).sqrt()",
            ),
            (
                EPS[0],
                "signal = torch.einsum('b,b...->b...', alpha_bar.sqrt(), x0)\n"
                "    return torch.einsum('b,b...->b...', 1 / torch.sqrt(1 - alpha_bar), x_t - signal)",
            ),
            (
                V_TO_X0[0],
                "phi = torch.acos(alpha_bar.sqrt()).reshape(-1, *[1] * (x_t.dim() - 1))\n"
                "    return phi.cos() * x_t - phi.sin() * v",
            ),
            (
                V_TO_EPS[0],
                "phi = torch.acos(alpha_bar.sqrt()).reshape(-1, *[1] * (x_t.dim() - 1))\n"
                "    return phi.sin() * x_t + phi.cos() * v",
            ),
        ),
    ),
)
