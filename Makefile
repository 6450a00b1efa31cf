# SPDX-License-Identifier: GPL-2.0-or-later
SHELL := /bin/bash
PYTHON := .venv/bin/python
READY := .venv/.ready

# make demo: files of one's own instead of the sample data, and where the results go
export SOURCE CRIMES BOUNDARIES AREA MARKING
export OUT ?= build/demo
# make test, make test-domain: more for pytest, such as ARGS="-k rings"
ARGS :=
# as many processes as the machine has cores, each with whole files of tests
SIDE_BY_SIDE := --numprocesses auto --dist loadfile
# make deploy: the QGIS profile to install into; the user's default one if empty
export PROFILE_DIR
# make matrix: which QGIS versions, all if empty, such as ONLY=3.40
export ONLY

# QGIS runs without a screen and with a profile of its own below build/
demo test bench: export QT_QPA_PLATFORM := offscreen
demo test bench: export XDG_RUNTIME_DIR := $(CURDIR)/build/runtime
demo test bench: export QGIS_CUSTOM_CONFIG_PATH := $(CURDIR)/build/profile

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-domain matrix lint types bench package deploy run screenshots clean

help:  ## Say what can be made
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)$$/\1\t\2/p' Makefile | expand -t 14

$(READY): scripts/setup.sh scripts/debian-packages.txt requirements-test.txt requirements-dev.txt
	@scripts/setup.sh

build/runtime:
	@mkdir -p $@ && chmod 700 $@

setup:  ## Install what is missing: QGIS and its libraries by apt, the test tools into .venv
	@scripts/setup.sh && echo "Everything is set up."

demo: $(READY) | build/runtime  ## Walk the whole journey on the sample data (or SOURCE= CRIMES= BOUNDARIES= AREA= MARKING= OUT=)
	$(PYTHON) scripts/demo.py --out "$$OUT" $${SOURCE:+--source "$$SOURCE"} $${CRIMES:+--crimes "$$CRIMES"} \
		$${BOUNDARIES:+--boundaries "$$BOUNDARIES"} $${AREA:+--area "$$AREA"} $${MARKING:+--marking "$$MARKING"}

test: $(READY) | build/runtime  ## Run every test (ARGS= for more to pytest)
	@rm -rf .qgis-settings
	$(PYTHON) -m pytest $(SIDE_BY_SIDE) $(ARGS)

test-domain: $(READY)  ## Run the tests of the arithmetic alone, without QGIS
	$(PYTHON) -m pytest -p no:pytest_qgis -p no:pytest-qt --confcutdir=tests/domain tests/domain $(ARGS)

matrix: $(READY)  ## Run the tests on QGIS 3.22, 3.40 and 3.44 (or ONLY=3.40)
	scripts/matrix.sh

lint: $(READY)  ## Check style, imports, security and secrets
	scripts/lint.sh

types: $(READY)  ## Check the types, strictly in the domain
	.venv/bin/mypy --strict --follow-imports=silent --package streetsafe_plugin.domain
	.venv/bin/mypy

bench: $(READY) | build/runtime  ## Run the benchmarks, one line of JSON each
	@$(PYTHON) scripts/bench.py

package: $(READY)  ## Write the plugin's ZIP into dist/
	$(PYTHON) scripts/package.py

deploy: package  ## Install that ZIP into your QGIS profile (or PROFILE_DIR=)
	$(PYTHON) scripts/deploy.py $${PROFILE_DIR:+--profile-dir "$$PROFILE_DIR"}

run: package  ## Open QGIS with the plugin and the sample project, in a profile below build/
	$(PYTHON) scripts/run_qgis.py

screenshots: package  ## Take the manual's pictures from the real application
	$(PYTHON) scripts/screenshots.py

clean:  ## Remove everything that was made here
	rm -rf build dist .venv .qgis-settings .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
