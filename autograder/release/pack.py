"""What a pack consists of, and its three forms: a folder, a check, a zip."""

import json
import re
import zipfile
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from autograder.config import ROOT, Config, GradedQuestion, Pack, Question
from autograder.files import write_zip
from autograder.release.answers import blank_answers
from autograder.release.leaks import (
    answer_lines,
    derivation_lines,
    find_leaks,
    hidden_files,
    hidden_lines,
    solution_lines,
)
from autograder.release.notebook import DERIVATIONS, read_derivation, student_files
from autograder.release.stubs import ReleaseError, has_marker, make_stub
from autograder.release.tree import files_in
from autograder.submission.intake import ANSWERS_FILE

ASSIGNMENTS = "assignments"

HANDOUT = "README.md"
QUESTIONS_MARK = "<!-- questions -->"
"""Where the handout gets the table of questions, whose numbers stand in the configuration."""

EXCLUDED = ("rubric*", "model_answers*")
"""Names of files and folders in ``solutions/`` that never go out."""

_VERSION = "1.0"
_PACK_FILES = Path(__file__).parent / "pack_files"
_TOOLS = (
    "conftest.py",
    "requirements-notebook.txt",
    "requirements.txt",
    "submit.py",
    "tests/checks.py",
)
_TRAINING = "training"


def render_pack(name: str, config: Config, root: Path = ROOT) -> dict[str, bytes]:
    """All files of a pack by posix path, sorted.

    Args:
        name: The pack's full name.
        config: The configuration, which says which functions are stubs.
        root: The project, with ``solutions/``, ``datasets/`` and ``autograder/``.

    Raises:
        ReleaseError: Where something is missing, out of step with the configuration, or given
            away.
    """
    pack = config.packs[name]
    files, withheld = _split(name, pack, root)
    stubs = [data for path, data in files.items() if path.startswith(f"{pack.package}/")]
    copied = {**_datasets(root), **_training(files), **_tools(), **_written(pack)}
    generated = _generate(name, config, {*files, *copied})
    public = "\n".join(map(_text, [*stubs, *generated.values()]))
    common = {**copied, **generated}
    twice = sorted(files.keys() & common.keys())
    if twice:
        raise ReleaseError(f"solutions/{name}/{twice[0]} is the same in all packs; remove it")
    files = dict(sorted({**files, **common}.items()))
    marked = [path for path, data in files.items() if has_marker(_text(data))]
    if marked:
        raise ReleaseError(
            f"solutions/{name}/{marked[0]} has solution markers and is not a question's module; "
            "name its functions in grading_config.yaml or remove the markers"
        )
    hidden = hidden_lines(root, [*hidden_files(root), *withheld], public)
    written = {**derivation_lines(root), **answer_lines(root)}
    leaks = find_leaks(files, {**solution_lines(root), **written, **hidden})
    if leaks:
        raise ReleaseError("\n".join(f"{name}: {leak}" for leak in leaks))
    return files


def release_pack(
    name: str, config: Config, destination: Path | None = None, root: Path = ROOT
) -> Path:
    """Write a pack to ``destination/name`` (by default in ``assignments/``); return that folder.

    What lies there and is not part of the pack is removed, but for what tools leave behind.
    """
    files = render_pack(name, config, root)
    folder = (destination or root / ASSIGNMENTS) / name
    for path in files_in(folder):
        if path.relative_to(folder).as_posix() not in files:
            path.unlink()
    for relative, data in files.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def check_in_step(
    name: str, config: Config, destination: Path | None = None, root: Path = ROOT
) -> list[str]:
    """How ``destination/name`` differs from the pack as it would be written, a sentence each."""
    files = render_pack(name, config, root)
    destination = destination or root / ASSIGNMENTS
    folder = destination / name
    found = {path.relative_to(folder).as_posix(): path for path in files_in(folder)}
    shown = f"{destination.name}/{name}"
    differences = [f"{shown}/{path} is missing" for path in files.keys() - found.keys()]
    differences += [
        f"{shown}/{path} is no longer part of the pack" for path in found.keys() - files.keys()
    ]
    differences += [
        f"{shown}/{path} differs from what solutions/ gives, from line {_first_difference(a, b)}"
        for path in files.keys() & found.keys()
        if (a := files[path]) != (b := found[path].read_bytes())
    ]
    return sorted(differences)


def zip_pack(name: str, config: Config, directory: Path, root: Path = ROOT) -> Path:
    """Write ``directory/name.zip``, the same bytes wherever and whenever it is made."""
    files = render_pack(name, config, root)
    target = directory / f"{name}.zip"
    members = {f"{name}/{path}": data for path, data in files.items()}
    write_zip(target, members, compression=zipfile.ZIP_STORED)
    return target


def _split(name: str, pack: Pack, root: Path) -> tuple[dict[str, bytes], list[Path]]:
    """The pack's own files, its modules as stubs; and the files that are withheld."""
    solutions = root / "solutions" / name
    files: dict[str, bytes] = {}
    withheld: list[Path] = []
    for path in files_in(solutions):
        relative = path.relative_to(solutions)
        if relative.parts[0] == DERIVATIONS:
            continue  # their tasks are in the notebook
        if any(fnmatch(part.lower(), pattern) for part in relative.parts for pattern in EXCLUDED):
            withheld.append(path)
        elif relative.as_posix() not in _unassigned_tests(pack):
            files[relative.as_posix()] = path.read_bytes()
    if ANSWERS_FILE in files or pack.written is not None:
        place = f"solutions/{name}/{ANSWERS_FILE}"
        text = _text(files.get(ANSWERS_FILE, b""))
        files[ANSWERS_FILE] = blank_answers(text, pack.written, place).encode()
    for question in pack.questions:
        module = f"{pack.package}/{question.module}.py"
        place = f"solutions/{name}/{module}"
        if module not in files:
            raise ReleaseError(f"{place} does not exist; question {question.id} is about it")
        files[module] = make_stub(_text(files[module]), question, place).encode()
    notebook = f"{pack.short}.ipynb"
    if notebook in files:
        derivations = tuple(read_derivation(d, solutions / DERIVATIONS) for d in pack.derivations)
        unassigned = frozenset(q.module for q in pack.questions if not q.assigned)
        files |= student_files(notebook, files[notebook], derivations, unassigned)
    if HANDOUT in files:
        files[HANDOUT] = _handout(_text(files[HANDOUT]), pack).encode()
    return files, withheld


