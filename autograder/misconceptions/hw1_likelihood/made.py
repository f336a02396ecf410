"""Q3: what goes wrong in MADE."""

from autograder.misconceptions import Alternative, Misconception

VISIBLE = "visible = 1 + torch.tensor(list(ordering)).argsort()"
HIDDEN = "[1 + torch.arange(size) % cycle for size in hidden_sizes]"
HIDDEN_MASKS = (
    "hidden_masks = [later[:, None] >= earlier[None, :] for earlier, later in pairwise(degrees)]"
)
OUTPUT_MASK = "output_mask = visible[:, None] > degrees[-1][None, :]"
LINEAR = "return F.linear(x, self.weight * self.mask, self.bias)"
TERMS = "log_conditionals = x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)"
SUM = "return log_conditionals.sum(dim=1)"
LOOP = "for d in self.ordering:"
LOGIT = "logit = self(x)[:, d]"
BIT = "(u[:, d] >= 1 - torch.sigmoid(logit))"
START = "x = torch.zeros_like(u)"
ANCESTRAL = (
    "x = torch.zeros_like(u)\n"
    "        for d in self.ordering:\n"
    "            logit = self(x)[:, d]\n"
    "            x[:, d] = (u[:, d] >= 1 - torch.sigmoid(logit)).to(x.dtype)\n"
    "        return x"
)

