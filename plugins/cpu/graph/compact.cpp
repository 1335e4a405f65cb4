// SPDX-License-Identifier: MIT
// The graph of a store without its erased rows (docs/adr/0006).
//
// Lists without erased slots are kept as they are, under new numbers. In every other list, an
// erased slot is replaced by what can be reached through it: its kept neighbours, and those behind
// further erased ones; of all candidates the heuristic chooses anew. This is how FreshDiskANN
// consolidates deletes (Singh, Subramanya, Krishnaswamy, Simhadri, 2021), on every layer.
#include <algorithm>
#include <cstdint>
#include <memory>

#include "argument_checks.hpp"
#include "graph/graph.hpp"
#include "numeric_environment.hpp"
#include "search/search_plan.hpp"
#include "work_meter.hpp"

namespace skep::cpu {
namespace {

constexpr const char* kOperation = "graph compact";
constexpr std::uint64_t kSlotsPerTask = 64;
// Candidates per list, in lengths of it.
constexpr std::uint32_t kMostCandidates = 8;

}  // namespace

class Compaction {
  public:
    Compaction(const Graph& graph, std::uint64_t num_slots, const Mask* mask, const skep_call* call)
        : graph_(graph),
          host_(graph.store().backend().host()),
          num_slots_(std::min(num_slots, graph.num_linked())),
          visible_(mask, nullptr),
          meter_(call, num_slots_) {}

    std::unique_ptr<Graph> run() {
        made_ = std::make_unique<Graph>(graph_.store(), graph_.options());
        number_slots();
        auto task = [&](std::uint64_t task_id, std::uint32_t) {
            const NumericEnvironment environment;
            try {
                const Graph::Lease workspace(graph_);
                prepare(*workspace);
                const std::uint64_t end = std::min(num_slots_, (task_id + 1) * kSlotsPerTask);
                for (std::uint64_t slot = task_id * kSlotsPerTask; slot < end; ++slot) {
                    if (new_slots_[slot] == SKEP_NO_SLOT) continue;
                    for (std::uint32_t level = 0; level <= graph_.links().level(slot); ++level)
                        fill(*workspace, static_cast<std::uint32_t>(slot), level);
                }
                meter_.advance(end - task_id * kSlotsPerTask);
            } catch (...) {
                meter_.stop(SKEP_OUT_OF_HOST_MEMORY);
            }
        };
        run_tasks(host_, (num_slots_ + kSlotsPerTask - 1) / kSlotsPerTask, task);
        meter_.check(kOperation);
        made_->uses_codes_.store(graph_.uses_codes(), std::memory_order_relaxed);
        made_->num_links_.store(num_links_.load(), std::memory_order_relaxed);
        const auto seeds = Seeds().with(0, num_kept_, made_->links_);
        made_->publish(num_kept_, num_blocks_, entry_, seeds);
        return std::move(made_);
    }

  private:
    // Numbers the kept slots and gives them empty lists of their levels.
    void number_slots() {
        new_slots_.require(host_, num_slots_, kOperation);
        std::uint64_t num_lists = 0;
        for (std::uint64_t slot = 0; slot < num_slots_; ++slot) {
            const bool is_kept = visible_.test(slot);
            new_slots_[slot] = is_kept ? static_cast<std::uint32_t>(num_kept_++) : SKEP_NO_SLOT;
            if (is_kept) num_lists += graph_.links().level(slot);
        }
        made_->links_.reserve(num_kept_, num_lists, kOperation);
        for (std::uint64_t slot = 0; slot < num_slots_; ++slot) {
            const std::uint32_t new_slot = new_slots_[slot];
            if (new_slot == SKEP_NO_SLOT) continue;
            const std::uint32_t level = graph_.links().level(slot);
            made_->links_.start(new_slot, level, num_blocks_);
            num_blocks_ += level;
            if (!entry_.is_there() || level > entry_.level) entry_ = {new_slot, level};
        }
    }

