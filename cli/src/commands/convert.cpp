// SPDX-License-Identifier: MIT
// skep convert: a file of vectors in another format, or a graph from or for hnswlib; the extensions
// say which.
#include <fmt/format.h>
#include <skep/skep.hpp>

#include <memory>
#include <string>
#include <string_view>

#include "command.hpp"
#include "support/base_rows.hpp"
#include "support/library.hpp"
#include "support/options.hpp"
#include "support/posix_interrupt.hpp"
#include "support/progress_bar.hpp"
#include "support/vector_file.hpp"

namespace skep::cli {
namespace {

struct Options {
    std::string in;
    std::string out;
    std::string metric = "l2";
    std::string dtype;  // empty: that of the file
    DeviceChoice device;
};

bool ends_with(const std::string& path, std::string_view extension) {
    return path.size() > extension.size() &&
           path.compare(path.size() - extension.size(), extension.size(), extension) == 0;
}

std::string import_hnswlib(const Options& options, const Interrupt& interrupt) {
    const Runtime runtime = options.device.open_runtime();
    skep_hnswlib_options wanted = SKEP_HNSWLIB_OPTIONS_INIT;
    wanted.device = options.device.device.c_str();
    call(skep_metric_from_name, options.metric.c_str(), &wanted.metric);
    if (!options.dtype.empty()) call(skep_dtype_from_name, options.dtype.c_str(), &wanted.dtype);
    ProgressBar bar("converting");
    const skep_call_options control = interrupt.call_options(&bar);
    const Collection collection =
        Collection::import_hnswlib(runtime, options.in, wanted, &control).value();
    collection.save(options.out, &control).value();
    const skep_collection_info info = collection.info().value();
    return fmt::format("{}: {} rows, dim {}, {}, {}, m {}\n", options.out,
                       collection.count().value(), info.dim, skep_dtype_name(info.dtype),
                       skep_metric_name(info.metric), info.m);
}

std::string export_hnswlib(const Options& options, const Interrupt& interrupt) {
    const Runtime runtime = options.device.open_runtime();
    ProgressBar bar("converting");
    const skep_call_options control = interrupt.call_options(&bar);
    Collection collection =
        Collection::open(runtime, options.in, options.device.device, SKEP_OPEN_MAP, &control)
            .value();
    collection.export_hnswlib(options.out, &control).value();
    const skep_collection_info info = collection.info().value();
    return fmt::format("{}: {} rows, dim {}, {}, m {}\n", options.out, collection.count().value(),
                       info.dim, skep_metric_name(info.metric), info.m);
}

std::string run(const Options& options, const Interrupt& interrupt) {
    if (ends_with(options.in, ".hnswlib")) return import_hnswlib(options, interrupt);
    if (ends_with(options.out, ".hnswlib")) return export_hnswlib(options, interrupt);
    const BaseRows source(options.in, options.dtype);
    const skep_matrix rows = source.view();
    {
        ProgressBar bar("converting");
        const skep_call_options control = interrupt.call_options(&bar);
        call(skep_vectors_write, options.out.c_str(), &rows, &control);
    }
    const VectorFile written(options.out);
    return fmt::format("{}: {} rows, dim {}, {}\n", options.out, written.rows().num_rows,
                       written.rows().dim, skep_dtype_name(written.rows().dtype));
}

}  // namespace

Command add_convert_command(CLI::App& program) {
    auto options = std::make_shared<Options>();
    CLI::App* arguments = add_subcommand(
        program, "convert",
        "Write vectors in another format, or a graph from or for hnswlib; fails where a "
        "component would change that --dtype has not rounded");
    add_file(*arguments, "IN", options->in,
             ".fvecs .bvecs .ivecs .fbin .u8bin .i8bin .ibin .npy; .hnswlib for .skep; .skep for "
             ".hnswlib",
             Need::kRequired);
    add_file(*arguments, "OUT", options->out, "The same formats", Need::kRequired);
    add_dtype_option(*arguments, options->dtype);
    add_metric_option(*arguments, options->metric,
                      "Of an .hnswlib file, which does not tell: l2, inner_product or cosine");
    options->device.add_to(*arguments);
    return {arguments, [options](Interrupt& interrupt) { return run(*options, interrupt); }};
}

}  // namespace skep::cli
