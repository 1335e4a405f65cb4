// SPDX-License-Identifier: MIT
// The kernels as PTX text, embedded by cmake/embed_ptx.cmake, in a ladder of rungs. Texts are
// compressed: they say the same things over and over, and are nine tenths of the plugin otherwise.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace skep::cuda {

// A target architecture and the PTX version that its text asks for. Rungs are listed best first.
struct PtxRung {
    const char* name;                 // "sm_90a"
    std::int32_t compute_capability;  // 90: oldest that runs it, or the only one
    bool is_exact;                    // only on that very compute capability ("a" targets)
    std::int32_t min_driver_version;  // as cuDriverGetVersion counts: 12000
};

struct PtxImage {
    const char* module;  // kernel file without its ending
    const char* rung;
    const char* head;  // version, target and address size
    // The rest as a gzip file (RFC 1952); rungs may share it.
    std::span<const unsigned char> body;
};

std::span<const PtxRung> ptx_rungs();
std::span<const PtxImage> ptx_images();  // generated

// Head and body as the driver takes them. Costs some 4 ns per byte of text.
[[nodiscard]] std::string ptx_text(const PtxImage& image);

// Whether a device and a driver should take a rung; trying is the proof.
[[nodiscard]] inline bool is_rung_for(const PtxRung& rung, std::int32_t compute_capability,
                                      std::int32_t driver_version) {
    const bool fits_device = rung.is_exact ? compute_capability == rung.compute_capability
                                           : compute_capability >= rung.compute_capability;
    return fits_device && driver_version >= rung.min_driver_version;
}

}  // namespace skep::cuda
