/* SPDX-License-Identifier: MIT */
/* cmocka with what it needs before it (clang-format would sort it to the front). */
#pragma once

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
