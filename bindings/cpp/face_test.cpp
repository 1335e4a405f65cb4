// SPDX-License-Identifier: MIT
// What only C++ has to show: ownership, ranges, callbacks, Results.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <skep/skep.hpp>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "readme_example.hpp"
#include "support/temporary_folder.hpp"

namespace skep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename Handle>
constexpr bool kOnlyMoves =
    !std::is_copy_constructible_v<Handle> && !std::is_copy_assignable_v<Handle> &&
    std::is_nothrow_move_constructible_v<Handle> && std::is_nothrow_move_assignable_v<Handle>;
static_assert(kOnlyMoves<Runtime> && kOnlyMoves<Collection> && kOnlyMoves<Filter> &&
              kOnlyMoves<Cancel> && kOnlyMoves<Vectors> && kOnlyMoves<ByteList> &&
              kOnlyMoves<RangeHits>);

Collection make_collection(const Runtime& runtime, std::uint32_t dim,
                           skep_key_kind key_kind = SKEP_KEY_U64) {
    CollectionOptions options;
    options.dim = dim;
    options.key_kind = key_kind;
    options.device = "cpu";
    return Collection::create(runtime, options).value();
}

std::string cpp_block_of(const std::string& text, const std::string& begin,
                         const std::string& end) {
    const std::size_t first = text.find(begin) + begin.size();
    return text.substr(first, text.find(end, first) - first);
}

TEST(CppFace, ReadmeShowsTheExampleThatIsRun) {
    const std::string folder = SKEP_CPP_BINDING_DIR;
    const std::string page = testing::read_bytes(folder + "/README.md");
    const std::string source = testing::read_bytes(folder + "/readme_example.cpp");

    EXPECT_EQ(cpp_block_of(page, "```cpp\n", "```"),
              cpp_block_of(source, "// --- README ---\n", "// --- end ---"));
    EXPECT_EQ(nearest_words(), "bee 0\nhive 0.4\n");
}

TEST(CppFace, HandlesEndInAnyOrder) {
    Runtime runtime = Runtime::create().value();
    Collection collection = make_collection(runtime, 1);
    {
        const Runtime ended = std::move(runtime);
    }
    const float row = 1;
    collection.add(rows(&row, 1, 1)).value();
    const Filter filter = Filter::allow(collection, {0}).value();
    Collection moved = std::move(collection);

    SearchOptions options;
    options.filter = &filter;
    EXPECT_EQ(moved.search(rows(&row, 1, 1), options).value()[0].size(), 1U);
    {
        const Collection ended = std::move(moved);
    }
}

TEST(CppFace, CallsWithAMovedFromHandleFail) {
    const Runtime runtime = Runtime::create().value();
    Collection collection = make_collection(runtime, 1);
    const Collection owner = std::move(collection);

    const Result<std::uint64_t> count = collection.count();  // NOLINT(bugprone-use-after-move)

    ASSERT_FALSE(count);
    EXPECT_EQ(count.error().status(), SKEP_INVALID_ARGUMENT);
    EXPECT_THAT(count.error().message(), HasSubstr("collection is NULL"));
    EXPECT_EQ(owner.count().value(), 0U);
}

TEST(CppFace, AnErrorIsAResultOrAnException) {
    const Runtime runtime = Runtime::create().value();
    CollectionOptions options;

    const Result<Collection> made = Collection::create(runtime, options);

    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().status(), SKEP_INVALID_DIMENSION);
    EXPECT_EQ(made.error().layer(), SKEP_LAYER_CLIENT);
    EXPECT_THROW(static_cast<void>(made.value()), std::runtime_error);
}

