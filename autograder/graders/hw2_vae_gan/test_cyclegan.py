"""Q10: CycleGAN."""

from autograder.grading import part

WITH_VALUES = "cpu cuda"


@part("a", weight=2)
def test_cycles(run):
    """cycle loss of generators that do not undo each other, and its gradients"""
    run("cycles").matches("chain")


@part("a", devices=WITH_VALUES)
def test_cycle_of_many(run):
    """cycle loss of two images of A and five of B"""
    run("cycle_of_many").matches()


@part("a", weight=2)
def test_identities(run):
    """identity loss of generators that change everything, and its gradients"""
    run("identities").matches("chain")


@part("a", devices=WITH_VALUES)
def test_identity_of_many(run):
    """identity loss of two images of A and five of B"""
    run("identity_of_many").matches()


@part("b", weight=2)
def test_generators(run):
    """objective of both generators, and where its gradient flows"""
    run("generators").matches("chain")


@part("b", devices=WITH_VALUES)
def test_generators_by_default(run):
    """objective of both generators with the default weights"""
    run("generators_by_default").matches()


@part("b", weight=2)
def test_discriminator(run):
    """objective of a discriminator, three real and two generated images, and its gradients"""
    run("discriminator").matches("chain")


@part("c")
def test_filling(run):
    """four images into an empty buffer for six"""
    run("filling").matches()


@part("c", weight=2, devices=WITH_VALUES)
def test_history(run):
    """batches of several sizes through a buffer of four"""
    run("history").matches()


@part("c", devices=WITH_VALUES)
def test_full_in_the_middle(run):
    """a buffer of three that becomes full in the middle of a batch"""
    run("full_in_the_middle").matches()


@part("c", devices=WITH_VALUES)
def test_edges(run):
    """buffers of two and of one, with draws at the edges of their intervals"""
    run("edges").matches()
