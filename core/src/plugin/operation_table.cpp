// SPDX-License-Identifier: MIT
#include "plugin/operation_table.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <tuple>

#include "skep/common/error_bridge.hpp"
#include "skep/common/struct_copy.hpp"

namespace skep {
namespace {

#define SKEP_OPERATION(name)                           \
    Operation {                                        \
        #name, offsetof(skep_backend_operations, name) \
    }
constexpr std::array kOperations = {
    SKEP_OPERATION(create),
    SKEP_OPERATION(destroy),
    SKEP_OPERATION(probe),
    SKEP_OPERATION(device_count),
    SKEP_OPERATION(device_info),
    SKEP_OPERATION(device_open),
    SKEP_OPERATION(device_close),
    SKEP_OPERATION(store_create),
    SKEP_OPERATION(store_destroy),
    SKEP_OPERATION(store_reserve),
    SKEP_OPERATION(store_append),
    SKEP_OPERATION(store_truncate),
    SKEP_OPERATION(store_read),
    SKEP_OPERATION(mask_create),
    SKEP_OPERATION(mask_destroy),
    SKEP_OPERATION(store_compact),
    SKEP_OPERATION(store_stats),
    SKEP_OPERATION(store_search),
    SKEP_OPERATION(opt_store_range_search),
    SKEP_OPERATION(opt_store_adopt),
    SKEP_OPERATION(opt_device_warm_up),
    SKEP_OPERATION(opt_device_memory),
    SKEP_OPERATION(opt_graph_create),
    SKEP_OPERATION(opt_graph_destroy),
    SKEP_OPERATION(opt_graph_reserve),
    SKEP_OPERATION(opt_graph_link),
    SKEP_OPERATION(opt_graph_clear),
    SKEP_OPERATION(opt_graph_compact),
    SKEP_OPERATION(opt_graph_search),
    SKEP_OPERATION(opt_graph_stats),
    SKEP_OPERATION(opt_graph_export),
    SKEP_OPERATION(opt_graph_import),
    SKEP_OPERATION(opt_extension),
};
#undef SKEP_OPERATION

using AnyOperation = void (*)();

// The list is the table: nothing left out, nothing in another order.
constexpr bool lists_every_operation() {
    std::size_t expected = offsetof(skep_backend_operations, create);
    for (const Operation& operation : kOperations) {
        if (operation.offset != expected) return false;
        expected += sizeof(AnyOperation);
    }
    return expected == sizeof(skep_backend_operations);
}
static_assert(lists_every_operation());

constexpr std::size_t index_of(std::size_t offset) {
    std::size_t index = 0;
    while (kOperations[index].offset != offset)
        ++index;
    return index;
}

// What stands in for an absent optional operation of a signature.
template <typename Signature, std::size_t Index>
struct Stub;

template <std::size_t Index, typename... Arguments>
struct Stub<skep_status (*)(Arguments...), Index> {
    static skep_status call(Arguments... arguments) {
        // error is last everywhere.
        skep_error* const error = std::get<sizeof...(Arguments) - 1>(std::tuple(arguments...));
        constexpr std::string_view kName = kOperations[Index].name;
        const std::string text = std::string(kName) + ": this backend does not have the operation";
        write_error(error, SKEP_UNSUPPORTED, SKEP_LAYER_BACKEND, 0, text.c_str());
        return SKEP_UNSUPPORTED;
    }
};

// Destroys what the missing create never made.
template <std::size_t Index, typename... Arguments>
struct Stub<void (*)(Arguments...), Index> {
    static void call(Arguments...) {}
};

// Asks for an extension: none.
template <std::size_t Index, typename... Arguments>
struct Stub<const void* (*)(Arguments...), Index> {
    static const void* call(Arguments...) { return nullptr; }
};

template <std::size_t Offset, typename Signature>
void fill(Signature& operation) {
    if (operation == nullptr) operation = &Stub<Signature, index_of(Offset)>::call;
}

void fill_optional(skep_backend_operations& operations) {
#define SKEP_FILL(name) fill<offsetof(skep_backend_operations, name)>(operations.name)
    SKEP_FILL(opt_store_range_search);
    SKEP_FILL(opt_store_adopt);
    SKEP_FILL(opt_device_warm_up);
    SKEP_FILL(opt_device_memory);
    SKEP_FILL(opt_graph_create);
    SKEP_FILL(opt_graph_destroy);
    SKEP_FILL(opt_graph_reserve);
    SKEP_FILL(opt_graph_link);
    SKEP_FILL(opt_graph_clear);
    SKEP_FILL(opt_graph_compact);
    SKEP_FILL(opt_graph_search);
    SKEP_FILL(opt_graph_stats);
    SKEP_FILL(opt_graph_export);
    SKEP_FILL(opt_graph_import);
    SKEP_FILL(opt_extension);
#undef SKEP_FILL
}

// Which capability an optional operation belongs to, as backend.h says.
struct CapabilityOperation {
    std::uint64_t capability;
    std::size_t offset;
};
#define SKEP_OFFSET(name) offsetof(skep_backend_operations, name)
constexpr std::array kCapabilityOperations = {
    CapabilityOperation{SKEP_CAPABILITY_RANGE_SEARCH, SKEP_OFFSET(opt_store_range_search)},
    CapabilityOperation{SKEP_CAPABILITY_ADOPT_ROWS, SKEP_OFFSET(opt_store_adopt)},
    CapabilityOperation{SKEP_CAPABILITY_WARM_UP, SKEP_OFFSET(opt_device_warm_up)},
    CapabilityOperation{SKEP_CAPABILITY_MEMORY_STATS, SKEP_OFFSET(opt_device_memory)},
    CapabilityOperation{SKEP_CAPABILITY_GRAPH, SKEP_OFFSET(opt_graph_create)},
    CapabilityOperation{SKEP_CAPABILITY_GRAPH, SKEP_OFFSET(opt_graph_destroy)},
    CapabilityOperation{SKEP_CAPABILITY_GRAPH, SKEP_OFFSET(opt_graph_reserve)},
    CapabilityOperation{SKEP_CAPABILITY_GRAPH, SKEP_OFFSET(opt_graph_link)},
    CapabilityOperation{SKEP_CAPABILITY_GRAPH, SKEP_OFFSET(opt_graph_clear)},
    CapabilityOperation{SKEP_CAPABILITY_GRAPH, SKEP_OFFSET(opt_graph_compact)},
    CapabilityOperation{SKEP_CAPABILITY_GRAPH, SKEP_OFFSET(opt_graph_search)},
    CapabilityOperation{SKEP_CAPABILITY_GRAPH, SKEP_OFFSET(opt_graph_stats)},
    CapabilityOperation{SKEP_CAPABILITY_GRAPH_TRANSFER, SKEP_OFFSET(opt_graph_export)},
    CapabilityOperation{SKEP_CAPABILITY_GRAPH_TRANSFER, SKEP_OFFSET(opt_graph_import)},
};
#undef SKEP_OFFSET

std::uintptr_t pointer_at(const skep_backend_operations& operations, std::size_t offset) {
    std::uintptr_t pointer = 0;
    static_assert(sizeof pointer == sizeof(AnyOperation));
    std::memcpy(&pointer, reinterpret_cast<const char*>(&operations) + offset, sizeof pointer);
    return pointer;
}

}  // namespace

std::span<const Operation> all_operations() {
    return kOperations;
}

bool is_present(const skep_backend_operations& operations, const Operation& operation) {
    return pointer_at(operations, operation.offset) != 0;
}

Result<skep_backend_operations> complete_operations(const skep_backend_operations* table,
                                                    const std::string& backend_name) {
    skep_backend_operations operations = read_struct(table);
    // A size that ends inside a pointer would leave half of one.
    const std::size_t read = std::min<std::size_t>(operations.struct_size, sizeof operations);
    const std::size_t whole = read - read % sizeof(AnyOperation);
    std::memset(reinterpret_cast<char*>(&operations) + whole, 0, sizeof operations - whole);

    std::string missing;
    for (const Operation& operation : kOperations) {
        if (!operation.is_required() || is_present(operations, operation)) continue;
        missing += missing.empty() ? "" : ", ";
        missing += operation.name;
    }
    if (!missing.empty()) {
        return Error(SKEP_OPERATION_MISSING,
                     "operations: backend '" + backend_name +
                         "' lacks required operations: " + missing + " (table of " +
                         std::to_string(operations.struct_size) + " bytes, PLUGIN-3)",
                     SKEP_LAYER_LOADER);
    }
    operations.struct_size = sizeof operations;
    fill_optional(operations);
    return operations;
}

std::string operations_missing_for(std::uint64_t capabilities,
                                   const skep_backend_operations& completed) {
    skep_backend_operations stubs{};
    fill_optional(stubs);
    std::string missing;
    for (const CapabilityOperation& needed : kCapabilityOperations) {
        const bool is_stub =
            pointer_at(completed, needed.offset) == pointer_at(stubs, needed.offset);
        if ((capabilities & needed.capability) == 0 || !is_stub) continue;
        missing += missing.empty() ? "" : ", ";
        missing += kOperations[index_of(needed.offset)].name;
    }
    return missing;
}

}  // namespace skep
