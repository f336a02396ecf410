"""Shows how far you are: a line per question after every run of ``pytest``.

A test that ends in the ``NotImplementedError`` of a function you have not written yet is reported
as "not started", not as a failure. Below a failure stands what the docstring promises.
"""

import inspect
import json
import re
import sys
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

PACK = Path(__file__).parent
PART = "homework part"
FUNCTIONS = "homework functions"
STUMBLED = (
    "The test cannot use what your function returned. Is it None, because a `return` is missing, "
    "or of another type than the docstring says?"
)
NOT_STARTED = "not started: "
STUB = re.compile(r"(Q\d+[a-z]): (.*)")
RETURNS = re.compile(r"^Returns:\n(?:(?:[ \t].*)?\n)+", re.MULTILINE)


def pytest_configure(config: pytest.Config) -> None:
    pack = json.loads((PACK / "questions.json").read_text("utf-8"))
    config.pluginmanager.register(Progress(pack))
    config.pluginmanager.register(Docstrings(pack))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    marker = item.get_closest_marker("part")
    if marker is not None:
        module = item.path.stem.removeprefix("test_")
        report.user_properties.append((PART, [module, marker.args[0]]))
    error = call.excinfo.value if call.excinfo else None
    stub = STUB.match(str(error)) if isinstance(error, NotImplementedError) else None
    if stub:
        report.user_properties.append((FUNCTIONS, [stub[2]]))
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, NOT_STARTED + stub[1])
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> Any:
    if is_not_started(report):
        return "not started", "-", "NOT STARTED"
    return None


def is_not_started(report: pytest.TestReport) -> bool:
    return (
        report.skipped
        and isinstance(report.longrepr, tuple)
        and report.longrepr[2].startswith(NOT_STARTED)
    )


class Docstrings:
    """Adds to a failure what the functions in question promise, and where that stands."""

    def __init__(self, pack: dict[str, Any]) -> None:
        self.package = pack["package"]
        self.functions = {
            (question["module"], part["id"]): part["functions"]
            for question in pack["questions"]
            for part in question["parts"]
        }

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        asked = next((tuple(value) for key, value in report.user_properties if key == PART), None)
        if report.failed and asked in self.functions:
            module = sys.modules.get(f"{self.package}.{asked[0]}")
            names = concerned(item, self.functions[asked])
            report.user_properties.append((FUNCTIONS, names))
            for name in names:
                function = get(module, name)
                if function is not None:
                    report.sections.append(promise(function, name))
            if stumbled(call.excinfo, item.path):
                report.sections.append(("in other words", STUMBLED))
        return report


def stumbled(excinfo: pytest.ExceptionInfo[BaseException] | None, test: Path) -> bool:
    """Whether a test itself came to grief over what a function returned."""
    if excinfo is None or isinstance(excinfo.value, AssertionError | pytest.fail.Exception):
        return False
    last = [entry for entry in excinfo.traceback if Path(entry.path).is_relative_to(PACK)][-1:]
    return bool(last) and Path(last[0].path) == test


def concerned(item: pytest.Item, functions: list[str]) -> list[str]:
    """Those of a part's functions that a test names; all of them if it names none."""
    text = f"{item.name}\n{inspect.getsource(getattr(item, 'function', item.__class__))}"
    named = [name for name in functions if re.search(rf"\b{name.rpartition('.')[2]}\b", text)]
    return named or functions


def get(module: Any, name: str) -> Callable[..., Any] | None:
    """A function or method of a module; None if a student has taken it away."""
    try:
        found = attrgetter(name)(module)
    except AttributeError:
        return None
    return found if inspect.isfunction(found) else None


def promise(function: Callable[..., Any], name: str) -> tuple[str, str]:
    """Where a function stands; how it is called and what its docstring says that it returns."""
    code = inspect.unwrap(function).__code__
    path = Path(code.co_filename)
    doc = f"{inspect.getdoc(function) or ''}\n"
    returns = RETURNS.search(doc)
    words = returns[0].strip() if returns else doc.strip().partition("\n\n")[0]
    call = f"{name}({', '.join(inspect.signature(function).parameters)})"
    return f"{path.parent.name}/{path.name}:{code.co_firstlineno}", f"{call}\n{words}"


