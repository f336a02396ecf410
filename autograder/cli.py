"""The command line: ``autograder release | grade | build | simulate | verify | report | gradebook |
doctor``.

Exit status: 0 done, 1 something failed that the output names, 2 bad usage.
"""

import secrets
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from autograder.config import Config, ConfigError, load_config

if TYPE_CHECKING:
    from autograder.classroom.batch import Change
    from autograder.classroom.similarity import Similarity
    from autograder.grading.results import Result
    from autograder.grading.verify import Verification
    from autograder.sandbox.client import Sandbox

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Autograder of the Deep Generative Models homework suite.",
)
console = Console()
errors = Console(stderr=True)
_SHOWN = 50
"""Submissions that are printed at the end; the report has all."""
_NOTE_LENGTH = 60
_UNMAPPED = "failed to map segment"
"""What the loader says of a library, such as torch's, for which there is no memory."""
_KEPT = "What is graded is kept: run the command again to go on."

PackName = Annotated[str, typer.Argument(metavar="PACK", help="A pack: hw1_likelihood or hw1.")]
OptionalPack = Annotated[
    str | None, typer.Argument(metavar="[PACK]", help="A pack; by default all.")
]
Isolation = Annotated[
    str, typer.Option(help="How submissions are confined; see `autograder doctor`.")
]
AllowUnsafe = Annotated[
    bool, typer.Option("--allow-unsafe", help="Grade without file isolation; stamps every result.")
]
Seed = Annotated[
    int | None, typer.Option(help="Seed of the hidden inputs; repeat it to repeat a grade.")
]
Scores = Annotated[
    Path | None,
    typer.Option(metavar="FILE.csv", help="Percent, in columns student and the share's name."),
]


def _config() -> Config:
    try:
        return load_config()
    except ConfigError as error:
        _stop(str(error))


def _stop(message: str, status: int = 1) -> NoReturn:
    errors.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(status)


def _say(*sentences: str, out: Console = errors) -> None:
    for sentence in sentences:
        out.print(sentence, markup=False, highlight=False, soft_wrap=True)


def _reason(error: Exception) -> str:
    """One sentence for an error; of the system, with the place where it happened."""
    if not isinstance(error, OSError):
        return str(error)
    what = error.strerror or str(error)
    return f"{error.filename}: {what}." if error.filename else f"{what}."


def _pack(config: Config, name: str) -> str:
    try:
        return config.pack_name(name)
    except ConfigError as error:
        _stop(str(error), status=2)


def _complete_pack(config: Config, name: str) -> str:
    """The full name of a pack that has everything that grading needs."""
    from autograder.grading.suite import Suite

    full = _pack(config, name)
    gaps = Suite(full, config).gaps()
    if gaps:
        _stop("\n".join(gaps))
    return full


def _packs(config: Config, name: str | None) -> list[str]:
    return list(config.packs) if name is None else [_pack(config, name)]


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
        disable=not errors.is_terminal,
        transient=True,
    )


@app.command()
def release(
    pack: OptionalPack = None,
    check: Annotated[bool, typer.Option("--check", help="Only say what is out of step.")] = False,
    zip: Annotated[Path | None, typer.Option(metavar="DIR", help="Also make the archives.")] = None,
) -> None:
    """Write assignments/ from solutions/."""
    from autograder.release import ReleaseError, check_in_step, release_pack, zip_pack

    config = _config()
    failed = False
    for name in _packs(config, pack):
        try:
            if check:
                differences = check_in_step(name, config)
                failed = failed or bool(differences)
                for difference in differences:
                    errors.print(difference, markup=False, highlight=False)
                continue
            folder = release_pack(name, config)
            console.print(f"{folder} written", highlight=False)
            if zip is not None:
                console.print(f"{zip_pack(name, config, zip)} written", highlight=False)
        except (ReleaseError, OSError) as error:
            _stop(_reason(error))
    if failed:
        _stop("assignments/ is out of step; run `autograder release`")


