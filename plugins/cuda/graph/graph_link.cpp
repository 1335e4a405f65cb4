// SPDX-License-Identifier: MIT
// Linking rows, in batches (docs/adr/0006): every new row of a layer walks the graph as it was
// before the batch, is compared with all other rows of the batch, and chooses its links; then the
// links are turned round, and every row that is linked to takes its new links in. Layer after
// layer, from the base up: a walk enters no layer where the batch is not yet linked below.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "graph/graph.hpp"
#include "graph/graph_kernels.hpp"
#include "index/scratch_layout.hpp"
#include "skep/result.hpp"

namespace skep::cuda {
namespace {

// Rows of a batch: enough walks to fill the device several times, few enough to be compared all
// with all.
constexpr std::uint64_t kBatchRows = 16384;
// Candidates that a row that is linked to chooses from.
constexpr std::uint32_t kLeastTaken = 128;

// Blocks per multiprocessor that take links in.
constexpr std::uint32_t kTakeInBlocks = 16;

struct Counters {
    std::uint32_t num_targets;
    std::uint32_t num_sources;
    std::uint32_t num_links;
};

}  // namespace

// One call of link_rows().
class GraphLinking {
  public:
    GraphLinking(Graph& graph, const RowsView& rows, std::int32_t codes_are,
                 std::uint64_t num_slots, const skep_call* call)
        : graph_(graph),
          device_(*graph.store_.device()),
          rows_(rows),
          kernels_(graph_kernels(rows, codes_are)),
          num_slots_(num_slots),
          call_(call),
          lane_(device_.lanes().acquire()),
          width_(
              std::min(std::max(graph.options_.ef_construction, graph.options_.m), kMaxGraphPool)),
          take_in_width_(std::min(std::max(2 * graph.degree(), kLeastTaken), kMaxGraphPool)) {}

    skep_status run() {
        const std::uint64_t first = graph_.snapshot().num_linked;
        prepare(std::min(kBatchRows, num_slots_ - first));
        for (std::uint64_t done = first; done < num_slots_;) {
            if (call_ != nullptr) {
                const skep_status stop =
                    call_->poll(call_->context, done - first, num_slots_ - first);
                if (stop != SKEP_OK) return stop;
            }
            const std::uint64_t end = std::min(num_slots_, done + kBatchRows);
            link_batch(done, end);
            done = end;
        }
        return SKEP_OK;
    }

  private:
    // Scratch memory for batches of so many rows.
    void prepare(std::uint64_t batch_rows) {
        const std::uint64_t num_links = batch_rows * graph_.options_.m;
        ScratchLayout pieces;
        const std::uint64_t members = pieces.take(batch_rows * kWord);
        const std::uint64_t seeds = pieces.take(kMaxGraphSeeds * kWord);
        const std::uint64_t candidates = pieces.take(batch_rows * width_ * kWord);
        const std::uint64_t sources = pieces.take(num_links * kWord);
        const std::uint64_t targets = pieces.take(num_links * sizeof(GraphTarget));
        const std::uint64_t counters = pieces.take(sizeof(Counters));
        const std::uint64_t counts = pieces.take(num_slots_ * kWord);
        const std::uint64_t starts = pieces.take(num_slots_ * kWord);
        const CUdeviceptr base = lane_->scratch(pieces.end());
        members_ = base + members;
        seeds_ = base + seeds;
        candidates_ = base + candidates;
        sources_ = base + sources;
        targets_ = base + targets;
        counters_ = base + counters;
        counts_ = base + counts;
        starts_ = base + starts;
        lane_->fill(counts_, 0, num_slots_ * kWord);

        ScratchLayout staged;
        const std::uint64_t staged_slots = staged.take(batch_rows * kWord);
        const std::uint64_t staged_seeds = staged.take(kMaxGraphSeeds * kWord);
        const std::uint64_t staged_counters = staged.take(sizeof(Counters));
        std::byte* pinned = lane_->pinned(staged.end());
        pinned_slots_ = reinterpret_cast<std::uint32_t*>(pinned + staged_slots);
        pinned_seeds_ = reinterpret_cast<std::uint32_t*>(pinned + staged_seeds);
        pinned_counters_ = reinterpret_cast<Counters*>(pinned + staged_counters);
        *pinned_counters_ = Counters{};
    }

