// SPDX-License-Identifier: MIT
// Graphs of the CUDA backend over the fake driver: what they find, that they are the same however
// rows arrive at the device's threads, filters, compaction, images.
#include <cstdint>
#include <optional>
#include <random>

#include "flat_fixture.hpp"
#include "support/sift_sample.hpp"

namespace skep::testing {
namespace {

constexpr std::uint64_t kK = 10;

// Walks, where an exact search of so few rows would be cheaper.
class Setting {
  public:
    Setting(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
    ~Setting() { unsetenv(name_); }
    Setting(const Setting&) = delete;
    Setting& operator=(const Setting&) = delete;

  private:
    const char* name_;
};

struct GraphImage {
    skep_graph_image view{};
    std::vector<std::uint32_t> base;
    std::vector<std::uint8_t> levels;
    std::vector<std::uint32_t> upper;

    bool operator==(const GraphImage& other) const {
        return base == other.base && levels == other.levels && upper == other.upper &&
               view.entry_slot == other.view.entry_slot;
    }
};

class CudaGraph : public StoreTest {
  protected:
    void TearDown() override {
        destroy();
        StoreTest::TearDown();
    }
    void destroy() {
        session.ops.opt_graph_destroy(graph);
        graph = nullptr;
    }
    template <typename Row>
    void create_graph(skep_metric metric, const std::vector<Row>& rows, std::uint32_t dim,
                      std::uint32_t m = 8, std::uint32_t ef_construction = 48) {
        destroy();
        create(metric, rows, dim);
        skep_graph_options options{};
        options.struct_size = sizeof options;
        options.m = m;
        options.ef_construction = ef_construction;
        ASSERT_EQ(session.ops.opt_graph_create(session.store, &options, &graph, &session.error),
                  SKEP_OK)
            << session.error.message;
    }
    void link(std::uint64_t num_slots) {
        ASSERT_EQ(session.ops.opt_graph_link(graph, num_slots, nullptr, &session.error), SKEP_OK)
            << session.error.message;
    }
    template <typename Query>
    Answer find(const std::vector<Query>& queries, std::uint32_t dim, std::uint64_t num_slots,
                std::uint32_t ef_search, const skep_mask* mask = nullptr,
                const skep_bitmap* allowed = nullptr, skep_graph* other = nullptr) {
        const skep_matrix matrix = matrix_of(queries, dim);
        skep_search_request request{};
        request.struct_size = sizeof request;
        request.num_slots = num_slots;
        request.mask = mask;
        request.allowed = allowed;
        request.k = kK;
        request.ef_search = ef_search;
        Answer out;
        out.slots.assign(matrix.num_rows * kK, 7);
        out.distances.assign(matrix.num_rows * kK, 7.0F);
        skep_search_answer answer{};
        answer.struct_size = sizeof answer;
        answer.memory_kind = SKEP_MEMORY_HOST;
        answer.slots = out.slots.data();
        answer.distances = out.distances.data();
        EXPECT_EQ(session.ops.opt_graph_search(other != nullptr ? other : graph, &matrix, &request,
                                               &answer, nullptr, &session.error),
                  SKEP_OK)
            << session.error.message;
        return out;
    }
    skep_graph_stats stats() {
        skep_graph_stats stats{};
        stats.struct_size = sizeof stats;
        EXPECT_EQ(session.ops.opt_graph_stats(graph, &stats, &session.error), SKEP_OK);
        return stats;
    }
    GraphImage image(skep_graph* of = nullptr) {
        GraphImage image;
        image.view.struct_size = sizeof image.view;
        image.view.num_slots = UINT64_MAX;
        skep_graph* source = of != nullptr ? of : graph;
        EXPECT_EQ(session.ops.opt_graph_export(source, &image.view, &session.error), SKEP_OK);
        image.base.resize(image.view.num_slots * image.view.degree);
        image.levels.resize(image.view.num_slots);
        image.upper.resize(image.view.num_upper_links);
        image.view.base = image.base.data();
        image.view.levels = image.levels.data();
        image.view.upper_links = image.upper.data();
        EXPECT_EQ(session.ops.opt_graph_export(source, &image.view, &session.error), SKEP_OK);
        return image;
    }

