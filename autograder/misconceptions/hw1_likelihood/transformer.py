"""Q5: what goes wrong in a transformer language model."""

from autograder.misconceptions import Alternative, Misconception

MISCONCEPTIONS = (
    Misconception(
        "causal_attention-no-scale",
        "causal_attention",
        "The scores are not divided by sqrt(d). Their variance grows with d, and the softmax saturates.",
        ((" / math.sqrt(query.shape[-1])", ""),),
    ),
    Misconception(
        "causal_attention-scale-d",
        "causal_attention",
        "The scores are divided by d. A sum of d independent products has variance d, so its scale "
        "is the square root of d.",
        (("math.sqrt(query.shape[-1])", "query.shape[-1]"),),
    ),
    Misconception(
        "causal_attention-scale-times",
        "causal_attention",
        "The scores are multiplied by sqrt(d); the scale is there to make them smaller.",
        ((" / math.sqrt(query.shape[-1])", " * math.sqrt(query.shape[-1])"),),
    ),
    Misconception(
        "causal_attention-scale-value-width",
        "causal_attention",
        "The scale uses the width of the values. The scores are sums over the features of queries and keys.",
        (("math.sqrt(query.shape[-1])", "math.sqrt(value.shape[-1])"),),
    ),
    Misconception(
        "causal_attention-scale-length",
        "causal_attention",
        "The scale uses a number of positions. It must be the number of features d of a query.",
        (("math.sqrt(query.shape[-1])", "math.sqrt(key.shape[-2])"),),
    ),
    Misconception(
        "causal_attention-no-mask",
        "causal_attention",
        "Queries see later positions: the causal mask has no effect.",
        (("scores = scores.masked_fill(~visible, -math.inf)", "del visible"),),
    ),
    Misconception(
        "causal_attention-mask-flipped",
        "causal_attention",
        "The mask is the wrong way round: queries see themselves and the future instead of the past.",
        (("visible.tril(diagonal=size - length)", "visible.triu(diagonal=size - length)"),),
    ),
    Misconception(
        "causal_attention-mask-ignores-cache",
        "causal_attention",
        "With S > L the mask begins at the first key, as if the queries were the first L positions. "
        "They are the last L; shift the diagonal by the S - L keys of the cache.",
        (("visible.tril(diagonal=size - length)", "visible.tril()"),),
    ),
    Misconception(
        "causal_attention-cache-unmasked",
        "causal_attention",
        "The mask is left out as soon as there is a cache. That is right for one query only; several "
        "new queries must not see each other's future.",
        (
            (
                "visible.tril(diagonal=size - length)",
                "visible.tril() if size == length else visible",
            ),
        ),
    ),
    Misconception(
        "causal_attention-mask-strict",
        "causal_attention",
        "A position does not see itself, and the first one sees nothing at all (0/0). The diagonal "
        "belongs to the visible keys.",
        (("diagonal=size - length", "diagonal=size - length - 1"),),
    ),
    Misconception(
        "causal_attention-mask-one-ahead",
        "causal_attention",
        "Every position sees one key of its future: the diagonal of the mask is off by one. Training "
        "would look far too good.",
        (("diagonal=size - length", "diagonal=size - length + 1"),),
    ),
    Misconception(
        "causal_attention-mask-zero",
        "causal_attention",
        "Hidden scores are set to 0, which is an ordinary score with weight exp(0). Their weight must be zero.",
        (("masked_fill(~visible, -math.inf)", "masked_fill(~visible, 0.0)"),),
    ),
    Misconception(
        "causal_attention-mask-1e9",
        "causal_attention",
        "Hidden scores are set to a finite number. A visible score may be smaller still, and then the hidden "
        "keys get all the weight.",
        (("masked_fill(~visible, -math.inf)", "masked_fill(~visible, -1e9)"),),
    ),
    Misconception(
        "causal_attention-mask-1e4",
        "causal_attention",
        "Hidden scores are set to a number that ordinary scores can reach. Their weight must be zero for "
        "scores of any size.",
        (("masked_fill(~visible, -math.inf)", "masked_fill(~visible, -1e4)"),),
    ),
    Misconception(
        "causal_attention-mask-after-softmax",
        "causal_attention",
        "The mask is applied to the weights after the softmax: they no longer sum to one, and what is "
        "left depends on the future through the denominator.",
        (
            ("scores = scores.masked_fill(~visible, -math.inf)\n    ", ""),
            ("scores.softmax(dim=-1) @ value", "(scores.softmax(dim=-1) * visible) @ value"),
        ),
    ),
    Misconception(
        "causal_attention-softmax-over-queries",
        "causal_attention",
        "The softmax runs over the queries. The weights of one query over all keys must sum to one.",
        (("scores.softmax(dim=-1) @ value", "scores.softmax(dim=-2) @ value"),),
    ),
    Misconception(
        "causal_attention-overflow",
        "causal_attention",
        "exp(scores) overflows for large scores. A softmax subtracts the largest score first; use "
        "torch's.",
        (
            (
                "return scores.softmax(dim=-1) @ value",
                "weights = scores.exp()\n    return weights / weights.sum(dim=-1, keepdim=True) @ value",
            ),
        ),
    ),
    Misconception(
        "causal_attention-detached",
        "causal_attention",
        "The weights are cut off from the graph: no gradient reaches queries and keys, so attention "
        "never learns where to look.",
        (("scores.softmax(dim=-1) @ value", "scores.softmax(dim=-1).detach() @ value"),),
    ),
    Misconception(
        "multi_head-no-transpose",
        "MultiHeadAttention.forward",
        "The features are reshaped to (B, H, L, d) directly, which cuts each text into H pieces. "
        "Split the features into (H, d) first and then swap the position and head dimensions.",
        (
            (
                "features.unflatten(-1, (self.heads, -1)).transpose(1, 2)",
                "features.reshape(x.shape[0], self.heads, x.shape[1], -1)",
            ),
        ),
    ),
    Misconception(
        "multi_head-joined-without-transpose",
        "MultiHeadAttention.forward",
        "The heads are joined by a reshape of (B, H, L, d), which mixes positions. Bring the head "
        "dimension next to the features first.",
        (
            (
                "self.out(heads.transpose(1, 2).flatten(start_dim=2))",
                "self.out(heads.reshape(x.shape))",
            ),
        ),
    ),
    Misconception(
        "multi_head-interleaved",
        "MultiHeadAttention.forward",
        "Head h takes every H-th feature. It must take d neighbouring features: split into (H, d), "
        "not into (d, H).",
        (
            (
                "features.unflatten(-1, (self.heads, -1)).transpose(1, 2)",
                "features.unflatten(-1, (-1, self.heads)).permute(0, 3, 1, 2)",
            ),
        ),
    ),
    Misconception(
        "multi_head-joined-interleaved",
        "MultiHeadAttention.forward",
        "When the heads are joined, their features alternate. Each head's d features must stay together, "
        "where they were before the split.",
        (
            (
                "self.out(heads.transpose(1, 2).flatten(start_dim=2))",
                "self.out(heads.permute(0, 2, 3, 1).flatten(start_dim=2))",
            ),
        ),
    ),
    Misconception(
        "multi_head-split-per-head",
        "MultiHeadAttention.forward",
        "The output of self.qkv is cut into heads first and into query, key and value afterwards. It "
        "holds all queries, then all keys, then all values.",
        (
            (
                "features.unflatten(-1, (self.heads, -1)).transpose(1, 2)\n"
                "            for features in self.qkv(x).chunk(3, dim=-1)",
                "features.transpose(1, 2)\n"
                "            for features in self.qkv(x).unflatten(-1, (self.heads, -1)).chunk(3, dim=-1)",
            ),
        ),
    ),
    Misconception(
        "multi_head-one-head",
        "MultiHeadAttention.forward",
        "All features are treated as one head: they are never split.",
        (("unflatten(-1, (self.heads, -1))", "unflatten(-1, (1, -1))"),),
    ),
    Misconception(
        "multi_head-head-by-head",
        "MultiHeadAttention.forward",
        "`self.attention` is called once per head. One call takes all heads: they are a dimension of its "
        "arguments.",
        (
            (
                "heads = self.attention(query, key, value)",
                "split = zip(query.split(1, 1), key.split(1, 1), value.split(1, 1), strict=True)\n"
                "        heads = torch.cat([self.attention(*head) for head in split], dim=1)",
            ),
        ),
    ),
    Misconception(
        "multi_head-no-output",
        "MultiHeadAttention.forward",
        "The joined heads are returned as they are; the projection self.out is missing.",
        (("self.out(heads.transpose(1, 2)", "(heads.transpose(1, 2)"),),
    ),
    Misconception(
        "multi_head-key-query-swapped",
        "MultiHeadAttention.forward",
        "Queries and keys are swapped: the first third of self.qkv holds the queries.",
        (("query, key, value = (", "key, query, value = ("),),
    ),
    Misconception(
        "multi_head-key-value-swapped",
        "MultiHeadAttention.forward",
        "Keys and values are swapped: the second third of self.qkv holds the keys, the last the values.",
        (("query, key, value = (", "query, value, key = ("),),
    ),
    Misconception(
        "multi_head-keys-as-values",
        "MultiHeadAttention.forward",
        "The keys are used as values, too; the last third of self.qkv is never used.",
        (("self.attention(query, key, value)", "self.attention(query, key, key)"),),
    ),
    Misconception(
        "multi_head-cache-not-read",
        "MultiHeadAttention.forward",
        "The new keys and values are stored in the cache, but attention sees only the new ones. "
        "append returns everything.",
        (("key, value = cache.append(key, value)", "cache.append(key, value)"),),
    ),
    Misconception(
        "multi_head-cache-not-written",
        "MultiHeadAttention.forward",
        "The cache stays empty: the keys and values of the new positions are not appended to it.",
        (("key, value = cache.append(key, value)", "pass"),),
    ),
    Misconception(
        "multi_head-cache-overwritten",
        "MultiHeadAttention.forward",
        "The cache holds the last call's positions only: they replace the older ones and should be "
        "appended.",
        (
            (
                "key, value = cache.append(key, value)",
                "cache.key = cache.value = None\n            key, value = cache.append(key, value)",
            ),
        ),
    ),
    Misconception(
        "multi_head-cache-last-position",
        "MultiHeadAttention.forward",
        "Only the last new position enters the cache. That works for one token at a time, but a prompt "
        "brings several: append them all.",
        (
            (
                "key, value = cache.append(key, value)",
                "key, value = cache.append(key[:, :, -1:], value[:, :, -1:])",
            ),
        ),
    ),
    Misconception(
        "block-post-norm",
        "Block.forward",
        "The sums are normalised (post-norm, as in the original transformer). Here the norm stands "
        "before each layer, and the residual path is left alone.",
        (
            (
                "x = x + self.attention(self.attention_norm(x), cache)",
                "x = self.attention_norm(x + self.attention(x, cache))",
            ),
            ("x + self.mlp(self.mlp_norm(x))", "self.mlp_norm(x + self.mlp(x))"),
        ),
    ),
    Misconception(
        "block-norm-after-layer",
        "Block.forward",
        "The outputs of the layers are normalised; their inputs should be.",
        (
            (
                "self.attention(self.attention_norm(x), cache)",
                "self.attention_norm(self.attention(x, cache))",
            ),
            ("self.mlp(self.mlp_norm(x))", "self.mlp_norm(self.mlp(x))"),
        ),
    ),
    Misconception(
        "block-no-attention-residual",
        "Block.forward",
        "The residual connection around attention is missing.",
        (("x = x + self.attention(", "x = self.attention("),),
    ),
    Misconception(
        "block-no-mlp-residual",
        "Block.forward",
        "The residual connection around the MLP is missing.",
        (("return x + self.mlp(", "return self.mlp("),),
    ),
    Misconception(
        "block-residual-from-input",
        "Block.forward",
        "The second residual connection starts at the block's input, so the result of attention "
        "reaches the output only through the MLP. It starts at h.",
        (
            ("x = x + self.attention(", "h = x + self.attention("),
            ("self.mlp(self.mlp_norm(x))", "self.mlp(self.mlp_norm(h))"),
        ),
    ),
    Misconception(
        "block-normed-residual",
        "Block.forward",
        "The residual path carries the normalised input. It must carry x itself; only the layer "
        "sees the normalised one.",
        (
            (
                "x = x + self.attention(self.attention_norm(x), cache)",
                "x = self.attention_norm(x)\n        x = x + self.attention(x, cache)",
            ),
            (
                "return x + self.mlp(self.mlp_norm(x))",
                "x = self.mlp_norm(x)\n        return x + self.mlp(x)",
            ),
        ),
    ),
    Misconception(
        "block-parallel",
        "Block.forward",
        "Attention and MLP both read the block's input. The MLP must read h, which holds what "
        "attention has gathered.",
        (
            (
                "x = x + self.attention(self.attention_norm(x), cache)\n"
                "        return x + self.mlp(self.mlp_norm(x))",
                "h = x + self.attention(self.attention_norm(x), cache)\n"
                "        return h + self.mlp(self.mlp_norm(x))",
            ),
        ),
    ),
    Misconception(
        "block-one-norm",
        "Block.forward",
        "Both layers use attention_norm; mlp_norm gets no gradient. Each layer has a norm of its own.",
        (("self.mlp(self.mlp_norm(x))", "self.mlp(self.attention_norm(x))"),),
    ),
    Misconception(
        "block-norms-swapped",
        "Block.forward",
        "The two norms are swapped.",
        (
            (
                "self.attention(self.attention_norm(x), cache)",
                "self.attention(self.mlp_norm(x), cache)",
            ),
            ("self.mlp(self.mlp_norm(x))", "self.mlp(self.attention_norm(x))"),
        ),
    ),
    Misconception(
        "block-mlp-first",
        "Block.forward",
        "The MLP comes before attention; the order is attention, then MLP.",
        (
            (
                "x = x + self.attention(self.attention_norm(x), cache)\n"
                "        return x + self.mlp(self.mlp_norm(x))",
                "x = x + self.mlp(self.mlp_norm(x))\n"
                "        return x + self.attention(self.attention_norm(x), cache)",
            ),
        ),
    ),
    Misconception(
        "block-mlp-not-normed",
        "Block.forward",
        "The MLP reads h without its norm.",
        (("self.mlp(self.mlp_norm(x))", "self.mlp(x)"),),
    ),
    Misconception(
        "block-cache-dropped",
        "Block.forward",
        "The cache is not passed on to attention: generation would see one position at a time.",
        (
            (
                "self.attention(self.attention_norm(x), cache)",
                "self.attention(self.attention_norm(x))",
            ),
        ),
    ),
    Misconception(
        "lm_loss-no-shift",
        "lm_loss",
        "Position l is asked for its own character, which it has just read. It must predict the one "
        "after it. Training would reach almost zero by copying.",
        (
            ("logits[:, :-1].log_softmax", "logits.log_softmax"),
            ("tokens[:, 1:, None]", "tokens[:, :, None]"),
        ),
    ),
    Misconception(
        "lm_loss-shifted-back",
        "lm_loss",
        "The shift goes the wrong way: position l + 1 is asked for the character at l, which it has "
        "already seen.",
        (
            ("logits[:, :-1].log_softmax", "logits[:, 1:].log_softmax"),
            ("tokens[:, 1:, None]", "tokens[:, :-1, None]"),
        ),
    ),
    Misconception(
        "lm_loss-shifted-twice",
        "lm_loss",
        "The shift is made twice: position l is asked for the character at l + 2.",
        (
            ("logits[:, :-1].log_softmax", "logits[:, :-2].log_softmax"),
            ("tokens[:, 1:, None]", "tokens[:, 2:, None]"),
        ),
    ),
    Misconception(
        "lm_loss-wraps-around",
        "lm_loss",
        "The targets are rolled, so the last position is asked for the first character of the text. "
        "Leave the last position out.",
        (
            ("logits[:, :-1].log_softmax", "logits.log_softmax"),
            ("tokens[:, 1:, None]", "tokens.roll(-1, dims=1)[:, :, None]"),
        ),
    ),
    Misconception(
        "lm_loss-nats",
        "lm_loss",
        "This is in nats. Divide by ln 2 for bits.",
        (("-chosen.mean() / math.log(2)", "-chosen.mean()"),),
    ),
    Misconception(
        "lm_loss-times-ln2",
        "lm_loss",
        "Nats are turned into bits by dividing by ln 2, not by multiplying.",
        (("-chosen.mean() / math.log(2)", "-chosen.mean() * math.log(2)"),),
    ),
    Misconception(
        "lm_loss-per-text",
        "lm_loss",
        "The bits of each text are summed. The unit is bits per character: average over positions, too.",
        (("-chosen.mean() / math.log(2)", "-chosen.sum() / len(chosen) / math.log(2)"),),
    ),
    Misconception(
        "lm_loss-sum",
        "lm_loss",
        "The bits of all characters are summed; divide by their number.",
        (("-chosen.mean() / math.log(2)", "-chosen.sum() / math.log(2)"),),
    ),
    Misconception(
        "lm_loss-divides-by-l",
        "lm_loss",
        "The sum is divided by B L. Only L - 1 characters of each text are predicted.",
        (("-chosen.mean() / math.log(2)", "-chosen.sum() / tokens.numel() / math.log(2)"),),
    ),
    Misconception(
        "lm_loss-sign",
        "lm_loss",
        "This is the mean log-likelihood; the loss is minus that.",
        (("-chosen.mean() / math.log(2)", "chosen.mean() / math.log(2)"),),
    ),
    Misconception(
        "lm_loss-perplexity",
        "lm_loss",
        "This is the perplexity, the exponential of the loss. The loss itself is asked for, in bits.",
        (("-chosen.mean() / math.log(2)", "(-chosen.mean()).exp()"),),
    ),
    Misconception(
        "lm_loss-over-positions",
        "lm_loss",
        "The softmax runs over the positions; it must run over the V characters.",
        (("log_softmax(dim=-1)", "log_softmax(dim=1)"),),
    ),
    Misconception(
        "lm_loss-log-of-softmax",
        "lm_loss",
        "The logarithm of a softmax underflows to -inf for large logits. Use log_softmax or "
        "cross_entropy.",
        (("log_softmax(dim=-1)", "softmax(dim=-1).log()"),),
    ),
    Misconception(
        "lm_loss-detached",
        "lm_loss",
        "The loss is cut off from the graph, so that training changes nothing: look for item(), "
        "detach() or no_grad().",
        (
            (
                "-chosen.mean() / math.log(2)",
                "-chosen.mean().detach() / math.log(2) + 0 * chosen.sum()",
            ),
        ),
    ),
    Misconception(
        "filter_logits-temperature-multiplied",
        "filter_logits",
        "The logits are multiplied by the temperature: high temperatures sharpen. They must flatten.",
        (("logits = logits / temperature", "logits = logits * temperature"),),
    ),
    Misconception(
        "filter_logits-temperature-last",
        "filter_logits",
        "The temperature is applied after top-p. It comes first, and changes which tokens the nucleus holds.",
        (
            ("logits = logits / temperature\n    ", ""),
            (
                "    return logits\n    # END SOLUTION\n\n\nclass TransformerLM",
                "    return logits / temperature\n    # END SOLUTION\n\n\nclass TransformerLM",
            ),
        ),
    ),
    Misconception(
        "filter_logits-temperature-on-probabilities",
        "filter_logits",
        "The probabilities are divided by the temperature. The logits must be; probabilities would "
        "have to be raised to the power 1/T.",
        (
            (
                "logits = logits / temperature",
                "logits = (logits.softmax(dim=-1) / temperature).log()",
            ),
        ),
    ),
    Misconception(
        "filter_logits-zero",
        "filter_logits",
        "Forbidden tokens get the logit 0, which is an ordinary logit. Their probability must be zero.",
        (
            (
                "    return logits\n    # END SOLUTION\n\n\nclass TransformerLM",
                "    return logits.masked_fill(logits == -math.inf, 0.0)\n"
                "    # END SOLUTION\n\n\nclass TransformerLM",
            ),
        ),
    ),
    Misconception(
        "filter_logits-probabilities",
        "filter_logits",
        "This returns probabilities. The filtered logits are asked for.",
        (
            (
                "    return logits\n    # END SOLUTION\n\n\nclass TransformerLM",
                "    return logits.softmax(dim=-1)\n    # END SOLUTION\n\n\nclass TransformerLM",
            ),
        ),
    ),
    Misconception(
        "filter_logits-top-k-global",
        "filter_logits",
        "One threshold is used for all rows. Each row keeps its own k largest logits.",
        (("values[..., -1:]\n", "values[..., -1:].min()\n"),),
    ),
    Misconception(
        "filter_logits-top-k-smallest",
        "filter_logits",
        "Top-k drops the k largest logits; those are the ones to keep.",
        (
            (
                "logits.topk(min(top_k, logits.shape[-1]), dim=-1)",
                "logits.topk(max(1, logits.shape[-1] - top_k), largest=False, dim=-1)",
            ),
            (
                "logits = logits.masked_fill(logits < smallest, -math.inf)\n    if top_p",
                "logits = logits.masked_fill(logits > smallest, -math.inf)\n    if top_p",
            ),
        ),
    ),
    Misconception(
        "filter_logits-top-k-one-short",
        "filter_logits",
        "The k-th largest logit is dropped as well: the threshold itself stays.",
        (
            (
                "logits = logits.masked_fill(logits < smallest, -math.inf)\n    if top_p",
                "logits = logits.masked_fill(logits <= smallest, -math.inf)\n    if top_p",
            ),
        ),
    ),
    Misconception(
        "filter_logits-top-k-one-more",
        "filter_logits",
        "Top-k keeps k + 1 logits: an index off by one.",
        (("min(top_k, logits.shape[-1])", "min(top_k + 1, logits.shape[-1])"),),
    ),
    Misconception(
        "filter_logits-top-k-no-ties",
        "filter_logits",
        "Of logits that equal the k-th largest, some are dropped. They all stay.",
        (
            (
                "logits = logits.masked_fill(logits < smallest, -math.inf)\n    if top_p",
                "rank = logits.argsort(dim=-1, descending=True, stable=True).argsort(dim=-1)\n"
                "        logits = logits.masked_fill(rank >= top_k, -math.inf)\n    if top_p",
            ),
        ),
    ),
    Misconception(
        "filter_logits-top-p-no-ties",
        "filter_logits",
        "Of tokens that are as probable as the last one of the nucleus, some are dropped. They all stay.",
        (
            (
                "mass_before >= top_p, math.inf)\n"
                "        smallest = kept.amin(dim=-1, keepdim=True)\n"
                "        logits = logits.masked_fill(logits < smallest, -math.inf)",
                "mass_before >= top_p, math.inf)\n"
                "        rank = logits.argsort(dim=-1, descending=True, stable=True).argsort(dim=-1)\n"
                "        size = kept.isfinite().sum(dim=-1, keepdim=True)\n"
                "        logits = logits.masked_fill(rank >= size, -math.inf)",
            ),
        ),
    ),
    Misconception(
        "filter_logits-top-p-without-crossing",
        "filter_logits",
        "The token whose probability carries the sum to p is dropped, so less than p is kept. Look "
        "at the sum before a token, not including it.",
        (
            (
                "mass_before = probs.cumsum(dim=-1) - probs",
                "mass_before = torch.cat([0 * probs[..., :1], probs.cumsum(dim=-1)[..., 1:]], dim=-1)",
            ),
        ),
    ),
    Misconception(
        "filter_logits-top-p-possibly-empty",
        "filter_logits",
        "If the most probable token alone exceeds p, nothing is left and all logits are -inf. The token "
        "that reaches p stays.",
        (("mass_before = probs.cumsum(dim=-1) - probs", "mass_before = probs.cumsum(dim=-1)"),),
    ),
    Misconception(
        "filter_logits-top-p-one-more",
        "filter_logits",
        "One token too many is kept: the sum reached p before it.",
        (
            (
                "mass_before = probs.cumsum(dim=-1) - probs",
                "mass_before = probs.cumsum(dim=-1) - probs - probs.roll(1, dims=-1)",
            ),
        ),
    ),
    Misconception(
        "filter_logits-top-p-ascending",
        "filter_logits",
        "The sum runs from the least probable token upwards. The nucleus begins with the most probable.",
        (
            ("logits.sort(dim=-1, descending=True)", "logits.sort(dim=-1)"),
            (
                "kept = ordered.masked_fill(mass_before >= top_p, math.inf)\n"
                "        smallest = kept.amin(dim=-1, keepdim=True)\n"
                "        logits = logits.masked_fill(logits < smallest, -math.inf)",
                "kept = ordered.masked_fill(mass_before >= top_p, -math.inf)\n"
                "        largest = kept.amax(dim=-1, keepdim=True)\n"
                "        logits = logits.masked_fill(logits > largest, -math.inf)",
            ),
        ),
    ),
    Misconception(
        "filter_logits-top-p-threshold",
        "filter_logits",
        "Tokens with a probability below p are dropped. Top-p looks at the sum of the largest "
        "probabilities, not at each of them.",
        (
            (
                "mass_before >= top_p, math.inf)",
                "(probs < top_p) & (mass_before > 0), math.inf)",
            ),
        ),
    ),
    Misconception(
        "filter_logits-top-p-unsorted",
        "filter_logits",
        "The probabilities are summed in the order of the vocabulary. Sort them first.",
        (
            ("ordered = logits.sort(dim=-1, descending=True).values", "ordered = logits"),
            (
                "smallest = kept.amin(dim=-1, keepdim=True)\n"
                "        logits = logits.masked_fill(logits < smallest, -math.inf)",
                "logits = kept.masked_fill(kept == math.inf, -math.inf)",
            ),
        ),
    ),
    Misconception(
        "filter_logits-top-p-not-unsorted",
        "filter_logits",
        "The sorted logits are returned: the entries no longer belong to their tokens. Undo the sorting.",
        (
            (
                "logits = logits.masked_fill(logits < smallest, -math.inf)\n    return",
                "logits = ordered.masked_fill(ordered < smallest, -math.inf)\n    return",
            ),
        ),
    ),
    Misconception(
        "filter_logits-top-p-before-top-k",
        "filter_logits",
        "The nucleus is found among all tokens. Top-k comes first, and the probabilities that remain are "
        "normalised before they are summed.",
        (
            (
                "logits = logits / temperature\n    if",
                "logits = logits / temperature\n    unfiltered = logits\n    if",
            ),
            ("ordered = logits.sort(", "ordered = unfiltered.sort("),
        ),
    ),
    Misconception(
        "sample-no-cache",
        "TransformerLM.sample",
        "The tokens are right, but the whole text goes through the model at every step. With the cache, "
        "only the new token does.",
        (("self(new, cache)[:, -1]", "self(text, self.empty_cache())[:, -1]"),),
    ),
    Misconception(
        "sample-whole-text-with-cache",
        "TransformerLM.sample",
        "The whole text is fed at every step although the cache already holds it, so the model reads "
        "everything several times over. Feed only what is new.",
        (("self(new, cache)[:, -1]", "self(text, cache)[:, -1]"),),
    ),
    Misconception(
        "sample-cache-forgotten",
        "TransformerLM.sample",
        "The cache is made anew at every step, so each draw sees only the token before it.",
        (("self(new, cache)[:, -1]", "self(new, self.empty_cache())[:, -1]"),),
    ),
    Misconception(
        "sample-without-prompt",
        "TransformerLM.sample",
        "Only the last token of the prompt is read; what comes before it never enters the cache.",
        (("text = new = prompt\n", "text, new = prompt, prompt[:, -1:]\n"),),
    ),
    Misconception(
        "sample-prompt-again",
        "TransformerLM.sample",
        "The last token of the prompt is fed twice: once with the prompt and once more on its own.",
        (
            (
                "logits = self(new, cache)[:, -1]",
                "if n == 0:\n                self(prompt, cache)\n                new = prompt[:, -1:]\n"
                "            logits = self(new, cache)[:, -1]",
            ),
        ),
    ),
    Misconception(
        "sample-first-logits",
        "TransformerLM.sample",
        "The logits of the first position are used. The next token is predicted by the last one.",
        (("self(new, cache)[:, -1]", "self(new, cache)[:, 0]"),),
    ),
    Misconception(
        "sample-greedy",
        "TransformerLM.sample",
        "The most probable token is taken, and u is not used.",
        (
            (
                "(cdf <= u[:, n, None]).sum(dim=-1, keepdim=True)",
                "probs.argmax(dim=-1, keepdim=True)",
            ),
        ),
    ),
    Misconception(
        "sample-same-uniform",
        "TransformerLM.sample",
        "Every draw uses the first uniform number; token n has a number of its own.",
        (("u[:, n, None]", "u[:, 0, None]"),),
    ),
    Misconception(
        "sample-one-uniform-for-all-texts",
        "TransformerLM.sample",
        "All texts of the batch share the numbers of the first one.",
        (("u[:, n, None]", "u[:1, n, None]"),),
    ),
    Misconception(
        "sample-index-below",
        "TransformerLM.sample",
        "The index is one too small: the largest k with a cumulative probability at most u is taken "
        "instead of the smallest k that exceeds it.",
        (
            (
                "(cdf <= u[:, n, None]).sum(dim=-1, keepdim=True)",
                "((cdf <= u[:, n, None]).sum(dim=-1, keepdim=True) - 1).clamp(min=0)",
            ),
        ),
    ),
    Misconception(
        "sample-reached",
        "TransformerLM.sample",
        "Where a cumulative probability equals u, its token is drawn; it must exceed u.",
        (("(cdf <= u[:, n, None])", "(cdf < u[:, n, None])"),),
    ),
    Misconception(
        "sample-not-normalised",
        "TransformerLM.sample",
        "Rounding leaves the last cumulative probability below 1, and a u above it gets the last token, "
        "even a forbidden one. Let the cumulative probabilities end at exactly 1.",
        (
            (
                "cdf = cdf / cdf[:, -1:]\n"
                "            new = (cdf <= u[:, n, None]).sum(dim=-1, keepdim=True)",
                "new = (cdf <= u[:, n, None]).sum(dim=-1, keepdim=True)\n"
                "            new = new.clamp(max=probs.shape[-1] - 1)",
            ),
        ),
    ),
    Misconception(
        "sample-upper-tail",
        "TransformerLM.sample",
        "The inverse CDF is taken from the other end, at 1 - u.",
        (("(cdf <= u[:, n, None])", "(cdf <= 1 - u[:, n, None])"),),
    ),
    Misconception(
        "sample-sorted",
        "TransformerLM.sample",
        "The probabilities are sorted before they are summed, so the index is a rank and not a token.",
        (
            (
                "cdf = probs.cumsum(dim=-1)",
                "cdf = probs.sort(dim=-1, descending=True).values.cumsum(dim=-1)",
            ),
        ),
    ),
    Misconception(
        "sample-global-random",
        "TransformerLM.sample",
        "The draw uses the global generator. It must be determined by u.",
        (
            (
                "(cdf <= u[:, n, None]).sum(dim=-1, keepdim=True)",
                "torch.multinomial(probs, 1)",
            ),
        ),
    ),
    Misconception(
        "sample-new-tokens-only",
        "TransformerLM.sample",
        "The prompt is missing in the result.",
        (("        return text\n", "        return text[:, prompt.shape[1] :]\n"),),
    ),
    Misconception(
        "sample-last-token-processed",
        "TransformerLM.sample",
        "The last drawn token goes through the model although nothing is predicted after it.",
        (("        return text\n", "        self(new, cache)\n        return text\n"),),
    ),
    Misconception(
        "sample-not-filtered",
        "TransformerLM.sample",
        "The logits are not filtered: temperature, top-k and top-p have no effect.",
        (("logit_filter(logits, temperature, top_k, top_p).softmax", "logits.softmax"),),
    ),
    Misconception(
        "sample-settings-dropped",
        "TransformerLM.sample",
        "The filter is called without its settings, so its defaults are used.",
        (
            (
                "logit_filter(logits, temperature, top_k, top_p).softmax",
                "logit_filter(logits).softmax",
            ),
        ),
    ),
    Misconception(
        "sample-only-temperature",
        "TransformerLM.sample",
        "Only the temperature reaches the filter; top-k and top-p are lost.",
        (
            (
                "logit_filter(logits, temperature, top_k, top_p).softmax",
                "logit_filter(logits, temperature).softmax",
            ),
        ),
    ),
)

