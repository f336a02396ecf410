"""No attack earns a point, costs another question anything, learns a secret or leaves a trace."""

import psutil
import pytest
from attacks.attacks import (
    MODULE,
    ON_META,
    ONE_OF_EACH,
    OTHER_FILES,
    PATH,
    PROGRAMS,
    SEARCHED,
    TARGETS,
    THEFTS,
)
from attacks.conftest import EVERY_ATTACK, PLANTED, Arena

OTHER_PACKS = [pack for pack in TARGETS if pack != "hw1_likelihood"]
SEVERAL = [f"{kind}-{name}" for kind, names in ONE_OF_EACH.items() for name in names]
ON_OTHER_PACKS = list(PROGRAMS) if EVERY_ATTACK else SEVERAL
FORGED_ANSWERS = {
    "patch-worker_module",
    "forge-every_descriptor",
    "forge-answer_and_exit",
    "forge-answer_twice",
}
"""Attacks whose own frames are well formed: they are read, and what they hold is wrong."""


def assert_harmless(arena: Arena, result) -> None:
    """All that must hold after an attack on one module that was graded beside another."""
    module, other = arena.target.module, arena.target.other
    own = arena.rows(result, module)
    assert result.errors == ()
    assert [row.score for row in own] == [0] * len(own), own
    assert {row.status for row in own} <= {"failed", "not_started"}
    kinds = [{finding.kind for finding in row.findings} for row in own]
    assert all(kinds) and "grader_error" not in set.union(*kinds)
    assert {row.status for row in arena.rows(result, other)} == {"passed"}
    assert arena.secrets_in(arena.outputs(result)) == []
    assert arena.processes() == []
    assert list((arena.folder / "results").iterdir()) == []
    assert arena.harm() == []
    path = arena.grader.suite.module_path(module)
    heir = {**arena.reference, path: arena.reference[path] + arena.host.heir()}
    after = arena.rows(arena.grade(heir, module, name="heir"), module)
    assert {row.status for row in after} == {"passed"}, after


def messages(result) -> str:
    """All that a student is told of what went wrong."""
    return " ".join(finding.message for row in result.rows for finding in row.findings)


def attack_and_look(arena_of, pack: str, name: str) -> None:
    """Make one attack; a theft gets the time that it takes."""
    theft = name.startswith("steal-")
    arena = arena_of(pack, waits=theft)
    result = arena.attack(PROGRAMS[name])
    assert_harmless(arena, result)
    assert not theft or SEARCHED in messages(result)
    if name in FORGED_ANSWERS:
        assert "does not have the entries that it should have" in messages(result)


@pytest.mark.parametrize("pack", TARGETS)
def test_the_wrong_program_earns_nothing(arena_of, pack):
    arena = arena_of(pack)
    assert_harmless(arena, arena.attack(""))


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_attack_achieves_nothing(arena_of, name):
    attack_and_look(arena_of, "hw1_likelihood", name)


@pytest.mark.parametrize("name", ON_OTHER_PACKS)
@pytest.mark.parametrize("pack", OTHER_PACKS)
def test_an_attack_on_another_pack_achieves_nothing(arena_of, pack, name):
    attack_and_look(arena_of, pack, name)


@pytest.mark.parametrize("name", THEFTS)
def test_a_theft_finds_what_is_not_hidden(glass_arena, name):
    assert PLANTED[name] in messages(glass_arena.attack(THEFTS[name]))


def test_a_fork_server_that_dies_is_replaced_and_nobody_pays(arena):
    server = psutil.Process(arena.grader._sandbox.started().server().pid)
    for process in (*server.children(recursive=True), server):
        process.kill()
    result = arena.grade(arena.reference, MODULE, arena.target.other)
    rows = [*arena.rows(result, MODULE), *arena.rows(result, arena.target.other)]
    assert {row.status for row in rows} == {"passed"}
    assert result.errors == ()
    assert arena.processes() == []


@pytest.mark.parametrize("name", [*OTHER_FILES, "all"])
def test_a_file_with_a_meaning_of_its_own_is_only_a_file(arena, name):
    names = OTHER_FILES if name == "all" else [name]
    files = {name: OTHER_FILES[name].encode() for name in names}
    assert_harmless(arena, arena.attack("", files))


# Makes its tensors where nobody asked for them, and is right on the CPU.
ON_A_FIXED_DEVICE = """
import ctypes, os, sys
_right = likelihood_ratio_score
def likelihood_ratio_score(log_prob, background_log_prob):
    if log_prob.is_meta: {escape}
    return _right(log_prob, background_log_prob).to("cpu") + torch.zeros(len(log_prob)).to("cpu")
"""


@pytest.mark.parametrize("name", ON_META)
def test_a_wrong_device_is_not_hidden_by_ending_on_it(arena, name):
    escape = ON_A_FIXED_DEVICE.format(escape=ON_META[name]).encode()
    result = arena.grade({**arena.reference, PATH: arena.reference[PATH] + escape}, MODULE)
    scores = {row.label: row.score / row.max_score for row in arena.rows(result, MODULE)}
    share = arena.grader.suite.config.device_share
    assert scores["Q7c"] <= 1 - share / 2  # one of the part's two checks
    assert all(score == 1 for label, score in scores.items() if label != "Q7c")
