// SPDX-License-Identifier: MIT
// Rows of one shape on one GPU, and exact search over them.
#pragma once

#include <skep/backend.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "device.hpp"
#include "driver/growable_memory.hpp"
#include "index/mask.hpp"
#include "index/pass_choice.hpp"
#include "kernels/flat_types.h"
#include "skep/common/element_type.hpp"

namespace skep::cuda {

// Throws what is wrong with the shape of a store.
void require_store_shape(const skep_store_options& options, const char* operation);

class FlatStore {
  public:
    // Throws on an impossible shape. Allocates what reserve_slots asks for.
    FlatStore(std::shared_ptr<Device> device, const skep_store_options& options);
    FlatStore(const FlatStore&) = delete;
    FlatStore& operator=(const FlatStore&) = delete;

    [[nodiscard]] const std::shared_ptr<Device>& device() const { return device_; }

    [[nodiscard]] skep_dtype dtype() const { return dtype_; }
    [[nodiscard]] std::uint32_t dim() const { return dim_; }
    [[nodiscard]] skep_metric metric() const { return metric_; }
    [[nodiscard]] std::uint64_t num_slots() const { return num_slots_; }
    [[nodiscard]] std::uint32_t code_bytes() const { return code_stride_; }

    // Whether a search of the first num_slots rows goes without a filter: the launches of a filter
    // take longer than so few distances, and its kernels take the driver's compiler longer by far.
    // Bounded in elements too, so that large batches over long rows get the matrix units.
    [[nodiscard]] bool is_searched_plainly(std::uint64_t num_slots) const {
        constexpr std::uint64_t kMaxElements = 1ULL << 19;
        return num_slots <= device_->settings().max_plain_slots && num_slots * dim_ <= kMaxElements;
    }

    // What kernels see of the rows that there are, and what keeps it in memory.
    struct Snapshot {
        std::uint64_t num_slots;
        RowsView view;
        std::int32_t codes_are;  // k...Codes
        std::shared_ptr<const void> memory;
    };
    [[nodiscard]] Snapshot snapshot() const;

    void reserve(std::uint64_t num_slots);
    // Returns what stopped it, or SKEP_OK. The store then holds what it held.
    skep_status append(const skep_matrix& rows, const skep_call* call);
    // Gives rows codes that have none because the store is small. A write call.
    skep_status encode_all(const skep_call* call);
    void truncate(std::uint64_t num_slots) noexcept;
    skep_status read(std::uint64_t first_slot, const std::uint32_t* slots,
                     const skep_mutable_matrix& out, const skep_call* call) const;
    skep_status compact(std::uint64_t num_slots, const Mask* mask, const skep_call* call);
    [[nodiscard]] skep_store_stats stats() const;
    // mask: that of the request, typed.
    skep_status search(const skep_matrix& queries, const skep_search_request& request,
                       const Mask* mask, const skep_search_answer& answer,
                       const skep_call* call) const;

  private:
    friend class FlatSearch;
    friend class SearchInput;

    // What is kept of every row, each in memory of its own.
    enum Column : std::size_t { kRows, kCodes, kHalfNorms, kBounds, kNumColumns };

    // The memories of all rows; replaced as a whole when rows move or change their codes. Searches
    // that run keep the one they began with.
    struct Memory {
        // Codes: null for rows of bytes, which serve as their own.
        std::array<std::shared_ptr<GrowableMemory>, kNumColumns> columns;
        // k...Codes; changes only while no row is encoded.
        std::atomic<std::int32_t> codes_are{kByteCodes};

        [[nodiscard]] CUdeviceptr at(Column column) const {
            return columns[column] ? columns[column]->pointer() : 0;
        }
    };

    [[nodiscard]] std::uint32_t row_stride_bytes() const {
        return static_cast<std::uint32_t>(row_bytes_[kRows]);
    }
    // Of a row as applications have it.
    [[nodiscard]] std::uint64_t host_row_bytes() const { return dim_ * element_bytes(dtype_); }
    // Whether rows serve as their own codes.
    [[nodiscard]] bool has_byte_rows() const { return is_byte_type(dtype_); }
    // k...Codes that a store begins with.
    [[nodiscard]] std::int32_t first_codes() const {
        return dtype_ == SKEP_DTYPE_I8 ? kSignedCodes : kByteCodes;
    }
    // Bytes of a column; kernels read 16 at a time.
    [[nodiscard]] std::uint64_t column_bytes(std::size_t column, std::uint64_t num_slots) const {
        return (num_slots * row_bytes_[column] + 15) / 16 * 16;
    }
    [[nodiscard]] std::shared_ptr<Memory> memory() const;
    [[nodiscard]] std::uint64_t capacity_slots(const Memory& memory) const;
    // Address ranges that can hold num_slots rows; nothing is mapped.
    std::shared_ptr<GrowableMemory> make_column(std::size_t column, std::uint64_t num_slots) const;
    std::shared_ptr<Memory> make_memory(std::uint64_t num_slots) const;
    void grow_in_place(Memory& memory, std::uint64_t num_slots, const char* operation) const;
    // Room for num_slots rows; moves to new memory where the old cannot grow. The context is
    // current. Throws and changes nothing when memory runs out.
    void make_room(std::uint64_t num_slots, const char* operation);
    void replace_memory(std::shared_ptr<Memory> memory);
    // Puts the encoding of rows that lie on the device on the lane's stream. misfits: in pinned
    // memory, set to what codes rows need that the memory's do not fit; unused for rows of bytes
    // and signed codes.
    void encode(Lane& lane, const Memory& memory, std::uint64_t first_slot, std::uint64_t end_slot,
                std::uint32_t* misfits) const;
    // Gives the first num_slots rows codes that fit, beside those that searches may be using.
    skep_status change_codes(Lane& lane, const Memory& memory, std::uint64_t num_slots,
                             std::uint32_t* misfits, const skep_call* call);

    std::shared_ptr<Device> device_;
    skep_metric metric_;
    skep_dtype dtype_;
    std::uint32_t dim_;
    std::uint32_t code_stride_;
    std::array<std::uint64_t, kNumColumns> row_bytes_;

    mutable std::mutex memory_mutex_;
    std::shared_ptr<Memory> memory_;
    std::atomic<std::uint64_t> num_slots_{0};
    std::uint64_t num_encoded_ = 0;  // write calls only: the first rows, ready for the filter
    mutable std::atomic<std::uint64_t> num_exact_retries_{0};
    mutable PassChoice pass_choice_;
};

}  // namespace skep::cuda
