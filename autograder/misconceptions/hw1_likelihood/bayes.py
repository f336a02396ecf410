"""Q2: what goes wrong with Bayes' rule and missing data."""

from autograder.misconceptions import Alternative, Misconception

THETA = "self.theta = (on_counts + self.alpha) / (class_counts[:, None] + 2 * self.alpha)"
PRIOR = "self.prior = (class_counts + self.alpha) / total"
ON = "on = torch.where(observed, x, 0.0)[:, None, :]"
OFF = "off = torch.where(observed, 1 - x, 0.0)[:, None, :]"
LIKELIHOOD = (
    "log_likelihood = torch.xlogy(pixels, self.theta) + torch.xlogy(1 - pixels, 1 - self.theta)"
)
OBSERVED = "log_observed = torch.xlogy(on, self.theta) + torch.xlogy(off, 1 - self.theta)"
SUM = "log_joint = self.prior.log() + log_observed.sum(dim=-1)"
SOFTMAX = "return log_joint.softmax(dim=-1)"
DRAW = "return (u < self.theta[y]).to(u.dtype)"
MEAN = "mean = self.posterior(x, observed) @ self.theta"
FILL = "return torch.where(observed, x, mean)"
QUADRATIC = "bias = prior.log() - (weight * means).sum(dim=-1) / 2"
SOLVE = "weight = torch.linalg.solve(covariance, means.T).T"
CONTEXTS = "num_levels ** min(d, order) for d in range(num_dims)"
COUNT = "return (num_classes - 1) + num_classes * contexts * (num_levels - 1)"

