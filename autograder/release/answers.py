"""The answers file without its answers."""

import re
import tomllib

from autograder.config import Written
from autograder.release.stubs import ReleaseError

ANSWER = re.compile(r"^(Q\d+[a-z]) *=(.*)$", re.MULTILINE)
"""A line of an answers file with its question and its answer."""


def blank_answers(text: str, written: Written | None, place: str) -> str:
    """The answers file that students get: every comment, and every answer empty.

    Args:
        text: The answers file of the reference.
        written: The questions that it must answer, in order.
        place: Where ``text`` is from, for messages.

    Raises:
        ReleaseError: Where file and configuration do not agree, or an answer cannot be cut out.
    """
    asked = [] if written is None else [written.label(part) for part in written.parts]
    answered = list(_parse(text, place))
    if answered != asked:
        raise ReleaseError(
            f"{place} answers {', '.join(answered)}; grading_config.yaml asks for "
            f"{', '.join(asked) or 'no written questions'}"
        )
    blank = ANSWER.sub(r'\1 = ""', text)
    if _parse(blank, f"{place} without its answers") != dict.fromkeys(asked, ""):
        raise ReleaseError(f'{place}: every answer stands on one line, as in Q1a = "B"')
    return blank


def _parse(text: str, place: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ReleaseError(f"{place}: not valid TOML: {error}") from None
