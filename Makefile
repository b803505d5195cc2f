# make run    the default experiment, to figures and tables
# make test   every test but those that boot a SLURM
SHELL := bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(abspath $(VENV)/bin)
export PATH := $(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup run report test test-slurm lint clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.installed ## install the pinned requirements into .venv

# the stamp is younger than the pins only after an install that went through
$(VENV)/.installed: requirements.txt constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not here; say which: make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	touch $@

# apart from the rest: requirements-s3.txt says why
$(VENV)/s3: requirements-s3.txt | setup
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $@ -r $<
	touch $@

# greedy: choosing among a few small jobs by integer programming costs more than it finds
run: setup ## run the default experiment to figures and tables
	snakemake --cores all --scheduler greedy --show-failed-logs

report: run ## write report.html: every figure and table, self-contained
	snakemake --report report.html

test: setup $(VENV)/s3 ## run all tests but those of test-slurm
	pytest

test-slurm: setup ## run the tests on a real one-node SLURM (as root; boots and stops it)
	DISTILSHIFT_SLURM=$${DISTILSHIFT_SLURM:-1} pytest -rs tests/slurm

lint: setup ## check style of Python and Snakemake code
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	snakemake --lint

clean: ## remove what the default experiment has made
	rm -rf results/* .snakemake
