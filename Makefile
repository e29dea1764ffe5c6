# The project's commands. `make demo` and `make test` are all a person needs.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export LC_ALL := C.UTF-8

# stage NAME: runs `make NAME` and says how long it took.
stage = from=$$EPOCHREALTIME; printf '\n== %s\n' $(1); $(MAKE) $(1); \
	awk -v n=$(1) -v a=$$from -v b=$$EPOCHREALTIME 'BEGIN { printf "== %s: %.1f s\n", n, b - a }'

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: install-tools ## Start a laboratory on loopback: two clusters under lictord, until Ctrl-C
	cargo build --release --locked -p lictor-control-plane -p lictor-cli -p lictor-lab
	@exec target/release/lab demo

.PHONY: test
test: ## Install what is missing and run every check
	@$(call stage,install-tools)
	@$(call stage,lint)
	@$(call stage,test-unit)
	@$(call stage,test-sim)
	@$(call stage,test-integration)
	@$(call stage,test-chaos)

.PHONY: install-tools
install-tools: ## Install the servers and tools that this machine lacks
	@tests/lab/install.sh

.PHONY: build
build: ## Build everything, optimised
	cargo build --release --locked --workspace

.PHONY: lint
lint: cargo-deny ## Check the format, the lints, the dependencies' licences and sources
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy -p lictor-control-plane --all-features --locked -- -D warnings
	PATH="$$PWD/.lab/tools/bin:$$PATH" cargo deny --locked check bans licenses sources

.PHONY: cargo-deny
cargo-deny:
	@PATH="$$PWD/.lab/tools/bin:$$PATH"; command -v cargo-deny >/dev/null || { \
		echo "Building cargo-deny beside the project, once; this takes minutes."; \
		cargo install cargo-deny --locked --quiet --root .lab/tools; }

# What needs no server.
.PHONY: test-unit
test-unit:
	cargo test --workspace --locked --lib --bins
	cargo test --workspace --locked --doc

# The simulation runs in virtual time, many times over: optimised.
.PHONY: test-sim
test-sim:
	cargo test --release --locked -p lictor-sim --tests -- --nocapture

SEEDS ?= 100000

.PHONY: sim
sim: ## Run the simulation over SEEDS seeds (100,000); a failing seed tells its story, cut short
	cargo build --release --locked -p lictor-sim
	@exec target/release/sim --seeds $(SEEDS)

# Starts real servers, and runs `lictord`, `lictor` and `lictor-agent` as programs; this
# `lictord` can be told to end at an exact step. Each test starts several
# servers; two at once keep two cores busy.
FAILPOINTS := --features lictor-control-plane/failpoints

.PHONY: test-integration
test-integration:
	@tests/integration/python/install.sh
	cargo build --locked $(FAILPOINTS) -p lictor-control-plane -p lictor-cli -p lictor-agent
	cargo test --workspace --locked $(FAILPOINTS) --exclude lictor-sim --test '*' -- --test-threads 2

FAULTS ?= 100

# The control plane is built as for the end-to-end tests, not to be built twice.
.PHONY: chaos-tools
chaos-tools:
	cargo build --locked $(FAILPOINTS) -p lictor-control-plane -p lictor-cli -p lictor-chaos

.PHONY: chaos
chaos: install-tools chaos-tools ## Inject FAULTS random faults (100) under load; SEED=n repeats a run
	@exec target/debug/chaos --faults $(FAULTS) $(if $(SEED),--seed $(SEED))

.PHONY: test-chaos
test-chaos: chaos-tools
	@exec target/debug/chaos --faults 15 --seed 1

.PHONY: bench-failover
bench-failover: install-tools ## Measure a failover against its floor
	cargo build --release --locked -p lictor-control-plane -p lictor-cli -p lictor-bench
	@exec target/release/bench-failover

.PHONY: bench-switchover
bench-switchover: install-tools ## Measure a switchover under load against its floor
	cargo build --release --locked -p lictor-control-plane -p lictor-cli -p lictor-bench
	@exec target/release/bench-switchover

.PHONY: clean-lab
clean-lab: ## Remove what the laboratory keeps beside the project
	rm -rf .lab
