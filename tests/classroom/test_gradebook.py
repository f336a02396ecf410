"""Course totals, and the tables that Canvas and people read."""

import csv
from datetime import UTC, datetime, timedelta

import pytest
from classes import PACK, WRONG, make_result, store_results
from typer.testing import CliRunner

from autograder.classroom.derivations import read_derivations
from autograder.classroom.gradebook import (
    canvas_csv,
    canvas_remarks,
    gradebook_csv,
    make_gradebook,
    read_scores,
)
from autograder.classroom.grades import grades_csv
from autograder.classroom.roster import Roster, Student, read_roster, roster_of
from autograder.classroom.store import Store
from autograder.classroom.tables import TableError
from autograder.cli import app
from autograder.grading.results import Result, make_rows
from autograder.submission import Exported, Submitter

DUE = datetime(2026, 3, 1, tzinfo=UTC)
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,HW1 Likelihood (77),HW2 (78)\n"
    ",,,,,Manual Posting,\n"
    "    Points Possible,,,,,100,100\n"
    '"Abel, Anna",11,s11,aa1,A,,\n'
    '"Bauer, Ben",12,s12,bb2,A,,\n'
    '"Cruz, Carla",13,s13,cc3,B,,\n'
    '"Student, Test",99,,xyz,A,,\n'
)


@pytest.fixture
def course(config):
    """The configuration with a deadline of HW1."""
    pack = config.packs[PACK].model_copy(update={"due": DUE})
    return config.model_copy(update={"packs": {**config.packs, PACK: pack}})


