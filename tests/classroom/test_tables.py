"""Tables that spreadsheets open."""

import csv
import io

import pytest

from autograder.classroom.tables import write_data, write_table

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_becomes_a_formula_for_people(text):
    ((cell, number),) = csv.reader(io.StringIO(write_table([(text, -1.5)]), newline=""))
    assert cell == f"'{text}"
    assert number == "-1.5"


@pytest.mark.parametrize("text", FORMULAS)
def test_a_program_gets_every_cell_as_it_is(text):
    ((cell,),) = csv.reader(io.StringIO(write_data([(text,)]), newline=""))
    assert cell == text
