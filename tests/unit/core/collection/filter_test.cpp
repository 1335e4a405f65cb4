// SPDX-License-Identifier: MIT
#include "collection/filter.hpp"

#include "support/collection_fixture.hpp"

namespace skep::testing {
namespace {

using ::testing::ElementsAre;

class FilterTest : public MemoryBackendTest {
  protected:
    static TestCollection make() {
        TestCollection collection(1);
        EXPECT_THAT(collection.add({0, 1, 2, 3, 4}), Succeeds());
        return collection;
    }
};

TEST_F(FilterTest, AllowsOnlyItsKeys) {
    const TestCollection collection = make();
    const FilterHandle filter = collection.filter(SKEP_FILTER_ALLOW, {4, 1, 99});

    EXPECT_THAT(collection.search({0}, 3, filter.get()).keys, ElementsAre(1, 4, UINT64_MAX));
}

TEST_F(FilterTest, DeniesOnlyItsKeys) {
    const TestCollection collection = make();
    const FilterHandle filter = collection.filter(SKEP_FILTER_DENY, {0, 2, 99});

    EXPECT_THAT(collection.search({0}, 4, filter.get()).keys, ElementsAre(1, 3, 4, UINT64_MAX));
}

TEST_F(FilterTest, AllowsNothingAndDeniesNothingWithoutKeys) {
    const TestCollection collection = make();
    const FilterHandle none = collection.filter(SKEP_FILTER_ALLOW, {});
    const FilterHandle all = collection.filter(SKEP_FILTER_DENY, {});

    EXPECT_THAT(collection.search({0}, 2, none.get()).counts, ElementsAre(0));
    EXPECT_THAT(collection.search({0}, 2, all.get()).keys, ElementsAre(0, 1));
}

TEST_F(FilterTest, FollowsEveryChangeOfTheCollection) {
    const TestCollection collection = make();
    const FilterHandle allow = collection.filter(SKEP_FILTER_ALLOW, {1, 7});
    const FilterHandle deny = collection.filter(SKEP_FILTER_DENY, {1, 7});
    EXPECT_THAT(collection.search({0}, 2, allow.get()).keys, ElementsAre(1, UINT64_MAX));

    ASSERT_THAT(collection.add({7}, {7}), Succeeds());
    EXPECT_THAT(collection.search({0}, 2, allow.get()).keys, ElementsAre(1, 7));
    EXPECT_THAT(collection.search({9}, 1, deny.get()).keys, ElementsAre(4));

    ASSERT_THAT(collection.upsert({1}, {100}), Succeeds());
    EXPECT_THAT(collection.search({0}, 2, allow.get()).keys, ElementsAre(7, 1));

    ASSERT_THAT(collection.remove({7, 0}), Succeeds());
    EXPECT_THAT(collection.search({0}, 2, allow.get()).keys, ElementsAre(1, UINT64_MAX));

    ASSERT_THAT(collection.compact(), Succeeds());
    EXPECT_THAT(collection.search({0}, 2, allow.get()).keys, ElementsAre(1, UINT64_MAX));
    EXPECT_THAT(collection.search({0}, 4, deny.get()).keys, ElementsAre(2, 3, 4, UINT64_MAX));

    ASSERT_THAT(collection.clear(), Succeeds());
    ASSERT_THAT(collection.add({7, 8}, {7, 8}), Succeeds());
    EXPECT_THAT(collection.search({0}, 2, allow.get()).keys, ElementsAre(7, UINT64_MAX));
}

TEST_F(FilterTest, MatchesStringKeys) {
    const TestCollection collection(1, SKEP_METRIC_L2, SKEP_KEY_STRING);
    ASSERT_THAT(collection.add(Texts{"a", "b", "c"}.keys(), {1, 2, 3}), Succeeds());
    const FilterHandle filter = collection.filter(SKEP_FILTER_DENY, Texts{"b", "zz"}.keys());

    EXPECT_THAT(collection.search({0}, 3, filter.get()).strings, ElementsAre("a", "c", ""));
}

TEST_F(FilterTest, ReachesPastTheFirstWordOfTheBitmap) {
    const TestCollection collection(1);
    std::vector<float> rows(200);
    for (std::size_t row = 0; row < rows.size(); ++row)
        rows[row] = static_cast<float>(row);
    ASSERT_THAT(collection.add(rows), Succeeds());
    const FilterHandle filter = collection.filter(SKEP_FILTER_ALLOW, {63, 64, 127, 128, 199});

    EXPECT_THAT(collection.search({0}, 6, filter.get()).keys,
                ElementsAre(63, 64, 127, 128, 199, UINT64_MAX));
}

TEST_F(FilterTest, LimitsRangeSearchesToo) {
    const TestCollection collection = make();
    const FilterHandle filter = collection.filter(SKEP_FILTER_DENY, {1});
    skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
    options.filter = filter.get();
    const float query = 0;
    const skep_matrix queries = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, &query, 1, 1);
    skep_range_result* result = nullptr;

    ASSERT_EQ(skep_collection_range_search(collection.get(), &queries, 4, &options, nullptr,
                                           &result, nullptr),
              SKEP_OK);

    EXPECT_THAT(result->keys, ElementsAre(0, 2));
    skep_range_result_destroy(result);
}

}  // namespace
}  // namespace skep::testing
