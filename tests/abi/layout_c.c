/* SPDX-License-Identifier: MIT */
/* What C makes of both ABIs. Compiling it is the test. */
#include <skep/backend.h>
#include <skep/skep.h>

/* C99 has no static assertion; an array of negative size is as good. */
#define SKEP_ASSERT_NAMED(name, condition) extern char name[(condition) ? 1 : -1];
#define SKEP_CHECK_SIZE(type, bytes) SKEP_ASSERT_NAMED(skep_size_of_##type, sizeof(type) >= (bytes))
#define SKEP_CHECK_MEMBER(type, member, offset, bytes, ...) \
    SKEP_ASSERT_NAMED(skep_offset_of_##type##_##member,     \
                      offsetof(type, member) == (offset) && sizeof(((type*)0)->member) == (bytes))
#define SKEP_CHECK_VALUE(name, number) SKEP_ASSERT_NAMED(skep_value_of_##name, (name) == (number))
/* Types of functions can only be compared in C++. */
#define SKEP_CHECK_FUNCTION(name, ...)

#include "layout.inc"
