"""The command line: ``autograder release | grade | build | simulate | verify | doctor``.

Exit status: 0 done, 1 something failed that the output names, 2 bad usage.
"""

import json
import secrets
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


def _config() -> Config:
    try:
        return load_config()
    except ConfigError as error:
        _stop(str(error))


def _stop(message: str, status: int = 1) -> NoReturn:
    errors.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(status)


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
            _stop(str(error))
    if failed:
        _stop("assignments/ is out of step; run `autograder release`")


@app.command()
def grade(
    pack: PackName,
    submissions: Annotated[
        list[Path], typer.Argument(metavar="SUBMISSION...", help="Archives, folders.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where results go.")
    ],
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes.")] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    isolation: Isolation = "auto",
    allow_unsafe: AllowUnsafe = False,
    seed: Seed = None,
) -> None:
    """Grade submissions: results, grades, feedback pages and a report in DIR."""
    if device not in ("cpu", "cuda"):
        _stop(f"--device {device} is not known; choose cpu or cuda", status=2)
    config = _config()
    name = _complete_pack(config, pack)
    from autograder.machine import BatchError, start_sandbox
    from autograder.sandbox.client import SandboxError

    try:
        with start_sandbox(config, isolation, allow_unsafe) as sandbox:
            from autograder.classroom.batch import BatchOptions, find_batch, grade_batch
            from autograder.classroom.outputs import Outputs
            from autograder.submission import SubmissionError

            try:
                paths = find_batch(submissions, config.packs[name].package)
                outputs = Outputs(output, config, name)
                known = outputs.seed
            except (SubmissionError, OSError, ValueError) as error:
                _stop(str(error))
            fresh = secrets.randbits(128) if known is None else known
            options = BatchOptions(
                pack=name,
                seed=fresh if seed is None else seed,
                device=device,
                isolation=isolation,
                allow_unsafe=allow_unsafe,
                jobs=jobs,
            )
            results = []
            try:
                with _progress() as progress:
                    task = progress.add_task("grading", total=len(paths))
                    for result in grade_batch(config, paths, options, sandbox):
                        outputs.add(result)
                        results.append(result)
                        progress.advance(task)
            finally:
                outputs.finish()
    except (SandboxError, BatchError, OSError) as error:
        _stop(str(error))
    table = Table("submission", "score", "of", "remarks", title=config.packs[name].title)
    for result in sorted(results, key=lambda r: r.submission)[:50]:
        table.add_row(
            result.submission, f"{result.score:g}", f"{result.max_score:g}", _remark(result)
        )
    console.print(table)
    console.print(f"report: {output / 'report.html'}", highlight=False)
    failed = [result for result in results if result.errors]
    for result in failed:
        errors.print(f"{result.submission}: {result.errors[0]}", markup=False, highlight=False)
    if failed:
        _stop(f"the grader itself failed for {len(failed)} submissions; their points are not final")


def _remark(result: "Result") -> str:
    """What a TA should know about a result, in one line."""
    if result.rows[0].status == "unreadable":
        return escape(" ".join(result.notes))
    not_started = sum(row.status == "not_started" for row in result.rows)
    lost = [row.label for row in result.rows if row.status not in ("passed", "not_started")]
    remarks = [f"{not_started} not started"] if not_started else []
    return ", ".join([*remarks, *([f"lost in {' '.join(lost)}"] if lost else [])])


@app.command()
def build(
    pack: PackName,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.zip")],
    seed: Seed = None,
) -> None:
    """Build the Gradescope autograder of a pack."""
    from autograder.gradescope.package import build_package

    config = _config()
    name = _complete_pack(config, pack)
    try:
        build_package(name, config, output, secrets.randbits(128) if seed is None else seed)
    except OSError as error:
        _stop(f"{output} cannot be written: {error}")
    console.print(f"{output} written; upload it under Configure Autograder", highlight=False)


@app.command()
def simulate(
    archive: Annotated[Path, typer.Argument(metavar="FILE.zip")],
    submission: Annotated[Path, typer.Argument(metavar="SUBMISSION")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR")],
    late: Annotated[float, typer.Option(help="Hours after the deadline.")] = 0.0,
) -> None:
    """Run a Gradescope autograder here as Gradescope would."""
    from autograder.gradescope.simulate import SimulationError, simulate_gradescope

    try:
        results = simulate_gradescope(archive, submission, output, hours_late=late)
    except (SimulationError, OSError) as error:
        _stop(str(error))
    console.print(
        f"{results['score']:g} points; {output / 'results.json'} written", highlight=False
    )


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
    seed = secrets.randbits(128) if seed is None else seed
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
    if json_file is not None:
        data = [report.model_dump(mode="json") for report in reports]
        json_file.write_text(json.dumps(data[0] if pack else data, indent=1), "utf-8")
    for problem in problems:
        errors.print(problem, markup=False, highlight=False)
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
    questions = [q for q in suite.pack.assigned if question in (None, q.id)]
    grader = Grader(suite, sandbox, seed)
    task = progress.add_task(pack, total=count_programs(suite, questions))
    return verify(grader, questions, lambda program: progress.advance(task))


@app.command()
def doctor() -> None:
    """What this machine offers, and what to do about each gap."""
    import platform

    from autograder.grading.suite import Suite
    from autograder.release import ReleaseError, render_pack
    from autograder.sandbox.isolation import survey

    config = _config()
    import torch

    table = Table("what", "state", "what to do")
    for name, pack in config.packs.items():
        state, fix = f"{len(pack.assigned)} questions, {pack.points:g} points", ""
        try:
            render_pack(name, config)
        except ReleaseError as error:
            state, fix = "cannot be released", str(error)
        gaps = "\n".join(Suite(name, config).gaps())
        table.add_row(name, "cannot be graded" if gaps else state, gaps or fix)
    table.add_row("Python", platform.python_version(), "")
    table.add_row("torch", str(torch.__version__), "")
    cuda = torch.cuda.is_available()
    table.add_row(
        "GPU", "cuda" if cuda else "none", "" if cuda else "not needed; --device cuda is off"
    )
    for tier in survey():
        table.add_row(f"isolation: {tier.name}", tier.reason, tier.fix)
    console.print(table)


def main() -> None:
    """Entry point of the ``autograder`` command."""
    try:
        app()
    except KeyboardInterrupt:
        errors.print("stopped")
        sys.exit(1)
