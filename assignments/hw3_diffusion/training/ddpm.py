"""Q4: a diffusion model of images by class, its bound on the likelihood, and its sampler."""

import math

import torch
from diffusion.ddpm import p_sample, p_sample_loop, q_posterior, q_sample, vlb_term
from diffusion.schedules import eps_to_x0
from torch import Tensor
from training.common import Run
from training.figures import COLORS, curve_figure, image_rows, new_figure, show_images
from training.judge import Judge
from training.noise_model import (
    NUM_LEVELS,
    NoiseModel,
    classes_in_turn,
    load_images,
    train_noise_model,
)

from datasets import Dataset, Split

DATA = "digits"
STEPS = 2000
NEEDS = "Q3a to Q3c, Q4a, Q4c, Q4e (Q4b and Q4d add the bound)"

_JUDGED_PER_CLASS = 60
_SHOWN_PER_CLASS = 8
_VARIANCES_FROM = 500
_STRIP = (199, 160, 120, 90, 60, 40, 20, 10, 0)
_EXPECT = {
    "digits": (
        "about 3.5 after 2000 steps; other real digits: 3, a full Gaussian: 8",
        "about 0.99; without the class: 0.1",
        "about 2.7: it was not trained for",
    )
}


def train(run: Run) -> None:
    """Train, sample by class, watch a chain, and sum the bound."""
    data = load_images(run)
    expect = _EXPECT.get(data.name, ("", "", ""))
    model = train_noise_model(run, data)
    title = f"Noise in {data.name}, predicted"
    run.save(curve_figure(model.curve, "squared error per pixel", title), "curve.png")

    y = classes_in_turn(run, data, _JUDGED_PER_CLASS)
    shape = data.train.x.shape[1:]
    start = run.normal(len(y), *shape)
    noises = run.normal(NUM_LEVELS, len(y), *shape)
    with torch.no_grad():
        samples = p_sample_loop(model.of_class(y), start, noises, model.betas)
    judge = Judge(run, data)
    run.report("Fréchet distance to test images", judge.distance(samples), "", expect[0])
    run.report("samples of their class", judge.accuracy(samples, y), "", expect[1])
    _show_samples(run, data, samples)
    _show_strip(run, data, model)
    with run.optional("terms.png"):
        _report_bound(run, data, model, expect[2])


def _show_samples(run: Run, data: Dataset, samples: Tensor) -> None:
    num = data.num_classes * _SHOWN_PER_CLASS
    order = [(data.test.y == k).nonzero()[:_SHOWN_PER_CLASS, 0] for k in range(data.num_classes)]
    real = data.test.x[torch.stack(order, dim=1).flatten()]
    figure = new_figure(8.6, 3.9)
    left, right = figure.subplots(1, 2)
    show_images(left, (real + 1) / 2, data.num_classes, f"test images: {data.name}")
    title = "samples, one class per column"
    show_images(right, (samples[:num] + 1) / 2, data.num_classes, title)
    run.save(figure, "samples.png")


@torch.no_grad()
def _show_strip(run: Run, data: Dataset, model: NoiseModel) -> None:
    """A chain of every class: where it stands, and what it takes for the image already."""
    y = classes_in_turn(run, data, 1)
    x = run.normal(len(y), *data.train.x.shape[1:])
    states, guesses = {}, {}
    for t in reversed(range(NUM_LEVELS)):
        eps = model.network(x, torch.full_like(y, t), y)
        if t in _STRIP:
            states[f"$t = {t}$"] = x
            level = model.alpha_bar[t].expand(len(x))
            guesses[f"$t = {t}$"] = eps_to_x0(x, eps, level)
        x = p_sample(x, t, eps, run.normal(*x.shape), model.betas)
    states["sample"] = x
    rows = {name: (images + 1) / 2 for name, images in states.items()}
    run.save(image_rows(rows, "From noise to images, one class per column"), "denoising.png")
    rows = {name: (images + 1) / 2 for name, images in guesses.items()}
    run.save(image_rows(rows, "The image that the network sees in the noise"), "guesses.png")


@torch.no_grad()
def _report_bound(run: Run, data: Dataset, model: NoiseModel, expect: str) -> None:
    """All terms of the bound, with the variances that suit the training images best."""
    some = Split(data.train.x[:_VARIANCES_FROM], data.train.y[:_VARIANCES_FROM])
    terms = []
    for step in range(NUM_LEVELS):
        mean_q, variance_q, mean_p = _compare_means(run, some, step, model)
        variance = variance_q[0] + (mean_q - mean_p).square().mean()
        mean_q, variance_q, mean_p = _compare_means(run, data.test, step, model)
        t, variance_p = torch.full_like(data.test.y, step), variance.expand(len(data.test))
        term = vlb_term(data.test.x, t, mean_q, variance_q, mean_p, variance_p, data.levels)
        terms.append(term.mean().item())
    last = model.alpha_bar[-1]
    prior = 0.5 * (last * data.test.x.square() - last - torch.log1p(-last)).mean().item()
    name = "test bound on the negative log-likelihood given the class"
    run.report(name, sum(terms) + prior / math.log(2), "bits per dimension", expect)
    figure = new_figure(6, 3.8)
    axes = figure.subplots()
    axes.plot(terms, color=COLORS[0], linewidth=2, label="term $t$")
    sums = torch.tensor(terms).cumsum(dim=0)
    axes.plot(sums, color=COLORS[3], linewidth=2, label="sum of the terms up to $t$")
    axes.set(yscale="log", xlabel="time step $t$", ylabel="bits per dimension")
    axes.set(title=f"The bound on {data.name}: fine noise costs most")
    axes.legend(loc="center right")
    run.save(figure, "terms.png")


def _compare_means(
    run: Run, split: Split, step: int, model: NoiseModel
) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and variance of the posterior of one step, and the model's mean."""
    x0, y = split.x, split.y
    t = torch.full_like(y, step)
    x_t = q_sample(x0, t, run.normal(*x0.shape), model.alpha_bar)
    guess = eps_to_x0(x_t, model.network(x_t, t, y), model.alpha_bar[t]).clamp(-1, 1)
    mean_p, _ = q_posterior(guess, x_t, t, model.betas)
    return *q_posterior(x0, x_t, t, model.betas), mean_p
