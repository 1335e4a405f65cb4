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

// A store of integers, searched by readers of earlier snapshots while a row that is none comes.
TEST(CpuConcurrency, SearchesWhileIntegersAreCodedAgain) {
    constexpr std::uint32_t kDim = 24;
    constexpr std::size_t kIntegers = 3000;
    constexpr std::size_t kRows = 3200;
    constexpr int kRounds = 12;
    std::vector<float> rows;
    for (const std::uint8_t value : random_u8(kIntegers * kDim, 2))
        rows.push_back(static_cast<float>(value));
    const auto others = random_f32((kRows - kIntegers) * kDim, 3, 0.0F, 255.0F);
    rows.insert(rows.end(), others.begin(), others.end());
    for (int round = 0; round < kRounds; ++round) {
        HostDouble host(2);
        const CpuDeviceHandle device(host);
        const skep_metric metric = round % 2 == 0 ? SKEP_METRIC_L2 : SKEP_METRIC_COSINE;
        StoreHandle store(device, store_options(metric, SKEP_DTYPE_F32, kDim));
        skep_matrix part = matrix_of(rows, kDim);
        part.num_rows = kIntegers;
        store.append(part);
        std::atomic<std::uint64_t> published{kIntegers};

        std::vector<std::thread> readers;
        for (std::size_t reader = 0; reader < 3; ++reader) {
            readers.emplace_back([&, reader] {
                for (std::uint64_t seen = 0; seen < kRows;) {
                    seen = published.load(std::memory_order_acquire);
                    // Each row is its own nearest neighbour.
                    const std::size_t num_queries = reader % 2 == 0 ? 1 : 12;
                    const std::size_t first = (seen - num_queries) * (reader + 1) / 3;
                    const std::vector<float> queries(
                        rows.begin() + static_cast<std::ptrdiff_t>(first * kDim),
                        rows.begin() + static_cast<std::ptrdiff_t>((first + num_queries) * kDim));
                    const Answer answer =
                        search(store, matrix_of(queries, kDim), search_request(seen, 1));
                    for (std::size_t i = 0; i < num_queries; ++i)
                        EXPECT_EQ(answer.slots[i], first + i);
                    std::vector<float> row(kDim);
                    const skep_mutable_matrix out = SKEP_HOST_MATRIX(
                        skep_mutable_matrix, SKEP_DTYPE_F32, row.data(), std::uint64_t{1}, kDim);
                    ASSERT_EQ(cpu_operations().store_read(store.store, first, nullptr, &out,
                                                          nullptr, nullptr),
                              SKEP_OK);
                    EXPECT_TRUE(
                        std::equal(row.begin(), row.end(),
                                   rows.begin() + static_cast<std::ptrdiff_t>(first * kDim)));
                }
            });
        }
        for (std::size_t first = kIntegers; first < kRows; first += 100) {
            part.num_rows = 100;
            part.data = rows.data() + first * kDim;
            store.append(part);
            published.store(first + 100, std::memory_order_release);
        }
        for (std::thread& reader : readers)
            reader.join();
    }
}

}  // namespace
}  // namespace skep::testing
