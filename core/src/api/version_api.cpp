// SPDX-License-Identifier: MIT
// Versions, names of numbers, and the score of a distance.
#include <skep/skep.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "api/arguments.hpp"
#include "skep/common/guard.hpp"

namespace skep {
namespace {

// A number and one of its names; the first name of a number is the one that is shown.
struct Name {
    std::int32_t number;
    const char* text;
};

#define SKEP_NAME_OF(status) \
    Name {                   \
        status, #status      \
    }
constexpr Name kStatusNames[] = {
    SKEP_NAME_OF(SKEP_OK),
    SKEP_NAME_OF(SKEP_INVALID_ARGUMENT),
    SKEP_NAME_OF(SKEP_INVALID_DIMENSION),
    SKEP_NAME_OF(SKEP_DIMENSION_MISMATCH),
    SKEP_NAME_OF(SKEP_NOT_FINITE),
    SKEP_NAME_OF(SKEP_INVALID_KEY),
    SKEP_NAME_OF(SKEP_DUPLICATE_KEY),
    SKEP_NAME_OF(SKEP_KEY_NOT_FOUND),
    SKEP_NAME_OF(SKEP_INVALID_K),
    SKEP_NAME_OF(SKEP_UNSUPPORTED_TYPE),
    SKEP_NAME_OF(SKEP_UNSUPPORTED),
    SKEP_NAME_OF(SKEP_LIMIT_EXCEEDED),
    SKEP_NAME_OF(SKEP_UNKNOWN_DEVICE),
    SKEP_NAME_OF(SKEP_DEVICE_NOT_AVAILABLE),
    SKEP_NAME_OF(SKEP_DEVICE_FAILED),
    SKEP_NAME_OF(SKEP_DEVICE_LOST),
    SKEP_NAME_OF(SKEP_COMPILATION_FAILED),
    SKEP_NAME_OF(SKEP_WRONG_MEMORY),
    SKEP_NAME_OF(SKEP_OUT_OF_HOST_MEMORY),
    SKEP_NAME_OF(SKEP_OUT_OF_DEVICE_MEMORY),
    SKEP_NAME_OF(SKEP_CANCELLED),
    SKEP_NAME_OF(SKEP_DEADLINE_EXCEEDED),
    SKEP_NAME_OF(SKEP_BUSY),
    SKEP_NAME_OF(SKEP_FILE_NOT_FOUND),
    SKEP_NAME_OF(SKEP_FILE_NOT_READABLE),
    SKEP_NAME_OF(SKEP_FILE_NOT_WRITABLE),
    SKEP_NAME_OF(SKEP_FILE_UNKNOWN_FORMAT),
    SKEP_NAME_OF(SKEP_FILE_TRUNCATED),
    SKEP_NAME_OF(SKEP_FILE_CORRUPT),
    SKEP_NAME_OF(SKEP_FILE_TOO_NEW),
    SKEP_NAME_OF(SKEP_FILE_IMPOSSIBLE_SIZE),
    SKEP_NAME_OF(SKEP_DISK_FULL),
    SKEP_NAME_OF(SKEP_IO_FAILED),
    SKEP_NAME_OF(SKEP_MANIFEST_INVALID),
    SKEP_NAME_OF(SKEP_PATH_NOT_TRUSTED),
    SKEP_NAME_OF(SKEP_LIBRARY_NOT_LOADABLE),
    SKEP_NAME_OF(SKEP_ENTRY_SYMBOL_MISSING),
    SKEP_NAME_OF(SKEP_ABI_MISMATCH),
    SKEP_NAME_OF(SKEP_OPERATION_MISSING),
    SKEP_NAME_OF(SKEP_REQUIREMENT_NOT_MET),
    SKEP_NAME_OF(SKEP_BACKEND_NAME_CLASH),
    SKEP_NAME_OF(SKEP_VETOED),
    SKEP_NAME_OF(SKEP_INTERNAL),
    SKEP_NAME_OF(SKEP_BACKEND_MISBEHAVED),
};
#undef SKEP_NAME_OF

constexpr Name kMetricNames[] = {
    {SKEP_METRIC_L2, "l2"},
    {SKEP_METRIC_INNER_PRODUCT, "inner_product"},
    {SKEP_METRIC_COSINE, "cosine"},
    {SKEP_METRIC_L2, "euclidean"},
    {SKEP_METRIC_INNER_PRODUCT, "dot_product"},
};
constexpr Name kDtypeNames[] = {
    {SKEP_DTYPE_F32, "f32"}, {SKEP_DTYPE_F16, "f16"}, {SKEP_DTYPE_BF16, "bf16"},
    {SKEP_DTYPE_I8, "i8"},   {SKEP_DTYPE_U8, "u8"},   {SKEP_DTYPE_I32, "i32"},
};
constexpr Name kIndexKindNames[] = {{SKEP_INDEX_FLAT, "flat"}, {SKEP_INDEX_HNSW, "hnsw"}};

template <std::size_t Count>
const char* name_of(const Name (&names)[Count], std::int32_t number, const char* fallback) {
    for (const Name& name : names) {
        if (name.number == number) return name.text;
    }
    return fallback;
}

template <std::size_t Count>
skep_status number_of(const Name (&names)[Count], const char* function, const char* text,
                      std::int32_t* out, skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments(function);
        arguments.require(text, "name");
        arguments.require(out, "out");
        std::string known;
        for (const Name& name : names) {
            if (std::string_view(text) == name.text) {
                *out = name.number;
                return {};
            }
            known += known.empty() ? "" : ", ";
            known += name.text;
        }
        return arguments.invalid("unknown name '" + std::string(text) + "'; expected one of " +
                                 known);
    });
}

