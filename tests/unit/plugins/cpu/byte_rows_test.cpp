// SPDX-License-Identifier: MIT
// Rows of floats that are whole numbers 0..255 and are kept as bytes: nobody can tell, but for the
// memory, whatever comes behind them.
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "support/elements.hpp"
#include "support/generators.hpp"
#include "unit/plugins/cpu/backend_fixture.hpp"
#include "unit/plugins/cpu/graph_fixture.hpp"

namespace skep::testing {
namespace {

constexpr std::uint32_t kDim = 20;
// Float term, int term, scale, residual.
constexpr std::uint64_t kTermBytes = 16;

template <typename Element>
class ByteRows : public ::testing::Test {
  protected:
    using Elements = std::vector<Element>;

    static Elements whole(std::size_t num_rows, std::uint64_t seed) {
        Elements rows;
        for (const std::uint8_t value : random_u8(num_rows * kDim, seed))
            rows.push_back(element_near<Element>(static_cast<float>(value)));
        return rows;
    }
    static Elements fractions(std::size_t num_rows, std::uint64_t seed) {
        return elements_near<Element>(random_f32(num_rows * kDim, seed, 0.0F, 255.0F));
    }
    static Elements slice(const Elements& rows, std::size_t first, std::size_t count) {
        const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(first * kDim);
        return {begin, begin + static_cast<std::ptrdiff_t>(count * kDim)};
    }

    [[nodiscard]] skep_store_options options(skep_metric metric = SKEP_METRIC_L2) const {
        return store_options(metric, kDtypeOf<Element>, kDim);
    }
    static skep_store_stats stats_of(const StoreHandle& store) {
        skep_store_stats stats{};
        stats.struct_size = sizeof stats;
        EXPECT_EQ(cpu_operations().store_stats(store.store, &stats, nullptr), SKEP_OK);
        return stats;
    }
    static void append(StoreHandle& store, Elements& all, const Elements& rows) {
        store.append(matrix_of(rows, kDim));
        all.insert(all.end(), rows.begin(), rows.end());
    }
    static void compact(const StoreHandle& store, const std::vector<std::uint32_t>& erased) {
        const std::uint64_t num_slots = stats_of(store).num_slots;
        const MaskHandle mask(store, num_slots, erased);
        skep_error error = SKEP_ERROR_INIT;
        ASSERT_EQ(
            cpu_operations().store_compact(store.store, num_slots, mask.mask, nullptr, &error),
            SKEP_OK)
            << error.message;
    }

    // Every bit of every row comes back, and searches answer as a plain scan does.
    void expect_holds(const StoreHandle& store, const Elements& all,
                      skep_metric metric = SKEP_METRIC_L2) const {
        const std::uint64_t num_rows = all.size() / kDim;
        ASSERT_EQ(stats_of(store).num_slots, num_rows);
        Elements read(all.size());
        const skep_mutable_matrix out =
            SKEP_HOST_MATRIX(skep_mutable_matrix, kDtypeOf<Element>, read.data(), num_rows, kDim);
        ASSERT_EQ(cpu_operations().store_read(store.store, 0, nullptr, &out, nullptr, nullptr),
                  SKEP_OK);
        EXPECT_EQ(std::memcmp(read.data(), all.data(), all.size() * sizeof(Element)), 0);
        EXPECT_EQ(host_.bytes_in_use.load(), stats_of(store).reserved_bytes);

        for (const std::size_t num_queries : {1U, 9U}) {
            for (const Elements& queries : {whole(num_queries, 91), fractions(num_queries, 92)}) {
                EXPECT_EQ(search(store, matrix_of(queries, kDim), search_request(num_rows, 7)),
                          plain_scan(metric, queries, all, kDim, 7));
            }
        }
    }

