// SPDX-License-Identifier: MIT
// What a collection refuses: status, text, and that nothing changed.
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>

#include "skep/common/error_bridge.hpp"
#include "support/collection_fixture.hpp"

namespace skep::testing {
namespace {

using ::testing::ElementsAre;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// A filled collection whose state is compared after every refusal.
class CollectionValidation : public MemoryBackendTest {
  protected:
    void SetUp() override {
        MemoryBackendTest::SetUp();
        collection_ = std::make_unique<TestCollection>(2);
        ASSERT_THAT(collection_->add({1, 2, 3}, {1, 1, 2, 2, 3, 3}), Succeeds());
        ASSERT_THAT(collection_->remove({2}), Succeeds());
        named_ = std::make_unique<TestCollection>(2, SKEP_METRIC_L2, SKEP_KEY_STRING);
        ASSERT_THAT(named_->add(Texts{"a", "b"}.keys(), {1, 1, 2, 2}), Succeeds());
    }
    void TearDown() override {
        collection_.reset();
        named_.reset();
        MemoryBackendTest::TearDown();
    }

    // The call fails so, and neither collection is another than before.
    void expect_refused(skep_status status, const char* text,
                        const std::function<Outcome()>& call) {
        const auto before = collection_->state();
        const auto named_before = named_->state();

        EXPECT_THAT(call(), FailsWith(status, text));

        EXPECT_EQ(collection_->state(), before);
        EXPECT_EQ(named_->state(), named_before);
    }

    Outcome add_matrix(const skep_matrix& rows) const {
        return outcome([&](skep_error* error) {
            return skep_collection_add(collection_->get(), &rows, nullptr, nullptr, nullptr,
                                       nullptr, error);
        });
    }
    Outcome search_matrix(const skep_matrix& queries, std::uint64_t k = 1) const {
        return outcome([&](skep_error* error) {
            skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
            options.k = k;
            const skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
            return skep_collection_search(collection_->get(), &queries, &options, &output, nullptr,
                                          error);
        });
    }

    std::unique_ptr<TestCollection> collection_;
    std::unique_ptr<TestCollection> named_;
};

TEST_F(CollectionValidation, RefusesRowsOfAnotherLength) {
    const std::vector<float> values(6, 1.0F);
    expect_refused(SKEP_DIMENSION_MISMATCH, "add: rows have 3 components; expected 2",
                   [&] { return add_matrix(rows_of(values, 3)); });
}

TEST_F(CollectionValidation, RefusesRowsOfAnotherType) {
    const std::vector<std::uint8_t> values(4, 1);
    const skep_matrix rows = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_U8, values.data(), 2, 2);
    expect_refused(SKEP_UNSUPPORTED_TYPE, "add: rows are u8; expected f32",
                   [&] { return add_matrix(rows); });
}

TEST_F(CollectionValidation, NamesRowAndComponentThatIsNaN) {
    expect_refused(SKEP_NOT_FINITE, "add: row 1 component 0 is NaN; components must be finite",
                   [&] { return collection_->add({1, 1, kNan, 1}); });
}

TEST_F(CollectionValidation, NamesRowAndComponentThatIsInfinite) {
    expect_refused(SKEP_NOT_FINITE, "row 0 component 1 is -infinity",
                   [&] { return collection_->add({7}, {1, -kInfinity}); });
    expect_refused(SKEP_NOT_FINITE, "upsert: row 0 component 1 is +infinity",
                   [&] { return collection_->upsert({1}, {1, kInfinity}); });
}

TEST_F(CollectionValidation, NamesARowThatIsNotFiniteBehindAStride) {
    const std::vector<float> values = {1, 1, kNan, 1, kNan, kNan};
    skep_matrix rows = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, values.data(), 2, 2);
    rows.row_stride_bytes = 3 * sizeof(float);
    expect_refused(SKEP_NOT_FINITE, "row 1 component 1 is NaN", [&] { return add_matrix(rows); });
}

TEST_F(CollectionValidation, NamesTheFirstOfSeveralInAMatrixThatWorkersShare) {
    constexpr std::size_t kRows = 600'000;  // several parts for workers
    for (const std::size_t stride : {2U, 3U}) {
        std::vector<float> values(stride * kRows, 1.0F);
        for (const std::size_t row : {kRows - 1, kRows / 2, kRows / 2 + 1, kRows / 3}) {
            values[stride * row + 1] = kNan;
        }
        skep_matrix rows = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, values.data(), kRows, 2);
        rows.row_stride_bytes = stride * sizeof(float);
        for (int repetition = 0; repetition < 20; ++repetition) {
            expect_refused(SKEP_NOT_FINITE, "row 200000 component 1 is NaN",
                           [&] { return add_matrix(rows); });
        }
    }
}

