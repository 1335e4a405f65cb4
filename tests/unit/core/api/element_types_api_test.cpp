// SPDX-License-Identifier: MIT
// Collections of every element type on the processor, through skep.hpp: what goes in comes out bit
// for bit, answers are the ground truth, files keep both, and what is not finite is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <skep/evaluation.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <skep/skep.hpp>
#include <string>
#include <vector>

#include "support/generators.hpp"
#include "support/temporary_folder.hpp"

namespace skep::testing {
namespace {

constexpr skep_metric kMetrics[] = {SKEP_METRIC_L2, SKEP_METRIC_INNER_PRODUCT, SKEP_METRIC_COSINE};
constexpr std::uint32_t kDim = 19;
constexpr std::uint64_t kRows = 400;
constexpr std::uint64_t kK = 12;

Runtime builtin_runtime() {
    skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    options.flags = SKEP_RUNTIME_BUILTIN_ONLY | SKEP_RUNTIME_IGNORE_ENVIRONMENT;
    options.num_threads = 2;
    return Runtime::create(&options).value();
}

template <typename Element>
class ElementTypesApi : public ::testing::Test {
  protected:
    [[nodiscard]] Collection make(skep_metric metric) const {
        CollectionOptions options;
        options.device = "cpu";
        options.metric = metric;
        options.dtype = kDtypeOf<Element>;
        options.dim = kDim;
        return Collection::create(runtime, options).value();
    }

    // The definition's answer over rows whose keys are their numbers.
    [[nodiscard]] Hits truth(skep_metric metric, const std::vector<Element>& held,
                             const skep_matrix& asked) const {
        const skep_matrix base = matrix_of(held, kDim);
        std::vector<std::uint32_t> ids(asked.num_rows * kK);
        Hits hits;
        hits.distances.resize(ids.size());
        EXPECT_EQ(skep_ground_truth(runtime.get(), &base, &asked, metric, kK, ids.data(),
                                    hits.distances.data(), nullptr, nullptr),
                  SKEP_OK);
        hits.keys.assign(ids.begin(), ids.end());
        return hits;
    }

    static void expect_truth(const Collection& collection, const skep_matrix& asked,
                             const Hits& truth) {
        const Hits found = collection.search(asked, kK).value();
        EXPECT_EQ(found.keys, truth.keys);
        EXPECT_EQ(found.distances, truth.distances);
    }

    static std::vector<Element> read(const Collection& collection) {
        std::vector<std::uint64_t> numbers(kRows);
        for (std::uint64_t key = 0; key < kRows; ++key)
            numbers[key] = key;
        const skep_keys keys = SKEP_U64_KEYS(numbers.data(), kRows);
        std::vector<Element> read_rows(kRows * kDim);
        const skep_mutable_matrix out =
            SKEP_HOST_MATRIX(skep_mutable_matrix, kDtypeOf<Element>, read_rows.data(), kRows, kDim);
        EXPECT_EQ(skep_collection_get(collection.get(), &keys, &out, nullptr, nullptr, nullptr),
                  SKEP_OK);
        return read_rows;
    }

    static bool have_same_bits(const std::vector<Element>& a, const std::vector<Element>& b) {
        return a.size() == b.size() &&
               std::memcmp(a.data(), b.data(), a.size() * sizeof(Element)) == 0;
    }

