# Two commands: `make demo` and `make test`. Both install what they need into .venv, and need no network afterwards.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
# On musl (Alpine) there is no wheel of the server and the linters: DATABASE_URL has to name a server.
EXTRAS = $(shell $(PYTHON) -c 'import sysconfig; print("test" if "musl" in str(sysconfig.get_config_vars("SOABI", "HOST_GNU_TYPE")) else "server,test,lint,docs")')
# By the name that it is imported by; on musl, mypy is not installed.
TYPES = $(if $(findstring lint,$(EXTRAS)),mkdir -p $(VENV)/types && ln -sfn ../../runner $(VENV)/types/betledger && MYPYPATH=$(VENV)/types $(BIN)/mypy --package betledger)
# Each process of the tests has a server of its own, and waits half of its time; where there is one server, or a cluster, there is one process.
PARALLEL = $(if $(DATABASE_URL)$(findstring --citus,$(ARGS)),,-n 5 --dist worksteal)

# Where it was made: a checkout that was moved, or copied, makes it anew. Its scripts name the folder.
MOVED = $(if $(filter-out $(CURDIR),$(shell cat $(READY) 2>/dev/null)),moved)

# Packages of npm, where there is npm: without them, the tests of examples/typescript say that they are left out.
NODE_READY := examples/typescript/node_modules/.installed
# A ledger of their own, unless DATABASE_URL names one as a login that is a member of betledger_tenant.
EXAMPLE = set -e; DATABASE_URL="$${DATABASE_URL:-$$(examples/database betledger_examples)}"; PORT="$${PORT:-8080}"; export DATABASE_URL PORT; \
	echo "ledger: $$(echo "$$DATABASE_URL" | sed 's,:[^:@/]*@,@,')"; \
	echo "try: curl --json '{\"user_id\": \"anna\", \"amount\": \"100\"}' -H 'X-Tenant-Id: 10001' -H 'Idempotency-Key: p1' localhost:$$PORT/payments"

.PHONY: demo test lint bench docs clean moved example-typescript example-php example-python example-sql

demo: $(READY)
	$(BIN)/betledger demo

test: $(READY) $(if $(shell command -v npm),try-node)
	$(BIN)/ruff check runner tests docs
	$(TYPES)
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

example-typescript: $(READY) $(NODE_READY)
	@cd examples/typescript && npm run --silent build
	@$(EXAMPLE); cd examples/typescript; exec node build/service.js

example-php: $(READY)
	@$(EXAMPLE); cd examples/php; PHP_CLI_SERVER_WORKERS=8 exec php -S "127.0.0.1:$$PORT" service.php

example-python: $(READY)
	@$(EXAMPLE); exec $(BIN)/python examples/python/service.py

example-sql: $(READY)
	@url="$${DATABASE_URL:-$$(examples/database betledger_story --anew)}" && PATH="$$PATH:$$($(BIN)/python -c 'from betledger.server import binaries; print(binaries())')" examples/sql/run "$$url"

lint: $(READY)
	$(BIN)/ruff check runner tests docs
	$(BIN)/betledger lint

bench: $(READY)
	$(BIN)/python tests/benchmarks/run.py $(ARGS)

# Into build/manual; index.html there opens without a server.
docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo build/manual/index.html

clean:
	rm -rf $(VENV) build *.egg-info examples/typescript/node_modules examples/typescript/build

.PHONY: try-node
try-node:
	@$(MAKE) --silent $(NODE_READY) || echo "npm cannot install: the tests of examples/typescript are left out" >&2

$(NODE_READY): examples/typescript/package-lock.json
	cd examples/typescript && npm ci --silent
	touch $@

moved:
	rm -rf $(VENV)

$(READY): pyproject.toml $(MOVED)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: name it, as in make PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	echo '$(CURDIR)' > $@
