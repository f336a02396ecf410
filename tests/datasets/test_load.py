"""The interface: names and options."""

import pytest

from datasets import DOWNLOADED, IMAGES, POINTS, DataError, load


def test_unknown_name() -> None:
    with pytest.raises(DataError, match=r"no data set is called 'imagenet'; choose one of digits"):
        load("imagenet")


@pytest.mark.parametrize(
    ("name", "takes"),
    [("moons", "seed, num_train, num_test"), ("text", "path"), ("digits", "none")],
)
def test_unknown_option(name: str, takes: str) -> None:
    with pytest.raises(DataError, match=f"{name} has no option 'size'; it takes .*{takes}"):
        load(name, size=3)


@pytest.mark.parametrize(
    "name",
    ["digits", "imbalanced_digits", "glyphs", "shapes", "phantoms", "text", *POINTS],
)
def test_what_needs_no_network(name: str) -> None:
    data = load(name)
    assert data.name == name
    assert len(data.train) > len(data.test) > 0


def test_names() -> None:
    assert set(DOWNLOADED) < set(IMAGES)
    assert not set(IMAGES) & set(POINTS)


def test_to_a_device() -> None:
    data = load("rings").to("meta")
    assert data.train.x.is_meta
    assert data.test.y is not None
    assert data.test.y.is_meta
    assert load("text").to("meta").test.y is None
