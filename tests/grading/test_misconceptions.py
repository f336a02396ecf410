"""The known mistakes and the alternatives fit their references."""

import pytest

from autograder.config import load_config
from autograder.grading.suite import Suite
from autograder.misconceptions import PatchError, apply_edits

CONFIG = load_config()
QUESTIONS = [
    pytest.param(Suite(name, CONFIG), question, id=f"{pack.short}-{question.module}")
    for name, pack in CONFIG.packs.items()
    for question in pack.assigned
]


@pytest.mark.parametrize(("suite", "question"), QUESTIONS)
def test_every_patch_fits_and_leaves_a_python_program(suite, question):
    path = suite.module_path(question.module)
    source = suite.reference_files[path].decode()
    patches = [*suite.misconceptions(question.module), *suite.alternatives(question.module)]
    for patch in patches:
        changed = apply_edits(source, patch.edits, patch.id)
        assert changed != source
        compile(changed, path, "exec")


@pytest.mark.parametrize(("suite", "question"), QUESTIONS)
def test_every_function_has_misconceptions_and_every_question_an_alternative(suite, question):
    functions = {name for part in question.parts for name in part.functions}
    assert {m.function for m in suite.misconceptions(question.module)} == functions
    assert suite.alternatives(question.module)


@pytest.mark.parametrize("pack", CONFIG.packs)
def test_ids_are_unique_in_a_pack(pack):
    suite = Suite(pack, CONFIG)
    ids = [m.id for q in suite.pack.assigned for m in suite.misconceptions(q.module)]
    assert len(ids) == len(set(ids)), sorted({i for i in ids if ids.count(i) > 1})


@pytest.mark.parametrize(("suite", "question"), QUESTIONS)
def test_hints_do_not_quote_the_correct_line(suite, question):
    for m in suite.misconceptions(question.module):
        for old, _ in m.edits:
            lines = [line.strip() for line in old.splitlines() if len(line.strip()) > 25]
            assert not [line for line in lines if line in m.hint], m.id


def test_a_patch_that_no_longer_fits_is_refused():
    with pytest.raises(PatchError, match="occurs 2 times"):
        apply_edits("a a", (("a", "b"),), "toy")
    with pytest.raises(PatchError, match="occurs 0 times"):
        apply_edits("a a", (("c", "b"),), "toy")
