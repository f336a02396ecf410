"""From solutions to assignments: what students get is generated, and checked for leaks."""

from autograder.release.pack import check_in_step, release_pack, render_pack, zip_pack
from autograder.release.stubs import ReleaseError, make_stub

__all__ = [
    "ReleaseError",
    "check_in_step",
    "make_stub",
    "release_pack",
    "render_pack",
    "zip_pack",
]
