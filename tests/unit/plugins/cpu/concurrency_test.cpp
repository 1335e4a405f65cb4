// SPDX-License-Identifier: MIT
// Readers beside one writer, without a lock: what backend.h promises the host.
#include <atomic>
#include <cstdint>
#include <thread>

#include "support/generators.hpp"
#include "unit/plugins/cpu/backend_fixture.hpp"

namespace skep::testing {
namespace {

TEST(CpuConcurrency, SearchesAndReadsWhileRowsAreAppended) {
    constexpr std::uint32_t kDim = 16;
    constexpr std::size_t kRows = 6000;
    constexpr std::size_t kPart = 50;
    const auto rows = random_f32(kRows * kDim, 1);
    HostDouble host(2);
    const CpuDeviceHandle device(host);
    StoreHandle store(device, store_options(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim));
    // As the host does: slots are told of only after their append has returned.
    std::atomic<std::uint64_t> published{0};

    std::vector<std::thread> readers;
    for (std::size_t reader = 0; reader < 4; ++reader) {
        readers.emplace_back([&, reader] {
            for (std::uint64_t seen = 0; seen < kRows;) {
                seen = published.load(std::memory_order_acquire);
                if (seen == 0) continue;
                // Each row is its own nearest neighbour.
                const std::size_t num_queries = reader % 2 == 0 ? 1 : 12;
                const std::size_t first = (seen - num_queries) * (reader + 1) / 4;
                const std::vector<float> queries(
                    rows.begin() + static_cast<std::ptrdiff_t>(first * kDim),
                    rows.begin() + static_cast<std::ptrdiff_t>((first + num_queries) * kDim));
                const Answer answer =
                    search(store, matrix_of(queries, kDim), search_request(seen, 1));
                for (std::size_t i = 0; i < num_queries; ++i) {
                    EXPECT_EQ(answer.slots[i], first + i);
                    EXPECT_EQ(answer.distances[i], 0.0F);
                }
                std::vector<float> row(kDim);
                const skep_mutable_matrix out = SKEP_HOST_MATRIX(
                    skep_mutable_matrix, SKEP_DTYPE_F32, row.data(), std::uint64_t{1}, kDim);
                ASSERT_EQ(cpu_operations().store_read(store.store, seen - 1, nullptr, &out, nullptr,
                                                      nullptr),
                          SKEP_OK);
                EXPECT_TRUE(
                    std::equal(row.begin(), row.end(),
                               rows.begin() + static_cast<std::ptrdiff_t>((seen - 1) * kDim)));
                const auto erased = static_cast<std::uint32_t>(seen - 1);
                skep_mask* mask = nullptr;
                ASSERT_EQ(cpu_operations().mask_create(store.store, nullptr, seen, &erased, 1,
                                                       &mask, nullptr),
                          SKEP_OK);
                cpu_operations().mask_destroy(mask);
            }
        });
    }
    for (std::size_t first = 0; first < kRows; first += kPart) {
        skep_matrix part = matrix_of(rows, kDim);
        part.num_rows = kPart;
        part.data = rows.data() + first * kDim;
        store.append(part);
        // Some of it is taken back and comes again, as after a failure elsewhere in the host.
        cpu_operations().store_truncate(store.store, first + kPart / 2);
        part.num_rows = kPart / 2;
        part.data = rows.data() + (first + kPart / 2) * kDim;
        store.append(part);
        published.store(first + kPart, std::memory_order_release);
    }
    for (std::thread& reader : readers)
        reader.join();
}

}  // namespace
}  // namespace skep::testing
