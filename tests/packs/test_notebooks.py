"""The notebooks: what students get, and how they run with everything written and with nothing."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from autograder.config import ROOT, load_config
from autograder.release import ReleaseError, render_pack
from autograder.release.leaks import derivation_lines, find_leaks
from autograder.release.notebook import student_files

CONFIG = load_config()
PACKS = list(CONFIG.packs)


def master_path(name: str, root: Path = ROOT) -> Path:
    return root / "solutions" / name / f"{CONFIG.packs[name].short}.ipynb"


@cache
def released(name: str) -> dict[str, bytes]:
    return render_pack(name, CONFIG)


def notebook(name: str) -> NotebookNode:
    text = released(name)[f"{CONFIG.packs[name].short}.ipynb"].decode()
    return nbformat.reads(text, as_version=4)


def write(name: str, folder: Path, *, solved: bool) -> Path:
    for path, data in released(name).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    if solved:
        package = CONFIG.packs[name].package
        for path in (ROOT / "solutions" / name / package).glob("*.py"):
            shutil.copy(path, folder / package)
    return folder


def sources(book: NotebookNode) -> str:
    return "\n".join(cell.source for cell in book.cells)


class TestStudentNotebook:
    @pytest.mark.parametrize("name", PACKS)
    def test_valid_and_empty(self, name: str) -> None:
        book = notebook(name)
        nbformat.validate(book)
        assert all(not cell.outputs for cell in book.cells if cell.cell_type == "code")
        assert {cell.cell_type for cell in book.cells} == {"code", "markdown"}
        assert [cell.id for cell in book.cells] == [
            f"cell-{i}" for i in range(1, len(book.cells) + 1)
        ]

    @pytest.mark.parametrize("name", PACKS)
    def test_every_question_is_checked_by_the_public_tests(self, name: str) -> None:
        found = re.findall(r'grader\.check\("q(\d+)"\)', sources(notebook(name)))
        questions = CONFIG.packs[name].assigned
        assert [int(number) for number in found] == [question.id for question in questions]
        for question in questions:
            code = released(name)[f"notebook_checks/q{question.id}.py"].decode()
            assert f"check('{question.module}')" in code

    @pytest.mark.parametrize("name", PACKS)
    def test_every_derivation_has_a_place_for_the_answer(self, name: str) -> None:
        cells = notebook(name).cells
        derivations = CONFIG.packs[name].derivations
        assert len(derivations) >= 2
        for derivation in derivations:
            index = next(i for i, cell in enumerate(cells) if derivation.title in cell.source)
            assert (
                cells[index].source.startswith("<!-- BEGIN QUESTION -->")
                or "END" in cells[index].source
            )
            assert "_Type your answer here" in cells[index + 1].source

    @pytest.mark.parametrize("name", PACKS)
    def test_same_bytes_again(self, name: str) -> None:
        pack = CONFIG.packs[name]
        arguments = (f"{pack.short}.ipynb", master_path(name).read_bytes(), (), frozenset())
        assert student_files.__wrapped__(*arguments) == student_files.__wrapped__(*arguments)

    def test_a_question_that_is_not_assigned_is_left_out(self) -> None:
        master = master_path("hw1_likelihood").read_bytes()
        files = student_files("hw1.ipynb", master, (), frozenset({"made"}))
        text = files["hw1.ipynb"].decode()
        assert "import bayes" in text
        assert "import made" not in text
        assert "notebook_checks/q2.py" in files
        assert "notebook_checks/q3.py" not in files


class TestLeaks:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        """A project like this one, in which the first pack may be changed."""
        shutil.copytree(ROOT / "solutions", tmp_path / "solutions")
        for folder in ("autograder", "datasets"):
            (tmp_path / folder).symlink_to(ROOT / folder)
        return tmp_path

    def plant(self, root: Path, cell: NotebookNode) -> None:
        path = master_path("hw1_likelihood", root)
        book = nbformat.read(path, as_version=4)
        book.cells.append(cell)
        nbformat.write(book, path)

    @pytest.mark.parametrize(
        ("section", "sentence"), [("## Model answer", "model"), ("## Rubric", "rubric")]
    )
    def test_a_model_answer_or_a_rubric(self, root: Path, section: str, sentence: str) -> None:
        text = (root / "solutions/hw1_likelihood/derivations/d1.md").read_text("utf-8")
        self.plant(root, nbformat.v4.new_markdown_cell(text.partition(section)[2]))
        with pytest.raises(ReleaseError, match=r"hw1\.ipynb gives away .*derivations/d1\.md"):
            render_pack("hw1_likelihood", CONFIG, root)

    def test_a_solution(self, root: Path) -> None:
        module = root / "solutions/hw1_likelihood/likelihood/made.py"
        solution = re.split("# (?:BEGIN|END) SOLUTION", module.read_text("utf-8"))[1]
        self.plant(root, nbformat.v4.new_code_cell(solution))
        with pytest.raises(ReleaseError, match=r"hw1\.ipynb gives away .*likelihood/made\.py"):
            render_pack("hw1_likelihood", CONFIG, root)

    def test_a_derivation_without_its_sections(self, root: Path) -> None:
        (root / "solutions/hw1_likelihood/derivations/d1.md").write_text(
            "# Title\n\n## Task\n\nx\n"
        )
        with pytest.raises(
            ReleaseError, match=r"derivations/d1\.md: a derivation has the sections"
        ):
            render_pack("hw1_likelihood", CONFIG, root)

    @pytest.mark.parametrize("name", PACKS)
    def test_there_is_something_to_leak(self, name: str) -> None:
        secrets = derivation_lines(ROOT)
        for path in (ROOT / "solutions" / name / "derivations").glob("*.md"):
            assert find_leaks({path.name: path.read_bytes()}, secrets)
        assert find_leaks(released(name), secrets) == []


def execute(name: str, folder: Path, *more: str) -> NotebookNode:
    """Run a notebook in a kernel, with more code cells at its end; no cell may fail."""
    book = nbformat.read(folder / f"{CONFIG.packs[name].short}.ipynb", as_version=4)
    book.cells += [nbformat.v4.new_code_cell(source) for source in more]
    client = NotebookClient(book, timeout=600, resources={"metadata": {"path": str(folder)}})
    client.execute()
    return book


def text_of(cell: Any) -> str:
    """What a cell printed or showed as text."""
    return "\n".join(
        output.text if output.output_type == "stream" else output.data.get("text/plain", "")
        for output in cell.outputs
    )


def num_figures(cell: Any) -> int:
    return sum("image/png" in output.get("data", {}) for output in cell.outputs)


def cells_with(book: NotebookNode, start: str) -> list[Any]:
    code = (cell for cell in book.cells if cell.cell_type == "code")
    found = [cell for cell in code if cell.source.startswith(start)]
    assert found
    return found


@pytest.fixture(scope="module", autouse=True)
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One thread, and no browser of playwright, whatever this machine has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path_factory.mktemp("browsers")))
        yield


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, NotebookNode]]:
    """Any pack with every function written: its folder, and its notebook after running."""

    @cache
    def get(name: str) -> tuple[Path, NotebookNode]:
        folder = write(name, tmp_path_factory.mktemp(name), solved=True)
        return folder, execute(name, folder)

    return get


@pytest.mark.parametrize("name", PACKS)
class TestSolved:
    def test_all_checks_pass(self, solved: Callable[..., Any], name: str) -> None:
        for cell in cells_with(solved(name)[1], "grader.check"):
            assert "All test cases passed!" in text_of(cell)
            assert "The public checks pass; the grader tests more." in text_of(cell)

    def test_everything_runs_and_is_shown(self, solved: Callable[..., Any], name: str) -> None:
        _, book = solved(name)
        for cell in cells_with(book, "train("):
            assert num_figures(cell) >= 1
        for cell in book.cells:
            if cell.cell_type == "code":
                assert "Not started" not in text_of(cell)
                assert "Cannot train" not in text_of(cell)
                assert ("plt.show" in cell.source) <= (num_figures(cell) >= 1)

    def test_the_page_of_derivations(self, solved: Callable[..., Any], name: str) -> None:
        """Without a browser a page is left, and said so; it holds the derivations only."""
        folder, book = solved(name)
        page = folder / f"{CONFIG.packs[name].short}_derivations.html"
        assert f"{page.name} is written instead" in text_of(cells_with(book, "export_deriv")[0])
        text = page.read_text("utf-8")
        for derivation in CONFIG.packs[name].derivations:
            assert derivation.title in text
        assert "grader.check" not in text


@pytest.mark.parametrize("name", PACKS)
def test_unsolved(name: str, tmp_path: Path) -> None:
    """It runs to its end, says what is not started, and takes up what is then written."""
    pack = CONFIG.packs[name]
    folder = write(name, tmp_path, solved=False)
    module = pack.assigned[0].module
    reference = ROOT / "solutions" / name / pack.package / f"{module}.py"
    book = execute(
        name,
        folder,
        f"Path('{pack.package}/{module}.py').write_bytes(Path({str(reference)!r}).read_bytes())",
        'grader.check("q1")',
        f"{module}.{pack.assigned[0].parts[0].functions[0].split('.')[0]}.__name__",
    )
    *checks, after = cells_with(book, "grader.check")
    for cell, question in zip(checks, pack.assigned, strict=True):
        for part in question.parts:
            assert f"Q{question.id}{part.id} {part.title}: not started" in text_of(cell)
        assert "Traceback" not in text_of(cell)
    for cell in cells_with(book, "train("):
        assert text_of(cell).startswith("Not started: train.py ")
        assert num_figures(cell) == 0
    assert "All test cases passed!" in text_of(after)


def test_what_a_check_says(tmp_path: Path) -> None:
    """The words of the public test that fails, of the file as it is now, and no traceback."""
    folder = write("hw1_likelihood", tmp_path, solved=True)
    module = folder / "likelihood" / "density.py"
    right = module.read_text("utf-8")
    wrong = re.sub(
        r"(def bits_per_dim.*?# BEGIN SOLUTION\n)", r"\1    return nll\n", right, flags=re.S
    )
    assert wrong != right
    script = f"""
