"""The Otter zip, graded with ``otter run``: the same rows as the grader gives by itself."""

import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from samples import complete, stub_files, with_mistakes, write_archive

from autograder.config import ROOT, ConfigError, Visibility, load_config
from autograder.gradescope.package import build_package
from autograder.gradescope.simulate import SimulationError, simulate_gradescope
from autograder.grading.suite import Suite
from autograder.otter.package import build_otter_package

CONFIG = load_config()
SEED = 11


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite("hw1_likelihood", CONFIG)


@pytest.fixture(scope="module")
def autograder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("otter") / "otter.zip"
    build_otter_package("hw1_likelihood", CONFIG, path, SEED)
    return path


def test_simulate_says_how_an_otter_zip_is_tried(autograder: Path, tmp_path: Path) -> None:
    with pytest.raises(
        SimulationError, match=r"is an Otter zip.*`otter run -a .*otter\.zip x\.zip`"
    ):
        simulate_gradescope(autograder, Path("x.zip"), tmp_path)


@pytest.mark.parametrize("visibility", [Visibility.HIDDEN, Visibility.AFTER_DUE_DATE])
def test_parts_that_students_do_not_see_at_once_are_refused(
    tmp_path: Path, visibility: Visibility
) -> None:
    pack = CONFIG.packs["hw1_likelihood"]
    first, *others = pack.questions
    part = first.parts[0].model_copy(update={"visibility": visibility})
    first = first.model_copy(update={"parts": (part, *first.parts[1:])})
    pack = pack.model_copy(update={"questions": (first, *others)})
    config = CONFIG.model_copy(update={"packs": {**CONFIG.packs, "hw1_likelihood": pack}})
    with pytest.raises(ConfigError, match="Otter shows all rows or none, and Q1a of hw1"):
        build_otter_package("hw1_likelihood", config, tmp_path / "x.zip", SEED)
    assert not (tmp_path / "x.zip").exists()


def notebook(*sources: str) -> bytes:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()


def otter_run(autograder: Path, files: dict[str, bytes], folder: Path) -> Any:
    """What ``otter run`` leaves in ``results.json``."""
    write_archive(files, folder / "submission.zip")
    otter = Path(sys.executable).with_name("otter")
    done = subprocess.run(
        [otter, "run", "-a", autograder, "-o", folder, "--no-logo", folder / "submission.zip"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "results.json").read_text("utf-8"))


def container_run(autograder: Path, files: dict[str, bytes], folder: Path) -> Any:
    """What the zip's own runner leaves, in the folders of a container."""
    for name in ("source", "submission", "results"):
        (folder / name).mkdir()
    (folder / "submission_metadata.json").write_text("{}", "utf-8")
    with zipfile.ZipFile(autograder) as archive:
        archive.extractall(folder / "source")
    with zipfile.ZipFile(write_archive(files, folder / "submission.zip")) as archive:
        archive.extractall(folder / "submission")
    run = (folder / "source" / "run_autograder").read_text("utf-8")
    assert run.rstrip().endswith("\npython /autograder/source/run_otter.py")
    done = subprocess.run(
        [sys.executable, folder / "source" / "run_otter.py"],
        env={
            **os.environ,
            "PYTHONPATH": str(folder / "source" / "grader" / "source"),
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "results" / "results.json").read_text("utf-8"))


def rows(results: Any, *, numbered: bool) -> list[tuple[str, float, float, str]]:
    return [
        (
            f"Q{test['number']} {test['name']}" if numbered else test["name"],
            test["score"],
            test["max_score"],
            test["visibility"],
        )
        for test in results["tests"]
    ]


def test_the_same_rows_as_the_grader(suite: Suite, autograder: Path, tmp_path: Path) -> None:
    """Full, partial and no points, and the hint; whatever the notebook holds."""
    mistakes = {
        module: suite.misconceptions(module)[0].id for module in ("density", "made", "outliers")
    }
    blank = stub_files(suite)[suite.module_path("flows")]
    files = {**with_mistakes(suite, mistakes), suite.module_path("flows"): blank}
    found = otter_run(autograder, {**files, "hw1.ipynb": notebook("1 / 0")}, tmp_path)

    write_archive(files, tmp_path / "plain.zip")
    build_package("hw1_likelihood", CONFIG, tmp_path / "gradescope.zip", SEED)
    expected = simulate_gradescope(tmp_path / "gradescope.zip", tmp_path / "plain.zip", tmp_path)
    assert rows(found, numbered=False) == rows(expected, numbered=True)
    scores = {test["score"] / test["max_score"] for test in found["tests"]}
    assert {0.0, 1.0} < scores
    for given, plain in zip(found["tests"], expected["tests"], strict=True):
        if plain["status"] == "failed":
            assert plain["output"].splitlines()[0] in given["output"]


def test_full_marks_without_a_notebook_cell_being_run(
    suite: Suite, autograder: Path, tmp_path: Path
) -> None:
    """Neither cells, nor modules that shadow a kernel's, nor a pickled log run."""
    marker = tmp_path / "executed"

    class Evil:
        def __reduce__(self) -> Any:
            return Path.write_text, (marker, "log")

    write = f"import pathlib; pathlib.Path({str(marker)!r}).write_text('run')\n"
    files = {
        **complete(suite),
        "hw1.ipynb": notebook(write),
        "traitlets.py": write.encode(),
        "sitecustomize.py": write.encode(),
        ".OTTER_LOG": pickle.dumps(Evil()),
    }
    results = otter_run(autograder, files, tmp_path)
    assert sum(test["score"] for test in results["tests"]) == pytest.approx(100)
    assert not marker.exists()


@pytest.mark.parametrize("notebooks", [[], ["hw1.ipynb", "hw1 (1).ipynb"]], ids=["none", "two"])
def test_the_number_of_notebooks_does_not_matter(
    suite: Suite, autograder: Path, tmp_path: Path, notebooks: list[str]
) -> None:
    """Otter alone would refuse both; a folder that is called like Otter's is no obstacle."""
    files = {**complete(suite), "tests/test_mine.py": b"", "setup.py": b"1 / 0"}
    files |= dict.fromkeys(notebooks, notebook("1 / 0"))
    results = container_run(autograder, files, tmp_path)
    assert sum(test["score"] for test in results["tests"]) == pytest.approx(100)


def test_the_zip(autograder: Path, tmp_path: Path) -> None:
    """Otter's files and the grader's; the same bytes again; its own Python is installed."""
    with zipfile.ZipFile(autograder) as archive:
        names = set(archive.namelist())
        setup, run = (archive.read(name).decode() for name in ("setup.sh", "run_autograder"))
    assert {
        "run_otter.py",
        "environment.yml",
        "otter_config.json",
        "grader/source/seed.json",
    } < names
    assert "grader/source/autograder/otter/plugin.py" in names
    assert setup.rstrip().endswith("bash /autograder/source/grader/source/setup.sh")
    assert "PYTHONPATH=/autograder/source/grader/source" in run
    build_otter_package("hw1_likelihood", CONFIG, tmp_path / "again.zip", SEED)
    assert (tmp_path / "again.zip").read_bytes() == autograder.read_bytes()


def test_grading_does_not_need_otter() -> None:
    script = (
        "import sys, autograder.cli, autograder.grading.verify, autograder.gradescope.run\n"
        "assert not {'otter', 'nbformat'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
