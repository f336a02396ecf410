"""Q8: what goes wrong in flow matching."""

from autograder.misconceptions import Alternative, Misconception

POINT = "return (1 - (1 - sigma_min) * time) * noise + time * data"
TIME = "time = expand(t, data)\n    "
TARGET = "return data - (1 - sigma_min) * noise"
VELOCITY = "velocity = data - noise\n"
X = "x = noise + expand(t, data) * velocity\n"
ERROR = "error = model(x, t) - velocity\n"
LOSS = "return error.square().flatten(1).sum(dim=1).mean()"
EULER_TIME = "t = x.new_full((len(x),), n / num_steps)\n"
EULER_STEP = "x = x + model(x, t) / num_steps\n"
EULER = "for n in range(num_steps):\n            " + EULER_TIME + "            " + EULER_STEP
HEUN_TIMES = "start, end = (x.new_full((len(x),), m / num_steps) for m in (n, n + 1))\n"
HEUN_LOOP = "for n in range(num_steps):\n            " + HEUN_TIMES
HEUN_K1 = "k1 = model(x, start)\n"
HEUN_K2 = "k2 = model(x + h * k1, end)\n"
HEUN_STEP = "x = x + h * (k1 + k2) / 2\n"
HEUN_CORRECTION = HEUN_K2 + "            " + HEUN_STEP
PAIRS = "data = torch.cat([sample(batch) for batch in noise.split(batch_size)])\n"
NO_GRAD_PAIRS = "with torch.no_grad():\n        " + PAIRS
RETURN_PAIRS = "return noise.detach(), data"
VELOCITIES = "velocities = path.diff(dim=0) * (len(path) - 1)\n"
BEND = "error = (path[-1] - path[0]) - velocities\n"
STRAIGHTNESS = "return error.square().flatten(2).sum(dim=2).mean()"
RANKS = (
    "Only shapes (B, D) and (B, C, H, W) are provided for; x has any number of dimensions. With (B, T, D) "
    "the factor of an example meets the dimension next to the batch."
)

