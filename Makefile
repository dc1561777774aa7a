# Everything a contributor does, as verbs. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help setup check lint
help:
	@echo 'setup check lint generate verify test demo lab bench'

node_modules/.package-lock.json: package-lock.json package.json .npmrc
	npm ci --no-progress
	@touch $@

setup: node_modules/.package-lock.json

check: setup
	tsc -p .
	biome check .
	node --experimental-vm-modules node_modules/.bin/jest
