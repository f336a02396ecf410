"""What the store remembers, and what it does with a file that it cannot use."""

import sqlite3
from datetime import UTC, datetime

import pytest

from autograder.classroom.store import STORE_NAME, Store, StoreError
from autograder.grading.results import Result, Row
from autograder.machine import BatchError
from autograder.submission import Exported, Submitter

GRADERS = {"density": "a", "bayes": "b"}


def result(score: float, submission: str = "alice") -> Result:
    row = Row(label="Q1a", title="", functions=(), score=score, max_score=5, status="partial")
    return Result(pack="hw1", submission=submission, seed=1, rows=(row,))


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path, "hw1")
    yield store
    store.close()


def keep(store: Store, score: float, content: str = "files", device: str = "cpu"):
    return store.keep(content, "python, torch", device, GRADERS, result(score))


def test_a_class_has_one_seed_and_keeps_it(store, tmp_path):
    large = 2**127 + 1
    assert store.seed(large) == large
    assert store.seed(5) == large
    assert Store(tmp_path, "hw1").seed(6) == large


def test_a_folder_belongs_to_one_pack(store, tmp_path):
    store.seed(1)
    assert Store(tmp_path).pack == "hw1"
    with pytest.raises(BatchError, match=r"holds the grades of hw1; choose another folder for hw2"):
        Store(tmp_path, "hw2")


def test_a_grade_is_found_by_content_environment_and_device(store):
    kept = keep(store, 3)
    assert store.grades("files", "python, torch", "cpu") == [kept]
    assert kept.graders == GRADERS
    assert kept.result == result(3)
    assert store.grades("other files", "python, torch", "cpu") == []
    assert store.grades("files", "python, newer torch", "cpu") == []
    assert store.grades("files", "python, torch", "cuda") == []


def test_what_stands_last_counts_and_what_stood_before_is_kept(store, tmp_path):
    first, second = keep(store, 3), keep(store, 4, "new files")
    assert store.standing("alice") is None
    store.stand("alice", first)
    store.stand("alice", second)
    store.stand("bob", first)
    standing = store.standing("alice")
    assert standing is not None and standing.grade == second
    assert [(r.submission, r.score) for r in store.results()] == [("alice", 4), ("bob", 3)]
    with sqlite3.connect(tmp_path / STORE_NAME) as file:
        rows = file.execute("SELECT submission, grade FROM history ORDER BY number").fetchall()
    assert rows == [("alice", first.number), ("alice", second.number), ("bob", first.number)]


def test_nothing_may_stand_again(store):
    store.stand("alice", keep(store, 3))
    store.stand("alice", None)
    assert store.results() == []
    assert store.standing("alice") is None
    store.stand("alice", keep(store, 4))
    assert [r.score for r in store.results()] == [4]


def test_who_handed_in_is_known_as_long_as_it_stands(store):
    anna = Submitter("Abel, Anna", "s11", "aa1@example.org")
    time = datetime(2026, 3, 1, 22, 10, 5, tzinfo=UTC)
    one = Exported((anna,), time, "assignment_7")
    store.remember({"a": one, "b": Exported((), None)})
    assert store.exported() == {}
    store.stand("a", keep(store, 3))
    assert store.exported() == {"a": one}
    store.stand("a", None)
    assert store.exported() == {}


def test_another_process_sees_only_whole_changes(store, tmp_path):
    store.stand("alice", keep(store, 3))
    with sqlite3.connect(tmp_path / STORE_NAME) as file:
        file.execute("DELETE FROM history")
        assert [r.submission for r in store.results()] == ["alice"]
        file.rollback()
    assert [r.submission for r in store.results()] == ["alice"]


def test_a_file_that_is_no_store_is_named(tmp_path):
    (tmp_path / STORE_NAME).write_text("These are the grades. " * 100)
    with pytest.raises(StoreError, match=r"store\.sqlite cannot be used: file is not a database"):
        Store(tmp_path, "hw1")


def test_a_folder_without_a_store_has_no_pack(tmp_path):
    with pytest.raises(StoreError, match="holds no results"):
        Store(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a?b", "a%20b", "a#b"])
def test_a_folder_may_have_any_name(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    store = Store(folder, "hw1_likelihood")
    assert store.seed(7) == 7
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (folder / STORE_NAME).is_file()
