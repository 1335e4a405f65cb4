// SPDX-License-Identifier: MIT
// Linking rows, in batches: lock-free, and the same graph for every number of threads
// (docs/adr/0006).
//
// The rows of a batch look for candidates in the graph as it was before the batch and choose their
// links side by side, each writing its own lists, which nobody can reach yet. So that rows of a
// batch find one another, every one of them is also compared with all the others, which is cheap:
// they lie together. Then the links are turned round and grouped by target, and every target takes
// its new links in, again side by side.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "argument_checks.hpp"
#include "graph/graph.hpp"
#include "numeric_environment.hpp"
#include "search/search_plan.hpp"
#include "skep/common/graph_level.hpp"
#include "work_meter.hpp"

namespace skep::cpu {
namespace {

constexpr const char* kOperation = "graph link";
// Rows of a batch: enough for many threads, few enough to be compared all with all.
constexpr std::uint64_t kBatchRows = 512;
// Of phase one and of phase two.
constexpr std::uint64_t kRowsPerTask = 4;
constexpr std::uint64_t kTargetsPerTask = 16;
// Batches up to this are linked by the calling thread alone.
constexpr std::uint64_t kRowsOfOneThread = 4;

// A link to take in, by layer and target.
struct ReversedLink {
    std::uint32_t level;
    std::uint32_t target;
    std::uint32_t source;

    friend bool operator<(const ReversedLink& a, const ReversedLink& b) {
        if (a.level != b.level) return a.level < b.level;
        return a.target != b.target ? a.target < b.target : a.source < b.source;
    }
    [[nodiscard]] bool is_beside(const ReversedLink& other) const {
        return level == other.level && target == other.target;
    }
};

}  // namespace

// One call of link().
class Linking {
  public:
    Linking(Graph& graph, std::uint64_t num_slots, const skep_call* call)
        : graph_(graph),
          host_(graph.store_.backend().host()),
          num_slots_(num_slots),
          width_(std::max(graph.options_.ef_construction, graph.options_.m)),
          meter_(call, num_slots - graph.num_linked()) {}

    void run() {
        while (graph_.num_linked() < num_slots_) {
            meter_.check(kOperation);
            link_batch();
        }
    }

  private:
    struct Member {
        std::uint32_t slot;
        std::uint32_t level;
    };

    void link_batch() {
        first_ = graph_.num_linked();
        members_.clear();
        const std::uint64_t end = std::min(num_slots_, first_ + kBatchRows);
        seeds_ = graph_.seeds();
        EntryPoint next_entry = graph_.entry();
        std::uint64_t num_blocks = graph_.num_blocks_.load(std::memory_order_relaxed);
        std::uint64_t num_lists = 0;
        for (std::uint64_t slot = first_; slot < end; ++slot) {
            const Member member{
                static_cast<std::uint32_t>(slot),
                draw_level(graph_.options_.seed, slot, graph_.options_.m),
            };
            members_.push_back(member);
            num_lists += 1 + member.level;
        }
        graph_.links_.reserve(end, num_blocks + num_lists - members_.size(), kOperation);
        for (const Member& member : members_) {
            graph_.links_.start(member.slot, member.level, num_blocks);
            num_blocks += member.level;
            if (!next_entry.is_there() || member.level > next_entry.level)
                next_entry = {member.slot, member.level};
        }
        const bool adds_seeds =
            std::any_of(members_.begin(), members_.end(),
                        [&](const Member& member) { return member.level >= seeds_->level(); });
        const std::shared_ptr<const Seeds> next_seeds =
            adds_seeds ? seeds_->with(first_, end, graph_.links_) : seeds_;
        // Whatever the lists hold, there is room to turn it round.
        reversed_.clear();
        reversed_.reserve(num_lists * graph_.links_.m() + members_.size() * graph_.links_.m());
        groups_.reserve(reversed_.capacity() + 1);

        prepare_workers();

        choose_links();
        meter_.check(kOperation);
        if (!codes_can_be_trusted()) {
            num_new_links_ = 0;
            graph_.uses_codes_.store(false, std::memory_order_relaxed);
            prepare_workers();
            choose_links();
            meter_.check(kOperation);
        }
        turn_round();
        // From here on nothing fails, and a stop waits for the end of the batch.
        take_in();
        graph_.num_links_.fetch_add(num_new_links_.exchange(0), std::memory_order_relaxed);
        graph_.publish(end, num_blocks, next_entry, next_seeds);
        meter_.advance(members_.size());
    }

