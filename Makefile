# Each target does all the set-up that it needs. GNU make; the work is done by scripts/.

ARGS ?=
PICTURES ?= ../shared/data/celeba

# CARGO_TARGET_DIR is honoured, as cargo does it.
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)

# Several jobs would only wait for each other inside cargo.
.NOTPARALLEL:
.PHONY: run test soak fuzz monitoring-test browser-test test-training exactness memcheck setup lint deny readme fmt \
	bench peers peers-detect cross-kernels cross-frame deb deb-test doc cross cross-test cross-exactness board-test clean help

run: setup ## Build face8x and run it; ARGS="--source /dev/video0" are its arguments
	@scripts/cargo.sh build --release
	@$(TARGET_DIR)/release/face8x run $(ARGS)

test: ## Check the format, lint and run every test; the last line sums up
	@scripts/test.sh

soak: ## Run the whole pipeline for 200,000 frames with faults; ARGS are for face8x-soak
	@scripts/soak.sh $(ARGS)

fuzz: ## Fuzz what reads bytes from outside; ARGS="TARGET SECONDS" chooses, TARGET may be all
	@scripts/setup.sh --tests
	@scripts/fuzz.sh $(or $(ARGS),all)

monitoring-test: ## Test the metrics against Prometheus and node_exporter
	@scripts/all.sh build --bin face8x
	@board/monitoring/test.sh

browser-test: ## Test the page of --sink http: in Chromium; ARGS="--screenshot FILE" writes what it shows
	@tests/browser/test.py $(ARGS)

test-training: setup ## Test the training, which builds burn (make test does it too)
	@scripts/training.sh

exactness: setup ## Compare every kernel with onnxruntime on the pictures in PICTURES, CelebA's folder
	@scripts/exactness.sh "$(PICTURES)"

memcheck: ## Run the integer kernels' tests under Valgrind
	@scripts/setup.sh --tests
	@scripts/memcheck.sh

setup: ## Install the system packages that building and running need
	@scripts/setup.sh

lint: ## Check the format and lint, warnings denied
	@scripts/setup.sh --tests
	@scripts/lint.sh

deny: ## Check licences, sources and advisories of the dependencies with cargo-deny
	@scripts/deny.sh

readme: ## Write the parts of ARCHITECTURE.md and docs/ that scripts make
	@scripts/results.py readme
	@scripts/unsafe.py
	@scripts/imports.py

fmt: ## Format the sources
	@scripts/cargo.sh fmt --all
	@scripts/cargo.sh fmt --manifest-path tests/fuzz/Cargo.toml

bench: setup ## Run the benchmarks; ARGS are for cargo bench
	@scripts/cargo.sh bench $(ARGS)

deb: setup ## Make Debian packages for ARM boards; ARGS="arm64" makes one of them
	@scripts/deb.sh $(ARGS)

deb-test: ## Install, start and remove the arm64 package in a Debian root under qemu-user
	@board/debian/test.sh $(or $(ARGS),$(wildcard $(TARGET_DIR)/deb/*_arm64.deb))

peers-detect: setup ## Compare the search for faces with OpenCV and onnxruntime; ARGS are for detect.py
	@scripts/peers/detect.py $(ARGS)

peers: setup ## Time other engines beside the integer engine; ARGS are for peers.py
	@scripts/peers/peers.py $(ARGS)

cross-kernels: ## Count what the ARM kernels cost, under emulation and by models; ARGS="--check" compares
	@cross/kernels.py $(ARGS)

cross-frame: setup ## Count what each stage of a frame costs on ARM; ARGS="--write" writes docs/arm-frame.md
	@cross/frame.py $(ARGS)

doc: setup ## Make the library's documentation
	@scripts/cargo.sh doc --no-deps

cross: setup ## Build the binaries for ARM boards as they are shipped; TARGETS chooses among both
	@cross/build.sh $(TARGETS)

cross-test: setup ## Test the integer engine, built for TARGET (aarch64), under qemu-user
	@cross/test.sh $(TARGET)

cross-exactness: setup ## The same for the aarch64 kernels, under qemu-user; MODELS="face8x.onnx" chooses
	@cross/exactness.sh "$(PICTURES)" $(MODELS)

board-test: setup ## Run the shipped aarch64 binary on an emulated board; LONG=1 unplugs the camera 100 times
	@board/virtual/test.sh $(PROFILE)

clean: ## Remove everything that was built
	@scripts/cargo.sh clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1	\2/p' Makefile | expand -t 16
