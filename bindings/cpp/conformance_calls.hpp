// SPDX-License-Identifier: MIT
// The calls of the conformance table, made through skep.hpp.
#pragma once

#include <skep/skep.hpp>

#include <boost/json/object.hpp>
#include <map>
#include <string>

#include "conformance_values.hpp"

namespace skep::conformance {

// One case: its collections, filters and files by name.
class Calls {
  public:
    // folder: scratch for the files of this case.
    explicit Calls(std::string folder);

    // Makes the call of a step and returns its answer. Throws skep::Error where the call fails.
    json::object make(const json::object& step);

    // Whether this device or language has what a word of "requires" asks for.
    [[nodiscard]] bool has(std::string_view requirement) const;

  private:
    json::object make_on_file(std::string_view call, const json::object& step);
    json::object make_on_runtime(std::string_view call, const json::object& step);
    json::object make_on_collection(std::string_view call, const json::object& step);
    json::object write(std::string_view call, const json::object& step);
    json::object read(std::string_view call, const json::object& step);
    json::object get(const json::object& step);
    json::object search(const json::object& step);
    json::object range_search(const json::object& step);
    json::object ground_truth(const json::object& step);
    void create(const json::object& step);
    void close(const std::string& name);

    Collection& collection(const json::object& step);
    Matrix matrix(const json::object& step, const char* field, const Collection* of);
    SearchOptions search_options(const json::object& step);
    CallOptions control(const json::object& step);
    std::string path(const json::object& step) const;
    std::string device(const json::object& step) const;

    std::string folder_;
    std::string device_;
    Runtime runtime_;
    Cancel triggered_;
    std::map<std::string, Collection> collections_;
    std::map<std::string, Filter> filters_;
};

}  // namespace skep::conformance
