"""Whole submissions through the sandbox and the hidden tests."""

from dataclasses import replace

import pytest
from samples import complete, stub_files, with_mistakes

from autograder.config import Feedback, Visibility
from autograder.grading.feedback import finding_lines, row_text
from autograder.grading.grader import Grader
from autograder.grading.hidden_tests import faults_of_tests
from autograder.grading.question import SAME_MISTAKE
from autograder.grading.results import QUIET, Check, Finding, make_rows
from autograder.grading.suite import Suite
from autograder.misconceptions import apply_edits
from autograder.sandbox.client import Session
from autograder.sandbox.package import LIBRARIES
from autograder.submission import Submission

MODULE = "outliers"
PATH = f"likelihood/{MODULE}.py"


def lost(result):
    return {row.label: row for row in result.rows if row.score < row.max_score}


def own(result, question="Q7"):
    return {row.label: row for row in result.rows if row.label.startswith(question)}


@pytest.fixture
def patched(grader):
    """The reference with one text replaced in the module ``outliers``."""

    def patch(old: str, new: str) -> dict[str, bytes]:
        source = grader.suite.reference_files[PATH].decode()
        assert source.count(old) == 1
        return {**grader.suite.reference_files, PATH: source.replace(old, new).encode()}

    return patch


def test_what_an_answer_takes_beyond_its_limit_is_used_up_too(grader, grade_files, monkeypatch):
    answer = Session.run

    def slowly(*arguments, **options):
        return replace(answer(*arguments, **options), seconds=1000.0)

    monkeypatch.setattr(Session, "run", slowly)
    rows = own(grade_files(grader.suite.reference_files, MODULE)).values()
    assert sum("used up" in finding.message for row in rows for finding in row.findings) > 1


def test_the_reference_gets_everything(grader, grade_files):
    result = grade_files(complete(grader.suite))
    assert result.score == result.max_score == 100
    assert not result.errors
    assert {row.status for row in result.rows} == {"passed"}


def test_untouched_stubs_get_nothing_and_are_called_not_started(grader, grade_files):
    result = grade_files(stub_files(grader.suite))
    assert result.score == 0
    assert {row.status for row in result.rows} == {"not_started"}


def test_an_empty_submission_gets_nothing_and_every_row_a_reason(grader, grade_files):
    result = grade_files({"likelihood/__init__.py": b""})
    assert result.score == 0
    programs = [row for row in result.rows if row.functions]
    assert all(row.findings[0].kind == "import_failure" for row in programs)
    assert {row.status for row in result.rows if not row.functions} == {"not_started"}


def test_the_rows_are_the_same_whatever_was_submitted(grader, grade_files):
    reference = grade_files(grader.suite.reference_files, MODULE)
    empty = grade_files({}, MODULE)
    refused = grader.refuse("x", "it cannot be read")
    names = [(row.label, row.title, row.max_score) for row in reference.rows]
    assert names == [(row.label, row.title, row.max_score) for row in empty.rows]
    assert names == [(row.label, row.title, row.max_score) for row in refused.rows]


@pytest.mark.parametrize("module", ["density", "bayes", "made", "flows", MODULE])
def test_one_mistake_costs_its_own_row_and_is_named(grader, grade_files, module):
    mistake = grader.suite.misconceptions(module)[0]
    result = grade_files(with_mistakes(grader.suite, {module: mistake.id}))
    question = grader.suite.pack.question(module)
    label = question.label(question.part_of(mistake.function))
    assert set(lost(result)) == {label}
    findings = lost(result)[label].findings
    assert mistake.id in {finding.misconception for finding in findings}
    assert mistake.hint in {finding.hint for finding in findings}


RATIO = "return background_log_prob - log_prob"


def test_mistakes_in_two_functions_of_a_part_are_both_named(grader, grade_files):
    ids = {"complexity-bytes", "ratio-sign"}
    source = grader.suite.reference_files[PATH].decode()
    for mistake in grader.suite.misconceptions(MODULE):
        if mistake.id in ids:
            source = apply_edits(source, mistake.edits, mistake.id)
    findings = own(grade_files({PATH: source.encode()}, MODULE))["Q7c"].findings
    assert {f.misconception for f in findings} == ids


