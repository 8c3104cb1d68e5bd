# Every command of the project. `make` alone prints this help.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3.11
HOST ?= 127.0.0.1
PORT ?= 8080
FUNCTION ?= predict
FER_BUCKET ?= file://$(CURDIR)/data/bucket
export FER_BUCKET
REGISTRY ?= $(if $(filter gs://%,$(FER_MODEL_URI)),1)
# By default glibc gives every thread its own heap and keeps it; two heaps are enough and save memory.
export MALLOC_ARENA_MAX ?= 2
# And it gives pictures' memory back to the system at once, only to ask for it again, page by page, for the next one.
export MALLOC_MMAP_THRESHOLD_ ?= 33554432
export MALLOC_TRIM_THRESHOLD_ ?= 67108864

BIN := .venv/bin
RUNTIME := functions/predict/requirements.txt functions/feedback/requirements.txt functions/export/requirements.txt \
    streaming/requirements.txt shared/requirements.txt

# Deployment to Google Cloud.
include infra/targets.mk

# What `make` shows, by purpose; `make help-all` shows every target.
HELP_run := setup run build emulate
HELP_check := lint fmt test test-web test-e2e test-artefact test-training test-infra fuzz fuzz-pictures bench
HELP_train := train evaluate export-model model dataset retrain demo-loop
HELP_deploy := deploy destroy
SHOW := awk -F ':.*\#\# ' '{printf "  make %-16s %s\n", $$1, $$2}'
DESCRIBED = { grep -hE '^$(1):.*\#\# ' $(MAKEFILE_LIST) || true; } | $(SHOW)

.PHONY: help help-all
help: # Print the targets that most people need
	@$(foreach group,run check train deploy,echo '$(group)'; $(foreach target,$(HELP_$(group)),$(call DESCRIBED,$(target));))

help-all: ## Print every target
	@$(call DESCRIBED,[a-z0-9-]+)

# Required arguments, checked before anything is installed.
NEEDED_train := DATA VOTES
NEEDED_compare := DATA VOTES
NEEDED_evaluate := DATA
NEEDED_bench-engines := DATA VOTES
NEEDED_evaluate-photos := DIR LABELS
NEEDED_export-model := MODEL DATA VOTES
NEEDED_model := MODEL
NEEDED_dataset := DIR OUT
NEEDED_retrain := CSV
NEEDED_demo-loop := BASE VOTES
NEEDED_poison := BASE VOTES
NEEDED_promote := VERSION
NEEDED_deploy := PROJECT REGION
NEEDED_destroy := PROJECT REGION
$(foreach goal,$(MAKECMDGOALS),$(foreach name,$(NEEDED_$(goal)),$(if $($(name)),,\
    $(error $(name)= is missing. Usage: $(shell $(call DESCRIBED,$(goal)))))))

# The package is installed editable: edits under shared/fer take effect at once.
.venv/.runtime: $(RUNTIME) pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check $(RUNTIME:%=-r %)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

.venv/.development: .venv/.runtime requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

# A fetch that brought nothing is tried again the next time; until then MTCNN serves.
REMEMBER_YUNET := if test -f models/detector/face_detection_yunet_2023mar.onnx; then touch models/detector/.fetched; fi

models/detector/.fetched: tools/models.py | .venv/.runtime
	-$(BIN)/python -m tools.models && $(REMEMBER_YUNET)

.PHONY: setup
setup: .venv/.development models/detector/.fetched ## Install everything for development into .venv

.PHONY: models
models: .venv/.runtime ## Fetch YuNet's file (FER_MODEL_MIRROR=directory to copy from)
	$(BIN)/python -m tools.models
	$(REMEMBER_YUNET)

NPM := $(shell command -v npm)
WEB_SOURCES := $(if $(wildcard web/package.json),$(shell find web -type f -not -path 'web/node_modules/*' \
    -not -path 'web/dist/*' -not -path 'web/test-results/*' -not -path 'web/e2e/*'))

web/node_modules/.installed: web/package-lock.json
	cd web && $(NPM) ci --no-audit --no-fund --fetch-retries=1
	touch $@

web/dist/.built: web/node_modules/.installed $(WEB_SOURCES) docs/openapi.yaml
	cd web && $(NPM) run build
	touch $@

.PHONY: web
web: $(if $(NPM),web/dist/.built) ## Build the web app into web/dist if its sources changed (needs Node.js)
	@test -n '$(NPM)' || { echo 'building the web app needs Node.js'; exit 1; }

.PHONY: run
run: .venv/.runtime models/detector/.fetched ## Start everything on http://127.0.0.1:8080 (PORT=, HOST=)
	@$(if $(and $(NPM),$(wildcard web/package.json)),$(MAKE) --no-print-directory web || echo 'continuing without a new build of the web app')
	@HOST=$(HOST) PORT=$(PORT) $(BIN)/python -m local.server

.PHONY: build
build: .venv/.runtime models/detector/.fetched ## Assemble build/<function>/ and build/streaming/, ready to deploy (REGISTRY=1)
	$(BIN)/python -m tools.build $(if $(REGISTRY),--registry)

.PHONY: emulate
emulate: build ## Run one built function as the cloud does (FUNCTION=predict|feedback|export, PORT=)
	cd build/$(FUNCTION) && ../../$(BIN)/python -m functions_framework --target $(FUNCTION) --host $(HOST) --port $(PORT)

.PHONY: test
test: setup lint ## Run every check that needs no network
	$(BIN)/python -m pytest

.PHONY: test-web
test-web: web/node_modules/.installed ## Check the web app: style, types, unit tests, build, size of the first load
	cd web && $(NPM) run --silent check && $(NPM) test --silent
	@$(MAKE) --no-print-directory web

.PHONY: test-e2e
test-e2e: .venv/.runtime models/detector/.fetched web ## Test the web app in headless Chromium, and in Firefox if there is one (CHROMIUM=path, FIREFOX=path)
	cd web && $(NPM) run --silent test:e2e

.PHONY: test-artefact
test-artefact: setup build ## Run the contract tests against each built part in its own environment
	$(BIN)/python -m tools.test_artefact

.PHONY: test-package
test-package: .venv/.runtime ## Install the package into an empty environment and use it away from the checkout
	$(BIN)/python -m tools.test_package

.PHONY: lint
lint: .venv/.development ## Check style, types and import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright

.PHONY: fmt
fmt: .venv/.development ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: fuzz
fuzz: setup ## Send 2,000 generated requests to its own server (schemathesis)
	$(BIN)/python -m tools.fuzz

.PHONY: fuzz-pictures
fuzz-pictures: setup ## Decode 24,000 damaged pictures under two memory fills (minutes)
	$(BIN)/python -m tools.fuzz_pictures

.PHONY: bench
bench: setup build ## Measure cold start, latency, throughput and merge cost (PEER=url of another server, BASE=another commit)
	$(BIN)/python -m bench.run

SECONDS ?= 60
.PHONY: bench-stream
bench-stream: setup ## Measure live video: frame rate, latency, fairness, floods, flicker (SECONDS=60)
	$(BIN)/python -m bench.stream --seconds $(SECONDS)

ENGINES := .venv-bench-engines/bin
.venv-bench-engines/.installed: training/requirements.txt bench/engines/requirements.txt pyproject.toml
	test -x $(ENGINES)/python || $(PYTHON) -m venv .venv-bench-engines
	$(ENGINES)/pip install --quiet --disable-pip-version-check -r training/requirements.txt -r bench/engines/requirements.txt
	$(ENGINES)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

.PHONY: bench-engines
bench-engines: .venv-bench-engines/.installed ## Compare the classifier in LiteRT and in ONNX Runtime, from one Keras file (DATA= VOTES= MODEL=)
	$(ENGINES)/python -m bench.engines.compare --data $(DATA) --votes $(VOTES) $(if $(MODEL),--model $(MODEL)) \
		--json bench/engines_results.json

.venv-training/.installed: training/requirements.txt pyproject.toml
	test -x .venv-training/bin/python || $(PYTHON) -m venv .venv-training
	.venv-training/bin/pip install --quiet --disable-pip-version-check -r training/requirements.txt
	.venv-training/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

TRAINING := .venv-training/bin/python -m
CONFIG ?= training/experiments/residual.toml
WORKDIR ?= runs/residual
USAGE ?= PublicTest
OUT ?= runs/report.json

.PHONY: setup-training
setup-training: .venv-training/.installed ## Install TensorFlow, Keras and the rest of training into .venv-training

.PHONY: train
train: setup-training ## Train, or resume a run (DATA=fer2013.csv VOTES=fer2013new.csv EXTRA="mine.csv:4" CONFIG= WORKDIR=)
	$(TRAINING) training.nets.train --config $(CONFIG) --data $(DATA) --votes $(VOTES) --workdir $(WORKDIR) $(if $(EXTRA),--extra $(EXTRA))

.PHONY: export-model
export-model: setup-training ## Convert a trained model and write its card (MODEL=averaged.keras DATA= VOTES= CONFIG= or BALANCED=yes)
	$(TRAINING) training.conversion.export_model --model $(MODEL) --data $(DATA) --votes $(VOTES) $(if $(CONFIG),--config $(CONFIG)) $(if $(filter yes,$(BALANCED)),--balanced)

.PHONY: evaluate
evaluate: setup-training ## Measure the served model (DATA=fer2013.csv VOTES=fer2013new.csv USAGE= PRIOR=ferplus OUT=report.json)
	$(TRAINING) training.evaluation.evaluate --data $(DATA) $(if $(VOTES),--votes $(VOTES)) --usage $(USAGE) $(if $(PRIOR),--prior $(PRIOR)) --out $(OUT)

.PHONY: evaluate-photos
evaluate-photos: setup-training models/detector/.fetched ## Measure the whole chain on photos (DIR= LABELS=labels.csv ROLL=0,30 DETECTOR= PART=report)
	$(TRAINING) training.evaluation.evaluate_photos --dir $(DIR) --labels $(LABELS) $(if $(ROLL),--roll $(ROLL)) $(if $(DETECTOR),--detector $(DETECTOR)) $(if $(PART),--part $(PART))

.PHONY: compare
compare: setup-training ## Compare the architectures; writes docs/architectures.md (DATA= VOTES= MINUTES=)
	$(TRAINING) training.compare --data $(DATA) --votes $(VOTES) $(if $(MINUTES),--minutes $(MINUTES))

.PHONY: model
model: setup-training ## Serve a Keras classifier of your own (MODEL=path.keras LABELS=angry,disgust,… or classes.txt CHECK=faces.csv or SCALE= OFFSET=)
	$(TRAINING) training.conversion.convert --model $(MODEL) $(if $(LABELS),--labels $(LABELS)) \
		$(if $(CHECK),--check $(CHECK)) $(if $(SCALE),--scale $(SCALE)) $(if $(OFFSET),--offset=$(OFFSET))

.PHONY: dataset
dataset: .venv/.runtime models/detector/.fetched ## Turn folders of labelled pictures into a CSV to train on (DIR= OUT=file.csv AS_IS=yes NUMBERS=rafdb TABLE=)
	$(BIN)/fer dataset $(DIR) --out $(OUT) $(if $(filter yes,$(AS_IS)),--as-is) $(if $(NUMBERS),--numbers $(NUMBERS)) $(if $(TABLE),--table $(TABLE))

.PHONY: retrain
retrain: setup-training .venv/.runtime models/detector/.fetched ## Turn corrections into a better model, behind a gate (CSV= BASE= VOTES= EXTRA= BUCKET= ACCEPT= PROMOTE=no FORCE=yes START=version)
	$(TRAINING) training.retraining.retrain --csv $(CSV) --bucket $(or $(BUCKET),$(FER_BUCKET)) $(if $(START),--start $(START)) $(if $(BASE),--base $(BASE)) $(if $(VOTES),--votes $(VOTES)) \
		$(if $(EXTRA),--extra $(EXTRA)) $(if $(ACCEPT),--accept $(ACCEPT)) $(if $(SEED),--seed $(SEED)) $(if $(filter no,$(PROMOTE)),--no-promote) $(if $(FORCE),--force)

.PHONY: demo-loop
demo-loop: setup-training .venv/.runtime models/detector/.fetched ## Show the loop from corrections to a served model, and a refused batch (BASE=fer2013.csv VOTES=fer2013new.csv)
	$(TRAINING) training.demo.loop --base $(BASE) --votes $(VOTES) $(if $(CORRECTIONS),--corrections $(CORRECTIONS)) $(if $(SEED),--seed $(SEED))

.PHONY: poison
poison: setup-training .venv/.runtime models/detector/.fetched ## Try ten kinds of bad batches against the gate of retraining (BASE=fer2013.csv VOTES=fer2013new.csv KINDS=random,…)
	$(TRAINING) training.demo.poison --base $(BASE) --votes $(VOTES) $(if $(KINDS),--kinds $(KINDS))

.PHONY: lint-training
lint-training: setup-training .venv/.development ## Check the types of training/, whose libraries are in its own environment
	$(BIN)/pyright -p training

.PHONY: test-training
test-training: lint-training .venv/.runtime models/detector/.fetched ## Check training's types and run its tests, which need TensorFlow
	$(TRAINING) pytest tests/training

BUCKET ?= $(FER_BUCKET)
MODEL_DIR ?= models/expression
BUCKET_MODELS := $(BIN)/fer models --bucket $(BUCKET)

.PHONY: publish
publish: .venv/.runtime ## Put a model's files into the bucket (MODEL_DIR=models/expression BUCKET=)
	@$(BUCKET_MODELS) publish $(MODEL_DIR)

.PHONY: promote
promote: .venv/.runtime ## Make a published model the champion (VERSION= EXPECTED=current-champion BUCKET=)
	@$(BUCKET_MODELS) promote $(VERSION) $(if $(EXPECTED),--expected $(EXPECTED))

.PHONY: rollback
rollback: .venv/.runtime ## Make the champion's predecessor the champion again (BUCKET=)
	@$(BUCKET_MODELS) rollback

.PHONY: models-withdrawn
models-withdrawn: .venv/.runtime ## List models trained with corrections that have since been withdrawn (BUCKET=)
	@$(BUCKET_MODELS) withdrawn

.PHONY: models-list
models-list: .venv/.runtime ## List the published models and the champion (BUCKET=)
	@$(BUCKET_MODELS) list

.PHONY: test-container
test-container: .venv/.development models/detector/.fetched ## Run the Dockerfile's steps outside a container and try out the result
	$(BIN)/python -m tools.test_container

.venv-proxy/.installed: tools/proxy_requirements.txt
	test -x .venv-proxy/bin/python || $(PYTHON) -m venv .venv-proxy
	.venv-proxy/bin/pip install --quiet --disable-pip-version-check -r tools/proxy_requirements.txt
	touch $@

.PHONY: test-proxy
test-proxy: .venv/.runtime models/detector/.fetched .venv-proxy/.installed ## Try out the Caddyfile of compose.yaml: the real Caddy before the real server
	$(BIN)/python -m tools.test_proxy

.venv-lock/.installed: tools/lock_requirements.txt
	test -x .venv-lock/bin/python || $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --disable-pip-version-check -r tools/lock_requirements.txt
	touch $@

.PHONY: lock
lock: .venv-lock/.installed ## Pin requirements.in in requirements.txt; pins that still fit are kept (UPGRADE="package …" or all)
	@for source in $(wildcard */requirements*.in functions/*/requirements*.in); do echo $$source; .venv-lock/bin/uv pip compile \
		--quiet --no-annotate --python-version 3.11 --python-platform linux --custom-compile-command 'make lock' \
		$(if $(filter all,$(UPGRADE)),--upgrade,$(UPGRADE:%=--upgrade-package %)) $$source -o $${source%.in}.txt; done

.PHONY: clean
clean: ## Remove build/; environments, models and data stay
	rm -rf build
