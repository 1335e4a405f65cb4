// SPDX-License-Identifier: MIT
// What C++ makes of both ABIs: the same layout as C, and the types besides. Compiling it is the
// test.
#include <skep/backend.h>
#include <skep/skep.h>

#include <type_traits>

#define SKEP_CHECK_SIZE(type, bytes)                                              \
    static_assert(sizeof(type) >= (bytes), #type " has become shorter");          \
    static_assert(std::is_standard_layout<type>::value, #type " is no C struct"); \
    static_assert(std::is_trivial<type>::value, #type " is no C struct");
#define SKEP_CHECK_MEMBER(type, member, offset, bytes, ...)                                 \
    static_assert(offsetof(type, member) == (offset), #type "::" #member " has moved");     \
    static_assert(sizeof(type::member) == (bytes), #type "::" #member " has another size"); \
    static_assert(std::is_same<decltype(type::member), __VA_ARGS__>::value,                 \
                  #type "::" #member " has another type");
#define SKEP_CHECK_VALUE(name, number) \
    static_assert((name) == (number), #name " has another number");
#define SKEP_CHECK_FUNCTION(name, ...) \
    static_assert(std::is_same<decltype(name), __VA_ARGS__>::value, #name " has another type");

#include "layout.inc"
