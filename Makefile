# The two commands that matter are `make demo` and `make test`; neither needs anything done before it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

# A plain pip on Linux takes torch with gigabytes of CUDA. So, unless pip was told where to look, torch comes from
# PyTorch's CPU index: the one outside host beside the package registry. `make TORCH_INDEX= ...` turns that off.
TORCH_SOURCE :=
ifeq ($(shell uname -s),Linux)
ifeq ($(strip $(PIP_FIND_LINKS)$(PIP_INDEX_URL)),)
ifneq ($(strip $(TORCH_INDEX)),)
TORCH_SOURCE := --index-url $(TORCH_INDEX)
endif
endif
endif

FAULTS ?= 200
SEED ?= 1
BROKER ?= kafka
TARGET ?= decoder
TIME ?= 300
MINUTES ?= 30

# Of tests/deploy those that need a broker; and what runs beside the other tests with brokers, so that both take as long.
BROKERED := tests/deploy/test_panels.py tests/deploy/test_acls.py
FAULTY := tests/kafka/test_faults.py tests/kafka/test_backtest.py tests/deploy/test_acls.py
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync)

.PHONY: help venv demo test lint types unit with-faults with-brokers bench faults soak drill deploy fuzz clean

help:  ## what there is to make
	@sed -n 's/^\([a-z]*\):.*  ## /\1	/p' $(MAKEFILE_LIST)

venv: $(VENV)/.done  ## .venv with everything, so that .venv/bin/tocsin works

$(VENV)/.done: pyproject.toml deploy/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tocsin needs Python 3.11 or newer: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
ifneq ($(TORCH_SOURCE),)
	@echo "torch: the CPU build from $(TORCH_INDEX); make TORCH_INDEX= takes it from where your pip looks"
	$(BIN)/pip install --quiet --disable-pip-version-check $(TORCH_SOURCE) "$$(grep '^torch==' deploy/constraints.txt)"
endif
	$(BIN)/pip install --quiet --disable-pip-version-check -c deploy/constraints.txt -e '.[embedded,dev]'
	@touch $@

demo: venv  ## install, start a broker and a worker, replay bundled articles, show the alerts
	$(BIN)/tocsin demo $(ARGS)

test: lint types unit  ## lint, types and all tests

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: venv
	$(BIN)/mypy -p streams -p models

# What needs no broker runs in two processes of one torch thread each, and so do faults beside the other tests with
# brokers, which mostly wait (the backtest only so that both take as long); what measures has the machine to itself.
unit: venv
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile -m "not timing" tests/unit tests/contract tests/fuzz tests/fortnight tests/browser tests/deploy $(BROKERED:%=--ignore=%)
	$(BIN)/pytest -m timing tests/unit
	$(MAKE) --no-print-directory -j 2 $(SYNC) with-faults with-brokers
	$(BIN)/pytest tests/bench

with-faults: venv
	$(BIN)/pytest -p no:cacheprovider --durations 5 $(FAULTY)

with-brokers: venv
	$(BIN)/pytest -p no:cacheprovider --durations 15 tests/kafka $(filter-out $(FAULTY),$(BROKERED)) $(FAULTY:%=--ignore=%)

bench: venv  ## throughput, latency, loop lag and memory, as ratios within one run
	$(BIN)/pytest -m bench -s tests/bench

faults: venv  ## FAULTS=200 SEED=1 BROKER=kafka|embedded: break it so often, and count what is lost
	$(BIN)/python -m tests.kafka.rounds --faults $(FAULTS) --seed $(SEED) --broker $(BROKER)

soak: venv  ## MINUTES=30: full load; memory, file descriptors and lag, and a plot (runs/soak.png)
	$(BIN)/python -m tests.kafka.soak --minutes $(MINUTES) --plot runs/soak.png

deploy: venv  ## every validator of what is deployed, as a table
	deploy/check

drill: venv  ## six troubles on purpose: does each raise its alert in time, and clear?
	$(BIN)/python -m tests.deploy.drill

fuzz: venv  ## TARGET=decoder|cleaner|splitter|places|policy TIME=300: damage its input, guided by coverage
	$(BIN)/pip install --quiet --disable-pip-version-check -c deploy/constraints.txt -e '.[fuzz]'
	$(BIN)/python -m tests.fuzz $(TARGET) $(TIME)

clean:  ## remove the venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .fuzz
