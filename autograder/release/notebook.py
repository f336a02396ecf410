"""The student's notebook, made by ``otter assign`` from the master notebook in ``solutions/``.

A master holds, besides what students see, Otter's raw cells (the configuration, the questions with
their tests) and one raw cell ``# DERIVATIONS``, whose place the written questions of
``derivations/*.md`` take: the task stays, the model answer is Otter's to cut, the rubric never gets
in. Cells tagged with the module of a question that is not assigned are left out.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, NamedTuple

from autograder import config
from autograder.release.stubs import ReleaseError

CHECKS = "notebook_checks"
"""Where Otter's tests go: Colab wants files, and ``tests/`` is pytest's."""

DERIVATIONS = "derivations"
"""Folder in ``solutions/PACK`` with one Markdown file for each derivation."""

_PLACE = "# DERIVATIONS"
_SECTIONS = ("Task", "Model answer", "Rubric")
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


class Derivation(NamedTuple):
    """A derivation as the notebook shows it."""

    id: str
    heading: str
    task: str
    model_answer: str


def read_derivation(derivation: config.Derivation, folder: Path) -> Derivation:
    """A derivation from its file in ``folder``: Task, Model answer and Rubric under a title.

    Raises:
        ReleaseError: Where the file or a section of it is missing, or there is another one.
    """
    path = folder / f"{derivation.id}.md"
    where = f"solutions/{folder.parent.name}/{DERIVATIONS}/{path.name}"
    if not path.exists():
        raise ReleaseError(f"{where} does not exist; grading_config.yaml asks for it")
    parts = _SECTION.split(path.read_text("utf-8"))
    sections = {
        name.strip(): body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }
    if tuple(sections) != _SECTIONS or not all(sections.values()):
        wanted = ", ".join(f"'## {name}'" for name in _SECTIONS)
        raise ReleaseError(f"{where}: a derivation has the sections {wanted}, in this order")
    return Derivation(
        id=derivation.id,
        heading=f"### {derivation.title} ({derivation.points:g} points)",
        task=sections["Task"],
        model_answer=sections["Model answer"],
    )


@cache
def student_files(
    name: str, master: bytes, derivations: tuple[Derivation, ...], unassigned: frozenset[str]
) -> Mapping[str, bytes]:
    """What students get for a master notebook: the notebook, and what its check cells run.

    Args:
        name: File name of the notebook.
        master: The master notebook.
        derivations: The written questions that are graded by hand, in order.
        unassigned: The modules of questions that are not assigned.

    Raises:
        ReleaseError: If Otter is not installed or cannot read the master.
    """
    try:
        nbformat, otter = import_module("nbformat"), import_module("otter.assign")
    except (ImportError, RuntimeError) as error:  # without a home directory it is the latter
        raise ReleaseError(
            f"notebooks are made by Otter, and it cannot be imported ({error}); "
            "install it with: pip install -e '.[dev]', and set HOME to a folder"
        ) from None
    notebook = nbformat.reads(master.decode(), as_version=4)
    notebook.cells = [
        cell
        for given in notebook.cells
        if unassigned.isdisjoint(given.metadata.get("tags", ()))
        for cell in _expand(given, derivations, nbformat.v4)
    ]
    with TemporaryDirectory() as directory:
        folder = Path(directory).resolve()
        nbformat.write(notebook, folder / name)
        try:
            otter.main(str(folder / name), str(folder / "made"), no_pdfs=True, no_run_tests=True)
        except Exception as error:  # Otter has no exception of its own
            raise ReleaseError(f"otter assign cannot read {name}: {error}") from error
        student = folder / "made" / "student"
        made = nbformat.read(student / name, as_version=4)
        checks = {f"{CHECKS}/{path.name}": path.read_bytes() for path in student.glob("tests/*.py")}
    for number, cell in enumerate(made.cells, 1):
        cell.id = f"cell-{number}"  # Otter's are random
    nbformat.validate(made)
    return MappingProxyType({name: f"{nbformat.writes(made)}\n".encode(), **checks})


def _expand(cell: Any, derivations: tuple[Derivation, ...], v4: Any) -> list[Any]:
    """The cell itself, or the derivations where it holds their place."""
    if cell.cell_type != "raw" or cell.source.strip() != _PLACE:
        return [cell]
    return [
        made
        for derivation in derivations
        for made in (
            v4.new_raw_cell(f"# BEGIN QUESTION\nname: {derivation.id}\nmanual: true"),
            v4.new_markdown_cell(f"{derivation.heading}\n\n{derivation.task}"),
            v4.new_raw_cell("# BEGIN SOLUTION"),
            v4.new_markdown_cell(derivation.model_answer),
            v4.new_raw_cell("# END SOLUTION"),
            v4.new_raw_cell("# END QUESTION"),
        )
    ]