TEST_F(CollectionValidation, RefusesAStrideShorterThanARow) {
    const std::vector<float> values(8, 1.0F);
    skep_matrix rows = rows_of(values, 2);
    rows.row_stride_bytes = 7;
    expect_refused(SKEP_INVALID_ARGUMENT, "row_stride_bytes is 7; expected 0 or at least 8",
                   [&] { return add_matrix(rows); });
}

TEST_F(CollectionValidation, RefusesRowsWithoutData) {
    const skep_matrix rows = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, nullptr, 2, 2);
    expect_refused(SKEP_INVALID_ARGUMENT, "rows.data is NULL", [&] { return add_matrix(rows); });
}

TEST_F(CollectionValidation, RefusesReservedFieldsInUse) {
    const std::vector<float> values(2, 1.0F);
    skep_matrix rows = rows_of(values, 2);
    rows.reserved = 9;
    expect_refused(SKEP_INVALID_ARGUMENT, "rows.reserved is 9", [&] { return add_matrix(rows); });
}

TEST_F(CollectionValidation, RefusesMoreBytesThanThereAreAddresses) {
    const std::vector<float> values(2, 1.0F);
    skep_matrix rows = rows_of(values, 2);
    rows.num_rows = UINT64_MAX / 2;
    expect_refused(SKEP_LIMIT_EXCEEDED, "exceeds the address space",
                   [&] { return add_matrix(rows); });
}

TEST_F(CollectionValidation, RefusesMemoryThatTheDeviceDoesNotOwn) {
    const std::vector<float> values(2, 1.0F);
    skep_matrix rows = rows_of(values, 2);
    rows.memory_kind = SKEP_MEMORY_CUDA;
    expect_refused(SKEP_WRONG_MEMORY, "add: rows lie in memory of kind 2",
                   [&] { return add_matrix(rows); });
    expect_refused(SKEP_WRONG_MEMORY, "search: queries lie in memory of kind 2",
                   [&] { return search_matrix(rows); });
    rows.memory_kind = 0;
    expect_refused(SKEP_WRONG_MEMORY, "memory of kind 0", [&] { return add_matrix(rows); });
}

TEST_F(CollectionValidation, TakesPinnedHostMemory) {
    const std::vector<float> values(2, 1.0F);
    skep_matrix rows = rows_of(values, 2);
    rows.memory_kind = SKEP_MEMORY_CUDA_HOST;

    EXPECT_THAT(add_matrix(rows), Succeeds());
    EXPECT_THAT(search_matrix(rows), Succeeds());
}

TEST_F(CollectionValidation, RefusesAKeyThatIsThereAlready) {
    expect_refused(SKEP_DUPLICATE_KEY, "add: key 3 of row 1 is in the collection already",
                   [&] { return collection_->add({9, 3}, {1, 1, 2, 2}); });
    expect_refused(SKEP_DUPLICATE_KEY, "key 'b' of row 0",
                   [&] { return named_->add(Texts{"b"}.keys(), {1, 1}); });
}

TEST_F(CollectionValidation, RefusesAKeyTwiceInOneBatch) {
    expect_refused(SKEP_DUPLICATE_KEY, "add: key 8 is given to rows 0 and 2",
                   [&] { return collection_->add({8, 9, 8}, {1, 1, 2, 2, 3, 3}); });
    expect_refused(SKEP_DUPLICATE_KEY, "upsert: key 8 is given to rows 0 and 1",
                   [&] { return collection_->upsert({8, 8}, {1, 1, 2, 2}); });
    expect_refused(SKEP_DUPLICATE_KEY, "upsert: key 3 is given to rows 1 and 2",
                   [&] { return collection_->upsert({8, 3, 3}, {1, 1, 2, 2, 3, 3}); });
    expect_refused(SKEP_DUPLICATE_KEY, "key 'z' is given to rows 0 and 1",
                   [&] { return named_->upsert(Texts{"z", "z"}.keys(), {1, 1, 2, 2}); });
}

