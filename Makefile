# make run    the default experiment, to figures and tables
# make test   every test but those that boot a SLURM
SHELL := bash
VENV := .venv
BIN := $(abspath $(VENV)/bin)
export PATH := $(BIN):$(PATH)

# the pins hold for Python 3.11 to 3.13: python3 where it is one of these, else the newest here
SUITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(firstword $(foreach python,python3 python3.13 python3.12 python3.11,\
	$(shell $(python) -c '$(SUITS)' 2>/dev/null && echo $(python))))

# optional parts that have tests; pyproject.toml says what each needs
EXTRAS := timm,emoji,text,audio,export,explore,tensorboard,paper

.DEFAULT_GOAL := help
# as `make publish paper`: the second reads what the first writes
.NOTPARALLEL:
.PHONY: help setup extras run report explore test test-slurm lint docs publish paper peers site clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.installed ## install the pinned requirements into .venv

# the stamp is younger than the pins only after an install that went through
$(VENV)/.installed: requirements.txt constraints.txt
	@python='$(PYTHON)'; $${python:-false} -c '$(SUITS)' || \
		{ echo "a Python from 3.11 to 3.13 is needed, $${python:-none} is here; say which: make PYTHON=..."; exit 1; }; \
	$$python -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	touch $@

extras: $(VENV)/.extras ## install the optional parts and the package itself, as a link to here

# setuptools, which builds it, is there already: torch needs it, and constraints.txt pins it
$(VENV)/.extras: pyproject.toml constraints.txt $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt \
		--no-build-isolation --editable '.[$(EXTRAS)]'
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

explore: setup ## write results/explorer.html: a page to look around in the results
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt altair vl-convert-python
	snakemake --cores all --scheduler greedy --show-failed-logs explore

test: setup extras $(VENV)/s3 ## run all tests but those of test-slurm
	pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-slurm: setup ## run the tests on a real one-node SLURM (as root; boots and stops it)
	DISTILSHIFT_SLURM=$${DISTILSHIFT_SLURM:-1} pytest -rs tests/slurm

lint: setup ## check style of Python and Snakemake code
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	snakemake --lint

docs: setup ## write tables, numbers and figures of README and docs/ from the published tables
	python scripts/write_docs.py

publish: run ## take the default experiment's tables over into docs/, and write what they make
	snakemake --cores all --show-failed-logs transferred
	python scripts/publish.py --results results
	python scripts/write_docs.py

paper: setup ## write results/paper.pdf from the published tables, and the same for LaTeX
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt typst
	snakemake --cores all --show-failed-logs paper

peers: run benchmarks/peers/.venv/.installed ## run other libraries on the default's CNN transfers: docs/peers.csv
	benchmarks/peers/.venv/bin/python benchmarks/peers/compare.py --results results --table docs/peers.csv

benchmarks/peers/.venv/.installed: benchmarks/peers/requirements.txt | setup
	$(BIN)/python -m venv benchmarks/peers/.venv
	benchmarks/peers/.venv/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

site: setup ## build docs/ as a site into site/
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt zensical
	zensical build --clean --strict

clean: ## remove what the default experiment and the site have made
	rm -rf results/* .snakemake site
