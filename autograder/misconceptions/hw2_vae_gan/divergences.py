"""Q8: what goes wrong with divergences and two-sample tests."""

from autograder.misconceptions import Alternative, Misconception

F_KL = "return torch.xlogy(u, u)\n"
F_REVERSE = "return -u.log()\n"
F_JS = "return 0.5 * (torch.xlogy(u, u) - (u + 1) * ((u + 1) / 2).log())"
F_PEARSON = "return (u - 1).square()"
F_HELLINGER = "return (u.sqrt() - 1).square()"
F_TV = "return 0.5 * (u - 1).abs()"
SUM = "return (q * generator_f(p / q, name)).sum(dim=1)"
C_KL = "return (t - 1).exp()"
C_REVERSE = "return torch.where(t < 0, -1 - (-t).log(), math.inf)"
C_JS = "return torch.where(t < math.log(2) / 2, -0.5 * (2 - (2 * t).exp()).log(), math.inf)"
C_PEARSON = "return torch.where(t > -2, t.square() / 4 + t, -1.0)"
C_HELLINGER = "return torch.where(t < 1, t / (1 - t), math.inf)"
C_TV = "return torch.where(t <= 0.5, t.clamp(min=-0.5), math.inf)"
T_KL = "return 1 + ratio.log()"
T_REVERSE = "return -1 / ratio"
T_JS = "return 0.5 * (2 * ratio / (ratio + 1)).log()"
T_PEARSON = "return 2 * (ratio - 1)"
T_HELLINGER = "return 1 - ratio.rsqrt()"
T_TV = "return 0.5 * (ratio - 1).sign()"
BOUND = "return critic_p.mean() - conjugate_f(critic_q, name).mean()"
KERNEL = "return torch.exp(-squared_distance / (2 * bandwidth**2))"
OFF_DIAGONAL = "return (k.sum() - k.diagonal().sum()) / (n * (n - 1))"
WITHIN = "within = mean_off_diagonal(kernel(x, x)) + mean_off_diagonal(kernel(y, y))"
MMD = "return within - 2 * kernel(x, y).mean()"
ACCURACY = "return ((logits > 0) == (labels == 1)).to(logits.dtype).mean()"
Z = "z = (accuracy - 0.5) / math.sqrt(1 / (4 * num_test))"
TAIL = "return 0.5 * torch.erfc(z / math.sqrt(2))"
ROOT = (
    "values, vectors = torch.linalg.eigh(cov1)\n"
    "    root1 = (vectors * values.clamp(min=0).sqrt()) @ vectors.T\n"
)
EIGENVALUES = "eigenvalues = torch.linalg.eigvalsh(root1 @ cov2 @ root1).clamp(min=0)"
TRACE = "trace = cov1.diagonal().sum() + cov2.diagonal().sum() - 2 * eigenvalues.sqrt().sum()"
FRECHET = "return (mean1 - mean2).square().sum() + trace"
RADIUS = "squared_radius = squared_distance(sample, sample).sort(dim=1).values[:, k]"
INSIDE = "inside = squared_distance(points, sample) <= squared_radius"
COVERED = "return inside.any(dim=1).to(real.dtype).mean()"
BOTH = "return covered(fake, real), covered(real, fake)"

