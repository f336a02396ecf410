"""Q8: divergences and two-sample tests.

Of each function only the smallest experiment runs on ``meta``, where PyTorch is slow.
"""

from autograder.grading import part

WITH_VALUES = "cpu cuda"


@part("a", weight=2)
def test_generator(run):
    """the function f of each divergence"""
    run("generator").matches()


@part("a", devices=WITH_VALUES)
def test_generator_at_zero(run):
    """f at 0, at 1 and far out, and a name that does not exist"""
    run("generator_at_zero").matches()


@part("a", weight=2, devices=WITH_VALUES)
def test_divergence(run):
    """each divergence between three pairs of distributions, and where q is tiny in places"""
    run("divergence").matches()


@part("a")
def test_divergence_with_zeros(run):
    """each divergence where p is zero in places"""
    run("divergence_with_zeros").matches()


@part("b", weight=2)
def test_conjugate(run):
    """the conjugate of each f inside its domain"""
    run("conjugate").matches()


@part("b", devices=WITH_VALUES)
def test_conjugate_at_the_ends(run):
    """the conjugate of each f at the ends of its domain, inside and beyond, and a wrong name"""
    run("conjugate_at_the_ends").matches()


@part("b", devices="cpu")  # in float32 the points are the ends themselves
def test_conjugate_beside_the_ends(run):
    """the conjugate of each f a billionth inside its domain"""
    run("conjugate_beside_the_ends").matches()


@part("b", weight=2, devices=WITH_VALUES)
def test_critic(run):
    """the optimal critic of each divergence"""
    run("critic").matches()


@part("b")
def test_critic_far_off(run):
    """the optimal critic for ratios from a billionth to a billion, and a wrong name"""
    run("critic_far_off").matches()


@part("b", weight=2, devices=WITH_VALUES)
def test_bound(run):
    """the variational bound from samples of 5 and 3, and its gradients"""
    run("bound").matches("chain")


@part("b")
def test_bound_outside_the_domain(run):
    """the variational bound where the critic leaves the domain of some conjugates"""
    run("bound_outside_the_domain").matches()


@part("c", weight=2)
def test_discrepancy(run):
    """unbiased MMD of samples of 5 and 3, and its gradients"""
    run("discrepancy").matches("chain")


@part("c", devices=WITH_VALUES)
def test_discrepancy_of_like_samples(run):
    """unbiased MMD of samples that share points, and of samples of two"""
    run("discrepancy_of_like_samples").matches()


@part("d")
def test_accuracy(run):
    """accuracy of a classifier, also where it is undecided or worse than guessing"""
    run("accuracy").matches()


@part("d")
def test_p_value(run):
    """p-values of accuracies above and below 1/2"""
    run("p_value").matches()


@part("e", weight=2)
def test_frechet(run):
    """Frechet distance of Gaussians whose covariances do not commute"""
    run("frechet").matches("chain")


@part("e", devices="cpu")  # roots of eigenvalues near zero, and a distance that cancels to zero
def test_frechet_of_singular(run):
    """Frechet distance with singular covariances, to a point, and of equal Gaussians"""
    run("frechet_of_singular").matches("chain")


@part("f", weight=2, devices=WITH_VALUES)
def test_neighbours(run):
    """precision and recall of clusters of different density, for several k"""
    run("neighbours").matches()


@part("f")
def test_neighbours_with_ties(run):
    """precision and recall with equal points and points on the surface of a ball"""
    run("neighbours_with_ties").matches()