    void link_batch(std::uint64_t first, std::uint64_t end) {
        std::vector<std::vector<std::uint32_t>> members(1);  // new ones, by level
        {
            const std::lock_guard lock(graph_.mutex_);
            Graph::Levels& levels = graph_.levels_;
            while (levels.of_slots.size() < end)
                graph_.add_level(graph_.draw_level_of(levels.of_slots.size()));
            for (std::uint64_t slot = first; slot < end; ++slot)
                members[0].push_back(static_cast<std::uint32_t>(slot));
            for (const std::vector<std::uint32_t>& all : levels.members) {
                const auto begin = std::lower_bound(all.begin(), all.end(), first);
                const auto last = std::lower_bound(begin, all.end(), end);
                if (begin == last) break;
                members.emplace_back(begin, last);
            }
            std::copy_n(levels.first_lists.begin() + static_cast<std::ptrdiff_t>(first),
                        end - first, pinned_slots_);
        }
        const Graph::Snapshot before = graph_.snapshot();
        lane_->copy_to_device(before.memory->first_lists->pointer() + first * kWord, pinned_slots_,
                              (end - first) * kWord);
        std::uint64_t num_links = graph_.stats().num_links;
        for (std::uint32_t level = 0; level < members.size(); ++level) {
            lane_->wait(nullptr);  // the pinned memory is free
            const Start start = start_of(before, level, first);
            link_layer(before, level, members[level], start);
            // Counts are differences: they may wrap.
            lane_->wait(nullptr);
            num_links += static_cast<std::uint64_t>(
                std::int64_t{static_cast<std::int32_t>(pinned_counters_->num_links)});
        }
        graph_.publish(end, num_links, graph_.make_seeds(end, *lane_));
    }

    // Where walks to a level begin: at the seeds, or at all rows of a level above theirs.
    struct Start {
        CUdeviceptr slots;
        std::uint32_t num_slots;
        std::uint32_t level;
    };
    Start start_of(const Graph::Snapshot& before, std::uint32_t level, std::uint64_t first) {
        const GraphSeeds& seeds = *before.seeds;
        if (level <= seeds.level) {
            return {seeds.on_device.pointer(), static_cast<std::uint32_t>(seeds.slots.size()),
                    seeds.level};
        }
        std::uint32_t count = 0;
        {
            const std::lock_guard lock(graph_.mutex_);
            for (const std::uint32_t slot : graph_.levels_.members[level - 1]) {
                if (slot >= first || count == kMaxGraphSeeds) break;
                pinned_seeds_[count++] = slot;
            }
        }
        if (count != 0) lane_->copy_to_device(seeds_, pinned_seeds_, count * kWord);
        return {seeds_, count, level};
    }

    void link_layer(const Graph::Snapshot& before, std::uint32_t level,
                    const std::vector<std::uint32_t>& members, const Start& start) {
        const auto count = static_cast<std::uint32_t>(members.size());
        std::memcpy(pinned_slots_, members.data(), count * kWord);
        lane_->copy_to_device(members_, pinned_slots_, count * kWord);
        lane_->fill(counters_, 0, sizeof(Counters));
        const GraphView graph = graph_.view(*before.memory);
        const bool has_candidates = start.num_slots != 0;
        if (has_candidates) find_candidates(graph, before, level, count, start);

        GraphChooseParams choose{};
        choose.view = rows_;
        choose.graph = graph;
        choose.members = device_pointer<const std::uint32_t>(members_);
        choose.candidates = device_pointer<const std::uint32_t>(candidates_);
        choose.num_links = counter(offsetof(Counters, num_links));
        choose.num_members = count;
        choose.num_candidates = has_candidates ? width_ : 0;
        choose.level = level;
        choose.width = width_;
        launch(kernels_.choose, graph_blocks(count), kGraphThreads,
               choice_shared_bytes(width_, graph.degree), choose);

        GraphReverseParams reverse{};
        reverse.view = rows_;
        reverse.graph = graph;
        reverse.members = choose.members;
        reverse.counts = device_pointer<std::uint32_t>(counts_);
        reverse.starts = device_pointer<std::uint32_t>(starts_);
        reverse.sources = device_pointer<std::uint32_t>(sources_);
        reverse.targets = device_pointer<GraphTarget>(targets_);
        reverse.num_targets = counter(offsetof(Counters, num_targets));
        reverse.num_sources = counter(offsetof(Counters, num_sources));
        reverse.num_links = choose.num_links;
        reverse.num_members = count;
        reverse.level = level;
        reverse.width = take_in_width_;
        const std::uint64_t num_links = std::uint64_t{count} * graph.m;
        const auto by_link =
            static_cast<std::uint32_t>((num_links + kGraphThreads - 1) / kGraphThreads);
        launch(kernels::kGraphCount, by_link, kGraphThreads, 0, reverse);
        launch(kernels::kGraphPlace, by_link, kGraphThreads, 0, reverse);
        launch(kernels::kGraphFill, by_link, kGraphThreads, 0, reverse);
        const std::uint32_t resident = kTakeInBlocks * device_.facts().num_multiprocessors;
        launch(kernels_.take_in, std::min(resident, graph_blocks(num_links)), kGraphThreads,
               choice_shared_bytes(take_in_width_, graph.degree), reverse);
        lane_->copy_to_host(pinned_counters_, counters_, sizeof(Counters));
    }

