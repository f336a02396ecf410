"""Whatever stands in the configuration: a course, or sentences that name file and line."""

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.config import CONFIG_NAME, ROOT, ConfigError, load_config

DATA = yaml.safe_load((ROOT / CONFIG_NAME).read_text("utf-8"))
NAME, PACK = next(iter(DATA["packs"].items()))
PACK["questions"] = PACK["questions"][:1]  # a course of one question is read in no time
PACK["questions"][0]["parts"] = PACK["questions"][0]["parts"][:2]
PACK["questions"][0]["parts"][0]["points"] = 90
PACK["questions"][0]["parts"][1]["points"] = 10
PACK |= {"written": None, "leaderboards": []}
DATA["packs"] = {NAME: PACK}
DATA["course"]["weights"]["homework"] = {NAME: 40}
LINES = yaml.safe_dump(DATA, sort_keys=False).splitlines()

EDITS = st.lists(
    st.tuples(st.integers(0, len(LINES) - 1), st.floats(0, 1), st.text(max_size=6)), max_size=4
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.dates()
    | st.datetimes()
    | st.binary(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / CONFIG_NAME


def check(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        sentences = [f"{CONFIG_NAME} is fit for {load_config(path).course.name!r}"]
    except ConfigError as error:
        sentences = str(error).split("\n")
    assert all(CONFIG_NAME in sentence for sentence in sentences)


def places(node: object, here: tuple = ()) -> list[tuple]:
    """The way to every value in nested data."""
    found = [here] if here else []
    pairs = node.items() if isinstance(node, dict) else ()
    for key, value in enumerate(node) if isinstance(node, list) else pairs:
        found += places(value, (*here, key))
    return found


PLACES = places(DATA)


def replaced(node: object, way: tuple, value: object) -> object:
    """``node`` with another value at the end of ``way``."""
    if not way:
        return value
    step, *rest = way
    if isinstance(node, dict):
        return {k: replaced(v, tuple(rest), value) if k == step else v for k, v in node.items()}
    assert isinstance(node, list)
    return [replaced(v, tuple(rest), value) if i == step else v for i, v in enumerate(node)]


def test_the_course_of_one_question_is_fit(path: Path) -> None:
    path.write_text("\n".join(LINES), "utf-8")
    assert list(load_config(path).packs) == [NAME]


@given(edits=EDITS)
@example(edits=[(0, 0.0, "\x1f")])
def test_edited_text(path: Path, edits: list[tuple[int, float, str]]) -> None:
    lines = list(LINES)
    for number, where, text in edits:
        at = int(where * len(lines[number]))
        lines[number] = lines[number][:at] + text + lines[number][at:]
    check(path, "\n".join(lines).encode("utf-8", "replace"))


@given(way=st.sampled_from(PLACES), value=VALUES)
@example(way=("course",), value={"\n": None})
def test_other_values(path: Path, way: tuple, value: object) -> None:
    check(path, yaml.safe_dump(replaced(DATA, way, value)).encode())


@given(
    data=st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace"))
)
def test_any_bytes(path: Path, data: bytes) -> None:
    check(path, data)
