"""Q10: what goes wrong in inverse problems and editing."""

from autograder.misconceptions import Alternative, Misconception

LEVEL = "level = signal_level(alpha_bar, t)\n    known"
KNOWN = "known = level.sqrt() * y + (1 - level).sqrt() * noise"
BLEND = "return mask * known + (1 - mask) * x"
RATIO = "ratio = signal_level(alpha_bar, t) / signal_level(alpha_bar, t_prev)"
JUMP = "x = ratio.sqrt() * x + (1 - ratio).sqrt() * jump_noise[r - 1]"
ROUND = "x = replace_observed(step(x, t, t_prev), y, mask, t_prev, alpha_bar, noise)"
ROUNDS = "for r, noise in enumerate(known_noise):\n        if r > 0:\n            " + JUMP
POOL = "return F.avg_pool2d(x, self.factor)"
SPREAD = (
    "spread = y.repeat_interleave(self.factor, dim=-2).repeat_interleave(self.factor, dim=-1)\n"
    "        return spread / self.factor**2"
)
BLOWN_UP = "return y.repeat_interleave(self.factor, dim=-2).repeat_interleave(self.factor, dim=-1)"
GREY = "return (self.weights[:, None, None] * x).sum(dim=1, keepdim=True)"
COLOURED = "return self.weights[:, None, None] * y"
RECOLOURED = "return self.weights[:, None, None] / self.weights.square().sum() * y"
SHADOW = "shadow = x * angles.cos() + y * angles.sin()"
HAT = "return (1 - distance).clamp(min=0)"
SINOGRAM = 'return torch.einsum("vjhw,bchw->bcvj", self.weights(), x)'
SMEARED = 'return torch.einsum("vjhw,bcvj->bchw", self.weights(), y)'
PROJECT = "return x0 + operator.pinv(y - operator.forward(x0))"
DDNM_EPS = (
    "level, level_prev = signal_level(alpha_bar, t), signal_level(alpha_bar, t_prev)\n"
    "    eps = model(x, torch.full(x.shape[:1], t, device=x.device))"
)
DDNM_ASK = "eps = model(x, torch.full(x.shape[:1], t, device=x.device))\n    x0"
DDNM = "return level_prev.sqrt() * ddnm_project(x0, y, operator) + (1 - level_prev).sqrt() * eps"
DPS_LEVELS = (
    "level, level_prev = signal_level(alpha_bar, t), signal_level(alpha_bar, t_prev)\n    with"
)
DPS_ASK = "eps = model(x, torch.full(x.shape[:1], t, device=x.device))\n        x0"
DPS_X0 = "x0 = (x - (1 - level).sqrt() * eps) / level.sqrt()\n        error"
NORM = "error = torch.linalg.vector_norm((y - measure(x0)).flatten(1), dim=1).sum()"
GRADIENT = "(gradient,) = torch.autograd.grad(error, x)"
GUIDED = "return (x_prev - zeta * gradient).detach()"
STEPS = "steps = round(strength * len(alpha_bar))"
START = "level = signal_level(alpha_bar, steps - 1)"
NOISED = "x = level.sqrt() * guide + (1 - level).sqrt() * noise"
ALL_NOISE = "    if steps == len(alpha_bar):\n        x = noise\n"
LOOP = "for t in reversed(range(steps)):\n        x = step(x, t, t - 1)"
PREVIOUS = "(alpha_bar[t_prev] if t_prev > 0 else torch.ones_like(alpha_bar[0]))"
LEVEL_ZERO = (
    "At t_prev = 0 alpha_bar is taken for 1. Level 0 still holds a little noise; only t_prev = -1 stands for "
    "the data."
)

