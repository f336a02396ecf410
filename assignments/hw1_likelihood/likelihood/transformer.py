r"""Q5. A transformer language model.

A text x_1, ..., x_L has the likelihood p(x) = prod_l p(x_l | x_<l). A transformer computes all L
conditionals in one pass: every position sends a query, every position up to it answers with a
key and a value, and the answers are averaged with weights softmax(q k^T / sqrt(d)). The causal
mask makes the factorisation hold: what the model says at position l depends on x_1, ..., x_l
and on nothing later.

Generation needs the conditionals one after the other. The keys and values of positions that have
been processed never change, so they are kept in a cache, and each new character costs one
position instead of the whole text.

Conventions: tokens are integers in {0, ..., V-1}, dtype int64, and one token is one character.
Attention tensors have the shape (B, H, L, d): batch, heads, positions, features of one head.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn


class KeyValueCache:
    """Keys and values of the positions that one attention layer has processed; given to you.

    Attributes:
        key: Shape (B, H, S, d), or None while the cache is empty.
        value: Shape (B, H, S, d), or None while the cache is empty.
    """

    def __init__(self) -> None:
        self.key: Tensor | None = None
        self.value: Tensor | None = None

    def __len__(self) -> int:
        """Number S of positions in the cache."""
        return 0 if self.key is None else self.key.shape[2]

    def __bool__(self) -> bool:
        """A cache is a cache even while it is empty, so ``if cache:`` asks for its existence."""
        return True

    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Add the keys and values of L new positions and return those of all S + L positions.

        Args:
            key: Keys of the new positions, shape (B, H, L, d).
            value: Values of the new positions, shape (B, H, L, d).

        Returns:
            All keys and all values, oldest first, each of shape (B, H, S + L, d).
        """
        if self.key is None or self.value is None:
            self.key, self.value = key, value
        else:
            self.key = torch.cat([self.key, key], dim=2)
            self.value = torch.cat([self.value, value], dim=2)
        return self.key, self.value


def causal_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    r"""Scaled dot-product attention in which no position sees a later one.

        out_i = sum_j a_ij v_j,   a_i = softmax_j( q_i . k_j / sqrt(d) )  over the visible j

    There may be more keys than queries: the first S - L keys then come from a cache, and the
    queries belong to the last L of the S positions. Query i = 0, ..., L-1 therefore stands at
    position S - L + i, and sees the keys j <= S - L + i: the past and itself. Weights of keys
    that it does not see are exactly zero, and the others sum to one.

    Args:
        query: Queries, shape (B, H, L, d).
        key: Keys, shape (B, H, S, d) with S >= L.
        value: Values, shape (B, H, S, d_v); d_v may differ from d.

    Returns:
        Shape (B, H, L, d_v). Finite for scores of any finite size.

    Source: Vaswani et al., "Attention is all you need", NeurIPS 2017, equation 1 and section
    3.2.3.
    """
    raise NotImplementedError("Q5a: causal_attention")


class MultiHeadAttention(nn.Module):
    """H attentions side by side, each on d = width / H features.

    Args:
        width: Number of features of a position; a multiple of ``heads``.
        heads: Number of heads H.
        attention: What each head computes, called as ``attention(query, key, value)`` with
            tensors of shape (B, H, positions, d).
    """

    def __init__(
        self,
        width: int,
        heads: int,
        attention: Callable[[Tensor, Tensor, Tensor], Tensor] = causal_attention,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.attention = attention
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, cache: KeyValueCache | None = None) -> Tensor:
        r"""Project, split into heads, attend, join the heads, project.

            head_h = attention(q_h, k_h, v_h),   out = W_out [head_1, ..., head_H] + b_out

        The output of ``self.qkv`` holds, in this order, all queries, all keys and all values,
        ``width`` features each. Of each of the three, head h = 0, ..., H-1 gets the d neighbouring
        features h d, ..., (h+1) d - 1, and its result takes the same place in the input of
        ``self.out``. Attention is computed by one call of ``self.attention``.

        Args:
            x: Features of L positions, shape (B, L, width).
            cache: If given, the keys and values of these L positions are appended to it once
                (:meth:`KeyValueCache.append`), and the queries attend to everything in it.

        Returns:
            Shape (B, L, width).

        Source: Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.2.2.
        """
        raise NotImplementedError("Q5b: MultiHeadAttention.forward")


