// SPDX-License-Identifier: MIT
#include "emulated_kernels.hpp"
#include "kernels/modules/graph_choose_bytes.cu"
#include "kernels/modules/graph_choose_s8_s8.cu"
#include "kernels/modules/graph_choose_u8_u8.cu"
#include "kernels/modules/graph_count.cu"
#include "kernels/modules/graph_fill.cu"
#include "kernels/modules/graph_place.cu"
#include "kernels/modules/graph_rank_f32.cu"
#include "kernels/modules/graph_rank_narrow.cu"
#include "kernels/modules/graph_rank_u8.cu"
#include "kernels/modules/graph_search_bytes.cu"
#include "kernels/modules/graph_search_s8_s8.cu"
#include "kernels/modules/graph_search_s8_u8.cu"
#include "kernels/modules/graph_search_u8_u8.cu"
#include "kernels/modules/graph_take_in_bytes.cu"
#include "kernels/modules/graph_take_in_s8_s8.cu"
#include "kernels/modules/graph_take_in_u8_u8.cu"

namespace skep::cuda::emulation {

std::span<const Kernel> graph_kernels() {
    static const Kernel kKernels[] = {
        SKEP_EMULATED_KERNEL(graph_choose_bytes, GraphChooseParams),
        SKEP_EMULATED_KERNEL(graph_choose_s8_s8, GraphChooseParams),
        SKEP_EMULATED_KERNEL(graph_choose_u8_u8, GraphChooseParams),
        SKEP_EMULATED_KERNEL(graph_count, GraphReverseParams),
        SKEP_EMULATED_KERNEL(graph_fill, GraphReverseParams),
        SKEP_EMULATED_KERNEL(graph_place, GraphReverseParams),
        SKEP_EMULATED_KERNEL(graph_rank_f32, GraphRankParams),
        SKEP_EMULATED_KERNEL(graph_rank_narrow, GraphRankParams),
        SKEP_EMULATED_KERNEL(graph_rank_u8, GraphRankParams),
        SKEP_EMULATED_KERNEL(graph_search_bytes, GraphSearchParams),
        SKEP_EMULATED_KERNEL(graph_search_s8_s8, GraphSearchParams),
        SKEP_EMULATED_KERNEL(graph_search_s8_u8, GraphSearchParams),
        SKEP_EMULATED_KERNEL(graph_search_u8_u8, GraphSearchParams),
        SKEP_EMULATED_KERNEL(graph_take_in_bytes, GraphReverseParams),
        SKEP_EMULATED_KERNEL(graph_take_in_s8_s8, GraphReverseParams),
        SKEP_EMULATED_KERNEL(graph_take_in_u8_u8, GraphReverseParams),
    };
    return kKernels;
}

}  // namespace skep::cuda::emulation
