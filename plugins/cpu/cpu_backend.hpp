// SPDX-License-Identifier: MIT
// The backend and its one device: the host's services and the kernels in use.
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <string>

#include "kernels/kernel_table.hpp"

namespace skep::cpu {

class CpuBackend {
  public:
    // Reads SKEP_CPU_ISA. Throws Error when it names kernels that cannot be used here.
    explicit CpuBackend(const skep_host_services& host);

    [[nodiscard]] const skep_host_services& host() const { return host_; }
    [[nodiscard]] const KernelTable& kernels() const { return *kernels_; }
    [[nodiscard]] skep_device_info device_info() const;

  private:
    skep_host_services host_;
    const KernelTable* kernels_;
    std::string name_;
};

// The processor as a device; every open one is alike.
struct CpuDevice {
    const CpuBackend& backend;
};

// Whether stores of this pair are offered.
[[nodiscard]] bool supports(skep_metric metric, skep_dtype dtype);

// Throws Error unless a store of this shape can be made.
skep_store_options read_store_options(const skep_store_options* source, const char* name);

}  // namespace skep::cpu
