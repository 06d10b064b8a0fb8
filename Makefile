# One verb per task. PYTHON chooses the interpreter (3.10 or later); everything
# of ours lives in a virtual environment beside this file, made at first use, and
# made anew when another interpreter is chosen.

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SAY := @printf '%s\n'
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

export CARGO_BUILD_JOBS ?= $(JOBS)

.PHONY: help demo test test-rust test-python servers test-release test-parquet test-native test-all-pythons test-asan test-debug \
	test-oldest-flask test-oldest-django test-newest-django test-downstream mutants fuzz dev lint lint-versions fmt bench bench-core bench-codec bench-load bench-rpc bench-serving bench-web bench-pieces bench-instructions bench-apache interop bench-footer \
	release wheel wheels docs docs-site debian debian-debug clean

help: ## List the verbs.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

demo: $(VENV)/.demo ## Build for release, then call the calculator from a Flask app over real sockets.
	$(BUILD) --release
	$(BIN)/python examples/flask_calculator/demo.py

test: test-rust test-python ## Run every test.

test-rust: ## The tests of the core, which need no Python.
	cargo test --locked --features server
	cargo test --locked --quiet --features server --bench '*'
	@tree=$$(cargo tree --locked --edges normal,build --prefix none) && \
		if echo "$$tree" | grep '^pyo3'; then \
			echo 'pyo3 must not be in the default dependency tree' >&2; exit 1; \
		else \
			echo 'pyo3 is not in the default dependency tree'; \
		fi

test-python: dev debian servers ## The Python tests, with the peers, the web examples and a browser.
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile $(PYTEST_ARGS)

servers: $(VENV)/.servers ## uWSGI and Apache's mod_wsgi, compiled for the Python of the tests.

test-parquet: dev ## Footers of Parquet files of four writers: decoded, edited by an older IDL, and read again.
	@$(PIP) install --group parquet
	$(BIN)/python -m pytest tests/parquet $(PYTEST_ARGS)

test-release: wheel ## The tests of stack, memory and threads, against the wheel.
	PYTHON=$(BIN)/python tests/release.sh $(PYTEST_ARGS)

test-native: $(VENV)/.dev ## The tests of native code: oldest and newest CPython, and by public calls alone.
	PYTHONS='3.10 3.15' tests/all_pythons.sh @tests/native_tests.txt $(PYTEST_ARGS)
	FASTTHRIFT_PUBLIC_CALLS=1 tests/one_python.sh public-calls $(abspath $(BIN))/python \
		@tests/native_tests.txt $(PYTEST_ARGS)

test-oldest-flask: $(VENV)/.dev ## The tests of the Flask extension, with the oldest Flask that is supported.
	tests/oldest_framework.sh flask $(abspath $(BIN))/python $(PYTEST_ARGS)

test-oldest-django: $(VENV)/.dev | debian ## The tests of the Django application, with the oldest Django that is supported.
	tests/oldest_framework.sh django $(abspath $(BIN))/python $(PYTEST_ARGS)

test-all-pythons: ## The Python tests under every CPython that is supported, or those in PYTHONS.
	tests/all_pythons.sh $(PYTEST_ARGS)

test-asan: $(VENV)/.dev ## The tests of the codec with the native code under AddressSanitizer.
	tests/address_sanitizer.sh $(BIN)/python $(PYTEST_ARGS)

test-debug: debian debian-debug ## The Python tests under a debug build of CPython, and of the core.
	tests/debug_python.sh $(PYTEST_ARGS)

test-newest-django: ## The tests that depend on Django's version, with its newest release, on the newest CPython.
	PYTHONS=3.15 tests/all_pythons.sh @tests/django_tests.txt $(PYTEST_ARGS)

test-downstream: wheel ## The tests of packages that use thriftpy2 (or of SUITES), with both.
	$(BIN)/python tests/downstream $(SUITES)

