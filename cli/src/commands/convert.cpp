// SPDX-License-Identifier: MIT
// skep convert: a file of vectors in another format; the extensions say which.
#include <fmt/format.h>
#include <skep/skep.hpp>

#include <memory>
#include <string>

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
    std::string dtype;
};

std::string run(const Options& options, const Interrupt& interrupt) {
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
    CLI::App* arguments =
        add_subcommand(program, "convert",
                       "Write vectors in another format; fails where a component would change "
                       "that --dtype has not rounded");
    add_file(*arguments, "IN", options->in, ".fvecs .bvecs .ivecs .fbin .u8bin .i8bin .ibin .npy",
             Need::kRequired);
    add_file(*arguments, "OUT", options->out, "The same formats", Need::kRequired);
    add_dtype_option(*arguments, options->dtype);
    return {arguments, [options](Interrupt& interrupt) { return run(*options, interrupt); }};
}

}  // namespace skep::cli
