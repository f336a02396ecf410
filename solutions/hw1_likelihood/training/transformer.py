"""Q5: a character-level transformer."""

from dataclasses import replace
from pathlib import Path

from likelihood.transformer import TransformerLM, lm_loss
from torch import Tensor
from training.common import Run, average, fit
from training.figures import curve_figure

from datasets import Dataset, Split, load
from datasets.text import decode, encode

DATA = "text"
STEPS = 1000
NEEDS = "Q5a to Q5d (Q5e and Q5f add samples)"

_LENGTH = 64
_PROMPT = "The "
_SAMPLES = 3
_SETTINGS = (
    {"temperature": 1.0},
    {"temperature": 0.7},
    {"temperature": 1.0, "top_k": 5},
    {"temperature": 1.0, "top_p": 0.8},
)
_EXPECT = {
    "text": "about 2.5 after 300 and 1.9 after 1000 steps; trigrams: 2.5; uniform: 6.6; "
    "below 1.4 attention sees the future"
}
_BASELINES = {"text": {"trigrams": 2.5}}


def train(run: Run) -> None:
    """Train on windows of the text, judge on its last tenth, continue a prompt."""
    data = _windows(load("text", path=None if run.data == DATA else run.data)).to(run.device)
    model = TransformerLM(data.levels, max_length=_LENGTH).to(run.device)

    def bits(split: Split, index: Tensor) -> Tensor:
        tokens = split.x[index]
        return lm_loss(model(tokens), tokens)

    curve = fit(run, model, bits, data, batch_size=64, learning_rate=6e-3)
    run.report(
        "test loss",
        average(bits, data.test),
        "bits per character",
        _EXPECT.get(run.data, ""),
    )
    title = f"Transformer on {Path(run.data).name}"
    figure = curve_figure(curve, "bits per character", title, _BASELINES.get(run.data))
    run.save(figure, "curve.png")

    with run.optional("samples.txt"):
        prompt = encode(_PROMPT).to(run.device).expand(_SAMPLES, -1)
        texts = []
        for setting in _SETTINGS:
            u = run.uniform(_SAMPLES, _LENGTH - prompt.shape[1])
            name = ", ".join(f"{key} {value}" for key, value in setting.items())
            texts += [f"--- {name} ---", *map(decode, model.sample(prompt, u, **setting))]
        path = run.folder / "samples.txt"
        path.write_text("\n".join(texts) + "\n", "utf-8")
        print("\n".join(texts), f"saved {path}", sep="\n")


def _windows(data: Dataset) -> Dataset:
    """Overlapping windows to train on, windows side by side to test on; each (N, length)."""
    train = Split(data.train.x.unfold(0, _LENGTH, 1))
    test = Split(data.test.x.unfold(0, _LENGTH, _LENGTH))
    return replace(data, train=train, test=test)
