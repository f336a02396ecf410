"""Q10: inverse problems and editing."""

from autograder.grading import part

WITH_VALUES = "cpu cuda"


@part("a", weight=2)
def test_replaced(run):
    """observed pixels at several levels, with masks of several shapes"""
    run("replaced").matches()


@part("a", devices=WITH_VALUES)
def test_replaced_at_the_end(run):
    """observed pixels of a clean sample, t = -1"""
    run("replaced_at_the_end").matches()


@part("a", weight=3, devices=WITH_VALUES)
def test_repainted(run):
    """RePaint with one to three rounds, on neighbouring and strided steps, down to t_prev = -1"""
    run("repainted").matches("chain")


@part("a")
def test_repainted_to_level_0(run):
    """RePaint with two rounds, down to level 0"""
    run("repainted_to_level_0").matches("chain")


@part("b", weight=2)
def test_pooling(run):
    """average pooling, its adjoint and its pseudo-inverse"""
    run("pooling").matches()


@part("b", weight=2)
def test_grey(run):
    """grey values with arbitrary weights, their adjoint and pseudo-inverse"""
    run("grey").matches()


@part("b", weight=2)
def test_views(run):
    """weights of a Radon operator for four angles and a narrow detector, H and W different"""
    run("views").matches()


@part("b", weight=2)
def test_sinograms(run):
    """sinograms of several channels, and backprojection, with a wide and a narrow detector"""
    run("sinograms").matches()


@part("c", weight=2)
def test_projected(run):
    """projection with an arbitrary pair of linear maps in place of A and its pseudo-inverse"""
    run("projected").matches()


@part("c", weight=2, devices=WITH_VALUES)
def test_null_space_steps(run):
    """steps with projection, neighbouring, strided and the last, and what the model is asked"""
    run("null_space_steps").matches("chain")


@part("c")
def test_null_space_step_to_level_0(run):
    """a step with projection, down to level 0"""
    run("null_space_step_to_level_0").matches("chain")


@part("d", weight=3, devices=WITH_VALUES)
def test_posterior_steps(run):
    """steps with a measurement that is not linear, and what the model is asked"""
    run("posterior_steps").matches("chain")


@part("d")
def test_posterior_step_in_a_sampler(run):
    """a step under torch.no_grad(), with a network that has parameters"""
    run("posterior_step_in_a_sampler").matches("chain")


@part("e", weight=2)
def test_edits(run):
    """edits of several strengths, with the steps that were taken"""
    run("edits").matches("chain")


@part("e", devices=WITH_VALUES)
def test_edits_at_the_ends(run):
    """strength 0, close to 0, 1, and outside"""
    run("edits_at_the_ends").matches("chain")
