"""How a batch is going: a live bar on a terminal, a line now and then in a log."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from autograder.grading.results import Result

_LINE_EVERY = 100
_SHOWN = 2


class _Rate(ProgressColumn):
    """Submissions per minute."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{60 * speed:.0f}/min" if speed else "-/min")


class BatchProgress:
    """Shows the rate, the time left, what is being graded and how much has failed."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._ended = 0
        self._failed = 0
        self._running: dict[str, None] = {}
        self._bar = Progress(
            TextColumn("grading"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[failed]} failed"),
            TextColumn("[dim]{task.fields[running]}"),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("grading", total=total, failed=0, running="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def begin(self, name: str) -> None:
        """A submission was handed to the workers."""
        self._running[name] = None
        self._show()

    def end(self, name: str, result: Result) -> None:
        """A submission has its result."""
        self._running.pop(name, None)
        self._ended += 1
        self._failed += bool(result.errors) or result.unreadable
        self._show()
        if not self._console.is_terminal and self._ended % _LINE_EVERY == 0:
            line = f"{self._ended} of {self._total} graded, {self._failed} failed"
            self._console.print(line, highlight=False)

    def _show(self) -> None:
        names = [escape(name) for name in list(self._running)[:_SHOWN]]
        more = len(self._running) - len(names)
        running = ", ".join([*names, *([f"{more} more"] if more else [])])
        self._bar.update(self._task, completed=self._ended, failed=self._failed, running=running)
