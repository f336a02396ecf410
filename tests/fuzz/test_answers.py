"""Whatever stands in an answers file, the written questions have a grade, and it is the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.config import load_config
from autograder.grading.suite import Suite
from autograder.submission import ANSWERS_FILE, Submission

CONFIG = load_config()
SUITES = {name: Suite(name, CONFIG) for name, pack in CONFIG.packs.items() if pack.written}
SEED = 20260101

WORDS = """
    0 1 9 1e999 .5 1_0 0x10 True None nan inf mu sigma x log exp sqrt abs A B C D E abcde
    ( ) [ ] { } + - * / ** ^ // % @ , ; : > < -> = ! ~ | & . ' " \\ \\u0000 ² √ π ᾱ − · ×
    if else lambda for in and or not
"""
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", "\t"])
FORMULAS = st.lists(PIECES, max_size=30).map("".join)
EDITS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=10)


def grade(suite: Suite, data: bytes) -> None:
    submission = Submission(id="x", sha256="x", files={}, others={ANSWERS_FILE: data}, notes=())
    graded = suite.grade_written(submission, SEED)
    assert not graded.errors
    for note in graded.notes:
        assert note.isprintable()
    for checks in graded.checks.values():
        assert {check.outcome for check in checks} <= {"passed", "failed"}
        for check in checks:
            assert check.finding is None or check.finding.message.isprintable()
    assert suite.grade_written(submission, SEED) == graded


@pytest.mark.parametrize("name", SUITES)
@given(edits=EDITS, cut=st.floats(0, 1))
def test_mutated_files(name: str, edits: list[tuple[float, int]], cut: float) -> None:
    data = bytearray(SUITES[name].reference_answers[ANSWERS_FILE])
    for where, value in edits:
        data[int(where * len(data))] = value
    grade(SUITES[name], bytes(data if cut > 0.5 else data[: int(2 * cut * len(data))]))


@pytest.mark.parametrize("name", SUITES)
@given(data=st.data())
def test_made_up_answers(name: str, data: st.DataObject) -> None:
    suite = SUITES[name]
    written = suite.pack.written
    assert written is not None
    values = st.one_of(
        FORMULAS.map(lambda text: json.dumps(text, ensure_ascii=False)),
        st.text(max_size=30).map(json.dumps),
        st.sampled_from(["1", "-0.0", "nan", "1e400", "true", '["A", "B"]', "[[[]]]", "{a = 1}"]),
        FORMULAS,
    )
    lines = [f"{written.label(part)} = {data.draw(values)}" for part in written.parts]
    grade(suite, "\n".join(lines).encode("utf-8", "replace"))
