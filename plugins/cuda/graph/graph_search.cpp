// SPDX-License-Identifier: MIT
// Searching a graph: queries to the device, one walk each, the best of what walks have found
// measured exactly. Where an exact search is cheaper, or a walk brings too little, that answers.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "graph/graph.hpp"
#include "graph/graph_kernels.hpp"
#include "graph/search_choice.hpp"
#include "index/search_input.hpp"
#include "kernels/encode_params.h"
#include "skep/common/element_type.hpp"

namespace skep::cuda {
namespace {

// Queries in flight together, bounded by what they take of the device's and of pinned memory.
constexpr std::uint64_t kMostQueries = 16384;
constexpr std::uint64_t kMostBytes = 256ULL << 20;

// Rows that are measured for k answers: codes may misplace some.
std::uint32_t num_measured(std::uint64_t k, std::uint32_t width) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(2 * k + 16, width));
}

std::uint64_t count_visible(const skep_search_request& request, const Mask* mask) {
    if (request.allowed == nullptr) {
        const std::uint64_t num_erased = mask == nullptr ? 0 : mask->num_erased();
        return request.num_slots - std::min(request.num_slots, num_erased);
    }
    const skep_bitmap& allowed = *request.allowed;
    const std::uint64_t num_bits = std::min(request.num_slots, allowed.num_bits);
    std::uint64_t count = 0;
    for (std::uint64_t first = 0; first < num_bits; first += 64) {
        std::uint64_t word = allowed.words[first / 64];
        if (num_bits - first < 64) word &= (std::uint64_t{1} << (num_bits - first)) - 1;
        if (mask != nullptr) word &= ~mask->word_at(first);
        count += static_cast<std::uint64_t>(std::popcount(word));
    }
    return count;
}

// One call whose queries walk.
class GraphSearch {
  public:
    GraphSearch(const Graph& graph, const skep_matrix& queries, const skep_search_request& request,
                const Mask* mask, std::uint32_t width, const skep_call* call)
        : device_(*graph.store().device()),
          input_(graph.store(), queries, request, mask),
          snapshot_(graph.snapshot()),
          view_(graph.view(*snapshot_.memory)),
          num_queries_(queries.num_rows),
          k_(static_cast<std::uint32_t>(request.k)),
          width_(width),
          num_found_(num_measured(request.k, width)),
          call_(call) {}

    // Fills slots and distances, [num_queries, k] each; returns what stopped it, or SKEP_OK.
    skep_status run(std::uint32_t* slots, float* distances) {
        const LanePool::Lease lane = device_.lanes().acquire();
        const std::uint64_t row_bytes = input_.view().dim * (sizeof(float) + 1) +
                                        num_found_ * sizeof(std::uint32_t) +
                                        k_ * (sizeof(std::uint32_t) + sizeof(float));
        const std::uint64_t wave = std::clamp<std::uint64_t>(kMostBytes / row_bytes, 1,
                                                             std::min(num_queries_, kMostQueries));
        lay_out(wave);
        const CUdeviceptr base = lane->scratch(on_device_.end());
        input_.send_allowed(*lane, base + allowed_at_);
        for (std::uint64_t first = 0; first < num_queries_; first += wave) {
            if (call_ != nullptr) {
                const skep_status stop = call_->poll(call_->context, first, num_queries_);
                if (stop != SKEP_OK) return stop;
            }
            const std::uint64_t count = std::min(wave, num_queries_ - first);
            const skep_status stop =
                run_wave(*lane, base, first, count, slots + first * k_, distances + first * k_);
            if (stop != SKEP_OK) return stop;
        }
        return SKEP_OK;
    }

  private:
    void lay_out(std::uint64_t wave) {
        allowed_at_ = on_device_.take(input_.allowed_bytes());
        queries_at_ = on_device_.take(wave * input_.view().dim * sizeof(float));
        codes_at_ = on_device_.take(wave * input_.view().code_stride);
        states_at_ = on_device_.take(wave * sizeof(QueryState));
        found_at_ = on_device_.take(wave * num_found_ * sizeof(std::uint32_t));
        staged_queries_at_ = staged_.take(wave * input_.query_bytes());
        staged_slots_at_ = staged_.take(wave * k_ * sizeof(std::uint32_t));
        staged_distances_at_ = staged_.take(wave * k_ * sizeof(float));
    }

