// SPDX-License-Identifier: MIT
#include "runtime/explain_report.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdint>
#include <string_view>

#include "skep/common/utf8.hpp"

namespace skep {
namespace {

namespace json = boost::json;

constexpr int kReportVersion = 1;

json::string utf8(std::string_view text) {
    json::string clean;
    while (!text.empty()) {
        const std::size_t good = first_not_utf8(text);
        clean.append(text.data(), text.data() + good);
        text.remove_prefix(good);
        if (text.empty()) break;
        clean.append("\xEF\xBF\xBD");  // U+FFFD
        text.remove_prefix(1);
    }
    return clean;
}

const char* state_name(std::int32_t state) {
    switch (state) {
        case SKEP_BACKEND_FOUND:
            return "found";
        case SKEP_BACKEND_LOADED:
            return "loaded";
        default:
            return "refused";
    }
}

json::object range_of(const AbiRange& range) {
    return {{"min", range.min}, {"max", range.max}};
}

json::array texts_of(const std::vector<std::string>& texts) {
    json::array array;
    for (const std::string& text : texts)
        array.push_back(utf8(text));
    return array;
}

json::array places_of(const BackendRegistry& registry) {
    json::array places;
    for (const Place& place : registry.places()) {
        places.push_back(json::object{{"origin", place.origin},
                                      {"path", utf8(place.path)},
                                      {"reason", skep_status_name(place.reason)},
                                      {"message", utf8(place.message)},
                                      {"num_manifests", place.manifests.size()}});
    }
    return places;
}

json::object backend_of(const Candidate& candidate) {
    json::array devices;
    for (const skep_device_info& device : candidate.devices)
        devices.push_back(utf8(device.id));
    return {{"name", utf8(candidate.manifest.name)},
            {"version", utf8(candidate.manifest.version)},
            {"description", utf8(candidate.manifest.description)},
            {"origin", candidate.origin},
            {"is_builtin", candidate.is_builtin()},
            {"state", state_name(candidate.state)},
            {"stage", to_text(candidate.stage)},
            {"reason", skep_status_name(candidate.reason)},
            {"message", utf8(candidate.message)},
            {"priority", candidate.manifest.priority},
            {"abi", range_of(candidate.manifest.abi)},
            {"requires",
             json::object{{"cpu_features", texts_of(candidate.manifest.cpu_features)},
                          {"driver_libraries", texts_of(candidate.manifest.driver_libraries)}}},
            {"manifest_path", utf8(candidate.manifest_path)},
            {"library_path", utf8(candidate.library_path)},
            {"devices", std::move(devices)}};
}

json::object device_of(const skep_device_info& device) {
    return {{"id", utf8(device.id)},
            {"backend", utf8(device.backend)},
            {"name", utf8(device.name)},
            {"isa", utf8(device.isa)},
            {"total_memory_bytes", device.total_memory_bytes},
            {"driver_version", utf8(device.driver_version)},
            {"compute_capability", utf8(device.compute_capability)}};
}

json::object decision_of(const DeviceDecision& decision) {
    json::array passed_over;
    for (const PassedOver& other : decision.passed_over) {
        passed_over.push_back(json::object{{"name", utf8(other.name)},
                                           {"reason", skep_status_name(other.reason)},
                                           {"message", utf8(other.message)}});
    }
    return {{"request", utf8(decision.request)},
            {"need", decision.need ? json::value(utf8(to_text(*decision.need))) : json::value()},
            {"taken", decision.taken.empty() ? json::value() : json::value(utf8(decision.taken))},
            {"reason", skep_status_name(decision.status)},
            {"message", utf8(decision.message)},
            {"passed_over", std::move(passed_over)}};
}

json::object report_of(Runtime::Impl& runtime) {
    BackendRegistry& registry = runtime.registry();
    json::array backends;
    json::array devices;
    for (std::size_t index = 0; index < registry.num_candidates(); ++index) {
        backends.push_back(backend_of(registry.candidate(index)));
    }
    for (const std::size_t index : registry.by_priority()) {
        for (const skep_device_info& device : registry.candidate(index).devices) {
            devices.push_back(device_of(device));
        }
    }
    json::array decisions;
    for (const DeviceDecision& decision : runtime.decisions()) {
        decisions.push_back(decision_of(decision));
    }
    json::array complaints;
    if (!runtime.host().log().complaint().empty()) {
        complaints.push_back(utf8(runtime.host().log().complaint()));
    }
    return {
        {"skep_explain", kReportVersion},
        {"library", json::object{{"version", skep_version()},
                                 {"path", utf8(path_of_this_library())},
                                 {"backend_abi", range_of(kHostAbi)}}},
        {"environment", json::object{{"has_elevated_privileges", runtime.settings().is_elevated},
                                     {"is_ignored", runtime.environment().is_ignored()},
                                     {"complaints", std::move(complaints)}}},
        {"num_threads", runtime.host().workers().num_workers()},
        {"places", places_of(registry)},
        {"backends", std::move(backends)},
        {"devices", std::move(devices)},
        {"decisions", std::move(decisions)},
        {"num_decisions_dropped", runtime.num_decisions_dropped()}};
}

// --- text, from the same report ---

std::string text_of(const json::value& object, const char* member) {
    return std::string(object.as_object().at(member).as_string());
}

// "SKEP_VETOED: " or nothing.
std::string reason_prefix(const json::value& object) {
    const std::string reason = text_of(object, "reason");
    return reason == "SKEP_OK" ? "" : reason + ": ";
}

void write_places(const json::object& report, std::string& text) {
    text += "places, in the order of looking:\n";
    int number = 0;
    for (const json::value& place : report.at("places").as_array()) {
        text += "  " + std::to_string(++number) + ". " + text_of(place, "origin") + " " +
                text_of(place, "path") + ": " + reason_prefix(place) + text_of(place, "message") +
                "\n";
    }
}

void write_backends(const json::object& report, std::string& text) {
    text += "backends, in the order of finding:\n";
    for (const json::value& backend : report.at("backends").as_array()) {
        const json::object& abi = backend.as_object().at("abi").as_object();
        text += "  " + text_of(backend, "name") + " " + text_of(backend, "version") + " (" +
                text_of(backend, "origin") + "): " + text_of(backend, "state") + " at stage " +
                text_of(backend, "stage") + ": " + reason_prefix(backend) +
                text_of(backend, "message") + "\n";
        text += "      priority " + std::to_string(backend.as_object().at("priority").as_int64()) +
                ", ABI " +
                to_text(AbiRange{abi.at("min").to_number<std::uint32_t>(),
                                 abi.at("max").to_number<std::uint32_t>()}) +
                "\n";
        for (const char* path : {"manifest_path", "library_path"}) {
            if (text_of(backend, path).empty()) continue;
            text += "      " + text_of(backend, path) + "\n";
        }
    }
}

void write_devices(const json::object& report, std::string& text) {
    text += "devices of loaded backends, best first:\n";
    for (const json::value& device : report.at("devices").as_array()) {
        text += "  " + text_of(device, "id") + ": " + text_of(device, "name") + ", " +
                text_of(device, "isa") + "\n";
    }
    if (report.at("devices").as_array().empty()) text += "  none so far\n";
}

void write_decisions(const json::object& report, std::string& text) {
    text += "requests for devices:\n";
    for (const json::value& decision : report.at("decisions").as_array()) {
        const json::object& object = decision.as_object();
        text += "  '" + text_of(decision, "request") + "'";
        if (object.at("need").is_string()) text += " for " + text_of(decision, "need");
        text += object.at("taken").is_string()
                    ? ": took " + text_of(decision, "taken")
                    : ": failed: " + reason_prefix(decision) + text_of(decision, "message");
        text += "\n";
        for (const json::value& other : object.at("passed_over").as_array()) {
            text += "      not " + text_of(other, "name") + ": " + reason_prefix(other) +
                    text_of(other, "message") + "\n";
        }
    }
    if (report.at("decisions").as_array().empty()) text += "  none so far\n";
}

}  // namespace

std::string explain_as_json(Runtime::Impl& runtime) {
    return json::serialize(report_of(runtime));
}

std::string explain_as_text(Runtime::Impl& runtime) {
    const json::object report = report_of(runtime);
    const json::value& library = report.at("library");
    std::string text = "libskep " + text_of(library, "version") + ", backend ABI " +
                       to_text(kHostAbi) + ", " + text_of(library, "path") + "\n";
    const json::object& environment = report.at("environment").as_object();
    if (environment.at("is_ignored").as_bool()) {
        text += environment.at("has_elevated_privileges").as_bool()
                    ? "environment variables do not count: elevated privileges\n"
                    : "environment variables do not count: the application said so\n";
    }
    for (const json::value& complaint : environment.at("complaints").as_array()) {
        text += std::string(complaint.as_string()) + "\n";
    }
    write_places(report, text);
    write_backends(report, text);
    write_devices(report, text);
    write_decisions(report, text);
    return text;
}

}  // namespace skep
