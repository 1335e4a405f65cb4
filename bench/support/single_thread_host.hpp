// SPDX-License-Identifier: MIT
// Host services of one thread, and a store of the CPU backend behind them: what benchmarks of the
// backend alone need.
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "cpu_entry.hpp"

namespace skep::bench {

inline const skep_host_services& single_thread_host() {
    static const skep_host_services services = [] {
        skep_host_services host{};
        host.struct_size = sizeof host;
        host.log_enabled = [](void*, std::int32_t) -> std::int32_t { return 0; };
        host.log = [](void*, std::int32_t, const char*, const char*) {};
        host.allocate = [](void*, std::uint64_t size, std::uint64_t alignment) {
            return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
        };
        host.deallocate = [](void*, void* pointer, std::uint64_t, std::uint64_t) {
            std::free(pointer);
        };
        host.num_workers = [](void*) -> std::uint32_t { return 1; };
        host.parallel_for = [](void*, std::uint64_t num_tasks, skep_task_fn task, void* context) {
            for (std::uint64_t id = 0; id < num_tasks; ++id)
                task(context, id, 0);
        };
        return host;
    }();
    return services;
}

inline void require_ok(skep_status status, const skep_error& error) {
    if (status != SKEP_OK) throw std::runtime_error(error.message);
}

// Rows in a store of the CPU backend, with the ISA that SKEP_CPU_ISA asks for.
class CpuStore {
  public:
    CpuStore(skep_metric metric, const skep_matrix& rows) {
        skep_backend_request request{};
        request.struct_size = sizeof request;
        request.min_abi_version = request.max_abi_version = SKEP_BACKEND_ABI_VERSION;
        skep_backend_answer answer{};
        answer.struct_size = sizeof answer;
        skep_error error = SKEP_ERROR_INIT;
        require_ok(skep_cpu_backend_entry(&request, &answer, &error), error);
        operations_ = answer.operations;
        require_ok(operations_->create(&single_thread_host(), &backend_, &error), error);
        require_ok(operations_->device_open(backend_, 0, &device_, &error), error);
        skep_store_options options{};
        options.struct_size = sizeof options;
        options.metric = metric;
        options.dtype = rows.dtype;
        options.dim = rows.dim;
        options.reserve_slots = rows.num_rows;
        require_ok(operations_->store_create(device_, &options, &store_, &error), error);
        require_ok(operations_->store_append(store_, &rows, nullptr, &error), error);
        num_rows_ = rows.num_rows;
    }
    ~CpuStore() {
        operations_->store_destroy(store_);
        operations_->device_close(device_);
        operations_->destroy(backend_);
    }
    CpuStore(const CpuStore&) = delete;
    CpuStore& operator=(const CpuStore&) = delete;

    void search(const skep_matrix& queries, std::uint64_t k, std::uint32_t* slots,
                float* distances) const {
        skep_search_request request{};
        request.struct_size = sizeof request;
        request.num_slots = num_rows_;
        request.k = k;
        skep_search_answer answer{};
        answer.struct_size = sizeof answer;
        answer.memory_kind = SKEP_MEMORY_HOST;
        answer.slots = slots;
        answer.distances = distances;
        skep_error error = SKEP_ERROR_INIT;
        require_ok(operations_->store_search(store_, &queries, &request, &answer, nullptr, &error),
                   error);
    }

    [[nodiscard]] std::string isa() const {
        skep_device_info info{};
        info.struct_size = sizeof info;
        operations_->device_info(backend_, 0, &info, nullptr);
        return info.isa;
    }

    [[nodiscard]] double bytes_per_row() const {
        skep_store_stats stats{};
        stats.struct_size = sizeof stats;
        skep_error error = SKEP_ERROR_INIT;
        require_ok(operations_->store_stats(store_, &stats, &error), error);
        return static_cast<double>(stats.used_bytes) / static_cast<double>(num_rows_);
    }
    [[nodiscard]] const skep_backend_operations& operations() const { return *operations_; }
    [[nodiscard]] skep_store* handle() const { return store_; }
    [[nodiscard]] std::uint64_t num_rows() const { return num_rows_; }

  private:
    const skep_backend_operations* operations_ = nullptr;
    skep_backend* backend_ = nullptr;
    skep_device* device_ = nullptr;
    skep_store* store_ = nullptr;
    std::uint64_t num_rows_ = 0;
};

// A graph over all rows of a store, which outlives it.
class CpuGraph {
  public:
    CpuGraph(const CpuStore& store, std::uint32_t m, std::uint32_t ef_construction)
        : store_(store) {
        skep_graph_options options{};
        options.struct_size = sizeof options;
        options.m = m;
        options.ef_construction = ef_construction;
        skep_error error = SKEP_ERROR_INIT;
        const skep_backend_operations& operations = store.operations();
        require_ok(operations.opt_graph_create(store.handle(), &options, &graph_, &error), error);
        require_ok(operations.opt_graph_link(graph_, store.num_rows(), nullptr, &error), error);
    }
    ~CpuGraph() { store_.operations().opt_graph_destroy(graph_); }
    CpuGraph(const CpuGraph&) = delete;
    CpuGraph& operator=(const CpuGraph&) = delete;

    // allowed: a bit for every row, or null.
    void search(const skep_matrix& queries, std::uint64_t k, std::uint32_t ef_search,
                std::uint32_t* slots, float* distances,
                const std::uint64_t* allowed = nullptr) const {
        skep_bitmap bitmap{};
        bitmap.struct_size = sizeof bitmap;
        bitmap.num_bits = store_.num_rows();
        bitmap.words = allowed;
        skep_search_request request{};
        request.struct_size = sizeof request;
        request.num_slots = store_.num_rows();
        request.k = k;
        request.ef_search = ef_search;
        request.allowed = allowed == nullptr ? nullptr : &bitmap;
        skep_search_answer answer{};
        answer.struct_size = sizeof answer;
        answer.memory_kind = SKEP_MEMORY_HOST;
        answer.slots = slots;
        answer.distances = distances;
        skep_error error = SKEP_ERROR_INIT;
        require_ok(store_.operations().opt_graph_search(graph_, &queries, &request, &answer,
                                                        nullptr, &error),
                   error);
    }

    [[nodiscard]] double bytes_per_row() const {
        skep_graph_stats stats{};
        stats.struct_size = sizeof stats;
        skep_error error = SKEP_ERROR_INIT;
        require_ok(store_.operations().opt_graph_stats(graph_, &stats, &error), error);
        return static_cast<double>(stats.used_bytes) / static_cast<double>(store_.num_rows());
    }

  private:
    const CpuStore& store_;
    skep_graph* graph_ = nullptr;
};

}  // namespace skep::bench
