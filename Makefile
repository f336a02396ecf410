PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := build/demo
PACKS := hw1 hw2 hw3

.PHONY: install demo test lint benchmark clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

demo: install
	rm -rf $(DEMO)
	for pack in $(PACKS); do \
	  $(BIN)/python tests/samples.py $$pack $(DEMO)/$$pack/submissions && \
	  $(BIN)/autograder grade $$pack $(DEMO)/$$pack/submissions -o $(DEMO)/$$pack || exit 1; \
	done
	@for pack in $(PACKS); do echo "Open $(DEMO)/$$pack/report.html"; done

test: install lint
	$(BIN)/autograder release --check
	$(BIN)/pytest -n 2 --dist loadfile

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

benchmark: install
	$(BIN)/python tests/benchmarks/speed.py

clean:
	rm -rf build $(VENV)
