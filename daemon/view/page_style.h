/* SPDX-License-Identifier: MIT */
/* How the report looks. */
#pragma once

extern const char page_style[];
