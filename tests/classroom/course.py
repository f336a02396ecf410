"""A copy of this project with two quick questions assigned, which tests may change and run."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml
from samples import write_archive

from autograder.classroom.store import Store
from autograder.config import CONFIG_NAME, ROOT, load_config
from autograder.grading.results import Result
from autograder.grading.suite import Suite

PACK = "hw1_likelihood"
MODULES = ("bayes", "outliers")
FIRST, SECOND = (f"likelihood/{module}.py" for module in MODULES)
STUB = b"def missing():\n    raise NotImplementedError\n"
LAZY = b"# nothing\n"
LOOP = b"while True:\n    pass\n"
TIMES = (
    r'<td class="number roomy">[\d.]+</td>(?=<td>)'  # of one submission, before its remarks
    r"|<p>Median [^<]* min in all\.</p>"
)
"""What a report tells of how long a small class took."""


class Course:
    """The copy in ``folder``; its experiments may take ``probe_seconds``."""

    def __init__(self, folder: Path, probe_seconds: float = 2.0) -> None:
        self.root = folder
        for name in ("autograder", f"solutions/{PACK}"):
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "hw[23]*")
            )
        data = yaml.safe_load((ROOT / CONFIG_NAME).read_text("utf-8"))
        data["limits"]["probe_seconds"] = probe_seconds
        for question in data["packs"][PACK]["questions"]:
            question["assigned"] = question["module"] in MODULES
        (folder / CONFIG_NAME).write_text(yaml.safe_dump(data), "utf-8")

    @property
    def suite(self) -> Suite:
        """The pack, as its files are now."""
        return Suite(PACK, load_config(self.root / CONFIG_NAME), self.root)

    @property
    def reference(self) -> dict[str, bytes]:
        """A submission of full marks."""
        return {path: self.suite.reference_files[path] for path in (FIRST, SECOND)}

    def archive(self, path: Path, **changes: bytes) -> Path:
        """Zip the reference, with the sources of some modules replaced."""
        path.parent.mkdir(parents=True, exist_ok=True)
        named = {f"likelihood/{module}.py": source for module, source in changes.items()}
        return write_archive({**self.reference, **named}, path)

    def edit(self, path: str, old: str, new: str) -> None:
        """Change one place in a file of the copy."""
        file = self.root / path
        text = file.read_text("utf-8")
        assert text.count(old) == 1
        file.write_text(text.replace(old, new), "utf-8")

    def start(
        self, *command: object, within: Sequence[str] = (), **options: object
    ) -> subprocess.Popen[str]:
        """Start ``python -m COMMAND`` in the copy, as the last arguments of ``within``."""
        return subprocess.Popen(
            [*within, sys.executable, "-m", *map(str, command)],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root), "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def run(self, *command: object, status: int = 0, **options: object) -> str:
        """What a command prints; it must end with ``status``."""
        process = self.start(*command, **options)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == status, output
        assert "Traceback" not in output
        return output


def standing(folder: Path, pack: str = PACK) -> dict[str, Result]:
    """The results that stand in the store of ``folder``, by submission."""
    store = Store(folder, pack)
    try:
        return {result.submission: result for result in store.results()}
    finally:
        store.close()


def everything(folder: Path, pack: str = PACK) -> dict[str, object]:
    """All that a run leaves for people and programs, without how long it took."""
    found: dict[str, object] = {"grades.csv": (folder / "grades.csv").read_text("utf-8")}
    for path in sorted((folder / "results").iterdir()):
        data = json.loads(path.read_text("utf-8"))
        del data["execution_time"], data["extra_data"]["seconds"]
        found[path.name] = data
    for path in sorted((folder / "feedback").iterdir()):
        found[path.name] = re.sub(r"Graded in [\d.]+ s", "", path.read_text("utf-8"))
    report = (folder / "report.html").read_text("utf-8")
    found["report.html"] = re.sub(TIMES, "", report)
    results = standing(folder, pack)
    found["store"] = {name: r.model_copy(update={"seconds": 0}) for name, r in results.items()}
    found["names"] = sorted(path.name for path in folder.iterdir())
    return found
