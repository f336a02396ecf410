"""Q6: normalizing flows."""

from autograder.grading import part


@part("a", weight=2, devices="cpu cuda")
def test_coupling_conditioner(run):
    """log-scale and shift of a coupling, for vectors and images"""
    run("coupling_conditioner").matches()


@part("a", weight=3, devices="cpu cuda")
def test_coupling_forward(run):
    """coupling of vectors, data to latent, with its log-determinant"""
    run("coupling_forward").matches("chain")


@part("a", weight=3, devices="cpu cuda")
def test_coupling_inverse(run):
    """coupling of vectors, latent to data, with its log-determinant"""
    run("coupling_inverse").matches("chain")


@part("a")
def test_coupling_images(run):
    """coupling of images with three channels, both directions"""
    run("coupling_images").matches("chain")


@part("a", devices="cpu cuda")
def test_coupling_gradients(run):
    """gradients through a coupling, both directions and both outputs"""
    run("coupling_gradients").matches("chain")


@part("b", weight=2, devices="cpu cuda")
def test_actnorm_initialize(run):
    """ActNorm's parameters after the first batch: vectors, images, a constant feature, any eps"""
    run("actnorm_initialize").matches("chain")


@part("b", weight=2, devices="cpu cuda")
def test_actnorm_forward(run):
    """ActNorm of vectors, data to latent"""
    run("actnorm_forward").matches("chain")


@part("b", devices="cpu cuda")
def test_actnorm_inverse(run):
    """ActNorm of vectors, latent to data"""
    run("actnorm_inverse").matches("chain")


@part("b")
def test_actnorm_images(run):
    """ActNorm of images, both directions"""
    run("actnorm_images").matches("chain")


@part("b", devices="cpu")
def test_actnorm_gradients(run):
    """gradients through ActNorm, both directions and both outputs"""
    run("actnorm_gradients").matches("chain")


@part("c", weight=2, devices="cpu cuda")
def test_linear_factors(run):
    """triangular factors L and U of the linear layer"""
    run("linear_factors").matches()


@part("c", devices="cpu")
def test_linear_debris(run):
    """factors of the linear layer with NaN and infinity in the entries that mean nothing"""
    run("linear_debris").matches()


@part("c", weight=2, devices="cpu cuda")
def test_linear_forward(run):
    """linear layer on vectors, data to latent; its determinant is negative"""
    run("linear_forward").matches("chain")


@part("c", weight=2, devices="cpu cuda")
def test_linear_inverse(run):
    """linear layer on vectors, latent to data"""
    run("linear_inverse").matches("chain")


@part("c")
def test_linear_images(run):
    """linear layer on images, both directions"""
    run("linear_images").matches("chain")


@part("c", devices="cpu")
def test_linear_gradients(run):
    """gradients through the linear layer, both directions and both outputs"""
    run("linear_gradients").matches("chain")


@part("d", weight=3)
def test_squeezed(run):
    """squeeze of oblong, square and tiny images"""
    run("squeezed").matches()


@part("d", weight=3)
def test_unsqueezed(run):
    """unsqueeze to oblong, square and tiny images"""
    run("unsqueezed").matches()


@part("d", devices="cpu cuda")
def test_squeezed_odd(run):
    """squeeze of images of odd height or width raises ValueError"""
    run("squeezed_odd").matches()


@part("d", devices="cpu cuda")
def test_unsqueezed_odd(run):
    """unsqueeze of six channels raises ValueError"""
    run("unsqueezed_odd").matches()


@part("e", weight=2, devices="cpu cuda")
def test_flow_forward(run):
    """composition of three layers, data to latent, with the total log-determinant"""
    run("flow_forward").matches("chain")


@part("e", weight=2, devices="cpu cuda")
def test_flow_log_prob(run):
    """log-density of vectors under a composition of three layers"""
    run("flow_log_prob").matches("chain")


@part("e", weight=2, devices="cpu cuda")
def test_flow_sample(run):
    """samples from given noise, and their log-density"""
    run("flow_sample").matches("chain")


@part("e")
def test_flow_images(run):
    """composition of three layers on images: log-density and samples"""
    run("flow_images").matches("chain")


@part("e", devices="cpu")
def test_flow_gradients(run):
    """gradients through a composition: both outputs of forward, log-density, samples"""
    run("flow_gradients").matches("chain")


@part("f", weight=2, devices="cpu cuda")
def test_maf_forward(run):
    """autoregressive flow, data to latent"""
    run("maf_forward").matches("chain")


@part("f", weight=3, devices="cpu cuda")
def test_maf_inverse(run):
    """autoregressive flow, latent to data, one dimension after the other"""
    run("maf_inverse").matches("chain")


@part("f")
def test_maf_pairs(run):
    """autoregressive flow of two dimensions, both directions"""
    run("maf_pairs").matches("chain")


@part("f", devices="cpu cuda")
def test_maf_gradients(run):
    """gradients through an autoregressive flow, both directions and both outputs"""
    run("maf_gradients").matches("chain")
