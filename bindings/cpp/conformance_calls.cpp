// SPDX-License-Identifier: MIT
#include "conformance_calls.hpp"

#include <boost/json/parse.hpp>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <stdexcept>

#include "support/temporary_folder.hpp"

namespace skep::conformance {
namespace {

std::string text(const json::object& step, const char* field, const char* fallback = "") {
    const json::value* value = step.if_contains(field);
    return value == nullptr ? fallback : std::string(value->as_string());
}

template <typename Number>
Number number(const json::object& step, const char* field, Number fallback = 0) {
    const json::value* value = step.if_contains(field);
    return value == nullptr ? fallback : value->to_number<Number>();
}

bool flag(const json::object& step, const char* field) {
    const json::value* value = step.if_contains(field);
    return value != nullptr && value->as_bool();
}

skep_dtype dtype(const json::object& step, const char* field, skep_dtype fallback) {
    return step.contains(field) ? dtype_from_name(text(step, field)).value() : fallback;
}

json::array flags(const std::vector<std::uint8_t>& found) {
    json::array list;
    for (const std::uint8_t one : found)
        list.push_back(json::value(one != 0));
    return list;
}

json::array list_of(const ByteList& texts) {
    json::array list;
    for (std::uint64_t item = 0; item < texts.size(); ++item)
        list.push_back(json::value(texts[item]));
    return list;
}

void require(bool is_good, const char* what) {
    if (!is_good) throw std::runtime_error(what);
}

// Past the answers found stands what skep.h says of missing ones.
void check_missing(const Hits& hits, std::uint64_t query) {
    for (std::uint64_t rank = hits[query].size(); rank < hits.k; ++rank) {
        const Hit missing = hits.at(query * hits.k + rank);
        require(missing.key == UINT64_MAX && missing.text.empty() && missing.payload.empty(),
                "a missing answer has a key or a payload");
        require(missing.distance == std::numeric_limits<float>::infinity(),
                "a missing answer has a distance");
    }
}

// keys, distances and payloads, one list per query.
template <typename Answers>
json::object answers_of(const Answers& hits, std::uint64_t num_queries, bool has_texts) {
    json::array keys;
    json::array distances;
    json::array payloads;
    for (std::uint64_t query = 0; query < num_queries; ++query) {
        json::array query_keys;
        json::array query_distances;
        json::array query_payloads;
        for (const Hit hit : hits[query]) {
            query_keys.push_back(has_texts ? json::value(hit.text) : json::value(hit.key));
            query_distances.push_back(value_of(static_cast<double>(hit.distance)));
            query_payloads.push_back(json::value(hit.payload));
        }
        keys.push_back(std::move(query_keys));
        distances.push_back(std::move(query_distances));
        payloads.push_back(std::move(query_payloads));
    }
    return {{"keys", keys}, {"distances", distances}, {"payloads", payloads}};
}

void cut_file(const std::string& path, std::size_t bytes_from_end) {
    const std::string bytes = testing::read_bytes(path);
    testing::write_bytes(path, bytes.substr(0, bytes.size() - bytes_from_end));
}

void flip_byte(const std::string& path, std::size_t bytes_from_end) {
    std::string bytes = testing::read_bytes(path);
    char& byte = bytes.at(bytes.size() - bytes_from_end);
    byte = static_cast<char>(~byte);
    testing::write_bytes(path, bytes);
}

}  // namespace

Calls::Calls(std::string folder)
    : folder_(std::move(folder)),
      device_(std::getenv("SKEP_CONFORMANCE_DEVICE") != nullptr
                  ? std::getenv("SKEP_CONFORMANCE_DEVICE")
                  : "cpu"),
      runtime_(Runtime::create().value()),
      triggered_(Cancel::create().value()) {
    triggered_.trigger();
}

bool Calls::has(std::string_view requirement) const {
    const DeviceInfo info = runtime_.find_device(device_).value();
    if (requirement == "raw_key_bytes") return true;
    if (requirement == "range_search") return info.has_capability(SKEP_CAPABILITY_RANGE_SEARCH);
    if (requirement == "graph") return info.has_capability(SKEP_CAPABILITY_GRAPH);
    if (requirement == "graph_transfer") return info.has_capability(SKEP_CAPABILITY_GRAPH_TRANSFER);
    throw std::invalid_argument("unknown requirement: " + std::string(requirement));
}

json::object Calls::make(const json::object& step) {
    const std::string call = text(step, "call");
    if (call == "create") {
        create(step);
        return {};
    }
    if (call == "close") {
        close(text(step, "what"));
        return {};
    }
    if (step.contains("file")) return make_on_file(call, step);
    for (const char* name :
         {"convert", "ground_truth", "recall", "similarity", "find_device", "metric_from_name",
          "dtype_from_name", "index_kind_from_name", "status_name"}) {
        if (call == name) return make_on_runtime(call, step);
    }
    return make_on_collection(call, step);
}

void Calls::create(const json::object& step) {
    CollectionOptions options;
    const std::string where = device(step);
    options.device = where.c_str();
    options.dim = number<std::uint32_t>(step, "dim");
    options.metric = metric_from_name(text(step, "metric", "l2")).value();
    options.dtype = dtype(step, "dtype", SKEP_DTYPE_F32);
    options.index = index_kind_from_name(text(step, "index", "flat")).value();
    options.key_kind = text(step, "key_kind", "u64") == "u64" ? SKEP_KEY_U64 : SKEP_KEY_STRING;
    options.reserve_rows = number<std::uint64_t>(step, "reserve_rows");
    options.m = number<std::uint32_t>(step, "m");
    options.ef_construction = number<std::uint32_t>(step, "ef_construction");
    options.seed = number<std::uint64_t>(step, "seed");
    collections_.insert_or_assign(text(step, "as", "collection"),
                                  Collection::create(runtime_, options).value());
}

// In C++ a handle is closed by moving from it or by ending it; what is left is empty.
void Calls::close(const std::string& name) {
    if (const auto found = collections_.find(name); found != collections_.end()) {
        const Collection closed = std::move(found->second);
    } else {
        const Filter closed = std::move(filters_.at(name));
    }
}

json::object Calls::make_on_file(std::string_view call, const json::object& step) {
    const std::string file = path(step);
    const std::string name = text(step, "as", "collection");
    if (call == "write_file") {
        testing::write_bytes(file, bytes_of(step.at("text")));
    } else if (call == "cut_file") {
        cut_file(file, number<std::size_t>(step, "bytes_from_end"));
    } else if (call == "flip_byte") {
        flip_byte(file, number<std::size_t>(step, "bytes_from_end"));
    } else if (call == "save") {
        collection(step).save(file).value();
    } else if (call == "export_hnswlib") {
        collection(step).export_hnswlib(file).value();
    } else if (call == "open") {
        std::uint32_t flags = 0;
        if (flag(step, "map")) flags |= SKEP_OPEN_MAP;
        if (flag(step, "skip_checksums")) flags |= SKEP_OPEN_SKIP_CHECKSUMS;
        collections_.insert_or_assign(
            name, Collection::open(runtime_, file, device(step), flags).value());
    } else if (call == "import_hnswlib") {
        skep_hnswlib_options options = SKEP_HNSWLIB_OPTIONS_INIT;
        options.metric = metric_from_name(text(step, "metric")).value();
        options.dtype = dtype(step, "dtype", SKEP_DTYPE_F32);
        options.device = device_.c_str();
        collections_.insert_or_assign(name,
                                      Collection::import_hnswlib(runtime_, file, options).value());
    } else if (call == "describe") {
        const json::object described = json::parse(describe_file(file).value()).as_object();
        json::object answer;
        for (const auto& [field, value] : described.at("collection").as_object()) {
            answer["collection." + std::string(field)] = value;
        }
        return answer;
    } else if (call == "write_vectors") {
        write_vectors(file, matrix(step, "rows", nullptr).view()).value();
    } else if (call == "read_vectors") {
        const Vectors vectors = Vectors::open(file).value();
        return {{"rows", rows_of(vectors.rows())},
                {"dtype", skep_dtype_name(vectors.rows().dtype)}};
    } else {
        throw std::invalid_argument("unknown call: " + std::string(call));
    }
    return {};
}

json::object Calls::make_on_runtime(std::string_view call, const json::object& step) {
    if (call == "ground_truth") return ground_truth(step);
    if (call == "convert") {
        const Matrix source =
            matrix_of(step.at("rows").as_array(), dtype(step, "from", SKEP_DTYPE_F32), 0);
        return {
            {"rows",
             rows_of(convert(source.view(), dtype(step, "to", SKEP_DTYPE_F32)).value().view())}};
    }
    if (call == "recall") {
        std::vector<std::uint64_t> keys;
        std::vector<float> distances;
        std::vector<float> truth;
        const json::array& found = step.at("keys").as_array();
        const json::array& true_distances = step.at("true_distances").as_array();
        for (const json::value& query : found) {
            for (const json::value& key : query.as_array())
                keys.push_back(key_of(key));
        }
        const auto append = [](std::vector<float>& list, const json::array& queries) {
            for (const json::value& query : queries) {
                for (const json::value& one : query.as_array()) {
                    list.push_back(static_cast<float>(number_of(one)));
                }
            }
        };
        append(distances, step.at("distances").as_array());
        append(truth, true_distances);
        return {{"recall", recall(found.size(), found.front().as_array().size(), keys, distances,
                                  true_distances.front().as_array().size(), truth)
                               .value()}};
    }
    if (call == "similarity") {
        return {{"similarity", value_of(static_cast<double>(skep_similarity(
                                   metric_from_name(text(step, "metric")).value(),
                                   static_cast<float>(number_of(step.at("distance"))))))}};
    }
    if (call == "status_name") {
        return {{"name", skep_status_name(number<std::int32_t>(step, "number"))}};
    }
    const std::string name = text(step, "name");
    if (call == "find_device") {
        const DeviceInfo info = runtime_.find_device(name).value();
        return {{"id", info.id}, {"backend", info.backend}};
    }
    if (call == "metric_from_name") {
        return {{"name", skep_metric_name(metric_from_name(name).value())}};
    }
    if (call == "dtype_from_name") {
        return {{"name", skep_dtype_name(dtype_from_name(name).value())}};
    }
    return {{"name", skep_index_kind_name(index_kind_from_name(name).value())}};
}

json::object Calls::ground_truth(const json::object& step) {
    const Matrix base = matrix(step, "base", nullptr);
    const Matrix queries = matrix(step, "queries", nullptr);
    const auto k = number<std::uint64_t>(step, "k");
    const GroundTruth truth = skep::ground_truth(runtime_, base.view(), queries.view(),
                                                 metric_from_name(text(step, "metric")).value(), k)
                                  .value();
    json::array ids;
    json::array distances;
    for (std::uint64_t query = 0; query < queries.num_rows(); ++query) {
        json::array query_ids;
        json::array query_distances;
        for (std::uint64_t rank = 0; rank < k; ++rank) {
            const std::size_t position = static_cast<std::size_t>(query * k + rank);
            if (truth.ids[position] == SKEP_NO_ROW) break;
            query_ids.push_back(truth.ids[position]);
            query_distances.push_back(value_of(static_cast<double>(truth.distances[position])));
        }
        ids.push_back(std::move(query_ids));
        distances.push_back(std::move(query_distances));
    }
    return {{"ids", ids}, {"distances", distances}};
}

json::object Calls::make_on_collection(std::string_view call, const json::object& step) {
    if (call == "search") return search(step);
    if (call == "range_search") return range_search(step);
    if (call == "get") return get(step);
    for (const char* name : {"add", "upsert", "remove", "clear", "compact", "reserve"}) {
        if (call == name) return write(call, step);
    }
    return read(call, step);
}

json::object Calls::write(std::string_view call, const json::object& step) {
    Collection& target = collection(step);
    if (call == "clear") {
        target.clear().value();
    } else if (call == "compact") {
        target.compact().value();
    } else if (call == "reserve") {
        target.reserve(number<std::uint64_t>(step, "num_rows")).value();
    } else if (call == "remove") {
        const KeyList keys =
            key_list_of(step.at("keys").as_array(), target.info().value().key_kind);
        target.remove(keys.keys()).value();
    } else {
        const Matrix rows = matrix(step, "rows", &target);
        const Texts payloads =
            step.contains("payloads") ? texts_of(step.at("payloads").as_array()) : Texts();
        if (!step.contains("keys")) {
            return {
                {"first_key", target.add_numbered(rows.view(), payloads, control(step)).value()}};
        }
        const KeyList keys =
            key_list_of(step.at("keys").as_array(), target.info().value().key_kind);
        if (call == "add") {
            target.add(rows.view(), keys.keys(), payloads, control(step)).value();
        } else {
            target.upsert(rows.view(), keys.keys(), payloads, control(step)).value();
        }
    }
    return {};
}

json::object Calls::read(std::string_view call, const json::object& step) {
    const Collection& source = collection(step);
    if (call == "count") return {{"count", source.count().value()}};
    if (call == "keys") {
        if (source.info().value().key_kind == SKEP_KEY_STRING) {
            return {{"keys", list_of(source.string_keys().value())}};
        }
        json::array keys;
        for (const std::uint64_t key : source.keys().value())
            keys.push_back(key);
        return {{"keys", keys}};
    }
    if (call == "contains") {
        const KeyList keys =
            key_list_of(step.at("keys").as_array(), source.info().value().key_kind);
        return {{"found", flags(source.contains_each(keys.keys()).value())}};
    }
    if (call == "device") {
        const DeviceInfo info = source.device().value();
        return {{"id", info.id}, {"backend", info.backend}};
    }
    if (call == "info") {
        const skep_collection_info info = source.info().value();
        return {{"dim", info.dim},
                {"metric", skep_metric_name(info.metric)},
                {"dtype", skep_dtype_name(info.dtype)},
                {"index", skep_index_kind_name(info.index)},
                {"key_kind", info.key_kind == SKEP_KEY_U64 ? "u64" : "string"},
                {"m", info.m},
                {"ef_construction", info.ef_construction},
                {"seed", info.seed}};
    }
    if (call == "stats") {
        const skep_collection_stats stats = source.stats().value();
        return {{"num_rows", stats.num_rows},
                {"num_removed", stats.num_removed},
                {"num_searches", stats.num_searches},
                {"num_linked", stats.num_linked}};
    }
    if (call == "make_filter") {
        const KeyList keys =
            key_list_of(step.at("keys").as_array(), source.info().value().key_kind);
        Result<Filter> made = text(step, "mode") == "allow" ? Filter::allow(source, keys.keys())
                                                            : Filter::deny(source, keys.keys());
        filters_.insert_or_assign(text(step, "as", "filter"), std::move(made).value());
        return {};
    }
    throw std::invalid_argument("unknown call: " + std::string(call));
}

json::object Calls::get(const json::object& step) {
    const Collection& source = collection(step);
    const KeyList keys = key_list_of(step.at("keys").as_array(), source.info().value().key_kind);
    const Rows got =
        (flag(step, "allow_missing") ? source.find_rows(keys.keys()) : source.get_rows(keys.keys()))
            .value();
    return {{"rows", rows_of(got.rows.view())},
            {"payloads", list_of(got.payloads)},
            {"found", flags(got.found)}};
}

json::object Calls::search(const json::object& step) {
    const Collection& source = collection(step);
    const Matrix queries = matrix(step, "queries", &source);
    const Hits hits = source.search(queries.view(), search_options(step), control(step)).value();
    for (std::uint64_t query = 0; query < hits.num_queries; ++query)
        check_missing(hits, query);
    return answers_of(hits, hits.num_queries, hits.keys.empty() && hits.strings.size() != 0);
}

json::object Calls::range_search(const json::object& step) {
    const Collection& source = collection(step);
    const Matrix queries = matrix(step, "queries", &source);
    const auto radius = static_cast<float>(number_of(step.at("radius")));
    const RangeHits hits =
        source.range_search(queries.view(), radius, search_options(step), control(step)).value();
    return answers_of(hits, hits.num_queries(), hits.view().strings != nullptr);
}

Collection& Calls::collection(const json::object& step) {
    const auto found = collections_.find(text(step, "on", "collection"));
    if (found == collections_.end()) throw std::invalid_argument("no such collection");
    return found->second;
}

Matrix Calls::matrix(const json::object& step, const char* field, const Collection* of) {
    const json::array& rows = step.at(field).as_array();
    if (of == nullptr || of->get() == nullptr) {
        return matrix_of(rows, dtype(step, "dtype", SKEP_DTYPE_F32), 0);
    }
    const skep_collection_info info = of->info().value();
    return matrix_of(rows, dtype(step, "dtype", info.dtype), info.dim);
}

SearchOptions Calls::search_options(const json::object& step) {
    SearchOptions options;
    options.k = number<std::uint64_t>(step, "k", 10);
    options.ef_search = number<std::uint32_t>(step, "ef_search");
    options.has_payloads = true;
    if (step.contains("filter")) options.filter = &filters_.at(text(step, "filter"));
    return options;
}

CallOptions Calls::control(const json::object& step) {
    const std::string how = text(step, "control");
    CallOptions options;
    if (how == "cancelled") options.cancel = &triggered_;
    if (how == "progress") options.progress = [](std::uint64_t, std::uint64_t) { return false; };
    if (how == "expired") options.timeout = std::chrono::nanoseconds(1);
    return options;
}

std::string Calls::path(const json::object& step) const {
    return folder_ + "/" + text(step, "file");
}

std::string Calls::device(const json::object& step) const {
    return text(step, "device", device_.c_str());
}

}  // namespace skep::conformance