def test_what_a_named_mistake_explains_too_gets_no_other_hint(grader, grade_files):
    source = grader.suite.reference_files["likelihood/density.py"].decode()
    old = "return log_kernel.logsumexp(dim=1) - math.log(num_data)"
    assert source.count(old) == 1
    source = source.replace(old, "return log_kernel.exp().mean(dim=1).log()")
    result = grade_files({"likelihood/density.py": source.encode()}, "density")
    named, other = own(result, "Q1b")["Q1b"].findings
    assert named.misconception and not other.misconception
    assert other.hint == SAME_MISTAKE


def test_a_stub_that_is_left_in_a_part_of_several_functions_is_named(patched, grade_files):
    row = own(grade_files(patched(RATIO, "raise NotImplementedError"), MODULE))["Q7c"]
    assert row.status == "partial"
    (finding,) = row.findings
    assert f"{finding.check} (-{finding.lost:g}): not started" in row_text(row)
    assert "in likelihood_ratio_score: raise NotImplementedError" in row_text(row)


def test_of_a_part_that_is_not_started_nothing_else_is_said(grader, grade_files):
    result = grade_files(stub_files(grader.suite), MODULE)
    assert row_text(own(result)["Q7c"]).count("\n") == 0


def test_each_stub_that_is_left_is_named(grader, grade_files):
    source = grader.suite.reference_files["likelihood/flows.py"].decode()
    for name in ("squeeze", "unsqueeze"):
        source += f"\ndef {name}(x): raise NotImplementedError\n"
    source += "\nclass Flow(Flow):\n    def forward(self, x): return x, x\n"
    row = own(grade_files({"likelihood/flows.py": source.encode()}, "flows"), "Q6")["Q6d"]
    functions = [line.split(" in ")[1] for f in row.findings for line in f.lines]
    assert {text.split(":")[0] for text in functions} == {"squeeze", "unsqueeze"}


def test_the_points_of_the_findings_are_what_is_missing(patched, grade_files):
    row = own(grade_files(patched(RATIO, "return log_prob"), MODULE))["Q7c"]
    assert row.status == "partial"
    assert sum(finding.lost for finding in row.findings) == pytest.approx(row.max_score - row.score)
    lines = row_text(row).splitlines()
    assert f"{row.tally.passed} of {row.tally.run} checks passed; what fails on the CPU" in lines[1]


def rows_of(config, grader, outcomes, **part):
    """The row of Q7c where ``outcomes`` gives what came of each test on each device."""
    pack, question = grader.suite.pack, grader.suite.pack.question(MODULE)
    parts = [p.model_copy(update=part if p.id == "c" else {}) for p in question.parts]
    pack = pack.model_copy(
        update={"questions": (question.model_copy(update={"parts": tuple(parts)}),)}
    )
    checks = [
        Check(
            part="Q7c",
            test=test,
            device=device,
            weight=1,
            outcome="passed" if message is None else "failed",
            finding=Finding(check=test, kind="value", message=message, hint="x")
            if message
            else None,
        )
        for (test, device), message in outcomes.items()
    ]
    return next(r for r in make_rows(config, pack, {"Q7c": checks}) if r.label == "Q7c")


def test_points_that_cannot_be_divided_evenly_add_up(config, grader):
    messages = {"a": "one", "b": "two", "c": "three", "d": None, "e": "two", "f": None, "g": None}
    row = rows_of(
        config,
        grader,
        {
            (test, device): message if device == "cpu" or message is None else ""
            for test, message in messages.items()
            for device in ("cpu", "meta")
        },
        points=1.0,
    )
    assert [round(finding.lost, 2) for finding in row.findings] == [0.14, 0.29, 0.14]
    assert sum(f.lost for f in row.findings) == pytest.approx(row.max_score - row.score)
    assert (row.tally.run, row.tally.passed, row.tally.left_out) == (10, 6, 4)


@pytest.mark.parametrize("message", ["wrong", "right"])
def test_no_points_are_told_where_all_or_nothing_is_lost(config, grader, message):
    outcomes = {(test, "cpu"): message if message == "wrong" else None for test in "ab"}
    row = rows_of(config, grader, outcomes)
    assert row.tally is None
    assert not any(finding.lost for finding in row.findings)


def test_a_part_whose_feedback_is_turned_off_tells_no_more_than_that(config, grader):
    outcomes = {("a", "cpu"): "secret", ("b", "cpu"): None}
    row = rows_of(config, grader, outcomes, feedback=Feedback.SCORE)
    assert row_text(row).splitlines()[1:] == ["", QUIET]


