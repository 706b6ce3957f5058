# Usher: every command of the project by one name. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help setup build install demo test fmt lint deny advisories bench soak fuzz

# One set of features for everything, so that nothing is built twice.
WORKSPACE := --workspace --locked --features usher-scan/camera
TARGET := $(or $(CARGO_TARGET_DIR),target)
SEEDS ?= 10000
FUZZ_SECONDS ?= 600
# The crates that have benchmarks.
BENCHED := $(patsubst %/Cargo.toml,%,$(shell grep -l '^\[\[bench\]\]' */Cargo.toml))

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing on Debian or Ubuntu
	@.ci/setup test

build: ## build the four programs for development
	@.ci/setup demo
	cargo build $(WORKSPACE)

install: ## install the four programs, with the camera, into cargo's bin folder
	@.ci/setup demo
	cargo install --locked --path keys
	cargo install --locked --path cloud
	cargo install --locked --path gate-agent
	cargo install --locked --path scanner-cli --features camera

demo: ## show the whole path on this machine; ONCE=1 ends after one round
	@.ci/setup demo
	cargo build $(WORKSPACE)
	$(TARGET)/debug/usher-demo $(if $(ONCE),--once)

test: ## run every check, as CI does
	@.ci/setup test
	@.ci/check

fmt: ## format the code
	cargo fmt --all

lint: ## formatting and clippy only
	cargo fmt --all --check
	cargo clippy $(WORKSPACE) --all-targets -- -D warnings

deny: ## check bans, licences and sources of every dependency
	cargo deny --offline check bans licenses sources

advisories: ## ask the advisory database about every dependency (needs the network)
	cargo deny check advisories

bench: ## measure what has benchmarks, in a release build
	@test -n "$(BENCHED)" || { echo "bench: no crate has benchmarks" >&2; exit 1; }
	@echo "bench: a release build (5 to 15 minutes), then about a minute for each of: $(BENCHED)"
	@for crate in $(BENCHED); do cargo bench --locked --manifest-path $$crate/Cargo.toml || exit 1; done

soak: ## simulate SEEDS=10000 networks that fail in every way, after a release build
	@echo "soak: a release build (5 to 15 minutes), then $(SEEDS) seeds"
	cargo run --release --locked -p usher-tests --bin usher-sim -- --seeds $(SEEDS)

fuzz: ## throw a fuzzer's bytes at every door, FUZZ_SECONDS=600 each; installs cargo-fuzz
	@.ci/fuzz $(FUZZ_SECONDS)
