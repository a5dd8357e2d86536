# Two commands: `make demo` and `make test`. Both install what they need into .venv, and need no network afterwards.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
# On musl (Alpine) there is no wheel of the server and the linters: DATABASE_URL has to name a server.
EXTRAS = $(shell $(PYTHON) -c 'import sysconfig; print("test" if "musl" in str(sysconfig.get_config_vars("SOABI", "HOST_GNU_TYPE")) else "server,test,lint")')
# By the name that it is imported by; on musl, mypy is not installed.
TYPES = $(if $(findstring lint,$(EXTRAS)),mkdir -p $(VENV)/types && ln -sfn ../../runner $(VENV)/types/betledger && MYPYPATH=$(VENV)/types $(BIN)/mypy --package betledger)
# Each process of the tests has a server of its own, and waits half of its time; where there is one server, or a cluster, there is one process.
PARALLEL = $(if $(DATABASE_URL)$(findstring --citus,$(ARGS)),,-n 5 --dist worksteal)

# Where it was made: a checkout that was moved, or copied, makes it anew. Its scripts name the folder.
MOVED = $(if $(filter-out $(CURDIR),$(shell cat $(READY) 2>/dev/null)),moved)

.PHONY: demo test lint bench clean moved

demo: $(READY)
	$(BIN)/betledger demo

test: $(READY)
	$(BIN)/ruff check runner tests
	$(TYPES)
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

lint: $(READY)
	$(BIN)/ruff check runner tests
	$(BIN)/betledger lint

bench: $(READY)
	$(BIN)/python tests/benchmarks/run.py $(ARGS)

clean:
	rm -rf $(VENV) build *.egg-info

moved:
	rm -rf $(VENV)

$(READY): pyproject.toml $(MOVED)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: name it, as in make PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	echo '$(CURDIR)' > $@
