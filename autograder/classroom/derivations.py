"""Points for derivations, which TAs grade by hand."""

from collections.abc import Mapping
from pathlib import Path

from autograder.classroom.roster import Roster, Student
from autograder.classroom.tables import Record, TableError, read_table, use_lines
from autograder.config import Config

Derivations = dict[tuple[Student, str], Mapping[str, float]]
"""Points by id of the derivation, by student and full name of the pack."""


def read_derivations(path: Path, config: Config, roster: Roster) -> Derivations:
    """Points from a CSV file with the columns student, pack, and one for each derivation's id.

    An empty cell is a derivation that was not handed in, or not graded yet.

    Raises:
        TableError: With a sentence for every line that cannot be used.
    """
    given: Derivations = {}
    records = read_table(path, ("student", "pack"))
    columns = {column for record in records for column in record.values}

    def use(record: Record) -> None:
        pack = config.pack_name(record["pack"])
        key = roster.of(record), pack
        derivations = config.packs[pack].derivations
        if not derivations:
            raise TableError(f"{record.where}: {pack} has no derivations in grading_config.yaml.")
        absent = [derivation.id for derivation in derivations if derivation.id not in columns]
        if absent:
            raise TableError(f"{record.where}: {pack} needs a column {' and '.join(absent)}.")
        if key in given:
            raise TableError(f"{record.where}: {key[0].name} stands twice; remove one line.")
        given[key] = {
            derivation.id: record.number(derivation.id, derivation.points)
            for derivation in derivations
            if record[derivation.id]
        }

    use_lines(records, use)
    return given