    // Takes all memory that the phases may need.
    void prepare_workers() {
        const std::uint64_t num_workers =
            members_.size() <= kRowsOfOneThread ? 1 : host_.num_workers(host_.context);
        const std::uint64_t max_candidates =
            std::max<std::uint64_t>(width_, graph_.links_.degree() + members_.size());
        while (workers_.size() < num_workers)
            workers_.push_back(std::make_unique<Graph::Lease>(graph_));
        for (const auto& lease : workers_) {
            Graph::Workspace& workspace = **lease;
            workspace.traversal.begin(first_ + members_.size(), graph_.uses_codes(), kOperation);
            workspace.traversal.scorer().reserve_row();
            workspace.traversal.pool().prepare(host_, width_, kOperation);
            workspace.selection.prepare(host_, max_candidates, kOperation);
            workspace.candidates.require(host_, max_candidates, kOperation);
            workspace.slots.require(host_, max_candidates, kOperation);
            workspace.distances.require(host_, max_candidates, kOperation);
        }
    }

    // Runs body(workspace, index) for every index below `count`.
    template <typename Body>
    void run_side_by_side(std::uint64_t count, std::uint64_t per_task, Body&& body) {
        if (count == 0) return;  // the first row has no links to turn round
        const std::uint64_t step = workers_.size() == 1 ? count : per_task;
        auto task = [&](std::uint64_t task_id, std::uint32_t worker_id) {
            const NumericEnvironment environment;
            const std::uint64_t last = std::min(count, (task_id + 1) * step);
            for (std::uint64_t i = task_id * step; i < last; ++i)
                body(**workers_[worker_id], i);
        };
        run_tasks(host_, (count + step - 1) / step, task);
    }

    // Phase one.
    void choose_links() {
        run_side_by_side(members_.size(), kRowsPerTask,
                         [&](Graph::Workspace& workspace, std::uint64_t i) {
                             if (meter_.advance(0)) choose_links_of(workspace, members_[i]);
                         });
    }

    void choose_links_of(Graph::Workspace& workspace, const Member& member) {
        Traversal& traversal = workspace.traversal;
        NeighbourPool& pool = traversal.pool();
        traversal.scorer().set_row(member.slot);
        bool has_start = false;
        for (std::uint32_t level = member.level + 1; level-- > 0;) {
            if (has_start) {
                traversal.search_layer_below(level);
            } else {
                const std::uint32_t start = traversal.descend(*seeds_, level);
                has_start = start != SKEP_NO_SLOT;
                if (has_start) {
                    traversal.search_layer(start, level, width_);
                } else {
                    pool.prepare(host_, width_, kOperation);
                }
            }
            const std::uint32_t num_candidates = merge_members(workspace, member, level);
            const std::span<const std::uint32_t> chosen = workspace.selection.choose(
                traversal.scorer(), {workspace.candidates.data(), num_candidates},
                graph_.links_.m());
            graph_.links_.list(member.slot, level).assign(chosen);
            num_new_links_.fetch_add(chosen.size(), std::memory_order_relaxed);
            if (level != 0) traversal.scorer().set_row(member.slot);
        }
    }

    // The nearest ones of the pool and of the members on this level, as many as the pool is wide.
    // The pool stays as it is, for the layer below.
    std::uint32_t merge_members(Graph::Workspace& workspace, const Member& member,
                                std::uint32_t level) {
        constexpr std::uint32_t kScored = 32;
        const NeighbourPool& pool = workspace.traversal.pool();
        const HostArray<Neighbour>& candidates = workspace.candidates;
        auto size = static_cast<std::uint32_t>(pool.size());
        std::copy(pool.begin(), pool.end(), candidates.data());
        std::uint32_t slots[kScored];
        float distances[kScored];
        std::uint32_t count = 0;
        auto score = [&] {
            workspace.traversal.scorer().distances(slots, count, distances);
            for (std::uint32_t i = 0; i < count; ++i) {
                const Neighbour neighbour(distances[i], slots[i]);
                if (size == width_ && !(neighbour < candidates[size - 1])) continue;
                Neighbour* const first = candidates.data();
                Neighbour* const place = std::lower_bound(first, first + size, neighbour);
                if (size < width_) ++size;
                std::copy_backward(place, first + size - 1, first + size);
                *place = neighbour;
            }
            count = 0;
        };
        for (const Member& other : members_) {
            if (other.slot == member.slot || other.level < level) continue;
            slots[count] = other.slot;
            if (++count == kScored) score();
        }
        score();
        return size;
    }

