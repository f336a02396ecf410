PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := build/demo
PACKS := hw1 hw2 hw3

.PHONY: install demo test lint benchmark fuzz soak attacks container gpu clean

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

# What follows takes minutes to hours and proves more than `make test`.
benchmark: install
	$(BIN)/pip install --quiet gradescope-utils
	$(BIN)/python tests/benchmarks/benchmark.py
	$(BIN)/python tests/benchmarks/spread.py

fuzz: install
	FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-2000} $(BIN)/pytest tests/fuzz

soak: install
	$(BIN)/python tests/soak/soak.py --runs $${RUNS:-50}

attacks: install
	$(BIN)/pytest tests/sandbox
	tiers=$$($(BIN)/python tests/attacks/tiers.py) && for tier in $$tiers; do \
	  echo "Attacks on the tier $$tier"; \
	  AUTOGRADER_TEST_ATTACKS=all AUTOGRADER_TEST_TIER=$$tier $(BIN)/pytest tests/attacks || exit 1; \
	done

container: install
	$(BIN)/python tests/container/gradescope.py

gpu: install
	@$(BIN)/python -c "import sys, torch; torch.cuda.is_available() or \
	  sys.exit('Nothing was run: torch finds no GPU here. Run make gpu on a machine with one.')"
	$(BIN)/pytest -m gpu -rs

clean:
	rm -rf build $(VENV)
