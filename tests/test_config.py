"""The configuration: what it accepts, and what it says about errors."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.config import CONFIG_NAME, ROOT, ConfigError, load_config
from autograder.gradescope.results_json import to_gradescope
from autograder.grading.results import Check, Result, make_rows

_DUE = "give date, time and time zone, for example 2026-10-01T23:59:00+02:00, not "
TEXT = (ROOT / CONFIG_NAME).read_text("utf-8")


def edited(tmp_path: Path, old: str, new: str) -> Path:
    assert old in TEXT
    path = tmp_path / CONFIG_NAME
    path.write_text(TEXT.replace(old, new, 1), "utf-8")
    return path


def test_the_core_questions_of_every_pack_sum_to_100():
    for pack in load_config().packs.values():
        assert pack.points == 100


def test_packs_are_found_by_full_and_short_name():
    config = load_config()
    assert config.pack_name("hw1") == config.pack_name("hw1_likelihood") == "hw1_likelihood"
    with pytest.raises(ConfigError, match=r"no pack 'hw9'; choose one of .*hw1"):
        config.pack_name("hw9")


@pytest.mark.parametrize(
    ("old", "new", "at", "words"),
    [
        (
            "  name: Deep",
            "  nam: Deep",
            "  name: Deep",
            "there is no such key; permitted here: late, name",
        ),
        ("kind: core", "kind: cor", "kind: core", "'core' or 'extension', not 'cor'"),
        ("points: 2}", "points: -2}", "points: 2}", "greater than or equal to 0, not -2"),
        ("points: 2}", "points: 3}", "hw1_likelihood:\n", "sum to 101; they must sum to 100"),
        ("points: 2}", "points: two}", "points: 2}", "points: input should be a valid number"),
        ("id: 2\n", "id: 1\n", "hw1_likelihood:\n", "question id 1 stands twice"),
        (
            "device_share: 0.2",
            "device_share: 2",
            "device_share",
            "less than or equal to 0.5, not 2",
        ),
        (
            "value: {rtol: 1.0e-6",
            "value: {rtol: 10",
            "value: {",
            "tolerances.value.rtol: input should be less than 0.1, not 10",
        ),
        ("atol: 1.0e-4", "atol: 1", "float32: {", "float32.atol: input should be less than 0.1"),
        ("    # due: 2026-10-01T23:59:00+02:00", "    due: 2026-10-01", "due:", _DUE),
        ("    # due: 2026-10-01T23:59:00+02:00", "    due: 2026-10-01T23:59", "due:", _DUE),
        ("    # due: 2026-10-01T23:59:00+02:00", "    due: soon", "due:", _DUE),
        ("presentation: 15", "presentation: 65", "weights:", "at most 100 is possible"),
    ],
)
def test_an_error_names_line_key_and_what_is_permitted(tmp_path, old, new, at, words):
    with pytest.raises(ConfigError) as caught:
        load_config(edited(tmp_path, old, new))
    message = next(error for error in str(caught.value).splitlines() if words in error)
    line = message.split("line ")[1].split(":")[0]
    wanted = [i for i, text in enumerate(TEXT.splitlines(keepends=True), 1) if at in text]
    assert int(line) in wanted


def test_the_example_of_a_deadline_is_one(tmp_path):
    path = edited(tmp_path, "# due: 2026-10-01T23:59:00+02:00", "due: 2026-10-01T23:59:00+02:00")
    due = load_config(path).packs["hw1_likelihood"].due
    assert due == datetime(2026, 10, 1, 21, 59, tzinfo=UTC)


def test_a_missing_key_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"limits\.memory_mb: this key is missing"):
        load_config(edited(tmp_path, "  memory_mb:", "  # memory_mb:"))


def test_a_key_that_stands_twice_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="'name' stands twice"):
        load_config(edited(tmp_path, "  name:", "  name: A\n  name:"))


def test_broken_yaml_is_one_sentence_with_a_line(tmp_path):
    with pytest.raises(ConfigError, match=r"line \d+: not valid YAML"):
        load_config(edited(tmp_path, "course:", "course: ]"))


@pytest.mark.parametrize("text", ["", "- a\n", "just words"])
def test_something_else_than_a_mapping_is_refused(tmp_path, text):
    path = tmp_path / CONFIG_NAME
    path.write_text(text)
    with pytest.raises(ConfigError, match="must hold keys and values"):
        load_config(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        load_config(tmp_path / "none.yaml")


def with_leaderboard(tmp_path: Path, part: str, old: str = "", new: str = "") -> Path:
    path = edited(
        tmp_path,
        "    package: likelihood\n",
        f"    package: likelihood\n    leaderboards: [{{name: best, part: {part}, order: desc}}]\n",
    )
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


def test_a_leaderboard_shows_the_score_of_a_part(tmp_path):
    config = load_config(with_leaderboard(tmp_path, "1a"))
    pack = config.packs["hw1_likelihood"]
    check = Check(part="Q1a", device="cpu", weight=1, outcome="passed")
    rows = make_rows(config, pack, {"Q1a": [check]})
    result = Result(pack="hw1_likelihood", submission="x", seed=1, rows=rows)
    score = next(row.score for row in rows if row.label == "Q1a")
    assert score > 0
    assert to_gradescope(result, pack.leaderboards)["leaderboard"] == [
        {"name": "best", "value": score, "order": "desc"}
    ]


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("99a", "", ""),
        ("1a", "- {id: a,", "- {visibility: hidden, id: a,"),
    ],
)
def test_a_leaderboard_of_what_students_do_not_see_is_refused(tmp_path, part, old, new):
    with pytest.raises(ConfigError, match=f"names part {part}: it must be one that is graded"):
        load_config(with_leaderboard(tmp_path, part, old, new))
