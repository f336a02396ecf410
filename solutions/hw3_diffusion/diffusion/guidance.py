r"""Q6. Guidance.

A conditional diffusion model that is sampled as it was trained gives varied, often vague samples.
Guidance trades variety for agreement with the condition y. By Bayes' rule the conditional score is

    grad_x log p_t(x | y) = grad_x log p_t(x) + grad_x log p_t(y | x)

and guidance counts the second term w times. *Classifier guidance* takes that term from a classifier
of noisy images; *classifier-free guidance* takes it from the difference of the two scores of a
single network, which learned the unconditional score by being trained with the label left out every
now and then.

Networks here predict the noise of x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) eps. Noise and
score are the same thing up to a factor: eps = -sqrt(1 - alpha_bar) score.

Conventions: labels y are int64 in 0..K-1, shape (B,), and ``null_label`` is the label that stands
for "none", usually K. Time steps t are int64, shape (B,). A weight of 1 is the plain conditional
model and 0 the unconditional one; the paper on classifier-free guidance calls w what is w - 1 here.
"""

from collections.abc import Callable

import torch
from torch import Tensor

NoiseModel = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(x (B, ...), t (B,), y (B,)) -> predicted noise (B, ...)."""

Classifier = Callable[[Tensor, Tensor], Tensor]
"""(x (B, ...), t (B,)) -> logits (B, K)."""


def drop_labels(y: Tensor, u: Tensor, p: float, null_label: int) -> Tensor:
    r"""Leave out each label with probability p, independently.

        y'[b] = null_label if u[b] < p, else y[b]

    Trained on such labels, one network learns the conditional and the unconditional model.

    Args:
        y: Labels, int64, shape (B,). Not changed.
        u: Uniform draws in [0, 1), shape (B,).
        p: Probability of dropping, in [0, 1]; 0 drops none and 1 drops all. 0.1 to 0.2 is usual.
        null_label: The label that stands for "none"; any integer.

    Returns:
        New labels, int64, shape (B,).

    Source: Ho & Salimans, "Classifier-free diffusion guidance", 2022, algorithm 1.
    """
    # BEGIN SOLUTION
    return torch.where(u < p, null_label, y)
    # END SOLUTION


def classifier_free_guidance(
    model: NoiseModel, x: Tensor, t: Tensor, y: Tensor, null_label: int, w: float
) -> Tensor:
    r"""Predicted noise, pushed away from the unconditional prediction.

        eps = eps_uncond + w (eps_cond - eps_uncond)

    where eps_cond is the prediction with labels y, and eps_uncond the one at the same x and t with
    ``null_label`` for every label. w = 1 is the conditional model, w = 0 the unconditional one, and
    w > 1 extrapolates.

    Args:
        model: Called as ``model(x, t, y)``. You may call it twice, or once on a batch of size 2B;
            it treats every example by itself.
        x: Noisy examples, shape (B, ...), for example (B, D) or (B, C, H, W).
        t: Time steps, int64, shape (B,).
        y: Labels, int64, shape (B,).
        null_label: The label that stands for "none".
        w: Guidance weight, any number.

    Returns:
        Guided noise, the shape of x. Gradients pass through both predictions.

    Source: Ho & Salimans, 2022, equation 6, which has 1 + w in place of w.
    """
    # BEGIN SOLUTION
    eps_cond = model(x, t, y)
    eps_uncond = model(x, t, torch.full_like(y, null_label))
    return eps_uncond + w * (eps_cond - eps_uncond)
    # END SOLUTION


def classifier_score(classifier: Classifier, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
    r"""In which direction noisy examples look more like their class.

        score[b] = grad_{x_b} log p(y_b | x_b, t_b),    p(. | x, t) = softmax of the logits

    Args:
        classifier: Called as ``classifier(x, t)``; gives logits of shape (B, K), row b from x[b]
            and t[b] alone. Those of one example may lie hundreds apart.
        x: Noisy examples, shape (B, ...).
        t: Time steps, int64, shape (B,).
        y: Labels, int64 in 0..K-1, shape (B,).

    Returns:
        Gradients, the shape of x, without a graph: ``requires_grad`` is False. x is left as it is,
        its ``requires_grad`` too, and so is the ``.grad`` of the classifier's parameters. Works
        inside ``torch.no_grad()``, where samplers call it.

    Source: Dhariwal & Nichol, "Diffusion models beat GANs on image synthesis", NeurIPS 2021,
    section 4.
    """
    # BEGIN SOLUTION
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        log_prob = torch.log_softmax(classifier(x, t), dim=-1)
        chosen = log_prob.gather(1, y[:, None])
        return torch.autograd.grad(chosen.sum(), x)[0]
    # END SOLUTION


def classifier_guidance(eps: Tensor, score: Tensor, alpha_bar: Tensor, scale: float) -> Tensor:
    r"""Predicted noise, corrected by the score of a classifier.

        eps' = eps - scale sqrt(1 - alpha_bar) score

    Args:
        eps: Predicted noise, shape (B, ...).
        score: grad_x log p(y | x_t), shape (B, ...), as from :func:`classifier_score`.
        alpha_bar: The signal's share of the variance at each example's time step, in (0, 1),
            shape (B,).
        scale: Strength of the guidance; 1 is Bayes' rule, 0 no guidance.

    Returns:
        Guided noise, the shape of eps.

    Source: Dhariwal & Nichol, 2021, algorithm 2.
    """
    # BEGIN SOLUTION
    std = (1 - alpha_bar).sqrt().reshape(-1, *[1] * (eps.dim() - 1))
    return eps - scale * std * score
    # END SOLUTION
