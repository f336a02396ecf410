"""Build the zip that is uploaded to Gradescope: the grader of one pack, as small as can be."""

import json
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from autograder.config import CONFIG_NAME, ROOT, Config
from autograder.files import write_zip
from autograder.submission import ANSWERS_FILE

SEED_FILE = "seed.json"
ROOMS = ("sandbox", "submission", "grading")
"""Parts of the program that a grading container needs as they are."""

COMMAND_LINE_ONLY = frozenset({"typer", "rich", "jinja2", "sqlalchemy", "filelock", "torch"})
"""Requirements that a container does not need, or that ``setup.sh`` installs by itself."""

_SCRIPTS = ("setup.sh", "run_autograder")


def build_package(pack: str, config: Config, output: Path, seed: int) -> None:
    """Write the autograder zip of ``pack`` to ``output``; the same inputs give the same bytes.

    Args:
        pack: The pack's full name.
        config: The course's configuration; the file beside the program goes into the zip.
        output: Where the zip is written.
        seed: The seed of the hidden inputs, kept in the zip and stored with every result.
    """
    write_zip(output, dict(_members(pack, config, seed)), executable=_SCRIPTS)


def _members(pack: str, config: Config, seed: int) -> Iterator[tuple[str, bytes]]:
    container = ROOT / "autograder" / "gradescope" / "container"
    for script in _SCRIPTS:
        yield script, (container / script).read_bytes()
    yield SEED_FILE, json.dumps({"pack": pack, "seed": seed}).encode()
    yield "requirements.txt", "\n".join(_requirements()).encode() + b"\n"
    torch = version("torch").partition("+")[0]
    yield "torch.txt", f"torch=={torch}\n".encode()
    yield CONFIG_NAME, (ROOT / CONFIG_NAME).read_bytes()
    for path in _files(pack, config):
        yield path.relative_to(ROOT).as_posix(), path.read_bytes()


def _files(pack: str, config: Config) -> Iterator[Path]:
    program = ROOT / "autograder"
    yield program / "__init__.py"
    yield program / "config.py"
    yield program / "files.py"
    yield program / "machine.py"
    for module in ("__init__", "results_json", "run", "package"):
        yield program / "gradescope" / f"{module}.py"
    for hidden in ("graders", "misconceptions"):
        yield program / hidden / "__init__.py"
        yield from _python(program / hidden / pack)
    for room in ROOMS:
        yield from _python(program / room)
    yield from _python(ROOT / "solutions" / pack / config.packs[pack].package)
    if config.packs[pack].written is not None:
        yield ROOT / "solutions" / pack / ANSWERS_FILE


def _python(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.rglob("*.py"))


def _requirements() -> list[str]:
    """What ``pyproject.toml`` asks for, without what the command line alone needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [
        requirement
        for requirement in project["dependencies"]
        if re.split(r"[^\w-]", requirement)[0] not in COMMAND_LINE_ONLY
    ]