TEST_F(CollectionValidation, RefusesEmptyOverlongAndBrokenStringKeys) {
    expect_refused(SKEP_INVALID_KEY, "add: key 1 has 0 bytes; expected 1 to 256",
                   [&] { return named_->add(Texts{"ok", ""}.keys(), {1, 1, 2, 2}); });
    expect_refused(SKEP_INVALID_KEY, "key 0 has 257 bytes",
                   [&] { return named_->add(Texts{std::string(257, 'x')}.keys(), {1, 1}); });
    expect_refused(SKEP_INVALID_KEY, "key 0 is no UTF-8 at byte 2",
                   [&] { return named_->add(Texts{"ab\xC0\x80"}.keys(), {1, 1}); });
}

TEST_F(CollectionValidation, RefusesTheKeyThatMarksAMissingAnswer) {
    expect_refused(SKEP_INVALID_KEY, "key 1 is UINT64_MAX",
                   [&] { return collection_->add({8, UINT64_MAX}, {1, 1, 2, 2}); });
}

TEST_F(CollectionValidation, RefusesKeysOfTheOtherKind) {
    const Texts texts{"x"};
    expect_refused(SKEP_INVALID_KEY, "add: keys.kind is 1; expected 0 (u64 keys)",
                   [&] { return collection_->add(texts.keys(), {1, 1}); });
    expect_refused(SKEP_INVALID_KEY, "expected 1 (string keys)",
                   [&] { return named_->add({1}, {1, 1}); });
    expect_refused(SKEP_INVALID_KEY, "remove: keys.kind is 0", [&] { return named_->remove({1}); });
    std::uint64_t key = 77;
    expect_refused(SKEP_INVALID_KEY, "string keys", [&] {
        return outcome([&](skep_error* error) {
            return skep_collection_list_keys(named_->get(), &key, 1, nullptr, nullptr, error);
        });
    });
    EXPECT_EQ(key, 77U);
}

TEST_F(CollectionValidation, RefusesToNumberRowsOfStringKeys) {
    expect_refused(SKEP_INVALID_KEY, "add: keys are NULL", [&] { return named_->add({1, 1}); });
}

TEST_F(CollectionValidation, RefusesAnotherNumberOfKeysThanRows) {
    expect_refused(SKEP_INVALID_ARGUMENT, "add: 2 keys for 1 rows",
                   [&] { return collection_->add({8, 9}, {1, 1}); });
}

TEST_F(CollectionValidation, RefusesKeysThatAreNotThere) {
    const skep_keys keys = SKEP_U64_KEYS(nullptr, 1);
    expect_refused(SKEP_INVALID_ARGUMENT, "keys.u64 is NULL",
                   [&] { return collection_->add(keys, {1, 1}); });
    const skep_keys no_offsets = SKEP_STRING_KEYS(nullptr, "abc", 1);
    expect_refused(SKEP_INVALID_ARGUMENT, "keys.offsets is NULL",
                   [&] { return named_->add(no_offsets, {1, 1}); });
}

TEST_F(CollectionValidation, RefusesOffsetsThatFall) {
    const std::uint64_t offsets[] = {0, 3, 1};
    const skep_keys keys = SKEP_STRING_KEYS(offsets, "abc", 2);
    expect_refused(SKEP_INVALID_ARGUMENT, "keys.offsets falls from 3 to 1 at item 1",
                   [&] { return named_->add(keys, {1, 1, 2, 2}); });
}

TEST_F(CollectionValidation, RefusesBrokenPayloads) {
    const Texts two{"x", "y"};
    const skep_byte_list_view view = two.view();
    expect_refused(SKEP_INVALID_ARGUMENT, "2 payloads for 1 rows",
                   [&] { return collection_->add({8}, {1, 1}, &view); });
    skep_byte_list_view no_bytes = view;
    no_bytes.bytes = nullptr;
    expect_refused(SKEP_INVALID_ARGUMENT, "payloads.bytes is NULL; expected 2 bytes",
                   [&] { return collection_->add({8, 9}, {1, 1, 2, 2}, &no_bytes); });
}

TEST_F(CollectionValidation, RefusesToRemoveUnknownKeys) {
    expect_refused(SKEP_KEY_NOT_FOUND, "remove: key 7 (number 1 of the batch) has no row",
                   [&] { return collection_->remove({1, 7}); });
    // Removed before: a second delete is told apart from the first.
    expect_refused(SKEP_KEY_NOT_FOUND, "key 2", [&] { return collection_->remove({2}); });
}

TEST_F(CollectionValidation, RefusesToRemoveAKeyTwice) {
    expect_refused(SKEP_DUPLICATE_KEY, "remove: key 3 is given twice",
                   [&] { return collection_->remove({3, 1, 3}); });
}

