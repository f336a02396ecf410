"""Public checks of Q5: small cases that can be followed by hand."""

import math

import pytest
import torch
from checks import close, tensor
from likelihood import transformer
from torch import nn


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def linear(layer: nn.Linear, weight: torch.Tensor) -> None:
    """Give a linear layer this weight and no bias."""
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.zero_()


@pytest.mark.part("a")
def test_attention_to_equal_keys_is_a_running_mean() -> None:
    value = tensor([[[[6.0, 1.0], [2.0, 3.0], [1.0, 8.0]]]])
    close(
        transformer.causal_attention(
            normal(1, 1, 3, 4), torch.ones_like(normal(1, 1, 3, 4)), value
        ),
        tensor([[[[6.0, 1.0], [4.0, 2.0], [3.0, 4.0]]]]),
        "causal_attention with three equal keys: all visible weights are equal, so position i gets "
        "the mean of the values 0..i (itself included)",
    )


@pytest.mark.part("a")
def test_attention_weights_by_hand() -> None:
    query = tensor([[[[0.0] * 4, [math.log(3), 0.0, 0.0, 0.0]]]])
    key = tensor([[[[0.0] * 4, [2.0, 0.0, 0.0, 0.0]]]])
    value = tensor([[[[1.0], [5.0]]]])
    close(
        transformer.causal_attention(query, key, value),
        tensor([[[[1.0], [4.0]]]]),
        "causal_attention with d = 4: the scores of the second query are 0 and 2 ln 3 / sqrt(4) = "
        "ln 3, so its weights are 1/4 and 3/4",
    )


@pytest.mark.part("a")
def test_attention_with_more_keys_than_queries() -> None:
    query, key, value = normal(2, 3, 6, 4, seed=1), normal(2, 3, 6, 4, seed=2), normal(2, 3, 6, 4)
    every = transformer.causal_attention(query, key, value)
    assert isinstance(every, torch.Tensor), f"causal_attention returned {type(every).__name__}"
    close(
        transformer.causal_attention(query[:, :, 4:], key, value),
        every[:, :, 4:],
        "causal_attention of the last two queries on all six keys must give the last two results "
        "of the call with all six queries: with S > L the queries are the LAST L positions",
    )


