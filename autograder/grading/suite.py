"""Everything hidden that belongs to one pack: references, probes, misconceptions."""

import ast
import json
import re
import runpy
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from autograder.config import ROOT, Config, Pack, Question
from autograder.grading.answers import read_answers
from autograder.grading.written import NO_WRITTEN, AnswerSheet, Graded, Key, grader_failed
from autograder.misconceptions import Alternative, Misconception
from autograder.submission import ANSWERS_FILE, Submission, read_submission


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

    @cached_property
    def reference_answers(self) -> dict[str, bytes]:
        """The answers file of the reference, as a submission has it."""
        if self.pack.written is None:
            return {}
        return {ANSWERS_FILE: (self.root / "solutions" / self.name / ANSWERS_FILE).read_bytes()}

    def answers_with(self, label: str, answer: str) -> dict[str, bytes]:
        """The reference's answers file with another answer to one question."""
        text = self.reference_answers[ANSWERS_FILE].decode()
        line = re.compile(rf"^{label} =.*$", re.MULTILINE)
        changed = line.sub(lambda _: f"{label} = {json.dumps(answer)}", text)
        return {ANSWERS_FILE: changed.encode()}

    @cached_property
    def answer_key(self) -> dict[str, Key]:
        """The hidden key of the written questions, by part."""
        return _loaded(self.root / "autograder" / "graders" / self.name / "written.py")["KEY"]

    def grade_written(self, submission: Submission, seed: int) -> Graded:
        """The written questions of a submission."""
        written = self.pack.written
        if written is None:
            return NO_WRITTEN
        labels = [written.label(part) for part in written.parts]
        try:
            right = read_answers(self.reference_answers[ANSWERS_FILE], labels).given
            sheet = AnswerSheet(written, self.answer_key, right, seed)
        except Exception as error:  # the grader's fault must not cost the student
            return grader_failed(written, error)
        return sheet.grade(submission.others)

    def read(self, path: Path) -> Submission:
        """The submission at ``path``.

        Raises:
            SubmissionError: If it cannot be read, or belongs to another pack.
        """
        others = [pack.package for name, pack in self.config.packs.items() if name != self.name]
        modules = [question.module for question in self.pack.assigned]
        return read_submission(path, self.pack.package, self.config.limits, others, modules)

    def gaps(self) -> list[str]:
        """What is missing to grade the assigned questions, or is no Python, one sentence each."""
        hidden = self.root / "autograder"
        solutions, graders = self.root / "solutions" / self.name, hidden / "graders" / self.name
        misconceptions = hidden / "misconceptions" / self.name
        needed = [
            (question.id, path)
            for question in self.pack.assigned
            for path in (
                solutions / self.module_path(question.module),
                graders / "probes" / f"{question.module}.py",
                self.tests(question),
                misconceptions / f"{question.module}.py",
            )
        ]
        if self.pack.written is not None:
            needed += [
                (self.pack.written.id, path)
                for path in (solutions / ANSWERS_FILE, graders / "written.py")
            ]
        missing = [
            f"Q{question}: {path.relative_to(self.root)} does not exist"
            for question, path in needed
            if not path.is_file()
        ]
        folders = (solutions / self.pack.package, graders, misconceptions)
        sources = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
        return missing + [problem for path in sources if (problem := self._syntax_error(path))]

    def _syntax_error(self, path: Path) -> str:
        try:
            ast.parse(path.read_bytes())
        except (SyntaxError, ValueError) as error:
            line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
            what = error.msg if isinstance(error, SyntaxError) else str(error)
            return f"{path.relative_to(self.root)}{line}: {what}; correct it and run this again"
        return ""

    def module_path(self, module: str) -> str:
        """The path of a question's module inside a submission."""
        return f"{self.pack.package}/{module}.py"

    def probes(self, module: str) -> str:
        """The source of the probes of one question."""
        folder = self.root / "autograder" / "graders" / self.name / "probes"
        return (folder / f"{module}.py").read_text("utf-8")

    def probe_names(self, module: str) -> list[str]:
        """The probes of one question: the functions that its file defines for others."""
        tree = ast.parse(self.probes(module))
        functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        return [name for name in functions if not name.startswith("_")]

    def misconceptions(self, module: str) -> tuple[Misconception, ...]:
        """The known mistakes of one question."""
        return self._known(module)["MISCONCEPTIONS"]

    def alternatives(self, module: str) -> tuple[Alternative, ...]:
        """Correct programs for one question that are written in another way."""
        return self._known(module)["ALTERNATIVES"]

    def _known(self, module: str) -> dict[str, Any]:
        return _loaded(self.root / "autograder" / "misconceptions" / self.name / f"{module}.py")


@cache
def _loaded(path: Path) -> dict[str, Any]:
    """What a file defines; it is read once."""
    return runpy.run_path(str(path))
