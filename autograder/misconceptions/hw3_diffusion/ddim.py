"""Q5: what goes wrong in denoising diffusion implicit models."""

from autograder.misconceptions import Alternative, Misconception

CHECK = (
    "if not 1 <= num_steps <= num_train_steps:\n"
    '        raise ValueError(f"num_steps must be in 1..{num_train_steps}, not {num_steps}")'
)
REMAINING = "remaining = range(num_steps, 0, -1)"
TRAILING = "times = [num_train_steps * k // num_steps - 1 for k in remaining]"
LEADING = "times = [num_train_steps // num_steps * (k - 1) for k in remaining]"
CHOICE = 'if spacing == "trailing":'
UNKNOWN = "raise ValueError(f\"spacing must be 'trailing' or 'leading', not {spacing!r}\")"
PAIRS = "return list(zip(times, [*times[1:], -1], strict=True))"

FROM_TO = (
    "level_prev = alpha_bar[t_prev] if t_prev >= 0 else torch.ones_like(level)\n"
    "    x0 = (x_t - (1 - level).sqrt() * eps) / level.sqrt()"
)
X0 = "    x0 = (x_t - (1 - level).sqrt() * eps) / level.sqrt()"
SIGMA = "sigma2 = eta**2 * (1 - level_prev) / (1 - level) * (1 - level / level_prev)"
X_PREV = "x_prev = level_prev.sqrt() * x0 + (1 - level_prev - sigma2).sqrt() * eps"
NOISE = "return x_prev if noise is None else x_prev + sigma2.sqrt() * noise"

SAMPLE_LOOP = "for k, (t, t_prev) in enumerate(pairs):"
SAMPLE_ASK = (
    "eps = model(x, torch.full(x.shape[:1], t, device=x.device))\n        noise = None if noises"
)
SAMPLE_NOISE = "noise = None if noises is None else noises[k]"
SAMPLE_STEP = "x = ddim_step(x, eps, t, t_prev, alpha_bar, eta, noise)"

ENCODE_LOOP = "for t, t_prev in reversed(pairs):"
ENCODE_PREV = (
    "        level_prev = alpha_bar[t_prev] if t_prev >= 0 else torch.ones_like(level)\n        eps"
)
ENCODE_ASK = "eps = model(x, torch.full(x.shape[:1], t, device=x.device))\n        clean"
CLEAN = "clean = (x - (1 - level_prev).sqrt() * eps) / level_prev.sqrt()"
ENCODE = "x = level.sqrt() * clean + (1 - level).sqrt() * eps"
LEVEL_ZERO = (
    "At t_prev = 0 alpha_bar is taken for 1. Level 0 still holds a little noise; only t_prev = -1 stands for "
    "the data."
)
BOTH_ENDS = (
    "The times are spread evenly from T - 1 to 0, both included. Count the step to -1 as well: all n steps "
    "should be equally long."
)

