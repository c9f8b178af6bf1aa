# Everything a user or a developer does with this checkout; `make help` lists it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
LOOP   := $(VENV)/.compiled

.DEFAULT_GOAL := help
.PHONY: help run report setup fast test explore lint format bench mutants lock clean

help: ## List these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' Makefile | column -t -s '|' 2>/dev/null \
	  || sed -n 's/^\([a-z]*\):.*## /make \1: /p' Makefile

run: $(LOOP) ## Set everything up and start the REPL (a pipe works too: make -s run < commands.txt)
	@$(BIN)/bstrace $(ARGS)

report: $(LOOP) ## Run the assignment's demonstration, which kills a node, and report it in all formats, into report/
	@rm -rf report/session
	@$(BIN)/bstrace --session report/session -f examples/demonstration.txt
	@$(BIN)/bstrace report report/session --format all -o report --force $(ARGS)

setup: $(LOOP) ## Set everything up: a virtual environment in .venv, from the lock file

fast: $(LOOP) ## Compile the decoders too, which makes a trace's text cheaper (needs a C compiler and python3-dev)
	@$(BIN)/python tools/compile_decoding.py

test: $(LOOP) ## Set everything up and run all tests (ARGS='-k topology' picks some)
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile $(ARGS)

lint: $(READY) ## ruff and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY) ## Put the code into ruff's form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

explore: $(LOOP) ## Put faults into 3,000 runs of the cluster, in scripts made by chance: all must hold
	@$(BIN)/python tools/explore.py $(ARGS)

bench: $(LOOP) ## Measure, each figure against a yardstick in the same run
	@$(BIN)/python -m benchmarks $(ARGS)

mutants: $(LOOP) ## Change the cluster's code in many small ways, and see which the fault harness catches (half an hour)
	@$(BIN)/python -m tools.mutants $(ARGS)

lock: ## Make requirements.lock anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	  --generate-hashes --custom-compile-command 'make lock' -q -o requirements.lock

clean: ## Remove the virtual environment, what was compiled, and every cache
	rm -rf $(VENV) inspect/bstinspect/capture/*.so inspect/bstinspect/decode/_compiled* .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Progress goes to standard error: standard output belongs to the replies of a piped session.
$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "bstrace needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11 run" >&2; exit 1; }
	@echo "Setting up $(VENV) (once, about half a minute) ..." >&2
	@$(PYTHON) -m venv --clear $(VENV) >&2 \
	  || { echo "No venv module: on Debian and Ubuntu, apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . >&2
	@$(BIN)/python -m compileall -q cluster inspect  # a start takes half the time then, whatever the environment says
	@touch $(READY)

# The optional compiled loop; the installation makes it too, this is for a source that has changed since.
$(LOOP): $(wildcard inspect/bstinspect/capture/native/*) tools/build_hook.py $(READY)
	@$(BIN)/python tools/build_hook.py
	@touch $(LOOP)
