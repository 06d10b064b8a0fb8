# One verb per task. PYTHON chooses the interpreter (3.10 or later); everything
# of ours lives in a virtual environment beside this file, made at first use.

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

export CARGO_BUILD_JOBS ?= $(JOBS)

.PHONY: help demo test test-rust test-python test-all-pythons dev lint fmt bench bench-load wheel docs \
	debian clean

help: ## List the verbs.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

demo: $(VENV)/.demo ## Build for release, then call the calculator from a Flask app over real sockets.
	$(BIN)/maturin develop --quiet --locked --release
	$(BIN)/python examples/flask_calculator/demo.py

test: test-rust test-python ## Run every test.

test-rust: ## The tests of the core, which need no Python.
	cargo test --locked
	cargo test --locked --quiet --bench '*'
	@tree=$$(cargo tree --locked --edges normal,build --prefix none) && \
		if echo "$$tree" | grep '^pyo3'; then \
			echo 'pyo3 must not be in the default dependency tree' >&2; exit 1; \
		else \
			echo 'pyo3 is not in the default dependency tree'; \
		fi

test-python: dev debian ## The Python tests, with the peers, the web examples and a browser.
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-all-pythons: debian ## The Python tests under every CPython from 3.10 on that is found.
	tests/all_pythons.sh

dev: $(VENV)/.dev ## A development build in the virtual environment.
	$(BIN)/maturin develop --quiet --locked

lint: $(VENV)/.dev ## Formatting, clippy, ruff, mypy.
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	PYO3_PYTHON=$(abspath $(BIN))/python \
		cargo clippy --locked --all-targets --features python -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fmt: $(VENV)/.dev ## Format everything, and mend what ruff can mend.
	cargo fmt
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## Criterion benches, then the comparison with the peers.
	cargo bench --locked
	$(BIN)/maturin develop --quiet --locked --release
	$(BIN)/python benches/compare.py $(BENCH_ARGS)

bench-load: $(VENV)/.dev ## Loading compared with thriftpy2 and Apache's compiler; writes a page of docs/.
	$(BIN)/maturin develop --quiet --locked --release
	$(BIN)/python benches/load.py --write $(BENCH_ARGS)

wheel: $(VENV)/.tools ## A wheel in dist/.
	rm -rf dist
	$(BIN)/maturin build --locked --release --interpreter $(BIN)/python --out dist

docs: ## Write the generated pages of docs/ anew.
	$(PYTHON) tests/python/differences.py > docs/differences.md

debian: ## Install what the tests need of Debian, a browser, unless it is there.
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
		$(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
			--no-install-recommends chromium chromium-driver fonts-dejavu-core; }

clean: ## Remove what was built.
	rm -rf $(VENV) .venvs target dist

# The stages of the environment, each a stamp file.

$(VENV)/.tools:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo 'Python 3.10 or later is needed; choose one with PYTHON=...' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade pip
	$(PIP) install 'maturin>=1.9,<2'
	touch $@

$(VENV)/.demo: $(VENV)/.tools pyproject.toml
	$(PIP) install --group demo
	touch $@

$(VENV)/.dev: $(VENV)/.tools pyproject.toml
	$(PIP) install --group test --group lint --group bench
	touch $@
