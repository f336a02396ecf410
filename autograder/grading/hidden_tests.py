"""Hidden tests: found by pytest once, and run for every submission."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from autograder.config import ROOT, Question
from autograder.grading.plugin import ENDS, GradingPlugin
from autograder.grading.reference import Reference
from autograder.grading.suite import Suite

# Nothing that lies in a working directory, an environment or an installed plugin may take part.
_OPTIONS = (
    "--collect-only",
    "--disable-plugin-autoload",
    "--noconftest",
    "--import-mode=importlib",
    f"-c={os.devnull}",
    f"--rootdir={ROOT}",
    *(
        f"-pno:{plugin}"
        for plugin in (
            "terminal",
            "assertion",
            "cacheprovider",
            "capture",
            "debugging",
            "doctest",
            "faulthandler",
            "junitxml",
            "legacypath",
            "logging",
            "monkeypatch",
            "pastebin",
            "recwarn",
            "setuponly",
            "setupplan",
            "subtests",
            "threadexception",
            "tmpdir",
            "unittest",
            "unraisableexception",
            "warnings",
        )
    ),
)


class HiddenTests:
    """The hidden tests of a pack, which ``plugin`` grades.

    To find them takes pytest as long as to run them; it allows items to be run again.
    """

    def __init__(self, suite: Suite, plugin: GradingPlugin) -> None:
        self._suite = suite
        self._plugin = plugin
        self._found: dict[tuple[str, ...], _Found] = {}

    def find(self, questions: Sequence[Question]) -> "_Found":
        """The tests of ``questions``, as far as their files can be imported."""
        modules = tuple(question.module for question in questions)
        if modules not in self._found:
            found = _Found()
            paths = [str(self._suite.tests(question)) for question in questions]
            with _no_options_from_the_environment():
                # Without paths pytest would look for tests where it was started.
                plugins = [self._plugin, found]
                found.status = pytest.main([*paths, *_OPTIONS], plugins=plugins) if paths else 0
            if found.end is not None:
                raise found.end
            if found.status != pytest.ExitCode.OK:
                return found  # what went wrong may not go wrong again
            self._found[modules] = found
        return self._found[modules]

    def run(self, questions: Sequence[Question]) -> str:
        """Run the tests of ``questions``; how that ended, for a message about what is missing."""
        found = self.find(questions)
        try:
            for item, following in zip(found.items, [*found.items[1:], None], strict=True):
                item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        except BaseException as error:
            self._found.clear()  # in the middle of a test an item cannot be run again
            if not isinstance(error, Exception):
                raise
            return repr(error)
        return f"pytest ended with {found.status!r}"


def faults_of_tests(suite: Suite) -> list[str]:
    """Why hidden tests of a pack cannot grade their questions, one sentence each."""
    plugin = GradingPlugin(Reference(suite, seed=0))
    HiddenTests(suite, plugin).find(suite.pack.assigned)
    return plugin.problems


@dataclass
class _Found:
    """A plugin that keeps what pytest finds."""

    items: list[pytest.Item] = field(default_factory=list)
    status: int | pytest.ExitCode = 0
    end: BaseException | None = None

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo) -> None:
        # Pytest ends a run with errors in its collection in the same way.
        if not isinstance(excinfo.value, pytest.Session.Interrupted):
            self.end = excinfo.value

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo) -> bool:
        if isinstance(excinfo.value, ENDS):
            self.end = excinfo.value
        return self.end is not None  # then pytest prints no traceback


@contextmanager
def _no_options_from_the_environment() -> Iterator[None]:
    names = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)