MISCONCEPTIONS = (
    Misconception(
        "f-directions-swapped",
        "generator_f",
        "kl and reverse_kl are swapped: with the weights q and the ratio p/q, u log u gives KL(p || q).",
        ((F_KL, "return -u.log() * 1\n"), (F_REVERSE, "return torch.xlogy(u, u) * 1\n")),
    ),
    Misconception(
        "f-js-no-half",
        "generator_f",
        "js is twice as large as the Jensen-Shannon divergence, whose largest value is log 2.",
        ((F_JS, F_JS.replace("0.5 * ", "")),),
    ),
    Misconception(
        "f-js-no-log-two",
        "generator_f",
        "js lacks a constant: f(1) must be 0, or two equal distributions are not at distance 0. (The "
        "objective of the original GAN lacks it too.)",
        ((F_JS, F_JS.replace("((u + 1) / 2).log()", "(u + 1).log()")),),
    ),
    Misconception(
        "f-neyman",
        "generator_f",
        "pearson is divided by u: that is Neyman's divergence, with p in the denominator.",
        ((F_PEARSON, F_PEARSON + " / u"),),
    ),
    Misconception(
        "f-total-variation-no-half",
        "generator_f",
        "total_variation lacks the factor 1/2; its largest value is 1.",
        ((F_TV, F_TV.replace("0.5 * ", "")),),
    ),
    Misconception(
        "f-zero-log-zero",
        "generator_f",
        "kl and js are NaN at u = 0, where a product of 0 and -inf is taken. The limit of u log u is 0.",
        (
            (F_KL, "return u * u.log()\n"),
            (F_JS, F_JS.replace("torch.xlogy(u, u)", "u * u.log()")),
        ),
    ),
    Misconception(
        "divergence-weights-p",
        "f_divergence",
        "The sum is weighted with p. f acts on p/q, and its average is taken under q.",
        ((SUM, SUM.replace("(q * gen", "(p * gen")),),
    ),
    Misconception(
        "divergence-ratio-inverted",
        "f_divergence",
        "The ratio is q/p; it must be p/q. This is the divergence in the other direction or nothing at all.",
        ((SUM, "return (p * generator_f(q / p, name)).sum(dim=1)"),),
    ),
    Misconception(
        "divergence-unweighted",
        "f_divergence",
        "f(p/q) is summed without weights. It is an average under q.",
        ((SUM, SUM.replace("q * gen", "gen")),),
    ),
    Misconception(
        "divergence-mean-over-classes",
        "f_divergence",
        "The mean over the K outcomes is taken. The weights q are already there: sum.",
        ((SUM, SUM.replace("sum(", "mean(")),),
    ),
    Misconception(
        "divergence-batch-mean",
        "f_divergence",
        "This is the average over the rows; one divergence per row is asked for.",
        ((SUM, SUM + ".mean()"),),
    ),
    Misconception(
        "divergence-clipped",
        "f_divergence",
        "The probabilities are clipped away from zero. Zeros of p are allowed, and an infinite divergence "
        "must stay infinite.",
        ((SUM, SUM.replace("p / q", "p.clamp(min=1e-8) / q")),),
    ),
    Misconception(
        "divergence-epsilon",
        "f_divergence",
        "A small number is added to q. It is small beside most probabilities and not beside a tiny one, "
        "where the ratio is what the divergence is about; q is positive and needs no help.",
        ((SUM, SUM.replace("p / q", "p / (q + 1e-10)")),),
    ),
    Misconception(
        "divergence-zeros-left-out",
        "f_divergence",
        "Outcomes with p_k = 0 are left out. That is right in kl, where f(0) = 0; elsewhere such an outcome "
        "adds q_k f(0), mass of q where p has none.",
        (
            (
                SUM,
                "terms = q * generator_f(p / q, name)\n"
                '    if name in ("pearson", "hellinger", "total_variation"):\n'
                "        terms = terms * (p > 0)\n"
                "    return terms.sum(dim=1)",
            ),
        ),
    ),
    Misconception(
        "conjugate-kl-no-minus-one",
        "conjugate_f",
        "In kl a -1 is missing in the exponent: the u that attains the supremum solves 1 + log u = t.",
        ((C_KL, "return t.exp()"),),
    ),
    Misconception(
        "conjugate-reverse-kl-no-minus-one",
        "conjugate_f",
        "In reverse_kl the term ut is lost: it is a constant at the supremum, but not zero.",
        ((C_REVERSE, C_REVERSE.replace("-1 - (-t).log()", "-(-t).log()")),),
    ),
    Misconception(
        "conjugate-js-of-the-gan",
        "conjugate_f",
        "js is the conjugate of twice this module's f, the one that papers on GANs use. With f also the "
        "slope t is halved.",
        (
            (
                C_JS,
                "return torch.where(t < math.log(2), -(2 - t.exp()).log(), math.inf)",
            ),
        ),
    ),
    Misconception(
        "conjugate-pearson-not-floored",
        "conjugate_f",
        "In pearson the parabola goes on below t = -2, where it belongs to a negative u. A ratio of "
        "densities is never negative, and the supremum is then attained at u = 0.",
        ((C_PEARSON, "return t.square() / 4 + t"),),
    ),
    Misconception(
        "conjugate-total-variation-identity",
        "conjugate_f",
        "total_variation is t for every t. Above 1/2 the supremum is infinite; below -1/2 it is attained at "
        "u = 0.",
        ((C_TV, "return t * 1"),),
    ),
    Misconception(
        "conjugate-domain-ignored",
        "conjugate_f",
        "Outside the domain of the conjugate the formulas give NaN or finite nonsense; the supremum is +inf.",
        (
            (C_REVERSE, "return -1 - (-t).log()"),
            (C_JS, "return -0.5 * (2 - (2 * t).exp()).log()"),
            (C_HELLINGER, "return t / (1 - t)"),
            (C_TV, "return t.clamp(min=-0.5)"),
        ),
    ),
    Misconception(
        "conjugate-clamped-into-domain",
        "conjugate_f",
        "Values outside the domain are moved to its edge. A critic that leaves the domain proves nothing: "
        "the conjugate is +inf there.",
        (
            (C_REVERSE, "return -1 - (-t.clamp(max=-1e-6)).log()"),
            (C_JS, "return -0.5 * (2 - (2 * t.clamp(max=math.log(2) / 2 - 1e-6)).exp()).log()"),
            (C_HELLINGER, "return t.clamp(max=1 - 1e-6) / (1 - t.clamp(max=1 - 1e-6))"),
            (C_TV, "return t.clamp(min=-0.5, max=0.5)"),
        ),
    ),
    Misconception(
        "conjugate-floored",
        "conjugate_f",
        "Logarithm and denominator are kept away from zero. Just inside the domain the conjugate is as large "
        "as the formula says; nothing is to be clipped there.",
        (
            (C_REVERSE, C_REVERSE.replace("(-t).log()", "(-t).clamp(min=1e-6).log()")),
            (C_JS, C_JS.replace("(2 * t).exp()).log()", "(2 * t).exp()).clamp(min=1e-6).log()")),
            (C_HELLINGER, C_HELLINGER.replace("(1 - t)", "(1 - t).clamp(min=1e-6)")),
        ),
    ),
    Misconception(
        "critic-always-log-ratio",
        "optimal_critic",
        "In kl the critic is the log-ratio itself. That is the best discriminator of a GAN; here "
        "differentiate u log u.",
        ((T_KL, "return ratio.log()"),),
    ),
    Misconception(
        "critic-reverse-kl-sign",
        "optimal_critic",
        "In reverse_kl the sign is wrong: f falls with u, so its slope is negative.",
        ((T_REVERSE, "return 1 / ratio"),),
    ),
    Misconception(
        "critic-js-no-two",
        "optimal_critic",
        "In js the factor 2 in the logarithm is missing: where p = q the critic must be 0.",
        ((T_JS, "return 0.5 * (ratio / (ratio + 1)).log()"),),
    ),
    Misconception(
        "critic-total-variation-no-half",
        "optimal_critic",
        "In total_variation the slope is 1/2, not 1: the critic leaves the domain of the conjugate.",
        ((T_TV, "return (ratio - 1).sign()"),),
    ),
    Misconception(
        "critic-clipped",
        "optimal_critic",
        "Small ratios are clipped. They are positive, so nothing breaks, and where q has far more mass than "
        "p the critic must say so.",
        (
            (T_KL, "return 1 + ratio.clamp(min=1e-6).log()"),
            (T_REVERSE, "return -1 / ratio.clamp(min=1e-6)"),
            (T_HELLINGER, "return 1 - ratio.clamp(min=1e-6).rsqrt()"),
        ),
    ),
    Misconception(
        "critic-inverted-ratio",
        "optimal_critic",
        "The ratio is inverted: it arrives as p/q and is to be used as it is.",
        (
            (T_KL, "return 1 - ratio.log()"),
            (T_REVERSE, "return -ratio"),
            (T_JS, "return 0.5 * (2 / (ratio + 1)).log()"),
            (T_PEARSON, "return 2 * (1 / ratio - 1)"),
            (T_HELLINGER, "return 1 - ratio.sqrt()"),
            (T_TV, "return 0.5 * (1 - ratio).sign()"),
        ),
    ),
    Misconception(
        "critic-is-f",
        "optimal_critic",
        "This is f(p/q); the optimal critic is the derivative f'(p/q).",
        ((T_KL, "return generator_f(ratio, name)"), (T_PEARSON, "return (ratio - 1).square()")),
    ),
    Misconception(
        "bound-no-conjugate",
        "variational_bound",
        "This is the difference of two averages of the critic (total variation or Wasserstein). The second "
        "average is that of f*(T).",
        ((BOUND, "return critic_p.mean() - critic_q.mean()"),),
    ),
    Misconception(
        "bound-plus",
        "variational_bound",
        "The second average is subtracted, not added.",
        ((BOUND, BOUND.replace(" - ", " + ")),),
    ),
    Misconception(
        "bound-roles-swapped",
        "variational_bound",
        "p and q are swapped: f* is applied to the critic on the sample of q.",
        ((BOUND, "return critic_q.mean() - conjugate_f(critic_p, name).mean()"),),
    ),
    Misconception(
        "bound-negative",
        "variational_bound",
        "This is the negative of the bound, the loss of a critic. The bound itself is asked for.",
        ((BOUND, "return conjugate_f(critic_q, name).mean() - critic_p.mean()"),),
    ),
    Misconception(
        "bound-conjugate-of-mean",
        "variational_bound",
        "The critic is averaged before f* is applied. f* is convex, so the two differ: average last.",
        (
            (
                BOUND,
                BOUND.replace(
                    "conjugate_f(critic_q, name).mean()", "conjugate_f(critic_q.mean(), name)"
                ),
            ),
        ),
    ),
    Misconception(
        "bound-sums",
        "variational_bound",
        "The values are summed over the samples; both terms are averages.",
        ((BOUND, BOUND.replace("mean", "sum")),),
    ),
    Misconception(
        "bound-one-mean",
        "variational_bound",
        "Both sums are divided by the same number. There are N values from p and M from q.",
        (
            (
                BOUND,
                BOUND.replace(
                    "conjugate_f(critic_q, name).mean()",
                    "conjugate_f(critic_q, name).sum() / len(critic_p)",
                ),
            ),
        ),
    ),
    Misconception(
        "mmd-biased",
        "mmd2_unbiased",
        "This is the biased estimate: every point is compared with itself too.",
        ((OFF_DIAGONAL, "return k.mean()"),),
    ),
    Misconception(
        "mmd-wrong-count",
        "mmd2_unbiased",
        "The diagonal is left out of the sums, but still counted: there are n (n - 1) pairs, not n^2.",
        ((OFF_DIAGONAL, OFF_DIAGONAL.replace("(n * (n - 1))", "(n * n)")),),
    ),
    Misconception(
        "mmd-diagonal-kept",
        "mmd2_unbiased",
        "The diagonal is in the sums, but not in the count n (n - 1).",
        ((OFF_DIAGONAL, "return k.sum() / (n * (n - 1))"),),
    ),
    Misconception(
        "mmd-cross-once",
        "mmd2_unbiased",
        "The factor 2 of the cross term is missing.",
        ((MMD, MMD.replace("2 * ", "")),),
    ),
    Misconception(
        "mmd-bandwidth-no-half",
        "mmd2_unbiased",
        "The exponent lacks its 1/2: the kernel divides by 2 h^2.",
        ((KERNEL, KERNEL.replace("(2 * bandwidth**2)", "bandwidth**2")),),
    ),
    Misconception(
        "mmd-bandwidth-not-squared",
        "mmd2_unbiased",
        "The bandwidth is a length: the kernel divides by 2 h^2, not by 2 h.",
        ((KERNEL, KERNEL.replace("bandwidth**2", "bandwidth")),),
    ),
    Misconception(
        "mmd-clamped",
        "mmd2_unbiased",
        "The estimate is clamped at zero, which makes it biased. An unbiased estimate of zero must be "
        "negative half of the time.",
        ((MMD, "return (within - 2 * kernel(x, y).mean()).clamp(min=0)"),),
    ),
    Misconception(
        "accuracy-threshold",
        "c2st_accuracy",
        "The threshold is 0.5, as if the logits were probabilities. A logit of 0 is a probability of 1/2.",
        ((ACCURACY, ACCURACY.replace("logits > 0)", "logits > 0.5)")),),
    ),
    Misconception(
        "accuracy-tie",
        "c2st_accuracy",
        "A logit of exactly 0 predicts label 0; here it predicts 1.",
        ((ACCURACY, ACCURACY.replace("> 0)", ">= 0)")),),
    ),
    Misconception(
        "accuracy-inverted",
        "c2st_accuracy",
        "This is the error rate: positive logits predict label 1.",
        ((ACCURACY, ACCURACY.replace("==", "!=", 1)),),
    ),
    Misconception(
        "accuracy-best-side",
        "c2st_accuracy",
        "Accuracies below 1/2 are turned round. The test's null distribution does not know about that.",
        (
            (
                ACCURACY,
                "rate = ((logits > 0) == (labels == 1)).to(logits.dtype).mean()\n    return torch.maximum(rate, 1 - rate)",
            ),
        ),
    ),
    Misconception(
        "accuracy-sum",
        "c2st_accuracy",
        "This is the number of right answers; the accuracy is their share.",
        ((ACCURACY, ACCURACY.replace("mean", "sum")),),
    ),
    Misconception(
        "accuracy-balanced",
        "c2st_accuracy",
        "The accuracies on the two labels are averaged. Every example weighs the same, whatever its label.",
        (
            (
                ACCURACY,
                "right = ((logits > 0) == (labels == 1)).to(logits.dtype)\n"
                "    return (right[labels == 1].mean() + right[labels == 0].mean()) / 2",
            ),
        ),
    ),
    Misconception(
        "p-value-two-sided",
        "c2st_p_value",
        "This is a two-sided p-value. Only a high accuracy speaks against p = q.",
        ((TAIL, "return torch.erfc(z.abs() / math.sqrt(2))"),),
    ),
    Misconception(
        "p-value-lower-tail",
        "c2st_p_value",
        "This is the probability of a lower accuracy; a good classifier must get a small p-value.",
        ((TAIL, TAIL.replace("z /", "-z /")),),
    ),
    Misconception(
        "p-value-erfc-scale",
        "c2st_p_value",
        "The argument of erfc is not that of the normal distribution function: there is a factor between the two. "
        "Compare their definitions.",
        ((TAIL, TAIL.replace("z / math.sqrt(2)", "z")),),
    ),
    Misconception(
        "p-value-variance",
        "c2st_p_value",
        "The deviation is divided by the variance; divide by the standard deviation.",
        ((Z, "z = (accuracy - 0.5) * (4 * num_test)"),),
    ),
    Misconception(
        "p-value-not-a-quarter",
        "c2st_p_value",
        "The variance of one coin flip is 1/4, not 1.",
        ((Z, Z.replace("(4 * num_test)", "num_test")),),
    ),
    Misconception(
        "p-value-observed-variance",
        "c2st_p_value",
        "The variance is taken at the observed accuracy. Under the hypothesis p = q it is that of a fair coin.",
        (
            (
                Z,
                "z = (accuracy - 0.5) / (accuracy * (1 - accuracy) / num_test).clamp(min=1e-12).sqrt()",
            ),
        ),
    ),
    Misconception(
        "p-value-continuity",
        "c2st_p_value",
        "A continuity correction is made. The question asks for the normal approximation without one.",
        ((Z, "z = (accuracy - 0.5 - 0.5 / num_test) / math.sqrt(1 / (4 * num_test))"),),
    ),
    Misconception(
        "frechet-elementwise-root",
        "frechet_distance",
        "The root is taken entry by entry. It is a matrix root: its square is the matrix product.",
        ((EIGENVALUES, "eigenvalues = (cov1 @ cov2).diagonal().clamp(min=0)"),),
    ),
    Misconception(
        "frechet-commuting",
        "frechet_distance",
        "The roots of the two covariances are multiplied and the trace taken. That is right only when they "
        "commute.",
        (
            (
                EIGENVALUES,
                "values, vectors = torch.linalg.eigh(cov2)\n"
                "    root2 = (vectors * values.clamp(min=0).sqrt()) @ vectors.T\n"
                "    eigenvalues = (root1 @ root2).diagonal().sum().square()",
            ),
        ),
    ),
    Misconception(
        "frechet-sorted-eigenvalues",
        "frechet_distance",
        "The eigenvalues of the two covariances are multiplied in order. Those of a product are not the "
        "products of eigenvalues.",
        (
            (
                EIGENVALUES,
                "eigenvalues = values.clamp(min=0) * torch.linalg.eigvalsh(cov2).clamp(min=0)",
            ),
        ),
    ),
    Misconception(
        "frechet-no-root",
        "frechet_distance",
        "The trace of the product S_1 S_2 itself is subtracted; its matrix root is missing.",
        ((TRACE, TRACE.replace("eigenvalues.sqrt()", "eigenvalues")),),
    ),
    Misconception(
        "frechet-cross-once",
        "frechet_distance",
        "The factor 2 of the cross term is missing: two equal Gaussians must have distance 0.",
        ((TRACE, TRACE.replace("2 * ", "")),),
    ),
    Misconception(
        "frechet-mean-not-squared",
        "frechet_distance",
        "The distance of the means is not squared.",
        ((FRECHET, "return torch.linalg.vector_norm(mean1 - mean2) + trace"),),
    ),
    Misconception(
        "frechet-rooted",
        "frechet_distance",
        "The square root of the result is returned; d^2 is asked for, as in the FID.",
        ((FRECHET, "return ((mean1 - mean2).square().sum() + trace).clamp(min=0).sqrt()"),),
    ),
    Misconception(
        "frechet-nan",
        "frechet_distance",
        "Eigenvalues that should be zero come out as tiny negative numbers, and their root is NaN.",
        ((EIGENVALUES, EIGENVALUES.replace(".clamp(min=0)", "")),),
    ),
    Misconception(
        "neighbours-count-itself",
        "precision_recall",
        "The point itself, at distance 0, is counted as its first neighbour, so every ball is one neighbour "
        "too small.",
        ((RADIUS, RADIUS.replace("[:, k]", "[:, k - 1]")),),
    ),
    Misconception(
        "neighbours-swapped",
        "precision_recall",
        "Precision and recall are swapped. Precision judges generated points by balls around real ones.",
        ((BOTH, "return covered(real, fake), covered(fake, real)"),),
    ),
    Misconception(
        "neighbours-strict",
        "precision_recall",
        "Points on the surface of a ball are left out. They count: the comparison is <=.",
        ((INSIDE, INSIDE.replace("<=", "<")),),
    ),
    Misconception(
        "neighbours-own-balls",
        "precision_recall",
        "The ball around the tested point is used: this asks whether it has a neighbour of the other sample "
        "nearby, not whether it lies in the other sample's support.",
        (
            (
                f"{RADIUS}\n        {INSIDE}",
                "squared_radius = squared_distance(points, points).sort(dim=1).values[:, k]\n"
                "        inside = squared_distance(points, sample) <= squared_radius[:, None]",
            ),
        ),
    ),
    Misconception(
        "neighbours-cross-radius",
        "precision_recall",
        "The radius is the distance to the k-th neighbour in the other sample. The balls are made within "
        "one sample.",
        (
            (
                RADIUS,
                "squared_radius = squared_distance(sample, points).sort(dim=1).values[:, k - 1]",
            ),
        ),
    ),
    Misconception(
        "neighbours-nearest-ball",
        "precision_recall",
        "Only the ball of the nearest point is tried. A point further away may have a larger ball.",
        (
            (
                COVERED,
                "nearest = squared_distance(points, sample).argmin(dim=1, keepdim=True)\n"
                "        return inside.gather(1, nearest).to(real.dtype).mean()",
            ),
        ),
    ),
    Misconception(
        "neighbours-one-radius",
        "precision_recall",
        "All balls have the same (average) radius. Each point has its own, large where points are sparse.",
        ((RADIUS, RADIUS + ".mean()"),),
    ),
    Misconception(
        "neighbours-coverage",
        "precision_recall",
        "This is the share of balls that contain a point of the other sample (coverage). Count the points "
        "that lie in a ball.",
        ((COVERED, COVERED.replace("dim=1", "dim=0")),),
    ),
    Misconception(
        "neighbours-equal-points-skipped",
        "precision_recall",
        "All neighbours at distance 0 are skipped. Only the point itself is; an equal point counts.",
        (
            (
                RADIUS,
                "apart = squared_distance(sample, sample)\n"
                "        squared_radius = torch.where(apart > 0, apart, math.inf).sort(dim=1).values[:, k - 1]",
            ),
        ),
    ),
)

