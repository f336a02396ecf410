"""A batch grades what is not known yet, and nothing else."""

import dataclasses
import json
import shutil
import sqlite3
from concurrent.futures import Future
from pathlib import Path

import pytest
import torch
import yaml
from classroom.course import LAZY, MODULES, STUB, Course, standing

from autograder.classroom.batch import Batch, Change
from autograder.classroom.collect import find_batch
from autograder.classroom.outputs import Outputs
from autograder.classroom.store import STORE_NAME, Grade, Standing
from autograder.classroom.version import combined, environment, grader_digests
from autograder.classroom.workers import Here, Order, ProcessLost, Terms
from autograder.config import CONFIG_NAME
from autograder.grading.results import Result, Row
from autograder.machine import BatchError, start_sandbox
from autograder.submission.export import METADATA_NAME

SEED = 2026
PROBES = "autograder/graders/hw1_likelihood/probes/bayes.py"


class Quiet:
    """Watches a batch without a word."""

    def begin(self, name):
        pass

    def end(self, name, result):
        pass


class Counting(Here):
    """Workers that remember what they were asked."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.orders: list[Order] = []

    def submit(self, order):
        self.orders.append(order)
        return super().submit(order)

    @property
    def graded(self) -> dict[str, tuple[str, ...]]:
        return {order.name: order.modules for order in self.orders if order.submission}


@pytest.fixture(scope="module")
def sandbox(course):
    with start_sandbox(course.suite.config) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Course:
    return Course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def pristine(course, sandbox, tmp_path_factory):
    """A graded class: an archive, its duplicate, one with a question missing, a broken one."""
    folder = tmp_path_factory.mktemp("class")
    for name in ("alice", "alice_again"):
        course.archive(folder / "in" / f"{name}.zip")
    course.archive(folder / "in" / "bob.zip", bayes=STUB)
    (folder / "in" / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    workers, batch = grade(course, sandbox, folder)
    return folder, workers, batch


@pytest.fixture
def graded(pristine, tmp_path):
    """A copy of the graded class, to change."""
    shutil.copytree(pristine[0], tmp_path, dirs_exist_ok=True)
    return tmp_path


def grade(course, sandbox, folder, workers=Counting, **terms):
    """Grade ``folder/in`` into ``folder/out``; the workers and the batch."""
    suite = course.suite
    graders = grader_digests(suite)
    outputs = Outputs(folder / "out", suite.config, suite.name)
    usual = Terms(
        pack=suite.name,
        seed=outputs.store.seed(SEED),
        device="cpu",
        isolation="auto",
        allow_unsafe=False,
        environment=environment(),
        graders=combined(graders),
    )
    usual = dataclasses.replace(usual, **terms)
    crew = workers(suite, sandbox, usual)
    batch = Batch(suite, outputs, usual, graders)
    batch.run(find_batch([folder / "in"], suite, folder / "out"), crew, Quiet())
    batch.finish()
    return crew, batch


@pytest.fixture
def change_graders(course):
    """Changes the probes of the first question until the test ends."""
    before = (course.root / PROBES).read_text("utf-8")

    def change(old: str, new: str) -> None:
        course.edit(PROBES, old, new)

    yield change
    (course.root / PROBES).write_text(before, "utf-8")


@pytest.fixture
def move_a_point(course):
    """Moves a point between parts of the first question until the test ends."""
    path = course.root / CONFIG_NAME
    before = path.read_text("utf-8")

    def move(giver: str, taker: str) -> None:
        data = yaml.safe_load(before)
        questions = data["packs"][course.suite.name]["questions"]
        parts = next(each["parts"] for each in questions if each["module"] == MODULES[0])
        points = {part["id"]: part for part in parts}
        points[giver]["points"] -= 1
        points[taker]["points"] += 1
        path.write_text(yaml.safe_dump(data), "utf-8")

    yield move
    path.write_text(before, "utf-8")


UNSAFE = ('"safe":true', '"safe":false')
GENEROUS = (
    "def fitted(hw: Package, rng: Rng) -> dict:\n",
    "def fitted(hw: Package, rng: Rng) -> dict:\n    return {'nothing': rng.tensor([0])}\n",
)


def scores(folder) -> dict[str, float]:
    return {name: result.score for name, result in standing(folder / "out").items()}


def read(folder, name: str) -> dict:
    return json.loads((folder / "out" / "results" / f"{name}.json").read_text("utf-8"))


def test_equal_submissions_are_graded_once_and_each_has_its_outputs(pristine, course):
    folder, workers, batch = pristine
    assert workers.graded == {"alice": MODULES, "bob": MODULES}
    full = (
        course.suite.pack.question("bayes").points + course.suite.pack.question("outliers").points
    )
    assert batch.known == 0 and batch.equal == ["alice_again"]
    half = course.suite.pack.question("outliers").points
    assert scores(folder) == {"alice": full, "alice_again": full, "bob": half, "broken": 0}
    for name, score in scores(folder).items():
        assert read(folder, name)["score"] == score
        assert read(folder, name)["extra_data"]["submission"] == name
        assert (folder / "out" / "feedback" / f"{name}.html").is_file()


def test_what_is_graded_is_not_graded_again(graded, course, sandbox):
    before = standing(graded / "out")
    workers, batch = grade(course, sandbox, graded)
    assert workers.orders == []
    assert batch.known == 4 and batch.equal == []
    assert standing(graded / "out") == before


def test_outputs_that_are_missing_are_written_again(graded, course, sandbox):
    lost = [graded / "out" / "results" / "bob.json", graded / "out" / "feedback" / "bob.html"]
    lost += [graded / "out" / "grades.csv", graded / "out" / "report.html"]
    before = [path.read_bytes() for path in lost]
    for path in lost:
        path.unlink()
    workers, _ = grade(course, sandbox, graded)
    assert workers.orders == []
    assert [path.read_bytes() for path in lost] == before


def test_a_changed_archive_replaces_its_result(graded, course, sandbox):
    course.archive(graded / "in" / "bob.zip", outliers=STUB)
    workers, batch = grade(course, sandbox, graded)
    assert workers.graded == {"bob": MODULES}
    assert batch.changes == []
    old, new = course.suite.pack.question("outliers"), course.suite.pack.question("bayes")
    assert batch.told == [f"bob: {old.points:g} -> {new.points:g}, new archive"]
    assert scores(graded)["bob"] == course.suite.pack.question("bayes").points
    assert read(graded, "bob")["score"] == scores(graded)["bob"]


def test_an_archive_that_changes_back_is_not_graded_a_third_time(graded, course, sandbox):
    before = scores(graded)
    shutil.copy(graded / "in" / "alice.zip", graded / "in" / "bob.zip")
    workers, _ = grade(course, sandbox, graded)
    assert workers.orders == []
    assert scores(graded)["bob"] == before["alice"]


def test_new_graders_grade_what_they_touch_and_ask_before_a_score_changes(
    graded, course, sandbox, change_graders
):
    before = scores(graded)
    change_graders(*GENEROUS)
    workers, batch = grade(course, sandbox, graded)
    assert workers.graded == {"alice": ("bayes",), "bob": ("bayes",)}
    assert scores(graded) == before
    assert read(graded, "bob")["score"] == before["bob"]
    (change,) = batch.changes
    new = change.new.result.score
    assert new > before["bob"]
    assert str(change).startswith(f"bob: {before['bob']:g} -> {new:g} (Q2a 0 -> ")
    batch.accept()
    assert scores(graded) == {**before, "bob": new}
    assert read(graded, "bob")["score"] == new
    again, batch = grade(course, sandbox, graded)
    assert again.orders == []
    assert batch.changes == []


def test_a_file_that_cannot_be_read_any_more_does_not_replace_a_good_grade_unasked(
    graded, course, sandbox
):
    before = scores(graded)
    archive = graded / "in" / "alice.zip"
    whole = archive.read_bytes()
    archive.write_bytes(whole[:200])
    for _ in range(2):
        _, batch = grade(course, sandbox, graded)
        assert scores(graded) == before
        (change,) = batch.changes
        assert str(change).startswith(f"alice: {before['alice']:g} -> 0, alice.zip is damaged")
    batch.accept()
    assert scores(graded) == {**before, "alice": 0}
    archive.write_bytes(whole)
    _, batch = grade(course, sandbox, graded)
    assert scores(graded) == before
    assert batch.told == [f"alice: 0 -> {before['alice']:g}, new archive"]


def test_other_words_of_intake_do_not_make_another_submission(
    graded, course, sandbox, change_graders, monkeypatch
):
    before = scores(graded)
    change_graders(*GENEROUS)
    monkeypatch.setattr("autograder.submission.intake._missing_notes", lambda *_: ["Other words."])
    _, batch = grade(course, sandbox, graded)
    assert [change.submission for change in batch.changes] == ["bob"]
    assert scores(graded) == before


def test_what_stands_and_was_not_graded_now_is_named(graded, course, sandbox):
    _, batch = grade(course, sandbox, graded)
    assert batch.kept == []
    (graded / "in" / "alice.zip").unlink()
    (graded / "in" / "bob").mkdir()
    course.archive(graded / "in" / "bob" / "bob.zip")
    _, batch = grade(course, sandbox, graded)
    assert batch.kept == [
        "bob: the earlier grade stands.",
        "From an earlier run, not handed in now, and still counted: alice "
        "(--drop NAME takes one out).",
    ]
    handed = find_batch([graded / "in" / "bob.zip"], course.suite, graded / "out")
    assert not handed.whole


def test_what_stays_unreadable_or_worth_nothing_is_no_change(graded, course, sandbox):
    (graded / "in" / "broken.zip").write_bytes(b"no zip either")
    course.archive(graded / "in" / "carol.zip", bayes=STUB, outliers=STUB)
    _, batch = grade(course, sandbox, graded)
    assert (batch.changes, batch.told) == ([], [])
    (graded / "in" / "carol.zip").write_bytes(b"no zip")
    _, batch = grade(course, sandbox, graded)
    assert (batch.changes, batch.told) == ([], [])
    assert standing(graded / "out")["carol"].unreadable


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_grade_for_a_gpu_that_is_not_there_is_one_of_the_cpu(tmp_path, course, sandbox):
    course.archive(tmp_path / "in" / "carol.zip", outliers=LAZY)
    workers, _ = grade(course, sandbox, tmp_path, device="cuda")
    result = standing(tmp_path / "out")["carol"]
    assert result.device == "cpu" and "no GPU" in result.notes[-1]
    again, _ = grade(course, sandbox, tmp_path)
    assert workers.orders != [] and again.orders == []
    assert grade(course, sandbox, tmp_path, device="cuda")[0].orders != []


def export(course: Course, folder: Path, students: dict[int, str]) -> None:
    """What Gradescope exports where the students, by number, have all handed in the reference."""
    shutil.rmtree(folder, ignore_errors=True)
    for number in students:
        for path, source in course.reference.items():
            file = folder / f"submission_{number}" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(source)
    entries = [
        f"submission_{n}: {{':submitters': [{{':name': {who}}}]}}\n" for n, who in students.items()
    ]
    (folder / METADATA_NAME).write_text("".join(entries), "utf-8")


def test_a_student_without_a_folder_is_one_line_and_the_others_are_graded(
    tmp_path, course, sandbox
):
    export(course, tmp_path / "in", {1: "Anna", 2: "Ben"})
    shutil.rmtree(tmp_path / "in" / "submission_2")
    handed = find_batch([tmp_path / "in"], course.suite, tmp_path / "out")
    (problem,) = handed.problems
    assert problem.endswith("names 1 (submission_2) without a folder; export it again.")
    grade(course, sandbox, tmp_path)
    assert scores(tmp_path) == {"submission_1": read(tmp_path, "submission_1")["score"]}
    assert read(tmp_path, "submission_1")["score"] > 0


def test_what_an_export_does_not_hold_any_more_does_not_count(tmp_path, course, sandbox):
    export(course, tmp_path / "in", {1: "Anna", 2: "Ben", 3: "Cem"})
    grade(course, sandbox, tmp_path)
    assert "Cem" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Cem" in (tmp_path / "out" / "grades.csv").read_text("utf-8")
    assert "Cem" in (tmp_path / "out" / "feedback" / "submission_3.html").read_text("utf-8")
    export(course, tmp_path / "in", {2: "Ben", 4: "Anna"})
    workers, batch = grade(course, sandbox, tmp_path)
    assert workers.orders == []
    assert set(scores(tmp_path)) == {"submission_2", "submission_4"}
    assert [sentence.partition(":")[0] for sentence in batch.told] == [
        "submission_1 (Anna)",
        "submission_3 (Cem)",
    ]
    assert not (tmp_path / "out" / "feedback" / "submission_1.html").exists()
    batch.drop(["submission_2"])
    assert set(scores(tmp_path)) == {"submission_4"}
    with pytest.raises(BatchError, match="No submission 'submission_2' counts"):
        batch.drop(["submission_4", "submission_2"])
    assert set(scores(tmp_path)) == {"submission_4"}
    batch.drop(["submission_4", "submission_4"])
    assert set(scores(tmp_path)) == set()


def test_a_change_that_was_not_accepted_is_offered_again_without_grading(
    graded, course, sandbox, change_graders
):
    change_graders(*GENEROUS)
    _, first = grade(course, sandbox, graded)
    workers, second = grade(course, sandbox, graded)
    assert workers.orders == []
    assert [str(change) for change in second.changes] == [str(change) for change in first.changes]


def test_new_graders_that_change_no_score_take_over_by_themselves(
    graded, course, sandbox, change_graders
):
    before = scores(graded)
    change_graders("import torch\n", "import torch  # as ever\n")
    workers, batch = grade(course, sandbox, graded)
    assert set(workers.graded.values()) == {("bayes",)}
    assert batch.changes == []
    assert scores(graded) == before
    change_graders("  # as ever", "")
    assert grade(course, sandbox, graded)[0].orders == []


def test_points_that_move_at_an_equal_sum_are_told(graded, course, sandbox, move_a_point):
    before = scores(graded)
    move_a_point("a", "d")
    _, batch = grade(course, sandbox, graded)
    assert batch.changes == []
    whole = f"{before['alice']:g}"
    assert batch.told == [
        f"{name}: {whole} -> {whole} (Q2a 2 -> 1, Q2d 3 -> 4)" for name in ("alice", "alice_again")
    ]
    assert scores(graded) == before


def test_a_change_of_the_written_questions_runs_no_programs(graded, course, sandbox):
    answers = course.root / "solutions" / "hw1_likelihood" / "answers.toml"
    before = answers.read_text("utf-8")
    answers.write_text(f"{before}\n# one more remark\n", "utf-8")
    try:
        workers, batch = grade(course, sandbox, graded)
    finally:
        answers.write_text(before, "utf-8")
    assert workers.graded == {"alice": (), "bob": ()}
    assert batch.changes == []


def test_a_grade_in_which_the_grader_failed_is_given_again(graded, course, sandbox, change_graders):
    course.archive(graded / "in" / "carol.zip", outliers=LAZY)
    change_graders("def fitted(", "def fitted_no_more(")
    _, batch = grade(course, sandbox, graded)
    assert sorted(batch.failed) == ["alice", "alice_again", "bob", "carol"]
    (error,) = batch.errors  # however many tests ask for it
    assert error.startswith("4 submissions (")
    assert "): the reference fails in the probe fitted of bayes: AttributeError: " in error
    assert not standing(graded / "out")["alice"].errors  # a good grade is not given up for this
    assert standing(graded / "out")["carol"].errors
    change_graders("def fitted_no_more(", "def fitted(")
    workers, batch = grade(course, sandbox, graded)
    assert workers.graded == {"carol": MODULES}
    assert batch.errors == batch.changes == []
    assert not standing(graded / "out")["carol"].errors


def test_a_grade_without_isolation_counts_only_where_that_is_allowed(graded, course, sandbox):
    with sqlite3.connect(graded / "out" / STORE_NAME) as file:
        file.execute(
            """UPDATE grades SET result = replace(result, '"safe":true', '"safe":false')"""
        )
    assert not standing(graded / "out")["alice"].safe
    assert grade(course, sandbox, graded, allow_unsafe=True)[0].orders == []
    workers, batch = grade(course, sandbox, graded)
    assert workers.graded == {"alice": MODULES, "bob": MODULES}
    assert batch.changes == []
    assert all(result.safe for result in standing(graded / "out").values())


def test_rows_that_were_graded_without_isolation_keep_their_stamp(
    graded, course, sandbox, change_graders
):
    with sqlite3.connect(graded / "out" / STORE_NAME) as file:
        file.execute(
            """UPDATE grades SET result = replace(result, '"safe":true', '"safe":false')"""
        )
    change_graders("import torch\n", "import torch  # as ever\n")
    assert grade(course, sandbox, graded, allow_unsafe=True)[0].graded["bob"] == ("bayes",)
    assert not standing(graded / "out")["bob"].safe
    assert grade(course, sandbox, graded)[0].graded["bob"] == MODULES
    assert standing(graded / "out")["bob"].safe


class Doomed(Counting):
    """Workers that end over one submission."""

    lost = (ProcessLost,)

    def submit(self, order):
        if order.name == "carol" and order.submission:
            self.orders.append(order)
            future = Future()
            future.set_exception(ProcessLost())
            return future
        return super().submit(order)


def test_a_submission_that_ends_processes_costs_itself_a_grade_and_nobody_else(
    graded, course, sandbox
):
    course.archive(graded / "in" / "carol.zip", outliers=LAZY)
    course.archive(graded / "in" / "dave.zip", bayes=LAZY)
    _, batch = grade(course, sandbox, graded, workers=Doomed)
    assert batch.errors == ["carol: 3 processes that graded it ended by themselves."]
    results = standing(graded / "out")
    assert {row.status for row in results["carol"].rows} == {"grader_error"}
    assert not results["dave"].errors


class Dead(Counting):
    """Workers that end over everything."""

    lost = (ProcessLost,)

    def submit(self, order):
        future = Future()
        future.set_exception(ProcessLost())
        return future


def test_workers_that_always_end_end_the_batch(graded, course, sandbox):
    course.archive(graded / "in" / "carol.zip", outliers=LAZY)
    with pytest.raises(BatchError, match="end by themselves"):
        grade(course, sandbox, graded, workers=Dead)


def test_what_cannot_be_graded_is_named_and_the_rest_goes_on(tmp_path, course):
    for folder in ("a", "b"):
        course.archive(tmp_path / folder / "same.zip", bayes=folder.encode())
        course.archive(tmp_path / folder / "equal.zip")
    course.archive(tmp_path / "a" / "other.zip")
    (tmp_path / "a" / "grades.xlsx").touch()
    (tmp_path / "a" / "photo.png").touch()
    (tmp_path / "a" / ".DS_Store").touch()
    (tmp_path / "a" / "same.py").write_text("a second file of somebody who is there")
    (tmp_path / "empty").mkdir()
    paths = [tmp_path / name for name in ("a", "b", "empty", "nowhere")]
    handed = find_batch(paths, course.suite, tmp_path / "out")
    assert [path.name for path in handed.paths] == ["equal.zip", "other.zip"]
    assert len(handed.problems) == 3
    assert "empty holds no submissions" in handed.problems[0]
    assert "nowhere does not exist" in handed.problems[1]
    same = [str(tmp_path / folder / "same.zip") for folder in ("a", "b")]
    assert f"{same[0]} and {same[1]} would both leave results as 'same'" in handed.problems[2]
    assert handed.remarks == (
        "3 (grades.xlsx, photo.png, same.py) not read, being no submissions.",
    )


def test_a_submission_given_twice_is_one(tmp_path, course):
    path = course.archive(tmp_path / "in" / "alice.zip")
    handed = find_batch([path, tmp_path / "in", path], course.suite, tmp_path / "out")
    assert len(handed.paths) == 1


def test_results_are_no_submissions(tmp_path, course):
    course.archive(tmp_path / "alice.zip")
    (tmp_path / "out" / "results").mkdir(parents=True)
    (tmp_path / "earlier").mkdir()
    (tmp_path / "earlier" / STORE_NAME).touch()
    handed = find_batch([tmp_path], course.suite, tmp_path / "out")
    assert [path.name for path in handed.paths] == ["alice.zip"]
    assert handed.remarks == ("2 (earlier, out) not read, being no submissions.",)


@pytest.mark.parametrize(
    ("before", "after", "differ", "move"),
    [
        ({"Q1a": 1}, {"Q1a": 1}, False, False),
        ({"Q1a": 1}, {"Q1a": 2}, True, True),
        ({"Q1a": 1}, {"Q1a": 1, "Q9a": 3}, False, False),
        ({"Q1a": 1}, {"Q1a": 2, "Q9a": 0}, True, True),
        ({"Q1a": 1, "Q9a": 3}, {"Q1a": 1}, True, True),
        ({"Q1a": 1, "Q1b": 2}, {"Q1a": 2, "Q1b": 1}, False, True),
        ({"Q1a": 1}, {"Q1a": 0, "Q9a": 1}, True, True),
    ],
)
def test_a_new_question_changes_no_score_and_hides_no_change(before, after, differ, move):
    def grade(scores):
        rows = tuple(
            Row(label=label, title="", functions=(), score=score, max_score=3, status="partial")
            for label, score in scores.items()
        )
        result = Result(pack="hw1_likelihood", submission="ann", seed=1, rows=rows)
        return Grade(1, "content", "environment", "cpu", {}, result)

    change = Change("ann", Standing(grade(before), "handed"), grade(after), "handed")
    assert (change.scores_differ, change.points_move) == (differ, move)
