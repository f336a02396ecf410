"""The course's configuration: ``grading_config.yaml`` as validated models.

The file is the only place for numbers that a course changes. An error in it is reported as one
sentence with the line, the key and what is permitted there.
"""

from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from yaml.reader import ReaderError

ROOT = Path(__file__).resolve().parent.parent
CONFIG_NAME = "grading_config.yaml"

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Small = Annotated[float, Field(ge=0, lt=0.1, allow_inf_nan=False)]
GRADESCOPE_SECONDS = 2400
OWN_WORK = 1.5
"""How much longer than a submission's experiments a run may take, with starts and the grader's own
work, so that a slow machine does not reach the platform's limit."""
# Float32 rounds a term of size 1 by 6e-8; where a dozen such terms cancel, this much is left.
CANCELLED = 1e-6


class ConfigError(Exception):
    """The configuration file cannot be used; the message says where and why."""


def printable(text: str) -> str:
    """Text of others on one line, with nothing in it that a terminal could obey."""
    return "".join(c if c.isprintable() else " " for c in text)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Feedback(StrEnum):
    """How much a student is told about a part that lost points."""

    FULL = "full"
    """The failure, its size, and the likely mistake."""
    FAILURE = "failure"
    """The failure, without a guess at the mistake."""
    SCORE = "score"
    """Points only."""


class Visibility(StrEnum):
    """When Gradescope shows a row to students."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    AFTER_DUE_DATE = "after_due_date"
    AFTER_PUBLISHED = "after_published"


class Tolerance(_Model):
    """|student - reference| <= atol + rtol * |reference|, elementwise."""

    rtol: Small
    atol: Small

    def allowed(self, magnitude: Any) -> Any:
        """The error allowed at each entry of a tensor of |reference|."""
        return self.atol + self.rtol * magnitude


class ScaledTolerance(Tolerance):
    """As above, with ``atol`` in units of max|reference| of each tensor, and CANCELLED at least."""

    def allowed(self, magnitude: Any) -> Any:
        """The error allowed at each entry of a tensor of |reference|."""
        return (self.atol * magnitude.max()).clamp(min=CANCELLED) + self.rtol * magnitude


class Tolerances(_Model):
    """One tolerance per kind of value."""

    value: Tolerance
    chain: Tolerance
    schedule: Tolerance
    float32: ScaledTolerance


class Limits(_Model):
    """What one submission may use."""

    probe_seconds: Positive
    submission_seconds: Positive
    memory_mb: Annotated[int, Field(ge=64)]
    reply_mb: Annotated[int, Field(ge=1)]
    archive_mb: Annotated[int, Field(ge=1)]
    archive_files: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _check(self) -> "Limits":
        if self.probe_seconds > self.submission_seconds:
            raise ValueError("probe_seconds must not exceed submission_seconds")
        if self.run_seconds >= GRADESCOPE_SECONDS:
            raise ValueError(
                f"submission_seconds must be less than {GRADESCOPE_SECONDS / OWN_WORK:g}: with the "
                f"grader's own work a run takes at most {OWN_WORK:g} times as long, and Gradescope "
                f"ends it after {GRADESCOPE_SECONDS} s at the latest"
            )
        return self

    @property
    def run_seconds(self) -> float:
        """Seconds after which a run on Gradescope must be over."""
        return OWN_WORK * self.submission_seconds


class LatePolicy(_Model):
    """Late submissions lose ``percent_per_day`` of their score for each started day.

    Days covered by ``late_days`` (a student's budget for the course) cost nothing; after
    ``max_days`` nothing is accepted; ``grace_minutes`` are never counted.
    """

    late_days: Annotated[int, Field(ge=0)]
    percent_per_day: Annotated[float, Field(ge=0, le=100)]
    max_days: Annotated[int, Field(ge=0)]
    grace_minutes: Annotated[int, Field(ge=0)]


class GradedPart(_Model):
    """A row of a result: what every part of a question has."""

    id: Annotated[str, Field(pattern=r"^[a-z]$")]
    title: str
    points: NonNegative
    feedback: Feedback = Feedback.FULL
    visibility: Visibility = Visibility.VISIBLE


class Part(GradedPart):
    """A part of a programming question: the functions that a student writes, and their points."""

    functions: Annotated[tuple[str, ...], Field(min_length=1)]


class WrittenPart(GradedPart):
    """A written question with a short answer.

    ``options`` are the letters from which a choice, a set or an order is made; ``variables`` are
    the names in which an expression is written.
    """

    kind: Literal["number", "choice", "set", "order", "expression"]
    options: Annotated[str, Field(pattern=r"^[A-Z]{2,}$")] = ""
    variables: tuple[Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")], ...] = ()

    @model_validator(mode="after")
    def _check(self) -> "WrittenPart":
        if (self.kind in ("choice", "set", "order")) != bool(self.options):
            raise ValueError("a choice, a set and an order have options, and nothing else has")
        if (self.kind == "expression") != bool(self.variables):
            raise ValueError("an expression has variables, and nothing else has")
        return self


class GradedQuestion(_Model):
    """What every question that is graded automatically has."""

    id: Annotated[int, Field(ge=1)]
    title: str
    minutes: Annotated[int, Field(ge=1)]
    parts: Annotated[tuple[GradedPart, ...], Field(min_length=1)]
    kind: Literal["core", "extension"] = "core"

    @property
    def points(self) -> float:
        """The sum of the parts' points."""
        return sum(part.points for part in self.parts)

    def label(self, part: GradedPart) -> str:
        """The name of a part in feedback, stubs and answers, for example ``Q3b``."""
        return f"Q{self.id}{part.id}"

    def qualified(self, part: GradedPart) -> tuple[str, ...]:
        """The functions that a part asks for, as ``module.function``."""
        return ()


class Question(GradedQuestion):
    """A programming question: one module of the pack's package."""

    module: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    kind: Literal["core", "extension"]
    assigned: bool = True
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]

    def qualified(self, part: GradedPart) -> tuple[str, ...]:
        """The functions that a part asks for, as ``module.function``."""
        functions = part.functions if isinstance(part, Part) else ()
        return tuple(f"{self.module}.{function}" for function in functions)

    def part_of(self, function: str) -> Part | None:
        """The part that asks for ``function`` (``name`` or ``Class.method``), if any."""
        return next((part for part in self.parts if function in part.functions), None)


