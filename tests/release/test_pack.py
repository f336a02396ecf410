"""A pack holds what students need, nothing else, and gives nothing away."""

import json
import tomllib
import zipfile
from pathlib import Path

import pytest

from autograder.config import Config
from autograder.release import ReleaseError, check_in_step, release_pack, render_pack, zip_pack

NAME = "hw9_toy"
PACK_FILES = [
    "README.md",
    "conftest.py",
    "datasets/__init__.py",
    "pyproject.toml",
    "questions.json",
    "requirements-notebook.txt",
    "requirements.txt",
    "submit.py",
    "tests/checks.py",
    "tests/test_alpha.py",
    "tests/test_beta.py",
    "toy/__init__.py",
    "toy/alpha.py",
    "toy/beta.py",
    "toy/scaffold.py",
    "train.py",
]


class TestContents:
    def test_files(self, root: Path, config: Config) -> None:
        files = render_pack(NAME, config, root)
        assert list(files) == PACK_FILES
        for kept in ("README.md", "train.py", "tests/test_alpha.py", "toy/scaffold.py"):
            assert files[kept] == (root / "solutions" / NAME / kept).read_bytes()

    def test_stubs(self, root: Path, config: Config) -> None:
        stub = render_pack(NAME, config, root)["toy/alpha.py"].decode()
        assert 'raise NotImplementedError("Q1b: Shift.forward")' in stub
        assert "fsum" not in stub
        assert '"""x + by."""' in stub

    def test_project_file(self, root: Path, config: Config) -> None:
        project = tomllib.loads(render_pack(NAME, config, root)["pyproject.toml"].decode())
        assert project["project"]["name"] == "hw9-toy"
        assert project["tool"]["setuptools"]["packages"] == []

    def test_questions(self, root: Path, config: Config) -> None:
        data = json.loads(render_pack(NAME, config, root)["questions.json"])
        assert data["name"] == NAME
        assert data["submission"]["paths"] == ["toy"]
        assert [question["module"] for question in data["questions"]] == ["alpha", "beta"]
        assert data["questions"][0]["parts"][1] == {
            "id": "b",
            "title": "Shifting",
            "functions": ["Shift.forward"],
            "points": 50,
        }

    def test_questions_that_are_not_assigned(self, root: Path, config: Config) -> None:
        pack = config.packs[NAME]
        first, second = pack.questions
        second = second.model_copy(update={"assigned": False})
        pack = pack.model_copy(update={"questions": (first, second)})
        files = render_pack(NAME, config.model_copy(update={"packs": {NAME: pack}}), root)
        assert "tests/test_beta.py" not in files
        assert b"NotImplementedError" in files["toy/beta.py"]
        assert len(json.loads(files["questions.json"])["questions"]) == 1

    @pytest.mark.parametrize("left_out", ["alpha", "beta"])
    def test_the_handout_is_about_assigned_questions(
        self, root: Path, config: Config, left_out: str
    ) -> None:
        head = "# Toys\n\n<!-- questions -->\n\n"
        sections = {
            "alpha": "## Q1. First steps\n\n### (a) Doubling\n\nTwice.\n\n",
            "beta": "## Q2. Signs\n\nMinus.\n\n",
        }
        tail = "## Training\n\n| command | steps |\n|---|---|\n"
        trainings = {
            "alpha": "| `train.py alpha` | 10 |\n| | 20 |\n| `train.py alpha --fast` | 5 |\n",
            "beta": "| `train.py beta` | 10 |\n",
        }
        text = "".join([head, *sections.values(), tail, *trainings.values()])
        (root / f"solutions/{NAME}/README.md").write_text(text, "utf-8")
        pack = config.packs[NAME]
        questions = [
            question.model_copy(update={"assigned": question.module != left_out})
            for question in pack.questions
        ]
        pack = pack.model_copy(update={"questions": tuple(questions)})
        changed = config.model_copy(update={"packs": {NAME: pack}})
        everything = render_pack(NAME, config, root)["README.md"].decode()
        rest = render_pack(NAME, changed, root)["README.md"].decode()
        row = next(line for line in everything.splitlines() if f"toy/{left_out}.py" in line)
        for gone in (sections[left_out], trainings[left_out], f"{row}\n"):
            assert gone in everything
            everything = everything.replace(gone, "")
        assert rest == everything

    def test_missing_module(self, root: Path, config: Config) -> None:
        (root / f"solutions/{NAME}/toy/beta.py").unlink()
        with pytest.raises(ReleaseError, match=r"toy/beta\.py does not exist"):
            render_pack(NAME, config, root)

    def test_a_generated_file_in_the_source(self, root: Path, config: Config) -> None:
        (root / f"solutions/{NAME}/conftest.py").touch()
        with pytest.raises(ReleaseError, match=r"conftest\.py is the same in all packs"):
            render_pack(NAME, config, root)


