// SPDX-License-Identifier: MIT
#include "graph/graph_search.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <vector>

#include "argument_checks.hpp"
#include "graph/search_choice.hpp"
#include "numeric_environment.hpp"
#include "search/search.hpp"
#include "search/search_plan.hpp"
#include "work_meter.hpp"

namespace skep::cpu {
namespace {

constexpr const char* kOperation = "graph search";
// More answers than these are gathered better by the exact search, whose lists are made for it,
// where a walk does not pay.
constexpr std::uint64_t kMostScanned = 256;
constexpr std::uint64_t kMostQueriesPerTask = 64;
// Walks of one thread, in turn: while memory brings the rows of one, others are scored.
constexpr std::uint64_t kLanes = 4;

// Slots below num_slots that may be answers. Erased slots are counted as if all lay below it.
std::uint64_t count_visible(std::uint64_t num_slots, const Mask* mask, const skep_bitmap* allowed) {
    if (allowed == nullptr) {
        const std::uint64_t num_erased = mask == nullptr ? 0 : mask->num_erased();
        return num_slots - std::min(num_slots, num_erased);
    }
    const Visibility visible(mask, allowed);
    std::uint64_t count = 0;
    for (std::uint64_t slot = 0; slot < num_slots; slot += 64) {
        const auto width =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(64, num_slots - slot));
        count += static_cast<std::uint64_t>(std::popcount(visible.window(slot, width)));
    }
    return count;
}

// One call, whose tasks answer some queries each.
class GraphSearch {
  public:
    GraphSearch(const Graph& graph, const skep_matrix& queries, const skep_search_request& request,
                const Visibility& visible, const SearchChoice& choice, const Seeds& seeds,
                std::uint32_t* slots, float* distances)
        : graph_(graph),
          queries_(queries),
          request_(request),
          visible_(visible),
          is_filtered_(request.mask != nullptr || request.allowed != nullptr),
          choice_(choice),
          seeds_(seeds),
          slots_(slots),
          distances_(distances) {}

    // Queries first to end - 1, until the meter stops. num_slots: of the store. Throws Error or
    // std::bad_alloc.
    void answer(std::uint64_t first, std::uint64_t end, std::uint64_t num_slots,
                WorkMeter& meter) const {
        std::vector<std::unique_ptr<Graph::Lease>> leases;
        std::vector<Lane> lanes;
        while (lanes.size() < std::min(kLanes, end - first)) {
            leases.push_back(std::make_unique<Graph::Lease>(graph_));
            Graph::Workspace& workspace = **leases.back();
            workspace.traversal.begin(num_slots, graph_.uses_codes(), kOperation);
            lanes.push_back({&workspace, 0, 0});
        }
        std::uint64_t next_query = first;
        keep(lanes, [&](Lane& lane) { return begin(lane, next_query, end, meter); });
        while (!lanes.empty()) {
            keep(lanes, [&](Lane& lane) {
                return lane.workspace->traversal.step() || finish(lane) ||
                       begin(lane, next_query, end, meter);
            });
        }
    }

  private:
    // A walk on its way.
    struct Lane {
        Graph::Workspace* workspace;
        std::uint64_t query;
        std::uint64_t width;
    };

    // Drops the lanes that do not go on.
    template <typename GoesOn>
    static void keep(std::vector<Lane>& lanes, GoesOn&& goes_on) {
        for (std::size_t i = 0; i < lanes.size();) {
            if (goes_on(lanes[i])) {
                ++i;
            } else {
                lanes.erase(lanes.begin() + static_cast<std::ptrdiff_t>(i));
            }
        }
    }

    // Begins the walk of the next query that is not answered by a scan. False: there is none.
    bool begin(Lane& lane, std::uint64_t& next_query, std::uint64_t end, WorkMeter& meter) const {
        while (next_query < end && meter.advance(1)) {
            lane.query = next_query++;
            lane.width = choice_.width();
            lane.workspace->traversal.scorer().set_query(queries_, lane.query);
            if (begin_walk(lane)) return true;
        }
        return false;
    }

