"""Q5: VQ-VAE."""

from autograder.grading import part

WITH_VALUES = "cpu cuda"


@part("a", weight=3, devices=WITH_VALUES)
def test_indices(run):
    """nearest codes of maps, with codes of very different lengths"""
    run("indices").matches()


@part("a")
def test_indices_of_ties(run):
    """nearest codes where several are equally near"""
    run("indices_of_ties").matches()


@part("b", weight=2, devices=WITH_VALUES)
def test_quantized(run):
    """quantised maps"""
    run("quantized").matches()


@part("b", weight=2)
def test_quantized_gradients(run):
    """gradients of quantised maps with respect to the encoder's output and the codebook"""
    run("quantized_gradients").matches("chain")


@part("c", weight=2)
def test_losses(run):
    """the loss and its two terms"""
    run("losses").matches()


@part("c", weight=2, devices=WITH_VALUES)
def test_loss_gradients(run):
    """gradients of the loss and of each term with respect to encoder and codebook"""
    run("loss_gradients").matches("chain")


@part("d", weight=3, devices=WITH_VALUES)
def test_update(run):
    """running counts, sums and codes after one batch"""
    run("update").matches()


@part("d", devices=WITH_VALUES)
def test_update_with_unused_codes(run):
    """an update where some codes were not chosen, now or ever"""
    run("update_with_unused_codes").matches()


@part("d")
def test_update_without_gradients(run):
    """an update from an encoder's output that requires gradients"""
    run("update_without_gradients").matches()


@part("e", weight=2, devices=WITH_VALUES)
def test_code_use(run):
    """perplexity where all codes are used, and where some are rare"""
    run("code_use").matches()


@part("e")
def test_code_use_of_few(run):
    """perplexity where many codes are unused, and where only one is used"""
    run("code_use_of_few").matches()
