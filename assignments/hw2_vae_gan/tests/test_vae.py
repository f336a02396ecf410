"""Public checks of Q2: small cases that can be followed by hand."""

import math

import pytest
import torch
from checks import close, tensor
from torch import nn
from vae_gan import vae

LOG_VAR_OF_STD_3 = 2 * math.log(3)


@pytest.mark.part("a")
def test_draw_by_hand() -> None:
    mean, log_var = tensor([[1, -2]]), tensor([[0, LOG_VAR_OF_STD_3]])
    draw = vae.reparameterize
    message = "reparameterize with means 1 and -2, standard deviations 1 and 3"
    close(draw(mean, log_var, tensor([[1, 2]])), [[2, 4]], f"{message}, eps 1 and 2")
    close(draw(mean, log_var, tensor([[0, 0]])), [[1, -2]], f"{message}, eps 0: the means")


@pytest.mark.part("a")
def test_draw_lets_gradients_through() -> None:
    mean, log_var = tensor([[1.0]]).requires_grad_(), tensor([[LOG_VAR_OF_STD_3]]).requires_grad_()
    z = vae.reparameterize(mean, log_var, tensor([[2.0]]))
    by_mean, by_log_var = torch.autograd.grad(z.sum(), [mean, log_var], allow_unused=True)
    close(by_mean, [[1]], "reparameterize: dz/dmean")
    close(by_log_var, [[3]], "reparameterize: dz/dlog_var = sigma eps / 2 with sigma = 3, eps = 2")


@pytest.mark.part("a")
def test_forward_with_networks_that_do_nothing() -> None:
    model = vae.VAE(4, 2)
    model.encoder, model.decoder = nn.Identity(), nn.Identity()
    x = tensor([[1, -2, 0, LOG_VAR_OF_STD_3]])
    logits, mean, log_var = model(x, tensor([[1, 2]]))
    message = "VAE.forward where encoder and decoder return their input"
    close(mean, [[1, -2]], f"{message}: the mean is the first half of the encoder's output")
    close(log_var, [[0, LOG_VAR_OF_STD_3]], f"{message}: log_var is the second half")
    close(logits, [[2, 4]], f"{message}: the decoder is given the drawn code")


@pytest.mark.part("b")
def test_kl_to_the_prior_by_hand() -> None:
    mean, log_var = tensor([[0, 0], [3, 0], [0, -1]]), tensor([[0, 0], [0, 0], [math.log(4), 0]])
    expected = [0, 4.5, (4 - 1 - math.log(4) + 1) / 2]
    message = "kl_standard_normal of the prior itself, of means (3, 0), and of variances (4, 1)"
    close(vae.kl_standard_normal(mean, log_var), expected, message)


@pytest.mark.part("b")
def test_kl_to_the_prior_of_a_point() -> None:
    got = vae.kl_standard_normal(tensor([[0.0]]), tensor([[-800.0]]))
    close(got, [399.5], "kl_standard_normal with log_var = -800: large and finite")


@pytest.mark.part("c")
def test_kl_between_gaussians_by_hand() -> None:
    one, two = (tensor([[1, 0]]), tensor([[0, 0]])), (tensor([[3, 0]]), tensor([[math.log(4), 0]]))
    forward = 0.5 * (math.log(4) - 1 + (1 + 4) / 4)
    reverse = 0.5 * (-math.log(4) - 1 + 4 + 4)
    message = "kl_diag_gaussians of N(1, 1) and N(3, 4), beside a dimension where both are N(0, 1)"
    close(vae.kl_diag_gaussians(*one, *two), [forward], message)
    close(vae.kl_diag_gaussians(*two, *one), [reverse], f"{message}, exchanged")


@pytest.mark.part("c")
def test_kl_between_gaussians_of_vanishing_variance() -> None:
    zero, log_var = tensor([[0.0]]), tensor([[-800.0]])
    got = vae.kl_diag_gaussians(zero, log_var, zero, log_var + math.log(2))
    expected = 0.5 * (math.log(2) - 1 + 1 / 2)
    close(got, [expected], "kl_diag_gaussians: only the ratio of the variances counts, here 1/2")


@pytest.mark.part("d")
def test_negative_elbo_by_hand() -> None:
    x = tensor([[[[0, 1], [1, 0.5]]], [[[1, 1], [0, 0]]]])
    loss, reconstruction, kl = vae.negative_elbo(x, 0 * x, tensor([1, 3]))
    message = "negative_elbo of two 1x2x2 images where every pixel has p = 1/2"
    close(reconstruction, 4 * math.log(2), f"{message}: reconstruction, log 2 for every pixel")
    close(kl, 2.0, f"{message}: mean divergence of 1 and 3")
    close(loss, 4 * math.log(2) + 2, f"{message}: the loss is their sum")


@pytest.mark.part("d")
def test_negative_elbo_of_confident_decoders() -> None:
    x, kl = tensor([[1, 0], [0, 1]]), tensor([0, 0])
    right, *_ = vae.negative_elbo(x, (2 * x - 1) * 2000, kl)
    wrong, *_ = vae.negative_elbo(x, (1 - 2 * x) * 2000, kl)
    close(right, 0.0, "negative_elbo with logits of 2000 on the right side")
    close(wrong, 4000.0, "negative_elbo with logits of 2000 on the wrong side, two per example")


@pytest.mark.part("e")
def test_beta_vae_by_hand() -> None:
    reconstruction, kl = tensor([10, 20]), tensor([1, 5])
    loss = vae.beta_vae_loss
    close(loss(reconstruction, kl, 1.0), 18.0, "beta_vae_loss with beta 1: the negative ELBO")
    close(loss(reconstruction, kl, 4.0), 27.0, "beta_vae_loss with beta 4")
    message = "beta_vae_loss with beta 4 and a capacity of"
    close(loss(reconstruction, kl, 4.0, capacity=3.0), 15.0, f"{message} 3, the mean divergence")
    close(loss(reconstruction, kl, 4.0, capacity=8.0), 35.0, f"{message} 8: too little costs too")


@pytest.mark.part("f")
def test_active_units_by_hand() -> None:
    mean = tensor([[7, 1, 0], [7, -1, 0.1], [7, 1, 0], [7, -1, 0.1]])
    activity, active = vae.active_units(mean)
    message = "active_units of a constant dimension, one of +-1 and one of 0 and 0.1"
    close(activity, [0, 1, 0.0025], f"{message}: variances over the four examples")
    assert active.dtype == torch.bool, f"{message}: active has dtype {active.dtype}, not bool"
    assert active.tolist() == [False, True, False], f"{message}: active is {active.tolist()}"