class Written(GradedQuestion):
    """The written questions of a pack, which students answer in one file."""

    parts: Annotated[tuple[WrittenPart, ...], Field(min_length=1)]


class Derivation(_Model):
    """A derivation that TAs grade by hand; its points come on top of a pack's automatic 100."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    title: str
    points: Positive


class Leaderboard(_Model):
    """A value that students compare on Gradescope."""

    name: str
    part: Annotated[str, Field(pattern=r"^\d+[a-z]$")]
    order: Literal["asc", "desc"]


class Pack(_Model):
    """One homework: its package and its questions."""

    short: Annotated[str, Field(pattern=r"^hw\d+$")]
    title: str
    package: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    due: AwareDatetime | None = None
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]
    written: Written | None = None
    derivations: tuple[Derivation, ...] = ()
    leaderboards: tuple[Leaderboard, ...] = ()

    @property
    def assigned(self) -> tuple[Question, ...]:
        """The programming questions that count, in order."""
        return tuple(question for question in self.questions if question.assigned)

    @property
    def graded(self) -> tuple[GradedQuestion, ...]:
        """All questions that are graded automatically and count, by number."""
        return tuple(sorted((*self.assigned, *self._written), key=lambda question: question.id))

    @property
    def _written(self) -> tuple[Written, ...]:
        return () if self.written is None else (self.written,)

    @property
    def points(self) -> float:
        """What a complete submission of the assigned core questions is worth."""
        return sum(q.points for q in self.graded if q.kind == "core")

    def question(self, module: str) -> Question:
        """The question whose module is ``module``."""
        return next(question for question in self.questions if question.module == module)

    @model_validator(mode="after")
    def _check(self) -> "Pack":
        every: tuple[GradedQuestion, ...] = (*self.questions, *self._written)
        names: dict[str, list[str]] = {
            "question id": [str(question.id) for question in every],
            "module": [question.module for question in self.questions],
            "part": [question.label(part) for question in every for part in question.parts],
            "function": [
                f"{question.module}.{function}"
                for question in self.questions
                for part in question.parts
                for function in part.functions
            ],
            "derivation": [derivation.id for derivation in self.derivations],
        }
        for what, values in names.items():
            twice = next((value for value in values if values.count(value) > 1), None)
            if twice is not None:
                raise ValueError(f"{what} {twice} stands twice")
        shown = {
            question.label(part): part.visibility
            for question in self.graded
            for part in question.parts
        }
        for board in self.leaderboards:
            if shown.get(f"Q{board.part}") != Visibility.VISIBLE:
                raise ValueError(
                    f"leaderboard '{board.name}' names part {board.part}: "
                    "it must be one that is graded and visible"
                )
        core = sum(question.points for question in every if question.kind == "core")
        if round(core, 6) != 100:
            raise ValueError(
                f"the points of the core questions sum to {core:g}; they must sum to 100"
            )
        return self


class Project(_Model):
    """Weights of the project's parts, in percent of the course."""

    proposal: NonNegative
    progress_report: NonNegative
    final_report: NonNegative


class Weights(_Model):
    """Shares of the course grade in percent; what is left of 100 is participation."""

    homework: dict[str, NonNegative]
    presentation: NonNegative
    project: Project

    @property
    def participation(self) -> float:
        """What the named shares leave of 100 percent."""
        project = self.project
        named = sum(self.homework.values()) + self.presentation
        return 100 - named - project.proposal - project.progress_report - project.final_report

    @model_validator(mode="after")
    def _check(self) -> "Weights":
        if self.participation < 0:
            raise ValueError(
                f"the weights sum to {100 - self.participation:g}; at most 100 is possible"
            )
        return self


