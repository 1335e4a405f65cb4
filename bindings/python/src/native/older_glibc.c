/* SPDX-License-Identifier: MIT */
/*
 * Stands in for a function that glibc has only since 2.36 and that a static libstdc++ built on such
 * a system asks for in std::random_device. With it a wheel built on Debian 12 runs from glibc 2.34
 * on. Linked into the wheel's libskep alone, and not visible outside it.
 */
#define _DEFAULT_SOURCE /* getentropy */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

uint32_t arc4random(void);

uint32_t arc4random(void) {
    uint32_t number = 0;
    if (getentropy(&number, sizeof number) != 0) abort(); /* cannot fail for four bytes */
    return number;
}