    // False where a scan is cheaper, and has answered the query.
    bool begin_walk(const Lane& lane) const {
        if (!seeds_.slots().empty() && choice_.walks(lane.width)) {
            Traversal& traversal = lane.workspace->traversal;
            traversal.begin_layer(traversal.descend(seeds_, 0), 0, lane.width);
            return true;
        }
        scan(*lane.workspace);
        write(*lane.workspace, lane.query);
        return false;
    }

    // Writes what a walk has found, or begins a wider one if that is not enough: true.
    bool finish(Lane& lane) const {
        constexpr std::uint64_t kWider = 4;
        if (take_visible(*lane.workspace) >= request_.k) {
            write(*lane.workspace, lane.query);
            return false;
        }
        lane.width *= kWider;
        return begin_walk(lane);
    }

    // The pool without rows that may not be answers; how many are left.
    std::uint64_t take_visible(Graph::Workspace& workspace) const {
        const NeighbourPool& pool = workspace.traversal.pool();
        workspace.candidates.require(host(), pool.size(), kOperation);
        std::uint64_t count = 0;
        for (const Neighbour& neighbour : pool) {
            // Slots past the request were linked since its snapshot.
            if (neighbour.slot() >= request_.num_slots) continue;
            if (is_filtered_ && !visible_.test(neighbour.slot())) continue;
            workspace.candidates[count] = neighbour;
            ++count;
        }
        num_candidates_of(workspace) = count;
        return count;
    }

    // Candidates from all rows that may be answers.
    void scan(Graph::Workspace& workspace) const {
        constexpr std::uint32_t kScored = 32;
        RowScorer& scorer = workspace.traversal.scorer();
        NeighbourPool& pool = workspace.traversal.pool();
        pool.prepare(host(), std::min(request_.num_slots, 2 * request_.k + 16), kOperation);
        std::uint32_t slots[kScored];
        float distances[kScored];
        std::uint32_t count = 0;
        auto score = [&] {
            scorer.distances(slots, count, distances);
            for (std::uint32_t i = 0; i < count; ++i) {
                const Neighbour neighbour(distances[i], slots[i]);
                if (neighbour < pool.worst()) pool.insert(neighbour);
            }
            count = 0;
        };
        for (std::uint64_t first = 0; first < request_.num_slots; first += 64) {
            const auto width =
                static_cast<std::uint32_t>(std::min<std::uint64_t>(64, request_.num_slots - first));
            for (std::uint64_t left = visible_.window(first, width); left != 0; left &= left - 1) {
                const auto slot = static_cast<std::uint32_t>(
                    first + static_cast<std::uint64_t>(std::countr_zero(left)));
                scorer.prefetch(slot);
                slots[count] = slot;
                if (++count == kScored) score();
            }
        }
        score();
        workspace.candidates.require(host(), pool.size(), kOperation);
        std::copy(pool.begin(), pool.end(), workspace.candidates.data());
        num_candidates_of(workspace) = pool.size();
    }

    // How many of the candidates are measured: the nearest ones, and those that rounding or codes
    // may have put behind them.
    [[nodiscard]] std::uint64_t num_refined(Graph::Workspace& workspace,
                                            std::uint64_t num_candidates) const {
        const std::uint64_t k = request_.k;
        if (num_candidates <= k) return num_candidates;
        if (!workspace.traversal.scorer().is_exact_but_for_rounding())
            return std::min(num_candidates, 2 * k + 16);
        constexpr float kHalvedNorm = 2.0F;
        constexpr float kLostBits = 0x1p-20F;
        const float last = workspace.candidates[k - 1].distance();
        const float limit = last + kHalvedNorm + kLostBits * std::abs(last);
        std::uint64_t count = k;
        while (count < num_candidates && workspace.candidates[count].distance() <= limit)
            ++count;
        return count;
    }

    void write(Graph::Workspace& workspace, std::uint64_t query) const {
        const std::uint64_t k = request_.k;
        const std::uint64_t count = num_refined(workspace, num_candidates_of(workspace));
        workspace.refined.require(host(), count, kOperation);
        Candidate* const refined = workspace.refined.data();
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint32_t slot = workspace.candidates[i].slot();
            refined[i] = {workspace.traversal.scorer().exact_distance(slot), slot};
        }
        std::sort(refined, refined + count);
        std::uint32_t* const slots = slots_ + query * k;
        float* const distances = distances_ + query * k;
        for (std::uint64_t i = 0; i < k; ++i) {
            slots[i] = i < count ? refined[i].slot : SKEP_NO_SLOT;
            distances[i] = i < count ? static_cast<float>(refined[i].distance)
                                     : std::numeric_limits<float>::infinity();
        }
    }