    Runtime runtime = builtin_runtime();
    std::vector<Element> rows = elements_near<Element>(random_f32(kRows * kDim, 1, -90.0F, 90.0F));
    std::vector<Element> queries =
        elements_near<Element>(random_f32(std::uint64_t{9} * kDim, 2, -90.0F, 90.0F));
    std::vector<float> float_queries = random_f32(std::uint64_t{9} * kDim, 3, -90.0F, 90.0F);
};

struct TypeName {
    template <typename Element>
    static std::string GetName(int) {
        constexpr const char* kNames[] = {"F32", "F16", "Bf16", "I8", "U8"};
        return kNames[kDtypeOf<Element>];
    }
};
using AllTypes = ::testing::Types<float, Half, Brain, std::int8_t, std::uint8_t>;
TYPED_TEST_SUITE(ElementTypesApi, AllTypes, TypeName);

TYPED_TEST(ElementTypesApi, AnswersWithTheGroundTruthAndKeepsItInFiles) {
    const TemporaryFolder folder;
    const std::string path = folder / "rows.skep";
    for (const skep_metric metric : kMetrics) {
        Collection collection = this->make(metric);
        ASSERT_TRUE(collection.add(matrix_of(this->rows, kDim)));
        const skep_matrix own = matrix_of(this->queries, kDim);
        const skep_matrix floats = matrix_of(this->float_queries, kDim);
        const Hits own_truth = this->truth(metric, this->rows, own);
        const Hits float_truth = this->truth(metric, this->rows, floats);

        this->expect_truth(collection, own, own_truth);
        this->expect_truth(collection, floats, float_truth);
        EXPECT_TRUE(this->have_same_bits(this->read(collection), this->rows));
        ASSERT_TRUE(collection.save(path));
        for (const std::uint32_t flags : {0U, std::uint32_t{SKEP_OPEN_MAP}}) {
            const Collection opened = Collection::open(this->runtime, path, "cpu", flags).value();
            EXPECT_EQ(opened.info().value().dtype, kDtypeOf<TypeParam>);
            this->expect_truth(opened, own, own_truth);
            this->expect_truth(opened, floats, float_truth);
            EXPECT_TRUE(this->have_same_bits(this->read(opened), this->rows));
        }
    }
}

TYPED_TEST(ElementTypesApi, AnswersAfterUpsertsRemovalsAndCompaction) {
    for (const skep_metric metric : kMetrics) {
        Collection collection = this->make(metric);
        ASSERT_TRUE(collection.add(matrix_of(this->rows, kDim)));
        // The last key gets the first row, then the middle goes.
        const std::uint64_t last = kRows - 1;
        const std::vector<TypeParam> first(this->rows.begin(), this->rows.begin() + kDim);
        ASSERT_TRUE(collection.upsert(matrix_of(first, kDim), skep_keys SKEP_U64_KEYS(&last, 1)));
        std::vector<std::uint64_t> gone;
        for (std::uint64_t key = 100; key < 250; ++key)
            gone.push_back(key);
        ASSERT_TRUE(collection.remove(skep_keys SKEP_U64_KEYS(gone.data(), gone.size())));

        std::vector<TypeParam> left(this->rows.begin(), this->rows.begin() + 100 * kDim);
        left.insert(left.end(), this->rows.begin() + 250 * kDim, this->rows.end() - kDim);
        left.insert(left.end(), first.begin(), first.end());
        Hits expected = this->truth(metric, left, matrix_of(this->queries, kDim));
        for (std::uint64_t& key : expected.keys)
            key += key < 100 ? 0 : 150;

        this->expect_truth(collection, matrix_of(this->queries, kDim), expected);
        ASSERT_TRUE(collection.compact());
        this->expect_truth(collection, matrix_of(this->queries, kDim), expected);
    }
}

// A value of the type that is not finite, where it has one.
template <typename Element>
Element not_finite(float value) {
    if constexpr (std::is_same_v<Element, Half>) return {nearest_f16(static_cast<double>(value))};
    if constexpr (std::is_same_v<Element, Brain>) return {nearest_bf16(static_cast<double>(value))};
    if constexpr (std::is_same_v<Element, float>) return value;
    return {};
}

TYPED_TEST(ElementTypesApi, RefusesWhatIsNotFiniteWithRowAndComponent) {
    if constexpr (std::is_integral_v<TypeParam>) {
        // Every byte is finite: both ends of the range are rows like others.
        Collection collection = this->make(SKEP_METRIC_L2);
        std::vector<TypeParam> ends(std::size_t{2} * kDim, std::numeric_limits<TypeParam>::max());
        std::fill(ends.begin(), ends.begin() + kDim, std::numeric_limits<TypeParam>::min());
        EXPECT_TRUE(collection.add(matrix_of(ends, kDim)));
    } else {
        const struct {
            float value;
            const char* text;
        } cases[] = {{std::numeric_limits<float>::quiet_NaN(), "NaN"},
                     {std::numeric_limits<float>::infinity(), "+infinity"},
                     {-std::numeric_limits<float>::infinity(), "-infinity"}};
        for (const auto& [value, text] : cases) {
            Collection collection = this->make(SKEP_METRIC_L2);
            auto broken = this->rows;
            broken[7 * kDim + 3] = not_finite<TypeParam>(value);
            const auto added = collection.add(matrix_of(broken, kDim));
            ASSERT_FALSE(added);
            EXPECT_EQ(added.error().status(), SKEP_NOT_FINITE);
            EXPECT_THAT(std::string(added.error().message()),
                        ::testing::AllOf(::testing::HasSubstr("row 7 component 3"),
                                         ::testing::HasSubstr(text)));
            EXPECT_EQ(collection.count().value(), 0U);

            ASSERT_TRUE(collection.add(matrix_of(this->rows, kDim)));
            auto asked = this->queries;
            asked[kDim + 5] = not_finite<TypeParam>(value);
            const auto found = collection.search(matrix_of(asked, kDim), 1);
            ASSERT_FALSE(found);
            EXPECT_EQ(found.error().status(), SKEP_NOT_FINITE);
            EXPECT_THAT(std::string(found.error().message()), ::testing::HasSubstr("component 5"));
        }
    }
}

TYPED_TEST(ElementTypesApi, FindsTheRowsWithinARadius) {
    for (const skep_metric metric : kMetrics) {
        Collection collection = this->make(metric);
        ASSERT_TRUE(collection.add(matrix_of(this->rows, kDim)));
        const std::vector<TypeParam> query(this->queries.begin(), this->queries.begin() + kDim);
        const skep_matrix asked = matrix_of(query, kDim);
        const Hits nearest = this->truth(metric, this->rows, asked);
        const float radius = nearest.distances[7];
        skep_range_result* result = nullptr;
        ASSERT_EQ(skep_collection_range_search(collection.get(), &asked, radius, nullptr, nullptr,
                                               &result, nullptr),
                  SKEP_OK);
        skep_range_view view{};
        view.struct_size = sizeof view;
        ASSERT_EQ(skep_range_result_view(result, &view, nullptr), SKEP_OK);
        const std::vector<std::uint64_t> keys(view.keys, view.keys + view.offsets[1]);
        const std::vector<float> distances(view.distances, view.distances + view.offsets[1]);
        skep_range_result_destroy(result);

        for (std::size_t i = 0; i < 8; ++i)
            EXPECT_THAT(keys, ::testing::Contains(nearest.keys[i]));
        for (const float distance : distances)
            EXPECT_LE(distance, radius);
    }
}

}  // namespace
}  // namespace skep::testing