@pytest.fixture
def roster(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text(CANVAS, "utf-8")
    return read_roster(path)


def handed_in(*people: tuple[str, str, str], days: float = -1) -> Exported:
    return Exported(tuple(Submitter(*person) for person in people), DUE + timedelta(days=days))


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_a_canvas_roster_names_students_only(roster):
    assert [student.name for student in roster.students] == [
        "Abel, Anna",
        "Bauer, Ben",
        "Cruz, Carla",
    ]


@pytest.mark.parametrize(
    "name", ["aa1", "11", "s11", "Abel, Anna", "anna abel", "AA1", "Anna_Abel"]
)
def test_students_are_found_by_every_name(roster, name):
    assert roster.find(name).id == "11"


def test_a_name_of_two_students_names_neither():
    roster = Roster([Student("Li Wei", "1"), Student("Li Wei", "2")])
    assert roster.find("Li Wei") is None
    assert roster.find("2").id == "2"


PEOPLE = (
    Student("Abel, Anna", "11", "s11", "anna", email="anna@uni.edu"),
    Student("Bauer, Ben", "12", "s12", "ben", email="ben.bauer@uni.edu"),
    Student("Cruz, Carla", "s11x", "13", "carla"),
)


@pytest.mark.parametrize(
    ("person", "owner"),
    [
        (("Anna Abel", "s11", "anna@uni.edu"), "Abel, Anna"),
        (("", "S11", ""), "Abel, Anna"),
        (("", "", "Anna@Uni.edu"), "Abel, Anna"),
        (("", "unknown", "anna@uni.edu"), "Abel, Anna"),
        (("Carla Cruz", "", "carla@uni.edu"), "Cruz, Carla"),
        (("Carla Cruz", "", ""), "Cruz, Carla"),
        (("Anna Other", "", "anna@else.org"), "not in the roster"),
        (("Carla Other", "", "carla@uni.edu"), "not in the roster"),
        (("Carla Cruz", "", "carla@else.org"), "not in the roster"),
        (("", "12", ""), "not in the roster"),
        (("", "13", ""), "Cruz, Carla"),
        (("Ben Bauer", "s11", "ben.bauer@uni.edu"), "could be several students"),
        (("Ben Bauer", "", "anna@uni.edu"), "could be several students"),
    ],
)
def test_a_grade_goes_to_nobody_else(course, person, owner):
    """Not by a local part alone, and not by an id of Canvas where Gradescope has a SIS id."""
    result = make_result(course, "submission_1", {})
    exported = {"submission_1": handed_in(person)}
    book = make_gradebook(course, {PACK: [result]}, Roster(PEOPLE), exported)
    assert len([r for r in book.remarks if "submission_1" in r]) <= 1
    names = [student.name for student in book.homework[PACK]]
    remark = next((r for r in book.remarks if r.startswith("hw1, submission_1")), "")
    assert names == ([owner] if not remark else []) and owner in (names or [remark])[0] + remark


def test_a_domain_of_the_class_is_that_of_most(course):
    roster = Roster([Student("Carla Cruz", login="carla"), Student("Dan Dorn", login="dan")])
    people = [("Carla Cruz", "", "carla@uni.edu"), ("", "", "x@uni.edu")]
    for other in ("uni.edu", "else.org"):
        dan = ("Dan Dorn", "", f"dan@{other}")
        handed = {f"s{i}": handed_in(one) for i, one in enumerate([*people, dan])}
        results = [make_result(course, name, {}) for name in handed]
        book = make_gradebook(course, {PACK: results}, roster, handed)
        assert len(book.homework[PACK]) == (2 if other == "uni.edu" else 1)


def test_a_submission_belongs_to_the_student_after_whom_submit_named_it(course, roster):
    names = ["hw1-aa1", "hw1_likelihood-bb2", "hw2-cc3", "hw1-"]
    book = make_gradebook(course, {PACK: [make_result(course, name, {}) for name in names]}, roster)
    assert list(book.homework[PACK]) == list(roster.students[:2])
    assert [r for r in book.remarks if "roster" in r] == [
        f"hw1, {name}: no student of the roster is called '{name}'." for name in ("hw1-", "hw2-cc3")
    ]


def test_who_is_not_known_is_one_sorted_line_a_submission_and_says_why(course):
    roster = Roster([Student("Li Wei", "1", "s1"), Student("Li Wei", "2", "s1")])
    results = [make_result(course, name, {}) for name in ("submission_2", "submission_1")]
    results.append(make_result(course, "li_wei", {}, safe=False))
    exported = {
        "submission_2": handed_in(("Li Wei", "s1", "")),
        "submission_1": handed_in(("Eva", "s8", ""), ("Ole", "s9", "ole@uni.edu")),
    }
    remarks = make_gradebook(course, {PACK: results}, roster, exported).remarks
    assert [remark for remark in remarks if "the roster" in remark] == [
        "hw1, li_wei: several students of the roster are called 'li_wei'; "
        "not final, because the grader ran without full isolation.",
        "hw1, submission_1: Eva s8 is not in the roster by SIS id or address; "
        "Ole s9 ole@uni.edu is not in the roster by SIS id or address.",
        "hw1, submission_2: Li Wei s1 is in the roster more than once; correct the roster.",
    ]


def test_without_a_roster_the_list_that_lacks_a_student_is_the_export():
    students = roster_of([handed_in(("Anna Abel", "s11", "aa1@uni.edu"))])
    assert students.named("aa1").name == "Anna Abel"
    with pytest.raises(TableError, match="no student of the Gradescope export is called 'carol'"):
        students.named("carol")


def test_what_lateness_costs_is_said(course, roster):
    late = course.course.late.model_copy(update={"late_days": 1, "max_days": 3})
    settings = course.course.model_copy(update={"late": late})
    course = course.model_copy(update={"course": settings})
    exported = {
        "submission_1": handed_in(("", "s13", ""), days=7.5),
        "submission_2": handed_in(("", "s12", ""), days=1.5),
        "submission_3": handed_in(("", "s11", ""), days=0.5),
    }
    results = [make_result(course, name, {}) for name in exported]
    remarks = make_gradebook(course, {PACK: results}, roster, exported).remarks
    assert [remark for remark in remarks if " late, " in remark] == [
        "hw1: Bauer, Ben: 2 days late, of which 1 free: 90 % counts.",
        "hw1: Cruz, Carla: 8 days late, of which 0 free: 0 % counts.",
    ]


def test_groups_and_late_days(course, roster):
    result = make_result(course, "submission_1", {})
    people = (("Anna", "s11", ""), ("Ben", "s12", ""))
    late = course.course.late
    days = late.late_days + 1
    assert days > late.max_days  # so that the extension below decides
    exported = {"submission_1": handed_in(*people, days=days - 0.1)}
    anna, ben, carla = roster.students
    book = make_gradebook(
        course, {PACK: [result]}, roster, exported, extensions={(anna, PACK): days - 1}
    )
    assert book.homework[PACK][anna].score == result.score
    assert (book.homework[PACK][anna].charge.days, book.homework[PACK][anna].charge.free) == (1, 1)
    assert book.homework[PACK][ben].score == 0
    assert book.missing(carla) == ["hw1"] and book.missing(anna) == []


def test_what_is_unreadable_and_late_uses_no_free_days(course, roster):
    packs = (PACK, "hw2_vae_gan")
    due = {name: course.packs[name].model_copy(update={"due": DUE}) for name in packs}
    course = course.model_copy(update={"packs": {**course.packs, **due}})
    damaged = make_result(course, "submission_1", {})
    lost = tuple(
        row.model_copy(update={"status": "unreadable", "score": 0}) for row in damaged.rows
    )
    damaged = damaged.model_copy(update={"rows": lost})
    fine = make_result(course, "submission_2", {}).model_copy(update={"pack": packs[1]})
    person = ("Anna Abel", "s11", "")
    exported = {name: handed_in(person, days=3) for name in ("submission_1", "submission_2")}
    results = {packs[0]: [damaged], packs[1]: [fine]}
    book = make_gradebook(course, results, roster, exported)
    anna = roster.find("s11")
    charges = [book.homework[name][anna].charge for name in packs]
    assert [(charge.days, charge.free) for charge in charges] == [(3, 0), (3, 3)]
    assert charges[1].factor == 1


def test_days_beyond_the_free_ones_cost_their_share(course, roster):
    late = course.course.late.model_copy(update={"late_days": 1})
    settings = course.course.model_copy(update={"late": late})
    course = course.model_copy(update={"course": settings})
    exported = {"submission_1": handed_in(("Anna Abel", "", "aa1@x.org"), days=1.5)}
    book = make_gradebook(
        course, {PACK: [make_result(course, "submission_1", {})]}, roster, exported
    )
    homework = book.homework[PACK][roster.students[0]]
    assert homework.score == 100 - late.percent_per_day
    assert homework.charge.days == 2


def test_of_two_submissions_the_last_counts(course, roster):
    results = [
        make_result(course, "submission_1", {"Q1a": WRONG}),
        make_result(course, "submission_2", {}),
    ]
    person = ("Anna Abel", "s11", "aa1@x.org")
    exported = {
        "submission_1": handed_in(person, days=-1),
        "submission_2": handed_in(person, days=-2),
    }
    book = make_gradebook(course, {PACK: results}, roster, exported)
    assert book.homework[PACK][roster.students[0]].result.submission == "submission_1"
    (remark,) = (remark for remark in book.remarks if "Anna" in remark)
    assert "submission_2 (100 points), submission_1 (98 points); submission_1 counts" in remark


def test_a_last_submission_that_counts_nothing_does_not_replace_one_that_does(course, roster):
    first = make_result(course, "submission_1", {"Q1a": WRONG})
    second = make_result(course, "submission_2", {})
    lost = tuple(r.model_copy(update={"status": "unreadable", "score": 0}) for r in first.rows)
    person = ("Anna Abel", "s11", "")
    cases = (
        (second, course.course.late.max_days + 2, "submission_2 (100 points, too late)"),
        (second.model_copy(update={"rows": lost}), -0.5, "submission_2 (unreadable)"),
    )
    for later, days, said in cases:
        exported = {
            "submission_1": handed_in(person, days=-1),
            "submission_2": handed_in(person, days=days),
        }
        book = make_gradebook(course, {PACK: [first, later]}, roster, exported)
        homework = book.homework[PACK][roster.students[0]]
        assert homework.score == first.score > 0
        assert any(said in r and "submission_1 counts" in r for r in book.remarks)


def test_the_same_results_twice_are_one_submission(course, roster):
    results = [make_result(course, "aa1", {})]
    once = make_gradebook(course, {PACK: results}, roster)
    assert make_gradebook(course, {PACK: [*results, *results]}, roster) == once


def derivations(tmp_path, course, roster, text):
    path = tmp_path / "derivations.csv"
    path.write_text(text, "utf-8")
    return read_derivations(path, course, roster)


def test_derivations_come_on_top_of_what_the_late_policy_leaves(course, roster, tmp_path):
    policy = course.course.late.model_copy(update={"late_days": 0, "percent_per_day": 10})
    settings = course.course.model_copy(update={"late": policy})
    course = course.model_copy(update={"course": settings})
    text = "student,pack,d1,d2\naa1,hw1,5,3.5\nbb2,hw1,4,\n"
    points = derivations(tmp_path, course, roster, text)
    anna, ben, carla = roster.students
    results = {PACK: [make_result(course, "submission_1", {})]}
    exported = {"submission_1": handed_in(("", "s11", ""), days=0.5)}
    book = make_gradebook(course, results, roster, exported, derivations=points)
    assert book.percent["hw1"][anna] == pytest.approx(100 * (90 + 8.5) / 110)
    assert book.percent["hw1"][ben] == pytest.approx(100 * 4 / 110)
    assert book.missing(anna) == []
    assert book.missing(ben) == ["hw1", "hw1 d2"]
    assert book.missing(carla) == ["hw1", "hw1 d1", "hw1 d2"]
    lines = table(gradebook_csv(course, book))
    assert [line["hw1 d2"] for line in lines] == ["3.5", "", ""]
    possible, first, *_ = table(canvas_csv(course, book, roster))
    assert (possible["HW1 Likelihood (77)"], first["HW1 Likelihood (77)"]) == ("110", "98.5")
    assert not any("derivations" in remark for remark in book.remarks)
    (remark,) = canvas_remarks(course, book, roster)
    assert "'HW1 Likelihood (77)' has 100 points possible in Canvas and must have 110" in remark
    book = make_gradebook(course, results, roster, exported)
    assert canvas_remarks(course, book, roster) == []


def test_without_points_for_derivations_the_automatic_ones_count_alone(course, roster):
    book = make_gradebook(course, {PACK: [make_result(course, "aa1", {})]}, roster)
    assert book.percent["hw1"] == {roster.students[0]: 100}
    assert any("hw1: no points for derivations are given" in r for r in book.remarks)
    pack = course.packs[PACK].model_copy(update={"derivations": ()})
    course = course.model_copy(update={"packs": {**course.packs, PACK: pack}})
    book = make_gradebook(course, {PACK: [make_result(course, "aa1", {})]}, roster)
    assert not any("derivations" in remark for remark in book.remarks)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("student,d1\naa1,1\n", "no column pack"),
        ("student,pack,d1\naa1,hw1,1\n", "line 2: hw1_likelihood needs a column d2"),
        ("student,pack,d1,d2\naa1,hw9,1,1\n", "line 2: there is no pack 'hw9'"),
        ("student,pack,d1,d2\naa1,hw1,6,1\n", "line 2: d1 must be a number from 0 to 5, not '6'"),
        ("student,pack,d1,d2\naa1,hw1,1,1\ns11,hw1,1,1\n", "line 3: Abel, Anna stands twice"),
        (
            "student,pack,d1,d2\nnobody,hw1,1,1\n",
            "line 2: no student of the roster is called 'nobody'",
        ),
    ],
)
def test_what_is_wrong_with_derivations_is_one_sentence(tmp_path, course, roster, text, said):
    with pytest.raises(TableError) as error:
        derivations(tmp_path, course, roster, text)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_totals_weigh_what_is_given(course, roster):
    anna, ben, carla = roster.students
    results = {PACK: [make_result(course, "aa1", {}), make_result(course, "bb2", {"Q1a": WRONG})]}
    final = {anna: 80.0, carla: 40.0}
    scores = {"presentation": {anna: 50.0}, "proposal": {}, "final_report": final}
    book = make_gradebook(course, results, roster, scores=scores)
    weights = course.course.weights
    homework, project = weights.homework[PACK], weights.project
    assert book.total(anna) == pytest.approx(
        homework + 0.5 * weights.presentation + 0.8 * project.final_report
    )
    assert book.total(ben) == pytest.approx(homework * results[PACK][1].score / 100, abs=0.01)
    assert book.missing(ben) == ["presentation", "final_report"]
    assert book.open == ["hw2", "hw3", "proposal", "progress_report"]