MISCONCEPTIONS = (
    Misconception(
        "times-without-data",
        "time_pairs",
        "The last step does not end at t_prev = -1, so that the noise of the lowest level stays in the data.",
        ((PAIRS, "return list(zip(times[:-1], times[1:], strict=True))"),),
    ),
    Misconception(
        "times-end-at-zero",
        "time_pairs",
        "The last t_prev is 0. Level 0 still holds noise; the data are at -1.",
        ((PAIRS, "return list(zip(times, [*times[1:], 0], strict=True))"),),
    ),
    Misconception(
        "times-ascending",
        "time_pairs",
        "The pairs are in ascending order. Generation begins with the largest t.",
        ((PAIRS, "return list(zip(times, [*times[1:], -1], strict=True))[::-1]"),),
    ),
    Misconception(
        "times-consecutive",
        "time_pairs",
        "t_prev is always t - 1. It must be the t of the next step, or the levels between them are never "
        "crossed.",
        ((PAIRS, "return [(t, t - 1) for t in times]"),),
    ),
    Misconception(
        "times-swapped",
        "time_pairs",
        "Each pair holds (t_prev, t); t comes first.",
        ((PAIRS, "return list(zip([*times[1:], -1], times, strict=True))"),),
    ),
    Misconception(
        "times-from-T",
        "time_pairs",
        "The levels are one too high: they are numbered from 0, so that the noisiest one is T - 1.",
        ((TRAILING, "times = [num_train_steps * k // num_steps for k in remaining]"),),
    ),
    Misconception(
        "times-rounded",
        "time_pairs",
        "The times are rounded to the nearest integer; the docstring rounds down.",
        ((TRAILING, "times = [round(num_train_steps * k / num_steps) - 1 for k in remaining]"),),
    ),
    Misconception(
        "times-constant-stride",
        "time_pairs",
        "The stride is rounded down first and then multiplied, so that rounding errors add up. Multiply "
        "first, then divide.",
        (
            (
                TRAILING,
                "times = [num_train_steps - 1 - num_train_steps // num_steps * (num_steps - k) for k in remaining]",
            ),
        ),
    ),
    Misconception(
        "times-both-ends",
        "time_pairs",
        BOTH_ENDS,
        (
            (
                TRAILING,
                "times = [(num_train_steps - 1) * (k - 1) // max(num_steps - 1, 1) for k in remaining]",
            ),
        ),
    ),
    Misconception(
        "times-linspace",
        "time_pairs",
        BOTH_ENDS,
        ((TRAILING, "times = torch.linspace(num_train_steps - 1, 0, num_steps).long().tolist()"),),
    ),
    Misconception(
        "times-linspace-rounded",
        "time_pairs",
        BOTH_ENDS,
        (
            (
                TRAILING,
                "times = torch.linspace(num_train_steps - 1, 0, num_steps).round().long().tolist()",
            ),
        ),
    ),
    Misconception(
        "times-always-trailing",
        "time_pairs",
        "`spacing` has no effect.",
        ((LEADING, TRAILING),),
    ),
    Misconception(
        "times-leading-plus-one",
        "time_pairs",
        "The leading times are one too high: the last one must be 0.",
        ((LEADING, "times = [num_train_steps // num_steps * (k - 1) + 1 for k in remaining]"),),
    ),
    Misconception(
        "times-leading-too-many",
        "time_pairs",
        "If n does not divide T, a range with stride floor(T / n) up to T has more than n members. Only n steps "
        "are asked for.",
        (
            (
                LEADING,
                "times = list(range(0, num_train_steps, num_train_steps // num_steps))[::-1]",
            ),
        ),
    ),
    Misconception(
        "times-not-checked",
        "time_pairs",
        "A number of steps that is not in 1..T must raise a ValueError.",
        ((CHECK + "\n    ", ""),),
    ),
    Misconception(
        "times-spacing-not-checked",
        "time_pairs",
        "A spacing that is not one of the two must raise a ValueError.",
        ((UNKNOWN, "times = [num_train_steps * k // num_steps - 1 for k in remaining]"),),
    ),
    Misconception(
        "times-float-stride",
        "time_pairs",
        "The times are counted down in floating point, whose rounding pushes some of them below the integer that they stand for. Integer division is exact.",
        (
            (
                TRAILING,
                "stride = num_train_steps / num_steps\n        times = [int(t) - 1 for t in torch.arange(num_train_steps, 0, -stride).floor()][:num_steps]",
            ),
        ),
    ),
    Misconception(
        "times-negative-not-checked",
        "time_pairs",
        "A negative number of steps is taken for an empty list of them; it is a mistake of the caller, who must hear of it.",
        (
            (
                CHECK,
                CHECK.replace(
                    "if not 1 <= num_steps <= num_train_steps",
                    "if num_steps == 0 or num_steps > num_train_steps",
                ),
            ),
            (PAIRS, PAIRS.replace(", strict=True", "")),
        ),
    ),
    Misconception(
        "ddim-wraps",
        "ddim_step",
        "At t_prev = -1 the level is looked up at index -1, which is the last, noisiest one. At the data "
        "alpha_bar is 1.",
        ((FROM_TO, "level_prev = alpha_bar[t_prev]\n" + X0),),
    ),
    Misconception(
        "ddim-ends-at-level-zero",
        "ddim_step",
        "At t_prev = -1 the first level is used, which still holds noise. At the data alpha_bar is 1.",
        ((FROM_TO, "level_prev = alpha_bar[max(t_prev, 0)]\n" + X0),),
    ),
    Misconception(
        "ddim-level-zero-is-data",
        "ddim_step",
        LEVEL_ZERO,
        ((FROM_TO, FROM_TO.replace("t_prev >= 0", "t_prev > 0")),),
    ),
    Misconception(
        "ddim-one-step-only",
        "ddim_step",
        "The step goes to t - 1 whatever t_prev is.",
        (
            (
                FROM_TO,
                "level_prev = alpha_bar[t - 1] if t_prev >= 0 else torch.ones_like(level)\n" + X0,
            ),
        ),
    ),
    Misconception(
        "ddim-x0-not-rescaled",
        "ddim_step",
        "The estimate of x_0 is not divided by sqrt(alpha_bar_t).",
        ((FROM_TO, FROM_TO.replace(" / level.sqrt()", "")),),
    ),
    Misconception(
        "ddim-x0-variance",
        "ddim_step",
        "In the estimate of x_0 the noise is multiplied by its variance; it must be the standard deviation.",
        ((FROM_TO, FROM_TO.replace("(1 - level).sqrt() * eps", "(1 - level) * eps")),),
    ),
    Misconception(
        "ddim-direction-keeps-all",
        "ddim_step",
        "The predicted noise is not reduced by what the fresh noise brings: the variances must add up to "
        "1 - alpha_bar_prev.",
        ((X_PREV, "x_prev = level_prev.sqrt() * x0 + (1 - level_prev).sqrt() * eps"),),
    ),
    Misconception(
        "ddim-direction-level",
        "ddim_step",
        "The predicted noise is put back at level t; the level of x_prev is lower.",
        (
            (
                X_PREV,
                "x_prev = level_prev.sqrt() * x0 + (1 - level - sigma2).clamp(min=0).sqrt() * eps",
            ),
        ),
    ),
    Misconception(
        "ddim-signal-level",
        "ddim_step",
        "x_0 is scaled by the amplitude of level t; x_prev has that of level t_prev.",
        ((X_PREV, "x_prev = level.sqrt() * x0 + (1 - level_prev - sigma2).sqrt() * eps"),),
    ),
    Misconception(
        "ddim-signal-not-rooted",
        "ddim_step",
        "x_0 is scaled by alpha_bar_prev; its square root is the amplitude.",
        ((X_PREV, "x_prev = level_prev * x0 + (1 - level_prev - sigma2).sqrt() * eps"),),
    ),
    Misconception(
        "ddim-no-noise",
        "ddim_step",
        "The fresh noise is missing, although room was made for it.",
        ((NOISE, "return x_prev"),),
    ),
    Misconception(
        "ddim-noise-variance",
        "ddim_step",
        "The fresh noise is multiplied by the variance sigma^2; it must be the standard deviation.",
        ((NOISE, "return x_prev if noise is None else x_prev + sigma2 * noise"),),
    ),
    Misconception(
        "ddim-eta-not-squared",
        "ddim_step",
        "eta scales the standard deviation sigma, so the variance holds eta squared.",
        ((SIGMA, SIGMA.replace("eta**2", "eta")),),
    ),
    Misconception(
        "ddim-sigma-inverted",
        "ddim_step",
        "The first ratio in sigma is upside down: sigma must vanish where the step reaches the data.",
        (
            (
                SIGMA,
                "sigma2 = eta**2 * (1 - level) / (1 - level_prev).clamp(min=1e-3) * (1 - level / level_prev)",
            ),
            (X_PREV, X_PREV.replace("- sigma2)", "- sigma2).clamp(min=0)")),
        ),
    ),
    Misconception(
        "ddim-sigma-beta",
        "ddim_step",
        "sigma is that of a step of the forward process, beta; the factor "
        "(1 - alpha_bar_prev) / (1 - alpha_bar_t) is missing.",
        (
            (SIGMA, "sigma2 = eta**2 * (1 - level / level_prev)"),
            (X_PREV, X_PREV.replace("- sigma2)", "- sigma2).clamp(min=0)")),
        ),
    ),
    Misconception(
        "ddim-sigma-of-one-step",
        "ddim_step",
        "sigma is that of a step from t to t - 1, also where the step is longer.",
        (
            (
                SIGMA,
                "one = alpha_bar[t - 1] if t > 0 else torch.ones_like(level)\n"
                "    sigma2 = eta**2 * (1 - one) / (1 - level) * (1 - level / one) * (t_prev >= 0)",
            ),
            (X_PREV, X_PREV.replace("- sigma2)", "- sigma2).clamp(min=0)")),
        ),
    ),
    Misconception(
        "ddim-x0-clipped",
        "ddim_step",
        "The estimate of x_0 is clipped to [-1, 1], as some samplers do. Here it is what the "
        "equation says.",
        ((FROM_TO, FROM_TO.replace("x0 = ", "x0 = (") + ").clamp(-1, 1)"),),
    ),
    Misconception(
        "ddim-level-bounded",
        "ddim_step",
        "Small alpha_bar are raised to a lower bound before dividing. The noisy end of a schedule goes below it.",
        ((X0, X0.replace("/ level.sqrt()", "/ level.clamp(min=1e-2).sqrt()")),),
    ),
    Misconception(
        "sampler-forwards",
        "ddim_sample",
        "The pairs are taken in reverse. They are in the order of generation already.",
        (
            (
                SAMPLE_LOOP,
                "for k, (t, t_prev) in enumerate(reversed(pairs)):",
            ),
        ),
    ),
    Misconception(
        "sampler-model-at-previous",
        "ddim_sample",
        "The model is told t_prev; x is at level t.",
        ((SAMPLE_ASK, SAMPLE_ASK.replace(", t, device", ", t_prev, device")),),
    ),
    Misconception(
        "sampler-model-told-position",
        "ddim_sample",
        "The model is told the number of the step, 0, 1, 2, ...; it was trained with the level t.",
        ((SAMPLE_ASK, SAMPLE_ASK.replace(", t, device", ", k, device")),),
    ),
    Misconception(
        "sampler-model-sees-the-start",
        "ddim_sample",
        "The model is shown x_T in every step; it must see the current x.",
        ((SAMPLE_ASK, SAMPLE_ASK.replace("model(x,", "model(x_T,")),),
    ),
    Misconception(
        "sampler-ignores-eta",
        "ddim_sample",
        "eta is not passed on to the steps.",
        ((SAMPLE_STEP, "x = ddim_step(x, eps, t, t_prev, alpha_bar)"),),
    ),
    Misconception(
        "sampler-noises-reversed",
        "ddim_sample",
        "The noises are used from the last to the first; they are in the order of use.",
        ((SAMPLE_NOISE, "noise = None if noises is None else noises[-1 - k]"),),
    ),
    Misconception(
        "sampler-same-noise",
        "ddim_sample",
        "All steps use the first noise. Every step needs noise of its own.",
        ((SAMPLE_NOISE, "noise = None if noises is None else noises[0]"),),
    ),
    Misconception(
        "sampler-stops-early",
        "ddim_sample",
        "The last pair is left out.",
        ((SAMPLE_LOOP, "for k, (t, t_prev) in enumerate(pairs[:-1]):"),),
    ),
    Misconception(
        "encode-order",
        "ddim_encode",
        "The pairs are taken in the order of generation. Encoding begins at the data, with the last pair.",
        ((ENCODE_LOOP, "for t, t_prev in pairs:"),),
    ),
    Misconception(
        "encode-decodes",
        "ddim_encode",
        "The levels are exchanged: this steps from t to t_prev, as for generation, but x is at level t_prev.",
        (
            (CLEAN, "clean = (x - (1 - level).sqrt() * eps) / level.sqrt()"),
            (ENCODE, "x = level_prev.sqrt() * clean + (1 - level_prev).sqrt() * eps"),
        ),
    ),
    Misconception(
        "encode-wraps",
        "ddim_encode",
        "At t_prev = -1 the level is looked up at index -1, which is the last, noisiest one. At the data "
        "alpha_bar is 1.",
        ((ENCODE_PREV, "        level_prev = alpha_bar[t_prev]\n        eps"),),
    ),
    Misconception(
        "encode-begins-at-level-zero",
        "ddim_encode",
        "The data are treated as if they were at level 0. They hold no noise: alpha_bar is 1.",
        ((ENCODE_PREV, "        level_prev = alpha_bar[max(t_prev, 0)]\n        eps"),),
    ),
    Misconception(
        "encode-level-zero-is-data",
        "ddim_encode",
        LEVEL_ZERO,
        ((ENCODE_PREV, ENCODE_PREV.replace("t_prev >= 0", "t_prev > 0")),),
    ),
    Misconception(
        "encode-model-at-previous",
        "ddim_encode",
        "The model is told t_prev (or 0 for the data). The step forwards asks at time t; the inverse must ask "
        "at the same time.",
        (
            (
                ENCODE_ASK,
                ENCODE_ASK.replace(", t, device", ", max(t_prev, 0), device"),
            ),
        ),
    ),
    Misconception(
        "encode-model-sees-the-data",
        "ddim_encode",
        "The model is shown x_0 in every step; it must see the current x.",
        ((ENCODE_ASK, ENCODE_ASK.replace("model(x,", "model(x0,")),),
    ),
    Misconception(
        "encode-estimate-not-rescaled",
        "ddim_encode",
        "The estimate of x_0 is not divided by sqrt(alpha_bar_prev).",
        ((CLEAN, "clean = x - (1 - level_prev).sqrt() * eps"),),
    ),
    Misconception(
        "encode-only-adds-noise",
        "ddim_encode",
        "Noise of full strength is added to x, although x holds some already: estimate x_0 first.",
        ((CLEAN, "clean = x"),),
    ),
    Misconception(
        "encode-keeps-noise-level",
        "ddim_encode",
        "The noise is put back at level t_prev; at level t there is more of it.",
        ((ENCODE, "x = level.sqrt() * clean + (1 - level_prev).sqrt() * eps"),),
    ),
)

