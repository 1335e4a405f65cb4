// SPDX-License-Identifier: MIT
#include "collection/key_table.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <numeric>

#include "support/collection_fixture.hpp"

namespace skep::testing {
namespace {

using ::testing::ElementsAre;
using OnExisting = KeyTable::OnExisting;

std::uint32_t slot_of(const KeyTable& table, std::uint64_t key) {
    return table.find(KeyBatch::checked_u64({&key, 1}), 0);
}

void enter(KeyTable& table, const std::vector<std::uint64_t>& keys, std::uint64_t first_slot) {
    auto staged =
        table.stage("enter", KeyBatch::checked_u64(keys), first_slot, OnExisting::kReplace).value();
    table.commit(staged);
}

TEST(KeyTable, TakesKeysBackThatAreNotCommitted) {
    KeyTable table(SKEP_KEY_U64);
    enter(table, {10, 11}, 0);
    {
        const std::vector<std::uint64_t> keys = {12, 11};
        const auto staged =
            table.stage("test", KeyBatch::checked_u64(keys), 2, OnExisting::kReplace).value();
        EXPECT_THAT(staged.replaced_slots(), ElementsAre(1));
        EXPECT_EQ(slot_of(table, 12), 2U);  // at or above the slots that readers know
        EXPECT_EQ(slot_of(table, 11), 1U);  // the old row until the new one is published
    }

    EXPECT_EQ(slot_of(table, 12), SKEP_NO_SLOT);
    EXPECT_EQ(slot_of(table, 11), 1U);
    EXPECT_EQ(table.num_keys(), 2U);
    EXPECT_EQ(table.next_u64_key(), 12U);
}

TEST(KeyTable, LeadsToTheNewRowOnceCommitted) {
    KeyTable table(SKEP_KEY_U64);
    enter(table, {10, 11}, 0);

    enter(table, {11, 12}, 2);

    EXPECT_EQ(slot_of(table, 11), 2U);
    EXPECT_EQ(slot_of(table, 12), 3U);
    EXPECT_EQ(table.num_keys(), 3U);
    EXPECT_EQ(table.u64_at(1), 11U);  // old slots still know their key
}

TEST(KeyTable, SharesTheBytesOfAReplacedStringKey) {
    KeyTable table(SKEP_KEY_STRING);
    const std::uint64_t offsets[] = {0, 5};
    const KeyBatch key = KeyBatch::checked_strings(offsets, "hello");
    for (std::uint64_t slot = 0; slot < 3; ++slot) {
        auto staged = table.stage("test", key, slot, OnExisting::kReplace).value();
        table.commit(staged);
    }

    EXPECT_EQ(table.find(key, 0), 2U);
    EXPECT_EQ(table.string_at(0).data(), table.string_at(2).data());
}

TEST(KeyTable, HoldsManyKeysThroughRemovalAndReturn) {
    KeyTable table(SKEP_KEY_U64);
    constexpr std::uint64_t kCount = 50000;
    std::vector<std::uint64_t> keys(kCount);
    for (std::uint64_t row = 0; row < kCount; ++row)
        keys[row] = row * 0x9E3779B97F4A7C15U >> 1;
    enter(table, keys, 0);
    for (std::uint64_t row = 0; row < kCount; row += 2) {
        table.erase(KeyBatch::checked_u64({&keys[row], 1}));
    }
    enter(table, {keys[0], keys[2]}, kCount);

    EXPECT_EQ(table.num_keys(), kCount / 2 + 2);
    EXPECT_EQ(slot_of(table, keys[0]), kCount);
    EXPECT_EQ(slot_of(table, keys[4]), SKEP_NO_SLOT);
    for (std::uint64_t row = 1; row < kCount; row += 2) {
        ASSERT_EQ(slot_of(table, keys[row]), row);
        ASSERT_EQ(table.u64_at(row), keys[row]);
    }
}

TEST(SegmentedArray, KeepsElementsWhereTheyAre) {
    SegmentedArray<std::uint64_t> array;
    array.reserve(1);
    const std::uint64_t* const first = &array[0];
    for (std::uint64_t position = 0; position < 100000; ++position) {
        array.reserve(position + 1);
        array[position] = position;
    }

    EXPECT_EQ(&array[0], first);
    for (std::uint64_t position = 0; position < 100000; ++position) {
        ASSERT_EQ(array[position], position);
    }
}

TEST(ByteArena, RollsBackToAMark) {
    ByteArena arena;
    const std::string_view kept = arena.append("kept");
    const ByteArena::Mark mark = arena.mark();
    static_cast<void>(arena.append(std::string(100000, 'x')));
    static_cast<void>(arena.append("more"));

    arena.roll_back(mark);

    EXPECT_EQ(kept, "kept");
    EXPECT_EQ(arena.used_bytes(), 4U);
    EXPECT_EQ(arena.append("next"), "next");
    EXPECT_EQ(kept, "kept");
}

TEST(ByteArena, KeepsItsLargestBlockWhenCleared) {
    ByteArena arena;
    static_cast<void>(arena.append("small"));
    static_cast<void>(arena.append(std::string(100000, 'x')));

    arena.clear();

    EXPECT_EQ(arena.used_bytes(), 0U);
    EXPECT_EQ(arena.allocated_bytes(), 100000U);
    EXPECT_EQ(arena.append("again"), "again");
    EXPECT_EQ(arena.allocated_bytes(), 100000U);
}

}  // namespace
}  // namespace skep::testing