MISCONCEPTIONS = (
    Misconception(
        "interpolate-time-reversed",
        "interpolate",
        "Time runs from data to noise, as in diffusion; here t = 0 is noise and t = 1 data.",
        ((POINT, "return (1 - (1 - sigma_min) * time) * data + time * noise"),),
    ),
    Misconception(
        "interpolate-sigma-min-ignored",
        "interpolate",
        "sigma_min is not used: at t = 1 some noise must be left.",
        ((POINT, "return (1 - time) * noise + time * data"),),
    ),
    Misconception(
        "interpolate-sigma-min-added",
        "interpolate",
        "sigma_min is added to the noise's factor at all times; at t = 0 the point is the noise itself.",
        ((POINT, "return (1 - time + sigma_min) * noise + time * data"),),
    ),
    Misconception(
        "interpolate-sigma-min-on-data",
        "interpolate",
        "sigma_min shrinks the data's factor too; only the noise's depends on it.",
        ((POINT, "return (1 - (1 - sigma_min) * time) * noise + (1 - sigma_min) * time * data"),),
    ),
    Misconception(
        "interpolate-variance-preserving",
        "interpolate",
        "The factors are square roots, which keeps the variance but bends the path.",
        ((POINT, "return (1 - (1 - sigma_min) * time).sqrt() * noise + time.sqrt() * data"),),
    ),
    Misconception(
        "interpolate-last-dimension",
        "interpolate",
        "t (B,) meets the last dimension instead of the first: add dimensions of size 1 behind B.",
        ((TIME, "time = t\n    "),),
    ),
    Misconception(
        "interpolate-two-ranks",
        "interpolate",
        RANKS,
        ((TIME, "time = (t.view(-1, 1, 1, 1) if data.dim() == 4 else t.view(-1, 1))\n    "),),
    ),
    Misconception(
        "target-reversed",
        "velocity_target",
        "This points from data to noise; particles move from noise to data.",
        ((TARGET, "return (1 - sigma_min) * noise - data"),),
    ),
    Misconception(
        "target-sigma-min-ignored",
        "velocity_target",
        "sigma_min is not used: the velocity is the derivative of the line with sigma_min.",
        ((TARGET, "return data - noise"),),
    ),
    Misconception(
        "target-is-end-point",
        "velocity_target",
        "This is the data point, where the line ends, not the velocity along it.",
        ((TARGET, "return data"),),
    ),
    Misconception(
        "target-is-noise",
        "velocity_target",
        "This is the noise, the target of DDPM.",
        ((TARGET, "return (1 - sigma_min) * noise"),),
    ),
    Misconception(
        "target-sum",
        "velocity_target",
        "The sign of the noise is wrong: the velocity is a difference.",
        ((TARGET, "return data + (1 - sigma_min) * noise"),),
    ),
    Misconception(
        "target-sigma-min-on-data",
        "velocity_target",
        "sigma_min shrinks the data instead of the noise.",
        ((TARGET, "return (1 - sigma_min) * data - noise"),),
    ),
    Misconception(
        "target-sigma-min-on-both",
        "velocity_target",
        "sigma_min shrinks the data too. The velocity is the derivative of the line with respect to t: look where "
        "sigma_min stands in that.",
        ((TARGET, "return (1 - sigma_min) * (data - noise)"),),
    ),
    Misconception(
        "target-sigma-min-alone",
        "velocity_target",
        "The noise is multiplied by sigma_min. That is how much of it is left at the end, not how fast it goes.",
        ((TARGET, "return data - sigma_min * noise"),),
    ),
    Misconception(
        "loss-mean-over-entries",
        "flow_matching_loss",
        "The squared errors are averaged over the entries of an example; a squared norm is their sum.",
        ((LOSS, "return error.square().mean()"),),
    ),
    Misconception(
        "loss-sum-over-batch",
        "flow_matching_loss",
        "The squared norms are summed over the batch; average them.",
        ((LOSS, "return error.square().sum()"),),
    ),
    Misconception(
        "loss-norm-not-squared",
        "flow_matching_loss",
        "The norms are not squared.",
        ((LOSS, "return error.square().flatten(1).sum(dim=1).sqrt().mean()"),),
    ),
    Misconception(
        "loss-half",
        "flow_matching_loss",
        "There is a factor 1/2 too many.",
        ((LOSS, "return 0.5 * error.square().flatten(1).sum(dim=1).mean()"),),
    ),
    Misconception(
        "loss-target-reversed",
        "flow_matching_loss",
        "The model is compared with the velocity from data to noise.",
        ((ERROR, "error = model(x, t) + velocity\n"),),
    ),
    Misconception(
        "loss-target-is-noise",
        "flow_matching_loss",
        "The model is compared with the noise, as in DDPM; it predicts a velocity.",
        ((ERROR, "error = model(x, t) - noise\n"),),
    ),
    Misconception(
        "loss-time-reversed",
        "flow_matching_loss",
        "x_t runs from data to noise; t = 0 is noise.",
        ((X, "x = data - expand(t, data) * velocity\n"),),
    ),
    Misconception(
        "loss-model-time-reversed",
        "flow_matching_loss",
        "The model is told 1 - t, but it gets x_t.",
        ((ERROR, "error = model(x, 1 - t) - velocity\n"),),
    ),
    Misconception(
        "loss-at-data",
        "flow_matching_loss",
        "The model is called at the data; it is to be called at x_t.",
        ((X, "x = data\n"),),
    ),
    Misconception(
        "loss-last-dimension",
        "flow_matching_loss",
        "t (B,) meets the last dimension instead of the first: add dimensions of size 1 behind B.",
        ((X, "x = noise + t * velocity\n"),),
    ),
    Misconception(
        "loss-times-reshaped",
        "flow_matching_loss",
        "The model gets t with dimensions of size 1 behind B. It wants one number per example, "
        "(B,); only what multiplies x is to be reshaped.",
        ((ERROR, "error = model(x, expand(t, data)) - velocity\n"),),
    ),
    Misconception(
        "loss-two-ranks",
        "flow_matching_loss",
        RANKS,
        (
            (
                X,
                X.replace(
                    "expand(t, data)", "(t.view(-1, 1, 1, 1) if data.dim() == 4 else t.view(-1, 1))"
                ),
            ),
        ),
    ),
    Misconception(
        "euler-time-reversed",
        "euler_sample",
        "Time runs from 1 to 0; the flow starts in noise at t = 0.",
        ((EULER, EULER.replace("n / num_steps)", "1 - n / num_steps)")),),
    ),
    Misconception(
        "euler-end-of-step",
        "euler_sample",
        "The velocity is taken at the time of each step's end; Euler's method takes that of its start.",
        ((EULER, EULER.replace("n / num_steps)", "(n + 1) / num_steps)")),),
    ),
    Misconception(
        "euler-minus",
        "euler_sample",
        "The velocity is subtracted: the flow is followed backwards.",
        ((EULER, EULER.replace("x + model", "x - model")),),
    ),
    Misconception(
        "euler-grid-ends-at-one",
        "euler_sample",
        "The grid of N times includes t = 1, so its spacing is not the step 1/N. N steps have N + 1 ends.",
        ((EULER, EULER.replace("n / num_steps)", "n / max(num_steps - 1, 1))")),),
    ),
    Misconception(
        "euler-step-too-many",
        "euler_sample",
        "There is one step too many, beyond t = 1.",
        ((EULER, EULER.replace("range(num_steps)", "range(num_steps + 1)")),),
    ),
    Misconception(
        "euler-step-index",
        "euler_sample",
        "The model is told the number of the step instead of the time in [0, 1].",
        ((EULER, EULER.replace("n / num_steps)", "float(n))")),),
    ),
    Misconception(
        "euler-step-not-scaled",
        "euler_sample",
        "The velocity is added without the step length.",
        ((EULER, EULER.replace("model(x, t) / num_steps", "model(x, t)")),),
    ),
    Misconception(
        "euler-keeps-graph",
        "euler_sample",
        "The samples hang on the model's graph, and memory grows with every step: sample without "
        "gradients.",
        ((EULER, EULER.replace("for n", "torch.set_grad_enabled(True)\n        for n")),),
    ),
    Misconception(
        "euler-one-time-for-batch",
        "euler_sample",
        "The model is told one time without a batch dimension; it must be told the time of each "
        "example, shape (B,).",
        ((EULER, EULER.replace("(len(x),)", "()")),),
    ),
    Misconception(
        "heun-sample-is-euler",
        "heun_sample",
        "The second slope is computed but not used: this is Euler's method.",
        ((HEUN_CORRECTION, HEUN_CORRECTION.replace("(k1 + k2) / 2", "k1")),),
    ),
    Misconception(
        "heun-sample-second-slope-early",
        "heun_sample",
        "The second slope is taken at the step's start time; it belongs to its end.",
        ((HEUN_K2, HEUN_K2.replace("end", "start")),),
    ),
    Misconception(
        "heun-sample-second-slope-unmoved",
        "heun_sample",
        "The second slope is taken at the old point; it belongs to the predicted one.",
        ((HEUN_K2, "k2 = model(x, end)\n"),),
    ),
    Misconception(
        "heun-sample-slopes-summed",
        "heun_sample",
        "The slopes are added up, not averaged: every step is twice too long.",
        ((HEUN_STEP, "x = x + h * (k1 + k2)\n"),),
    ),
    Misconception(
        "heun-sample-last-step-euler",
        "heun_sample",
        "The last step is an Euler step, as diffusion samplers have it; there is no such exception here.",
        (
            (
                HEUN_CORRECTION,
                "k2 = model(x + h * k1, end) if n + 1 < num_steps else k1\n            "
                + HEUN_STEP,
            ),
        ),
    ),
    Misconception(
        "heun-sample-is-midpoint",
        "heun_sample",
        "This is the midpoint method, another one of second order.",
        (
            (
                HEUN_CORRECTION,
                "k2 = model(x + h * k1 / 2, (start + end) / 2)\n            x = x + h * k2\n",
            ),
        ),
    ),
    Misconception(
        "heun-sample-half-the-steps",
        "heun_sample",
        "The N calls of the model are shared by N/2 steps; N counts steps, each with two calls.",
        (
            (
                "x, h = noise, 1 / num_steps\n",
                "num_steps = max(num_steps // 2, 1)\n    x, h = noise, 1 / num_steps\n",
            ),
        ),
    ),
    Misconception(
        "heun-sample-corrects-prediction",
        "heun_sample",
        "The averaged slope is added to the predicted point; start again from the old one.",
        ((HEUN_STEP, "x = x + h * k1 + h * (k1 + k2) / 2\n"),),
    ),
    Misconception(
        "heun-sample-one-time-for-batch",
        "heun_sample",
        "The model is told one time for the batch, of shape (1,); it must be told the time of "
        "each example, shape (B,).",
        ((HEUN_LOOP, HEUN_LOOP.replace("(len(x),)", "(1,)")),),
    ),
    Misconception(
        "pairs-swapped",
        "rectification_pairs",
        "Data and noise are returned in the other order.",
        ((RETURN_PAIRS, "return data, noise.detach()"),),
    ),
    Misconception(
        "pairs-reversed",
        "rectification_pairs",
        "The batches of data come in another order than the noise: the pairs are torn apart.",
        (
            (
                PAIRS,
                "data = torch.cat([sample(batch) for batch in noise.split(batch_size)][::-1])\n",
            ),
        ),
    ),
    Misconception(
        "pairs-shuffled",
        "rectification_pairs",
        "The data are shuffled against the noise, as independent pairs are. The coupling is the point.",
        ((RETURN_PAIRS, "return noise.detach(), data.roll(1, dims=0)"),),
    ),
    Misconception(
        "pairs-incomplete-batch-dropped",
        "rectification_pairs",
        "The last, incomplete batch is dropped.",
        (
            (
                PAIRS,
                "noise = noise[: len(noise) // batch_size * batch_size]\n        " + PAIRS,
            ),
        ),
    ),
    Misconception(
        "pairs-in-one-batch",
        "rectification_pairs",
        "All noises are given to the sampler at once, whatever batch_size says.",
        ((PAIRS, "data = sample(noise)\n"),),
    ),
    Misconception(
        "pairs-keep-graph",
        "rectification_pairs",
        "The data hang on the graph of the old model: it would be trained along, and memory would grow.",
        ((NO_GRAD_PAIRS, "with torch.enable_grad():\n        " + PAIRS),),
    ),
    Misconception(
        "pairs-displacement",
        "rectification_pairs",
        "The second item is the displacement; the data points themselves are asked for.",
        ((RETURN_PAIRS, "return noise.detach(), data - noise.detach()"),),
    ),
    Misconception(
        "straightness-raw-steps",
        "straightness",
        "The steps are not divided by their length 1/N: they are not velocities.",
        ((VELOCITIES, "velocities = path.diff(dim=0)\n"),),
    ),
    Misconception(
        "straightness-points-counted",
        "straightness",
        "The steps are multiplied by the number of points; there is one step less.",
        ((VELOCITIES, "velocities = path.diff(dim=0) * len(path)\n"),),
    ),
    Misconception(
        "straightness-sum-over-steps",
        "straightness",
        "The steps are added up without their length; the integral is the mean over them.",
        ((STRAIGHTNESS, "return error.square().flatten(2).sum(dim=2).mean(dim=1).sum()"),),
    ),
    Misconception(
        "straightness-mean-over-entries",
        "straightness",
        "The squares are averaged over the entries of an example; a squared norm is their sum.",
        ((STRAIGHTNESS, "return error.square().mean()"),),
    ),
    Misconception(
        "straightness-not-squared",
        "straightness",
        "The norms are not squared.",
        ((STRAIGHTNESS, "return error.square().flatten(2).sum(dim=2).sqrt().mean()"),),
    ),
    Misconception(
        "straightness-of-sum",
        "straightness",
        "Velocities and displacement are added; it is their difference that vanishes on a line.",
        ((BEND, "error = (path[-1] - path[0]) + velocities\n"),),
    ),
    Misconception(
        "straightness-mean-velocity",
        "straightness",
        "Each velocity is compared with the mean over the batch; compare it with the displacement of "
        "its own example.",
        ((BEND, "error = (path[-1] - path[0]).mean(dim=0) - velocities\n"),),
    ),
)

