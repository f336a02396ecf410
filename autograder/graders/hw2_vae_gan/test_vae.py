"""Q2: variational autoencoder."""

from autograder.grading import part


@part("a", weight=2)
def test_draws(run):
    """one draw and three draws for each of seven Gaussians, narrow and wide ones among them"""
    run("draws").matches()


@part("a", devices="cpu cuda")
def test_draw_gradients(run):
    """a single draw and its gradients with respect to mean and log-variance"""
    run("draw_gradients").matches("chain")


@part("a", weight=2)
def test_forward(run):
    """logits, means and log-variances of a batch, also in evaluation mode"""
    run("forward").matches()


@part("a", devices="cpu cuda")
def test_forward_gradients(run):
    """logits of a single example, and the gradients of encoder and decoder"""
    run("forward_gradients").matches("chain")


@part("b", weight=2)
def test_kl_to_prior(run):
    """divergences of a batch and of a single example from the prior"""
    run("kl_to_prior").matches()


@part("b", devices="cpu cuda")
def test_kl_to_prior_of_extremes(run):
    """divergences and gradients with log-variances from -800 to 60, and of the prior itself"""
    run("kl_to_prior_of_extremes").matches("chain")


@part("c", weight=2)
def test_kl_of_gaussians(run):
    """divergences from one Gaussian per example and from a shared one, and of one example"""
    run("kl_of_gaussians").matches()


@part("c", devices="cpu")
def test_kl_of_narrow_gaussians(run):
    """divergences and gradients where both variances are tiny or large"""
    run("kl_of_narrow_gaussians").matches("chain")


@part("d", weight=2)
def test_elbo(run):
    """negative ELBO, reconstruction and divergence of a batch of vectors"""
    run("elbo").matches()


@part("d", devices="cpu cuda")
def test_elbo_of_images(run):
    """the three terms for images and their gradients, for sequences, and with logits of 1e4"""
    run("elbo_of_images").matches("chain")


@part("e")
def test_beta(run):
    """loss and gradients with several beta, without a capacity and with one on either side"""
    run("beta").matches("chain")


@part("f", weight=2)
def test_activity(run):
    """activity of five latent dimensions of very different scale, with two thresholds"""
    run("activity").matches()


@part("f", devices="cpu cuda")
def test_activity_at_the_threshold(run):
    """activity exactly at the threshold, and of a data set of one example"""
    run("activity_at_the_threshold").matches()
