"""What a student is told gives away nothing that is hidden."""

import pytest
import torch
from attacks.attacks import MODULE, PATH

OLD = b"return background_log_prob - log_prob"


def findings(arena, source: bytes) -> str:
    """All that is said about Q7 when ``source`` is its module."""
    result = arena.grade({**arena.reference, PATH: source}, MODULE)
    return " ".join(f.message for row in arena.rows(result, MODULE) for f in row.findings)


def numbers_of(arena, probe: str) -> set[float]:
    """The numbers that the reference returns for a probe, without those that anyone can guess."""
    values = arena.grader.reference.expected(MODULE, probe).values
    every = torch.cat([value.flatten() for value in values.values()]).abs().tolist()
    return {number for number in every if 0 < number < 1e300 and number not in (0.5, 1.0)}


@pytest.mark.parametrize(
    ("name", "probe", "answer"),
    [
        ("auroc", "area", "inlier_scores.new_zeros(())"),
        ("likelihood_ratio_score", "ratio", "torch.zeros_like(log_prob)"),
        ("typicality_score", "typicality", "log_prob.new_zeros(len(log_prob))"),
    ],
)
def test_an_answer_of_zero_does_not_buy_the_right_number(arena, name, probe, answer):
    """An error, or the error that is allowed, is the right number as soon as zero is returned."""
    source = arena.reference[PATH].decode() + f"\n_right = {name}\n"
    source += f"def {name}({_arguments(name)}): return {answer}\n"
    said = findings(arena, source.encode())
    expected = numbers_of(arena, probe)
    rtol = arena.grader.suite.config.tolerances.value.rtol
    told = [number for number in expected if f"{number:.1e}" in said]
    told += [number for number in expected if f"{rtol * number + 1e-8:.1e}" in said]
    assert told == []


def _arguments(name: str) -> str:
    return {
        "auroc": "inlier_scores, outlier_scores",
        "likelihood_ratio_score": "log_prob, background_log_prob",
        "typicality_score": "log_prob, train_log_prob",
    }[name]


def test_the_lines_of_a_traceback_are_the_students_alone(arena):
    files = {
        **arena.reference,
        PATH: arena.reference[PATH].replace(OLD, b"return torch.stack([log_prob, 1])"),
    }
    result = arena.grade(files, MODULE)
    lines = [line for row in result.rows for finding in row.findings for line in finding.lines]
    assert lines
    assert all(line.startswith(PATH) for line in lines)


def test_probes_hold_no_part_of_the_references(arena):
    """What enters the sandbox beside the submission is inputs, not answers."""
    suite = arena.grader.suite
    for question in suite.pack.assigned:
        source = suite.reference_files[suite.module_path(question.module)].decode()
        solutions = source.split("# BEGIN SOLUTION")[1:]
        lines = {
            line.strip()
            for text in solutions
            for line in text.split("# END SOLUTION")[0].splitlines()
            if len(line.strip()) > 30
        }
        assert lines
        probes = suite.probes(question.module)
        assert [line for line in lines if line in probes] == []