def test_all_shares_make_the_whole_course(course, roster):
    anna = roster.students[0]
    names = ("presentation", "proposal", "progress_report", "final_report", "participation")
    scores = {name: {anna: 100.0} for name in names}
    results = {
        name: [make_result(course, "aa1", {}).model_copy(update={"pack": name})]
        for name in course.packs
    }
    book = make_gradebook(course, results, roster, scores=scores)
    assert book.total(anna) == 100 and not book.open and not book.missing(anna)


def test_participation_is_what_the_other_shares_leave(course, roster):
    anna = roster.students[0]
    weights = course.course.weights.model_copy(update={"presentation": 5.0})
    settings = course.course.model_copy(update={"weights": weights})
    changed = course.model_copy(update={"course": settings})
    scores = {"participation": {anna: 50.0}}
    assert changed.course.weights.participation == course.course.weights.participation + 10
    for config in (course, changed):
        share = config.course.weights.participation
        book = make_gradebook(config, {}, roster, scores=scores)
        assert book.total(anna) == pytest.approx(share / 2)
        assert any("has no weight" in remark for remark in book.remarks) == (share == 0)


def test_what_is_unsettled_is_remarked(course, config, roster):
    results = [make_result(course, "stranger", {}), make_result(course, "aa1", {}, safe=False)]
    remarks = "\n".join(make_gradebook(course, {PACK: results}, roster).remarks)
    assert "no student of the roster is called 'stranger'" in remarks
    assert "aa1: not final" in remarks
    assert "not known when 1 submissions" in remarks
    assert "gives no 'due'" in "\n".join(make_gradebook(config, {PACK: results}, roster).remarks)


