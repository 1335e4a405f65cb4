// SPDX-License-Identifier: MIT
// Rows of the CPU backend: growth, reading back, adopting, truncating, compacting, running out of
// memory.
#include <cstdint>
#include <functional>

#include "support/generators.hpp"
#include "unit/plugins/cpu/backend_fixture.hpp"

namespace skep::testing {
namespace {

constexpr std::uint32_t kDim = 12;

std::vector<float> slice(const std::vector<float>& rows, std::size_t first, std::size_t count) {
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(first * kDim);
    return {begin, begin + static_cast<std::ptrdiff_t>(count * kDim)};
}

skep_store_stats stats_of(const StoreHandle& store) {
    skep_store_stats stats{};
    stats.struct_size = sizeof stats;
    EXPECT_EQ(cpu_operations().store_stats(store.store, &stats, nullptr), SKEP_OK);
    return stats;
}

std::vector<float> read_all(const StoreHandle& store) {
    std::vector<float> rows(stats_of(store).num_slots * kDim);
    const skep_mutable_matrix out = SKEP_HOST_MATRIX(skep_mutable_matrix, SKEP_DTYPE_F32,
                                                     rows.data(), rows.size() / kDim, kDim);
    skep_error error = SKEP_ERROR_INIT;
    EXPECT_EQ(cpu_operations().store_read(store.store, 0, nullptr, &out, nullptr, &error), SKEP_OK)
        << error.message;
    return rows;
}

class CpuStore : public ::testing::Test {
  protected:
    HostDouble host_{2};
    CpuDeviceHandle device_{host_};
    skep_store_options options_ = store_options(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim);
};

TEST_F(CpuStore, ReadsBackWhatManyAppendsBrought) {
    const auto rows = random_f32(std::size_t{40000} * kDim, 1);
    StoreHandle store(device_, options_);
    std::size_t done = 0;
    for (std::size_t count = 1; done < 40000; count = count * 3 + 1) {
        const std::size_t taken = std::min<std::size_t>(count, 40000 - done);
        const auto part = slice(rows, done, taken);
        store.append(matrix_of(part, kDim));
        done += taken;
    }

    EXPECT_EQ(read_all(store), rows);
    EXPECT_LE(stats_of(store).num_buffers, 6U);  // chunks double

    const std::vector<std::uint32_t> slots = {39999, 0, 17, 17, 20000};
    std::vector<float> picked(slots.size() * kDim);
    const skep_mutable_matrix out =
        SKEP_HOST_MATRIX(skep_mutable_matrix, SKEP_DTYPE_F32, picked.data(), slots.size(), kDim);
    ASSERT_EQ(cpu_operations().store_read(store.store, 0, slots.data(), &out, nullptr, nullptr),
              SKEP_OK);
    for (std::size_t i = 0; i < slots.size(); ++i)
        EXPECT_EQ(std::vector<float>(picked.begin() + static_cast<std::ptrdiff_t>(i * kDim),
                                     picked.begin() + static_cast<std::ptrdiff_t>((i + 1) * kDim)),
                  slice(rows, slots[i], 1));
}

TEST_F(CpuStore, ReservesExactly) {
    StoreHandle store(device_, options_);
    ASSERT_EQ(cpu_operations().store_reserve(store.store, 1000, nullptr), SKEP_OK);
    EXPECT_EQ(stats_of(store).capacity_slots, 1000U);
    const std::uint64_t allocations = host_.num_allocations.load();

    const auto rows = random_f32(std::size_t{1000} * kDim, 2);
    store.append(matrix_of(rows, kDim));

    EXPECT_EQ(host_.num_allocations.load(), allocations);
    ASSERT_EQ(cpu_operations().store_reserve(store.store, 1001, nullptr), SKEP_OK);
    EXPECT_EQ(stats_of(store).capacity_slots, 1001U);
    ASSERT_EQ(cpu_operations().store_reserve(store.store, 500, nullptr), SKEP_OK);
    EXPECT_EQ(stats_of(store).capacity_slots, 1001U);
}

TEST_F(CpuStore, TakesAnyNumberOfSmallReservations) {
    StoreHandle store(device_, options_);
    const auto rows = random_f32(std::size_t{300} * kDim, 3);
    for (std::size_t row = 0; row < 300; ++row) {
        ASSERT_EQ(cpu_operations().store_reserve(store.store, row + 1, nullptr), SKEP_OK);
        const auto one = slice(rows, row, 1);
        store.append(matrix_of(one, kDim));
    }

    EXPECT_EQ(read_all(store), rows);
}

TEST_F(CpuStore, ForgetsTruncatedRows) {
    const auto rows = random_f32(std::size_t{5000} * kDim, 4);
    StoreHandle store(device_, options_);
    store.append(matrix_of(rows, kDim));

    cpu_operations().store_truncate(store.store, 100);
    const auto more = slice(rows, 300, 50);
    store.append(matrix_of(more, kDim));

    std::vector<float> expected = slice(rows, 0, 100);
    expected.insert(expected.end(), more.begin(), more.end());
    EXPECT_EQ(read_all(store), expected);
    const auto queries = slice(rows, 280, 40);
    EXPECT_EQ(search(store, matrix_of(queries, kDim), search_request(150, 4)),
              plain_scan(SKEP_METRIC_L2, queries, expected, kDim, 4));
}

TEST_F(CpuStore, CompactsInOrderAndGivesMemoryBack) {
    const auto rows = random_f32(std::size_t{30000} * kDim, 5);
    StoreHandle store(device_, options_);
    for (std::size_t first = 0; first < 30000; first += 10000) {
        const auto part = slice(rows, first, 10000);
        store.append(matrix_of(part, kDim));
    }
    std::vector<std::uint32_t> erased;
    std::vector<float> kept;
    for (std::uint32_t slot = 0; slot < 30000; ++slot) {
        if (slot % 10 != 3) {
            erased.push_back(slot);
        } else {
            const auto row = slice(rows, slot, 1);
            kept.insert(kept.end(), row.begin(), row.end());
        }
    }
    skep_mask* mask = nullptr;
    ASSERT_EQ(cpu_operations().mask_create(store.store, nullptr, 30000, erased.data(),
                                           erased.size(), &mask, nullptr),
              SKEP_OK);
    const std::uint64_t bytes_before = stats_of(store).reserved_bytes;

    ASSERT_EQ(cpu_operations().store_compact(store.store, 30000, mask, nullptr, nullptr), SKEP_OK);
    cpu_operations().mask_destroy(mask);

    EXPECT_EQ(stats_of(store).num_slots, 3000U);
    EXPECT_EQ(stats_of(store).capacity_slots, 3000U);
    EXPECT_LT(stats_of(store).reserved_bytes, bytes_before / 9);
    EXPECT_EQ(host_.bytes_in_use.load(), stats_of(store).reserved_bytes);
    EXPECT_EQ(read_all(store), kept);
    const auto queries = slice(rows, 0, 20);
    EXPECT_EQ(search(store, matrix_of(queries, kDim), search_request(3000, 4)),
              plain_scan(SKEP_METRIC_L2, queries, kept, kDim, 4));
    store.append(matrix_of(queries, kDim));
    EXPECT_EQ(stats_of(store).num_slots, 3020U);
}

TEST_F(CpuStore, CompactsToNothing) {
    const auto rows = random_f32(std::size_t{10} * kDim, 6);
    StoreHandle store(device_, options_);
    store.append(matrix_of(rows, kDim));
    const std::vector<std::uint32_t> all = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    skep_mask* mask = nullptr;
    ASSERT_EQ(
        cpu_operations().mask_create(store.store, nullptr, 10, all.data(), 10, &mask, nullptr),
        SKEP_OK);

    ASSERT_EQ(cpu_operations().store_compact(store.store, 10, mask, nullptr, nullptr), SKEP_OK);
    cpu_operations().mask_destroy(mask);

    EXPECT_EQ(stats_of(store).num_slots, 0U);
    EXPECT_EQ(host_.bytes_in_use.load(), 0U);
    const auto queries = slice(rows, 0, 2);
    const Answer answer = search(store, matrix_of(queries, kDim), search_request(0, 3));
    EXPECT_EQ(answer.slots, std::vector<std::uint32_t>(6, SKEP_NO_SLOT));
}

TEST_F(CpuStore, ReleasesAdoptedRowsOnceAfterCompacting) {
    const auto rows = random_f32(std::size_t{500} * kDim, 7);
    const skep_matrix matrix = matrix_of(rows, kDim);
    int num_releases = 0;
    const skep_release release{&num_releases, [](void* context) { ++*static_cast<int*>(context); }};
    StoreHandle store(device_, options_);
    cpu_operations().store_destroy(store.store);
    ASSERT_EQ(cpu_operations().opt_store_adopt(device_.device, &options_, &matrix, &release,
                                               nullptr, &store.store, nullptr),
              SKEP_OK);
    const auto more = random_f32(std::size_t{77} * kDim, 8);
    store.append(matrix_of(more, kDim));
    std::vector<float> all = rows;
    all.insert(all.end(), more.begin(), more.end());
    EXPECT_EQ(read_all(store), all);
    EXPECT_EQ(num_releases, 0);

    ASSERT_EQ(cpu_operations().store_compact(store.store, 577, nullptr, nullptr, nullptr), SKEP_OK);

    EXPECT_EQ(num_releases, 1);
    EXPECT_EQ(read_all(store), all);
}

TEST_F(CpuStore, LeavesAdoptedRowsToTheCallerOnFailure) {
    const auto rows = random_f32(std::size_t{500} * kDim, 9);
    const skep_matrix matrix = matrix_of(rows, kDim);
    int num_releases = 0;
    const skep_release release{&num_releases, [](void* context) { ++*static_cast<int*>(context); }};
    skep_store* store = nullptr;

    host_.allocations_before_failure = 0;
    EXPECT_EQ(cpu_operations().opt_store_adopt(device_.device, &options_, &matrix, &release,
                                               nullptr, &store, nullptr),
              SKEP_OUT_OF_HOST_MEMORY);

    EXPECT_EQ(store, nullptr);
    EXPECT_EQ(num_releases, 0);
    EXPECT_EQ(host_.bytes_in_use.load(), 0U);
}

// Every operation that allocates, with every allocation failing once: the status says so, nothing
// has changed, nothing leaks, and the next try works.
TEST_F(CpuStore, SurvivesEveryFailedAllocation) {
    const auto rows = random_f32(std::size_t{6000} * kDim, 10);
    const auto more = random_f32(std::size_t{20000} * kDim, 11);
    const auto queries = random_f32(std::size_t{30} * kDim, 12);
    const std::vector<std::uint32_t> erased = {1, 2, 3, 500};
    const skep_matrix more_matrix = matrix_of(more, kDim);
    const skep_matrix query_matrix = matrix_of(queries, kDim);
    StoreHandle store(device_, options_);
    store.append(matrix_of(rows, kDim));
    skep_mask* mask = nullptr;
    Answer answer;
    const skep_search_request request = search_request(6000, 5);
    const skep_search_answer target = answer_into(answer, 30, 5);
    const Answer untouched = answer;

    struct Step {
        const char* name;
        std::function<skep_status(skep_error*)> run;
    };
    const std::vector<Step> steps = {
        {"search",
         [&](skep_error* error) {
             return cpu_operations().store_search(store.store, &query_matrix, &request, &target,
                                                  nullptr, error);
         }},
        {"mask create",
         [&](skep_error* error) {
             return cpu_operations().mask_create(store.store, nullptr, 6000, erased.data(), 4,
                                                 &mask, error);
         }},
        {"reserve",
         [&](skep_error* error) {
             return cpu_operations().store_reserve(store.store, 15000, error);
         }},
        {"compact",
         [&](skep_error* error) {
             return cpu_operations().store_compact(store.store, 6000, mask, nullptr, error);
         }},
        {"append",
         [&](skep_error* error) {
             return cpu_operations().store_append(store.store, &more_matrix, nullptr, error);
         }},
    };
    for (const Step& step : steps) {
        int num_failures = 0;
        for (std::int64_t before = 0;; ++before) {
            const std::vector<float> held = read_all(store);
            const std::uint64_t bytes = host_.bytes_in_use.load();
            skep_error error = SKEP_ERROR_INIT;
            host_.allocations_before_failure = before;
            const skep_status status = step.run(&error);
            const bool has_failed = host_.allocations_before_failure.exchange(-1) < 0;
            if (!has_failed) {
                ASSERT_EQ(status, SKEP_OK) << step.name;
                break;
            }
            ++num_failures;
            EXPECT_EQ(status, SKEP_OUT_OF_HOST_MEMORY) << step.name;
            EXPECT_EQ(error.layer, SKEP_LAYER_BACKEND);
            EXPECT_NE(std::string(error.message).find(step.name), std::string::npos)
                << error.message;
            EXPECT_EQ(read_all(store), held) << step.name;
            EXPECT_EQ(host_.bytes_in_use.load(), bytes) << step.name;
            EXPECT_EQ(answer.slots, untouched.slots) << step.name;
        }
        EXPECT_GE(num_failures, 1) << step.name;
        if (std::string(step.name) == "search") {
            EXPECT_EQ(answer, plain_scan(SKEP_METRIC_L2, queries, rows, kDim, 5));
            static_cast<void>(answer_into(answer, 30, 5));
        }
    }
    EXPECT_EQ(stats_of(store).num_slots, 25996U);
    cpu_operations().mask_destroy(mask);
}

// A row that is none of integers makes a store of integers code all rows again: all or nothing.
TEST_F(CpuStore, KeepsIntegersWhenCodingThemAgainFails) {
    std::vector<float> integers;
    for (const std::uint8_t value : random_u8(std::size_t{3000} * kDim, 13))
        integers.push_back(static_cast<float>(value));
    const auto others = random_f32(std::size_t{20000} * kDim, 14);
    const skep_matrix others_matrix = matrix_of(others, kDim);
    const auto queries = slice(integers, 100, 12);
    StoreHandle store(device_, options_);
    store.append(matrix_of(integers, kDim));
    const Answer expected = plain_scan(SKEP_METRIC_L2, queries, integers, kDim, 5);

    int num_failures = 0;
    for (std::int64_t before = 0;; ++before) {
        const std::uint64_t bytes = host_.bytes_in_use.load();
        skep_error error = SKEP_ERROR_INIT;
        host_.allocations_before_failure = before;
        const skep_status status =
            cpu_operations().store_append(store.store, &others_matrix, nullptr, &error);
        if (host_.allocations_before_failure.exchange(-1) >= 0) {
            ASSERT_EQ(status, SKEP_OK) << error.message;
            break;
        }
        ++num_failures;
        EXPECT_EQ(status, SKEP_OUT_OF_HOST_MEMORY);
        EXPECT_EQ(host_.bytes_in_use.load(), bytes);
        EXPECT_EQ(read_all(store), integers);
        EXPECT_EQ(search(store, matrix_of(queries, kDim), search_request(3000, 5)), expected);
    }
    EXPECT_GE(num_failures, 3);  // codes of the old rows, new rows, their codes
    EXPECT_EQ(host_.bytes_in_use.load(), stats_of(store).reserved_bytes);
    std::vector<float> all = integers;
    all.insert(all.end(), others.begin(), others.end());
    EXPECT_EQ(read_all(store), all);
    EXPECT_EQ(search(store, matrix_of(queries, kDim), search_request(23000, 5)),
              plain_scan(SKEP_METRIC_L2, queries, all, kDim, 5));
}

// Codes and terms of f32 rows take at most 30 % of the rows.
TEST_F(CpuStore, CountsItsCodes) {
    for (const std::uint32_t dim : {128U, 768U}) {
        StoreHandle store(device_, store_options(SKEP_METRIC_COSINE, SKEP_DTYPE_F32, dim));
        const auto rows = random_f32(std::size_t{10} * dim, 15);
        store.append(matrix_of(rows, dim));

        const std::uint64_t row_bytes = std::uint64_t{10} * dim * sizeof(float);
        EXPECT_EQ(stats_of(store).used_bytes, row_bytes + 10 * (dim + 16));
        EXPECT_LE(stats_of(store).used_bytes, row_bytes + row_bytes * 3 / 10);
    }
}

}  // namespace
}  // namespace skep::testing
