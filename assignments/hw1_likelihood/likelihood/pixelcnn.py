r"""Q4. PixelCNN: images pixel by pixel.

An image of H x W pixels with K grey levels is read in raster order, row by row and from left to
right, and the chain rule makes every pixel a classification problem with K classes:

    p(x | y) = prod_{i, j} p(x_ij | x_<ij, y)

One convolutional network computes all H W conditionals at once. Its kernels are masked so that
no output sees its own pixel or a later one: the first layer has a mask of type A, which hides the
centre of the kernel, all others one of type B, which shows it, because a hidden feature at the
centre knows earlier pixels only. A class label y enters as a bias of every layer. Evaluating
log p(x) takes one pass of the network; sampling takes one per pixel.

With many levels a softmax over K classes forgets that level 100 lies next to level 101. A mixture
of logistic distributions, integrated over the width of each level, does not.

Conventions: images are integers in 0..K-1, shape (B, H, W). Log-probabilities are in nats.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def build_mask(kind: str, kernel_size: int) -> Tensor:
    r"""Which entries of a k x k kernel see pixels that are already known.

    With the centre c = (k - 1) / 2, the entry (a, b) of the mask is

        1  for every row above the centre, a < c
        1  in the row of the centre, to its left, a = c and b < c
        0 (kind "A") or 1 (kind "B")  at the centre, a = b = c
        0  elsewhere

    ``torch.nn.functional.conv2d`` does not flip the kernel: entry (0, 0) meets the pixel above
    and to the left.

    Args:
        kind: "A" hides the centre, "B" shows it.
        kernel_size: Odd number k of rows and columns.

    Returns:
        Zeros and ones in the default dtype, on the default device, shape (k, k).

    Raises:
        ValueError: If ``kind`` is neither "A" nor "B", or ``kernel_size`` is even.

    Source: van den Oord et al., "Pixel recurrent neural networks", ICML 2016, section 3.4.
    """
    if kind not in ("A", "B"):
        raise ValueError(f'kind is {kind!r}; it must be "A" or "B"')
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size is {kernel_size}; it must be odd, so that there is a centre")
    raise NotImplementedError("Q4a: build_mask")


class MaskedConv2d(nn.Conv2d):
    r"""A convolution that sees only pixels above and to the left; see :func:`build_mask`.

    Args:
        kind: "A" or "B".
        in_channels: Number of input channels.
        out_channels: Number of output channels.
        kernel_size: Odd number k; the input is padded with (k - 1) / 2 zeros on every side.
    """

    def __init__(self, kind: str, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
        self.kind = kind

    def forward(self, x: Tensor) -> Tensor:
        r"""Convolve with the masked kernel.

        The product of ``self.weight``, shape (out_channels, in_channels, k, k), and the mask
        takes the place of the weight. The weight itself is not changed, and entries that the mask
        hides get a gradient of exactly zero. ``self.bias`` and ``self.padding`` are used as in
        ``nn.Conv2d``.

        Args:
            x: Images or features, shape (B, in_channels, H, W).

        Returns:
            Features, shape (B, out_channels, H, W).
        """
        raise NotImplementedError("Q4a: MaskedConv2d.forward")


def sample_categorical(logits: Tensor, u: Tensor) -> Tensor:
    r"""Draw from categorical distributions by inverting their distribution function.

        k = min { k : cdf_k > u },   cdf_k = p_0 + ... + p_k,   p = softmax(logits)

    A class of probability zero is not drawn by u < 1, not even by u = 0. Where no cdf_k is above
    u, as for u = 1 or by rounding, the last class K - 1 is returned.

    Args:
        logits: Unnormalised log-probabilities, shape (B, K).
        u: Uniform draws in [0, 1], shape (B,).

    Returns:
        Classes in 0..K-1, dtype int64, shape (B,).

    Source: Devroye, "Non-uniform random variate generation", 1986, section III.2.
    """
    raise NotImplementedError("Q4c: sample_categorical")


class PixelCNN(nn.Module):
    r"""A residual stack of masked convolutions over images with K levels.

    Args:
        levels: Number K of grey levels.
        channels: Number C of hidden channels.
        num_layers: Number of masked convolutions: the first has type A, the others type B.
        kernel_size: Odd size of their kernels.
        num_classes: Number of class labels; 0 for a model without them.

    Attributes:
        layers: The masked convolutions, ``nn.ModuleList``; 1 -> C channels, then C -> C.
        class_bias: One bias for every layer and class, shape (num_layers, num_classes, C). It
            starts at zero: all classes alike.
        out: 1 x 1 convolution, C -> K channels.
    """

    def __init__(
        self,
        levels: int,
        channels: int = 32,
        num_layers: int = 5,
        kernel_size: int = 5,
        num_classes: int = 0,
    ) -> None:
        super().__init__()
        self.levels = levels
        self.layers = nn.ModuleList(
            MaskedConv2d("B" if layer else "A", channels if layer else 1, channels, kernel_size)
            for layer in range(num_layers)
        )
        self.class_bias = nn.Parameter(torch.zeros(num_layers, num_classes, channels))
        self.out = nn.Conv2d(channels, levels, kernel_size=1)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        r"""Logits of every pixel's level given the pixels before it.

        With f_l the layer l = 0, 1, ... and b_l(y) its bias for class y, shape (B, C), which is
        the same at every pixel:

            h   = 2 x / (K - 1) - 1                    levels mapped to [-1, 1]
            h_0 = f_0(h) + b_0(y)
            h_l = h_{l-1} + f_l(relu(h_{l-1})) + b_l(y)
            logits = out(relu(h_last))

        Args:
            x: Images, integers in 0..K-1, shape (B, H, W).
            y: Class labels, integers, shape (B,). Without them no bias is added.

        Returns:
            Unnormalised log-probabilities, shape (B, K, H, W), in the dtype of the parameters.

        Source: van den Oord et al., "Conditional image generation with PixelCNN decoders", NeurIPS
        2016, equation 4, for the bias; relu and residuals in the place of its gates.
        """
        raise NotImplementedError("Q4b: PixelCNN.forward")

    def log_prob(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        r"""Log-probability of images.

            log p(x | y) = sum_{i, j} log softmax(logits_ij)[x_ij]

        with the logits of ``self(x, y)``; finite for logits of any size.

        Args:
            x: Images, integers in 0..K-1, shape (B, H, W).
            y: Class labels, integers, shape (B,), or None.

        Returns:
            Log-probabilities in nats, shape (B,).
        """
        raise NotImplementedError("Q4b: PixelCNN.log_prob")

    @torch.no_grad()
    def sample(self, u: Tensor, y: Tensor | None = None) -> Tensor:
        r"""Draw images pixel by pixel.

        In raster order, the pixel (i, j) of every image is drawn by :func:`sample_categorical`
        from the logits of ``self(x, y)`` at (i, j) and ``u[:, i, j]``, where x holds the pixels
        drawn so far.

        Args:
            u: Uniform draws, shape (B, H, W).
            y: Class labels, integers, shape (B,), or None.

        Returns:
            Images, integers in 0..K-1, dtype int64, shape (B, H, W).
        """
        raise NotImplementedError("Q4c: PixelCNN.sample")

    @torch.no_grad()
    def complete(self, x: Tensor, num_rows: int, u: Tensor, y: Tensor | None = None) -> Tensor:
        r"""Draw the lower rows of images given the upper ones.

        The first ``num_rows`` rows are kept, the others are drawn in raster order as in
        :meth:`sample`. With ``num_rows = H / 2``: the lower half given the upper half.

        Args:
            x: Images, integers in 0..K-1, shape (B, H, W). Rows below the first ``num_rows`` are
                ignored; x is not changed.
            num_rows: Number of known rows, 0..H.
            u: Uniform draws, shape (B, H, W); ``u[:, i, j]`` is for pixel (i, j), so those of the
                known rows are not used.
            y: Class labels, integers, shape (B,), or None.

        Returns:
            Images, integers in 0..K-1, dtype int64, shape (B, H, W).
        """
        raise NotImplementedError("Q4c: PixelCNN.complete")


def discretized_logistic_mixture_log_prob(
    x: Tensor, logits: Tensor, means: Tensor, log_scales: Tensor, levels: int
) -> Tensor:
    r"""Log-probability of levels under mixtures of discretised logistic distributions.

    The levels 0..K-1 are mapped to the points v = 2 x / (K - 1) - 1 of [-1, 1], each in the
    middle of a bin that reaches 1 / (K - 1) to either side. Every component m gives a bin the
    mass of a logistic distribution, whose distribution function is a sigmoid:

        P_m(x) = sigmoid((v + 1/(K-1) - mu_m) / s_m) - sigmoid((v - 1/(K-1) - mu_m) / s_m)

    The bin of level 0 reaches down to -infinity (its second sigmoid is 0), the bin of level K-1
    up to +infinity (its first sigmoid is 1), so that the masses add up to one. Every dimension has
    a mixture of its own, and dimensions are independent:

        log p(x) = sum_d log sum_m softmax(logits_d)_m P_m(x_d)

    Values and gradients are exact up to rounding and finite for log_scales from -12 to 30, even
    where every P_m(x_d) is too small for a floating point number. With a = (v + 1/(K-1) - mu) / s
    and b = (v - 1/(K-1) - mu) / s, use

        sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a))

    where b - a can be so close to 0 that 1 - exp(b - a) needs ``torch.expm1``.

    Args:
        x: Levels, integers in 0..K-1, shape (B, D).
        logits: Unnormalised log-weights of the M components, shape (B, D, M).
        means: Means mu on the scale of v, shape (B, D, M).
        log_scales: log s, shape (B, D, M).
        levels: Number K of levels, at least 2.

    Returns:
        Log-probabilities in nats, shape (B,), in the dtype of ``logits``.

    Source: Salimans et al., "PixelCNN++", ICLR 2017, equations 1 and 2.
    """
    raise NotImplementedError("Q4d: discretized_logistic_mixture_log_prob")