def test_the_canvas_table_keeps_the_names_that_canvas_knows(course, roster):
    exported = {"submission_1": handed_in(("", "s12", ""))}
    result = make_result(course, "submission_1", {"Q1a": WRONG})
    text = canvas_csv(course, make_gradebook(course, {PACK: [result]}, roster, exported), roster)
    possible, anna, ben, _ = table(text)
    assert list(possible)[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert possible["Student"].strip() == "Points Possible"
    assert possible["HW1 Likelihood (77)"] == "100"
    assert anna["HW1 Likelihood (77)"] == "" and anna["Student"] == "Abel, Anna"
    assert float(ben["HW1 Likelihood (77)"]) == result.score and ben["ID"] == "12"


def test_canvas_is_told_the_most_that_a_homework_gives_without_bonus(course, roster, tmp_path):
    points = derivations(tmp_path, course, roster, "student,pack,d1,d2\naa1,hw1,5,5\n")
    first, *others = course.packs[PACK].questions
    bonus = first.model_copy(update={"kind": "extension"})
    pack = course.packs[PACK].model_copy(update={"questions": (bonus, *others)})
    course = course.model_copy(update={"packs": {**course.packs, PACK: pack}})
    rows = make_rows(course, course.packs["hw2_vae_gan"], {})
    blank = Result(pack="hw2_vae_gan", submission="aa1", seed=1, rows=rows)
    results = {PACK: [make_result(course, "aa1", {})], "hw2_vae_gan": [blank]}
    book = make_gradebook(course, results, roster, derivations=points)
    possible, anna, *_ = table(canvas_csv(course, book, roster))
    assert float(possible["HW1 Likelihood (77)"]) == 110 - first.points
    assert (possible["HW2 (78)"], float(anna["HW2 (78)"])) == ("100", 0)
    assert float(anna["HW1 Likelihood (77)"]) == 110


def canvas_column(course, columns, assignments=None):
    roster = Roster([Student("Abel, Anna", login="aa1")], [f"{name} (7)" for name in columns])
    book = make_gradebook(course, {PACK: [make_result(course, "aa1", {})]}, roster)
    lines = table(canvas_csv(course, book, roster, assignments or {}))
    return list(lines[0])[-1].removesuffix(" (7)")


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        (["HW1", "HW2", "HW11"], "HW1"),
        (["Quiz", "Homework 1: flows"], "Homework 1: flows"),
        (["HW1 survey", "Likelihood models"], "Likelihood models"),
        (["HW1 survey", "HW1: Likelihood models"], "HW1: Likelihood models"),
        (["HW 2"], "HW1"),
        ([], "HW1"),
    ],
)
def test_a_pack_goes_into_its_assignment_of_canvas(course, columns, chosen):
    assert canvas_column(course, columns) == chosen


