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

// Queries that a kernel reads over the bus itself; more arrive sooner by a copy.
constexpr std::uint64_t kMostReadOverBus = 1024;
// Up to this dimension, distances of whole numbers up to 255 are floats: walks misplace none.
constexpr std::uint32_t kMaxExactDim = 258;

// Rows that are measured for k answers, of those that walks have found.
std::uint32_t num_measured(std::uint64_t k, std::uint32_t width, bool has_exact_scores) {
    const std::uint64_t wished = has_exact_scores ? k : 2 * k + 16;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(wished, width));
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

// One call whose queries walk, some of them at a time.
class GraphSearch {
  public:
    GraphSearch(const Graph& graph, const skep_matrix& queries, const skep_search_request& request,
                const Mask* mask, std::uint32_t width, const skep_call* call)
        : device_(*graph.store().device()),
          lane_(device_.lanes().acquire()),
          input_(graph.store(), queries, request, mask),
          snapshot_(graph.snapshot()),
          view_(graph.view(*snapshot_.memory)),
          k_(static_cast<std::uint32_t>(request.k)),
          width_(width),
          call_(call) {
        const std::uint64_t query_bytes = input_.view().dim * (sizeof(float) + 1) +
                                          width * sizeof(std::uint32_t) +
                                          request.k * (sizeof(std::uint32_t) + sizeof(float));
        wave_ = std::clamp<std::uint64_t>(kMostBytes / query_bytes, 1,
                                          std::min(queries.num_rows, kMostQueries));
        lay_out();
        base_ = lane_->scratch(on_device_.end());
        input_.send_allowed(*lane_, base_ + allowed_at_);
        pinned_ = lane_->pinned(staged_.end());
    }

    // Most queries that run() takes.
    [[nodiscard]] std::uint64_t wave() const { return wave_; }
    // What run() has found, [count, k] each.
    [[nodiscard]] const std::uint32_t* slots() const {
        return reinterpret_cast<const std::uint32_t*>(pinned_ + staged_slots_at_);
    }
    [[nodiscard]] const float* distances() const {
        return reinterpret_cast<const float*>(pinned_ + staged_distances_at_);
    }

    // Answers queries [first, first + count). Returns what stopped it, or SKEP_OK.
    skep_status run(std::uint64_t first, std::uint64_t count) {
        const StagedQueries staged = input_.stage(pinned_ + staged_queries_at_, first, count, true);
        launch_encoding(staged, count);
        const bool has_exact_scores =
            staged.codes_are == kByteCodes && input_.view().dim <= kMaxExactDim;
        const std::uint32_t num_found = num_measured(k_, width_, has_exact_scores);
        launch_walks(staged, count, num_found);
        launch_ranking(count, num_found);
        return lane_->wait(call_);
    }

  private:
    void lay_out() {
        allowed_at_ = on_device_.take(input_.allowed_bytes());
        source_at_ = on_device_.take(wave_ * input_.query_bytes());
        queries_at_ = on_device_.take(wave_ * input_.view().dim * sizeof(float));
        codes_at_ = on_device_.take(wave_ * input_.view().code_stride);
        states_at_ = on_device_.take(wave_ * sizeof(QueryState));
        found_at_ = on_device_.take(wave_ * width_ * sizeof(std::uint32_t));
        staged_queries_at_ = staged_.take(wave_ * input_.query_bytes());
        staged_slots_at_ = staged_.take(wave_ * k_ * sizeof(std::uint32_t));
        staged_distances_at_ = staged_.take(wave_ * k_ * sizeof(float));
    }

    void launch_encoding(const StagedQueries& staged, std::uint64_t count) {
        EncodeQueriesParams params{};
        params.source = pinned_ + staged_queries_at_;
        if (count >= kMostReadOverBus) {
            const std::uint64_t bytes =
                count * input_.view().dim * (staged.has_bytes ? 1 : sizeof(float));
            lane_->copy_to_device(base_ + source_at_, pinned_ + staged_queries_at_, bytes);
            params.source = device_pointer<const void>(base_ + source_at_);
        }
        params.source_is = staged.source_is;
        params.queries = device_pointer<float>(base_ + queries_at_);
        params.codes = device_pointer<std::uint8_t>(base_ + codes_at_);
        params.states = device_pointer<QueryState>(base_ + states_at_);
        params.num_queries = static_cast<std::uint32_t>(count);
        params.dim = input_.view().dim;
        params.code_stride = input_.view().code_stride;
        params.metric = input_.view().metric;
        params.codes_are = staged.codes_are;
        constexpr std::uint32_t kQueriesPerBlock = kEncodeThreads / kPartialSums;
        lane_->launch(device_.modules().function(kernels::kEncodeQueries),
                      (params.num_queries + kQueriesPerBlock - 1) / kQueriesPerBlock, 1,
                      kEncodeThreads, 0, params, kernels::kEncodeQueries);
    }

