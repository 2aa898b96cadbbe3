# What the README's commands do. Every target installs what it needs and only what is missing.

SWIFT ?= swift
# Where `make run` puts its token.
TOKEN := .build/token
SOURCES := Package.swift Sources Tests vsmartcard

# To build; to run over a PC/SC reader; to test against host software.
BUILD_PACKAGES := libssl-dev libpcsclite-dev libsqlite3-dev pkg-config
RUN_PACKAGES := pcscd vsmartcard-vpcd opensc opensc-pkcs11
TEST_PACKAGES := openssl gnutls-bin libengine-pkcs11-openssl nginx-light curl pcsc-tools \
  python3-pyscard libxml2-utils faketime tshark

.PHONY: help setup setup-run setup-test build run test lint embedded bench clean

help:
	@echo "make run    issue a token, plug it into a PC/SC reader, replay the core scenarios"
	@echo "make test   every check: lint, bare-metal build, all tests"
	@echo "make bench  the performance table"
	@echo "make setup  install the Debian packages that are missing"

setup: setup-run setup-test

setup-run:
	@sh .ci/install $(BUILD_PACKAGES) $(RUN_PACKAGES)

setup-test:
	@sh .ci/install $(BUILD_PACKAGES) $(RUN_PACKAGES) $(TEST_PACKAGES)

build: setup-run
	$(SWIFT) build -c release --product softdna

run: build
	@rm -rf $(TOKEN)
	.build/release/softdna issue --state $(TOKEN)
	@echo
	.build/release/softdna exec --state $(TOKEN) -- pkcs15-tool --list-pins --list-keys --list-certificates
	@echo
	.build/release/softdna run --over pcsc --steps scenarios/issuance.yaml scenarios/blocking.yaml scenarios/renewal.yaml

lint:
	$(SWIFT) format lint --strict --recursive --parallel $(SOURCES)

# The firmware for a chip without an operating system: it must compile, it is not run here.
embedded:
	$(SWIFT) build --triple armv7em-none-none-eabi -c release --scratch-path .build-armv7em \
	  --target Firmware -Xswiftc -enable-experimental-feature -Xswiftc Embedded

test: setup-test lint embedded
	$(SWIFT) build --build-tests --explicit-target-dependency-import-check error
	$(SWIFT) test --skip-build --disable-xctest

bench: setup-run
	$(SWIFT) build -c release --product softdna
	$(SWIFT) build -c release --product softdna-floor-card
	.build/release/softdna bench

clean:
	rm -rf .build .build-armv7em
