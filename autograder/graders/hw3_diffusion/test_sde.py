"""Q7: stochastic differential equations."""

from autograder.grading import part

WITH_VALUES = "cpu cuda"


@part("a", weight=2)
def test_vp(run):
    """mean and standard deviation under the variance-preserving SDE"""
    run("vp").matches()


@part("a", weight=2)
def test_ve(run):
    """mean and standard deviation under the variance-exploding SDE"""
    run("ve").matches()


@part("b", weight=2)
def test_reverse(run):
    """drift of the reverse SDE, and the times that its terms are asked for"""
    run("reverse").matches()


@part("b", weight=2)
def test_euler_maruyama_backwards(run):
    """Euler-Maruyama backwards in unequal steps, and the times that it asks for"""
    run("euler_maruyama_backwards").matches("chain")


@part("b", devices=WITH_VALUES)
def test_euler_maruyama_forwards(run):
    """Euler-Maruyama for images, with time running forwards"""
    run("euler_maruyama_forwards").matches("chain")


@part("c")
def test_flow_drift(run):
    """drift of the probability-flow ODE, and the times that its terms are asked for"""
    run("flow_drift").matches()


@part("c", weight=2)
def test_solved(run):
    """Heun's method in both directions, in unequal steps, and the times that it asks for"""
    run("solved").matches("chain")


@part("d", weight=2, devices=WITH_VALUES)
def test_trace(run):
    """trace of a Jacobian from several random probes"""
    run("trace").matches("chain")


@part("d", devices=WITH_VALUES)
def test_trace_from_basis(run):
    """trace of a Jacobian from scaled basis vectors, inside torch.no_grad()"""
    run("trace_from_basis").matches("chain")


@part("d", weight=2)
def test_likelihood(run):
    """log-likelihood under an ODE, free of any graph, and .grad of its drift, to be left alone"""
    run("likelihood").matches("chain")


@part("d", devices=WITH_VALUES)
def test_likelihood_of_images(run):
    """log-likelihood of images with a wider prior, inside torch.no_grad()"""
    run("likelihood_of_images").matches("chain")


@part("e", weight=2, devices=WITH_VALUES)
def test_scales(run):
    """the four scales at noise levels from tiny to huge"""
    run("scales").matches()


@part("e", weight=2)
def test_denoised(run):
    """the preconditioned denoiser, and what its network is asked"""
    run("denoised").matches()
