"""Graders full of secrets, and what must hold of every grade that it gives to an attack."""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from html.parser import HTMLParser
from importlib.resources import files as files_of
from pathlib import Path

import psutil
import pytest
import torch
from attacks.attacks import TARGETS, THEFTS, Target, wrong_program
from attacks.host import Host

from autograder import classroom
from autograder.classroom.outputs import Outputs
from autograder.config import ROOT, Config, load_config
from autograder.grading.grader import Grader
from autograder.grading.results import Result, Row
from autograder.grading.suite import Suite
from autograder.machine import start_sandbox
from autograder.sandbox import launch
from autograder.sandbox.client import Sandbox
from autograder.submission import ANSWERS_FILE, Submission

CANARY = "CANARY-0a1b2c3d4e5f6789"
SEED = 314159265358979
TIER = os.environ.get("AUTOGRADER_TEST_TIER", "auto")
"""The isolation that attacks are tried on."""
EVERY_ATTACK = os.environ.get("AUTOGRADER_TEST_ATTACKS") == "all"
"""Whether all are made on every pack and through every front, and not one of each kind."""

PLANTED = {name: f"CANARY-{n:016x}" for n, name in enumerate(THEFTS)}
PLANTED |= {"disk": CANARY, "imports": "CANARY-0123456789abcdef"}
"""What each theft finds in a sandbox that hides nothing."""


@pytest.fixture(scope="session")
def hasty() -> Config:
    """The course's configuration, with limits that endless loops reach soon."""
    config = load_config()
    limits = {"probe_seconds": 1.0, "submission_seconds": 60.0}
    return config.model_copy(update={"limits": config.limits.model_copy(update=limits)})


@pytest.fixture(scope="session")
def patient(hasty: Config) -> Config:
    """The course's configuration, with time enough for a search of the whole memory."""
    limits = {"probe_seconds": 60.0, "submission_seconds": 590.0}
    return hasty.model_copy(update={"limits": hasty.limits.model_copy(update=limits)})


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """This machine, which no attack may change."""
    host = Host(f"attack-{os.getpid()}")
    yield host
    host.close()


@pytest.fixture(scope="session")
def secret_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all that is hidden, with a canary in every file that must stay outside."""
    root = tmp_path_factory.mktemp("grader")
    for folder in ("autograder/graders", "autograder/misconceptions", "solutions"):
        shutil.copytree(ROOT / folder, root / folder)
    for path in root.rglob("*.py"):
        if path.parent.name != "probes":
            secret = f"\nSECRET = '{CANARY} SEED-{SEED}'\n"
            path.write_text(path.read_text("utf-8") + secret, "utf-8")
    return root


@pytest.fixture(scope="session")
def hasty_sandbox(hasty: Config) -> Iterator[Sandbox]:
    """One sandbox for the graders of all packs."""
    with start_sandbox(hasty, TIER) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def glass_sandbox(hasty: Config) -> Iterator[Sandbox]:
    """A sandbox that hides nothing, whose fork server holds a canary for each theft."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "BOOT", _leaky_boot() + launch.BOOT)
        with start_sandbox(hasty, "process", allow_unsafe=True) as sandbox:
            (sandbox.started().premises.root / "autograder" / "config.py").touch()
            yield sandbox


def _leaky_boot() -> str:
    """The first lines of a fork server that knows too much.

    Only one canary stands in the text, which is on the server's command line.
    """
    planted = {name: f"bytes.fromhex('{text.encode().hex()}')" for name, text in PLANTED.items()}
    return f"""
# {PLANTED["other_processes"]}
import ctypes, gc, os, sys
gc.disable()
LEAK = {planted["frames"]}.decode()
os.environ["LEAK"] = {planted["environment"]}.decode()
sys.leaks = [
    {{"a dictionary that the collector does not track": {planted["objects"]}.decode()}},
    ctypes.create_string_buffer({planted["memory"]} + {planted["own_memory_file"]}),
]
circle = [{planted["collector"]}.decode()]
circle.append(circle)
del circle
"""


