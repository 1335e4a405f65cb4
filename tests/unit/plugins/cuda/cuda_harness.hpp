// SPDX-License-Identifier: MIT
// The CUDA backend over the fake driver: opened through its entry symbol, used through its table.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <skep/backend.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <mutex>
#include <skep/common/distance.hpp>
#include <string>
#include <utility>
#include <vector>

#include "driver/driver_types.h"
#include "fake_cuda.hpp"
#include "support/generators.hpp"

namespace skep::testing {

// The fake driver of this process, of the first shape that was asked for: "complete", "old" or
// "broken". Opened before the backend asks for libcuda.so.1, which then finds it by its soname.
inline FakeCuda& fake_cuda(const char* shape = "complete") {
    static FakeCuda* const fake = [shape] {
        const char* folder = std::getenv("SKEP_FAKE_CUDA_DIR");
        const std::string path = std::string(folder != nullptr ? folder : SKEP_FAKE_CUDA_FOLDER) +
                                 "/" + shape + "/libcuda.so.1";
        void* library = dlopen(path.c_str(), RTLD_NOW);
        if (library == nullptr) {
            ADD_FAILURE() << dlerror();
            std::abort();
        }
        return reinterpret_cast<FakeCudaControl>(dlsym(library, "fake_cuda_control"))();
    }();
    return *fake;
}

inline void reset_fake_cuda() {
    fake_cuda();
    void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    reinterpret_cast<FakeCudaReset>(dlsym(library, "fake_cuda_reset"))();
    dlclose(library);
}

// The largest store that is searched without a filter, for as long as this lives: devices opened
// meanwhile go by it.
class PlainSlots {
  public:
    explicit PlainSlots(const char* slots) { setenv("SKEP_CUDA_PLAIN_SLOTS", slots, 1); }
    ~PlainSlots() { unsetenv("SKEP_CUDA_PLAIN_SLOTS"); }
    PlainSlots(const PlainSlots&) = delete;
    PlainSlots& operator=(const PlainSlots&) = delete;
};
inline constexpr const char* kFilterAlways = "0";

// Host services without threads; the log is kept.
class TestHost {
  public:
    TestHost() {
        services_.struct_size = sizeof services_;
        services_.context = this;
        services_.log_enabled = [](void*, std::int32_t) -> std::int32_t { return 1; };
        services_.log = [](void* self, std::int32_t, const char*, const char* message) {
            auto& host = *static_cast<TestHost*>(self);
            const std::lock_guard lock(host.log_mutex_);
            host.log_ += std::string(message) + "\n";
        };
        services_.allocate = [](void*, std::uint64_t size, std::uint64_t alignment) {
            return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
        };
        services_.deallocate = [](void*, void* pointer, std::uint64_t, std::uint64_t) {
            std::free(pointer);
        };
        services_.num_workers = [](void*) -> std::uint32_t { return 1; };
        services_.parallel_for = [](void*, std::uint64_t count, skep_task_fn task, void* context) {
            for (std::uint64_t id = 0; id < count; ++id)
                task(context, id, 0);
        };
    }
    [[nodiscard]] const skep_host_services* services() const { return &services_; }

    // What was logged since the last call.
    std::string take_log() {
        const std::lock_guard lock(log_mutex_);
        return std::exchange(log_, {});
    }

  private:
    skep_host_services services_{};
    std::mutex log_mutex_;
    std::string log_;
};

inline const skep_backend_operations& cuda_operations() {
    skep_backend_request request{};
    request.struct_size = sizeof request;
    request.min_abi_version = request.max_abi_version = SKEP_BACKEND_ABI_VERSION;
    static skep_backend_answer answer{};
    answer.struct_size = sizeof answer;
    EXPECT_EQ(skep_backend_entry(&request, &answer, nullptr), SKEP_OK);
    return *answer.operations;
}

struct Answer {
    std::vector<std::uint32_t> slots;
    std::vector<float> distances;