@pytest.mark.parametrize("source", [b"def oops(:\n", b"import nothing_of_this_name\n", b"1 / 0\n"])
def test_a_module_that_cannot_be_imported_costs_its_question_only(grader, grade_files, source):
    result = grade_files({**complete(grader.suite), PATH: source})
    assert set(lost(result)) == set(own(result))
    finding = own(result)["Q7a"].findings[0]
    assert finding.kind in ("import_failure", "exception")
    assert finding.lines[-1].startswith(f"{PATH}:1")


def test_a_failed_import_is_told_once_per_question_and_without_a_check(grade_files):
    rows = own(grade_files({PATH: b"def oops(:\n"}, MODULE))
    first, *others = [[finding_lines(f) for f in row.findings] for row in rows.values()]
    assert len(first) == 1
    assert first[0][0].startswith("SyntaxError: ")
    assert others == [[["The module could not be imported: see Q7a."]]] * 3


def test_an_import_that_students_do_not_see_is_told_where_they_do(config, grader):
    pack, question = grader.suite.pack, grader.suite.pack.question(MODULE)
    hidden = question.parts[0].model_copy(update={"visibility": Visibility.HIDDEN})
    question = question.model_copy(update={"parts": (hidden, *question.parts[1:])})
    pack = pack.model_copy(update={"questions": (question,)})
    finding = Finding(check="x", kind="import_failure", message="SyntaxError: x")
    failed = {"device": "cpu", "weight": 1, "outcome": "failed", "finding": finding}
    checks = {label: [Check(part=label, **failed)] for label in ("Q7a", "Q7b", "Q7c", "Q7d")}
    rows = [row for row in make_rows(config, pack, checks) if row.label in checks]
    said = [row.findings[0].message for row in rows]
    assert said[:2] == ["SyntaxError: x"] * 2
    assert all("see Q7b" in message for message in said[2:])


def test_a_library_that_only_this_machine_has_cannot_be_imported(patched, grade_files):
    old = "return background_log_prob - log_prob"
    finding = own(grade_files(patched(old, f"import scipy; {old}"), MODULE))["Q7c"].findings[0]
    assert finding.kind == "exception"
    assert "scipy is not there where homeworks are graded" in finding.message
    permitted = f"import {', '.join(LIBRARIES)}, json, torch.utils.data; {old}"
    assert "Q7c" not in lost(grade_files(patched(old, permitted), MODULE))


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        ("return torch.zeros(1).cuda()", "CUDA", "no GPU where homeworks are graded"),
        ("return (background_log_prob - log_prob), 1", "is several values (2)", ""),
        (
            "log_prob.detach().sum().backward()",
            "does not require grad",
            "No gradient reaches the inputs",
        ),
    ],
)
def test_a_hint_follows_from_what_happened(patched, grade_files, code, message, hint):
    old = "return background_log_prob - log_prob"
    finding = own(grade_files(patched(old, code), MODULE))["Q7c"].findings[0]
    assert message in finding.message
    assert hint in finding.hint
    assert "Check what the function returns" not in finding.hint


@pytest.mark.parametrize(
    "change",
    [
        ("likelihood_ratio_score(", "likelihood_ratio_scores("),
        ("log_prob: Tensor,", "x: Tensor, y,"),
    ],
)
def test_another_name_or_signature_than_the_stubs_is_called_so(grader, grade_files, change):
    source = grader.suite.reference_files[PATH].decode()
    head, name, tail = source.partition("def likelihood_ratio_score(")
    changed = head + (name + tail).replace(*change, 1)
    finding = own(grade_files({PATH: changed.encode()}, MODULE))["Q7c"].findings[0]
    assert "names and signatures of the stubs" in finding.hint


def test_a_recursion_shows_each_line_once(patched, grade_files):
    old = "return background_log_prob - log_prob"
    new = "return likelihood_ratio_score(log_prob, background_log_prob)"
    finding = own(grade_files(patched(old, new), MODULE))["Q7c"].findings[0]
    assert "RecursionError" in finding.message
    assert len(finding.lines) == 1


