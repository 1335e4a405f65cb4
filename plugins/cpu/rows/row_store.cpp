// SPDX-License-Identifier: MIT
#include "rows/row_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>

#include "argument_checks.hpp"
#include "numeric_environment.hpp"
#include "search/bounds.hpp"
#include "skep/common/element_type.hpp"
#include "work_meter.hpp"

namespace skep::cpu {
namespace {

// Smallest chunk that appending makes.
constexpr std::uint64_t kFirstChunkBytes = std::uint64_t{256} << 10U;
// Rows copied or examined between two polls.
constexpr std::uint64_t kBytesPerStep = std::uint64_t{1} << 20U;

std::uint64_t rows_per_step(std::uint64_t row_bytes) {
    return std::max<std::uint64_t>(1, kBytesPerStep / row_bytes);
}

template <typename Byte>
std::int64_t sum_of_elements(const std::byte* codes, std::size_t dim) {
    const auto* elements = reinterpret_cast<const Byte*>(codes);
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < dim; ++i)
        sum += elements[i];
    return sum;
}

// Bytes of a row of floats that are integers 0..255.
void narrow_row(const std::byte* row, std::size_t dim, std::byte* bytes) {
    for (std::size_t i = 0; i < dim; ++i) {
        float value;
        std::memcpy(&value, row + i * sizeof value, sizeof value);
        bytes[i] = static_cast<std::byte>(static_cast<std::int32_t>(value));
    }
}

// Copies what `from` has at one position to another of `to`, which is laid out alike.
void copy_codes(const CodeChunk& from, std::uint64_t source, const CodeChunk& to,
                std::uint64_t target, std::size_t dim) {
    to.int_terms[target] = from.int_terms[source];
    if (to.writable_codes == nullptr) return;
    std::memcpy(to.writable_codes + target * dim, from.codes + source * dim, dim);
    to.scales[target] = from.scales[source];
    to.residuals[target] = from.residuals[source];
}

}  // namespace

RowStore::RowStore(const CpuBackend& backend, const skep_store_options& options)
    : backend_(backend), options_(options), codes_(std::make_shared<RowCodes>()) {
    if (options.reserve_slots == 0) return;
    RowChunk chunk = make_chunk(options.reserve_slots, "store create");
    CodeChunk code_chunk = make_codes(chunk, "store create");
    add_chunk(std::move(chunk), std::move(code_chunk), *codes_);
}

RowStore::RowStore(const CpuBackend& backend, const skep_store_options& options,
                   const skep_matrix& rows, const skep_release& release, const skep_call* call)
    : backend_(backend), options_(options), codes_(std::make_shared<RowCodes>()) {
    if (rows.num_rows != 0) {
        RowChunk adopted;
        ArrayLayout layout;
        const std::uint64_t float_terms = layout.add<float>(rows.num_rows);
        adopted.memory = HostBuffer(backend.host(), layout.bytes(), "store adopt");
        adopted.capacity_slots = rows.num_rows;
        adopted.rows = static_cast<const std::byte*>(rows.data);
        adopted.row_stride_bytes = rows.row_stride_bytes;
        adopted.float_terms = reinterpret_cast<float*>(adopted.memory.data() + float_terms);
        CodeChunk code_chunk = make_codes(adopted, "store adopt");
        codes_->kind = kind_with(rows);
        const NumericEnvironment environment;
        WorkMeter meter(call, rows.num_rows);
        const WideRows wide = wide_rows("store adopt");
        const std::uint64_t step = rows_per_step(row_bytes());
        for (std::uint64_t first = 0; first < rows.num_rows; first += step) {
            const std::uint64_t count = std::min(step, rows.num_rows - first);
            derive(adopted, code_chunk, codes_->kind, first, count, wide);
            meter.advance(count);
            meter.check("store adopt");
        }
        add_chunk(std::move(adopted), std::move(code_chunk), *codes_);
        num_slots_.store(rows.num_rows, std::memory_order_relaxed);
    }
    release_ = release;
}

RowStore::~RowStore() {
    release_adopted();
}

std::uint64_t RowStore::row_bytes() const {
    return options_.dim * element_bytes(options_.dtype);
}