MISCONCEPTIONS = (
    Misconception(
        "replace-observed-mask-inverted",
        "replace_observed",
        "The mask is used the wrong way round: 1 means observed.",
        ((BLEND, "return (1 - mask) * known + mask * x"),),
    ),
    Misconception(
        "replace-observed-clean",
        "replace_observed",
        "The observation is pasted without noise. The network has never seen an image that is noisy in "
        "some places and clean in others.",
        ((KNOWN, "known = y"),),
    ),
    Misconception(
        "replace-observed-not-shrunk",
        "replace_observed",
        "Noise is added to y, but y itself is not scaled down by the square root of alpha_bar.",
        ((KNOWN, "known = y + (1 - level).sqrt() * noise"),),
    ),
    Misconception(
        "replace-observed-weights-exchanged",
        "replace_observed",
        "Signal and noise have each other's weights.",
        ((KNOWN, "known = (1 - level).sqrt() * y + level.sqrt() * noise"),),
    ),
    Misconception(
        "replace-observed-level-before",
        "replace_observed",
        "The known part is noisier by one step than it should be: the level is that of the sample "
        "after the step, which is the t that is passed.",
        ((LEVEL, LEVEL.replace(", t)", ", min(t + 1, len(alpha_bar) - 1))")),),
    ),
    Misconception(
        "replace-observed-end-noisy",
        "replace_observed",
        "At t = -1 the *last* entry of alpha_bar is taken, the noisiest. -1 stands for the clean image.",
        ((LEVEL, LEVEL.replace("signal_level(alpha_bar, t)", "alpha_bar[t]")),),
    ),
    Misconception(
        "replace-observed-clean-at-zero",
        "replace_observed",
        "t = 0 is treated as clean. It is the least noisy step, not the clean image; that is t = -1.",
        ((LEVEL, LEVEL.replace(", t)", ", t if t > 0 else -1)")),),
    ),
    Misconception(
        "repaint-step-level-t",
        "repaint_step",
        "After the step, the observation is noised to level t; the sample is at t_prev by then.",
        ((ROUND, ROUND.replace("mask, t_prev,", "mask, t,")),),
    ),
    Misconception(
        "repaint-step-no-jump",
        "repaint_step",
        "Between the rounds the sample is not taken back to level t: the next round denoises something "
        "that is already at t_prev as if it were noisier.",
        ((JUMP, "pass"),),
    ),
    Misconception(
        "repaint-step-restart",
        "repaint_step",
        "Each round starts again from the original x_t, so the rounds before the last are lost. "
        "A round starts from the noised result of the one before it.",
        (
            (ROUNDS, "start = x\n    for noise in known_noise:"),
            (ROUND, ROUND.replace("step(x,", "step(start,")),
        ),
    ),
    Misconception(
        "repaint-step-jump-from-clean",
        "repaint_step",
        "The way back from t_prev to t uses alpha_bar[t], as if the sample were clean. Only the noise "
        "between the two levels is missing.",
        ((RATIO, "ratio = signal_level(alpha_bar, t)"),),
    ),
    Misconception(
        "repaint-step-jump-one-step",
        "repaint_step",
        "The way back is that from t - 1 to t. The step may be longer: it starts at t_prev.",
        ((RATIO, RATIO.replace("t_prev)", "t - 1)")),),
    ),
    Misconception(
        "repaint-step-jump-only-unknown",
        "repaint_step",
        "Only the new pixels go back to level t; the observed ones must as well, or the image has two "
        "noise levels.",
        ((JUMP, f"x = mask * x + (1 - mask) * ({JUMP.removeprefix('x = ')})"),),
    ),
    Misconception(
        "repaint-step-replaced-before",
        "repaint_step",
        "The observed pixels are replaced before the step instead of after it.",
        (
            (
                ROUND,
                "x = step(replace_observed(x, y, mask, t, alpha_bar, noise), t, t_prev)",
            ),
        ),
    ),
    Misconception(
        "repaint-step-no-jump-at-the-end",
        "repaint_step",
        "There is no way back when t_prev = -1. The paper does it like this; here the last step is "
        "resampled like every other.",
        ((ROUNDS, ROUNDS.replace("if r > 0:", "if r > 0 and t_prev >= 0:")),),
    ),
    Misconception(
        "repaint-step-level-zero-is-data",
        "repaint_step",
        LEVEL_ZERO,
        ((RATIO, RATIO.replace("signal_level(alpha_bar, t_prev)", PREVIOUS)),),
    ),
    Misconception(
        "downsample-forward-strided",
        "Downsample.forward",
        "One pixel of each block is picked; the mean of the block is asked for.",
        ((POOL, "return x[..., :: self.factor, :: self.factor]"),),
    ),
    Misconception(
        "downsample-forward-sum",
        "Downsample.forward",
        "The blocks are summed, not averaged.",
        ((POOL, "return F.avg_pool2d(x, self.factor) * self.factor**2"),),
    ),
    Misconception(
        "downsample-forward-no-error",
        "Downsample.forward",
        "Rows or columns that do not fill a block are dropped without a word; a ValueError is asked for.",
        (("if x.shape[-2] % self.factor or x.shape[-1] % self.factor:", "if False:"),),
    ),
    Misconception(
        "downsample-forward-max",
        "Downsample.forward",
        "The largest value of each block is taken; the mean is asked for.",
        ((POOL, "return F.max_pool2d(x, self.factor)"),),
    ),
    Misconception(
        "downsample-forward-sliding",
        "Downsample.forward",
        "The blocks overlap: the window moves by one pixel instead of by a block.",
        ((POOL, "return F.avg_pool2d(x, self.factor, stride=1)"),),
    ),
    Misconception(
        "downsample-forward-over-channels",
        "Downsample.forward",
        "The channels are averaged too; each is pooled by itself.",
        ((POOL, "return F.avg_pool2d(x, self.factor).mean(dim=1, keepdim=True)"),),
    ),
    Misconception(
        "downsample-forward-three-channels",
        "Downsample.forward",
        "Three channels are written into the program; images have any number of them.",
        (
            (
                POOL,
                "return torch.cat([F.avg_pool2d(x[:, c : c + 1], self.factor) for c in range(3)], dim=1)",
            ),
        ),
    ),
    Misconception(
        "downsample-adjoint-is-pinv",
        "Downsample.adjoint",
        "The result is too large: this is the pseudo-inverse. In A, each pixel has the weight of a "
        "mean, and so it has in the transpose.",
        ((SPREAD, SPREAD.replace("spread / self.factor**2", "spread")),),
    ),
    Misconception(
        "downsample-adjoint-tiled",
        "Downsample.adjoint",
        "The small image is repeated as a whole. Every pixel of it belongs to one block.",
        ((SPREAD, "return y.repeat(1, 1, self.factor, self.factor) / self.factor**2"),),
    ),
    Misconception(
        "downsample-adjoint-once-scaled",
        "Downsample.adjoint",
        "The result is divided by f. A block has f rows and f columns.",
        ((SPREAD, SPREAD.replace("**2", "")),),
    ),
    Misconception(
        "downsample-adjoint-twice-scaled",
        "Downsample.adjoint",
        "The result is divided by the size of a block twice, as if the spread values were "
        "averaged once more.",
        ((SPREAD, SPREAD.replace("**2", "**4")),),
    ),
    Misconception(
        "downsample-adjoint-corner",
        "Downsample.adjoint",
        "Each value goes to one pixel of its block. All pixels of the block entered the mean, so "
        "all receive their share.",
        (
            (
                SPREAD,
                "spread = F.conv_transpose2d(\n            y.flatten(0, 1)[:, None], y.new_ones(1, 1, 1, 1), stride=self.factor,\n            output_padding=self.factor - 1,\n        )\n        return spread[:, 0].unflatten(0, y.shape[:2])",
            ),
        ),
    ),
    Misconception(
        "downsample-adjoint-bilinear",
        "Downsample.adjoint",
        "The values are spread smoothly over neighbouring blocks. In the forward map each pixel "
        "belongs to one block only.",
        (
            (
                SPREAD,
                "large = F.interpolate(y, scale_factor=self.factor, mode='bilinear')\n        return large / self.factor**2",
            ),
        ),
    ),
    Misconception(
        "downsample-pinv-is-adjoint",
        "Downsample.pinv",
        "This is the transpose. Its block means are too small: A A^+ y must give y back.",
        (("\n        " + BLOWN_UP, "\n        " + BLOWN_UP + " / self.factor**2"),),
    ),
    Misconception(
        "downsample-pinv-bilinear",
        "Downsample.pinv",
        "The image is enlarged smoothly. Its block means are no longer y, and it is not the shortest "
        "image.",
        (
            (
                "\n        " + BLOWN_UP,
                "\n        return F.interpolate(y, scale_factor=self.factor, mode='bilinear')",
            ),
        ),
    ),
    Misconception(
        "downsample-pinv-times-block",
        "Downsample.pinv",
        "The values are multiplied by the size of a block, as if the forward map summed. A mean "
        "of equal pixels is that pixel.",
        (("\n        " + BLOWN_UP, "\n        " + BLOWN_UP + " * self.factor**2"),),
    ),
    Misconception(
        "downsample-pinv-root",
        "Downsample.pinv",
        "The result is divided by f, half-way between the transpose and the inverse: its block "
        "means must be y.",
        (("\n        " + BLOWN_UP, "\n        " + BLOWN_UP + " / self.factor"),),
    ),
    Misconception(
        "downsample-pinv-tiled",
        "Downsample.pinv",
        "The small image is repeated as a whole. Every pixel of it belongs to one block.",
        (("\n        " + BLOWN_UP, "\n        return y.repeat(1, 1, self.factor, self.factor)"),),
    ),
    Misconception(
        "downsample-pinv-corner",
        "Downsample.pinv",
        "One pixel of each block holds its whole sum. That fits y, but it is not the shortest "
        "image that does.",
        (
            (
                "\n        " + BLOWN_UP,
                "\n        one = F.pad(y.new_ones(1, 1), (0, self.factor - 1, 0, self.factor - 1))\n        return torch.kron(y, one) * self.factor**2",
            ),
        ),
    ),
    Misconception(
        "grayscale-forward-mean",
        "Grayscale.forward",
        "The weights are ignored: the channels are averaged.",
        ((GREY, "return x.mean(dim=1, keepdim=True)"),),
    ),
    Misconception(
        "grayscale-forward-keepdim",
        "Grayscale.forward",
        "The channel dimension is lost; the grey image has one channel, (B, 1, H, W).",
        ((GREY, GREY.replace(", keepdim=True", "")),),
    ),
    Misconception(
        "grayscale-forward-normalised",
        "Grayscale.forward",
        "The weights are divided by their sum; they are not necessarily a mean and are used as "
        "given.",
        ((GREY, GREY + " / self.weights.sum()"),),
    ),
    Misconception(
        "grayscale-forward-squared",
        "Grayscale.forward",
        "The weights are squared.",
        ((GREY, GREY.replace("None] * x", "None] ** 2 * x")),),
    ),
    Misconception(
        "grayscale-forward-weighted-mean",
        "Grayscale.forward",
        "The weighted channels are averaged; they are added up.",
        ((GREY, GREY.replace(".sum(", ".mean(")),),
    ),
    Misconception(
        "grayscale-forward-columns",
        "Grayscale.forward",
        "The weights meet the columns of the image instead of its channels: with as many columns "
        "as channels nothing complains.",
        ((GREY, "return (self.weights * x).sum(dim=1, keepdim=True)"),),
    ),
    Misconception(
        "grayscale-forward-three-channels",
        "Grayscale.forward",
        "Three channels are written into the program; there are as many as weights.",
        ((GREY, "return sum(self.weights[c] * x[:, c : c + 1] for c in range(3))"),),
    ),
    Misconception(
        "grayscale-adjoint-copied",
        "Grayscale.adjoint",
        "The grey value is copied into all channels. The transpose of a weighted sum has the weights.",
        (
            (
                COLOURED,
                "return (0 * self.weights + 1)[:, None, None] * y",
            ),
        ),
    ),
    Misconception(
        "grayscale-adjoint-is-pinv",
        "Grayscale.adjoint",
        "This is the pseudo-inverse. The transpose has the weights themselves.",
        (
            (
                "\n        " + COLOURED + "\n",
                "\n        " + RECOLOURED.replace("* y", "* (1 * y)") + "\n",
            ),
        ),
    ),
    Misconception(
        "grayscale-adjoint-normalised",
        "Grayscale.adjoint",
        "The weights are divided by their sum. The transpose has them as they are in the forward "
        "map.",
        (("\n        " + COLOURED + "\n", "\n        " + COLOURED + " / self.weights.sum()\n"),),
    ),
    Misconception(
        "grayscale-adjoint-shared",
        "Grayscale.adjoint",
        "The result is divided by the number of channels. The transpose of a sum does not share: "
        "each channel gets its weight times y.",
        (("\n        " + COLOURED + "\n", "\n        " + COLOURED + " / len(self.weights)\n"),),
    ),
    Misconception(
        "grayscale-adjoint-divided",
        "Grayscale.adjoint",
        "y is divided by the weights. That undoes a product; the transpose multiplies.",
        (("\n        " + COLOURED + "\n", "\n        return y / self.weights[:, None, None]\n"),),
    ),
    Misconception(
        "grayscale-adjoint-three-channels",
        "Grayscale.adjoint",
        "Three channels are written into the program; there are as many as weights.",
        ((COLOURED, "return torch.cat([self.weights[c] * y for c in range(3)], dim=1)"),),
    ),
    Misconception(
        "grayscale-pinv-is-adjoint",
        "Grayscale.pinv",
        "This is the transpose: A A^+ y is not y.",
        ((RECOLOURED, "return self.weights[:, None, None] * (1 * y)"),),
    ),
    Misconception(
        "grayscale-pinv-copied",
        "Grayscale.pinv",
        "The grey value, suitably scaled, is copied into all channels. That fits y, but it is not the "
        "shortest image that does.",
        ((RECOLOURED, "return (y / self.weights.sum()).expand(-1, len(self.weights), -1, -1)"),),
    ),
    Misconception(
        "grayscale-pinv-sum",
        "Grayscale.pinv",
        "The result is divided by the sum of the weights; A A^T is the sum of their squares.",
        ((RECOLOURED, "return self.weights[:, None, None] / self.weights.sum() * y"),),
    ),
    Misconception(
        "grayscale-pinv-norm",
        "Grayscale.pinv",
        "The result is divided by the norm of the weights; A A^T is its square.",
        ((RECOLOURED, RECOLOURED.replace(".sum()", ".sum().sqrt()")),),
    ),
    Misconception(
        "grayscale-pinv-squared-sum",
        "Grayscale.pinv",
        "The result is divided by the square of the sum of the weights. Square them first, then add.",
        ((RECOLOURED, RECOLOURED.replace("square().sum()", "sum().square()")),),
    ),
    Misconception(
        "grayscale-pinv-shared",
        "Grayscale.pinv",
        "The result is divided by the number of channels. By how much A A^T scales a grey value depends on the "
        "weights.",
        ((RECOLOURED, RECOLOURED.replace("self.weights.square().sum()", "len(self.weights)")),),
    ),
    Misconception(
        "grayscale-pinv-reciprocal",
        "Grayscale.pinv",
        "Each channel is y divided by its weight, so that every channel by itself already brings back all of y.",
        ((RECOLOURED, "return y / self.weights[:, None, None]"),),
    ),
    Misconception(
        "grayscale-pinv-elementwise",
        "Grayscale.pinv",
        "Each channel is y divided by its weight and by C. That fits y, but it is not the "
        "shortest image that does.",
        ((RECOLOURED, "return y / (len(self.weights) * self.weights[:, None, None])"),),
    ),
    Misconception(
        "radon-weights-degrees",
        "Radon.weights",
        "The angles are taken for degrees.",
        ((SHADOW, "angles = angles.deg2rad()\n        " + SHADOW),),
    ),
    Misconception(
        "radon-weights-axis-up",
        "Radon.weights",
        "The y axis points upwards; row 0 is at the top and y runs down.",
        ((SHADOW, "shadow = x * angles.cos() - y * angles.sin()"),),
    ),
    Misconception(
        "radon-weights-along-the-beam",
        "Radon.weights",
        "Cosine and sine are exchanged: at angle 0 the shadow is a function of the column.",
        ((SHADOW, "shadow = x * angles.sin() + y * angles.cos()"),),
    ),
    Misconception(
        "radon-weights-corner-origin",
        "Radon.weights",
        "The origin lies half a pixel off the centre: it is (n - 1) / 2, not n / 2.",
        (("- (n - 1) / 2", "- n / 2"),),
    ),
    Misconception(
        "radon-weights-nearest",
        "Radon.weights",
        "Each pixel goes to its nearest cell as a whole; it is shared linearly between two cells.",
        ((HAT, "return (distance < 0.5).to(distance.dtype)"),),
    ),
    Misconception(
        "radon-weights-reversed",
        "Radon.weights",
        "The detector is read from the wrong end.",
        ((HAT, HAT + ".flip(1)"),),
    ),
    Misconception(
        "radon-weights-renormalised",
        "Radon.weights",
        "The weights are made to sum to 1 over the cells. What falls beside the detector is lost, "
        "and must be.",
        (
            (
                HAT,
                "hat = (1 - distance).clamp(min=0)\n        return hat / hat.sum(dim=1, keepdim=True)",
            ),
        ),
    ),
    Misconception(
        "radon-weights-default-dtype",
        "Radon.weights",
        "The weights are in torch's default dtype, whatever that of the angles is; they follow the angles.",
        (
            (
                "        return (1 - distance).clamp(min=0)",
                "        return (1 - distance).clamp(min=0).to(torch.get_default_dtype())",
            ),
        ),
    ),
    Misconception(
        "radon-forward-means",
        "Radon.forward",
        "The values along a line are averaged; they are added up.",
        ((SINOGRAM, SINOGRAM + " / self.weights().sum(dim=(2, 3))"),),
    ),
    Misconception(
        "radon-forward-renormalised",
        "Radon.forward",
        "The weights are divided by their sum over the cells, so that pixels beside the detector "
        "count in full. They are used as they are.",
        (
            (
                SINOGRAM,
                "weights = self.weights()\n        weights = weights / weights.sum(dim=1, keepdim=True)\n        return torch.einsum('vjhw,bchw->bcvj', weights, x)",
            ),
        ),
    ),
    Misconception(
        "radon-forward-views-last",
        "Radon.forward",
        "Views and detector cells are exchanged: the sinogram is (B, C, V, J).",
        ((SINOGRAM, SINOGRAM.replace("->bcvj", "->bcjv")),),
    ),
    Misconception(
        "radon-forward-over-channels",
        "Radon.forward",
        "The channels are added up; each has a sinogram of its own.",
        (
            (
                SINOGRAM,
                SINOGRAM.replace("->bcvj", "->bvj") + "[:, None].expand(-1, x.shape[1], -1, -1)",
            ),
        ),
    ),
    Misconception(
        "radon-forward-squared",
        "Radon.forward",
        "The weights are squared.",
        ((SINOGRAM, SINOGRAM.replace("weights(),", "weights() ** 2,")),),
    ),
    Misconception(
        "radon-forward-per-pixel",
        "Radon.forward",
        "The sums are divided by the number of pixels; a sinogram has the sums themselves.",
        ((SINOGRAM, SINOGRAM + " / (self.height * self.width)"),),
    ),
    Misconception(
        "radon-adjoint-averaged",
        "Radon.adjoint",
        "The views are averaged. That is the usual picture of backprojection, but the transpose adds "
        "them up.",
        ((SMEARED, SMEARED + " / len(self.angles)"),),
    ),
    Misconception(
        "radon-adjoint-normalised",
        "Radon.adjoint",
        "Each pixel is divided by its total weight. The transpose is not normalised.",
        ((SMEARED, SMEARED + " / self.weights().sum(dim=(0, 1))"),),
    ),
    Misconception(
        "radon-adjoint-is-pinv",
        "Radon.adjoint",
        "This is the pseudo-inverse, a reconstruction. The transpose only smears the values back.",
        ((SMEARED, "return self.pinv(y)"),),
    ),
    Misconception(
        "radon-adjoint-squared",
        "Radon.adjoint",
        "The weights are squared.",
        ((SMEARED, SMEARED.replace("weights(),", "weights() ** 2,")),),
    ),
    Misconception(
        "radon-adjoint-over-channels",
        "Radon.adjoint",
        "The channels are added up; each is smeared by itself.",
        (
            (
                SMEARED,
                SMEARED.replace("->bchw", "->bhw") + "[:, None].expand(-1, y.shape[1], -1, -1)",
            ),
        ),
    ),
    Misconception(
        "radon-adjoint-per-pixel",
        "Radon.adjoint",
        "The sums are divided by the number of pixels. The transpose is not normalised.",
        ((SMEARED, SMEARED + " / (self.height * self.width)"),),
    ),
    Misconception(
        "ddnm-project-residual-sign",
        "ddnm_project",
        "The residual has the wrong sign: the result moves away from y.",
        ((PROJECT, "return x0 + operator.pinv(operator.forward(x0) - y)"),),
    ),
    Misconception(
        "ddnm-project-only-range",
        "ddnm_project",
        "Only A^+ y is returned; the null-space part of x0 is lost.",
        ((PROJECT, "return operator.pinv(y)"),),
    ),
    Misconception(
        "ddnm-project-added",
        "ddnm_project",
        "A^+ y is added without taking out what A already sees of x0.",
        ((PROJECT, "return x0 + operator.pinv(y)"),),
    ),
    Misconception(
        "ddnm-project-null-space-only",
        "ddnm_project",
        "What A sees of x0 is taken out, but y is not put in its place.",
        ((PROJECT, "return x0 - operator.pinv(operator.forward(x0))"),),
    ),
    Misconception(
        "ddnm-project-null-space-sign",
        "ddnm_project",
        "The null-space part of x0 has the wrong sign.",
        ((PROJECT, "return operator.pinv(y) - (x0 - operator.pinv(operator.forward(x0)))"),),
    ),
    Misconception(
        "ddnm-project-in-place",
        "ddnm_project",
        "The caller's x0 is overwritten; make a new tensor.",
        ((PROJECT, "return x0.add_(operator.pinv(y - operator.forward(x0)))"),),
    ),
    Misconception(
        "ddnm-step-not-projected",
        "ddnm_step",
        "The estimate of x_0 is used without the projection; y has no influence.",
        ((DDNM, DDNM.replace("ddnm_project(x0, y, operator)", "x0")),),
    ),
    Misconception(
        "ddnm-step-x-projected",
        "ddnm_step",
        "The noisy x_t is projected. y is a measurement of the clean image: project the estimate of x_0.",
        ((DDNM, DDNM.replace("ddnm_project(x0,", "ddnm_project(x,")),),
    ),
    Misconception(
        "ddnm-step-result-projected",
        "ddnm_step",
        "The projection comes after the step, onto a sample that is still noisy.",
        (
            (
                DDNM,
                "x_prev = level_prev.sqrt() * x0 + (1 - level_prev).sqrt() * eps\n"
                "    return ddnm_project(x_prev, y, operator)",
            ),
        ),
    ),
    Misconception(
        "ddnm-step-eps-recomputed",
        "ddnm_step",
        "The noise is computed again from the projected estimate; the step keeps the network's.",
        (
            (
                DDNM,
                "x0 = ddnm_project(x0, y, operator)\n"
                "    eps = (x - level.sqrt() * x0) / (1 - level).sqrt()\n"
                "    return level_prev.sqrt() * x0 + (1 - level_prev).sqrt() * eps",
            ),
        ),
    ),
    Misconception(
        "ddnm-step-consecutive",
        "ddnm_step",
        "The result is at level t - 1 instead of t_prev.",
        ((DDNM_EPS, DDNM_EPS.replace("alpha_bar, t_prev)", "alpha_bar, t - 1)")),),
    ),
    Misconception(
        "ddnm-step-end-noisy",
        "ddnm_step",
        "At t_prev = -1 the *last* entry of alpha_bar is taken. -1 stands for the clean image.",
        (
            (
                DDNM_EPS,
                DDNM_EPS.replace("signal_level(alpha_bar, t_prev)", "alpha_bar[t_prev]"),
            ),
        ),
    ),
    Misconception(
        "ddnm-step-level-zero-is-data",
        "ddnm_step",
        LEVEL_ZERO,
        ((DDNM_EPS, DDNM_EPS.replace("signal_level(alpha_bar, t_prev)", PREVIOUS)),),
    ),
    Misconception(
        "ddnm-step-one-time-for-batch",
        "ddnm_step",
        "The model is given t with shape (1,); it must be told the step of each example, shape "
        "(B,).",
        ((DDNM_ASK, DDNM_ASK.replace("x.shape[:1]", "(1,)")),),
    ),
    Misconception(
        "ddnm-step-float-times",
        "ddnm_step",
        "The model is given t in floating point; steps are integers, int64, which networks use to "
        "look things up.",
        ((DDNM_ASK, DDNM_ASK.replace(", t,", ", float(t),")),),
    ),
    Misconception(
        "dps-step-not-through-network",
        "dps_step",
        "The noise prediction is a constant in the gradient. The gradient passes through the network, "
        "which knows how pixels belong together.",
        ((DPS_X0, DPS_X0.replace("* eps)", "* eps.detach())")),),
    ),
    Misconception(
        "dps-step-gradient-of-x0",
        "dps_step",
        "The gradient is taken with respect to the estimate of x_0; it is asked for with respect to x_t.",
        ((GRADIENT, GRADIENT.replace(", x)", ", x0)")),),
    ),
    Misconception(
        "dps-step-squared",
        "dps_step",
        "The norm is squared, so that the correction grows with the error.",
        ((NORM, NORM.replace(", dim=1).sum()", ", dim=1).square().sum()")),),
    ),
    Misconception(
        "dps-step-twice",
        "dps_step",
        "The correction is twice too large: the square's factor 2 is left in after dividing by the norm.",
        ((GUIDED, "return (x_prev - 2 * zeta * gradient).detach()"),),
    ),
    Misconception(
        "dps-step-norm-of-batch",
        "dps_step",
        "One norm is taken over the whole batch, so examples influence each other. Each has its own.",
        ((NORM, "error = torch.linalg.vector_norm(y - measure(x0))"),),
    ),
    Misconception(
        "dps-step-mean-of-batch",
        "dps_step",
        "The norms are averaged over the batch, so that the correction depends on its size.",
        ((NORM, NORM.replace(", dim=1).sum()", ", dim=1).mean()")),),
    ),
    Misconception(
        "dps-step-uphill",
        "dps_step",
        "The correction has the wrong sign: it increases the error.",
        ((GUIDED, "return (x_prev + zeta * gradient).detach()"),),
    ),
    Misconception(
        "dps-step-measures-x",
        "dps_step",
        "The noisy x_t is measured; the error is that of the estimate of x_0.",
        ((NORM, NORM.replace("measure(x0)", "measure(x)")),),
    ),
    Misconception(
        "dps-step-end-noisy",
        "dps_step",
        "At t_prev = -1 the *last* entry of alpha_bar is taken. -1 stands for the clean image.",
        (
            (
                DPS_LEVELS,
                DPS_LEVELS.replace("signal_level(alpha_bar, t_prev)", "alpha_bar[t_prev]"),
            ),
        ),
    ),
    Misconception(
        "dps-step-level-zero-is-data",
        "dps_step",
        LEVEL_ZERO,
        ((DPS_LEVELS, DPS_LEVELS.replace("signal_level(alpha_bar, t_prev)", PREVIOUS)),),
    ),
    Misconception(
        "dps-step-graph-kept",
        "dps_step",
        "The result still hangs on the graph of the network: over a whole chain, memory runs out.",
        ((GUIDED, "return x_prev - zeta * gradient"),),
    ),
    Misconception(
        "dps-step-backward",
        "dps_step",
        "`backward()` also fills the `grad` of the network's parameters. Ask for the gradient with "
        "respect to x only.",
        ((GRADIENT, "error.backward()\n        gradient = x.grad"),),
    ),
    Misconception(
        "dps-step-divided-by-norm",
        "dps_step",
        "The gradient is divided by the norm once more. That belongs to the gradient of the "
        "squared norm.",
        ((NORM, NORM.replace(".sum()", ".log().sum()")),),
    ),
    Misconception(
        "dps-step-one-time-for-batch",
        "dps_step",
        "The model is given t with shape (1,); it must be told the step of each example, shape "
        "(B,).",
        ((DPS_ASK, DPS_ASK.replace("x.shape[:1]", "(1,)")),),
    ),
    Misconception(
        "dps-step-float-times",
        "dps_step",
        "The model is given t in floating point; steps are integers, int64, which networks use to "
        "look things up.",
        ((DPS_ASK, DPS_ASK.replace(", t,", ", float(t),")),),
    ),
    Misconception(
        "dps-step-asks-twice",
        "dps_step",
        "The network is evaluated a second time for the step itself. Its first answer serves "
        "both, at half the price.",
        (
            (
                "    x_prev = level_prev.sqrt() * x0",
                "    eps = model(x, torch.full(x.shape[:1], t, device=x.device))\n    x_prev = level_prev.sqrt() * x0",
            ),
        ),
    ),
    Misconception(
        "dps-step-unmarks-x",
        "dps_step",
        "x is marked for gradients and then unmarked, also where it required gradients before: it is the caller's. Mark a detached copy.",
        (
            ("x = x.detach().requires_grad_()", "x.requires_grad_(True)"),
            (
                GUIDED,
                "x_prev = (x_prev - zeta * gradient).detach()\n    x.requires_grad_(False)\n    return x_prev",
            ),
        ),
    ),
    Misconception(
        "sdedit-truncated",
        "sdedit",
        "strength T is cut off instead of rounded.",
        ((STEPS, "steps = int(strength * len(alpha_bar))"),),
    ),
    Misconception(
        "sdedit-strength-inverted",
        "sdedit",
        "Strength is used the wrong way round: 0 keeps the guide, 1 forgets it.",
        ((STEPS, "steps = round((1 - strength) * len(alpha_bar))"),),
    ),
    Misconception(
        "sdedit-level-too-high",
        "sdedit",
        "The guide is noised to level n; n steps lead down from n - 1.",
        ((START, "level = signal_level(alpha_bar, min(steps, len(alpha_bar) - 1))"),),
    ),
    Misconception(
        "sdedit-last-step-missing",
        "sdedit",
        "The step from 0 to -1 is missing: the result is still a little noisy.",
        ((LOOP, LOOP.replace("range(steps)", "range(1, steps)")),),
    ),
    Misconception(
        "sdedit-ascending",
        "sdedit",
        "The steps are taken from the least to the most noisy.",
        ((LOOP, LOOP.replace("reversed(range(steps))", "range(steps)")),),
    ),
    Misconception(
        "sdedit-whole-chain",
        "sdedit",
        "All T steps are taken, whatever the level that the guide was noised to.",
        ((LOOP, LOOP.replace("range(steps)", "range(len(alpha_bar))")),),
    ),
    Misconception(
        "sdedit-guide-clean",
        "sdedit",
        "The sampler starts from the guide itself; it must first be noised to the level of the first "
        "step.",
        ((NOISED, "x = guide"),),
    ),
    Misconception(
        "sdedit-full-strength-remembers",
        "sdedit",
        "At full strength a trace of the guide is left; it starts from the noise alone.",
        ((ALL_NOISE, ""),),
    ),
    Misconception(
        "sdedit-noise-at-one-only",
        "sdedit",
        "Only strength 1 starts from the noise alone. A strength a little below it rounds to n = T steps too.",
        (("    if steps == len(alpha_bar):\n", "    if strength == 1:\n"),),
    ),
)

