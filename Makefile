# The front door: `make demo` and `make test` need nothing but Python 3.11 or newer.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CORES ?= all
STAMP := $(VENV)/.ready
DEV_STAMP := $(VENV)/.ready-dev
# Torch comes first and alone. Without an NVIDIA device it is the CPU build, if your pip is configured to find one or
# TORCH_CPU_INDEX names PyTorch's CPU index (see its install page); with a device it is the index's CUDA build.
TORCH := $(shell grep '^torch==' envs/requirements.lock)
TORCH_CPU_INDEX ?=
GPU := $(shell command -v nvidia-smi > /dev/null && nvidia-smi --list-gpus 2> /dev/null)
TORCH_OPTIONS := $(if $(GPU),,$(if $(TORCH_CPU_INDEX),--extra-index-url $(TORCH_CPU_INDEX)))
# One HTML file of the pages, which every run makes last and `metaxl pages` makes of an unfinished one.
REPORT := $(BIN)/snakemake --quiet all --config preset=demo --report results/demo/report.html --report-stylesheet workflow/report/report.css -- pages

.PHONY: demo paper test check slurm-test bench study docs lock report dag unlock clean help

help:            ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

demo: $(STAMP)   ## set up, run the demo to tables, pictures and report, print the tables
	$(BIN)/snakemake --cores $(CORES) --quiet rules --config preset=demo -- all
	$(REPORT)
	@cat results/demo/tables/table2.txt results/demo/tables/table3.txt results/demo/tables/table5.txt
	@echo "Report: results/demo/report.html   Pictures: results/demo/figures/*.png   Evidence: results/demo/evidence.md   Data: results/demo/data/report.md   All scores: results/demo/scores.csv"

paper: $(STAMP)  ## the paper's tables and figure on real data: a GPU, 1.9 GB of downloads, and the hours that it says
	$(BIN)/metaxl estimate --preset paper
	$(BIN)/snakemake $(if $(GPU),--profile workflow/profiles/gpu,--cores $(CORES)) --quiet rules --config preset=paper -- all
	@cat results/paper/tables/table2.txt results/paper/tables/table3.txt results/paper/tables/table5.txt

test: $(DEV_STAMP) ## set up and run the tests
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

check: $(DEV_STAMP) ## the style and type checks of continuous integration
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/snakefmt --check .
	$(BIN)/snakemake --lint

slurm-test: $(STAMP) ## Table 3 on a SLURM cluster of this machine's own, with all that happens to one: docs/clusters.md
	$(BIN)/python -m pip install --quiet --requirement envs/cluster.lock || true
	timeout 1800 tests/slurm/run.sh $(BIN)

bench: $(STAMP)  ## time the training steps beside the official algorithm's: benchmarks/README.md (hours)
	bash -c '. workflow/rules/shell.sh ""; for what in step memory; do \
		$(BIN)/python -m benchmarks.$$what base panx && $(BIN)/python -m benchmarks.$$what small panx && \
		$(BIN)/python -m benchmarks.$$what small 128 --implementations official ours || exit 1; \
	done'
	$(BIN)/python -m benchmarks.tables
	$(BIN)/python -m benchmarks.plot

study: $(STAMP)  ## make docs/results.md and the tables of studies/masakhaner again from their records
	$(BIN)/python -m studies.masakhaner.render
	@echo "Made again: docs/results.md, README's results, and the tables, evidence and figures in studies/masakhaner."

docs: $(STAMP)   ## write docs/configuration.md from the schema, and the picture of the rules in docs/workflow.md
	$(BIN)/python -m docs.configuration
	$(BIN)/python -m docs.workflow

lock: $(DEV_STAMP) ## write the pins of envs/ from what is installed
	$(BIN)/python envs/lock.py

report: $(STAMP) ## the demo's report.html, of what is there so far
	$(BIN)/metaxl pages results/demo
	$(REPORT)

dag: $(STAMP)    ## the rules of the workflow as a Mermaid graph
	@$(BIN)/snakemake --quiet all --rulegraph mermaid-js -- all

unlock: $(STAMP) ## remove the lock of a killed run, if nothing of it lives
	$(BIN)/metaxl unlock

clean:           ## remove the demo's results, keep the environment
	rm -rf results/demo

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing; on Debian: apt install python3-venv"; exit 1; }

$(STAMP): $(VENV)/bin/python envs/requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet $(TORCH_OPTIONS) $(TORCH)
	$(BIN)/python -m pip install --quiet --requirement envs/requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

$(DEV_STAMP): $(STAMP) envs/dev.lock
	$(BIN)/python -m pip install --quiet --requirement envs/dev.lock
	@touch $@
