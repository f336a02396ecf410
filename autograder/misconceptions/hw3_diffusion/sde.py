"""Q7: what goes wrong with stochastic differential equations."""

from autograder.misconceptions import Alternative, Misconception

INTEGRAL = "integral = beta_min * t + (beta_max - beta_min) * t**2 / 2\n"
VP_MEAN = "mean = expand(torch.exp(-integral / 2), x0) * x0\n"
VP_STD = "(-torch.expm1(-integral)).sqrt()"
SIGMA = "sigma = sigma_min * (sigma_max / sigma_min) ** t\n"
VE = "return x0, (sigma**2 - sigma_min**2).sqrt()"
REVERSE = "return sde.drift(x, t) - variance * score(x, t)"
VARIANCE = "variance = expand(sde.diffusion(t) ** 2, x)\n    "
STEP_TIME = "t, h = start.expand(len(x)), end - start\n"
STEP_STD = "std = diffusion(t) * h.abs().sqrt()\n"
STEP = "x = x + drift(x, t) * h + expand(std, x) * eps\n"
FLOW = "return sde.drift(x, t) - 0.5 * variance * score(x, t)"
HEUN_H = "h = end - start\n        k1 = drift(x, start.expand(len(x)))\n"
HEUN_K1 = "k1 = drift(x, start.expand(len(x)))\n"
HEUN_K2 = "k2 = drift(x + h * k1, end.expand(len(x)))\n        "
HEUN_STEP = "x = x + h * (k1 + k2) / 2\n"
HEUN_END = HEUN_K2 + HEUN_STEP
PRODUCTS = "products = [torch.autograd.grad(y, x, v, retain_graph=True)[0] for v in probes]\n"
TRACE = "return (torch.stack(products) * probes).flatten(2).sum(dim=2).mean(dim=0)"
STAGES = "h, t1, t2 = end - start, start.expand(len(x)), end.expand(len(x))\n"
PREDICTED = "predicted = x + h * k1\n"
D1 = "d1 = hutchinson_trace(lambda y, t=t1: drift(y, t), x, probes)\n"
D2 = "d2 = hutchinson_trace(lambda y, t=t2: drift(y, t), predicted, probes)\n"
PATH = "x = x + h * (k1 + k2) / 2\n            integral"
GROWTH = "integral = integral + h * (d1 + d2) / 2\n"
NORMALIZER = "log_normalizer = math.log(prior_std) + 0.5 * math.log(2 * math.pi)\n"
PRIOR = "log_prior = -0.5 * (x / prior_std) ** 2 - log_normalizer\n"
LIKELIHOOD = "return log_prior.flatten(1).sum(dim=1) + integral, x"
SCALES = "return sigma_data**2 / total**2, sigma * sigma_data / total, 1 / total, sigma.log() / 4"
INPUT = "output = network(expand(c_in, x) * x, c_noise)\n"
DENOISED = "return expand(c_skip, x) * x + expand(c_out, x) * output"
RANKS = (
    "Only shapes (B, D) and (B, C, H, W) are provided for; x has any number of dimensions. With (B, T, D) "
    "the factor of an example meets the dimension next to the batch."
)

