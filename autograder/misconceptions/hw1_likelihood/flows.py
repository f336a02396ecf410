"""Q6: what goes wrong in normalizing flows."""

from autograder.misconceptions import Alternative, Misconception

CONDITIONER = "AffineCoupling.log_scale_and_shift"
COUPLING = "AffineCoupling.forward"
UNCOUPLING = "AffineCoupling.inverse"
INITIALIZE = "ActNorm.initialize"
ACTNORM = "ActNorm.forward"
UNACTNORM = "ActNorm.inverse"
FACTORS = "InvertibleLinear.factors"
LINEAR = "InvertibleLinear.forward"
UNLINEAR = "InvertibleLinear.inverse"

MISCONCEPTIONS = (
    Misconception(
        "log_scale_and_shift-unmasked-input",
        CONDITIONER,
        "The network sees all entries. It may see only those with mask 1: the others are about to "
        "change, so the inverse could not compute the same scale and shift.",
        (("self.net(self.mask * x)", "self.net(x)"),),
    ),
    Misconception(
        "log_scale_and_shift-wrong-polarity",
        CONDITIONER,
        "The network sees the entries that are to be changed. Mask 1 marks those that pass through "
        "and are looked at.",
        (("self.net(self.mask * x)", "self.net((1 - self.mask) * x)"),),
    ),
    Misconception(
        "log_scale_and_shift-mask-inverted-throughout",
        CONDITIONER,
        "The mask is used the other way round everywhere: entries with mask 1 must pass through.",
        (
            ("self.net(self.mask * x)", "self.net((1 - self.mask) * x)"),
            ("free = 1 - self.mask", "free = self.mask"),
        ),
    ),
    Misconception(
        "log_scale_and_shift-halves-swapped",
        CONDITIONER,
        "The first half of the network's output is the raw log-scale, the second half the shift; they "
        "are swapped.",
        (("raw_log_scale, raw_shift = self.net", "raw_shift, raw_log_scale = self.net"),),
    ),
    Misconception(
        "log_scale_and_shift-interleaved",
        CONDITIONER,
        "The network's output is split into even and odd entries. It is to be split into a first and a "
        "second half.",
        (
            (
                "raw_log_scale, raw_shift = self.net(self.mask * x).chunk(2, dim=1)",
                "raw = self.net(self.mask * x)\n        raw_log_scale, raw_shift = raw[:, ::2], raw[:, 1::2]",
            ),
        ),
    ),
    Misconception(
        "log_scale_and_shift-no-tanh",
        CONDITIONER,
        "The raw log-scale is not squashed: without the tanh an early step of training can make exp(s) "
        "explode.",
        (("self.scale * raw_log_scale.tanh()", "self.scale * raw_log_scale"),),
    ),
    Misconception(
        "log_scale_and_shift-scale-inside-tanh",
        CONDITIONER,
        "The learned scale multiplies the tanh from outside, so that it sets the range of s; here it "
        "is inside.",
        (("self.scale * raw_log_scale.tanh()", "(self.scale * raw_log_scale).tanh()"),),
    ),
    Misconception(
        "log_scale_and_shift-scale-forgotten",
        CONDITIONER,
        "The learned scale of the tanh is not used, which confines s to (-1, 1).",
        (("free * self.scale * raw_log_scale.tanh()", "free * raw_log_scale.tanh()"),),
    ),
    Misconception(
        "log_scale_and_shift-log-scale-not-masked",
        CONDITIONER,
        "The log-scale is not zero where the mask is 1, so entries that should pass through are scaled.",
        (("free * self.scale * raw_log_scale.tanh()", "self.scale * raw_log_scale.tanh()"),),
    ),
    Misconception(
        "log_scale_and_shift-shift-not-masked",
        CONDITIONER,
        "The shift is not zero where the mask is 1, so entries that should pass through are moved.",
        (("shift = free * raw_shift", "shift = raw_shift"),),
    ),
    Misconception(
        "log_scale_and_shift-exponentiated",
        CONDITIONER,
        "You return the scale exp(s). The log-scale s itself is asked for, since the log-determinant "
        "needs it.",
        (("return log_scale, shift", "return log_scale.exp(), shift"),),
    ),
    Misconception(
        "coupling_forward-shift-first",
        COUPLING,
        "The shift is added before scaling. In this layer x is scaled first.",
        (("z = x * log_scale.exp() + shift", "z = (x + shift) * log_scale.exp()"),),
    ),
    Misconception(
        "coupling_forward-not-exponentiated",
        COUPLING,
        "x is multiplied by the log-scale. Only its exponential is sure to be positive, hence invertible.",
        (("z = x * log_scale.exp() + shift", "z = x * log_scale + shift"),),
    ),
    Misconception(
        "coupling_forward-divides",
        COUPLING,
        "This scales by exp(-s): it is the direction from latent to data, or the sign of s is wrong.",
        (("z = x * log_scale.exp() + shift", "z = x * torch.exp(-log_scale) + shift"),),
    ),
    Misconception(
        "coupling_forward-runs-backwards",
        COUPLING,
        "The two directions are swapped: ``forward`` maps data to latent.",
        (
            (
                "z = x * log_scale.exp() + shift\n        log_det = log_scale.flatten",
                "z = (x - shift) * torch.exp(-log_scale)\n        log_det = -1 * log_scale.flatten",
            ),
        ),
    ),
    Misconception(
        "coupling_forward-masked-entries-dropped",
        COUPLING,
        "The entries with mask 1 are lost: they must be in z, unchanged.",
        (
            (
                "z = x * log_scale.exp() + shift",
                "z = (1 - self.mask) * (x * log_scale.exp() + shift)",
            ),
        ),
    ),
    Misconception(
        "coupling_forward-in-place",
        COUPLING,
        "x is scaled in place: the caller's data are overwritten. Make a new tensor.",
        (("z = x * log_scale.exp() + shift", "z = x.mul_(log_scale.exp()) + shift"),),
    ),
    Misconception(
        "coupling_forward-log-det-sign",
        COUPLING,
        "The log-determinant has the wrong sign: where x is stretched by exp(s), log|det dz/dx| grows.",
        (
            (
                "        log_det = log_scale.flatten(1)",
                "        log_det = -1 * log_scale.flatten(1)",
            ),
        ),
    ),
    Misconception(
        "coupling_forward-log-det-of-scales",
        COUPLING,
        "The scales exp(s) are summed. The logarithm of their product is the sum of s.",
        (
            (
                "        log_det = log_scale.flatten(1)",
                "        log_det = log_scale.exp().flatten(1)",
            ),
        ),
    ),
    Misconception(
        "coupling_forward-log-det-mean",
        COUPLING,
        "The log-determinant is a sum over dimensions, not a mean.",
        (
            (
                "        log_det = log_scale.flatten(1).sum(dim=1)",
                "        log_det = log_scale.flatten(1).mean(dim=1)",
            ),
        ),
    ),
    Misconception(
        "coupling_forward-log-det-absolute",
        COUPLING,
        "The absolute value belongs to the determinant, not to its logarithm: s may be negative.",
        (
            (
                "        log_det = log_scale.flatten(1)",
                "        log_det = log_scale.abs().flatten(1)",
            ),
        ),
    ),
    Misconception(
        "coupling_forward-log-det-last-dimension",
        COUPLING,
        "The sum runs over the last dimension only. For images it must run over everything but the batch.",
        (
            (
                "        log_det = log_scale.flatten(1).sum(dim=1)",
                "        log_det = log_scale.sum(dim=-1)",
            ),
        ),
    ),
    Misconception(
        "coupling_forward-log-det-whole-batch",
        COUPLING,
        "The log-determinant is summed over the batch too; every example has its own.",
        (
            (
                "        log_det = log_scale.flatten(1).sum(dim=1)",
                "        log_det = log_scale.sum()",
            ),
        ),
    ),
    Misconception(
        "coupling_forward-log-det-detached",
        COUPLING,
        "No gradient flows through the log-determinant, so training would only shrink the latent.",
        (
            (
                "        log_det = log_scale.flatten(1).sum(dim=1)",
                "        log_det = log_scale.detach().flatten(1).sum(dim=1) + 0 * shift.sum() * self.scale.sum()",
            ),
        ),
    ),
    Misconception(
        "coupling_inverse-shift-last",
        UNCOUPLING,
        "The two steps are undone in the wrong order: what came last in ``forward``, the shift, must be "
        "undone first.",
        (("x = (z - shift) * torch.exp(-log_scale)", "x = z * torch.exp(-log_scale) - shift"),),
    ),
    Misconception(
        "coupling_inverse-scales-forward",
        UNCOUPLING,
        "The scale is applied once more instead of being undone.",
        (("x = (z - shift) * torch.exp(-log_scale)", "x = (z - shift) * torch.exp(log_scale)"),),
    ),
    Misconception(
        "coupling_inverse-adds-shift",
        UNCOUPLING,
        "The shift is added once more instead of being undone.",
        (("x = (z - shift) * torch.exp(-log_scale)", "x = (z + shift) * torch.exp(-log_scale)"),),
    ),
    Misconception(
        "coupling_inverse-same-as-forward",
        UNCOUPLING,
        "This applies ``forward`` once more.",
        (
            (
                "x = (z - shift) * torch.exp(-log_scale)\n        log_det = -log_scale",
                "x = z * torch.exp(log_scale) + shift\n        log_det = +log_scale",
            ),
        ),
    ),
    Misconception(
        "coupling_inverse-log-det-sign",
        UNCOUPLING,
        "This is the log-determinant of ``forward``. ``inverse`` returns that of its own map, which is "
        "minus the other.",
        (("log_det = -log_scale.flatten(1)", "log_det = +log_scale.flatten(1)"),),
    ),
    Misconception(
        "coupling_inverse-log-det-mean",
        UNCOUPLING,
        "The log-determinant is a sum over dimensions, not a mean.",
        (("-log_scale.flatten(1).sum(dim=1)", "-log_scale.flatten(1).mean(dim=1)"),),
    ),
    Misconception(
        "coupling_inverse-log-det-last-dimension",
        UNCOUPLING,
        "The sum runs over the last dimension only. For images it must run over everything but the batch.",
        (("-log_scale.flatten(1).sum(dim=1)", "-log_scale.sum(dim=-1)"),),
    ),
    Misconception(
        "coupling_inverse-divides-by-log-scale",
        UNCOUPLING,
        "You divide by the log-scale, which is zero in the entries that pass through. The scale to undo is "
        "its exponential.",
        (("x = (z - shift) * torch.exp(-log_scale)", "x = (z - shift) / log_scale"),),
    ),
    Misconception(
        "actnorm_initialize-shift-not-scaled",
        INITIALIZE,
        "The shift is added after scaling, so it must be minus the mean of the scaled values; here it is "
        "minus the mean of x.",
        (("self.shift.copy_(-mean / std)", "self.shift.copy_(-mean)"),),
    ),
    Misconception(
        "actnorm_initialize-shift-sign",
        INITIALIZE,
        "The shift has the wrong sign: the output has twice the mean instead of none.",
        (("self.shift.copy_(-mean / std)", "self.shift.copy_(mean / std)"),),
    ),
    Misconception(
        "actnorm_initialize-log-scale-sign",
        INITIALIZE,
        "The log-scale has the wrong sign: dividing by std means multiplying by exp(-log std).",
        (("self.log_scale.copy_(-std.log())", "self.log_scale.copy_(std.log())"),),
    ),
    Misconception(
        "actnorm_initialize-scale-not-log",
        INITIALIZE,
        "The parameter is the logarithm of the scale; the scale itself is stored.",
        (("self.log_scale.copy_(-std.log())", "self.log_scale.copy_(1 / std)"),),
    ),
    Misconception(
        "actnorm_initialize-variance",
        INITIALIZE,
        "The variance takes the place of the standard deviation: a square root is missing.",
        (
            (
                "std = torch.sqrt(values.var(dim=1, correction=0) + self.eps)",
                "std = values.var(dim=1, correction=0) + self.eps",
            ),
        ),
    ),
    Misconception(
        "actnorm_initialize-unbiased",
        INITIALIZE,
        "This is the unbiased variance, divided by one less than the number of values (PyTorch's "
        "default); the biased one is asked for.",
        (("values.var(dim=1, correction=0)", "values.var(dim=1)"),),
    ),
    Misconception(
        "actnorm_initialize-eps-on-std",
        INITIALIZE,
        "eps is added to the standard deviation; it belongs under the square root.",
        (
            (
                "torch.sqrt(values.var(dim=1, correction=0) + self.eps)",
                "values.std(dim=1, correction=0) + self.eps",
            ),
        ),
    ),
    Misconception(
        "actnorm_initialize-no-eps",
        INITIALIZE,
        "eps is missing, so a channel that is constant in the first batch gets an infinite scale.",
        (("values.var(dim=1, correction=0) + self.eps", "values.var(dim=1, correction=0)"),),
    ),
    Misconception(
        "actnorm_initialize-all-channels",
        INITIALIZE,
        "One mean and one variance are shared by all channels; every channel needs its own.",
        (
            (
                "values = x.transpose(0, 1).flatten(1)",
                "values = x.flatten().expand(x.shape[1], -1)",
            ),
        ),
    ),
    Misconception(
        "actnorm_initialize-first-position",
        INITIALIZE,
        "The statistics of an image come from one position only; they are taken over the batch and all "
        "positions.",
        (
            (
                "values = x.transpose(0, 1).flatten(1)",
                "values = x.flatten(2)[:, :, 0].T if x.dim() > 2 else x.T",
            ),
        ),
    ),
    Misconception(
        "actnorm_initialize-new-parameters",
        INITIALIZE,
        "New parameters replace the old ones. An optimiser that was made before would go on training "
        "the old ones: write the values into the existing parameters.",
        (
            ("self.log_scale.copy_(-std.log())", "self.log_scale = nn.Parameter(-std.log())"),
            ("self.shift.copy_(-mean / std)", "self.shift = nn.Parameter(-mean / std)"),
        ),
    ),
    Misconception(
        "actnorm_initialize-eps-fixed",
        INITIALIZE,
        "eps is a fixed number. It is an argument of the constructor and may differ from its default.",
        (("values.var(dim=1, correction=0) + self.eps", "values.var(dim=1, correction=0) + 1e-6"),),
    ),
    Misconception(
        "actnorm_forward-shift-first",
        ACTNORM,
        "The shift is added before scaling. In this layer x is scaled first.",
        (
            (
                "z = x * self.log_scale.exp().view(shape) + self.shift.view(shape)",
                "z = (x + self.shift.view(shape)) * self.log_scale.exp().view(shape)",
            ),
        ),
    ),
    Misconception(
        "actnorm_forward-subtracts-shift",
        ACTNORM,
        "The shift is subtracted; ``forward`` adds it.",
        (
            (
                "self.log_scale.exp().view(shape) + self.shift",
                "self.log_scale.exp().view(shape) - self.shift",
            ),
        ),
    ),
    Misconception(
        "actnorm_forward-divides",
        ACTNORM,
        "``forward`` multiplies by exp(log_scale); here it divides.",
        (("z = x * self.log_scale.exp()", "z = x * torch.exp(-1 * self.log_scale)"),),
    ),
    Misconception(
        "actnorm_forward-log-scale-as-scale",
        ACTNORM,
        "x is multiplied by the log-scale instead of its exponential.",
        (("z = x * self.log_scale.exp()", "z = x * self.log_scale"),),
    ),
    Misconception(
        "actnorm_forward-positions-forgotten",
        ACTNORM,
        "The log-determinant counts one position of an image; every position is scaled, so the sum over "
        "channels counts H W times.",
        (("log_det = positions * self.log_scale.sum()", "log_det = self.log_scale.sum()"),),
    ),
    Misconception(
        "actnorm_forward-height-only",
        ACTNORM,
        "The log-determinant counts the rows of an image but not its columns: there are H W positions.",
        (("positions = math.prod(x.shape[2:])", "positions = math.prod(x.shape[2:3])"),),
    ),
    Misconception(
        "actnorm_forward-counts-batch",
        ACTNORM,
        "The log-determinant of one example is multiplied by the number of examples.",
        (
            (
                "log_det = positions * self.log_scale.sum()",
                "log_det = x.shape[0] * positions * self.log_scale.sum()",
            ),
        ),
    ),
    Misconception(
        "actnorm_forward-log-det-sign",
        ACTNORM,
        "The log-determinant has the wrong sign: scaling up by exp(log_scale) adds log_scale.",
        (
            (
                "log_det = positions * self.log_scale.sum()",
                "log_det = -1 * positions * self.log_scale.sum()",
            ),
        ),
    ),
    Misconception(
        "actnorm_forward-one-number",
        ACTNORM,
        "The log-determinant is a single number. It is the same for every example, but one per example "
        "is asked for, shape (B,).",
        (
            (
                "log_det = positions * self.log_scale.sum()\n        return z, log_det.expand(x.shape[0])",
                "log_det = positions * self.log_scale.sum()\n        return z, log_det",
            ),
        ),
    ),
    Misconception(
        "actnorm_forward-last-dimension",
        ACTNORM,
        "Scale and shift are broadcast along the last dimension, which is the width of an image; the "
        "channels are dimension 1.",
        (
            (
                "shape = (-1,) + (1,) * (x.dim() - 2)",
                "shape = (-1,) if x.shape[-1] == 3 else (-1, 1, 1)",
            ),
        ),
    ),
    Misconception(
        "actnorm_forward-renormalises",
        ACTNORM,
        "Every batch is normalised by its own statistics, as in batch normalisation. After the first "
        "batch ActNorm is a plain scale and shift.",
        (
            (
                "z = x * self.log_scale.exp()",
                "dims = [0, *range(2, x.dim())]\n"
                "        x = (x - x.mean(dim=dims, keepdim=True)) / (1 + x.var(dim=dims, keepdim=True, correction=0)).sqrt()\n"
                "        z = x * self.log_scale.exp()",
            ),
        ),
    ),
    Misconception(
        "actnorm_forward-log-det-detached",
        ACTNORM,
        "No gradient flows through the log-determinant (detached, or turned into a plain number), so training never learns from it.",
        (
            (
                "log_det = positions * self.log_scale.sum()",
                "log_det = positions * self.log_scale.sum().detach()",
            ),
        ),
    ),
    Misconception(
        "actnorm_forward-no-grad",
        ACTNORM,
        "Nothing here is recorded for gradients (no_grad), so the flow cannot be trained through it. Only what no loss depends on, such as ``initialize``, may run without gradients.",
        (
            (
                '    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:\n        r"""Data to latent: z = x * exp(log_scale)',
                '    @torch.no_grad()\n    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:\n        r"""Data to latent: z = x * exp(log_scale)',
            ),
        ),
    ),
    Misconception(
        "actnorm_inverse-shift-last",
        UNACTNORM,
        "The two steps are undone in the wrong order: undo the shift before the scale.",
        (
            (
                "x = (z - self.shift.view(shape)) * torch.exp(-self.log_scale).view(shape)",
                "x = z * torch.exp(-self.log_scale).view(shape) - self.shift.view(shape)",
            ),
        ),
    ),
    Misconception(
        "actnorm_inverse-scales-forward",
        UNACTNORM,
        "The scale is applied once more instead of being undone.",
        (("torch.exp(-self.log_scale).view(shape)", "torch.exp(self.log_scale).view(shape)"),),
    ),
    Misconception(
        "actnorm_inverse-adds-shift",
        UNACTNORM,
        "The shift is added once more instead of being undone.",
        (("x = (z - self.shift.view(shape))", "x = (z + self.shift.view(shape))"),),
    ),
    Misconception(
        "actnorm_inverse-log-det-sign",
        UNACTNORM,
        "This is the log-determinant of ``forward``; that of the inverse map is minus it.",
        (
            (
                "log_det = -positions * self.log_scale.sum()",
                "log_det = +positions * self.log_scale.sum()",
            ),
        ),
    ),
    Misconception(
        "actnorm_inverse-positions-forgotten",
        UNACTNORM,
        "The log-determinant counts one position of an image; the sum over channels counts H W times.",
        (("log_det = -positions * self.log_scale.sum()", "log_det = -self.log_scale.sum()"),),
    ),
    Misconception(
        "actnorm_inverse-one-number",
        UNACTNORM,
        "The log-determinant is a single number; one per example is asked for, shape (B,).",
        (
            (
                "log_det = -positions * self.log_scale.sum()\n        return x, log_det.expand(z.shape[0])",
                "log_det = -positions * self.log_scale.sum()\n        return x, log_det",
            ),
        ),
    ),
    Misconception(
        "actnorm_inverse-log-det-detached",
        UNACTNORM,
        "No gradient flows through the log-determinant (detached, or turned into a plain number), so training never learns from it.",
        (
            (
                "log_det = -positions * self.log_scale.sum()",
                "log_det = -positions * self.log_scale.sum().detach()",
            ),
        ),
    ),
    Misconception(
        "linear_factors-no-unit-diagonal",
        FACTORS,
        "L has no ones on its diagonal, so it cannot be inverted.",
        (("lower = self.lower.tril(-1) + torch.diag(ones)", "lower = self.lower.tril(-1)"),),
    ),
    Misconception(
        "linear_factors-lower-diagonal-kept",
        FACTORS,
        "The diagonal of the parameter ``lower`` is added to the ones. L must have exactly ones there, or "
        "its determinant is not 1.",
        (("self.lower.tril(-1)", "self.lower.tril()"),),
    ),
    Misconception(
        "linear_factors-lower-learned-diagonal",
        FACTORS,
        "L takes its diagonal from the parameter. Its diagonal is ones; all scales are in U.",
        (("lower = self.lower.tril(-1) + torch.diag(ones)", "lower = self.lower.tril()"),),
    ),
    Misconception(
        "linear_factors-lower-not-masked",
        FACTORS,
        "The entries of ``lower`` above the diagonal are used, so L is not triangular.",
        (
            (
                "lower = self.lower.tril(-1) + torch.diag(ones)",
                "lower = self.lower + torch.diag(ones)",
            ),
        ),
    ),
    Misconception(
        "linear_factors-upper-not-masked",
        FACTORS,
        "The entries of ``upper`` below the diagonal are used, so U is not triangular.",
        (("self.upper.triu(1)", "(self.upper - torch.diag(self.upper.diagonal()))"),),
    ),
    Misconception(
        "linear_factors-upper-diagonal-kept",
        FACTORS,
        "The diagonal of the parameter ``upper`` is added to that of U, which comes from sign and "
        "log_diagonal alone.",
        (("self.upper.triu(1)", "self.upper.triu()"),),
    ),
    Misconception(
        "linear_factors-no-sign",
        FACTORS,
        "The signs of U's diagonal are lost: exp is always positive.",
        (
            (
                "torch.diag(self.sign * self.log_diagonal.exp())",
                "torch.diag(self.log_diagonal.exp())",
            ),
        ),
    ),
    Misconception(
        "linear_factors-log-on-diagonal",
        FACTORS,
        "The logarithms stand on U's diagonal; take their exponential.",
        (
            (
                "torch.diag(self.sign * self.log_diagonal.exp())",
                "torch.diag(self.sign * self.log_diagonal)",
            ),
        ),
    ),
    Misconception(
        "linear_factors-sign-inside",
        FACTORS,
        "The sign multiplies the logarithm, which inverts an entry instead of negating it.",
        (("self.sign * self.log_diagonal.exp()", "torch.exp(self.sign * self.log_diagonal)"),),
    ),
    Misconception(
        "linear_factors-swapped",
        FACTORS,
        "The two factors come back in the wrong order: L first, then U.",
        (("return lower, upper", "return upper, lower"),),
    ),
    Misconception(
        "linear_factors-mask-multiplied",
        FACTORS,
        "The entries that mean nothing are multiplied by zero, but zero times NaN or infinity is NaN. Leave them out instead of multiplying.",
        (
            ("self.lower.tril(-1)", "self.lower * torch.ones_like(self.lower).tril(-1)"),
            ("self.upper.triu(1)", "self.upper * torch.ones_like(self.upper).triu(1)"),
        ),
    ),
    Misconception(
        "linear_factors-no-grad",
        FACTORS,
        "Nothing here is recorded for gradients (no_grad), so the flow cannot be trained through it. Only what no loss depends on, such as ``initialize``, may run without gradients.",
        (("    def factors(self)", "    @torch.no_grad()\n    def factors(self)"),),
    ),
    Misconception(
        "linear_forward-transposed",
        LINEAR,
        "The channels are multiplied by the transpose of W: with rows as vectors, W x is x W^T.",
        (('"ij,bj...->bi..."', '"ji,bj...->bi..."'),),
    ),
    Misconception(
        "linear_forward-permutation-transposed",
        LINEAR,
        "The transpose of the permutation is used; it is its inverse.",
        (
            (
                "weight = self.permutation @ lower @ upper",
                "weight = self.permutation.T @ lower @ upper",
            ),
        ),
    ),
    Misconception(
        "linear_forward-no-permutation",
        LINEAR,
        "The permutation is missing from W.",
        (("weight = self.permutation @ lower @ upper", "weight = lower @ upper"),),
    ),
    Misconception(
        "linear_forward-permutation-last",
        LINEAR,
        "The permutation stands on the wrong side: W = P L U acts with U first and P last.",
        (
            (
                "weight = self.permutation @ lower @ upper",
                "weight = lower @ upper @ self.permutation",
            ),
        ),
    ),
    Misconception(
        "linear_forward-factors-swapped",
        LINEAR,
        "L and U are multiplied in the wrong order.",
        (
            (
                "weight = self.permutation @ lower @ upper",
                "weight = self.permutation @ upper @ lower",
            ),
        ),
    ),
    Misconception(
        "linear_forward-log-of-determinant",
        LINEAR,
        "The logarithm of the determinant itself is taken, which is NaN where it is negative. The absolute "
        "value is what counts.",
        (
            (
                "log_det = math.prod(x.shape[2:]) * self.log_diagonal.sum()",
                "log_det = math.prod(x.shape[2:]) * torch.logdet(weight)",
            ),
        ),
    ),
    Misconception(
        "linear_forward-positions-forgotten",
        LINEAR,
        "The log-determinant counts one position of an image; W acts at all H W of them.",
        (("log_det = math.prod(x.shape[2:]) * self", "log_det = self"),),
    ),
    Misconception(
        "linear_forward-height-only",
        LINEAR,
        "The log-determinant counts the rows of an image but not its columns: there are H W positions.",
        (("log_det = math.prod(x.shape[2:])", "log_det = math.prod(x.shape[2:3])"),),
    ),
    Misconception(
        "linear_forward-signed-log-det",
        LINEAR,
        "The logarithms are multiplied by the signs. The determinant is taken in absolute value, so the "
        "signs drop out.",
        (
            (
                "log_det = math.prod(x.shape[2:]) * self.log_diagonal.sum()",
                "log_det = math.prod(x.shape[2:]) * (self.sign * self.log_diagonal).sum()",
            ),
        ),
    ),
    Misconception(
        "linear_forward-log-det-of-scales",
        LINEAR,
        "The diagonal entries are summed, not their logarithms.",
        (
            (
                "log_det = math.prod(x.shape[2:]) * self.log_diagonal.sum()",
                "log_det = math.prod(x.shape[2:]) * self.log_diagonal.exp().sum()",
            ),
        ),
    ),
    Misconception(
        "linear_forward-log-det-sign",
        LINEAR,
        "The log-determinant has the wrong sign: this is that of the inverse.",
        (("log_det = math.prod(x.shape[2:])", "log_det = -1 * math.prod(x.shape[2:])"),),
    ),
    Misconception(
        "linear_forward-one-number",
        LINEAR,
        "The log-determinant is a single number; one per example is asked for, shape (B,).",
        (
            (
                "log_det = math.prod(x.shape[2:]) * self.log_diagonal.sum()\n"
                "        return z, log_det.expand(x.shape[0])",
                "log_det = math.prod(x.shape[2:]) * self.log_diagonal.sum()\n        return z, log_det",
            ),
        ),
    ),
    Misconception(
        "linear_forward-log-det-detached",
        LINEAR,
        "No gradient flows through the log-determinant (detached, or turned into a plain number), so training never learns from it.",
        (
            (
                "log_det = math.prod(x.shape[2:]) * self.log_diagonal.sum()",
                "log_det = math.prod(x.shape[2:]) * self.log_diagonal.sum().detach()",
            ),
        ),
    ),
    Misconception(
        "linear_forward-no-grad",
        LINEAR,
        "Nothing here is recorded for gradients (no_grad), so the flow cannot be trained through it. Only what no loss depends on, such as ``initialize``, may run without gradients.",
        (
            (
                '    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:\n        r"""Data to latent: z[b, :',
                '    @torch.no_grad()\n    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:\n        r"""Data to latent: z[b, :',
            ),
        ),
    ),
    Misconception(
        "linear_inverse-transpose",
        UNLINEAR,
        "W is undone by its transpose, as if it were still a rotation. That holds at initialisation only.",
        (
            (
                "columns = self.permutation.T @ z.reshape(*z.shape[:2], -1)\n"
                "        columns = torch.linalg.solve_triangular(lower, columns, upper=False, unitriangular=True)\n"
                "        columns = torch.linalg.solve_triangular(upper, columns, upper=True)\n",
                "columns = (self.permutation @ lower @ upper).T @ z.reshape(*z.shape[:2], -1)\n",
            ),
        ),
    ),
    Misconception(
        "linear_inverse-permutation-not-undone",
        UNLINEAR,
        "The permutation is applied once more. Its inverse is its transpose.",
        (("columns = self.permutation.T @ z", "columns = self.permutation @ z"),),
    ),
    Misconception(
        "linear_inverse-no-permutation",
        UNLINEAR,
        "L and U are undone, the permutation is not.",
        (("columns = self.permutation.T @ z.reshape", "columns = z.reshape"),),
    ),
    Misconception(
        "linear_inverse-permutation-last",
        UNLINEAR,
        "The factors are undone in the wrong order: P was applied last, so it must be undone first.",
        (
            ("columns = self.permutation.T @ z.reshape", "columns = z.reshape"),
            ("x = columns.reshape(z.shape)", "x = (self.permutation.T @ columns).reshape(z.shape)"),
        ),
    ),
    Misconception(
        "linear_inverse-upper-first",
        UNLINEAR,
        "U is undone before L. W = P L U applies U first, so L must be undone before it.",
        (
            (
                "        columns = torch.linalg.solve_triangular(lower, columns, upper=False, unitriangular=True)\n"
                "        columns = torch.linalg.solve_triangular(upper, columns, upper=True)\n",
                "        columns = torch.linalg.solve_triangular(upper, columns, upper=True)\n"
                "        columns = torch.linalg.solve_triangular(lower, columns, upper=False)\n",
            ),
        ),
    ),
    Misconception(
        "linear_inverse-unit-upper",
        UNLINEAR,
        "U is solved as if it had ones on its diagonal; only L has.",
        (("(upper, columns, upper=True)", "(upper, columns, upper=True, unitriangular=True)"),),
    ),
    Misconception(
        "linear_inverse-lower-only",
        UNLINEAR,
        "Only L is undone, U is not.",
        (("        columns = torch.linalg.solve_triangular(upper, columns, upper=True)\n", ""),),
    ),
    Misconception(
        "linear_inverse-log-det-sign",
        UNLINEAR,
        "This is the log-determinant of ``forward``; that of the inverse map is minus it.",
        (("log_det = -math.prod(z.shape[2:])", "log_det = math.prod(z.shape[2:])"),),
    ),
    Misconception(
        "linear_inverse-positions-forgotten",
        UNLINEAR,
        "The log-determinant counts one position of an image; W acts at all H W of them.",
        (("log_det = -math.prod(z.shape[2:]) * self", "log_det = -self"),),
    ),
    Misconception(
        "linear_inverse-log-det-detached",
        UNLINEAR,
        "No gradient flows through the log-determinant (detached, or turned into a plain number), so training never learns from it.",
        (
            (
                "log_det = -math.prod(z.shape[2:]) * self.log_diagonal.sum()",
                "log_det = -math.prod(z.shape[2:]) * self.log_diagonal.sum().detach()",
            ),
        ),
    ),
    Misconception(
        "squeeze-blocks-of-channels",
        "squeeze",
        "The channels come out with the position in the block first and the old channel second. The four "
        "pixels of one old channel must stay together.",
        (("blocks.permute(0, 1, 3, 5, 2, 4)", "blocks.permute(0, 3, 5, 1, 2, 4)"),),
    ),
    Misconception(
        "squeeze-columns-first",
        "squeeze",
        "The four pixels of a block come out column by column; the order is by rows.",
        (("blocks.permute(0, 1, 3, 5, 2, 4)", "blocks.permute(0, 1, 5, 3, 2, 4)"),),
    ),
    Misconception(
        "squeeze-reshape-only",
        "squeeze",
        "Reshaping alone cuts the rows of the image into pieces: the pixels of a 2x2 block are not "
        "neighbours in memory, so dimensions must be permuted in between.",
        (("    blocks = blocks.permute(0, 1, 3, 5, 2, 4)\n", ""),),
    ),
    Misconception(
        "squeeze-quadrants",
        "squeeze",
        "The image is cut into four quadrants. Neighbouring pixels, 2x2 blocks, must become channels.",
        (
            ("height // 2, 2, width // 2, 2)", "2, height // 2, 2, width // 2)"),
            ("blocks.permute(0, 1, 3, 5, 2, 4)", "blocks.permute(0, 1, 2, 4, 3, 5)"),
        ),
    ),
    Misconception(
        "squeeze-transposed-image",
        "squeeze",
        "Rows and columns of the smaller image are swapped.",
        (
            (
                "blocks = blocks.permute(0, 1, 3, 5, 2, 4)\n"
                "    return blocks.reshape(batch, 4 * channels, height // 2, width // 2)",
                "blocks = blocks.permute(0, 1, 3, 5, 4, 2)\n"
                "    return blocks.reshape(batch, 4 * channels, width // 2, height // 2)",
            ),
        ),
    ),
    Misconception(
        "squeeze-odd-height-accepted",
        "squeeze",
        "An odd height or width must raise ValueError; here a row or column is lost.",
        (
            (
                '        raise ValueError(f"squeeze needs an even height and width, not {height} x {width}")',
                "        height, width = height // 2 * 2, width // 2 * 2\n        x = x[:, :, :height, :width]",
            ),
        ),
    ),
    Misconception(
        "squeeze-only-height-checked",
        "squeeze",
        "Only the height is checked; an odd width must raise ValueError too.",
        (("if height % 2 or width % 2:", "if height % 2:"),),
    ),
    Misconception(
        "unsqueeze-blocks-of-channels",
        "unsqueeze",
        "The channels are read with the position in the block first and the new channel second; four "
        "neighbouring channels belong to one new channel.",
        (
            (
                "pixels = z.reshape(batch, channels // 4, 2, 2, height, width)",
                "pixels = z.reshape(batch, 2, 2, channels // 4, height, width)",
            ),
            ("pixels.permute(0, 1, 4, 2, 5, 3)", "pixels.permute(0, 3, 4, 1, 5, 2)"),
        ),
    ),
    Misconception(
        "unsqueeze-columns-first",
        "unsqueeze",
        "Four channels are laid out column by column; the order is by rows.",
        (("pixels.permute(0, 1, 4, 2, 5, 3)", "pixels.permute(0, 1, 4, 3, 5, 2)"),),
    ),
    Misconception(
        "unsqueeze-reshape-only",
        "unsqueeze",
        "Reshaping alone does not interleave the pixels: dimensions must be permuted in between.",
        (("    pixels = pixels.permute(0, 1, 4, 2, 5, 3)\n", ""),),
    ),
    Misconception(
        "unsqueeze-quadrants",
        "unsqueeze",
        "The four channels become the four quadrants of the image. Each 2x2 block must hold one pixel of "
        "each.",
        (("pixels.permute(0, 1, 4, 2, 5, 3)", "pixels.permute(0, 1, 2, 4, 3, 5)"),),
    ),
    Misconception(
        "unsqueeze-squeezes-permutation",
        "unsqueeze",
        "The permutation of ``squeeze`` is applied once more; the inverse permutation is needed.",
        (("pixels.permute(0, 1, 4, 2, 5, 3)", "pixels.permute(0, 1, 3, 5, 2, 4)"),),
    ),
    Misconception(
        "unsqueeze-transposed-image",
        "unsqueeze",
        "Rows and columns of the larger image are swapped.",
        (
            (
                "pixels = pixels.permute(0, 1, 4, 2, 5, 3)\n"
                "    return pixels.reshape(batch, channels // 4, 2 * height, 2 * width)",
                "pixels = pixels.permute(0, 1, 5, 3, 4, 2)\n"
                "    return pixels.reshape(batch, channels // 4, 2 * width, 2 * height)",
            ),
        ),
    ),
    Misconception(
        "unsqueeze-any-channels-accepted",
        "unsqueeze",
        "A number of channels that is not a multiple of 4 must raise ValueError; here channels are lost.",
        (
            (
                '        raise ValueError(f"unsqueeze needs a multiple of 4 channels, not {channels}")',
                "        channels = channels // 4 * 4\n        z = z[:, :channels]",
            ),
        ),
    ),
    Misconception(
        "flow_forward-reversed",
        "Flow.forward",
        "The layers act in reverse order. The first layer is the one next to the data.",
        (
            (
                "        for layer in self.layers:\n            z, layer",
                "        for layer in reversed(self.layers):\n            z, layer",
            ),
        ),
    ),
    Misconception(
        "flow_forward-last-log-det",
        "Flow.forward",
        "Only the last layer's log-determinant is kept: it overwrites the others instead of adding up.",
        (("log_det = log_det + layer_log_det", "log_det = layer_log_det"),),
    ),
    Misconception(
        "flow_forward-subtracts",
        "Flow.forward",
        "The log-determinants are subtracted. Every layer returns that of data to latent already, so they "
        "add up.",
        (("log_det = log_det + layer_log_det", "log_det = log_det - layer_log_det"),),
    ),
    Misconception(
        "flow_forward-data-to-every-layer",
        "Flow.forward",
        "Every layer gets the data; it must get the output of the layer before.",
        (("z, layer_log_det = layer(z)", "z, layer_log_det = layer(x)"),),
    ),
    Misconception(
        "flow_forward-runs-inverse",
        "Flow.forward",
        "The inverse of the layers is applied: ``forward`` goes from data to latent.",
        (("z, layer_log_det = layer(z)", "z, layer_log_det = layer.inverse(z)"),),
    ),
    Misconception(
        "flow_forward-mean-log-det",
        "Flow.forward",
        "The log-determinants are averaged over the layers; determinants multiply, so their logarithms "
        "are summed.",
        (
            (
                "log_det = log_det + layer_log_det",
                "log_det = log_det + layer_log_det / len(self.layers)",
            ),
        ),
    ),
    Misconception(
        "flow_forward-whole-batch",
        "Flow.forward",
        "The log-determinant is summed over the batch; every example has its own.",
        (("log_det = log_det + layer_log_det", "log_det = log_det + layer_log_det.sum()"),),
    ),
    Misconception(
        "flow_forward-log-det-detached",
        "Flow.forward",
        "No gradient flows through the log-determinant (detached, or turned into a plain number), so training never learns from it.",
        (("log_det = log_det + layer_log_det", "log_det = log_det + layer_log_det.detach()"),),
    ),
    Misconception(
        "flow_log_prob-log-det-sign",
        "Flow.log_prob",
        "The log-determinant is subtracted. It is that of data to latent, which is added: where the flow "
        "stretches space, the data are dense.",
        (
            (
                "log_normal.flatten(1).sum(dim=1) + log_det",
                "log_normal.flatten(1).sum(dim=1) - log_det",
            ),
        ),
    ),
    Misconception(
        "flow_log_prob-no-log-det",
        "Flow.log_prob",
        "The log-determinant is missing: this is the density of z at the latent, not that of x.",
        (("log_normal.flatten(1).sum(dim=1) + log_det", "log_normal.flatten(1).sum(dim=1)"),),
    ),
    Misconception(
        "flow_log_prob-normal-of-data",
        "Flow.log_prob",
        "The normal density is evaluated at the data; it belongs to the latent.",
        (("log_normal = -0.5 * (z**2", "log_normal = -0.5 * (x**2"),),
    ),
    Misconception(
        "flow_log_prob-no-constant",
        "Flow.log_prob",
        "The normalising constant of the normal density is missing: -1/2 log 2 pi for every dimension.",
        (("log_normal = -0.5 * (z**2 + math.log(2 * math.pi))", "log_normal = -0.5 * z**2"),),
    ),
    Misconception(
        "flow_log_prob-constant-once",
        "Flow.log_prob",
        "The normalising constant is added once per example; it counts for every dimension.",
        (
            ("log_normal = -0.5 * (z**2 + math.log(2 * math.pi))", "log_normal = -0.5 * z**2"),
            (
                "log_normal.flatten(1).sum(dim=1) + log_det",
                "log_normal.flatten(1).sum(dim=1) + log_det - 0.5 * math.log(2 * math.pi)",
            ),
        ),
    ),
    Misconception(
        "flow_log_prob-constant-not-halved",
        "Flow.log_prob",
        "The constant of the normal density is 1/2 log 2 pi per dimension; the half is missing.",
        (
            (
                "log_normal = -0.5 * (z**2 + math.log(2 * math.pi))",
                "log_normal = -0.5 * z**2 - math.log(2 * math.pi)",
            ),
        ),
    ),
    Misconception(
        "flow_log_prob-no-half",
        "Flow.log_prob",
        "The half in front of z^2 is missing: this is a normal density of variance 1/2.",
        (
            (
                "log_normal = -0.5 * (z**2 + math.log(2 * math.pi))",
                "log_normal = -(z**2) - 0.5 * math.log(2 * math.pi)",
            ),
        ),
    ),
    Misconception(
        "flow_log_prob-mean",
        "Flow.log_prob",
        "The log-density of z is averaged over the dimensions; it must be summed, or it is out of "
        "proportion to the log-determinant.",
        (
            (
                "log_normal.flatten(1).sum(dim=1) + log_det",
                "log_normal.flatten(1).mean(dim=1) + log_det",
            ),
        ),
    ),
    Misconception(
        "flow_log_prob-negative",
        "Flow.log_prob",
        "This is the negative log-likelihood, the loss; the log-density is asked for.",
        (
            (
                "return log_normal.flatten(1).sum(dim=1) + log_det",
                "return -(log_normal.flatten(1).sum(dim=1) + log_det)",
            ),
        ),
    ),
    Misconception(
        "flow_log_prob-batch-mean",
        "Flow.log_prob",
        "The log-density is averaged over the batch; one value per example is asked for.",
        (
            (
                "return log_normal.flatten(1).sum(dim=1) + log_det",
                "return (log_normal.flatten(1).sum(dim=1) + log_det).mean()",
            ),
        ),
    ),
    Misconception(
        "flow_log_prob-no-grad",
        "Flow.log_prob",
        "Nothing here is recorded for gradients (no_grad), so the flow cannot be trained through it. Only what no loss depends on, such as ``initialize``, may run without gradients.",
        (("    def log_prob(self, x", "    @torch.no_grad()\n    def log_prob(self, x"),),
    ),
    Misconception(
        "flow_sample-not-reversed",
        "Flow.sample",
        "The layers are undone in the order in which they were applied; the last one must be undone first.",
        (
            (
                "for layer in reversed(self.layers):\n            x, inverse",
                "for layer in self.layers:\n            x, inverse",
            ),
        ),
    ),
    Misconception(
        "flow_sample-runs-forward",
        "Flow.sample",
        "The noise is sent through ``forward``. Samples come from the inverse of every layer.",
        (("x, inverse_log_det = layer.inverse(x)", "x, inverse_log_det = layer(x)"),),
    ),
    Misconception(
        "flow_sample-log-det-sign",
        "Flow.sample",
        "The log-determinant of the inverse is added. Where noise is spread out, samples are less dense: "
        "subtract it.",
        (("log_prob = log_prob - inverse_log_det", "log_prob = log_prob + inverse_log_det"),),
    ),
    Misconception(
        "flow_sample-no-log-det",
        "Flow.sample",
        "This is the log-density of the noise; the change of variables is missing.",
        (("log_prob = log_prob - inverse_log_det", "log_prob = log_prob - 0 * inverse_log_det"),),
    ),
    Misconception(
        "flow_sample-normal-of-sample",
        "Flow.sample",
        "The normal density is evaluated at the samples; it belongs to the noise.",
        (
            (
                "(noise**2 + math.log(2 * math.pi)).flatten(1).sum(dim=1)",
                "math.log(2 * math.pi) * noise[0].numel()",
            ),
            ("return x, log_prob", "return x, log_prob - 0.5 * (x**2).flatten(1).sum(dim=1)"),
        ),
    ),
    Misconception(
        "flow_sample-no-constant",
        "Flow.sample",
        "The normalising constant of the normal density is missing: -1/2 log 2 pi for every dimension.",
        (("(noise**2 + math.log(2 * math.pi)).flatten(1)", "(noise**2).flatten(1)"),),
    ),
    Misconception(
        "flow_sample-last-log-det",
        "Flow.sample",
        "Only one layer's log-determinant enters the density; all of them count.",
        (
            ("        x = noise\n        log_prob =", "        x = noise\n        log_normal ="),
            ("log_prob = log_prob - inverse_log_det", "log_prob = log_normal - inverse_log_det"),
        ),
    ),
    Misconception(
        "flow_sample-mean",
        "Flow.sample",
        "The log-density of the noise is averaged over the dimensions; it must be summed.",
        (
            (
                "(noise**2 + math.log(2 * math.pi)).flatten(1).sum(dim=1)",
                "(noise**2 + math.log(2 * math.pi)).flatten(1).mean(dim=1)",
            ),
        ),
    ),
    Misconception(
        "flow_sample-no-grad",
        "Flow.sample",
        "The samples are drawn without gradients (no_grad). That suits a picture, but variational inference trains a flow through its samples and their density.",
        (("    def sample(self, noise", "    @torch.no_grad()\n    def sample(self, noise"),),
    ),
    Misconception(
        "maf_forward-wrong-direction",
        "MAF.forward",
        "This scales and shifts x instead of standardising it: it is the generating equation, from latent "
        "to data.",
        (
            (
                "z = (x - mean) * torch.exp(-log_std)\n        log_det = -log_std",
                "z = x * torch.exp(log_std) + mean\n        log_det = +log_std",
            ),
        ),
    ),
    Misconception(
        "maf_forward-mean-last",
        "MAF.forward",
        "The mean is subtracted after scaling; solve the equation for z and the mean goes first.",
        (("z = (x - mean) * torch.exp(-log_std)", "z = x * torch.exp(-log_std) - mean"),),
    ),
    Misconception(
        "maf_forward-multiplies",
        "MAF.forward",
        "The difference to the mean is multiplied by the standard deviation; standardising divides.",
        (("z = (x - mean) * torch.exp(-log_std)", "z = (x - mean) * torch.exp(log_std)"),),
    ),
    Misconception(
        "maf_forward-log-variance",
        "MAF.forward",
        "The network's second output is taken for a log-variance; it is the logarithm of the standard "
        "deviation.",
        (
            (
                "z = (x - mean) * torch.exp(-log_std)\n        log_det = -log_std",
                "log_std = log_std / 2\n        z = (x - mean) * torch.exp(-log_std)\n        log_det = -log_std",
            ),
        ),
    ),
    Misconception(
        "maf_forward-outputs-swapped",
        "MAF.forward",
        "The network returns the mean first and the log-std second; they are swapped.",
        (
            (
                "        mean, log_std = self.net(x)\n        z =",
                "        log_std, mean = self.net(x)\n        z =",
            ),
        ),
    ),
    Misconception(
        "maf_forward-log-det-sign",
        "MAF.forward",
        "The log-determinant has the wrong sign: standardising divides by exp(a), so dz/dx has exp(-a) on "
        "its diagonal.",
        (("log_det = -log_std.sum(dim=1)", "log_det = +log_std.sum(dim=1)"),),
    ),
    Misconception(
        "maf_forward-log-det-mean",
        "MAF.forward",
        "The log-determinant is a sum over dimensions, not a mean.",
        (("log_det = -log_std.sum(dim=1)", "log_det = -log_std.mean(dim=1)"),),
    ),
    Misconception(
        "maf_forward-log-det-of-scales",
        "MAF.forward",
        "The scales are summed. The logarithm of their product is a sum of logarithms.",
        (("log_det = -log_std.sum(dim=1)", "log_det = torch.exp(-log_std).sum(dim=1)"),),
    ),
    Misconception(
        "maf_forward-log-det-detached",
        "MAF.forward",
        "No gradient flows through the log-determinant (detached, or turned into a plain number), so training never learns from it.",
        (("log_det = -log_std.sum(dim=1)", "log_det = -log_std.detach().sum(dim=1)"),),
    ),
    Misconception(
        "maf_forward-no-grad",
        "MAF.forward",
        "Nothing here is recorded for gradients (no_grad), so the flow cannot be trained through it. Only what no loss depends on, such as ``initialize``, may run without gradients.",
        (
            (
                '    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:\n        r"""Data to latent, in one pass',
                '    @torch.no_grad()\n    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:\n        r"""Data to latent, in one pass',
            ),
        ),
    ),
    Misconception(
        "maf_inverse-one-pass",
        "MAF.inverse",
        "One pass of the network on z takes the latent for the data. The conditionals depend on the x that "
        "are being made, so they must be made one after the other.",
        (
            (
                "            mean, log_std = self.net(x)\n            entry",
                "            mean, log_std = self.net(z)\n            entry",
            ),
        ),
    ),
    Misconception(
        "maf_inverse-misses-last",
        "MAF.inverse",
        "The loop ends one dimension too early: the last entry is never made.",
        (
            ("for i in range(z.shape[1]):", "for i in range(z.shape[1] - 1):"),
            ("        log_det = log_std.sum(dim=1)", "        log_det = self.net(x)[1].sum(dim=1)"),
        ),
    ),
    Misconception(
        "maf_inverse-misses-first",
        "MAF.inverse",
        "The loop starts at the second dimension. The first entry has no predecessors, yet it has a mean "
        "and a standard deviation of its own.",
        (("for i in range(z.shape[1]):", "for i in range(1, z.shape[1]):"),),
    ),
    Misconception(
        "maf_inverse-first-is-noise",
        "MAF.inverse",
        "The first entry of z is copied. It has no predecessors, yet it has a mean and a standard deviation "
        "of its own.",
        (
            (
                "x = torch.zeros_like(z)",
                "x = torch.cat([z[:, :1], torch.zeros_like(z[:, 1:])], dim=1)",
            ),
            ("for i in range(z.shape[1]):", "for i in range(1, z.shape[1]):"),
        ),
    ),
    Misconception(
        "maf_inverse-backwards",
        "MAF.inverse",
        "The loop goes through the dimensions backwards, so an entry is made before those that it "
        "depends on.",
        (("for i in range(z.shape[1]):", "for i in reversed(range(z.shape[1])):"),),
    ),
    Misconception(
        "maf_inverse-standardises",
        "MAF.inverse",
        "This standardises as ``forward`` does. The inverse multiplies by the standard deviation and adds "
        "the mean.",
        (
            (
                "entry = z[:, i] * log_std[:, i].exp() + mean[:, i]",
                "entry = (z[:, i] - mean[:, i]) * torch.exp(-log_std[:, i])",
            ),
        ),
    ),
    Misconception(
        "maf_inverse-shift-first",
        "MAF.inverse",
        "The mean is added before scaling; x = z exp(a) + m scales first.",
        (
            (
                "entry = z[:, i] * log_std[:, i].exp() + mean[:, i]",
                "entry = (z[:, i] + mean[:, i]) * log_std[:, i].exp()",
            ),
        ),
    ),
    Misconception(
        "maf_inverse-log-det-sign",
        "MAF.inverse",
        "This is the log-determinant of ``forward``; that of the inverse map is minus it.",
        (("        log_det = log_std.sum(dim=1)", "        log_det = -1 * log_std.sum(dim=1)"),),
    ),
    Misconception(
        "maf_inverse-log-det-of-first-pass",
        "MAF.inverse",
        "The log-determinant comes from a pass in which x was not complete yet.",
        (
            (
                "        log_det = log_std.sum(dim=1)",
                "        log_det = self.net(torch.zeros_like(z))[1].sum(dim=1)",
            ),
        ),
    ),
    Misconception(
        "maf_inverse-detached",
        "MAF.inverse",
        "The entries made so far are detached before the network reads them, so gradients miss how an "
        "entry depends on earlier ones.",
        (
            (
                "            mean, log_std = self.net(x)\n            entry",
                "            mean, log_std = self.net(x.detach() + 0 * z)\n            entry",
            ),
        ),
    ),
)