TEMPLATES = sorted(files_of(classroom).joinpath("templates").iterdir(), key=str)
_MARKUP = "".join(path.read_text("utf-8") for path in TEMPLATES if path.name.endswith(".html"))
PAGE_TAGS = set(re.findall(r"<([a-z][a-z0-9]*)", _MARKUP))
PAGE_ATTRIBUTES = {name.lower() for name in re.findall(r'([a-zA-Z][\w-]*)="', _MARKUP)}
PAGE_ATTRIBUTES |= {"open", "hidden"}
PAGE_STYLES = set(re.findall(r'style="([^"]*)"', _MARKUP))
PAGE_SCRIPTS = {path.read_text("utf-8").strip() for path in TEMPLATES if path.name.endswith(".js")}


class Page(HTMLParser):
    """The elements of a page in their order, each with its attributes; its scripts and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.values: dict[str, set[str]] = {"href": set(), "style": set()}
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        for name, value in attrs:
            self.values.setdefault(name, set()).add(value or "")
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts[-1] += data.strip()


def assert_plain(text: str, html: bool = False) -> None:
    """Nothing in ``text`` would be obeyed by a terminal, or as ``html`` by a browser."""
    odd = {c for c in text if not c.isprintable() and c not in "\n\t"}
    assert odd == set()
    assert len(text) < 200_000
    if html:
        page = Page(text)
        assert {tag for tag, _ in page.elements} <= PAGE_TAGS
        attributes = {name for _, names in page.elements for name in names}
        assert attributes <= PAGE_ATTRIBUTES
        assert not any(name.startswith("on") for name in attributes)
        assert set(page.scripts) <= PAGE_SCRIPTS
        assert page.values["style"] <= PAGE_STYLES
        assert all(link.startswith(("#", "feedback/", "data:,")) for link in page.values["href"])


@dataclass(frozen=True)
class Arena:
    """Grades attacks on one question, and looks for what they must not have achieved."""

    grader: Grader
    folder: Path
    told: Mapping[str, object]
    target: Target
    host: Host

    def grade(
        self,
        files: Mapping[str, bytes],
        *modules: str,
        name: str = "attack",
        others: Mapping[str, bytes] | None = None,
    ) -> Result:
        """Grade ``files``, with right answers, on the questions of ``modules``, or on all."""
        others = dict(self.answers if others is None else others)
        submission = Submission(id=name, sha256=name, files=dict(files), others=others, notes=())
        questions = [self.grader.suite.pack.question(module) for module in modules]
        return self.grader.grade(submission, questions or None)

    def grade_answers(self, data: bytes) -> Result:
        """Grade an answers file, and no program."""
        others = {ANSWERS_FILE: data}
        submission = Submission(id="answers", sha256="answers", files={}, others=others, notes=())
        return self.grader.grade(submission, ())

    def wrong(self, source: str, module: str = "") -> dict[str, bytes]:
        """The wrong program with the attack ``source`` in the place of a module."""
        module = module or self.target.module
        path = self.grader.suite.module_path(module)
        return {path: wrong_program(self.plain_suite, module, source, self.told)}

    def attack(self, source: str, files: Mapping[str, bytes] | None = None) -> Result:
        """Grade the wrong program with ``source`` in it, beside right answers to the rest."""
        files = {**self.reference, **(files or {}), **self.wrong(source)}
        return self.grade(files, self.target.module, self.target.other)

    @property
    def reference(self) -> dict[str, bytes]:
        """Sources that earn full marks, and hold no canary."""
        return self.plain_suite.reference_files

    @cached_property
    def plain_suite(self) -> Suite:
        """The pack's suite as students' files come from it: without canaries."""
        return Suite(self.grader.suite.name, self.grader.suite.config)

    @property
    def answers(self) -> dict[str, bytes]:
        """The right answers to the written questions."""
        return self.grader.suite.reference_answers

    def rows(self, result: Result, module: str) -> tuple[Row, ...]:
        """The rows of one question."""
        question = self.grader.suite.pack.question(module)
        labels = {question.label(part) for part in question.parts}
        return tuple(row for row in result.rows if row.label in labels)

    def outputs(self, result: Result) -> str:
        """Everything that is written about a result, but for the seed, which repeats the grade."""
        pages = self.pages(result)
        folder = self.folder / "outputs"
        data = json.loads((folder / "results" / f"{result.submission}.json").read_text("utf-8"))
        assert data["extra_data"].pop("seed") == SEED
        grades = (folder / "grades.csv").read_text("utf-8")
        for page in pages:
            assert_plain(page, html=True)
        for text in (grades, *(test["output"] for test in data["tests"])):
            assert_plain(text)
        return "\n".join([json.dumps(data, ensure_ascii=False), grades, *pages])

    def pages(self, result: Result) -> list[str]:
        """The class report and the feedback on a result that is the only one of its class."""
        shutil.rmtree(self.folder / "outputs", ignore_errors=True)
        outputs = Outputs(self.folder / "outputs", self.grader.suite.config, self.grader.suite.name)
        outputs.write(result)
        grade = outputs.store.keep(result.sha256, "environment", result.device, {}, result)
        outputs.store.stand(result.submission, grade)
        outputs.finish()
        outputs.store.close()
        return [path.read_text("utf-8") for path in sorted(outputs.folder.rglob("*.html"))]

    def processes(self) -> list[int]:
        """Processes that run an attack's code."""
        mark = self.host.mark
        return [p.pid for p in psutil.process_iter(["name"]) if p.info["name"] == mark]

    def harm(self) -> list[str]:
        """What the last attack has done to this machine."""
        isolation = self.grader._sandbox.started()
        return self.host.harm(isolation.confinement("attack", memory_mb=1).uid)

    def secrets_in(self, text: str) -> list[str]:
        """The secrets that a text gives away."""
        return [word for word in self._secrets if word in text]

    @cached_property
    def _secrets(self) -> set[str]:
        suite, module = self.grader.suite, self.target.module
        numbers = set()
        for probe in suite.probe_names(module):
            for number in _numbers(self.grader.reference.expected(module, probe).values):
                numbers.add(f"{abs(number):.5g}")
        mistakes = suite.misconceptions(module)
        edits = {edit for mistake in mistakes for pair in mistake.edits for edit in pair}
        words = {
            CANARY,
            str(SEED),
            str(ROOT / "autograder"),
            str(suite.root),
            *(number for number in numbers if len(number) > 6),
            *(edit for edit in edits if len(edit) > 25),
        }
        assert len(words) > 40
        return words


