// SPDX-License-Identifier: MIT
#pragma once

#include <string>

std::string nearest_words();
