// SPDX-License-Identifier: MIT
#include "runtime/host.hpp"

#include <bit>
#include <cstdint>
#include <limits>
#include <new>

namespace skep {
namespace {

Host& host_of(void* context) {
    return *static_cast<Host*>(context);
}

}  // namespace

Host::Host(LogSink log, std::uint32_t num_workers) : log_(std::move(log)), workers_(num_workers) {
    services_.struct_size = sizeof services_;
    services_.context = this;
    services_.log_enabled = [](void* context, std::int32_t level) -> std::int32_t {
        return host_of(context).log_.is_enabled(level) ? 1 : 0;
    };
    services_.log = [](void* context, std::int32_t level, const char* component,
                       const char* message) {
        host_of(context).log_.write(level, component == nullptr ? "backend" : component,
                                    message == nullptr ? "" : message);
    };
    services_.allocate = [](void* context, std::uint64_t size, std::uint64_t alignment) {
        return host_of(context).allocate(size, alignment);
    };
    services_.deallocate = [](void* context, void* pointer, std::uint64_t size,
                              std::uint64_t alignment) {
        host_of(context).deallocate(pointer, size, alignment);
    };
    services_.num_workers = [](void* context) { return host_of(context).workers_.num_workers(); };
    services_.parallel_for = [](void* context, std::uint64_t num_tasks, skep_task_fn task,
                                void* task_context) {
        host_of(context).workers_.parallel_for(num_tasks, task, task_context);
    };
}

void* Host::allocate(std::uint64_t size, std::uint64_t alignment) noexcept {
    if (size > std::numeric_limits<std::size_t>::max() / 2 || !std::has_single_bit(alignment)) {
        return nullptr;
    }
    void* const pointer =
        ::operator new(static_cast<std::size_t>(size), std::align_val_t(alignment), std::nothrow);
    if (pointer == nullptr) return nullptr;
    allocated_bytes_.fetch_add(size, std::memory_order_relaxed);
    num_allocations_.fetch_add(1, std::memory_order_relaxed);
    return pointer;
}

void Host::deallocate(void* pointer, std::uint64_t size, std::uint64_t alignment) noexcept {
    if (pointer == nullptr) return;
    ::operator delete(pointer, std::align_val_t(alignment), std::nothrow);
    allocated_bytes_.fetch_sub(size, std::memory_order_relaxed);
    num_allocations_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace skep
