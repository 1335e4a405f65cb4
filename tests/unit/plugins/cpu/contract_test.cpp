// SPDX-License-Identifier: MIT
// What the CPU backend does with every argument that backend.h lets it refuse, and with a stop.
#if defined(__x86_64__)
#include <cstdint>

#include <xmmintrin.h>
#endif

#include "support/generators.hpp"
#include "unit/plugins/cpu/backend_fixture.hpp"

namespace skep::testing {
namespace {

constexpr std::uint32_t kDim = 8;

TEST(CpuEntry, FillsItsRangeInWhenItRefuses) {
    skep_backend_request request{};
    request.struct_size = sizeof request;
    request.min_abi_version = 90;
    request.max_abi_version = 99;
    skep_backend_answer answer{};
    answer.struct_size = sizeof answer;
    skep_error error = SKEP_ERROR_INIT;

    EXPECT_EQ(skep_cpu_backend_entry(&request, &answer, &error), SKEP_ABI_MISMATCH);

    EXPECT_EQ(answer.min_abi_version, 1U);
    EXPECT_EQ(answer.max_abi_version, std::uint32_t{SKEP_BACKEND_ABI_VERSION});
    EXPECT_EQ(answer.operations, nullptr);
    EXPECT_STREQ(answer.name, "cpu");
    EXPECT_NE(std::string(error.message).find("90 to 99"), std::string::npos) << error.message;
}

TEST(CpuEntry, RefusesShortAndMissingStructs) {
    skep_backend_request request{};
    request.struct_size = sizeof request;
    request.min_abi_version = request.max_abi_version = 1;
    skep_backend_answer answer{};
    answer.struct_size = 8;
    EXPECT_EQ(skep_cpu_backend_entry(&request, &answer, nullptr), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(skep_cpu_backend_entry(nullptr, &answer, nullptr), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(skep_cpu_backend_entry(&request, nullptr, nullptr), SKEP_INVALID_ARGUMENT);
    answer.struct_size = sizeof answer;
    request.reserved = 1;
    EXPECT_EQ(skep_cpu_backend_entry(&request, &answer, nullptr), SKEP_INVALID_ARGUMENT);
}

TEST(CpuCreate, FailsOnAnUnknownIsa) {
    HostDouble host;
    setenv("SKEP_CPU_ISA", "mmx", 1);
    skep_backend* backend = nullptr;
    skep_error error = SKEP_ERROR_INIT;

    EXPECT_EQ(cpu_operations().create(&host.services(), &backend, &error), SKEP_INVALID_ARGUMENT);
    unsetenv("SKEP_CPU_ISA");

    EXPECT_EQ(backend, nullptr);
    EXPECT_NE(std::string(error.message).find("mmx"), std::string::npos) << error.message;
}

TEST(CpuCreate, RefusesIncompleteHosts) {
    HostDouble host;
    skep_backend* backend = nullptr;
    skep_host_services services = host.services();
    services.parallel_for = nullptr;
    EXPECT_EQ(cpu_operations().create(&services, &backend, nullptr), SKEP_INVALID_ARGUMENT);
    services = host.services();
    services.struct_size = 16;
    EXPECT_EQ(cpu_operations().create(&services, &backend, nullptr), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(cpu_operations().create(nullptr, &backend, nullptr), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(cpu_operations().create(&host.services(), nullptr, nullptr), SKEP_INVALID_ARGUMENT);
}

class CpuContract : public ::testing::Test {
  protected:
    CpuContract() { store_.append(matrix_of(rows_, kDim)); }

    [[nodiscard]] skep_status search_with(const skep_matrix& queries,
                                          const skep_search_request& request,
                                          const skep_call* call = nullptr) {
        const skep_search_answer target = answer_into(answer_, queries.num_rows, request.k);
        return cpu_operations().store_search(store_.store, &queries, &request, &target, call,
                                             &error_);
    }
    [[nodiscard]] bool is_answer_untouched() const {
        return std::all_of(answer_.slots.begin(), answer_.slots.end(),
                           [](std::uint32_t slot) { return slot == 12345678; });
    }

    HostDouble host_{2};
    CpuDeviceHandle device_{host_};
    StoreHandle store_{device_, store_options(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim)};
    std::vector<float> rows_ = random_f32(std::size_t{1000} * kDim, 1);
    std::vector<float> queries_ = random_f32(std::size_t{3} * kDim, 2);
    Answer answer_;
    skep_error error_ = SKEP_ERROR_INIT;
};

TEST_F(CpuContract, DescribesOneDevice) {
    std::uint32_t count = 0;
    ASSERT_EQ(cpu_operations().probe(device_.backend, nullptr), SKEP_OK);
    ASSERT_EQ(cpu_operations().device_count(device_.backend, &count, nullptr), SKEP_OK);
    EXPECT_EQ(count, 1U);
    skep_device_info info{};
    info.struct_size = sizeof info;
    ASSERT_EQ(cpu_operations().device_info(device_.backend, 0, &info, nullptr), SKEP_OK);
    EXPECT_STREQ(info.id, "cpu");
    EXPECT_STREQ(info.backend, "cpu");
    EXPECT_GT(std::string(info.name).size(), 0U);
    EXPECT_GT(std::string(info.isa).size(), 0U);
    EXPECT_EQ(info.memory_kind, SKEP_MEMORY_HOST);
    EXPECT_GE(info.num_compute_units, 1U);
    EXPECT_GT(info.total_memory_bytes, info.free_memory_bytes);
    EXPECT_GT(info.free_memory_bytes, 0U);
    EXPECT_NE(info.capabilities & SKEP_CAPABILITY_GRAPH, 0U);
    EXPECT_NE(info.capabilities & SKEP_CAPABILITY_GRAPH_TRANSFER, 0U);
    for (const std::uint32_t dtypes : info.supported_dtypes)
        EXPECT_EQ(dtypes, 0x1FU);  // all but i32
    EXPECT_EQ(cpu_operations().device_info(device_.backend, 1, &info, nullptr),
              SKEP_DEVICE_NOT_AVAILABLE);
    skep_device* device = nullptr;
    EXPECT_EQ(cpu_operations().device_open(device_.backend, 1, &device, nullptr),
              SKEP_DEVICE_NOT_AVAILABLE);
}

TEST_F(CpuContract, NeverWritesPastThePeersStruct) {
    skep_device_info info{};
    info.struct_size = SKEP_SIZE_THROUGH(skep_device_info, max_k);
    info.total_memory_bytes = 77;
    info.name[0] = '#';

    ASSERT_EQ(cpu_operations().device_info(device_.backend, 0, &info, nullptr), SKEP_OK);

    EXPECT_EQ(info.max_k, UINT64_MAX);
    EXPECT_EQ(info.total_memory_bytes, 77U);
    EXPECT_EQ(info.name[0], '#');
    EXPECT_EQ(info.struct_size, SKEP_SIZE_THROUGH(skep_device_info, max_k));
}

TEST_F(CpuContract, RefusesShapesItCannotHold) {
    const auto create = [&](skep_metric metric, skep_dtype dtype, std::uint32_t dim) {
        const skep_store_options options = store_options(metric, dtype, dim);
        skep_store* store = nullptr;
        const skep_status status =
            cpu_operations().store_create(device_.device, &options, &store, nullptr);
        EXPECT_EQ(store, nullptr);
        return status;
    };
    EXPECT_EQ(create(SKEP_METRIC_L2, SKEP_DTYPE_F32, 0), SKEP_INVALID_DIMENSION);
    EXPECT_EQ(create(SKEP_METRIC_L2, SKEP_DTYPE_F32, SKEP_MAX_DIM + 1), SKEP_INVALID_DIMENSION);
    EXPECT_EQ(create(7, SKEP_DTYPE_F32, 8), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(create(SKEP_METRIC_COSINE, SKEP_DTYPE_I32, 8), SKEP_UNSUPPORTED_TYPE);
    skep_store_options options = store_options(SKEP_METRIC_L2, SKEP_DTYPE_F32, 8);
    options.reserve_slots = std::uint64_t{SKEP_MAX_ROWS} + 1;
    skep_store* store = nullptr;
    EXPECT_EQ(cpu_operations().store_create(device_.device, &options, &store, nullptr),
              SKEP_LIMIT_EXCEEDED);
}

TEST_F(CpuContract, RefusesWrongMatrices) {
    skep_matrix matrix = matrix_of(queries_, kDim);
    const auto append = [&](const skep_matrix& rows) {
        return cpu_operations().store_append(store_.store, &rows, nullptr, &error_);
    };
    matrix.memory_kind = SKEP_MEMORY_CUDA;
    EXPECT_EQ(append(matrix), SKEP_WRONG_MEMORY);
    matrix.memory_kind = 0;
    EXPECT_EQ(append(matrix), SKEP_WRONG_MEMORY);
    matrix = matrix_of(queries_, kDim - 1);
    EXPECT_EQ(append(matrix), SKEP_DIMENSION_MISMATCH);
    matrix = matrix_of(queries_, kDim);
    matrix.dtype = SKEP_DTYPE_U8;
    EXPECT_EQ(append(matrix), SKEP_UNSUPPORTED_TYPE);
    matrix.dtype = 99;
    EXPECT_EQ(append(matrix), SKEP_INVALID_ARGUMENT);
    matrix = matrix_of(queries_, kDim);
    matrix.row_stride_bytes = kDim * 4 - 1;
    EXPECT_EQ(append(matrix), SKEP_INVALID_ARGUMENT);
    matrix = matrix_of(queries_, kDim);
    matrix.data = nullptr;
    EXPECT_EQ(append(matrix), SKEP_INVALID_ARGUMENT);
    matrix = matrix_of(queries_, kDim);
    matrix.reserved = 1;
    EXPECT_EQ(append(matrix), SKEP_INVALID_ARGUMENT);
    matrix = matrix_of(queries_, kDim);
    matrix.struct_size = 8;
    EXPECT_EQ(append(matrix), SKEP_INVALID_ARGUMENT);
    matrix = matrix_of(queries_, kDim);
    matrix.num_rows = std::uint64_t{SKEP_MAX_ROWS};
    EXPECT_EQ(append(matrix), SKEP_LIMIT_EXCEEDED);
    EXPECT_EQ(cpu_operations().store_append(store_.store, nullptr, nullptr, nullptr),
              SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(cpu_operations().store_append(nullptr, &matrix, nullptr, nullptr),
              SKEP_INVALID_ARGUMENT);

    skep_store_stats stats{};
    stats.struct_size = sizeof stats;
    ASSERT_EQ(cpu_operations().store_stats(store_.store, &stats, nullptr), SKEP_OK);
    EXPECT_EQ(stats.num_slots, 1000U);
}

TEST_F(CpuContract, RefusesWrongSearches) {
    const skep_matrix queries = matrix_of(queries_, kDim);
    EXPECT_EQ(search_with(queries, search_request(1000, 0)), SKEP_INVALID_K);
    EXPECT_EQ(search_with(queries, search_request(1001, 4)), SKEP_INVALID_ARGUMENT);
    EXPECT_TRUE(is_answer_untouched());
    skep_search_request request = search_request(1000, 4);
    request.reserved2 = 1;
    EXPECT_EQ(search_with(queries, request), SKEP_INVALID_ARGUMENT);
    request = search_request(1000, 4);
    request.struct_size = SKEP_SIZE_THROUGH(skep_search_request, allowed);
    EXPECT_EQ(search_with(queries, request), SKEP_INVALID_ARGUMENT);
    request = search_request(1000, 4);
    skep_bitmap bitmap{sizeof(skep_bitmap), 0, 10, nullptr};
    request.allowed = &bitmap;
    EXPECT_EQ(search_with(queries, request), SKEP_INVALID_ARGUMENT);
    EXPECT_TRUE(is_answer_untouched());
    const std::vector<std::uint8_t> bytes(kDim);
    EXPECT_EQ(search_with(matrix_of(bytes, kDim), search_request(1000, 4)), SKEP_UNSUPPORTED_TYPE);

    request = search_request(1000, 4);
    skep_search_answer target = answer_into(answer_, 3, 4);
    target.distances = nullptr;
    EXPECT_EQ(
        cpu_operations().store_search(store_.store, &queries, &request, &target, nullptr, nullptr),
        SKEP_INVALID_ARGUMENT);
    target = answer_into(answer_, 3, 4);
    target.memory_kind = SKEP_MEMORY_CUDA;
    EXPECT_EQ(
        cpu_operations().store_search(store_.store, &queries, &request, &target, nullptr, nullptr),
        SKEP_WRONG_MEMORY);
}

TEST_F(CpuContract, ReadsRequestsOfOlderPeers) {
    skep_search_request request = search_request(1000, 4);
    request.struct_size = SKEP_SIZE_THROUGH(skep_search_request, k);
    request.ef_search = 1;
    request.reserved2 = 99;  // past the size: not to be looked at

    EXPECT_EQ(search_with(matrix_of(queries_, kDim), request), SKEP_OK);

    EXPECT_EQ(answer_, plain_scan(SKEP_METRIC_L2, queries_, rows_, kDim, 4));
}

TEST_F(CpuContract, TakesNoQueries) {
    skep_matrix none = matrix_of(queries_, kDim);
    none.num_rows = 0;
    none.data = nullptr;
    EXPECT_EQ(search_with(none, search_request(1000, 4)), SKEP_OK);
}

TEST_F(CpuContract, RefusesSlotsThatAreNotThere) {
    std::vector<float> out_rows(kDim * 2, -7.0F);
    const skep_mutable_matrix out =
        SKEP_HOST_MATRIX(skep_mutable_matrix, SKEP_DTYPE_F32, out_rows.data(), 2, kDim);
    const std::uint32_t slots[] = {5, 1000};
    EXPECT_EQ(cpu_operations().store_read(store_.store, 0, slots, &out, nullptr, nullptr),
              SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(cpu_operations().store_read(store_.store, 999, nullptr, &out, nullptr, nullptr),
              SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(
        cpu_operations().store_read(store_.store, UINT64_MAX, nullptr, &out, nullptr, nullptr),
        SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(out_rows, std::vector<float>(kDim * 2, -7.0F));
    skep_mask* mask = nullptr;
    EXPECT_EQ(cpu_operations().mask_create(store_.store, nullptr, 1000, slots, 2, &mask, nullptr),
              SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(mask, nullptr);
}

// Stops at poll number `stop_at` and counts.
struct Stopper {
    skep_call call() {
        skep_call call{};
        call.struct_size = sizeof call;
        call.context = this;
        call.poll = [](void* context, std::uint64_t done, std::uint64_t total) -> skep_status {
            Stopper& self = *static_cast<Stopper*>(context);
            EXPECT_LE(done, total);
            return self.num_polls++ >= self.stop_at ? SKEP_CANCELLED : SKEP_OK;
        };
        return call;
    }

    std::int64_t stop_at = INT64_MAX;
    std::atomic<std::int64_t> num_polls{0};
};

TEST_F(CpuContract, LeavesEverythingAsItWasOnAStop) {
    const auto many_rows = random_f32(std::size_t{60000} * 128, 3);
    const auto many_queries = random_f32(std::size_t{64} * 128, 4);
    StoreHandle store(device_, store_options(SKEP_METRIC_L2, SKEP_DTYPE_F32, 128));
    const skep_matrix rows = matrix_of(many_rows, 128);
    for (const std::int64_t stop_at : {0, 3, 10}) {
        Stopper stopper;
        stopper.stop_at = stop_at;
        const skep_call call = stopper.call();
        const std::uint64_t bytes = host_.bytes_in_use.load();
        EXPECT_EQ(cpu_operations().store_append(store.store, &rows, &call, nullptr),
                  SKEP_CANCELLED);
        EXPECT_EQ(host_.bytes_in_use.load(), bytes);
    }
    store.append(rows);
    for (const std::size_t num_queries : {1U, 64U}) {
        for (const std::int64_t stop_at : {0, 1}) {
            skep_matrix queries = matrix_of(many_queries, 128);
            queries.num_rows = num_queries;
            Stopper stopper;
            stopper.stop_at = stop_at;
            const skep_call call = stopper.call();
            const skep_search_request request = search_request(60000, 10);
            const skep_search_answer target = answer_into(answer_, num_queries, 10);
            EXPECT_EQ(cpu_operations().store_search(store.store, &queries, &request, &target, &call,
                                                    &error_),
                      SKEP_CANCELLED);
            EXPECT_TRUE(is_answer_untouched());
            EXPECT_EQ(error_.code, SKEP_CANCELLED);
        }
    }
    Stopper stopper;
    stopper.stop_at = 0;
    const skep_call call = stopper.call();
    EXPECT_EQ(cpu_operations().store_compact(store.store, 60000, nullptr, &call, nullptr),
              SKEP_CANCELLED);
    skep_store_stats stats{};
    stats.struct_size = sizeof stats;
    ASSERT_EQ(cpu_operations().store_stats(store.store, &stats, nullptr), SKEP_OK);
    EXPECT_EQ(stats.num_slots, 60000U);
}

TEST_F(CpuContract, PollsOftenWhateverTheShape) {
    for (const std::uint32_t dim : {4U, 128U, SKEP_MAX_DIM}) {
        const std::size_t num_rows = dim == SKEP_MAX_DIM ? 200 : std::size_t{4000000} / dim;
        const auto rows = random_f32(num_rows * dim, 5);
        StoreHandle store(device_, store_options(SKEP_METRIC_L2, SKEP_DTYPE_F32, dim));
        store.append(matrix_of(rows, dim));
        const skep_matrix queries = matrix_of(rows, dim);
        for (const std::size_t num_queries : {1U, 40U}) {
            skep_matrix some = queries;
            some.num_rows = num_queries;
            Stopper stopper;
            const skep_call call = stopper.call();
            const skep_search_request request = search_request(num_rows, 3);
            const skep_search_answer target = answer_into(answer_, num_queries, 3);
            ASSERT_EQ(cpu_operations().store_search(store.store, &some, &request, &target, &call,
                                                    nullptr),
                      SKEP_OK);
            // 4 million multiply-adds between polls, plus what one kernel call does at most.
            const double work = static_cast<double>(num_rows * dim * num_queries);
            EXPECT_GE(static_cast<double>(stopper.num_polls.load()),
                      work / (2.0 * static_cast<double>((1U << 22U) + 64 * 16 * dim)))
                << "dim " << dim << " queries " << num_queries;
        }
    }
}

#if defined(__x86_64__)
TEST_F(CpuContract, IgnoresTheCallersFloatingPointMode) {
    std::vector<float> tiny_rows = rows_;
    for (float& value : tiny_rows)
        value *= 1e-40F;
    StoreHandle store(device_, store_options(SKEP_METRIC_COSINE, SKEP_DTYPE_F32, kDim));
    const std::vector<float> tiny_queries(tiny_rows.begin(), tiny_rows.begin() + 3 * kDim);
    const Answer expected = plain_scan(SKEP_METRIC_COSINE, tiny_queries, tiny_rows, kDim, 5);
    const unsigned saved = _mm_getcsr();

    _mm_setcsr(saved | 0x8040U);  // flush denormals, as -ffast-math does
    store.append(matrix_of(tiny_rows, kDim));
    const Answer found = search(store, matrix_of(tiny_queries, kDim), search_request(1000, 5));
    const unsigned after = _mm_getcsr();
    _mm_setcsr(saved);

    EXPECT_EQ(after & 0x8040U, 0x8040U);
    EXPECT_EQ(found, expected);
}
#endif

}  // namespace
}  // namespace skep::testing
