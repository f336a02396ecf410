"""Whatever stands in the answers file costs its own points and nothing else."""

import tomllib

import pytest
from attacks.attacks import ANSWER_BOMBS, ANSWER_FILES, TARGETS

from autograder.submission import ANSWERS_FILE


def graded(arena, data: bytes) -> set[tuple[str, float]]:
    """The outcomes of all written questions, after what must hold of every answers file."""
    result = arena.grade_answers(data)
    written = arena.grader.suite.pack.written
    labels = {written.label(part) for part in written.parts}
    rows = [row for row in result.rows if row.label in labels]
    assert result.errors == ()
    assert len(rows) == len(labels)
    assert arena.secrets_in(arena.outputs(result)) == []
    return {(row.status, row.score) for row in rows}


@pytest.mark.parametrize("pack", TARGETS)
def test_the_right_answers_earn_their_points(arena_of, pack):
    arena = arena_of(pack)
    assert {status for status, _ in graded(arena, arena.answers[ANSWERS_FILE])} == {"passed"}


@pytest.mark.parametrize("name", ANSWER_BOMBS)
@pytest.mark.parametrize("pack", TARGETS)
def test_a_bomb_in_the_place_of_every_answer_earns_nothing(arena_of, pack, name):
    arena = arena_of(pack)
    labels = tomllib.loads(arena.answers[ANSWERS_FILE].decode())
    bombs = "\n".join(f"{label} = {ANSWER_BOMBS[name]}" for label in labels)
    assert graded(arena, bombs.encode()) <= {("failed", 0), ("not_started", 0)}


@pytest.mark.parametrize("name", ANSWER_FILES)
def test_a_file_that_is_a_bomb_earns_nothing(arena, name):
    assert graded(arena, ANSWER_FILES[name]) <= {("failed", 0), ("not_started", 0)}