std::uint64_t RowStore::code_bytes() const {
    if (is_byte_type(options_.dtype)) return sizeof(std::int32_t);
    return options_.dim + sizeof(std::int32_t) + 2 * sizeof(float);
}

RowChunk RowStore::make_chunk(std::uint64_t capacity_slots, const char* operation) const {
    ArrayLayout layout;
    const std::uint64_t rows = layout.add<std::byte>(capacity_slots * row_bytes());
    const std::uint64_t float_terms = layout.add<float>(capacity_slots);
    RowChunk chunk;
    chunk.memory = HostBuffer(backend_.host(), layout.bytes(), operation);
    chunk.capacity_slots = capacity_slots;
    chunk.writable_rows = chunk.memory.data() + rows;
    chunk.rows = chunk.writable_rows;
    chunk.row_stride_bytes = row_bytes();
    chunk.float_terms = reinterpret_cast<float*>(chunk.memory.data() + float_terms);
    return chunk;
}

CodeChunk RowStore::make_codes(const RowChunk& chunk, const char* operation) const {
    const bool are_rows = is_byte_type(options_.dtype);
    const std::uint64_t coded_slots = are_rows ? 0 : chunk.capacity_slots;
    ArrayLayout layout;
    const std::uint64_t codes = layout.add<std::byte>(coded_slots * options_.dim);
    const std::uint64_t int_terms = layout.add<std::int32_t>(chunk.capacity_slots);
    const std::uint64_t scales = layout.add<float>(coded_slots);
    const std::uint64_t residuals = layout.add<float>(coded_slots);
    CodeChunk made;
    made.memory = HostBuffer(backend_.host(), layout.bytes(), operation);
    made.int_terms = reinterpret_cast<std::int32_t*>(made.memory.data() + int_terms);
    if (are_rows) {
        made.codes = chunk.rows;
        made.row_stride_bytes = chunk.row_stride_bytes;
        return made;
    }
    made.writable_codes = made.memory.data() + codes;
    made.codes = made.writable_codes;
    made.row_stride_bytes = options_.dim;
    made.scales = reinterpret_cast<float*>(made.memory.data() + scales);
    made.residuals = reinterpret_cast<float*>(made.memory.data() + residuals);
    return made;
}

void RowStore::add_chunk(RowChunk chunk, CodeChunk code_chunk, RowCodes& codes) {
    const std::uint64_t capacity = capacity_slots_.load(std::memory_order_relaxed);
    chunk.first_slot = capacity;
    capacity_slots_.store(capacity + chunk.capacity_slots, std::memory_order_relaxed);
    reserved_bytes_.fetch_add(chunk.memory.bytes() + code_chunk.memory.bytes(),
                              std::memory_order_relaxed);
    num_buffers_.fetch_add(1, std::memory_order_relaxed);
    chunks_[num_chunks_] = std::move(chunk);
    codes.chunks[num_chunks_] = std::move(code_chunk);
    ++num_chunks_;
}

void RowStore::drop_last_chunk(RowCodes& codes) noexcept {
    --num_chunks_;
    RowChunk& chunk = chunks_[num_chunks_];
    CodeChunk& code_chunk = codes.chunks[num_chunks_];
    capacity_slots_.fetch_sub(chunk.capacity_slots, std::memory_order_relaxed);
    reserved_bytes_.fetch_sub(chunk.memory.bytes() + code_chunk.memory.bytes(),
                              std::memory_order_relaxed);
    num_buffers_.fetch_sub(1, std::memory_order_relaxed);
    chunk = RowChunk{};
    code_chunk = CodeChunk{};
}

std::shared_ptr<const RowCodes> RowStore::codes() const {
    const std::lock_guard<std::mutex> lock(codes_mutex_);
    return codes_;
}

void RowStore::put_in_place(std::shared_ptr<RowCodes> codes) {
    // The lock ends before the old codes may go.
    const std::lock_guard<std::mutex> lock(codes_mutex_);
    codes_.swap(codes);
}

