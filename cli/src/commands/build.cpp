// SPDX-License-Identifier: MIT
// skep build: a .skep file from a file of vectors; row n gets key n.
#include <fmt/format.h>
#include <skep/skep.hpp>

#include <memory>
#include <string>

#include "command.hpp"
#include "support/base_rows.hpp"
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
};

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
        "{}: {} rows, dim {}, {}, {}, {}; built on {} in {:.3f} s, saved in {:.3f} s\n",
        options.out, collection.count().value(), info.dim, skep_dtype_name(info.dtype),
        skep_metric_name(info.metric), skep_index_kind_name(info.index),
        collection.device().value().id, build_seconds, save_seconds);
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
    options->device.add_to(*arguments);
    return {arguments, [options](Interrupt& interrupt) { return run(*options, interrupt); }};
}

}  // namespace skep::cli
