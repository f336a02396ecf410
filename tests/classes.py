"""Results of a class that was never graded: what the classroom's pages and tables are made of."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from autograder.classroom.store import Store
from autograder.config import Config
from autograder.grading.results import Check, Finding, Result, make_rows

PACK = "hw1_likelihood"
WRONG = Finding(check="two modes", kind="value", message="`log_prob` differs in 3 of 8 entries.")
MISTAKES = ("The sum over `dim=1` is missing.", "This is the mean, not the sum.", "A sign is lost.")


def make_result(config: Config, submission: str, lost: dict[str, Finding], **fields) -> Result:
    """A result in which each part in ``lost`` fails with the finding, and all others pass."""
    pack = config.packs[PACK]
    checks = {
        label: [
            Check(
                part=label,
                device="cpu",
                weight=1,
                outcome="failed" if label in lost else "passed",
                finding=lost.get(label),
            )
        ]
        for question in pack.graded
        for part in question.parts
        for label in (question.label(part),)
    }
    rows = make_rows(config, pack, checks)
    values = {"pack": PACK, "submission": submission, "seed": 1, "seconds": 2.0, **fields}
    return Result(rows=rows, **values)


def make_class(config: Config, students: int) -> list[Result]:
    """``students`` results, from no points to all, with known mistakes."""
    draw = random.Random(students)
    pack = config.packs[PACK]
    labels = [q.label(part) for q in pack.graded for part in q.parts]
    results = []
    for i in range(students):
        lost = {}
        for label in draw.sample(labels, int(draw.random() ** 2 * (len(labels) + 1))):
            kind = draw.choice(["not_started", "value", "value", "value", "time_limit"])
            update: dict[str, object] = {"kind": kind}
            if kind == "value" and draw.random() < 0.7:
                mistake = draw.randrange(len(MISTAKES))
                update |= {"hint": MISTAKES[mistake], "misconception": f"mistake_{mistake}"}
            elif kind == "time_limit":
                update |= {"message": "stopped after 10 s", "lines": ("density.py:3 in f: f(x)",)}
            lost[label] = WRONG.model_copy(update=update)
        seconds = draw.uniform(1, 3) * (8 if i % 50 == 49 else 1)
        results.append(make_result(config, f"student_{i:04d}", lost, seconds=seconds))
    return results


def store_results(
    folder: Path, results: Sequence[Result], graders: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Leave ``results`` in ``folder`` as a batch does."""
    folder.mkdir(exist_ok=True)
    store = Store(folder, PACK)
    store.seed(1)
    for result in results:
        store.stand(
            result.submission, store.keep(result.submission, "", "cpu", dict(graders), result)
        )
    store.close()
