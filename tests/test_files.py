"""What lies under a name is old or new, and never half of it."""

import resource
import zipfile

import pytest

from autograder.files import write_bytes, write_json, write_text, write_zip


@pytest.fixture
def full_disk():
    """No file grows beyond 1000 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, full_disk):
    path = tmp_path / "grades.csv"
    write_text(path, "old")
    for write in (
        lambda: write_bytes(path, bytes(2000)),
        lambda: write_zip(path, {"a": bytes(2000)}, compression=zipfile.ZIP_STORED),
    ):
        with pytest.raises(OSError, match="large") as caught:
            write()
        assert caught.value.filename == str(path)
        assert path.read_text("utf-8") == "old"
        assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_no_json_is_not_written(tmp_path, number):
    path = tmp_path / "results.json"
    write_json(path, {"score": 1.5, "output": "ü"})
    old = path.read_text("utf-8")
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"score": number})
    assert path.read_text("utf-8") == old
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path):
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_text("old, and longer", "utf-8")
    link.symlink_to(path)
    write_text(link, "new")
    assert link.is_symlink()
    assert path.read_text("utf-8") == "new"


def test_equal_members_make_equal_zips(tmp_path):
    first, second = tmp_path / "made" / "first.zip", tmp_path / "second.zip"
    write_zip(first, {"run": b"#!", "a/b.py": b"x = 1\n" * 99}, executable=("run",))
    write_zip(second, {"a/b.py": b"x = 1\n" * 99, "run": b"#!"}, executable=("run",))
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.read("a/b.py") == b"x = 1\n" * 99
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
    assert modes == {"a/b.py": 0o100644, "run": 0o100755}