ALTERNATIVES = (
    Alternative(
        "by-autograd-and-sums",
        (
            (F_KL, "return torch.where(u > 0, u * u.clamp(min=1e-300).log(), 0.0)\n"),
            (F_HELLINGER, "return u + 1 - 2 * u**0.5"),
            (F_TV, "return torch.maximum(u, 1 / u.new_ones(())) - (u + 1) / 2"),
            (SUM, "return torch.einsum('bk,bk->b', q, generator_f(p.div(q), name))"),
            (
                C_REVERSE,
                "value = torch.full_like(t, math.inf)\n"
                "            value[t < 0] = -1 - torch.log(-t[t < 0])\n"
                "            return value",
            ),
            (
                C_PEARSON,
                "u = torch.relu(1 + t / 2)\n            return u * t - (u - 1) ** 2",
            ),
            (C_HELLINGER, "return torch.where(t < 1, 1 / (1 - t) - 1, torch.inf)"),
            (T_JS, "return (math.log(2) - torch.nn.functional.softplus(-ratio.log())) / 2"),
            (T_HELLINGER, "return (ratio**0.5 - 1) / ratio**0.5"),
            (T_TV, "return (ratio > 1).to(ratio.dtype) / 2 - (ratio < 1).to(ratio.dtype) / 2"),
        ),
    ),
    Alternative(
        "loops",
        (
            (
                WITHIN,
                "def average(a: Tensor) -> Tensor:\n"
                "        pairs = [(i, j) for i in range(len(a)) for j in range(len(a)) if i != j]\n"
                "        values = [torch.exp(-(a[i] - a[j]).pow(2).sum() / (2 * bandwidth**2)) for i, j in pairs]\n"
                "        return torch.stack(values).mean()\n\n"
                "    within = average(x) + average(y)",
            ),
            (
                ACCURACY,
                "predicted = (logits.sigmoid() > 0.5).long()\n"
                "    return (predicted == labels).sum() / logits.new_tensor(len(labels))",
            ),
            (
                TAIL,
                "return 1 - torch.distributions.Normal(0.0, 1.0).cdf(z)",
            ),
            (
                f"{RADIUS}\n        {INSIDE}\n        {COVERED}",
                "hits = real.new_zeros(())\n"
                "        for point in points:\n"
                "            hit = torch.zeros((), dtype=torch.bool, device=real.device)\n"
                "            for i, centre in enumerate(sample):\n"
                "                others = torch.cat([sample[:i], sample[i + 1 :]])\n"
                "                radius = (others - centre).norm(dim=1).kthvalue(k).values\n"
                "                hit = hit | ((point - centre).norm() <= radius)\n"
                "            hits = hits + hit.to(real.dtype)\n"
                "        return hits / len(points)",
            ),
        ),
    ),
    Alternative(
        "library-calls",
        (
            (
                f"{ROOT}    {EIGENVALUES}\n",
                "eigenvalues = torch.linalg.eigvals(cov1 @ cov2).real.clamp(min=0)\n",
            ),
            (
                f"{RADIUS}\n        {INSIDE}\n        {COVERED}",
                "within = torch.cdist(sample, sample)\n"
                "        radius = within.topk(k + 1, largest=False).values.amax(dim=1)\n"
                "        inside = torch.cdist(points, sample) <= radius\n"
                "        return inside.any(dim=1).to(real.dtype).mean()",
            ),
            (KERNEL, "return torch.exp(-torch.cdist(a, b).square() / (2 * bandwidth**2))"),
        ),
    ),
    Alternative(
        "nuclear-norm",
        (
            (
                f"{EIGENVALUES}\n    {TRACE}",
                "values, vectors = torch.linalg.eigh(cov2)\n"
                "    root2 = (vectors * values.clamp(min=0).sqrt()) @ vectors.T\n"
                "    trace = torch.einsum('ii', cov1 + cov2) - 2 * torch.linalg.svdvals(root1 @ root2).sum()",
            ),
        ),
    ),
)