def _handout(text: str, pack: Pack) -> str:
    """The handout with the table of questions, without what is about unassigned ones.

    That is their sections, and their lines in the table of trainings with those that go on from
    these (with an empty first cell).
    """
    for question in pack.questions:
        if not question.assigned:
            section = rf"^## Q{question.id}\. .*?(?=^## |\Z)"
            text = re.sub(section, "", text, flags=re.MULTILINE | re.DOTALL)
            training = rf"^\| `train\.py {question.module}\b.*\n(?:\| \|.*\n)*"
            text = re.sub(training, "", text, flags=re.MULTILINE)
    return text.replace(QUESTIONS_MARK, _question_table(pack))


def _question_table(pack: Pack) -> str:
    """The questions with their points and times, as a table for the handout."""
    rows = [
        f"| Q{question.id} | {question.title} | `{_file(pack, question)}` "
        f"| {question.points:g}{'' if question.kind == 'core' else ' (bonus)'} "
        f"| {question.minutes} |"
        for question in pack.graded
    ]
    head = ["| | question | file | points | minutes |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows])


def _file(pack: Pack, question: GradedQuestion) -> str:
    if isinstance(question, Question):
        return f"{pack.package}/{question.module}.py"
    return ANSWERS_FILE


def _datasets(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in files_in(root / "datasets")
        if "tests" not in path.relative_to(root).parts
    }


def _training(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """What trains models in every pack that says in a folder of its own which, as far as used."""
    if not any(path.startswith(f"{_TRAINING}/") for path in files):
        return {}
    shared = {
        path.relative_to(_PACK_FILES).as_posix(): path.read_bytes()
        for path in [_PACK_FILES / "train.py", *files_in(_PACK_FILES / _TRAINING)]
    }
    uses = "\n".join(_text(data) for data in [*files.values(), *shared.values()])
    return {
        path: data
        for path, data in shared.items()
        if Path(path).stem in ("train", "__init__") or path[:-3].replace("/", ".") in uses
    }


def _tools() -> dict[str, bytes]:
    """What every pack has, whatever it is about."""
    return {path: (_PACK_FILES / path).read_bytes() for path in _TOOLS}


def _written(pack: Pack) -> dict[str, bytes]:
    """How students see whether the grader can read their answers: with the grader's own code."""
    if pack.written is None:
        return {}
    reader = ROOT / "autograder" / "grading" / "answers.py"
    test = "tests/test_written.py"
    return {"tests/answers.py": reader.read_bytes(), test: (_PACK_FILES / test).read_bytes()}


def _unassigned_tests(pack: Pack) -> set[str]:
    return {f"tests/test_{q.module}.py" for q in pack.questions if not q.assigned}


def _generate(name: str, config: Config, paths: set[str]) -> dict[str, bytes]:
    """What every pack has: how to install it, how its tests report, what is asked."""
    pack = config.packs[name]
    template = Environment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(
        (_PACK_FILES / "pyproject.toml.j2").read_text("utf-8")
    )
    pyproject = template.render(
        name=name.replace("_", "-"),
        version=_VERSION,
        title=f"{config.course.name}: {pack.title}",
    )
    return {
        "pyproject.toml": pyproject.encode(),
        "questions.json": _questions(name, config, paths).encode(),
    }


def _questions(name: str, config: Config, paths: set[str]) -> str:
    """What the pack's own tools know about it."""
    pack = config.packs[name]
    single = [path for path in (ANSWERS_FILE, f"{pack.short}.ipynb") if path in paths]
    data: dict[str, Any] = {
        "name": name,
        "title": pack.title,
        "package": pack.package,
        "submission": {
            "paths": [pack.package, *single],
            "megabytes": config.limits.archive_mb,
        },
        "questions": [
            question.model_dump(include={"id", "title", "module", "kind", "minutes"})
            | {
                "parts": [
                    part.model_dump(include={"id", "title", "functions", "points"})
                    for part in question.parts
                ]
            }
            for question in pack.assigned
        ],
    }
    if pack.written is not None:
        data["written"] = {"file": ANSWERS_FILE} | pack.written.model_dump(
            include={"id": True, "title": True, "minutes": True}
            | {"parts": {"__all__": {"id", "title", "kind", "options", "variables", "points"}}}
        )
    if pack.derivations and single[-1].endswith(".ipynb"):
        data["derivations"] = {"notebook": single[-1], "file": f"{pack.short}_derivations.pdf"}
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _first_difference(a: bytes, b: bytes) -> int:
    lines = zip(a.splitlines(), b.splitlines(), strict=False)
    same = next((i for i, (x, y) in enumerate(lines) if x != y), None)
    return 1 + (min(a.count(b"\n"), b.count(b"\n")) if same is None else same)
