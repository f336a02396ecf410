"""Q1: energy-based models."""

from autograder.grading import part

WITH_VALUES = "cpu cuda"


@part("a", weight=2)
def test_langevin(run):
    """one Langevin step of seven points, free of any graph"""
    run("langevin").matches("chain")


@part("a", devices=WITH_VALUES)
def test_langevin_of_images(run):
    """Langevin steps of images with an energy of shape (B, 1), also inside torch.no_grad()"""
    run("langevin_of_images").matches("chain")


@part("a", weight=2)
def test_acceptance(run):
    """log acceptance ratios of six proposals, and the .grad of parameters, to be left alone"""
    run("acceptance").matches("chain")


@part("a", devices=WITH_VALUES)
def test_acceptance_of_images(run):
    """log acceptance ratios of images, inside torch.no_grad() too, with energies of shape (B, 1)"""
    run("acceptance_of_images").matches("chain")


@part("a")
def test_selection(run):
    """accepted and rejected proposals of five points and five images"""
    run("selection").matches()


@part("a", devices=WITH_VALUES)
def test_selection_at_the_limits(run):
    """ratios that are zero or overflow, proposals that are not finite, and u = 0"""
    run("selection_at_the_limits").matches()


@part("b", weight=2)
def test_divergence(run):
    """loss of six data and four samples, and where its gradient flows"""
    run("divergence").matches("chain")


@part("b", devices=WITH_VALUES)
def test_divergence_with_regularization(run):
    """regularised loss of images with an energy of shape (B, 1)"""
    run("divergence_with_regularization").matches("chain")


@part("c", weight=2)
def test_free_energies(run):
    """free energies of six states, and their gradients"""
    run("free_energies").matches("chain")


@part("c", devices=WITH_VALUES)
def test_free_energies_of_large_parameters(run):
    """free energies with parameters of 1e4, and of one state"""
    run("free_energies_of_large_parameters").matches()


@part("c", weight=2)
def test_partition(run):
    """log Z of four visible and three hidden units, and its gradients"""
    run("partition").matches("chain")


@part("c", devices=WITH_VALUES)
def test_partition_of_other_sizes(run):
    """log Z with one, three and ten visible units, and with weights of 1e4"""
    run("partition_of_other_sizes").matches()


@part("d", weight=2)
def test_contrast_with_noise(run):
    """loss of four data and six noise examples, and its gradients"""
    run("contrast_with_noise").matches("chain")


@part("d", devices=WITH_VALUES)
def test_contrast_with_little_noise(run):
    """losses with less noise than data, as much, an energy of shape (B, 1), and huge energies"""
    run("contrast_with_little_noise").matches()


@part("e")
def test_hidden_energy(run):
    """energies of four inputs from their logits"""
    run("hidden_energy").matches()


@part("e", devices=WITH_VALUES)
def test_hidden_energy_of_extreme_logits(run):
    """energies from logits of 1e4 and -1e4"""
    run("hidden_energy_of_extreme_logits").matches()


@part("e", weight=2)
def test_joint(run):
    """joint loss of five labelled data and four samples, and its gradients"""
    run("joint").matches("chain")
