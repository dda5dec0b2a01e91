# The commands of a checkout. `make help` lists them.

VENV := .venv
PY := $(VENV)/bin/python
LOCAL := $(PY) -m peresmenka.local
STAMPS := $(VENV)/.stamps
WORKERS ?= 2
# For tools that read the settings but open no connection.
OFFLINE := env DATABASE_URL=$${DATABASE_URL:-postgres://nobody@localhost/none} SECRET_KEY=$${SECRET_KEY:-none}

.PHONY: help demo test check lint types layers bench features clean chromium translations \
	check-with-servers test-with-servers
.DEFAULT_GOAL := help

help: ## this list
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: $(STAMPS)/local translations ## the whole service with a sandbox CRM; ARGS="--leads 50 --exit" goes to `manage.py demo`
	@$(LOCAL) run -- $(PY) manage.py demo $(ARGS)

test: $(STAMPS)/dev chromium translations ## all tests; ARGS="tests/unit -k ledger" narrows them
	@$(LOCAL) run --fresh -- $(MAKE) --no-print-directory test-with-servers

check: $(STAMPS)/dev chromium translations lint ## what CI runs: style, types, layers, templates, migrations, translations, tests
	@$(LOCAL) run --fresh -- $(MAKE) --no-print-directory check-with-servers

lint: $(STAMPS)/dev ## style, types, layers and templates, without servers
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(OFFLINE) $(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo
	$(VENV)/bin/djlint --quiet --lint templates

bench: $(STAMPS)/local translations ## the benchmarks, on durable servers of their own; ARGS goes to `python -m bench`
	@$(LOCAL) run --fresh --durable -- $(PY) -m bench $(ARGS)

features: $(STAMPS)/dev ## each feature's number, how many tests carry it, and the first one's name
	@$(PY) -m tests.meta.features

clean: ## the embedded servers' data and what the tools have cached; keeps the virtual environment
	@if [ -x $(PY) ]; then $(LOCAL) clean; fi
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis staticfiles htmlcov .coverage
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

chromium: $(STAMPS)/dev
	@$(LOCAL) chromium --install

translations: $(STAMPS)/local
	@$(LOCAL) translations

check-with-servers:
	$(OFFLINE) $(PY) manage.py makemigrations --check --dry-run
	$(OFFLINE) $(PY) manage.py check
	@$(MAKE) --no-print-directory test-with-servers

test-with-servers:
	$(PY) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

$(STAMPS)/local: requirements.txt requirements-local.txt | $(STAMPS)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-local.txt
	@touch $@

$(STAMPS)/dev: requirements.txt requirements-local.txt requirements-dev.txt | $(STAMPS)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(STAMPS)/local

# The first Python that is new enough, python3 before others; a message where there is none or where it lacks venv.
$(STAMPS):
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then echo "Python 3.11 or newer is needed; python3 is $$(python3 --version 2>&1). Name one: make PYTHON=/path/to/python" >&2; exit 1; fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then echo "$$found has no venv module: install it (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; fi; \
	if [ ! -x $(PY) ]; then $$found -m venv $(VENV); fi
	@mkdir -p $@