class Course(_Model):
    """The course as a whole."""

    name: str
    weights: Weights
    late: LatePolicy


class Config(_Model):
    """The whole of ``grading_config.yaml``."""

    course: Course
    tolerances: Tolerances
    limits: Limits
    device_share: Annotated[float, Field(ge=0, le=0.5)]
    packs: dict[Annotated[str, Field(pattern=r"^[a-z0-9_]+$")], Pack]

    @model_validator(mode="after")
    def _check(self) -> "Config":
        unknown = set(self.course.weights.homework) ^ set(self.packs)
        if unknown:
            raise ValueError(
                "course.weights.homework and packs must name the same packs; "
                f"{', '.join(sorted(unknown))} stands in one of them only"
            )
        for key in ("short", "package"):
            names = [getattr(pack, key) for pack in self.packs.values()]
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise ValueError(f"two packs have the {key} name {twice}; each needs its own")
        return self

    @cached_property
    def names(self) -> dict[str, str]:
        """Full pack name by full or short name."""
        short = {pack.short: name for name, pack in self.packs.items()}
        return {**{name: name for name in self.packs}, **short}

    def pack_name(self, name: str) -> str:
        """The full name of a pack given by its full or short name."""
        if name not in self.names:
            raise ConfigError(f"there is no pack '{name}'; choose one of {', '.join(self.names)}")
        return self.names[name]


def load_config(path: Path | None = None) -> Config:
    """Read and check the configuration.

    Args:
        path: The file; by default the one at the top of this project.

    Raises:
        ConfigError: With file, line, key and what is permitted, in one sentence per error.
    """
    path = path or ROOT / CONFIG_NAME
    try:
        text = path.read_text("utf-8")
        _refuse_aliases(path, text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except FileNotFoundError:
        raise ConfigError(
            f"{path} does not exist: install this project in place, with `pip install -e .`"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "the file"
        if isinstance(error, ReaderError):  # of a character that no YAML may hold
            where = f"line {text.count(chr(10), 0, error.position) + 1}"
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise ConfigError(f"{path.name}, {where}: not valid YAML: {problem}") from None
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(
            f"{path.name}, line 1: the file must hold keys and values, for example 'course:'"
        )
    _refuse_double_keys(path, node)
    try:
        loader = yaml.SafeLoader("")
        data = loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name}: {error}") from None
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(path, node, e) for e in error.errors())) from None


def _refuse_aliases(path: Path, text: str) -> None:
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise ConfigError(f"{path.name}, line {line}: write *{event.anchor} out in full")


def _refuse_double_keys(path: Path, node: yaml.Node) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                line = key.start_mark.line + 1
                raise ConfigError(f"{path.name}, line {line}: a key must be a single word")
            if key.value in seen:
                line = key.start_mark.line + 1
                raise ConfigError(
                    f"{path.name}, line {line}: {key.value!r} stands twice; remove one"
                )
            seen.add(key.value)
            _refuse_double_keys(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_double_keys(path, value)


def _explain(path: Path, root: yaml.Node, error: Any) -> str:
    """One sentence for one pydantic error: line, key, what is wrong, what is permitted."""
    location = error["loc"]
    line = _find(root, location)
    key = ".".join(str(part) for part in location) or "the file"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = f"there is no such key; permitted here: {', '.join(_permitted(location))}"
    elif error["type"] == "missing":
        message = "this key is missing"
    elif error["type"].startswith(("datetime", "timezone")):
        message = (
            "give date, time and time zone, for example 2026-10-01T23:59:00+02:00, "
            f"not {str(error['input'])!r}"
        )
    else:
        message = f"{message[:1].lower()}{message[1:]}"
        if not isinstance(error["input"], dict | list | BaseModel):
            message += f", not {error['input']!r}"
    sentence = f"{path.name}, line {line}: {key}: {message}"
    return printable(sentence)


def _find(root: yaml.Node, location: tuple[str | int, ...]) -> int:
    """The line of the deepest node on the way to ``location``."""
    node = root
    line = 1
    for step in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif (
            isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value)
        ):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line


def _permitted(location: tuple[str | int, ...]) -> list[str]:
    """The keys that the model around ``location`` knows."""
    model: Any = Config
    for step in location[:-1]:
        if isinstance(model, type) and issubclass(model, BaseModel) and step in model.model_fields:
            model = model.model_fields[str(step)].annotation
        else:
            model = next(
                (
                    a
                    for a in getattr(model, "__args__", ())
                    if isinstance(a, type) and issubclass(a, BaseModel)
                ),
                model,
            )
    return (
        sorted(model.model_fields)
        if isinstance(model, type) and issubclass(model, BaseModel)
        else []
    )
