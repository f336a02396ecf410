r"""Q5. Denoising diffusion implicit models.

The loss of a diffusion model sees only the marginals q(x_t | x_0). Many processes share them, and a
trained network serves all of them. A step goes from level t to any lower level t_prev: estimate
x_0, and put back as much noise as that level holds, a part of it the predicted noise (which keeps
the direction) and the rest fresh:

    x_prev = sqrt(alpha_bar_prev) x_0 + sqrt(1 - alpha_bar_prev - sigma^2) eps + sigma noise

With sigma = 0 nothing is random: x_T determines x_0, steps can be long, and the path can be walked
backwards, from an image to the noise that it came from. With eta = 1 and steps of length one it is
DDPM.

Conventions: t runs from 0 (least noisy) to T - 1; t_prev = -1 means the data, where alpha_bar = 1.
(In Python ``alpha_bar[-1]`` is the *last* entry.) A network is called as ``model(x, t)`` with t of
shape (B,), dtype int64, and returns its prediction of the noise, shaped like x.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

Model = Callable[[Tensor, Tensor], Tensor]
Pairs = Sequence[tuple[int, int]]


def time_pairs(
    num_train_steps: int, num_steps: int, spacing: Literal["trailing", "leading"] = "trailing"
) -> list[tuple[int, int]]:
    r"""The steps (t, t_prev) of a sampler that visits only some of the T levels.

    With n steps, numbered k = 0, ..., n - 1,

        trailing:   t_k = floor(T (n - k) / n) - 1     (begins at T - 1, pure noise)
        leading:    t_k = floor(T / n) (n - 1 - k)     (its last t is 0)

    and t_prev of one step is t of the next; the last t_prev is -1, the data. With n = T both
    spacings visit every level.

    Args:
        num_train_steps: Number T of levels that the model was trained with.
        num_steps: Number n of steps.
        spacing: "trailing" or "leading".

    Returns:
        n pairs of Python integers, t descending.

    Raises:
        ValueError: If ``num_steps`` is not in 1..T, or ``spacing`` is neither of the two.

    Source: Song et al., "Denoising diffusion implicit models", ICLR 2021, section 4.2 ("leading",
    as in their code); Lin et al., "Common diffusion noise schedules and sample steps are flawed",
    WACV 2024, section 3.3 ("trailing").
    """
    raise NotImplementedError("Q5a: time_pairs")


def ddim_step(
    x_t: Tensor,
    eps: Tensor,
    t: int,
    t_prev: int,
    alpha_bar: Tensor,
    eta: float = 0.0,
    noise: Tensor | None = None,
) -> Tensor:
    r"""One step from level t to a lower level t_prev.

        x_0 = ( x_t - sqrt(1 - alpha_bar_t) eps ) / sqrt(alpha_bar_t)
        sigma^2 = eta^2 (1 - alpha_bar_prev) / (1 - alpha_bar_t) (1 - alpha_bar_t / alpha_bar_prev)
        x_prev = sqrt(alpha_bar_prev) x_0 + sqrt(1 - alpha_bar_prev - sigma^2) eps + sigma noise

    At t_prev = -1 this is x_0, whatever eta is.

    Args:
        x_t: Where generation stands, shape (B, ...).
        eps: Noise that the model sees in x_t, shape (B, ...).
        t: The level of x_t in 0..T-1, the same for all examples.
        t_prev: The level to reach, -1 <= t_prev < t.
        alpha_bar: Levels of all steps, shape (T,).
        eta: Share of fresh noise in [0, 1]: 0 is deterministic, 1 is DDPM.
        noise: Standard normal noise, shape (B, ...); may be None if eta is 0.

    Returns:
        x_prev, shape (B, ...).

    Source: Song et al., ICLR 2021, equations 12 and 16 (their alpha is our alpha_bar).
    """
    raise NotImplementedError("Q5b: ddim_step")


def ddim_sample(
    model: Model,
    x_T: Tensor,
    pairs: Pairs,
    alpha_bar: Tensor,
    eta: float = 0.0,
    noises: Tensor | None = None,
) -> Tensor:
    r"""Walk from noise to data through the given levels.

    You may call :func:`ddim_step`.

    Args:
        model: Called once per pair, as ``model(x_t, t)`` with the pair's t for each example: t has
            shape (B,), dtype int64, and is on the device of x_T.
        x_T: Standard normal noise, at the level of the first pair, shape (B, ...).
        pairs: n steps (t, t_prev), t descending, as :func:`time_pairs` returns them; each step
            begins where the one before it ended.
        alpha_bar: Levels of all steps, shape (T,).
        eta: As in :func:`ddim_step`.
        noises: Noise of the steps in the order of their use, shape (n, B, ...); may be None if eta
            is 0.

    Returns:
        What the last step reaches, shape (B, ...): data, if it ends at t_prev = -1.

    Source: Song et al., ICLR 2021, section 4.
    """
    raise NotImplementedError("Q5b: ddim_sample")


def ddim_encode(model: Model, x0: Tensor, pairs: Pairs, alpha_bar: Tensor) -> Tensor:
    r"""Walk the deterministic path backwards: from data to the noise that would generate them.

    For each pair (t, t_prev), the last one first, the step with eta = 0 is solved for x_t:

        eps = model(x_prev, t)
        x_0 = ( x_prev - sqrt(1 - alpha_bar_prev) eps ) / sqrt(alpha_bar_prev)
        x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps

    The model would have to be asked about x_t, which is not known yet; it is asked about x_prev in
    its place, at the *same time t* as when the step is taken forwards. If its answer does not
    change between x_t and x_prev, the inversion is exact; the shorter the steps, the less it
    changes.

    Args:
        model: Called once per pair, as ``model(x_prev, t)`` with the pair's t for each example: t
            has shape (B,), dtype int64, and is on the device of x0.
        x0: Data, at the level t_prev of the last pair, shape (B, ...).
        pairs: The steps of :func:`ddim_sample`, in the order in which it takes them (t descending).
        alpha_bar: Levels of all steps, shape (T,).

    Returns:
        x at the level t of the first pair, shape (B, ...).

    Source: Song et al., ICLR 2021, section 5.4; Mokady et al., "Null-text inversion", CVPR 2023,
    section 3.1.
    """
    raise NotImplementedError("Q5c: ddim_encode")
