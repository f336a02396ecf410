"""Which submissions look copied."""

import random
import re

import pytest
from classes import PACK, make_result, store_results
from samples import stub_files, write_archive
from typer.testing import CliRunner

from autograder.classroom.report import class_report
from autograder.classroom.similarity import compare_submissions, load, save
from autograder.cli import app
from autograder.grading.suite import Suite

pytest.importorskip("copydetect")
pytest.importorskip("scipy")
MODULE = "likelihood/flows.py"


@pytest.fixture
def suite(config):
    return Suite(PACK, config)


def own_code(seed: int, lines: int = 60) -> str:
    """A function that nobody else would write."""
    draw = random.Random(seed)
    text = [f"def helper_{seed}(a, b, c):"]
    for _ in range(lines):
        names = [draw.choice("abc") for _ in range(3)]
        signs = [draw.choice(["+", "-", "*", "/", "**", "%", "@", "<", "|"]) for _ in range(3)]
        text.append(
            f"    {names[0]} = ({names[1]} {signs[0]} {draw.randrange(99)}) {signs[1]} "
            f"{names[2]}[{draw.randrange(9)}:{draw.randrange(9)}] {signs[2]} {draw.random():.2f}"
        )
    return "\n".join(text) + "\n    return a\n"


@pytest.fixture
def compare(suite, tmp_path):
    """Compares submissions that hold the stubs and some code of their own, given by name."""

    def run(**codes: str):
        stubs = stub_files(suite)
        for name, code in codes.items():
            files = {**stubs, MODULE: stubs[MODULE] + b"\n\n" + code.encode()}
            write_archive(files if code else stubs, tmp_path / f"{name}.zip")
        return compare_submissions(suite, [tmp_path / f"{name}.zip" for name in codes])

    return run


def names(found):
    return [{pair.first, pair.second} for pair in found.pairs]


def test_a_copy_with_other_names_and_comments_is_found(compare):
    copied = own_code(1)
    disguised = re.sub(r"\ba\b", "alpha", copied).replace("\n    b", "\n    # mine\n    b")
    found = compare(anna=copied, ben=disguised, carla=own_code(2), dan=own_code(3))
    assert names(found) == [{"anna", "ben"}]
    (pair,) = found.pairs
    assert pair.share > 90
    (place,) = pair.places
    assert place.module == "flows"


def test_released_code_is_not_copied_code(compare):
    found = compare(anna="", ben="", carla=own_code(1, 3), dan=own_code(2, 3))
    assert found.compared == 2
    assert found.pairs == () and found.identical == ()


def test_what_the_whole_class_shares_is_not_copied_code(compare):
    shared = own_code(0, 200)
    codes = {f"student_{i}": shared + own_code(i + 1, 20) for i in range(12)}
    assert compare(**codes).pairs == ()
    copier = {"copier": f"# changed\n{codes['student_3']}"}
    assert names(compare(**codes, **copier)) == [{"student_3", "copier"}]
    few = dict(list(codes.items())[:2])
    assert names(compare(**few)) == [{"student_0", "student_1"}]


def test_equal_files_are_named_as_such(compare):
    found = compare(anna=own_code(1), ben=own_code(1), carla=own_code(2))
    assert found.identical == (("anna", "ben"),)
    assert found.pairs == ()


def test_lines_are_those_of_each_submission(compare, suite):
    code = own_code(1)
    found = compare(anna=code, ben="# later\n" * 5 + code)
    last = (stub_files(suite)[MODULE] + b"\n\n" + code.encode()).count(b"\n")
    first, second = ([int(n) for n in lines.split("-")] for lines in found.pairs[0].places[0].lines)
    assert last - 1 <= first[1] <= last and first[1] - first[0] >= code.count("\n") - 2
    assert second[1] - first[1] == 5


def test_what_cannot_be_read_is_named(compare, suite, tmp_path):
    compare(anna=own_code(1))
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04")
    (tmp_path / "binary.zip").write_bytes(b"")
    paths = [tmp_path / f"{name}.zip" for name in ("anna", "broken", "binary")]
    assert compare_submissions(suite, paths).unread == ("broken", "binary")


def test_the_report_shows_pairs_and_no_score_changes(compare, config):
    found = compare(anna=own_code(1), ben="# x\n" + own_code(1))
    results = [make_result(config, "anna", {}), make_result(config, "ben", {})]
    before = [result.model_dump() for result in results]
    page = class_report(config, PACK, results, similarity=found)
    assert "not proof" in page and "flows.py" in page
    assert "not compared" in class_report(config, PACK, results)
    assert [result.model_dump() for result in results] == before


def test_a_comparison_is_kept_for_every_later_report(compare, config, tmp_path):
    compare(anna=own_code(1), ben="# x\n" + own_code(1))
    folder = tmp_path / "graded"
    store_results(folder, [make_result(config, "anna", {}), make_result(config, "ben", {})])
    archives = [tmp_path / "anna.zip", tmp_path / "ben.zip"]
    compared = [word for archive in archives for word in ("--similarity", str(archive))]
    for options in (compared, []):
        answer = CliRunner().invoke(app, ["report", str(folder), *options])
        assert answer.exit_code == 0, answer.output
        assert "anna and ben" in (folder / "report.html").read_text("utf-8")


def test_what_was_kept_is_what_was_found(compare, tmp_path):
    found = compare(anna=own_code(1), ben="# x\n" + own_code(1), carla=own_code(1))
    save(tmp_path, found)
    assert load(tmp_path) == found
    (file,) = tmp_path.glob("*.json")
    file.write_text("{", "utf-8")
    assert load(tmp_path) is None


def test_progress_covers_every_step(compare, suite, tmp_path):
    compare(anna=own_code(1), ben="# x\n" + own_code(1))
    steps = []

    def track(items, what):
        for item in items:
            steps.append(what)
            yield item

    compare_submissions(suite, [tmp_path / "anna.zip", tmp_path / "ben.zip"], track)
    assert steps == ["reading", "reading", "comparing", "finding lines"]


def test_blank_lines_by_the_thousand_hide_no_copy_and_take_no_minutes(compare):
    blank = "\t\n" * 90_000
    (pair,) = names(compare(ann=own_code(1), bob=blank + own_code(1)))
    assert pair == {"ann", "bob"}


def test_shares_are_of_the_smaller_own_code(compare):
    code = own_code(1, 40)
    found = compare(anna=code, ben=code + own_code(2, 120), carla=own_code(3))
    assert names(found) == [{"anna", "ben"}] and found.pairs[0].share > 90
    long, short = sorted(found.pairs[0].places[0].shares)
    assert long < 40 < 90 < short