class TestLeaks:
    @pytest.mark.parametrize(
        ("file", "text", "source"),
        [
            ("train.py", "    answer_of_double = SCALE*x\n", "toy/alpha.py, line 11"),
            ("README.md", "It is minus_one*x + 0.0 * minus_one.\n", "toy/beta.py, line 8"),
            ("demo.ipynb", '["return math.fsum([ answer_of_double ])\\n"]', "alpha.py, line 12"),
            ("tests/test_alpha.py", "check_doubles_of(17.125, -3.5)\n", "graders/hw9_toy/test_alp"),
            (
                "README.md",
                "HINT = you have squared x where twice x is asked\n",
                "misconceptions/hw9_toy",
            ),
            ("train.py", "# Two points for the change of variables.\n", "rubric/derivation.md"),
        ],
    )
    def test_planted(self, root: Path, config: Config, file: str, text: str, source: str) -> None:
        with (root / "solutions" / NAME / file).open("a", encoding="utf-8") as stream:
            stream.write(text)
        with pytest.raises(ReleaseError, match=f"{file} gives away .*{source}"):
            render_pack(NAME, config, root)

    def test_a_solution_of_another_pack(self, root: Path, config: Config) -> None:
        other = root / "solutions/hw8/toys/gamma.py"
        other.parent.mkdir(parents=True)
        other.write_text("# BEGIN SOLUTION\nscore = (x - mean) / deviation\n# END SOLUTION\n")
        (root / f"solutions/{NAME}/train.py").write_text("score = (x - mean) / deviation\n")
        with pytest.raises(ReleaseError, match=r"hw8/toys/gamma\.py, line 2"):
            render_pack(NAME, config, root)

    def test_markers_outside_the_modules(self, root: Path, config: Config) -> None:
        (root / f"solutions/{NAME}/train.py").write_text(
            "# BEGIN SOLUTION\nx = 1\n# END SOLUTION\n"
        )
        with pytest.raises(ReleaseError, match=r"train\.py has solution markers"):
            render_pack(NAME, config, root)

    def test_what_the_scaffold_shows_is_no_secret(self, root: Path, config: Config) -> None:
        hidden = root / f"autograder/misconceptions/{NAME}/alpha.py"
        hidden.write_text('def forward(self, x: float) -> float:\n    "Shift.forward", "double",\n')
        assert render_pack(NAME, config, root)


class TestFolder:
    def test_in_step_after_release(self, root: Path, config: Config) -> None:
        assert len(check_in_step(NAME, config, root=root)) == len(PACK_FILES)
        folder = release_pack(NAME, config, root=root)
        assert folder == root / "assignments" / NAME
        assert check_in_step(NAME, config, root=root) == []

    def test_differences(self, root: Path, config: Config) -> None:
        folder = release_pack(NAME, config, root=root)
        (folder / "train.py").unlink()
        (folder / "extra.py").touch()
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__/x.pyc").touch()
        (folder / "toy/scaffold.py").write_text("WIDTH = 3\nHEIGHT = 4\n")
        (root / f"solutions/{NAME}/README.md").write_text("# Another\n")
        assert check_in_step(NAME, config, root=root) == [
            f"assignments/{NAME}/README.md differs from what solutions/ gives, from line 1",
            f"assignments/{NAME}/extra.py is no longer part of the pack",
            f"assignments/{NAME}/toy/scaffold.py differs from what solutions/ gives, from line 2",
            f"assignments/{NAME}/train.py is missing",
        ]

    def test_release_again_mends(self, root: Path, config: Config) -> None:
        folder = release_pack(NAME, config, root=root)
        (folder / "extra.py").touch()
        (folder / "train.py").write_text("changed")
        release_pack(NAME, config, root=root)
        assert check_in_step(NAME, config, root=root) == []

    def test_nothing_is_written_where_something_leaks(self, root: Path, config: Config) -> None:
        (root / f"solutions/{NAME}/train.py").write_text("answer_of_double = SCALE * x\n")
        with pytest.raises(ReleaseError):
            release_pack(NAME, config, root=root)
        assert not (root / "assignments").exists()


class TestZip:
    def test_contents(self, root: Path, config: Config, tmp_path: Path) -> None:
        path = zip_pack(NAME, config, tmp_path / "out", root)
        with zipfile.ZipFile(path) as archive:
            found = {name: archive.read(name) for name in archive.namelist()}
        files = render_pack(NAME, config, root)
        assert found == {f"{NAME}/{name}": data for name, data in files.items()}

    def test_same_bytes_again(self, root: Path, config: Config, tmp_path: Path) -> None:
        first = zip_pack(NAME, config, tmp_path / "a", root).read_bytes()
        for path in root.rglob("*.py"):
            path.touch()
        assert zip_pack(NAME, config, tmp_path / "b", root).read_bytes() == first
