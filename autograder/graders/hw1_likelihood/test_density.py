"""Q1: density estimation.

PyTorch is slow on ``meta``, so of each function only the smallest experiment runs there.
"""

from autograder.grading import part

WITH_VALUES = "cpu cuda"


@part("a", weight=3, devices=WITH_VALUES)
def test_histograms(run):
    """smoothed histograms of three dimensions"""
    run("histograms").matches()


@part("a", weight=2, devices=WITH_VALUES)
def test_histograms_with_unseen_levels(run):
    """levels that no training example has, with smoothing and without"""
    run("histograms_with_unseen_levels").matches()


@part("a")
def test_histograms_without_data(run):
    """smoothed histograms of an empty training set"""
    run("histograms_without_data").matches()


@part("b", weight=2, devices=WITH_VALUES)
def test_kernels(run):
    """kernel density estimates in five dimensions, in one and in hundreds"""
    run("kernels").matches()


@part("b")
def test_kernels_far_from_data(run):
    """points on the data and thousands of bandwidths from it"""
    run("kernels_far_from_data").matches()


@part("b", devices="cpu")
def test_kernels_far_from_the_origin(run):
    """points and data close together and a hundred million bandwidths from the origin"""
    run("kernels_far_from_the_origin").matches()


@part("c", weight=3)
def test_bits(run):
    """bits per dimension of several examples"""
    run("bits").matches()


@part("c", weight=2, devices=WITH_VALUES)
def test_dequantized(run):
    """dequantised images of 256 levels, data of few levels, and noise of single precision"""
    run("dequantized").matches()


@part("c")
def test_dequantized_ends(run):
    """dequantised binary data at both ends of a bin"""
    run("dequantized_ends").matches()


@part("d", weight=2, devices=WITH_VALUES)
def test_logits(run):
    """logit transform of points, sequences and images, and its log-determinant"""
    run("logits").matches("chain")


@part("d")
def test_logits_of_black_and_white(run):
    """logit transform of zeros and ones"""
    run("logits_of_black_and_white").matches("chain")


@part("d", weight=2, devices=WITH_VALUES)
def test_inverse_logits(run):
    """inverse of the logit transform, and its log-determinant"""
    run("inverse_logits").matches("chain")


@part("d")
def test_inverse_logits_far_out(run):
    """inverse of the logit transform where the sigmoid rounds to 0 or 1"""
    run("inverse_logits_far_out").matches("chain")


@part("e", weight=2, devices=WITH_VALUES)
def test_joint(run):
    """log-density of points and components together"""
    run("joint").matches()


@part("e", devices=WITH_VALUES)
def test_joint_of_narrow_components(run):
    """joint log-density with standard deviations of a millionth"""
    run("joint_of_narrow_components").matches()


@part("e")
def test_joint_of_distant_components(run):
    """joint log-density with logits of 1e4 and components far apart"""
    run("joint_of_distant_components").matches()


@part("e", weight=2, devices=WITH_VALUES)
def test_mixture(run):
    """log-density of a mixture of three components, and of one"""
    run("mixture").matches()


@part("e")
def test_mixture_of_distant_components(run):
    """log-density of a mixture with logits of 1e4 and components far apart"""
    run("mixture_of_distant_components").matches()


@part("e", devices=WITH_VALUES)
def test_mixture_gradients(run):
    """gradients of a mixture's log-density with respect to data and parameters"""
    run("mixture_gradients").matches("chain")


@part("f", weight=2, devices=WITH_VALUES)
def test_samples(run):
    """samples and their components from given noise"""
    run("samples").matches("chain")


@part("f")
def test_samples_with_zero_weights(run):
    """samples where some components have weight zero"""
    run("samples_with_zero_weights").matches("chain")


@part("f", devices="cpu")
def test_samples_on_the_boundary(run):
    """samples where u equals a cumulative probability, or is the largest number below 1"""
    run("samples_on_the_boundary").matches("chain")


@part("g", weight=3, devices=WITH_VALUES)
def test_em(run):
    """one step of EM with four components"""
    run("em").matches("chain")


@part("g", devices=WITH_VALUES)
def test_em_with_unlikely_rows(run):
    """one step of EM where some examples are a thousand nats less likely than others"""
    run("em_with_unlikely_rows").matches("chain")


@part("g", devices="cpu")
def test_em_of_narrow_data(run):
    """one step of EM on data a million times narrower than their mean"""
    run("em_of_narrow_data").matches("chain")


@part("g")
def test_em_with_one_component(run):
    """one step of EM with a single component"""
    run("em_with_one_component").matches("chain")


@part("h", weight=2, devices=WITH_VALUES)
def test_divergences(run):
    """forward and reverse KL between positive distributions"""
    run("divergences").matches()


@part("h")
def test_divergences_with_zeros(run):
    """forward and reverse KL between distributions with zeros, and with tiny probabilities"""
    run("divergences_with_zeros").matches()
