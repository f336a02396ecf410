"""Grade one submission with pytest itself, to see every hidden check by name::

    pytest -p autograder.grading.standalone --pack hw1 --submission hw1.zip \\
        --result result.json autograder/graders/hw1_likelihood

The score is the one that ``autograder grade`` gives.
"""

from collections.abc import Generator
from pathlib import Path

import pytest

from autograder.config import load_config
from autograder.files import write_text
from autograder.grading.grader import Grader
from autograder.grading.suite import Suite
from autograder.machine import start_sandbox
from autograder.submission import SubmissionError


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of this plugin."""
    group = parser.getgroup("grading")
    group.addoption("--pack", required=True, help="the pack that the submission belongs to")
    group.addoption("--submission", required=True, type=Path, help="archive or folder")
    group.addoption("--result", type=Path, help="where the result is written, as JSON")
    group.addoption("--grading-seed", type=int, default=0, help="seed of the hidden inputs")
    group.addoption("--isolation", default="auto", help="how the submission is confined")


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, pytest.ExitCode, pytest.ExitCode]:
    """Grade around the whole run, so that the sandbox is closed whatever happens in it."""
    settings = load_config()
    with start_sandbox(settings, config.option.isolation) as sandbox:
        suite = Suite(settings.pack_name(config.option.pack), settings)
        grader = Grader(suite, sandbox, config.option.grading_seed)
        try:
            submission = suite.read(config.option.submission)
        except SubmissionError as error:
            raise pytest.UsageError(str(error)) from None
        blank = grader.result(submission.id, grader.blank_rows())
        grader.begin(submission, suite.pack.assigned)
        config.pluginmanager.register(grader.plugin)
        status = yield
        result = grader.fill(blank, submission)
        graded = [row for row in result.rows if row.status != "not_graded"]
        print(f"\n{result.score:g} of {sum(row.max_score for row in graded):g} points")
        if not grader.plugin.complete:
            print("Tests were left out, so this is no grade, and no result is written.")
        elif config.option.result is not None:
            write_text(config.option.result, result.model_dump_json(indent=1))
    return status