    skep_status run_wave(Lane& lane, CUdeviceptr base, std::uint64_t first, std::uint64_t count,
                         std::uint32_t* slots, float* distances) {
        std::byte* pinned = lane.pinned(staged_.end());
        const StagedQueries staged = input_.stage(pinned + staged_queries_at_, first, count, true);
        const auto num_queries = static_cast<std::uint32_t>(count);

        EncodeQueriesParams encode{};
        encode.source = pinned + staged_queries_at_;
        encode.source_is = staged.source_is;
        encode.queries = device_pointer<float>(base + queries_at_);
        encode.codes = device_pointer<std::uint8_t>(base + codes_at_);
        encode.states = device_pointer<QueryState>(base + states_at_);
        encode.num_queries = num_queries;
        encode.dim = input_.view().dim;
        encode.code_stride = input_.view().code_stride;
        encode.metric = input_.view().metric;
        encode.codes_are = staged.codes_are;
        constexpr std::uint32_t kQueriesPerBlock = kEncodeThreads / kPartialSums;
        lane.launch(device_.modules().function(kernels::kEncodeQueries),
                    (num_queries + kQueriesPerBlock - 1) / kQueriesPerBlock, 1, kEncodeThreads, 0,
                    encode, kernels::kEncodeQueries);

        const WalkLaunch launch = plan_walk(width_, device_.facts());
        GraphSearchParams walk{};
        walk.view = input_.view();
        walk.graph = view_;
        walk.filter = input_.filter();
        walk.codes = encode.codes;
        walk.states = encode.states;
        walk.seeds = device_pointer<const std::uint32_t>(snapshot_.seeds->on_device.pointer());
        walk.found = device_pointer<std::uint32_t>(base + found_at_);
        walk.num_slots = input_.num_slots();
        walk.num_queries = num_queries;
        walk.num_seeds = static_cast<std::uint32_t>(snapshot_.seeds->slots.size());
        walk.seed_level = snapshot_.seeds->level;
        walk.width = width_;
        walk.num_visited = launch.num_visited;
        walk.num_found = num_found_;
        const char* name = graph_kernels(input_.codes_are(), staged.codes_are).search;
        lane.launch(graph_kernel(device_, name), graph_blocks(num_queries), 1, kGraphThreads,
                    launch.shared_bytes, walk, name);

        GraphRankParams rank{};
        rank.view = input_.view();
        rank.queries = encode.queries;
        rank.states = encode.states;
        rank.found = walk.found;
        rank.slots = reinterpret_cast<std::uint32_t*>(pinned + staged_slots_at_);
        rank.distances = reinterpret_cast<float*>(pinned + staged_distances_at_);
        rank.num_found = num_found_;
        rank.k = k_;
        rank.sort_capacity = std::max(2U, std::bit_ceil(num_found_));
        const char* rank_name =
            kernels::row_kernels(static_cast<skep_dtype>(input_.view().element_type)).graph_rank;
        const std::uint32_t rank_bytes = graph_rank_bytes(rank.sort_capacity);
        lane.launch(graph_kernel(device_, rank_name), num_queries, 1, kRankThreads, rank_bytes,
                    rank, rank_name);
        const skep_status stop = lane.wait(call_);
        if (stop != SKEP_OK) return stop;
        std::memcpy(slots, rank.slots, count * k_ * sizeof(std::uint32_t));
        std::memcpy(distances, rank.distances, count * k_ * sizeof(float));
        return SKEP_OK;
    }

    Device& device_;
    SearchInput input_;
    Graph::Snapshot snapshot_;
    GraphView view_;
    std::uint64_t num_queries_;
    std::uint32_t k_;
    std::uint32_t width_;
    std::uint32_t num_found_;
    const skep_call* call_;
    ScratchLayout on_device_;
    std::uint64_t allowed_at_ = 0;
    std::uint64_t queries_at_ = 0;
    std::uint64_t codes_at_ = 0;
    std::uint64_t states_at_ = 0;
    std::uint64_t found_at_ = 0;
    ScratchLayout staged_;
    std::uint64_t staged_queries_at_ = 0;
    std::uint64_t staged_slots_at_ = 0;
    std::uint64_t staged_distances_at_ = 0;
};

