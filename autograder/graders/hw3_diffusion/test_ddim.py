"""Q5: denoising diffusion implicit models."""

from autograder.grading import part


@part("a", weight=2, devices="cpu")
def test_times(run):
    """trailing pairs where n divides T, where it does not, and for n = T and n = 1"""
    run("times").matches()


@part("a", devices="cpu")
def test_leading_times(run):
    """leading pairs where n divides T, where it does not, and for n = T and n = 1"""
    run("leading_times").matches()


@part("a", weight=0.5, devices="cpu")
def test_impossible_times(run):
    """no steps, more steps than levels, and an unknown spacing"""
    run("impossible_times").matches()


@part("b", weight=2)
def test_step(run):
    """one deterministic step: consecutive, strided, to level 0 and to the data"""
    run("step").matches()


@part("b", weight=2, devices="cpu cuda")
def test_random_step(run):
    """one step with eta between 0 and 1 and at both ends, to level 0 and to the data"""
    run("random_step").matches()


@part("b")
def test_chain(run):
    """a strided chain with eta = 0.7, one that stops on the way, and what the model was asked"""
    run("chain").matches("chain")


@part("c", weight=2)
def test_encoding(run):
    """encoding through strided levels, and between two noisy levels"""
    run("encoding").matches("chain")


@part("c", devices="cpu cuda")
def test_encoding_of_images(run):
    """encoding of images through all levels with a constant prediction"""
    run("encoding_of_images").matches("chain")
