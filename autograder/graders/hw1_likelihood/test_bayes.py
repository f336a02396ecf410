"""Q2: Bayes' rule and missing data."""

from autograder.grading import part


@part("a", weight=2)
def test_fit(run):
    """class and pixel probabilities of 23 examples of 3 classes, alpha = 1"""
    run("fitted").matches()


@part("a", devices="cpu cuda")
def test_fit_with_an_empty_class(run):
    """class and pixel probabilities where a class has no examples, and their precision"""
    run("fitted_with_an_empty_class").matches()


@part("a", devices="cpu cuda")
def test_fit_without_smoothing(run):
    """class and pixel probabilities with alpha = 0, fitted twice"""
    run("fitted_without_smoothing").matches()


@part("b", weight=2)
def test_joint(run):
    """log-joint of 7 examples of 5 pixels under 3 classes, and of one example"""
    run("joint").matches()


@part("b", devices="cpu cuda")
def test_joint_of_a_square(run):
    """log-joint with as many examples as classes and pixels"""
    run("joint_of_a_square").matches()


@part("b", devices="cpu cuda")
def test_joint_with_certain_pixels(run):
    """log-joint where some pixels have probability exactly 0 or 1"""
    run("joint_with_certain_pixels").matches()


@part("c", weight=2)
def test_posterior(run):
    """class posterior given some pixels, all pixels and none"""
    run("class_posterior").matches()


@part("c", devices="cpu cuda")
def test_posterior_with_nan(run):
    """class posterior where missing pixels hold NaN"""
    run("class_posterior_with_nan").matches()


@part("c", devices="cpu cuda")
def test_posterior_with_certain_pixels(run):
    """class posterior where some pixels have probability exactly 0 or 1"""
    run("class_posterior_with_certain_pixels").matches()


@part("c", devices="cpu")
def test_posterior_of_many_pixels(run):
    """class posterior given some 1800 of 2000 pixels, and all beside hardly any"""
    run("class_posterior_of_many_pixels").matches()


@part("d", weight=2)
def test_samples(run):
    """examples drawn from given classes"""
    run("samples").matches()


@part("d", devices="cpu cuda")
def test_samples_on_the_boundary(run):
    """examples drawn where theta is 0, 1 or equal to u"""
    run("samples_on_the_boundary").matches()


@part("d", weight=3)
def test_imputed(run):
    """missing pixels filled in, with and without NaN in them, `posterior` given"""
    run("imputed").matches()


@part("e", weight=2)
def test_logistic(run):
    """weight and bias for 3 Gaussian classes in 4 dimensions with a full covariance"""
    run("logistic").matches("chain")


@part("e", devices="cpu cuda")
def test_logistic_of_two_classes(run):
    """weight and bias for 2 Gaussian classes of unequal frequency"""
    run("logistic_of_two_classes").matches("chain")


@part("f", devices="cpu")
def test_counts(run):
    """parameter counts of naive Bayes, Markov chains and full tables, small and huge"""
    run("counts").matches()
