"""Q10: what goes wrong in CycleGAN."""

from autograder.misconceptions import Alternative, Misconception

CYCLE = "return (to_a(to_b(a)) - a).abs().mean() + (to_b(to_a(b)) - b).abs().mean()"
IDENTITY = "return (to_b(b) - b).abs().mean() + (to_a(a) - a).abs().mean()"
ADVERSARIAL = (
    "adversarial = (critic_b(fake_b) - 1).square().mean() + (critic_a(fake_a) - 1).square().mean()"
)
TOTAL = "return adversarial + cycle_weight * cycle + identity_weight * identity"
DISCRIMINATOR = (
    "return 0.5 * ((critic(real) - 1).square().mean() + critic(fake.detach()).square().mean())"
)
IMAGES = "for i, image in enumerate(images.detach()):"
FULL = "if len(self.images) < self.capacity:"
STORE = "self.images.append(image)"
COIN = "elif u[i, 0] >= 0.5:"
PLACE = "place = min(int(self.capacity * u[i, 1]), self.capacity - 1)"
SWAP = "self.images[place], image = image, self.images[place]"
BUFFER = (
    "        returned = []\n"
    "        for i, image in enumerate(images.detach()):\n"
    "            if len(self.images) < self.capacity:\n"
    "                self.images.append(image)\n"
    "            elif u[i, 0] >= 0.5:\n"
    "                place = min(int(self.capacity * u[i, 1]), self.capacity - 1)\n"
    "                self.images[place], image = image, self.images[place]\n"
    "            returned.append(image)\n"
    "        return torch.stack(returned)\n"
)

