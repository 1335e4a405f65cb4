// SPDX-License-Identifier: MIT
// Graphs of the CPU backend: how much they find, that they are the same for every number of
// threads, filters, compaction, images.
#include <array>
#include <atomic>
#include <cstdint>
#include <random>

#include "kernels/kernel_dispatch.hpp"
#include "support/elements.hpp"
#include "support/generators.hpp"
#include "support/sift_sample.hpp"
#include "unit/plugins/cpu/graph_fixture.hpp"

namespace skep::testing {
namespace {

constexpr std::uint32_t kDim = 24;
constexpr std::uint64_t kK = 10;

// Rows around `num_centres` points, cluster by cluster.
std::vector<float> clustered_f32(std::size_t num_rows, std::uint32_t dim, std::size_t num_centres,
                                 float spread, std::uint64_t seed) {
    const std::vector<float> centres = random_f32(num_centres * dim, seed, -100.0F, 100.0F);
    std::vector<float> rows = random_f32(num_rows * dim, seed + 1, -spread, spread);
    for (std::size_t row = 0; row < num_rows; ++row) {
        const std::size_t centre = row * num_centres / num_rows;
        for (std::uint32_t i = 0; i < dim; ++i)
            rows[row * dim + i] += centres[centre * dim + i];
    }
    return rows;
}

// One store of SIFT rows with its graph, made once.
class SiftGraph : public ::testing::Test {
  protected:
    struct Shared {
        HostDouble host{2};
        CpuDeviceHandle device{host};
        StoreHandle store{device, store_options(SKEP_METRIC_L2, SKEP_DTYPE_U8, 128)};
        std::optional<GraphHandle> graph;

