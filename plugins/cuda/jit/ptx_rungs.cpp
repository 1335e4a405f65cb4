// SPDX-License-Identifier: MIT
#include <array>

#include "jit/ptx_images.hpp"

namespace skep::cuda {

// The same list as SKEP_CUDA_RUNGS in plugins/cuda/CMakeLists.txt. PTX 8.0, 7.0 and 6.4 came with
// CUDA 12.0, 11.0 and 10.1.
std::span<const PtxRung> ptx_rungs() {
    static constexpr std::array<PtxRung, 3> kRungs{
        {{"sm_90a", 90, true, 12000}, {"sm_80", 80, false, 11000}, {"sm_70", 70, false, 10010}}};
    return kRungs;
}

}  // namespace skep::cuda