    [[nodiscard]] const skep_host_services& host() const { return graph_.store().backend().host(); }
    static std::uint64_t& num_candidates_of(Graph::Workspace& workspace) {
        return workspace.num_candidates;
    }

    const Graph& graph_;
    const skep_matrix& queries_;
    const skep_search_request& request_;
    const Visibility& visible_;
    bool is_filtered_;
    const SearchChoice& choice_;
    const Seeds& seeds_;
    std::uint32_t* slots_;  // [num_queries, k]
    float* distances_;      // [num_queries, k]
};

}  // namespace

void search_graph(const Graph& graph, const skep_matrix& queries, const skep_search_request& asked,
                  const Mask* mask, const skep_bitmap* allowed, const skep_search_answer& answer,
                  const skep_call* call) {
    if (queries.num_rows == 0) return;
    skep_search_request request = asked;
    const std::uint64_t num_linked = graph.num_linked();
    request.num_slots = std::min(request.num_slots, num_linked);
    const Visibility visible(mask, allowed);
    const std::uint64_t num_visible = count_visible(request.num_slots, mask, allowed);
    const SearchChoice choice(std::max<std::uint64_t>(num_linked, 1),
                              std::max<std::uint64_t>(num_visible, 1), request.k,
                              request.ef_search);
    if (num_visible == 0 || (!choice.walks(choice.width()) && request.k > kMostScanned))
        return search(graph.store(), queries, request, visible, answer, call);

    std::uint64_t num_answers = 0;
    if (__builtin_mul_overflow(queries.num_rows, request.k, &num_answers) ||
        num_answers > std::numeric_limits<std::uint64_t>::max() / sizeof(std::uint64_t)) {
        fail(SKEP_LIMIT_EXCEEDED, "graph search: num_queries times k overflows");
    }
    // A call that fails after its first query must not have written it.
    ArrayLayout layout;
    const std::uint64_t slots = layout.add<std::uint32_t>(num_answers);
    const std::uint64_t distances = layout.add<float>(num_answers);
    const bool is_aside = queries.num_rows > 1;
    const skep_host_services& host = graph.store().backend().host();
    const HostBuffer aside(host, is_aside ? layout.bytes() : 0, kOperation);
    auto* const slots_out =
        is_aside ? reinterpret_cast<std::uint32_t*>(aside.data() + slots) : answer.slots;
    auto* const distances_out =
        is_aside ? reinterpret_cast<float*>(aside.data() + distances) : answer.distances;

    // In this order: seeds are slots that there are. Walks may meet rows appended since.
    const std::shared_ptr<const Seeds> seeds = graph.seeds();
    const std::uint64_t num_slots = graph.store().num_slots();
    const GraphSearch one_search(graph, queries, request, visible, choice, *seeds, slots_out,
                                 distances_out);
    WorkMeter meter(call, queries.num_rows);
    // Some tasks for every worker, long enough for walks in turn.
    const std::uint64_t per_task =
        std::clamp(queries.num_rows / (4 * std::uint64_t{host.num_workers(host.context)}),
                   2 * kLanes, kMostQueriesPerTask);
    auto task = [&](std::uint64_t task_id, std::uint32_t) {
        const NumericEnvironment environment;
        try {
            one_search.answer(task_id * per_task,
                              std::min(queries.num_rows, (task_id + 1) * per_task), num_slots,
                              meter);
        } catch (...) {
            meter.stop(SKEP_OUT_OF_HOST_MEMORY);
        }
    };
    run_tasks(host, (queries.num_rows + per_task - 1) / per_task, task);
    meter.check(kOperation);
    if (!is_aside) return;
    std::copy_n(slots_out, num_answers, answer.slots);
    std::copy_n(distances_out, num_answers, answer.distances);
}

}  // namespace skep::cpu
