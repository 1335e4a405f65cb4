// SPDX-License-Identifier: MIT
#include <skep/backend.h>
