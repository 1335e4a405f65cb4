// SPDX-License-Identifier: MIT
// The operations of a backend as the host uses them: all there, none of them null.
#pragma once

#include <skep/backend.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "skep/result.hpp"

namespace skep {

// One operation of skep_backend_operations: its name and where its pointer lies.
struct Operation {
    std::string_view name;
    std::size_t offset;

    // The naming rule of backend.h.
    [[nodiscard]] constexpr bool is_required() const { return !name.starts_with("opt_"); }
};

// Every operation, in the order of the table.
std::span<const Operation> all_operations();

// Whether the pointer of an operation is set.
bool is_present(const skep_backend_operations& operations, const Operation& operation);

// A complete copy of a backend's table, of which only the first struct_size bytes are read. Missing
// required operations fail with all their names in one message (SKEP_OPERATION_MISSING); missing
// optional ones become stubs that answer SKEP_UNSUPPORTED and name the operation.
Result<skep_backend_operations> complete_operations(const skep_backend_operations* table,
                                                    const std::string& backend_name);

// The operations that declared capabilities stand for and that a completed table has only stubs of,
// by name; empty if all are there.
std::string operations_missing_for(std::uint64_t capabilities,
                                   const skep_backend_operations& completed);

}  // namespace skep
