r"""Q10. Inverse problems and editing.

Something has been measured, y = A x, and A has lost information: pixels are missing, the image is
too small, its colours are gone, a scanner took too few views. Many x fit y; a diffusion model knows
which of them are plausible. It was trained once, without any A, and no training is needed here: all
methods of this question only interfere with the sampler.

- *Replacement* overwrites, after every step, what is known by a version of y with the noise of that
  step. *RePaint* goes back and forth so that the two parts have time to agree.
- *DDNM* splits the estimate of x_0: what A sees is taken from y, what A does not see (its null
  space) stays as the model wants it.
- *DPS* pulls the sample towards a smaller ||y - A x_0(x_t)||, by its gradient through the network.
- *SDEdit* needs no A: noise a drawing half-way, and let the sampler make an image of it.

Conventions: images are (B, C, H, W). Steps are t = 0, ..., T-1 from least to most noisy,
x_t = sqrt(alpha_bar[t]) x_0 + sqrt(1 - alpha_bar[t]) eps, and t = -1 means clean: alpha_bar is 1
there. A mask is 1 where the image is *observed* and 0 where it is to be filled in. A noise
predictor is called as ``model(x_t, t)`` with t of shape (B,), int64; a sampler's step as
``step(x_t, t, t_prev)`` with two Python integers, and gives x at t_prev < t.
"""

from collections.abc import Callable
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

Model = Callable[[Tensor, Tensor], Tensor]
Step = Callable[[Tensor, int, int], Tensor]


def signal_level(alpha_bar: Tensor, t: int) -> Tensor:
    """alpha_bar[t], and 1 for t = -1, shape (); given to you."""
    return alpha_bar[t] if t >= 0 else torch.ones_like(alpha_bar[0])


def replace_observed(
    x: Tensor, y: Tensor, mask: Tensor, t: int, alpha_bar: Tensor, noise: Tensor
) -> Tensor:
    r"""Overwrite the observed pixels of a sample by the observation, noised to the sample's level.

        known = sqrt(alpha_bar[t]) y + sqrt(1 - alpha_bar[t]) noise
        out   = mask known + (1 - mask) x

    After a step from t to t_prev it is called with t_prev: both parts must carry the same noise.
    At t = -1, the observed pixels are those of y, without noise.

    Args:
        x: Sample at level ``t``, shape (B, C, H, W).
        y: Clean observed image, shape (B, C, H, W). Finite, but meaningless where the mask is 0.
        mask: 1 where observed, 0 elsewhere, floating point; broadcasts to x, such as (B, 1, H, W).
        t: Level of ``x``, in -1..T-1.
        alpha_bar: Shape (T,).
        noise: Standard normal, shape (B, C, H, W).

    Returns:
        Shape (B, C, H, W).

    Source: Song et al., "Score-based generative modeling through stochastic differential
    equations", ICLR 2021, appendix I.2; Lugmayr et al., "RePaint", CVPR 2022, equation 8.
    """
    raise NotImplementedError("Q10a: replace_observed")


def repaint_step(
    step: Step,
    x: Tensor,
    y: Tensor,
    mask: Tensor,
    t: int,
    t_prev: int,
    alpha_bar: Tensor,
    known_noise: Tensor,
    jump_noise: Tensor,
) -> Tensor:
    r"""One step of inpainting from t to t_prev, with R rounds of resampling.

    Each round r = 0, ..., R-1 denoises and replaces,

        x_prev = replace_observed(step(x_t, t, t_prev), y, mask, t_prev, ..., known_noise[r])

    and each but the last then returns to level t by the forward process, for all pixels:

        x_t = sqrt(a) x_prev + sqrt(1 - a) jump_noise[r],   a = alpha_bar[t] / alpha_bar[t_prev]

    so that in the next round the new pixels can adapt to the observed ones. The result is x_prev
    of the last round. It is the same for t_prev = -1, where the paper does not jump.

    Args:
        step: Step of any sampler, called R times as ``step(x_t, t, t_prev)``.
        x: Sample at level t, shape (B, C, H, W).
        y: Clean observed image, shape (B, C, H, W).
        mask: 1 where observed; broadcasts to x.
        t: Level of ``x``, in 0..T-1.
        t_prev: Level of the result, in -1..t-1; not always t - 1.
        alpha_bar: Shape (T,).
        known_noise: Standard normal, shape (R, B, C, H, W), R >= 1.
        jump_noise: Standard normal, shape (R-1, B, C, H, W).

    Returns:
        Sample at level t_prev, shape (B, C, H, W).

    Source: Lugmayr et al., "RePaint: inpainting using denoising diffusion probabilistic models",
    CVPR 2022, algorithm 1.
    """
    raise NotImplementedError("Q10a: repaint_step")


class Operator(Protocol):
    """What a linear map A from images to measurements offers; it works image by image."""

    def forward(self, x: Tensor) -> Tensor:
        """The measurement A x."""

    def adjoint(self, y: Tensor) -> Tensor:
        """A^T y, an image: <A x, y> = <x, A^T y> for all x and y."""

    def pinv(self, y: Tensor) -> Tensor:
        """A^+ y (Moore-Penrose): of the images with the smallest ||A x - y||, the shortest."""


