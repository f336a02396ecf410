"""What a GPU asks of the references beyond the CPU: float32 within the tolerance for it."""

import pytest
from gpu.in_process import findings_on

from autograder.config import load_config
from autograder.grading.suite import Suite

CONFIG = load_config()


@pytest.mark.parametrize("pack", CONFIG.packs)
def test_the_reference_in_float32_is_within_the_tolerance(pack):
    findings, errors = findings_on(Suite(pack, CONFIG), "cpu", seed=20260101)
    assert findings == []
    assert errors == []


@pytest.mark.parametrize("pack", CONFIG.packs)
def test_correct_programs_of_other_forms_in_float32_are_within_the_tolerance(pack):
    suite = Suite(pack, CONFIG)
    lost = {}
    for question in suite.pack.assigned:
        for alternative in suite.alternatives(question.module):
            found = findings_on(suite, "cpu", 20260101, alternative, question.module)
            if found != ([], []):
                lost[alternative.id] = found
    assert lost == {}
