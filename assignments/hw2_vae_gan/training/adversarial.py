"""The game of two networks, which all GANs of this homework play."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from training.common import Run, check_finite
from training.figures import COLORS, new_figure

_BETAS = (0.5, 0.9)


def play(
    run: Run,
    generator: nn.Module,
    generator_loss: Callable[[], Tensor],
    discriminator: nn.Module,
    discriminator_loss: Callable[[], Tensor],
    *,
    learning_rate: float,
    rounds: int = 1,
    what: str = "",
    watch: Callable[[int], None] = lambda step: None,
) -> dict[str, list[float]]:
    """Train both players in turn with Adam, at a learning rate that falls to zero.

    Args:
        run: What was asked for.
        generator: The network that makes examples.
        generator_loss: Draws a batch and gives the loss of the generator.
        discriminator: The network that judges them.
        discriminator_loss: Draws a batch and gives the loss of the discriminator.
        learning_rate: Of both, at the start.
        rounds: Steps of the discriminator for each one of the generator.
        what: What is trained, for the progress bar.
        watch: Called before the first step with 0, and after every step with its number.

    Returns:
        The losses of both at every step, by name.

    Raises:
        TrainingError: If a loss is no longer a finite number.
    """
    players = {
        "discriminator": (discriminator, discriminator_loss, rounds),
        "generator": (generator, generator_loss, 1),
    }
    optimizers = {
        name: torch.optim.Adam(network.parameters(), lr=learning_rate, betas=_BETAS)
        for name, (network, _, _) in players.items()
    }
    losses: dict[str, list[float]] = {name: [] for name in players}
    watch(0)
    for step in run.progress(what):
        for name, (network, objective, times) in players.items():
            optimizer = optimizers[name]
            optimizer.param_groups[0]["lr"] = learning_rate * (1 - (step - 1) / run.steps)
            for _ in range(times):
                loss = objective()
                check_finite(loss, step)
                optimizer.zero_grad()
                # Only this player moves: the other one's parameters get no gradient.
                loss.backward(inputs=list(network.parameters()))
                optimizer.step()
            losses[name].append(loss.item())
        watch(step)
    return losses


class Average:
    """A running average of a network's weights, which gives calmer samples than the last ones."""

    def __init__(self, network: nn.Module, decay: float = 0.99) -> None:
        self._network = network
        self.network = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay))

    def watch(self, step: int) -> None:
        """Take the weights of this step into the average."""
        if step:
            self.network.update_parameters(self._network)


def losses_figure(losses: dict[str, list[float]], title: str) -> Figure:
    """The losses of both players against steps."""
    figure = new_figure(6, 3.8)
    axes = figure.subplots()
    for color, (name, values) in zip((COLORS[0], COLORS[3]), losses.items(), strict=True):
        axes.plot(range(1, len(values) + 1), values, color=color, linewidth=1, label=name)
    axes.set(xlabel="training steps", ylabel="loss", title=title)
    axes.legend()
    return figure


def mlp(sizes: Sequence[int]) -> nn.Sequential:
    """Linear layers of the given sizes with ReLU between them."""
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
