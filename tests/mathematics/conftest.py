"""Makes the reference packages of all packs importable."""

import sys
from pathlib import Path

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"

sys.path[:0] = [str(path) for path in sorted(SOLUTIONS.iterdir()) if path.is_dir()]
