"""Other graders on the same trivial task: ten functions, and one torch check of each.

Each function writes what its grader needs into a folder and returns the command that grades.
"""

import sys
from pathlib import Path

from benchmarks.measure import measured

TESTS = range(1, 11)
STUDENT = "".join(f"def f{i}(x):\n    return x * {i}\n" for i in TESTS)
PYTEST = "import torch\nfrom student import *\n" + "".join(
    f"def test_{i}():\n    assert torch.equal(f{i}(torch.ones(3)), torch.ones(3) * {i})\n"
    for i in TESTS
)
UNITTEST = (
    "import unittest, torch\nfrom student import *\n"
    "from gradescope_utils.autograder_utils.decorators import weight\n"
    "from gradescope_utils.autograder_utils.json_test_runner import JSONTestRunner\n"
    "class Tests(unittest.TestCase):\n"
    + "".join(
        f"    @weight(1)\n    def test_{i}(self):\n"
        f"        self.assertTrue(torch.equal(f{i}(torch.ones(3)), torch.ones(3) * {i}))\n"
        for i in TESTS
    )
    + "with open('results.json', 'w') as file:\n"
    "    JSONTestRunner(stream=file).run(unittest.defaultTestLoader.loadTestsFromTestCase(Tests))\n"
)
OTTER_TEST = """\
OK_FORMAT = False
from otter.test_files import test_case
name = "q{i}"
@test_case(points=1)
def test_it(f{i}):
    import torch
    assert torch.equal(f{i}(torch.ones(3)), torch.ones(3) * {i})
"""


def make_otter(folder: Path) -> list[str]:
    """An Otter autograder with ten trivial torch tests, and the command that runs it."""
    import nbformat

    (folder / "tests").mkdir(parents=True)
    (folder / "out").mkdir()
    cells = ["import otter\ngrader = otter.Notebook()"]
    for i in range(1, 11):
        (folder / "tests" / f"q{i}.py").write_text(OTTER_TEST.format(i=i))
        cells += [f"def f{i}(x):\n    return x * {i}", f'grader.check("q{i}")']
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
    )
    nbformat.write(notebook, folder / "submission.ipynb")
    otter = str(Path(sys.executable).with_name("otter"))
    measured([otter, "generate", "-t", "tests", "-o", "autograder.zip"], folder)
    return [otter, "run", "-a", "autograder.zip", "-o", "out", "submission.ipynb"]


def make_pytest(folder: Path) -> list[str]:
    """Plain pytest, without isolation."""
    folder.mkdir()
    (folder / "student.py").write_text(STUDENT)
    (folder / "test_student.py").write_text(PYTEST)
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_student.py"]


def make_gradescope_utils(folder: Path) -> list[str]:
    """Gradescope's own library, without isolation."""
    folder.mkdir()
    (folder / "student.py").write_text(STUDENT)
    (folder / "run_tests.py").write_text(UNITTEST)
    return [sys.executable, "run_tests.py"]
