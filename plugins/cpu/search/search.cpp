// SPDX-License-Identifier: MIT
#include "search/search.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>

#include "argument_checks.hpp"
#include "numeric_environment.hpp"
#include "search/scan.hpp"
#include "search/search_plan.hpp"

namespace skep::cpu {
namespace {

// The candidates of every (query, range), in one array.
struct CandidateTable {
    [[nodiscard]] Candidate* entries(std::uint64_t query, std::uint64_t range) const {
        return data + (query * num_ranges + range) * num_entries;
    }
    [[nodiscard]] std::uint64_t& size(std::uint64_t query, std::uint64_t range) const {
        return sizes[query * num_ranges + range];
    }

    Candidate* data;
    std::uint64_t* sizes;
    std::uint64_t num_ranges;
    // Per query and range.
    std::uint64_t k;
    std::uint64_t num_entries;
};

// The sink of one task: a heap per query of its block.
class NearestSink {
  public:
    NearestSink(const CandidateTable& table, TopK* heaps, std::uint64_t first_query,
                std::uint64_t num_queries, std::uint64_t range)
        : table_(table),
          heaps_(heaps),
          first_query_(first_query),
          num_queries_(num_queries),
          range_(range) {
        for (std::uint64_t query = 0; query < num_queries; ++query)
            heaps[query] = TopK(table.entries(first_query + query, range), table.k);
    }

    [[nodiscard]] double bound(std::uint64_t query) const { return heaps_[query].bound(); }
    bool offer(std::uint64_t query, const Candidate& candidate) {
        return heaps_[query].offer(candidate);
    }

    void finish() {
        for (std::uint64_t query = 0; query < num_queries_; ++query) {
            heaps_[query].sort();
            table_.size(first_query_ + query, range_) = heaps_[query].size();
        }
    }

  private:
    const CandidateTable& table_;
    TopK* heaps_;
    std::uint64_t first_query_;
    std::uint64_t num_queries_;
    std::uint64_t range_;
};

// Merges the sorted lists of all ranges into row `query` of the answer.
void write_answer(const CandidateTable& table, std::uint64_t query, std::uint64_t* cursors,
                  std::uint64_t k, const skep_search_answer& answer) {
    std::uint32_t* slots = answer.slots + query * k;
    float* distances = answer.distances + query * k;
    std::fill_n(cursors, table.num_ranges, std::uint64_t{0});
    std::uint64_t found = 0;
    for (; found < k; ++found) {
        const Candidate* best = nullptr;
        std::uint64_t best_range = 0;
        for (std::uint64_t range = 0; range < table.num_ranges; ++range) {
            if (cursors[range] == table.size(query, range)) continue;
            const Candidate* head = table.entries(query, range) + cursors[range];
            if (best != nullptr && !(*head < *best)) continue;
            best = head;
            best_range = range;
        }
        if (best == nullptr) break;
        ++cursors[best_range];
        slots[found] = best->slot;
        distances[found] = static_cast<float>(best->distance);
    }
    std::fill_n(slots + found, k - found, SKEP_NO_SLOT);
    std::fill_n(distances + found, k - found, std::numeric_limits<float>::infinity());
}

void write_missing(std::uint64_t count, const skep_search_answer& answer) {
    std::fill_n(answer.slots, count, SKEP_NO_SLOT);
    std::fill_n(answer.distances, count, std::numeric_limits<float>::infinity());
}

}  // namespace

void search(const RowStore& store, const skep_matrix& queries, const skep_search_request& request,
            const Visibility& visible, const skep_search_answer& answer, const skep_call* call) {
    if (queries.num_rows == 0) return;
    const std::uint64_t k = request.k;
    std::uint64_t num_answers = 0;
    if (__builtin_mul_overflow(queries.num_rows, k, &num_answers) ||
        num_answers > std::numeric_limits<std::uint64_t>::max() / sizeof(std::uint64_t)) {
        fail(SKEP_LIMIT_EXCEEDED, "search: num_queries times k overflows");
    }
    if (request.num_slots <= request.first_slot) {
        write_missing(num_answers, answer);
        return;
    }

    const std::shared_ptr<const RowTable> row_table = store.table();
    const SearchPlan plan(store, *row_table, choose_arithmetic(store, *row_table, queries),
                          queries.num_rows, request.first_slot, request.num_slots);
    CandidateTable table{};
    table.num_ranges = plan.num_ranges;
    table.k = std::min(k, plan.slots_per_range);
    table.num_entries = TopK::num_entries(table.k);
    std::uint64_t num_candidates = 0;
    if (__builtin_mul_overflow(queries.num_rows * table.num_ranges, table.num_entries,
                               &num_candidates) ||
        num_candidates > std::numeric_limits<std::uint64_t>::max() / (2 * sizeof(Candidate))) {
        fail(SKEP_LIMIT_EXCEEDED, "search: candidates for so many queries and k overflow");
    }

    ArrayLayout shared;
    const std::uint64_t candidates = shared.add<Candidate>(num_candidates);
    const std::uint64_t sizes = shared.add<std::uint64_t>(queries.num_rows * table.num_ranges);
    const std::uint64_t cursors = shared.add<std::uint64_t>(table.num_ranges);
    ArrayLayout per_worker;
    const std::uint64_t block = per_worker.add<std::byte>(plan.block_bytes);
    const std::uint64_t panel = per_worker.add<std::byte>(plan.panel_bytes);
    const std::uint64_t heaps = per_worker.add<TopK>(plan.queries_per_block);
    const HostBuffer memory(store.backend().host(),
                            shared.bytes() + per_worker.bytes() * plan.num_workers, "search");
    table.data = reinterpret_cast<Candidate*>(memory.data() + candidates);
    table.sizes = reinterpret_cast<std::uint64_t*>(memory.data() + sizes);

    WorkMeter meter(call, plan.num_queries * plan.num_slots);
    auto task = [&](std::uint64_t task_id, std::uint32_t worker_id) {
        if (meter.status() != SKEP_OK) return;
        const NumericEnvironment environment;
        std::byte* scratch = memory.data() + shared.bytes() + worker_id * per_worker.bytes();
        const TaskSpan span = plan.task(task_id);
        NearestSink sink(table, reinterpret_cast<TopK*>(scratch + heaps), span.first_query,
                         span.num_queries, span.range);
        TaskMeter task_meter(meter);
        const ScanTask scan{store, *row_table,      visible,         plan,      queries,
                            span,  scratch + block, scratch + panel, task_meter};
        if (scan.run(sink)) sink.finish();
    };
    run_tasks(store.backend().host(), plan.num_tasks(), task);
    meter.check("search");

    for (std::uint64_t query = 0; query < queries.num_rows; ++query) {
        write_answer(table, query, reinterpret_cast<std::uint64_t*>(memory.data() + cursors), k,
                     answer);
    }
}

}  // namespace skep::cpu
