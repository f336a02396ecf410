"""Written questions through intake and grading: the same rows, whatever the answers file is."""

import zipfile

import pytest
from samples import complete

from autograder.config import load_config
from autograder.grading.answers import check_answer
from autograder.grading.suite import Suite
from autograder.grading.verify import count_programs, verify
from autograder.release.answers import blank_answers
from autograder.submission import ANSWERS_FILE, Submission

CONFIG = load_config()
SUITES = [pytest.param(Suite(name, CONFIG), id=pack.short) for name, pack in CONFIG.packs.items()]
HW1 = Suite("hw1_likelihood", CONFIG)


def grade(suite: Suite, others: dict[str, bytes], seed: int = 7):
    graded = suite.grade_written(Submission("x", "x", {}, others, ()), seed)
    assert not graded.errors
    return graded


def check_of(suite: Suite, label: str, answer: str, seed: int = 7):
    """The check of one answer, all others being right."""
    checks = grade(suite, suite.answers_with(label, answer), seed).checks
    assert all(own[0].outcome == "passed" for name, own in checks.items() if name != label)
    return checks[label][0]


@pytest.mark.parametrize("suite", SUITES)
class TestEveryPack:
    def test_at_least_eight_questions_with_every_kind(self, suite):
        parts = suite.pack.written.parts
        assert len(parts) >= 8
        kinds = {"number", "choice", "set", "order", "expression"}
        assert {part.kind for part in parts} == kinds
        assert sum(part.points for part in parts) == 10

    def test_the_reference_is_right(self, suite):
        for seed in range(20):
            checks = grade(suite, suite.reference_answers, seed).checks
            assert [own[0].outcome for own in checks.values()] == ["passed"] * len(checks)

    def test_a_pack_as_released_is_not_started(self, suite):
        blank = blank_answers(answers_text(suite), suite.pack.written, ANSWERS_FILE)
        checks = grade(suite, {ANSWERS_FILE: blank.encode()}).checks
        assert {own[0].finding.kind for own in checks.values()} == {"not_started"}

    def test_the_key_is_of_every_question_and_knows_mistakes(self, suite):
        parts = suite.pack.written.parts
        assert list(suite.answer_key) == [part.id for part in parts]
        ids = [m.id for key in suite.answer_key.values() for m in key.mistakes]
        programs = [m.id for q in suite.pack.assigned for m in suite.misconceptions(q.module)]
        assert len(set(ids) | set(programs)) == len(ids) + len(programs)
        for part in parts:
            key = suite.answer_key[part.id]
            assert len(key.mistakes) >= 2
            assert set(key.domain) == set(part.variables)

    def test_known_mistakes_are_wrong_and_named_and_hints_keep_the_answer(self, suite):
        written = suite.pack.written
        right = right_texts(suite)
        for part in written.parts:
            label = written.label(part)
            for mistake in suite.answer_key[part.id].mistakes:
                check = check_of(suite, label, mistake.answer)
                assert check.outcome == "failed"
                assert check.finding.kind == "answer"
                assert check.finding.misconception == mistake.id
                if part.kind != "choice":
                    assert right[label] not in mistake.hint

    def test_right_answers_in_other_forms_are_right(self, suite):
        written = suite.pack.written
        for part in written.parts:
            for answer in suite.answer_key[part.id].alternatives:
                for seed in range(10):
                    check = check_of(suite, written.label(part), answer, seed)
                    assert check.outcome == "passed", answer

    def test_derivations_have_points_a_task_a_model_answer_and_a_rubric(self, suite):
        assert 2 <= len(suite.pack.derivations) <= 3
        folder = suite.root / "solutions" / suite.name / "derivations"
        for derivation in suite.pack.derivations:
            text = (folder / f"{derivation.id}.md").read_text("utf-8")
            headings = [line for line in text.splitlines() if line.startswith("#")]
            wanted = [f"# {derivation.title}", "## Task", "## Model answer", "## Rubric"]
            assert headings == wanted
            rubric = text.split("## Rubric")[1].splitlines()
            rows = [line.split("|")[1].strip() for line in rubric if line.startswith("| ")]
            assert sum(int(cell) for cell in rows if cell.isdigit()) == derivation.points


def answers_text(suite: Suite) -> str:
    """The answers file of the reference."""
    return suite.reference_answers[ANSWERS_FILE].decode()


def right_texts(suite: Suite) -> dict[str, str]:
    """The right answers as they are read."""
    written = suite.pack.written
    lines = [line for line in answers_text(suite).splitlines() if line.startswith("Q")]
    texts = dict(line.split(" = ") for line in lines)
    return {
        label: check_answer(texts[label].strip('"'), part.kind, part.options, part.variables)
        for part in written.parts
        for label in [written.label(part)]
    }