    void launch_walks(const StagedQueries& staged, std::uint64_t count, std::uint32_t num_found) {
        const WalkLaunch launch = plan_walk(width_, device_.facts());
        GraphSearchParams params{};
        params.view = input_.view();
        params.graph = view_;
        params.filter = input_.filter();
        params.codes = device_pointer<const std::uint8_t>(base_ + codes_at_);
        params.states = device_pointer<const QueryState>(base_ + states_at_);
        params.seeds = device_pointer<const std::uint32_t>(snapshot_.seeds->on_device.pointer());
        params.found = device_pointer<std::uint32_t>(base_ + found_at_);
        params.num_slots = input_.num_slots();
        params.num_queries = static_cast<std::uint32_t>(count);
        params.num_seeds = static_cast<std::uint32_t>(snapshot_.seeds->slots.size());
        params.seed_level = snapshot_.seeds->level;
        params.width = width_;
        params.num_visited = launch.num_visited;
        params.num_found = num_found;
        const char* name = graph_kernels(input_.codes_are(), staged.codes_are).search;
        lane_->launch(graph_kernel(device_, name), walk_blocks(count), 1, kWalkThreads,
                      launch.shared_bytes, params, name);
    }

    void launch_ranking(std::uint64_t count, std::uint32_t num_found) {
        GraphRankParams params{};
        params.view = input_.view();
        params.queries = device_pointer<const float>(base_ + queries_at_);
        params.states = device_pointer<const QueryState>(base_ + states_at_);
        params.found = device_pointer<const std::uint32_t>(base_ + found_at_);
        params.slots = reinterpret_cast<std::uint32_t*>(pinned_ + staged_slots_at_);
        params.distances = reinterpret_cast<float*>(pinned_ + staged_distances_at_);
        params.num_found = num_found;
        params.k = k_;
        params.sort_capacity = std::max(2U, std::bit_ceil(num_found));
        const char* name =
            kernels::row_kernels(static_cast<skep_dtype>(input_.view().element_type)).graph_rank;
        lane_->launch(graph_kernel(device_, name), static_cast<std::uint32_t>(count), 1,
                      kRankThreads, graph_rank_bytes(params.sort_capacity), params, name);
    }

