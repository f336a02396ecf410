"""Experiments on ``likelihood.transformer``."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from autograder.sandbox.probe import Package, Rng, gradients, parameter_gradients


def attention(hw: Package, rng: Rng) -> dict:
    query, key, value = rng.normal(2, 3, 5, 4), rng.normal(2, 3, 5, 4), rng.normal(2, 3, 5, 6)
    return {"out": hw.transformer.causal_attention(query, key, value)}


def attention_with_cache(hw: Package, rng: Rng) -> dict:
    key, value = rng.normal(2, 3, 6, 5), rng.normal(2, 3, 6, 5)
    return {
        "one_query": hw.transformer.causal_attention(rng.normal(2, 3, 1, 5), key, value),
        "three_queries": hw.transformer.causal_attention(rng.normal(2, 3, 3, 5), key, value),
        "one_key": hw.transformer.causal_attention(
            rng.normal(1, 1, 1, 2), rng.normal(1, 1, 1, 2), rng.normal(1, 1, 1, 2)
        ),
    }


def attention_extremes(hw: Package, rng: Rng) -> dict:
    query, key, value = (rng.normal(2, 4, 4, 4).clone().requires_grad_() for _ in range(3))
    out = hw.transformer.causal_attention(query, key, value)
    sharp = hw.transformer.causal_attention(
        1e2 * rng.normal(1, 2, 4, 3), 1e2 * rng.normal(1, 2, 4, 3), rng.normal(1, 2, 4, 3)
    )
    return {
        "gradients": gradients(out * rng.normal(2, 4, 4, 4), [query, key, value]),
        "sharp": sharp,
    }


def attention_below_every_mask(hw: Package, rng: Rng) -> dict:
    """The first query sees only one key, which is its opposite."""
    found = {}
    for size in (150.0, 5e5):
        query = size * rng.tensor(
            [[[[1.0, -2.0, 2.0, 1.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]]]
        )
        key = torch.cat([-query[:, :, :1], size * rng.normal(1, 1, 2, 4)], dim=2)
        found[f"{size}"] = hw.transformer.causal_attention(query, key, rng.normal(1, 1, 3, 2))
    return found


def _mix(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """A stand-in for attention that tells heads, features and positions apart."""
    return torch.sin(query @ key.transpose(-2, -1)) @ value.cumsum(dim=2)


def _mix_heads(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return _mix(query, key, value).cumsum(dim=1)


def heads(hw: Package, rng: Rng) -> dict:
    layer = rng.module(hw.transformer.MultiHeadAttention(6, 2, attention=_mix))
    together = rng.module(hw.transformer.MultiHeadAttention(6, 3, attention=_mix_heads))
    return {"out": layer(rng.normal(3, 5, 6)), "together": together.eval()(rng.normal(2, 3, 6))}


def heads_of_several_sizes(hw: Package, rng: Rng) -> dict:
    layers = [hw.transformer.MultiHeadAttention(8, heads, attention=_mix) for heads in (1, 2, 4, 8)]
    outs = [rng.module(layer)(rng.normal(2, 4, 8)) for layer in layers]
    return {"outs": outs, "gradients": parameter_gradients(outs[1], layers[1])}


def heads_with_cache(hw: Package, rng: Rng) -> dict:
    layer = rng.module(hw.transformer.MultiHeadAttention(6, 3, attention=_mix))
    cache = hw.transformer.KeyValueCache()
    outs = [layer(rng.normal(2, length, 6), cache) for length in (3, 2)]
    return {"outs": outs, "length": len(cache), "key": cache.key, "value": cache.value}


class _Shift(nn.Module):
    """A stand-in for attention that mixes positions and shows the cache that it was given."""

    def forward(self, x: Tensor, cache: Tensor | None = None) -> Tensor:
        mixed = torch.tanh(x.cumsum(dim=1))
        return mixed if cache is None else mixed + cache


def _block(hw: Package, rng: Rng) -> nn.Module:
    block = hw.transformer.Block(6, 2)
    block.attention = _Shift()
    return rng.module(block)


def block(hw: Package, rng: Rng) -> dict:
    layer, x = _block(hw, rng), rng.normal(3, 4, 6, std=2).clone().requires_grad_()
    y = layer(x)
    return {
        "y": y,
        "gradients": gradients(y, [x]),
        "parameter_gradients": parameter_gradients(y, layer),
    }


def block_with_cache(hw: Package, rng: Rng) -> dict:
    return {"y": _block(hw, rng)(rng.normal(2, 3, 6, std=2), rng.normal(2, 3, 6))}


def loss(hw: Package, rng: Rng) -> dict:
    logits = rng.normal(3, 5, 7, std=2).clone().requires_grad_()
    bits = hw.transformer.lm_loss(logits, rng.integers(0, 7, 3, 5))
    return {"bits": bits, "gradients": gradients(bits, [logits])}


def loss_extremes(hw: Package, rng: Rng) -> dict:
    tokens = rng.integers(0, 4, 4, 4)
    return {
        "large": hw.transformer.lm_loss(1e4 * rng.normal(4, 4, 4), tokens),
        "uniform": hw.transformer.lm_loss(rng.tensor([[[3.0] * 6] * 4] * 2), tokens[:2]),
        "two_characters": hw.transformer.lm_loss(rng.normal(1, 2, 5), rng.integers(0, 5, 1, 2)),
    }


def _peaked(rng: Rng, *shape: int) -> Tensor:
    """Logits of which no two in a row are closer than 0.1, in random order, plus an offset."""
    *rows, size = shape
    gaps = rng.uniform(*rows, size, low=0.1, high=0.9).cumsum(dim=-1)
    order = rng.uniform(*rows, size).argsort(dim=-1)
    return gaps.gather(-1, order) + rng.normal(*rows, 1, std=3)


def temperature(hw: Package, rng: Rng) -> dict:
    logits = rng.normal(4, 6, std=2)
    return {f"{t}": hw.transformer.filter_logits(logits, temperature=t) for t in (1.0, 0.4, 2.5)}


def top_k(hw: Package, rng: Rng) -> dict:
    logits = _peaked(rng, 4, 7)
    ties = rng.tensor([[1.0, 3.0, 2.0, 2.0, 2.0, 0.0], [-2.0, -9.0, -4.0, -5.0, -5.0, -7.0]])
    filtered = {f"{k}": hw.transformer.filter_logits(logits, top_k=k) for k in (1, 3, 7, 50)}
    return filtered | {"ties": hw.transformer.filter_logits(ties, top_k=3)}


# Probabilities whose partial sums are far from every p below; the largest is never first.
NUCLEUS = [
    [0.04, 0.51, 0.02, 0.27, 0.16],
    [0.11, 0.23, 0.31, 0.17, 0.18],
    [0.003, 0.001, 0.99, 0.004, 0.002],
]


def top_p(hw: Package, rng: Rng) -> dict:
    logits = rng.tensor(NUCLEUS).log() + rng.normal(3, 1, std=4)
    filtered = {f"{p}": hw.transformer.filter_logits(logits, top_p=p) for p in (0.05, 0.6, 0.9)}
    ties = rng.tensor([[2.0, 2.0, 2.0, 0.0], [1.0, 3.0, 3.0, 1.0]])
    return filtered | {"ties": hw.transformer.filter_logits(ties, top_p=0.2)}


def all_filters(hw: Package, rng: Rng) -> dict:
    logits = rng.tensor(NUCLEUS).log() + rng.normal(3, 1)
    grid = logits[None, :, :] + rng.normal(2, 1, 1)
    return {
        "cold": hw.transformer.filter_logits(logits, temperature=0.5, top_p=0.7),
        "hot": hw.transformer.filter_logits(2 * logits, temperature=3.0, top_k=4, top_p=0.6),
        "few": hw.transformer.filter_logits(logits, top_k=2, top_p=0.55),
        "grid": hw.transformer.filter_logits(grid, temperature=1.5, top_k=4, top_p=0.8),
        "large": hw.transformer.filter_logits(1e4 * logits, temperature=2.0, top_k=3, top_p=0.9),
    }


WEIGHTS = [1.0, 2.0, 3.0, 4.0, 6.0]  # of 16: cumulative probabilities are multiples of 1/16
STATES = 7


def _table_model(hw: Package, rng: Rng) -> tuple[nn.Module, list[int]]:
    """A model whose next token depends on all tokens before it, which it gets from its cache.

    Also returns a list that grows by the number of positions of each call.
    """
    places = rng.uniform(STATES, len(WEIGHTS)).argsort(dim=-1)
    table = rng.tensor(WEIGHTS)[places].log()
    squares = rng.tensor([place**2 for place in range(1, 65)])
    model = hw.transformer.TransformerLM(len(WEIGHTS), width=2, heads=1, layers=1, max_length=64)
    model = rng.module(model)
    positions: list[int] = []

    def forward(tokens: Tensor, cache: list | None = None) -> Tensor:
        positions.append(tokens.shape[1])
        history = (tokens + 1)[:, None, :, None]
        if cache is not None:
            history, _ = cache[0].append(history, history)
        history = history[:, 0, :, 0]
        state = (history * squares[: history.shape[1]]).cumsum(dim=1) % STATES
        return table[state[:, -tokens.shape[1] :]]

    model.forward = forward
    return model, positions


def _grid(rng: Rng, *shape: int) -> Tensor:
    """Numbers in the middle between multiples of 1/16."""
    return (rng.integers(0, 16, *shape) + 0.5 * rng.tensor(1.0)) / 16


def _no_filter(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    return logits


def _roll(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """A stand-in for the filter that shows which settings it was given."""
    rolled = logits.roll(int(8 * temperature) + (top_k or 0) + int(8 * (top_p or 0)), dims=-1)
    return rolled if top_p is None else rolled.flip(-1)


def sample(hw: Package, rng: Rng) -> dict:
    model, positions = _table_model(hw, rng)
    prompt, u = rng.integers(0, 5, 9, 3), _grid(rng, 9, 5)
    text = model.sample(prompt, u, logit_filter=_no_filter)
    return {"text": text, "positions": sum(positions)}


def sample_one_token(hw: Package, rng: Rng) -> dict:
    model, _ = _table_model(hw, rng)
    return {
        "text": model.sample(rng.integers(0, 5, 1, 1), _grid(rng, 1, 1), logit_filter=_no_filter)
    }


def sample_filtered(hw: Package, rng: Rng) -> dict:
    model, _ = _table_model(hw, rng)
    prompt, u = rng.integers(0, 5, 9, 2), _grid(rng, 9, 4)
    settings = {"temperature": 1.5, "top_k": 3, "top_p": 0.75}
    return {
        "plain": model.sample(prompt, u, logit_filter=_roll),
        "all": model.sample(prompt, u, **settings, logit_filter=_roll),
    }


def _without_last(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    return torch.cat([logits[:, :-1], torch.full_like(logits[:, -1:], -torch.inf)], dim=1)


def sample_at_the_edges(hw: Package, rng: Rng) -> dict:
    def draw(size: int, u: list[list[float]], logit_filter: Callable[..., Tensor]) -> Tensor:
        model = hw.transformer.TransformerLM(size, width=2, heads=1, layers=1, max_length=4)
        zeros = rng.tensor([0.0] * size)
        model.forward = lambda tokens, cache=None: zeros.expand(*tokens.shape, size).clone()
        prompt = rng.integers(0, size, len(u), 1)
        return model.sample(prompt, rng.tensor(u), logit_filter=logit_filter)

    largest = 1 - 2.0**-53
    return {
        "steps": draw(4, [[0.25, 0.5], [0.5, 0.75], [0.75, 0.0]], _no_filter),
        "last": draw(10, [[largest]], _no_filter),
        "last_forbidden": draw(11, [[largest], [0.0]], _without_last),
    }