interop: dev ## Calls between fastthrift and peers in other languages, or those in PEERS; all together write a page of docs/.
	tests/interop/packages.sh $(PEERS)
	INTEROP_PEERS='$(PEERS)' INTEROP_PART='$(PART)' \
		$(BIN)/python -m pytest tests/interop --junit-xml target/interop/junit.xml $(PYTEST_ARGS)
	$(if $(PEERS)$(PART),,PYTHONPATH=tests $(BIN)/python -m interop.page)

mutants: dev debian ## Break each rule of the architecture page, or those that begin as ROWS, to see its tests fail.
	$(BIN)/python tests/mutants $(ROWS)

fuzz: target/tools/bin/cargo-fuzz ## Run FUZZ_TARGETS (all), each for FUZZ_SECONDS (60).
	fuzz/run.sh $(FUZZ_TARGETS)

dev: $(VENV)/.dev ## A development build in the virtual environment.
	$(BUILD)

lint: $(VENV)/.dev ## Formatting, clippy, ruff, mypy, and the rules of rooms and names, in both languages.
	cargo fmt --check
	cargo test --locked --quiet --features server --test names --test rooms --test matches
	cargo clippy --locked --all-targets --features server -- -D warnings
	PYO3_PYTHON=$(abspath $(BIN))/python \
		cargo clippy --locked --all-targets --features python -- -D warnings
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	cargo clippy --locked --all-targets --manifest-path fuzz/Cargo.toml -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lint-versions: ## Clippy for new versions of CPython, and one that nobody knows, without an interpreter.
	tests/lint_versions.sh 3.14 3.15 3.16

fmt: $(VENV)/.dev ## Format everything, and mend what ruff can mend.
	cargo fmt
	cargo fmt --manifest-path fuzz/Cargo.toml
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench-pieces: release ## Over asyncio, messages that come in pieces compared with the same at once.
	$(BIN)/python benches/pieces.py $(BENCH_ARGS)

bench: bench-core bench-codec bench-load bench-rpc bench-serving bench-web bench-footer ## All benchmarks; they write pages of docs/.

bench-core: ## Criterion benches of the core, without Python.
	cargo bench --locked

bench-codec: release ## Encoding and decoding compared with thriftpy2, Apache Thrift and msgspec; lists as arrays.
	$(BIN)/python benches/compare.py --write $(BENCH_ARGS)
	$(BIN)/python benches/arrays.py --write

bench-load: release ## Loading compared with thriftpy2 and Apache's compiler.
	$(BIN)/python benches/load.py --write $(BENCH_ARGS)

bench-serving: release ## Servers under load: ours, thriftpy2's, thriftrs2's and Go's.
	$(PIP) install 'thriftrs2==0.2.1'
	cargo build --locked --release --features server --bench callers
	$(BIN)/python benches/serving.py

bench-web: release ## A Flask view that calls a service, by the extension and without.
	$(BIN)/python benches/web.py --write $(BENCH_ARGS)

bench-footer: release ## The footer of a Parquet file whole and in part, beside pyarrow and fastparquet.
	@$(PIP) install --group parquet
	$(BIN)/python benches/footer.py --write $(BENCH_ARGS)

bench-rpc: release ## Calls compared with thriftpy2, Apache Thrift and bare sockets.
	$(BIN)/python benches/rpc.py --write $(BENCH_ARGS)

bench-apache: release ## The codec for Apache's generated code compared with Apache's C extension.
	$(BIN)/python benches/generated.py $(BENCH_ARGS)

