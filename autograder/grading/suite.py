"""Everything hidden that belongs to one pack: references, probes, misconceptions."""

import importlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autograder.config import ROOT, Config, Pack, Question, load_config
from autograder.misconceptions import Alternative, Misconception
from autograder.submission import Submission, read_submission


@dataclass(frozen=True)
class Suite:
    """The grader's view of one pack."""

    name: str
    config: Config
    root: Path = ROOT

    @property
    def pack(self) -> Pack:
        """The pack's part of the configuration."""
        return self.config.packs[self.name]

    def tests(self, question: Question) -> Path:
        """The hidden test file of a question."""
        return self.root / "autograder" / "graders" / self.name / f"test_{question.module}.py"

    @cached_property
    def reference_files(self) -> dict[str, bytes]:
        """The reference package as a submission: sources by path."""
        folder = self.root / "solutions" / self.name
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted((folder / self.pack.package).rglob("*.py"))
        }

    def read(self, path: Path) -> Submission:
        """The submission at ``path``.

        Raises:
            SubmissionError: If it cannot be read, or belongs to another pack.
        """
        others = [pack.package for name, pack in self.config.packs.items() if name != self.name]
        modules = [question.module for question in self.pack.assigned]
        return read_submission(path, self.pack.package, self.config.limits, others, modules)

    def gaps(self) -> list[str]:
        """What is missing to grade the assigned questions, one sentence each."""
        hidden = self.root / "autograder"
        return [
            f"Q{question.id}: {path.relative_to(self.root)} does not exist"
            for question in self.pack.assigned
            for path in (
                self.root / "solutions" / self.name / self.module_path(question.module),
                hidden / "graders" / self.name / "probes" / f"{question.module}.py",
                self.tests(question),
                hidden / "misconceptions" / self.name / f"{question.module}.py",
            )
            if not path.is_file()
        ]

    def module_path(self, module: str) -> str:
        """The path of a question's module inside a submission."""
        return f"{self.pack.package}/{module}.py"

    def probes(self, module: str) -> str:
        """The source of the probes of one question."""
        folder = self.root / "autograder" / "graders" / self.name / "probes"
        return (folder / f"{module}.py").read_text("utf-8")

    def misconceptions(self, module: str) -> tuple[Misconception, ...]:
        """The known mistakes of one question."""
        return self._hidden(module).MISCONCEPTIONS

    def alternatives(self, module: str) -> tuple[Alternative, ...]:
        """Correct programs for one question that are written in another way."""
        return self._hidden(module).ALTERNATIVES

    def _hidden(self, module: str):
        return importlib.import_module(f"autograder.misconceptions.{self.name}.{module}")


def load_suite(pack: str, config: Config | None = None) -> Suite:
    """The suite of a pack given by its full or short name."""
    config = config or load_config()
    return Suite(config.pack_name(pack), config)
