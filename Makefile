# SPDX-License-Identifier: MIT
# `make help` lists the targets. Everything is built below build/MODE/, MODE is release, asan ...

MODE ?= release
BUILD := build/$(MODE)
VERSION := 0.1.0

CC ?= gcc
PKG_CONFIG ?= pkg-config

PACKAGES := libsystemd inih jansson libcurl
TEST_PACKAGES := cmocka

# Three groups: ours, the packages', and last the user's, which stay untouched.
OUR_CPPFLAGS := -Idaemon -D_GNU_SOURCE -DKMW_VERSION='"$(VERSION)"'
OUR_CFLAGS := -std=gnu17 -O2 -g -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wwrite-strings -Wpointer-arith -Wformat=2 -Wundef -Wvla \
	-fno-strict-aliasing -fstack-protector-strong -fPIE -ffunction-sections -fdata-sections
OUR_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed -Wl,--gc-sections
ifeq ($(MODE),asan)
OUR_CFLAGS += -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
OUR_LDFLAGS += -fsanitize=address,undefined
endif

PACKAGE_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(PACKAGES))
LIBS_DAEMON = $(shell $(PKG_CONFIG) --libs libsystemd inih jansson) -lm -lpthread
LIBS_COURIER = $(shell $(PKG_CONFIG) --libs libsystemd inih jansson libcurl) -lm -lpthread
LIBS_TEST = $(LIBS_COURIER) $(shell $(PKG_CONFIG) --libs cmocka)

PROGRAMS := kmemwatchd kmemwatch-courier kmemwatch
LIB_SOURCES := $(wildcard daemon/*/*.c)
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(BUILD)/%.o)
MAINS := $(foreach p,$(PROGRAMS),$(if $(wildcard daemon/$(p).c),$(BUILD)/$(p)))
TEST_SOURCES := $(wildcard tests/unit/*.c tests/property/*.c)
TESTS := $(TEST_SOURCES:%.c=$(BUILD)/%)

COMPILE = $(CC) $(OUR_CPPFLAGS) $(CPPFLAGS) $(OUR_CFLAGS) $(PACKAGE_CFLAGS) $(CFLAGS)

all: $(MAINS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c -o $@ $<

$(BUILD)/libkmemwatch.a: $(LIB_OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/kmemwatch-courier: $(BUILD)/daemon/kmemwatch-courier.o $(BUILD)/libkmemwatch.a
	$(CC) $(OUR_CFLAGS) $(OUR_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_COURIER)
$(BUILD)/kmemwatchd $(BUILD)/kmemwatch: $(BUILD)/%: $(BUILD)/daemon/%.o $(BUILD)/libkmemwatch.a
	$(CC) $(OUR_CFLAGS) $(OUR_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON)

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libkmemwatch.a
	$(CC) $(OUR_CFLAGS) $(OUR_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_TEST)

tests: $(TESTS)

check-unit: $(TESTS)
	@failed=0; for t in $(TESTS); do $$t >$$t.log 2>&1 || { cat $$t.log; failed=1; }; done; exit $$failed

clean:
	rm -rf build

.PHONY: all tests check-unit clean
.SECONDARY:
-include $(LIB_OBJECTS:.o=.d) $(TEST_SOURCES:%.c=$(BUILD)/%.d) $(foreach p,$(PROGRAMS),$(BUILD)/daemon/$(p).d)