ALTERNATIVES = (
    Alternative(
        "lerp-and-distances",
        (
            (
                TIME + POINT,
                "mean = torch.einsum('b,b...->b...', t, data)\n"
                "    std = 1 - t + sigma_min * t\n"
                "    return mean + torch.einsum('b,b...->b...', std, noise)",
            ),
            (TARGET, "return torch.sub(data, noise) + sigma_min * noise"),
            (
                VELOCITY + "    " + X + "    " + ERROR + "    " + LOSS,
                "weight = t.view(-1, *([1] * (noise.dim() - 1))).expand_as(noise)\n"
                "    predicted = model(torch.lerp(noise, data, weight), t)\n"
                "    loss = torch.nn.functional.mse_loss(predicted, data - noise, reduction='sum')\n"
                "    return loss / len(t)",
            ),
            (
                EULER,
                "for t in torch.linspace(0, 1, num_steps + 1, device=x.device)[:-1]:\n"
                "            x = torch.add(x, model(x, t.repeat(len(x))), alpha=1 / num_steps)\n",
            ),
            (
                HEUN_STEP,
                "x = 0.5 * (x + h * k1) + 0.5 * x + 0.5 * h * k2\n",
            ),
            (
                NO_GRAD_PAIRS + "    " + RETURN_PAIRS,
                "data, noise = [], noise.detach()\n"
                "    for start in range(0, len(noise), batch_size):\n"
                "        data.append(sample(noise[start : start + batch_size]).detach())\n"
                "    return noise, torch.vstack(data)",
            ),
            (
                VELOCITIES + "    " + BEND + "    " + STRAIGHTNESS,
                "n, batch = len(path) - 1, path.shape[1]\n"
                "    squares = (n * path.diff(dim=0)).square().sum() / (n * batch)\n"
                "    return squares - (path[-1] - path[0]).square().sum() / batch",
            ),
        ),
    ),
    Alternative(
        "row-by-row-flow",
        (
            (
                TIME + POINT,
                "rows = zip(noise, data, t, strict=True)\n"
                "    return torch.stack([(1 - s + sigma_min * s) * z + s * x for z, x, s in rows])",
            ),
            (LOSS, "return torch.stack([e.norm() ** 2 for e in error]).mean()"),
            (
                "x = noise\n    with torch.no_grad():\n        " + EULER,
                "x, t = noise.detach(), noise.detach().flatten(1)[:, 0] * 0\n"
                "    for _ in range(num_steps):\n"
                "        x = x + model(x, t).detach() * (1 / num_steps)\n"
                "        t = t + 1 / num_steps\n",
            ),
            (
                VELOCITIES + "    " + BEND + "    " + STRAIGHTNESS,
                "total = 0.0\n"
                "    for before, after in zip(path[:-1], path[1:], strict=True):\n"
                "        bend = (after - before) * (len(path) - 1) - path[-1] + path[0]\n"
                "        total = total + (bend**2).sum() / path.shape[1]\n"
                "    return total / (len(path) - 1)",
            ),
        ),
    ),
)