@pytest.mark.parametrize(
    "columns",
    [["HW1", "HW1 presentation"], ["HW1 presentation", "HW1"], ["Likelihood models quiz", "HW1"]],
)
def test_of_several_assignments_somebody_chooses(course, columns):
    with pytest.raises(TableError, match="could be any of") as error:
        canvas_column(course, columns)
    assert all(f"'{name} (7)'" in str(error.value) for name in columns)
    assert canvas_column(course, columns, {PACK: "HW1"}) == "HW1"
    assert canvas_column(course, columns, {PACK: "HW1 (7)"}) == "HW1"
    with pytest.raises(TableError, match="no column 'HW3'"):
        canvas_column(course, columns, {PACK: "HW3"})


def test_canvas_gets_names_as_they_are_and_people_get_them_quoted(course):
    roster = Roster([Student("=Abel", login="aa1")])
    book = make_gradebook(course, {PACK: [make_result(course, "aa1", {})]}, roster)
    assert table(canvas_csv(course, book, roster))[1]["Student"] == "=Abel"
    assert table(gradebook_csv(course, book))[0]["Student"] == "'=Abel"


def test_grades_do_not_run_in_a_spreadsheet(config):
    result = make_result(config, "a", {"Q1a": WRONG}, notes=("=HYPERLINK(1)",))
    (line,) = table(grades_csv([result]))
    assert line["notes"] == "'=HYPERLINK(1)"
    assert (line["score"], line["Q1a"]) == (f"{result.score:g}", "0")


