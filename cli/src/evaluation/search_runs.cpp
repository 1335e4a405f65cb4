// SPDX-License-Identifier: MIT
#include "evaluation/search_runs.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <unordered_map>

#include "support/library.hpp"
#include "support/matrix.hpp"
#include "support/percentile.hpp"
#include "support/posix_interrupt.hpp"
#include "support/progress_bar.hpp"
#include "support/stopwatch.hpp"

namespace skep::cli {
namespace {

constexpr double kMicrosecondsPerSecond = 1e6;

std::uint64_t num_calls(const RunPlan& plan, std::uint64_t batch) {
    return (plan.num_queries + batch - 1) / batch;
}

// Stands for a string key in skep_recall, which compares numbers.
class KeyNumbers {
  public:
    std::uint64_t number_of(std::string_view key) {
        if (key.empty()) return std::numeric_limits<std::uint64_t>::max();
        return numbers_.try_emplace(std::string(key), numbers_.size()).first->second;
    }

  private:
    std::unordered_map<std::string, std::uint64_t> numbers_;
};

// Answers of all calls of one pass, filled in call by call.
class Answers {
  public:
    Answers(const Collection& collection, std::uint64_t num_queries, std::uint64_t k)
        : has_string_keys_(collection.info().value().key_kind == SKEP_KEY_STRING),
          k_(k),
          keys_(static_cast<std::size_t>(num_queries * k)),
          distances_(static_cast<std::size_t>(num_queries * k)) {}

    // Searches queries first to first + queries.num_rows - 1 and returns the seconds it took.
    double search(const Collection& collection, const skep_matrix& queries, std::uint64_t first,
                  std::uint64_t ef_search, const skep_call_options& control) {
        skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
        options.k = k_;
        options.ef_search = static_cast<std::uint32_t>(ef_search);
        const auto begin = static_cast<std::size_t>(first * k_);
        skep_byte_list* strings = nullptr;
        skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
        output.distances = distances_.data() + begin;
        if (has_string_keys_) {
            output.strings = &strings;
        } else {
            output.keys = keys_.data() + begin;
        }

        const Stopwatch searching;
        call(skep_collection_search, collection.get(), &queries, &options, &output, &control);
        const double seconds = searching.seconds();

        const ByteList names(strings);
        for (std::uint64_t position = 0; position < names.size(); ++position) {
            keys_[begin + static_cast<std::size_t>(position)] = numbers_.number_of(names[position]);
        }
        return seconds;
    }

    [[nodiscard]] double recall(const ExactTruth& truth, std::uint64_t num_queries) const {
        double share = 0.0;
        call(skep_recall, num_queries, k_, keys_.data(), distances_.data(), truth.k,
             truth.distances.data(), &share);
        return share;
    }

  private:
    bool has_string_keys_;
    std::uint64_t k_;
    std::vector<std::uint64_t> keys_;
    std::vector<float> distances_;
    KeyNumbers numbers_;
};

// What the timed passes of one batch size have measured so far.
struct Timings {
    std::vector<double> call_seconds;
    std::vector<double> qps;  // one per repetition

    void add_pass(const std::vector<double>& seconds, std::uint64_t batch) {
        call_seconds.insert(call_seconds.end(), seconds.begin(), seconds.end());
        const double total = std::accumulate(seconds.begin(), seconds.end(), 0.0);
        qps.push_back(static_cast<double>(seconds.size() * batch) / total);
    }
};

class Runner {
  public:
    Runner(const Collection& collection, const skep_matrix& queries, const RunPlan& plan,
           const Interrupt& interrupt)
        : collection_(collection),
          plan_(plan),
          interrupt_(interrupt),
          control_(interrupt.call_options()),
          queries_(dense_queries(queries, max_padded(plan), collection.info().value().dtype)),
          answers_(collection, max_padded(plan), plan.k),
          bar_("searching") {
        for (const std::uint64_t batch : plan.batches) {
            num_steps_ += num_calls(plan, batch) * (plan.num_repeats + 1) * plan.efs.size();
        }
    }

    // The seconds of each call.
    std::vector<double> pass(std::uint64_t ef_search, std::uint64_t batch) {
        std::vector<double> seconds;
        const skep_matrix queries = queries_.view();
        for (std::uint64_t position = 0; position < num_calls(plan_, batch); ++position) {
            const std::uint64_t first = position * batch;
            interrupt_.check();
            seconds.push_back(answers_.search(collection_, part_of(queries, first, batch), first,
                                              ef_search, control_));
            bar_.update(++num_steps_done_, num_steps_);
        }
        return seconds;
    }

    [[nodiscard]] double recall(const ExactTruth& truth) const {
        return answers_.recall(truth, plan_.num_queries);
    }

  private:
    // Rows that the batch size needs that fills up most.
    static std::uint64_t max_padded(const RunPlan& plan) {
        std::uint64_t most = 0;
        for (const std::uint64_t batch : plan.batches) {
            most = std::max(most, num_calls(plan, batch) * batch);
        }
        return most;
    }

    const Collection& collection_;
    const RunPlan& plan_;
    const Interrupt& interrupt_;
    skep_call_options control_;
    DenseMatrix queries_;
    Answers answers_;
    ProgressBar bar_;
    std::uint64_t num_steps_ = 0;
    std::uint64_t num_steps_done_ = 0;
};

}  // namespace

std::vector<BatchRun> run_searches(const Collection& collection, const skep_matrix& queries,
                                   const RunPlan& plan, const ExactTruth& truth,
                                   const Interrupt& interrupt) {
    Runner runner(collection, queries, plan, interrupt);
    std::vector<BatchRun> runs;
    for (const std::uint64_t ef_search : plan.efs) {
        for (const std::uint64_t batch : plan.batches) {
            static_cast<void>(runner.pass(ef_search, batch));
            BatchRun run;
            run.ef_search = ef_search;
            run.batch = batch;
            run.recall = runner.recall(truth);
            runs.push_back(run);
        }
    }

    std::vector<Timings> timings(runs.size());
    for (std::uint64_t repeat = 0; repeat < plan.num_repeats; ++repeat) {
        for (std::size_t position = 0; position < runs.size(); ++position) {
            const BatchRun& run = runs[position];
            timings[position].add_pass(runner.pass(run.ef_search, run.batch), run.batch);
        }
    }
    for (std::size_t position = 0; position < runs.size(); ++position) {
        BatchRun& run = runs[position];
        const Timings& measured = timings[position];
        run.qps = median(measured.qps);
        run.p50_us = kMicrosecondsPerSecond * percentile(measured.call_seconds, 0.50);
        run.p99_us = kMicrosecondsPerSecond * percentile(measured.call_seconds, 0.99);
    }
    return runs;
}

}  // namespace skep::cli
