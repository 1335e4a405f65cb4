// SPDX-License-Identifier: MIT
// skep.h: search and range search.
#include <fmt/format.h>
#include <skep/skep.h>

#include <cstdint>

#include "api/arguments.hpp"
#include "api/call_argument.hpp"
#include "collection/collection.hpp"
#include "skep/common/guard.hpp"

namespace skep {
namespace {

const Filter* filter_of(const skep_search_options& options) {
    return options.filter == nullptr ? nullptr : options.filter->filter.get();
}

}  // namespace
}  // namespace skep

using namespace skep;

skep_status skep_collection_search(skep_collection* collection, const skep_matrix* queries,
                                   const skep_search_options* options,
                                   const skep_search_output* output, const skep_call_options* call,
                                   skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_search");
        arguments.require(collection, "collection");
        const skep_matrix matrix =
            arguments.read(queries, SKEP_SIZE_THROUGH(skep_matrix, data), "queries");
        const skep_search_options wanted =
            arguments.read(options, SKEP_SIZE_THROUGH(skep_search_options, k), "options");
        const skep_search_output target =
            arguments.read(output, SKEP_SIZE_THROUGH(skep_search_output, keys), "output");
        arguments.require_zero(target.reserved, "output.reserved");
        if (wanted.recall != 0.0 && wanted.ef_search != 0) {
            return client_error(SKEP_INVALID_ARGUMENT,
                                fmt::format("search: ef_search {} and recall {} given; expected "
                                            "one of them",
                                            wanted.ef_search, wanted.recall));
        }
        const CallArgument control("search", call);
        std::uint32_t ef_search = wanted.ef_search;
        if (wanted.recall != 0.0) {
            ef_search =
                collection->collection->ef_search_for(wanted.k, wanted.recall, control.call())
                    .value();
        }
        return collection->collection->search(matrix, wanted.k, ef_search, filter_of(wanted),
                                              target, control.call());
    });
}

skep_status skep_collection_calibrate(skep_collection* collection, uint64_t k, double recall,
                                      const skep_matrix* queries, const skep_call_options* call,
                                      uint32_t* ef_search, skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_calibrate");
        arguments.require(collection, "collection");
        skep_matrix matrix{};
        if (queries != nullptr)
            matrix = arguments.read(queries, SKEP_SIZE_THROUGH(skep_matrix, data), "queries");
        const CallArgument control("calibrate", call);
        const std::uint32_t found =
            collection->collection
                ->calibrate(k, recall, queries == nullptr ? nullptr : &matrix, control.call())
                .value();
        if (ef_search != nullptr) *ef_search = found;
        return {};
    });
}

skep_status skep_collection_range_search(skep_collection* collection, const skep_matrix* queries,
                                         float radius, const skep_search_options* options,
                                         const skep_call_options* call, skep_range_result** out,
                                         skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_range_search");
        arguments.require(collection, "collection");
        arguments.require(out, "out");
        const skep_matrix matrix =
            arguments.read(queries, SKEP_SIZE_THROUGH(skep_matrix, data), "queries");
        const skep_search_options wanted =
            arguments.read_optional(options, SKEP_SIZE_THROUGH(skep_search_options, k), "options");
        const CallArgument control("range_search", call);
        *out =
            collection->collection->range_search(matrix, radius, filter_of(wanted), control.call())
                .value()
                .release();
        return {};
    });
}

skep_status skep_range_result_view(const skep_range_result* result, skep_range_view* out,
                                   skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_range_result_view");
        arguments.require(result, "result");
        arguments.require_struct(out, SKEP_SIZE_THROUGH(skep_range_view, distances), "out");
        const bool has_strings = result->key_kind == SKEP_KEY_STRING;
        skep_range_view view{};
        view.num_queries = result->offsets.size() - 1;
        view.offsets = result->offsets.data();
        view.keys = has_strings ? nullptr : result->keys.data();
        view.strings = has_strings ? &result->strings : nullptr;
        view.distances = result->distances.data();
        write_struct(out, view);
        return {};
    });
}

void skep_range_result_destroy(skep_range_result* result) {
    delete result;
}