ALTERNATIVES = (
    Alternative(
        "where-matrices-and-loops",
        (
            (BLEND, "return torch.lerp(x, known, mask.expand_as(x))"),
            (
                POOL,
                "f = self.factor\n"
                "        return x.unflatten(-1, (-1, f)).unflatten(-3, (-1, f)).mean(dim=(-3, -1))",
            ),
            (SPREAD, "return torch.kron(y, y.new_ones(self.factor, self.factor)) / self.factor**2"),
            (
                "\n        " + BLOWN_UP,
                "\n        return F.interpolate(y, scale_factor=self.factor)",
            ),
            (GREY, "return torch.einsum('c,bchw->bhw', self.weights, x).unsqueeze(1)"),
            (
                RECOLOURED,
                "return F.conv2d(y, (self.weights / (self.weights @ self.weights)).view(-1, 1, 1, 1))",
            ),
            (
                HAT,
                "return torch.where(distance < 1, 1 - distance, distance.new_zeros(()))",
            ),
            (
                SINOGRAM,
                "matrix = self.weights().flatten(2)\n"
                "        views = [x.flatten(2) @ view.T for view in matrix]\n"
                "        return torch.stack(views, dim=2)",
            ),
            (
                SMEARED,
                "matrix = self.weights().flatten(2).flatten(0, 1)\n"
                "        return (y.flatten(2) @ matrix).unflatten(-1, (self.height, self.width))",
            ),
            (
                PROJECT,
                "seen = operator.pinv(operator.forward(x0))\n"
                "    return operator.pinv(y) + x0 - seen",
            ),
            (
                NORM,
                "errors = (y - measure(x0)).flatten(1).square().sum(dim=1).sqrt()\n"
                "        error = errors.sum()",
            ),
            (
                NOISED + "\n" + ALL_NOISE,
                "x = torch.sqrt(level) * guide + torch.sqrt(1 - level) * noise\n"
                "    x = noise if steps == len(alpha_bar) else x\n",
            ),
        ),
    ),
    Alternative(
        "dps-by-vector-jacobian-product",
        (
            (
                NORM + "\n        " + GRADIENT,
                "measured, pull = torch.func.vjp(measure, x0.detach())\n"
                "        error = measured - y\n"
                "        size = error.flatten(1).norm(dim=1)\n"
                "        unit = error / size.view(-1, *[1] * (error.dim() - 1))\n"
                "        (gradient,) = torch.autograd.grad(x0, x, pull(unit)[0])",
            ),
            (
                ROUNDS + "\n        " + ROUND,
                "rounds = len(known_noise)\n"
                "    for r in range(rounds):\n"
                "        x = step(x, t, t_prev)\n"
                "        x = replace_observed(x, y, mask, t_prev, alpha_bar, known_noise[r])\n"
                "        if r + 1 < rounds:\n"
                "            x = x * ratio**0.5 + jump_noise[r] * (1 - ratio) ** 0.5",
            ),
            (POOL, "return F.interpolate(x, scale_factor=1 / self.factor, mode='area')"),
        ),
    ),
)
