"""The class report and the students' pages, as files and in a real browser."""

import shutil
from html.parser import HTMLParser

import pytest
from classes import MISTAKES, PACK, WRONG, make_class, make_result, store_results
from typer.testing import CliRunner

from autograder.classroom.pages import render
from autograder.classroom.report import class_report, frequent_mistakes, histogram, summarise
from autograder.cli import app
from autograder.grading.feedback import finding_lines, summary_text

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


class Text(HTMLParser):
    """What a reader sees, and which elements and addresses there are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.text += " " if tag in ("td", "th", "p") else ""
        self.addresses += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def student_page(config):
    return lambda result: render("feedback.html", config, PACK, result=result)


def named(mistake: int):
    update = {"hint": MISTAKES[mistake], "misconception": f"mistake_{mistake}"}
    return WRONG.model_copy(update=update)


def test_histogram_counts_every_result_once(config):
    results = [make_result(config, "all", {}), *make_class(config, 40)]
    bins = histogram(results)
    assert sum(bin.count for bin in bins) == 41
    assert bins[-1].count >= 1
    for bin in bins[:-1]:
        percent = [100 * r.score / r.max_score for r in results]
        assert bin.count == sum(bin.low <= value < bin.low + 10 for value in percent), bin


def test_pass_rates_by_question_and_part(config):
    results = [
        make_result(config, "a", {}),
        make_result(config, "b", {"Q1a": WRONG}),
        make_result(config, "c", {"Q1a": WRONG.model_copy(update={"kind": "not_started"})}),
        make_result(config, "d", {}),
    ]
    first, second = summarise(config, PACK, results)[:2]
    part = first.parts[0]
    assert (first.label, part.label, second.label) == ("Q1", "Q1a", "Q2")
    assert (part.pass_rate, part.not_started, part.mean) == (50, 1, part.max_score / 2)
    assert (first.pass_rate, first.partial, first.not_started) == (50, 2, 0)
    assert second.pass_rate == 100


def test_results_with_other_rows_are_summed_by_label(config):
    """Results from before a question was added and another part's points were changed."""
    new = make_result(config, "new", {"Q1a": WRONG})
    rows = [row for row in new.rows if not row.label.startswith("Q2")]
    old = new.model_copy(update={"submission": "old", "rows": tuple(reversed(rows))})
    whole = make_result(config, "whole", {})
    first, second = summarise(config, PACK, [old, new, whole])[:2]
    question = config.packs[PACK].graded[0]
    assert (first.label, first.count, first.passed, first.partial) == ("Q1", 3, 1, 2)
    assert first.parts[0].passed == 1 and first.parts[1].passed == 3
    assert (second.label, second.count, second.passed) == ("Q2", 2, 2)

    cheap = tuple(row.model_copy(update={"max_score": 0.5, "score": 0.5}) for row in whole.rows)
    cheap = whole.model_copy(update={"rows": cheap})
    summary = summarise(config, PACK, [cheap, whole])[0]
    assert summary.max_score == question.points
    assert summary.mean == (question.points + 0.5 * len(question.parts)) / 2
    page = Text(class_report(config, PACK, [cheap, whole])).text
    assert "1 of 2 grades have other questions or points" in page
    page = Text(class_report(config, PACK, [cheap])).text
    assert f"of {config.packs[PACK].points:g} points" in page
    assert "other questions or points" not in Text(class_report(config, PACK, [whole])).text


def test_grades_of_different_environments_are_said_to_be(config):
    results = [make_result(config, name, {}, versions={"torch": name}) for name in ("2.6", "2.7")]
    assert "1 on cpu, torch 2.6; 1 on cpu, torch 2.7" in class_report(config, PACK, results)
    assert "different environments" not in class_report(config, PACK, results[:1])


def test_a_remark_on_the_class_stands_on_the_page(config):
    page = class_report(config, PACK, make_class(config, 2), remarks=["2 scores <would> change."])
    assert "2 scores <would> change." in Text(page).text


def test_mistakes_are_counted_once_for_each_submission(config):
    results = [
        make_result(config, "a", {"Q1a": named(1), "Q2a": named(0)}),
        make_result(config, "b", {"Q1a": named(1)}),
    ]
    first, second = frequent_mistakes(results)
    assert (first.label, first.hint, first.submissions) == ("Q1a", MISTAKES[1], ["a", "b"])
    assert (second.label, second.submissions) == ("Q2a", ["a"])


def test_a_page_needs_nothing_but_itself(config, student_page):
    results = make_class(config, 5)
    for page in (class_report(config, PACK, results), student_page(results[0])):
        addresses = Text(page).addresses
        assert all(a.startswith(("#", "feedback/", "data:,")) for a in addresses)
        assert "@import" not in page and "url(http" not in page


