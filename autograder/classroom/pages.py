"""Pages made from the templates that lie beside this module."""

import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder.config import Config
from autograder.grading.feedback import STATUS

_pages = Environment(
    loader=PackageLoader("autograder.classroom"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _code(text: str) -> Markup:
    """Escaped text with what stands between backticks as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


_pages.filters["code"] = _code


def render(template: str, config: Config, pack: str, **values: object) -> str:
    """The page that ``template`` makes of ``values``, for one pack of the course."""
    return _pages.get_template(template).render(
        pack=config.packs[pack], course=config.course, status=STATUS, **values
    )
