// SPDX-License-Identifier: MIT
#include "plugin/abi_negotiation.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "skep/common/error_bridge.hpp"

namespace skep {
namespace {

Error misbehaved(const std::string& name, const std::string& text, const char* obligation) {
    return Error(SKEP_BACKEND_MISBEHAVED,
                 "entry: backend '" + name + "' " + text + " (" + obligation + ")",
                 SKEP_LAYER_LOADER);
}

}  // namespace

std::string to_text(const AbiRange& range) {
    if (range.min == range.max) return std::to_string(range.min);
    return std::to_string(range.min) + " to " + std::to_string(range.max);
}

std::optional<std::uint32_t> highest_common_version(const AbiRange& host, const AbiRange& backend) {
    const std::uint32_t lowest = std::max(host.min, backend.min);
    const std::uint32_t highest = std::min(host.max, backend.max);
    if (lowest > highest) return std::nullopt;
    return highest;
}

Error abi_mismatch(const std::string& who, const AbiRange& host, const AbiRange& backend) {
    return Error(
        SKEP_ABI_MISMATCH,
        who + " speaks backend ABI " + to_text(backend) + "; this libskep speaks " + to_text(host),
        SKEP_LAYER_LOADER);
}

Result<skep_backend_answer> negotiate(skep_backend_entry_fn entry, const AbiRange& host,
                                      const std::string& expected_name) {
    skep_backend_request request{};
    request.struct_size = sizeof request;
    request.min_abi_version = host.min;
    request.max_abi_version = host.max;
    skep_backend_answer answer{};
    answer.struct_size = sizeof answer;
    skep_error error = SKEP_ERROR_INIT;
    const skep_status status = entry(&request, &answer, &error);

    const AbiRange backend{answer.min_abi_version, answer.max_abi_version};
    const bool is_range_given = backend.min != 0 || backend.max != 0;
    if (is_range_given && !highest_common_version(host, backend)) {
        return abi_mismatch("entry: backend '" + expected_name + "'", host, backend);
    }
    if (status == SKEP_ABI_MISMATCH) {
        return is_range_given
                   ? misbehaved(
                         expected_name,
                         "refused ABI " + to_text(host) + " though it speaks " + to_text(backend),
                         "PLUGIN-2")
                   : Error(
                         SKEP_ABI_MISMATCH,
                         "entry: backend '" + expected_name +
                             "' speaks a backend ABI that it does not name; this libskep speaks " +
                             to_text(host),
                         SKEP_LAYER_LOADER);
    }
    if (status != SKEP_OK) return make_error(status, error, "entry");
    if (!backend.contains(answer.abi_version) || !host.contains(answer.abi_version)) {
        return misbehaved(expected_name,
                          "picked ABI " + std::to_string(answer.abi_version) + " out of its " +
                              to_text(backend) + " and our " + to_text(host),
                          "PLUGIN-2");
    }
    if (answer.operations == nullptr) {
        return misbehaved(expected_name, "answered without an operation table", "PLUGIN-4");
    }
    const std::size_t name_length = strnlen(answer.name, sizeof answer.name);
    if (name_length == sizeof answer.name) {
        return misbehaved(expected_name, "answered a name without an end", "PLUGIN-4");
    }
    if (expected_name != answer.name) {
        return misbehaved(expected_name, "calls itself '" + std::string(answer.name) + "'",
                          "PLUGIN-4");
    }
    // Text for people; an unterminated one is cut.
    answer.version[sizeof answer.version - 1] = '\0';
    return answer;
}

}  // namespace skep
