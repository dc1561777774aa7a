# Everything a contributor does, as verbs: `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The Node that npm installed goes first: the machine's own only runs npm.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
JEST := node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js

.PHONY: help
help: ## this list
	@sed -n -E 's/^([a-z][a-z-]*):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: setup
setup: node_modules/.package-lock.json addon ## install what the programs need, compile the addon
	@node hack/check-node.js

node_modules/.package-lock.json: package.json package-lock.json .npmrc
	@command -v npm >/dev/null || { echo 'npm is missing: install Node.js 20 or later with npm' >&2; exit 1; }
	@echo 'installing packages (up to a minute)'
	@npm ci --no-progress
	@touch $@

.PHONY: addon
addon: node_modules/.package-lock.json
include src/speaker/net/native/addon.mk

.PHONY: check
check: setup types lint unit verify ## types, lint, unit tests, generated files: under 30 s

.PHONY: types
types: setup
	@tsc -p .

.PHONY: lint
lint: setup ## house rules that Biome can say
	@biome check --error-on-warnings .

.PHONY: unit
unit: setup ## unit tests alone; ARGS="path or -t name"
	@$(JEST) $(ARGS)

.PHONY: generate
generate: setup ## write config/crd from src/crds
	@node hack/generate-crds.ts

.PHONY: verify
verify: setup ## fail when generated files differ from a fresh generation
	@node hack/generate-crds.ts --check

.PHONY: servers
servers: setup ## find, fetch or build the test servers (kube-apiserver, etcd, ...)
	@node hack/kubernetes/fetch.ts >/dev/null

.PHONY: test-lab
test-lab: setup ## the tests that need real servers and network namespaces; ARGS as above
	@$(JEST) --config test/lab/jest.config.json $(ARGS)

.PHONY: test
test: check test-lab ## everything

.PHONY: lab
lab: setup ## a running cluster to play with, until Ctrl-C
	@exec node hack/lab.ts

.PHONY: demo
demo: setup ## the whole story in a minute, unattended
	@exec node hack/demo.ts

.PHONY: bench
bench: servers ## measure against references; JSON lines in bench/results
	@node bench/run.ts $(ARGS)

.PHONY: clean
clean: ## remove what was built
	@rm -rf build node_modules
