"""Q5 against torch's own layers, autograd Jacobians, enumeration and slow loops."""

import itertools
import math
from functools import partial

import pytest
import torch
from likelihood.transformer import (
    Block,
    KeyValueCache,
    MultiHeadAttention,
    TransformerLM,
    causal_attention,
    filter_logits,
    lm_loss,
)
from torch import nn
from torch.distributions import Categorical
from torch.nn import functional as F

pytestmark = pytest.mark.usefixtures("double", "seeded")


def _randomise(module: nn.Module) -> nn.Module:
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


def test_attention_is_torchs():
    query, key, value = torch.randn(3, 2, 3, 5, 4)
    expected = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    torch.testing.assert_close(causal_attention(query, key, value), expected)


def test_attention_jacobian_is_causal():
    """d out_i / d (key, value)_j is zero exactly for j > S - L + i."""
    query, key, value = torch.randn(1, 1, 3, 4), torch.randn(1, 1, 5, 4), torch.randn(1, 1, 5, 4)
    for wrt in (1, 2):

        def out(x, wrt=wrt):
            return causal_attention(
                *(x if i == wrt else t for i, t in enumerate((query, key, value)))
            )

        jacobian = torch.autograd.functional.jacobian(out, (query, key, value)[wrt])
        depends = jacobian[0, 0, :, :, 0, 0].abs().amax(dim=(1, 3)) > 0
        assert torch.equal(depends, torch.ones(3, 5, dtype=torch.bool).tril(2))


def test_attention_weights_sum_to_one():
    query, key = torch.randn(2, 2, 3, 6, 4)
    ones = torch.ones(2, 3, 6, 1)
    torch.testing.assert_close(causal_attention(query, key, ones), ones)


def test_attention_is_invariant_to_a_shift_of_the_scores():
    """Adding one vector to all keys adds a constant to the scores of each query."""
    query, key, value = torch.randn(3, 2, 2, 5, 4)
    shifted = causal_attention(query, key + 300 * torch.randn(4), value)
    torch.testing.assert_close(shifted, causal_attention(query, key, value))


def test_multi_head_attention_is_torchs():
    layer = _randomise(MultiHeadAttention(12, 3))
    other = nn.MultiheadAttention(12, 3, batch_first=True)
    other.load_state_dict(
        {
            "in_proj_weight": layer.qkv.weight,
            "in_proj_bias": layer.qkv.bias,
            "out_proj.weight": layer.out.weight,
            "out_proj.bias": layer.out.bias,
        }
    )
    x = torch.randn(2, 5, 12)
    hidden = torch.ones(5, 5, dtype=torch.bool).triu(1)
    expected, _ = other(x, x, x, attn_mask=hidden, need_weights=False)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("pieces", [(6,), (1, 1, 1, 1, 1, 1), (3, 1, 2), (1, 5)])
def test_cache_does_not_change_a_layer(pieces):
    layer, cache, x = _randomise(MultiHeadAttention(8, 2)), KeyValueCache(), torch.randn(2, 6, 8)
    got = torch.cat([layer(piece, cache) for piece in x.split(pieces, dim=1)], dim=1)
    torch.testing.assert_close(got, layer(x))
    assert len(cache) == 6


