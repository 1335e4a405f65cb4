// SPDX-License-Identifier: MIT
// The entry point that libFuzzer and the replay test call. One per program.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
