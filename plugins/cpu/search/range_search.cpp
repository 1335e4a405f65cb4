// SPDX-License-Identifier: MIT
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>

#include "argument_checks.hpp"
#include "numeric_environment.hpp"
#include "search/scan.hpp"
#include "search/search.hpp"
#include "search/search_plan.hpp"

namespace skep::cpu {
namespace {

// Collects the answers of one task and hands them on in portions.
class RangeSink {
  public:
    // emission: held while the host takes a portion, since ranges of one query run side by side.
    RangeSink(const skep_range_sink& sink, std::mutex& emission, WorkMeter& meter, float radius,
              std::uint64_t first_query)
        : sink_(sink),
          emission_(emission),
          meter_(meter),
          radius_(radius),
          first_query_(first_query) {}

    // Doubles past this one round to floats past the radius.
    [[nodiscard]] double bound(std::uint64_t) const {
        return static_cast<double>(std::nextafter(radius_, std::numeric_limits<float>::infinity()));
    }

    bool offer(std::uint64_t query, const Candidate& candidate) {
        const auto distance = static_cast<float>(candidate.distance);
        if (!(distance <= radius_)) return false;
        if (count_ == kPortion || query != query_) flush();
        query_ = query;
        slots_[count_] = candidate.slot;
        distances_[count_] = distance;
        ++count_;
        return false;
    }

    // Hands on what was collected; once the call is stopped, drops it.
    void flush() {
        const std::size_t count = std::exchange(count_, 0);
        if (count == 0) return;
        const std::lock_guard<std::mutex> lock(emission_);
        if (meter_.status() != SKEP_OK) return;
        const skep_status status = sink_.emit(sink_.context, first_query_ + query_, count,
                                              slots_.data(), distances_.data());
        if (status != SKEP_OK) meter_.stop(status);
    }

  private:
    static constexpr std::size_t kPortion = 256;

    const skep_range_sink& sink_;
    std::mutex& emission_;
    WorkMeter& meter_;
    float radius_;
    std::uint64_t first_query_;
    std::uint64_t query_ = 0;
    std::size_t count_ = 0;
    std::array<std::uint32_t, kPortion> slots_;
    std::array<float, kPortion> distances_;
};

}  // namespace

void range_search(const RowStore& store, const skep_matrix& queries,
                  const skep_range_request& request, const Visibility& visible,
                  const skep_range_sink& sink, const skep_call* call) {
    if (queries.num_rows == 0 || request.num_slots == 0) return;
    const std::shared_ptr<const RowTable> row_table = store.table();
    const SearchPlan plan(store, *row_table, choose_arithmetic(store, *row_table, queries),
                          queries.num_rows, 0, request.num_slots);
    ArrayLayout per_worker;
    const std::uint64_t block = per_worker.add<std::byte>(plan.block_bytes);
    const std::uint64_t panel = per_worker.add<std::byte>(plan.panel_bytes);
    const HostBuffer memory(store.backend().host(), per_worker.bytes() * plan.num_workers,
                            "range search");

    WorkMeter meter(call, plan.num_queries * plan.num_slots);
    std::mutex emission;
    auto task = [&](std::uint64_t task_id, std::uint32_t worker_id) {
        if (meter.status() != SKEP_OK) return;
        const NumericEnvironment environment;
        std::byte* scratch = memory.data() + worker_id * per_worker.bytes();
        const TaskSpan span = plan.task(task_id);
        RangeSink range_sink(sink, emission, meter, request.radius, span.first_query);
        TaskMeter task_meter(meter);
        const ScanTask scan{store, *row_table,      visible,         plan,      queries,
                            span,  scratch + block, scratch + panel, task_meter};
        if (scan.run(range_sink)) range_sink.flush();
    };
    run_tasks(store.backend().host(), plan.num_tasks(), task);
    meter.check("range search");
}

}  // namespace skep::cpu
