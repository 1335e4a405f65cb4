// SPDX-License-Identifier: MIT
// Index files exchanged with the real hnswlib.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <set>

#include <hnswlib/hnswlib.h>

#include "support/generators.hpp"
#include "support/graph_collection.hpp"
#include "support/temporary_folder.hpp"

namespace skep::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kNumRows = 3000;
constexpr std::uint64_t kK = 10;

struct Refusal {
    skep_status status = SKEP_OK;
    std::string message;
};

class Hnswlib : public ::testing::Test {
  protected:
    using Index = hnswlib::HierarchicalNSW<float>;

    // Answers of hnswlib, nearest first.
    static Hits ask(const Index& index, const std::vector<float>& queries, std::uint32_t dim) {
        Hits hits;
        hits.num_queries = queries.size() / dim;
        hits.k = kK;
        hits.keys.resize(hits.num_queries * kK);
        hits.distances.resize(hits.num_queries * kK);
        for (std::uint64_t query = 0; query < hits.num_queries; ++query) {
            auto found = index.searchKnn(queries.data() + query * dim, kK);
            for (std::uint64_t rank = found.size(); rank-- > 0; found.pop()) {
                hits.keys[query * kK + rank] = found.top().second;
                hits.distances[query * kK + rank] = found.top().first;
            }
        }
        return hits;
    }
    [[nodiscard]] Collection import(skep_metric metric, skep_dtype dtype = SKEP_DTYPE_F32) const {
        skep_hnswlib_options options = SKEP_HNSWLIB_OPTIONS_INIT;
        options.metric = metric;
        options.dtype = dtype;
        options.device = "cpu";
        return Collection::import_hnswlib(runtime_, path_, options).value();
    }
    [[nodiscard]] Refusal refused(const std::string& bytes) const {
        write_bytes(path_, bytes);
        skep_hnswlib_options options = SKEP_HNSWLIB_OPTIONS_INIT;
        options.device = "cpu";
        const auto made = Collection::import_hnswlib(runtime_, path_, options);
        if (made) return {SKEP_OK, ""};
        return {made.error().status(), made.error().message()};
    }

    Runtime runtime_ = builtin_runtime();
    TemporaryFolder folder_;
    std::string path_ = folder_ / "index.hnswlib";
};

TEST_F(Hnswlib, LoadsWhatWeExportAndFindsTheSame) {
    std::vector<float> queries(sift_sample().queries.values.begin(),
                               sift_sample().queries.values.end());
    Collection collection = make_collection(runtime_);
    const std::vector<std::uint64_t> keys = keys_from(500, kNumRows);
    const skep_keys view = view_of(keys);
    const skep_matrix rows = sift_rows(0, kNumRows);
    ASSERT_EQ(
        skep_collection_add(collection.get(), &rows, &view, nullptr, nullptr, nullptr, nullptr),
        SKEP_OK);
    ASSERT_TRUE(collection.export_hnswlib(path_));

    hnswlib::L2Space space(128);
    Index index(&space, path_);
    index.setEf(100);

    EXPECT_EQ(index.cur_element_count, kNumRows);
    const Hits theirs = ask(index, queries, 128);
    const Hits ours = search(collection, sift_queries(), kK, 100);
    EXPECT_EQ(theirs.distances.size(), ours.distances.size());
    std::uint64_t num_equal = 0;
    for (std::size_t i = 0; i < ours.distances.size(); ++i)
        num_equal += theirs.distances[i] == ours.distances[i] ? 1U : 0U;
    EXPECT_GE(num_equal, ours.distances.size() * 99 / 100);
    // Where walks begin differs; the neighbours of a row do not.
    const Hits truth = exact_hits(runtime_, collection, sift_queries(), kK);
    EXPECT_GE(recall(theirs, truth), 0.99);
    // It goes on from there.
    index.resizeIndex(kNumRows + 1);
    index.addPoint(queries.data(), 7);
    EXPECT_EQ(ask(index, {queries.begin(), queries.begin() + 128}, 128).keys[0], 7U);
}

