"""Pairs of submissions whose sources look copied, for a TA to read; no score depends on them.

Sources are compared by copydetect, in the way of MOSS (Schleimer, Wilkerson and Aiken,
"Winnowing: Local Algorithms for Document Fingerprinting", SIGMOD 2003): tokens are stripped of
names and comments, and fingerprints are hashes of all their runs of a fixed length. What the
released stubs hold does not count, nor does what more than a few submissions have in common:
that is what the exercise leads to.
"""

import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from autograder.config import ROOT
from autograder.files import write_text
from autograder.grading.suite import Suite
from autograder.submission import SubmissionError, submission_id

_RUN = 40
"""Characters of stripped code in one fingerprint: about two lines."""
_COMMON = 10, 0.1
"""What more different submissions hold, and more than this share of them, is common to a class."""
_SHARE = 30.0
"""Pairs are listed from this percentage of shared code on."""
_SHORTEST = 150
"""Fingerprints that a pair shares at least; fewer happen by chance."""
_PAIRS = 50
_CHARACTERS = 200_000
"""What is read of one module; no exercise needs as much."""
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n){3,}")
"""The lexer takes minutes over thousands of them."""
_BLOCK = 100
"""Submissions that are compared with all others at once."""
_FILE_NAME = "similarity.json"

Hashes = NDArray[np.int64]
Track = Callable[[Sequence, str], Iterable]
"""Passes a sequence on and shows, under a description, how far it is."""


_NEEDED = (
    "Sources are compared by copydetect and scipy, which are not installed; "
    "run `pip install copydetect scipy`."
)


class SimilarityError(Exception):
    """Submissions cannot be compared; the message says why and what to do."""


@dataclass(frozen=True)
class Place:
    """Where one module of two submissions is alike: percent and lines in each."""

    module: str
    shares: tuple[float, float]
    lines: tuple[str, str]


@dataclass(frozen=True)
class Pair:
    """Two submissions that look alike.

    ``share`` is in percent of the own code (neither released nor common) of the one with less.
    """

    first: str
    second: str
    share: float
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Similarity:
    """What a comparison found.

    Attributes:
        compared: How many submissions hold code of their own.
        limit: What more different submissions than this share was left out.
        identical: Groups of submissions with the same files.
        pairs: Pairs of different submissions, the most alike first.
        unread: Submissions that could not be read.
    """

    compared: int
    limit: int
    identical: tuple[tuple[str, ...], ...]
    pairs: tuple[Pair, ...]
    unread: tuple[str, ...]


@dataclass(frozen=True)
class _Source:
    """Submissions with the same files: their own modules, and the fingerprints of these."""

    names: list[str]
    modules: Mapping[str, str]
    own: Hashes


def save(folder: Path, similarity: Similarity) -> None:
    """Keep what a comparison found with the results in ``folder``, for every later report."""
    text = TypeAdapter(Similarity).dump_json(similarity).decode()
    write_text(folder / _FILE_NAME, text)


def load(folder: Path) -> Similarity | None:
    """What the last comparison found, or None where there is none that can be read."""
    try:
        return TypeAdapter(Similarity).validate_json((folder / _FILE_NAME).read_bytes())
    except (OSError, ValueError):
        return None


def compare_submissions(
    suite: Suite, paths: Sequence[Path], track: Track = lambda items, what: items
) -> Similarity:
    """Compare the modules of the submissions at ``paths``.

    Args:
        suite: The pack.
        paths: Submissions.
        track: Is shown the work.

    Raises:
        SimilarityError: If copydetect or scipy is not installed, or the pack is not released.
    """
    released = _released(suite)
    known = _unique([_hashes(text) for text in released.values()])
    by_content: dict[str, _Source] = {}
    unread = []
    for path in track(paths, "reading"):
        name = submission_id(path)
        try:
            submission = suite.read(path)
        except SubmissionError:
            unread.append(name)
        else:
            if submission.sha256 not in by_content:
                modules = _changed(suite, submission.files, released)
                hashes = _unique([_hashes(text) for text in modules.values()])
                own = np.setdiff1d(hashes, known, assume_unique=True)
                by_content[submission.sha256] = _Source([], modules, own)
            by_content[submission.sha256].names.append(name)
    sources = [source for source in by_content.values() if len(source.own)]
    fewest, part = _COMMON
    limit = max(fewest, int(part * len(sources)))
    common = _common([source.own for source in sources], limit)
    rare = [np.setdiff1d(source.own, common, assume_unique=True) for source in sources]
    ignored = set(known.tolist()) | set(common.tolist())
    view = cache(lambda text: _without(text, ignored))
    return Similarity(
        compared=sum(len(source.names) for source in sources),
        limit=limit,
        identical=tuple(tuple(source.names) for source in sources if len(source.names) > 1),
        pairs=tuple(
            Pair(first.names[0], second.names[0], share, _places(first, second, view))
            for i, j, share in track(_alike(rare, track), "finding lines")
            for first, second in ((sources[i], sources[j]),)
        ),
        unread=tuple(unread),
    )


