"""Gradescope's bulk export, as Gradescope writes it."""

import shutil
from datetime import UTC, datetime

import pytest

from autograder.submission import SubmissionError, find_submissions, read_export

METADATA = """\
---
submission_11:
  :submitters:
  - :name: Abel, Anna
    :sid: 's11'
    :email: aa1@example.org
  - :name: "B\\xF6hm"
    :sid:
    :email: bb2@example.org
  :created_at: 2026-03-01 22:10:05.123456789 Z
  :score: 80.0
  :status: processed
  :results: &results
    tests: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
      score: 80.0
  :history:
  - :id: 10
    :created_at: 2026-02-27 10:00:00.000000000 Z
    :score: 12.5
    :results: *results
submission_12:
  :submitters:
  - :name: Cruz
    :sid: 13
    :email: cc3@example.org
  :created_at: '2026-03-02T00:10:05+01:00'
  :history: []
submission_13:
  :submitters: []
"""


@pytest.fixture
def export(tmp_path):
    folder = tmp_path / "assignment_7_export"
    for number in (11, 12, 13):
        package = folder / f"submission_{number}" / "likelihood"
        package.mkdir(parents=True)
        (package / "flows.py").write_text("x = 1\n")
    (folder / "submission_metadata.yml").write_text(METADATA, "utf-8")
    (folder / ".DS_Store").write_bytes(b"\0")
    (folder / "__MACOSX" / "submission_11").mkdir(parents=True)
    return folder


def test_groups_and_times(export):
    found = read_export(export)
    assert list(found) == ["submission_11", "submission_12", "submission_13"]
    anna, boehm = found["submission_11"].submitters
    assert (anna.name, anna.sid, anna.email) == ("Abel, Anna", "s11", "aa1@example.org")
    assert (boehm.name, boehm.sid) == ("Böhm", "")
    assert found["submission_11"].created_at == datetime(2026, 3, 1, 22, 10, 5, 123456, UTC)
    assert found["submission_12"].created_at == datetime(2026, 3, 1, 23, 10, 5, tzinfo=UTC)
    assert found["submission_12"].submitters[0].sid == "13"
    assert found["submission_13"].submitters == () and found["submission_13"].created_at is None


def test_each_folder_is_one_submission_and_junk_is_none(export):
    names = [path.name for path in find_submissions([export], "likelihood")]
    assert names == ["submission_11", "submission_12", "submission_13"]


def test_exports_may_lie_in_a_folder(export):
    names = [path.name for path in find_submissions([export.parent], "likelihood")]
    assert names == ["submission_11", "submission_12", "submission_13"]


def test_an_export_must_be_unpacked(export, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "export"), "zip", tmp_path, export.name)
    with pytest.raises(SubmissionError, match="unpack it and give its folder"):
        find_submissions([tmp_path / archive], "likelihood")


@pytest.mark.parametrize("text", ["", "- 1\n", "a: [", "a: !!python/object:os.system {}\n\0", "\t"])
def test_broken_metadata_is_one_sentence(export, text):
    (export / "submission_metadata.yml").write_text(text, "utf-8")
    with pytest.raises(SubmissionError, match=r"cannot be read; export the submissions again\.$"):
        read_export(export)


def test_metadata_may_hold_anything(export):
    (export / "submission_metadata.yml").write_text(
        "a: 1\nb: {':submitters': [1, {':name': x}], ':created_at': soon}\n", "utf-8"
    )
    found = read_export(export)
    assert found["a"].submitters == ()
    assert [p.name for p in found["b"].submitters] == ["x"] and found["b"].created_at is None


def test_a_folder_that_is_no_export_is_refused(tmp_path):
    with pytest.raises(SubmissionError, match=r"holds no submission_metadata\.yml"):
        read_export(tmp_path)
