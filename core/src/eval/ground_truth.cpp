// SPDX-License-Identifier: MIT
#include "eval/ground_truth.hpp"

#include <skep/skep.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>
#include <vector>

#include "eval/nearest_rows.hpp"
#include "eval/pair_distance.hpp"
#include "io/component_conversion.hpp"
#include "skep/common/assert.hpp"
#include "skep/common/element_type.hpp"

namespace skep {
namespace {

// A block of rows is read once for this many queries.
constexpr std::uint64_t kQueriesPerBlock = 16;
// Rows of a block stay in the second-level cache while the queries pass over them.
constexpr std::uint64_t kBlockBytes = 128 * 1024;
// Enough tasks that workers end together, and slices so long that merging them costs nothing.
constexpr std::uint64_t kTasksPerWorker = 4;
constexpr std::uint64_t kMinRowsPerSlice = 4096;

constexpr const char* kOperation = "ground truth";

std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) {
    return (a + b - 1) / b;
}

// How the pairs of queries and rows are cut into tasks: task t scans slice t % num_slices for query
// block t / num_slices.
struct Partition {
    std::uint64_t num_query_blocks;
    std::uint64_t num_slices;
    std::uint64_t rows_per_slice;

    static Partition choose(std::uint64_t num_queries, std::uint64_t num_rows,
                            std::uint32_t num_workers) {
        const std::uint64_t num_query_blocks = divide_up(num_queries, kQueriesPerBlock);
        const std::uint64_t wanted =
            divide_up(kTasksPerWorker * num_workers, std::max<std::uint64_t>(num_query_blocks, 1));
        const std::uint64_t most = std::max<std::uint64_t>(num_rows / kMinRowsPerSlice, 1);
        const std::uint64_t num_slices = std::clamp<std::uint64_t>(wanted, 1, most);
        return {num_query_blocks, num_slices, divide_up(num_rows, num_slices)};
    }
    [[nodiscard]] std::uint64_t num_tasks() const { return num_query_blocks * num_slices; }
};

// Rows of a matrix as Element, which holds each component exactly: in place if they lie so, else
// copied.
template <typename Element>
class RowReader {
  public:
    explicit RowReader(const skep_matrix& matrix)
        : matrix_(matrix),
          stride_(matrix.row_stride_bytes != 0 ? matrix.row_stride_bytes
                                               : matrix.dim * element_bytes(matrix.dtype)) {
        constexpr skep_dtype kOwn = std::is_same_v<Element, float> ? SKEP_DTYPE_F32 : SKEP_DTYPE_U8;
        is_in_place_ = matrix.dtype == kOwn && stride_ == matrix.dim * sizeof(Element) &&
                       reinterpret_cast<std::uintptr_t>(matrix.data) % alignof(Element) == 0;
    }

    [[nodiscard]] bool is_in_place() const { return is_in_place_; }

    // `buffer` has room for the rows unless they are in place.
    const Element* read(std::uint64_t first, std::uint64_t count, Element* buffer) const {
        const auto* source = static_cast<const std::byte*>(matrix_.data) + first * stride_;
        if (is_in_place_) return reinterpret_cast<const Element*>(source);
        constexpr skep_dtype kOwn = std::is_same_v<Element, float> ? SKEP_DTYPE_F32 : SKEP_DTYPE_U8;
        for (std::uint64_t row = 0; row < count; ++row) {
            convert_components(matrix_.dtype, source + row * stride_, kOwn,
                               reinterpret_cast<std::byte*>(buffer + row * matrix_.dim),
                               matrix_.dim);
        }
        return buffer;
    }

