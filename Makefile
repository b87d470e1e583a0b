# `make run` and `make test` are all one needs; both install what is missing first.

CARGO_BUILD := cargo build --release --locked
OPENTRACKS := target/release/opentracks

# Seconds that `make fuzz` gives each target.
FUZZ_SECONDS ?= 60
# How many pairs of tracks `make prove` compares, and how many cases each property gets.
PROVE_PAIRS ?= 10000
PROVE_CASES ?= 20000

# How many made-up activities `make bench-explore` asks about, one number after the other.
EXPLORE_ROWS ?= 10000 1000000

.PHONY: run test lint bench bench-explore fuzz prove mutate

# Serves on http://127.0.0.1:8080 with demo data. Ctrl-C stops everything.
run:
	@scripts/install run
	@$(CARGO_BUILD)
	@$(OPENTRACKS) demo
	@exec $(OPENTRACKS) serve

# A test that hangs is ended; to build them takes as long as it takes.
test: lint
	cargo test --locked --no-run
	timeout 60m cargo test --locked

lint:
	@scripts/install test
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items
	cargo machete
	cargo deny --log-level error check licenses bans sources

# Figures for the README: ratios to named alternatives, run beside each other on this machine.
bench:
	@scripts/install bench
	@$(CARGO_BUILD)
	cargo bench --locked --bench track --bench http --bench pictures

# How exploring fares at size. The data stay in target/explore: a million take 6 GB and a quarter of an hour, 10
# million (what nearby reads of them) as much.
bench-explore:
	@scripts/install bench
	@$(CARGO_BUILD)
	EXPLORE_ROWS="$(EXPLORE_ROWS)" cargo bench --locked --bench explore

# Looks for inputs that break the readers, the cutter, the codec or the writers.
fuzz:
	@scripts/install fuzz
	@scripts/fuzz $(FUZZ_SECONDS)

# What `make test` tries some hundred times, tried some ten thousand times, each day with other inputs.
prove:
	@scripts/install test
	OPENTRACKS_LEAVERS=50 OPENTRACKS_WORKS=20 cargo test --release --locked --test api -- leaving
	OPENTRACKS_PAIRS=$(PROVE_PAIRS) cargo test --release --locked --test api -- matrix interference races null leaks canaries wall
	PROPTEST_RNG_SEED=$$(date +%Y%m%d) PROPTEST_CASES=$(PROVE_CASES) cargo test --release --locked --lib
	cargo test --release --locked --test attack

# Takes out each check that keeps something private, one at a time, and sees that a test notices.
mutate:
	@scripts/install test
	@scripts/mutate