def _released(suite: Suite) -> dict[str, str]:
    folder = ROOT / "assignments" / suite.name
    released = {
        question.module: folder / suite.module_path(question.module)
        for question in suite.pack.assigned
    }
    try:
        return {module: path.read_text("utf-8") for module, path in released.items()}
    except OSError:
        raise SimilarityError(
            f"{folder} does not hold the released stubs, which must not count as copied; "
            f"run `autograder release {suite.pack.short}`."
        ) from None


def _changed(
    suite: Suite, files: Mapping[str, bytes], released: Mapping[str, str]
) -> dict[str, str]:
    """The modules that differ from the released ones."""
    found = {
        module: _text(files[suite.module_path(module)])
        for module in released
        if suite.module_path(module) in files
    }
    return {module: text for module, text in found.items() if text != released[module]}


def _text(source: bytes) -> str:
    return _BLANK_LINES.sub("\n\n\n", source.decode("utf-8", "replace")[:_CHARACTERS])


def _hashes(text: str) -> Hashes:
    """The fingerprints of a module."""
    try:
        from copydetect.utils import filter_code, hashed_kgrams
    except ImportError:
        raise SimilarityError(_NEEDED) from None
    code, _ = filter_code(text, "module.py", "python")
    return np.unique(hashed_kgrams(code, _RUN).astype(np.int64))


def _without(text: str, ignored: set[int]):
    """copydetect's view of a module, less the fingerprints in ``ignored``."""
    from copydetect import CodeFingerprint
    from copydetect.utils import get_token_coverage

    code = CodeFingerprint("module.py", _RUN, 1, language="python", fp=io.StringIO(text))
    code.hashes = code.hashes - ignored
    code.hash_idx = {value: code.hash_idx[value] for value in code.hashes}
    code.token_coverage = get_token_coverage(code.hash_idx, _RUN, len(code.filtered_code))
    return code


def _unique(arrays: Sequence[Hashes]) -> Hashes:
    return np.unique(np.concatenate(arrays)) if arrays else np.array([], dtype=np.int64)


def _common(sets: Sequence[Hashes], limit: int) -> Hashes:
    """What stands in more than ``limit`` of the sets."""
    if not sets:
        return np.array([], dtype=np.int64)
    values, counts = np.unique(np.concatenate(sets), return_counts=True)
    return values[counts > limit]


def _alike(sets: Sequence[Hashes], track: Track) -> list[tuple[int, int, float]]:
    """Pairs of sets that share enough, and how much in percent.

    What two sets share is counted by the product of their incidence matrix (sets by values, 0 or
    1) with its transpose.
    """
    try:
        from scipy.sparse import csr_array
    except ImportError:
        raise SimilarityError(_NEEDED) from None
    if not sets:
        return []
    sizes = np.array([len(own) for own in sets])
    values, columns = np.unique(np.concatenate(sets), return_inverse=True)
    ones, starts = np.ones(len(columns), dtype=np.int32), np.cumsum([0, *sizes])
    incidence = csr_array((ones, columns, starts), shape=(len(sets), len(values)))
    transposed = incidence.T.tocsr()
    found: list[tuple[int, int, float]] = []
    for start in track(range(0, len(sets), _BLOCK), "comparing"):
        shared = (incidence[start : start + _BLOCK] @ transposed).tocoo()
        first, second = shared.row + start, shared.col
        share = 100 * shared.data / np.minimum(sizes[first], sizes[second])
        enough = (first < second) & (shared.data >= _SHORTEST) & (share >= _SHARE)
        columns_of_pair = (first[enough], second[enough], share[enough])
        found += zip(*(column.tolist() for column in columns_of_pair), strict=True)
    return sorted(found, key=lambda pair: (-pair[2], pair[:2]))[:_PAIRS]


def _places(first: _Source, second: _Source, view: Callable) -> tuple[Place, ...]:
    from copydetect import compare_files

    places = []
    for module in first.modules.keys() & second.modules.keys():
        texts = first.modules[module], second.modules[module]
        overlap, shares, slices = compare_files(*map(view, texts))
        if overlap:
            lines = [_lines(*pair) for pair in zip(texts, slices, strict=True)]
            places.append(Place(module, (100 * shares[0], 100 * shares[1]), (lines[0], lines[1])))
    return tuple(sorted(places, key=lambda place: (-max(place.shares), place.module)))


def _lines(text: str, slices: NDArray) -> str:
    """The lines of character ranges, for example "3-9, 14-20"."""
    ranges: list[list[int]] = []
    for start, end in slices.T:
        low, high = (text.count("\n", 0, int(at)) + 1 for at in (start, max(start, end - 1)))
        if ranges and low <= ranges[-1][1] + 1:
            ranges[-1][1] = max(ranges[-1][1], high)
        else:
            ranges.append([low, high])
    return ", ".join(f"{low}-{high}" if high > low else str(low) for low, high in ranges)
