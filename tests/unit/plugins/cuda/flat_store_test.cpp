// SPDX-License-Identifier: MIT
// Storage: growth without moving, truncate, read back, compact, what is counted.
#include <cstdint>

#include "flat_fixture.hpp"

namespace skep::testing {
namespace {

constexpr std::uint32_t kDim = 33;

class CudaStore : public StoreTest {
  protected:
    template <typename Element>
    std::vector<Element> read(std::uint64_t first, std::uint64_t count,
                              const std::uint32_t* slots = nullptr) {
        std::vector<Element> out(count * kDim, Element{99});
        skep_mutable_matrix matrix =
            SKEP_HOST_MATRIX(skep_mutable_matrix, kDtypeOf<Element>, out.data(), count, kDim);
        EXPECT_EQ(
            session.ops.store_read(session.store, first, slots, &matrix, nullptr, &session.error),
            SKEP_OK)
            << session.error.message;
        return out;
    }
};

TEST_F(CudaStore, GrowsWithoutCopying) {
    ASSERT_EQ(session.create_store(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim), SKEP_OK);
    std::vector<float> all;
    for (int batch = 0; batch < 6; ++batch) {
        const auto rows = random_f32(std::size_t{6000} * kDim, 50 + static_cast<unsigned>(batch));
        ASSERT_EQ(session.append(rows, kDim), SKEP_OK) << session.error.message;
        all.insert(all.end(), rows.begin(), rows.end());
    }
    EXPECT_EQ(read<float>(0, 36000), all);
    EXPECT_EQ(fake_cuda().num_copies_on_device, 0U);
    const skep_store_stats stats = session.stats();
    EXPECT_EQ(stats.num_slots, 36000U);
    EXPECT_GE(stats.capacity_slots, 36000U);
    EXPECT_GE(stats.reserved_bytes, stats.used_bytes);
    EXPECT_GT(stats.num_buffers, 3U);
}

TEST_F(CudaStore, CopiesWhereTheDriverLacksVirtualMemory) {
    session.close();
    fake_cuda().has_virtual_memory = 0;
    ASSERT_EQ(session.open(), SKEP_OK);
    ASSERT_EQ(session.create_store(SKEP_METRIC_COSINE, SKEP_DTYPE_F32, kDim), SKEP_OK);
    const auto rows = random_f32(std::size_t{500} * kDim, 60);
    ASSERT_EQ(session.append(rows, kDim), SKEP_OK);
    const auto more = random_f32(std::size_t{700} * kDim, 61);
    ASSERT_EQ(session.append(more, kDim), SKEP_OK);
    EXPECT_GT(fake_cuda().num_copies_on_device, 0U);

    auto all = rows;
    all.insert(all.end(), more.begin(), more.end());
    EXPECT_EQ(read<float>(0, 1200), all);
    Answer answer;
    const auto query = random_f32(kDim, 62);
    ASSERT_EQ(session.search(query, kDim, 1200, 4, answer), SKEP_OK);
    EXPECT_EQ(answer, brute_force(SKEP_METRIC_COSINE, all, query, kDim, 4, every_slot));
}

TEST_F(CudaStore, ReserveMakesRoomOnce) {
    ASSERT_EQ(session.create_store(SKEP_METRIC_L2, SKEP_DTYPE_U8, kDim, 100000), SKEP_OK);
    EXPECT_GE(session.stats().capacity_slots, 100000U);
    const std::uint64_t reserved = session.stats().reserved_bytes;
    ASSERT_EQ(session.append(random_u8(std::size_t{100000} * kDim, 63), kDim), SKEP_OK);
    EXPECT_EQ(session.stats().reserved_bytes, reserved);
}

TEST_F(CudaStore, ReadsBackBitForBit) {
    ASSERT_EQ(session.create_store(SKEP_METRIC_L2, SKEP_DTYPE_U8, kDim), SKEP_OK);
    const auto rows = random_u8(std::size_t{400} * kDim, 64);
    ASSERT_EQ(session.append(rows, kDim), SKEP_OK);
    EXPECT_EQ(read<std::uint8_t>(0, 400), rows);
    const std::uint32_t slots[] = {399, 0, 7, 7};
    const auto picked = read<std::uint8_t>(0, 4, slots);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(std::memcmp(picked.data() + i * kDim, rows.data() + slots[i] * kDim, kDim), 0);
    }
}

TEST_F(CudaStore, TakesRowsWithGaps) {
    ASSERT_EQ(session.create_store(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim), SKEP_OK);
    const auto wide = random_f32(std::size_t{10} * (kDim + 3), 65);
    skep_matrix matrix = matrix_of(wide, kDim);
    matrix.num_rows = 10;
    matrix.row_stride_bytes = (kDim + 3) * sizeof(float);
    ASSERT_EQ(session.ops.store_append(session.store, &matrix, nullptr, &session.error), SKEP_OK);
    const auto out = read<float>(9, 1);
    EXPECT_EQ(std::memcmp(out.data(), wide.data() + 9 * (kDim + 3), kDim * sizeof(float)), 0);
}

TEST_F(CudaStore, CompactKeepsOrderAndGivesMemoryBack) {
    constexpr std::uint32_t kRows = 60000;
    ASSERT_EQ(session.create_store(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim), SKEP_OK);
    std::vector<float> kept;
    std::vector<std::uint32_t> erased;
    for (std::uint32_t begin = 0; begin < kRows; begin += kRows / 4) {
        const auto rows = random_f32(std::size_t{kRows} / 4 * kDim, 66 + begin);
        ASSERT_EQ(session.append(rows, kDim), SKEP_OK);
        for (std::uint32_t row = 0; row < kRows / 4; ++row) {
            if ((begin + row) % 5 == 0) {
                kept.insert(kept.end(), rows.begin() + row * kDim, rows.begin() + (row + 1) * kDim);
            } else {
                erased.push_back(begin + row);
            }
        }
    }
    const std::uint64_t before = session.stats().reserved_bytes;
    skep_mask* mask = nullptr;
    ASSERT_EQ(session.ops.mask_create(session.store, nullptr, kRows, erased.data(), erased.size(),
                                      &mask, &session.error),
              SKEP_OK);
    ASSERT_EQ(session.ops.store_compact(session.store, kRows, mask, nullptr, &session.error),
              SKEP_OK)
        << session.error.message;
    session.ops.mask_destroy(mask);

    EXPECT_EQ(session.stats().num_slots, kRows / 5);
    EXPECT_LT(session.stats().reserved_bytes, before);
    EXPECT_EQ(read<float>(0, kRows / 5), kept);
    Answer answer;
    const auto query = random_f32(kDim, 70);
    ASSERT_EQ(session.search(query, kDim, kRows / 5, 4, answer), SKEP_OK);
    EXPECT_EQ(answer, brute_force(SKEP_METRIC_L2, kept, query, kDim, 4, every_slot));
}

TEST_F(CudaStore, TruncateForgetsAndRefills) {
    ASSERT_EQ(session.create_store(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim), SKEP_OK);
    ASSERT_EQ(session.append(random_f32(std::size_t{50} * kDim, 71), kDim), SKEP_OK);
    session.ops.store_truncate(session.store, 0);
    const auto rows = random_f32(std::size_t{20} * kDim, 72);
    ASSERT_EQ(session.append(rows, kDim), SKEP_OK);
    EXPECT_EQ(session.stats().num_slots, 20U);
    EXPECT_EQ(read<float>(0, 20), rows);
}

TEST_F(CudaStore, SteadySearchesAllocateNothing) {
    ASSERT_EQ(session.create_store(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim), SKEP_OK);
    ASSERT_EQ(session.append(random_f32(std::size_t{300} * kDim, 73), kDim), SKEP_OK);
    Answer answer;
    ASSERT_EQ(session.search(random_f32(kDim, 74), kDim, 300, 4, answer), SKEP_OK);
    const std::uint64_t allocations = fake_cuda().num_allocations;
    for (unsigned i = 0; i < 5; ++i) {
        ASSERT_EQ(session.search(random_f32(kDim, 75 + i), kDim, 300, 4, answer), SKEP_OK);
    }
    EXPECT_EQ(fake_cuda().num_allocations, allocations);
}

}  // namespace
}  // namespace skep::testing