    // By some rows of the batch, and of earlier ones if these are few.
    bool codes_can_be_trusted() {
        if (!graph_.uses_codes()) return true;
        if (graph_.trust_.is_known()) graph_.trust_ = CodeTrust();
        RowScorer& scorer = (*workers_.front())->traversal.scorer();
        const std::uint64_t step = std::max<std::uint64_t>(1, members_.size() / CodeTrust::kEnough);
        for (std::uint64_t i = 0; i < members_.size(); i += step) {
            const std::uint32_t slot = members_[i].slot;
            graph_.trust_.measure(scorer, slot, graph_.links_.list(slot, 0));
        }
        return !graph_.trust_.codes_mislead();
    }

    // Phase two.
    void turn_round() {
        for (const Member& member : members_) {
            for (std::uint32_t level = 0; level <= member.level; ++level) {
                const LinkList list = graph_.links_.list(member.slot, level);
                const std::uint32_t size = list.size();
                for (std::uint32_t i = 0; i < size; ++i)
                    reversed_.push_back({level, list.load(i), member.slot});
            }
        }
        std::sort(reversed_.begin(), reversed_.end());
        groups_.clear();
        for (std::size_t i = 0; i < reversed_.size(); ++i) {
            if (i == 0 || !reversed_[i].is_beside(reversed_[i - 1])) groups_.push_back(i);
        }
        groups_.push_back(reversed_.size());
    }

    void take_in() {
        run_side_by_side(
            groups_.size() - 1, kTargetsPerTask, [&](Graph::Workspace& workspace, std::uint64_t i) {
                take_in(workspace, {reversed_.data() + groups_[i], groups_[i + 1] - groups_[i]});
            });
    }

    // All links to one target on one level.
    void take_in(Graph::Workspace& workspace, std::span<const ReversedLink> added) {
        const LinkList list = graph_.links_.list(added.front().target, added.front().level);
        HostArray<std::uint32_t>& slots = workspace.slots;
        std::uint32_t count = 0;
        const std::uint32_t old_size = list.size();
        for (; count < old_size; ++count)
            slots[count] = list.load(count);
        for (const ReversedLink& link : added) {
            // The target may have chosen the same link.
            if (std::find(slots.data(), slots.data() + old_size, link.source) !=
                slots.data() + old_size)
                continue;
            slots[count] = link.source;
            ++count;
        }
        if (count <= list.capacity()) {
            list.assign({slots.data(), count});
            num_new_links_.fetch_add(count - old_size, std::memory_order_relaxed);
            return;
        }
        RowScorer& scorer = workspace.traversal.scorer();
        HostArray<float>& distances = workspace.distances;
        scorer.set_row(added.front().target);
        scorer.distances(slots.data(), count, distances.data());
        for (std::uint32_t i = 0; i < count; ++i)
            workspace.candidates[i] = Neighbour(distances[i], slots[i]);
        std::sort(workspace.candidates.data(), workspace.candidates.data() + count);
        const std::span<const std::uint32_t> chosen = workspace.selection.choose(
            scorer, {workspace.candidates.data(), count}, list.capacity());
        list.assign(chosen);
        num_new_links_.fetch_add(chosen.size() - old_size, std::memory_order_relaxed);
    }

    Graph& graph_;
    const skep_host_services& host_;
    std::uint64_t num_slots_;
    std::uint32_t width_;  // of the pools
    WorkMeter meter_;
    std::vector<std::unique_ptr<Graph::Lease>> workers_;  // by worker id
    std::uint64_t first_ = 0;
    std::shared_ptr<const Seeds> seeds_;  // before the batch
    std::vector<Member> members_;
    std::vector<ReversedLink> reversed_;
    std::vector<std::size_t> groups_;  // where each begins, and the end
    std::atomic<std::uint64_t> num_new_links_{0};
};

void Graph::link(std::uint64_t num_slots, const skep_call* call) {
    if (num_slots > store_.num_slots()) {
        fail(SKEP_INVALID_ARGUMENT,
             fmt::format("graph link: num_slots {} exceeds the {} slots of the store", num_slots,
                         store_.num_slots()));
    }
    if (num_slots <= num_linked()) return;
    Linking(*this, num_slots, call).run();
}

}  // namespace skep::cpu