constexpr const char* kVersionText =
#define SKEP_TEXT_OF(number) #number
#define SKEP_VERSION_TEXT(major, minor, patch) \
    SKEP_TEXT_OF(major) "." SKEP_TEXT_OF(minor) "." SKEP_TEXT_OF(patch)
    SKEP_VERSION_TEXT(SKEP_VERSION_MAJOR, SKEP_VERSION_MINOR, SKEP_VERSION_PATCH);
#undef SKEP_VERSION_TEXT
#undef SKEP_TEXT_OF

}  // namespace
}  // namespace skep

const char* skep_version(void) {
    return skep::kVersionText;
}

const char* skep_status_name(skep_status status) {
    return skep::name_of(skep::kStatusNames, status, "SKEP_STATUS_?");
}

const char* skep_metric_name(skep_metric metric) {
    return skep::name_of(skep::kMetricNames, metric, nullptr);
}

const char* skep_dtype_name(skep_dtype dtype) {
    return skep::name_of(skep::kDtypeNames, dtype, nullptr);
}

const char* skep_index_kind_name(skep_index_kind kind) {
    return skep::name_of(skep::kIndexKindNames, kind, nullptr);
}

skep_status skep_metric_from_name(const char* name, skep_metric* out, skep_error* error) {
    return skep::number_of(skep::kMetricNames, "skep_metric_from_name", name, out, error);
}

skep_status skep_dtype_from_name(const char* name, skep_dtype* out, skep_error* error) {
    return skep::number_of(skep::kDtypeNames, "skep_dtype_from_name", name, out, error);
}

skep_status skep_index_kind_from_name(const char* name, skep_index_kind* out, skep_error* error) {
    return skep::number_of(skep::kIndexKindNames, "skep_index_kind_from_name", name, out, error);
}

float skep_similarity(skep_metric metric, float distance) {
    switch (metric) {
        case SKEP_METRIC_COSINE:
            return 1.0F - distance;
        case SKEP_METRIC_INNER_PRODUCT:
            return 0.0F - distance;  // never -0
        case SKEP_METRIC_L2:
            return 1.0F / (1.0F + std::sqrt(distance));
        default:
            return std::numeric_limits<float>::quiet_NaN();
    }
}
