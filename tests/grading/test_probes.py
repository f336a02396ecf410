"""Probes and hidden tests belong together."""

import re

import pytest

from autograder.config import load_config
from autograder.grading.suite import Suite

CONFIG = load_config()


@pytest.mark.parametrize("pack", CONFIG.packs)
def test_every_probe_is_asked_for_by_a_hidden_test_and_exists(pack):
    suite = Suite(pack, CONFIG)
    for question in suite.pack.questions:
        tests = suite.tests(question).read_text("utf-8")
        asked = set(re.findall(r'\brun\("(\w+)"\)', tests))
        assert asked == set(suite.probe_names(question.module)), question.module