TEST_F(CollectionValidation, RefusesToGetUnknownKeys) {
    std::vector<float> values(4, -5);
    const skep_mutable_matrix rows =
        SKEP_HOST_MATRIX(skep_mutable_matrix, SKEP_DTYPE_F32, values.data(), 2, 2);
    const Keys keys{1, 2};
    expect_refused(SKEP_KEY_NOT_FOUND, "get: key 2 (number 1 of the batch) has no row", [&] {
        return outcome([&](skep_error* error) {
            return skep_collection_get(collection_->get(), &keys.view(), &rows, nullptr, nullptr,
                                       error);
        });
    });
    EXPECT_THAT(values, ElementsAre(-5, -5, -5, -5));
}

TEST_F(CollectionValidation, RefusesOutputsOfAnotherShape) {
    std::vector<float> values(6, -5);
    const Keys keys{1};
    const auto get = [&](const skep_mutable_matrix& rows) {
        return outcome([&](skep_error* error) {
            return skep_collection_get(collection_->get(), &keys.view(), &rows, nullptr, nullptr,
                                       error);
        });
    };
    skep_mutable_matrix rows =
        SKEP_HOST_MATRIX(skep_mutable_matrix, SKEP_DTYPE_F32, values.data(), 2, 2);
    expect_refused(SKEP_INVALID_ARGUMENT, "get: rows has 2 rows for 1 keys",
                   [&] { return get(rows); });
    rows.num_rows = 1;
    rows.dim = 3;
    expect_refused(SKEP_DIMENSION_MISMATCH, "get: rows have 3 components; expected 2",
                   [&] { return get(rows); });
    rows.dim = 2;
    rows.dtype = SKEP_DTYPE_U8;
    expect_refused(SKEP_UNSUPPORTED_TYPE, "get: rows are u8", [&] { return get(rows); });
    rows.dtype = SKEP_DTYPE_F32;
    rows.memory_kind = SKEP_MEMORY_CUDA;
    expect_refused(SKEP_WRONG_MEMORY, "get: rows lie", [&] { return get(rows); });
    EXPECT_THAT(values, ::testing::Each(-5.0F));
}

TEST_F(CollectionValidation, RefusesQueriesOfAnotherLength) {
    const std::vector<float> values(3, 1.0F);
    expect_refused(SKEP_DIMENSION_MISMATCH, "search: queries have 3 components; expected 2",
                   [&] { return search_matrix(rows_of(values, 3)); });
}

TEST_F(CollectionValidation, ChecksQueriesOfAnEmptyCollectionToo) {
    ASSERT_THAT(collection_->clear(), Succeeds());
    const std::vector<float> values(3, 1.0F);
    EXPECT_THAT(search_matrix(rows_of(values, 3)), FailsWith(SKEP_DIMENSION_MISMATCH, "queries"));
    const std::vector<float> broken = {1, kNan};
    EXPECT_THAT(search_matrix(rows_of(broken, 2)),
                FailsWith(SKEP_NOT_FINITE, "search: query 0 component 1 is NaN"));
}

TEST_F(CollectionValidation, RefusesQueriesOfATypeThatIsNeitherItsOwnNorF32) {
    const std::vector<std::uint8_t> values(2, 1);
    const skep_matrix queries = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_U8, values.data(), 1, 2);
    expect_refused(SKEP_UNSUPPORTED_TYPE, "search: queries are u8; expected f32",
                   [&] { return search_matrix(queries); });
}

TEST_F(CollectionValidation, RefusesKOfZeroAndBeyondTheDevice) {
    const std::vector<float> values(2, 1.0F);
    expect_refused(SKEP_INVALID_K, "search: k is 0",
                   [&] { return search_matrix(rows_of(values, 2), 0); });
    MemoryBackend::info().max_k = 5;
    const TestCollection small(2);
    EXPECT_THAT(small.search(values, 6).outcome,
                FailsWith(SKEP_INVALID_K, "k is 6; device 'memory' takes 1 to 5"));
    EXPECT_THAT(small.search(values, 5).outcome, Succeeds());
}

TEST_F(CollectionValidation, RefusesMoreAnswersThanThereAreAddresses) {
    const std::vector<float> values(4, 1.0F);
    expect_refused(SKEP_LIMIT_EXCEEDED, "times",
                   [&] { return search_matrix(rows_of(values, 2), UINT64_MAX / 2); });
}

