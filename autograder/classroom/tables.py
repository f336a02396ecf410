"""Tables of a course, as CSV files that people edit."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.config import ConfigError


class TableError(Exception):
    """A table cannot be used; one sentence a line, each with file, line and what to do."""


@dataclass(frozen=True)
class Record:
    """One line of a table: its values by column, and where it stands."""

    values: dict[str, str]
    where: str

    def __getitem__(self, column: str) -> str:
        """The value in ``column``, or "" where there is none."""
        return self.values.get(column, "")

    def number(self, column: str, high: float) -> float:
        """The number in ``column``.

        Raises:
            TableError: If it is none, or not from 0 to ``high``.
        """
        try:
            value = float(self[column])
        except ValueError:
            value = -1.0
        if not 0 <= value <= high:
            raise TableError(
                f"{self.where}: {column} must be a number from 0 to {high:g}, not '{self[column]}'."
            )
        return value


def read_table(path: Path, columns: Iterable[str]) -> list[Record]:
    """The lines of a CSV file that has at least ``columns``; empty lines are left out.

    Values are separated by commas, or as the first line is, by semicolons.

    Raises:
        TableError: If it cannot be read, or a column is missing.
    """
    try:
        text = path.read_text("utf-8-sig")
        first = text.partition("\n")[0]
        # Excel writes semicolons where a comma is part of a number.
        delimiter = ";" if first.count(";") > first.count(",") else ","
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except FileNotFoundError:
        raise TableError(f"{path} does not exist; give a CSV file.") from None
    except (OSError, UnicodeDecodeError, csv.Error):
        raise TableError(f"{path} cannot be read; save it as CSV in UTF-8.") from None
    head = [name.strip() for name in lines[0]] if lines else []
    missing = [name for name in columns if name not in head]
    if missing:
        raise TableError(
            f"{path} has no column {' and no column '.join(missing)}; its first line must name "
            f"{', '.join(columns)}."
        )
    return [
        Record(
            dict(zip(head, (value.strip() for value in line), strict=False)),
            f"{path}, line {number}",
        )
        for number, line in enumerate(lines[1:], start=2)
        if any(value.strip() for value in line)
    ]


def use_lines(records: Iterable[Record], use: Callable[[Record], None]) -> None:
    """Call ``use`` with every line.

    Raises:
        TableError: With a sentence for every line that cannot be used.
    """
    problems = []
    for record in records:
        try:
            use(record)
        except TableError as error:
            problems.append(str(error))
        except ConfigError as error:
            problems.append(f"{record.where}: {error}.")
    if problems:
        raise TableError("\n".join(problems))


def write_table(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV for people: text that a spreadsheet would run as a formula is quoted."""
    return write_data([_cell(value) for value in row] for row in rows)


def write_data(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV for a program, which takes every cell as it is."""
    text = io.StringIO()
    # A cell is quoted for a character that ends lines here: any line break in a name is one.
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().replace("\r\n", "\n")


def _cell(value: object) -> object:
    formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if formula else value