    skep_graph* graph = nullptr;

  private:
    PlainSlots plain_slots_{kFilterAlways};
    Setting walks_{"SKEP_CUDA_WALKS", "always"};
};

// Share of answers that are no farther than the true k-th.
double recall(const Answer& found, const Answer& exact) {
    std::uint64_t hits = 0;
    for (std::size_t i = 0; i < found.slots.size(); ++i) {
        const float limit = exact.distances[i / kK * kK + kK - 1];
        if (found.slots[i] != SKEP_NO_SLOT && found.distances[i] <= limit) ++hits;
    }
    return static_cast<double>(hits) / static_cast<double>(found.slots.size());
}

std::vector<std::uint8_t> sift_rows(std::size_t count) {
    const std::vector<std::uint8_t>& all = sift_sample().base.values;
    return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count * 128)};
}
std::vector<std::uint8_t> sift_queries(std::size_t count) {
    const std::vector<std::uint8_t>& all = sift_sample().queries.values;
    return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count * 128)};
}

TEST_F(CudaGraph, FindsTheNeighboursOfRealRows) {
    const auto rows = sift_rows(1500);
    const auto queries = sift_queries(40);
    create_graph(SKEP_METRIC_L2, rows, 128);
    // The first rows by comparison alone, others by walks, one of them by itself.
    for (const std::uint64_t num_slots : {600U, 601U, 1500U})
        link(num_slots);
    const Answer exact = brute_force(SKEP_METRIC_L2, rows, queries, 128, kK, every_slot);

    EXPECT_GE(recall(find(queries, 128, 1500, 16), exact), 0.90);
    EXPECT_GE(recall(find(queries, 128, 1500, 64), exact), 0.985);
    EXPECT_EQ(find(queries, 128, 1500, 400), exact);
    EXPECT_EQ(stats().num_linked, 1500U);
}

TEST_F(CudaGraph, EveryMetricAndKindOfCodesIsWalked) {
    constexpr std::uint32_t kDim = 20;
    const auto floats = random_f32(360 * kDim, 5);
    const auto positive = random_f32(360 * kDim, 6, 0.0F, 1.0F);
    const auto bytes = random_u8(360 * kDim, 7);
    for (const skep_metric metric : kMetrics) {
        const auto check = [&](const auto& rows, const auto& queries) {
            create_graph(metric, rows, kDim);
            link(300);
            link(360);
            const Answer exact = brute_force(metric, rows, queries, kDim, kK, every_slot);
            // Where long rows are near everything, walks miss more.
            const double least = metric == SKEP_METRIC_INNER_PRODUCT ? 0.75 : 0.97;
            EXPECT_GE(recall(find(queries, kDim, 360, 60), exact), least)
                << "metric " << metric << " of the first " << +rows[0] << ' ' << +queries[0];
        };
        check(floats, random_f32(8 * kDim, 8));
        check(positive, random_f32(8 * kDim, 9, 0.0F, 1.0F));
        check(positive, random_f32(8 * kDim, 10));
        check(bytes, random_u8(8 * kDim, 11));
        check(bytes, random_f32(8 * kDim, 12, 0.0F, 255.0F));
    }
}

TEST_F(CudaGraph, LongRowsAndOddListsAreWalked) {
    for (const std::uint32_t m : {3U, 20U}) {
        const auto rows = random_f32(330 * 300, 13);
        const auto queries = random_f32(5 * 300, 14);
        create_graph(SKEP_METRIC_L2, rows, 300, m, 64);
        link(300);
        link(330);
        const Answer exact = brute_force(SKEP_METRIC_L2, rows, queries, 300, kK, every_slot);
        EXPECT_GE(recall(find(queries, 300, 330, 200), exact), 0.95) << "m " << m;
    }
}