TEST_F(CollectionValidation, RefusesOutputsOfTheOtherKindOfKey) {
    const std::vector<float> values(2, 1.0F);
    const skep_matrix queries = rows_of(values, 2);
    skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
    options.k = 1;
    std::uint64_t key = 77;
    skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
    output.keys = &key;
    expect_refused(SKEP_INVALID_KEY, "search: output.keys asked of a collection with string keys",
                   [&] {
                       return outcome([&](skep_error* error) {
                           return skep_collection_search(named_->get(), &queries, &options, &output,
                                                         nullptr, error);
                       });
                   });
    EXPECT_EQ(key, 77U);
    skep_byte_list* strings = nullptr;
    output.keys = nullptr;
    output.strings = &strings;
    expect_refused(SKEP_INVALID_KEY, "search: output.strings asked of a collection with u64 keys",
                   [&] {
                       return outcome([&](skep_error* error) {
                           return skep_collection_search(collection_->get(), &queries, &options,
                                                         &output, nullptr, error);
                       });
                   });
    EXPECT_EQ(strings, nullptr);
}

TEST_F(CollectionValidation, RefusesAFilterOfAnotherCollection) {
    const TestCollection other(2);
    const FilterHandle filter = other.filter(SKEP_FILTER_ALLOW, {1});
    expect_refused(SKEP_INVALID_ARGUMENT, "search: the filter was made for another collection",
                   [&] { return collection_->search({1, 1}, 1, filter.get()).outcome; });
}

TEST_F(CollectionValidation, RefusesUnknownFilterModes) {
    const Keys keys{1};
    skep_filter* filter = nullptr;
    EXPECT_THAT(outcome([&](skep_error* error) {
                    return skep_filter_create(collection_->get(), 2, &keys.view(), &filter, error);
                }),
                FailsWith(SKEP_INVALID_ARGUMENT, "filter: mode is 2"));
    EXPECT_EQ(filter, nullptr);
}

TEST_F(CollectionValidation, RefusesARadiusThatIsNaN) {
    const std::vector<float> values(2, 1.0F);
    const skep_matrix queries = rows_of(values, 2);
    skep_range_result* result = nullptr;
    EXPECT_THAT(outcome([&](skep_error* error) {
                    return skep_collection_range_search(collection_->get(), &queries, kNan, nullptr,
                                                        nullptr, &result, error);
                }),
                FailsWith(SKEP_INVALID_ARGUMENT, "radius is NaN"));
    EXPECT_EQ(result, nullptr);
}

TEST_F(CollectionValidation, RefusesRoomForMoreRowsThanCanBeNumbered) {
    const auto reserve = [&](std::uint64_t num_rows) {
        return outcome([&](skep_error* error) {
            return skep_collection_reserve(collection_->get(), num_rows, error);
        });
    };
    expect_refused(SKEP_LIMIT_EXCEEDED, "reserve: room for 4294967295 rows",
                   [&] { return reserve(std::uint64_t{SKEP_MAX_ROWS} + 1); });
    // Removed rows take slots until compact.
    expect_refused(SKEP_LIMIT_EXCEEDED, "reserve: room for",
                   [&] { return reserve(SKEP_MAX_ROWS); });
}

TEST_F(CollectionValidation, RefusesToNumberRowsPastTheLastKey) {
    ASSERT_THAT(collection_->add({UINT64_MAX - 1}, {1, 1}), Succeeds());

    expect_refused(SKEP_LIMIT_EXCEEDED, "numbering 1 rows from key 18446744073709551615 on",
                   [&] { return collection_->add({1, 1}); });
}

// --- creation ---

Outcome create_with(const std::function<void(skep_collection_info&)>& change,
                    std::uint64_t reserve_rows = 0) {
    skep_collection_info info{};
    info.struct_size = sizeof info;
    info.dim = 4;
    info.metric = SKEP_METRIC_L2;
    change(info);
    return outcome([&](skep_error* error) {
        const auto refuse = [&](const Error& failure) { return write_error(error, failure); };
        const Result<void> checked = Collection::check_info("create", info);
        if (!checked) return refuse(checked.error());
        const auto made = Collection::create(MemoryBackend::open_device(), info, reserve_rows);
        return made ? SKEP_OK : refuse(made.error());
    });
}

class CollectionCreation : public MemoryBackendTest {};

TEST_F(CollectionCreation, RefusesDimensionsOutOfBounds) {
    EXPECT_THAT(create_with([](auto& info) { info.dim = 0; }),
                FailsWith(SKEP_INVALID_DIMENSION, "create: dim is 0; expected 1 to 65536"));
    EXPECT_THAT(create_with([](auto& info) { info.dim = SKEP_MAX_DIM + 1; }),
                FailsWith(SKEP_INVALID_DIMENSION, "65537"));
    EXPECT_THAT(create_with([](auto& info) { info.dim = SKEP_MAX_DIM; }), Succeeds());
}

