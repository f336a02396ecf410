r"""Q3. MADE: a masked autoencoder for density estimation.

The chain rule writes the probability of a binary vector x of D entries as a product of D
conditionals, taken in an ordering o of the dimensions, a permutation of 0..D-1:

    p(x) = prod_i p(x_{o(i)} | x_{o(0)}, ..., x_{o(i-1)})

MADE computes the D logits of these conditionals in one pass through one network: some of the
network's weights are multiplied by zero, so that the logit of dimension o(i) is a function of
x_{o(0)}, ..., x_{o(i-1)} and of nothing else. Evaluating log p(x) then takes one pass; sampling
takes D, because a dimension must be drawn before those that depend on it can be.

Conventions: ``ordering[i]`` is *the dimension that comes i-th*. It is not the place of dimension i
(that is the inverse permutation). Data, logits and uniforms keep the natural order: column d of
each of them belongs to dimension d, whatever the ordering is.

Source: Germain et al., "MADE: Masked autoencoder for distribution estimation", ICML 2015.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def build_masks(ordering: Sequence[int], hidden_sizes: Sequence[int]) -> list[Tensor]:
    r"""Masks that make a fully connected network autoregressive in an ordering.

    Every unit gets a degree. The degree of dimension d, as an input and as an output, is its place
    in the ordering, counted from 1: dimension ``ordering[i]`` has degree i + 1. Unit j = 0, 1, ...
    of a hidden layer has degree

        m(j) = 1 + (j mod (D - 1)),      and m(j) = 1 if D = 1,

    so that the degrees of each hidden layer run through 1, ..., D-1 again and again. A unit of
    degree m may know the first m dimensions of the ordering. A connection from unit a to unit b
    is kept

        into a hidden unit b (from an input or a hidden unit a)     if m(b) >= m(a),
        into an output b (from a hidden unit, or an input if there
                          are no hidden layers)                     if m(b) >  m(a).

    Args:
        ordering: A permutation of 0..D-1; ``ordering[i]`` is the dimension that comes i-th.
        hidden_sizes: Sizes of the L hidden layers, from the input on; L may be 0.

    Returns:
        L + 1 masks from the input on, each with the shape of the weight of an ``nn.Linear``:
        (units of the later layer, units of the earlier layer); dtype bool, True where a connection
        is kept, on the CPU.

    Source: Germain et al., 2015, equations 12 and 13, with hidden degrees in cycles instead of at
    random.
    """
    raise NotImplementedError("Q3a: build_masks")


class MaskedLinear(nn.Linear):
    """A linear layer of which some connections are cut.

    Args:
        mask: True where a connection is kept, shape (out_features, in_features), dtype bool. It
            becomes the buffer ``mask``, beside the parameters ``weight`` (out_features,
            in_features) and ``bias`` (out_features,).
    """

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        out_features, in_features = mask.shape
        super().__init__(in_features, out_features)
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        r"""Linear map with the weights where the mask is False taken as zero.

            y_j = b_j + sum_i mask_ji W_ji x_i

        The bias is never masked. The parameters keep their values, and the gradient with respect
        to a weight is zero where the mask is False.

        Args:
            x: Shape (..., in_features).

        Returns:
            y, shape (..., out_features).
        """
        raise NotImplementedError("Q3b: MaskedLinear.forward")


class MADE(nn.Module):
    """An autoregressive model of binary vectors.

    Args:
        ordering: A permutation of 0..D-1; ``ordering[i]`` is the dimension that comes i-th. For
            the natural order pass ``range(D)``.
        hidden_sizes: Sizes of the hidden layers, from the input on.
        masks: Masks from the input on, in the place of ``build_masks(ordering, hidden_sizes)``.

    Attributes:
        ordering: The ordering, a tuple of D integers.
        net: The network that maps x to logits: masked linear layers with ReLUs between them.
    """

    def __init__(
        self,
        ordering: Sequence[int],
        hidden_sizes: Sequence[int],
        masks: Sequence[Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.ordering = tuple(ordering)
        if masks is None:
            masks = build_masks(ordering, hidden_sizes)
        layers = [layer for mask in masks for layer in (MaskedLinear(mask), nn.ReLU())]
        self.net = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the conditionals.

        Args:
            x: Zeros and ones, shape (B, D).

        Returns:
            Logits, shape (B, D); entry d is log p(x_d = 1 | ...) - log p(x_d = 0 | ...), given the
            dimensions that come before d in the ordering.
        """
        return self.net(x)

    def log_prob(self, x: Tensor) -> Tensor:
        r"""Log-probability of binary vectors, from one pass through the network.

            log p(x) = sum_d ( x_d log sigmoid(l_d) + (1 - x_d) log(1 - sigmoid(l_d)) )

        where l = ``self(x)`` are the logits. It is exact for logits of any size: a logit of
        -10000 where x_d = 1 contributes -10000, not minus infinity.

        Args:
            x: Zeros and ones in the dtype of the parameters, shape (B, D).

        Returns:
            Log-probabilities in nats, summed over the dimensions, shape (B,).

        Source: Germain et al., 2015, equations 2 and 4 (there with the opposite sign, as a loss).
        """
        raise NotImplementedError("Q3c: MADE.log_prob")

    @torch.no_grad()
    def sample(self, u: Tensor) -> Tensor:
        r"""Draw binary vectors by ancestral sampling, one dimension after the other.

        The dimensions are drawn in the model's ordering, each by inverting the distribution
        function of its conditional: the smallest value k in {0, 1} with P(x_d <= k | ...) > u_d,
        which is

            x_d = 1 if u_d >= 1 - sigmoid(l_d),  else 0

        where the logit l_d is computed from the dimensions that are drawn already.

        Args:
            u: Uniforms in [0, 1), shape (B, D); u[b, d] decides dimension d of sample b, whatever
                the ordering is.

        Returns:
            Zeros and ones in the dtype and on the device of ``u``, shape (B, D).

        Source: Germain et al., 2015, section 4.
        """
        raise NotImplementedError("Q3d: MADE.sample")