// Queries, some of a matrix, as a dense matrix of their own.
class SomeQueries {
  public:
    SomeQueries(const skep_matrix& all, const std::vector<std::uint64_t>& ids) : matrix_(all) {
        const std::uint64_t bytes = all.dim * element_bytes(all.dtype);
        const std::uint64_t stride = all.row_stride_bytes != 0 ? all.row_stride_bytes : bytes;
        rows_.resize(ids.size() * bytes);
        for (std::size_t i = 0; i < ids.size(); ++i) {
            std::memcpy(rows_.data() + i * bytes,
                        static_cast<const std::byte*>(all.data) + ids[i] * stride, bytes);
        }
        matrix_.num_rows = ids.size();
        matrix_.row_stride_bytes = 0;
        matrix_.data = rows_.data();
    }
    [[nodiscard]] const skep_matrix& matrix() const { return matrix_; }

  private:
    skep_matrix matrix_;
    std::vector<std::byte> rows_;
};

}  // namespace

skep_status Graph::search(const skep_matrix& queries, const skep_search_request& request,
                          const Mask* mask, const skep_search_answer& answer,
                          const skep_call* call) const {
    skep_search_request asked = request;
    asked.num_slots = std::min(request.num_slots, snapshot().num_linked);
    const std::uint64_t num_answers = queries.num_rows * asked.k;
    if (num_answers == 0) return SKEP_OK;
    const std::uint64_t num_visible = count_visible(asked, mask);
    const std::uint32_t width =
        num_visible == 0 || store_.is_searched_plainly(asked.num_slots)
            ? 0
            : SearchChoice(asked.num_slots, num_visible, queries.num_rows, asked.k, asked.ef_search,
                           store_.code_bytes(), store_.device()->settings().walks)
                  .width();
    if (width == 0) return store_.search(queries, asked, mask, answer, call);

    const ScopedContext scope(*store_.device()->context(), "graph search");
    // Everything lands here first: a search that fails or is stopped writes no output.
    std::vector<std::uint32_t> slots(num_answers);
    std::vector<float> distances(num_answers);
    const skep_status stop =
        GraphSearch(*this, queries, asked, mask, width, call).run(slots.data(), distances.data());
    if (stop != SKEP_OK) return stop;

    // Walks that brought too few answers, as those with a filter far from the query.
    std::vector<std::uint64_t> short_ones;
    const std::uint64_t num_wanted = std::min(asked.k, num_visible);
    for (std::uint64_t query = 0; query < queries.num_rows; ++query) {
        if (slots[query * asked.k + num_wanted - 1] == kNoSlot) short_ones.push_back(query);
    }
    if (!short_ones.empty()) {
        const SomeQueries some(queries, short_ones);
        std::vector<std::uint32_t> more_slots(short_ones.size() * asked.k);
        std::vector<float> more_distances(more_slots.size());
        skep_search_answer more = answer;
        more.slots = more_slots.data();
        more.distances = more_distances.data();
        const skep_status again = store_.search(some.matrix(), asked, mask, more, call);
        if (again != SKEP_OK) return again;
        for (std::size_t i = 0; i < short_ones.size(); ++i) {
            const auto from = static_cast<std::ptrdiff_t>(i * asked.k);
            const auto to = static_cast<std::ptrdiff_t>(short_ones[i] * asked.k);
            const auto k = static_cast<std::ptrdiff_t>(asked.k);
            std::copy_n(more_slots.begin() + from, k, slots.begin() + to);
            std::copy_n(more_distances.begin() + from, k, distances.begin() + to);
        }
    }
    std::memcpy(answer.slots, slots.data(), num_answers * sizeof(std::uint32_t));
    std::memcpy(answer.distances, distances.data(), num_answers * sizeof(float));
    return SKEP_OK;
}

}  // namespace skep::cuda
