# SPDX-License-Identifier: MIT
# `make help` lists the targets. Everything is built below build/MODE/; MODE is release, asan, clang,
# fuzz or coverage. `make V=1` prints the whole commands.

MODE ?= release
BUILD := build/$(MODE)
VERSION := 0.1.0

# Where `make install` puts things; DESTDIR goes before each. The programs learn $(libdir) when they
# are built, so give the same prefix to `make` and to `make install` (or only to the latter).
prefix ?= /usr/local
bindir ?= $(prefix)/bin
sbindir ?= $(prefix)/sbin
libdir ?= $(prefix)/lib
datadir ?= $(prefix)/share
sysconfdir ?= /etc
sharedir ?= $(datadir)/kmemwatch
mandir ?= $(datadir)/man
unitdir ?= $(prefix)/lib/systemd/system
sysusersdir ?= $(prefix)/lib/sysusers.d
tmpfilesdir ?= $(prefix)/lib/tmpfiles.d
catalogdir ?= $(prefix)/lib/systemd/catalog
bashcompletiondir ?= $(datadir)/bash-completion/completions
# Debian's zsh looks into the first below /usr and into the second below /usr/local.
zshcompletiondir ?= \
	$(datadir)/zsh/$(if $(filter /usr,$(prefix)),vendor-completions,site-functions)
fishcompletiondir ?= $(datadir)/fish/vendor_completions.d

# make's own default is "cc"; a CC from the command line or the environment stays.
ifeq ($(origin CC),default)
CC := gcc
endif
PKG_CONFIG ?= pkg-config
export CC PKG_CONFIG

# run, check and deps install missing packages; all other goals only say what is missing.
GOALS := $(or $(MAKECMDGOALS),all)
PACKAGE_SETS := build
ifneq ($(filter tests check-unit check-asan,$(GOALS)),)
PACKAGE_SETS := build unit
endif
ifneq ($(filter deb rpm,$(GOALS)),)
PACKAGE_SETS := build $(filter deb rpm,$(GOALS))
endif
ifneq ($(filter check check-% fuzz% lint bench coverage deps,$(filter-out check-unit check-asan,$(GOALS))),)
PACKAGE_SETS := build unit check deb rpm
endif
PACKAGES_MODE := $(if $(filter run check deps,$(GOALS)),--install)

# run and check build on all processors unless -j says otherwise.
ifeq ($(MAKELEVEL),0)
ifneq ($(filter run check check-%,$(GOALS)),)
MAKEFLAGS := $(MAKEFLAGS) -j$(shell nproc 2>/dev/null || echo 1)
endif
endif

# Flags in three groups: ours, the packages', and last the user's (CPPFLAGS, CFLAGS, LDFLAGS), which
# stay untouched.
OUR_CPPFLAGS := -Idaemon -D_GNU_SOURCE -DKMW_VERSION='"$(VERSION)"'
OUR_CFLAGS := -std=gnu17 -g -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wwrite-strings -Wpointer-arith -Wformat=2 -Wundef -Wvla \
	-fno-strict-aliasing -fno-math-errno -fstack-protector-strong -fPIE \
	-ffunction-sections -fdata-sections
OUR_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed -Wl,--gc-sections
SANITIZE := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
ifeq ($(MODE),asan)
OUR_CFLAGS += $(SANITIZE)
OUR_LDFLAGS += -fsanitize=address,undefined
else ifeq ($(MODE),fuzz)
OUR_CFLAGS += $(SANITIZE) -fsanitize=fuzzer-no-link
OUR_LDFLAGS += -fsanitize=address,undefined
else ifeq ($(MODE),coverage)
# Atomic: the daemon's two threads count in the same counters.
OUR_CFLAGS += -O0 --coverage -fprofile-update=atomic
OUR_LDFLAGS += --coverage
else
OUR_CFLAGS += -O2 -fstack-clash-protection
# A distribution's own level wins; some compilers predefine one, hence -U.
ifeq ($(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),)
OUR_CPPFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
endif
ifeq ($(WERROR),1)
OUR_CFLAGS += -Werror
endif

