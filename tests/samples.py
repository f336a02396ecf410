"""Sample submissions of a pack: complete, untouched, and with known mistakes.

    python tests/samples.py PACK DIR

writes them as archives, for the demonstration and for tests.
"""

import argparse
import random
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from autograder.config import load_config
from autograder.grading.suite import Suite
from autograder.misconceptions import apply_edits
from autograder.release.stubs import make_stub

Files = dict[str, bytes]


def complete(suite: Suite) -> Files:
    """A submission of full marks: the reference package and its answers file."""
    return {**suite.reference_files, **suite.reference_answers}


def stub_files(suite: Suite) -> Files:
    """The package as students get it."""
    files = dict(suite.reference_files)
    for question in suite.pack.assigned:
        path = suite.module_path(question.module)
        files[path] = make_stub(files[path].decode(), question, path).encode()
    return files


def with_mistakes(suite: Suite, ids: Mapping[str, str]) -> Files:
    """A complete submission with one misconception, by id, in each of some modules."""
    files = complete(suite)
    for module, wanted in ids.items():
        path = suite.module_path(module)
        mistake = next(m for m in suite.misconceptions(module) if m.id == wanted)
        files[path] = apply_edits(files[path].decode(), mistake.edits, mistake.id).encode()
    return files


def samples(suite: Suite, students: int = 4) -> Iterator[tuple[str, Files]]:
    """Names and files of sample submissions; ``students`` of them make random mistakes."""
    modules = [question.module for question in suite.pack.assigned]
    paths = [suite.module_path(module) for module in modules]
    reference, stubs = complete(suite), stub_files(suite)
    yield "complete", reference
    yield "untouched", stubs
    yield "first_half", {**stubs, **{path: reference[path] for path in paths[: len(paths) // 2]}}
    yield "syntax_error", {**reference, paths[1]: reference[paths[1]] + b"\n\ndef oops(:\n"}
    yield "missing_module", {path: text for path, text in reference.items() if path != paths[-1]}
    yield "endless_loop", {**reference, paths[0]: b"while True:\n    pass\n"}
    draw = random.Random(suite.name)
    written = suite.pack.written
    assert written is not None
    for i in range(1, students + 1):
        chosen = draw.sample(modules, k=min(i, len(modules)))
        ids = {module: draw.choice(suite.misconceptions(module)).id for module in chosen}
        part, key = draw.choice(list(suite.answer_key.items()))
        answers = suite.answers_with(f"Q{written.id}{part}", draw.choice(key.mistakes).answer)
        yield f"student_{i:02d}", {**with_mistakes(suite, ids), **answers}


def write_archive(files: Files, path: Path) -> Path:
    """Zip ``files`` as a student would."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def main() -> None:
    """Write the samples of one pack."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    config = load_config()
    for name, files in samples(Suite(config.pack_name(options.pack), config)):
        write_archive(files, options.folder / f"{name}.zip")


if __name__ == "__main__":
    main()
