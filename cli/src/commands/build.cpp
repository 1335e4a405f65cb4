// SPDX-License-Identifier: MIT
// skep build: a .skep file from a file of vectors; row n gets key n.
#include <fmt/format.h>
#include <skep/skep.hpp>

#include <cstdint>
#include <memory>
#include <string>

#include "command.hpp"
#include "support/base_rows.hpp"
#include "support/library.hpp"
#include "support/options.hpp"
#include "support/posix_interrupt.hpp"
#include "support/progress_bar.hpp"
#include "support/stopwatch.hpp"

namespace skep::cli {
namespace {

struct Options {
    std::string base;
    std::string out;
    IndexChoice index;
    DeviceChoice device;
    double recall = 0.0;
    std::uint64_t k = 10;
};

// What the file remembers for searches that ask for this recall; empty if nothing.
std::string calibrate(const Options& options, const Collection& collection,
                      const Interrupt& interrupt) {
    if (options.recall == 0.0) return "";
    const skep_matrix* const no_queries = nullptr;
    const skep_call_options control = interrupt.call_options();
    std::uint32_t ef_search = 0;
    call(skep_collection_calibrate, collection.get(), options.k, options.recall, no_queries,
         &control, &ef_search);
    if (ef_search == 0) return "";
    return fmt::format("; ef_search {} for a recall of {} at k {}", ef_search, options.recall,
                       options.k);
}

std::string run(const Options& options, const Interrupt& interrupt) {
    const BaseRows base(options.base, options.index.dtype);
    const Runtime runtime = options.device.open_runtime();

    const Stopwatch building;
    Collection collection =
        options.index.create_collection(runtime, base.view(), options.device.device);
    {
        ProgressBar bar("adding rows");
        const skep_call_options control = interrupt.call_options(&bar);
        collection.add(base.view(), &control).value();
        interrupt.check();  // a graph that was not finished is no failure of add
    }
    const std::string calibrated = calibrate(options, collection, interrupt);
    const double build_seconds = building.seconds();

    const Stopwatch saving;
    {
        ProgressBar bar("saving");
        const skep_call_options control = interrupt.call_options(&bar);
        collection.save(options.out, &control).value();
    }
    const double save_seconds = saving.seconds();
    const skep_collection_info info = collection.info().value();
    return fmt::format(
        "{}: {} rows, dim {}, {}, {}, {}; built on {} in {:.3f} s, saved in {:.3f} s{}\n",
        options.out, collection.count().value(), info.dim, skep_dtype_name(info.dtype),
        skep_metric_name(info.metric), skep_index_kind_name(info.index),
        collection.device().value().id, build_seconds, save_seconds, calibrated);
}

}  // namespace

Command add_build_command(CLI::App& program) {
    auto options = std::make_shared<Options>();
    CLI::App* arguments =
        add_subcommand(program, "build", "Make a .skep file from a file of vectors");
    add_file(*arguments, "--base", options->base,
             "Vectors: .fvecs .bvecs .fbin .u8bin .i8bin .npy; row n gets key n", Need::kRequired);
    add_file(*arguments, "--out", options->out, "The .skep file to write", Need::kRequired);
    options->index.add_to(*arguments);
    add_recall_option(*arguments, options->recall,
                      "hnsw: also measure which ef_search finds this share of the true neighbours, "
                      "above 0, at most 1, and keep it in the file");
    add_k_option(*arguments, options->k);
    options->device.add_to(*arguments);
    return {arguments, [options](Interrupt& interrupt) { return run(*options, interrupt); }};
}

}  // namespace skep::cli