# Asked once, and only when a recipe needs the answer: by then the packages are there.
ask_once = $(eval $1 := $$(shell $2))$($1)
PACKAGE_CFLAGS = $(call ask_once,PACKAGE_CFLAGS,$(PKG_CONFIG) --cflags libsystemd inih jansson libcurl libarchive)
LIBS_DAEMON = $(call ask_once,LIBS_DAEMON,$(PKG_CONFIG) --libs libsystemd inih jansson)
LIBS_COURIER = $(call ask_once,LIBS_COURIER,$(PKG_CONFIG) --libs libsystemd inih jansson libcurl)
# The person's tool writes archives.
LIBS_TOOL = $(call ask_once,LIBS_TOOL,$(PKG_CONFIG) --libs libsystemd inih jansson libarchive)
LIBS_ALWAYS := -lm -lpthread
LIBS_TEST = $(call ask_once,LIBS_TEST,$(PKG_CONFIG) --libs cmocka)

COMPILE = $(CC) $(OUR_CPPFLAGS) $(OUR_CFLAGS) $(PACKAGE_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LINK = $(CC) $(OUR_CFLAGS) $(OUR_LDFLAGS) $(CFLAGS) $(LDFLAGS)

PROGRAMS := kmemwatchd kmemwatch-courier kmemwatch
LIB_SOURCES := $(wildcard daemon/*/*.c)
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(BUILD)/%.o)
LIB := $(BUILD)/libkmemwatch.a
MAINS := $(foreach p,$(PROGRAMS),$(if $(wildcard daemon/$p.c),$(BUILD)/$p))
TEST_SOURCES := $(wildcard tests/unit/*.c tests/property/*.c)
TESTS := $(TEST_SOURCES:%.c=$(BUILD)/%)
FAULT := $(if $(wildcard tests/faults/fault.c),$(BUILD)/tests/faults/fault)
FAULT_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/faults/*.c))
SIMULATE_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/simulate/*.c))
SIMULATE := $(if $(SIMULATE_OBJECTS),$(BUILD)/tests/simulate/simulate)
# For LD_PRELOAD: a disk that fails, a clock that steps.
CHAOS := $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/chaos/faults.c))
FUZZERS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH := $(addprefix $(BUILD)/tests/bench/,floor empty make_trace plain_parse dimensions members)
BENCH_PRELOAD := $(BUILD)/tests/bench/count_allocations.so
UNITS := $(patsubst etc/%.in,$(BUILD)/etc/%,$(wildcard etc/*.service.in)) \
	$(wildcard etc/*.path etc/*.socket etc/*.timer)
# Printed from the key tables of the programs.
PRINT_KEYS := $(BUILD)/contrib/man/print_keys
MAN_PAGES := $(patsubst contrib/man/%.in,$(BUILD)/man/%,$(wildcard contrib/man/*.in))
EXAMPLE_CONF := $(BUILD)/etc/kmemwatch.conf
OBJECTS := $(LIB_OBJECTS) $(PROGRAMS:%=$(BUILD)/daemon/%.o) $(TESTS:%=%.o) $(FAULT_OBJECTS) \
	$(SIMULATE_OBJECTS) $(FUZZERS:%=%.o) $(BENCH:%=%.o) $(PRINT_KEYS).o

QUIET = $(if $(V),,@printf '  %-5s %s\n' $1 $(subst $(BUILD)/,,$@);)

all: $(MAINS) $(UNITS) $(MAN_PAGES) $(EXAMPLE_CONF) $(BUILD)/runbooks/index.html

tests: $(TESTS) $(FAULT) $(SIMULATE)

# --- building ---

packages:
	@contrib/packages $(PACKAGES_MODE) $(PACKAGE_SETS)

# Keeps the command in a file that changes only when the command does: what was compiled by another
# one is compiled again.
define stamp
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$1)' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$1)' >$@
endef

$(BUILD)/compile-command: packages
	$(call stamp,$(COMPILE))
$(BUILD)/link-command: packages
	$(call stamp,$(LINK))
PLACES := $(libdir) $(sbindir) $(bindir) $(sharedir)
$(BUILD)/places: packages
	$(call stamp,$(PLACES))

$(BUILD)/%.o: %.c $(BUILD)/compile-command
	@mkdir -p $(@D)
	$(call QUIET,CC)$(COMPILE) $(OBJECT_FLAGS) -MMD -MP -c -o $@ $<

# Only this object knows where things get installed.
$(BUILD)/daemon/base/places.o: $(BUILD)/places
$(BUILD)/daemon/base/places.o: OBJECT_FLAGS = -DKMW_LIBDIR='"$(libdir)"' \
	-DKMW_SHAREDIR='"$(sharedir)"'

$(LIB): $(LIB_OBJECTS)
	@rm -f $@
	$(call QUIET,AR)$(AR) rcs $@ $^

$(BUILD)/kmemwatch-courier: $(BUILD)/%: $(BUILD)/daemon/%.o $(LIB) $(BUILD)/link-command
	$(call QUIET,LINK)$(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS_COURIER) $(LIBS_ALWAYS)

# Each with its own libraries alone: a reference to another's is an error of the linker.
$(BUILD)/kmemwatchd: $(BUILD)/%: $(BUILD)/daemon/%.o $(LIB) $(BUILD)/link-command
	$(call QUIET,LINK)$(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS_DAEMON) $(LIBS_ALWAYS)

$(BUILD)/kmemwatch: $(BUILD)/%: $(BUILD)/daemon/%.o $(LIB) $(BUILD)/link-command
	$(call QUIET,LINK)$(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS_TOOL) $(LIBS_ALWAYS)

$(TESTS): %: %.o $(LIB) $(BUILD)/link-command
	$(call QUIET,LINK)$(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS_COURIER) $(LIBS_TOOL) $(LIBS_TEST) $(LIBS_ALWAYS)

$(FAULT): $(FAULT_OBJECTS) $(BUILD)/link-command
	$(call QUIET,LINK)$(LINK) -o $@ $(filter %.o,$^) -lpthread

$(CHAOS): $(BUILD)/%.so: %.c $(BUILD)/compile-command
	@mkdir -p $(@D)
	$(call QUIET,LINK)$(CC) -std=gnu17 -O2 -Wall -Wextra -fPIC -shared -o $@ $< -ldl

$(SIMULATE): $(SIMULATE_OBJECTS) $(BUILD)/link-command
	$(call QUIET,LINK)$(LINK) -o $@ $(filter %.o,$^) -lm

# The empty program has the daemon's libraries, and each of them in use.
$(BENCH): %: %.o $(LIB) $(BUILD)/link-command
	$(call QUIET,LINK)$(LINK) -o $@ $(filter %.o %.a,$^) \
		$(if $(filter %/empty %/dimensions %/members,$@),$(LIBS_DAEMON)) $(LIBS_ALWAYS)

$(BENCH_PRELOAD): $(BUILD)/%.so: %.c $(BUILD)/compile-command
	@mkdir -p $(@D)
	$(call QUIET,CC)$(filter-out -fPIE,$(COMPILE)) -fPIC -shared -MMD -MP -MF $(BUILD)/$*.d -o $@ $<

$(FUZZERS): %: %.o $(LIB) $(BUILD)/link-command
	$(call QUIET,LINK)$(LINK) -fsanitize=fuzzer -o $@ $(filter %.o %.a,$^) $(LIBS_COURIER) $(LIBS_ALWAYS)

$(BUILD)/etc/%: etc/%.in $(BUILD)/places
	@mkdir -p $(@D)
	$(call QUIET,GEN)sed -e 's|@bindir@|$(bindir)|g' -e 's|@sbindir@|$(sbindir)|g' $< >$@

$(PRINT_KEYS): %: %.o $(LIB) $(BUILD)/link-command
	$(call QUIET,LINK)$(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS_DAEMON) $(LIBS_ALWAYS)

$(MAN_PAGES): $(BUILD)/man/%: contrib/man/%.in contrib/man/generate $(PRINT_KEYS) $(BUILD)/places
	@mkdir -p $(@D)
	$(call QUIET,GEN)contrib/man/generate $(PRINT_KEYS) '$(libdir)' '$(sharedir)' $< >$@

$(EXAMPLE_CONF): etc/kmemwatch.conf.head $(PRINT_KEYS)
	@mkdir -p $(@D)
	$(call QUIET,GEN){ cat $< && $(PRINT_KEYS) daemon example && echo && \
		$(PRINT_KEYS) courier example; } >$@

# A page for each rule; the index is written last.
RULE_NAMES := $(shell sed -n 's/^\[\(.*\)\]$$/\1/p' rules/*.ini)
RUNBOOKS := $(RULE_NAMES:%=$(BUILD)/runbooks/%.html) $(BUILD)/runbooks/index.html
$(BUILD)/runbooks/index.html: contrib/runbooks/generate contrib/runbooks/causes.txt \
		$(wildcard rules/*.ini)
	@rm -rf $(@D) && mkdir -p $(@D)
	$(call QUIET,GEN)awk -f contrib/runbooks/generate -v out=$(@D) -v version=$(VERSION) \
		contrib/runbooks/causes.txt $(wildcard rules/*.ini)

# --- running ---

run: all
	@contrib/run-here $(BUILD)

# --- checking ---

# Each suite writes what it counted to build/results/; `check` runs all of them, one after another
# even with -j, and adds up.
SUITES := check-layers check-lint check-analyze check-unit check-pure check-clang check-asan \
	check-valgrind check-rules check-bench check-fuzz check-detection check-daemon check-report \
	check-courier check-kills check-service check-integrations check-packages check-vm
SUITE ?= unit
RUN_SUITE := KMW_BUILD=$(BUILD) tests/tools/suite
ifneq ($(filter check,$(GOALS)),)
export KMW_COLLECT := 1
previous := forget-results
$(foreach s,$(SUITES),$(eval $s: | $(previous))$(eval previous := $s))
endif

# The first of them all: what a suite needs is there before the suite runs.
forget-results: packages
	@rm -rf build/results && mkdir -p build/results && date +%s >build/results/started

check: $(SUITES)
	@tests/tools/total

check-unit: $(TESTS)
	@$(RUN_SUITE) $(SUITE) $(TESTS)

check-asan: packages
	+@$(MAKE) --no-print-directory MODE=asan SUITE=asan check-unit

# The property tests run the same code a thousand times longer: under ASan only.
check-valgrind: $(TESTS)
	@$(RUN_SUITE) valgrind --under tests/tools/valgrind $(filter $(BUILD)/tests/unit/%,$(TESTS))

check-clang: packages
	+@$(RUN_SUITE) clang --command $(MAKE) --no-print-directory MODE=clang CC=clang WERROR=1 \
		all tests

check-layers: packages
	@$(RUN_SUITE) layers tests/tools/check-layers

check-pure: $(MAINS) $(LIB)
	@$(RUN_SUITE) pure tests/tools/check-pure

check-lint: packages $(UNITS) $(MAN_PAGES)
	@$(RUN_SUITE) lint tests/tools/lint
lint: check-lint

check-analyze: packages
	@$(RUN_SUITE) analyze tests/tools/analyze

# FUZZ_SECONDS for each target: a few in `make check`, as many as you like with `make fuzz`.
FUZZ_SECONDS ?= 3
fuzzers: $(FUZZERS)
fuzz-run: $(FUZZERS)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) $(RUN_SUITE) fuzz --under tests/tools/fuzz-run $(FUZZERS)
check-fuzz: packages
	+@$(MAKE) --no-print-directory MODE=fuzz CC=clang fuzz-run
fuzz:
	+@$(MAKE) --no-print-directory MODE=fuzz CC=clang FUZZ_SECONDS=60 fuzz-run

check-rules: $(MAINS)
	@$(RUN_SUITE) rules --under tests/tools/rule-test $(wildcard tests/rules/*.test tests/rules/*/*.test)

check-detection: $(MAINS) $(SIMULATE)
	@$(RUN_SUITE) detection tests/simulate/test_simulate.py tests/replay/test_score.py \
		tests/replay/test_record.py tests/replay/check-detection

# How well the rules find what is wrong, in tables, and each miss and each false alarm as a picture.
# DETECTION takes more options, as in DETECTION='--simulate 2000': see tests/replay/score --help.
detection-report: $(MAINS) $(SIMULATE)
	@KMW_BUILD=$(BUILD) tests/replay/score --report build/detection-report $(DETECTION)

DAEMON_TESTS := $(wildcard tests/service/test_daemon*.py) tests/service/test_history.py \
	tests/service/test_tool.py tests/service/test_top.py
REPORT_TESTS := tests/report/test_report.py
COURIER_TESTS := $(filter %.py %.sh,$(wildcard tests/service/test_courier.*)) \
	tests/service/test_courier_quiet.py \
	tests/service/test_setup.py
check-daemon: $(MAINS) $(CHAOS)
	@$(RUN_SUITE) daemon $(DAEMON_TESTS)

check-report: $(MAINS)
	@$(RUN_SUITE) report $(REPORT_TESTS)

check-courier: $(MAINS)
	@$(RUN_SUITE) courier $(COURIER_TESTS)

# Against the real programs of others, on loopback.
check-integrations: $(MAINS) $(BUILD)/runbooks/index.html
	@$(RUN_SUITE) integrations $(wildcard tests/integrations/test_*.py)

check-kills: $(MAINS) $(CHAOS)
	@$(RUN_SUITE) kills tests/chaos/check-chaos

# Hundreds of kills, each call on a file failing in each way: half an hour. CHAOS_OPTIONS takes
# more, as in CHAOS_OPTIONS="--seed 7 --kills 1000 kills".
check-chaos: $(MAINS) $(CHAOS)
	@KMW_BUILD=$(BUILD) tests/chaos/check-chaos --long $(CHAOS_OPTIONS)

check-service: $(MAINS) $(FAULT)
	@$(RUN_SUITE) service $(wildcard tests/service/test_service.py)

check-vm: $(MAINS) $(FAULT)
	@$(RUN_SUITE) vm tests/vm/test_vm.py

# Which lines of daemon/ the tests reach: those that need neither root nor another machine. At least
# 90 %.
coverage: packages
	+@KMW_COLLECT=1 $(MAKE) --no-print-directory MODE=coverage coverage-run
coverage-run: $(MAINS) $(TESTS)
	@find $(BUILD) -name '*.gcda' -delete
	@$(RUN_SUITE) unit $(TESTS)
	@$(RUN_SUITE) rules --under tests/tools/rule-test $(wildcard tests/rules/*.test tests/rules/*/*.test)
	@$(RUN_SUITE) daemon $(DAEMON_TESTS)
	@$(RUN_SUITE) report $(REPORT_TESTS)
	@$(RUN_SUITE) courier $(COURIER_TESTS)
	@tests/tools/coverage $(BUILD)

# What it costs, against limits: tests/bench/bench says which variables there are. PARTS is one or
# more of idle, start, dimensions and replay.
bench-programs: $(MAINS) $(UNITS) $(EXAMPLE_CONF) $(BENCH) $(BENCH_PRELOAD)
bench: bench-programs
	@KMW_BUILD=$(BUILD) tests/bench/bench $(PARTS)

# That the benchmark measures at all; it judges no time.
check-bench: bench-programs
	@$(RUN_SUITE) bench tests/bench/test_bench.py

check-packages: packages
	@$(RUN_SUITE) packages $(wildcard tests/packages/test_*.py)

# --- installing ---

# MODE:SOURCE:DESTINATION. Both `install` and `uninstall` go by these two lists; files of the second
# belong to the administrator: an existing one stays, and only an unchanged one is removed.
to = $(foreach f,$2,$1:$f:$3/$(notdir $f))
INSTALL_FILES := \
	$(call to,0755,$(BUILD)/kmemwatch,$(bindir)) \
	$(call to,0755,$(BUILD)/kmemwatchd $(BUILD)/kmemwatch-courier,$(sbindir)) \
	$(call to,0644,$(wildcard rules/*.ini),$(libdir)/kmemwatch/rules.d) \
	$(call to,0644,$(RUNBOOKS),$(sharedir)/runbooks) \
	$(call to,0644,$(wildcard rules/examples/*.ini),$(sharedir)/examples) \
	$(call to,0644,$(UNITS),$(unitdir)) \
	$(foreach f,$(wildcard etc/sysusers),0644:$f:$(sysusersdir)/kmemwatch.conf) \
	$(foreach f,$(wildcard etc/tmpfiles),0644:$f:$(tmpfilesdir)/kmemwatch.conf) \
	$(call to,0644,$(wildcard etc/*.catalog),$(catalogdir)) \
	$(foreach n,1 5 7 8,$(call to,0644,$(wildcard contrib/man/*.$n) $(filter %.$n,$(MAN_PAGES)),$(mandir)/man$n)) \
	$(foreach f,$(wildcard contrib/completions/*.bash),0644:$f:$(bashcompletiondir)/$(basename $(notdir $f))) \
	$(call to,0644,$(wildcard contrib/completions/_*),$(zshcompletiondir)) \
	$(call to,0644,$(wildcard contrib/completions/*.fish),$(fishcompletiondir))
CONFIG_FILES := \
	$(call to,0644,$(EXAMPLE_CONF),$(sysconfdir)/kmemwatch) \
	$(call to,0644,$(wildcard etc/channels.d/*),$(sysconfdir)/kmemwatch/channels.d) \
	$(call to,0644,$(wildcard etc/templates/*),$(sysconfdir)/kmemwatch/templates)
# MODE:FOLDER, parents first. Secrets are read by root alone; systemd hands them to the courier.
INSTALL_FOLDERS := 0755:$(sharedir) 0755:$(sharedir)/runbooks 0755:$(sharedir)/examples \
	0755:$(libdir)/kmemwatch 0755:$(libdir)/kmemwatch/rules.d \
	0755:$(sysconfdir)/kmemwatch 0755:$(sysconfdir)/kmemwatch/rules.d \
	0755:$(sysconfdir)/kmemwatch/channels.d 0755:$(sysconfdir)/kmemwatch/templates \
	0700:$(sysconfdir)/kmemwatch/secrets

install uninstall: export DESTDIR := $(DESTDIR)
install uninstall: export INSTALL_FILES := $(INSTALL_FILES)
install uninstall: export CONFIG_FILES := $(CONFIG_FILES)
install uninstall: export INSTALL_FOLDERS := $(INSTALL_FOLDERS)
install: all
	@contrib/install-files install

# A file in /etc is known to be unchanged by what would be installed now.
uninstall: $(EXAMPLE_CONF)
	@contrib/install-files uninstall

# --- packages ---

# The same tree gives the same tarball; packages are built from it, as a distribution would.
DIST := build/dist/kmemwatch-$(VERSION).tar.gz
dist:
	@contrib/dist kmemwatch-$(VERSION) $(DIST)
	@echo $(DIST)

deb rpm: packages dist
	@contrib/make-package $@ $(VERSION) $(DIST) build/packages

# --- the rest ---

deps: packages
	@echo "All packages are installed."

clean:
	rm -rf build

help:
	@printf '%s\n' \
	'make                 build the programs into build/release/' \
	'make run             install missing packages, build, watch this machine in the foreground' \
	'make check           install missing packages, build, run every test' \
	'make check-unit      unit and property tests; also check-asan, check-valgrind, check-clang' \
	'make check-fuzz      the fuzz targets: their corpora and a few seconds; make fuzz: a minute each' \
	'make check-rules     the shipped rules against what they are expected to say' \
	'make check-daemon    the daemon as a process, on a recorded machine' \
	'make check-report    the report in a browser; pictures in build/report/' \
	'make check-courier   the courier against a test server' \
	'make check-kills     kills, a failing disk, lying receivers: nothing is lost (short form)' \
	'make check-chaos     the long form of it: hundreds of kills, each call failing in each way' \
	'make check-service   the installed service in a container (root)' \
	'make check-vm        leaks of a kernel module, in emulated machines, until the OOM killer (root)' \
	'make check-detection  what the rules find in recorded and simulated traces, against floors' \
	'make detection-report  the same as tables and pictures, in build/detection-report/index.html' \
	'make check-integrations  Alertmanager and others, really started' \
	'make check-packages  the packages: built, installed, upgraded, purged (root)' \
	'make check-layers    who includes whom; check-pure: what must not do I/O does none' \
	'make lint            clang-format, cppcheck, shellcheck, units, man pages' \
	'make check-analyze   clang'\''s static analyzer' \
	'make coverage        which lines the tests reach, in build/coverage/report/index.html' \
	'make bench           what it costs, against a floor and limits; tests/bench/peers: others' \
	'make install         install under prefix (/usr/local), DESTDIR before it; starts nothing' \
	'make uninstall       remove what install put; changed files in /etc stay' \
	'make deb             a Debian package, into build/packages/; make rpm: an RPM package' \
	'make dist            the sources as a tarball, into build/dist/' \
	'make deps            install the packages that building and checking need' \
	'make clean           remove build/' \
	'' \
	'Variables: CC CFLAGS CPPFLAGS LDFLAGS, prefix DESTDIR sysconfdir libdir ..., MODE=release|asan,' \
	'           WERROR=1 (a warning is an error), V=1 (whole commands), FUZZ_SECONDS'

.PHONY: all tests packages run check check-chaos forget-results $(SUITES) detection-report lint fuzz fuzzers \
	fuzz-run coverage coverage-run bench bench-programs install uninstall dist deb rpm deps clean help
.SECONDARY:
.DELETE_ON_ERROR:
-include $(OBJECTS:.o=.d)