MISCONCEPTIONS = (
    Misconception(
        "build_masks-output-sees-itself",
        "build_masks",
        "Into the output layer the comparison is strict. With an equal sign the output of a "
        "dimension is connected to that dimension's own input: the model copies what it should "
        "predict.",
        ((OUTPUT_MASK, OUTPUT_MASK.replace(" > ", " >= ")),),
    ),
    Misconception(
        "build_masks-hidden-strict",
        "build_masks",
        "Into a hidden layer equal degrees stay connected; the strict comparison belongs to the "
        "output layer alone. Here information is lost at every layer.",
        ((HIDDEN_MASKS, HIDDEN_MASKS.replace(" >= ", " > ")),),
    ),
    Misconception(
        "build_masks-strictness-swapped",
        "build_masks",
        "The strict comparison stands at the hidden layers and the other one at the output. The "
        "paths are still autoregressive, but these are not the masks of MADE: see which layer "
        "forbids equal degrees.",
        (
            (HIDDEN_MASKS, HIDDEN_MASKS.replace(" >= ", " > ")),
            (OUTPUT_MASK, OUTPUT_MASK.replace(" > ", " >= ")),
        ),
    ),
    Misconception(
        "build_masks-ordering-as-degrees",
        "build_masks",
        "The ordering itself is used as the degrees. ordering[i] is the dimension that comes i-th; "
        "the degree of a dimension is its place in the ordering, which is the inverse permutation. "
        "The two agree only for orderings such as the natural one.",
        ((VISIBLE, "visible = 1 + torch.tensor(list(ordering))"),),
    ),
    Misconception(
        "build_masks-ignores-ordering",
        "build_masks",
        "These are the masks of the natural order 0, 1, ..., D-1: the ordering is not used.",
        ((VISIBLE, "visible = 1 + torch.arange(num_dims)"),),
    ),
    Misconception(
        "build_masks-natural-outputs",
        "build_masks",
        "The inputs follow the ordering but the outputs do not. An output has the degree of the "
        "input of the same dimension, or it may see itself.",
        (
            (
                OUTPUT_MASK,
                OUTPUT_MASK.replace("visible[:, None]", "1 + torch.arange(num_dims)[:, None]"),
            ),
        ),
    ),
    Misconception(
        "build_masks-natural-inputs",
        "build_masks",
        "The outputs follow the ordering but the inputs do not. An input has the degree of the "
        "output of the same dimension.",
        (
            (
                HIDDEN_MASKS,
                "inputs = [1 + torch.arange(num_dims), *degrees[1:]]\n"
                "    hidden_masks = [b[:, None] >= a[None, :] for a, b in pairwise(inputs)]",
            ),
        ),
    ),
    Misconception(
        "build_masks-reversed",
        "build_masks",
        "Every dimension depends on those that come later in the ordering. The comparisons of the "
        "degrees are the wrong way round.",
        (
            (HIDDEN_MASKS, HIDDEN_MASKS.replace(" >= ", " <= ")),
            (OUTPUT_MASK, OUTPUT_MASK.replace(" > ", " < ")),
        ),
    ),
    Misconception(
        "build_masks-transposed",
        "build_masks",
        "The masks have the shape (earlier layer, later layer). The weight of an nn.Linear has its "
        "outputs in the rows.",
        (
            (
                "return [*hidden_masks, output_mask]",
                "return [mask.T for mask in (*hidden_masks, output_mask)]",
            ),
        ),
    ),
    Misconception(
        "build_masks-hidden-unmasked",
        "build_masks",
        "Only the first and the last layer are masked. Between hidden layers degrees must be "
        "compared too, or everything reaches everything.",
        (
            (
                "return [*hidden_masks, output_mask]",
                "open_masks = [torch.ones_like(mask) for mask in hidden_masks[1:]]\n"
                "    return [*hidden_masks[:1], *open_masks, output_mask]",
            ),
        ),
    ),
    Misconception(
        "build_masks-degrees-from-zero",
        "build_masks",
        "The degrees of the hidden units start at 0 while those of the inputs start at 1. A hidden "
        "unit of degree 0 is connected to no input at all, and none has the degree D - 1.",
        ((HIDDEN, "[torch.arange(size) % cycle for size in hidden_sizes]"),),
    ),
    Misconception(
        "build_masks-degrees-up-to-d",
        "build_masks",
        "Some hidden units have the degree D. No output may see a unit that knows every dimension: "
        "the hidden degrees run from 1 to D - 1.",
        (("cycle = max(1, num_dims - 1)", "cycle = num_dims"),),
    ),
    Misconception(
        "build_masks-degrees-up-to-d-minus-2",
        "build_masks",
        "No hidden unit has the degree D - 1, so the last dimension of the ordering never learns of "
        "the one before it.",
        (("cycle = max(1, num_dims - 1)", "cycle = max(1, num_dims - 2)"),),
    ),
    Misconception(
        "build_masks-degrees-in-blocks",
        "build_masks",
        "The degrees of a hidden layer are spread in sorted blocks (1, 1, 2, 2, ...). The docstring "
        "asks for cycles (1, 2, ..., D-1, 1, 2, ...).",
        ((HIDDEN, "[1 + torch.arange(size) * cycle // size for size in hidden_sizes]"),),
    ),
    Misconception(
        "build_masks-degrees-clamped",
        "build_masks",
        "In a hidden layer that is wider than D - 1 the degrees stop at D - 1 instead of starting "
        "over at 1.",
        ((HIDDEN, "[(1 + torch.arange(size)).clamp(max=cycle) for size in hidden_sizes]"),),
    ),
    Misconception(
        "build_masks-degrees-run-on",
        "build_masks",
        "The degrees go on counting from one hidden layer to the next. Each hidden layer starts "
        "with degree 1.",
        (
            (
                HIDDEN,
                "[\n"
                "        1 + (sum(hidden_sizes[:i]) + torch.arange(size)) % cycle\n"
                "        for i, size in enumerate(hidden_sizes)\n"
                "    ]",
            ),
        ),
    ),
    Misconception(
        "build_masks-float",
        "build_masks",
        "The masks must be of dtype bool; these hold the right zeros and ones as floating-point "
        "numbers.",
        (
            (
                "return [*hidden_masks, output_mask]",
                "return [mask.to(torch.get_default_dtype()) for mask in (*hidden_masks, output_mask)]",
            ),
        ),
    ),
    Misconception(
        "masked_linear-no-mask",
        "MaskedLinear.forward",
        "This is an ordinary linear layer: the mask is not used, so every output sees every input.",
        ((LINEAR, "return F.linear(x, self.weight, self.bias)"),),
    ),
    Misconception(
        "masked_linear-inverted",
        "MaskedLinear.forward",
        "The mask is the wrong way round: True means that a connection is kept.",
        ((LINEAR, "return F.linear(x, self.weight * ~self.mask, self.bias)"),),
    ),
    Misconception(
        "masked_linear-transposed-mask",
        "MaskedLinear.forward",
        "The mask is transposed before it meets the weight. Both have the shape (out, in).",
        ((LINEAR, "return F.linear(x, self.weight * self.mask.T, self.bias)"),),
    ),
    Misconception(
        "masked_linear-transposed-weight",
        "MaskedLinear.forward",
        "The input is multiplied by the weight instead of by its transpose: rows of the weight are "
        "outputs. Only where a layer has as many outputs as inputs does this go unnoticed.",
        ((LINEAR, "return x @ (self.weight * self.mask) + self.bias"),),
    ),
    Misconception(
        "masked_linear-no-bias",
        "MaskedLinear.forward",
        "The bias is missing. The first dimension of the ordering has nothing else to learn its "
        "frequency with.",
        ((LINEAR, "return F.linear(x, self.weight * self.mask)"),),
    ),
    Misconception(
        "masked_linear-masked-bias",
        "MaskedLinear.forward",
        "The bias is masked too: a unit without connections loses it. Only weights are masked.",
        (
            (
                LINEAR,
                "return F.linear(x, self.weight * self.mask, self.bias * self.mask.any(dim=1))",
            ),
        ),
    ),
    Misconception(
        "masked_linear-minus-infinity",
        "MaskedLinear.forward",
        "Cut weights are set to minus infinity, as one does before a softmax. A cut connection "
        "contributes nothing, so its weight counts as zero.",
        (
            (
                LINEAR,
                "return F.linear(x, self.weight.masked_fill(~self.mask, -torch.inf), self.bias)",
            ),
        ),
    ),
    Misconception(
        "masked_linear-overwrites-weight",
        "MaskedLinear.forward",
        "The layer overwrites its own weight. The output is right, but the gradient of a cut weight "
        "is not zero, and the parameters change without a training step. Mask in the expression, "
        "not in the parameter.",
        (
            (
                LINEAR,
                "self.weight.data.mul_(self.mask)\n"
                "        return F.linear(x, self.weight, self.bias)",
            ),
        ),
    ),
    Misconception(
        "masked_linear-no-gradient",
        "MaskedLinear.forward",
        "No gradient reaches the weight: it is taken out of the graph before it is masked, so the "
        "layer would never learn.",
        ((LINEAR, "return F.linear(x, self.weight.data * self.mask, self.bias)"),),
    ),
    Misconception(
        "made-log_prob-mean",
        "MADE.log_prob",
        "The conditionals are averaged over the dimensions. The logarithm of a product is a sum.",
        ((SUM, "return log_conditionals.mean(dim=1)"),),
    ),
    Misconception(
        "made-log_prob-negative",
        "MADE.log_prob",
        "This is the negative log-likelihood. Binary cross-entropy is a loss; the log-probability "
        "has the opposite sign.",
        ((SUM, "return -log_conditionals.sum(dim=1)"),),
    ),
    Misconception(
        "made-log_prob-over-batch",
        "MADE.log_prob",
        "The sum runs over the batch. It must run over the dimensions of each vector.",
        ((SUM, "return log_conditionals.sum(dim=0)"),),
    ),
    Misconception(
        "made-log_prob-scalar",
        "MADE.log_prob",
        "The log-probabilities of the whole batch are summed to one number; each vector must keep "
        "its own.",
        ((SUM, "return log_conditionals.sum()"),),
    ),
    Misconception(
        "made-log_prob-bits",
        "MADE.log_prob",
        "The result is in bits; log-probabilities are in nats, with the natural logarithm.",
        ((SUM, "return log_conditionals.sum(dim=1) / torch.log(logits.new_tensor(2.0))"),),
    ),
    Misconception(
        "made-log_prob-ones-only",
        "MADE.log_prob",
        "Only the dimensions with x_d = 1 contribute. A zero has a probability as well, "
        "1 - sigmoid(l_d).",
        ((TERMS, "log_conditionals = x * F.logsigmoid(logits)"),),
    ),
    Misconception(
        "made-log_prob-swapped-labels",
        "MADE.log_prob",
        "Zeros and ones are exchanged: sigmoid(l_d) is the probability of x_d = 1.",
        ((TERMS, "log_conditionals = (1 - x) * F.logsigmoid(logits) + x * F.logsigmoid(-logits)"),),
    ),
    Misconception(
        "made-log_prob-sigmoid-twice",
        "MADE.log_prob",
        "The sigmoid is applied twice: a function that takes logits was given probabilities.",
        (
            (
                TERMS,
                "log_conditionals = -F.binary_cross_entropy_with_logits(\n"
                '            logits.sigmoid(), x, reduction="none"\n'
                "        )",
            ),
        ),
    ),
    Misconception(
        "made-log_prob-outputs-in-ordering",
        "MADE.log_prob",
        "The logits are rearranged by the ordering before they meet x. Column d of the logits "
        "belongs to dimension d, whatever the ordering is.",
        (("logits = self(x)\n", "logits = self(x)[:, list(self.ordering)]\n"),),
    ),
    Misconception(
        "made-log_prob-inputs-in-ordering",
        "MADE.log_prob",
        "x is rearranged by the ordering before it enters the network. The masks take care of the "
        "ordering; inputs and outputs keep their natural order.",
        (("logits = self(x)\n", "x = x[:, list(self.ordering)]\n        logits = self(x)\n"),),
    ),
    Misconception(
        "made-log_prob-shifted-input",
        "MADE.log_prob",
        "The input is shifted by one place, as for a recurrent network or a Transformer. Here the "
        "masks see to it that no dimension sees itself; x enters as it is.",
        (("logits = self(x)\n", "logits = self(F.pad(x, (1, -1)))\n"),),
    ),
    Misconception(
        "made-log_prob-eps-in-log",
        "MADE.log_prob",
        "A small constant in the logarithm puts a floor under the log-probability. Work with the "
        "logits: log sigmoid can be computed without the sigmoid.",
        (
            (
                TERMS,
                "p, tiny = torch.sigmoid(logits), 1e-12\n"
                "        log_conditionals = x * (p + tiny).log() + (1 - x) * (1 - p + tiny).log()",
            ),
        ),
    ),
    Misconception(
        "made-log_prob-bce-of-probabilities",
        "MADE.log_prob",
        "binary_cross_entropy on probabilities cuts every logarithm off at -100. Give the logits to "
        "a function that is made for them.",
        (
            (
                TERMS,
                "log_conditionals = -F.binary_cross_entropy(\n"
                '            logits.sigmoid(), x, reduction="none"\n'
                "        )",
            ),
        ),
    ),
    Misconception(
        "made-log_prob-log-of-sigmoid",
        "MADE.log_prob",
        "The sigmoid of a large logit is rounded to 0 or 1, and the logarithm of zero follows. "
        "Compute log sigmoid as one function of the logit.",
        (
            (
                TERMS,
                "p = torch.sigmoid(logits)\n"
                "        log_conditionals = torch.where(x == 1, p.log(), (1 - p).log())",
            ),
        ),
    ),
    Misconception(
        "made-sample-one-pass",
        "MADE.sample",
        "Every dimension is drawn as if those before it were zero: the network is run only once, or "
        "the ordering is gone through from its end. The logit of a dimension depends on the "
        "dimensions drawn before it, so the network must be run again after each.",
        (
            (LOOP, f"logits = self(x)\n        {LOOP}"),
            (LOGIT, "logit = logits[:, d]"),
        ),
    ),
    Misconception(
        "made-sample-natural-order",
        "MADE.sample",
        "The dimensions are drawn in the order 0, 1, ..., D-1. Draw them in the model's ordering, or "
        "a dimension is drawn before those that it depends on.",
        ((LOOP, "for d in range(u.shape[1]):"),),
    ),
    Misconception(
        "made-sample-inverse-ordering",
        "MADE.sample",
        "The dimensions are drawn by their place in the ordering: that is the inverse permutation. "
        "ordering[i] is the dimension to be drawn i-th.",
        ((LOOP, "for d in sorted(range(u.shape[1]), key=self.ordering.__getitem__):"),),
    ),
    Misconception(
        "made-sample-last-missing",
        "MADE.sample",
        "The last dimension of the ordering is never drawn and stays zero.",
        ((LOOP, "for d in self.ordering[:-1]:"),),
    ),
    Misconception(
        "made-sample-below-p",
        "MADE.sample",
        "The bit is 1 where u < p. That draws from the right distribution, but it is not the inverse "
        "of the distribution function, in which a small u gives the small value.",
        ((BIT, "(u[:, d] < torch.sigmoid(logit))"),),
    ),
    Misconception(
        "made-sample-above-p",
        "MADE.sample",
        "The bit is 1 with probability 1 - p: u is compared with the probability of a one where that "
        "of a zero is needed.",
        ((BIT, "(u[:, d] >= torch.sigmoid(logit))"),),
    ),
    Misconception(
        "made-sample-tie",
        "MADE.sample",
        "Only where u equals the probability of a zero exactly is the sample wrong: the value sought "
        "is the smallest whose distribution function is strictly greater than u.",
        ((BIT, "(u[:, d] > 1 - torch.sigmoid(logit))"),),
    ),
    Misconception(
        "made-sample-without-sigmoid",
        "MADE.sample",
        "The uniform is compared with a logit. Turn the logit into a probability first.",
        ((BIT, "(u[:, d] >= 1 - logit)"),),
    ),
    Misconception(
        "made-sample-most-likely",
        "MADE.sample",
        "Every dimension takes its more likely value and u is not used: all samples are alike.",
        ((BIT, "(logit >= 0)"),),
    ),
    Misconception(
        "made-sample-uniforms-by-step",
        "MADE.sample",
        "The i-th column of u is used for the i-th dimension of the ordering. Column d of u belongs "
        "to dimension d.",
        (
            (LOOP, "for i, d in enumerate(self.ordering):"),
            (BIT, "(u[:, i] >= 1 - torch.sigmoid(logit))"),
        ),
    ),
    Misconception(
        "made-sample-same-uniform",
        "MADE.sample",
        "One uniform decides all dimensions of a sample. Each dimension has its own column of u.",
        ((BIT, "(u[:, 0] >= 1 - torch.sigmoid(logit))"),),
    ),
    Misconception(
        "made-sample-output-by-step",
        "MADE.sample",
        "The i-th output is taken for the i-th dimension of the ordering. Column d of the logits "
        "belongs to dimension d.",
        (
            (LOOP, "for i, d in enumerate(self.ordering):"),
            (LOGIT, "logit = self(x)[:, i]"),
        ),
    ),
    Misconception(
        "made-sample-in-ordering",
        "MADE.sample",
        "The columns of the result are in the order in which they were drawn. Column d must hold "
        "dimension d.",
        (
            (
                ANCESTRAL,
                ANCESTRAL.replace("return x", "return x[:, list(self.ordering)]"),
            ),
        ),
    ),
    Misconception(
        "made-sample-feeds-probabilities",
        "MADE.sample",
        "Probabilities are fed back into the network, and bits are drawn at the end. Later "
        "dimensions must see the bits that were drawn.",
        (
            (BIT, "torch.sigmoid(logit)"),
            ("        return x\n", "        return (u >= 1 - x).to(u.dtype)\n"),
        ),
    ),
    Misconception(
        "made-sample-into-u",
        "MADE.sample",
        "The samples are written into u, which the caller still needs. Start from a new tensor.",
        ((START, "x = u"),),
    ),
)

