"""The right answers to the written questions, for tests that prove them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from autograder.config import load_config
from autograder.grading.answers import parse_expression, parse_letters, parse_number, read_answers
from autograder.grading.suite import Suite
from autograder.submission import ANSWERS_FILE


@dataclass(frozen=True)
class Answers:
    """The answers of one pack, by the letter of the question."""

    pack: str

    @cached_property
    def _suite(self) -> Suite:
        config = load_config()
        return Suite(config.pack_name(self.pack), config)

    def _text(self, letter: str) -> str:
        suite = self._suite
        label = f"Q{suite.pack.written.id}{letter}"
        return read_answers(suite.reference_answers[ANSWERS_FILE], [label]).given[label]

    def _part(self, letter: str):
        return next(p for p in self._suite.pack.written.parts if p.id == letter)

    def number(self, letter: str) -> float:
        """A numerical answer."""
        return parse_number(self._text(letter))

    def letters(self, letter: str) -> str:
        """The letters of a choice, set or order."""
        part = self._part(letter)
        return parse_letters(self._text(letter), part.kind, part.options)

    def value(self, letter: str, **values: float) -> float:
        """The value of an expression."""
        expression = parse_expression(self._text(letter), self._part(letter).variables)
        return float(expression.at(**{name: np.float64(v) for name, v in values.items()}))