@app.command()
def grade(
    pack: PackName,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where results go.")
    ],
    submissions: Annotated[
        list[Path] | None, typer.Argument(metavar="SUBMISSION...", help="Archives, folders.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Processes; by default as many as are worth it."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A Dask scheduler, or slurm for -j SLURM jobs."),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    isolation: Isolation = "auto",
    allow_unsafe: AllowUnsafe = False,
    seed: Seed = None,
    accept_changes: Annotated[
        bool,
        typer.Option("--accept-changes", help="Let the scores change that stand otherwise."),
    ] = False,
    drop: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Take a submission out of the class; may be repeated."),
    ] = None,
) -> None:
    """Grade submissions: results, grades, feedback pages and a report in DIR.

    Run it again to go on where it was stopped, or after more was handed in: what is graded stays.
    """
    if device not in ("cpu", "cuda"):
        _stop(f"--device {device} is not known; choose cpu or cuda", status=2)
    if cluster == "slurm" and jobs is None:
        _stop("--cluster slurm needs -j N, the number of SLURM jobs to start", status=2)
    if not submissions and not drop:
        _stop("there is nothing to grade; give archives or folders", status=2)
    config = _config()
    name = _complete_pack(config, pack)
    from autograder.classroom.collect import few, find_batch
    from autograder.classroom.store import StoreError, is_begun
    from autograder.grading.suite import Suite
    from autograder.submission import submission_id

    if output.resolve() in [path.resolve() for path in submissions or []]:
        _stop(f"-o {output} is where the submissions lie; give results a folder of their own", 2)
    handed = find_batch(submissions or [], Suite(name, config), output, drop or ())
    _say(*handed.problems, *handed.remarks)
    stands = handed.left_out and is_begun(output)
    if not (handed.paths or drop or stands):
        raise typer.Exit(1)
    from autograder.classroom.start import Settings, has_gpu, sensible_jobs, start_batch
    from autograder.machine import BatchError
    from autograder.sandbox.client import SandboxError

    if device == "cuda" and cluster is None and not has_gpu():
        _say("There is no GPU here: graded on the CPU, without the checks on cuda.")
        device = "cpu"
    settings = Settings(
        output=output,
        jobs=jobs or sensible_jobs(len(handed.paths)),
        cluster=cluster,
        device=device,
        isolation=isolation,
        allow_unsafe=allow_unsafe,
        seed=seed,
    )
    try:
        with start_batch(config, name, settings) as (batch, workers):
            from autograder.classroom.progress import BatchProgress

            try:
                batch.drop(drop or ())
                with BatchProgress(errors, len(handed.paths)) as progress:
                    batch.run(handed, workers, progress)
                _say(*batch.told, *batch.kept, out=console)
                if _accepted(batch.changes, accept_changes):
                    batch.accept()
            finally:
                results = batch.finish()
    except KeyboardInterrupt:
        _stop(f"stopped. {_KEPT}", status=130)
    except (SandboxError, StoreError, BatchError, OSError) as error:
        sentence = _reason(error)
        if isinstance(error, StoreError | OSError) and is_begun(output):
            sentence += f" {_KEPT}"
        _stop(sentence)
    names = {submission_id(path) for path in handed.paths}
    own = [result for result in results if result.submission in names]
    who = ["students"] if handed.exported else []
    table = Table("submission", *who, "score", "of", "remarks", title=config.packs[name].title)
    for result in own[:_SHOWN]:
        known = handed.exported.get(result.submission)
        students = [escape(known.names if known else "")] if who else []
        points = (f"{result.score:g}", f"{result.max_score:g}")
        table.add_row(result.submission, *students, *points, escape(_remark(result)))
    console.print(table)
    if own[_SHOWN:]:
        console.print(f"and {len(own) - _SHOWN} more, in the report", highlight=False)
    _say(*(f"{r.submission}: {' '.join(r.notes)}" for r in own if r.unreadable))
    if batch.known:
        console.print(f"{batch.known} of {len(names)} had their grade already", highlight=False)
    if batch.equal:
        equal = f"{len(batch.equal)} of {len(names)} ({few(batch.equal)})"
        console.print(f"Equal to another one that was graded now: {equal}", highlight=False)
    console.print(f"report: {output / 'report.html'}", highlight=False)
    _say(*batch.errors)
    if batch.failed:
        number = len(batch.failed)
        _stop(f"the grader itself failed for {number} submissions; their points are not final")
    if batch.changes:
        _stop(
            f"{len(batch.changes)} scores would change and stand as they were; "
            "to replace them run the same command with --accept-changes (nothing is graded again)"
        )
    if handed.problems:
        raise typer.Exit(1)


def _accepted(changes: "list[Change]", accept: bool) -> bool:
    """Show the scores that would change; whether they may."""
    _say(*map(str, changes), out=console)
    if not changes or accept:
        return True
    return sys.stdin.isatty() and console.is_terminal and typer.confirm("Replace these scores?")


