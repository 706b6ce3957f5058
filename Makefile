# Usher: every command of the project by one name. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help setup build install dist demo test fmt lint deny advisories bench load soak drill fuzz

# One set of features for everything, so that nothing is built twice.
WORKSPACE := --workspace --locked --features usher-scan/camera
# What the demo runs, and no more: CAMERA=1 adds the camera of usher-scan.
DEMO := --locked $(foreach name,cloud gate-agent scan keys-cli tests,-p usher-$(name)) \
	$(foreach name,cloud gate-agent scan keys demo psp,--bin usher-$(name)) $(if $(CAMERA),--features usher-scan/camera)
TARGET := $(or $(CARGO_TARGET_DIR),target)
SEEDS ?= 10000
FUZZ_SECONDS ?= 600
# The tests of real programs that go on for longer in `make soak`.
SOAKED := crash power corruption network clocks attack page_builds
LOAD_SECONDS ?= 60
BUYERS ?= 2000
SEATS ?= 50000
KILLS ?= 20
# The benchmarks of all crates, by name.
BENCHES := $(shell awk '/^\[\[bench\]\]/ { bench = 1 } bench && /^name/ { gsub(/"/, "", $$3); print $$3; bench = 0 }' */Cargo.toml */*/Cargo.toml)

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing on Debian or Ubuntu
	@.ci/setup test

build: ## build the four programs for development
	@.ci/setup build
	cargo build $(WORKSPACE)

install: ## install the four programs, with the camera, into cargo's bin folder
	@.ci/setup build
	cargo install --locked --path keys/cli
	cargo install --locked --path cloud
	cargo install --locked --path gate-agent
	cargo install --locked --path scanner-cli --features camera

dist: ## make packages for people who do not build: .deb, tarball, bill of materials, checksums, in target/packages
	@echo "dist: an optimized build (10 to 20 minutes), then a minute of packing"
	@.ci/setup dist
	deploy/dist $(TARGET)

demo: ## show the whole path on this machine; ONCE=1 ends after one round, CAMERA=1 builds the camera too
	@.ci/setup $(if $(CAMERA),build,demo)
	cargo build $(DEMO)
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
	@echo "bench: a release build (5 to 15 minutes), then one to four minutes for each of: $(BENCHES)"
	cargo build --release $(WORKSPACE)
	cargo bench $(WORKSPACE) $(addprefix --bench ,$(BENCHES))

load: ## sell, show and scan at a steady pace for LOAD_SECONDS=60, then let BUYERS=2000 come at once for SEATS=50000 on either engine, after a release build
	@echo "load: a release build (5 to 15 minutes), then about $(LOAD_SECONDS) s and a quarter of a minute, then a rush of one to ten minutes on SQLite and on PostgreSQL; its report is in $(TARGET)/rush"
	cargo build --release $(WORKSPACE)
	$(TARGET)/release/usher-load --seconds $(LOAD_SECONDS)
	ulimit -n $$(ulimit -H -n) && cargo bench $(WORKSPACE) --bench rush -- --buyers $(BUYERS) --seats $(SEATS) --report $(abspath $(TARGET))/rush

soak: ## simulate SEEDS=10000 networks and tills, then kill, cut, damage and starve real programs for long, after a release build
	@echo "soak: a release build (5 to 15 minutes), $(SEEDS) seeds (about half a second each), then about half an hour of $(SOAKED), each of which says its seed and length, fifty kills of the page at /gate (about six minutes), and an hour or more of small events in every state"
	cargo build --release $(WORKSPACE) --bins
	cargo run --release --locked -p usher-tests --bin usher-sim -- --shrink --seeds $(SEEDS)
	USHER_PAYMENT_SEEDS=$(SEEDS) cargo test --release $(WORKSPACE) --test payments -- --nocapture
	USHER_SOAK=1 cargo test --release $(WORKSPACE) $(patsubst %,--test %,$(SOAKED)) -- --nocapture --test-threads 2
	USHER_SOAK=1 cargo test --release $(WORKSPACE) --test pages whatever_moment_it_is_killed_at -- --nocapture
	cargo test --release --locked -p usher-protocol --test whole_scope -- --nocapture --test-threads 1

drill: ## kill the leader of three PostgreSQL under Patroni KILLS=20 times, then a cloud 200 times on either engine, while buyers buy
	@.ci/setup drill
	@echo "drill: a build (2 to 5 minutes), $(KILLS) kills of a leader (about 50 s each), cables pulled out (about 5 minutes), then 200 kills of a cloud on either engine (about 5 minutes)"
	cargo build $(WORKSPACE)
	USHER_ROUNDS=$(KILLS) cargo test $(WORKSPACE) --test drill -- --nocapture
	USHER_ROUNDS=200 cargo test $(WORKSPACE) --test crash -- cloud --nocapture

fuzz: ## throw a fuzzer's bytes at every door, FUZZ_SECONDS=600 each; installs cargo-fuzz
	@.ci/fuzz $(FUZZ_SECONDS)