    void find_candidates(const GraphView& graph, const Graph::Snapshot& before, std::uint32_t level,
                         std::uint32_t count, const Start& start) {
        const WalkLaunch walk = plan_walk(width_, device_.facts());
        GraphSearchParams search{};
        search.view = rows_;
        search.graph = graph;
        search.filter.num_slots = before.num_linked;
        search.query_rows = device_pointer<const std::uint32_t>(members_);
        search.seeds = device_pointer<const std::uint32_t>(start.slots);
        search.found = device_pointer<std::uint32_t>(candidates_);
        search.num_slots = before.num_linked;
        search.num_queries = count;
        search.num_seeds = start.num_slots;
        search.seed_level = start.level;
        search.level = level;
        search.width = width_;
        search.num_visited = walk.num_visited;
        search.num_found = width_;
        launch(kernels_.search, walk_blocks(count), kWalkThreads, walk.shared_bytes, search);
    }

    template <typename Params>
    void launch(const char* name, std::uint32_t num_blocks, std::uint32_t num_threads,
                std::uint32_t shared_bytes, const Params& params) {
        lane_->launch(graph_kernel(device_, name), num_blocks, 1, num_threads, shared_bytes, params,
                      name);
    }
    [[nodiscard]] std::uint32_t* counter(std::size_t offset) const {
        return device_pointer<std::uint32_t>(counters_ + offset);
    }

    static constexpr std::uint64_t kWord = sizeof(std::uint32_t);

    Graph& graph_;
    Device& device_;
    RowsView rows_;
    const kernels::GraphKernels& kernels_;
    std::uint64_t num_slots_;
    const skep_call* call_;
    LanePool::Lease lane_;
    std::uint32_t width_;
    std::uint32_t take_in_width_;
    // Scratch memory of a batch, and what goes there or comes from there.
    CUdeviceptr members_ = 0;     // [batch rows]
    CUdeviceptr seeds_ = 0;       // [kMaxGraphSeeds]
    CUdeviceptr candidates_ = 0;  // [batch rows, width]
    CUdeviceptr sources_ = 0;     // [batch rows, m]
    CUdeviceptr targets_ = 0;     // [batch rows, m]
    CUdeviceptr counters_ = 0;
    CUdeviceptr counts_ = 0;  // [num_slots]
    CUdeviceptr starts_ = 0;  // [num_slots]
    std::uint32_t* pinned_slots_ = nullptr;
    std::uint32_t* pinned_seeds_ = nullptr;
    Counters* pinned_counters_ = nullptr;
};

skep_status Graph::link_rows(const RowsView& rows, std::int32_t codes_are, std::uint64_t num_slots,
                             const skep_call* call) {
    make_room(num_slots, "graph link");
    return GraphLinking(*this, rows, codes_are, num_slots, call).run();
}

skep_status Graph::link(std::uint64_t num_slots, const skep_call* call) {
    if (num_slots <= snapshot().num_linked) return SKEP_OK;
    const ScopedContext scope(*store_.device()->context(), "graph link");
    const skep_status stop = store_.encode_all(call);
    if (stop != SKEP_OK) return stop;
    const FlatStore::Snapshot rows = store_.snapshot();
    const skep_status linked = link_rows(rows.view, rows.codes_are, num_slots, call);
    check_walks();
    return linked;
}

}  // namespace skep::cuda