def test_grades_name_the_students(config):
    results = [make_result(config, "submission_1", {}), make_result(config, "submission_2", {})]
    lines = table(grades_csv(results, names={"submission_1": "Anna Abel, Ben Bauer"}))
    assert [line["students"] for line in lines] == ["Anna Abel, Ben Bauer", ""]
    assert "students" not in table(grades_csv(results))[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,presentation\nx,1\n", "no column student"),
        ("student\naa1\n", "no column presentation"),
        ("student,presentation\nnobody,3\n", "line 2: no student of the roster is called 'nobody'"),
        ("student,presentation\naa1,101\n", "line 2: presentation must be a number from 0 to 100"),
        ("student,presentation\naa1,good\n", "not 'good'"),
        ("student,presentation\naa1,1\nanna abel,1\n", "line 3: Abel, Anna stands twice"),
        ("", "no column student"),
        ("\xff", "no column student"),
    ],
)
def test_what_is_wrong_with_scores_is_one_sentence(tmp_path, roster, text, said):
    path = tmp_path / "scores.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(TableError) as error:
        read_scores(path, ["presentation"], roster)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_table_may_have_semicolons(tmp_path):
    path = tmp_path / "roster.csv"
    lines = ["Student;SIS Login ID", "Abel, Anna;aa1", '"Bauer; Ben";bb2']
    path.write_text("\n".join(lines), "utf-8")
    names = [(student.name, student.login) for student in read_roster(path).students]
    assert names == [("Abel, Anna", "aa1"), ("Bauer; Ben", "bb2")]


