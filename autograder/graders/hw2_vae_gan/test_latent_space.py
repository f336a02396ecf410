"""Q6: latent space."""

from autograder.grading import part

WITH_VALUES = "cpu cuda"


@part("a", weight=2)
def test_line(run):
    """linear interpolation between pairs of vectors, and beyond both ends"""
    run("line").matches()


@part("a", weight=2, devices=WITH_VALUES)
def test_arc(run):
    """spherical interpolation between pairs of vectors of different lengths"""
    run("arc").matches()


@part("a")
def test_short_arc(run):
    """spherical interpolation at two positions"""
    run("short_arc").matches()


@part("a", devices=WITH_VALUES)
def test_arc_of_parallel_pairs(run):
    """spherical interpolation between vectors that are parallel, nearly parallel, and opposite"""
    run("arc_of_parallel_pairs").matches()


@part("a", devices="cpu")
def test_arc_of_nearly_opposite_pairs(run):
    """spherical interpolation between nearly opposite vectors, on either side of the bound"""
    run("arc_of_nearly_opposite_pairs").matches()


@part("b", weight=2, devices=WITH_VALUES)
def test_traversal(run):
    """a grid of traversals of some dimensions, in no particular order"""
    run("traversal").matches()


@part("b")
def test_traversal_of_one(run):
    """a traversal of one dimension"""
    run("traversal_of_one").matches()


@part("c", weight=3)
def test_information(run):
    """mutual information of four codes and three factors"""
    run("information").matches()


@part("c", devices=WITH_VALUES)
def test_information_of_few(run):
    """mutual information of binary codes, and of a factor with itself"""
    run("information_of_few").matches()


@part("c", weight=2)
def test_gap(run):
    """mutual information gap of three factors"""
    run("gap").matches()


@part("c", devices=WITH_VALUES)
def test_gap_of_ties(run):
    """mutual information gap where two codes tell equally much"""
    run("gap_of_ties").matches()


@part("d", weight=2, devices=WITH_VALUES)
def test_bins(run):
    """bins of dimensions of very different range, and of values on the edges of bins"""
    run("bins").matches()


@part("d")
def test_bins_of_collapsed_dimensions(run):
    """bins where some dimensions are constant"""
    run("bins_of_collapsed_dimensions").matches()


@part("d", weight=2, devices=WITH_VALUES)
def test_weights(run):
    """resampling weights from three histograms and from one, with strong and weak smoothing"""
    run("weights").matches()


@part("d")
def test_weights_small(run):
    """resampling weights of five examples"""
    run("weights_small").matches()


@part("d", devices=WITH_VALUES)
def test_weights_of_many_dimensions(run):
    """resampling weights from five hundred histograms"""
    run("weights_of_many_dimensions").matches()
