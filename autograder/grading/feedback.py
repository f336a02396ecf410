"""What a student reads about a row: plain sentences, from what the grader knows."""

from autograder.config import Visibility
from autograder.grading.results import Finding, Result, Row, Tally

STATUS = {
    "passed": "correct",
    "partial": "partly correct",
    "failed": "not correct",
    "not_started": "not started",
    "unreadable": "the submission could not be read",
    "not_graded": "not graded",
    "grader_error": "the grader itself failed in a check; it costs no points, a TA will look at it",
}


def row_text(row: Row) -> str:
    """The feedback of one row, as lines of plain text."""
    lines = [f"{row.label} {', '.join(row.functions) or row.title}: {STATUS[row.status]}."]
    if row.tally is not None:
        lines.append(tally_text(row.tally))
    if row.status != "not_started":
        for finding in row.findings:
            lines += ["", *finding_lines(finding)]
    return "\n".join(lines)


def tally_text(tally: Tally) -> str:
    """How many checks passed, and where points went for which no check was run."""
    text = f"{tally.passed} of {tally.run} checks passed"
    if tally.left_out:
        text += "; what fails on the CPU counts as failed on other devices too"
    return f"{text}."


def finding_lines(finding: Finding) -> list[str]:
    """One finding: what was tried, its price, what happened, where, and what is likely wrong."""
    named = finding.check and finding.kind != "import_failure"  # nothing was tried
    price = f" (-{finding.lost:g})" if finding.lost else ""
    lines = [f"{finding.check}{price}: {finding.message}" if named else finding.message]
    lines += [f"    {line}" for line in finding.lines]
    if finding.hint:
        likely = "Likely mistake: " if finding.misconception else "Hint: "
        lines.append(f"  {likely}{finding.hint}")
    return lines


def summary_text(result: Result) -> str:
    """What stands above the rows; no word about rows that students do not see, nor their sum."""
    shown = [row for row in result.rows if row.visibility is Visibility.VISIBLE]
    lines = []
    if len(shown) == len(result.rows):
        lines.append(f"{result.score:g} of {result.max_score:g} points.")
    lines += [f"Note: {note}" for note in result.notes]
    if not result.safe:
        lines.append("Graded without full isolation: a TA must confirm this grade.")
    failed = [row.label for row in shown if row.status == "grader_error"]
    if failed:
        labels = ", ".join(failed)
        lines.append(f"The grader itself failed in {labels}; no points are lost by it.")
    return "\n".join(lines)
