"""Q6: guidance."""

from autograder.grading import part

WITH_VALUES = "cpu cuda"


@part("a", weight=2)
def test_dropped(run):
    """labels left out by given uniform numbers"""
    run("dropped").matches()


@part("a", devices=WITH_VALUES)
def test_dropped_at_the_edges(run):
    """labels left out with probability 0 and 1, and where u equals p"""
    run("dropped_at_the_edges").matches()


@part("b", weight=2, devices=WITH_VALUES)
def test_guided(run):
    """guided noise of vectors for several weights"""
    run("guided").matches()


@part("b", weight=2)
def test_guided_images(run):
    """guided noise of images and its gradients"""
    run("guided_images").matches("chain")


@part("c", weight=2, devices=WITH_VALUES)
def test_score(run):
    """gradients of a classifier's log-probability"""
    run("score").matches("chain")


@part("c")
def test_score_of_images(run):
    """a classifier's score of images inside torch.no_grad()"""
    run("score_of_images").matches("chain")


@part("c", weight=2)
def test_corrected(run):
    """noise corrected by a given score"""
    run("corrected").matches()