def _remark(result: "Result") -> str:
    """What a TA should know about a result, in one line."""
    from autograder.classroom.report import stops

    note = result.notes[0] if result.notes else ""
    note = note if len(note) <= _NOTE_LENGTH else f"{note[:_NOTE_LENGTH].rstrip()}..."
    note += f" (and {len(result.notes) - 1} more)" if result.notes[1:] else ""
    if result.unreadable:
        return f"cannot be read: {note}"
    not_started = sum(row.status == "not_started" for row in result.rows)
    failed = [row.label for row in result.grader_errors]
    fine = ("passed", "not_started", "grader_error")
    lost = [row.label for row in result.rows if row.status not in fine]
    return ", ".join(
        [
            *([f"{not_started} not started"] if not_started else []),
            *([f"lost in {' '.join(lost)}"] if lost else []),
            *(f"stopped by {words}" for words in stops(result)),
            *([f"grader failed in {' '.join(failed)}"] if failed else []),
            *([f"see feedback: {note}"] if note else []),
        ]
    )


@app.command()
def build(
    pack: PackName,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.zip")],
    otter: Annotated[
        bool, typer.Option("--otter", help="An Otter autograder, with the same graders behind it.")
    ] = False,
    seed: Seed = None,
) -> None:
    """Build the Gradescope autograder of a pack."""
    if otter:
        try:
            from autograder.otter.package import build_otter_package as build_package
        except ImportError as error:
            _stop(f"Otter cannot be imported ({error}); install it with: pip install -e '.[dev]'")
    else:
        from autograder.gradescope.package import build_package

    config = _config()
    name = _complete_pack(config, pack)
    try:
        build_package(name, config, output, secrets.randbits(128) if seed is None else seed)
    except ConfigError as error:
        _stop(str(error))
    except OSError as error:
        _stop(_reason(error))
    console.print(f"{output} written; upload it under Configure Autograder", highlight=False)


@app.command()
def simulate(
    archive: Annotated[Path, typer.Argument(metavar="FILE.zip")],
    submission: Annotated[Path, typer.Argument(metavar="SUBMISSION")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR")],
    late: Annotated[float, typer.Option(help="Hours after the deadline.")] = 0.0,
) -> None:
    """Run a Gradescope autograder here as Gradescope would."""
    from autograder.gradescope.simulate import SimulationError, simulate_gradescope, total

    try:
        results = simulate_gradescope(archive, submission, output, hours_late=late)
    except (SimulationError, OSError) as error:
        _stop(_reason(error))
    console.print(f"{total(results):g} points; {output / 'results.json'} written", highlight=False)


@app.command()
def verify(
    pack: OptionalPack = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE")] = None,
    question: Annotated[int | None, typer.Option(help="Only this question.")] = None,
    isolation: Isolation = "auto",
    allow_unsafe: AllowUnsafe = False,
    seed: Seed = None,
) -> None:
    """Prove the graders: what they accept, what they catch, what they name."""
    config = _config()
    names = [_complete_pack(config, name) for name in _packs(config, pack)]
    for name in names if question is not None else ():
        known = [str(graded.id) for graded in config.packs[name].graded]
        if str(question) not in known:
            _stop(f"{name} has no question {question}; choose one of {', '.join(known)}", status=2)
    seed = secrets.randbits(128) if seed is None else seed
    from autograder.files import write_json
    from autograder.machine import start_sandbox
    from autograder.sandbox.client import SandboxError

    try:
        with start_sandbox(config, isolation, allow_unsafe) as sandbox, _progress() as progress:
            reports = [_verify(name, config, sandbox, seed, question, progress) for name in names]
    except SandboxError as error:
        _stop(str(error))
    problems = [f"{report.pack}: {p}" for report in reports for p in report.problems()]
    table = Table("pack", "reference", "stubs", "caught", "by value", "named", "alternatives")
    for report in reports:
        mistakes = report.misconceptions
        table.add_row(
            report.pack,
            f"{report.reference.score:g} of {report.reference.max:g}",
            f"{report.stubs.score:g}",
            f"{sum(m.caught for m in mistakes)} of {len(mistakes)}",
            f"{sum(m.by_value for m in mistakes)} of {len(mistakes)}",
            f"{sum(m.named for m in mistakes)} of {len(mistakes)}",
            f"{sum(a.score == a.max for a in report.alternatives)} of {len(report.alternatives)}",
        )
    console.print(table)
    for problem in problems:
        errors.print(problem, markup=False, highlight=False)
    if json_file is not None:
        data = [report.model_dump(mode="json") for report in reports]
        try:
            write_json(json_file, data[0] if pack else data)
        except OSError as error:
            _stop(_reason(error))
    if problems:
        _stop(f"{len(problems)} problems")


def _verify(
    pack: str,
    config: Config,
    sandbox: "Sandbox",
    seed: int,
    question: int | None,
    progress: Progress,
) -> "Verification":
    from autograder.grading.grader import Grader
    from autograder.grading.suite import Suite
    from autograder.grading.verify import count_programs, verify

    suite = Suite(pack, config)
    questions = [q for q in suite.pack.graded if question in (None, q.id)]
    grader = Grader(suite, sandbox, seed)
    task = progress.add_task(pack, total=count_programs(suite, questions))
    return verify(grader, questions, lambda program: progress.advance(task))


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What grade wrote.")],
    similarity: Annotated[
        list[Path] | None,
        typer.Option(metavar="SUBMISSION", help="Also compare these sources; may be repeated."),
    ] = None,
) -> None:
    """Write the report, the grades and the pages in DIR again, without grading."""
    from contextlib import nullcontext

    from autograder.classroom.outputs import Outputs
    from autograder.classroom.similarity import SimilarityError, save
    from autograder.classroom.start import alone_in
    from autograder.classroom.store import StoreError, is_begun, read_results
    from autograder.machine import BatchError
    from autograder.submission import SubmissionError

    config = _config()
    try:
        with alone_in(folder) if is_begun(folder) else nullcontext():
            for name, results in read_results(config, [folder]).items():
                outputs = Outputs(folder, config, name)
                for result in results:
                    outputs.write(result)
                if similarity:
                    save(folder, _compare(config, name, similarity))
                outputs.finish()
    except (BatchError, StoreError, SubmissionError, SimilarityError, OSError) as error:
        _stop(_reason(error))
    console.print(f"report: {folder / 'report.html'}", highlight=False)


