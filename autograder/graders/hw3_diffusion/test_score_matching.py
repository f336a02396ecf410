"""Q2: score matching."""

from autograder.grading import part

WITH_VALUES = "cpu cuda"


@part("a", weight=2)
def test_exact(run):
    """exact loss of a coupled score, its gradients, and .grad of parameters, to be left alone"""
    run("exact").matches("chain")


@part("a", devices=WITH_VALUES)
def test_exact_of_other_sizes(run):
    """exact loss with as many examples as dimensions, of one example and in one dimension"""
    run("exact_of_other_sizes").matches("chain")


@part("b", weight=2)
def test_sliced(run):
    """sliced loss of two projections, its gradients, and .grad of parameters, to be left alone"""
    run("sliced").matches("chain")


@part("b", weight=2, devices=WITH_VALUES)
def test_sliced_with_less_variance(run):
    """variance-reduced sliced loss, and losses of one projection and of one example"""
    run("sliced_with_less_variance").matches("chain")


@part("c", weight=2)
def test_denoising(run):
    """denoising loss of five points, its gradients, and the levels that it asks for"""
    run("denoising").matches("chain")


@part("c", devices=WITH_VALUES)
def test_denoising_of_images(run):
    """denoising loss of images with noise levels a factor of ten apart"""
    run("denoising_of_images").matches("chain")


@part("c", devices=WITH_VALUES)
def test_denoising_with_other_weights(run):
    """denoising loss without weights and with two other powers of sigma"""
    run("denoising_with_other_weights").matches("chain")


@part("d")
def test_steps(run):
    """step sizes of four noise levels and of one"""
    run("steps").matches("schedule")


@part("d", weight=2)
def test_annealed(run):
    """four samples after three levels of two steps each, and the levels that were asked for"""
    run("annealed").matches("chain")


@part("d", devices=WITH_VALUES)
def test_annealed_with_denoising(run):
    """images with a denoising step at the end, from one level, and after no steps"""
    run("annealed_with_denoising").matches("chain")
