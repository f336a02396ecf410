"""Pack your homework for submission.

    python submit.py [--name NAME]

looks at what you have written, shows what it will send and what is missing, and writes
``PACK-NAME.zip``, which you upload. Nothing has to be complete: an unfinished homework is packed as
it is. The same files and name always give the same archive.
"""

import argparse
import ast
import getpass
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

PACK = Path(__file__).resolve().parent

IMPORT_SECONDS = 120
"""For all modules together; the first import of torch alone can take half a minute."""

LIBRARIES = frozenset({"functorch", "numpy", "torch", "typing_extensions"})
"""What there is for your modules where they are graded, besides Python's own modules."""

_UNREADABLE = (SyntaxError, ValueError, MemoryError, RecursionError)
"""What Python's parser raises; the last two where code is nested too deep."""

_NO_PROBLEM = ""
_NOT_TRIED = "not tried"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_STUB = re.compile(r"Q\d+[a-z]: ")

_IMPORT_ALL = """
import importlib, json, os, sys, traceback
out, folder, *modules = sys.argv[1:]
sys.path.insert(0, folder)
with open(out, "a", encoding="utf-8") as file:
    for name in modules:
        def note(**what):
            file.write(json.dumps({"module": name, **what}) + "\\n")
            file.flush()
        note()
        before = set(sys.modules)
        try:
            importlib.import_module(name)
        except BaseException as error:
            words = f"{type(error).__name__}: {error}".splitlines()[0]
            frames = traceback.extract_tb(error.__traceback__)
            lines = [f" (line {f.lineno})" for f in frames if f.filename.startswith(folder)]
            note(error=words + "".join(lines[-1:]))
        else:
            new = [sys.modules.get(key) for key in set(sys.modules) - before]
            files = [getattr(module, "__file__", None) for module in new]
            note(files=sorted(os.path.realpath(path) for path in files if path))
"""


class SubmitError(Exception):
    """No archive can be written; the message is one sentence that says why."""


class Row(NamedTuple):
    """A line of a table."""

    what: str
    done: str
    imported: str = ""


