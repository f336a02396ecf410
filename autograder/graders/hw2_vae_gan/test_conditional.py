"""Q9: conditional GANs and pix2pix."""

from autograder.grading import part

WITH_VALUES = "cpu cuda"


@part("a", weight=2)
def test_projection(run):
    """logits of four images with three classes, and of one image in evaluation mode"""
    run("projection").matches()


@part("a", devices=WITH_VALUES)
def test_projection_gradients(run):
    """gradients of the projection discriminator for all of its parameters"""
    run("projection_gradients").matches("chain")


@part("b", weight=3, devices=WITH_VALUES)
def test_translation(run):
    """two images of 8 x 16 pixels through a U-Net of three levels"""
    run("translation").matches()


@part("b", weight=2, devices=WITH_VALUES)
def test_translation_gradients(run):
    """gradients of a U-Net of two levels for all of its parameters"""
    run("translation_gradients").matches("chain")


@part("b")
def test_translation_of_one_level(run):
    """a U-Net of one level, which has no skip connection, in evaluation mode"""
    run("translation_of_one_level").matches()


@part("c", weight=2)
def test_generator(run):
    """generator loss with patch logits and a weight of 2.5, and its gradient"""
    run("generator").matches("chain")


@part("c", devices=WITH_VALUES)
def test_generator_of_extreme_logits(run):
    """generator loss with the default weight and logits of +-1e4"""
    run("generator_of_extreme_logits").matches("chain")


@part("c", weight=2)
def test_patches(run):
    """discriminator loss with patch logits, and where its gradient flows"""
    run("patches").matches("chain")


@part("c", devices=WITH_VALUES)
def test_patches_of_extreme_logits(run):
    """discriminator loss with logits of +-1e4, and its gradients"""
    run("patches_of_extreme_logits").matches("chain")
