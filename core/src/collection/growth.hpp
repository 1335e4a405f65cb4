// SPDX-License-Identifier: MIT
// How much room a collection asks for when it outgrows what it has.
#pragma once

#include <cstdint>

namespace skep {

// The capacity in rows to reserve so that `needed` rows fit, when `capacity` rows fit now. The
// first room is 1 024 rows or 1 MiB, whichever is more; then it doubles below 1 000 rows, grows by
// half below 10 000 and by a fifth above. Never less than needed, never more than SKEP_MAX_ROWS
// (unless needed is).
[[nodiscard]] std::uint64_t grown_capacity(std::uint64_t capacity, std::uint64_t needed,
                                           std::uint64_t row_bytes);

}  // namespace skep