    bool operator==(const Answer&) const = default;
};

// Owns what it opens and closes it in order, also when a step failed.
class CudaSession {
  public:
    CudaSession() : ops(cuda_operations()) { error.struct_size = sizeof error; }
    ~CudaSession() { close(); }
    CudaSession(const CudaSession&) = delete;
    CudaSession& operator=(const CudaSession&) = delete;

    skep_status open() {
        if (const auto status = ops.create(host.services(), &backend, &error)) return status;
        return ops.device_open(backend, 0, &device, &error);
    }
    skep_status create_store(skep_metric metric, skep_dtype dtype, std::uint32_t dim,
                             std::uint64_t reserve_slots = 0) {
        const skep_store_options options{sizeof(skep_store_options), metric, dtype, dim,
                                         reserve_slots};
        return ops.store_create(device, &options, &store, &error);
    }
    template <typename Element>
    skep_status append(const std::vector<Element>& rows, std::uint32_t dim) {
        const skep_matrix matrix = matrix_of(rows, dim);
        return ops.store_append(store, &matrix, nullptr, &error);
    }
    template <typename Element>
    skep_status search(const std::vector<Element>& queries, std::uint32_t dim,
                       std::uint64_t num_slots, std::uint64_t k, Answer& out,
                       const skep_mask* mask = nullptr, const skep_bitmap* allowed = nullptr,
                       const skep_call* call = nullptr) {
        const skep_matrix matrix = matrix_of(queries, dim);
        skep_search_request request{};
        request.struct_size = sizeof request;
        request.num_slots = num_slots;
        request.mask = mask;
        request.allowed = allowed;
        request.k = k;
        out.slots.assign(matrix.num_rows * k, 7);
        out.distances.assign(matrix.num_rows * k, 7.0F);
        skep_search_answer answer{};
        answer.struct_size = sizeof answer;
        answer.memory_kind = SKEP_MEMORY_HOST;
        answer.slots = out.slots.data();
        answer.distances = out.distances.data();
        return ops.store_search(store, &matrix, &request, &answer, call, &error);
    }
    skep_store_stats stats() {
        skep_store_stats stats{};
        stats.struct_size = sizeof stats;
        EXPECT_EQ(ops.store_stats(store, &stats, &error), SKEP_OK) << error.message;
        return stats;
    }
    void close() {
        ops.store_destroy(store);
        ops.device_close(device);
        ops.destroy(backend);
        store = nullptr;
        device = nullptr;
        backend = nullptr;
    }

    const skep_backend_operations& ops;
    TestHost host;
    skep_error error{};
    skep_backend* backend = nullptr;
    skep_device* device = nullptr;
    skep_store* store = nullptr;
};

// The definition: every row, in double, ties by slot. is_counted(slot) says which rows count.
template <typename Row, typename Query, typename Counted>
Answer brute_force(skep_metric metric, const std::vector<Row>& rows,
                   const std::vector<Query>& queries, std::uint32_t dim, std::uint64_t k,
                   Counted&& is_counted) {
    Answer answer;
    for (std::size_t query = 0; query < queries.size() / dim; ++query) {
        std::vector<std::pair<double, std::uint32_t>> all;
        for (std::uint32_t slot = 0; slot < rows.size() / dim; ++slot) {
            if (!is_counted(slot)) continue;
            all.emplace_back(distance(metric, queries.data() + query * dim,
                                      rows.data() + std::size_t{slot} * dim, dim),
                             slot);
        }
        std::sort(all.begin(), all.end());
        for (std::uint64_t i = 0; i < k; ++i) {
            answer.slots.push_back(i < all.size() ? all[i].second : SKEP_NO_SLOT);
            answer.distances.push_back(i < all.size() ? static_cast<float>(all[i].first)
                                                      : std::numeric_limits<float>::infinity());
        }
    }
    return answer;
}

inline bool every_slot(std::uint32_t) {
    return true;
}

}  // namespace skep::testing
