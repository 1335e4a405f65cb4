// SPDX-License-Identifier: MIT
#include <cstdint>
#include <limits>

#include "support/collection_fixture.hpp"

namespace skep::testing {
namespace {

using ::testing::ElementsAre;

class RangeSearch : public MemoryBackendTest {
  protected:
    struct Found {
        std::vector<std::uint64_t> offsets;
        std::vector<std::uint64_t> keys;
        std::vector<std::string> strings;
        std::vector<float> distances;
    };
    static Found search(const TestCollection& collection, const std::vector<float>& queries,
                        float radius) {
        const skep_matrix matrix = rows_of(queries, collection.dim());
        skep_range_result* result = nullptr;
        EXPECT_EQ(skep_collection_range_search(collection.get(), &matrix, radius, nullptr, nullptr,
                                               &result, nullptr),
                  SKEP_OK);
        skep_range_view view{};
        view.struct_size = sizeof view;
        EXPECT_EQ(skep_range_result_view(result, &view, nullptr), SKEP_OK);
        Found found;
        found.offsets.assign(view.offsets, view.offsets + view.num_queries + 1);
        const std::uint64_t total = found.offsets.back();
        found.distances.assign(view.distances, view.distances + total);
        if (view.keys != nullptr) found.keys.assign(view.keys, view.keys + total);
        for (std::uint64_t item = 0; view.strings != nullptr && item < total; ++item) {
            found.strings.emplace_back(skep_byte_list_at(view.strings, item, nullptr));
        }
        skep_range_result_destroy(result);
        return found;
    }
};

TEST_F(RangeSearch, FindsEveryRowWithinTheRadiusNearestFirst) {
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({9, 8, 7, 6}, {3, 1, -1, 2}), Succeeds());

    const Found found = search(collection, {0, 2.5F, 100}, 4);

    EXPECT_THAT(found.offsets, ElementsAre(0, 3, 6, 6));
    EXPECT_THAT(found.keys, ElementsAre(8, 7, 6, 9, 6, 8));
    EXPECT_THAT(found.distances, ElementsAre(1, 1, 4, 0.25F, 0.25F, 2.25F));
}

TEST_F(RangeSearch, TakesInfiniteAndNegativeRadii) {
    const TestCollection collection(1, SKEP_METRIC_INNER_PRODUCT);
    ASSERT_THAT(collection.add({1, 2, 3}), Succeeds());
    constexpr float kInfinity = std::numeric_limits<float>::infinity();

    EXPECT_THAT(search(collection, {1}, kInfinity).keys, ElementsAre(2, 1, 0));
    EXPECT_THAT(search(collection, {1}, -2).keys, ElementsAre(2, 1));
    EXPECT_THAT(search(collection, {1}, -kInfinity).keys, ElementsAre());
}

TEST_F(RangeSearch, AnswersWithNothingWhenEmptyOrNotAsked) {
    const TestCollection collection(1);

    EXPECT_THAT(search(collection, {1, 2}, 1).offsets, ElementsAre(0, 0, 0));
    EXPECT_THAT(search(collection, {}, 1).offsets, ElementsAre(0));
}

TEST_F(RangeSearch, NamesStringKeys) {
    const TestCollection collection(1, SKEP_METRIC_L2, SKEP_KEY_STRING);
    ASSERT_THAT(collection.add(Texts{"far", "near"}.keys(), {5, 1}), Succeeds());

    const Found found = search(collection, {0}, 25);

    EXPECT_THAT(found.strings, ElementsAre("near", "far"));
    EXPECT_THAT(found.keys, ElementsAre());
}

TEST_F(RangeSearch, SkipsRemovedRows) {
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({1, 2, 3}), Succeeds());
    ASSERT_THAT(collection.remove({1}), Succeeds());

    EXPECT_THAT(search(collection, {0}, 100).keys, ElementsAre(0, 2));
}

TEST_F(RangeSearch, IsRefusedWhereTheDeviceHasNone) {
    MemoryBackend::info().capabilities = 0;
    const TestCollection collection(1);
    const float query = 0;
    const skep_matrix queries = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, &query, 1, 1);
    skep_range_result* result = nullptr;

    EXPECT_THAT(outcome([&](skep_error* error) {
                    return skep_collection_range_search(collection.get(), &queries, 1, nullptr,
                                                        nullptr, &result, error);
                }),
                FailsWith(SKEP_UNSUPPORTED, "device 'memory' does not offer it"));
}

}  // namespace
}  // namespace skep::testing
