"""Q7: what goes wrong in outlier detection."""

from autograder.misconceptions import Alternative, Misconception

AREA = (
    "wins = (outlier_scores[:, None] > inlier_scores).to(inlier_scores.dtype)\n"
    "    ties = (outlier_scores[:, None] == inlier_scores).to(inlier_scores.dtype)\n"
    "    return (wins + ties / 2).mean()"
)

MISCONCEPTIONS = (
    Misconception(
        "rank-strict",
        "rank_p_value",
        "Training examples with the same log-likelihood must count too: the comparison is <=, not <.",
        (("train_log_prob <= log_prob", "train_log_prob < log_prob"),),
    ),
    Misconception(
        "rank-nearly-equal",
        "rank_p_value",
        "Log-likelihoods that are nearly equal count as ties. `isclose` allows a relative error, which is "
        "whole nats for log-likelihoods of -1e5; compare with <= alone.",
        (
            (
                "train_log_prob <= log_prob[:, None], dim=1",
                "(train_log_prob < log_prob[:, None]) "
                "| torch.isclose(train_log_prob, log_prob[:, None]), dim=1",
            ),
        ),
    ),
    Misconception(
        "rank-wrong-tail",
        "rank_p_value",
        "You count training examples that are more likely than x. An outlier must get a small p-value, "
        "so count those that are at most as likely.",
        (("train_log_prob <= log_prob", "train_log_prob >= log_prob"),),
    ),
    Misconception(
        "rank-without-itself",
        "rank_p_value",
        "The tested example is one of the N + 1 in the ranking: one is missing in the numerator, so a "
        "p-value of zero is possible.",
        (("1 + torch.count_nonzero", "torch.count_nonzero"),),
    ),
    Misconception(
        "rank-without-itself-twice",
        "rank_p_value",
        "This is the plain share of training examples. The tested example itself is one of the N + 1 in "
        "the ranking, above and below the fraction bar, or a p-value of zero is possible.",
        (
            ("1 + torch.count_nonzero", "torch.count_nonzero"),
            ("(train_log_prob.shape[0] + 1)", "train_log_prob.shape[0]"),
        ),
    ),
    Misconception(
        "rank-divides-by-n",
        "rank_p_value",
        "The tested example is one of the N + 1 in the ranking: divide by N + 1, or p-values exceed 1.",
        (("(train_log_prob.shape[0] + 1)", "train_log_prob.shape[0]"),),
    ),
    Misconception(
        "rank-over-batch",
        "rank_p_value",
        "The sum runs over the tested examples; it must run over the training examples.",
        (
            (
                "train_log_prob <= log_prob[:, None], dim=1",
                "train_log_prob[:, None] <= log_prob, dim=1",
            ),
        ),
    ),
    Misconception(
        "rank-two-sided",
        "rank_p_value",
        "This is a two-sided p-value. The question asks for the lower tail only.",
        (
            (
                "return rank.to(log_prob.dtype) / (train_log_prob.shape[0] + 1)",
                "p = rank.to(log_prob.dtype) / (train_log_prob.shape[0] + 1)\n    return 2 * torch.minimum(p, 1 - p)",
            ),
        ),
    ),
    Misconception(
        "rank-not-float",
        "rank_p_value",
        "The division is rounded down to whole numbers; a p-value lies between 0 and 1.",
        (("rank.to(log_prob.dtype) /", "rank.to(log_prob.dtype) //"),),
    ),
    Misconception(
        "rank-upper-tail",
        "rank_p_value",
        "This is one minus the p-value: it is large for an outlier, which must get a small p-value.",
        (
            (
                "return rank.to(log_prob.dtype) / (train_log_prob.shape[0] + 1)",
                "return 1 - rank.to(log_prob.dtype) / (train_log_prob.shape[0] + 1)",
            ),
        ),
    ),
    Misconception(
        "typicality-squared",
        "typicality_score",
        "The difference is squared; the score is its absolute value, in nats.",
        (
            (
                "(-log_prob.mean(dim=1) - entropy).abs()",
                "(-log_prob.mean(dim=1) - entropy).square()",
            ),
        ),
    ),
    Misconception(
        "typicality-standardised",
        "typicality_score",
        "The distance is divided by a standard deviation; it must stay in nats.",
        (
            (
                "(-log_prob.mean(dim=1) - entropy).abs()",
                "(-log_prob.mean(dim=1) - entropy).abs() / train_log_prob.std()",
            ),
        ),
    ),
    Misconception(
        "typicality-entropy-of-batch",
        "typicality_score",
        "The entropy is estimated from the tested batches; it must come from the training examples.",
        (("entropy = -train_log_prob.mean()", "entropy = -log_prob.mean()"),),
    ),
    Misconception(
        "typicality-signed",
        "typicality_score",
        "The score keeps its sign: batches that are too likely come out negative. The typical set has two "
        "sides; take the absolute value.",
        (("(-log_prob.mean(dim=1) - entropy).abs()", "(-log_prob.mean(dim=1) - entropy)"),),
    ),
    Misconception(
        "typicality-per-example",
        "typicality_score",
        "The absolute value is taken per example and then averaged. The batch is judged as a whole: average "
        "first.",
        (("(-log_prob.mean(dim=1) - entropy).abs()", "(-log_prob - entropy).abs().mean(dim=1)"),),
    ),
    Misconception(
        "typicality-entropy-sign",
        "typicality_score",
        "The entropy is minus the mean log-likelihood; a sign is lost and the two terms add up.",
        (("entropy = -train_log_prob.mean()", "entropy = train_log_prob.mean()"),),
    ),
    Misconception(
        "typicality-sum",
        "typicality_score",
        "The log-likelihoods of a batch are summed; the entropy is per example, so take the mean.",
        (("-log_prob.mean(dim=1)", "-log_prob.sum(dim=1)"),),
    ),
    Misconception(
        "typicality-wrong-axis",
        "typicality_score",
        "The mean runs over the batches instead of the examples in a batch.",
        (("-log_prob.mean(dim=1)", "-log_prob.mean(dim=0)"),),
    ),
    Misconception(
        "typicality-median",
        "typicality_score",
        "The entropy is a mean over training examples, not their median.",
        (("-train_log_prob.mean()", "-train_log_prob.median()"),),
    ),
    Misconception(
        "ratio-sign",
        "likelihood_ratio_score",
        "The score must be large for an outlier: it is minus the log-ratio.",
        (("return background_log_prob - log_prob", "return log_prob - background_log_prob"),),
    ),
    Misconception(
        "ratio-not-logs",
        "likelihood_ratio_score",
        "The log-likelihoods are divided. The logarithm of a ratio is a difference.",
        (("return background_log_prob - log_prob", "return background_log_prob / log_prob"),),
    ),
    Misconception(
        "ratio-not-relative",
        "likelihood_ratio_score",
        "The background is missing: this is the negative log-likelihood alone, which prefers smooth inputs.",
        (("return background_log_prob - log_prob", "return -log_prob"),),
    ),
    Misconception(
        "ratio-absolute",
        "likelihood_ratio_score",
        "The sign of the log-ratio is lost. An example that the model explains better than the background is "
        "no outlier, however large the difference.",
        (
            (
                "return background_log_prob - log_prob",
                "return (background_log_prob - log_prob).abs()",
            ),
        ),
    ),
    Misconception(
        "ratio-exponentiated",
        "likelihood_ratio_score",
        "This is the ratio of the likelihoods; its logarithm is asked for.",
        (
            (
                "return background_log_prob - log_prob",
                "return (background_log_prob - log_prob).exp()",
            ),
        ),
    ),
    Misconception(
        "ratio-sum",
        "likelihood_ratio_score",
        "The log-likelihoods are added: that is the logarithm of a product, not of a ratio.",
        (("return background_log_prob - log_prob", "return -background_log_prob - log_prob"),),
    ),
    Misconception(
        "ratio-underflow",
        "likelihood_ratio_score",
        "The likelihoods are computed first: exp(-1000) is zero in floating point, and its logarithm is lost. "
        "The likelihood of an image is smaller still; stay with logarithms.",
        (
            (
                "return background_log_prob - log_prob",
                "return -(log_prob.exp() / background_log_prob.exp()).log()",
            ),
        ),
    ),
    Misconception(
        "complexity-added",
        "complexity_score",
        "The complexity is added. Inputs that every compressor finds hard should not count as outliers: "
        "subtract it.",
        (("(negative_log2_prob - complexity)", "(negative_log2_prob + complexity)"),),
    ),
    Misconception(
        "complexity-nats",
        "complexity_score",
        "The log-likelihood is in nats and the compressed length in bits: divide the former by ln 2.",
        (("-log_prob / math.log(2)", "-log_prob"),),
    ),
    Misconception(
        "complexity-times-ln2",
        "complexity_score",
        "Nats are turned into bits by dividing by ln 2, not by multiplying.",
        (("-log_prob / math.log(2)", "-log_prob * math.log(2)"),),
    ),
    Misconception(
        "complexity-bytes",
        "complexity_score",
        "The compressed length is in bytes; a byte has eight bits.",
        (("8 * compressed_bytes", "compressed_bytes"),),
    ),
    Misconception(
        "complexity-not-per-dimension",
        "complexity_score",
        "The score must be per dimension: divide by D.",
        (("(negative_log2_prob - complexity) / num_dims", "(negative_log2_prob - complexity)"),),
    ),
    Misconception(
        "complexity-half-per-dimension",
        "complexity_score",
        "Only the log-likelihood is divided by D; the compressed length must be too.",
        (
            (
                "(negative_log2_prob - complexity) / num_dims",
                "negative_log2_prob / num_dims - complexity",
            ),
        ),
    ),
    Misconception(
        "complexity-converted-twice",
        "complexity_score",
        "The compressed length is divided by ln 2 as well. It is in bits already; only the log-likelihood is in "
        "nats.",
        (
            (
                "(negative_log2_prob - complexity) / num_dims",
                "(-log_prob - complexity) / (num_dims * math.log(2))",
            ),
        ),
    ),
    Misconception(
        "complexity-likelihood-sign",
        "complexity_score",
        "The log-likelihood has lost its minus sign: the less likely an input, the lower its score.",
        (("negative_log2_prob = -log_prob", "negative_log2_prob = log_prob"),),
    ),
    Misconception(
        "complexity-bytes-over-eight",
        "complexity_score",
        "The number of bytes is divided by eight. There are more bits than bytes.",
        (("8 * compressed_bytes.to(log_prob.dtype)", "compressed_bytes.to(log_prob.dtype) / 8"),),
    ),
    Misconception(
        "complexity-sign",
        "complexity_score",
        "The whole score has the wrong sign: it must be large for an outlier.",
        (("(negative_log2_prob - complexity)", "(complexity - negative_log2_prob)"),),
    ),
    Misconception(
        "auroc-swapped",
        "auroc",
        "This is the probability that an inlier scores higher; outliers must.",
        (("outlier_scores[:, None] > inlier_scores", "outlier_scores[:, None] < inlier_scores"),),
    ),
    Misconception(
        "auroc-no-ties",
        "auroc",
        "Pairs with equal scores count one half; here they count nothing.",
        (("(wins + ties / 2).mean()", "wins.mean()"),),
    ),
    Misconception(
        "auroc-full-ties",
        "auroc",
        "Pairs with equal scores count one half; here they count as wins.",
        (("(wins + ties / 2).mean()", "(wins + ties).mean()"),),
    ),
    Misconception(
        "auroc-nearly-equal",
        "auroc",
        "Scores that are nearly equal count as ties. `isclose` allows a relative error, so that large scores "
        "all tie; a tie is equality.",
        (
            (
                "wins = (outlier_scores[:, None] > inlier_scores).to(inlier_scores.dtype)",
                "close = torch.isclose(outlier_scores[:, None], inlier_scores)\n"
                "    wins = ((outlier_scores[:, None] > inlier_scores) & ~close).to(inlier_scores.dtype)",
            ),
            (
                "ties = (outlier_scores[:, None] == inlier_scores).to(inlier_scores.dtype)",
                "ties = close.to(inlier_scores.dtype)",
            ),
        ),
    ),
    Misconception(
        "auroc-not-normalised",
        "auroc",
        "The pairs are counted but not divided by their number N M.",
        (("(wins + ties / 2).mean()", "(wins + ties / 2).sum()"),),
    ),
    Misconception(
        "auroc-divides-by-n-squared",
        "auroc",
        "The number of pairs is N M: there need not be as many outliers as inliers.",
        (("(wins + ties / 2).mean()", "(wins + ties / 2).sum() / inlier_scores.shape[0] ** 2"),),
    ),
    Misconception(
        "auroc-by-difference",
        "auroc",
        "Scores are subtracted before they are compared: the difference of two infinite scores is NaN, so "
        "that the pair counts nothing. Compare them as they are.",
        (
            (
                "(outlier_scores[:, None] > inlier_scores)",
                "(outlier_scores[:, None] - inlier_scores > 0)",
            ),
            (
                "(outlier_scores[:, None] == inlier_scores)",
                "(outlier_scores[:, None] - inlier_scores == 0)",
            ),
        ),
    ),
    Misconception(
        "auroc-gini",
        "auroc",
        "This is twice the area minus one (the Gini coefficient): it is 0 for scores that tell nothing, where "
        "the area is 1/2.",
        (("return (wins + ties / 2).mean()", "return 2 * (wins + ties / 2).mean() - 1"),),
    ),
    Misconception(
        "auroc-best-side",
        "auroc",
        "Areas below 1/2 are turned round. A score that ranks outliers below inliers is wrong, and the area "
        "must show it.",
        (
            (
                "return (wins + ties / 2).mean()",
                "area = (wins + ties / 2).mean()\n    return (area - 0.5).abs() + 0.5",
            ),
        ),
    ),
    Misconception(
        "auroc-accuracy",
        "auroc",
        "This is the share of correct decisions at one threshold. The AUROC compares every outlier with "
        "every inlier.",
        (
            (
                "return (wins + ties / 2).mean()",
                "threshold = inlier_scores.median()\n    return (outlier_scores > threshold).to(inlier_scores.dtype).mean()",
            ),
        ),
    ),
)

ALTERNATIVES = (
    Alternative(
        "loops",
        (
            (
                AREA,
                "total = inlier_scores.new_zeros(())\n"
                "    for o in outlier_scores:\n"
                "        for i in inlier_scores:\n"
                "            total = total + (o > i).to(total.dtype) + 0.5 * (o == i).to(total.dtype)\n"
                "    return total / (len(outlier_scores) * len(inlier_scores))",
            ),
        ),
    ),
    Alternative(
        "sorted-ranks",
        (
            (
                "rank = 1 + torch.count_nonzero(train_log_prob <= log_prob[:, None], dim=1)",
                "ordered = train_log_prob.sort().values\n"
                "    rank = 1 + torch.searchsorted(ordered, log_prob.contiguous(), right=True)",
            ),
        ),
    ),
)
