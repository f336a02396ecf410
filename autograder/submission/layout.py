"""Where in a submission the pack lies, whatever folders were packed around it."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

Parts = tuple[str, ...]

GIVEN_FOLDERS = frozenset({"datasets", "notebook_checks", "tests", "training"})
"""Folders of every pack that hold no work of a student, though files in them may be named alike."""
_ALIKE = 0.6
"""Names that have less than this share in common say nothing about each other."""


@dataclass(frozen=True)
class Layout:
    """How paths in a submission become paths relative to the pack's root.

    Attributes:
        package: The package's name.
        root: The folder that holds the package folder, or the modules where they lie loose.
        loose: The modules lie in ``root`` itself, without a package folder.
        copies: Package folders, or folders with loose modules, that were passed over.
    """

    package: str
    root: Parts
    loose: bool = False
    copies: tuple[Parts, ...] = ()

    def relative(self, parts: Parts) -> str | None:
        """The posix path of a file relative to the pack's root; None for a file outside it."""
        if parts[: len(self.root)] != self.root:
            return None
        inside = parts[len(self.root) :]
        if self.loose and inside[-1].endswith(".py"):
            inside = (self.package, *inside)
        return "/".join(inside)


def find_layout(sources: Iterable[Parts], package: str, modules: Collection[str]) -> Layout | None:
    """The layout of a submission, or None where neither package nor modules are found.

    Among several package folders those that hold a module of the pack come first, then the one
    nearest the top, then the one with most modules. Loose modules are looked for outside of
    `GIVEN_FOLDERS`, first in the folder whose name is most like the package's.

    Args:
        sources: The paths of the ``.py`` files.
        package: The package's name.
        modules: The names of the pack's modules, without suffix.
    """
    wanted = {f"{module}.py" for module in modules}
    known: Counter[Parts] = Counter()
    for *folder, name in sources:
        known[tuple(folder)] += name in wanted

    def rank(folder: Parts) -> tuple[bool, int, int, Parts]:
        return (not known[folder], len(folder), -known[folder], folder)

    folders = sorted((f for f in known if f and f[-1] == package), key=rank)
    if folders:
        first, *rest = folders
        copies = tuple(f for f in rest if known[f] or not modules)
        return Layout(package, first[:-1], copies=copies)
    loose = (f for f in known if known[f] and not (f and f[-1] in GIVEN_FOLDERS))
    roots = sorted(loose, key=lambda folder: (-_likeness(folder, package), rank(folder)))
    return Layout(package, roots[0], loose=True, copies=tuple(roots[1:])) if roots else None


def _likeness(folder: Parts, package: str) -> float:
    """How much a folder's name is like the package's: `_ALIKE` to 1."""
    name = folder[-1].casefold() if folder else ""
    return max(_ALIKE, SequenceMatcher(None, name, package.casefold()).ratio())