ALTERNATIVES = (
    Alternative(
        "loops-over-units",
        (
            (
                "num_dims = len(ordering)\n"
                f"    {VISIBLE}\n"
                "    cycle = max(1, num_dims - 1)\n"
                f"    degrees = [visible] + {HIDDEN}\n"
                f"    {HIDDEN_MASKS}\n"
                f"    {OUTPUT_MASK}\n"
                "    return [*hidden_masks, output_mask]",
                "place = {d: i for i, d in enumerate(ordering)}\n"
                "    below = [place[d] for d in range(len(ordering))]\n"
                "    masks = []\n"
                "    for size in hidden_sizes:\n"
                "        above = [0 if len(ordering) == 1 else j % (len(ordering) - 1) for j in range(size)]\n"
                "        masks.append(torch.tensor([[a >= b for b in below] for a in above]))\n"
                "        below = above\n"
                "    above = [place[d] for d in range(len(ordering))]\n"
                "    masks.append(torch.tensor([[a > b for b in below] for a in above]))\n"
                "    return masks",
            ),
        ),
    ),
    Alternative(
        "einsum-and-where",
        (
            (
                LINEAR,
                "weight = torch.where(self.mask, self.weight, 0.0)\n"
                '        return torch.einsum("...i,ji->...j", x, weight) + self.bias',
            ),
        ),
    ),
    Alternative(
        "signed-logits",
        ((f"{TERMS}\n        {SUM}", "return -F.softplus((1 - 2 * x) * logits).sum(dim=-1)"),),
    ),
    Alternative(
        "torch-distributions",
        (
            (
                f"{TERMS}\n        {SUM}",
                "bits = torch.distributions.Bernoulli(logits=logits, validate_args=False)\n"
                "        return torch.distributions.Independent(bits, 1, validate_args=False).log_prob(x)",
            ),
        ),
    ),
    Alternative(
        "fixed-point",
        (
            (
                ANCESTRAL,
                "x = torch.zeros_like(u)\n"
                "        for _ in range(u.shape[1]):\n"
                "            x = torch.where(u < torch.sigmoid(-self(x)), 0.0, 1.0).to(u.dtype)\n"
                "        return x",
            ),
        ),
    ),
)