@dataclass
class Homework:
    """What the homework asks for, from ``questions.json``, and what is found of it.

    Attributes:
        spec: The content of ``questions.json``.
        files: What is sent, by its path in the archive.
        missing: What is not done, a sentence each.
        warnings: What is probably a mistake, a sentence each.
    """

    spec: Mapping[str, Any]
    files: dict[str, bytes]
    missing: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def package(self) -> str:
        """The name of the folder with the modules."""
        return str(self.spec["package"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Check and pack; 0 if an archive was written, 1 if there is nothing to pack."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    parser = argparse.ArgumentParser(description="Check your homework and pack it for submission.")
    parser.add_argument("--name", help="goes into the archive's name (default: your login name)")
    name = _file_name(parser.parse_args(arguments).name or _login_name())
    try:
        spec = json.loads((PACK / "questions.json").read_text("utf-8"))
        target = PACK / f"{spec['name']}-{name}.zip"
        homework = Homework(spec, _collect(spec["submission"]["paths"]))
        rows = [
            *_check_modules(homework),
            *_check_answers(homework),
            *_check_notebooks(homework),
            *_check_derivations(homework),
        ]
        _check_forgotten(homework)
        _check_size(homework)
        data = _archive(homework.files)
        _show(homework, rows)
        _write(target, data)
    except SubmitError as error:
        print(f"submit.py: {error}", file=sys.stderr)
        return 1
    print(f"Wrote {target} ({_size(len(data))}). Upload this file as it is.")
    return 0


def _collect(paths: Sequence[str]) -> dict[str, bytes]:
    """The files that are sent: of a folder its Python modules, and single files where they are."""
    found = [
        file
        for path in paths
        for file in _files(PACK / path)
        if file.suffix == ".py" or not (PACK / path).is_dir()
    ]
    if not any(file.suffix == ".py" for file in found):
        raise SubmitError(
            f"there is no {paths[0]}/ with Python modules beside submit.py; unzip the homework "
            "again, and put your modules there"
        )
    files = {file.relative_to(PACK).as_posix(): file.read_bytes() for file in found}
    for path in files:
        try:
            path.encode()
        except UnicodeEncodeError:
            raise SubmitError(f"the file name {path} is not UTF-8; rename the file") from None
    return files


def _files(path: Path) -> list[Path]:
    """The file, or all files below a folder but what tools leave behind."""
    found = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [
        file
        for file in found
        if file.is_file()
        and not any(part.startswith((".", "__")) for part in file.relative_to(PACK).parent.parts)
        and not file.name.startswith(".")
    ]


def _check_modules(homework: Homework) -> Iterator[Row]:
    """A row for every programming question: how many parts are written, does the module import."""
    questions = homework.spec["questions"]
    paths = {q["id"]: f"{homework.package}/{q['module']}.py" for q in questions}
    modules = [f"{homework.package}.{q['module']}" for q in questions]
    imports = _import_all(homework, [m for m in modules if _path(m) in homework.files])
    for question, module in zip(questions, modules, strict=True):
        title, path = f"Q{question['id']} {question['title']}", paths[question["id"]]
        if path not in homework.files:
            homework.missing.append(f"{path} is not there, so Q{question['id']} gets no points")
            yield Row(title, "no file")
            continue
        problem = imports.get(module, _NOT_TRIED)
        if problem not in (_NO_PROBLEM, _NOT_TRIED):
            homework.warnings.append(
                f"{path} cannot be imported, so Q{question['id']} gets no points: {problem}"
            )
        imported = {_NO_PROBLEM: "imports", _NOT_TRIED: ""}.get(problem, "does not import")
        try:
            left = _stubs(homework.files[path])
        except _UNREADABLE as error:
            if imported != "does not import":
                reason = str(error) or "it is nested too deep"
                homework.warnings.append(f"{path} cannot be read as Python: {reason}")
            yield Row(title, "not readable", imported)
            continue
        parts = question["parts"]
        labels = [f"Q{question['id']}{part['id']}" for part in parts]
        waiting = [label for label in labels if label in left]
        if waiting:
            what = ", ".join(waiting) if len(waiting) < len(labels) else f"Q{question['id']}"
            homework.missing.append(f"not started in {path}: {what}")
        yield Row(title, _written(len(labels) - len(waiting), len(labels)), imported)


def _written(number: int, of: int) -> str:
    """How much is there; whether it is right, only the grader knows."""
    return {of: "written", 0: "not started"}.get(number, f"{number} of {of} written")


def _stubs(source: bytes) -> set[str]:
    """The parts of which a function still raises what it raised at the beginning."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Raise(
                exc=ast.Call(
                    func=ast.Name(id="NotImplementedError"), args=[ast.Constant(value=str(text))]
                )
            ) if _STUB.match(text):
                found.add(text.partition(":")[0])
    return found


def _import_all(homework: Homework, modules: Sequence[str]) -> dict[str, str]:
    """Import modules in a process of their own; what is wrong with each, by module.

    A module that ends the process does not keep the others from being tried.
    """
    if find_spec("torch") is None:
        homework.warnings.append(
            "torch is not installed here, so nothing was tried: pip install -r requirements.txt"
        )
        return {}
    problems: dict[str, str] = {}
    waiting = list(modules)
    deadline = time.monotonic() + IMPORT_SECONDS
    while waiting:
        notes, end = _import_run(waiting, deadline - time.monotonic())
        if not notes:
            homework.warnings.append(f"not tried for lack of time: {', '.join(waiting)}")
            break
        for note in notes:
            # What a module notes last is what came of it; if that is its beginning, it never ended.
            problems[note["module"]] = note.get("error", _NO_PROBLEM if "files" in note else end)
            _check_origins(homework, note["module"], note.get("files", []))
        waiting = waiting[waiting.index(notes[-1]["module"]) + 1 :]
    return problems


def _import_run(modules: Sequence[str], seconds: float) -> tuple[list[dict[str, Any]], str]:
    """What one process notes down while it imports modules, and how it ended."""
    with tempfile.TemporaryDirectory() as folder:
        # A file and no pipe: a module may print, or start something that never closes a pipe.
        out = Path(folder) / "notes.txt"
        command = [sys.executable, "-c", _IMPORT_ALL, str(out), str(PACK), *modules]
        try:
            status = subprocess.run(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
                check=False,
            ).returncode
            end = f"it ends Python while it is imported (status {status})"
        except subprocess.TimeoutExpired:
            end = f"it takes longer than {seconds:.0f} seconds; keep training out of modules"
        text = out.read_text("utf-8") if out.exists() else ""
    return [json.loads(line) for line in text.splitlines() if line.endswith("}")], end


def _check_origins(homework: Homework, module: str, files: Sequence[str]) -> None:
    """Notice files of the homework's folder that a module needs and that are not sent."""
    for file in map(Path, files):
        if file.is_relative_to(PACK) and "site-packages" not in file.parts:
            path = file.relative_to(PACK).as_posix()
            if path not in homework.files:
                homework.warnings.append(
                    f"{_path(module)} imports {path}, which is not sent; put what "
                    f"it needs into {homework.package}/"
                )


def _path(module: str) -> str:
    return f"{module.replace('.', '/')}.py"


def _check_answers(homework: Homework) -> Iterator[Row]:
    """A row for the written questions, and one for each: can the grader read the answer."""
    written = homework.spec.get("written")
    if written is None:
        return
    title = f"Q{written['id']} {written['title']}"
    path = written["file"]
    if path not in homework.files:
        homework.missing.append(f"{path} is not there, so Q{written['id']} gets no points")
        yield Row(title, "no file")
        return
    parts = {f"Q{written['id']}{part['id']}": part for part in written["parts"]}
    try:
        reader = _reader()
    except (ImportError, OSError) as error:
        homework.warnings.append(f"nobody tried to read {path}: {error}")
        yield Row(title, _NOT_TRIED)
        return
    try:
        answers = reader.read_answers(homework.files[path], list(parts))
    except reader.AnswerError as error:
        homework.warnings.append(f"{path} cannot be read, so no answer counts: {error}")
        yield Row(title, "not readable")
        return
    if answers.error:
        homework.warnings.append(f"{path}: {answers.error}")
    if answers.unknown:
        homework.warnings.append(f"{path} answers {', '.join(answers.unknown)}, which is not asked")
    empty = [q for q in parts if not answers.given[q] and q not in answers.unreadable]
    if empty:
        homework.missing.append(f"not answered in {path}: {', '.join(empty)}")
    yield Row(title, _written(len(parts) - len(empty), len(parts)))
    for label, part in parts.items():
        what = f"  {label} ({part['kind']})"
        if label in empty:
            yield Row(what, "not started")
            continue
        try:
            yield Row(what, "readable", f"as {_as_read(reader, answers, label, part)}")
        except reader.AnswerError as error:
            place = answers.place(label)
            homework.warnings.append(f"{path}, {place}: {label} cannot be read: {error}")
            yield Row(what, "not readable", place)


def _reader() -> ModuleType:
    """The module with which the grader reads answers; it knows none that is right."""
    module = ModuleType("answers")
    SourceFileLoader(module.__name__, str(PACK / "tests" / "answers.py")).exec_module(module)
    return module


def _as_read(reader: ModuleType, answers: Any, label: str, part: Mapping[str, Any]) -> str:
    if label in answers.unreadable:
        raise reader.AnswerError(answers.unreadable[label])
    read = reader.check_answer(
        answers.given[label], part["kind"], part["options"], part["variables"]
    )
    return str(read)


def _check_derivations(homework: Homework) -> Iterator[Row]:
    """A row for the derivations, which TAs grade by hand and which are handed in by themselves."""
    derivations = homework.spec.get("derivations")
    if derivations is None:
        return
    notebook, file = derivations["notebook"], derivations["file"]
    if not (PACK / file).exists():
        homework.missing.append(
            f"{file} is not there: the last cell of {notebook} writes it from the derivations that "
            "you typed there; hand it in beside the archive"
        )
        yield Row("Derivations", "no PDF")
        return
    if (PACK / notebook).exists() and (
        (PACK / file).stat().st_mtime < (PACK / notebook).stat().st_mtime
    ):
        homework.warnings.append(
            f"{file} is older than {notebook}: if you changed a derivation, run its last cell again"
        )
    yield Row("Derivations", file, "not in the archive: hand it in beside it")


def _check_notebooks(homework: Homework) -> Iterator[Row]:
    """A row for each notebook: was it run, and after the last change of a module."""
    changed = max(
        ((PACK / path).stat().st_mtime, path) for path in homework.files if path.endswith(".py")
    )
    for path in homework.spec["submission"]["paths"]:
        if not path.endswith(".ipynb"):
            continue
        if path not in homework.files:
            homework.missing.append(f"{path} is not there")
            yield Row(path, "no file")
            continue
        try:
            cells = json.loads(homework.files[path])["cells"]
            code = [cell for cell in cells if cell["cell_type"] == "code" and cell["source"]]
            run = sum(cell["execution_count"] is not None for cell in code)
        except (ValueError, KeyError, TypeError, RecursionError):
            homework.warnings.append(f"{path} is not a notebook; save it again in Jupyter")
            yield Row(path, "not readable")
            continue
        yield Row(path, f"{run} of {len(code)} cells run")
        if run < len(code):
            homework.missing.append(f"not run, or not saved after running: cells of {path}")
        elif (PACK / path).stat().st_mtime < changed[0]:
            homework.warnings.append(
                f"{path} was saved before the last change of {changed[1]}; run it again and save it"
            )


def _check_forgotten(homework: Homework) -> None:
    """Notice files that a student may believe to be sent, and imports that a grader lacks."""
    modules = {f"{question['module']}.py" for question in homework.spec["questions"]}
    for file in sorted(PACK.glob("*.py")):
        if file.name in modules:
            homework.warnings.append(
                f"{file.name} lies beside {homework.package}/ and is not sent; if it is your work, "
                f"put it into {homework.package}/"
            )
    for file in _files(PACK / homework.package):
        path = file.relative_to(PACK).as_posix()
        if path not in homework.files:
            homework.warnings.append(f"{path} is not sent: only Python modules are graded")
    for path, data in homework.files.items():
        if path.endswith(".py"):
            for name in sorted(_imported(data) - sys.stdlib_module_names - LIBRARIES):
                if not (PACK / name).exists() and not (PACK / f"{name}.py").exists():
                    homework.warnings.append(
                        f"{path} imports {name}, which is not there where homeworks are graded"
                    )


def _imported(source: bytes) -> set[str]:
    """The top-level names of all modules that a file imports, relative imports left out."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except _UNREADABLE:
        return set()
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [
        node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level
    ]
    return {name.partition(".")[0] for name in names}


def _check_size(homework: Homework) -> None:
    limit = homework.spec["submission"]["megabytes"] * 1_000_000
    total = sum(map(len, homework.files.values()))
    if total > limit:
        largest = max(homework.files, key=lambda path: len(homework.files[path]))
        raise SubmitError(
            f"the files have {_size(total)} and at most {_size(limit)} are accepted; make "
            f"{largest} smaller ({_size(len(homework.files[largest]))}), for a notebook by "
            "clearing large figures"
        )


def _show(homework: Homework, rows: Sequence[Row]) -> None:
    files = [Row(path, f"{_size(len(data)):>9}") for path, data in homework.files.items()]
    first, second = (max(len(row[i]) for row in [*rows, *files]) for i in range(2))
    for heading, table in ((homework.spec["title"], rows), ("What is sent", files)):
        print(f"{heading}\n")
        print(
            "\n".join(
                f"  {r.what:{first}}  {r.done:{second}}  {r.imported}".rstrip() for r in table
            )
        )
        print()
    for heading, lines in (("Missing", homework.missing), ("Look at this", homework.warnings)):
        if lines:
            print(f"{heading}\n")
            print("\n".join(f"  - {line}" for line in dict.fromkeys(lines)))
            print()
    if not homework.missing and not homework.warnings:
        print("Nothing is missing.\n")


def _archive(files: Mapping[str, bytes]) -> bytes:
    """A zip of the files, the same bytes wherever and whenever it is made."""
    buffer = io.BytesIO()
    # Stored, not deflated: implementations of deflate differ in the bytes they write.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, data in sorted(files.items()):
            info = zipfile.ZipInfo(path, _EPOCH)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def _write(target: Path, data: bytes) -> None:
    """Write all of the archive or nothing, so that no half of one is ever uploaded."""
    part = target.with_name(f"{target.name}.part")
    try:
        part.write_bytes(data)
        os.replace(part, target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SubmitError(
            f"{target} cannot be written ({error.strerror}); close it if it is open in another "
            "program"
        ) from None


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, ImportError, KeyError):
        return ""


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).strip("._-")[:60] or "student"


def _size(count: float) -> str:
    return f"{count / 1_000_000:.1f} MB" if count >= 1_000_000 else f"{count / 1000:.1f} kB"


if __name__ == "__main__":
    sys.exit(main())
