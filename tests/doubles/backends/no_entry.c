/* SPDX-License-Identifier: MIT */
/* A library, but no backend. */
#include <skep/export.h>

SKEP_SYMBOL_EXPORT int some_other_function(void);
int some_other_function(void) {
    return 0;
}
