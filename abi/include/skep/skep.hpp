// SPDX-License-Identifier: MIT
// C++17 face of skep.h, header-only: move-only handles and typed answers, no state of its own.
//
//     skep::Runtime runtime = skep::Runtime::create().value();
//     skep::CollectionOptions options;
//     options.dim = 128;
//     skep::Collection collection = skep::Collection::create(runtime, options).value();
//     collection.add(skep::rows(data, 1000, 128)).value();
//     const skep::Hits hits = collection.search(skep::rows(queries, 10, 128), 5).value();
//     for (skep::Hit hit : hits[0]) use(hit.key, hit.distance);
//
// Every function that can fail returns a Result: test it, or call value(), which throws
// skep::Error. What a call does, costs and allows beside it is told at the C function of the same
// name in skep.h. A moved-from handle is empty: calls with it fail with SKEP_INVALID_ARGUMENT.
// The inline namespace keeps these names apart from those of libskep's own classes.
#pragma once

#include <skep/skep.h>

#include <string>

#include "skep/cxx/call.hpp"
#include "skep/cxx/call_options.hpp"
#include "skep/cxx/collection.hpp"
#include "skep/cxx/evaluation.hpp"
#include "skep/cxx/hits.hpp"
#include "skep/cxx/keys.hpp"
#include "skep/cxx/matrix.hpp"
#include "skep/cxx/runtime.hpp"
#include "skep/result.hpp"

namespace skep {
inline namespace cxx {

// Numbers of names; skep_metric_name and its like go the other way.
inline Result<skep_metric> metric_from_name(const std::string &name) {
    skep_metric metric = 0;
    auto done = detail::call(skep_metric_from_name, name.c_str(), &metric);
    if (!done) return done.error();
    return metric;
}
inline Result<skep_dtype> dtype_from_name(const std::string &name) {
    skep_dtype dtype = 0;
    auto done = detail::call(skep_dtype_from_name, name.c_str(), &dtype);
    if (!done) return done.error();
    return dtype;
}
inline Result<skep_index_kind> index_kind_from_name(const std::string &name) {
    skep_index_kind kind = 0;
    auto done = detail::call(skep_index_kind_from_name, name.c_str(), &kind);
    if (!done) return done.error();
    return kind;
}

}  // namespace cxx
}  // namespace skep
