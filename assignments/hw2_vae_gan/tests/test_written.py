"""Can the grader read `answers.toml`? Whether the answers are right is not tested here."""

import json
from pathlib import Path
from typing import Any

import pytest
from answers import AnswerError, check_answer, read_answers

PACK = Path(__file__).parent.parent
WRITTEN = json.loads((PACK / "questions.json").read_text("utf-8"))["written"]
LABELS = {f"Q{WRITTEN['id']}{part['id']}": part for part in WRITTEN["parts"]}


def given() -> dict[str, str]:
    """The answers by label."""
    try:
        answers = read_answers((PACK / WRITTEN["file"]).read_bytes(), list(LABELS))
    except AnswerError as error:
        pytest.fail(f"{WRITTEN['file']} cannot be read: {error}", pytrace=False)
    assert not answers.unknown, f"{WRITTEN['file']} answers {answers.unknown}, which is not asked"
    return answers.given


@pytest.mark.parametrize(
    ("label", "part"),
    [
        pytest.param(label, part, id=label, marks=pytest.mark.part(part["id"]))
        for label, part in LABELS.items()
    ],
)
def test_the_answer_can_be_read(label: str, part: dict[str, Any]) -> None:
    answer = given()[label]
    if not answer:
        raise NotImplementedError(f"{label}: not answered")
    try:
        check_answer(answer, part["kind"], part["options"], part["variables"])
    except AnswerError as error:
        pytest.fail(f"{label}, {part['kind']}: {error}", pytrace=False)