bench-instructions: release ## Count the instructions of the codec, and compare with the kept counts.
	@command -v valgrind >/dev/null || { \
		$(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
			--no-install-recommends valgrind; }
	$(BIN)/python benches/instructions.py --check

release: $(VENV)/.dev
	$(BUILD) --release

wheel: $(VENV)/.tools ## A wheel in dist/.
	rm -rf dist
	$(BIN)/maturin build --locked --release --interpreter $(BIN)/python --out dist

wheels: $(VENV)/.tools ## The wheels that are released for Linux (x86-64) in dist/, each tried.
	@$(PIP) install --group wheels
	tests/wheels.sh $(BIN)/python 3.10 3.11 3.12 3.13 3.14 3.15

docs: ## Write the generated pages of docs/ anew.
	$(PYTHON) tests/python/support/differences.py > docs/differences.md

docs-site: dev $(VENV)/.docs ## The documentation as a site in target/site/, where each warning is an error.
	@rm -rf target/site
	$(BIN)/sphinx-build --fail-on-warning --fresh-env --quiet -c docs/site -d target/site-doctrees . target/site
	$(SAY) 'Open target/site/index.html.'

debian: ## Install what the tests need of Debian, unless it is there: a browser, Apache's compiler and server, nginx, HAProxy, wrk, PostgreSQL.
	@tests/debian_packages.sh

debian-debug: ## Install Debian's debug build of CPython, unless one is there or chosen.
	@[ -n "$(DEBUG_PYTHON)" ] || command -v python3-dbg >/dev/null || { \
		$(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
			--no-install-recommends python3-dbg python3-dev python3-venv; }

clean: ## Remove what was built.
	rm -rf $(VENV) .venvs target dist fuzz/target

target/tools/bin/cargo-fuzz:
	$(SAY) 'Compiling cargo-fuzz; this takes some minutes.'
	@cargo install --quiet --locked --root target/tools --version '^0.13' cargo-fuzz

# What is done for minutes says so.
define BUILD
@echo 'Compiling the core; the first time takes some minutes.'
$(BIN)/maturin develop --locked
endef

# The stages of the environment, each a stamp file. The first one holds which
# interpreter it is of; only one that was chosen takes the place of another.

CHOSEN := $(if $(filter-out file,$(origin PYTHON)),$(shell \
	$(PYTHON) -c 'import sys; print(sys.base_prefix, *sys.version_info[:3])' 2>/dev/null))
ifneq ($(CHOSEN),)
ifneq ($(CHOSEN),$(shell cat $(VENV)/.tools 2>/dev/null))
.PHONY: $(VENV)/.tools
endif
endif

$(VENV)/.tools:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo 'Python 3.10 or later is needed; choose one with PYTHON=...' >&2; exit 1; }
	$(SAY) 'Making the virtual environment $(VENV) with $(PYTHON).'
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade pip
	@$(PIP) install 'maturin>=1.9,<2'
	@$(PYTHON) -c 'import sys; print(sys.base_prefix, *sys.version_info[:3])' >$@

$(VENV)/.demo: $(VENV)/.tools pyproject.toml
	$(SAY) 'Installing what the demo needs: Flask.'
	@$(PIP) install --group demo
	@touch $@

$(VENV)/.dev: $(VENV)/.tools pyproject.toml
	$(SAY) 'Installing what the tests, lints and benchmarks need; this takes a minute.'
	@$(PIP) install --group test --group lint --group bench
	@touch $@

$(VENV)/.docs: $(VENV)/.tools pyproject.toml
	$(SAY) 'Installing what the site of the documentation needs: Sphinx.'
	@$(PIP) install --group docs
	@touch $@

# Nobody but the tests needs them. mod_wsgi needs Apache, and a Python that is a
# shared library.
$(VENV)/.servers: $(VENV)/.dev | debian
	$(SAY) 'Compiling uWSGI and mod_wsgi for the tests; this takes a minute or two.'
	@$(PIP) install --group uwsgi
	@if command -v apxs >/dev/null && $(BIN)/python -c 'import sys, sysconfig; \
			sys.exit(not sysconfig.get_config_var("Py_ENABLE_SHARED"))'; then \
		$(PIP) install --group mod_wsgi; \
	else \
		echo 'No Apache, or no shared library of this Python: no tests of mod_wsgi.'; \
	fi
	@touch $@
