"""Q9: networks."""

from autograder.grading import part

WITH_VALUES = "cpu cuda"


@part("a", weight=3, devices=WITH_VALUES)
def test_embedding(run):
    """embeddings of fractional times, with several numbers of features and periods"""
    run("embedding").matches()


@part("a")
def test_embedding_of_integers(run):
    """embeddings of integer time steps, with two features only, and their dtype"""
    run("embedding_of_integers").matches()


@part("b", weight=3)
def test_residual(run):
    """a block with as many channels out as in"""
    run("residual").matches()


@part("b", weight=2, devices=WITH_VALUES)
def test_residual_of_more_channels(run):
    """a block that changes the number of channels, with all its gradients"""
    run("residual_of_more_channels").matches("chain")


@part("c", weight=3)
def test_pixels(run):
    """attention with one, two and as many heads as channels, on maps that are not square"""
    run("pixels").matches()


@part("c", weight=2, devices=WITH_VALUES)
def test_pixels_square(run):
    """attention where B = C and H = W, with the gradient with respect to its input"""
    run("pixels_square").matches("chain")


@part("d", weight=3)
def test_dit(run):
    """a block with arbitrary parameters, B = L = D"""
    run("dit").matches()


@part("d", weight=2, devices=WITH_VALUES)
def test_dit_gradients(run):
    """gradients with respect to tokens, embedding and parameters"""
    run("dit_gradients").matches("chain")


@part("d", devices=WITH_VALUES)
def test_dit_at_zero(run):
    """output and gradients of a block whose modulation is zero"""
    run("dit_at_zero").matches("chain")


@part("e", weight=2)
def test_unet(run):
    """two levels, with stand-in blocks"""
    run("unet").matches()


@part("e", weight=2, devices=WITH_VALUES)
def test_unet_of_three_levels(run):
    """three levels of different widths, on images that are not square"""
    run("unet_of_three_levels").matches()


@part("e", devices="cpu")  # some of these gradients are differences of large ones
def test_unet_gradients(run):
    """gradients with respect to image and parameters"""
    run("unet_gradients").matches("chain")