        Shared() {
            store.append(matrix_of(sift_sample().base.values, 128));
            graph.emplace(store, graph_options(16, 200));
            graph->link(10000);
        }
    };
    static Shared& shared() {
        static Shared shared;
        return shared;
    }
    static skep_matrix queries() { return matrix_of(sift_sample().queries.values, 128); }
};

TEST_F(SiftGraph, RecallIsWhatItWasMeasuredToBe) {
    const struct {
        std::uint32_t ef;
        double recall;
    } golden[] = {{10, 0.878}, {20, 0.951}, {50, 0.993}, {100, 1.0}};
    for (const auto& [ef, expected] : golden) {
        const Answer answer = shared().graph->search(queries(), 10000, kK, ef);
        EXPECT_NEAR(sift_sample().recall(answer.distances, kK), expected, 0.004) << "ef " << ef;
    }
}

TEST_F(SiftGraph, DefaultLengthFindsNearlyAll) {
    for (const std::uint64_t k : {1U, 10U, 100U}) {
        const Answer answer = shared().graph->search(queries(), 10000, k, 0);
        EXPECT_GE(sift_sample().recall(answer.distances, k), 0.98) << "k " << k;
    }
}

TEST_F(SiftGraph, DistancesAndOrderAreThoseOfTheExactSearch) {
    const Answer exact = search(shared().store, queries(), search_request(10000, kK));
    const Answer found = shared().graph->search(queries(), 10000, kK, 400);
    EXPECT_EQ(found, exact);
}

TEST_F(SiftGraph, AnswersDoNotDependOnTheBatch) {
    const Answer all = shared().graph->search(queries(), 10000, kK, 20);
    for (std::size_t query = 0; query < 100; ++query) {
        skep_matrix one = queries();
        one.num_rows = 1;
        one.data = sift_sample().queries.values.data() + query * 128;
        const Answer answer = shared().graph->search(one, 10000, kK, 20);
        for (std::size_t i = 0; i < kK; ++i) {
            ASSERT_EQ(answer.slots[i], all.slots[query * kK + i]) << "query " << query;
            ASSERT_EQ(answer.distances[i], all.distances[query * kK + i]);
        }
    }
}

TEST_F(SiftGraph, FindsEveryRowByItself) {
    const skep_matrix rows = matrix_of(sift_sample().base.values, 128);
    const Answer answer = shared().graph->search(rows, 10000, 1, 30);
    std::uint64_t num_found = 0;
    for (std::uint32_t slot = 0; slot < 10000; ++slot)
        num_found += answer.slots[slot] == slot ? 1U : 0U;
    EXPECT_GE(num_found, 9995U);
}

TEST_F(SiftGraph, FiltersHoldRecallAtEveryShare) {
    std::mt19937_64 engine(3);
    for (const double share : {0.9, 0.5, 0.2, 0.1, 0.05, 0.01, 0.001}) {
        std::vector<std::uint64_t> words(157, 0);
        std::vector<bool> visible(10000, false);
        std::bernoulli_distribution draw(share);
        for (std::size_t slot = 0; slot < 10000; ++slot) {
            visible[slot] = draw(engine);
            if (visible[slot]) words[slot / 64] |= std::uint64_t{1} << slot % 64;
        }
        const skep_bitmap allowed{sizeof allowed, 0, 10000, words.data()};
        skep_search_request request = search_request(10000, kK);
        request.allowed = &allowed;
        const Answer exact = search(shared().store, queries(), request);
        request.ef_search = 50;

        const Answer found = shared().graph->search(queries(), request);

        EXPECT_GE(recall(found, exact, kK), 0.98) << "share " << share;
        for (std::size_t i = 0; i < found.slots.size(); ++i) {
            ASSERT_EQ(found.slots[i] == SKEP_NO_SLOT, exact.slots[i] == SKEP_NO_SLOT);
            if (found.slots[i] == SKEP_NO_SLOT) continue;
            ASSERT_TRUE(visible[found.slots[i]]);
        }
    }
}

TEST_F(SiftGraph, FilterFarFromTheQueryIsScanned) {
    // The rows that each query is farthest from.
    const skep_matrix asked = queries();
    const Answer all = search(shared().store, asked, search_request(10000, 10000));
    for (std::size_t query = 0; query < 5; ++query) {
        skep_matrix one = asked;
        one.num_rows = 1;
        one.data = sift_sample().queries.values.data() + query * 128;
        std::vector<std::uint64_t> words(157, 0);
        for (std::size_t rank = 7000; rank < 10000; ++rank) {
            const std::uint32_t slot = all.slots[query * 10000 + rank];
            words[slot / 64] |= std::uint64_t{1} << slot % 64;
        }
        const skep_bitmap allowed{sizeof allowed, 0, 10000, words.data()};
        skep_search_request request = search_request(10000, kK);
        request.allowed = &allowed;
        request.ef_search = 20;
        EXPECT_EQ(shared().graph->search(one, request), search(shared().store, one, request));
    }
}

TEST_F(SiftGraph, SeesOnlyTheSlotsItIsToldOf) {
    // By a walk, whose pool meets slots beyond, and by a scan.
    for (const std::uint64_t num_slots : {9000U, 300U}) {
        const Answer found = shared().graph->search(queries(), num_slots, kK, 30);
        const Answer exact = search(shared().store, queries(), search_request(num_slots, kK));
        for (const std::uint32_t slot : found.slots)
            ASSERT_LT(slot, num_slots);
        EXPECT_GE(recall(found, exact, kK), 0.96) << num_slots;
    }
}

TEST_F(SiftGraph, IsTheSameForEveryNumberOfThreads) {
    const GraphImage expected = shared().graph->image();
    for (const std::uint32_t num_workers : {1U, 5U}) {
        HostDouble host(num_workers);
        const CpuDeviceHandle device(host);
        StoreHandle store(device, store_options(SKEP_METRIC_L2, SKEP_DTYPE_U8, 128));
        store.append(matrix_of(sift_sample().base.values, 128));
        const GraphHandle graph(store, graph_options(16, 200));
        graph.link(10000);
        EXPECT_EQ(graph.image(), expected) << num_workers << " workers";
    }
}

TEST_F(SiftGraph, SeedChoosesAnotherGraphAsGood) {
    const GraphHandle graph(shared().store, graph_options(16, 200, 99));
    graph.link(10000);
    EXPECT_NE(graph.image(), shared().graph->image());
    const Answer answer = graph.search(queries(), 10000, kK, 50);
    EXPECT_GE(sift_sample().recall(answer.distances, kK), 0.98);
}

TEST_F(SiftGraph, StatisticsAddUp) {
    const skep_graph_stats stats = shared().graph->stats();
    const GraphImage image = shared().graph->image();
    std::uint64_t num_links = 0;
    for (const std::uint32_t link : image.base)
        num_links += link != SKEP_NO_SLOT ? 1U : 0U;
    for (const std::uint32_t link : image.upper_links)
        num_links += link != SKEP_NO_SLOT ? 1U : 0U;
    EXPECT_EQ(stats.num_linked, 10000U);
    EXPECT_EQ(stats.num_links, num_links);
    EXPECT_EQ(stats.max_level, image.max_level);
    EXPECT_EQ(stats.used_bytes, image.base.size() * 4 + image.upper_links.size() * 4 + 10000 * 5);
    EXPECT_GE(stats.reserved_bytes, stats.used_bytes);
    // A sixteenth of the slots is on each further level, give or take.
    EXPECT_NEAR(static_cast<double>(image.upper_links.size()) / 16.0, 667.0, 80.0);
}

TEST_F(SiftGraph, ComesBackFromItsImage) {
    GraphImage image = shared().graph->image();
    const GraphHandle copy(shared().store, graph_options(16, 200));
    const skep_graph_image view = image.view();
    ASSERT_EQ(cpu_operations().opt_graph_import(copy.graph, &view, nullptr), SKEP_OK);
    EXPECT_EQ(copy.image(), image);
    EXPECT_EQ(copy.stats().num_links, shared().graph->stats().num_links);
    EXPECT_EQ(copy.search(queries(), 10000, kK, 20),
              shared().graph->search(queries(), 10000, kK, 20));
}

TEST_F(SiftGraph, GoesOnFromAnImageAsItWouldHave) {
    const GraphHandle part(shared().store, graph_options(16, 200));
    part.link(5120);
    GraphImage image = part.image();
    const GraphHandle rest(shared().store, graph_options(16, 200));
    const skep_graph_image view = image.view();
    ASSERT_EQ(cpu_operations().opt_graph_import(rest.graph, &view, nullptr), SKEP_OK);
    rest.link(10000);
    EXPECT_EQ(rest.image(), shared().graph->image());
}

TEST_F(SiftGraph, RefusesDamagedImages) {
    const GraphImage good = shared().graph->image();
    const std::uint32_t first_upper = static_cast<std::uint32_t>(
        std::find_if(good.levels.begin(), good.levels.end(), [](auto level) { return level > 0; }) -
        good.levels.begin());
    const auto refuses = [&](auto&& damage) {
        GraphImage image = good;
        skep_graph_image view = image.view();
        damage(image, view);
        const GraphHandle graph(shared().store, graph_options(16, 200));
        skep_error error = SKEP_ERROR_INIT;
        EXPECT_EQ(cpu_operations().opt_graph_import(graph.graph, &view, &error),
                  SKEP_INVALID_ARGUMENT);
        EXPECT_EQ(graph.stats().num_linked, 0U);
        return std::string(error.message);
    };
    EXPECT_NE(refuses([](auto& image, auto&) { image.base[5] = 10000; }).find("link 10000"),
              std::string::npos);
    EXPECT_NE(refuses([](auto& image, auto&) { image.base[5] = 0; }).find("slot 0 level 0"),
              std::string::npos);
    EXPECT_NE(refuses([](auto& image, auto&) {
                  image.base[0] = SKEP_NO_SLOT;
                  image.base[1] = 7;
              }).find("behind the end"),
              std::string::npos);
    EXPECT_NE(refuses([&](auto& image, auto&) {
                  // A slot of the base layer alone.
                  image.upper_links[0] = first_upper == 0 ? 1 : 0;
              }).find("level 1"),
              std::string::npos);
    EXPECT_NE(refuses([](auto& image, auto&) { image.levels[3] += 1; }).find("upper links"),
              std::string::npos);
    EXPECT_NE(refuses([](auto& image, auto&) { image.levels[3] = 255; }).find("level 255"),
              std::string::npos);
    EXPECT_NE(refuses([](auto&, auto& view) { view.entry_slot = 10000; }).find("entry_slot"),
              std::string::npos);
    EXPECT_NE(refuses([](auto&, auto& view) { view.max_level += 1; }).find("max_level"),
              std::string::npos);
    EXPECT_NE(refuses([](auto&, auto& view) { view.num_slots = 10001; }).find("10001 slots"),
              std::string::npos);
    EXPECT_NE(refuses([](auto&, auto& view) { view.m = 8; }).find("m 8"), std::string::npos);
    EXPECT_NE(refuses([](auto&, auto& view) { view.levels = nullptr; }).find("NULL"),
              std::string::npos);
}

TEST_F(SiftGraph, CompactionKeepsRecallAndOrder) {
    for (const double share_erased : {0.02, 0.5, 0.9}) {
        HostDouble host(2);
        const CpuDeviceHandle device(host);
        StoreHandle store(device, store_options(SKEP_METRIC_L2, SKEP_DTYPE_U8, 128));
        store.append(matrix_of(sift_sample().base.values, 128));
        const GraphHandle graph(store, graph_options(16, 200));
        graph.link(10000);
        std::mt19937_64 engine(8);
        std::bernoulli_distribution draw(share_erased);
        std::vector<std::uint32_t> erased;
        for (std::uint32_t slot = 0; slot < 10000; ++slot) {
            if (draw(engine)) erased.push_back(slot);
        }
        const MaskHandle mask(store, 10000, erased);
        skep_search_request masked = search_request(10000, kK);
        masked.mask = mask.mask;
        masked.ef_search = 50;
        const Answer before = graph.search(queries(), masked);

        const GraphHandle compacted(graph.compacted(10000, mask.mask));
        ASSERT_EQ(cpu_operations().store_compact(store.store, 10000, mask.mask, nullptr, nullptr),
                  SKEP_OK);

        const std::uint64_t num_kept = 10000 - erased.size();
        EXPECT_EQ(compacted.stats().num_linked, num_kept);
        const Answer truth = search(store, queries(), search_request(num_kept, kK));
        const Answer after = compacted.search(queries(), num_kept, kK, 50);
        EXPECT_GE(recall(after, truth, kK), recall(before, truth, kK) - 0.01)
            << share_erased << " erased";
        EXPECT_GE(recall(after, truth, kK), 0.97) << share_erased << " erased";
    }
}

// --- other data ---

class Graphs : public ::testing::Test {
  protected:
    HostDouble host_{2};
    CpuDeviceHandle device_{host_};
};

TEST_F(Graphs, FindNearlyAllInEveryMetricAndType) {
    const std::vector<float> floats = random_f32(3000 * kDim, 1);
    const std::vector<float> bytes_as_floats = [] {
        const std::vector<std::uint8_t> bytes = random_u8(3000 * kDim, 2);
        return std::vector<float>(bytes.begin(), bytes.end());
    }();
    const std::vector<std::uint8_t> bytes = random_u8(3000 * kDim, 2);
    const std::vector<float> float_queries = random_f32(50 * kDim, 3);
    const std::vector<std::uint8_t> byte_queries = random_u8(50 * kDim, 4);
    const std::vector<Half> halves = elements_near<Half>(floats);
    const std::vector<Brain> brains = elements_near<Brain>(floats);
    const std::vector<std::int8_t> signed_bytes =
        elements_near<std::int8_t>(random_f32(3000 * kDim, 5, -128.0F, 127.0F));
    const std::vector<std::int8_t> signed_queries =
        elements_near<std::int8_t>(random_f32(50 * kDim, 6, -128.0F, 127.0F));
    const struct {
        skep_matrix rows;
        skep_matrix queries;
    } cases[] = {
        {matrix_of(halves, kDim), matrix_of(float_queries, kDim)},
        {matrix_of(brains, kDim), matrix_of(float_queries, kDim)},
        {matrix_of(signed_bytes, kDim), matrix_of(signed_queries, kDim)},
        {matrix_of(signed_bytes, kDim), matrix_of(float_queries, kDim)},
        {matrix_of(floats, kDim), matrix_of(float_queries, kDim)},
        {matrix_of(bytes, kDim), matrix_of(byte_queries, kDim)},
        {matrix_of(bytes, kDim), matrix_of(float_queries, kDim)},
        {matrix_of(bytes_as_floats, kDim), matrix_of(float_queries, kDim)},
    };
    for (int metric = 0; metric < SKEP_NUM_METRICS; ++metric) {
        for (const auto& [rows, queries] : cases) {
            StoreHandle store(device_, store_options(metric, rows.dtype, kDim));
            store.append(rows);
            const GraphHandle graph(store, graph_options(16, 200));
            graph.link(3000);
            const Answer truth = search(store, queries, search_request(3000, kK));
            const Answer found = graph.search(queries, 3000, kK, 200);
            EXPECT_GE(recall(found, truth, kK), 0.97)
                << "metric " << metric << " rows " << rows.dtype << " queries " << queries.dtype;
        }
    }
}

TEST_F(Graphs, EveryIsaBuildsTheSameGraphOfWholeNumbers) {
    const std::vector<std::uint8_t> rows = random_u8(1500 * kDim, 5);
    const std::vector<std::uint8_t> queries = random_u8(20 * kDim, 6);
    std::optional<GraphImage> expected;
    std::optional<Answer> expected_answer;
    for (const std::string_view isa : cpu::usable_isa_names()) {
        const CpuDeviceHandle device(host_, std::string(isa));
        StoreHandle store(device, store_options(SKEP_METRIC_L2, SKEP_DTYPE_U8, kDim));
        store.append(matrix_of(rows, kDim));
        const GraphHandle graph(store, graph_options());
        graph.link(1500);
        const GraphImage image = graph.image();
        const Answer answer = graph.search(matrix_of(queries, kDim), 1500, kK, 30);
        if (!expected) {
            expected = image;
            expected_answer = answer;
        }
        EXPECT_EQ(image, *expected) << isa;
        EXPECT_EQ(answer, *expected_answer) << isa;
    }
}

TEST_F(Graphs, FindClustersThatCameOneAfterAnother) {
    const std::vector<float> rows = clustered_f32(6000, kDim, 30, 0.5F, 7);
    StoreHandle store(device_, store_options(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim));
    store.append(matrix_of(rows, kDim));
    const GraphHandle graph(store, graph_options());
    graph.link(6000);
    // One row of each cluster.
    std::vector<float> queries;
    for (std::size_t row = 100; row < 6000; row += 200) {
        queries.insert(queries.end(), rows.begin() + static_cast<std::ptrdiff_t>(row * kDim),
                       rows.begin() + static_cast<std::ptrdiff_t>((row + 1) * kDim));
    }
    const skep_matrix asked = matrix_of(queries, kDim);
    const Answer truth = search(store, asked, search_request(6000, kK));
    EXPECT_GE(recall(graph.search(asked, 6000, kK, 64), truth, kK), 0.97);
}

TEST_F(Graphs, FindDuplicatesAndWhatLiesBehindThem) {
    // Three times 400 equal rows among others.
    std::vector<float> rows = random_f32(3000 * kDim, 9);
    for (std::size_t copy = 1; copy < 400; ++copy) {
        for (const std::size_t original : {0U, 1000U, 2000U}) {
            std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(original * kDim), kDim,
                        rows.begin() + static_cast<std::ptrdiff_t>((original + copy) * kDim));
        }
    }
    StoreHandle store(device_, store_options(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim));
    store.append(matrix_of(rows, kDim));
    const GraphHandle graph(store, graph_options());
    graph.link(3000);
    const skep_matrix all = matrix_of(rows, kDim);
    const Answer truth = search(store, all, search_request(3000, kK));
    EXPECT_GE(recall(graph.search(all, 3000, kK, 64), truth, kK), 0.97);
}

TEST_F(Graphs, AnswerWhenThereIsLittleOrNothing) {
    const std::vector<float> rows = random_f32(5 * kDim, 11);
    const skep_matrix queries = matrix_of(rows, kDim);
    StoreHandle store(device_, store_options(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim));
    store.append(queries);
    const GraphHandle graph(store, graph_options());
    const Answer empty = graph.search(queries, 5, 3, 0);
    for (const std::uint32_t slot : empty.slots)
        EXPECT_EQ(slot, SKEP_NO_SLOT);
    graph.link(5);
    for (const std::uint64_t k : {1U, 5U, 8U})
        EXPECT_EQ(graph.search(queries, 5, k, 1), search(store, queries, search_request(5, k)));
    cpu_operations().opt_graph_clear(graph.graph);
    EXPECT_EQ(graph.stats().num_linked, 0U);
    EXPECT_EQ(graph.search(queries, 5, 3, 0), empty);
    graph.link(5);
    EXPECT_EQ(graph.search(queries, 5, 3, 0), search(store, queries, search_request(5, 3)));
}

TEST_F(Graphs, MeasureRowsThatCannotBeCoded) {
    std::vector<float> rows = random_f32(1000 * kDim, 13);
    for (std::size_t i = 0; i < 50 * kDim; ++i)
        rows[i] *= 1e20F;  // past all codes
    for (std::size_t i = 50 * kDim; i < 60 * kDim; ++i)
        rows[i] = 0.0F;
    for (int metric = 0; metric < SKEP_NUM_METRICS; ++metric) {
        StoreHandle store(device_, store_options(metric, SKEP_DTYPE_F32, kDim));
        store.append(matrix_of(rows, kDim));
        const GraphHandle graph(store, graph_options());
        graph.link(1000);
        const skep_matrix queries = matrix_of(rows, kDim);
        const Answer truth = search(store, queries, search_request(1000, kK));
        EXPECT_GE(recall(graph.search(queries, 1000, kK, 200), truth, kK), 0.9)
            << "metric " << metric;
    }
}

TEST_F(Graphs, LinkingThatIsStoppedGoesOnLater) {
    const std::vector<float> rows = random_f32(4000 * kDim, 15);
    StoreHandle store(device_, store_options(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim));
    store.append(matrix_of(rows, kDim));
    const GraphHandle graph(store, graph_options());
    std::atomic<int> polls_left{1500};
    skep_call call{};
    call.struct_size = sizeof call;
    call.context = &polls_left;
    call.poll = [](void* context, std::uint64_t, std::uint64_t) -> skep_status {
        return --*static_cast<std::atomic<int>*>(context) < 0 ? SKEP_CANCELLED : SKEP_OK;
    };
    EXPECT_EQ(cpu_operations().opt_graph_link(graph.graph, 4000, &call, nullptr), SKEP_CANCELLED);
    EXPECT_GT(graph.stats().num_linked, 0U);
    EXPECT_LT(graph.stats().num_linked, 4000U);
    graph.link(4000);
    const GraphHandle whole(store, graph_options());
    whole.link(4000);
    EXPECT_EQ(graph.image(), whole.image());
}

TEST_F(Graphs, LinkingSurvivesEveryFailedAllocation) {
    const std::vector<float> rows = random_f32(700 * kDim, 17);
    StoreHandle store(device_, store_options(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim));
    store.append(matrix_of(rows, kDim));
    const GraphHandle whole(store, graph_options());
    whole.link(700);
    const GraphImage expected = whole.image();
    bool has_succeeded = false;
    for (std::int64_t allowed = 0; !has_succeeded; ++allowed) {
        const GraphHandle graph(store, graph_options());
        host_.allocations_before_failure = allowed;
        const skep_status status =
            cpu_operations().opt_graph_link(graph.graph, 700, nullptr, nullptr);
        has_succeeded = host_.allocations_before_failure >= 0;
        host_.allocations_before_failure = -1;
        ASSERT_EQ(status, has_succeeded ? SKEP_OK : SKEP_OUT_OF_HOST_MEMORY) << allowed;
        graph.link(700);
        ASSERT_EQ(graph.image(), expected) << allowed;
        ASSERT_LT(allowed, 200);
    }
}

TEST_F(Graphs, SearchSurvivesEveryFailedAllocation) {
    const std::vector<float> rows = random_f32(700 * kDim, 19);
    const skep_matrix queries = matrix_of(rows, kDim);
    StoreHandle store(device_, store_options(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim));
    store.append(queries);
    const GraphHandle linked(store, graph_options());
    linked.link(700);
    GraphImage image = linked.image();
    const skep_graph_image view = image.view();
    bool has_succeeded = false;
    for (std::int64_t allowed = 0; !has_succeeded; ++allowed) {
        // A fresh graph has no scratch memory yet.
        const GraphHandle graph(store, graph_options());
        ASSERT_EQ(cpu_operations().opt_graph_import(graph.graph, &view, nullptr), SKEP_OK);
        Answer answer;
        const skep_search_answer target = answer_into(answer, queries.num_rows, kK);
        const Answer untouched = answer;
        const skep_search_request request = search_request(700, kK);
        host_.allocations_before_failure = allowed;
        const skep_status status = cpu_operations().opt_graph_search(
            graph.graph, &queries, &request, &target, nullptr, nullptr);
        has_succeeded = host_.allocations_before_failure >= 0;
        host_.allocations_before_failure = -1;
        if (!has_succeeded) {
            ASSERT_EQ(status, SKEP_OUT_OF_HOST_MEMORY) << allowed;
            ASSERT_EQ(answer.slots, untouched.slots);
        }
        ASSERT_LT(allowed, 200);
    }
}

TEST_F(Graphs, RefuseWhatTheyCannotDo) {
    StoreHandle store(device_, store_options(SKEP_METRIC_L2, SKEP_DTYPE_F32, 2));
    skep_graph* graph = nullptr;
    skep_error error = SKEP_ERROR_INIT;
    for (const std::uint32_t m : {0U, 1U, 513U}) {
        const skep_graph_options options = graph_options(m);
        EXPECT_EQ(cpu_operations().opt_graph_create(store.store, &options, &graph, &error),
                  SKEP_INVALID_ARGUMENT);
        EXPECT_EQ(graph, nullptr);
    }
    const skep_graph_options options = graph_options(16, 0);
    EXPECT_EQ(cpu_operations().opt_graph_create(store.store, &options, &graph, &error),
              SKEP_INVALID_ARGUMENT);
    const GraphHandle made(store, graph_options());
    EXPECT_EQ(cpu_operations().opt_graph_link(made.graph, 1, nullptr, &error),
              SKEP_INVALID_ARGUMENT);
    const float query[2] = {};
    const skep_matrix queries = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, query, 1, 2);
    skep_search_request request = search_request(0, 1);
    request.first_slot = 1;
    Answer answer;
    const skep_search_answer target = answer_into(answer, 1, 1);
    EXPECT_EQ(
        cpu_operations().opt_graph_search(made.graph, &queries, &request, &target, nullptr, &error),
        SKEP_INVALID_ARGUMENT);
}

TEST_F(Graphs, ExactSearchCanBeginBehindTheFirstSlots) {
    const std::vector<float> rows = random_f32(900 * kDim, 21);
    const std::vector<float> queries = random_f32(20 * kDim, 22);
    StoreHandle store(device_, store_options(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim));
    store.append(matrix_of(rows, kDim));
    for (const std::uint64_t first_slot : {1U, 63U, 64U, 500U, 899U, 900U}) {
        std::vector<bool> visible(900, true);
        std::fill_n(visible.begin(), first_slot, false);
        skep_search_request request = search_request(900, kK);
        request.first_slot = first_slot;
        EXPECT_EQ(search(store, matrix_of(queries, kDim), request),
                  plain_scan(SKEP_METRIC_L2, queries, rows, kDim, kK, visible));
    }
}

}  // namespace
}  // namespace skep::testing
