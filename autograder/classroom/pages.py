"""Pages made from the templates that lie beside this module.

Whatever a page shows of a submission was written by a stranger: it is escaped, and what a
terminal or a text direction could obey is taken out of it.
"""

import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder.classroom.questions import question_scores
from autograder.config import Config
from autograder.grading.feedback import STATUS, finding_lines, summary_text, tally_text

_TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(value: object) -> object:
    """``value``; text without terminal sequences, control characters and direction overrides."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return _CONTROL.sub("", _TERMINAL.sub("", value))


_pages = Environment(
    loader=PackageLoader("autograder.classroom"),
    autoescape=True,
    finalize=clean,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _code(text: str) -> Markup:
    """Escaped text with what stands between backticks as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(clean(text)))))


def _blocks(lines: list[str]) -> list[tuple[str, str]]:
    """Lines of feedback by what they are: text, the student's code (by its indent), or a hint."""
    blocks: list[tuple[str, str]] = []
    for line in lines:
        kind = "code" if line.startswith("    ") else "hint" if line.startswith("  ") else "text"
        if kind == "code" and blocks and blocks[-1][0] == "code":
            blocks[-1] = (kind, f"{blocks[-1][1]}\n{line.strip()}")
        else:
            blocks.append((kind, line.strip()))
    return blocks


_pages.globals["question_scores"] = question_scores
_pages.filters["code"] = _code
_pages.filters["blocks"] = lambda finding: _blocks(finding_lines(finding))
_pages.filters["tally"] = tally_text
_pages.filters["summary"] = lambda result: summary_text(result).splitlines()


def render(template: str, config: Config, pack: str, **values: object) -> str:
    """The page that ``template`` makes of ``values``, for one pack of the course."""
    return _pages.get_template(template).render(
        pack=config.packs[pack], course=config.course, status=STATUS, **values
    )