def test_what_strangers_wrote_stays_text(config, student_page):
    evil = "\x1b[31mred\x1b[0m <img src=x onerror=alert(1)> \u202etxt`<b>`"
    finding = WRONG.model_copy(update={"message": evil, "check": evil, "lines": (evil,)})
    result = make_result(config, "<script>x</script>", {"Q1a": finding}, notes=(evil,))
    for page in (class_report(config, PACK, [result]), student_page(result)):
        parsed = Text(page)
        assert "img" not in parsed.tags and "b" not in parsed.tags
        assert parsed.tags.count("script") <= 1 and "<script>x</script>" in parsed.text
        assert "\x1b" not in page and "\u202e" not in page and "[31m" not in page
        assert "red <img src=x onerror=alert(1)>" in parsed.text


def test_a_students_page_says_what_feedback_says(config, student_page):
    result = make_result(config, "a", {"Q1a": named(0), "Q3b": WRONG}, safe=False)
    text = " ".join(Text(student_page(result)).text.split())
    for line in summary_text(result).splitlines():
        assert line in text
    for row in result.rows:
        assert f"{row.label} {row.title}" in text
        for line in (line for finding in row.findings for line in finding_lines(finding)):
            assert " ".join(line.replace("`", "").split()) in text


def test_submissions_that_need_a_look_are_named(config):
    stopped = WRONG.model_copy(update={"kind": "time_limit"})
    results = [
        *(make_result(config, f"quick_{i}", {}, seconds=1.0) for i in range(9)),
        make_result(config, "stopped", {"Q2a": stopped, "Q2b": stopped}),
        make_result(config, "slow", {}, seconds=30.0),
        make_result(config, "open", {}, safe=False),
    ]
    text = Text(class_report(config, PACK, results)).text
    look = " ".join(text[text.index("To look at") : text.index("Full marks")].split())
    assert "stopped Stopped by time limit in Q2." in look
    assert "slow Slow." in look and "open Not isolated." in look
    assert "quick" not in look
    text = Text(class_report(config, PACK, results[7:])).text
    assert "Stopped by time limit in Q2." in text and "Slow." not in text


def test_unreadable_submissions_are_listed_and_not_counted(config):
    reason = "x.zip is damaged."
    refused = make_result(config, "refused", {}, notes=(reason,))
    rows = tuple(r.model_copy(update={"status": "unreadable", "score": 0.0}) for r in refused.rows)
    refused = refused.model_copy(update={"rows": rows})
    for results in ([make_result(config, "good", {}), refused], [refused]):
        text = " ".join(Text(class_report(config, PACK, results)).text.split())
        assert reason in text and "1 of them unreadable" in text
    assert "Mean 100.0" in Text(class_report(config, PACK, [make_result(config, "a", {})])).text


def test_report_writes_everything_again_from_the_store(config, tmp_path):
    results = make_class(config, 3)
    store_results(tmp_path, results)
    answer = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert answer.exit_code == 0, answer.output
    assert (tmp_path / "report.html").read_text("utf-8") == class_report(config, PACK, results)
    assert len((tmp_path / "grades.csv").read_text("utf-8").splitlines()) == 4
    for folder, suffix in (("feedback", "html"), ("results", "json")):
        names = {path.name for path in (tmp_path / folder).iterdir()}
        assert names == {f"{result.submission}.{suffix}" for result in results}


def test_grades_of_different_graders_are_said_to_be(config, tmp_path):
    results = make_class(config, 2)
    said = "given by 2 different versions of the graders"
    for version, present in (("old", False), ("new", True)):
        store_results(tmp_path, [results.pop()], graders={"density": version})
        assert CliRunner().invoke(app, ["report", str(tmp_path)]).exit_code == 0
        assert (said in (tmp_path / "report.html").read_text("utf-8")) == present


