"""Public checks of Q1: small cases that can be followed by hand."""

import math

import pytest
import torch
from checks import close, tensor
from torch import nn
from vae_gan import autoencoder


def small_autoencoder() -> autoencoder.Autoencoder:
    """D = 4, Z = 2: the encoder picks -x_0 and 2 x_3, the decoder doubles and repeats the code."""
    model = autoencoder.Autoencoder(4, 2)
    model.encoder, model.decoder = nn.Linear(4, 2, bias=False), nn.Linear(2, 4, bias=False)
    with torch.no_grad():
        model.encoder.weight.copy_(tensor([[-1, 0, 0, 0], [0, 0, 0, 2]]))
        model.decoder.weight.copy_(tensor([[2, 0], [0, 2], [2, 0], [0, 2]]))
    return model.double()


@pytest.mark.part("a")
def test_forward_keeps_the_shape_of_images() -> None:
    x = tensor([[[[1, 2], [3, 4]]], [[[-1, 0], [0, 1]]]])
    output, z = small_autoencoder()(x)
    message = "Autoencoder.forward of two 1x2x2 images"
    close(z, [[-1, 8], [1, 2]], f"{message}: the code, negative values included")
    expected = [[[[-2, 16], [-2, 16]]], [[[2, 4], [2, 4]]]]
    close(output, expected, f"{message}: the output has the shape of x and no sigmoid")


@pytest.mark.part("a")
def test_forward_encodes_the_noisy_input() -> None:
    x, noise = tensor([[1, 2, 3, 4]]), tensor([[10, 0, 0, 1]])
    output, z = small_autoencoder()(x, noise)
    message = "Autoencoder.forward with noise"
    close(z, [[-11, 10]], f"{message}: the encoder sees x + noise")
    close(output, [[-22, 20, -22, 20]], f"{message}: the output is the decoded code, nothing more")
    close(x, [[1, 2, 3, 4]], f"{message}: x itself must stay clean")


@pytest.mark.part("a")
def test_losses_by_hand() -> None:
    x, output = tensor([[0, 1], [1, 1]]), tensor([[1, 1], [3, 0]])
    for kind, expected in (("gaussian", (0.5 + 2.5) / 2), ("laplace", (1 + 3) / 2)):
        got = autoencoder.reconstruction_loss(x, output, kind)
        close(got, expected, f"reconstruction_loss {kind!r}: summed over 2 dimensions, mean over 2")
    logits = tensor([[math.log(3), 0.0]])  # probabilities 3/4 and 1/2
    got = autoencoder.reconstruction_loss(tensor([[0.3, 0.0]]), logits, "bernoulli")
    expected = -0.3 * math.log(3 / 4) - 0.7 * math.log(1 / 4) + math.log(2)
    close(got, expected, "reconstruction_loss 'bernoulli' of x = 0.3 and 0 with p = 3/4 and 1/2")


@pytest.mark.part("a")
def test_losses_of_wrong_and_of_huge_arguments() -> None:
    x = tensor([[1.0, 0.0], [0.0, 1.0]])
    with pytest.raises(ValueError):  # noqa: PT011 (the words are up to you)
        autoencoder.reconstruction_loss(x, x, "cauchy")
    got = autoencoder.reconstruction_loss(x, (2 * x - 1) * -2000, "bernoulli")
    close(got, 4000.0, "reconstruction_loss 'bernoulli' with four confident mistakes of 2000 nats")


@pytest.mark.part("b")
def test_pca_of_points_on_a_line() -> None:
    t = tensor([[-2], [-1], [1], [2]])
    data = tensor([[1, 2]]) + t * tensor([[1, 1]])
    got = autoencoder.pca_autoencode(data, data, 1)
    close(got, data, "pca_autoencode with Z = 1: points on a line off the origin lose nothing")
    got = autoencoder.pca_autoencode(tensor([[3, 2]]), data, 1)
    close(got, [[2, 3]], "pca_autoencode of (3, 2): its projection onto the line")


@pytest.mark.part("b")
def test_pca_without_a_code_gives_the_mean() -> None:
    data = tensor([[0, 0], [4, 0], [2, 1], [2, 3]])
    got = autoencoder.pca_autoencode(tensor([[9, 9]]), data, 0)
    close(got, [[2, 1]], "pca_autoencode with Z = 0: the mean of the training data")


@pytest.mark.part("b")
def test_error_curve_by_hand() -> None:
    data = tensor([[7, 5], [3, 5], [5, 6], [5, 4]])
    message = "pca_error_curve of (+-2, 0) and (0, +-1) around (5, 5): variances 2 and 1/2"
    close(autoencoder.pca_error_curve(data), [2.5, 0.5, 0], message)


@pytest.mark.part("c")
def test_posterior_weighs_dimensions_by_their_precision() -> None:
    weight, bias, noise_var = tensor([[1], [1]]), tensor([1, 0]), tensor([1, 0.5])
    mean, cov = autoencoder.linear_gaussian_posterior(tensor([[5, 2]]), weight, bias, noise_var)
    message = "linear_gaussian_posterior of one code seen with variances 1 and 1/2"
    close(cov, [[1 / 4]], f"{message}: precisions add up, 1 + 1 + 2 = 4")
    close(mean, [[(1 * 4 + 2 * 2) / 4]], f"{message}: a weighted mean with the prior's 0")


@pytest.mark.part("c")
def test_codes_that_explain_the_same_are_correlated() -> None:
    weight, one = tensor([[1, 1]]), tensor([1])
    mean, cov = autoencoder.linear_gaussian_posterior(tensor([[4]]), weight, one, one)
    message = "linear_gaussian_posterior of x = z_0 + z_1 + 1 + noise"
    close(cov, [[2 / 3, -1 / 3], [-1 / 3, 2 / 3]], f"{message}: the covariance")
    close(mean, [[1, 1]], f"{message}: the mean")


@pytest.mark.part("d")
def test_marginal_of_one_dimension() -> None:
    got = autoencoder.linear_gaussian_log_prob(
        tensor([[4], [1]]), tensor([[2]]), tensor([1]), tensor([5])
    )
    constant = math.log(9) + math.log(2 * math.pi)
    message = "linear_gaussian_log_prob of x = 2 z + 1 + noise of variance 5: variance 9"
    close(got, [-0.5 * (1 + constant), -0.5 * constant], message)


@pytest.mark.part("d")
def test_marginal_of_two_dimensions() -> None:
    weight, bias = tensor([[1], [1]]), tensor([3, 3])
    got = autoencoder.linear_gaussian_log_prob(tensor([[4, 2]]), weight, bias, tensor([1, 1]))
    expected = -0.5 * (2 + math.log(3) + 2 * math.log(2 * math.pi))
    close(
        got, [expected], "linear_gaussian_log_prob with covariance [[2, 1], [1, 2]], determinant 3"
    )