MISCONCEPTIONS = (
    Misconception(
        "bayes-fit-theta-unsmoothed",
        "NaiveBayes.fit",
        "The pixel probabilities are not smoothed: one pixel that a class never showed would rule the class "
        "out for good.",
        ((THETA, "self.theta = on_counts / class_counts[:, None].clamp(min=1)"),),
    ),
    Misconception(
        "bayes-fit-prior-unsmoothed",
        "NaiveBayes.fit",
        "The class probabilities are not smoothed; a class without examples gets probability zero.",
        ((PRIOR, "self.prior = class_counts / x.shape[0]"),),
    ),
    Misconception(
        "bayes-fit-one-pseudo-count",
        "NaiveBayes.fit",
        "Smoothing adds alpha examples with the pixel on and alpha with it off; the denominator of theta "
        "counts only one of the two.",
        ((THETA, THETA.replace("2 * self.alpha", "self.alpha")),),
    ),
    Misconception(
        "bayes-fit-prior-one-pseudo-count",
        "NaiveBayes.fit",
        "Every class gets alpha more examples, so the total grows by alpha per class; the class "
        "probabilities of all values must sum to one.",
        (
            (
                "total = x.shape[0] + self.num_classes * self.alpha",
                "total = x.shape[0] + self.alpha",
            ),
        ),
    ),
    Misconception(
        "bayes-fit-pseudo-count-per-pixel",
        "NaiveBayes.fit",
        "The denominator grows by alpha per *pixel*, as in the multinomial model of word counts. Here every "
        "pixel is a variable of its own with two values.",
        ((THETA, THETA.replace("2 * self.alpha", "self.num_dims * self.alpha")),),
    ),
    Misconception(
        "bayes-fit-pseudo-count-per-class",
        "NaiveBayes.fit",
        "The denominator of theta grows by alpha per *class*. A pixel has two values, however many classes "
        "there are.",
        ((THETA, THETA.replace("2 * self.alpha", "self.num_classes * self.alpha")),),
    ),
    Misconception(
        "bayes-fit-multinomial",
        "NaiveBayes.fit",
        "The pixels of a class are normalised to sum to one over the pixels: that is the multinomial model. "
        "Here each pixel is on or off by itself.",
        (
            (
                THETA,
                "self.theta = (on_counts + self.alpha) / (on_counts + self.alpha).sum(dim=1, keepdim=True)",
            ),
        ),
    ),
    Misconception(
        "bayes-fit-theta-joint",
        "NaiveBayes.fit",
        "theta is divided by the number of all examples: that is p(x_d = 1, y = k). Given the class, divide "
        "by the examples of that class.",
        ((THETA, THETA.replace("class_counts[:, None]", "x.shape[0]")),),
    ),
    Misconception(
        "bayes-fit-uniform-prior",
        "NaiveBayes.fit",
        "The class probabilities stay uniform; estimate them from how often each class occurs.",
        ((PRIOR, "self.prior = torch.full_like(class_counts, 1 / self.num_classes)"),),
    ),
    Misconception(
        "bayes-fit-old-dtype",
        "NaiveBayes.fit",
        "The values are copied into the old buffers and take the precision and the device that those happen "
        "to have. They should have those of x.",
        (
            (PRIOR, "self.prior.copy_((class_counts + self.alpha) / total)"),
            (
                THETA,
                "self.theta.copy_(\n"
                "            (on_counts + self.alpha) / (class_counts[:, None] + 2 * self.alpha)\n"
                "        )",
            ),
        ),
    ),
    Misconception(
        "bayes-fit-log-prior",
        "NaiveBayes.fit",
        "`prior` holds logarithms. The attribute is a probability.",
        ((PRIOR, "self.prior = ((class_counts + self.alpha) / total).log()"),),
    ),
    Misconception(
        "bayes-fit-counts-off",
        "NaiveBayes.fit",
        "theta is the probability that a pixel is *off*; count the ones, not the zeros.",
        (("on_counts = one_hot.T @ x", "on_counts = one_hot.T @ (1 - x)"),),
    ),
    Misconception(
        "bayes-fit-ignores-class",
        "NaiveBayes.fit",
        "Every class gets the same theta: the ones are averaged over all examples, whatever their label.",
        (
            (
                THETA,
                "self.theta = ((x.sum(dim=0) + self.alpha) / total).expand(self.num_classes, -1)",
            ),
        ),
    ),
    Misconception(
        "bayes-joint-without-prior",
        "NaiveBayes.log_joint",
        "The class probabilities are missing: this is log p(x | y), not log p(x, y).",
        (
            (
                "return self.prior.log() + log_likelihood.sum(dim=-1)",
                "return log_likelihood.sum(dim=-1)",
            ),
        ),
    ),
    Misconception(
        "bayes-joint-ignores-off-pixels",
        "NaiveBayes.log_joint",
        "Only the pixels that are on are counted. A pixel that is off is evidence too, with probability "
        "1 - theta.",
        ((LIKELIHOOD, "log_likelihood = torch.xlogy(pixels, self.theta)"),),
    ),
    Misconception(
        "bayes-joint-on-off-swapped",
        "NaiveBayes.log_joint",
        "theta is the probability of a one; here it is used for the zeros.",
        (
            (
                LIKELIHOOD,
                "log_likelihood = torch.xlogy(1 - pixels, self.theta) + torch.xlogy(pixels, 1 - self.theta)",
            ),
        ),
    ),
    Misconception(
        "bayes-joint-mean",
        "NaiveBayes.log_joint",
        "The log-probabilities of the pixels are averaged; independent pixels multiply, so their logarithms "
        "add.",
        (
            (
                "self.prior.log() + log_likelihood.sum(dim=-1)",
                "self.prior.log() + log_likelihood.mean(dim=-1)",
            ),
        ),
    ),
    Misconception(
        "bayes-joint-prior-not-log",
        "NaiveBayes.log_joint",
        "The class probability is added as it is: take its logarithm first.",
        (("self.prior.log() + log_likelihood", "self.prior + log_likelihood"),),
    ),
    Misconception(
        "bayes-joint-prior-per-pixel",
        "NaiveBayes.log_joint",
        "The class probability is counted once per pixel: it stands inside the sum. An example has one "
        "class.",
        (
            (
                "self.prior.log() + log_likelihood.sum(dim=-1)",
                "(self.prior.log()[:, None] + log_likelihood).sum(dim=-1)",
            ),
        ),
    ),
    Misconception(
        "bayes-joint-prior-subtracted",
        "NaiveBayes.log_joint",
        "The logarithm of the class probability is subtracted. The joint is a product, so logarithms add.",
        (("self.prior.log() + log_likelihood", "-self.prior.log() + log_likelihood"),),
    ),
    Misconception(
        "bayes-joint-zero-log-zero",
        "NaiveBayes.log_joint",
        "Where theta is exactly 0 or 1, 0 * log 0 gives NaN. By convention it is 0: choose the term by the "
        "pixel, or use a function that knows the convention.",
        (
            (
                LIKELIHOOD,
                "log_likelihood = pixels * self.theta.log() + (1 - pixels) * (1 - self.theta).log()",
            ),
        ),
    ),
    Misconception(
        "bayes-joint-clipped",
        "NaiveBayes.log_joint",
        "Probabilities of 0 are clipped. An example that a class cannot make has log-probability -inf; "
        "avoiding zeros is the job of the smoothing in `fit`.",
        (
            (
                LIKELIHOOD,
                "theta = self.theta.clamp(1e-9, 1 - 1e-9)\n"
                "        log_likelihood = torch.xlogy(pixels, theta) + torch.xlogy(1 - pixels, 1 - theta)",
            ),
        ),
    ),
    Misconception(
        "bayes-joint-bernoulli-clipped",
        "NaiveBayes.log_joint",
        "torch.distributions.Bernoulli clips probabilities by the smallest step of the dtype. An example that "
        "a class cannot make has log-probability -inf.",
        (
            (
                LIKELIHOOD,
                "bernoulli = torch.distributions.Bernoulli(self.theta, validate_args=False)\n"
                "        log_likelihood = bernoulli.log_prob(pixels)",
            ),
        ),
    ),
    Misconception(
        "bayes-joint-cross-entropy-clipped",
        "NaiveBayes.log_joint",
        "binary_cross_entropy never lets a logarithm fall below -100. An example that a class cannot make has "
        "log-probability -inf.",
        (
            (
                LIKELIHOOD,
                "log_likelihood = -F.binary_cross_entropy(\n"
                "            *torch.broadcast_tensors(self.theta, pixels), reduction='none'\n"
                "        )",
            ),
        ),
    ),
    Misconception(
        "bayes-joint-normalised",
        "NaiveBayes.log_joint",
        "The rows are normalised over the classes: this is log p(y | x), not log p(x, y).",
        (
            (
                "return self.prior.log() + log_likelihood.sum(dim=-1)",
                "return (self.prior.log() + log_likelihood.sum(dim=-1)).log_softmax(dim=-1)",
            ),
        ),
    ),
    Misconception(
        "bayes-joint-bits",
        "NaiveBayes.log_joint",
        "These are logarithms to the base 2; the result must be in nats.",
        (
            (
                "return self.prior.log() + log_likelihood.sum(dim=-1)",
                "return self.prior.log2() + log_likelihood.sum(dim=-1) / torch.log(self.prior.new_tensor(2.0))",
            ),
        ),
    ),
    Misconception(
        "bayes-posterior-without-prior",
        "NaiveBayes.posterior",
        "The class probabilities are missing. With no pixel observed, the posterior must be the prior.",
        ((SUM, "log_joint = log_observed.sum(dim=-1)"),),
    ),
    Misconception(
        "bayes-posterior-mask-inverted",
        "NaiveBayes.posterior",
        "The missing pixels are used and the observed ones summed out: True in the mask means observed.",
        (
            (ON, ON.replace("observed", "~observed")),
            (OFF, OFF.replace("observed", "~observed")),
        ),
    ),
    Misconception(
        "bayes-posterior-mask-ignored",
        "NaiveBayes.posterior",
        "The mask is not used: what `x` holds at missing pixels changes the result.",
        ((ON, "on = x[:, None, :]"), (OFF, "off = 1 - on")),
    ),
    Misconception(
        "bayes-posterior-missing-is-off",
        "NaiveBayes.posterior",
        "Missing pixels are treated as zeros. A zero is evidence; a missing pixel is none and contributes no "
        "factor.",
        ((OFF, "off = 1 - on"),),
    ),
    Misconception(
        "bayes-posterior-missing-is-half",
        "NaiveBayes.posterior",
        "Missing pixels are set to 1/2. The logarithm of the likelihood at a mean value is not the logarithm "
        "of the likelihood summed over both values, which is 0.",
        ((ON, ON.replace("0.0", "0.5")), (OFF, OFF.replace("0.0", "0.5"))),
    ),
    Misconception(
        "bayes-posterior-missing-is-mean",
        "NaiveBayes.posterior",
        "Missing pixels are filled with their mean and then taken as if they had been seen. Sum over their "
        "values instead.",
        ((ON, ON.replace("0.0", "self.prior @ self.theta")), (OFF, "off = 1 - on")),
    ),
    Misconception(
        "bayes-posterior-missing-at-best",
        "NaiveBayes.posterior",
        "Each missing pixel is given its more probable value (a maximum). Marginalising is a sum over both "
        "values.",
        (
            (
                SUM,
                "best = torch.maximum(self.theta, 1 - self.theta).log()\n"
                "        log_observed = torch.where(observed[:, None, :], log_observed, best)\n"
                "        log_joint = self.prior.log() + log_observed.sum(dim=-1)",
            ),
        ),
    ),
    Misconception(
        "bayes-posterior-mask-multiplied",
        "NaiveBayes.posterior",
        "NaN at missing pixels spreads: multiplying by a mask does not remove it, because 0 * NaN is NaN. "
        "Select with torch.where before any arithmetic.",
        (
            (ON, "on = (x * observed)[:, None, :]"),
            (OFF, "off = ((1 - x) * observed)[:, None, :]"),
        ),
    ),
    Misconception(
        "bayes-posterior-ignores-off-pixels",
        "NaiveBayes.posterior",
        "Only observed ones are counted. An observed zero is evidence too, with probability 1 - theta.",
        ((OBSERVED, "log_observed = torch.xlogy(on, self.theta)"),),
    ),
    Misconception(
        "bayes-posterior-rescaled",
        "NaiveBayes.posterior",
        "The log-likelihood is scaled up to all D pixels. Fewer observed pixels mean less evidence: add what "
        "was observed and nothing more.",
        (
            (
                SUM,
                "scale = x.shape[1] / observed.sum(dim=1, keepdim=True).clamp(min=1)\n"
                "        log_joint = self.prior.log() + scale * log_observed.sum(dim=-1)",
            ),
        ),
    ),
    Misconception(
        "bayes-posterior-mean-over-pixels",
        "NaiveBayes.posterior",
        "The log-likelihood is averaged over the pixels instead of summed: every class ends up too close to "
        "its prior.",
        ((SUM, "log_joint = self.prior.log() + log_observed.mean(dim=-1)"),),
    ),
    Misconception(
        "bayes-posterior-over-batch",
        "NaiveBayes.posterior",
        "The normalisation runs over the examples; each row must sum to one over the classes.",
        ((SOFTMAX, "return log_joint.softmax(dim=0)"),),
    ),
    Misconception(
        "bayes-posterior-log",
        "NaiveBayes.posterior",
        "These are log-probabilities; probabilities are asked for.",
        ((SOFTMAX, "return log_joint.log_softmax(dim=-1)"),),
    ),
    Misconception(
        "bayes-posterior-not-normalised",
        "NaiveBayes.posterior",
        "This is p(y, x_o): divide by its sum over the classes.",
        ((SOFTMAX, "return log_joint.exp()"),),
    ),
    Misconception(
        "bayes-posterior-underflow",
        "NaiveBayes.posterior",
        "With many pixels every exp(log p) is 0 and the division gives NaN. Normalise before you leave log "
        "space.",
        (
            (
                SOFTMAX,
                "joint = log_joint.exp()\n        return joint / joint.sum(dim=-1, keepdim=True)",
            ),
        ),
    ),
    Misconception(
        "bayes-posterior-zero-log-zero",
        "NaiveBayes.posterior",
        "Where theta is exactly 0 or 1, 0 * log 0 gives NaN, in a matrix product too. By convention it is 0: "
        "choose the term by the pixel, or use a function that knows the convention.",
        ((OBSERVED, "log_observed = on * self.theta.log() + off * (1 - self.theta).log()"),),
    ),
    Misconception(
        "bayes-posterior-clipped",
        "NaiveBayes.posterior",
        "Probabilities of 0 are clipped, so that a class that cannot make the observed pixels may still win: "
        "enough other pixels outweigh any small number.",
        (
            (
                OBSERVED,
                "theta = self.theta.clamp(1e-12, 1 - 1e-12)\n"
                "        log_observed = torch.xlogy(on, theta) + torch.xlogy(off, 1 - theta)",
            ),
        ),
    ),
    Misconception(
        "bayes-posterior-maximum-of-batch",
        "NaiveBayes.posterior",
        "The maximum that keeps the exponentials from vanishing is taken over the whole batch. An example far "
        "less likely than the best one still underflows: every row needs its own.",
        (
            (
                SOFTMAX,
                "joint = (log_joint - log_joint.max()).exp()\n"
                "        return joint / joint.sum(dim=-1, keepdim=True)",
            ),
        ),
    ),
    Misconception(
        "bayes-sample-complement",
        "NaiveBayes.sample_class",
        "A pixel must be on with probability theta; here it is on with probability 1 - theta.",
        ((DRAW, DRAW.replace("<", ">=")),),
    ),
    Misconception(
        "bayes-sample-inclusive",
        "NaiveBayes.sample_class",
        "u can be exactly 0, and then a pixel with theta = 0 comes on: the comparison must be strict.",
        ((DRAW, DRAW.replace("<", "<=")),),
    ),
    Misconception(
        "bayes-sample-threshold",
        "NaiveBayes.sample_class",
        "This is the most probable image of each class, without randomness: compare theta with the uniform "
        "draws, not with 1/2.",
        ((DRAW, "return (self.theta[y] > 0.5).to(u.dtype)"),),
    ),
    Misconception(
        "bayes-sample-marginal",
        "NaiveBayes.sample_class",
        "Pixels are drawn from their marginals over all classes; draw from the class that is given.",
        ((DRAW, "return (u < self.prior @ self.theta).to(u.dtype)"),),
    ),
    Misconception(
        "bayes-sample-joint",
        "NaiveBayes.sample_class",
        "theta is multiplied by the probability of the class. The class is given here: how frequent it is does "
        "not matter.",
        (("self.theta[y])", "self.theta[y] * self.prior[y][:, None])"),),
    ),
    Misconception(
        "bayes-sample-mean",
        "NaiveBayes.sample_class",
        "These are the probabilities, the mean image of the class. A sample consists of zeros and ones.",
        ((DRAW, "return self.theta[y].to(u.dtype)"),),
    ),
    Misconception(
        "bayes-sample-shared-noise",
        "NaiveBayes.sample_class",
        "Every example uses the first row of u, so that examples of one class are all alike.",
        ((DRAW, "return (u[:1] < self.theta[y]).to(u.dtype)"),),
    ),
    Misconception(
        "bayes-sample-boolean",
        "NaiveBayes.sample_class",
        "Booleans are returned; the pixels must be zeros and ones in the dtype of u.",
        ((DRAW, "return u < self.theta[y]"),),
    ),
    Misconception(
        "bayes-impute-prior",
        "NaiveBayes.impute",
        "The classes are averaged with their prior probabilities: the observed pixels have no influence on "
        "the missing ones.",
        ((MEAN, "mean = self.prior @ self.theta"),),
    ),
    Misconception(
        "bayes-impute-best-class",
        "NaiveBayes.impute",
        "Only the most probable class is used. The mean weighs every class with its posterior probability.",
        ((MEAN, "mean = self.theta[self.posterior(x, observed).argmax(dim=-1)]"),),
    ),
    Misconception(
        "bayes-impute-uniform-classes",
        "NaiveBayes.impute",
        "All classes count the same; weigh them with their posterior probabilities.",
        ((MEAN, "mean = self.theta.mean(dim=0)"),),
    ),
    Misconception(
        "bayes-impute-rounded",
        "NaiveBayes.impute",
        "The means are rounded to 0 and 1; the probabilities themselves are asked for.",
        ((FILL, "return torch.where(observed, x, mean.round())"),),
    ),
    Misconception(
        "bayes-impute-overwrites-observed",
        "NaiveBayes.impute",
        "Observed pixels are replaced as well; they must stay as they are.",
        ((FILL, "return mean"),),
    ),
    Misconception(
        "bayes-impute-mask-inverted",
        "NaiveBayes.impute",
        "The observed pixels are filled in and the missing ones kept: True in the mask means observed.",
        ((FILL, "return torch.where(observed, mean, x)"),),
    ),
    Misconception(
        "bayes-impute-posterior-mask-inverted",
        "NaiveBayes.impute",
        "The posterior is asked for with the mask the wrong way round; condition on the observed pixels.",
        ((MEAN, "mean = self.posterior(x, ~observed) @ self.theta"),),
    ),
    Misconception(
        "bayes-impute-mask-multiplied",
        "NaiveBayes.impute",
        "NaN at missing pixels survives: 0 * NaN is NaN. Select with torch.where instead of multiplying by "
        "the mask.",
        ((FILL, "return x * observed + mean * ~observed"),),
    ),
    Misconception(
        "bayes-impute-in-place",
        "NaiveBayes.impute",
        "The missing pixels are written into the caller's `x`. Return a new tensor.",
        ((FILL, "return x.copy_(torch.where(observed, x, mean))"),),
    ),
    Misconception(
        "logistic-no-half",
        "gaussian_to_logistic",
        "The quadratic term of the bias lacks its 1/2: look at the exponent of the Gaussian density.",
        ((QUADRATIC, QUADRATIC.removesuffix(" / 2")),),
    ),
    Misconception(
        "logistic-quadratic-sign",
        "gaussian_to_logistic",
        "The quadratic term of the bias has the wrong sign.",
        ((QUADRATIC, QUADRATIC.replace("prior.log() -", "prior.log() +")),),
    ),
    Misconception(
        "logistic-without-prior",
        "gaussian_to_logistic",
        "The class probabilities are missing in the bias: frequent classes must win more often.",
        ((QUADRATIC, "bias = -(weight * means).sum(dim=-1) / 2"),),
    ),
    Misconception(
        "logistic-prior-not-log",
        "gaussian_to_logistic",
        "The bias holds the class probability itself; the log-odds need its logarithm.",
        ((QUADRATIC, QUADRATIC.replace("prior.log()", "prior")),),
    ),
    Misconception(
        "logistic-prior-sign",
        "gaussian_to_logistic",
        "The log-odds of the class probabilities enter with the wrong sign.",
        ((QUADRATIC, QUADRATIC.replace("prior.log()", "-prior.log()")),),
    ),
    Misconception(
        "logistic-square-of-difference",
        "gaussian_to_logistic",
        "The bias takes the quadratic form of the difference of two means; it is the difference of two "
        "quadratic forms.",
        (
            (
                "return weight - weight[0], bias - bias[0]",
                "weight, apart = weight - weight[0], means - means[0]\n"
                "    return weight, (prior / prior[0]).log() - (weight * apart).sum(dim=-1) / 2",
            ),
        ),
    ),
    Misconception(
        "logistic-covariance-not-inverted",
        "gaussian_to_logistic",
        "The means are multiplied by the covariance. The exponent of a Gaussian holds its inverse.",
        ((SOLVE, "weight = means @ covariance"),),
    ),
    Misconception(
        "logistic-diagonal",
        "gaussian_to_logistic",
        "Only the variances are used; the off-diagonal entries of the covariance count too.",
        ((SOLVE, "weight = means / covariance.diagonal()"),),
    ),
    Misconception(
        "logistic-covariance-twice",
        "gaussian_to_logistic",
        "The inverse is applied twice: `covariance` is a covariance, not its square root.",
        ((SOLVE, "weight = torch.linalg.solve(covariance @ covariance, means.T).T"),),
    ),
    Misconception(
        "logistic-no-reference-class",
        "gaussian_to_logistic",
        "The posterior is right, but class 0 is not the reference: its weight and bias must be zero.",
        (("return weight - weight[0], bias - bias[0]", "return weight, bias"),),
    ),
    Misconception(
        "logistic-last-class-as-reference",
        "gaussian_to_logistic",
        "The last class is the reference; the question makes class 0 the reference.",
        (
            (
                "return weight - weight[0], bias - bias[0]",
                "return weight - weight[-1], bias - bias[-1]",
            ),
        ),
    ),
    Misconception(
        "count-class-not-free",
        "count_parameters",
        "The class probabilities sum to one, so that one of them is not free.",
        ((COUNT, COUNT.replace("(num_classes - 1)", "num_classes")),),
    ),
    Misconception(
        "count-levels-not-free",
        "count_parameters",
        "The probabilities of a pixel's values sum to one, so that one of them is not free.",
        ((COUNT, COUNT.replace("(num_levels - 1)", "num_levels")),),
    ),
    Misconception(
        "count-without-classes",
        "count_parameters",
        "The parameters of p(y) are not counted.",
        ((COUNT, "return num_classes * contexts * (num_levels - 1)"),),
    ),
    Misconception(
        "count-one-table-for-all-classes",
        "count_parameters",
        "The pixel tables are counted once; every class has tables of its own.",
        ((COUNT, COUNT.replace("num_classes * contexts", "contexts")),),
    ),
    Misconception(
        "count-first-pixels",
        "count_parameters",
        "The first pixels have fewer than `order` pixels before them, and smaller tables.",
        ((CONTEXTS, "num_levels**order for d in range(num_dims)"),),
    ),
    Misconception(
        "count-order-off-by-one",
        "count_parameters",
        "The tables have one earlier pixel too many: with order = 0 a pixel depends on the class only.",
        ((CONTEXTS, "num_levels ** min(d + 1, order + 1) for d in range(num_dims)"),),
    ),
    Misconception(
        "count-order-ignored",
        "count_parameters",
        "This is the count of naive Bayes whatever the order is.",
        ((CONTEXTS, "1 for d in range(num_dims)"),),
    ),
    Misconception(
        "count-order-unlimited",
        "count_parameters",
        "Every pixel gets a table over all earlier pixels; `order` limits how many it depends on.",
        ((CONTEXTS, "num_levels**d if order else 1 for d in range(num_dims)"),),
    ),
    Misconception(
        "count-context-not-exponential",
        "count_parameters",
        "The size of a table grows by a factor with each earlier pixel, not by a term: there is a row for "
        "every combination of their values.",
        ((CONTEXTS, "max(1, num_levels * min(d, order)) for d in range(num_dims)"),),
    ),
    Misconception(
        "count-floating-point",
        "count_parameters",
        "The number is computed in floating point, which has 16 digits: large counts are rounded. Python's "
        "integers are exact; keep to them (`//` instead of `/`).",
        ((CONTEXTS, "float(num_levels) ** min(d, order) for d in range(num_dims)"),),
    ),
    Misconception(
        "count-binary-only",
        "count_parameters",
        "Pixels are taken to be binary; `num_levels` says how many values they have.",
        (
            (CONTEXTS, "2 ** min(d, order) for d in range(num_dims)"),
            (COUNT, COUNT.replace("(num_levels - 1)", "1")),
        ),
    ),
)