class Block(nn.Module):
    """Attention, which moves information between positions, then an MLP at each position."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = MultiHeadAttention(width, heads)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor, cache: KeyValueCache | None = None) -> Tensor:
        r"""A residual block that normalises before each of its two layers ("pre-norm").

            h = x + attention(attention_norm(x), cache)
            y = h + mlp(mlp_norm(h))

        Args:
            x: Features of L positions, shape (B, L, width).
            cache: Passed on to ``self.attention`` as its second argument; may be None.

        Returns:
            Shape (B, L, width).

        Source: Radford et al., "Language models are unsupervised multitask learners" (GPT-2),
        2019, section 2.3; Xiong et al., "On layer normalization in the transformer
        architecture", ICML 2020.
        """
        raise NotImplementedError("Q5c: Block.forward")


def lm_loss(logits: Tensor, tokens: Tensor) -> Tensor:
    r"""Cross-entropy of the next character, in bits per character.

        loss = -1 / (B (L-1)) sum_b sum_{l=0}^{L-2} log_2 p(x_{b,l+1} | x_{b,0}, ..., x_{b,l})

    where the conditional is the softmax over v of ``logits[b, l, v]``: position l predicts the
    character at l + 1. The first character is given and not predicted; the last position
    predicts a character that is not there, and its logits are not used.

    Args:
        logits: Output of the model on ``tokens``, shape (B, L, V) with L >= 2; any finite size.
        tokens: The text itself, int64, shape (B, L).

    Returns:
        A scalar in bits, shape (), in the dtype of ``logits``. A model that gives every
        character the same probability scores log2(V).

    Source: Shannon, "Prediction and entropy of printed English", 1951; Graves, "Generating
    sequences with recurrent neural networks", 2013, section 3.
    """
    raise NotImplementedError("Q5d: lm_loss")


def filter_logits(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Tensor:
    r"""Make a distribution sharper or flatter, and forbid its unlikely tokens.

    Three steps, in this order, each on the result of the one before it:

    1. Temperature: logits / temperature.
    2. Top-k: the k largest logits stay. A logit equal to the k-th largest stays too, so that
       ties may keep more than k; k > V keeps all.
    3. Top-p ("nucleus"): go through the tokens from the most to the least probable under the
       softmax of what is left, and keep them until their probabilities sum to at least p. The
       token that reaches p is kept, so at least one token always stays. A logit equal to the
       smallest that stays, stays too.

    Tokens that do not stay get the logit -inf; the logits of the others are those of step 1.

    Args:
        logits: Unnormalised log-probabilities, shape (..., V). Each row is filtered by itself.
        temperature: T > 0; above 1 flatter, below 1 sharper.
        top_k: k >= 1, or None to leave out step 2.
        top_p: p in (0, 1), or None to leave out step 3.

    Returns:
        Filtered logits, shape (..., V); not normalised.

    Source: Fan et al., "Hierarchical neural story generation", ACL 2018 (top-k); Holtzman et al.,
    "The curious case of neural text degeneration", ICLR 2020, section 3.1 (top-p).
    """
    raise NotImplementedError("Q5e: filter_logits")


class TransformerLM(nn.Module):
    """A causal language model over characters.

    Args:
        vocabulary: Number V of different tokens.
        width: Number of features of a position.
        heads: Heads in each block.
        layers: Number of blocks.
        max_length: Longest text that the model can read; it has one position vector for each
            place.
    """

    def __init__(
        self,
        vocabulary: int,
        width: int = 64,
        heads: int = 4,
        layers: int = 2,
        max_length: int = 128,
    ) -> None:
        super().__init__()
        self.token = nn.Embedding(vocabulary, width)
        self.position = nn.Embedding(max_length, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary)
        nn.init.normal_(self.token.weight, std=0.02)
        nn.init.normal_(self.position.weight, std=0.02)

    def empty_cache(self) -> list[KeyValueCache]:
        """A cache for :meth:`forward`, one per block, with no positions in it; given to you."""
        return [KeyValueCache() for _ in self.blocks]

    def forward(self, tokens: Tensor, cache: list[KeyValueCache] | None = None) -> Tensor:
        """Logits of the next token at every position; given to you.

        Args:
            tokens: int64, shape (B, L).
            cache: From :meth:`empty_cache`. If given, ``tokens`` continue the text whose keys
                and values it holds, and theirs are appended to it.

        Returns:
            Logits, shape (B, L, V); entry l is about the token after position l.

        Raises:
            ValueError: If the text is longer than ``max_length``.
        """
        start = len(cache[0]) if cache else 0
        end, max_length = start + tokens.shape[1], self.position.num_embeddings
        if end > max_length:
            raise ValueError(
                f"the text has {end} tokens, but the model reads at most {max_length}: "
                "shorten it, or make the model with a larger max_length"
            )
        x = self.token(tokens) + self.position(torch.arange(start, end, device=tokens.device))
        for i, block in enumerate(self.blocks):
            x = block(x, cache[i] if cache else None)
        return self.head(self.norm(x))

    @torch.no_grad()
    def sample(
        self,
        prompt: Tensor,
        u: Tensor,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        logit_filter: Callable[..., Tensor] = filter_logits,
    ) -> Tensor:
        r"""Continue a prompt by N tokens, each by inverse CDF from a given uniform number.

        Token n = 0, ..., N-1 is drawn from the softmax of

            logit_filter(logits, temperature, top_k, top_p)

        where ``logits`` are those of the last position so far. It is the smallest k whose
        cumulative probability p_0 + ... + p_k exceeds ``u[:, n]``. (The probabilities sum to one
        only up to rounding; divide the cumulative sums by the last of them, so that a forbidden
        token is never chosen.)

        The model is called through ``self(tokens, cache)`` with one cache from
        ``self.empty_cache()`` for all steps, and processes every position exactly once: the L
        tokens of the prompt and all drawn tokens but the last, L + N - 1 positions together.

        Args:
            prompt: int64, shape (B, L) with L >= 1.
            u: Uniform numbers in [0, 1), shape (B, N).
            temperature: As in :func:`filter_logits`.
            top_k: As in :func:`filter_logits`.
            top_p: As in :func:`filter_logits`.
            logit_filter: What is done to the logits, shape (B, V), before each draw.

        Returns:
            The prompt followed by the drawn tokens, int64, shape (B, L + N).

        Source: Radford et al., "Language models are unsupervised multitask learners" (GPT-2),
        2019; Shazeer, "Fast transformer decoding", 2019, section 2.3 (incremental decoding).
        """
        raise NotImplementedError("Q5f: TransformerLM.sample")