TEST(CppFace, HitsAreRangesPerQuery) {
    const Runtime runtime = Runtime::create().value();
    Collection collection = make_collection(runtime, 1);
    const std::vector<float> values = {0, 1, 2};
    collection.add(rows(values.data(), 3, 1), {10, 20, 30}, {"zero", "one", "two"}).value();

    SearchOptions options;
    options.k = 5;
    options.has_payloads = true;
    const Hits hits = collection.search(rows(values.data() + 1, 2, 1), options).value();
    std::vector<std::uint64_t> keys;
    std::vector<std::string> payloads;
    for (const Hit hit : hits[1]) {
        keys.push_back(hit.key);
        payloads.emplace_back(hit.payload);
    }

    EXPECT_THAT(keys, ElementsAre(30, 20, 10));
    EXPECT_THAT(payloads, ElementsAre("two", "one", "zero"));
    EXPECT_EQ(hits[0].size(), 3U);
    EXPECT_EQ(hits[0][0].key, 20U);
    EXPECT_EQ(hits.at(3).key, UINT64_MAX);

    const RangeHits within = collection.range_search(rows(values.data(), 2, 1), 1).value();
    EXPECT_EQ(within.num_queries(), 2U);
    EXPECT_EQ(within[0].size(), 2U);
    EXPECT_EQ(within[1][0].key, 20U);
    EXPECT_EQ(within[1][2].distance, 1.0F);
}

TEST(CppFace, KeysAreMadeOfWhateverIsAtHand) {
    const Runtime runtime = Runtime::create().value();
    Collection numbered = make_collection(runtime, 1);
    const float values[] = {1, 2, 3};
    const std::array<std::uint64_t, 3> numbers = {7, 8, 9};
    numbered.add(rows(values, 3, 1), Span<const std::uint64_t>(numbers)).value();
    numbered.remove({8}).value();
    EXPECT_THAT(numbered.keys().value(), ElementsAre(7, 9));
    EXPECT_TRUE(numbered.contains(9).value());
    EXPECT_FALSE(numbered.contains(8).value());

    Collection named = make_collection(runtime, 1, SKEP_KEY_STRING);
    const std::vector<std::string> names = {"a", "b", "c"};
    named.add(rows(values, 3, 1), Texts::of(names)).value();
    named.remove(Texts{"b"}).value();
    EXPECT_EQ(named.string_keys().value().size(), 2U);
    EXPECT_TRUE(named.contains("c").value());
    EXPECT_FALSE(named.contains("b").value());
}

TEST(CppFace, RowsComeBackByTheirOwnTypeOnly) {
    const Runtime runtime = Runtime::create().value();
    Collection collection = make_collection(runtime, 2);
    const float values[] = {1, 2, 3, 4};
    collection.add(rows(values, 2, 2)).value();

    const Rows got = collection.find_rows({1, 5}).value();

    const Span<const float> row = got.rows.row<float>(0);
    EXPECT_EQ(std::vector<float>(row.begin(), row.end()), std::vector<float>({3, 4}));
    EXPECT_THAT(got.found, ElementsAre(1, 0));
    EXPECT_TRUE(got.rows.row<std::uint8_t>(0).empty());
    EXPECT_TRUE(got.rows.row<float>(2).empty());
}

TEST(CppFace, ProgressIsAskedAndItsExceptionStopsTheCall) {
    const Runtime runtime = Runtime::create().value();
    Collection collection = make_collection(runtime, 1);
    const float value = 1;
    int times = 0;
    CallOptions call;
    call.progress = [&times](std::uint64_t, std::uint64_t) {
        ++times;
        return true;
    };
    collection.add(rows(&value, 1, 1), call).value();
    EXPECT_GE(times, 1);

    call.progress = [](std::uint64_t, std::uint64_t) -> bool { throw std::logic_error("no"); };
    EXPECT_EQ(collection.search(rows(&value, 1, 1), 1, call).error().status(), SKEP_CANCELLED);
    call = CallOptions();
    call.timeout = std::chrono::seconds(-1);
    EXPECT_EQ(collection.search(rows(&value, 1, 1), 1, call).error().status(),
              SKEP_DEADLINE_EXCEEDED);
}

