"""Public tests see a dtype that is right only until somebody sets another default."""

import os
import shutil
import subprocess
import sys

import pytest

from autograder.config import ROOT, load_config


@pytest.mark.parametrize(
    ("pack", "module", "old", "new"),
    [
        ("hw1_likelihood", "density", "counts = F.one_hot(data, levels)", ".float()"),
        ("hw2_vae_gan", "vqvae", "counts = F.one_hot(indices.flatten(), num_codes)", ".float()"),
        ("hw2_vae_gan", "vqvae", "counts = F.one_hot(indices.flatten(), num_codes)", ".double()"),
    ],
)
def test_one_precision_for_integers_is_noticed(tmp_path, pack, module, old, new):
    package = load_config().packs[pack].package
    folder = shutil.copytree(ROOT / "assignments" / pack, tmp_path / pack)
    source = (ROOT / "solutions" / pack / package / f"{module}.py").read_text("utf-8")
    assert source.count(old) == 1
    (folder / package / f"{module}.py").write_text(source.replace(old, old + new), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", f"tests/test_{module}.py", "-k", "dtype"],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "torch's default dtype" in done.stdout
    assert "1 failed" in done.stdout
