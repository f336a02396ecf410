"""Q8: flow matching."""

from autograder.grading import part

WITH_VALUES = "cpu cuda"


@part("a", weight=2)
def test_points(run):
    """points between noise and data, for vectors and images"""
    run("points").matches()


@part("a")
def test_targets(run):
    """velocities along the lines"""
    run("targets").matches()


@part("b", weight=2, devices=WITH_VALUES)
def test_loss(run):
    """loss of a given velocity model on vectors, and what the model is asked"""
    run("loss").matches()


@part("b", weight=2)
def test_loss_of_images(run):
    """loss on images and its gradients with respect to the model's parameters"""
    run("loss_of_images").matches("chain")


@part("c", weight=2)
def test_euler(run):
    """Euler's method in three steps and in one, and the times that it asks for"""
    run("euler").matches("chain")


@part("c", weight=2, devices=WITH_VALUES)
def test_heun(run):
    """Heun's method in three steps and in one, and the times that it asks for"""
    run("heun").matches("chain")


@part("c")
def test_images(run):
    """both methods on images"""
    run("images").matches("chain")


@part("d", weight=2)
def test_pairs(run):
    """pairs of noise and data in batches, the last one incomplete"""
    run("pairs").matches()


@part("d")
def test_bends(run):
    """straightness of random paths and of a line"""
    run("bends").matches()
