"""Q3: MADE."""

from autograder.grading import part


@part("a", weight=3, devices="cpu")
def test_masks(run):
    """masks of random orderings, with one and with three hidden layers"""
    run("masks").matches()


@part("a", weight=1, devices="cpu")
def test_masks_of_one_size(run):
    """masks where every layer has as many units as there are dimensions"""
    run("masks_of_one_size").matches()


@part("a", weight=1, devices="cpu")
def test_masks_without_hidden_layers(run):
    """the mask of a network without hidden layers"""
    run("masks_without_hidden_layers").matches()


@part("a", weight=1, devices="cpu")
def test_masks_of_few_dimensions(run):
    """masks of one and of two dimensions, and of orderings that are a range or a tuple"""
    run("masks_of_few_dimensions").matches()


@part("b", weight=2)
def test_linear(run):
    """masked layer with as many outputs as inputs"""
    run("linear").matches()


@part("b")
def test_linear_of_other_shapes(run):
    """masked layer on an input with three dimensions, in evaluation mode"""
    run("linear_of_other_shapes").matches()


@part("b")
def test_linear_gradients(run):
    """gradients of a masked layer, and its parameters after the call"""
    run("linear_gradients").matches("chain")


@part("c", weight=3)
def test_log_prob(run):
    """log-probabilities of a batch and of a single vector"""
    run("log_prob").matches()


@part("c", weight=2, devices="cpu cuda")
def test_log_prob_of_large_logits(run):
    """log-probabilities with logits of 1e4 and of 1e7"""
    run("log_prob_of_large_logits").matches()


@part("c", devices="cpu cuda")
def test_log_prob_gradients(run):
    """gradients of the log-probability with respect to the network's parameters"""
    run("log_prob_gradients").matches("chain")


@part("d", weight=3)
def test_samples(run):
    """samples in a shuffled ordering"""
    run("samples").matches("chain")


@part("d", devices="cpu cuda")
def test_samples_in_natural_order(run):
    """samples in the natural ordering"""
    run("samples_in_natural_order").matches("chain")


@part("d", devices="cpu cuda")
def test_samples_at_the_edges(run):
    """samples with uniforms of 0 and exactly 1 - p, and with logits of 1e4"""
    run("samples_at_the_edges").matches("chain")
