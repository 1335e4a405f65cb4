// SPDX-License-Identifier: MIT
// How one search is cut into tasks: blocks of queries times ranges of rows.
#pragma once

#include <cstdint>

#include "search/query_block.hpp"

namespace skep::cpu {

// The queries and slots of one task.
struct TaskSpan {
    std::uint64_t first_query;
    std::uint64_t num_queries;
    std::uint64_t range;
    std::uint64_t first_slot;
    std::uint64_t last_slot;  // not included
};

// Answers do not depend on any of this; speed and memory do.
struct SearchPlan {
    // Over slots first_slot to end_slot - 1, at least one.
    SearchPlan(const RowStore& store, const RowTable& table, Arithmetic arithmetic,
               std::uint64_t num_queries, std::uint64_t first_slot, std::uint64_t end_slot);

    [[nodiscard]] std::uint64_t num_tasks() const { return num_blocks * num_ranges; }
    [[nodiscard]] TaskSpan task(std::uint64_t task_id) const;

    ScoreShape shape;
    ScoreShape float_shape;  // what a task goes over to where codes rule out too little
    std::uint64_t num_queries;
    std::uint64_t first_slot;
    std::uint64_t num_slots;
    std::uint64_t queries_per_block;  // the last block may have fewer
    std::uint64_t num_blocks;
    std::uint64_t slots_per_range;  // the last range may have fewer
    std::uint64_t num_ranges;
    std::uint32_t num_workers;  // that may run tasks
    // Scratch of one worker for scanning: a block of queries, then a panel.
    std::uint64_t block_bytes;
    std::uint64_t panel_bytes;
};

// Runs task(task_id, worker_id) for every task of a plan, on the calling thread if there is one
// task only. The task must not throw.
template <typename Task>
void run_tasks(const skep_host_services& host, std::uint64_t num_tasks, Task& task) {
    if (num_tasks == 1) {
        task(0, 0);
        return;
    }
    host.parallel_for(
        host.context, num_tasks,
        [](void* context, std::uint64_t task_id, std::uint32_t worker_id) {
            (*static_cast<Task*>(context))(task_id, worker_id);
        },
        &task);
}

}  // namespace skep::cpu
