"""What a student is told of a program that gave no values."""

import pytest
from samples import complete

from autograder.grading.feedback import finding_lines

MODULE = "outliers"
PATH = f"likelihood/{MODULE}.py"
RESULT = "return background_log_prob - log_prob"
IMPORT = "import torch\n"
IMPORTED = "Code outside functions runs when the module is imported"


@pytest.fixture
def told(grader, grade_files):
    """Grade the reference with one text replaced; each part's findings, as lines."""

    def grade(old: str, new: str) -> dict[str, list[list[str]]]:
        source = complete(grader.suite)[PATH].decode()
        assert source.count(old) == 1
        changed = source.replace(old, new)
        rows = grade_files({**complete(grader.suite), PATH: changed.encode()}, MODULE).rows
        own = [row for row in rows if row.label.startswith("Q7")]
        return {row.label: [finding_lines(finding) for finding in row.findings] for row in own}

    return grade


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("while True: pass", f"It did not finish within 2 s while importing {MODULE}.py."),
        (
            "import os; os._exit(3)",
            f"The program ended itself with exit status 3 while importing {MODULE}.py.",
        ),
        ("name = input()", "EOFError: EOF when reading a line"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_what_a_module_runs_when_it_is_imported_is_told_once(told, end, message):
    first, *others = told(IMPORT, f"{IMPORT}{end}\n").values()
    assert [lines[0] for lines in first] == [message]
    assert IMPORTED in first[0][-1]
    assert others == [[["The module could not be imported: see Q7a."]]] * 3


@pytest.mark.parametrize("end", ["import nothing_of_this_name", "def oops(:", "tensro = torhc.e"])
def test_a_module_that_runs_nothing_is_not_told_to_run_less(told, end):
    assert IMPORTED not in told(IMPORT, f"{IMPORT}{end}\n")["Q7a"][0][-1]


@pytest.mark.parametrize(
    ("statement", "hint"),
    [
        ("breakpoint()", "Take `breakpoint()`"),
        ("while True: pass", "a loop that does not end"),
        ("log_prob.new_zeros(2, 7) + log_prob.new_zeros(2, 3)", "Print the shapes"),
        ("log_prob.new_zeros(2, 3) @ log_prob.new_zeros(2, 3)", "Print the shapes"),
        ("log_prob.new_zeros(6).reshape(4, 4)", "Print the shapes"),
        ("log_prob.new_zeros(6).sum(dim=1)", "Print the shapes"),
        ("log_prob.new_zeros(2, 3) @ torch.zeros(3, 2).float()", "dtype must follow the inputs"),
        (
            "torch.nn.Linear(2, 3).float()(log_prob.new_zeros(1, 2))",
            "dtype must follow the inputs",
        ),
        (
            "torch.nn.Conv1d(2, 3, 1).float()(log_prob.new_zeros(1, 2, 4))",
            "dtype must follow the inputs",
        ),
        ("torch.nn.functional.one_hot(log_prob)", ""),
    ],
)
def test_a_fault_in_a_function_has_a_hint_at_its_cause(told, statement, hint):
    lines = told(RESULT, f"{statement}\n    {RESULT}")["Q7c"][0]
    if hint:
        assert hint in lines[-1]
    else:
        assert "Hint" not in lines[-1]