class Progress:
    """Collects the outcomes of a run and prints them as a table."""

    def __init__(self, pack: dict[str, Any]) -> None:
        self.package = pack["package"]
        self.questions = {question["module"]: question for question in pack["questions"]}
        if "written" in pack:
            self.questions["written"] = {"module": "written", **pack["written"]}
        self.outcomes: dict[tuple[str, str], set[str]] = {}
        self.concerned: dict[tuple[str, str, str], set[str]] = {}
        self.broken: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties: dict[str, Any] = dict(report.user_properties)
        if PART in properties:
            module, part = properties[PART]
            self.count(report, module, part, properties.get(FUNCTIONS, []))

    def count(
        self, report: pytest.TestReport, module: str, part: str, functions: list[str]
    ) -> None:
        outcomes = self.outcomes.setdefault((module, part), set())
        if report.failed:
            state = "failing"
        elif is_not_started(report):
            state = "not started"
        elif report.passed and report.when == "call":
            state = "done"
        else:
            return
        outcomes.add(state)
        self.concerned.setdefault((module, part, state), set()).update(functions)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken.add(Path(report.nodeid).stem.removeprefix("test_"))

    def state(self, module: str, part: dict[str, Any]) -> str:
        """failing, not started, done, or "" for a part without a test in this run."""
        outcomes = self.outcomes.get((module, part["id"]), set())
        order = ("failing", "not started", "done")
        return next((state for state in order if state in outcomes), "")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        seen = self.broken | {module for module, _ in self.outcomes}
        questions = [q for module, q in self.questions.items() if module in seen]
        if not questions:
            return
        width = max(len(title(question)) for question in questions)
        write = terminalreporter.write_line
        terminalreporter.section("your progress")
        write(f"{'question':{width}}  done  failing  not started      points")
        for question in questions:
            write(f"{title(question):{width}}  {self.row(question)}")
        programs = [question for question in questions if "file" not in question]
        done = sum(self.points(question) for question in programs)
        of = sum(part["points"] for question in programs for part in question["parts"])
        write(f"{'total':{width}}  {'':26}{done:>5g} of {of:g}")
        write("Points count for parts whose public tests all pass; the grader tests more.")
        write(f"next: {self.next_step(questions)}")

    def row(self, question: dict[str, Any]) -> str:
        if question["module"] in self.broken:
            return f"{self.file(question)} cannot be imported"
        states = [self.state(question["module"], part) for part in question["parts"]]
        done, failing, waiting = map(states.count, ("done", "failing", "not started"))
        of = sum(part["points"] for part in question["parts"])
        # Whether an answer is right only the grader knows.
        earned = "?" if "file" in question else f"{self.points(question):g}"
        return f"{done:>4}  {failing:>7}  {waiting:>11}{earned:>5} of {of:g}"

    def points(self, question: dict[str, Any]) -> float:
        module = question["module"]
        done = (part for part in question["parts"] if self.state(module, part) == "done")
        return sum(float(part["points"]) for part in done)

    def file(self, question: dict[str, Any]) -> str:
        """Where the answers to a question are written."""
        return str(question.get("file", f"{self.package}/{question['module']}.py"))

    def next_step(self, questions: list[dict[str, Any]]) -> str:
        """What to do now: mend what is broken first, then go on in order."""
        for question in questions:
            if question["module"] in self.broken:
                return f"mend the error in {self.file(question)} that is shown above"
        for state, verb in (("failing", "mend"), ("not started", "write")):
            for question in questions:
                for part in question["parts"]:
                    if self.state(question["module"], part) == state:
                        what = f"Q{question['id']}{part['id']} {part['title']}"
                        if "functions" in part:
                            concerned = self.concerned[question["module"], part["id"], state]
                            names = [f for f in part["functions"] if f in concerned]
                            what += f": {', '.join(names or part['functions'])}"
                        return f"{verb} {what} in {self.file(question)}"
        return "all public tests of these questions pass; python submit.py packs your homework"


def title(question: dict[str, Any]) -> str:
    return f"{question['id']} {question['title']}"
