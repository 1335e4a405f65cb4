// SPDX-License-Identifier: MIT
// The backend's kernels by name, compiled for the emulator.
#pragma once

#include <span>

#include "simt_emulation.hpp"

namespace skep::cuda::emulation {

struct Kernel {
    const char* name;
    Body body;
};

std::span<const Kernel> encode_kernels();
std::span<const Kernel> sweep_kernels();
std::span<const Kernel> select_kernels();
std::span<const Kernel> exact_kernels();
std::span<const Kernel> plain_kernels();
std::span<const Kernel> tile_kernels();
std::span<const Kernel> graph_kernels();

}  // namespace skep::cuda::emulation

// Body of a kernel that takes one struct.
#define SKEP_EMULATED_KERNEL(kernel, Params) \
    {#kernel, [](const void* params) { kernel(*static_cast<const Params*>(params)); }}
