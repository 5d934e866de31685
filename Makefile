# One-line commands; anything with an `if` lives in xtask.
XTASK := cargo run --quiet --package xtask --

.PHONY: help demo test dev web fmt lint generate bench soak fuzz docs clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk 'BEGIN {FS = ":.*## "} {printf "  make %-9s %s\n", $$1, $$2}'

demo: ## Set up what is missing, build, and run everything with a simulated carrier and visitors
	@$(XTASK) demo

test: ## Set up what is missing and run all tests
	@$(XTASK) test

dev: ## Run the server and the dashboard with reload
	@$(XTASK) dev

web: ## Build the snippet and the dashboard
	@$(XTASK) web

fmt: ## Format everything
	cargo fmt --all

lint: ## Check format, lints and types
	@$(XTASK) lint

generate: ## Make the OpenAPI file and the typed client from the code
	@$(XTASK) generate

bench: ## Run every benchmark beside its peer
	@$(XTASK) bench

soak: ## Run the long tests, and fuzz
	@$(XTASK) soak

fuzz: ## Fuzz each parser of what comes from outside for a minute
	@$(XTASK) fuzz

docs: ## Build the Rust documentation
	cargo doc --workspace --no-deps

clean: ## Remove what was built
	cargo clean