ALTERNATIVES = (
    Alternative(
        "one-formula",
        (
            (
                ENCODE_LOOP
                + "\n        level = alpha_bar[t]\n"
                + ENCODE_PREV.removesuffix("        eps").rstrip(),
                "for t, t_prev in list(pairs)[::-1]:",
            ),
            (CLEAN + "\n        " + ENCODE, "x = ddim_step(x, eps, t_prev, t, alpha_bar)"),
            (
                "level = alpha_bar[t]\n    " + FROM_TO,
                "levels = torch.cat([alpha_bar, alpha_bar.new_ones(1)])\n"
                "    level, level_prev = levels[t], levels[t_prev]\n" + X0,
            ),
            (SIGMA, "sigma2 = 0 * level\n    if eta > 0:\n        " + SIGMA),
        ),
    ),
    Alternative(
        "posterior-weights",
        (
            (
                X_PREV,
                "sigma = eta * ((1 - level_prev) / (1 - level) * (1 - level / level_prev)).sqrt()\n"
                "    keep = ((1 - level_prev - sigma.square()) / (1 - level)).sqrt()\n"
                "    x_prev = level_prev.sqrt() * x0 + keep * (x_t - level.sqrt() * x0)",
            ),
            (
                CLEAN + "\n        " + ENCODE,
                "odds = ((1 - level) / level).sqrt() - ((1 - level_prev) / level_prev).sqrt()\n"
                "        x = level.sqrt() * (x / level_prev.sqrt() + odds * eps)",
            ),
        ),
    ),
    Alternative(
        "loops",
        (
            (
                PAIRS,
                "pairs, t_prev = [], -1\n"
                "    for t in reversed(times):\n"
                "        pairs.insert(0, [t, t_prev])\n"
                "        t_prev = t\n"
                "    return pairs",
            ),
            (SAMPLE_LOOP, "for k in range(len(pairs)):\n        t, t_prev = pairs[k]"),
            (
                SAMPLE_ASK,
                "eps = model(x, t * torch.ones(len(x), dtype=torch.int64, device=x.device))\n"
                "        noise = None if noises",
            ),
        ),
    ),
)
