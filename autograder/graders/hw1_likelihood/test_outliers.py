"""Q7: outlier detection."""

from autograder.grading import part


@part("a", weight=2)
def test_p_values(run):
    """p-values of random log-likelihoods"""
    run("p_values").matches()


@part("a", weight=2)
def test_p_values_with_ties(run):
    """p-values where log-likelihoods are equal or nearly so, at both ends, for a batch of one"""
    run("p_values_with_ties").matches()


@part("b", weight=2)
def test_typicality(run):
    """typicality of six batches, from far too unlikely to far too likely"""
    run("typicality").matches()


@part("b")
def test_typicality_of_single_examples(run):
    """typicality of batches of one example"""
    run("typicality_of_single_examples").matches()


@part("c")
def test_ratio(run):
    """likelihood ratio to a background model, also for log-likelihoods of thousands of nats"""
    run("ratio").matches()


@part("c")
def test_complexity(run):
    """input complexity in bits per dimension"""
    run("complexity").matches()


@part("d", weight=2)
def test_area(run):
    """AUROC of 9 inliers and 5 outliers, and the other way round"""
    run("area").matches()


@part("d", weight=2)
def test_area_with_ties(run):
    """AUROC of scores with ties, and of large scores close together"""
    run("area_with_ties").matches()


@part("d")
def test_area_with_infinite_scores(run):
    """AUROC where some scores are infinite"""
    run("area_with_infinite_scores").matches()