class TestFeedback:
    @pytest.mark.parametrize(
        ("label", "answer", "kind", "words"),
        [
            ("Q8a", "", "not_started", "not answered"),
            ("Q8a", "7.25", "answer", "7.25 is not right"),
            ("Q8a", "seven", "answer_form", "'seven' is not known here"),
            ("Q8e", "E", "answer_form", "not made of the letters A to D"),
            ("Q8g", "A, B, D", "answer", "A, B, D is not right"),
            ("Q8h", "B, C, D", "answer_form", "does not name each of A, B, C, D once"),
            ("Q8c", "y^2", "answer", "y ** 2 is not right"),
            ("Q8c", "z", "answer_form", "use y, mu, sigma, pi"),
        ],
    )
    def test_a_wrong_answer_says_how_it_was_read(self, label, answer, kind, words):
        finding = check_of(HW1, label, answer).finding
        assert finding.kind == kind
        assert words in finding.message
        assert not finding.misconception

    def test_an_expression_without_a_value_says_so(self):
        finding = check_of(HW1, "Q8c", "log(mu) - log(y) - log(sigma)").finding
        assert finding.kind == "answer"
        assert "not finite" in finding.hint

    def test_an_expression_that_is_right_at_some_points_only_is_wrong(self):
        right = right_texts(HW1)["Q8c"]
        assert check_of(HW1, "Q8c", f"{right} + 1e-5*exp(-y)").outcome == "failed"
        assert check_of(HW1, "Q8c", f"({right})*(1 + 1e-12)").outcome == "passed"


BROKEN = [
    b"Q8 a = B",
    'Q8a = "1" # µ'.encode("latin-1"),
    b"\n".join(b"[" * 1_900 for _ in range(16)),
    b"#" * 1_000_000,
    b"\0" * 100,
]


class TestWholeSubmissions:
    @pytest.mark.parametrize("data", BROKEN, ids=range(len(BROKEN)))
    def test_a_file_that_cannot_be_read_costs_the_written_questions_only(self, data):
        graded = grade(HW1, {ANSWERS_FILE: data})
        findings = [own[0].finding for own in graded.checks.values()]
        assert {finding.kind for finding in findings} == {"answers_file"}
        assert graded.notes == (findings[0].message,)
        assert graded.notes[0].startswith("answers.toml cannot be read: ")
        assert graded.notes[0].isprintable()

    def test_a_slip_in_one_answer_costs_that_question_only(self):
        data = HW1.reference_answers[ANSWERS_FILE].replace(b'Q8e = "B"', b"Q8e = B")
        checks = grade(HW1, {ANSWERS_FILE: data}).checks
        lost = {label: own[0].finding for label, own in checks.items() if own[0].finding}
        assert list(lost) == ["Q8e"]
        assert lost["Q8e"].kind == "answer_form"
        assert "between quotation marks" in lost["Q8e"].message
        assert lost["Q8e"].message.startswith("answers.toml, line ")

    def test_a_slip_beside_the_answers_is_noted_and_costs_nothing(self):
        graded = grade(HW1, {ANSWERS_FILE: b"my answers\n" + HW1.reference_answers[ANSWERS_FILE]})
        assert {own[0].outcome for own in graded.checks.values()} == {"passed"}
        assert "line 1" in graded.notes[0]

    def test_other_keys_are_noted_and_cost_nothing(self):
        data = HW1.reference_answers[ANSWERS_FILE] + b'\nQ8z = "1"\n'
        graded = grade(HW1, {ANSWERS_FILE: data})
        assert graded.notes == ("answers.toml answers Q8z, which is not asked.",)
        assert {own[0].outcome for own in graded.checks.values()} == {"passed"}

    @pytest.mark.parametrize("place", ["answers.toml", "likelihood/answers.toml", "Answers.toml"])
    def test_the_file_lies_beside_the_package_or_in_it(self, tmp_path, place):
        answers = HW1.reference_answers[ANSWERS_FILE]
        files = {"likelihood/density.py": b"x = 1\n", place: answers, "notes/answers.toml": b""}
        path = tmp_path / "x.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(f"hw1/{name}", data)
        submission = HW1.read(path)
        assert submission.others == {ANSWERS_FILE: answers}
        assert set(submission.files) == {"likelihood/density.py"}
        assert any("notes/answers.toml" in note for note in submission.notes)

    def test_without_a_file_the_questions_are_not_started(self, grade_files):
        result = grade_files({"likelihood/outliers.py": b""}, "outliers")
        rows = [row for row in result.rows if row.label.startswith("Q8")]
        assert {row.status for row in rows} == {"not_started"}
        assert (
            "There is no answers.toml: the written questions count as not started." in result.notes
        )

    def test_rows_and_points(self, grader, grade_files):
        files = complete(grader.suite)
        files |= grader.suite.answers_with("Q8d", "D*2^k")
        result = grade_files(files, "outliers")
        rows = {row.label: row for row in result.rows}
        assert list(rows)[-8:] == [f"Q8{letter}" for letter in "abcdefgh"]
        assert rows["Q8a"].score == rows["Q8a"].max_score == 1
        assert (rows["Q8d"].score, rows["Q8d"].status) == (0, "failed")
        assert rows["Q8d"].findings[0].misconception == "count-first-as-others"
        assert rows["Q8d"].functions == ()

    def test_a_key_that_fails_costs_no_points_and_is_not_silent(self, tmp_path):
        suite = Suite(HW1.name, CONFIG, root=tmp_path)
        graded = suite.grade_written(Submission("x", "x", {}, {}, ()), 7)
        assert graded.errors
        assert {own[0].outcome for own in graded.checks.values()} == {"grader_error"}


def test_verify_proves_the_key(grader):
    questions = [grader.suite.pack.written]
    seen = []
    report = verify(grader, questions, seen.append)
    assert report.problems() == []
    assert (report.reference.score, report.stubs.score) == (10, 0)
    assert len(seen) == count_programs(grader.suite, questions)
    assert {m.question for m in report.misconceptions} == {8}