MISCONCEPTIONS = (
    Misconception(
        "cycle-generators-swapped",
        "cycle_loss",
        "The generators are applied in the wrong order: images of A enter the generator that expects "
        "images of B. An image of A goes to B first, and then back.",
        ((CYCLE, "return (to_b(to_a(a)) - a).abs().mean() + (to_a(to_b(b)) - b).abs().mean()"),),
    ),
    Misconception(
        "cycle-forward-only",
        "cycle_loss",
        "Only A -> B -> A is there. The cycle that starts in B needs its own term, or the map from B "
        "may collapse.",
        ((CYCLE, "return (to_a(to_b(a)) - a).abs().mean()"),),
    ),
    Misconception(
        "cycle-squared",
        "cycle_loss",
        "The differences are squared. CycleGAN takes absolute values (L1), which blur less.",
        (
            (
                CYCLE,
                "return (to_a(to_b(a)) - a).square().mean() + (to_b(to_a(b)) - b).square().mean()",
            ),
        ),
    ),
    Misconception(
        "cycle-half",
        "cycle_loss",
        "The two directions are averaged. They are added, without a factor 1/2.",
        (
            (
                CYCLE,
                "return 0.5 * ((to_a(to_b(a)) - a).abs().mean() + (to_b(to_a(b)) - b).abs().mean())",
            ),
        ),
    ),
    Misconception(
        "cycle-pooled",
        "cycle_loss",
        "One mean is taken over the images of both domains together. Each direction has a mean of its "
        "own, and the two are added; the batches may differ in size.",
        ((CYCLE, "return torch.cat([to_a(to_b(a)) - a, to_b(to_a(b)) - b]).abs().mean()"),),
    ),
    Misconception(
        "cycle-sum-over-pixels",
        "cycle_loss",
        "The differences are added up over each image. The mean is over all entries; else the weight "
        "of the loss means something else for every image size.",
        (
            (
                CYCLE,
                "return (\n"
                "        (to_a(to_b(a)) - a).abs().sum(dim=(1, 2, 3)).mean()\n"
                "        + (to_b(to_a(b)) - b).abs().sum(dim=(1, 2, 3)).mean()\n"
                "    )",
            ),
        ),
    ),
    Misconception(
        "cycle-absolute-of-mean",
        "cycle_loss",
        "The absolute value is taken of the mean difference: errors of different sign cancel. Take it "
        "of every entry.",
        ((CYCLE, "return (to_a(to_b(a)) - a).mean().abs() + (to_b(to_a(b)) - b).mean().abs()"),),
    ),
    Misconception(
        "cycle-detached",
        "cycle_loss",
        "The translated images are detached: the value is right, but each generator learns only from "
        "the second half of a cycle. The gradient must reach both through both terms.",
        (
            (
                CYCLE,
                "return (to_a(to_b(a).detach()) - a).abs().mean() + (to_b(to_a(b).detach()) - b).abs().mean()",
            ),
        ),
    ),
    Misconception(
        "cycle-half-way",
        "cycle_loss",
        "The returned image is compared to the translated one, not to the image that the cycle "
        "started from.",
        (
            (
                CYCLE,
                "return (to_a(to_b(a)) - to_b(a)).abs().mean() + (to_b(to_a(b)) - to_a(b)).abs().mean()",
            ),
        ),
    ),
    Misconception(
        "identity-generators-swapped",
        "identity_loss",
        "The generators are swapped: G is asked to leave images of A as they are, which is the "
        "opposite of its task. G makes images of B, so an image of B is what it should leave alone.",
        ((IDENTITY, "return (to_b(a) - a).abs().mean() + (to_a(b) - b).abs().mean()"),),
    ),
    Misconception(
        "identity-of-other-domain",
        "identity_loss",
        "Translated images are compared to images of the other domain. There are no pairs: image n of "
        "B has nothing to do with image n of A. Each term needs one set of images only.",
        ((IDENTITY, "return (to_b(a) - b).abs().mean() + (to_a(b) - a).abs().mean()"),),
    ),
    Misconception(
        "identity-is-a-cycle",
        "identity_loss",
        "This is the cycle loss. Here each generator is applied once, to images of the domain that it "
        "makes.",
        ((IDENTITY, "return (to_b(to_a(b)) - b).abs().mean() + (to_a(to_b(a)) - a).abs().mean()"),),
    ),
    Misconception(
        "identity-one-generator",
        "identity_loss",
        "Only one of the generators is held to the identity; both need a term.",
        ((IDENTITY, "return (to_b(b) - b).abs().mean()"),),
    ),
    Misconception(
        "identity-squared",
        "identity_loss",
        "The differences are squared. The identity loss takes absolute values, as the cycle loss does.",
        ((IDENTITY, "return (to_b(b) - b).square().mean() + (to_a(a) - a).square().mean()"),),
    ),
    Misconception(
        "identity-half",
        "identity_loss",
        "A factor 1/2 is inside the loss. The two terms are added; the weight comes later, in the "
        "objective.",
        ((IDENTITY, "return 0.5 * ((to_b(b) - b).abs().mean() + (to_a(a) - a).abs().mean())"),),
    ),
    Misconception(
        "identity-absolute-of-mean",
        "identity_loss",
        "The absolute value is taken of the mean difference: errors of different sign cancel. Take it "
        "of every entry.",
        ((IDENTITY, "return (to_b(b) - b).mean().abs() + (to_a(a) - a).mean().abs()"),),
    ),
    Misconception(
        "objective-critics-swapped",
        "generator_objective",
        "The discriminators are swapped: generated images of B are judged by the discriminator of A.",
        (
            (
                ADVERSARIAL,
                "adversarial = (critic_a(fake_b) - 1).square().mean() + (critic_b(fake_a) - 1).square().mean()",
            ),
        ),
    ),
    Misconception(
        "objective-wrong-label",
        "generator_objective",
        "Generated images have the label 0, as for the discriminator. The generators want them to "
        "score 1.",
        (
            (
                ADVERSARIAL,
                "adversarial = critic_b(fake_b).square().mean() + critic_a(fake_a).square().mean()",
            ),
        ),
    ),
    Misconception(
        "objective-log-loss",
        "generator_objective",
        "This is the logistic loss. CycleGAN replaces it by a least-squares loss, which trains more "
        "stably.",
        (
            (
                ADVERSARIAL,
                "softplus = torch.nn.functional.softplus\n"
                "    adversarial = softplus(-critic_b(fake_b)).mean() + softplus(-critic_a(fake_a)).mean()",
            ),
        ),
    ),
    Misconception(
        "objective-half",
        "generator_objective",
        "The adversarial terms are halved. The factor 1/2 belongs to the discriminators only: it slows "
        "them down relative to the generators.",
        ((TOTAL, "return 0.5 * adversarial + cycle_weight * cycle + identity_weight * identity"),),
    ),
    Misconception(
        "objective-mean-of-scores",
        "generator_objective",
        "The scores are averaged before they are squared. Every patch must score 1, not the average.",
        (
            (
                ADVERSARIAL,
                "adversarial = (critic_b(fake_b).mean() - 1).square() + (critic_a(fake_a).mean() - 1).square()",
            ),
        ),
    ),
    Misconception(
        "objective-one-direction",
        "generator_objective",
        "Only one of the generators is judged by a discriminator; each needs an adversarial term.",
        ((ADVERSARIAL, "adversarial = (critic_b(fake_b) - 1).square().mean()"),),
    ),
    Misconception(
        "objective-detached",
        "generator_objective",
        "The generated images are detached: the opinion of the discriminators never reaches the "
        "generators. Detaching belongs to the discriminator's objective.",
        (
            (
                ADVERSARIAL,
                "fake_a, fake_b = fake_a.detach(), fake_b.detach()\n    " + ADVERSARIAL,
            ),
        ),
    ),
    Misconception(
        "objective-weights-multiplied",
        "generator_objective",
        "The identity loss is multiplied by the cycle weight as well. Here its weight is complete: "
        "5 is already one half of 10.",
        (
            (
                TOTAL,
                "return adversarial + cycle_weight * (cycle + identity_weight * identity)",
            ),
        ),
    ),
    Misconception(
        "objective-weights-swapped",
        "generator_objective",
        "The weights of the cycle loss and of the identity loss are swapped.",
        ((TOTAL, "return adversarial + identity_weight * cycle + cycle_weight * identity"),),
    ),
    Misconception(
        "objective-adversarial-sum",
        "generator_objective",
        "The adversarial terms are sums over all patches and images. They are means; else the balance "
        "with the cycle loss depends on the sizes.",
        (
            (
                ADVERSARIAL,
                "adversarial = (critic_b(fake_b) - 1).square().sum() + (critic_a(fake_a) - 1).square().sum()",
            ),
        ),
    ),
    Misconception(
        "discriminator-fake-not-detached",
        "discriminator_objective",
        "The gradient flows into the generated images, and on into the generator, which would learn "
        "to be found out: detach them.",
        ((DISCRIMINATOR, DISCRIMINATOR.replace("fake.detach()", "fake")),),
    ),
    Misconception(
        "discriminator-scores-detached",
        "discriminator_objective",
        "The scores of the generated images are detached: the discriminator learns nothing from them. "
        "It is the images that must be detached.",
        ((DISCRIMINATOR, DISCRIMINATOR.replace("critic(fake.detach())", "critic(fake).detach()")),),
    ),
    Misconception(
        "discriminator-backward-inside",
        "discriminator_objective",
        "The loss is differentiated in here already, so that its gradient counts twice when the caller "
        "calls `backward`. Return the loss and leave the rest to the training loop.",
        (
            (
                DISCRIMINATOR,
                f"{DISCRIMINATOR.replace('return', 'loss =')}\n"
                "    loss.backward(retain_graph=True)\n"
                "    return loss",
            ),
        ),
    ),
    Misconception(
        "discriminator-zero-grad",
        "discriminator_objective",
        "The gradients of the discriminator are set to zero in here. When that happens is for the "
        "training loop to say: a loss is only to be computed.",
        ((DISCRIMINATOR, f"critic.zero_grad()\n    {DISCRIMINATOR}"),),
    ),
    Misconception(
        "discriminator-no-half",
        "discriminator_objective",
        "The two terms are added. The discriminator's objective is half of their sum, which slows it "
        "down relative to the generators.",
        ((DISCRIMINATOR, DISCRIMINATOR.replace("0.5 * ", "")),),
    ),
    Misconception(
        "cyclegan-discriminator-labels-swapped",
        "discriminator_objective",
        "The labels are swapped: real images must score 1 and generated ones 0.",
        (
            (
                DISCRIMINATOR,
                "return 0.5 * (critic(real).square().mean() + (critic(fake.detach()) - 1).square().mean())",
            ),
        ),
    ),
    Misconception(
        "discriminator-label-minus-one",
        "discriminator_objective",
        "Generated images have the label -1 here. It is 0.",
        (
            (
                DISCRIMINATOR,
                "return 0.5 * ((critic(real) - 1).square().mean() + (critic(fake.detach()) + 1).square().mean())",
            ),
        ),
    ),
    Misconception(
        "discriminator-mean-of-scores",
        "discriminator_objective",
        "The scores are averaged before they are squared. Every patch is judged by itself.",
        (
            (
                DISCRIMINATOR,
                "return 0.5 * ((critic(real).mean() - 1).square() + critic(fake.detach()).mean().square())",
            ),
        ),
    ),
    Misconception(
        "discriminator-pooled",
        "discriminator_objective",
        "One mean is taken over real and generated images together. Real and generated images weigh "
        "the same, however many there are of each: average each set by itself.",
        (
            (
                DISCRIMINATOR,
                "return torch.cat([critic(real) - 1, critic(fake.detach())]).square().mean()",
            ),
        ),
    ),
    Misconception(
        "discriminator-log-loss",
        "discriminator_objective",
        "This is the logistic loss. CycleGAN replaces it by a least-squares loss, which trains more "
        "stably.",
        (
            (
                DISCRIMINATOR,
                "softplus = torch.nn.functional.softplus\n"
                "    return 0.5 * (softplus(-critic(real)).mean() + softplus(critic(fake.detach())).mean())",
            ),
        ),
    ),
    Misconception(
        "buffer-coin-inverted",
        "ReplayBuffer.push_and_sample",
        "The coin is the wrong way round: a new image goes straight through where it should change "
        "places with a stored one.",
        ((COIN, "elif u[i, 0] < 0.5:"),),
    ),
    Misconception(
        "buffer-coin-strict",
        "ReplayBuffer.push_and_sample",
        "A draw of exactly 1/2 belongs to the exchange: look at the inequalities.",
        ((COIN, "elif u[i, 0] > 0.5:"),),
    ),
    Misconception(
        "buffer-always-exchanges",
        "ReplayBuffer.push_and_sample",
        "Every image is exchanged once the buffer is full. Half of the time the discriminator must see "
        "the new image itself.",
        ((COIN, "else:"),),
    ),
    Misconception(
        "buffer-one-coin-per-batch",
        "ReplayBuffer.push_and_sample",
        "The first row of u decides for the whole batch. Every image has a row of its own.",
        ((COIN, "elif u[0, 0] >= 0.5:"), (PLACE, PLACE.replace("u[i, 1]", "u[0, 1]"))),
    ),
    Misconception(
        "buffer-one-draw-for-both",
        "ReplayBuffer.push_and_sample",
        "The draw that decides about the exchange also chooses the place: the first half of the buffer "
        "is never exchanged. Each row of u has two draws.",
        ((PLACE, PLACE.replace("u[i, 1]", "u[i, 0]")),),
    ),
    Misconception(
        "buffer-draws-shifted",
        "ReplayBuffer.push_and_sample",
        "The rows of u are counted from the moment when the buffer is full. Row i belongs to image i; "
        "rows of images that fill the buffer are skipped.",
        (
            (
                "        returned = []\n",
                "        returned = []\n"
                "        free = max(0, self.capacity - len(self.images))\n"
                "        u = torch.cat([u[:free], u[: max(0, len(u) - free)]])\n",
            ),
        ),
    ),
    Misconception(
        "buffer-rounded-place",
        "ReplayBuffer.push_and_sample",
        "The place is rounded to the nearest number: the first place gets half of its share. Round "
        "down.",
        ((PLACE, "place = min(round(float(self.capacity * u[i, 1])), self.capacity - 1)"),),
    ),
    Misconception(
        "buffer-last-place-never-chosen",
        "ReplayBuffer.push_and_sample",
        "The draw is multiplied by K - 1 before rounding down: the last stored image is never "
        "exchanged.",
        ((PLACE, "place = int((self.capacity - 1) * u[i, 1])"),),
    ),
    Misconception(
        "buffer-new-image-returned",
        "ReplayBuffer.push_and_sample",
        "The new image is stored and returned as well: the discriminator never sees an old one. "
        "Return what was stored before.",
        ((SWAP, "self.images[place] = image"),),
    ),
    Misconception(
        "buffer-never-renewed",
        "ReplayBuffer.push_and_sample",
        "A stored image is returned but stays in the buffer: it keeps the first K images for ever. The "
        "new image must take its place.",
        ((SWAP, "image = self.images[place]"),),
    ),
    Misconception(
        "buffer-new-image-at-the-end",
        "ReplayBuffer.push_and_sample",
        "The new image is stored at the end, and all later ones move up. It takes the place of the "
        "image that is returned.",
        (
            (
                SWAP,
                "new, image = image, self.images.pop(place)\n                self.images.append(new)",
            ),
        ),
    ),
    Misconception(
        "buffer-one-too-many",
        "ReplayBuffer.push_and_sample",
        "The buffer takes K + 1 images before it counts as full.",
        ((FULL, "if len(self.images) <= self.capacity:"),),
    ),
    Misconception(
        "buffer-keeps-the-graph",
        "ReplayBuffer.push_and_sample",
        "Images are stored and returned with their graph: the buffer keeps every generator pass of the "
        "past in memory, and a later backward pass runs into it. Detach them.",
        ((IMAGES, "for i, image in enumerate(images):"),),
    ),
    Misconception(
        "buffer-stores-the-graph",
        "ReplayBuffer.push_and_sample",
        "What is returned is a constant, but the images are stored with their graph: the buffer keeps "
        "every generator pass of the past in memory.",
        (
            (IMAGES, "for i, image in enumerate(images):"),
            ("return torch.stack(returned)", "return torch.stack(returned).detach()"),
        ),
    ),
)