def test_an_empty_cell_is_a_missing_score(tmp_path, roster):
    path = tmp_path / "scores.csv"
    path.write_text("student,presentation\naa1,\nbb2,0\n", "utf-8")
    assert read_scores(path, ["presentation"], roster) == {
        "presentation": {roster.students[1]: 0.0}
    }


def test_a_table_that_is_not_text_is_refused(tmp_path, roster):
    path = tmp_path / "scores.xlsx"
    path.write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(TableError, match="save it as CSV"):
        read_scores(path, ["presentation"], roster)


def test_the_command_writes_both_tables_and_says_what_is_missing(config, tmp_path, roster):
    store_results(
        tmp_path / "hw1", [make_result(config, "aa1", {}), make_result(config, "bb2", {})]
    )
    (tmp_path / "p.csv").write_text("student,presentation\naa1,90\n", "utf-8")
    output, canvas = tmp_path / "gradebook.csv", tmp_path / "canvas.csv"
    command = ["gradebook", tmp_path / "hw1", "-o", output, "--roster", tmp_path / "roster.csv"]
    command += ["--presentation", tmp_path / "p.csv", "--canvas", canvas]
    answer = CliRunner().invoke(app, [str(word) for word in command])
    assert answer.exit_code == 0, answer.output
    anna, ben, carla = table(output.read_text("utf-8"))
    assert (anna["hw1"], anna["presentation"], anna["missing"]) == ("100.0", "90.0", "")
    assert float(anna["total"]) == 15 + 0.9 * 15 and float(anna["of"]) == 30
    assert ben["missing"] == "presentation" and carla["missing"] == "hw1; presentation"
    assert len(table(canvas.read_text("utf-8"))) == 4
    assert "Cruz" in answer.output and "nothing is given yet" in answer.output
    (tmp_path / "d.csv").write_text("student,pack,d1,d2\naa1,hw1,5,0\n", "utf-8")
    command += ["--derivations", tmp_path / "d.csv", "--assignment", "hw1=HW2"]
    answer = CliRunner().invoke(app, [str(word) for word in command])
    assert answer.exit_code == 0, answer.output
    assert "hw1 d1" in answer.output
    assert [line["HW2 (78)"] for line in table(canvas.read_text("utf-8"))[:2]] == ["110", "105.0"]
    answer = CliRunner().invoke(app, [str(word) for word in [*command, "--assignment", "hw1"]])
    assert answer.exit_code == 2 and "--assignment hw1" in answer.output


def test_the_command_knows_who_handed_in_from_the_graded_export(config, tmp_path, roster):
    store_results(tmp_path / "hw1", [make_result(config, "submission_1", {})])
    store = Store(tmp_path / "hw1", PACK)
    store.remember({"submission_1": handed_in(("Ben Bauer", "s12", ""))})
    store.close()
    output = tmp_path / "gradebook.csv"
    command = ["gradebook", tmp_path / "hw1", "-o", output, "--roster", tmp_path / "roster.csv"]
    answer = CliRunner().invoke(app, [str(word) for word in command])
    assert answer.exit_code == 0, answer.output
    assert [line["hw1"] for line in table(output.read_text("utf-8"))] == ["", "100.0", ""]