  private:
    const skep_matrix& matrix_;
    std::uint64_t stride_;
    bool is_in_place_;
};

// Element: u8 if both matrices are, else f32.
template <typename Element>
class Scan {
  public:
    Scan(const skep_host_services& host, const skep_matrix& base, const skep_matrix& queries,
         skep_metric metric, std::uint64_t k, CallControl& control)
        : host_(host),
          base_(base),
          queries_(queries),
          base_reader_(base),
          query_reader_(queries),
          metric_(metric),
          control_(control),
          partition_(
              Partition::choose(queries.num_rows, base.num_rows, host.num_workers(host.context))),
          block_rows_(std::clamp<std::uint64_t>(kBlockBytes / (base.dim * sizeof(Element)), 1,
                                                partition_.rows_per_slice)),
          total_steps_(partition_.num_tasks() * divide_up(partition_.rows_per_slice, block_rows_)) {
        // Everything is allocated here, since a task must not throw.
        const std::uint64_t capacity = std::min(k, partition_.rows_per_slice);
        const std::uint64_t num_lists = queries.num_rows * partition_.num_slices;
        memory_ = std::make_unique_for_overwrite<NearRow[]>(num_lists * capacity);
        lists_.reserve(num_lists);
        for (std::uint64_t list = 0; list < num_lists; ++list) {
            lists_.emplace_back(memory_.get() + list * capacity, capacity);
        }
        workers_.resize(host.num_workers(host.context));
        for (Worker& worker : workers_) {
            worker.row_norms.resize(block_rows_);
            if (!base_reader_.is_in_place()) worker.rows.resize(block_rows_ * base.dim);
            if (!query_reader_.is_in_place()) worker.queries.resize(kQueriesPerBlock * base.dim);
        }
    }

    Result<void> run() {
        host_.parallel_for(
            host_.context, partition_.num_tasks(),
            [](void* self, std::uint64_t task, std::uint32_t worker) {
                static_cast<Scan*>(self)->run_task(task,
                                                   static_cast<Scan*>(self)->workers_[worker]);
            },
            this);
        if (stop_.load() == SKEP_OK) return {};
        return Error(stop_.load(),
                     std::string(kOperation) +
                         (stop_.load() == SKEP_CANCELLED ? ": cancelled" : ": deadline exceeded"));
    }

    // The k nearest of a query, ascending.
    void nearest(std::uint64_t query, std::uint64_t k, std::vector<NearRow>& out) const {
        out.clear();
        for (std::uint64_t slice = 0; slice < partition_.num_slices; ++slice) {
            const auto rows = lists_[query * partition_.num_slices + slice].rows();
            out.insert(out.end(), rows.begin(), rows.end());
        }
        std::sort(out.begin(), out.end(), is_nearer);
        if (out.size() > k) out.resize(k);
    }

  private:
    // Memory of one worker, used by one task at a time.
    struct Worker {
        std::vector<Element> queries;  // [kQueriesPerBlock, dim], if they must be copied
        std::vector<Element> rows;     // [block_rows_, dim], likewise
        std::vector<double> row_norms;
    };

    void run_task(std::uint64_t task, Worker& worker) noexcept {
        const std::uint64_t slice = task % partition_.num_slices;
        const std::uint64_t first_query = task / partition_.num_slices * kQueriesPerBlock;
        const std::uint64_t num_queries =
            std::min(kQueriesPerBlock, queries_.num_rows - first_query);
        const Element* queries =
            query_reader_.read(first_query, num_queries, worker.queries.data());
        double query_norms[kQueriesPerBlock];
        measure(queries, num_queries, query_norms);

        const std::uint64_t begin = slice * partition_.rows_per_slice;
        const std::uint64_t end = std::min(begin + partition_.rows_per_slice, base_.num_rows);
        for (std::uint64_t first = begin; first < end; first += block_rows_) {
            if (!may_go_on()) return;
            const std::uint64_t num_rows = std::min(block_rows_, end - first);
            const Element* rows = base_reader_.read(first, num_rows, worker.rows.data());
            measure(rows, num_rows, worker.row_norms.data());
            for (std::uint64_t query = 0; query < num_queries; ++query) {
                NearestRows& list = lists_[(first_query + query) * partition_.num_slices + slice];
                scan_block(queries + query * base_.dim, query_norms[query], rows,
                           worker.row_norms.data(), first, num_rows, list);
            }
        }
    }

