"""Arguments of the programs here that are no tests: packs and numbers, checked by argparse."""

from argparse import ArgumentTypeError
from collections.abc import Callable

from autograder.config import Config, ConfigError


def pack_of(config: Config) -> Callable[[str], str]:
    """The type of an argument that names a pack, in full or short."""

    def full_name(text: str) -> str:
        try:
            return config.pack_name(text)
        except ConfigError as error:
            raise ArgumentTypeError(str(error)) from None

    return full_name


def at_least(least: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number from ``least`` on."""

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(f"must be a whole number, at least {least}, not {text!r}")
        return int(text)

    return number
