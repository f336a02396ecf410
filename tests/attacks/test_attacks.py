"""No attack earns a point, costs another question anything, learns a secret or leaves a trace."""

import psutil
import pytest
from attacks.attacks import MODULE, OTHER_FILES, PROGRAMS
from attacks.conftest import OTHER, Arena


def assert_harmless(arena: Arena, result, secrets_in) -> None:
    """All that must hold after an attack on ``MODULE`` that was graded beside ``OTHER``."""
    own = arena.rows(result, MODULE)
    assert result.errors == ()
    assert [row.score for row in own] == [0] * len(own), own
    assert {row.status for row in own} <= {"failed", "not_started"}
    kinds = [{finding.kind for finding in row.findings} for row in own]
    assert all(kinds) and "grader_error" not in set.union(*kinds)
    assert {row.status for row in arena.rows(result, OTHER)} == {"passed"}
    assert secrets_in(arena.outputs(result)) == []
    assert arena.processes() == []
    assert list((arena.folder / "results").iterdir()) == []
    after = arena.grade(arena.reference, MODULE)
    assert {row.status for row in arena.rows(after, MODULE)} == {"passed"}


def test_the_wrong_program_earns_nothing(arena, secrets_in):
    assert_harmless(arena, arena.attack(""), secrets_in)


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_attack_achieves_nothing(arena, secrets_in, name):
    assert_harmless(arena, arena.attack(PROGRAMS[name]), secrets_in)


def test_a_fork_server_that_dies_is_replaced_and_nobody_pays(arena):
    server = psutil.Process(arena.grader._sandbox.started().server().pid)
    for process in (*server.children(recursive=True), server):
        process.kill()
    result = arena.grade(arena.reference, MODULE, OTHER)
    rows = [*arena.rows(result, MODULE), *arena.rows(result, OTHER)]
    assert {row.status for row in rows} == {"passed"}
    assert result.errors == ()
    assert arena.processes() == []


@pytest.mark.parametrize("name", [*OTHER_FILES, "all"])
def test_a_file_with_a_meaning_of_its_own_is_only_a_file(arena, secrets_in, name):
    names = OTHER_FILES if name == "all" else [name]
    files = {name: OTHER_FILES[name].encode() for name in names}
    assert_harmless(arena, arena.attack("", files), secrets_in)
