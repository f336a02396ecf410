"""Q4: PixelCNN."""

from autograder.grading import part


@part("a", weight=2, devices="cpu")
def test_masks(run):
    """masks of both types for kernels of size 1 to 7"""
    run("masks").matches()


@part("a", weight=2)
def test_convolution(run):
    """masked convolutions of images that are not square"""
    run("convolution").matches()


@part("a", devices="cpu cuda")
def test_convolution_gradients(run):
    """gradients of a masked convolution, and its weight after use"""
    run("convolution_gradients").matches("chain")


@part("b", weight=3)
def test_logits(run):
    """logits with and without class labels, also in evaluation mode (plain convolutions)"""
    run("logits").matches()


@part("b", devices="cpu")
def test_other_depths(run):
    """logits of models with one, two and five layers, and of images that are all of class 0"""
    run("other_depths").matches()


@part("b", weight=3)
def test_likelihood(run):
    """log-likelihood from given logits, with and without labels, and logits of 1e4"""
    run("likelihood").matches()


@part("b", devices="cpu cuda")
def test_learning(run):
    """gradient of the log-likelihood with respect to every parameter"""
    run("learning").matches("chain")


@part("c", weight=2)
def test_draws(run):
    """categorical draws from given uniforms"""
    run("draws").matches()


@part("c", devices="cpu cuda")
def test_extreme_draws(run):
    """categorical draws at u = 0, u = 1 and u = cdf, with impossible and certain classes"""
    run("extreme_draws").matches()


@part("c", weight=3, devices="cpu cuda")
def test_samples(run):
    """samples of labelled 3 x 4 images (a given function in the place of the network)"""
    run("samples").matches()


@part("c", weight=3, devices="cpu cuda")
def test_completions(run):
    """completion of 4 x 3 images with two, three and all rows known"""
    run("completions").matches()


@part("c")
def test_unlabelled(run):
    """a sample and a completion of 2 x 2 images without labels"""
    run("unlabelled").matches()


@part("d", weight=2)
def test_mixture(run):
    """log-probability of 5 dimensions with mixtures of 3 components"""
    run("mixture").matches()


@part("d", weight=2, devices="cpu cuda")
def test_every_level(run):
    """log-probability of every level, both ends included, for 9 and for 2 levels"""
    run("every_level").matches()


@part("d", devices="cpu cuda")
def test_extreme_mixture(run):
    """components far away from every level, and their gradients"""
    run("extreme_mixture").matches("chain")


@part("d", devices="cpu")
def test_scales(run):
    """components with log_scales of -12 to 30, and their gradients"""
    run("scales").matches("chain")