def test_an_exception_shows_the_students_own_lines(patched, grade_files):
    old = "return background_log_prob - log_prob"
    result = grade_files(patched(old, "return undefined_name"), MODULE)
    row = own(result)["Q7c"]
    finding = row.findings[0]
    assert row.status == "partial"
    assert finding.kind == "exception"
    assert "undefined_name" in finding.message
    assert finding.lines[-1].endswith("in likelihood_ratio_score: return undefined_name")
    assert not any("probes" in line or "autograder" in line for line in finding.lines)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("import sys; sys.exit(0)", "exception"),
        ("import os; os._exit(0)", "crash"),
        ("raise KeyboardInterrupt", "exception"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crash"),
        ("while True: pass", "time_limit"),
        ("return [0] * 10**10", "memory_limit"),
    ],
)
def test_a_call_that_ends_the_process_costs_its_own_part_only(patched, grade_files, code, kind):
    old = "return background_log_prob - log_prob"
    result = grade_files(patched(old, code), MODULE)
    rows = own(result)
    assert [label for label, row in rows.items() if row.score < row.max_score] == ["Q7c"]
    assert rows["Q7c"].findings[0].kind == kind


def test_float32_is_called_a_wrong_dtype(patched, grade_files):
    old = "return background_log_prob - log_prob"
    result = grade_files(patched(old, "return (background_log_prob - log_prob).float()"), MODULE)
    finding = own(result)["Q7c"].findings[0]
    assert finding.kind == "dtype"
    assert ".float()" in finding.hint


def test_a_tensor_on_a_fixed_device_costs_the_device_share_only(config, patched, grade_files):
    old = "return background_log_prob - log_prob"
    new = "return background_log_prob - log_prob + torch.zeros(log_prob.shape[0], device='cpu')"
    row = own(grade_files(patched(old, new), MODULE))["Q7c"]
    assert 0 < row.max_score - row.score < config.device_share * row.max_score
    assert row.findings[0].kind == "wrong_device"
    assert "device" in row.findings[0].hint


def test_a_program_that_looks_at_its_data_is_not_blamed_on_meta(patched, grade_files):
    old = "return background_log_prob - log_prob"
    new = "return background_log_prob - log_prob if log_prob.sum().item() < 1e9 else None"
    assert not {"Q7c"} & set(lost(grade_files(patched(old, new), MODULE)))


def test_changing_an_input_in_place_is_noticed(patched, grade_files):
    old = "return background_log_prob - log_prob"
    result = grade_files(patched(old, "return background_log_prob.sub_(log_prob)"), MODULE)
    finding = own(result)["Q7c"].findings[0]
    assert finding.kind == "mutated"
    assert "in place" in finding.message


def test_printing_and_warning_cost_nothing(patched, grade_files):
    old = "return background_log_prob - log_prob"
    noise = "import warnings; warnings.warn('x'); print('y' * 10**6)\n    " + old
    assert "Q7c" not in lost(grade_files(patched(old, noise), MODULE))


def test_the_same_seed_gives_the_same_result(grader, grade_files, patched):
    files = patched("return background_log_prob - log_prob", "return 1.01 * background_log_prob")
    first, second = grade_files(files, MODULE), grade_files(files, MODULE)
    assert first.rows == second.rows


def test_an_expected_number_is_never_shown(grader, grade_files, patched):
    result = grade_files(patched("(wins + ties / 2).mean()", "wins.mean() * 0"), MODULE)
    expected = grader.reference.expected(MODULE, "area").values["auroc"].item()
    text = result.model_dump_json()
    assert f"{expected:.4f}"[1:] not in text


def suite_with(root, grader, old, new):
    """The pack's suite with one text of its hidden tests for ``outliers`` replaced."""
    path = root / f"autograder/graders/hw1_likelihood/test_{MODULE}.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return Suite(grader.suite.name, grader.suite.config, root)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('run("ratio").matches()', "raise RuntimeError('a bug of ours')"),
        ('run("ratio").matches()', 'run("no_such_probe").matches()'),
        ('run("ratio").matches()', 'run("ratio").matches("no_such_tolerance")'),
        ("from autograder.grading import", "from autograder.nothing import"),
        ("def test_ratio(run):", "def test_ratio(run, no_such_fixture):"),
    ],
)
def test_a_bug_in_the_grader_costs_no_points_and_is_not_silent(grader, own_root, old, new):
    broken = Grader(suite_with(own_root, grader, old, new), grader._sandbox, seed=1)
    files = grader.suite.reference_files
    submission = Submission(id="x", sha256="x", files=files, others={}, notes=())
    result = broken.grade(submission, [broken.suite.pack.question(MODULE)])
    rows = own(result)
    assert all(row.score == row.max_score for row in rows.values())
    assert rows["Q7c"].status == "grader_error"
    assert "grader itself failed" in rows["Q7c"].findings[0].message
    assert result.errors


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {'@part("c")\ndef test_ratio': '@part("z")\ndef test_ratio'},
            "test_ratio names part z; question 7 has the parts a, b, c, d",
        ),
        (
            {'@part("b", weight=2)': '@part("a", weight=2)', '@part("b")': '@part("a")'},
            "no test names part b of question 7",
        ),
    ],
)
def test_a_test_of_no_part_and_a_part_of_no_test_cost_nobody_points(
    grader, own_root, changes, fault
):
    for old, new in changes.items():
        suite = suite_with(own_root, grader, old, new)
    assert faults_of_tests(suite) == [f"test_outliers.py: {fault}"]
    files = grader.suite.reference_files
    submission = Submission(id="x", sha256="x", files=files, others={}, notes=())
    questions = [suite.pack.question(module) for module in (MODULE, "made")]
    result = Grader(suite, grader._sandbox, seed=1).grade(submission, questions)
    assert result.errors == (f"outliers: not graded; test_outliers.py: {fault}",)
    assert {row.status for row in own(result).values()} == {"grader_error"}
    assert all(row.score == row.max_score for row in own(result).values())
    assert {row.status for row in result.rows if row.label.startswith("Q3")} == {"passed"}


