"""The key of the written questions: how exactly answers are met, and what people get wrong."""

from autograder.grading.written import Key, Mistake

KEY = {
    "a": Key(
        tolerance=0.004,
        alternatives=("0.28/0.496*0.3", "(1 - 0.9*0.8)/(1 - 0.9*0.8*0.7)*0.3"),
        mistakes=(
            Mistake(
                "posterior-variance-is-beta",
                "0.3",
                "This is the variance of the forward step. Knowing the clean image makes the "
                "posterior narrower.",
            ),
            Mistake(
                "posterior-variance-one-step-early",
                "0.1/0.28*0.2",
                "This is the variance one step earlier: t counts from 0.",
            ),
            Mistake(
                "posterior-variance-ratio-inverted",
                "0.496/0.28*0.3",
                "The ratio stands upside down: the posterior is never wider than the forward step.",
            ),
            Mistake(
                "posterior-variance-is-std",
                "sqrt(0.28/0.496*0.3)",
                "This is the standard deviation.",
            ),
        ),
    ),
    "b": Key(
        domain={"x": (-2.0, 2.0), "abar": (0.1, 0.9), "s": (0.4, 2.0)},
        alternatives=(
            "x/sqrt(abar) * abar*s^2/(abar*s^2 + 1 - abar)",
            "s**2*x*abar**0.5/(1 + abar*(s**2 - 1))",
        ),
        mistakes=(
            Mistake(
                "denoiser-only-rescales",
                "x/sqrt(abar)",
                "This takes all of x for signal. The prior pulls the estimate towards zero.",
            ),
            Mistake(
                "denoiser-unit-variance",
                "sqrt(abar)*x",
                "This is right for data of variance one; here it is s^2.",
            ),
            Mistake(
                "denoiser-without-root",
                "abar*s**2*x/(abar*s**2 + 1 - abar)",
                "This is the mean of the scaled image, sqrt(abar) x_0, or has lost a root: check "
                "the covariance of x_0 and x.",
            ),
            Mistake(
                "denoiser-noise-std",
                "sqrt(abar)*s**2*x/(abar*s**2 + sqrt(1 - abar))",
                "The variance of the noise in x is not the factor in front of eps.",
            ),
        ),
    ),
    "c": Key(
        domain={"h": (0.1, 0.6), "s": (0.7, 1.8)},
        alternatives=("(1 - h/(2*s**2))**2*s**2 + h", "s^2*(1 + (h/(2*s^2))^2)"),
        mistakes=(
            Mistake(
                "langevin-unbiased",
                "s**2",
                "That holds in the limit of small steps. A step of finite size does not keep the "
                "density: shrink x, then add noise.",
            ),
            Mistake(
                "langevin-noise-only",
                "s**2 + h",
                "The noise adds h; the drift takes something away, because it shrinks x.",
            ),
            Mistake(
                "langevin-factor-not-squared",
                "s**2 + h/2",
                "A factor in front of x enters the variance squared.",
            ),
            Mistake(
                "langevin-gradient-not-halved",
                "s**2 - h + h**2/s**2",
                "The gradient is multiplied by h/2, not by h.",
            ),
            Mistake(
                "langevin-unit-variance",
                "1 + h**2/4",
                "This is right for s = 1; the slope of E depends on s.",
            ),
            Mistake(
                "langevin-run-for-ever",
                "s**2/(1 - h/(4*s**2))",
                "This is the variance after many steps; one step is asked for.",
            ),
        ),
    ),
    "d": Key(
        tolerance=0.004,
        alternatives=("1.5", "6/4"),
        mistakes=(
            Mistake(
                "guidance-keeps-the-mean",
                "1",
                "Guidance sharpens and moves: set the mixed score to zero.",
            ),
            Mistake(
                "guidance-scales-the-mean",
                "3",
                "This would hold if both had the same variance: the two scores have different "
                "slopes.",
            ),
            Mistake(
                "guidance-weight-plus-one",
                "8/5",
                "This is the other convention, in which w = 0 is the conditional model. Here "
                "w = 1 is.",
            ),
            Mistake(
                "guidance-adds-the-scores",
                "6/7",
                "The score without a label enters with the weight 1 - w, so that the weights sum "
                "to one.",
            ),
        ),
    ),
    "e": Key(
        mistakes=(
            Mistake(
                "flow-same-images",
                "B",
                "The SDE adds fresh noise on the way: run it twice from one starting point.",
            ),
            Mistake(
                "flow-lower-variance",
                "C",
                "The ODE's drift has half of the score term: it spreads exactly as much as the "
                "SDE with its noise.",
            ),
            Mistake(
                "flow-agree-at-the-end",
                "D",
                "Both solve the same Fokker-Planck equation, at every time.",
            ),
        ),
    ),
    "f": Key(
        alternatives=("DCA",),
        mistakes=(
            Mistake(
                "derivative-denoising-too",
                "A, B, C, D",
                "One of these is popular because it replaces that derivative by a regression on "
                "the added noise.",
            ),
            Mistake(
                "derivative-sliced-left-out",
                "A, D",
                "Slicing makes the derivative cheap, by a product with a random vector; it is "
                "still there.",
            ),
            Mistake(
                "derivative-likelihood-left-out",
                "A, C",
                "The density along an ODE changes by the divergence of its drift.",
            ),
            Mistake(
                "derivative-flow-matching-too",
                "A, C, D, E",
                "Flow matching is a regression on a velocity that is given in closed form.",
            ),
        ),
    ),
    "g": Key(
        alternatives=("D < B < A < C",),
        mistakes=(
            Mistake(
                "evaluations-guidance-counted-once",
                "A, D, B, C",
                "Guidance evaluates the network with the label and without it.",
            ),
            Mistake(
                "evaluations-heun-counted-once",
                "B, D, A, C",
                "Count the two evaluations in each step of Heun's method.",
            ),
            Mistake(
                "evaluations-from-most",
                "C, A, B, D",
                "The order is reversed: begin with the fewest.",
            ),
        ),
    ),
    "h": Key(
        mistakes=(
            Mistake(
                "projection-gives-the-truth",
                "A",
                "Many images have the same measurements; the second term chooses among them.",
            ),
            Mistake(
                "projection-needs-a-good-image",
                "B",
                "Apply A to the formula, with A A+ A = A, and see what becomes of x0.",
            ),
            Mistake(
                "projection-most-probable",
                "C",
                "No density is maximised: the projection is linear algebra.",
            ),
        ),
    ),
}