def _numbers(value: object) -> Iterator[float]:
    """All the floating-point numbers in what a probe returns."""
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        yield from value.flatten().tolist()
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _numbers(item)


ArenaOf = Callable[..., Arena]


@pytest.fixture(scope="session")
def arena_of(
    hasty: Config,
    patient: Config,
    hasty_sandbox: Sandbox,
    secret_root: Path,
    host: Host,
    tmp_path_factory: pytest.TempPathFactory,
) -> ArenaOf:
    """A place for attacks on a pack; its sandbox is warm and its references are computed.

    Loops that never end are ended soon, unless ``waits``.
    """

    @cache
    def arena_of(pack: str, waits: bool = False) -> Arena:
        suite = Suite(pack, patient if waits else hasty, secret_root)
        arena = _arena(suite, hasty_sandbox, host, tmp_path_factory.mktemp("arena"))
        result = arena.grade(arena.reference, arena.target.module, arena.target.other)
        assert {row.status for row in result.rows} <= {"passed", "not_graded"}
        assert TIER in ("auto", result.isolation)
        return arena

    return arena_of


def _arena(suite: Suite, sandbox: Sandbox, host: Host, folder: Path) -> Arena:
    (folder / "results").mkdir()
    told = {
        **host.told(),
        "secret": [str(suite.root), str(ROOT / "solutions"), str(ROOT / "autograder")],
        "results": str(folder / "results"),
        "grader": os.getpid(),
    }
    grader = Grader(suite, sandbox, seed=SEED)
    return Arena(grader, folder, told, TARGETS[suite.name], host)


@pytest.fixture(scope="session")
def arena(arena_of: ArenaOf) -> Arena:
    """The place for attacks on the first pack."""
    return arena_of("hw1_likelihood")


@pytest.fixture(scope="session")
def glass_arena(
    patient: Config,
    glass_sandbox: Sandbox,
    secret_root: Path,
    host: Host,
    tmp_path_factory: pytest.TempPathFactory,
) -> Arena:
    """A place for thefts in which there is everything to find."""
    suite = Suite("hw1_likelihood", patient, secret_root)
    return _arena(suite, glass_sandbox, host, tmp_path_factory.mktemp("glass"))
