// SPDX-License-Identifier: MIT
#include "collection/search_parts.hpp"

#include <cstdint>

#include "support/collection_fixture.hpp"
#include "support/generators.hpp"

namespace skep::testing {
namespace {

constexpr std::uint32_t kDim = 3;

class SearchParts : public MemoryBackendTest {
  protected:
    void SetUp() override {
        MemoryBackendTest::SetUp();
        device_ = MemoryBackend::open_device();
    }
    void TearDown() override {
        device_.reset();
        MemoryBackendTest::TearDown();
    }

    Store make_store(const std::vector<float>& rows) const {
        skep_store_options options{};
        options.struct_size = sizeof options;
        options.metric = SKEP_METRIC_L2;
        options.dim = kDim;
        Store store = device_->create_store(options).value();
        store.append(rows_of(rows, kDim), nullptr).value();
        return store;
    }
    struct Answer {
        std::vector<std::uint32_t> slots;
        std::vector<float> distances;
        bool operator==(const Answer&) const = default;
    };
    static Answer search(std::span<const SearchPart> parts, const std::vector<float>& queries,
                         std::uint64_t k) {
        const skep_matrix matrix = rows_of(queries, kDim);
        Answer answer;
        answer.slots.resize(matrix.num_rows * k);
        answer.distances.resize(matrix.num_rows * k);
        search_parts(parts, matrix, k, 0, answer.slots.data(), answer.distances.data(), nullptr)
            .value();
        return answer;
    }

    std::shared_ptr<Device> device_;
};

TEST_F(SearchParts, AnswersAsOneStoreWould) {
    std::vector<float> rows = random_f32(kDim * 60, 4);
    // Equal rows in different parts: the order of slots decides.
    std::copy_n(rows.begin(), kDim, rows.begin() + kDim * 25);
    std::copy_n(rows.begin(), kDim, rows.begin() + kDim * 59);
    const auto rows_between = [&](std::ptrdiff_t first, std::ptrdiff_t last) {
        return std::vector<float>(rows.begin() + first * kDim, rows.begin() + last * kDim);
    };
    const Store whole = make_store(rows);
    const Store first = make_store(rows_between(0, 20));
    const Store second = make_store(rows_between(20, 21));
    const Store third = make_store(rows_between(21, 60));
    const SearchPart one[] = {{&whole, 0, 60, nullptr, nullptr}};
    const SearchPart three[] = {{&first, 0, 20, nullptr, nullptr},
                                {&second, 20, 1, nullptr, nullptr},
                                {&third, 21, 39, nullptr, nullptr}};
    std::vector<float> queries = random_f32(kDim * 4, 6);
    queries.insert(queries.end(), rows.begin(), rows.begin() + kDim);

    for (const std::uint64_t k : {1U, 2U, 7U, 60U, 70U}) {
        EXPECT_EQ(search(three, queries, k), search(one, queries, k)) << "k " << k;
    }
}

TEST_F(SearchParts, HonoursMasksAndBitmapsOfEachPart) {
    const Store first = make_store({0, 0, 0, 1, 0, 0});
    const Store second = make_store({0, 0, 0, 2, 0, 0});
    const std::uint32_t erased[] = {0};
    const auto mask = first.make_mask(nullptr, 2, erased).value();
    const std::uint64_t word = 0b10;
    const skep_bitmap allowed{sizeof allowed, 0, 2, &word};
    const SearchPart parts[] = {{&first, 0, 2, mask.get(), nullptr},
                                {&second, 2, 2, nullptr, &allowed}};

    const Answer answer = search(parts, {0, 0, 0}, 3);

    EXPECT_THAT(answer.slots, ::testing::ElementsAre(1, 3, SKEP_NO_SLOT));
}

TEST_F(SearchParts, FailsWhenOnePartFails) {
    const Store first = make_store({0, 0, 0});
    const Store second = make_store({0, 0, 0});
    const SearchPart parts[] = {{&first, 0, 1, nullptr, nullptr},
                                {&second, 1, 1, nullptr, nullptr}};
    const std::vector<float> query = {0, 0, 0};
    std::uint32_t slot = 77;
    float distance = 77;
    MemoryBackend::fail_operation("search", 2);

    const Result<void> searched =
        search_parts(parts, rows_of(query, kDim), 1, 0, &slot, &distance, nullptr);

    EXPECT_FALSE(searched);
    EXPECT_EQ(slot, 77U);
    EXPECT_EQ(distance, 77.0F);
}

}  // namespace
}  // namespace skep::testing
