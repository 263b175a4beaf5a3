# Thin: each target is one or two commands that can be typed by hand. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: run test test-pythons test-python-debug test-uwsgi-plugins unit build install lint format test-asan test-tsan fuzz bench bench-loader bench-reliability bench-size clean help

PREFIX ?= /usr/local
BUILD ?= build
HTTP ?= 127.0.0.1:9090
SECONDS ?= 30
# Evaluated when used and not before: set-up may install it.
ifeq ($(origin PYTHON),undefined)
PYTHON = $(shell command -v python3)
endif

run:  ## serve examples/hello at http://127.0.0.1:9090 (HTTP=:8080 PYTHON=python3.12)
	@tools/setup build "$(PYTHON)"
	@tools/build release "$(PYTHON)" mortise plugin_index
	@exec build/mortise --http $(HTTP) --wsgi-file examples/hello/bootstrap.py --master --processes 2 --threads 2

build:  ## the server at build/mortise, its plugins in build/plugins
	@tools/setup build "$(PYTHON)"
	@tools/build release "$(PYTHON)"

unit:  ## build and run the unit tests
	@tools/setup build,test "$(PYTHON)"
	@tools/build release "$(PYTHON)" unit_tests
	@build/unit_tests

test:  ## set up, build, and run all tests
	@tools/setup build,test "$(PYTHON)"
	@tools/build release "$(PYTHON)" all unit_tests
	@tools/check_layers
	@tools/check_exports
	@tools/run_tests build "$(PYTHON)"

test-pythons:  ## the python plugin with every other interpreter that is found, 3.9 to 3.13
	@tools/setup build,test "$(PYTHON)"
	@tools/build release "$(PYTHON)" all unit_tests
	@tools/test_pythons

test-python-debug:  ## reference counts of the python plugin, in a debug interpreter
	@tools/setup build,test,debug "$(PYTHON)"
	@tools/test_python_debug "$(PYTHON)"

test-uwsgi-plugins:  ## uWSGI's own plugins: built, loaded, exercised
	@tools/setup build,compat "$(PYTHON)"
	@tools/build release "$(PYTHON)"
	@tools/test_uwsgi_plugins

test-asan:  ## all tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@tools/setup build,test "$(PYTHON)"
	@tools/build asan "$(PYTHON)" all unit_tests
	@tools/run_tests build-asan "$(PYTHON)"

test-tsan:  ## all tests under ThreadSanitizer
	@tools/setup build,test "$(PYTHON)"
	@tools/build tsan "$(PYTHON)" all unit_tests
	@tools/run_tests build-tsan "$(PYTHON)"

chaos:  ## one server under load, one fault after another, for SECONDS=30
	@tools/setup build,test "$(PYTHON)"
	@tools/build release "$(PYTHON)"
	@tests/chaos/chaos.py $(SECONDS)

fuzz:  ## run each fuzz target for SECONDS=30
	@tools/setup build,fuzz "$(PYTHON)"
	@tools/build fuzz "$(PYTHON)"
	@tools/run_fuzzers $(SECONDS)

lint:  ## formatting, clang-tidy, layers, exports, scripts
	@tools/setup build,lint "$(PYTHON)"
	@tools/build release "$(PYTHON)"
	@tools/build lint "$(PYTHON)"
	@tools/lint

format:  ## lay the code out as clang-format says
	@tools/setup lint "$(PYTHON)"
	@git ls-files '*.c' '*.cpp' '*.h' '*.hpp' | xargs clang-format-14 -i

bench-reliability: build  ## what faults cost, against their bounds: kills, reloads, hangs, crowds, full tables
	@bench/reliability.py

bench-size: build  ## the kernel's lines, size and memory against their bounds
	@bench/size

bench-loader: build  ## the loader's own work per plugin against its bound
	@bench/loader

bench: build  ## side by side with peers
	@tools/setup bench "$(PYTHON)"
	@tools/build static-python "$${MORTISE_BENCH_PYTHON:-/usr/bin/python3}" || true  # measured as well, where it can be
	@bench/run

install:  ## install what was built under PREFIX=/usr/local, below DESTDIR where that is set
	@[ -f $(BUILD)/build.ninja ] || $(MAKE) build
	@cmake --build $(BUILD) >$(BUILD)/install.log
	@DESTDIR="$(DESTDIR)" cmake --install $(BUILD) --prefix "$(abspath $(PREFIX))" --strip >>$(BUILD)/install.log
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig 2>/dev/null || true  # programs find libmortise at once
	@echo "installed under $(DESTDIR)$(abspath $(PREFIX))"

clean:  ## remove what was built
	@rm -rf build build-static-python build-asan build-tsan build-fuzz build-lint

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
