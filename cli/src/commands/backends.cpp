// SPDX-License-Identifier: MIT
// skep backends: which backends were found, and what became of each.
#include <skep/skep.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "command.hpp"
#include "support/json_text.hpp"
#include "support/library.hpp"
#include "support/options.hpp"
#include "support/table.hpp"

namespace skep::cli {
namespace {

namespace json = boost::json;

struct Options {
    bool is_explained = false;
    bool is_json = false;
};

const char* state_name(std::int32_t state) {
    switch (state) {
        case SKEP_BACKEND_FOUND:
            return "found";
        case SKEP_BACKEND_LOADED:
            return "loaded";
        case SKEP_BACKEND_REFUSED:
            return "refused";
        default:
            return "unknown";
    }
}

std::vector<skep_backend_info> list_backends(const Runtime& runtime) {
    std::uint64_t count = 0;
    call(skep_runtime_num_backends, runtime.get(), &count);
    std::vector<skep_backend_info> backends(static_cast<std::size_t>(count));
    for (std::uint64_t index = 0; index < count; ++index) {
        skep_backend_info& info = backends[static_cast<std::size_t>(index)];
        info.struct_size = sizeof info;
        call(skep_runtime_backend_at, runtime.get(), index, &info);
    }
    return backends;
}

json::object to_json(const skep_backend_info& info) {
    return {{"name", info.name},
            {"version", info.version},
            {"state", state_name(info.state)},
            {"reason", skep_status_name(info.reason)},
            {"message", info.message},
            {"priority", info.priority},
            {"builtin", info.is_builtin != 0},
            {"num_devices", info.num_devices},
            {"origin", info.origin},
            {"manifest_path", info.manifest_path},
            {"library_path", info.library_path}};
}

std::string as_json(const std::vector<skep_backend_info>& backends) {
    json::array list;
    for (const skep_backend_info& info : backends)
        list.push_back(to_json(info));
    return json_text(json::object{{"backends", std::move(list)}});
}

std::string as_table(const std::vector<skep_backend_info>& backends) {
    Table table(
        {{"NAME"}, {"VERSION"}, {"STATE"}, {"PRIORITY", Align::kRight}, {"ORIGIN"}, {"NOTE"}});
    for (const skep_backend_info& info : backends) {
        std::string note = info.message;
        if (note.empty()) note = info.library_path;
        table.add_row({info.name, info.version, state_name(info.state),
                       std::to_string(info.priority), info.origin, note});
    }
    return table.text();
}

std::string explain(const Runtime& runtime, bool is_json) {
    // Reasons come from asking: without a request for devices nothing was decided yet. That there
    // is no device is part of the report, not a failure of it.
    static_cast<void>(runtime.find_device("auto"));
    std::string report = runtime.explain(is_json ? SKEP_FORMAT_JSON : SKEP_FORMAT_TEXT).value();
    if (report.empty() || report.back() != '\n') report += '\n';
    return report;
}

std::string run(const Options& options) {
    const Runtime runtime = Runtime::create().value();
    if (options.is_explained) return explain(runtime, options.is_json);
    const std::vector<skep_backend_info> backends = list_backends(runtime);
    return options.is_json ? as_json(backends) : as_table(backends);
}

}  // namespace

Command add_backends_command(CLI::App& program) {
    auto options = std::make_shared<Options>();
    CLI::App* arguments =
        add_subcommand(program, "backends", "List the backends found; opens no device");
    add_flag(*arguments, "--explain", options->is_explained,
             "Load them, choose a device, and tell every decision and its reason");
    add_json_flag(*arguments, options->is_json);
    return {arguments, [options](Interrupt&) { return run(*options); }};
}

}  // namespace skep::cli
