"""The programs among the tests refuse arguments with which they would prove nothing."""

import sys

import pytest
from benchmarks import batch, benchmark, spread
from container import gradescope
from soak import soak


@pytest.mark.parametrize(
    ("program", "arguments", "told"),
    [
        (soak, ["--runs", "1", "hw9"], "there is no pack 'hw9'; choose one of hw1_likelihood, "),
        (soak, ["--runs", "0"], "argument --runs: must be a whole number, at least 1, not '0'"),
        (soak, ["--threads", "1", "two"], "argument --threads: must be a whole number"),
        (benchmark, ["--pack", "hw9"], "there is no pack 'hw9'"),
        (benchmark, ["--runs", "-1"], "argument --runs: must be a whole number"),
        (benchmark, ["--batch", "1"], "argument --batch: must be a whole number, at least 2"),
        (batch, ["--pack", "hw9"], "there is no pack 'hw9'"),
        (spread, ["--seeds", "0"], "argument --seeds: must be a whole number, at least 1"),
        (gradescope, ["hw9"], "there is no pack 'hw9'"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(monkeypatch, capsys, program, arguments, told):
    monkeypatch.setattr(sys, "argv", [program.__name__, *arguments])
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