TEST_F(Hnswlib, ImportedIndexLosesNoRecall) {
    constexpr std::uint32_t kDim = 16;
    const std::vector<float> rows = random_f32(kNumRows * kDim, 51);
    const std::vector<float> queries = random_f32(50 * kDim, 52);
    for (const skep_metric metric : {SKEP_METRIC_L2, SKEP_METRIC_INNER_PRODUCT}) {
        hnswlib::L2Space l2(kDim);
        hnswlib::InnerProductSpace inner_product(kDim);
        hnswlib::SpaceInterface<float>* const space =
            metric == SKEP_METRIC_L2 ? static_cast<hnswlib::SpaceInterface<float>*>(&l2)
                                     : &inner_product;
        Index index(space, kNumRows + 100, 8, 100);
        for (std::uint64_t row = 0; row < kNumRows; ++row)
            index.addPoint(rows.data() + row * kDim, 3 * row + 1);
        index.setEf(60);
        index.saveIndex(path_);

        const Collection collection = import(metric);

        EXPECT_EQ(collection.count().value(), kNumRows);
        EXPECT_EQ(collection.info().value().m, 8U);
        EXPECT_EQ(collection.info().value().ef_construction, 100U);
        EXPECT_EQ(collection.stats().value().num_linked, kNumRows);
        CollectionOptions options;
        options.dim = kDim;
        options.metric = metric;
        options.device = "cpu";
        Collection flat = Collection::create(runtime_, options).value();
        ASSERT_TRUE(flat.add(matrix_of(rows, kDim)));
        const Hits truth = search(flat, matrix_of(queries, kDim), kK, 0);
        Hits theirs = ask(index, queries, kDim);
        if (metric == SKEP_METRIC_INNER_PRODUCT) {
            for (float& distance : theirs.distances)
                distance -= 1.0F;  // theirs is 1 - q.x
        }
        const auto found_by = [&](const Hits& hits) {
            std::uint64_t num_found = 0;
            for (std::uint64_t query = 0; query < 50; ++query) {
                std::set<std::uint64_t> wanted;
                for (std::uint64_t rank = 0; rank < kK; ++rank)
                    wanted.insert(3 * truth.keys[query * kK + rank] + 1);
                for (std::uint64_t rank = 0; rank < kK; ++rank)
                    num_found += wanted.count(hits.keys[query * kK + rank]);
            }
            return num_found;
        };
        const std::uint64_t ours = found_by(search(collection, matrix_of(queries, kDim), kK, 60));
        EXPECT_GE(ours + 5, found_by(theirs)) << "metric " << metric;
    }
}

TEST_F(Hnswlib, ImportLeavesRemovedElementsOut) {
    const std::vector<float> rows = random_f32(200 * 4, 53);
    hnswlib::L2Space space(4);
    Index index(&space, 200, 4, 50);
    for (std::uint64_t row = 0; row < 200; ++row)
        index.addPoint(rows.data() + row * 4, row);
    for (std::uint64_t row = 0; row < 50; ++row)
        index.markDelete(row);
    index.saveIndex(path_);
    const Collection collection = import(SKEP_METRIC_L2);
    EXPECT_EQ(collection.count().value(), 150U);
    const Hits hits = search(collection, matrix_of(rows, 4), 1, 50);
    for (std::uint64_t row = 0; row < 200; ++row)
        EXPECT_EQ(hits.keys[row] == row, row >= 50) << row;
}

TEST_F(Hnswlib, CosineRowsAreOfUnitLength) {
    std::vector<float> rows = random_f32(300 * 8, 54);
    CollectionOptions options;
    options.dim = 8;
    options.metric = SKEP_METRIC_COSINE;
    options.index = SKEP_INDEX_HNSW;
    options.device = "cpu";
    Collection collection = Collection::create(runtime_, options).value();
    ASSERT_TRUE(collection.add(matrix_of(rows, 8)));
    ASSERT_TRUE(collection.export_hnswlib(path_));
    const Collection back = import(SKEP_METRIC_COSINE);
    const Hits expected = search(collection, matrix_of(rows, 8), 1, 50);
    const Hits found = search(back, matrix_of(rows, 8), 1, 50);
    EXPECT_EQ(found.keys, expected.keys);
    std::vector<float> row(8);
    const std::uint64_t key = 5;
    const skep_keys keys = SKEP_U64_KEYS(&key, 1);
    const skep_mutable_matrix target =
        SKEP_HOST_MATRIX(skep_mutable_matrix, SKEP_DTYPE_F32, row.data(), 1, 8);
    ASSERT_EQ(skep_collection_get(back.get(), &keys, &target, nullptr, nullptr, nullptr), SKEP_OK);
    EXPECT_NEAR(dot_product(row.data(), row.data(), 8), 1.0, 1e-6);
}