    Device& device_;
    LanePool::Lease lane_;
    SearchInput input_;
    Graph::Snapshot snapshot_;
    GraphView view_;
    std::uint32_t k_;
    std::uint32_t width_;
    const skep_call* call_;
    std::uint64_t wave_ = 0;
    CUdeviceptr base_ = 0;
    ScratchLayout on_device_;
    std::uint64_t allowed_at_ = 0;
    std::uint64_t source_at_ = 0;
    std::uint64_t queries_at_ = 0;
    std::uint64_t codes_at_ = 0;
    std::uint64_t states_at_ = 0;
    std::uint64_t found_at_ = 0;
    std::byte* pinned_ = nullptr;
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

void Graph::check_walks() {
    constexpr std::uint64_t kLeastLinked = 2048;
    constexpr std::uint64_t kSample = 64;
    constexpr std::uint64_t kK = 10;
    constexpr std::uint32_t kWidth = 256;
    constexpr double kLeastRecall = 0.8;
    const std::uint64_t num_linked = snapshot().num_linked;
    if (num_linked < std::max(kLeastLinked, 2 * num_checked_)) return;
    num_checked_ = num_linked;
    // A defect here is no reason to fail what was linked: it shows again in the next call.
    try {
        std::vector<std::uint32_t> sample(kSample);
        for (std::uint64_t i = 0; i < kSample; ++i)
            sample[i] = static_cast<std::uint32_t>(i * num_linked / kSample);
        std::vector<std::byte> rows(kSample * store_.dim() * element_bytes(store_.dtype()));
        const skep_mutable_matrix target = SKEP_HOST_MATRIX(skep_mutable_matrix, store_.dtype(),
                                                            rows.data(), kSample, store_.dim());
        store_.read(0, sample.data(), target, nullptr);
        const skep_matrix queries =
            SKEP_HOST_MATRIX(skep_matrix, store_.dtype(), rows.data(), kSample, store_.dim());
        skep_search_request request{};
        request.struct_size = sizeof request;
        request.num_slots = num_linked;
        request.k = kK;
        std::vector<std::uint32_t> slots(kSample * kK);
        std::vector<float> distances(kSample * kK);
        const skep_search_answer answer{sizeof answer, SKEP_MEMORY_HOST, 0, 0,
                                        slots.data(),  distances.data()};
        store_.search(queries, request, nullptr, answer, nullptr);

        const ScopedContext scope(*store_.device()->context(), "graph link");
        GraphSearch walks(*this, queries, request, nullptr, kWidth, nullptr);
        walks.run(0, kSample);
        std::uint64_t num_found = 0;
        for (std::uint64_t i = 0; i < kSample * kK; ++i) {
            const float limit = distances[i / kK * kK + kK - 1];
            if (walks.slots()[i] != kNoSlot && walks.distances()[i] <= limit) ++num_found;
        }
        const double recall = static_cast<double>(num_found) / static_cast<double>(kSample * kK);
        if (walks_find_ && recall < kLeastRecall) {
            walks_find_ = false;
            store_.device()->context()->log().write(
                SKEP_LOG_WARNING,
                "graph of {} rows: walks find {:.0f} % of a sample's neighbours; searches are "
                "exact from now on",
                num_linked, 100.0 * recall);
        }
    } catch (const Error& failure) {
        store_.device()->context()->log().write(SKEP_LOG_WARNING, "graph link: {}",
                                                failure.message());
    }
}

skep_status Graph::search(const skep_matrix& queries, const skep_search_request& request,
                          const Mask* mask, const skep_search_answer& answer,
                          const skep_call* call) const {
    skep_search_request asked = request;
    asked.num_slots = std::min(request.num_slots, snapshot().num_linked);
    const std::uint64_t num_answers = queries.num_rows * asked.k;
    if (num_answers == 0) return SKEP_OK;
    const std::uint64_t num_visible = count_visible(asked, mask);
    const std::uint32_t width =
        num_visible == 0 || !walks_find_ || store_.is_searched_plainly(asked.num_slots)
            ? 0
            : SearchChoice(asked.num_slots, num_visible, queries.num_rows, asked.k, asked.ef_search,
                           store_.code_bytes(), store_.device()->settings().walks)
                  .width();
    if (width == 0) return store_.search(queries, asked, mask, answer, call);

    const ScopedContext scope(*store_.device()->context(), "graph search");
    const std::uint64_t k = asked.k;
    const std::uint64_t num_wanted = std::min(k, num_visible);
    // Walks that bring too few answers, as those with a filter far from the query.
    std::vector<std::uint64_t> short_ones;
    // Everything lands here first, unless it is one wave: a search that fails or is stopped writes
    // no output.
    std::vector<std::uint32_t> slots;
    std::vector<float> distances;
    {
        GraphSearch walks(*this, queries, asked, mask, width, call);
        for (std::uint64_t first = 0; first < queries.num_rows; first += walks.wave()) {
            if (call != nullptr) {
                const skep_status stop = call->poll(call->context, first, queries.num_rows);
                if (stop != SKEP_OK) return stop;
            }
            const std::uint64_t count = std::min(walks.wave(), queries.num_rows - first);
            const skep_status stop = walks.run(first, count);
            if (stop != SKEP_OK) return stop;
            for (std::uint64_t query = 0; query < count; ++query) {
                if (walks.slots()[query * k + num_wanted - 1] == kNoSlot)
                    short_ones.push_back(first + query);
            }
            if (count == queries.num_rows && short_ones.empty()) {
                std::memcpy(answer.slots, walks.slots(), num_answers * sizeof(std::uint32_t));
                std::memcpy(answer.distances, walks.distances(), num_answers * sizeof(float));
                return SKEP_OK;
            }
            slots.insert(slots.end(), walks.slots(), walks.slots() + count * k);
            distances.insert(distances.end(), walks.distances(), walks.distances() + count * k);
        }
    }
    if (!short_ones.empty()) {
        const SomeQueries some(queries, short_ones);
        std::vector<std::uint32_t> more_slots(short_ones.size() * k);
        std::vector<float> more_distances(more_slots.size());
        skep_search_answer more = answer;
        more.slots = more_slots.data();
        more.distances = more_distances.data();
        const skep_status stop = store_.search(some.matrix(), asked, mask, more, call);
        if (stop != SKEP_OK) return stop;
        for (std::size_t i = 0; i < short_ones.size(); ++i) {
            std::memcpy(slots.data() + short_ones[i] * k, more_slots.data() + i * k,
                        k * sizeof(std::uint32_t));
            std::memcpy(distances.data() + short_ones[i] * k, more_distances.data() + i * k,
                        k * sizeof(float));
        }
    }
    std::memcpy(answer.slots, slots.data(), num_answers * sizeof(std::uint32_t));
    std::memcpy(answer.distances, distances.data(), num_answers * sizeof(float));
    return SKEP_OK;
}

}  // namespace skep::cuda