from pathlib import Path
from training.notebook import check
for text in ({wrong!r}, "import nothing_of_this_name", {right!r}):
    Path("likelihood/density.py").write_text(text, "utf-8")
    try:
        check("density")
        print("passed")
    except Exception as error:
        print(type(error).__name__, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True
    )
    first, _, rest = done.stdout.partition("CheckFailed \n\nQ1c")
    assert first == ""
    assert "8 bits per dimension" in rest.splitlines()[1]
    assert "No module named 'nothing_of_this_name'" in rest
    assert rest.splitlines()[-1] == "passed"


@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium")
def test_the_derivations_as_pdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otter's export through HTML, in a browser that stands where playwright looks for its own."""
    folder = write("hw1_likelihood", tmp_path, solved=False)
    export = [
        sys.executable,
        "-c",
        "import training.notebook as n; n.export_derivations('hw1.ipynb')",
    ]
    launch = (
        "from playwright.sync_api import sync_playwright as s\nwith s() as p: p.chromium.launch()"
    )
    failed = subprocess.run([sys.executable, "-c", launch], capture_output=True, text=True)
    browser = Path(re.findall(r"Executable doesn't exist at (\S+)", failed.stderr)[0])
    browser.parent.mkdir(parents=True)
    browser.write_text(f'#!/bin/sh\nexec {shutil.which("chromium")} --headless --no-sandbox "$@"\n')
    browser.chmod(0o755)
    done = subprocess.run(export, cwd=folder, capture_output=True, text=True, check=True)
    assert "hw1_derivations.pdf is written" in done.stdout
    pdf = (folder / "hw1_derivations.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) >= len(
        CONFIG.packs["hw1_likelihood"].derivations
    )
