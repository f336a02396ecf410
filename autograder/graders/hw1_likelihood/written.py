"""The key of the written questions: how exactly answers are met, and what people get wrong."""

from autograder.grading.written import Key, Mistake

KEY = {
    "a": Key(
        tolerance=0.004,
        alternatives=("(64*log(17) - 52)/(64*log(2))", "log2(17) - 52/(64*ln(2))"),
        mistakes=(
            Mistake(
                "discrete-bits-without-scaling",
                "-52/(64*log(2))",
                "This is the density of y. Dividing by 17 squeezes the data, and the change of "
                "variables has to be paid for in every dimension before it speaks about x.",
            ),
            Mistake(
                "discrete-bits-scaling-sign",
                "(-52 - 64*log(17))/(64*log(2))",
                "The scaling is counted with the wrong sign: the density of y is higher than that "
                "of x + u, because y lives on a smaller cube. And bits of a discrete image cannot "
                "be negative.",
            ),
            Mistake(
                "discrete-bits-scaling-once",
                "(-52 + log(17))/(64*log(2))",
                "The scaling is paid for once; every one of the dimensions is scaled.",
            ),
            Mistake(
                "discrete-bits-in-nats",
                "(-52 + 64*log(17))/64",
                "This is in nats per dimension; the question asks for bits.",
            ),
        ),
    ),
    "b": Key(
        tolerance=0.004,
        alternatives=("0.216/0.412", "0.524"),
        mistakes=(
            Mistake(
                "missing-pixel-is-zero",
                "0.3*0.8*0.5*0.9/(0.3*0.8*0.5*0.9 + 0.7*0.4*0.1*0.7)",
                "You have counted the missing pixel as 0. A missing pixel is summed over both of "
                "its values.",
            ),
            Mistake(
                "missing-pixel-is-one",
                "0.3*0.8*0.5*0.9/(0.3*0.8*0.5*0.9 + 0.7*0.4*0.9*0.7)",
                "You have counted the missing pixel as 1. A missing pixel is summed over both of "
                "its values.",
            ),
            Mistake(
                "missing-without-prior",
                "0.72/(0.72 + 0.28)",
                "The classes are not equally common: Bayes' rule weighs the likelihoods.",
            ),
            Mistake(
                "missing-not-normalised",
                "0.216",
                "This is the joint probability of the class and the observed pixels; a posterior "
                "is normalised over the classes.",
            ),
        ),
    ),
    "c": Key(
        domain={"y": (0.2, 4.0), "mu": (-1.5, 1.5), "sigma": (0.4, 2.0)},
        alternatives=(
            "-ln(y*sigma*sqrt(2*pi)) - ((ln(y) - mu)/sigma)^2/2",
            "-0.5*log(2*pi*sigma**2) - log(y) - 0.5*(mu - log(y))**2/sigma**2",
        ),
        mistakes=(
            Mistake(
                "change-without-jacobian",
                "-log(sigma) - log(2*pi)/2 - (log(y) - mu)**2/(2*sigma**2)",
                "This is the density of x at log(y). A density also changes with the length of the "
                "interval: which derivative is missing?",
            ),
            Mistake(
                "change-jacobian-sign",
                "log(y) - log(sigma) - log(2*pi)/2 - (log(y) - mu)**2/(2*sigma**2)",
                "The derivative is that of y with respect to x, where the other one is needed.",
            ),
            Mistake(
                "change-sigma-not-normalised",
                "-log(y) - log(2*pi)/2 - (log(y) - mu)**2/(2*sigma**2)",
                "The normal density of x has a factor that depends on its standard deviation.",
            ),
        ),
    ),
    "d": Key(
        domain={"D": (6.0, 12.0), "k": (1.0, 5.0)},
        alternatives=("(D - k + 1)*2**k - 1", "2^k*(1 + D - k) - 1"),
        mistakes=(
            Mistake(
                "count-first-as-others",
                "D*2**k",
                "The first variables have fewer than k before them, and their tables are smaller.",
            ),
            Mistake(
                "count-full-table",
                "2**D - 1",
                "This is the table without any assumption. Here no variable looks back further "
                "than k.",
            ),
            Mistake(
                "count-first-left-out",
                "(D - k)*2**k",
                "The first k variables have tables too.",
            ),
            Mistake(
                "count-linear-in-k",
                "D*k - k*(k + 1)/2 + D",
                "You have counted one number per variable that is looked at, as a logistic "
                "regression has. A table has an entry for every joint state of them.",
            ),
        ),
    ),
    "e": Key(
        mistakes=(
            Mistake(
                "typical-zero-has-low-density",
                "A",
                "Put x = 0 into the density: can any other point have a higher one?",
            ),
            Mistake(
                "typical-difference-small",
                "C",
                "Compute the expectation of x'x/2 over draws: it grows in proportion to D.",
            ),
            Mistake(
                "typical-is-the-mode",
                "D",
                "Density is not probability: how far from the origin do draws lie, and how much "
                "does this distance vary?",
            ),
        ),
    ),
    "f": Key(
        mistakes=(
            Mistake(
                "cache-square-and-linear",
                "A",
                "This counts one step, the last. Sum over all the steps.",
            ),
            Mistake(
                "cache-saves-projections-only",
                "B",
                "Without a cache a step computes the products of all pairs in the prefix again, "
                "not only those of the new token.",
            ),
            Mistake(
                "cache-with-linear",
                "D",
                "The new token is compared with every token before it, also with a cache.",
            ),
        ),
    ),
    "g": Key(
        alternatives=("EDBA",),
        mistakes=(
            Mistake(
                "pass-flows-only",
                "B, D",
                "Models of discrete data count too: with masks, all conditionals of a given image "
                "come out of one pass.",
            ),
            Mistake(
                "pass-iaf-too",
                "A, B, C, D, E",
                "One of these is fast the other way round: to evaluate given data it must be "
                "inverted, one dimension after the other.",
            ),
            Mistake(
                "pass-maf-and-iaf-exchanged",
                "A, C, D, E",
                "You have exchanged the two autoregressive flows: in which one do the scales "
                "depend on the data, which are given here?",
            ),
            Mistake(
                "pass-without-maf",
                "A, D, E",
                "An autoregressive flow whose scales depend on the data needs no loop when the "
                "data are given; only sampling does.",
            ),
        ),
    ),
    "h": Key(
        alternatives=("B < C < D < A",),
        mistakes=(
            Mistake(
                "passes-from-most-to-fewest",
                "A, D, C, B",
                "The order is reversed: begin with the fewest.",
            ),
            Mistake(
                "passes-rows-and-patches",
                "B, D, C, A",
                "Count the rows and the patches of the image.",
            ),
            Mistake(
                "passes-layers-of-the-flow",
                "C, B, D, A",
                "The layers of a coupling flow belong to one pass, and its inverse runs all "
                "dimensions at once.",
            ),
        ),
    ),
}
