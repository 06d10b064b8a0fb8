# One verb per task. PYTHON chooses the interpreter; everything of ours lives
# in a virtual environment beside this file, made at first use.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= 2

export CARGO_BUILD_JOBS ?= $(JOBS)

.PHONY: help demo test test-rust test-python test-all-pythons dev develop lint fmt bench wheel \
	docs fuzz debian clean

help: ## List the verbs.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

demo: $(VENV)/.release ## Build, then call the calculator from a Flask app over real sockets.
	$(BIN)/python examples/flask_calculator/demo.py

test: test-rust test-python ## Run every test.

test-rust: ## The core's tests: no Python needed.
	cargo test --locked
	@echo "pyo3 must not be in the default dependency tree"
	@! cargo tree --locked --edges normal,build --prefix none | grep -E '^pyo3'

test-python: develop debian ## The Python tests, peers and web examples included.
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-all-pythons: ## The Python tests under every CPython from 3.10 on that is found.
	./tests/all_pythons.sh

dev: develop ## A development build in the virtual environment.

develop: $(VENV)/.dev
	$(BIN)/maturin develop --quiet --locked

lint: $(VENV)/.dev ## Formatting, clippy, ruff, mypy.
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	PYO3_PYTHON=$(BIN)/python cargo clippy --locked --all-targets --features python -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fmt: $(VENV)/.dev ## Format everything.
	cargo fmt
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## Criterion benches, then the comparison with the peers.
	cargo bench --locked
	$(BIN)/maturin develop --quiet --locked --release
	$(BIN)/python benches/compare.py $(BENCH_ARGS)

wheel: $(VENV)/.tools ## A wheel in dist/.
	$(BIN)/maturin build --locked --release --out dist

debian: ## What the tests need of Debian: a browser.
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends \
			chromium chromium-driver fonts-dejavu-core; }

clean: ## Remove what was built.
	rm -rf $(VENV) target dist

# The stages of the environment, each a stamp file.

$(VENV)/.tools:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'maturin>=1.9,<2'
	touch $@

$(VENV)/.release: $(VENV)/.tools pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group test
	$(BIN)/maturin develop --quiet --locked --release
	touch $@

$(VENV)/.dev: $(VENV)/.tools pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--group test --group lint --group bench
	touch $@
