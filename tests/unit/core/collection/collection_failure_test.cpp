// SPDX-License-Identifier: MIT
// A backend that fails at any point leaves the collection as it was, and usable.
#include <cstdint>
#include <functional>

#include "support/collection_fixture.hpp"
#include "support/generators.hpp"

namespace skep::testing {
namespace {

class CollectionFailure : public MemoryBackendTest {
  protected:
    // Fails the n-th backend call of `write` for every n until it gets through. `prepare` runs
    // before, on a new collection each time.
    static void fail_every_call(const std::function<void(const TestCollection&)>& prepare,
                                const std::function<Outcome(const TestCollection&)>& write,
                                int least_failures) {
        int num_failures = 0;
        for (std::uint64_t n = 1;; ++n) {
            ASSERT_LT(n, 100U) << "the call never succeeds";
            const TestCollection collection(3);
            prepare(collection);
            const auto before = collection.state();
            MemoryBackend::fail_call(n);

            const Outcome failed = write(collection);

            const bool has_failed = MemoryBackend::has_failed();
            MemoryBackend::fail_call(0);
            if (!has_failed) {
                EXPECT_THAT(failed, Succeeds());
                break;
            }
            ++num_failures;
            EXPECT_THAT(failed, FailsWith(SKEP_DEVICE_FAILED, "failure asked for")) << n;
            EXPECT_EQ(collection.state(), before) << "call " << n;
            // Nothing is left behind that would disturb the same call now.
            EXPECT_THAT(write(collection), Succeeds()) << n;
            if (collection.count() != 0) {
                EXPECT_EQ(collection.search({0, 0, 0}, 1).counts[0], 1U);
            }
        }
        EXPECT_GE(num_failures, least_failures);
    }

    static void fill(const TestCollection& collection) {
        const Texts texts{"one", "two", "three", "four"};
        const skep_byte_list_view payloads = texts.view();
        ASSERT_THAT(
            collection.add(std::vector<std::uint64_t>{1, 2, 3, 4}, random_f32(12, 1), &payloads),
            Succeeds());
        ASSERT_THAT(collection.remove({4}), Succeeds());
    }
};

TEST_F(CollectionFailure, OfAnAddChangesNothing) {
    const Texts texts{"x", "yy"};
    const skep_byte_list_view payloads = texts.view();
    fail_every_call(
        fill,
        [&](const TestCollection& collection) {
            return collection.add({4, 9}, {1, 2, 3, 4, 5, 6}, &payloads);
        },
        2);
}

TEST_F(CollectionFailure, OfAFirstAddChangesNothing) {
    fail_every_call(
        [](const TestCollection&) {},
        [](const TestCollection& collection) { return collection.add({1, 2, 3, 4, 5, 6}); }, 3);
}

TEST_F(CollectionFailure, OfAnUpsertChangesNothing) {
    const Texts texts{"x", "yy"};
    const skep_byte_list_view payloads = texts.view();
    fail_every_call(
        fill,
        [&](const TestCollection& collection) {
            return collection.upsert({2, 9}, {1, 2, 3, 4, 5, 6}, &payloads);
        },
        3);
}

TEST_F(CollectionFailure, OfARemoveChangesNothing) {
    fail_every_call(
        fill, [](const TestCollection& collection) { return collection.remove({1, 3}); }, 1);
}

TEST_F(CollectionFailure, OfACompactChangesNothing) {
    fail_every_call(fill, [](const TestCollection& collection) { return collection.compact(); }, 1);
}

TEST_F(CollectionFailure, OfAReserveChangesNothing) {
    fail_every_call(
        fill,
        [](const TestCollection& collection) {
            return outcome([&](skep_error* error) {
                return skep_collection_reserve(collection.get(), 500000, error);
            });
        },
        1);
}

TEST_F(CollectionFailure, OfReadsLeavesOutputsAlone) {
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({1, 2}, {1, 2}), Succeeds());

    MemoryBackend::fail_operation("search", 1);
    const auto answer = collection.search({1}, 2);
    EXPECT_THAT(answer.outcome, FailsWith(SKEP_DEVICE_FAILED, "search"));
    EXPECT_THAT(answer.keys, ::testing::Each(77));
    EXPECT_THAT(answer.distances, ::testing::Each(-77.0F));
    EXPECT_THAT(answer.counts, ::testing::Each(77));

