"""What the notebook calls: the public checks, ``train.py`` with its figures, the export."""

import io
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from IPython.display import Image, display
from matplotlib import pyplot as plt
from train import main as train_main

PACK = Path(__file__).parents[1]
FIGURES = Path("runs") / "notebook"

_STUB = re.compile(r"(Q\d+[a-z]): ")


class NotStarted(Exception):
    """Functions of a question are still to be written."""


class CheckFailed(Exception):
    """A public check of a question does not pass."""


def find_device() -> str:
    """``cuda`` where there is a GPU, else ``cpu``, with a word about it."""
    if torch.cuda.is_available():
        print(f"GPU: {torch.cuda.get_device_name()}")
        return "cuda"
    print("There is no GPU here. Everything runs on the CPU, in a minute or two.")
    return "cpu"


@contextmanager
def if_written() -> Iterator[None]:
    """Run the block as far as its functions are written; say which one is not."""
    try:
        yield
    except NotImplementedError as error:
        if not _STUB.match(str(error)):
            raise
        plt.close("all")  # an empty figure would say nothing
        print(f"Not started: {error}")


def train(question: str, *arguments: str) -> None:
    """Run ``python train.py QUESTION ARGUMENTS`` here and show its figures."""
    folder = FIGURES / question
    for old in folder.glob("*.png"):
        old.unlink()
    sentences = io.StringIO()
    with redirect_stderr(sentences):
        failed = train_main([question, "--out", str(FIGURES), *arguments])
    if failed:
        started = "raises NotImplementedError" not in sentences.getvalue()
        print("Cannot train:" if started else "Not started:", sentences.getvalue().strip())
    for path in sorted(folder.glob("*.png"), key=lambda path: path.stat().st_mtime_ns):
        display(Image(path, retina=True, alt=f"{question}: {path.stem.replace('_', ' ')}"))


def check(module: str) -> None:
    """Run ``pytest tests/test_MODULE.py`` on the files as they are saved.

    Raises:
        CheckFailed: If checks fail; the message says which, and why.
        NotStarted: If the rest passes and something is still to be written.
    """
    outcomes = _Outcomes()
    with _fresh_modules(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        test = str(PACK / "tests" / f"test_{module}.py")
        options = ["-s", "--color=no", "-p", "no:cacheprovider"]
        status = pytest.main([*options, test], plugins=[outcomes])
    if status == pytest.ExitCode.INTERRUPTED and not outcomes.broken:
        raise KeyboardInterrupt
    label = _labels(module)
    lines = [*outcomes.broken]
    lines += [f"{label[part]}\n{text}" for part, text in outcomes.failed]
    waiting = [f"{label[part]}: not started" for part in sorted(outcomes.waiting)]
    if lines:
        raise CheckFailed("\n\n".join(["", *lines, *waiting]))
    if waiting:
        raise NotStarted("\n".join(["", *waiting]))
    if status != pytest.ExitCode.OK:
        raise CheckFailed(f"pytest ended with status {status}: run pytest tests/test_{module}.py")


def export_derivations(notebook: str) -> None:
    """Write your derivations, as they are saved in the notebook, to a PDF for the graders."""
    from nbconvert import HTMLExporter
    from otter.export import export_notebook
    from otter.export.exporters.via_html import PDFViaHTMLExporter

    target = Path(notebook).with_name(f"{Path(notebook).stem}_derivations.pdf")
    try:
        export_notebook(
            notebook, str(target), exporter_type="html", filtering=True, pagebreaks=True
        )
    except (ImportError, RuntimeError) as error:
        page = target.with_suffix(".html")
        answers = PDFViaHTMLExporter.load_notebook(notebook, filtering=True)
        html, _ = HTMLExporter(exclude_input=True).from_notebook_node(answers)
        page.write_text(html, "utf-8")
        print(
            f"There is no browser here that can print a PDF ({error}).\n"
            f"{page} is written instead: open it in your browser and print it to {target}."
        )
    else:
        print(f"{target} is written: look whether all your answers are in it.")


@dataclass
class _Outcomes:
    """What became of the tests of one question, by part."""

    broken: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken.append(report.longreprtext)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        parts = [
            value[1]
            for key, value in report.user_properties
            if key == "homework part" and isinstance(value, list)
        ]
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            text = crash.message if crash else report.longreprtext
            self.failed.append((parts[0] if parts else "", text.removeprefix("AssertionError: ")))
        elif report.skipped and "not started" in str(report.longrepr):
            self.waiting.update(parts)


@contextmanager
def _fresh_modules() -> Iterator[None]:
    """Import the pack's modules anew from their files, and bring the old ones back after."""
    modules, path = dict(sys.modules), list(sys.path)
    for name in _own_modules():
        del sys.modules[name]
    try:
        yield
    finally:
        for name in _own_modules():
            del sys.modules[name]
        sys.modules.update(modules)
        sys.path[:] = path


def _own_modules() -> list[str]:
    files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    return [name for name, file in files.items() if file and Path(file).is_relative_to(PACK)]


def _labels(module: str) -> dict[str, str]:
    """Names of a question's parts by their letters."""
    questions = json.loads((PACK / "questions.json").read_text("utf-8"))["questions"]
    question = next(question for question in questions if question["module"] == module)
    return {"": f"Q{question['id']}"} | {
        part["id"]: f"Q{question['id']}{part['id']} {part['title']}" for part in question["parts"]
    }
