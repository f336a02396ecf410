"""Shows how far you are: a line per question after every run of ``pytest``.

A test that ends in the ``NotImplementedError`` of a function you have not written yet is reported
as "not started", not as a failure.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

PACK = Path(__file__).parent
PART = "homework part"
NOT_STARTED = "not started: "
STUB = re.compile(r"(Q\d+[a-z]): ")


def pytest_configure(config: pytest.Config) -> None:
    pack = json.loads((PACK / "questions.json").read_text("utf-8"))
    config.pluginmanager.register(Progress(pack))


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


class Progress:
    """Collects the outcomes of a run and prints them as a table."""

    def __init__(self, pack: dict[str, Any]) -> None:
        self.package = pack["package"]
        self.questions = {question["module"]: question for question in pack["questions"]}
        self.outcomes: dict[tuple[str, str], set[str]] = {}
        self.broken: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for key, value in report.user_properties:
            if key == PART:
                self.count(report, value)

    def count(self, report: pytest.TestReport, part: Any) -> None:
        module, part_id = part
        outcomes = self.outcomes.setdefault((module, part_id), set())
        if report.failed:
            outcomes.add("failing")
        elif is_not_started(report):
            outcomes.add("not started")
        elif report.passed and report.when == "call":
            outcomes.add("done")

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
        done = sum(self.points(question) for question in questions)
        of = sum(part["points"] for question in questions for part in question["parts"])
        write(f"{'total':{width}}  {'':26}{done:>5g} of {of:g}")
        write("Points count for parts whose public tests all pass; the grader tests more.")
        write(f"next: {self.next_step(questions)}")

    def row(self, question: dict[str, Any]) -> str:
        if question["module"] in self.broken:
            return f"{self.file(question)} cannot be imported"
        states = [self.state(question["module"], part) for part in question["parts"]]
        done, failing, waiting = map(states.count, ("done", "failing", "not started"))
        of = sum(part["points"] for part in question["parts"])
        return f"{done:>4}  {failing:>7}  {waiting:>11}{self.points(question):>5g} of {of:g}"

    def points(self, question: dict[str, Any]) -> float:
        module = question["module"]
        done = (part for part in question["parts"] if self.state(module, part) == "done")
        return sum(float(part["points"]) for part in done)

    def file(self, question: dict[str, Any]) -> str:
        return f"{self.package}/{question['module']}.py"

    def next_step(self, questions: list[dict[str, Any]]) -> str:
        """What to do now: mend what is broken first, then go on in order."""
        for question in questions:
            if question["module"] in self.broken:
                return f"mend the error in {self.file(question)} that is shown above"
        for state, verb in (("failing", "mend"), ("not started", "write")):
            for question in questions:
                for part in question["parts"]:
                    if self.state(question["module"], part) == state:
                        functions = ", ".join(part["functions"])
                        label = f"Q{question['id']}{part['id']} {part['title']}"
                        return f"{verb} {label}: {functions} in {self.file(question)}"
        return "all public tests of these questions pass"


def title(question: dict[str, Any]) -> str:
    return f"{question['id']} {question['title']}"
