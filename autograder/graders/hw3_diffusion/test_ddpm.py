"""Q4: denoising diffusion probabilistic models."""

from autograder.grading import part


@part("a")
def test_noisy(run):
    """noisy images, vectors and a single example, each example at a step of its own"""
    run("noisy").matches()


@part("b", weight=2)
def test_posterior(run):
    """mean and variance of the posterior for vectors, one at each of six steps"""
    run("posterior").matches()


@part("b", devices="cpu cuda")
def test_posterior_of_images(run):
    """posterior of images, and of a single example at the first and at the last step"""
    run("posterior_of_images").matches()


@part("c", weight=2)
def test_loss(run):
    """simple loss of vectors, its gradient, and what the model was asked"""
    run("loss").matches("chain")


@part("c", devices="cpu cuda")
def test_weighted_loss(run):
    """loss of images and of a single example with a weight per example"""
    run("weighted_loss").matches("chain")


@part("d", weight=2)
def test_decoder(run):
    """log-probability of data of five levels and of 256 levels, with the outermost among them"""
    run("decoder").matches()


@part("d", devices="cpu")  # float32 cancels in the tails
def test_decoder_of_images(run):
    """log-probability of images, and of data far from the means"""
    run("decoder_of_images").matches()


@part("d", weight=2)
def test_bound(run):
    """terms of the bound for steps after the first, and for a batch at the first step"""
    run("bound").matches()


@part("d", devices="cpu")  # float32 cancels in the tails
def test_bound_of_mixed_steps(run):
    """terms and gradients of a batch in which some examples are at the first step"""
    run("bound_of_mixed_steps").matches("chain")


@part("e", weight=2)
def test_step(run):
    """single steps, from the noisy end to the last one, with both variances and with other betas"""
    run("step").matches()


@part("e")
def test_chain(run):
    """the whole chain with both variances, and what the model was asked"""
    run("chain").matches("chain")
