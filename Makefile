# What CI runs is `make test`. `make help` lists the rest.

SHELL := /bin/bash
FUZZTIME ?= 60s
export FUZZTIME
QUICK ?=
ARGS ?=

# The race detector needs a C compiler; without one, outside of CI, the tests run
# without it.
RACE := $(shell command -v gcc >/dev/null || command -v clang >/dev/null || [ -n "$$CI" ] && echo -race)

.DEFAULT_GOAL := help
.PHONY: help test bring lint fmt unit conformance fuzz sabotage bench screenshots cover

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

test: ## everything that CI runs: bring and lint, at once, then all tests
	@scripts/bring.sh compiler
	@$(MAKE) --no-print-directory -s -j2 bring lint
	@$(MAKE) --no-print-directory -s unit

unit: ## all tests, with shared throwaway servers
	@scripts/withservers.sh scripts/unit.sh $(RACE)

bring: ## install what the tests need (root on Debian 12), or say what is missing
	@scripts/bring.sh

lint: ## gofumpt, go build, go vet, staticcheck, here and in the modules inside
	@scripts/lint.sh

fmt: ## format the code
	@scripts/lint.sh --write

conformance: export COATCHECK_DIFF_CASES ?= 100000
conformance: export COATCHECK_WALK_STEPS ?= 1000
conformance: export COATCHECK_ENDING_STEPS ?= 100000
conformance: export COATCHECK_SETTINGS_PAIRS ?= all
conformance: export COATCHECK_DIFF_SEED ?= $(shell date +%s)
conformance: ## the live Djangos only, telling each: 100,000 made-up cases of each kind, 1,000 steps of each walk, 100,000 of the endings
	@scripts/withservers.sh go -C conformance test -count=1 -v -timeout 90m .

fuzz: ## each fuzz target for FUZZTIME=60s
	@scripts/fuzz.sh

sabotage: ## break the code by each patch of sabotage/, or those like PATTERN: the tests must notice
	@scripts/withservers.sh scripts/sabotage.sh '$(PATTERN)'

bench: ## what requests cost, beside yardsticks, into docs/performance.md; QUICK=1 prints it in two minutes, ARGS='-only Flood' a part
	@mkdir -p .cache/bench
	@go -C bench build -o ../.cache/bench/bench .
	@go -C bench/peers build -o ../../.cache/bench/peers .
	@scripts/withservers.sh .cache/bench/bench -peers .cache/bench/peers -top . $(if $(QUICK),-quick) \
		$(if $(QUICK)$(ARGS),,-results bench/results.md -plots docs/performance -page docs/performance.md) $(ARGS)

screenshots: ## a picture of every page and email into .cache/screenshots, all on one page: index.html
	@rm -rf .cache/screenshots && mkdir -p .cache/screenshots
	@COATCHECK_SCREENSHOTS=$(CURDIR)/.cache/screenshots go -C conformance test -count=1 -run "TestBrowser|TestShowPassword|TestInspector" ./browser
	@echo $(CURDIR)/.cache/screenshots/index.html

cover: ## the coverage of all tests, into .cache/cover.html
	@rm -rf .cache/cover && mkdir -p .cache/cover
	@scripts/withservers.sh bash -c 'all=$$(go list ./... | paste -sd,) && for module in . conformance; do \
		go -C $$module test -timeout 25m -coverpkg=$$all ./... -args -test.gocoverdir=$(CURDIR)/.cache/cover || exit; done'
	@go tool covdata textfmt -i=.cache/cover -o .cache/cover.out
	@go tool cover -html=.cache/cover.out -o .cache/cover.html
	@go tool cover -func=.cache/cover.out | tail -n 1
