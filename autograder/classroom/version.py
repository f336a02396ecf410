"""What a grade depends on besides the submission: the graders, as digests, and the environment."""

import ast
import hashlib
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from autograder.grading.suite import Suite
from autograder.submission import ANSWERS_FILE

WRITTEN = "written"
"""Stands for the written questions of a pack, which are no module of its package."""

_GRADING_CODE = ("config.py", "machine.py", "grading", "sandbox", "submission")


def environment() -> str:
    """The versions of Python and torch that grade here."""
    return f"python {platform.python_version()}, torch {version('torch')}"


def grader_digests(suite: Suite) -> dict[str, str]:
    """A digest for each question, by module or `WRITTEN`, of all that decides its grade.

    A programming question depends on its part of the configuration, its hidden tests, probes,
    misconceptions and reference, and on the reference modules that these use. Everything else
    that grades, the settings of the course and the grading code, belongs to every question.
    """
    hidden = suite.root / "autograder"
    solution = suite.root / "solutions" / suite.name
    modules = [question.module for question in suite.pack.questions]
    own: dict[str, list[Path]] = {module: [] for module in (*modules, WRITTEN)}
    references: dict[str, list[Path]] = {module: [] for module in modules}
    common = _sources(hidden / name for name in (*_GRADING_CODE, "misconceptions/__init__.py"))
    for path in _sources(hidden / name / suite.name for name in ("graders", "misconceptions")):
        own.get(path.stem.removeprefix("test_"), common).append(path)
    for path in _sources([solution / suite.pack.package]):
        references.get(path.stem, common).append(path)
    settings = suite.config.model_dump_json(include={"tolerances", "limits", "device_share"})
    shared = _digest(common, suite.root, settings)
    digests = {
        question.module: _digest(
            own[question.module] + _used(question.module, own[question.module], references),
            suite.root,
            shared + question.model_dump_json(),
        )
        for question in suite.pack.assigned
    }
    if suite.pack.written is not None:
        files = [*own[WRITTEN], solution / ANSWERS_FILE]
        digests[WRITTEN] = _digest(files, suite.root, shared + suite.pack.written.model_dump_json())
    return digests


def combined(digests: dict[str, str]) -> str:
    """One digest for the graders of all questions."""
    return hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()


def _used(module: str, files: list[Path], references: dict[str, list[Path]]) -> list[Path]:
    """The question's reference, and those whose names its files or these use as a module's."""
    used = {module: references[module]}
    waiting = [*files, *references[module]]
    while waiting:
        for name in sorted(references.keys() & _names(waiting.pop()) - used.keys()):
            used[name] = references[name]
            waiting += references[name]
    return [path for name in sorted(used) for path in used[name]]


def _names(file: Path) -> set[str]:
    """What a file imports, or asks a module or another object for."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom) and node.module:
                imported.append(node.module)
            names.update(name for path in imported for name in path.split("."))
    return names


def _sources(paths: Iterable[Path]) -> list[Path]:
    """The Python files at ``paths`` and below, in order."""
    return [
        file for path in paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])
    ]


def _digest(paths: Iterable[Path], root: Path, text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for path in paths:
        data = path.read_bytes()
        digest.update(f"\0{path.relative_to(root).as_posix()}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()