CodeKind RowStore::kind_with(const skep_matrix& rows) const {
    if (is_byte_type(options_.dtype)) return CodeKind::kIntegers;
    if (options_.dim > kMaxIntegerDim) return CodeKind::kScaled;
    if (num_slots() != 0 && codes_->kind == CodeKind::kScaled) return CodeKind::kScaled;
    return has_byte_rows_only(rows, float_row_kernels()) ? CodeKind::kIntegers : CodeKind::kScaled;
}

std::shared_ptr<RowCodes> RowStore::encode_again(CodeKind kind, WorkMeter& meter) const {
    auto codes = std::make_shared<RowCodes>();
    codes->kind = kind;
    for (std::size_t position = 0; position < num_chunks_; ++position)
        codes->chunks[position] = make_codes(chunks_[position], "append");
    const WideRows wide = wide_rows("append");
    const std::uint64_t held = num_slots();
    const std::uint64_t step = rows_per_step(row_bytes());
    for (std::size_t position = 0; position < num_chunks_; ++position) {
        const RowChunk& chunk = chunks_[position];
        const std::uint64_t end = std::min(held, chunk.first_slot + chunk.capacity_slots);
        std::uint64_t pending = 0;
        for (std::uint64_t slot = chunk.first_slot; slot < end; ++slot) {
            encode(chunk, codes->chunks[position], kind, slot, squared_norm(chunk.row(slot)), wide);
            if (++pending < step) continue;
            if (!meter.advance(std::exchange(pending, 0))) return nullptr;
        }
        meter.advance(pending);
    }
    return codes;
}

void RowStore::reserve(std::uint64_t num_slots) {
    if (num_slots > SKEP_MAX_ROWS) {
        fail(SKEP_LIMIT_EXCEEDED,
             fmt::format("reserve: {} rows; a store holds at most {}", num_slots, SKEP_MAX_ROWS));
    }
    const std::uint64_t capacity = capacity_slots_.load(std::memory_order_relaxed);
    if (num_slots <= capacity) return;
    std::uint64_t added = num_slots - capacity;
    if (num_chunks_ >= kMaxExactChunks) added = std::max(added, capacity);
    RowChunk chunk = make_chunk(added, "reserve");
    CodeChunk code_chunk = make_codes(chunk, "reserve");
    add_chunk(std::move(chunk), std::move(code_chunk), *codes_);
}

void RowStore::append(const skep_matrix& rows, const skep_call* call) {
    const std::uint64_t old_slots = num_slots();
    if (rows.num_rows > SKEP_MAX_ROWS - old_slots) {
        fail(SKEP_LIMIT_EXCEEDED, fmt::format("append: {} rows behind {}; a store holds at most {}",
                                              rows.num_rows, old_slots, SKEP_MAX_ROWS));
    }
    const std::uint64_t new_slots = old_slots + rows.num_rows;
    const NumericEnvironment environment;
    const CodeKind kind = kind_with(rows);
    // Nobody looks at the codes of a store without rows, so that they may change where they are.
    if (old_slots == 0) codes_->kind = kind;
    const bool is_encoded_again = kind != codes_->kind;
    WorkMeter meter(call, rows.num_rows + (is_encoded_again ? old_slots : 0));
    std::shared_ptr<RowCodes> codes = is_encoded_again ? encode_again(kind, meter) : codes_;
    meter.check("append");
    const WideRows wide = wide_rows("append");

    const std::uint64_t capacity = capacity_slots_.load(std::memory_order_relaxed);
    const bool has_grown = new_slots > capacity;
    if (has_grown) {
        const std::uint64_t last =
            num_chunks_ == 0 ? 0 : 2 * chunks_[num_chunks_ - 1].capacity_slots;
        std::uint64_t added =
            std::max({new_slots - capacity, last,
                      std::max<std::uint64_t>(1, kFirstChunkBytes / row_bytes())});
        if (num_chunks_ >= kMaxExactChunks) added = std::max(added, capacity);
        RowChunk chunk = make_chunk(added, "append");
        CodeChunk code_chunk = make_codes(chunk, "append");
        add_chunk(std::move(chunk), std::move(code_chunk), *codes);
    }

    const std::uint64_t step = rows_per_step(row_bytes());
    std::uint64_t done = 0;
    std::size_t position = rows.num_rows == 0 ? 0 : chunk_of(old_slots);
    while (done < rows.num_rows && meter.status() == SKEP_OK) {
        RowChunk& chunk = chunks_[position];
        const std::uint64_t slot = old_slots + done;
        const std::uint64_t room = chunk.first_slot + chunk.capacity_slots - slot;
        if (room == 0) {
            ++position;
            continue;
        }
        const std::uint64_t count = std::min({step, room, rows.num_rows - done});
        const auto* source =
            static_cast<const std::byte*>(rows.data) + done * rows.row_stride_bytes;
        std::byte* target = chunk.writable_rows + (slot - chunk.first_slot) * row_bytes();
        if (rows.row_stride_bytes == row_bytes()) {
            std::memcpy(target, source, count * row_bytes());
        } else {
            for (std::uint64_t row = 0; row < count; ++row) {
                std::memcpy(target + row * row_bytes(), source + row * rows.row_stride_bytes,
                            row_bytes());
            }
        }
        derive(chunk, codes->chunks[position], kind, slot, count, wide);
        done += count;
        meter.advance(count);
    }
    if (meter.status() != SKEP_OK) {
        if (has_grown) drop_last_chunk(*codes);
        meter.check("append");
    }
    if (is_encoded_again) put_in_place(std::move(codes));
    num_slots_.store(new_slots, std::memory_order_release);
}

