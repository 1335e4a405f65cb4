// SPDX-License-Identifier: MIT
// The operations of SKEP_CAPABILITY_GRAPH and SKEP_CAPABILITY_GRAPH_TRANSFER.
#pragma once

#include <skep/backend.h>

namespace skep::cuda {

void add_graph_operations(skep_backend_operations& table);

}  // namespace skep::cuda