ALTERNATIVES = (
    Alternative(
        "boolean-indexing",
        (
            (
                FILL,
                "filled = x.clone()\n"
                "        filled[~observed] = mean[~observed]\n"
                "        return filled",
            ),
            (
                PRIOR + "\n        " + THETA,
                "self.prior, self.theta = torch.empty_like(class_counts), torch.empty_like(on_counts)\n"
                "        for k in range(self.num_classes):\n"
                "            members = x[y == k]\n"
                "            self.prior[k] = (len(members) + self.alpha) / total\n"
                "            self.theta[k] = (members.sum(0) + self.alpha) / (len(members) + 2 * self.alpha)",
            ),
        ),
    ),
    Alternative(
        "index-add",
        (
            (
                "one_hot = F.one_hot(y, self.num_classes).to(x.dtype)\n"
                "        class_counts = one_hot.sum(dim=0)\n"
                "        on_counts = one_hot.T @ x",
                "ones = torch.ones_like(x[:, 0])\n"
                "        class_counts = x.new_zeros(self.num_classes).index_add(0, y, ones)\n"
                "        on_counts = x.new_zeros(self.num_classes, x.shape[1]).index_add(0, y, x)",
            ),
            (
                PRIOR + "\n        " + THETA,
                "self.prior = class_counts.add(self.alpha).div(total)\n"
                "        smoothed = on_counts.add(self.alpha)\n"
                "        self.theta = smoothed / class_counts.add(2 * self.alpha).unsqueeze(1)",
            ),
        ),
    ),
    Alternative(
        "select-by-pixel",
        (
            (
                LIKELIHOOD,
                "log_likelihood = torch.where(pixels == 1, self.theta.log(), torch.log1p(-self.theta))",
            ),
            (
                ON
                + "\n        "
                + OFF
                + "\n        "
                + OBSERVED
                + "\n        "
                + SUM
                + "\n        "
                + SOFTMAX,
                "seen = torch.where(x.unsqueeze(1) == 1, self.theta.log(), torch.log1p(-self.theta))\n"
                "        seen = seen.masked_fill(~observed.unsqueeze(1), 0.0)\n"
                "        log_joint = self.prior.log() + seen.sum(dim=2)\n"
                "        return (log_joint - log_joint.logsumexp(dim=1, keepdim=True)).exp()",
            ),
            (DRAW, "return torch.where(u < self.theta.index_select(0, y), 1.0, 0.0).to(u)"),
            (
                MEAN + "\n        " + FILL,
                "weights = self.posterior(x, observed)\n"
                "        mean = torch.einsum('bk,kd->bd', weights, self.theta)\n"
                "        return x.masked_fill(~observed, 0.0) + mean.masked_fill(observed, 0.0)",
            ),
        ),
    ),
    Alternative(
        "matrix-products-and-cholesky",
        (
            (
                ON + "\n        " + OFF + "\n        " + OBSERVED + "\n        " + SUM,
                "on, off = (observed & (x == 1)).to(x), (observed & (x == 0)).to(x)\n"
                "        log_on = self.theta.log().nan_to_num(neginf=0.0)\n"
                "        log_off = torch.log1p(-self.theta).nan_to_num(neginf=0.0)\n"
                "        log_joint = self.prior.log() + on @ log_on.T + off @ log_off.T\n"
                "        clashes = on @ (self.theta == 0).to(x).T + off @ (self.theta == 1).to(x).T\n"
                "        log_joint = log_joint.masked_fill(clashes > 0, -torch.inf)",
            ),
            (
                SOLVE + "\n    " + QUADRATIC,
                "factor = torch.linalg.cholesky(covariance)\n"
                "    white = torch.linalg.solve_triangular(factor, means.T, upper=False)\n"
                "    weight = torch.linalg.solve_triangular(factor.T, white, upper=True).T\n"
                "    bias = prior.log() - 0.5 * white.square().sum(dim=0)",
            ),
            (
                "contexts = sum(" + CONTEXTS + ")\n    " + COUNT,
                "total = num_classes - 1\n"
                "    for d in range(num_dims):\n"
                "        total += num_classes * num_levels ** min(d, order) * (num_levels - 1)\n"
                "    return total",
            ),
        ),
    ),
    Alternative(
        "own-posterior-in-impute",
        (
            (
                MEAN,
                "log_joint = self.prior.log().expand(x.shape[0], -1)\n"
                "        for d in range(x.shape[1]):\n"
                "            p = self.theta[:, d]\n"
                "            term = torch.where(x[:, d, None] == 1, p, 1 - p).log()\n"
                "            log_joint = log_joint + torch.where(observed[:, d, None], term, 0.0)\n"
                "        mean = log_joint.softmax(dim=1) @ self.theta",
            ),
        ),
    ),
)
