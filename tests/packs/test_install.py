"""A pack on a new student's machine: unzipped, installed with one command, its public tests run."""

import ast
import os
import re
import shutil
import subprocess
import sys
import venv
from functools import cache
from pathlib import Path

import pytest

from autograder.config import ROOT, load_config
from autograder.release import zip_pack

CONFIG = load_config()
IMPORTED_AS = {"scikit-learn": "sklearn", "otter-grader": "otter"}


@cache
def installed_here() -> str:
    """Where this interpreter has torch, pytest and the other libraries."""
    return subprocess.run(
        [sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def run(*command: str | Path, cwd: Path) -> str:
    """The output of a command, with runs of blanks reduced to one."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment | {"OMP_NUM_THREADS": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return re.sub(r"[ \t]+", " ", done.stdout)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment, lent the libraries of this one, so that nothing is downloaded."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    packages = next(folder.glob("[Ll]ib/**/site-packages"))
    (packages / "lent.pth").write_text(f"{installed_here()}\n", "utf-8")
    return scripts / "python"


@pytest.mark.parametrize("name", CONFIG.packs)
def test_unzip_install_test_solve_test(name: str, python: Path, tmp_path: Path) -> None:
    archive = zip_pack(name, CONFIG, tmp_path / "downloaded")
    shutil.unpack_archive(archive, tmp_path)
    folder = tmp_path / name
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    before = sorted(folder.rglob("*"))
    run(*pip, "install", "--no-index", "-r", "requirements.txt", cwd=folder)
    assert sorted(folder.rglob("*")) == before

    points = sum(question.points for question in CONFIG.packs[name].assigned)
    out = run(python, "-m", "pytest", cwd=folder)
    assert re.search(r"=+ \d+ not started in ", out)
    assert f"total 0 of {points:g}" in out

    solutions = ROOT / "solutions" / name
    package = CONFIG.packs[name].package
    shutil.copytree(solutions / package, folder / package, dirs_exist_ok=True)
    shutil.copy(solutions / "answers.toml", folder)
    out = run(python, "-m", "pytest", cwd=folder)
    assert re.search(r"=+ \d+ passed in ", out)
    assert f"total {points:g} of {points:g}" in out


@pytest.mark.parametrize("name", CONFIG.packs)
def test_what_is_imported_is_installed(name: str) -> None:
    """Every library that a pack's files import is in one of its lists of requirements."""
    folder = ROOT / "assignments" / name
    lists = [folder / "requirements.txt", folder / "requirements-notebook.txt"]
    lines = [line for path in lists for line in path.read_text("utf-8").splitlines()]
    needed = [re.split("[<>=]", line)[0] for line in lines if line[0] not in "#-"]
    known = {IMPORTED_AS.get(name, name) for name in needed}
    own = {path.stem for path in (*folder.iterdir(), *folder.glob("tests/*"))}
    for path in folder.rglob("*.py"):
        missing = imported(path.read_text("utf-8")) - sys.stdlib_module_names - known - own
        assert missing <= {"IPython"}, path  # comes with ipykernel


def imported(source: str) -> set[str]:
    """The top-level names of the modules that a file imports."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module)
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("name", CONFIG.packs)
def test_no_file_needs_one_kind_of_system(name: str) -> None:
    """Text is UTF-8 wherever it is opened, and nothing forks or asks for POSIX."""
    posix_only = re.compile(
        r"\bos\.(fork|getuid|kill|killpg|setsid)\b|\bimport (resource|fcntl|pwd)\b"
    )
    bare_text = re.compile(
        r"\.(read_text|write_text)\((?![^\n]*utf-8)|(?<![\w.])open\((?![^\n]*utf-8)"
    )
    for path in (ROOT / "assignments" / name).rglob("*.py"):
        source = path.read_text("utf-8")
        assert not posix_only.search(source), path
        assert not bare_text.search(source), path