double RowStore::squared_norm(const std::byte* row) const {
    return backend_.kernels().exact[options_.dtype].squared_norm(row, options_.dim);
}

WideRows RowStore::wide_rows(const char* operation) const {
    return {backend_.host(), float_row_kernels(), options_.dtype, options_.dim, operation};
}

void RowStore::derive(const RowChunk& chunk, const CodeChunk& codes, CodeKind kind,
                      std::uint64_t first_slot, std::uint64_t count, const WideRows& wide) const {
    for (std::uint64_t slot = first_slot; slot < first_slot + count; ++slot) {
        const double squared_norm = this->squared_norm(chunk.row(slot));
        chunk.float_terms[slot - chunk.first_slot] =
            float_row_term(options_.metric, options_.dim, squared_norm);
        encode(chunk, codes, kind, slot, squared_norm, wide);
    }
}

void RowStore::encode(const RowChunk& chunk, const CodeChunk& codes, CodeKind kind,
                      std::uint64_t slot, double squared_norm, const WideRows& wide) const {
    const std::uint64_t position = slot - chunk.first_slot;
    const std::byte* row = chunk.row(slot);
    const std::size_t dim = options_.dim;
    std::byte* target =
        codes.writable_codes == nullptr ? nullptr : codes.writable_codes + position * dim;
    if (kind == CodeKind::kScaled) {
        const RowCode code = encode_row(options_.metric, wide.floats(row), dim, squared_norm,
                                        reinterpret_cast<std::uint8_t*>(target));
        codes.int_terms[position] = code.int_term;
        codes.scales[position] = code.scale;
        codes.residuals[position] = code.residual;
        return;
    }
    if (target != nullptr) {
        narrow_row(wide.floats(row), dim, target);
        const RowCode code = integer_row_code(options_.metric, squared_norm);
        codes.scales[position] = code.scale;
        codes.residuals[position] = code.residual;
    }
    const std::byte* bytes = codes.codes + position * codes.row_stride_bytes;
    const std::int64_t sum = options_.dtype == SKEP_DTYPE_I8
                                 ? sum_of_elements<std::int8_t>(bytes, dim)
                                 : sum_of_elements<std::uint8_t>(bytes, dim);
    codes.int_terms[position] =
        integer_row_term(options_.metric, integer_kernels().query_shift, sum, squared_norm);
}

void RowStore::truncate(std::uint64_t num_slots) noexcept {
    if (num_slots < this->num_slots()) num_slots_.store(num_slots, std::memory_order_relaxed);
}

std::size_t RowStore::chunk_of(std::uint64_t slot) const {
    std::size_t position = 0;
    while (slot - chunks_[position].first_slot >= chunks_[position].capacity_slots)
        ++position;
    return position;
}