class Downsample:
    """Average pooling, the operator of super-resolution.

    Args:
        factor: Height and width f of the blocks that become one pixel.
    """

    def __init__(self, factor: int) -> None:
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        r"""Means of blocks of f x f pixels that do not overlap.

        Args:
            x: Images, shape (B, C, H, W).

        Returns:
            Shape (B, C, H/f, W/f).

        Raises:
            ValueError: If H or W is not a multiple of f.
        """
        raise NotImplementedError("Q10b: Downsample.forward")

    def adjoint(self, y: Tensor) -> Tensor:
        r"""The transpose of :meth:`forward`: <A x, y> = <x, A^T y>.

        Args:
            y: Shape (B, C, h, w).

        Returns:
            Shape (B, C, h f, w f).
        """
        raise NotImplementedError("Q10b: Downsample.adjoint")

    def pinv(self, y: Tensor) -> Tensor:
        r"""The pseudo-inverse A^+ = A^T (A A^T)^{-1}: A A^+ y = y.

        Args:
            y: Shape (B, C, h, w).

        Returns:
            Shape (B, C, h f, w f).
        """
        raise NotImplementedError("Q10b: Downsample.pinv")


class Grayscale:
    """Weighted sum of the colours, the operator of colourisation.

    Args:
        weights: One per channel, shape (C,); not necessarily a mean.
    """

    def __init__(self, weights: Tensor) -> None:
        self.weights = weights

    def forward(self, x: Tensor) -> Tensor:
        r"""Grey values sum_c weights[c] x[:, c].

        Args:
            x: Images, shape (B, C, H, W).

        Returns:
            Shape (B, 1, H, W).
        """
        raise NotImplementedError("Q10b: Grayscale.forward")

    def adjoint(self, y: Tensor) -> Tensor:
        r"""The transpose of :meth:`forward`.

        Args:
            y: Shape (B, 1, H, W).

        Returns:
            Shape (B, C, H, W).
        """
        raise NotImplementedError("Q10b: Grayscale.adjoint")

    def pinv(self, y: Tensor) -> Tensor:
        r"""The pseudo-inverse A^+ = A^T (A A^T)^{-1}: A A^+ y = y.

        Args:
            y: Shape (B, 1, H, W).

        Returns:
            Shape (B, C, H, W). In general not grey: it has the colour of ``weights``.
        """
        raise NotImplementedError("Q10b: Grayscale.pinv")


class Radon:
    """Line integrals in parallel beams, the operator of computed tomography.

    Args:
        height: Height H of the images.
        width: Width W of the images.
        angles: Directions theta in radians, shape (V,), one per view.
        detectors: Number J of detector cells, one pixel apart.
    """

    def __init__(self, height: int, width: int, angles: Tensor, detectors: int) -> None:
        self.height = height
        self.width = width
        self.angles = angles
        self.detectors = detectors

    def weights(self) -> Tensor:
        r"""How much of each pixel each detector cell of each view receives.

        The origin is the centre of the image, x runs to the right and y down:

            x_w = w - (W-1)/2,    y_h = h - (H-1)/2

        The pixel (h, w) casts its shadow on the detector at s, and the cell j lies at d_j:

            s_{v,h,w} = x_w cos(theta_v) + y_h sin(theta_v),    d_j = j - (J-1)/2

        The pixel's value is shared linearly between the two cells on either side of s:

            weights[v, j, h, w] = max(0, 1 - |s_{v,h,w} - d_j|)

        They sum to 1 over j where the shadow lies between the first and the last cell; what falls
        beside the detector is lost.

        Returns:
            Shape (V, J, H, W), in the dtype of ``angles`` and on its device.

        Source: Kak and Slaney, "Principles of computerized tomographic imaging", 1988, sections
        3.1 and 7.1.
        """

        raise NotImplementedError("Q10b: Radon.weights")

    def forward(self, x: Tensor) -> Tensor:
        r"""The sinogram sum_{h,w} weights[v, j, h, w] x[:, :, h, w], each channel by itself.

        Args:
            x: Images, shape (B, C, H, W).

        Returns:
            Shape (B, C, V, J).
        """
        raise NotImplementedError("Q10b: Radon.forward")

    def adjoint(self, y: Tensor) -> Tensor:
        r"""The transpose of :meth:`forward`, "backprojection": smear each value along its line.

        Args:
            y: Sinograms, shape (B, C, V, J).

        Returns:
            Shape (B, C, H, W).
        """
        raise NotImplementedError("Q10b: Radon.adjoint")

    def pinv(self, y: Tensor) -> Tensor:
        """A^+ y from the matrix, which has V J rows and H W columns; given to you."""
        matrix = self.weights().flatten(2).flatten(0, 1)
        return (y.flatten(2) @ torch.linalg.pinv(matrix).T).unflatten(-1, (self.height, self.width))


