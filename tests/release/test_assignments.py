"""The packs of this project: in step with their solutions, and free of leaks."""

import json
import zipfile
from pathlib import Path

import pytest

from autograder.config import ROOT, load_config
from autograder.release import check_in_step, zip_pack
from autograder.release.leaks import answer_lines, find_leaks, solution_lines
from autograder.release.pack import ASSIGNMENTS, EXCLUDED
from autograder.release.tree import files_in
from autograder.submission.layout import GIVEN_FOLDERS

CONFIG = load_config()


@pytest.mark.parametrize("name", CONFIG.packs)
def test_assignments_are_in_step(name: str) -> None:
    assert check_in_step(name, CONFIG) == []


@pytest.mark.parametrize("name", CONFIG.packs)
def test_the_zip_that_students_download(name: str, tmp_path: Path) -> None:
    """No solution line, no marker, no withheld name; and there are solution lines to look for."""
    with zipfile.ZipFile(zip_pack(name, CONFIG, tmp_path)) as archive:
        files = {path: archive.read(path) for path in archive.namelist()}
    secrets = solution_lines(ROOT)
    own = {place for place in secrets.values() if place.startswith(f"solutions/{name}/")}
    assert len(own) > 50
    assert find_leaks(files, {**secrets, **answer_lines(ROOT)}) == []
    for path, data in files.items():
        assert b"BEGIN SOLUTION" not in data
        assert not any(Path(path).match(pattern) for pattern in EXCLUDED)
        assert "graders" not in path
        assert "misconceptions" not in path


@pytest.mark.parametrize("name", CONFIG.packs)
def test_intake_knows_the_folders_that_are_no_students_work(name: str) -> None:
    pack = ROOT / ASSIGNMENTS / name
    paths = [path.relative_to(pack) for path in files_in(pack)]
    folders = {path.parts[0] for path in paths if path.suffix == ".py" and path.parts[1:]}
    assert folders == {*GIVEN_FOLDERS, CONFIG.packs[name].package}


@pytest.mark.parametrize("name", CONFIG.packs)
def test_the_solutions_themselves_would_be_noticed(name: str) -> None:
    """Every module of the reference, released by mistake, is a leak."""
    secrets = solution_lines(ROOT)
    pack = CONFIG.packs[name]
    for question in pack.questions:
        module = ROOT / "solutions" / name / pack.package / f"{question.module}.py"
        assert find_leaks({module.name: module.read_bytes()}, secrets)


@pytest.mark.parametrize("name", CONFIG.packs)
def test_every_answer_would_be_noticed(name: str) -> None:
    """Each line of the answers file, released by mistake, is a leak, as it is or in a notebook."""
    answers = answer_lines(ROOT)
    written = CONFIG.packs[name].written
    lines = (ROOT / "solutions" / name / "answers.toml").read_text("utf-8").splitlines()
    answered = [line for line in lines if line and not line.startswith("#")]
    assert len(answered) == len(written.parts)
    for line in answered:
        assert find_leaks({"answers.toml": line.encode()}, answers)
        assert find_leaks({"hw.ipynb": json.dumps([f"{line}\n"]).encode()}, answers)