ALTERNATIVES = (
    Alternative(
        "functional",
        (
            (
                "length, size = query.shape[-2], key.shape[-2]\n"
                "    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])\n"
                "    visible = torch.ones(length, size, dtype=torch.bool, device=query.device)\n"
                "    visible = visible.tril(diagonal=size - length)\n"
                "    scores = scores.masked_fill(~visible, -math.inf)\n"
                "    return scores.softmax(dim=-1) @ value",
                "length, size = query.shape[-2], key.shape[-2]\n"
                "    place = torch.arange(size, device=query.device)\n"
                "    seen = place[None, :] <= place[size - length :, None]\n"
                "    return nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)",
            ),
            (
                "log_probs = logits[:, :-1].log_softmax(dim=-1)\n"
                "    chosen = log_probs.gather(dim=-1, index=tokens[:, 1:, None])\n"
                "    return -chosen.mean() / math.log(2)",
                "nats = nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())\n"
                "    return nats * math.log2(math.e)",
            ),
            (
                "new = (cdf <= u[:, n, None]).sum(dim=-1, keepdim=True)",
                "new = torch.searchsorted(cdf, u[:, n : n + 1].contiguous(), right=True)",
            ),
        ),
    ),
    Alternative(
        "loops",
        (
            (
                "length, size = query.shape[-2], key.shape[-2]\n"
                "    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])\n"
                "    visible = torch.ones(length, size, dtype=torch.bool, device=query.device)\n"
                "    visible = visible.tril(diagonal=size - length)\n"
                "    scores = scores.masked_fill(~visible, -math.inf)\n"
                "    return scores.softmax(dim=-1) @ value",
                "rows, past = [], key.shape[2] - query.shape[2]\n"
                "    for i in range(query.shape[2]):\n"
                "        seen = past + i + 1\n"
                '        scores = torch.einsum("bhd,bhsd->bhs", query[:, :, i], key[:, :, :seen])\n'
                "        weights = torch.softmax(scores * query.shape[-1] ** -0.5, dim=-1)\n"
                '        rows.append(torch.einsum("bhs,bhsd->bhd", weights, value[:, :, :seen]))\n'
                "    return torch.stack(rows, dim=2)",
            ),
            (
                "query, key, value = (\n"
                "            features.unflatten(-1, (self.heads, -1)).transpose(1, 2)\n"
                "            for features in self.qkv(x).chunk(3, dim=-1)\n"
                "        )",
                "batch, length, width = x.shape\n"
                "        split = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads)\n"
                "        query, key, value = split.permute(2, 0, 3, 1, 4)",
            ),
            (
                "return self.out(heads.transpose(1, 2).flatten(start_dim=2))",
                "return self.out(torch.cat(heads.unbind(dim=1), dim=-1))",
            ),
            (
                "x = x + self.attention(self.attention_norm(x), cache)\n"
                "        return x + self.mlp(self.mlp_norm(x))",
                "attended = self.attention(self.attention_norm(x), cache)\n"
                "        return x + attended + self.mlp(self.mlp_norm(x + attended))",
            ),
        ),
    ),
    Alternative(
        "one-token-at-a-time",
        (
            (
                "text = new = prompt\n"
                "        for n in range(u.shape[1]):\n"
                "            logits = self(new, cache)[:, -1]",
                "text = prompt\n"
                "        for token in prompt.split(1, dim=1)[:-1]:\n"
                "            self(token, cache)\n"
                "        for n in range(u.shape[1]):\n"
                "            logits = self(text[:, -1:], cache).squeeze(1)",
            ),
            (
                "new = (cdf <= u[:, n, None]).sum(dim=-1, keepdim=True)",
                "new = (cdf > u[:, n, None]).to(torch.uint8).argmax(dim=-1, keepdim=True)",
            ),
        ),
    ),
    Alternative(
        "sorted-and-scattered",
        (
            (
                "ordered = logits.sort(dim=-1, descending=True).values\n"
                "        probs = ordered.softmax(dim=-1)\n"
                "        mass_before = probs.cumsum(dim=-1) - probs\n"
                "        kept = ordered.masked_fill(mass_before >= top_p, math.inf)\n"
                "        smallest = kept.amin(dim=-1, keepdim=True)\n"
                "        logits = logits.masked_fill(logits < smallest, -math.inf)",
                "ordered, order = logits.sort(dim=-1, descending=True)\n"
                "        above = ordered.softmax(dim=-1).cumsum(dim=-1) > top_p\n"
                "        drop = torch.cat([torch.zeros_like(above[..., :1]), above[..., :-1]], dim=-1)\n"
                "        kept = logits[..., None, :].masked_fill(drop.scatter(-1, order, drop)[..., None, :], math.inf)\n"
                "        logits = torch.where((logits[..., :, None] >= kept).any(dim=-1), logits, -math.inf)",
            ),
            (
                "smallest = logits.topk(min(top_k, logits.shape[-1]), dim=-1).values[..., -1:]\n"
                "        logits = logits.masked_fill(logits < smallest, -math.inf)",
                "larger = (logits[..., None, :] > logits[..., :, None]).sum(dim=-1)\n"
                "        logits = torch.where(larger < top_k, logits, -math.inf)",
            ),
        ),
    ),
)
