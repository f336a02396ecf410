"""Proof that a pack gives nothing away.

A line is compared with the whole text of every released file, both without white space, quotation
marks and backslashes, so that neither indentation nor JSON hides it. Lines that are short without
these, imports, loop and with headers say too little to count: many programs hold them by chance.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from autograder.release.answers import ANSWER
from autograder.release.notebook import DERIVATIONS
from autograder.release.stubs import find_blocks
from autograder.release.tree import files_in
from autograder.submission import ANSWERS_FILE

HIDDEN_FOLDERS = ("autograder/graders", "autograder/misconceptions")

_LENGTH = 20
_ANSWER = "## Model answer"
_NOISE = re.compile(r"[\s\"'\\]+")
_TRIVIAL = re.compile(r"\s*(import|from|for|with)\s")


def solution_lines(root: Path) -> dict[str, str]:
    """Every telling line of every solution of every pack: where it stands, by the line."""
    return {
        line: place
        for path in files_in(root / "solutions")
        if path.suffix == ".py"
        for line, place in _solutions_of(path, path.relative_to(root).as_posix())
    }


def derivation_lines(root: Path) -> dict[str, str]:
    """Every telling line of the model answers and rubrics of all packs: its place, by the line."""
    secrets: dict[str, str] = {}
    for path in sorted((root / "solutions").glob(f"*/{DERIVATIONS}/*")):
        lines = list(enumerate(_text(path).splitlines(), 1))
        task = next((n for n, line in lines if line.strip() == _ANSWER), 0)
        secrets |= dict(_telling(lines[task:], path.relative_to(root).as_posix()))
    return secrets


def answer_lines(root: Path) -> dict[str, str]:
    """Every written answer of every pack, with its label, and alone where it is telling."""
    secrets: dict[str, str] = {}
    for path in sorted((root / "solutions").glob(f"*/{ANSWERS_FILE}")):
        for match in ANSWER.finditer(_text(path)):
            place = f"{path.relative_to(root).as_posix()}, {match[1]}"
            secrets[_normalise(match[0])] = place
            if len(alone := _normalise(match[2])) >= _LENGTH:
                secrets[alone] = place
    return secrets


def hidden_lines(root: Path, files: Iterable[Path], public: str) -> dict[str, str]:
    """Every telling line of ``files`` that does not stand in ``public`` text anyway.

    Hidden files quote what students see: the scaffold that a misconception changes, the names of
    the functions that a test is about.
    """
    public = _normalise(public)
    return {
        line: place
        for path in files
        for line, place in _telling(
            enumerate(_text(path).splitlines(), 1), path.relative_to(root).as_posix()
        )
        if line not in public
    }


def hidden_files(root: Path) -> list[Path]:
    """The graders and the misconceptions of all packs; not what the packs share."""
    return [
        path
        for folder in HIDDEN_FOLDERS
        for path in files_in(root / folder)
        if path.parent != root / folder
    ]


def find_leaks(files: Mapping[str, bytes], secrets: Mapping[str, str]) -> list[str]:
    """Which of ``secrets`` (places by line, as above) stand in which of ``files``."""
    texts = {name: _normalise(data.decode("utf-8", "replace")) for name, data in files.items()}
    return [
        f"{name} gives away {place}"
        for name, text in texts.items()
        for line, place in secrets.items()
        if line in text
    ]


def _solutions_of(path: Path, name: str) -> Iterator[tuple[str, str]]:
    source = _text(path)
    lines = list(enumerate(source.splitlines(), 1))
    for block in find_blocks(source, name):
        yield from _telling(lines[block.begin : block.end - 1], name)


def _telling(lines: Iterable[tuple[int, str]], name: str) -> Iterator[tuple[str, str]]:
    for number, line in lines:
        normalised = _normalise(line.strip().removeprefix("return ").removesuffix(","))
        if len(normalised) >= _LENGTH and not _TRIVIAL.match(line):
            yield normalised, f"{name}, line {number}"


def _normalise(text: str) -> str:
    return _NOISE.sub("", text)


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace")
