# Two commands are enough: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run stop price check test live bench lock
BIN := .venv/bin

# The first interpreter that the lock is made for: $PYTHON, python3, python3.14 … python3.11.
define find_python
for p in "$$PYTHON" python3 python3.14 python3.13 python3.12 python3.11 python; do \
  [ -n "$$p" ] && "$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' >/dev/null 2>&1 \
    && { printf '%s' "$$p"; break; }; done
endef

define setup
@python="$$($(find_python))"; if [ -z "$$python" ]; then \
  echo "No Python 3.11, 3.12, 3.13 or 3.14 found (python3 is $$(python3 --version 2>&1 || echo absent))." >&2; \
  echo "Install one, or name it: make $@ PYTHON=/path/to/python3.12" >&2; exit 2; fi; \
"$$python" -m launch.setup $(1)
endef

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## make .venv from the hash-pinned lock (quick when nothing changed); the command is then .venv/bin/hub
	$(call setup)

setup-dev:
	$(call setup,--dev)

run: setup  ## start the hub and a sandbox retailer, run the nightly catalogue, show its verdict (ONCE=1, PRODUCTS=1000)
	@exec $(BIN)/python -m launch run

stop:  ## end every process that `make run` started
	@if [ -x $(BIN)/python ]; then exec $(BIN)/python -m launch stop; else echo "Nothing was started: there is no .venv."; fi

price: setup  ## change one price in the sandbox's 1C: make price SKU=… PRICE=…
	@exec $(BIN)/python -m launch price "$(SKU)" "$(PRICE)"

check: setup-dev  ## lint, types, floors, lock
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	git ls-files -z '*.yml' '*.yaml' | xargs -0 $(BIN)/yamllint --strict
	$(BIN)/python -m launch locks

test: setup-dev  ## all tests that need nothing but Python
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not live" $(ARGS)

live: setup-dev  ## tests that need OpenSSH, Chromium, Node or another Python: installs what it can, lists what was not run
	@exec $(BIN)/python -m launch live $(ARGS)

bench: setup-dev  ## the hub's speed beside its peers (ROWS=20000 ONLY=catalogue runs a part)
	@exec $(BIN)/python -m benchmarks

lock:  ## make both locks again from pyproject.toml (needs the network)
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group dev -c requirements.lock -o requirements-dev.lock