def test_block_is_torchs_pre_norm_encoder_layer():
    block = _randomise(Block(8, 2))
    other = nn.TransformerEncoderLayer(
        8, 2, 32, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    names = {
        "self_attn.in_proj_weight": "attention.qkv.weight",
        "self_attn.in_proj_bias": "attention.qkv.bias",
        "self_attn.out_proj.weight": "attention.out.weight",
        "self_attn.out_proj.bias": "attention.out.bias",
        "linear1.weight": "mlp.0.weight",
        "linear1.bias": "mlp.0.bias",
        "linear2.weight": "mlp.2.weight",
        "linear2.bias": "mlp.2.bias",
        "norm1.weight": "attention_norm.weight",
        "norm1.bias": "attention_norm.bias",
        "norm2.weight": "mlp_norm.weight",
        "norm2.bias": "mlp_norm.bias",
    }
    weights = block.state_dict()
    other.load_state_dict({theirs: weights[ours] for theirs, ours in names.items()})
    x = torch.randn(3, 5, 8)
    hidden = torch.ones(5, 5, dtype=torch.bool).triu(1)
    torch.testing.assert_close(block(x), other(x, src_mask=hidden))


def test_loss_of_known_sources():
    """Fair coins cost one bit; a sure text costs none; the true source costs its entropy."""
    coins = torch.randint(0, 2, (4, 9))
    torch.testing.assert_close(lm_loss(torch.zeros(4, 9, 2), coins), torch.tensor(1.0))
    counting = torch.arange(6).expand(2, 6)
    sure = 1e4 * F.one_hot(counting + 1, 7).double()
    torch.testing.assert_close(lm_loss(sure, counting), torch.tensor(0.0))
    text = torch.tensor([[3, 0, 0, 0, 0, 1, 1, 2, 2]])  # after the first: frequencies 1/2, 1/4, 1/4
    logits = torch.tensor([0.5, 0.25, 0.25, 1e-300]).log().expand(1, 9, 4)
    torch.testing.assert_close(lm_loss(logits, text), torch.tensor(1.5))


def test_loss_is_the_likelihood_of_a_normalised_model():
    """The probabilities of all texts that begin alike, from the loss, sum to one."""
    model = _randomise(TransformerLM(3, width=8, heads=2, layers=2, max_length=5))
    texts = torch.tensor(list(itertools.product([1], *[range(3)] * 4)))
    bits = torch.stack([lm_loss(model(text[None]), text[None]) for text in texts])
    torch.testing.assert_close((2 ** (-4 * bits)).sum(), torch.tensor(1.0))


def _filter_by_hand(logits, temperature, top_k, top_p):
    logits = [x / temperature for x in logits]
    order = sorted(range(len(logits)), key=lambda i: -logits[i])[:top_k]
    total = sum(math.exp(logits[i]) for i in order)
    kept, mass = [], 0.0
    for i in order:
        if mass >= top_p:
            break
        kept.append(i)
        mass += math.exp(logits[i]) / total
    return [x if i in kept else -math.inf for i, x in enumerate(logits)]


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("top_k", [1, 3, 20])
@pytest.mark.parametrize("top_p", [0.01, 0.5, 0.9])
def test_filter_by_loops(temperature, top_k, top_p):
    logits = 2 * torch.randn(8, 11)
    expected = [_filter_by_hand(row, temperature, top_k, top_p) for row in logits.tolist()]
    got = filter_logits(logits, temperature, top_k, top_p)
    torch.testing.assert_close(got, torch.tensor(expected))


def test_filter_without_settings_is_the_identity():
    logits = torch.randn(2, 3, 5)
    assert torch.equal(filter_logits(logits), logits)


def test_nucleus_is_the_smallest_set_that_reaches_p():
    probs = torch.rand(50, 6).softmax(dim=-1)
    for p in (0.2, 0.5, 0.83):
        kept = filter_logits(probs.log(), top_p=p).isfinite()
        mass = (probs * kept).sum(dim=-1)
        smallest = probs.masked_fill(~kept, math.inf).amin(dim=-1)
        assert (mass >= p).all() and (mass - smallest < p).all()
        assert (smallest > probs.masked_fill(kept, 0).amax(dim=-1)).all()


def test_ties_stay_together():
    tied = torch.tensor([0.0, 1.0, 1.0, 1.0, 2.0])
    for kept in (filter_logits(tied, top_k=2), filter_logits(tied, top_p=0.6)):
        assert kept.isfinite().tolist() == [False, True, True, True, True]


@pytest.mark.parametrize("settings", [{}, {"temperature": 0.6, "top_k": 4, "top_p": 0.8}])
def test_sample_is_a_slow_loop_without_cache(settings):
    model = _randomise(TransformerLM(6, width=8, heads=2, layers=2, max_length=12))
    prompt, u = torch.randint(0, 6, (3, 4)), torch.rand(3, 7)
    expected = []
    for row, numbers in zip(prompt.tolist(), u.tolist(), strict=True):
        for number in numbers:
            logits = filter_logits(model(torch.tensor([row]))[0, -1].detach(), **settings)
            total, token = 0.0, -1
            while total <= number:
                token += 1
                total += float(Categorical(logits=logits).probs[token])
            row.append(token)
        expected.append(row)
    assert model.sample(prompt, u, **settings).tolist() == expected


def test_sample_follows_the_models_probabilities():
    """With u on a fine grid, each next token is drawn in proportion to its probability."""
    model = _randomise(TransformerLM(5, width=8, heads=2, layers=1, max_length=4))
    n, prompt = 5000, torch.tensor([[2, 4]])
    u = (torch.arange(n)[:, None] + 0.5) / n
    drawn = model.sample(prompt.expand(n, 2), u)[:, -1]
    share = torch.bincount(drawn, minlength=5) / n
    probs = model(prompt)[0, -1].softmax(dim=-1)
    torch.testing.assert_close(share, probs, atol=1.1 / n, rtol=0.0)


def test_sample_never_draws_a_forbidden_token():
    torch.set_default_dtype(torch.float32)
    model = _randomise(TransformerLM(50, width=8, heads=2, layers=1, max_length=4))
    prompt = torch.randint(0, 50, (200, 1))
    u = torch.full((200, 1), 1 - 2.0**-24)
    only = partial(filter_logits, model(prompt)[:, -1], top_k=5)
    drawn = model.sample(prompt, u, top_k=5)[:, -1:]
    assert only().gather(1, drawn).isfinite().all()


def test_sample_processes_every_position_once():
    model = _randomise(TransformerLM(6, width=8, heads=2, layers=2, max_length=10))
    processed = []
    model.blocks[0].register_forward_pre_hook(lambda _, args: processed.append(args[0].shape[1]))
    model.sample(torch.randint(0, 6, (2, 4)), torch.rand(2, 7))
    assert processed == [4, 1, 1, 1, 1, 1, 1]


def test_model_refuses_a_text_that_is_too_long():
    model = TransformerLM(6, width=8, heads=2, layers=1, max_length=5)
    cache = model.empty_cache()
    model(torch.zeros(1, 4, dtype=torch.long), cache)
    with pytest.raises(ValueError, match=r"6 tokens.*at most 5"):
        model(torch.zeros(1, 2, dtype=torch.long), cache)


def test_every_parameter_learns():
    model = TransformerLM(5, width=8, heads=2, layers=2, max_length=6)
    tokens = torch.randint(0, 5, (4, 6))
    before = lm_loss(model(tokens), tokens)
    before.backward()
    unused = model.position.weight.grad[-1]  # the last position predicts nothing
    assert (unused == 0).all()
    with torch.no_grad():
        for parameter in model.parameters():
            assert (parameter.grad != 0).any()
            parameter -= 1e-3 * parameter.grad
    assert lm_loss(model(tokens), tokens) < before
