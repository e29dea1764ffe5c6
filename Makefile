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
demo: install-tools web ## Start a laboratory on loopback: two clusters under three lictord, until Ctrl-C
	cargo build --release --locked -p lictor-control-plane -p lictor-cli -p lictor-lab
	@exec target/release/lab demo

.PHONY: test
test: ## Install what is missing and run every check
	@$(call stage,install-tools)
	@$(call stage,web)
	@$(call stage,lint)
	@$(call stage,test-unit)
	@$(call stage,test-sim)
	@$(call stage,test-fuzz)
	@$(call stage,test-integration)
	@$(call stage,test-web)
	@$(call stage,test-chaos)

.PHONY: install-tools
install-tools: ## Install the servers and tools that this machine lacks
	@tests/lab/install.sh

# The web UI. lictord embeds web/dist when it is built; without it lictord says
# that the UI is absent, so that cargo alone needs no Node.js.
NPM := PATH="$$PWD/.lab/node/path:$$PATH" npm --prefix web
WEB_SOURCES := $(shell find web/src web/public web/*.html web/*.json web/*.ts -type f)

.PHONY: web
web: web/dist/index.html ## Build the web UI that lictord embeds, if its sources changed

web/dist/index.html: web/node_modules/.installed $(WEB_SOURCES)
	$(NPM) run --silent build
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json
	$(NPM) ci --no-audit --no-fund
	@touch $@

# What the UI knows of the API is made of what lictord says of it. A unit test
# compares the document, `make lint` the types.
.PHONY: openapi
openapi: web/node_modules/.installed ## Write the OpenAPI document and the web UI's types anew
	cargo build --locked -p lictor-control-plane
	target/debug/lictord openapi > web/src/api/openapi.json
	$(NPM) run --silent types

.PHONY: build
build: web ## Build everything, optimised
	cargo build --release --locked --workspace

.PHONY: lint
lint: cargo-deny web/node_modules/.installed ## Check the format, the lints, the dependencies' licences and sources
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy -p lictor-control-plane --all-features --locked -- -D warnings
	PATH="$$PWD/.lab/tools/bin:$$PATH" cargo deny --locked check bans licenses sources
	@if PATH="$$PWD/.lab/tools/bin:$$PATH" timeout 60 cargo deny fetch db >/dev/null 2>&1; then \
		$(MAKE) advisories; else \
		echo "advisories: NOT CHECKED, the RustSec database cannot be reached from here"; fi
	$(NPM) run --silent lint

.PHONY: advisories
advisories: cargo-deny ## Check the dependencies for known weaknesses (fetches the RustSec database)
	PATH="$$PWD/.lab/tools/bin:$$PATH" cargo deny --locked check advisories

.PHONY: cargo-deny
cargo-deny:
	@PATH="$$PWD/.lab/tools/bin:$$PATH"; command -v cargo-deny >/dev/null || { \
		echo "Building cargo-deny beside the project, once; this takes minutes."; \
		cargo install cargo-deny --locked --quiet --root .lab/tools; }

# What needs no server. A fuzz target is no test: it would never end.
.PHONY: test-unit
test-unit: web
	cargo test --workspace --locked --exclude lictor-fuzz --lib --bins
	cargo test --workspace --locked --doc
	$(NPM) test --silent
	$(NPM) run --silent size

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

# The browser is Debian's, or CHROMIUM. `lictord` carries the page as it was built.
.PHONY: browser-tools
browser-tools: web
	@tests/lab/install.sh browser
	cargo build --locked $(FAILPOINTS) -p lictor-control-plane -p lictor-cli -p lictor-lab

.PHONY: test-web
test-web: browser-tools
	$(NPM) run --silent e2e

.PHONY: screenshots
screenshots: install-tools browser-tools ## Take the README's pictures of the web UI anew
	$(NPM) run --silent screenshots

# What reads other people's bytes, fuzzed with coverage. The flags
# are those that libFuzzer needs; they are part of stable Rust.
FUZZ_SECONDS ?= 600
FUZZ_FLAGS := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares

.PHONY: fuzz
fuzz: ## Fuzz each target for FUZZ_SECONDS (600); what breaks one is kept under .lab/fuzz
	RUSTFLAGS="$(FUZZ_FLAGS)" cargo build --profile fuzz --locked -p lictor-fuzz \
		--target $$(rustc --print host-tuple) --target-dir target/fuzz
	@for target in gtid digest shards document; do \
		mkdir -p .lab/fuzz/$$target; printf 'fuzz %s: ' $$target; \
		target/fuzz/*/fuzz/fuzz-$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
			-verbosity=0 -print_final_stats=1 -artifact_prefix=.lab/fuzz/$$target- \
			.lab/fuzz/$$target tests/fuzz/seeds/$$target 2>.lab/fuzz/$$target.log \
			|| { tail -n 30 .lab/fuzz/$$target.log; exit 1; }; \
		awk '/number_of_executed_units/ { print $$2 " inputs, nothing broke" }' .lab/fuzz/$$target.log; \
	done

.PHONY: test-fuzz
test-fuzz:
	@$(MAKE) fuzz FUZZ_SECONDS=10

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

.PHONY: bench-takeover
bench-takeover: install-tools ## Measure how long a killed leader is missed, alone and together with a primary
	cargo build --release --locked -p lictor-control-plane -p lictor-cli -p lictor-bench
	@exec target/release/bench-takeover

.PHONY: bench-push
bench-push: install-tools ## Measure how long a change takes to every subscriber, beside Consul's blocking queries
	cargo build --release --locked -p lictor-control-plane -p lictor-cli -p lictor-bench
	@exec target/release/bench-push

.PHONY: bench-route
bench-route: ## Measure what it costs a client to find the shard of a key, and the hostgroup of a statement
	cargo build --release --locked -p lictor-bench --bin bench-route
	@exec target/release/bench-route

.PHONY: bench-web
bench-web: install-tools web ## Measure the fleet page with 500 clusters in a browser
	@tests/lab/install.sh browser
	$(NPM) run --silent measure

.PHONY: clean-lab
clean-lab: ## Remove what the laboratory keeps beside the project
	rm -rf .lab
