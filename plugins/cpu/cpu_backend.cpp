// SPDX-License-Identifier: MIT
#include "cpu_backend.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "argument_checks.hpp"
#include "cpu_features.hpp"
#include "kernels/kernel_dispatch.hpp"

namespace skep::cpu {
namespace {

// Every type that a collection may have, at the places of the arrays in kernel_table.hpp.
constexpr std::uint32_t kSupportedDtypes = (1U << kNumElementTypes) - 1;
static_assert(SKEP_DTYPE_F32 == 0 && SKEP_DTYPE_F16 == 1 && SKEP_DTYPE_BF16 == 2 &&
              SKEP_DTYPE_I8 == 3 && SKEP_DTYPE_U8 == 4);
constexpr std::uint64_t kCapabilities = SKEP_CAPABILITY_RANGE_SEARCH | SKEP_CAPABILITY_ADOPT_ROWS |
                                        SKEP_CAPABILITY_WARM_UP | SKEP_CAPABILITY_MEMORY_STATS |
                                        SKEP_CAPABILITY_CONCURRENT_SEARCH | SKEP_CAPABILITY_GRAPH |
                                        SKEP_CAPABILITY_GRAPH_TRANSFER;

const KernelTable* kernels_for_environment() {
    // Nothing where the process has more rights than who started it.
    const char* forced = secure_getenv("SKEP_CPU_ISA");
    return choose_kernel_table(forced == nullptr ? "" : forced).value();
}

template <std::size_t Size>
void set_text(char (&target)[Size], const std::string& text) {
    copy_text(target, text.data(), text.size());
}

}  // namespace

CpuBackend::CpuBackend(const skep_host_services& host)
    : host_(host), kernels_(kernels_for_environment()), name_(cpu_name()) {
    if (host_.log_enabled(host_.context, SKEP_LOG_DEBUG) != 0) {
        const std::string message = fmt::format("{}: {} kernels", name_, kernels_->isa);
        host_.log(host_.context, SKEP_LOG_DEBUG, "cpu", message.c_str());
    }
}

skep_device_info CpuBackend::device_info() const {
    const SystemMemory memory = system_memory();
    skep_device_info info{};
    info.struct_size = sizeof info;
    info.memory_kind = SKEP_MEMORY_HOST;
    info.capabilities = kCapabilities;
    for (std::uint32_t& dtypes : info.supported_dtypes)
        dtypes = kSupportedDtypes;
    info.max_dim = SKEP_MAX_DIM;
    info.max_k = UINT64_MAX;
    info.max_batch = UINT64_MAX;
    info.total_memory_bytes = memory.total_bytes;
    info.free_memory_bytes = memory.free_bytes;
    info.num_compute_units = num_hardware_threads();
    set_text(info.id, "cpu");
    set_text(info.backend, "cpu");
    set_text(info.name, name_);
    set_text(info.isa, kernels_->isa);
    return info;
}

bool supports(skep_metric metric, skep_dtype dtype) {
    return metric >= 0 && metric < SKEP_NUM_METRICS && dtype >= 0 &&
           static_cast<std::size_t>(dtype) < kNumElementTypes;
}

skep_store_options read_store_options(const skep_store_options* source, const char* name) {
    const skep_store_options options =
        read_argument(source, SKEP_SIZE_THROUGH(skep_store_options, dim), name);
    if (options.metric < 0 || options.metric >= SKEP_NUM_METRICS)
        fail(SKEP_INVALID_ARGUMENT, fmt::format("{}: {} is no metric", name, options.metric));
    if (options.dim == 0 || options.dim > SKEP_MAX_DIM) {
        fail(SKEP_INVALID_DIMENSION,
             fmt::format("{}: dim {} must be 1 to {}", name, options.dim, SKEP_MAX_DIM));
    }
    if (!supports(options.metric, options.dtype)) {
        fail(SKEP_UNSUPPORTED_TYPE,
             fmt::format("{}: element type {} is not offered on the processor; f32 ({}) to u8 "
                         "({}) are",
                         name, options.dtype, int{SKEP_DTYPE_F32}, int{SKEP_DTYPE_U8}));
    }
    if (options.reserve_slots > SKEP_MAX_ROWS) {
        fail(SKEP_LIMIT_EXCEEDED, fmt::format("{}: reserve_slots {} exceeds {} rows", name,
                                              options.reserve_slots, SKEP_MAX_ROWS));
    }
    return options;
}

}  // namespace skep::cpu
