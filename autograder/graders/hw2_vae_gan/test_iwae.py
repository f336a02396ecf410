"""Q3: importance-weighted autoencoder."""

from autograder.grading import part


@part("a", weight=2)
def test_means_of_exponentials(run):
    """log-mean-exp over rows and over columns"""
    run("means_of_exponentials").matches()


@part("a", devices="cpu cuda")
def test_means_of_extreme_exponentials(run):
    """log-mean-exp of entries at 1e4, -1e4 and -inf, over a middle dimension, and of one entry"""
    run("means_of_extreme_exponentials").matches()


@part("a", weight=2)
def test_bound(run):
    """the bound from six draws, used two at a time"""
    run("bound").matches()


@part("a", devices="cpu cuda")
def test_bound_of_every_size(run):
    """the bound from six draws, used one, two, three, four (an error) and six at a time"""
    run("bound_of_every_size").matches()


@part("a", devices="cpu cuda")
def test_bound_of_small_weights(run):
    """the bound with log-weights near -2000, and its gradient"""
    run("bound_of_small_weights").matches("chain")


@part("b", weight=2)
def test_densities(run):
    """log-densities of three draws for each of four Gaussians"""
    run("densities").matches()


@part("b", devices="cpu")
def test_densities_of_narrow_gaussians(run):
    """log-densities with log-variances from -800 to 12, and of one shared Gaussian"""
    run("densities_of_narrow_gaussians").matches()


@part("b", weight=2)
def test_weights(run):
    """log-weights of three draws for each of four examples"""
    run("weights").matches()


@part("b", devices="cpu cuda")
def test_weights_gradients(run):
    """log-weights and their gradients with respect to the posterior's parameters"""
    run("weights_gradients").matches("chain")


@part("c", weight=2)
def test_divergences(run):
    """estimates and standard errors from six draws"""
    run("divergences").matches()


@part("c", devices="cpu cuda")
def test_divergences_of_few_draws(run):
    """estimates from two draws, of equal densities, and of tiny densities"""
    run("divergences_of_few_draws").matches()
