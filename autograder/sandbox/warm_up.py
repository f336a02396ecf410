"""Do, step by step, what torch does only when a feature is first used.

The first optimizer step, the first ``torch.func`` transform and most operations on ``meta``
import ``torch._dynamo``: about a second and 90 MB, which each child would pay again.
"""

from collections.abc import Callable, Iterator

import torch

from autograder.sandbox.meta import use_native_kernels


def warm_up() -> Iterator[None]:
    """Take one step of the warm-up at a time; the global generator stays as it is."""

    def optimizers() -> None:
        for optimizer in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW):
            layer = torch.nn.Linear(2, 2)
            layer(torch.ones(1, 2)).sum().backward()
            optimizer(layer.parameters(), lr=0.1).step()

    def transforms() -> None:
        def square(x: torch.Tensor) -> torch.Tensor:
            return (x**2).sum()

        torch.func.vmap(torch.func.grad(square))(torch.ones(2, 2))
        torch.func.jvp(square, (torch.ones(2),), (torch.ones(2),))
        torch.autograd.functional.jacobian(square, torch.ones(2))

    def layers() -> None:
        functional = torch.nn.functional
        for device in ("cpu", "meta"):
            x = torch.ones(2, 4, 4, 4, device=device, requires_grad=True)
            weight = torch.ones(4, 4, 3, 3, device=device)
            functional.conv_transpose2d(functional.conv2d(x, weight), weight).sum().backward()
            functional.scaled_dot_product_attention(x, x, x)
            functional.silu(functional.group_norm(x, 2)).std()
            functional.interpolate(x, scale_factor=2)
            functional.softmax(x, -1).log().mean()

    def linear_algebra() -> None:
        for device in ("cpu", "meta"):
            matrix = torch.ones(3, 3, device=device) + 3 * torch.ones(3, device=device).diag()
            torch.linalg.cholesky(matrix)
            torch.linalg.eigh(matrix)
            torch.linalg.svd(matrix)
            torch.linalg.solve_triangular(matrix, matrix, upper=False)

    def distributions() -> None:
        normal = torch.distributions.Normal(torch.zeros(2), torch.ones(2))
        torch.distributions.kl_divergence(normal, normal)
        normal.log_prob(normal.rsample())
        torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2)).sample()
        torch.distributions.Categorical(logits=torch.zeros(2)).sample()

    def data() -> None:
        dataset = torch.utils.data.TensorDataset(torch.zeros(2, 1))
        list(torch.utils.data.DataLoader(dataset, shuffle=True))
        repr(torch.zeros(2))

    steps: tuple[Callable[[], object], ...] = (
        lambda: __import__("sympy"),
        lambda: __import__("torch._dynamo"),
        use_native_kernels,
        optimizers,
        transforms,
        layers,
        linear_algebra,
        distributions,
        data,
    )
    state = torch.get_rng_state()
    for step in steps:
        step()
        torch.set_rng_state(state)
        yield
