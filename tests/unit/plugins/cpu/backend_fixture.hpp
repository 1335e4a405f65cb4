// SPDX-License-Identifier: MIT
// The CPU backend behind its C table, with a plain double scan to compare with.
#pragma once

#include <gtest/gtest.h>
#include <skep/backend.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "cpu_entry.hpp"
#include "skep/common/distance.hpp"
#include "unit/plugins/cpu/host_double.hpp"

namespace skep::testing {

inline const skep_backend_operations& cpu_operations() {
    static const skep_backend_operations* operations = [] {
        skep_backend_request request{};
        request.struct_size = sizeof request;
        request.min_abi_version = request.max_abi_version = SKEP_BACKEND_ABI_VERSION;
        skep_backend_answer answer{};
        answer.struct_size = sizeof answer;
        EXPECT_EQ(skep_cpu_backend_entry(&request, &answer, nullptr), SKEP_OK);
        return answer.operations;
    }();
    return *operations;
}

// An opened CPU device with the kernels of one ISA; an empty name lets the backend choose.
class CpuDeviceHandle {
  public:
    explicit CpuDeviceHandle(HostDouble& host, const std::string& isa = "") {
        if (isa.empty()) {
            unsetenv("SKEP_CPU_ISA");
        } else {
            setenv("SKEP_CPU_ISA", isa.c_str(), 1);
        }
        skep_error error = SKEP_ERROR_INIT;
        EXPECT_EQ(cpu_operations().create(&host.services(), &backend, &error), SKEP_OK)
            << error.message;
        unsetenv("SKEP_CPU_ISA");
        EXPECT_EQ(cpu_operations().device_open(backend, 0, &device, &error), SKEP_OK)
            << error.message;
    }
    ~CpuDeviceHandle() {
        cpu_operations().device_close(device);
        cpu_operations().destroy(backend);
    }
    CpuDeviceHandle(const CpuDeviceHandle&) = delete;
    CpuDeviceHandle& operator=(const CpuDeviceHandle&) = delete;

    skep_backend* backend = nullptr;
    skep_device* device = nullptr;
};

inline skep_store_options store_options(skep_metric metric, skep_dtype dtype, std::uint32_t dim) {
    skep_store_options options{};
    options.struct_size = sizeof options;
    options.metric = metric;
    options.dtype = dtype;
    options.dim = dim;
    return options;
}

// A store that is destroyed at the end of the scope.
class StoreHandle {
  public:
    StoreHandle(const CpuDeviceHandle& device, const skep_store_options& options) {
        skep_error error = SKEP_ERROR_INIT;
        EXPECT_EQ(cpu_operations().store_create(device.device, &options, &store, &error), SKEP_OK)
            << error.message;
    }
    ~StoreHandle() { cpu_operations().store_destroy(store); }
    StoreHandle(const StoreHandle&) = delete;
    StoreHandle& operator=(const StoreHandle&) = delete;

    void append(const skep_matrix& rows) {
        skep_error error = SKEP_ERROR_INIT;
        ASSERT_EQ(cpu_operations().store_append(store, &rows, nullptr, &error), SKEP_OK)
            << error.message;
    }

    skep_store* store = nullptr;
};

struct Answer {
    std::vector<std::uint32_t> slots;
    std::vector<float> distances;

    bool operator==(const Answer&) const = default;
};

inline skep_search_request search_request(std::uint64_t num_slots, std::uint64_t k) {
    skep_search_request request{};
    request.struct_size = sizeof request;
    request.num_slots = num_slots;
    request.k = k;
    return request;
}

inline skep_search_answer answer_into(Answer& answer, std::uint64_t num_queries, std::uint64_t k) {
    // Filled with values that no search returns.
    answer.slots.assign(num_queries * k, 12345678);
    answer.distances.assign(num_queries * k, std::numeric_limits<float>::quiet_NaN());
    skep_search_answer target{};
    target.struct_size = sizeof target;
    target.memory_kind = SKEP_MEMORY_HOST;
    target.slots = answer.slots.data();
    target.distances = answer.distances.data();
    return target;
}

inline Answer search(const StoreHandle& store, const skep_matrix& queries,
                     const skep_search_request& request) {
    Answer answer;
    const skep_search_answer target = answer_into(answer, queries.num_rows, request.k);
    skep_error error = SKEP_ERROR_INIT;
    EXPECT_EQ(
        cpu_operations().store_search(store.store, &queries, &request, &target, nullptr, &error),
        SKEP_OK)
        << error.message;
    return answer;
}

// What the contract says, computed row by row. visible: by slot; empty means all.
template <typename QueryElement, typename RowElement>
Answer plain_scan(skep_metric metric, const std::vector<QueryElement>& queries,
                  const std::vector<RowElement>& rows, std::size_t dim, std::uint64_t k,
                  const std::vector<bool>& visible = {}) {
    Answer answer;
    const std::size_t num_rows = rows.size() / dim;
    for (std::size_t query = 0; query < queries.size() / dim; ++query) {
        std::vector<std::pair<double, std::uint32_t>> found;
        for (std::size_t row = 0; row < num_rows; ++row) {
            if (!visible.empty() && !visible[row]) continue;
            found.emplace_back(
                distance(metric, queries.data() + query * dim, rows.data() + row * dim, dim),
                static_cast<std::uint32_t>(row));
        }
        std::sort(found.begin(), found.end());
        for (std::uint64_t i = 0; i < k; ++i) {
            const bool is_there = i < found.size();
            answer.slots.push_back(is_there ? found[i].second : SKEP_NO_SLOT);
            answer.distances.push_back(is_there ? static_cast<float>(found[i].first)
                                                : std::numeric_limits<float>::infinity());
        }
    }
    return answer;
}

}  // namespace skep::testing