def _scale_heads(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    assert query.shape == (2, 2, 3, 2), (
        f"self.attention was called with a query of shape {tuple(query.shape)}; for B = 2, 3 "
        "positions, width 4 and 2 heads it must be (B, H, L, d) = (2, 2, 3, 2)"
    )
    return value * tensor([1.0, 10.0])[:, None, None]


@pytest.mark.part("b")
def test_heads_take_neighbouring_features() -> None:
    layer = transformer.MultiHeadAttention(4, 2, attention=_scale_heads).double()
    linear(layer.qkv, torch.eye(4).repeat(3, 1))
    linear(layer.out, torch.eye(4))
    x = normal(2, 3, 4)
    close(
        layer(x),
        x * tensor([1.0, 1.0, 10.0, 10.0]),
        "MultiHeadAttention with identity projections, and in the place of attention a function "
        "that multiplies the values of head 1 by ten: features 2 and 3 belong to head 1",
    )


@pytest.mark.part("b")
def test_query_key_value_order_and_output_layer() -> None:
    layer = transformer.MultiHeadAttention(2, 1, attention=lambda q, k, v: q + 10 * k + 100 * v)
    layer.double()
    linear(layer.qkv, torch.eye(2).repeat(3, 1) * tensor([1.0, 1, 2, 2, 3, 3])[:, None])
    linear(layer.out, 2 * torch.eye(2))
    x = normal(1, 3, 2)
    close(
        layer(x),
        2 * (1 + 20 + 300) * x,
        "MultiHeadAttention(2, 1) with q = x, k = 2x, v = 3x, attention q + 10k + 100v and an "
        "output layer that doubles: self.qkv holds queries, keys, values; self.out comes last",
    )


@pytest.mark.part("b")
def test_cache_grows_and_is_attended_to() -> None:
    seen = []

    def attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        seen.append((query.shape[2], key.shape[2], value.shape[2]))
        return query

    layer, cache = transformer.MultiHeadAttention(4, 2, attention), transformer.KeyValueCache()
    layer.double()
    layer(normal(1, 3, 4), cache)
    layer(normal(1, 2, 4), cache)
    assert seen == [(3, 3, 3), (2, 5, 5)], (
        "MultiHeadAttention called with 3 and then with 2 positions and one cache: attention must "
        f"get (3, 3, 3) and then (2, 5, 5) queries, keys and values; it got {seen}"
    )
    assert len(cache) == 5, f"after 3 + 2 positions the cache holds {len(cache)}, not 5"


class _AddTo(nn.Module):
    """In the place of attention: the sum over positions so far, plus the cache."""

    def forward(self, x: torch.Tensor, cache: torch.Tensor | None = None) -> torch.Tensor:
        return x.cumsum(dim=1) + (0 if cache is None else cache)


@pytest.mark.part("c")
def test_block_whose_layers_give_zero_is_the_identity() -> None:
    block = transformer.Block(4, 2).double()
    block.attention = _AddTo()
    nn.init.zeros_(block.attention_norm.weight)
    linear(block.mlp[2], torch.zeros(4, 16))
    x = 5 * normal(2, 3, 4)
    close(
        block(x),
        x,
        "Block whose attention and MLP both return zero: x must come out unchanged, as no norm "
        "stands on the residual path",
    )


@pytest.mark.part("c")
def test_block_uses_each_norm_for_its_layer() -> None:
    block = transformer.Block(2, 1).double()
    block.attention = _AddTo()
    block.mlp = nn.Sequential(nn.Identity())
    with torch.no_grad():
        block.mlp_norm.weight.fill_(10.0)
    y = block(tensor([[[3.0, 1.0]]]))
    close(
        y,
        tensor([[[14.0, -10.0]]]),
        "Block on x = (3, 1), with attention and MLP replaced by the identity and mlp_norm scaled "
        "by ten: attention_norm(x) = (1, -1), h = (4, 0), mlp_norm(h) = (10, -10)",
    )
    cache = tensor([[[7.0, 7.0]]])
    assert not torch.allclose(block(tensor([[[3.0, 1.0]]]), cache), y), (
        "Block(x, cache) gives the same as Block(x): pass the cache on to self.attention"
    )


@pytest.mark.part("d")
def test_loss_of_a_uniform_model() -> None:
    tokens = torch.tensor([[0, 3, 1], [7, 7, 2]])
    close(
        transformer.lm_loss(torch.zeros(2, 3, 8, dtype=torch.float64), tokens),
        tensor(3.0),
        "lm_loss of equal logits for V = 8 characters: log2(8) = 3 bits per character",
    )


@pytest.mark.part("d")
def test_loss_predicts_the_next_character() -> None:
    tokens = torch.tensor([[0, 1, 1, 2]])
    probs = tensor([[[0.3, 0.5, 0.2], [0.5, 0.25, 0.25], [0.3, 0.2, 0.5], [0.9, 0.05, 0.05]]])
    close(
        transformer.lm_loss(probs.log(), tokens),
        tensor((1 + 2 + 1) / 3),
        "lm_loss of the text 0, 1, 1, 2: positions 0, 1, 2 predict the characters 1, 1, 2 with "
        "probabilities 1/2, 1/4, 1/2, which is (1 + 2 + 1)/3 bits; the last position is not used",
    )


@pytest.mark.part("d")
def test_loss_has_a_gradient() -> None:
    logits = normal(2, 3, 4).requires_grad_()
    loss = transformer.lm_loss(logits, torch.tensor([[0, 3, 1], [2, 2, 0]]))
    assert isinstance(loss, torch.Tensor) and loss.requires_grad, (
        f"lm_loss of logits that need a gradient returned {loss}: look for item() or detach()"
    )
    loss.backward()
    assert logits.grad is not None and bool((logits.grad[:, :-1] != 0).all()), (
        "lm_loss: the logits of positions 0, ..., L-2 get no gradient, so nothing would be learnt"
    )


PROBS = [0.1, 0.4, 0.2, 0.3]
NONE = -math.inf


@pytest.mark.part("e")
def test_temperature_divides_the_logits() -> None:
    logits = tensor([1.0, -2.0, 4.0])
    close(
        transformer.filter_logits(logits, temperature=2.0),
        tensor([0.5, -1.0, 2.0]),
        "filter_logits of 1, -2, 4 with temperature 2: half the logits",
    )
    close(logits, tensor([1.0, -2.0, 4.0]), "filter_logits must not change its input in place")


@pytest.mark.part("e")
def test_top_k_by_hand() -> None:
    logits = tensor([[3.0, 1.0, 2.0, 0.0], [-5.0, -8.0, -7.0, -6.0]])
    close(
        transformer.filter_logits(logits, top_k=2),
        tensor([[3.0, NONE, 2.0, NONE], [-5.0, NONE, NONE, -6.0]]),
        "filter_logits with top_k = 2: the two largest of each row stay, the others become -inf",
    )
    close(
        transformer.filter_logits(logits, top_k=9),
        logits,
        "filter_logits with top_k = 9 of 4 tokens: all stay",
    )


@pytest.mark.part("e")
@pytest.mark.parametrize(
    ("top_p", "kept"),
    [(0.3, [1]), (0.5, [1, 3]), (0.8, [1, 2, 3]), (0.95, [0, 1, 2, 3])],
)
def test_top_p_by_hand(top_p: float, kept: list[int]) -> None:
    logits = tensor(PROBS).log()
    expected = torch.full_like(logits, NONE)
    expected[kept] = logits[kept]
    close(
        transformer.filter_logits(logits, top_p=top_p),
        expected,
        f"filter_logits of the probabilities {PROBS} with top_p = {top_p}: sorted they are 0.4, "
        "0.3, 0.2, 0.1; keep them until the sum reaches p, including the one that reaches it",
    )


def _model() -> transformer.TransformerLM:
    """A model that ignores its layers: after token t, token t + 1 (mod 4) has probability 1/2."""
    model = transformer.TransformerLM(4, width=4, heads=1, layers=1, max_length=16)
    near = torch.eye(4, dtype=torch.float64).roll(1, dims=1)
    table = (near / 3 + 1 / 6).log()

    def look_up(tokens: torch.Tensor, cache: list | None = None) -> torch.Tensor:
        processed.append(tokens.shape[1])
        return table[tokens]

    processed: list[int] = []
    model.forward = look_up
    model.processed = processed
    return model


def _keep(
    logits: torch.Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: object = None
) -> torch.Tensor:
    return logits


@pytest.mark.part("f")
def test_sample_by_inverse_cdf() -> None:
    model = _model()
    text = model.sample(
        torch.tensor([[2, 0], [0, 3]]),
        tensor([[0.5, 0.1, 0.9], [0.55, 0.6, 0.2]]),
        logit_filter=_keep,
    )
    assert isinstance(text, torch.Tensor), f"sample returned {type(text).__name__}, not a tensor"
    assert text.tolist() == [[2, 0, 1, 0, 3], [0, 3, 1, 2, 1]], (
        "sample from a model in which token t + 1 (mod 4) has probability 1/2 after token t, and "
        "each other one 1/6; prompts (2, 0) and (0, 3), u = (0.5, 0.1, 0.9) and (0.55, 0.6, 0.2). "
        "After 0 the cumulative probabilities are 1/6, 4/6, 5/6, 1, so that u = 0.5 gives 1; and "
        f"so on. Expected (2, 0, 1, 0, 3) and (0, 3, 1, 2, 1), got {text.tolist()}"
    )


@pytest.mark.part("f")
def test_sample_processes_each_position_once() -> None:
    model = _model()
    model.sample(torch.tensor([[2, 0, 1]]), tensor([[0.5, 0.1, 0.9, 0.3]]), logit_filter=_keep)
    assert sum(model.processed) == 3 + 4 - 1, (
        "sample with a prompt of 3 and 4 new tokens: with the cache, the model reads the prompt "
        "once and each new token but the last once, 6 positions together; it was called with "
        f"{model.processed} positions"
    )


@pytest.mark.part("f")
def test_sample_passes_its_settings_to_the_filter() -> None:
    seen = []

    def only_token_3(
        logits: torch.Tensor, temperature: float = 1.0, top_k: int = 0, top_p: float = 0.0
    ) -> torch.Tensor:
        seen.append((temperature, top_k, top_p))
        return torch.where(torch.arange(4) == 3, logits, NONE)

    text = _model().sample(torch.tensor([[0]]), tensor([[0.5, 0.1]]), 0.7, 2, 0.9, only_token_3)
    assert seen == [(0.7, 2, 0.9)] * 2, (
        "sample with temperature 0.7, top_k 2, top_p 0.9 and two draws: logit_filter must be "
        f"called before each of them with these settings; it got {seen}"
    )
    assert text.tolist() == [[0, 3, 3]], (
        "sample with a filter that forbids all tokens but 3 must draw only that one; it returned "
        f"{text.tolist()}"
    )


@pytest.mark.part("f")
def test_cached_logits_are_the_logits() -> None:
    torch.manual_seed(0)
    model = transformer.TransformerLM(7, width=8, heads=2, layers=2, max_length=16).double()
    tokens, cache = torch.tensor([[3, 1, 6, 0, 2], [5, 5, 4, 1, 0]]), model.empty_cache()
    pieces = [
        model(tokens[:, :3], cache),
        model(tokens[:, 3:4], cache),
        model(tokens[:, 4:], cache),
    ]
    close(
        torch.cat(pieces, dim=1),
        model(tokens),
        "TransformerLM on five tokens, in pieces of 3, 1 and 1 with a cache, and all at once: the "
        "logits must be equal; this uses parts a, b and c",
    )