TEST_F(CudaGraph, AnswersDoNotDependOnTheBatch) {
    const auto rows = sift_rows(900);
    const auto queries = sift_queries(9);
    create_graph(SKEP_METRIC_L2, rows, 128);
    link(900);
    const Answer all = find(queries, 128, 900, 12);
    for (std::size_t query = 0; query < 9; ++query) {
        const std::vector<std::uint8_t> one(
            queries.begin() + static_cast<std::ptrdiff_t>(query * 128),
            queries.begin() + static_cast<std::ptrdiff_t>((query + 1) * 128));
        const Answer answer = find(one, 128, 900, 12);
        for (std::size_t i = 0; i < kK; ++i)
            ASSERT_EQ(answer.slots[i], all.slots[query * kK + i]) << "query " << query;
    }
}

TEST_F(CudaGraph, RowsThatMayNotBeAnswersAreWalkedOver) {
    const auto rows = sift_rows(1000);
    const auto queries = sift_queries(10);
    create_graph(SKEP_METRIC_L2, rows, 128);
    link(1000);
    std::vector<std::uint32_t> erased;
    for (std::uint32_t slot = 0; slot < 1000; slot += 3)
        erased.push_back(slot);
    skep_mask* mask = nullptr;
    ASSERT_EQ(session.ops.mask_create(session.store, nullptr, 1000, erased.data(), erased.size(),
                                      &mask, &session.error),
              SKEP_OK);
    std::vector<std::uint64_t> words(16, 0xAAAA'AAAA'AAAA'AAAAU);  // odd slots
    const skep_bitmap allowed{sizeof allowed, 0, 1000, words.data()};
    const auto is_visible = [](std::uint32_t slot) { return slot % 3 != 0 && slot % 2 == 1; };
    const Answer exact = brute_force(SKEP_METRIC_L2, rows, queries, 128, kK, is_visible);
    const Answer found = find(queries, 128, 1000, 40, mask, &allowed);
    EXPECT_GE(recall(found, exact), 0.97);
    for (const std::uint32_t slot : found.slots)
        EXPECT_TRUE(is_visible(slot)) << slot;

    // So few that walks bring too few.
    words.assign(16, 0);
    words[0] = 0xFFF;
    const Answer few = find(queries, 128, 1000, 12, mask, &allowed);
    EXPECT_EQ(few, brute_force(SKEP_METRIC_L2, rows, queries, 128, kK,
                               [](std::uint32_t slot) { return slot < 12 && slot % 3 != 0; }));
    session.ops.mask_destroy(mask);
}

TEST_F(CudaGraph, ComesBackFromItsImage) {
    const auto rows = sift_rows(800);
    const auto queries = sift_queries(10);
    create_graph(SKEP_METRIC_L2, rows, 128);
    link(800);
    const GraphImage before = image();
    const Answer answer = find(queries, 128, 800, 20);
    const skep_graph_stats figures = stats();

    create_graph(SKEP_METRIC_L2, rows, 128);
    ASSERT_EQ(session.ops.opt_graph_import(graph, &before.view, &session.error), SKEP_OK)
        << session.error.message;
    EXPECT_EQ(image(), before);
    EXPECT_EQ(find(queries, 128, 800, 20), answer);
    EXPECT_EQ(stats().num_links, figures.num_links);
    EXPECT_EQ(stats().max_level, figures.max_level);
    EXPECT_EQ(stats().used_bytes, figures.used_bytes);
    EXPECT_EQ(session.ops.opt_graph_import(graph, &before.view, &session.error),
              SKEP_INVALID_ARGUMENT);
}

TEST_F(CudaGraph, WrongImagesAreRefused) {
    const auto rows = sift_rows(600);
    create_graph(SKEP_METRIC_L2, rows, 128);
    link(600);
    GraphImage whole = image();
    create_graph(SKEP_METRIC_L2, rows, 128);
    const auto is_refused = [&](auto&& change) {
        GraphImage wrong = whole;
        wrong.view.base = wrong.base.data();
        wrong.view.levels = wrong.levels.data();
        wrong.view.upper_links = wrong.upper.data();
        change(wrong);
        return session.ops.opt_graph_import(graph, &wrong.view, &session.error) ==
               SKEP_INVALID_ARGUMENT;
    };
    EXPECT_TRUE(is_refused([](GraphImage& image) { image.base[5] = 600; }));
    EXPECT_TRUE(is_refused([](GraphImage& image) { image.base[0] = 0; }));
    EXPECT_TRUE(is_refused([](GraphImage& image) { image.view.entry_slot = 600; }));
    EXPECT_TRUE(is_refused([](GraphImage& image) { image.view.num_slots = 601; }));
    EXPECT_TRUE(is_refused([](GraphImage& image) { image.view.m = 9; }));
    EXPECT_TRUE(is_refused([](GraphImage& image) { image.levels[3] = 40; }));
    EXPECT_TRUE(is_refused([](GraphImage& image) { image.view.base = nullptr; }));
    EXPECT_EQ(stats().num_linked, 0U);
}

TEST_F(CudaGraph, CompactionKeepsWhatIsAlive) {
    const auto rows = sift_rows(900);
    const auto queries = sift_queries(20);
    create_graph(SKEP_METRIC_L2, rows, 128);
    link(900);
    std::vector<std::uint32_t> erased;
    std::vector<std::uint8_t> kept;
    for (std::uint32_t slot = 0; slot < 900; ++slot) {
        if (slot % 5 == 1) {
            erased.push_back(slot);
        } else {
            kept.insert(kept.end(), rows.begin() + slot * 128, rows.begin() + (slot + 1) * 128);
        }
    }
    skep_mask* mask = nullptr;
    ASSERT_EQ(session.ops.mask_create(session.store, nullptr, 900, erased.data(), erased.size(),
                                      &mask, &session.error),
              SKEP_OK);
    skep_graph* compacted = nullptr;
    ASSERT_EQ(session.ops.opt_graph_compact(graph, 900, mask, nullptr, &compacted, &session.error),
              SKEP_OK)
        << session.error.message;
    EXPECT_EQ(stats().num_linked, 900U);
    destroy();
    graph = compacted;
    ASSERT_EQ(session.ops.store_compact(session.store, 900, mask, nullptr, &session.error),
              SKEP_OK);
    session.ops.mask_destroy(mask);
    const Answer exact = brute_force(SKEP_METRIC_L2, kept, queries, 128, kK, every_slot);
    EXPECT_GE(recall(find(queries, 128, 720, 64), exact), 0.985);
}

TEST_F(CudaGraph, IsTheSameEveryTime) {
    const auto rows = sift_rows(700);
    std::optional<GraphImage> first;
    for (int round = 0; round < 2; ++round) {
        create_graph(SKEP_METRIC_L2, rows, 128);
        link(700);
        if (first) {
            EXPECT_EQ(image(), *first);
        }
        first = image();
    }
}

TEST_F(CudaGraph, EqualRowsDoNotCrowdOthersOut) {
    // A third of the rows are one and the same.
    auto rows = sift_rows(900);
    for (std::size_t row = 0; row < 300; ++row)
        std::copy_n(rows.begin(), 128, rows.begin() + static_cast<std::ptrdiff_t>(row * 3 * 128));
    const auto queries = sift_queries(20);
    create_graph(SKEP_METRIC_L2, rows, 128);
    link(600);
    link(900);
    const Answer exact = brute_force(SKEP_METRIC_L2, rows, queries, 128, kK, every_slot);
    EXPECT_GE(recall(find(queries, 128, 900, 64), exact), 0.97);
}

TEST_F(CudaGraph, RowsThatWaitAreFoundFromTheirSlotOn) {
    const auto rows = sift_rows(700);
    const auto queries = sift_queries(6);
    create(SKEP_METRIC_L2, rows, 128);
    const skep_matrix matrix = matrix_of(queries, 128);
    skep_search_request request{};
    request.struct_size = sizeof request;
    request.num_slots = 650;
    request.first_slot = 333;
    request.k = kK;
    Answer found;
    found.slots.resize(6 * kK);
    found.distances.resize(6 * kK);
    skep_search_answer answer{sizeof answer,      SKEP_MEMORY_HOST,      0, 0,
                              found.slots.data(), found.distances.data()};
    ASSERT_EQ(session.ops.store_search(session.store, &matrix, &request, &answer, nullptr,
                                       &session.error),
              SKEP_OK)
        << session.error.message;
    EXPECT_EQ(found, brute_force(SKEP_METRIC_L2, rows, queries, 128, kK,
                                 [](std::uint32_t slot) { return slot >= 333 && slot < 650; }));
}

TEST_F(CudaGraph, RowsThatCodesCannotTellApartAreSearchedExactly) {
    // Far from the origin and so close together that codes of one byte are all alike.
    constexpr std::uint32_t kDim = 4;
    auto rows = random_f32(2100 * kDim, 21, -0.01F, 0.01F);
    for (std::size_t i = 0; i < rows.size(); ++i)
        rows[i] += i % 2 == 0 ? 100.0F : -100.0F;
    create_graph(SKEP_METRIC_L2, rows, kDim, 4, 16);
    link(2100);
    EXPECT_NE(session.host.take_log().find("searches are exact from now on"), std::string::npos);
    const std::vector<float> queries(rows.begin(), rows.begin() + 8 * kDim);
    EXPECT_EQ(find(queries, kDim, 2100, 12),
              brute_force(SKEP_METRIC_L2, rows, queries, kDim, kK, every_slot));
}

TEST_F(CudaGraph, QueriesTooLongForCodesAreSearchedExactly) {
    constexpr std::uint32_t kDim = 8;
    const auto rows = random_f32(300 * kDim, 22);
    auto queries = random_f32(3 * kDim, 23);
    for (std::uint32_t i = 0; i < kDim; ++i)
        queries[kDim + i] *= 1e25F;
    create_graph(SKEP_METRIC_L2, rows, kDim, 4, 16);
    link(300);
    const Answer exact = brute_force(SKEP_METRIC_L2, rows, queries, kDim, kK, every_slot);
    const Answer found = find(queries, kDim, 300, 10);
    for (std::size_t i = kK; i < 2 * kK; ++i)
        EXPECT_EQ(found.slots[i], exact.slots[i]);
}

TEST_F(CudaGraph, BadOptionsAreRefused) {
    create(SKEP_METRIC_L2, sift_rows(10), 128);
    skep_graph_options options{};
    options.struct_size = sizeof options;
    options.m = 1;
    options.ef_construction = 10;
    EXPECT_EQ(session.ops.opt_graph_create(session.store, &options, &graph, &session.error),
              SKEP_INVALID_ARGUMENT);
    EXPECT_STREQ(session.error.message, "graph create: m 1 must be 2 to 512");
    options.m = 16;
    options.ef_construction = 0;
    EXPECT_EQ(session.ops.opt_graph_create(session.store, &options, &graph, &session.error),
              SKEP_INVALID_ARGUMENT);
    options.ef_construction = 10;
    ASSERT_EQ(session.ops.opt_graph_create(session.store, &options, &graph, &session.error),
              SKEP_OK);
    EXPECT_EQ(session.ops.opt_graph_link(graph, 11, nullptr, &session.error),
              SKEP_INVALID_ARGUMENT);
    EXPECT_STREQ(session.error.message,
                 "graph link: num_slots 11 exceeds the 10 slots of the store");
}

}  // namespace
}  // namespace skep::testing