TEST_F(Hnswlib, WholeNumbersBecomeBytesWhereThatIsAskedFor) {
    Collection collection = make_collection(runtime_);
    ASSERT_TRUE(collection.add(sift_rows(0, 500)));
    ASSERT_TRUE(collection.export_hnswlib(path_));
    const Collection back = import(SKEP_METRIC_L2, SKEP_DTYPE_U8);
    EXPECT_EQ(back.info().value().dtype, SKEP_DTYPE_U8);
    EXPECT_EQ(search(back, sift_queries(), kK, 50).keys,
              search(collection, sift_queries(), kK, 50).keys);

    hnswlib::L2Space space(2);
    Index index(&space, 1, 4, 50);
    const float row[2] = {1.0F, 0.5F};
    index.addPoint(row, 0);
    index.saveIndex(path_);
    skep_hnswlib_options options = SKEP_HNSWLIB_OPTIONS_INIT;
    options.dtype = SKEP_DTYPE_U8;
    options.device = "cpu";
    const auto made = Collection::import_hnswlib(runtime_, path_, options);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message(), HasSubstr("element 0 component 1 is 0.5"));
}

TEST_F(Hnswlib, EmptyIndexesComeAndGo) {
    Collection collection = make_collection(runtime_);
    ASSERT_TRUE(collection.export_hnswlib(path_));
    EXPECT_EQ(import(SKEP_METRIC_L2).count().value(), 0U);
    hnswlib::L2Space space(128);
    EXPECT_EQ(Index(&space, path_).cur_element_count, 0U);
}

TEST_F(Hnswlib, RefusesWhatItCannotExport) {
    Collection flat = make_collection(runtime_, {4, SKEP_DTYPE_F32, 16, 100, SKEP_INDEX_FLAT});
    EXPECT_EQ(flat.export_hnswlib(path_).error().status(), SKEP_UNSUPPORTED);
    CollectionOptions options;
    options.dim = 4;
    options.index = SKEP_INDEX_HNSW;
    options.key_kind = SKEP_KEY_STRING;
    options.device = "cpu";
    Collection strings = Collection::create(runtime_, options).value();
    EXPECT_EQ(strings.export_hnswlib(path_).error().status(), SKEP_INVALID_KEY);
}

TEST_F(Hnswlib, RefusesDamagedFiles) {
    hnswlib::L2Space space(4);
    const std::vector<float> rows = random_f32(100 * 4, 55);
    Index index(&space, 100, 4, 50);
    for (std::uint64_t row = 0; row < 100; ++row)
        index.addPoint(rows.data() + row * 4, row);
    index.saveIndex(path_);
    const std::string good = read_bytes(path_);
    const std::size_t record_bytes = 4 * 9 + 16 + 8;
    const auto with = [&](std::size_t offset, auto value) {
        std::string bytes = good;
        std::memcpy(bytes.data() + offset, &value, sizeof value);
        return refused(bytes);
    };
    EXPECT_EQ(refused(good).status, SKEP_OK);
    EXPECT_EQ(refused("").status, SKEP_FILE_TRUNCATED);
    EXPECT_EQ(refused(good.substr(0, 95)).status, SKEP_FILE_TRUNCATED);
    EXPECT_EQ(refused(good.substr(0, good.size() - 1)).status, SKEP_FILE_TRUNCATED);
    EXPECT_EQ(refused(good + "x").status, SKEP_FILE_CORRUPT);
    EXPECT_EQ(refused(std::string(200, 'x')).status, SKEP_FILE_UNKNOWN_FORMAT);
    EXPECT_EQ(with(16, std::uint64_t{1} << 60U).status, SKEP_FILE_TRUNCATED);
    EXPECT_EQ(with(32, std::uint64_t{1} << 60U).status, SKEP_FILE_UNKNOWN_FORMAT);
    EXPECT_EQ(with(72, std::uint64_t{5}).status, SKEP_FILE_UNKNOWN_FORMAT);
    EXPECT_THAT(with(96 + 4, std::uint32_t{100}).message, HasSubstr("link to slot 100"));
    EXPECT_THAT(with(96, std::uint32_t{9}).message, HasSubstr("has 9 links; at most 8"));
    EXPECT_THAT(with(96 + 36, std::numeric_limits<float>::infinity()).message,
                HasSubstr("element 0 is not finite"));
    EXPECT_THAT(with(96 + record_bytes - 8, std::uint64_t{1}).message, HasSubstr("key 1"));
    EXPECT_THAT(with(96 + 100 * record_bytes, std::uint32_t{3}).message,
                HasSubstr("3 bytes of upper links"));
    // Nothing in it makes the reader crash.
    std::mt19937_64 engine(6);
    for (int round = 0; round < 500; ++round) {
        std::string bytes = good;
        bytes[engine() % bytes.size()] = static_cast<char>(engine());
        static_cast<void>(refused(bytes));
    }
}

}  // namespace
}  // namespace skep::testing
