// SPDX-License-Identifier: MIT
#include "collection/collection.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

#include "skep/common/assert.hpp"

namespace skep {
namespace {

Result<void> check_enumerator(const char* operation, const char* field, std::int32_t value,
                              std::int32_t largest) {
    if (value >= 0 && value <= largest) return {};
    return client_error(SKEP_INVALID_ARGUMENT, fmt::format("{}: {} is {}; expected 0 to {}",
                                                           operation, field, value, largest));
}

Result<void> check_device_offers(const Device& device, const skep_collection_info& info) {
    if (info.index != SKEP_INDEX_FLAT && !device.has_capability(SKEP_CAPABILITY_GRAPH)) {
        return client_error(SKEP_UNSUPPORTED,
                            fmt::format("create: index hnsw is not offered on device '{}'; "
                                        "expected flat",
                                        device.info().id));
    }
    if (info.dim > device.info().max_dim) {
        return client_error(SKEP_INVALID_DIMENSION,
                            fmt::format("create: dim is {}; device '{}' takes at most {}", info.dim,
                                        device.info().id, device.info().max_dim));
    }
    const std::uint32_t dtypes = device.info().supported_dtypes[info.metric];
    if ((dtypes & (std::uint32_t{1} << info.dtype)) == 0) {
        return client_error(
            SKEP_UNSUPPORTED_TYPE,
            fmt::format("create: {} with metric {} is not offered on device '{}'",
                        dtype_text(info.dtype), skep_metric_name(info.metric), device.info().id));
    }
    return {};
}

}  // namespace

Result<void> Collection::check_info(const char* operation, const skep_collection_info& info) {
    if (info.dim == 0 || info.dim > SKEP_MAX_DIM) {
        return client_error(SKEP_INVALID_DIMENSION, fmt::format("{}: dim is {}; expected 1 to {}",
                                                                operation, info.dim, SKEP_MAX_DIM));
    }
    const struct {
        const char* field;
        std::int32_t value;
        std::int32_t largest;
    } enumerators[] = {
        {"metric", info.metric, SKEP_METRIC_INNER_PRODUCT},
        {"dtype", info.dtype, SKEP_DTYPE_I32},
        {"index", info.index, SKEP_INDEX_HNSW},
        {"key_kind", info.key_kind, SKEP_KEY_STRING},
    };
    for (const auto& enumerator : enumerators) {
        Result<void> checked =
            check_enumerator(operation, enumerator.field, enumerator.value, enumerator.largest);
        if (!checked) return checked;
    }
    if (info.dtype == SKEP_DTYPE_I32) {
        return client_error(SKEP_UNSUPPORTED_TYPE,
                            fmt::format("{}: dtype i32 is for row numbers in files; expected f32, "
                                        "f16, bf16, i8 or u8",
                                        operation));
    }
    if (info.index != SKEP_INDEX_HNSW) return {};
    if (info.m < SKEP_MIN_GRAPH_LINKS || info.m > SKEP_MAX_GRAPH_LINKS) {
        return client_error(SKEP_INVALID_ARGUMENT,
                            fmt::format("{}: m is {}; expected {} to {}", operation, info.m,
                                        SKEP_MIN_GRAPH_LINKS, SKEP_MAX_GRAPH_LINKS));
    }
    if (info.ef_construction == 0 || info.ef_construction > SKEP_MAX_EF_CONSTRUCTION) {
        return client_error(SKEP_INVALID_ARGUMENT,
                            fmt::format("{}: ef_construction is {}; expected 1 to {}", operation,
                                        info.ef_construction, SKEP_MAX_EF_CONSTRUCTION));
    }
    return {};
}

Collection::Collection(std::shared_ptr<Device> device, const skep_collection_info& info,
                       Store store)
    : device_(std::move(device)), info_(info), store_(std::move(store)), keys_(info.key_kind) {
    auto first = std::make_shared<Snapshot>();
    first->era = std::make_shared<const Era>(publication_);
    publication_.publish(std::move(first));
}

Result<std::shared_ptr<Collection>> Collection::create(std::shared_ptr<Device> device,
                                                       const skep_collection_info& info,
                                                       std::uint64_t reserve_rows) {
    const Result<void> offered = check_device_offers(*device, info);
    if (!offered) return offered.error();
    if (reserve_rows > SKEP_MAX_ROWS) {
        return client_error(SKEP_LIMIT_EXCEEDED,
                            fmt::format("create: reserve_rows is {}; a collection holds at most {}",
                                        reserve_rows, SKEP_MAX_ROWS));
    }
    Result<Store> store = device->create_store(store_options(info, reserve_rows));
    if (!store) return store.error();
    std::shared_ptr<Collection> made(new Collection(std::move(device), info, std::move(*store)));
    Result<std::unique_ptr<Graph>> graph = made->make_graph(made->store_);
    if (!graph) return graph.error();
    made->graph_ = std::move(*graph);
    const Result<void> reserved = made->reserve_links(reserve_rows);
    if (!reserved) return reserved.error();
    return made;
}

skep_store_options Collection::store_options(const skep_collection_info& info,
                                             std::uint64_t reserve_slots) {
    skep_store_options options{};
    options.struct_size = sizeof options;
    options.metric = info.metric;
    options.dtype = info.dtype;
    options.dim = info.dim;
    options.reserve_slots = reserve_slots;
    return options;
}

MemoryRules Collection::memory_rules() const {
    if (!device_->has_capability(SKEP_CAPABILITY_DEVICE_MATRICES)) return {};
    return {device_->info().memory_kind, device_->info().memory_device_id};
}

skep_matrix Collection::as_store_input(const skep_matrix& matrix) const {
    skep_matrix input = matrix;
    input.struct_size = sizeof input;
    if (device_->info().memory_kind == SKEP_MEMORY_HOST) {
        input.memory_kind = SKEP_MEMORY_HOST;  // pinned or not is the same to a processor
        input.memory_device_id = 0;
    }
    return input;
}

bool Collection::is_alive(const Snapshot& snapshot, std::uint64_t slot) const {
    return slot >= snapshot.num_erasable_slots || erase_log_.is_alive(slot, snapshot.generation);
}

std::vector<std::uint32_t> Collection::alive_slots(const Snapshot& snapshot) const {
    std::vector<std::uint32_t> slots;
    slots.reserve(snapshot.num_rows);
    for (std::uint64_t slot = 0; slot < snapshot.num_slots; ++slot) {
        if (is_alive(snapshot, slot)) slots.push_back(static_cast<std::uint32_t>(slot));
    }
    SKEP_ASSERT(slots.size() == snapshot.num_rows, "every erased slot is in the erase log");
    return slots;
}

std::string_view Collection::payload_at(const Snapshot& snapshot, std::uint64_t slot) const {
    return slot < snapshot.num_payload_slots ? payloads_.at(slot) : std::string_view();
}

}  // namespace skep