    HostDouble host_{2};
    CpuDeviceHandle device_{host_};
};

using FloatTypes = ::testing::Types<float, Half, Brain>;
TYPED_TEST_SUITE(ByteRows, FloatTypes);

TYPED_TEST(ByteRows, TakeTheMemoryOfBytes) {
    StoreHandle store(this->device_, this->options());
    std::vector<TypeParam> all;
    for (std::uint64_t part = 0; part < 30; ++part)
        this->append(store, all, this->whole(100, part));

    EXPECT_EQ(this->stats_of(store).used_bytes, 3000 * (kDim + kTermBytes));
    this->expect_holds(store, all);
}

// Room that was made before anybody knew is given back.
TYPED_TEST(ByteRows, GiveBackRoomForFloats) {
    StoreHandle store(this->device_, this->options());
    ASSERT_EQ(cpu_operations().store_reserve(store.store, 5000, nullptr), SKEP_OK);
    const std::uint64_t bytes = this->stats_of(store).reserved_bytes;
    std::vector<TypeParam> all;
    this->append(store, all, this->whole(100, 1));

    EXPECT_LT(this->stats_of(store).reserved_bytes, bytes * 3 / 4);
    EXPECT_EQ(this->stats_of(store).capacity_slots, 5000U);
    this->expect_holds(store, all);
}

TYPED_TEST(ByteRows, StayWhereOthersFollow) {
    for (const skep_metric metric :
         {SKEP_METRIC_L2, SKEP_METRIC_INNER_PRODUCT, SKEP_METRIC_COSINE}) {
        StoreHandle store(this->device_, this->options(metric));
        std::vector<TypeParam> all;
        this->append(store, all, this->whole(700, 2));
        this->append(store, all, this->whole(400, 3));
        this->append(store, all, this->fractions(300, 4));
        this->append(store, all, this->whole(200, 5));

        // Bytes, and their codes of another kind; then floats and codes.
        EXPECT_EQ(
            this->stats_of(store).used_bytes,
            1100 * (2 * kDim + kTermBytes) + 500 * (kDim * (sizeof(TypeParam) + 1) + kTermBytes));
        this->expect_holds(store, all, metric);
    }
}

TYPED_TEST(ByteRows, EndWithAFractionInTheMiddleOfABatch) {
    StoreHandle store(this->device_, this->options());
    std::vector<TypeParam> all;
    this->append(store, all, this->whole(10, 6));
    auto batch = this->whole(500, 7);
    batch[250 * kDim + 3] = element_near<TypeParam>(0.5F);
    this->append(store, all, batch);

    this->expect_holds(store, all);
}

TYPED_TEST(ByteRows, RememberTheSignOfZero) {
    for (const bool is_first : {true, false}) {
        StoreHandle store(this->device_, this->options());
        std::vector<TypeParam> all;
        if (!is_first) this->append(store, all, this->whole(10, 8));
        auto batch = this->whole(20, 9);
        batch[5 * kDim] = element_near<TypeParam>(-0.0F);
        this->append(store, all, batch);

        this->expect_holds(store, all);
    }
}

TYPED_TEST(ByteRows, AreTakenFromWhereverTheyLie) {
    auto wider = this->whole(50, 10);  // 40 rows with gaps
    StoreHandle store(this->device_, this->options());
    skep_matrix rows = SKEP_HOST_MATRIX(skep_matrix, kDtypeOf<TypeParam>, wider.data(), 40, kDim);
    rows.row_stride_bytes = (kDim + 5) * sizeof(TypeParam);
    store.append(rows);

    std::vector<TypeParam> all;
    for (std::size_t row = 0; row < 40; ++row) {
        const auto first = wider.begin() + static_cast<std::ptrdiff_t>(row * (kDim + 5));
        all.insert(all.end(), first, first + kDim);
    }
    this->expect_holds(store, all);
}

TYPED_TEST(ByteRows, AreCompactedToBytes) {
    StoreHandle store(this->device_, this->options());
    std::vector<TypeParam> all;
    for (std::uint64_t part = 0; part < 5; ++part)
        this->append(store, all, this->whole(3000, 11 + part));
    this->compact(store, {0, 5000});

    auto kept = this->slice(all, 1, 4999);
    const auto rest = this->slice(all, 5001, 9999);
    kept.insert(kept.end(), rest.begin(), rest.end());
    EXPECT_EQ(this->stats_of(store).used_bytes, 14998 * (kDim + kTermBytes));
    this->expect_holds(store, kept);
    this->append(store, kept, this->fractions(10, 16));
    this->expect_holds(store, kept);
}

TYPED_TEST(ByteRows, AreCompactedToFloatsBesideOthers) {
    StoreHandle store(this->device_, this->options());
    std::vector<TypeParam> all;
    this->append(store, all, this->whole(1000, 17));
    this->append(store, all, this->fractions(1000, 18));
    this->compact(store, {1, 1500});

    auto kept = this->slice(all, 0, 1);
    for (const auto& [first, count] : {std::pair<std::size_t, std::size_t>{2, 1498}, {1501, 499}}) {
        const auto part = this->slice(all, first, count);
        kept.insert(kept.end(), part.begin(), part.end());
    }
    EXPECT_EQ(this->stats_of(store).num_buffers, 1U);
    this->expect_holds(store, kept);
}

// What remains of a chunk of bytes is no place for floats, however it came to be.
TYPED_TEST(ByteRows, MakeNoRoomForFractionsWhenTruncated) {
    for (const std::uint64_t left : {0U, 50U, 1000U, 1020U}) {
        StoreHandle store(this->device_, this->options());
        std::vector<TypeParam> all;
        this->append(store, all, this->whole(1000, 19));
        this->append(store, all, this->fractions(100, 20));
        cpu_operations().store_truncate(store.store, left);
        all.resize(left * kDim);
        this->append(store, all, this->fractions(300, 21));
        this->expect_holds(store, all);

        cpu_operations().store_truncate(store.store, 0);
        all.clear();
        this->append(store, all, this->whole(300, 22));
        EXPECT_EQ(this->stats_of(store).used_bytes, 300 * (kDim + kTermBytes));
        this->expect_holds(store, all);
    }
}

TYPED_TEST(ByteRows, AreMadeOfAdoptedRowsByCompaction) {
    auto all = this->whole(2000, 23);
    const auto adopted = all;
    const skep_matrix rows = matrix_of(adopted, kDim);
    int num_releases = 0;
    const skep_release release{&num_releases, [](void* context) { ++*static_cast<int*>(context); }};
    StoreHandle store(this->device_, this->options());
    cpu_operations().store_destroy(store.store);
    const skep_store_options options = this->options();
    ASSERT_EQ(cpu_operations().opt_store_adopt(this->device_.device, &options, &rows, &release,
                                               nullptr, &store.store, nullptr),
              SKEP_OK);
    this->expect_holds(store, all);
    this->append(store, all, this->whole(100, 24));
    this->expect_holds(store, all);

    this->compact(store, {});

    EXPECT_EQ(num_releases, 1);
    EXPECT_EQ(this->stats_of(store).used_bytes, 2100 * (kDim + kTermBytes));
    this->expect_holds(store, all);
}

// A failure on the way to floats changes nothing.
TYPED_TEST(ByteRows, StayAsTheyWereWhenMemoryIsShort) {
    StoreHandle store(this->device_, this->options());
    std::vector<TypeParam> all;
    this->append(store, all, this->whole(1000, 25));
    const auto others = this->fractions(100, 26);
    const skep_matrix rows = matrix_of(others, kDim);
    int num_failures = 0;
    for (std::int64_t before = 0;; ++before) {
        const skep_store_stats stats = this->stats_of(store);
        this->host_.allocations_before_failure = before;
        const skep_status status =
            cpu_operations().store_append(store.store, &rows, nullptr, nullptr);
        if (this->host_.allocations_before_failure.exchange(-1) >= 0) {
            ASSERT_EQ(status, SKEP_OK);
            break;
        }
        ++num_failures;
        EXPECT_EQ(status, SKEP_OUT_OF_HOST_MEMORY);
        EXPECT_EQ(this->stats_of(store).used_bytes, stats.used_bytes);
        EXPECT_EQ(this->stats_of(store).capacity_slots, stats.capacity_slots);
        this->expect_holds(store, all);
    }
    EXPECT_GE(num_failures, 3);
    all.insert(all.end(), others.begin(), others.end());
    this->expect_holds(store, all);
}

// Links go from bytes to floats and back.
TYPED_TEST(ByteRows, AreLinkedWithOthers) {
    for (const skep_metric metric : {SKEP_METRIC_L2, SKEP_METRIC_COSINE}) {
        StoreHandle store(this->device_, this->options(metric));
        std::vector<TypeParam> all;
        this->append(store, all, this->whole(1500, 27));
        const GraphHandle graph(store, graph_options());
        graph.link(1500);
        for (std::uint64_t part = 0; part < 3; ++part) {
            this->append(store, all, this->fractions(300, 28 + part));
            this->append(store, all, this->whole(200, 31 + part));
            graph.link(all.size() / kDim);
        }

        const auto queries = this->fractions(40, 34);
        const Answer truth = plain_scan(metric, queries, all, kDim, 10);
        EXPECT_GE(recall(graph.search(matrix_of(queries, kDim), 3000, 10, 200), truth, 10), 0.98);
        // Rows find themselves, at the distance of the definition.
        const auto rows = this->slice(all, 1400, 200);
        const Answer selves = graph.search(matrix_of(rows, kDim), 3000, 1, 100);
        const Answer expected = plain_scan(metric, rows, all, kDim, 1);
        EXPECT_EQ(selves, expected);
    }
}

}  // namespace
}  // namespace skep::testing