TEST(CppFace, ATriggeredSwitchStopsUntilItIsReset) {
    const Runtime runtime = Runtime::create().value();
    const Collection collection = make_collection(runtime, 1);
    const float value = 1;
    Cancel cancel = Cancel::create().value();
    CallOptions call;
    call.cancel = &cancel;

    cancel.trigger();
    EXPECT_EQ(collection.search(rows(&value, 1, 1), 1, call).error().status(), SKEP_CANCELLED);
    cancel.reset();
    EXPECT_TRUE(collection.search(rows(&value, 1, 1), 1, call));
}

TEST(CppFace, CallbacksOfARuntimeLiveAsLongAsItsCollections) {
    auto lines = std::make_shared<int>(0);
    const std::weak_ptr<int> watched = lines;
    RuntimeOptions options;
    options.flags = SKEP_RUNTIME_IGNORE_ENVIRONMENT | SKEP_RUNTIME_BUILTIN_ONLY;
    options.num_threads = 1;
    options.log_level = SKEP_LOG_DEBUG;
    options.log = [lines](std::int32_t, std::string_view, std::string_view) { ++*lines; };
    lines.reset();
    {
        Result<Runtime> runtime = Runtime::create(std::move(options));
        Collection collection = make_collection(runtime.value(), 1);
        EXPECT_GT(*watched.lock(), 0);
        {
            const Runtime ended = std::move(runtime).value();
        }
        EXPECT_FALSE(watched.expired());
        const Filter filter = Filter::deny(collection, {1}).value();
        {
            const Collection ended = std::move(collection);
        }
        EXPECT_FALSE(watched.expired());
    }
    EXPECT_TRUE(watched.expired());
}

TEST(CppFace, ALoadMayBeRefused) {
    RuntimeOptions options;
    options.flags = SKEP_RUNTIME_IGNORE_ENVIRONMENT;
    options.backend_paths = {SKEP_SHIPPED_BACKEND_DIR};
    options.allow_load = [](const skep_load_attempt&) { return false; };
    const Runtime runtime = Runtime::create(std::move(options)).value();

    runtime.devices().value();  // asks for every backend, and so loads or refuses it
    bool was_vetoed = false;
    for (const skep_backend_info& info : runtime.backends().value()) {
        was_vetoed = was_vetoed || info.reason == SKEP_VETOED;
    }
    EXPECT_TRUE(was_vetoed) << runtime.explain().value();
    EXPECT_THAT(runtime.explain(SKEP_FORMAT_JSON).value(), HasSubstr("SKEP_VETOED"));
}

TEST(CppFace, ARecallCanBeAskedFor) {
    const Runtime runtime = Runtime::create().value();
    CollectionOptions shape;
    shape.dim = 1;
    shape.index = SKEP_INDEX_HNSW;
    shape.device = "cpu";
    Collection collection = Collection::create(runtime, shape).value();
    const float values[] = {0, 10, 20, 30};
    collection.add(rows(values, 4, 1)).value();
    const skep_matrix queries = rows(values, 4, 1);

    EXPECT_GE(collection.calibrate(2, 1.0, &queries).value(), 2U);
    SearchOptions options;
    options.k = 2;
    options.recall = 1.0;
    const float query = 12;
    EXPECT_EQ(collection.search(rows(&query, 1, 1), options).value()[0][0].key, 1U);
    EXPECT_EQ(collection.calibrate(2, 1.5).error().status(), SKEP_INVALID_ARGUMENT);
}

TEST(CppFace, RecallWantsListsOfTheShapeItIsTold) {
    EXPECT_EQ(recall(1, 2, {1, 2}, {0, 1}, 2, {0, 1}).value(), 1.0);
    const Result<double> wrong = recall(2, 2, {1, 2}, {0, 1}, 2, {0, 1});
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().status(), SKEP_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace skep