    std::vector<float> values(3, -5);
    const skep_mutable_matrix rows =
        SKEP_HOST_MATRIX(skep_mutable_matrix, SKEP_DTYPE_F32, values.data(), 3, 1);
    std::uint8_t found[3] = {9, 9, 9};
    skep_byte_list* payloads = nullptr;
    const Keys keys{1, 7, 2};
    MemoryBackend::fail_operation("read", 1);
    EXPECT_EQ(skep_collection_get(collection.get(), &keys.view(), &rows, &payloads, found, nullptr),
              SKEP_DEVICE_FAILED);
    EXPECT_THAT(values, ::testing::Each(-5.0F));
    EXPECT_THAT(found, ::testing::Each(9));
    EXPECT_EQ(payloads, nullptr);

    const float query = 1;
    const skep_matrix queries = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, &query, 1, 1);
    skep_range_result* result = nullptr;
    MemoryBackend::fail_operation("range_search", 1);
    EXPECT_EQ(skep_collection_range_search(collection.get(), &queries, 9, nullptr, nullptr, &result,
                                           nullptr),
              SKEP_DEVICE_FAILED);
    EXPECT_EQ(result, nullptr);
}

TEST_F(CollectionFailure, OfTheSecondBatchOfQueriesLeavesOutputsAlone) {
    MemoryBackend::info().max_batch = 1;
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({1, 2}, {1, 2}), Succeeds());
    MemoryBackend::fail_operation("search", 2);

    const auto answer = collection.search({1, 2}, 1);

    EXPECT_THAT(answer.outcome, FailsWith(SKEP_DEVICE_FAILED, "search"));
    EXPECT_THAT(answer.distances, ::testing::Each(-77.0F));
}

TEST_F(CollectionFailure, OfASecondReserveForSpareRoomIsTheCallersFailure) {
    const TestCollection collection(1);
    MemoryBackend::fail_operation("reserve", 1, SKEP_DEVICE_LOST);

    EXPECT_THAT(collection.add({1, 2}, {1, 2}), FailsWith(SKEP_DEVICE_LOST, "reserve"));

    EXPECT_EQ(collection.count(), 0U);
}

TEST_F(CollectionFailure, StopsAnAddThatIsCancelledMidway) {
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({1, 2}, {1, 2}), Succeeds());
    const auto before = collection.state();
    const std::vector<float> values(50, 1.0F);
    const skep_matrix rows = rows_of(values, 1);
    skep_call_options call = SKEP_CALL_OPTIONS_INIT;
    call.progress = [](void*, std::uint64_t done, std::uint64_t) -> std::int32_t {
        return done > 0 ? 1 : 0;
    };
    call.timeout_ns = 1;

    const skep_status status =
        skep_collection_add(collection.get(), &rows, nullptr, nullptr, &call, nullptr, nullptr);

    EXPECT_THAT(status, ::testing::AnyOf(SKEP_DEADLINE_EXCEEDED, SKEP_CANCELLED));
    EXPECT_EQ(collection.state(), before);
}

TEST_F(CollectionFailure, StopsASearchByItsSwitch) {
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({1, 2}, {1, 2}), Succeeds());
    skep_cancel* cancel = nullptr;
    ASSERT_EQ(skep_cancel_create(&cancel, nullptr), SKEP_OK);
    skep_cancel_trigger(cancel);
    skep_call_options call = SKEP_CALL_OPTIONS_INIT;
    call.cancel = cancel;
    const float query = 1;
    const skep_matrix queries = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, &query, 1, 1);
    skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
    std::uint64_t counts[1] = {77};
    skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
    output.counts = counts;

    EXPECT_EQ(skep_collection_search(collection.get(), &queries, &options, &output, &call, nullptr),
              SKEP_CANCELLED);
    EXPECT_EQ(counts[0], 77U);

    skep_cancel_reset(cancel);
    EXPECT_EQ(skep_collection_search(collection.get(), &queries, &options, &output, &call, nullptr),
              SKEP_OK);
    EXPECT_EQ(counts[0], 2U);
    skep_cancel_destroy(cancel);
}

}  // namespace
}  // namespace skep::testing