def ddnm_project(x0: Tensor, y: Tensor, operator: Operator) -> Tensor:
    r"""Replace what the operator sees of an image by what was measured.

        out = A^+ y + (I - A^+ A) x0

    Then A out = y (if y is in the range of A), and what A does not see of x0 is unchanged.

    Args:
        x0: Images, shape (B, C, H, W).
        y: Measurements, in the shape of ``operator.forward(x0)``.
        operator: A, with ``forward`` and ``pinv``.

    Returns:
        Shape (B, C, H, W).

    Source: Wang et al., "Zero-shot image restoration using denoising diffusion null-space model",
    ICLR 2023, equation 13.
    """
    raise NotImplementedError("Q10c: ddnm_project")


def ddnm_step(
    model: Model,
    x: Tensor,
    y: Tensor,
    operator: Operator,
    t: int,
    t_prev: int,
    alpha_bar: Tensor,
) -> Tensor:
    r"""One deterministic step in which the estimate of x_0 is projected.

        eps    = model(x_t, t)
        x0     = (x_t - sqrt(1 - alpha_bar[t]) eps) / sqrt(alpha_bar[t])
        x0_hat = ddnm_project(x0, y, operator)
        x_prev = sqrt(alpha_bar[t_prev]) x0_hat + sqrt(1 - alpha_bar[t_prev]) eps

    eps is the same in the second and the last line: it is not computed again from x0_hat. At
    t_prev = -1 the result is x0_hat.

    Args:
        model: Noise predictor, called once as ``model(x, t)`` with t of shape (B,), int64.
        x: Sample at level t, shape (B, C, H, W).
        y: Measurements, in the shape of ``operator.forward(x)``.
        operator: A, with ``forward`` and ``pinv``.
        t: Level of ``x``, in 0..T-1.
        t_prev: Level of the result, in -1..t-1.
        alpha_bar: Shape (T,).

    Returns:
        Sample at level t_prev, shape (B, C, H, W).

    Source: Wang et al., ICLR 2023, algorithm 1, with the deterministic sampler (DDIM, eta = 0).
    """
    raise NotImplementedError("Q10c: ddnm_step")


def dps_step(
    model: Model,
    x: Tensor,
    y: Tensor,
    measure: Callable[[Tensor], Tensor],
    t: int,
    t_prev: int,
    alpha_bar: Tensor,
    zeta: float,
) -> Tensor:
    r"""One deterministic step, and a step down the gradient of the measurement error.

        eps    = model(x_t, t)
        x0     = (x_t - sqrt(1 - alpha_bar[t]) eps) / sqrt(alpha_bar[t])
        x'     = sqrt(alpha_bar[t_prev]) x0 + sqrt(1 - alpha_bar[t_prev]) eps
        x_prev = x' - zeta grad_{x_t} || y - measure(x0) ||

    The norm is Euclidean, *not squared*, over all numbers of one example: each example has its own
    norm and its own gradient. The gradient is with respect to x_t, through x0 and thus through the
    network; it is not a gradient with respect to x0.

    Args:
        model: Noise predictor, called once as ``model(x, t)`` with t of shape (B,), int64.
        x: Sample at level t, shape (B, C, H, W). Unchanged; so is its ``requires_grad``.
        y: Measurements, in the shape of ``measure(x)``: (B, ...) with any further dimensions.
        measure: Differentiable, linear or not; example by example.
        t: Level of ``x``, in 0..T-1.
        t_prev: Level of the result, in -1..t-1.
        alpha_bar: Shape (T,).
        zeta: Size of the correction, >= 0.

    Returns:
        Sample at level t_prev, shape (B, C, H, W), without gradients: ``requires_grad`` is False.
        The step works under ``torch.no_grad()`` too, and leaves the ``grad`` of the network's
        parameters alone.

    Source: Chung et al., "Diffusion posterior sampling for general noisy inverse problems", ICLR
    2023, algorithm 1. The paper squares the norm and divides zeta' by it: zeta here is 2 zeta'
    there. (Its code takes the norm as here.)
    """
    raise NotImplementedError("Q10d: dps_step")


def sdedit(step: Step, guide: Tensor, strength: float, alpha_bar: Tensor, noise: Tensor) -> Tensor:
    r"""Turn a rough drawing into an image: noise it, then sample from there.

    With n = round(strength T) steps,

        n = 0         the result is the guide;
        0 < n < T     start at level n - 1 with the guide, noised to that level;
        n = T         start at level T - 1 with the noise alone, as in ordinary sampling.

    Then take the n steps ``step(x, t, t - 1)`` for t = n-1, ..., 0.

    Args:
        step: Step of any sampler, called n times.
        guide: Drawing, shape (B, C, H, W).
        strength: In [0, 1]: 0 keeps the guide, 1 forgets it.
        alpha_bar: Shape (T,).
        noise: Standard normal, shape (B, C, H, W).

    Returns:
        Images, shape (B, C, H, W).

    Raises:
        ValueError: If ``strength`` is below 0 or above 1.

    Source: Meng et al., "SDEdit: guided image synthesis and editing with stochastic differential
    equations", ICLR 2022, algorithm 1.
    """
    raise NotImplementedError("Q10e: sdedit")
