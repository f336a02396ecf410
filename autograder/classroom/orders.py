"""What the one who runs a batch and those who grade for it say to each other."""

from dataclasses import dataclass

from autograder.submission import Submission


@dataclass(frozen=True)
class Order:
    """Something to grade, or to say about a submission that is not graded.

    Attributes:
        name: The submission's id.
        submission: What is graded, or None.
        modules: The questions to grade.
        refused: Why it cannot be read, if that is so.
        failed: Why the grader failed, if that is so.
    """

    name: str
    submission: Submission | None = None
    modules: tuple[str, ...] = ()
    refused: str = ""
    failed: str = ""


@dataclass(frozen=True)
class Terms:
    """How all orders of a batch are carried out.

    Attributes:
        pack: The pack's full name.
        seed: The seed of the class.
        device: ``cpu`` or ``cuda``.
        isolation: How submissions are confined.
        allow_unsafe: Grade without file isolation.
        environment: The versions of Python and torch that the batch was begun with.
        graders: Digest of all that decides a grade.
    """

    pack: str
    seed: int
    device: str
    isolation: str
    allow_unsafe: bool
    environment: str
    graders: str
