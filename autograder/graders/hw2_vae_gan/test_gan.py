"""Q7: GAN losses and penalties."""

from autograder.grading import part

WITH_VALUES = "cpu cuda"


@part("a", weight=2)
def test_discriminator(run):
    """discriminator loss of 5 real and 3 generated examples, and its gradients"""
    run("discriminator").matches("chain")


@part("a", weight=2)
def test_generators(run):
    """minimax and non-saturating generator losses, and their gradients"""
    run("generators").matches("chain")


@part("a", weight=2, devices=WITH_VALUES)
def test_extreme_logits(run):
    """the three losses and their gradients for logits of +-300 and +-1e4"""
    run("extreme_logits").matches("chain")


@part("b")
def test_least_squares(run):
    """least-squares losses of 5 real and 3 generated examples, and the gradients of both"""
    run("least_squares").matches("chain")


@part("b")
def test_hinge(run):
    """hinge losses with scores on both sides of the margin, and the gradients of both"""
    run("hinge").matches("chain")


@part("c", weight=2)
def test_wasserstein(run):
    """Wasserstein losses of 5 real and 3 generated examples, and the gradients of both"""
    run("wasserstein").matches("chain")


@part("c", weight=2)
def test_penalty(run):
    """gradient penalty of a quadratic critic, where its gradient flows, and earlier gradients"""
    run("penalty").matches("chain")


@part("c", weight=2, devices=WITH_VALUES)
def test_penalty_of_images(run):
    """gradient penalty of images and its gradients, the inputs left alone, and of sequences"""
    run("penalty_of_images").matches("chain")


@part("c", devices=WITH_VALUES)
def test_penalty_where_flat(run):
    """gradient penalty where the critic is constant around one of the points"""
    run("penalty_where_flat").matches("chain")


@part("d", weight=2)
def test_r1(run):
    """R1 penalty of a quadratic critic, its gradients, the input left alone, earlier gradients"""
    run("r1").matches("chain")


@part("d", devices=WITH_VALUES)
def test_r1_of_images(run):
    """R1 penalty of images and its gradients, and of sequences"""
    run("r1_of_images").matches("chain")


@part("e", weight=2)
def test_spectral(run):
    """a matrix after one and after three steps of power iteration"""
    run("spectral").matches("chain")


@part("e", devices=WITH_VALUES)
def test_spectral_convolution(run):
    """a convolution after two steps, its gradient, and whether u is a constant"""
    run("spectral_convolution").matches("chain")