void RowStore::read(std::uint64_t first_slot, const std::uint32_t* slots,
                    const skep_mutable_matrix& out, const skep_call* call) const {
    const std::uint64_t known = num_slots();
    for (std::uint64_t i = 0; i < out.num_rows; ++i) {
        const std::uint64_t slot = slots == nullptr ? first_slot + i : slots[i];
        if (slot >= known || (slots == nullptr && slot < first_slot)) {
            fail(SKEP_INVALID_ARGUMENT,
                 fmt::format("read: slot {} is not below the {} slots of the store", slot, known));
        }
    }
    // The outputs stay untouched on a stop, so the host is asked before the first row only; copying
    // runs at memory speed.
    WorkMeter meter(call, out.num_rows);
    meter.advance(0);
    meter.check("read");
    std::size_t position = 0;
    for (std::uint64_t i = 0; i < out.num_rows; ++i) {
        const std::uint64_t slot = slots == nullptr ? first_slot + i : slots[i];
        if (slot - chunks_[position].first_slot >= chunks_[position].capacity_slots)
            position = chunk_of(slot);
        std::memcpy(static_cast<std::byte*>(out.data) + i * out.row_stride_bytes,
                    chunks_[position].row(slot), row_bytes());
    }
}

void RowStore::compact(std::uint64_t num_slots, const Mask* mask, const skep_call* call) {
    require(num_slots == this->num_slots(), SKEP_INVALID_ARGUMENT,
            "compact: num_slots must be all slots of the store");
    const Visibility visible(mask, nullptr);
    std::uint64_t num_kept = 0;
    for (std::uint64_t slot = 0; slot < num_slots; slot += 64) {
        const auto count =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(64, num_slots - slot));
        num_kept += static_cast<std::uint64_t>(std::popcount(visible.window(slot, count)));
    }
    const bool is_tight = num_kept == num_slots && release_.release == nullptr &&
                          capacity_slots_.load(std::memory_order_relaxed) == num_slots;
    WorkMeter meter(call, num_kept);
    meter.advance(0);
    meter.check("compact");
    if (is_tight) return;

    RowChunk kept;
    CodeChunk kept_codes;
    auto codes = std::make_shared<RowCodes>();
    codes->kind = codes_->kind;
    if (num_kept != 0) {
        kept = make_chunk(num_kept, "compact");
        kept_codes = make_codes(kept, "compact");
    }
    const std::uint64_t step = rows_per_step(row_bytes());
    std::uint64_t target = 0;
    std::uint64_t pending = 0;
    for (std::size_t position = 0; target < num_kept; ++position) {
        const RowChunk& chunk = chunks_[position];
        const std::uint64_t end = std::min(num_slots, chunk.first_slot + chunk.capacity_slots);
        for (std::uint64_t slot = chunk.first_slot; slot < end; ++slot) {
            if (visible.window(slot, 1) == 0) continue;
            const std::uint64_t source = slot - chunk.first_slot;
            std::memcpy(kept.writable_rows + target * row_bytes(), chunk.row(slot), row_bytes());
            kept.float_terms[target] = chunk.float_terms[source];
            copy_codes(codes_->chunks[position], source, kept_codes, target, options_.dim);
            ++target;
            if (++pending == step) {
                meter.advance(std::exchange(pending, 0));
                meter.check("compact");
            }
        }
    }

    while (num_chunks_ > 0)
        drop_last_chunk(*codes_);
    release_adopted();
    if (num_kept != 0) add_chunk(std::move(kept), std::move(kept_codes), *codes);
    put_in_place(std::move(codes));
    num_slots_.store(num_kept, std::memory_order_relaxed);
}

void RowStore::release_adopted() noexcept {
    const skep_release release = std::exchange(release_, skep_release{nullptr, nullptr});
    if (release.release != nullptr) release.release(release.context);
}

skep_store_stats RowStore::stats() const {
    skep_store_stats stats{};
    stats.struct_size = sizeof stats;
    stats.num_slots = num_slots();
    stats.capacity_slots = capacity_slots_.load(std::memory_order_relaxed);
    stats.used_bytes = stats.num_slots * (row_bytes() + sizeof(float) + code_bytes());
    stats.reserved_bytes = reserved_bytes_.load(std::memory_order_relaxed);
    stats.num_buffers = num_buffers_.load(std::memory_order_relaxed);
    return stats;
}

}  // namespace skep::cpu