def test_probes_that_cannot_be_loaded_cost_nobody_points_and_spare_other_questions(
    grader, own_root
):
    suite = Suite(grader.suite.name, grader.suite.config, own_root)
    probes = own_root / f"autograder/graders/hw1_likelihood/probes/{MODULE}.py"
    probes.write_text("import no_such_library\n" + probes.read_text())
    files = grader.suite.reference_files
    submission = Submission(id="x", sha256="x", files=files, others={}, notes=())
    questions = [suite.pack.question(module) for module in (MODULE, "made")]
    result = Grader(suite, grader._sandbox, seed=1).grade(submission, questions)
    assert {row.status for row in own(result).values()} == {"grader_error"}
    assert {row.status for row in result.rows if row.label.startswith("Q3")} == {"passed"}
    what = "ModuleNotFoundError: No module named 'no_such_library'"
    assert result.errors == (f"probes/outliers.py cannot be loaded: {what}",)


def test_tests_that_cannot_be_imported_cost_their_question_alone_each_time(grader, own_root):
    old, new = "from autograder.grading import", "from autograder.nothing import"
    broken = Grader(suite_with(own_root, grader, old, new), grader._sandbox, seed=1)
    files = grader.suite.reference_files
    submission = Submission(id="x", sha256="x", files=files, others={}, notes=())
    questions = [broken.suite.pack.question(module) for module in (MODULE, "made")]
    for _ in range(2):
        result = broken.grade(submission, questions)
        assert {row.status for row in own(result).values()} == {"grader_error"}
        assert {row.status for row in result.rows if row.label.startswith("Q3")} == {"passed"}
        (error,) = result.errors
        what = "ModuleNotFoundError: No module named 'autograder.nothing'"
        assert error == f"outliers: not graded; test_outliers.py: {what}"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "return background_log_prob - log_prob",
            "return background_log_prob - log_prob[:, 99]",
            "the reference fails in the probe ratio of outliers: IndexError: ",
        ),
        (
            "import torch\n",
            "import torch\n1 / 0\n",
            "outliers.py of the reference cannot be imported",
        ),
    ],
)
def test_a_reference_that_fails_is_told_once_and_in_words(grader, own_root, old, new, told):
    solution = own_root / "solutions/hw1_likelihood" / PATH
    text = solution.read_text()
    assert old in text
    solution.write_text(text.replace(old, new, 1))
    suite = Suite(grader.suite.name, grader.suite.config, own_root)
    files = grader.suite.reference_files
    submission = Submission(id="x", sha256="x", files=files, others={}, notes=())
    result = Grader(suite, grader._sandbox, seed=1).grade(submission, [suite.pack.question(MODULE)])
    (error,) = result.errors
    assert error.startswith(told)
    assert f"({PATH}, line " in error
    assert "Fault(" not in error


def test_what_is_known_of_one_submission_is_forgotten_at_the_next(grader):
    files = grader.suite.reference_files
    path = grader.suite.module_path(MODULE)
    question = [grader.suite.pack.question(MODULE)]

    def grade(source):
        submission = Submission(
            id="x", sha256="x", files={**files, path: source}, others={}, notes=()
        )
        return {row.label: row for row in grader.grade(submission, question).rows}

    right = grade(files[path])
    wrong = grade(b"")
    assert {row.score for label, row in wrong.items() if label.startswith("Q7")} == {0.0}
    assert grade(files[path]) == right