    void scan_block(const Element* query, double query_norm, const Element* rows,
                    const double* row_norms, std::uint64_t first_row, std::uint64_t num_rows,
                    NearestRows& list) const noexcept {
        for (std::uint64_t row = 0; row < num_rows; ++row) {
            const double distance = pair_distance(metric_, query, rows + row * base_.dim, base_.dim,
                                                  query_norm, row_norms[row]);
            list.offer({distance, static_cast<std::uint32_t>(first_row + row)});
        }
    }

    // Squared norms, which cosine needs.
    void measure(const Element* rows, std::uint64_t count, double* norms) const noexcept {
        if (metric_ != SKEP_METRIC_COSINE) return;
        for (std::uint64_t row = 0; row < count; ++row) {
            const Element* components = rows + row * base_.dim;
            norms[row] = dot_product_of(components, components, base_.dim);
        }
    }

    bool may_go_on() noexcept {
        if (stop_.load(std::memory_order_relaxed) != SKEP_OK) return false;
        const skep_status status =
            control_.poll(num_steps_.fetch_add(1, std::memory_order_relaxed), total_steps_);
        if (status != SKEP_OK) stop_.store(status);
        return status == SKEP_OK;
    }

    const skep_host_services& host_;
    const skep_matrix& base_;
    const skep_matrix& queries_;
    RowReader<Element> base_reader_;
    RowReader<Element> query_reader_;
    skep_metric metric_;
    CallControl& control_;
    Partition partition_;
    std::uint64_t block_rows_;
    std::uint64_t total_steps_;  // about: a last slice may be shorter
    std::atomic<std::uint64_t> num_steps_{0};
    std::atomic<skep_status> stop_{SKEP_OK};
    std::unique_ptr<NearRow[]> memory_;
    std::vector<NearestRows> lists_;  // [num_queries, num_slices]
    std::vector<Worker> workers_;
};

template <typename Element>
Result<void> scan(const skep_host_services& host, const skep_matrix& base,
                  const skep_matrix& queries, skep_metric metric, std::uint64_t k,
                  std::uint32_t* ids, float* distances, CallControl& control) {
    Scan<Element> scan(host, base, queries, metric, k, control);
    if (const Result<void> ran = scan.run(); !ran) return ran.error();
    // The first query allocates what each of them needs; afterwards nothing can fail any more.
    std::vector<NearRow> nearest;
    for (std::uint64_t query = 0; query < queries.num_rows; ++query) {
        scan.nearest(query, k, nearest);
        for (std::uint64_t rank = 0; rank < nearest.size(); ++rank) {
            ids[query * k + rank] = nearest[rank].row;
            distances[query * k + rank] = static_cast<float>(nearest[rank].distance);
        }
        std::fill(ids + query * k + nearest.size(), ids + (query + 1) * k, SKEP_NO_ROW);
        std::fill(distances + query * k + nearest.size(), distances + (query + 1) * k,
                  std::numeric_limits<float>::infinity());
    }
    return {};
}

}  // namespace

Result<void> compute_ground_truth(const skep_host_services& host, const skep_matrix& base,
                                  const skep_matrix& queries, skep_metric metric, std::uint64_t k,
                                  std::uint32_t* ids, float* distances, CallControl& control) {
    SKEP_ASSERT(k > 0 && base.num_rows <= SKEP_MAX_ROWS, "the caller has checked k and the rows");
    if (base.num_rows == 0) {
        std::fill(ids, ids + queries.num_rows * k, SKEP_NO_ROW);
        std::fill(distances, distances + queries.num_rows * k,
                  std::numeric_limits<float>::infinity());
        return {};
    }
    SKEP_ASSERT(queries.num_rows == 0 || queries.dim == base.dim, "the caller has compared dims");
    const bool is_u8 = base.dtype == SKEP_DTYPE_U8 && queries.dtype == SKEP_DTYPE_U8;
    return is_u8 ? scan<std::uint8_t>(host, base, queries, metric, k, ids, distances, control)
                 : scan<float>(host, base, queries, metric, k, ids, distances, control);
}

}  // namespace skep
