// SPDX-License-Identifier: MIT
#include "host_memory.hpp"

#include <cstdint>

#include <fmt/format.h>
#include <sys/mman.h>

#include "skep/plugin_support/guard.hpp"

namespace skep::cpu {
namespace {

constexpr std::uint64_t kHugePageBytes = std::uint64_t{1} << 21U;
constexpr std::uint64_t kHugePageFloor = 2 * kHugePageBytes;

}  // namespace

HostBuffer::HostBuffer(const skep_host_services& host, std::uint64_t bytes, const char* operation) {
    if (bytes == 0) return;
    const bool is_large = bytes >= kHugePageFloor;
    const std::uint64_t alignment = is_large ? kHugePageBytes : kVectorAlignment;
    void* data = host.allocate(host.context, bytes, alignment);
    if (data == nullptr) {
        throw plugin::backend_error(
            SKEP_OUT_OF_HOST_MEMORY,
            fmt::format("{}: the host has no {} bytes to give", operation, bytes));
    }
    // A hint: rows are streamed through, and small pages cost address translations.
    if (is_large) static_cast<void>(madvise(data, bytes, MADV_HUGEPAGE));
    host_ = &host;
    data_ = data;
    bytes_ = bytes;
    alignment_ = alignment;
}

void HostBuffer::reset() noexcept {
    if (data_ != nullptr) host_->deallocate(host_->context, data_, bytes_, alignment_);
    host_ = nullptr;
    data_ = nullptr;
    bytes_ = 0;
    alignment_ = 0;
}

}  // namespace skep::cpu