def _compare(config: Config, pack: str, paths: list[Path]) -> "Similarity":
    from autograder.classroom.similarity import compare_submissions
    from autograder.grading.suite import Suite
    from autograder.submission import find_submissions

    suite = Suite(pack, config)
    submissions = find_submissions(paths, suite.pack.package)
    with _progress() as progress:
        return compare_submissions(
            suite, submissions, lambda items, what: progress.track(items, description=what)
        )


@app.command()
def gradebook(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="What grade wrote.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.csv")],
    roster: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="The gradebook that Canvas exports.")
    ] = None,
    export: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="A Gradescope export; repeatable.")
    ] = None,
    presentation: Scores = None,
    project: Scores = None,
    participation: Scores = None,
    derivations: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Points, in columns student, pack, d1, d2..."),
    ] = None,
    extensions: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Columns student, pack, days.")
    ] = None,
    canvas: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Also write homework for Canvas.")
    ] = None,
    assignment: Annotated[
        list[str] | None,
        typer.Option(metavar="PACK=COLUMN", help="Its column of Canvas; repeatable."),
    ] = None,
) -> None:
    """Compute course totals, after the late policy, and say what is missing.

    A homework's percent is (automatic score after the late policy + points for derivations) of
    (automatic maximum + maximum of the derivations), where --derivations gives points.
    """
    from contextlib import closing

    from autograder.classroom import gradebook as grades
    from autograder.classroom.derivations import read_derivations
    from autograder.classroom.late import read_extensions
    from autograder.classroom.roster import Roster, Student, read_roster, roster_of
    from autograder.classroom.store import STORE_NAME, Store, StoreError, read_results
    from autograder.classroom.tables import TableError
    from autograder.files import write_text
    from autograder.submission import Exported, SubmissionError, read_export
    from autograder.submission.export import METADATA_NAME

    config = _config()
    _refuse_overwriting(
        {"-o": output, "--canvas": canvas},
        *(roster, presentation, project, participation, derivations, extensions),
        *(folder / STORE_NAME for folder in folders),
        *(folder / METADATA_NAME for folder in export or ()),
    )
    columns = {}
    for text in assignment or ():
        pack, equals, column = text.partition("=")
        if not (equals and column and canvas):
            _stop(f'--assignment {text}: write hw1="HW1 (12)", together with --canvas', status=2)
        columns[_pack(config, pack)] = column
    files = (
        (presentation, ("presentation",)),
        (project, grades.PROJECT),
        (participation, ("participation",)),
    )
    try:
        results = read_results(config, folders)
        exported: dict[str, Exported] = {}
        for folder in folders:
            with closing(Store(folder)) as store:
                exported |= store.exported()
        for path in export or ():
            exported |= read_export(path)
        if roster is not None:
            students = read_roster(roster)
        elif exported:
            students = roster_of(exported.values())
        else:
            names = sorted(
                {
                    grades.named_after(config, pack, result.submission)
                    for pack, own in results.items()
                    for result in own
                }
            )
            source = "the graded submissions"
            students = Roster((Student(name, login=name) for name in names), source=source)
        scores = {
            share: own
            for path, shares in files
            if path is not None
            for share, own in grades.read_scores(path, shares, students).items()
        }
        moved = read_extensions(extensions, config, students) if extensions else {}
        points = read_derivations(derivations, config, students) if derivations else {}
        book = grades.make_gradebook(config, results, students, exported, scores, moved, points)
        written = {output: grades.gradebook_csv(config, book)}
        if canvas is not None:
            written[canvas] = grades.canvas_csv(config, book, students, columns)
            book.remarks += grades.canvas_remarks(config, book, students, columns)
        for path, table_text in written.items():
            write_text(path, table_text)
    except (TableError, StoreError, SubmissionError, OSError) as error:
        _stop(_reason(error))
    _say(*book.remarks)
    table = Table("share", "percent", "students", "missing", "who", title="what is missing")
    for share, students_with in book.have.items():
        missing = [student.name for student in book.students if student not in students_with]
        who = "; ".join(missing[:5]) + (f" and {len(missing) - 5} more" if missing[5:] else "")
        have = len(book.students) - len(missing)
        weight = f"{book.weights[share]:g}" if share in book.weights else ""
        table.add_row(share, weight, str(have), str(len(missing)), escape(who))
    for share in book.open:
        table.add_row(share, "", "", "all", "nothing is given yet")
    console.print(table)
    for path in written:
        console.print(f"{path} written", highlight=False)


