"""Can the grader read `answers.toml`? Whether the answers are right is not tested here."""

import json
from pathlib import Path
from typing import Any

import pytest
from answers import AnswerError, Answers, check_answer, read_answers

PACK = Path(__file__).parent.parent
WRITTEN = json.loads((PACK / "questions.json").read_text("utf-8"))["written"]
LABELS = {f"Q{WRITTEN['id']}{part['id']}": part for part in WRITTEN["parts"]}


def answers() -> Answers:
    """What stands in the answers file."""
    try:
        found = read_answers((PACK / WRITTEN["file"]).read_bytes(), list(LABELS))
    except AnswerError as error:
        pytest.fail(f"{WRITTEN['file']} cannot be read: {error}", pytrace=False)
    assert not found.error, f"{WRITTEN['file']}: {found.error}"
    assert not found.unknown, f"{WRITTEN['file']} answers {found.unknown}, which is not asked"
    return found


@pytest.mark.parametrize(
    ("label", "part"),
    [
        pytest.param(label, part, id=label, marks=pytest.mark.part(part["id"]))
        for label, part in LABELS.items()
    ],
)
def test_the_answer_can_be_read(label: str, part: dict[str, Any]) -> None:
    found = answers()
    problem = found.unreadable.get(label, "")
    if not problem:
        if not found.given[label]:
            raise NotImplementedError(f"{label}: not answered")
        try:
            check_answer(found.given[label], part["kind"], part["options"], part["variables"])
        except AnswerError as error:
            problem = str(error)
    if problem:
        place = f"{WRITTEN['file']}, {found.place(label)}"
        pytest.fail(f"{place}: {label}, {part['kind']}: {problem}", pytrace=False)
