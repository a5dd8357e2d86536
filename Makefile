# Two commands: `make demo` and `make test`. Both install what they need into .venv, and need no network afterwards.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed

.PHONY: demo test lint bench clean

demo: $(READY)
	$(BIN)/betledger demo

test: $(READY)
	$(BIN)/ruff check runner tests
	$(BIN)/python -m pytest $(ARGS)

lint: $(READY)
	$(BIN)/ruff check runner tests
	$(BIN)/sqlfluff lint --disable-progress-bar schema functions triggers
	$(BIN)/squawk --config .squawk.toml $(filter-out %.rollback.sql,$(wildcard schema/*.sql))

bench: $(READY)
	$(BIN)/python tests/benchmarks/run.py $(ARGS)

clean:
	rm -rf $(VENV) build *.egg-info

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@
