"""Q4: mixture prior and conditional VAE."""

from autograder.grading import part

WITH_VALUES = "cpu cuda"


@part("a", weight=3, devices=WITH_VALUES)
def test_log_prior(run):
    """log-density of a mixture of three components, and of one"""
    run("log_prior").matches()


@part("a", weight=2)
def test_log_prior_of_samples(run):
    """log-density of several samples for each example of a batch"""
    run("log_prior_of_samples").matches()


@part("a", devices=WITH_VALUES)
def test_log_prior_of_distant_components(run):
    """log-density with logits of 1e4, and with components far apart or of very different width"""
    run("log_prior_of_distant_components").matches()


@part("a", devices=WITH_VALUES)
def test_log_prior_gradients(run):
    """gradients of the log-density with respect to z and the parameters of the mixture"""
    run("log_prior_gradients").matches("chain")


@part("b", weight=2, devices=WITH_VALUES)
def test_gmvae(run):
    """negative ELBO with several samples and one, with logits of 1e4, and wide posteriors"""
    run("gmvae").matches()


@part("b", devices="cpu")  # in float32 z - mean is zero where the posterior is this narrow
def test_gmvae_narrow(run):
    """negative ELBO with narrow posteriors"""
    run("gmvae_narrow").matches()


@part("b")
def test_gmvae_small(run):
    """negative ELBO of black and white pixels"""
    run("gmvae_small").matches()


@part("b", weight=2, devices=WITH_VALUES)
def test_gmvae_gradients(run):
    """gradients of the three terms with respect to the posterior, the decoder and the prior"""
    run("gmvae_gradients").matches("chain")


@part("c", weight=2, devices=WITH_VALUES)
def test_cvae(run):
    """negative ELBO of a conditional VAE, with logits of 1e4, with narrow and wide distributions"""
    run("cvae").matches()


@part("c")
def test_cvae_small(run):
    """negative ELBO of a single example, where most classes do not occur"""
    run("cvae_small").matches()


@part("c", devices=WITH_VALUES)
def test_cvae_gradients(run):
    """gradients of the three terms with respect to encoder, prior and decoder"""
    run("cvae_gradients").matches("chain")


@part("c", weight=2)
def test_cvae_samples(run):
    """samples of given classes from given noise, and with logits of 1e4"""
    run("cvae_samples").matches()