def _refuse_overwriting(targets: dict[str, Path | None], *read: Path | None) -> None:
    """Stop where a table would be written over another file of the command."""
    used = {path.resolve() for path in read if path is not None}
    for option, path in targets.items():
        if path is None:
            continue
        if path.resolve() in used:
            _stop(f"{option} {path} is also another file of this command; choose a new name", 2)
        used.add(path.resolve())


@app.command()
def doctor() -> None:
    """What this machine offers, and what to do about each gap; 1 if it keeps from grading."""
    import platform

    from autograder.grading.hidden_tests import faults_of_tests
    from autograder.grading.suite import Suite
    from autograder.release import ReleaseError, render_pack
    from autograder.sandbox.isolation import survey

    config = _config()
    import torch

    refused = []
    table = Table("what", "state", "what to do")
    for name, pack in config.packs.items():
        state, fix = f"{len(pack.graded)} questions, {pack.points:g} points", ""
        try:
            render_pack(name, config)
        except ReleaseError as error:
            state, fix = "cannot be released", str(error)
        suite = Suite(name, config)
        gaps = "\n".join(suite.gaps() or faults_of_tests(suite))
        table.add_row(name, "cannot be graded" if gaps else state, escape(gaps or fix))
        refused += [f"{name} cannot be graded."] if gaps else []
    table.add_row("Python", platform.python_version(), "")
    table.add_row("torch", str(torch.__version__), "")
    cuda = torch.cuda.is_available()
    table.add_row(
        "GPU", "cuda" if cuda else "none", "" if cuda else "not needed; --device cuda is off"
    )
    tiers = survey()
    for tier in tiers:
        table.add_row(f"isolation: {tier.name}", tier.reason, tier.fix)
    working = [tier.name for tier in tiers if tier.works]
    if working in ([], ["process"]):
        way = "`grade` needs --allow-unsafe" if working else "nothing can be graded"
        refused.append(f"No isolation protects files here: {way}.")
    console.print(table)
    if refused:
        _stop(" ".join(refused))


def main() -> None:
    """Entry point of the ``autograder`` command."""
    # How batch systems and containers end a job; as an exception, so that everything is closed.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        app()
    except (MemoryError, ImportError) as error:
        if isinstance(error, ImportError) and _UNMAPPED not in str(error):
            raise
        _fail_without_memory()


def _fail_without_memory() -> NoReturn:
    message = "There is not enough memory here; allow more, or use fewer processes (-j 1)."
    kept = f" {_KEPT}" if "grade" in sys.argv[1:2] else ""
    errors.print(f"{message}{kept}", style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)