ALTERNATIVES = (
    Alternative(
        "coupling-written-out",
        (
            (
                "raw_log_scale, raw_shift = self.net(self.mask * x).chunk(2, dim=1)\n"
                "        free = 1 - self.mask\n"
                "        log_scale = free * self.scale * raw_log_scale.tanh()\n"
                "        shift = free * raw_shift\n"
                "        return log_scale, shift",
                "kept = self.mask.bool()\n"
                "        seen = torch.where(kept, x, torch.zeros_like(x))\n"
                "        out = self.net(seen)\n"
                "        half = out.shape[1] // 2\n"
                "        zero = torch.zeros_like(x)\n"
                "        s = torch.where(kept, zero, torch.tanh(out[:, :half]) * self.scale)\n"
                "        return s, torch.where(kept, zero, out[:, half:])",
            ),
            (
                "z = x * log_scale.exp() + shift\n        log_det = log_scale.flatten(1).sum(dim=1)",
                "z = self.mask * x + (1 - self.mask) * (x * torch.exp(log_scale) + shift)\n"
                "        log_det = log_scale.sum(dim=tuple(range(1, x.dim())))",
            ),
            (
                "x = (z - shift) * torch.exp(-log_scale)\n        log_det = -log_scale.flatten(1).sum(dim=1)",
                "x = (z - shift) / log_scale.exp()\n"
                "        log_det = torch.stack([-s.sum() for s in log_scale])",
            ),
        ),
    ),
    Alternative(
        "linear-by-dense-algebra",
        (
            (
                "ones = torch.ones_like(self.sign)\n"
                "        lower = self.lower.tril(-1) + torch.diag(ones)\n"
                "        upper = self.upper.triu(1) + torch.diag(self.sign * self.log_diagonal.exp())\n"
                "        return lower, upper",
                "c = self.sign.shape[0]\n"
                "        below = torch.ones(c, c, device=self.sign.device).tril(-1).bool()\n"
                "        eye = torch.eye(c, dtype=self.sign.dtype, device=self.sign.device)\n"
                "        diagonal = eye * (self.sign * torch.exp(self.log_diagonal))\n"
                "        upper = self.upper.masked_fill(~below.T, 0)\n"
                "        return torch.where(below, self.lower, eye), upper + diagonal",
            ),
            (
                'z = torch.einsum("ij,bj...->bi...", weight, x)\n'
                "        log_det = math.prod(x.shape[2:]) * self.log_diagonal.sum()\n"
                "        return z, log_det.expand(x.shape[0])",
                "z = (x.transpose(1, -1) @ weight.T).transpose(1, -1)\n"
                "        positions = x[0, 0].numel()\n"
                "        return z, x.new_ones(x.shape[0]) * positions * torch.linalg.slogdet(weight)[1]",
            ),
            (
                "columns = self.permutation.T @ z.reshape(*z.shape[:2], -1)\n"
                "        columns = torch.linalg.solve_triangular(lower, columns, upper=False, unitriangular=True)\n"
                "        columns = torch.linalg.solve_triangular(upper, columns, upper=True)\n"
                "        x = columns.reshape(z.shape)",
                "inverse = torch.linalg.inv(self.permutation @ lower @ upper)\n"
                "        x = torch.tensordot(z, inverse, dims=([1], [1])).movedim(-1, 1)",
            ),
        ),
    ),
    Alternative(
        "actnorm-by-movedim",
        (
            (
                "values = x.transpose(0, 1).flatten(1)\n"
                "        mean = values.mean(dim=1)\n"
                "        std = torch.sqrt(values.var(dim=1, correction=0) + self.eps)\n"
                "        self.log_scale.copy_(-std.log())\n"
                "        self.shift.copy_(-mean / std)",
                "dims = [d for d in range(x.dim()) if d != 1]\n"
                "        mean = x.mean(dims, keepdim=True)\n"
                "        var = ((x - mean) ** 2).mean(dims) + self.eps\n"
                "        self.log_scale.data = -0.5 * var.log()\n"
                "        self.shift.data = -mean.flatten() * var.rsqrt()",
            ),
            (
                "z = x * self.log_scale.exp().view(shape) + self.shift.view(shape)",
                "z = (x.movedim(1, -1) * self.log_scale.exp() + self.shift).movedim(-1, 1)",
            ),
            (
                "log_det = positions * self.log_scale.sum()\n        return z, log_det.expand(x.shape[0])",
                "log_det = (self.log_scale.view(shape) + torch.zeros_like(x)).flatten(1).sum(1)\n"
                "        return z, log_det",
            ),
        ),
    ),
    Alternative(
        "squeeze-by-pytorch",
        (
            (
                "blocks = x.reshape(batch, channels, height // 2, 2, width // 2, 2)\n"
                "    blocks = blocks.permute(0, 1, 3, 5, 2, 4)\n"
                "    return blocks.reshape(batch, 4 * channels, height // 2, width // 2)",
                "return nn.functional.pixel_unshuffle(x, 2)",
            ),
            (
                '        raise ValueError(f"squeeze needs an even',
                "        class OddSize(ValueError):\n            pass\n\n"
                '        raise OddSize(f"squeeze needs an even',
            ),
            (
                "pixels = z.reshape(batch, channels // 4, 2, 2, height, width)\n"
                "    pixels = pixels.permute(0, 1, 4, 2, 5, 3)\n"
                "    return pixels.reshape(batch, channels // 4, 2 * height, 2 * width)",
                "out = z.new_empty(batch, channels // 4, 2 * height, 2 * width)\n"
                "    for k in range(4):\n"
                "        out[:, :, k // 2 :: 2, k % 2 :: 2] = z[:, k::4]\n"
                "    return out",
            ),
        ),
    ),
    Alternative(
        "flow-by-distributions",
        (
            (
                "log_normal = -0.5 * (z**2 + math.log(2 * math.pi))\n"
                "        return log_normal.flatten(1).sum(dim=1) + log_det",
                "base = torch.distributions.Normal(torch.zeros_like(z), torch.ones_like(z), validate_args=False)\n"
                "        return base.log_prob(z).sum(dim=tuple(range(1, z.dim()))) + log_det",
            ),
            (
                "x = noise\n"
                "        log_prob = -0.5 * (noise**2 + math.log(2 * math.pi)).flatten(1).sum(dim=1)\n"
                "        for layer in reversed(self.layers):\n"
                "            x, inverse_log_det = layer.inverse(x)\n"
                "            log_prob = log_prob - inverse_log_det\n"
                "        return x, log_prob",
                "x = noise\n"
                "        for k in range(len(self.layers) - 1, -1, -1):\n"
                "            x = self.layers[k].inverse(x)[0]\n"
                "        return x, self.log_prob(x)",
            ),
        ),
    ),
    Alternative(
        "maf-by-clones",
        (
            (
                "entry = z[:, i] * log_std[:, i].exp() + mean[:, i]\n"
                "            x = torch.cat([x[:, :i], entry[:, None], x[:, i + 1 :]], dim=1)\n"
                "        log_det = log_std.sum(dim=1)\n"
                "        return x, log_det",
                "x = x.clone()\n"
                "            x[:, i] = z[:, i] * log_std[:, i].exp() + mean[:, i]\n"
                "        return x, -self.forward(x)[1]",
            ),
        ),
    ),
    Alternative(
        "maf-by-fixed-point",
        (
            (
                "entry = z[:, i] * log_std[:, i].exp() + mean[:, i]\n"
                "            x = torch.cat([x[:, :i], entry[:, None], x[:, i + 1 :]], dim=1)",
                "x = z * log_std.exp() + mean",
            ),
        ),
    ),
)