TEST_F(CollectionCreation, RefusesADimensionThatTheDeviceDoesNotTake) {
    MemoryBackend::info().max_dim = 3;

    EXPECT_THAT(create_with([](auto&) {}),
                FailsWith(SKEP_INVALID_DIMENSION, "dim is 4; device 'memory' takes at most 3"));
}

TEST_F(CollectionCreation, RefusesUnknownEnumerators) {
    EXPECT_THAT(create_with([](auto& info) { info.metric = 3; }),
                FailsWith(SKEP_INVALID_ARGUMENT, "metric is 3; expected 0 to 2"));
    EXPECT_THAT(create_with([](auto& info) { info.dtype = -1; }),
                FailsWith(SKEP_INVALID_ARGUMENT, "dtype is -1"));
    EXPECT_THAT(create_with([](auto& info) { info.index = 2; }),
                FailsWith(SKEP_INVALID_ARGUMENT, "index is 2"));
    EXPECT_THAT(create_with([](auto& info) { info.key_kind = 2; }),
                FailsWith(SKEP_INVALID_ARGUMENT, "key_kind is 2"));
}

TEST_F(CollectionCreation, RefusesTypesThatNoCollectionHolds) {
    EXPECT_THAT(create_with([](auto& info) { info.dtype = SKEP_DTYPE_I32; }),
                FailsWith(SKEP_UNSUPPORTED_TYPE, "i32"));
}

TEST_F(CollectionCreation, RefusesAPairOfMetricAndTypeThatTheDeviceLacks) {
    MemoryBackend::info().supported_dtypes[SKEP_METRIC_L2] = 1U << SKEP_DTYPE_U8;

    EXPECT_THAT(create_with([](auto&) {}), FailsWith(SKEP_UNSUPPORTED_TYPE,
                                                     "f32 with metric l2 is not offered on device "
                                                     "'memory'"));
}

TEST_F(CollectionCreation, RefusesGraphsByTheNameOfTheDevice) {
    EXPECT_THAT(create_with([](auto& info) {
                    info.index = SKEP_INDEX_HNSW;
                    info.m = 16;
                    info.ef_construction = 200;
                }),
                FailsWith(SKEP_UNSUPPORTED, "hnsw is not offered on device 'memory'"));
}

TEST_F(CollectionCreation, RefusesGraphsOfImpossibleShape) {
    const auto create_graph = [&](std::uint32_t m, std::uint32_t ef_construction) {
        return create_with([&](auto& info) {
            info.index = SKEP_INDEX_HNSW;
            info.m = m;
            info.ef_construction = ef_construction;
        });
    };
    EXPECT_THAT(create_graph(1, 200),
                FailsWith(SKEP_INVALID_ARGUMENT, "m is 1; expected 2 to 512"));
    EXPECT_THAT(create_graph(513, 200),
                FailsWith(SKEP_INVALID_ARGUMENT, "m is 513; expected 2 to 512"));
    EXPECT_THAT(create_graph(16, 0),
                FailsWith(SKEP_INVALID_ARGUMENT, "ef_construction is 0; expected 1 to 65536"));
    EXPECT_THAT(create_graph(16, 65537),
                FailsWith(SKEP_INVALID_ARGUMENT, "ef_construction is 65537"));
}

TEST_F(CollectionCreation, RefusesAHintBeyondWhatCanBeNumbered) {
    EXPECT_THAT(create_with([](auto&) {}, std::uint64_t{SKEP_MAX_ROWS} + 1),
                FailsWith(SKEP_LIMIT_EXCEEDED, "reserve_rows is 4294967295"));
}

TEST_F(CollectionCreation, HandsAFailureOfTheBackendOn) {
    const std::shared_ptr<Device> device = MemoryBackend::open_device();
    skep_collection_info info{};
    info.dim = 1;
    MemoryBackend::fail_operation("store_create", 1, SKEP_OUT_OF_DEVICE_MEMORY);

    const auto made = Collection::create(device, info, 0);

    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().status(), SKEP_OUT_OF_DEVICE_MEMORY);
    EXPECT_EQ(made.error().layer(), SKEP_LAYER_BACKEND);
    EXPECT_EQ(made.error().native_code(), 7);
}

}  // namespace
}  // namespace skep::testing