@pytest.mark.parametrize("verb", [["report"], ["gradebook", "-o", "x.csv"]])
def test_a_folder_without_results_is_refused_in_one_sentence(tmp_path, verb):
    answer = CliRunner().invoke(app, [verb[0], str(tmp_path), *verb[1:]])
    assert answer.exit_code == 1
    assert answer.output.count("\n") == 1 and "holds no results" in answer.output
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def browser():
    """A real Chromium, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser, tmp_path):
    """Opens a page from disk, offline; any script error or request fails the test."""
    problems: list[str] = []
    contexts = []

    def open_it(page: str, width: int = 1000, scheme: str = "light"):
        path = tmp_path / "report.html"
        path.write_text(page, "utf-8")
        size = {"width": width, "height": 900}
        context = browser.new_context(viewport=size, color_scheme=scheme, offline=True)
        contexts.append(context)
        opened = context.new_page()
        opened.on("pageerror", lambda error: problems.append(str(error)))
        opened.on("requestfailed", lambda request: problems.append(request.url))
        opened.goto(path.as_uri())
        return opened

    yield open_it
    for context in contexts:
        context.close()
    assert problems == []


def column(page, index: int) -> list[str]:
    cells = page.locator(f"#class tbody tr:not([hidden]) > :nth-child({index})")
    return cells.all_text_contents()


def test_the_table_sorts_by_keyboard(config, open_page):
    results = make_class(config, 30)
    page = open_page(class_report(config, PACK, results))
    head = page.locator("#class thead th").nth(1)
    head.get_by_role("button").focus()
    for order, reverse in (("descending", True), ("ascending", False)):
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == order
        scores = [float(cell) for cell in column(page, 2)]
        assert scores == sorted((r.score for r in results), reverse=reverse)
    name = page.locator("#class thead th").nth(0)
    name.get_by_role("button").focus()
    page.keyboard.press("Space")
    assert column(page, 1) == sorted(r.submission for r in results)
    assert head.get_attribute("aria-sort") is None


def test_the_table_searches_and_filters(config, open_page):
    results = [make_result(config, "anna", {}), *make_class(config, 30)]
    page = open_page(class_report(config, PACK, results))
    page.get_by_label("Search").fill("STUDENT 0007")
    assert column(page, 1) == ["student_0007"]
    assert "1 of 31" in page.locator("#shown").text_content()
    page.get_by_label("Search").fill("")
    page.get_by_label("Show").select_option("full marks")
    assert set(column(page, 1)) == {r.submission for r in results if r.score == 100}
    page.get_by_label("Show").select_option("less than half of the points")
    assert set(column(page, 1)) == {r.submission for r in results if r.score < 50}


def test_students_are_searched_by_name(config, open_page):
    results = [make_result(config, "submission_1", {}), make_result(config, "submission_2", {})]
    names = {"submission_1": "Anna Abel, Ben Bauer"}
    page = open_page(class_report(config, PACK, results, names=names))
    page.get_by_label("Search").fill("bauer")
    assert column(page, 1) == ["submission_1"] and column(page, 2) == ["Anna Abel, Ben Bauer"]
    assert "Students" not in class_report(config, PACK, results)


def test_who_made_a_mistake_shows_on_a_click(config, open_page):
    result = make_result(config, "anna", {"Q1a": named(0)})
    page = open_page(class_report(config, PACK, [result]))
    who = page.locator(".names a", has_text="anna")
    assert not who.is_visible()
    page.get_by_text("in Q1a").click()
    assert who.is_visible()
    assert who.get_attribute("href") == "feedback/anna.html"


@pytest.mark.parametrize("width", [390, 1000])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_their_window(config, open_page, student_page, width, scheme):
    results = make_class(config, 20)
    names = {result.submission: "Anna-Maria Abelmann, Ben Bauer" for result in results}
    reports = [class_report(config, PACK, results, names=own) for own in ({}, names)]
    for source in (*reports, student_page(results[1])):
        page = open_page(source, width, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for box in page.locator(".wide").all():
            assert box.evaluate("box => box.scrollWidth <= box.clientWidth")
        means = page.get_by_role("region", name="Questions").locator("tr > :last-child")
        assert all(mean.is_visible() for mean in means.all())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(config, open_page, student_page, scheme):
    results = make_class(config, 10)
    for source in (class_report(config, PACK, results), student_page(results[1])):
        lowest = open_page(source, scheme=scheme).evaluate(CONTRAST)
        assert lowest >= 4.5


CONTRAST = """() => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = node => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
    }
  };
  const texts = [...document.querySelectorAll("main *")].filter(node => !node.closest("svg, script")
    && [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim()));
  return Math.min(...texts.map(node => {
    const both = [light(getComputedStyle(node).color), light(behind(node))].sort((a, b) => a - b);
    return (both[1] + 0.05) / (both[0] + 0.05);
  }));
}"""


def test_a_thousand_submissions_stay_usable(config, open_page):
    results = make_class(config, 1000)
    source = class_report(config, PACK, results)
    assert len(source) < 2_000_000
    page = open_page(source)
    page.locator("#class thead th").nth(1).get_by_role("button").click()
    assert len(column(page, 1)) == 1000
    page.get_by_label("Search").fill("student_0999")
    assert column(page, 1) == ["student_0999"]