    void prepare(Graph::Workspace& workspace) const {
        const std::uint64_t most = std::uint64_t{kMostCandidates + 1} * graph_.links().degree();
        workspace.traversal.begin(num_slots_, graph_.uses_codes(), kOperation);
        workspace.traversal.scorer().reserve_row();
        workspace.selection.prepare(host_, most, kOperation);
        workspace.candidates.require(host_, most, kOperation);
        workspace.slots.require(host_, most, kOperation);
        workspace.distances.require(host_, most, kOperation);
        workspace.bypassed.require(host_, most, kOperation);
    }

    // Kept slots that a list leads to, itself or through erased ones: into workspace.slots.
    std::uint32_t gather(Graph::Workspace& workspace, std::uint32_t slot, std::uint32_t level,
                         bool& has_erased) const {
        const std::uint32_t most = kMostCandidates * graph_.links().capacity_of(level);
        VisitedSet& visited = workspace.traversal.visited();
        visited.clear();
        visited.insert(slot);
        std::uint32_t count = 0;
        std::uint32_t num_bypassed = 0;
        std::uint32_t next_bypassed = 0;
        for (std::uint32_t from = slot;; from = workspace.bypassed[next_bypassed++]) {
            const LinkList list = graph_.links().list(from, level);
            for (std::uint32_t i = 0; i < list.capacity(); ++i) {
                const std::uint32_t link = list.load(i);
                if (link == SKEP_NO_SLOT) break;
                if (link >= num_slots_ || visited.insert(link) == 0) continue;
                if (new_slots_[link] != SKEP_NO_SLOT) {
                    workspace.slots[count++] = link;
                } else if (num_bypassed < most) {
                    workspace.bypassed[num_bypassed++] = link;
                }
            }
            if (next_bypassed == num_bypassed || count >= most) break;
        }
        has_erased = num_bypassed != 0;
        return count;
    }

    void fill(Graph::Workspace& workspace, std::uint32_t slot, std::uint32_t level) {
        const std::uint32_t capacity = graph_.links().capacity_of(level);
        bool has_erased = false;
        std::uint32_t count = gather(workspace, slot, level, has_erased);
        std::uint32_t* const slots = workspace.slots.data();
        if (has_erased) {
            RowScorer& scorer = workspace.traversal.scorer();
            scorer.set_row(slot);
            scorer.distances(slots, count, workspace.distances.data());
            for (std::uint32_t i = 0; i < count; ++i)
                workspace.candidates[i] = Neighbour(workspace.distances[i], slots[i]);
            std::sort(workspace.candidates.data(), workspace.candidates.data() + count);
            const auto chosen =
                workspace.selection.choose(scorer, {workspace.candidates.data(), count}, capacity,
                                           graph_.links().list(slot, level).size());
            count = static_cast<std::uint32_t>(chosen.size());
            std::copy(chosen.begin(), chosen.end(), slots);
        }
        for (std::uint32_t i = 0; i < count; ++i)
            slots[i] = new_slots_[slots[i]];
        made_->links_.list(new_slots_[slot], level).assign({slots, count});
        num_links_.fetch_add(count, std::memory_order_relaxed);
    }

    const Graph& graph_;
    const skep_host_services& host_;
    std::uint64_t num_slots_;
    Visibility visible_;
    WorkMeter meter_;
    std::unique_ptr<Graph> made_;
    HostArray<std::uint32_t> new_slots_;  // by old slot; SKEP_NO_SLOT: erased
    std::uint64_t num_kept_ = 0;
    std::uint64_t num_blocks_ = 0;
    EntryPoint entry_;
    std::atomic<std::uint64_t> num_links_{0};
};

std::unique_ptr<Graph> Graph::compacted(std::uint64_t num_slots, const Mask* mask,
                                        const skep_call* call) const {
    return Compaction(*this, num_slots, mask, call).run();
}

}  // namespace skep::cpu
