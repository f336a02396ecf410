"""Build the zip of an Otter autograder: Otter's own, with the Gradescope grader of a pack in it."""

import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from otter.generate import main as generate

from autograder.config import ROOT, Config, ConfigError, Visibility
from autograder.files import write_zip
from autograder.gradescope.package import build_package
from autograder.otter.plugin import GRADER, HiddenGraders

OTTER_CONFIG = {
    "plugins": [f"{HiddenGraders.__module__}.{HiddenGraders.__qualname__}"],
    "show_hidden": True,
    "show_all_public": True,
    "force_public_test_summary": False,
    "print_summary": False,
    "warn_missing_pdf": False,
}

# Otter insists on a test, whose result the plugin replaces.
_TEST = """from otter.test_files import test_case

OK_FORMAT = False
name = "hidden graders"
points = 0


@test_case()
def test_nothing():
    pass
"""

_SETUP = """
# The grader's own Python, which the submissions run in.
AUTOGRADER_ROOT=/autograder/source/{folder} bash /autograder/source/{folder}/source/setup.sh
"""
_RUN = "#!/bin/bash\nexport PYTHONPATH=/autograder/source/{folder}/source\n"

# Otter refuses a submission without a notebook, or with two, before it asks any plugin.
_RUN_OTTER = """from pathlib import Path

from autograder.otter.plugin import hand_over
from otter.run.run_autograder import main

root = Path(__file__).resolve().parents[1]
hand_over(root, "submission.ipynb")
main(str(root))
"""


def build_otter_package(pack: str, config: Config, output: Path, seed: int) -> None:
    """Write the Otter autograder zip of ``pack`` to ``output``.

    Args:
        pack: The pack's full name.
        config: The course's configuration.
        output: Where the zip is written.
        seed: The seed of the hidden inputs.

    Raises:
        ConfigError: If students may not see all parts at once, which Otter cannot do.
    """
    hidden = [
        question.label(part)
        for question in config.packs[pack].graded
        for part in question.parts
        if part.visibility != Visibility.VISIBLE
    ]
    if hidden:
        raise ConfigError(
            f"Otter shows all rows or none, and {', '.join(hidden)} of {pack} are not always "
            "visible; make them so in grading_config.yaml, or build the zip without --otter"
        )
    with TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "tests").mkdir()
        (folder / "tests" / "hidden_graders.py").write_text(_TEST, "utf-8")
        (folder / "otter_config.json").write_text(json.dumps(OTTER_CONFIG), "utf-8")
        generate(
            tests_dir=str(folder / "tests"),
            output_path=str(folder / "otter.zip"),
            config=str(folder / "otter_config.json"),
            no_requirements=True,
            no_environment=True,
        )
        build_package(pack, config, folder / "grader.zip", seed)
        members = _members(folder / "otter.zip")
        grader = _members(folder / "grader.zip")
    members["setup.sh"] += _SETUP.format(folder=GRADER).encode()
    members["run_autograder"] = members["run_autograder"].replace(
        b"#!/bin/bash\n", _RUN.format(folder=GRADER).encode(), 1
    )
    members["run_otter.py"] = _RUN_OTTER.encode()
    members |= {f"{GRADER}/source/{name}": data for name, data in grader.items()}
    for module in ("__init__", "plugin"):
        path = ROOT / "autograder" / "otter" / f"{module}.py"
        members[f"{GRADER}/source/{path.relative_to(ROOT).as_posix()}"] = path.read_bytes()
    write_zip(output, members, executable=members)


def _members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
