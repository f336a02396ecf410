"""What runs in a grading container: grades one submission into ``results.json``.

Results are written as they come, under a temporary name and renamed, so that whatever happens
later the best that is known lies there. The last write comes after every process of the
submission is gone.
"""

import json
import sys
import time
import traceback
from datetime import datetime
from pathlib import Path

from autograder.config import load_config
from autograder.files import write_json
from autograder.gradescope.package import SEED_FILE
from autograder.machine import start_sandbox

UNFINISHED = "Grading has not finished: the grader itself failed or was stopped. Tell a TA."


def main(root: Path) -> int:
    """Grade ``root/submission`` into ``root/results/results.json``."""
    for path in (root / "submission", root / "results", root / "submission_metadata.json"):
        if path.exists():
            path.chmod(0o700 if path.is_dir() else 0o600)
    results = root / "results" / "results.json"
    write_json(results, {"score": 0, "output": UNFINISHED, "visibility": "visible"})
    try:
        _grade(root, results)
    except Exception:
        # The rows that were graded stay, under a sentence that says that they are not all: the
        # platform would throw them away for any other exit status.
        traceback.print_exc()
    return 0


def _grade(root: Path, results: Path) -> None:
    start = time.monotonic()
    config = load_config(root / "source" / "grading_config.yaml")
    sealed = json.loads((root / "source" / SEED_FILE).read_text("utf-8"))
    with start_sandbox(config) as sandbox:
        from autograder.gradescope.results_json import to_gradescope
        from autograder.grading.grader import Grader
        from autograder.grading.results import Result, Row
        from autograder.grading.suite import Suite
        from autograder.submission import SubmissionError

        suite = Suite(sealed["pack"], config)
        grader = Grader(suite, sandbox, sealed["seed"])
        blank = grader.result("submission", grader.blank_rows())
        lateness = late_note(root / "submission_metadata.json")

        def write(result: Result, *notes: str) -> None:
            result = result.model_copy(update={"seconds": time.monotonic() - start})
            write_json(results, to_gradescope(result, suite.pack.leaderboards, notes))

        def on_question(rows: tuple[Row, ...]) -> None:
            write(blank.model_copy(update={"rows": rows}), UNFINISHED, *lateness)

        on_question(blank.rows)
        try:
            submission = suite.read(root / "submission")
        except SubmissionError as error:
            result = grader.refuse("submission", str(error))
        else:
            deadline = start + config.limits.run_seconds
            result = grader.grade(submission, on_question=on_question, deadline=deadline)
    write(result, *lateness)


def late_note(metadata: Path) -> tuple[str, ...]:
    """A sentence about a late submission, from ``created_at`` (never from the clock).

    The late policy itself is applied in the gradebook, where a student's free days are known.
    """
    try:
        data = json.loads(metadata.read_text("utf-8"))
        due = data["assignment"]["due_date"]
        created = datetime.fromisoformat(data["created_at"])
        late = (created - datetime.fromisoformat(due)).total_seconds() / 3600 if due else 0.0
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    if late <= 0:
        return ()
    return (f"Submitted {late:.1f} hours after the deadline; the late policy is applied later.",)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
