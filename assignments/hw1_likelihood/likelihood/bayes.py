r"""Q2. Bayes' rule and missing data.

A generative classifier models how each class makes its examples, p(x | y), and how common the
classes are, p(y). Bayes' rule turns this round:

    p(y | x) = p(y) p(x | y) / sum_k p(k) p(x | k)

Naive Bayes makes p(x | y) affordable by assuming that pixels are independent *given the class*.
In return for modelling x, which a discriminative classifier never does, the model can draw new
examples, classify when pixels are missing (they are summed out, exactly, in no time) and fill
the missing pixels in.

Conventions: K classes, D binary pixels with values 0 and 1 in floating point, logarithms in nats.
In a mask ``observed``, True means that the pixel was seen; where it is False, ``x`` may hold
anything, NaN included. Missing pixels are missing at random: that they are missing says nothing
about their values. As usual, 0 log 0 = 0.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class NaiveBayes(nn.Module):
    r"""Bernoulli naive Bayes.

        p(y = k) = prior[k],   p(x | y = k) = prod_d theta[k, d]^x_d (1 - theta[k, d])^(1 - x_d)

    Attributes:
        prior: Class probabilities, shape (K,), positive, summing to one.
        theta: Probabilities that a pixel is 1, in [0, 1] with both ends permitted, shape (K, D).
        alpha: Pseudo-count of the smoothing, >= 0; 0 is plain maximum likelihood.
    """

    prior: Tensor
    theta: Tensor

    def __init__(self, num_classes: int, num_dims: int, alpha: float = 1.0) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.num_dims = num_dims
        self.alpha = alpha
        self.register_buffer("prior", torch.full((num_classes,), 1 / num_classes))
        self.register_buffer("theta", torch.full((num_classes, num_dims), 0.5))

    def fit(self, x: Tensor, y: Tensor) -> None:
        r"""Set ``prior`` and ``theta`` by smoothed maximum likelihood.

        With N_k examples of class k, of which N_kd have pixel d equal to 1,

            prior[k] = (N_k + alpha) / (N + K alpha)
            theta[k, d] = (N_kd + alpha) / (N_k + 2 alpha)

        as if every class had been seen ``alpha`` more times, and in every class every pixel
        ``alpha`` more times on and ``alpha`` more times off. A class without examples gets
        theta = 1/2 when alpha > 0. A second call starts afresh.

        Args:
            x: Complete training examples, zeros and ones, shape (N, D).
            y: Labels in 0..K-1, int64, shape (N,). Some classes may not occur.

        Afterwards ``self.prior`` (K,) and ``self.theta`` (K, D) have the dtype and device of x.

        Source: Manning, Raghavan, Schuetze, "Introduction to information retrieval", 2008,
        section 13.3 (the Bernoulli model), with smoothed class probabilities too.
        """
        raise NotImplementedError("Q2a: NaiveBayes.fit")

    def log_joint(self, x: Tensor) -> Tensor:
        r"""Log-probability of complete examples together with each class.

            log p(x, y=k) = log prior[k] + sum_d ( x_d log theta[k,d] + (1-x_d) log(1-theta[k,d]) )

        With 0 log 0 = 0, so that a pixel that is certain and comes out as expected adds 0; an
        example that class k cannot make gets exactly -inf. Nothing is clipped.

        Args:
            x: Complete examples, zeros and ones, shape (B, D).

        Returns:
            log p(x, y) in nats, shape (B, K).
        """
        raise NotImplementedError("Q2b: NaiveBayes.log_joint")

    def posterior(self, x: Tensor, observed: Tensor) -> Tensor:
        r"""Class probabilities given the observed pixels only.

        With o the observed and m the missing pixels, the missing ones are summed out:

            p(y = k | x_o) = p(k, x_o) / sum_j p(j, x_o),   p(k, x_o) = sum_{x_m} p(k, x_o, x_m)

        The sum has 2^|m| terms; under the independence assumption it costs nothing. Thousands of
        pixels must not underflow: stay in log space until the end. The rows may lie thousands of
        nats apart. Nothing is clipped: a class that cannot make the observed pixels (theta of 0
        or 1) has probability exactly 0.

        Args:
            x: Examples, shape (B, D): zeros and ones where observed, anything elsewhere.
            observed: Booleans, True where the pixel was seen, shape (B, D). A row may be all
                False (the answer is the prior) or all True.

        Returns:
            Probabilities, rows summing to one, shape (B, K). At least one class must be able to
            make the observed pixels.

        Source: Murphy, "Probabilistic machine learning: an introduction", 2022, section 9.3.
        """
        raise NotImplementedError("Q2c: NaiveBayes.posterior")

    def sample_class(self, y: Tensor, u: Tensor) -> Tensor:
        r"""Draw one example of each given class.

            x[b, d] = 1 if u[b, d] < theta[y[b], d] else 0

        A pixel with theta = 0 is never on, even for u = 0.

        Args:
            y: Classes in 0..K-1, int64, shape (B,).
            u: Uniform draws in [0, 1), shape (B, D).

        Returns:
            Zeros and ones, shape (B, D), in the dtype of ``u``.
        """
        raise NotImplementedError("Q2d: NaiveBayes.sample_class")

    def impute(self, x: Tensor, observed: Tensor) -> Tensor:
        r"""Fill missing pixels with their posterior mean.

            E[x_d | x_o] = sum_k p(y = k | x_o) theta[k, d]

        Pixels are independent given the class, but not once the class is averaged out: what was
        observed moves the missing pixels through the class. Call ``self.posterior`` for it.

        Args:
            x: Examples, shape (B, D): zeros and ones where observed, anything elsewhere.
            observed: Booleans, True where the pixel was seen, shape (B, D).

        Returns:
            A new tensor, shape (B, D), in the dtype of ``x``: observed pixels as they are, missing
            ones as probabilities in [0, 1], not rounded.
        """
        raise NotImplementedError("Q2d: NaiveBayes.impute")


def gaussian_to_logistic(prior: Tensor, means: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor]:
    r"""The logistic regression that a Gaussian generative classifier amounts to.

    For classes with one covariance in common, p(x | y = k) = N(x; mu_k, Sigma), the posterior is
    a softmax of linear functions of x:

        p(y = k | x) = softmax_k(weight @ x + bias)

    A softmax does not change when the same linear function is added to all classes. Class 0 is
    therefore the reference: weight[0] = 0 and bias[0] = 0. That makes the answer unique; so
    weight[k] @ x + bias[k] = log( p(y = k | x) / p(y = 0 | x) ) for every x.

    Args:
        prior: Class probabilities p(y = k), positive, summing to one, shape (K,).
        means: mu_k, shape (K, D).
        covariance: Sigma (not its square root or inverse), symmetric positive definite with
            non-zero off-diagonal entries in general, shape (D, D).

    Returns:
        weight, shape (K, D), and bias, shape (K,), in the dtype of ``means``.

    Source: Bishop, "Pattern recognition and machine learning", 2006, section 4.2.1; Ng and Jordan,
    "On discriminative vs. generative classifiers", NeurIPS 2001.
    """
    raise NotImplementedError("Q2e: gaussian_to_logistic")


def count_parameters(num_dims: int, num_classes: int, order: int = 0, num_levels: int = 2) -> int:
    r"""Number of free parameters of a tabular p(y) p(x | y) with limited dependence.

    Pixels have ``num_levels`` values each. Given the class, pixel d depends on the ``order``
    pixels just before it (on all of them where there are fewer):

        p(x, y) = p(y) prod_{d=0}^{D-1} p(x_d | x_{d-order}, ..., x_{d-1}, y)

    Every conditional distribution is a table of its own, shared with no other pixel or class; a
    distribution over n values has n - 1 free parameters, because it sums to one. The number
    includes p(y). ``order = 0`` is naive Bayes; ``order >= num_dims - 1`` assumes nothing.

    Args:
        num_dims: Number of pixels D, at least 1.
        num_classes: Number of classes K, at least 1.
        order: Number of earlier pixels that a pixel may depend on, at least 0.
        num_levels: Number of values of a pixel, at least 2.

    Returns:
        The number, a Python integer: exact, however large.
    """
    raise NotImplementedError("Q2f: count_parameters")
