// SPDX-License-Identifier: MIT
// Readers beside one writer, without a lock: what backend.h promises the host.
#include <atomic>
#include <cstdint>
#include <thread>
#include <tuple>

#include "cuda_harness.hpp"

namespace skep::testing {
namespace {

constexpr std::uint32_t kDim = 33;

// Whether the driver has virtual memory, and the largest store that is searched plainly.
class CudaConcurrency : public ::testing::TestWithParam<std::tuple<bool, const char*>> {
  protected:
    void SetUp() override {
        reset_fake_cuda();
        fake_cuda().has_virtual_memory = std::get<0>(GetParam()) ? 1 : 0;
        ASSERT_EQ(session.open(), SKEP_OK) << session.error.message;
    }
    void TearDown() override {
        session.close();
        EXPECT_EQ(fake_cuda().num_live_objects, 0);
        EXPECT_EQ(fake_cuda().misuses, 0U);
    }

    // As a thread of its own would: session.error belongs to the writer.
    [[nodiscard]] Answer search(const std::vector<float>& queries, std::uint64_t num_slots,
                                std::uint64_t k) const {
        const skep_matrix matrix = matrix_of(queries, kDim);
        Answer answer;
        answer.slots.assign(matrix.num_rows * k, 7);
        answer.distances.assign(matrix.num_rows * k, 7.0F);
        skep_search_request request{};
        request.struct_size = sizeof request;
        request.num_slots = num_slots;
        request.k = k;
        skep_search_answer target{};
        target.struct_size = sizeof target;
        target.memory_kind = SKEP_MEMORY_HOST;
        target.slots = answer.slots.data();
        target.distances = answer.distances.data();
        EXPECT_EQ(
            session.ops.store_search(session.store, &matrix, &request, &target, nullptr, nullptr),
            SKEP_OK);
        return answer;
    }

    PlainSlots plain_slots{std::get<1>(GetParam())};
    CudaSession session;
};

TEST_P(CudaConcurrency, ManyThreadsSearchWhileOneAdds) {
    ASSERT_EQ(session.create_store(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim), SKEP_OK);
    const auto rows = random_f32(std::size_t{200} * kDim, 80);
    ASSERT_EQ(session.append(rows, kDim), SKEP_OK);
    const auto query = random_f32(kDim, 81);
    const Answer truth = brute_force(SKEP_METRIC_L2, rows, query, kDim, 6, every_slot);
    std::vector<std::thread> readers;
    std::vector<int> num_right(12, 0);
    for (int& right : num_right) {
        readers.emplace_back([&] {
            for (int i = 0; i < 3; ++i)
                right += search(query, 200, 6) == truth ? 1 : 0;
        });
    }
    // Rows enough that the store outgrows its first memory.
    for (unsigned batch = 0; batch < 5; ++batch) {
        EXPECT_EQ(session.append(random_f32(std::size_t{5000} * kDim, 90 + batch), kDim), SKEP_OK);
    }
    for (std::thread& reader : readers)
        reader.join();
    EXPECT_EQ(num_right, std::vector<int>(12, 3));
}

TEST_P(CudaConcurrency, SearchesAndReadsWhileRowsAreAppendedAndTakenBack) {
    constexpr std::size_t kRows = 600;
    constexpr std::size_t kPart = 50;
    ASSERT_EQ(session.create_store(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim), SKEP_OK);
    const auto rows = random_f32(kRows * kDim, 82);
    const auto part_of = [&](std::size_t first, std::size_t count) {
        return std::vector<float>(
            rows.begin() + static_cast<std::ptrdiff_t>(first * kDim),
            rows.begin() + static_cast<std::ptrdiff_t>((first + count) * kDim));
    };
    // As the host does: slots are told of only after their append has returned.
    std::atomic<std::uint64_t> published{0};

    std::vector<std::thread> readers;
    for (std::size_t reader = 0; reader < 4; ++reader) {
        readers.emplace_back([&, reader] {
            for (std::uint64_t seen = 0; seen < kRows;) {
                seen = published.load(std::memory_order_acquire);
                if (seen == 0) {
                    std::this_thread::yield();
                    continue;
                }
                // Each row is its own nearest neighbour. 12 queries go another way than one.
                const std::size_t num_queries = reader % 2 == 0 ? 1 : 12;
                const std::size_t first = (seen - num_queries) * (reader + 1) / 4;
                const Answer answer = search(part_of(first, num_queries), seen, 1);
                for (std::size_t i = 0; i < num_queries; ++i) {
                    EXPECT_EQ(answer.slots[i], first + i);
                    EXPECT_EQ(answer.distances[i], 0.0F);
                }
                std::vector<float> row(kDim);
                const skep_mutable_matrix out = SKEP_HOST_MATRIX(
                    skep_mutable_matrix, SKEP_DTYPE_F32, row.data(), std::uint64_t{1}, kDim);
                EXPECT_EQ(session.ops.store_read(session.store, seen - 1, nullptr, &out, nullptr,
                                                 nullptr),
                          SKEP_OK);
                EXPECT_EQ(row, part_of(seen - 1, 1));
                const auto erased = static_cast<std::uint32_t>(seen - 1);
                skep_mask* mask = nullptr;
                ASSERT_EQ(session.ops.mask_create(session.store, nullptr, seen, &erased, 1, &mask,
                                                  nullptr),
                          SKEP_OK);
                session.ops.mask_destroy(mask);
            }
        });
    }
    for (std::size_t first = 0; first < kRows; first += kPart) {
        EXPECT_EQ(session.append(part_of(first, kPart), kDim), SKEP_OK);
        // Some of it is taken back and comes again, as after a failure elsewhere in the host.
        session.ops.store_truncate(session.store, first + kPart / 2);
        EXPECT_EQ(session.append(part_of(first + kPart / 2, kPart / 2), kDim), SKEP_OK);
        published.store(first + kPart, std::memory_order_release);
    }
    for (std::thread& reader : readers)
        reader.join();
}

std::string name_of(const ::testing::TestParamInfo<std::tuple<bool, const char*>>& instance) {
    const bool is_plain = std::get<1>(instance.param) != std::string(kFilterAlways);
    return std::string(std::get<0>(instance.param) ? "VirtualMemory" : "MemoryThatMoves") +
           (is_plain ? "Plain" : "Filter");
}
INSTANTIATE_TEST_SUITE_P(With, CudaConcurrency,
                         ::testing::Combine(::testing::Bool(),
                                            ::testing::Values("4096", kFilterAlways)),
                         name_of);

}  // namespace
}  // namespace skep::testing