MISCONCEPTIONS = (
    Misconception(
        "vp-std-is-variance",
        "vp_marginal",
        "The variance is returned; the standard deviation is asked for.",
        ((VP_STD, "-torch.expm1(-integral)"),),
    ),
    Misconception(
        "vp-mean-not-halved",
        "vp_marginal",
        "The mean is scaled by exp(-I), which is the share of the variance that is left. The signal's "
        "amplitude is its square root.",
        ((VP_MEAN, VP_MEAN.replace("-integral / 2", "-integral")),),
    ),
    Misconception(
        "vp-beta-times-t",
        "vp_marginal",
        "I(t) is taken as beta(t) t. beta grows, so its integral from 0 to t is less than that.",
        ((INTEGRAL, INTEGRAL.replace(" / 2", "")),),
    ),
    Misconception(
        "vp-beta-instead-of-integral",
        "vp_marginal",
        "beta(t) itself stands where its integral belongs; at t = 0 there would already be noise.",
        ((INTEGRAL, "integral = beta_min + (beta_max - beta_min) * t\n"),),
    ),
    Misconception(
        "vp-without-beta-min",
        "vp_marginal",
        "The integral of beta_max t is taken: beta(t) begins at beta_min, not at 0.",
        ((INTEGRAL, "integral = beta_max * t**2 / 2\n"),),
    ),
    Misconception(
        "vp-std-complements-amplitude",
        "vp_marginal",
        "The variance is taken as one minus the mean's factor; amplitudes add up in squares.",
        ((VP_STD, "(-torch.expm1(-integral / 2)).sqrt()"),),
    ),
    Misconception(
        "vp-last-dimension",
        "vp_marginal",
        "The factors (B,) meet the last dimension of x0 instead of the first: add dimensions of size 1 "
        "behind B.",
        ((VP_MEAN, "mean = torch.exp(-integral / 2) * x0\n"),),
    ),
    Misconception(
        "vp-two-ranks",
        "vp_marginal",
        RANKS,
        (
            (
                VP_MEAN,
                "decay = torch.exp(-integral / 2)\n    mean = (decay.view(-1, 1, 1, 1) if x0.dim() == 4 else decay.view(-1, 1)) * x0\n",
            ),
        ),
    ),
    Misconception(
        "ve-not-exact-at-zero",
        "ve_marginal",
        "This is sigma(t), which is not 0 at t = 0. The SDE starts at the data itself, so that the "
        "variance it has added is a difference.",
        ((VE, "return x0, sigma"),),
    ),
    Misconception(
        "ve-std-is-variance",
        "ve_marginal",
        "The variance is returned; the standard deviation is asked for.",
        ((VE, "return x0, sigma**2 - sigma_min**2"),),
    ),
    Misconception(
        "ve-stds-subtracted",
        "ve_marginal",
        "Standard deviations are subtracted; variances add up, so they are what to subtract.",
        ((VE, "return x0, sigma - sigma_min"),),
    ),
    Misconception(
        "ve-linear-sigma",
        "ve_marginal",
        "sigma(t) is interpolated linearly; its logarithm is linear in t.",
        ((SIGMA, "sigma = sigma_min + (sigma_max - sigma_min) * t\n"),),
    ),
    Misconception(
        "ve-time-reversed",
        "ve_marginal",
        "Time runs backwards: sigma is largest at t = 0, where the data are.",
        ((SIGMA, "sigma = sigma_max * (sigma_min / sigma_max) ** t\n"),),
    ),
    Misconception(
        "ve-square-only",
        "ve_marginal",
        "sigma(t) is off: the power of the ratio lacks the factor sigma_min in front.",
        ((SIGMA, "sigma = (sigma_max / sigma_min) ** t\n"),),
    ),
    Misconception(
        "ve-mean-shrinks",
        "ve_marginal",
        "The mean is shrunk so that the variance stays 1; this SDE has no drift and leaves it alone.",
        (
            (
                VE,
                "std = (sigma**2 - sigma_min**2).sqrt()\n"
                "    return x0 / expand((1 + std**2).sqrt(), x0), std",
            ),
        ),
    ),
    Misconception(
        "reverse-drift-half",
        "reverse_drift",
        "The score has the factor 1/2 of the probability-flow ODE; the reverse SDE takes all of g^2.",
        ((REVERSE, REVERSE.replace("variance *", "0.5 * variance *")),),
    ),
    Misconception(
        "reverse-drift-sign",
        "reverse_drift",
        "The sign of the score term is wrong. With dt < 0, the minus moves points uphill.",
        ((REVERSE, REVERSE.replace("- variance", "+ variance")),),
    ),
    Misconception(
        "reverse-drift-g-not-squared",
        "reverse_drift",
        "g enters once; the score is weighted by its square.",
        (
            (
                VARIANCE + REVERSE,
                "variance = expand(sde.diffusion(t), x)\n    " + REVERSE,
            ),
        ),
    ),
    Misconception(
        "reverse-drift-negated",
        "reverse_drift",
        "The whole drift is negated, as for a clock that counts up while time runs back. Here dt is negative.",
        ((REVERSE, "return variance * score(x, t) - sde.drift(x, t)"),),
    ),
    Misconception(
        "reverse-drift-forward-negated",
        "reverse_drift",
        "The drift of the forward SDE is negated; only the score term is new.",
        ((REVERSE, "return -sde.drift(x, t) - variance * score(x, t)"),),
    ),
    Misconception(
        "reverse-drift-score-only",
        "reverse_drift",
        "The drift of the forward SDE is left out; that is right for the variance-exploding SDE only.",
        ((REVERSE, "return -variance * score(x, t)"),),
    ),
    Misconception(
        "reverse-drift-times-reshaped",
        "reverse_drift",
        "The times are given dimensions of size 1 before they are passed on. Drift, diffusion and "
        "score want them as they are, (B,); what must broadcast is the variance.",
        ((VARIANCE + REVERSE, "t = expand(t, x)\n    " + VARIANCE + REVERSE),),
    ),
    Misconception(
        "reverse-drift-two-ranks",
        "reverse_drift",
        RANKS,
        (
            (
                VARIANCE + REVERSE,
                "variance = sde.diffusion(t) ** 2\n    variance = (variance.view(-1, 1, 1, 1) if x.dim() == 4 else variance.view(-1, 1))\n    "
                + REVERSE,
            ),
        ),
    ),
    Misconception(
        "em-noise-times-step",
        "euler_maruyama",
        "The noise is scaled by the step; its variance is what grows with time.",
        ((STEP_STD, "std = diffusion(t) * h.abs()\n"),),
    ),
    Misconception(
        "em-last-step-without-noise",
        "euler_maruyama",
        "The last step adds no noise. Many samplers do so; here every step has its noise.",
        ((STEP_STD, "std = diffusion(t) * h.abs().sqrt() * (end != times[-1])\n"),),
    ),
    Misconception(
        "em-end-of-step",
        "euler_maruyama",
        "Drift and diffusion are taken at the end of each step; the scheme takes them at its start.",
        ((STEP_TIME, "t, h = end.expand(len(x)), end - start\n"),),
    ),
    Misconception(
        "em-absolute-step",
        "euler_maruyama",
        "The drift is followed by |h|: backwards in time, the step is negative.",
        ((STEP, STEP.replace("* h +", "* h.abs() +")),),
    ),
    Misconception(
        "em-equal-steps",
        "euler_maruyama",
        "The steps are taken as equal; the grid need not be.",
        (
            (
                STEP_TIME,
                "t, h = start.expand(len(x)), (times[-1] - times[0]) / (len(times) - 1)\n",
            ),
        ),
    ),
    Misconception(
        "em-noise-without-diffusion",
        "euler_maruyama",
        "The diffusion coefficient is missing from the noise.",
        ((STEP_STD, "std = h.abs().sqrt().expand(len(x))\n"),),
    ),
    Misconception(
        "em-diffusion-squared",
        "euler_maruyama",
        "The diffusion coefficient is squared; noise is scaled by a standard deviation.",
        ((STEP_STD, "std = diffusion(t) ** 2 * h.abs().sqrt()\n"),),
    ),
    Misconception(
        "em-one-time-for-batch",
        "euler_maruyama",
        "Drift and diffusion are told one time without a batch dimension; they must be told the "
        "time of each example, shape (B,).",
        ((STEP_TIME, "t, h = start, end - start\n"),),
    ),
    Misconception(
        "em-two-ranks",
        "euler_maruyama",
        RANKS,
        (
            (
                STEP,
                STEP.replace(
                    "expand(std, x)", "(std.view(-1, 1, 1, 1) if x.dim() == 4 else std.view(-1, 1))"
                ),
            ),
        ),
    ),
    Misconception(
        "flow-drift-whole-variance",
        "probability_flow_drift",
        "The factor 1/2 is missing; with all of g^2 it is the reverse SDE's drift.",
        ((FLOW, FLOW.replace("0.5 * ", "1.0 * ")),),
    ),
    Misconception(
        "flow-drift-sign",
        "probability_flow_drift",
        "The sign of the score term is wrong.",
        ((FLOW, FLOW.replace("- 0.5", "+ 0.5")),),
    ),
    Misconception(
        "flow-drift-all-halved",
        "probability_flow_drift",
        "The forward drift is halved too; only the score term is.",
        ((FLOW, "return 0.5 * (sde.drift(x, t) - variance * score(x, t))"),),
    ),
    Misconception(
        "flow-drift-g-not-squared",
        "probability_flow_drift",
        "g enters once; the score is weighted by its square.",
        ((VARIANCE + FLOW, "variance = expand(sde.diffusion(t), x)\n    " + FLOW),),
    ),
    Misconception(
        "flow-drift-quarter",
        "probability_flow_drift",
        "g is halved before it is squared, which gives a quarter.",
        ((FLOW, FLOW.replace("0.5", "0.25")),),
    ),
    Misconception(
        "flow-drift-score-only",
        "probability_flow_drift",
        "The drift of the forward SDE is left out; that is right for the variance-exploding SDE "
        "only.",
        ((FLOW, "return -0.5 * variance * score(x, t)"),),
    ),
    Misconception(
        "flow-drift-negated",
        "probability_flow_drift",
        "The whole drift is negated. An ODE runs both ways with one and the same drift: the sign "
        "of the step does the rest.",
        ((FLOW, "return 0.5 * variance * score(x, t) - sde.drift(x, t)"),),
    ),
    Misconception(
        "flow-drift-times-reshaped",
        "probability_flow_drift",
        "The times are given dimensions of size 1 before they are passed on. Drift, diffusion and "
        "score want them as they are, (B,); what must broadcast is the variance.",
        ((VARIANCE + FLOW, "t = expand(t, x)\n    " + VARIANCE + FLOW),),
    ),
    Misconception(
        "flow-drift-two-ranks",
        "probability_flow_drift",
        RANKS,
        (
            (
                VARIANCE + FLOW,
                "variance = sde.diffusion(t) ** 2\n    variance = (variance.view(-1, 1, 1, 1) if x.dim() == 4 else variance.view(-1, 1))\n    "
                + FLOW,
            ),
        ),
    ),
    Misconception(
        "heun-is-euler",
        "heun",
        "This is Euler's method: the second slope is not used.",
        ((HEUN_END, HEUN_K2 + "x = x + h * k1\n"),),
    ),
    Misconception(
        "heun-is-midpoint",
        "heun",
        "This is the midpoint method, another one of second order.",
        (
            (
                HEUN_END,
                "k2 = drift(x + h * k1 / 2, (start + h / 2).expand(len(x)))\n"
                "        x = x + h * k2\n",
            ),
        ),
    ),
    Misconception(
        "heun-slopes-summed",
        "heun",
        "The slopes are added up, not averaged: every step is twice too long.",
        ((HEUN_END, HEUN_K2 + "x = x + h * (k1 + k2)\n"),),
    ),
    Misconception(
        "heun-second-slope-early",
        "heun",
        "The second slope is taken at the step's start time; it belongs to its end.",
        ((HEUN_END, HEUN_END.replace("end.expand", "start.expand")),),
    ),
    Misconception(
        "heun-second-slope-unmoved",
        "heun",
        "The second slope is taken at the old point; it belongs to the predicted one.",
        ((HEUN_END, HEUN_END.replace("x + h * k1,", "x,")),),
    ),
    Misconception(
        "heun-corrects-prediction",
        "heun",
        "The averaged slope is added to the predicted point; start again from the old one.",
        ((HEUN_END, HEUN_K2 + "x = x + h * k1 + h * (k1 + k2) / 2\n"),),
    ),
    Misconception(
        "heun-last-step-euler",
        "heun",
        "The last step is an Euler step, as where a network cannot be called at noise level 0. There "
        "is no such exception here.",
        ((HEUN_END, HEUN_K2 + "x = x + h * (k1 if end == times[-1] else (k1 + k2) / 2)\n"),),
    ),
    Misconception(
        "heun-one-time-for-batch",
        "heun",
        "The drift is told one time without a batch dimension; it must be told the time of each "
        "example, shape (B,).",
        (
            (HEUN_K1, "k1 = drift(x, start)\n"),
            (HEUN_K2, "k2 = drift(x + h * k1, end)\n        "),
        ),
    ),
    Misconception(
        "trace-sum-over-probes",
        "hutchinson_trace",
        "The products are added up over the probes; the estimate is their mean.",
        ((TRACE, TRACE.replace("mean(dim=0)", "sum(dim=0)")),),
    ),
    Misconception(
        "trace-first-probe",
        "hutchinson_trace",
        "Only the first probe is used.",
        ((TRACE, TRACE.replace("mean(dim=0)", "select(0, 0)")),),
    ),
    Misconception(
        "trace-without-second-product",
        "hutchinson_trace",
        "v^T J is summed over its entries; it must be multiplied by v once more.",
        ((TRACE, "return torch.stack(products).flatten(2).sum(dim=2).mean(dim=0)"),),
    ),
    Misconception(
        "trace-mean-over-entries",
        "hutchinson_trace",
        "The product v^T J v is averaged over the entries of an example; it is a sum.",
        ((TRACE, TRACE.replace("sum(dim=2)", "mean(dim=2)")),),
    ),
    Misconception(
        "trace-over-batch",
        "hutchinson_trace",
        "The estimate is averaged over the batch; every example has a divergence of its own.",
        ((TRACE, TRACE.replace("mean(dim=0)", "mean().expand(len(x))")),),
    ),
    Misconception(
        "trace-column-sums",
        "hutchinson_trace",
        "The gradient of the sum of all outputs is weighted by v^2; it holds sums over the Jacobian's "
        "columns, not its diagonal.",
        (
            (
                PRODUCTS,
                "columns = torch.autograd.grad(y.sum(), x)[0]\n"
                "        products = [columns * v for v in probes]\n",
            ),
        ),
    ),
    Misconception(
        "trace-signs",
        "hutchinson_trace",
        "Probes enter by their signs only. Random signs are one choice of probes; those given are "
        "to be used as they are.",
        ((PRODUCTS, "probes = probes.sign()\n        " + PRODUCTS),),
    ),
    Misconception(
        "trace-backward",
        "hutchinson_trace",
        "`backward()` also adds to the `.grad` of the network's parameters, and the next "
        "optimiser step uses it. Ask for the product with respect to x alone.",
        (
            (
                PRODUCTS,
                "products = []\n        for v in probes:\n            x.grad = None\n            y.backward(v, retain_graph=True)\n            products.append(x.grad)\n",
            ),
        ),
    ),
    Misconception(
        "trace-keeps-graph",
        "hutchinson_trace",
        "The products hang on a graph (`create_graph`), and so does the estimate: memory grows along a path.",
        ((PRODUCTS, PRODUCTS.replace("retain_graph=True", "create_graph=True")),),
    ),
    Misconception(
        "trace-unmarks-x",
        "hutchinson_trace",
        "x is marked for gradients and then unmarked, also where it required gradients before: it is the caller's. Mark a detached copy.",
        (
            ("x = x.detach().requires_grad_()", "x.requires_grad_(True)"),
            (PRODUCTS, PRODUCTS + "        x.requires_grad_(False)\n"),
        ),
    ),
    Misconception(
        "likelihood-sign",
        "ode_log_prob",
        "The divergence enters with the wrong sign: where the flow expands on its way to the prior, the "
        "data are denser than the prior there.",
        ((GROWTH, "integral = integral - h * (d1 + d2) / 2\n"),),
    ),
    Misconception(
        "likelihood-prior-only",
        "ode_log_prob",
        "The integral of the divergence is missing: this is the prior's density at the end point.",
        ((LIKELIHOOD, "return log_prior.flatten(1).sum(dim=1) + 0 * integral, x"),),
    ),
    Misconception(
        "likelihood-left-rule",
        "ode_log_prob",
        "The divergence is integrated by Euler's rule; take the mean of both stages, as for the path.",
        ((GROWTH, "integral = integral + h * d1\n"),),
    ),
    Misconception(
        "likelihood-corrected-stage",
        "ode_log_prob",
        "The second divergence is taken at the corrected point; the stage is the predicted one.",
        (
            (
                D2,
                "d2 = hutchinson_trace(lambda y, t=t2: drift(y, t), x + h * (k1 + k2) / 2, probes)\n",
            ),
        ),
    ),
    Misconception(
        "likelihood-without-constant",
        "ode_log_prob",
        "The prior's density lacks its constant, half the logarithm of 2 pi per entry.",
        ((NORMALIZER, "log_normalizer = math.log(prior_std)\n"),),
    ),
    Misconception(
        "likelihood-constant-once",
        "ode_log_prob",
        "The prior's normaliser is counted once per example; it belongs to every entry.",
        (
            (PRIOR, "log_prior = -0.5 * (x / prior_std) ** 2\n"),
            (
                LIKELIHOOD,
                "return log_prior.flatten(1).sum(dim=1) - log_normalizer + integral, x",
            ),
        ),
    ),
    Misconception(
        "likelihood-standard-prior",
        "ode_log_prob",
        "The prior is taken as standard normal; its standard deviation is an argument.",
        (
            (NORMALIZER, "log_normalizer = 0.5 * math.log(2 * math.pi)\n"),
            (PRIOR, "log_prior = -0.5 * x**2 - log_normalizer\n"),
        ),
    ),
    Misconception(
        "likelihood-mean",
        "ode_log_prob",
        "The prior's log-density is averaged over the entries; a log-density is their sum.",
        ((LIKELIHOOD, "return log_prior.flatten(1).mean(dim=1) + integral, x"),),
    ),
    Misconception(
        "likelihood-keeps-graph",
        "ode_log_prob",
        "The result hangs on the graph of the drift, of all steps of the path: memory grows with "
        "every step. Only the divergence needs a graph, and only inside one stage.",
        (("    with torch.no_grad():\n", "    with torch.enable_grad():\n"),),
    ),
    Misconception(
        "likelihood-backward",
        "ode_log_prob",
        "The divergence comes from `.backward()`, which adds to the .grad of the drift's parameters. Measuring "
        "a likelihood must not touch what the next step of training uses.",
        (
            (
                "integral = x.new_zeros(len(x))",
                "def trace(function, x, probes):\n"
                "        with torch.enable_grad():\n"
                "            x = x.detach().requires_grad_()\n"
                "            y, products = function(x), []\n"
                "            for v in probes:\n"
                "                x.grad = None\n"
                "                y.backward(v, retain_graph=True)\n"
                "                products.append(x.grad)\n"
                "        return (torch.stack(products) * probes).flatten(2).sum(dim=2).mean(dim=0)\n\n"
                "    integral = x.new_zeros(len(x))",
            ),
            (D1, D1.replace("hutchinson_trace", "trace")),
            (D2, D2.replace("hutchinson_trace", "trace")),
        ),
    ),
    Misconception(
        "likelihood-one-time-for-batch",
        "ode_log_prob",
        "The drift is told one time without a batch dimension; it must be told the time of each "
        "example, shape (B,).",
        ((STAGES, "h, t1, t2 = end - start, start, end\n"),),
    ),
    Misconception(
        "edm-noise-half",
        "edm_preconditioning",
        "c_noise is half the logarithm; the paper takes a quarter.",
        ((SCALES, SCALES.replace("sigma.log() / 4", "sigma.log() / 2")),),
    ),
    Misconception(
        "edm-noise-base-ten",
        "edm_preconditioning",
        "c_noise uses a logarithm to base 10; it is the natural one.",
        ((SCALES, SCALES.replace("sigma.log() / 4", "sigma.log10() / 4")),),
    ),
    Misconception(
        "edm-in-variance",
        "edm_preconditioning",
        "c_in divides by the variance of the input; dividing by its standard deviation makes it 1.",
        ((SCALES, SCALES.replace("1 / total,", "1 / total**2,")),),
    ),
    Misconception(
        "edm-skip-of-noise",
        "edm_preconditioning",
        "c_skip is the share of the noise; with hardly any noise the input must pass unchanged.",
        ((SCALES, SCALES.replace("return sigma_data**2", "return sigma**2")),),
    ),
    Misconception(
        "edm-skip-root",
        "edm_preconditioning",
        "c_skip is a ratio of standard deviations; it is one of variances.",
        ((SCALES, SCALES.replace("sigma_data**2 / total**2", "sigma_data / total")),),
    ),
    Misconception(
        "edm-out-without-data",
        "edm_preconditioning",
        "c_out lacks the standard deviation of the data.",
        ((SCALES, SCALES.replace("sigma * sigma_data / total", "sigma / total")),),
    ),
    Misconception(
        "edm-unit-data",
        "edm_preconditioning",
        "The data are taken to have variance 1 in the total; their standard deviation is an argument.",
        (("total = (sigma**2 + sigma_data**2).sqrt()", "total = (sigma**2 + 1).sqrt()"),),
    ),
    Misconception(
        "edm-out-variance",
        "edm_preconditioning",
        "c_out is divided by the variance of the input; the standard deviation of the error, a "
        "product of two deviations, is divided by one.",
        ((SCALES, SCALES.replace("sigma_data / total, 1", "sigma_data / total**2, 1")),),
    ),
    Misconception(
        "edm-denoise-raw-input",
        "edm_denoise",
        "The network gets x as it is; its input must be scaled by c_in.",
        ((INPUT, "output = network(x, c_noise)\n"),),
    ),
    Misconception(
        "edm-denoise-raw-sigma",
        "edm_denoise",
        "The network is told sigma; it is to be told c_noise.",
        ((INPUT, INPUT.replace("c_noise)", "sigma)")),),
    ),
    Misconception(
        "edm-denoise-scaled-skip",
        "edm_denoise",
        "The skip connection carries the scaled input; c_skip goes with x itself.",
        ((DENOISED, DENOISED.replace("c_skip, x)", "c_skip * c_in, x)")),),
    ),
    Misconception(
        "edm-denoise-no-skip",
        "edm_denoise",
        "The skip connection is missing.",
        ((DENOISED, "return expand(c_out, x) * output"),),
    ),
    Misconception(
        "edm-denoise-swapped",
        "edm_denoise",
        "c_skip and c_out are exchanged.",
        (
            (
                "c_skip, c_out, c_in, c_noise = edm_preconditioning",
                "c_out, c_skip, c_in, c_noise = edm_preconditioning",
            ),
        ),
    ),
    Misconception(
        "edm-denoise-plain-output",
        "edm_denoise",
        "The network's output is added without its scale c_out.",
        ((DENOISED, "return expand(c_skip, x) * x + output"),),
    ),
    Misconception(
        "edm-denoise-levels-reshaped",
        "edm_denoise",
        "The network gets c_noise with dimensions of size 1 behind B. It wants one number per "
        "example, (B,); only what multiplies x is to be reshaped.",
        ((INPUT, INPUT.replace("c_noise)", "expand(c_noise, x))")),),
    ),
    Misconception(
        "edm-denoise-two-ranks",
        "edm_denoise",
        RANKS,
        (
            (
                INPUT,
                "shape = (-1, 1, 1, 1) if x.dim() == 4 else (-1, 1)\n    output = network(c_in.view(shape) * x, c_noise)\n",
            ),
            (DENOISED, "return c_skip.view(shape) * x + c_out.view(shape) * output"),
        ),
    ),
)

