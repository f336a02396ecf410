"""Q1: autoencoders and the linear-Gaussian model."""

from autograder.grading import part


@part("a", weight=2)
def test_forward(run):
    """outputs and codes of noisy images, and of noisy vectors in evaluation mode"""
    run("forward").matches()


@part("a", devices="cpu cuda")
def test_forward_of_vectors(run):
    """outputs and codes of vectors with and without noise, and the gradients of the networks"""
    run("forward_of_vectors").matches("chain")


@part("a", weight=2)
def test_losses(run):
    """the three losses of a batch of vectors"""
    run("losses").matches()


@part("a", devices="cpu cuda")
def test_losses_of_images(run):
    """the three losses of images and their gradients, and an unknown kind of loss"""
    run("losses_of_images").matches("chain")


@part("a", devices="cpu cuda")
def test_losses_of_large_logits(run):
    """the Bernoulli loss with logits of 1e4, and its gradient"""
    run("losses_of_large_logits").matches()


@part("b", weight=2)
def test_projections(run):
    """reconstructions of new examples"""
    run("projections").matches("chain")


@part("b", devices="cpu cuda")
def test_projections_of_every_rank(run):
    """reconstructions from codes of no, some and all dimensions, also of the training data"""
    run("projections_of_every_rank").matches("chain")


@part("b", weight=2)
def test_error_curve(run):
    """reconstruction error for every latent dimension"""
    run("error_curve").matches("chain")


@part("c", weight=2)
def test_posterior(run):
    """posterior with fewer codes than dimensions"""
    run("posterior").matches()


@part("c", devices="cpu cuda")
def test_posterior_of_other_sizes(run):
    """posterior of one example, and with as many codes as dimensions, more, and a single one"""
    run("posterior_of_other_sizes").matches()


@part("d", weight=2)
def test_marginal(run):
    """marginal log-density of a batch and of one example"""
    run("marginal").matches()


@part("d", devices="cpu cuda")
def test_marginal_of_other_sizes(run):
    """marginal log-density with more codes than dimensions, and in 160 dimensions"""
    run("marginal_of_other_sizes").matches()
