"""Which submissions the paths on a command line mean."""

from pathlib import Path

import pytest

from autograder.submission import SubmissionError, find_submissions


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_one_each(tmp_path: Path) -> None:
    zipped, pack = tmp_path / "a.zip", tmp_path / "pack"
    touch(zipped, pack / "likelihood/density.py", pack / "likelihood/flows.py")
    given = [zipped, pack, pack / "likelihood", zipped]
    assert find_submissions(given, "likelihood") == given[:3]


def test_folder_of_many(tmp_path: Path) -> None:
    touch(
        tmp_path / "b.zip",
        tmp_path / "c.tar.gz",
        tmp_path / "a/likelihood/density.py",
        tmp_path / "d/density.py",
        tmp_path / "roster.csv",
        tmp_path / "__MACOSX/._b.zip",
        tmp_path / ".DS_Store",
    )
    names = [path.name for path in find_submissions([tmp_path], "likelihood")]
    assert names == ["a", "b.zip", "c.tar.gz", "d"]


def test_sections(tmp_path: Path) -> None:
    touch(
        tmp_path / "section1/ann/likelihood/density.py",
        tmp_path / "section1/ben/hw1/likelihood/density.py",
        tmp_path / "section2/dan.zip",
        tmp_path / "section2/eve.zip",
        tmp_path / "notes.txt",
    )
    names = [path.name for path in find_submissions([tmp_path], "likelihood")]
    assert names == ["ann", "ben", "dan.zip", "eve.zip"]


@pytest.mark.parametrize(
    "handed_in",
    [
        ["mallory/ann.zip", "mallory/ben.zip"],
        ["mallory/submission_metadata.yml", "mallory/submission_ann/likelihood/density.py"],
        ["mallory/submission_metadata.yml", "mallory/likelihood/density.py"],
        ["mallory/x/likelihood/density.py", "mallory/y/likelihood/density.py"],
    ],
)
def test_what_one_student_hands_in_stays_one_submission(tmp_path: Path, handed_in) -> None:
    touch(tmp_path / "ann/likelihood/density.py", tmp_path / "ben/hw1/likelihood/density.py")
    touch(*(tmp_path / path for path in handed_in))
    names = [path.name for path in find_submissions([tmp_path], "likelihood")]
    assert names == ["ann", "ben", "mallory"]


@pytest.mark.parametrize("stray", ["likelihood", "density.py", "likelihood/density.py"])
def test_a_class_stays_a_class_whatever_lies_in_it(tmp_path: Path, stray: str) -> None:
    touch(tmp_path / "ann/likelihood/density.py", tmp_path / "ben.zip", tmp_path / stray)
    names = {path.name for path in find_submissions([tmp_path], "likelihood")}
    assert names - {"likelihood", "density.py"} == {"ann", "ben.zip"}


def test_a_package_in_a_folder_of_its_own_is_one_submission(tmp_path: Path) -> None:
    touch(tmp_path / "ann/hw1/likelihood/density.py", tmp_path / "ann/tests/test_density.py")
    touch(tmp_path / "ben/hw1.zip")
    names = [path.name for path in find_submissions([tmp_path], "likelihood")]
    assert names == ["ann", "ben"]


def test_loose_modules_are_one_submission(tmp_path: Path) -> None:
    touch(tmp_path / "density.py", tmp_path / "notes/old.zip")
    assert find_submissions([tmp_path], "likelihood") == [tmp_path]


def test_a_lone_file_is_a_submission_of_its_own(tmp_path: Path) -> None:
    touch(tmp_path / "ann.zip", tmp_path / "ben/likelihood/density.py")
    touch(tmp_path / "dan.py", tmp_path / "eve.IPYNB")
    names = [path.name for path in find_submissions([tmp_path], "likelihood")]
    assert names == ["ann.zip", "ben", "dan.py", "eve.IPYNB"]


def test_a_lone_file_beside_work_of_the_same_name_is_none(tmp_path: Path) -> None:
    touch(tmp_path / "ann.zip", tmp_path / "ann.py", tmp_path / "dan.ipynb", tmp_path / "dan.py")
    touch(tmp_path / "ben/likelihood/density.py", tmp_path / "ben.ipynb")
    names = [path.name for path in find_submissions([tmp_path], "likelihood")]
    assert names == ["ann.zip", "ben", "dan.ipynb"]


def test_gradescope_export(tmp_path: Path) -> None:
    touch(
        tmp_path / "submission_metadata.yml",
        tmp_path / "submission_2/density.py",
        tmp_path / "submission_1/likelihood/density.py",
        tmp_path / "helper.py",
        tmp_path / "__MACOSX/x",
    )
    names = [path.name for path in find_submissions([tmp_path], "likelihood")]
    assert names == ["submission_1", "submission_2"]


@pytest.mark.parametrize("name", ["nothing", "."])
def test_nothing_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(SubmissionError, match=r"does not exist|holds no submissions"):
        find_submissions([tmp_path / name], "likelihood")