ALTERNATIVES = (
    Alternative(
        "discrete-looking",
        (
            (
                INTEGRAL,
                "integral = t * (beta_min + (beta_min + t * (beta_max - beta_min))) / 2\n",
            ),
            (VP_STD, "(1 - torch.exp(-integral)).sqrt()"),
            (
                SIGMA + "    " + VE,
                "log_ratio = math.log(sigma_max) - math.log(sigma_min)\n"
                "    return x0.clone(), sigma_min * torch.expm1(2 * t * log_ratio).sqrt()",
            ),
            (
                STEP,
                "x = torch.stack(\n"
                "            [x[b] + h * f + s * e for b, (f, s, e) in enumerate(zip(drift(x, t), std, eps))]\n"
                "        )\n",
            ),
            (
                "for start, end in pairwise(times):\n        " + HEUN_H + "        " + HEUN_END,
                "for n in range(len(times) - 1):\n"
                "        now = torch.full_like(x.flatten(1)[:, 0], 0) + times[n]\n"
                "        later = torch.full_like(now, 0) + times[n + 1]\n"
                "        euler = x + (times[n + 1] - times[n]) * (slope := drift(x, now))\n"
                "        x = euler + (times[n + 1] - times[n]) / 2 * (drift(euler, later) - slope)\n",
            ),
            (
                SCALES,
                "variance = total.square()\n"
                "    return (\n"
                "        sigma_data**2 / variance,\n"
                "        sigma * sigma_data * variance.rsqrt(),\n"
                "        variance.rsqrt(),\n"
                "        0.25 * torch.log(sigma),\n"
                "    )",
            ),
        ),
    ),
    Alternative(
        "whole-jacobian",
        (
            (
                PRODUCTS + "    " + TRACE,
                "rows = [torch.autograd.grad(e.sum(), x, retain_graph=True)[0].flatten(1)\n"
                "                for e in function(x).flatten(1).unbind(dim=1)]\n"
                "        jacobian = torch.stack(rows, dim=1)\n"
                "    v = probes.flatten(2)\n"
                "    return torch.einsum('mbi,bij,mbj->b', v, jacobian, v) / len(v)",
            ),
            (
                NORMALIZER + "        " + PRIOR + "        " + LIKELIHOOD,
                "prior = torch.distributions.Normal(0.0, prior_std, validate_args=False)\n"
                "        return prior.log_prob(x).flatten(1).sum(dim=1) + integral, x",
            ),
        ),
    ),
    Alternative(
        "joint-state",
        (
            (
                "for start, end in pairwise(times):\n            h, t1",
                "def slopes(y, t):\n"
                "            return drift(y, t), hutchinson_trace(lambda z: drift(z, t), y, probes)\n\n"
                "        for start, end in pairwise(times):\n            h, t1",
            ),
            (
                "k1 = drift(x, t1)\n            "
                + PREDICTED
                + "            k2 = drift(predicted, t2)\n"
                "            d1 = hutchinson_trace(lambda y, t=t1: drift(y, t), x, probes)\n"
                "            " + D2,
                "k1, d1 = slopes(x, t1)\n            k2, d2 = slopes(x + h * k1, t2)\n",
            ),
            (
                VARIANCE + REVERSE,
                "g = sde.diffusion(t)\n"
                "    return sde.drift(x, t) - torch.einsum('b,b...->b...', g * g, score(x, t))",
            ),
        ),
    ),
)
