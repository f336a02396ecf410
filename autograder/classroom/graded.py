"""Results of earlier batches, from the folders that these left."""

from collections.abc import Iterable
from pathlib import Path

from autograder.classroom.store import Store, StoreError, packs_of
from autograder.config import Config
from autograder.grading.results import Result


def read_results(config: Config, folders: Iterable[Path]) -> dict[str, list[Result]]:
    """The results in the stores of ``folders``, by full name of the pack.

    Raises:
        StoreError: If a folder has no store.
    """
    results: dict[str, list[Result]] = {}
    for folder in folders:
        packs = [pack for pack in packs_of(folder) if pack in config.packs]
        if not packs:
            raise StoreError(
                f"{folder} holds no results; give a folder that `autograder grade -o` has written."
            )
        for pack in packs:
            store = Store(folder, pack)
            results.setdefault(pack, []).extend(store.results())
            store.close()
    return results
