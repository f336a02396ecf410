"""The late policy, from times of submission to the share of a score that counts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.classroom.late import charge, days_late, read_extensions
from autograder.classroom.roster import Roster, Student
from autograder.classroom.tables import TableError
from autograder.config import LatePolicy

POLICY = LatePolicy(late_days=3, percent_per_day=10, max_days=4, grace_minutes=15)
DUE = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
ANNA, BEN = Student("Anna", login="anna"), Student("Ben", login="ben")
ROSTER = Roster([ANNA, BEN])


@pytest.mark.parametrize(
    ("late", "extension", "days"),
    [
        (timedelta(hours=-5), 0, 0),
        (timedelta(minutes=15), 0, 0),
        (timedelta(minutes=15, seconds=1), 0, 1),
        (timedelta(days=1, minutes=15), 0, 1),
        (timedelta(days=1, minutes=16), 0, 2),
        (timedelta(days=2, minutes=16), 2, 1),
        (timedelta(days=2), 3, 0),
        (timedelta(hours=14), 0.5, 1),
    ],
)
def test_days_late_are_started_days_after_deadline_extension_and_grace(late, extension, days):
    assert days_late(POLICY, DUE + late, DUE, extension) == days


def test_another_time_zone_is_the_same_moment():
    zone = datetime.fromisoformat("2026-03-02T01:10:00+01:00")
    assert days_late(POLICY, zone, DUE) == 0


def test_unknown_times_are_in_time():
    assert days_late(POLICY, None, DUE) == days_late(POLICY, DUE, None) == 0


def test_free_days_are_used_as_they_come_and_then_every_day_costs():
    first, second, third = charge(POLICY, [2, 2, 1])
    assert (first.free, first.factor) == (2, 1.0)
    assert (second.free, second.factor) == (1, 0.9)
    assert (third.free, third.factor) == (0, 0.9)


def test_what_is_too_late_counts_nothing_and_uses_no_free_day():
    first, second = charge(POLICY, [5, 3])
    assert (first.free, first.factor) == (0, 0.0)
    assert (second.free, second.factor) == (3, 1.0)


@given(st.lists(st.integers(0, 6), max_size=6))
def test_free_days_are_a_budget(days):
    charges = charge(POLICY, days)
    assert [c.days for c in charges] == days
    assert sum(c.free for c in charges) <= POLICY.late_days
    assert all(0 <= c.factor <= 1 and c.free <= c.days for c in charges)


def extensions(tmp_path, config, text):
    path = tmp_path / "extensions.csv"
    path.write_text(text, "utf-8")
    return read_extensions(path, config, ROSTER)


def test_extensions_know_students_and_packs_by_any_name(tmp_path, config):
    text = "student,pack,days,why\nanna,hw1,2,ill\nBen,hw2_vae_gan,0.5,\n\n"
    read = extensions(tmp_path, config, text)
    assert read == {(ANNA, "hw1_likelihood"): 2, (BEN, "hw2_vae_gan"): 0.5}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("student,pack\nanna,hw1\n", "no column days"),
        ("student,pack,days\nanna,hw1,-1\n", "line 2: days must be a number from 0 to 365"),
        ("student,pack,days\nanna,hw1,nan\n", "line 2: days must be a number"),
        ("student,pack,days\nanna,hw9,1\n", "line 2: there is no pack 'hw9'"),
        ("student,pack,days\ncarl,hw1,1\n", "line 2: no student of the roster is called"),
        ("student,pack,days\nanna,hw1,1\nAnna,hw1,2\n", "line 3: this extension stands twice"),
    ],
)
def test_what_is_wrong_with_extensions_is_one_sentence(tmp_path, config, text, said):
    with pytest.raises(TableError) as error:
        extensions(tmp_path, config, text)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_every_bad_line_is_named_at_once(tmp_path, config):
    with pytest.raises(TableError) as error:
        extensions(tmp_path, config, "student,pack,days\ncarl,hw1,1\nanna,hw1,x\n")
    assert len(str(error.value).splitlines()) == 2
