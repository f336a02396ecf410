"""The key of the written questions: how exactly answers are met, and what people get wrong."""

from autograder.grading.written import Key, Mistake

KEY = {
    "a": Key(
        tolerance=0.004,
        alternatives=("3/2 - log(2)/2",),
        mistakes=(
            Mistake(
                "gap-reversed-divergence",
                "log(2)/2 + 3/4 - 1/2",
                "This is the divergence with its arguments exchanged: in which of the two is the "
                "expectation over the encoder's z?",
            ),
            Mistake(
                "gap-to-the-prior",
                "0",
                "This is the divergence from the prior, a term of the ELBO. The gap is the "
                "divergence from another distribution.",
            ),
            Mistake(
                "gap-posterior-std",
                "log(1/2) + 2/(2*1/4) - 1/2",
                "You have taken the posterior's variance for its standard deviation.",
            ),
            Mistake(
                "gap-is-the-elbo",
                "-log(2*pi)/2 - 5/2",
                "This is the ELBO itself; the question is how far below log p(x) it lies.",
            ),
        ),
    ),
    "b": Key(
        domain={"w": (0.3, 2.0), "s": (0.4, 1.6), "beta": (0.5, 4.0)},
        alternatives=("1/(1 + w^2/(beta*s^2))", "s*s/(w*w/beta + s*s)"),
        mistakes=(
            Mistake(
                "beta-variance-of-the-posterior",
                "s**2/(w**2 + s**2)",
                "This is the exact posterior's variance, which is best for beta = 1 only.",
            ),
            Mistake(
                "beta-on-the-reconstruction",
                "s**2/(beta*w**2 + s**2)",
                "Beta weighs the other term: which of the two pulls v towards 1?",
            ),
            Mistake(
                "beta-precision",
                "(w**2 + beta*s**2)/(beta*s**2)",
                "This is the inverse of a variance.",
            ),
            Mistake(
                "beta-standard-deviation",
                "sqrt(beta*s**2/(w**2 + beta*s**2))",
                "The question asks for the variance v.",
            ),
        ),
    ),
    "c": Key(
        mistakes=(
            Mistake(
                "collapse-divergence-of-the-elbo",
                "A",
                "The KL in the objective is that to the prior, not that to the exact posterior.",
            ),
            Mistake(
                "collapse-bound-is-loose",
                "B",
                "What is the exact posterior of z when the decoder does not use it? Compare it "
                "with the encoder.",
            ),
            Mistake(
                "collapse-codes-tell-apart",
                "D",
                "The prior is one distribution for all x. If the encoder equals it for every x, "
                "what does z tell?",
            ),
        ),
    ),
    "d": Key(
        alternatives=("da", "[A, D]"),
        mistakes=(
            Mistake(
                "vq-encoder-by-codebook-loss",
                "A, C, D",
                "Look at where sg stands in the codebook loss: which of its arguments can move?",
            ),
            Mistake(
                "vq-encoder-commitment-only",
                "D",
                "With z_e + sg(e - z_e) the decoder sees e, but the derivative with respect to z_e "
                "is not zero.",
            ),
            Mistake(
                "vq-encoder-through-the-nearest-code",
                "A, B, D",
                "Choosing the nearest code is piecewise constant: e itself carries no gradient "
                "back to z_e.",
            ),
            Mistake(
                "vq-encoder-losses-exchanged",
                "A, C",
                "You have exchanged the two losses: sg holds its argument fixed.",
            ),
        ),
    ),
    "e": Key(
        tolerance=0.004,
        alternatives=("-0.693", "log(1/2)"),
        mistakes=(
            Mistake(
                "game-divergence-only",
                "log(2)/2",
                "This is the Jensen-Shannon divergence of the two. The value of the game is a "
                "multiple of it, shifted.",
            ),
            Mistake(
                "game-without-log-four",
                "log(2)",
                "Both expectations are of logarithms of probabilities, so the value cannot be "
                "positive. A constant is missing.",
            ),
            Mistake(
                "game-equal-distributions",
                "-log(4)",
                "This is the value when the generator equals the data. Here the discriminator "
                "knows outcomes 0 and 2 for sure.",
            ),
        ),
    ),
    "f": Key(
        domain={"m1": (-2.0, 2.0), "m2": (-2.0, 2.0), "s1": (0.3, 2.0), "s2": (0.3, 2.0)},
        alternatives=("(m1 - m2)^2 + s1^2 + s2^2 - 2*s1*s2", "abs(m1-m2)**2 + abs(s2-s1)**2"),
        mistakes=(
            Mistake(
                "frechet-without-cross-term",
                "(m1 - m2)**2 + s1**2 + s2**2",
                "The distance of a distribution to itself must be zero; the root of the product of "
                "the covariances is missing.",
            ),
            Mistake(
                "frechet-variances-differ",
                "(m1 - m2)**2 + (s1**2 - s2**2)**2",
                "In one dimension the covariance term compares standard deviations, not variances.",
            ),
            Mistake(
                "frechet-not-squared",
                "sqrt((m1 - m2)**2 + (s1 - s2)**2)",
                "FID is the square of the distance; no root is taken.",
            ),
            Mistake(
                "frechet-cross-term-once",
                "(m1 - m2)**2 + s1**2 + s2**2 - s1*s2",
                "The cross term has lost a factor: try equal distributions.",
            ),
        ),
    ),
    "g": Key(
        alternatives=("E C D B A", "ecdba"),
        mistakes=(
            Mistake(
                "bounds-from-highest",
                "A, B, D, C, E",
                "The order is reversed: begin with the lowest.",
            ),
            Mistake(
                "bounds-beta-above-elbo",
                "C, E, D, B, A",
                "The KL is not negative, and beta-VAE subtracts more of it.",
            ),
            Mistake(
                "bounds-more-samples-lower",
                "E, C, B, D, A",
                "More samples never loosen the importance-weighted bound.",
            ),
        ),
    ),
    "h": Key(
        mistakes=(
            Mistake(
                "cycle-finds-the-pairs",
                "A",
                "No pair was ever shown. Compose a right translation with a shuffle of one domain "
                "that keeps its distribution: which loss notices?",
            ),
            Mistake(
                "cycle-means-identity",
                "C",
                "A cycle is there and back. What does this say about one way alone?",
            ),
            Mistake(
                "cycle-distributions-differ",
                "B",
                "What does it mean that the best possible discriminator is fooled?",
            ),
        ),
    ),
}
