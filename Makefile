# All is done in a virtual environment in .venv. `make test` as root also installs, by apt and only where missing,
# what the lab of real mail servers needs; as an ordinary user the lab is skipped and says so.

SHELL := /bin/sh
VENV := .venv
RUN := $(VENV)/bin/python
LAB_PACKAGES := mmdebstrap debian-archive-keyring iproute2 util-linux openssl db-util shellcheck

# pytest-xdist: a core each, and what disturbs or shares something in one group (marker xdist_group) stays together
PARALLEL := -n auto --dist loadgroup
BASE := main

.PHONY: demo test unit quick lint bench zipapp clean apt

demo: $(VENV)/installed
	@$(VENV)/bin/maildoctor demo

# the lab has its hosts to itself: after the others, one at a time; where it is skipped pytest ends with 5, no tests
test: apt lint
	$(RUN) -m pytest $(PARALLEL) -m 'not lab'
	$(RUN) -m pytest tests/test_lab.py || [ $$? = 5 ]

unit: $(VENV)/tested
	$(RUN) -m pytest $(PARALLEL) -m 'not lab'

# lint of what was changed and the tests nearest to it, in less than a minute
quick: $(VENV)/tested
	@$(RUN) -m tests.quick $(BASE)

lint: $(VENV)/tested
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	@if command -v shellcheck >/dev/null; then echo shellcheck; shellcheck tests/lab/*.sh .ci/run; shellcheck -S warning maildoctor/host/recorder.sh; fi

bench: apt $(VENV)/tested
	$(RUN) -m bench.check

# dist/maildoctor.pyz: maildoctor in one file, for any Python from 3.11 on, nothing installed
zipapp: $(VENV)/installed
	@$(RUN) -m release.pyz

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/lab/work
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

apt:
	@[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || exit 0; \
	missing=; \
	for package in $(LAB_PACKAGES); do \
		dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || missing="$$missing $$package"; \
	done; \
	[ -z "$$missing" ] || { set -e; export DEBIAN_FRONTEND=noninteractive; \
		apt-get update -qq; apt-get install -y -qq --no-install-recommends $$missing; }

$(VENV)/installed: pyproject.toml setup.py | $(RUN)
	@$(RUN) -m pip install --quiet --editable .
	@touch $@

$(VENV)/tested: pyproject.toml setup.py | $(RUN)
	@$(RUN) -m pip install --quiet --editable '.[test,lint]'
	@touch $@ $(VENV)/installed

# The first Python that is new enough and can make a virtual environment; Debian has the latter in a package of its own.
$(RUN):
	@usable() { "$$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }; \
	complete() { usable "$$1" && "$$1" -c 'import ensurepip, venv' 2>/dev/null; }; \
	first() { for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if $$1 $$python; then echo $$python; return; fi; done; }; \
	python=$$(first complete); \
	if [ -z "$$python" ]; then \
		python=$$(first usable); \
		[ -n "$$python" ] || { echo 'maildoctor needs Python 3.11 or newer, and there is none here' >&2; exit 1; }; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			export DEBIAN_FRONTEND=noninteractive; \
			apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv; \
		fi; \
		complete $$python || { echo "$$python cannot make a virtual environment: apt-get install python3-venv" >&2; exit 1; }; \
	fi; \
	$$python -m venv $(VENV)
