// SPDX-License-Identifier: MIT
// skep info: what is in a .skep file, read from its header alone.
#include <fmt/format.h>
#include <skep/skep.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
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
    std::string file;
    bool is_json = false;
};

// A value within one line: texts without quotes, an object as "name value, name value".
std::string one_line(const json::value& value) {
    if (const json::string* text = value.if_string()) return std::string(*text);
    if (const json::object* object = value.if_object()) {
        std::string line;
        for (const json::key_value_pair& member : *object) {
            if (!line.empty()) line += ", ";
            line += std::string(member.key()) + " " + one_line(member.value());
        }
        return line;
    }
    return json::serialize(value);
}

// One line per field: those of an inner object as "outer.inner", those of a list as "outer[0]".
void add_fields(Table& table, const std::string& prefix, const json::object& object) {
    for (const json::key_value_pair& member : object) {
        const std::string name = prefix + std::string(member.key());
        if (const json::object* inner = member.value().if_object()) {
            add_fields(table, name + ".", *inner);
        } else if (const json::array* list = member.value().if_array()) {
            for (std::size_t index = 0; index < list->size(); ++index) {
                table.add_row({fmt::format("{}[{}]", name, index), one_line((*list)[index])});
            }
        } else {
            table.add_row({name, one_line(member.value())});
        }
    }
}

std::string run(const Options& options) {
    skep_byte_list* list = nullptr;
    call(skep_file_describe, options.file.c_str(), &list);
    const ByteList described(list);
    const json::value description = json::parse(described[0]);
    if (options.is_json || !description.is_object()) return json_text(description);
    Table table({{"FIELD"}, {"VALUE"}});
    add_fields(table, "", description.as_object());
    return table.text();
}

}  // namespace

Command add_info_command(CLI::App& program) {
    auto options = std::make_shared<Options>();
    CLI::App* arguments = add_subcommand(program, "info", "Tell what is in a .skep file");
    add_file(*arguments, "FILE", options->file, "A saved collection", Need::kRequired);
    add_json_flag(*arguments, options->is_json);
    return {arguments, [options](Interrupt&) { return run(*options); }};
}

}  // namespace skep::cli
