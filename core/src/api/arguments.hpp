// SPDX-License-Identifier: MIT
// The first of the three steps of every exported function: is what the caller passed usable?
//
//     return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
//         const Arguments arguments("skep_runtime_explain");
//         arguments.require(runtime, "runtime");
//         const skep_call_options call = arguments.read_optional(options, kFloor, "options");
//         arguments.require_zero(call.reserved, "options.reserved");
//         ...
//     });
//
// Every check throws an Error (SKEP_INVALID_ARGUMENT, client layer) that names function, argument,
// value and expectation; guard() ends it at the boundary.
#pragma once

#include <skep/status.h>

#include <cstdint>
#include <string>

#include "skep/common/struct_copy.hpp"
#include "skep/result.hpp"

namespace skep {

class Arguments {
  public:
    // `function` as the caller knows it; a literal.
    explicit Arguments(const char* function) : function_(function) {}

    [[nodiscard]] const char* function() const { return function_; }

    // An Error of this function: "<function>: <text>".
    [[nodiscard]] Error error(skep_status status, const std::string& text) const {
        return Error(status, std::string(function_) + ": " + text, SKEP_LAYER_CLIENT);
    }
    [[nodiscard]] Error invalid(const std::string& text) const {
        return error(SKEP_INVALID_ARGUMENT, text);
    }

    // A handle, text or output that must be there. Takes function pointers as well.
    template <typename Pointee>
    void require(Pointee* pointer, const char* argument) const {
        if (pointer == nullptr) throw invalid(std::string(argument) + " is NULL; expected a value");
    }

    // A struct of the caller, in or out: there, and at least `floor` bytes (SKEP_SIZE_THROUGH).
    template <typename Struct>
    void require_struct(const Struct* pointer, std::size_t floor, const char* argument) const {
        require(pointer, argument);
        if (!has_size(pointer, floor)) throw too_short(read_struct_size(pointer), floor, argument);
    }

    // A copy of a required struct; members past the caller's struct_size are zero.
    template <typename Struct>
    [[nodiscard]] Struct read(const Struct* pointer, std::size_t floor,
                              const char* argument) const {
        require_struct(pointer, floor, argument);
        return read_struct(pointer);
    }

    // The same where NULL is legal and stands for `fallback`.
    template <typename Struct>
    [[nodiscard]] Struct read_optional(const Struct* pointer, std::size_t floor,
                                       const char* argument, const Struct& fallback = {}) const {
        return pointer == nullptr ? fallback : read(pointer, floor, argument);
    }

    // A reserved field. `field` names it with its struct: "options.reserved".
    void require_zero(std::uint64_t value, const char* field) const {
        if (value != 0) {
            throw invalid(std::string(field) + " is " + std::to_string(value) + "; expected 0");
        }
    }

    // A field of bits of which only `known` ones have a meaning.
    void require_bits(std::uint64_t value, std::uint64_t known, const char* field) const {
        if ((value & ~known) != 0) {
            throw invalid(std::string(field) + " has unknown bits set: " + std::to_string(value) +
                          "; known ones are " + std::to_string(known));
        }
    }

    // An enumerator or level between two limits, both included.
    void require_between(std::int64_t value, std::int64_t lowest, std::int64_t highest,
                         const char* field) const {
        if (value < lowest || value > highest) {
            throw invalid(std::string(field) + " is " + std::to_string(value) + "; expected " +
                          std::to_string(lowest) + " to " + std::to_string(highest));
        }
    }

  private:
    template <typename Struct>
    static std::uint32_t read_struct_size(const Struct* pointer) {
        std::uint32_t size = 0;
        std::memcpy(&size, pointer, sizeof size);
        return size;
    }

    [[nodiscard]] Error too_short(std::uint32_t size, std::size_t floor,
                                  const char* argument) const {
        return invalid(std::string(argument) + "->struct_size is " + std::to_string(size) +
                       "; expected at least " + std::to_string(floor));
    }

    const char* function_;
};

}  // namespace skep
