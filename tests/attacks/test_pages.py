"""No text of a submission can add an element, an attribute or a script to a page."""

import json
from html import escape

import pytest
from attacks.attacks import PATH
from attacks.conftest import Page, assert_plain

from autograder.grading.results import Result
from autograder.submission import ANSWERS_FILE, Submission

HOSTILE = {
    "elements": "<script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)>",
    "ends": "</p></pre></code></td></tr></table></section></main></body>",
    "quotes": "\"' onmouseover=alert(1) style=display:none x=\"'>",
    "links": "[a](javascript:alert(1)) javascript:alert(1) https://example.org",
    "entities": "&lt;b&gt; &#60;b&#62; \u003cb\u003e %3Cb%3E",
    "templates": "{{ 7*7 }}{% raw %}{# x #}${7*7}#{7*7}<%= 7*7 %>",
    "comments": "<!-- --!> <![CDATA[ ]]> <?php ?> <!doctype html>",
    "unclosed": "<b <i <a href='",
    "plaintext": "<plaintext><xmp><textarea><style>*{display:none}</style>",
}
HARMLESS = "ordinary words"


def pages_of(arena, text: str) -> list[Page]:
    """The pages about a submission that says ``text`` wherever a submission may say something."""
    source = (
        arena.reference[PATH]
        + (
            f"\nTEXT = {text!r}  # {text}\n"
            "def auroc(a, b): raise ValueError(TEXT)\n"
            "def rank_p_value(a, b): return {TEXT: a, 'p': {TEXT}}\n"
            "def complexity_score(*args): return lambda: TEXT\n"
            f"def likelihood_ratio_score(*args): raise NotImplementedError({text!r})\n"
            "exec(compile('def typicality_score(a, b): raise type(TEXT, (Exception,), {})(TEXT)',"
            " 'a ' + TEXT, 'exec'))\n"
            "typicality_score.__code__ = typicality_score.__code__.replace(co_name=TEXT)\n"
        ).encode()
    )
    answers = f"Q8a = {json.dumps(text)}\nQ8c = {json.dumps(text)}\n{json.dumps(text)} = 1\n"
    submission = Submission(
        id=f"_{text.replace('/', '|')}_",
        sha256="page",
        files={**arena.reference, PATH: source},
        others={ANSWERS_FILE: answers.encode(), f"{text}.ipynb": text.encode()},
        notes=(f"Not read: {text}.",),
    )
    questions = [arena.grader.suite.pack.question("outliers")]
    result: Result = arena.grader.grade(submission, questions)
    assert {row.status for row in arena.rows(result, "outliers")} <= {"failed", "partial"}
    found = []
    for page in arena.pages(result):
        assert_plain(page, html=True)
        assert escape(text) == text or text not in page
        found.append(Page(page))
    return found


@pytest.fixture(scope="module")
def harmless(arena) -> list[Page]:
    return pages_of(arena, HARMLESS)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_page_has_the_elements_that_it_has_for_harmless_words(arena, harmless, name):
    hostile = pages_of(arena, HOSTILE[name])
    assert [page.elements for page in hostile] == [page.elements for page in harmless]
    assert [page.scripts for page in hostile] == [page.scripts for page in harmless]
