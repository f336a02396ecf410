"""Intake of untrusted submissions: a zip or a folder becomes files in memory, or one sentence."""

from autograder.submission.discovery import discover, find_submissions
from autograder.submission.entries import SubmissionError
from autograder.submission.export import Exported, Submitter, read_export
from autograder.submission.intake import ANSWERS_FILE, Submission, raw_digest, read_submission
from autograder.submission.names import submission_id

__all__ = [
    "ANSWERS_FILE",
    "Exported",
    "Submission",
    "SubmissionError",
    "Submitter",
    "discover",
    "find_submissions",
    "raw_digest",
    "read_export",
    "read_submission",
    "submission_id",
]
