"""Files that are never seen half written."""

import json
import os
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write ``text`` under another name and rename it: ``path`` is old or new, never torn."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, "utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, data: object) -> None:
    """Write JSON in the same way; NaN and infinities are refused."""
    write_text(path, json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False))