def test_several_assignments_of_canvas_leave_no_gradebook(config, tmp_path):
    store_results(tmp_path / "hw1", [make_result(config, "aa1", {})])
    text = CANVAS.replace("HW2 (78)", "HW1 presentation (78)")
    (tmp_path / "roster.csv").write_text(text, "utf-8")
    output = tmp_path / "gradebook.csv"
    command = ["gradebook", tmp_path / "hw1", "-o", output, "--roster", tmp_path / "roster.csv"]
    answer = CliRunner().invoke(
        app, [str(word) for word in [*command, "--canvas", tmp_path / "canvas.csv"]]
    )
    assert answer.exit_code == 1 and '--assignment hw1="HW1 Likelihood (77)"' in answer.output
    assert not output.exists()


def test_a_bad_table_leaves_no_gradebook(config, tmp_path, roster):
    store_results(tmp_path / "hw1", [make_result(config, "aa1", {})])
    (tmp_path / "p.csv").write_text("student,presentation\nnobody,90\n", "utf-8")
    output = tmp_path / "gradebook.csv"
    command = ["gradebook", tmp_path / "hw1", "-o", output, "--roster", tmp_path / "roster.csv"]
    answer = CliRunner().invoke(
        app, [str(word) for word in [*command, "--presentation", tmp_path / "p.csv"]]
    )
    assert answer.exit_code == 1 and "p.csv, line 2" in answer.output
    assert not output.exists()


@pytest.mark.parametrize("option", ["-o", "--canvas"])
@pytest.mark.parametrize("used", ["roster.csv", "p.csv", "hw1/store.sqlite", "other.csv"])
def test_no_table_is_written_over_another_file_of_the_command(
    config, tmp_path, monkeypatch, roster, option, used
):
    monkeypatch.chdir(tmp_path)
    store_results(tmp_path / "hw1", [make_result(config, "aa1", {})])
    (tmp_path / "p.csv").write_text("student,presentation\naa1,90\n", "utf-8")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    targets = {"-o": "other.csv", "--canvas": str(tmp_path / "other.csv"), option: f"./{used}"}
    command = ["gradebook", "hw1", "--roster", "roster.csv", "--presentation", "p.csv"]
    command += [word for pair in targets.items() for word in pair]
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == 2
    (line,) = answer.output.splitlines()
    assert "is also another file of this command" in line
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_without_a_roster_homeworks_are_joined_by_the_name_in_them(config, tmp_path):
    store_results(tmp_path / "a", [make_result(config, "hw1-bob", {})])
    store_results(tmp_path / "b", [make_result(config, "bob", {})])
    output = tmp_path / "gradebook.csv"
    answer = CliRunner().invoke(
        app, ["gradebook", str(tmp_path / "a"), str(tmp_path / "b"), "-o", str(output)]
    )
    assert answer.exit_code == 0, answer.output
    assert [line["Student"] for line in table(output.read_text("utf-8"))] == ["bob"]


def test_without_a_roster_or_an_export_the_list_is_that_of_the_submissions(config, tmp_path):
    store_results(tmp_path / "a", [make_result(config, "bob", {})])
    scores = tmp_path / "scores.csv"
    scores.write_text("student,presentation\ncarol,90\n", "utf-8")
    command = ["gradebook", tmp_path / "a", "-o", tmp_path / "out.csv", "--presentation", scores]
    answer = CliRunner().invoke(app, list(map(str, command)))
    assert answer.exit_code == 1
    assert "no student of the graded submissions is called 'carol'" in answer.output