ALTERNATIVES = (
    Alternative(
        "cyclegan-l1-and-mse-losses",
        (
            (
                CYCLE,
                "l1 = torch.nn.functional.l1_loss\n"
                "    fake_b, fake_a = to_b(a), to_a(b)\n"
                "    return l1(to_a(fake_b), a) + l1(to_b(fake_a), b)",
            ),
            (IDENTITY, "l1 = torch.nn.L1Loss()\n    return l1(to_a(a), a) + l1(to_b(b), b)"),
            (
                ADVERSARIAL,
                "mse = torch.nn.functional.mse_loss\n"
                "    scores_a, scores_b = critic_a(fake_a), critic_b(fake_b)\n"
                "    adversarial = mse(scores_a, torch.ones_like(scores_a))\n"
                "    adversarial = adversarial + mse(scores_b, torch.ones_like(scores_b))",
            ),
            (
                DISCRIMINATOR,
                "mse = torch.nn.MSELoss()\n"
                "    real_scores, fake_scores = critic(real), critic(fake.detach())\n"
                "    loss_real = mse(real_scores, torch.ones_like(real_scores))\n"
                "    loss_fake = mse(fake_scores, torch.zeros_like(fake_scores))\n"
                "    return (loss_real + loss_fake) / 2",
            ),
        ),
    ),
    Alternative(
        "cyclegan-one-pass",
        (
            (
                ADVERSARIAL,
                "adversarial = sum(\n"
                "        torch.linalg.vector_norm(scores - 1) ** 2 / scores.numel()\n"
                "        for scores in (critic_a(fake_a), critic_b(fake_b))\n"
                "    )",
            ),
            (
                DISCRIMINATOR,
                "scores = critic(torch.cat([real, fake.detach()]))\n"
                "    real_scores, fake_scores = scores.split([len(real), len(fake)])\n"
                "    return real_scores.sub(1).pow(2).mean() / 2 + fake_scores.pow(2).mean() / 2",
            ),
        ),
    ),
    Alternative(
        "cyclegan-buffer-in-one-tensor",
        (
            (
                BUFFER,
                "        result = images.detach().clone()\n"
                "        rows = u.tolist() if len(self.images) + len(images) > self.capacity else None\n"
                "        for i in range(len(images)):\n"
                "            count = len(self.images)\n"
                "            if count < self.capacity:\n"
                "                new = result[i : i + 1].clone()\n"
                "                self.images = torch.cat([self.images, new]) if count else new\n"
                "            elif rows[i][0] >= 0.5:\n"
                "                k = int(rows[i][1] * count)\n"
                "                result[i] = self.images[k]\n"
                "                self.images[k] = images[i].detach()\n"
                "        return result\n",
            ),
        ),
    ),
)
