"""Reference modules become stubs; markers that do not fit are named with file and line."""

import ast

import pytest

from autograder.config import Question
from autograder.release import ReleaseError, make_stub

QUESTION = Question.model_validate(
    {
        "id": 3,
        "title": "Q",
        "module": "m",
        "kind": "core",
        "minutes": 1,
        "parts": [
            {"id": "a", "title": "A", "functions": ["f"], "points": 1},
            {"id": "b", "title": "B", "functions": ["C.g"], "points": 1},
        ],
    }
)

SOURCE = '''"""Module."""

import math


@staticmethod
def f(x, *, y=1):
    """Doc of f."""
    # BEGIN SOLUTION
    z = """
text at the margin
"""
    return math.sqrt(x)
    # END SOLUTION


class C:
    """Doc of C."""

    size = 3

    def g(self):
        """Doc of g."""
        out = []
        for i in range(self.size):
            # BEGIN SOLUTION
            out.append(i)
            # END SOLUTION
        return out
'''

STUB = '''"""Module."""

import math


@staticmethod
def f(x, *, y=1):
    """Doc of f."""
    raise NotImplementedError("Q3a: f")


class C:
    """Doc of C."""

    size = 3

    def g(self):
        """Doc of g."""
        out = []
        for i in range(self.size):
            raise NotImplementedError("Q3b: C.g")
        return out
'''


def test_stub() -> None:
    assert make_stub(SOURCE, QUESTION, "m.py") == STUB


def test_stub_is_python_and_says_which_part() -> None:
    namespace: dict[str, type] = {}
    exec(compile(ast.parse(make_stub(SOURCE, QUESTION, "m.py")), "m", "exec"), namespace)
    with pytest.raises(NotImplementedError, match=r"Q3b: C\.g"):
        namespace["C"]().g()


def line_of(text: str, source: str = SOURCE) -> int:
    return source[: source.index(text)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    # END SOLUTION\n\n\nclass", "\n\nclass", "line 25: line 9 begins a solution too"),
        ("            # END SOLUTION\n", "", "line 26: this solution does not end"),
        ("    # BEGIN SOLUTION\n    z", "    z", "line 13: no solution begins above"),
        (
            "    # BEGIN SOLUTION\n    z",
            "    #BEGIN SOLUTION\n    z",
            "line 9: a marker stands alone",
        ),
        ("    # BEGIN SOLUTION\n    z", "    # Begin solution\n    z", "line 9: a marker stands"),
        ("    z = ", "    # BEGIN SOLUTION\n    z = ", "line 10: line 9 begins a solution too"),
        (
            "            out.append(i)\n            # END SOLUTION\n",
            "            # END SOLUTION\n            out.append(i)\n",
            "line 26: the solution of C.g holds no statement",
        ),
        ("    def g", "    def h", "line 26: no part of question 3 asks for C.h"),
        ("def f(", "def ff(", "line 9: no part of question 3 asks for ff"),
        (
            "        return out\n",
            "        # BEGIN SOLUTION\n        return out\n        # END SOLUTION\n",
            "line 29: C.g has a solution in line 26 already",
        ),
        (
            "    size = 3\n",
            "    # BEGIN SOLUTION\n    size = 3\n    # END SOLUTION\n",
            "line 20: this solution does not begin inside",
        ),
        ("import math", "# BEGIN SOLUTION\nimport math\n# END SOLUTION", "line 3: this solution"),
        ("    return math.sqrt(x)", "    return math.sqrt(x", "not valid Python"),
    ],
)
def test_markers_that_do_not_fit(old: str, new: str, message: str) -> None:
    source = SOURCE.replace(old, new, 1)
    assert source != SOURCE
    with pytest.raises(ReleaseError) as caught:
        make_stub(source, QUESTION, "hw/m.py")
    assert str(caught.value).startswith("hw/m.py")
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["f", "C.g"])
def test_configured_function_without_markers(name: str) -> None:
    source = SOURCE
    begin = 1 if name == "C.g" else 0
    for marker in ("# BEGIN SOLUTION", "# END SOLUTION"):
        pieces = source.split(marker)
        kept = marker.join(pieces[: begin + 1]), marker.join(pieces[begin + 1 :])
        source = "# marker removed".join(kept)
    with pytest.raises(ReleaseError, match=rf"line \d+: Q3[ab] asks for {name}"):
        make_stub(source, QUESTION, "m.py")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # the docstring is inside
        (
            '    """Doc of f."""\n    # BEGIN SOLUTION\n',
            '    # BEGIN SOLUTION\n    """Doc of f."""\n',
        ),
        # the markers are dedented out of the function
        ("    # BEGIN SOLUTION\n    z", "# BEGIN SOLUTION\n    z"),
        # half a statement is inside
        ('    z = """\ntext', '    z = """\n    # END SOLUTION\ntext'),
        # the next class is inside
        (
            "    # END SOLUTION\n\n\nclass C:",
            "\n\nclass D:\n    # END SOLUTION\n    pass\n\n\nclass C:",
        ),
    ],
)
def test_blocks_that_take_more_than_a_solution(old: str, new: str) -> None:
    source = SOURCE.replace(old, new, 1)
    assert source != SOURCE
    if source.count("# END SOLUTION") > 2:
        source = source.replace("    return math.sqrt(x)\n    # END SOLUTION", "    return 1", 1)
    with pytest.raises(ReleaseError, match=r"hw/m\.py"):
        make_stub(source, QUESTION, "hw/m.py")
