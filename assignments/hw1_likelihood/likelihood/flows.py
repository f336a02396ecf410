r"""Q6. Normalizing flows.

A flow is an invertible function z = f(x) with a simple density on the latent side. Probability is
conserved, so the density of the data follows by the change of variables

    log p(x) = log N(f(x); 0, I) + log | det df(x)/dx |

A composition of invertible layers is invertible and its log-determinants add up. All the art is in
layers that are expressive, quick to invert, and have a determinant that costs O(D) instead of
O(D^3): their Jacobians are triangular (coupling, autoregressive), diagonal (ActNorm), or come with
their LU factors.

Conventions: a layer has two methods, and both return the log-determinant of the map that they
apply, one number per example, shape (B,), summed over everything but the batch:

    forward(x) -> (z, log_det)    data to latent,  log_det = log | det dz/dx |
    inverse(z) -> (x, log_det)    latent to data,  log_det = log | det dx/dz | = - log | det dz/dx |

Dimension 0 is the batch and dimension 1 holds the features of a vector (B, D) or the channels of an
image (B, C, H, W).
"""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

Conditioner = Callable[[Tensor], tuple[Tensor, Tensor]]


def mlp(num_inputs: int, hidden: int, num_outputs: int) -> nn.Sequential:
    """Two hidden layers; the last layer starts at zero, so that a flow starts at the identity."""
    last = nn.Linear(hidden, num_outputs)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(
        nn.Linear(num_inputs, hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        last,
    )


def cnn(num_inputs: int, hidden: int, num_outputs: int) -> nn.Sequential:
    """The same for images: 3x3, 1x1 and 3x3 convolutions that keep the height and width."""
    last = nn.Conv2d(hidden, num_outputs, 3, padding=1)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(
        nn.Conv2d(num_inputs, hidden, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(hidden, hidden, 1),
        nn.ReLU(),
        last,
    )


class AffineCoupling(nn.Module):
    r"""Affine coupling layer of RealNVP.

    The entries with mask 1 pass through unchanged, and decide how the others are scaled and
    shifted:

        z = x * exp(s) + t,   with s and t zero where the mask is 1

    Source: Dinh, Sohl-Dickstein, Bengio, "Density estimation using Real NVP", ICLR 2017,
    equations 4-9; the learned scale of the tanh is from section 4.1.

    Args:
        mask: Zeros and ones in the shape of one example, (D,) or (C, H, W).
        hidden: Width of the default network.
        net: Maps (B, D) to (B, 2D), or (B, C, H, W) to (B, 2C, H, W). By default an MLP for
            vectors and a small convolutional network for images.
    """

    mask: Tensor

    def __init__(self, mask: Tensor, hidden: int = 64, net: nn.Module | None = None) -> None:
        super().__init__()
        channels = mask.shape[0]
        make = mlp if mask.dim() == 1 else cnn
        self.net = make(channels, hidden, 2 * channels) if net is None else net
        self.scale = nn.Parameter(torch.ones(mask.shape))
        self.register_buffer("mask", mask.to(torch.get_default_dtype()))

    def log_scale_and_shift(self, x: Tensor) -> tuple[Tensor, Tensor]:
        r"""The log-scale s and the shift t, computed from the entries with mask 1 alone.

            r, u = the two halves of net(mask * x) along dimension 1, r first
            s = (1 - mask) * scale * tanh(r)
            t = (1 - mask) * u

        where ``scale`` is the parameter ``self.scale``. The tanh keeps exp(s) from exploding
        early in training.

        Args:
            x: Shape (B, D) or (B, C, H, W). A latent z serves just as well: the two agree in the
                entries that are looked at.

        Returns:
            s and t, each in the shape of ``x``.
        """
        raise NotImplementedError("Q6a: AffineCoupling.log_scale_and_shift")

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        r"""Data to latent: z = x * exp(s) + t.

        The Jacobian is triangular with exp(s) on its diagonal, whatever the network.

        Args:
            x: Shape (B, D) or (B, C, H, W).

        Returns:
            z in the shape of ``x``, and log | det dz/dx |, shape (B,).
        """
        raise NotImplementedError("Q6a: AffineCoupling.forward")

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        r"""Latent to data: the exact inverse of ``forward``, in one pass of the network.

        Args:
            z: Shape (B, D) or (B, C, H, W).

        Returns:
            x in the shape of ``z``, and log | det dx/dz |, shape (B,).
        """
        raise NotImplementedError("Q6a: AffineCoupling.inverse")


class ActNorm(nn.Module):
    r"""Activation normalisation: a learned scale and shift per channel.

        z = x * exp(log_scale) + shift

    Both have shape (C,), are shared by all positions of an image, and start from statistics of the
    first batch, which is why deep flows train at all.

    Source: Kingma and Dhariwal, "Glow", NeurIPS 2018, section 3.1 and table 1.

    Args:
        num_channels: Number of features D or channels C.
        eps: Added to the variance in ``initialize``, so that a constant channel does no harm.
    """

    def __init__(self, num_channels: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.eps = eps
        self.log_scale = nn.Parameter(torch.zeros(num_channels))
        self.shift = nn.Parameter(torch.zeros(num_channels))

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        r"""Set the parameters so that ``forward(x)`` has mean 0 and variance 1 in every channel.

            std = sqrt(var + eps),   log_scale = -log std,   shift = -mean / std

        mean and var are taken per channel over the batch and all positions; var is the biased
        variance (divided by the number of values, not by one less). The values are written into
        the existing parameters, which an optimiser may already hold; nothing is returned.

        Args:
            x: The first batch, shape (B, C) or (B, C, H, W).
        """
        raise NotImplementedError("Q6b: ActNorm.initialize")

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        r"""Data to latent: z = x * exp(log_scale) + shift, channel by channel.

        The same diagonal Jacobian acts at each of the H W positions (one position for a vector),
        and each counts.

        Args:
            x: Shape (B, C) or (B, C, H, W).

        Returns:
            z in the shape of ``x``, and log | det dz/dx |, shape (B,). Both are differentiable in
            ``x`` and the parameters.
        """
        raise NotImplementedError("Q6b: ActNorm.forward")

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        r"""Latent to data: the exact inverse of ``forward``.

        Args:
            z: Shape (B, C) or (B, C, H, W).

        Returns:
            x in the shape of ``z``, and log | det dx/dz |, shape (B,). Both are differentiable in
            ``z`` and the parameters.
        """
        raise NotImplementedError("Q6b: ActNorm.inverse")


class InvertibleLinear(nn.Module):
    r"""A learned linear map of the channels, the same at every position (1x1 convolution).

    The matrix is kept as the product W = P L U, which makes its determinant and its inverse cheap:

        P   a fixed permutation matrix, the buffer ``permutation``
        L   lower triangular with ones on the diagonal; below it, the entries of ``lower``
        U   upper triangular; above the diagonal, the entries of ``upper``; on the diagonal,
            sign * exp(log_diagonal), where the buffer ``sign`` holds -1 and 1 and is not learned

    All are of shape (C, C), except ``sign`` and ``log_diagonal``, which are (C,). Entries of
    ``lower`` on and above the diagonal, and of ``upper`` on and below it, mean nothing: they may
    hold anything, even NaN or infinity, and none of it may reach L and U. W starts as a random
    rotation, drawn from ``generator``.

    Source: Kingma and Dhariwal, "Glow", NeurIPS 2018, sections 3.2 and 3.3, equations 10 and 11.
    """

    permutation: Tensor
    sign: Tensor

    def __init__(self, num_channels: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        gaussian = torch.randn(num_channels, num_channels, generator=generator)
        permutation, lower, upper = torch.linalg.lu(torch.linalg.qr(gaussian).Q)
        diagonal = upper.diagonal()
        self.lower = nn.Parameter(lower.tril(-1))
        self.upper = nn.Parameter(upper.triu(1))
        self.log_diagonal = nn.Parameter(diagonal.abs().log())
        self.register_buffer("permutation", permutation)
        self.register_buffer("sign", diagonal.sign())

    def factors(self) -> tuple[Tensor, Tensor]:
        r"""The triangular factors L and U, built from the parameters as described above.

        Returns:
            L and U, each of shape (C, C), differentiable in the parameters.
        """
        raise NotImplementedError("Q6c: InvertibleLinear.factors")

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        r"""Data to latent: z[b, :, h, w] = P L U x[b, :, h, w] at every position.

            log | det dz/dx | = H W * sum_c log_diagonal[c]

        with H W = 1 for a vector. |det P| = det L = 1, and the signs drop out of the absolute
        value.

        Args:
            x: Shape (B, C) or (B, C, H, W).

        Returns:
            z in the shape of ``x``, and log | det dz/dx |, shape (B,). Both are differentiable in
            ``x`` and the parameters.
        """
        raise NotImplementedError("Q6c: InvertibleLinear.forward")

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        r"""Latent to data: the exact inverse of ``forward``.

        The inverse of a permutation matrix is its transpose; L and U are undone by substitution
        (``torch.linalg.solve_triangular``), without inverting a matrix.

        Args:
            z: Shape (B, C) or (B, C, H, W).

        Returns:
            x in the shape of ``z``, and log | det dx/dz |, shape (B,). Both are differentiable in
            ``z`` and the parameters.
        """
        raise NotImplementedError("Q6c: InvertibleLinear.inverse")


def squeeze(x: Tensor) -> Tensor:
    r"""Trade resolution for channels: every 2x2 block of pixels becomes four channels.

        out[b, 4c + 2i + j, h, w] = x[b, c, 2h + i, 2w + j],   i, j in {0, 1}

    The four pixels of a block stay neighbours among the channels, in reading order. Entries are
    only moved, so the log-determinant is zero.

    Args:
        x: Images, shape (B, C, H, W), H and W even.

    Returns:
        Shape (B, 4C, H/2, W/2).

    Raises:
        ValueError: If H or W is odd.

    Source: Dinh, Sohl-Dickstein, Bengio, "Density estimation using Real NVP", ICLR 2017,
    section 3.6, in the channel order of ``torch.nn.PixelUnshuffle``.
    """
    raise NotImplementedError("Q6d: squeeze")


def unsqueeze(z: Tensor) -> Tensor:
    r"""The inverse of ``squeeze``: every four channels become 2x2 blocks of pixels.

        out[b, c, 2h + i, 2w + j] = z[b, 4c + 2i + j, h, w],   i, j in {0, 1}

    Args:
        z: Shape (B, 4C, H, W).

    Returns:
        Shape (B, C, 2H, 2W).

    Raises:
        ValueError: If the number of channels is not a multiple of 4.
    """
    raise NotImplementedError("Q6d: unsqueeze")


class Squeeze(nn.Module):
    """``squeeze`` as a layer."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return squeeze(x), x.new_zeros(x.shape[0])

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return unsqueeze(z), z.new_zeros(z.shape[0])


class Reverse(nn.Module):
    """Reverses the order of the features, so that the next autoregressive layer sees another."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.flip(1), x.new_zeros(x.shape[0])

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return self.forward(z)


class Inverse(nn.Module):
    """A layer with its two directions swapped; ``Inverse(MAF(D))`` is an IAF layer."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.layer.inverse(x)

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return self.layer(z)


class Flow(nn.Module):
    r"""A composition of layers on a standard normal base density.

        z = f_n(... f_2(f_1(x))),   the first layer acts first on the data

    Args:
        layers: Modules with ``forward`` and ``inverse``, from the data side to the latent side.

    Source: Rezende and Mohamed, "Variational inference with normalizing flows", ICML 2015,
    section 3; Papamakarios et al., "Normalizing flows for probabilistic modeling and inference",
    JMLR 2021, section 2.
    """

    def __init__(self, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        """Initialise every layer that asks for it from one batch; call it once before training."""
        for layer in self.layers:
            if hasattr(layer, "initialize"):
                layer.initialize(x)
            x, _ = layer(x)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        r"""Data to latent, through all layers.

        Args:
            x: Shape (B, D) or (B, C, H, W).

        Returns:
            z, and the log | det dz/dx | of the whole composition, shape (B,). Without any layer, x
            itself and zeros. Both are differentiable in ``x`` and the layers' parameters.
        """
        raise NotImplementedError("Q6e: Flow.forward")

    def log_prob(self, x: Tensor) -> Tensor:
        r"""Log-density of the data by the change of variables.

            log p(x) = log N(z; 0, I) + log | det dz/dx |
            log N(z; 0, I) = - 1/2 sum_d ( z_d^2 + log 2 pi )

        The sum runs over all dimensions of z but the batch.

        Args:
            x: Shape (B, D) or (B, C, H, W).

        Returns:
            log p(x) in nats, shape (B,), differentiable in ``x`` and the layers' parameters.
        """
        raise NotImplementedError("Q6e: Flow.log_prob")

    def sample(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        r"""Push noise through the inverse flow; the density of the samples comes for free.

            x = f_1^-1(f_2^-1(... f_n^-1(noise)))
            log p(x) = log N(noise; 0, I) - log | det dx/dnoise |

        One pass through the inverses gives both; no pass through ``forward`` is needed.

        Args:
            noise: Standard normal draws in the shape of the latent, (B, D) or (B, C, H, W).

        Returns:
            Samples x, and log p(x) in nats, shape (B,). Both are differentiable in ``noise`` and
            the layers' parameters: variational inference trains a flow through its samples.
        """
        raise NotImplementedError("Q6e: Flow.sample")


class PrefixNet(nn.Module):
    """One small network for each dimension i, which sees the dimensions before i.

    Maps x (B, D) to a mean and a log-std, each (B, D), whose entries i are functions of
    x_1 ... x_{i-1}; the first ones are constants. Both start at zero.
    """

    before: Tensor

    def __init__(self, num_dims: int, hidden: int) -> None:
        super().__init__()
        std = 1 / math.sqrt(num_dims)
        self.weight = nn.Parameter(std * torch.randn(num_dims, hidden, num_dims))
        self.bias = nn.Parameter(torch.zeros(num_dims, hidden))
        self.head = nn.Parameter(torch.zeros(2, num_dims, hidden))
        self.head_bias = nn.Parameter(torch.zeros(2, num_dims))
        self.register_buffer("before", torch.ones(num_dims, num_dims).tril(-1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        weight = self.weight * self.before[:, None, :]
        features = torch.tanh(torch.einsum("ikj,bj->bik", weight, x) + self.bias)
        mean, log_std = torch.einsum("oik,bik->obi", self.head, features) + self.head_bias[:, None]
        return mean, log_std


class MAF(nn.Module):
    r"""Masked autoregressive flow.

    An autoregressive model with Gaussian conditionals, read as a flow: entry i of the data has the
    mean m_i(x_<i) and the standard deviation exp(a_i(x_<i)), and the latent is what is left after
    standardising,

        x_i = z_i * exp(a_i(x_<i)) + m_i(x_<i)

    Densities cost one pass of the network, samples cost D. The inverse autoregressive flow (IAF) is
    the same layer with the directions swapped: quick samples with their densities, slow densities
    of given data.

    Source: Papamakarios, Pavlakou, Murray, "Masked autoregressive flow for density estimation",
    NeurIPS 2017, equations 3-5; Kingma et al., "Improved variational inference with inverse
    autoregressive flow", NeurIPS 2016.

    Args:
        num_dims: Number of dimensions D.
        hidden: Width of the default network.
        net: Maps x (B, D) to the pair (m, a), each (B, D), where entry i depends on x_<i only. It
            works on whole vectors; what it returns for entry i is right as soon as x_<i is.
    """

    def __init__(self, num_dims: int, hidden: int = 32, net: Conditioner | None = None) -> None:
        super().__init__()
        self.net = PrefixNet(num_dims, hidden) if net is None else net

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        r"""Data to latent, in one pass of the network: solve the equation above for z.

        Args:
            x: Shape (B, D).

        Returns:
            z, shape (B, D), and log | det dz/dx |, shape (B,). Both are differentiable in ``x`` and
            the parameters of the network.
        """
        raise NotImplementedError("Q6f: MAF.forward")

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        r"""Latent to data, one dimension after the other.

        The result must be differentiable in z and the parameters of the network (training an IAF
        needs it): autograd refuses to go back through a tensor that was written into after the
        network had read it, so make a new one in every step.

        Args:
            z: Shape (B, D).

        Returns:
            x, shape (B, D), and log | det dx/dz |, shape (B,).
        """
        raise NotImplementedError("Q6f: MAF.inverse")
