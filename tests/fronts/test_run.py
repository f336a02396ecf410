"""What a grading container says beside the rows."""

import json

import pytest

from autograder.gradescope.run import late_note

DUE = "2026-10-01T23:59:00+02:00"


def metadata(tmp_path, created, due=DUE):
    path = tmp_path / "submission_metadata.json"
    path.write_text(json.dumps({"created_at": created, "assignment": {"due_date": due}}))
    return path


def test_lateness_is_told_across_time_zones(tmp_path):
    (note,) = late_note(metadata(tmp_path, "2026-10-02T03:29:00+00:00"))
    assert "5.5 hours after the deadline" in note


@pytest.mark.parametrize(
    ("created", "due"),
    [
        ("2026-10-01T21:58:00+00:00", DUE),
        ("2026-10-02T03:29:00+00:00", None),
        ("soon", DUE),
        (None, DUE),
    ],
)
def test_nothing_is_said_of_what_is_in_time_or_not_known(tmp_path, created, due):
    assert late_note(metadata(tmp_path, created, due)) == ()


def test_nothing_is_said_without_metadata(tmp_path):
    assert late_note(tmp_path / "none.json") == ()
