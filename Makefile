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
check: setup types lint unit verify ## types, lint, unit tests, generated files: about a minute

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
generate: setup ## write config/crd and docs/reference.md from src/crds, what the chart has copies of, and dist/install.yaml from config/default
	@node hack/generate-crds.ts
	@node hack/copy-dashboard.ts
	@node hack/generate-install.ts

.PHONY: recordings
recordings: setup ## record what real routers say into packages/bgp-parser/recordings (as root); ARGS="frr-external"
	@node hack/bgp-recorder/record.ts $(ARGS)

.PHONY: exchanges
exchanges: setup ## record what the speaker and real routers say to each other into test/conformance (as root); ARGS="frr changes"
	@node test/conformance/record.ts $(ARGS)

.PHONY: verify
verify: setup ## fail when generated files differ from a fresh generation
	@node hack/generate-crds.ts --check
	@node hack/copy-dashboard.ts --check
	@node hack/generate-install.ts --check

.PHONY: servers
servers: setup ## find, fetch or build the test servers (kube-apiserver, etcd, ...)
	@node hack/kubernetes/fetch.ts >/dev/null

.PHONY: test-lab
test-lab: bundle ## the tests that need real servers and network namespaces; ARGS as above
	@$(JEST) --config test/lab/jest.config.json $(ARGS)

SIMULATION := $(JEST) --config test/simulation/jest.config.json

.PHONY: simulation
simulation: setup ## many speakers, and routers, on virtual networks that break in every way: some seeds, two minutes at most
	@$(SIMULATION) $(ARGS)

# A seed that found something is given by hand: FIRST_SEED=7 SEEDS=1.
.PHONY: simulate
simulate: setup ## the same for hours: SEEDS=200 FIRST_SEED=1
	@LONG_RUN=true SEEDS=$${SEEDS:-200} $(SIMULATION) $(ARGS)

# For each target: enough to see that nothing is plainly broken. Whoever changes the codec gives it minutes.
FUZZ_SECONDS ?= 2

.PHONY: fuzz
fuzz: setup ## look for octets that break the BGP codec; FUZZ_SECONDS=600 for each target, ARGS="update open"
	@node hack/fuzz/fuzz.ts --seconds $(FUZZ_SECONDS) $(ARGS)

.PHONY: test
test: check fuzz simulation test-lab ## everything

.PHONY: lab
lab: bundle ## a running cluster to play with, until Ctrl-C
	@exec node hack/lab.ts

.PHONY: demo
demo: bundle ## the whole story in a minute, unattended
	@exec node hack/demo.ts

.PHONY: bench
bench: servers bundle ## measure against references; JSON lines in bench/results
	@node bench/run.ts $(ARGS)

.PHONY: package
package: setup ## what npm would publish of packages/bgp-parser, in build
	@node hack/package-bgp-parser.ts

.PHONY: bundle
bundle: addon ## what the image holds beside Node, in build/bundle
	@node hack/bundle.ts

.PHONY: image
image: ## the image for both processes with buildah, for each of PLATFORMS; prints its size and contents
	@hack/image.sh

.PHONY: image-trial
image-trial: ## the same where no container registry can be reached, on bases made of Debian's packages, and a trial of what comes out (as root)
	@hack/image-trial.sh

.PHONY: clean
clean: ## remove what was built
	@rm -rf build node_modules
