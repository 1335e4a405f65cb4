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

// Copies what `from` has at one position to another of `to`, which is laid out alike.
void copy_codes(const CodeChunk& from, std::uint64_t source, const CodeChunk& to,
                std::uint64_t target, std::size_t dim) {
    to.int_terms[target] = from.int_terms[source];
    if (to.writable_codes != nullptr)
        std::memcpy(to.writable_codes + target * dim, from.codes + source * dim, dim);
    if (to.scales == nullptr) return;
    to.scales[target] = from.scales[source];
    to.residuals[target] = from.residuals[source];
}

}  // namespace

RowStore::RowStore(const CpuBackend& backend, const skep_store_options& options)
    : backend_(backend), options_(options), table_(std::make_shared<RowTable>()) {
    if (options.reserve_slots == 0) return;
    add_chunk(*table_, options.reserve_slots, options.dtype, "store create");
    count_table();
}

RowStore::RowStore(const CpuBackend& backend, const skep_store_options& options,
                   const skep_matrix& rows, const skep_release& release, const skep_call* call)
    : backend_(backend), options_(options), table_(std::make_shared<RowTable>()) {
    if (rows.num_rows != 0) {
        RowChunk adopted;
        ArrayLayout layout;
        const std::uint64_t float_terms = layout.add<float>(rows.num_rows);
        adopted.memory =
            std::make_shared<HostBuffer>(backend.host(), layout.bytes(), "store adopt");
        adopted.capacity_slots = rows.num_rows;
        adopted.dtype = options.dtype;
        adopted.rows = static_cast<const std::byte*>(rows.data);
        adopted.row_stride_bytes = rows.row_stride_bytes;
        adopted.float_terms = reinterpret_cast<float*>(adopted.memory->data() + float_terms);
        table_->kind = kind_with(rows);
        CodeChunk code_chunk = make_codes(adopted, table_->kind, "store adopt");
        const NumericEnvironment environment;
        WorkMeter meter(call, rows.num_rows);
        const WideRows wide = wide_rows(false, "store adopt");
        const std::uint64_t step = rows_per_step(row_bytes());
        for (std::uint64_t first = 0; first < rows.num_rows; first += step) {
            const std::uint64_t count = std::min(step, rows.num_rows - first);
            derive(adopted, code_chunk, table_->kind, first, count, wide);
            meter.advance(count);
            meter.check("store adopt");
        }
        table_->add(std::move(adopted), std::move(code_chunk));
        count_table();
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

std::uint64_t RowStore::used_bytes(skep_dtype chunk_dtype, CodeKind kind) const {
    const std::uint64_t row = options_.dim * element_bytes(chunk_dtype) + sizeof(float);
    if (is_byte_type(options_.dtype)) return row + sizeof(std::int32_t);
    const bool are_codes = is_byte_type(chunk_dtype) && kind == CodeKind::kIntegers;
    return row + (are_codes ? 0 : options_.dim) + sizeof(std::int32_t) + 2 * sizeof(float);
}

skep_dtype RowStore::kept_dtype(CodeKind kind) const {
    return kind == CodeKind::kIntegers ? code_dtype() : options_.dtype;
}

RowChunk RowStore::make_chunk(std::uint64_t capacity_slots, skep_dtype dtype,
                              const char* operation) const {
    const std::uint64_t stride = options_.dim * element_bytes(dtype);
    ArrayLayout layout;
    const std::uint64_t rows = layout.add<std::byte>(capacity_slots * stride);
    const std::uint64_t float_terms = layout.add<float>(capacity_slots);
    RowChunk chunk;
    chunk.memory = std::make_shared<HostBuffer>(backend_.host(), layout.bytes(), operation);
    chunk.capacity_slots = capacity_slots;
    chunk.dtype = dtype;
    chunk.writable_rows = chunk.memory->data() + rows;
    chunk.rows = chunk.writable_rows;
    chunk.row_stride_bytes = stride;
    chunk.float_terms = reinterpret_cast<float*>(chunk.memory->data() + float_terms);
    return chunk;
}

CodeChunk RowStore::make_codes(const RowChunk& chunk, CodeKind kind, const char* operation) const {
    const bool are_rows = is_byte_type(chunk.dtype) && kind == CodeKind::kIntegers;
    const bool are_scaled = !is_byte_type(options_.dtype);
    const std::uint64_t coded_slots = are_rows ? 0 : chunk.capacity_slots;
    const std::uint64_t scaled_slots = are_scaled ? chunk.capacity_slots : 0;
    ArrayLayout layout;
    const std::uint64_t codes = layout.add<std::byte>(coded_slots * options_.dim);
    const std::uint64_t int_terms = layout.add<std::int32_t>(chunk.capacity_slots);
    const std::uint64_t scales = layout.add<float>(scaled_slots);
    const std::uint64_t residuals = layout.add<float>(scaled_slots);
    CodeChunk made;
    made.memory = HostBuffer(backend_.host(), layout.bytes(), operation);
    made.int_terms = reinterpret_cast<std::int32_t*>(made.memory.data() + int_terms);
    if (are_scaled) {
        made.scales = reinterpret_cast<float*>(made.memory.data() + scales);
        made.residuals = reinterpret_cast<float*>(made.memory.data() + residuals);
    }
    if (are_rows) {
        made.codes = chunk.rows;
        made.row_stride_bytes = chunk.row_stride_bytes;
        return made;
    }
    made.writable_codes = made.memory.data() + codes;
    made.codes = made.writable_codes;
    made.row_stride_bytes = options_.dim;
    return made;
}

void RowStore::add_chunk(RowTable& table, std::uint64_t capacity_slots, skep_dtype dtype,
                         const char* operation) const {
    RowChunk chunk = make_chunk(capacity_slots, dtype, operation);
    CodeChunk code_chunk = make_codes(chunk, table.kind, operation);
    table.add(std::move(chunk), std::move(code_chunk));
}

std::shared_ptr<const RowTable> RowStore::table() const {
    const std::lock_guard<std::mutex> lock(table_mutex_);
    return table_;
}

void RowStore::put_in_place(std::shared_ptr<RowTable> table) {
    {
        // The lock ends before the old table may go.
        const std::lock_guard<std::mutex> lock(table_mutex_);
        table_.swap(table);
    }
    count_table();
}

void RowStore::count_table() {
    capacity_slots_.store(table_->capacity_slots(), std::memory_order_relaxed);
    reserved_bytes_.store(table_->reserved_bytes(), std::memory_order_relaxed);
    num_buffers_.store(table_->num_chunks, std::memory_order_relaxed);
}

CodeKind RowStore::kind_with(const skep_matrix& rows) const {
    if (is_byte_type(options_.dtype)) return CodeKind::kIntegers;
    if (options_.dim > kMaxIntegerDim) return CodeKind::kScaled;
    if (num_slots() != 0 && table_->kind == CodeKind::kScaled) return CodeKind::kScaled;
    return has_byte_rows_only(rows, float_row_kernels(options_.dtype)) ? CodeKind::kIntegers
                                                                       : CodeKind::kScaled;
}

bool RowStore::has_room_for(CodeKind kind) const {
    const std::uint64_t held = num_slots();
    for (std::size_t position = table_->num_chunks; position-- > 0;) {
        const RowChunk& chunk = table_->rows[position];
        if (chunk.end_slot() <= held) break;
        if (chunk.dtype != kept_dtype(kind) || chunk.writable_rows == nullptr) return false;
    }
    return true;
}

std::shared_ptr<RowTable> RowStore::remade(CodeKind kind, WorkMeter& meter) const {
    auto made = std::make_shared<RowTable>();
    made->kind = kind;
    const WideRows wide = wide_rows(true, "append");
    const std::uint64_t held = num_slots();
    const std::uint64_t step = rows_per_step(row_bytes());
    for (std::size_t position = 0; made->capacity_slots() < held; ++position) {
        RowChunk chunk = table_->rows[position];
        chunk.capacity_slots = std::min(held, chunk.end_slot()) - chunk.first_slot;
        CodeChunk codes = make_codes(chunk, kind, "append");
        std::uint64_t pending = 0;
        for (std::uint64_t slot = chunk.first_slot; slot < chunk.end_slot(); ++slot) {
            encode(chunk, codes, kind, slot, squared_norm(chunk.row(slot), chunk.dtype), wide);
            ++pending;
            if (pending != step) continue;
            pending = 0;
            if (!meter.advance(step)) return made;
        }
        meter.advance(pending);
        made->add(std::move(chunk), std::move(codes));
    }
    return made;
}

void RowStore::reserve(std::uint64_t num_slots) {
    if (num_slots > SKEP_MAX_ROWS) {
        fail(SKEP_LIMIT_EXCEEDED,
             fmt::format("reserve: {} rows; a store holds at most {}", num_slots, SKEP_MAX_ROWS));
    }
    const std::uint64_t capacity = table_->capacity_slots();
    if (num_slots <= capacity) return;
    std::uint64_t added = num_slots - capacity;
    if (table_->num_chunks >= kMaxExactChunks) added = std::max(added, capacity);
    // Before the first rows nobody knows whether they are whole numbers.
    const bool is_known = this->num_slots() != 0;
    add_chunk(*table_, added, is_known ? kept_dtype(table_->kind) : options_.dtype, "reserve");
    count_table();
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
    const bool has_room = has_room_for(kind);
    // Nobody looks at the codes of a store without rows, so that they may change where they are.
    if (old_slots == 0 && has_room) table_->kind = kind;
    const bool is_remade = kind != table_->kind || !has_room;
    WorkMeter meter(call, rows.num_rows + (is_remade ? old_slots : 0));
    std::shared_ptr<RowTable> table = is_remade ? remade(kind, meter) : table_;
    meter.check("append");
    const WideRows wide = wide_rows(false, "append");

    const std::uint64_t capacity = table->capacity_slots();
    const std::uint64_t old_capacity = table_->capacity_slots();
    const bool has_grown = new_slots > capacity;
    if (has_grown) {
        std::uint64_t added = old_capacity - capacity;
        if (new_slots > old_capacity) {
            const std::uint64_t last =
                table->num_chunks == 0 ? 0 : 2 * table->rows[table->num_chunks - 1].capacity_slots;
            added = std::max({new_slots - capacity, last,
                              std::max<std::uint64_t>(1, kFirstChunkBytes / row_bytes())});
        }
        if (table->num_chunks >= kMaxExactChunks) added = std::max(added, capacity);
        add_chunk(*table, added, kept_dtype(kind), "append");
    }

    const std::uint64_t step = rows_per_step(row_bytes());
    std::uint64_t done = 0;
    std::size_t position = rows.num_rows == 0 ? 0 : table->chunk_of(old_slots);
    while (done < rows.num_rows && meter.status() == SKEP_OK) {
        const RowChunk& chunk = table->rows[position];
        const std::uint64_t slot = old_slots + done;
        const std::uint64_t room = chunk.end_slot() - slot;
        if (room == 0) {
            ++position;
            continue;
        }
        const std::uint64_t count = std::min({step, room, rows.num_rows - done});
        copy_rows(rows, done, count, chunk, slot, wide);
        derive(chunk, table->codes[position], kind, slot, count, wide);
        done += count;
        meter.advance(count);
    }
    if (meter.status() != SKEP_OK) {
        if (has_grown) table->drop_last();
        meter.check("append");
    }
    if (is_remade) put_in_place(std::move(table));
    count_table();
    num_slots_.store(new_slots, std::memory_order_release);
}

void RowStore::copy_rows(const skep_matrix& rows, std::uint64_t first_row, std::uint64_t count,
                         const RowChunk& chunk, std::uint64_t first_slot,
                         const WideRows& wide) const {
    const auto* source =
        static_cast<const std::byte*>(rows.data) + first_row * rows.row_stride_bytes;
    std::byte* target =
        chunk.writable_rows + (first_slot - chunk.first_slot) * chunk.row_stride_bytes;
    if (chunk.dtype == options_.dtype && rows.row_stride_bytes == row_bytes()) {
        std::memcpy(target, source, count * row_bytes());
        return;
    }
    for (std::uint64_t row = 0; row < count; ++row) {
        if (chunk.dtype == options_.dtype) {
            std::memcpy(target, source, row_bytes());
        } else {
            narrow_row(wide.floats(source, options_.dtype), options_.dim, target);
        }
        source += rows.row_stride_bytes;
        target += chunk.row_stride_bytes;
    }
}

double RowStore::squared_norm(const std::byte* row, skep_dtype dtype) const {
    return backend_.kernels().exact[dtype].squared_norm(row, options_.dim);
}

WideRows RowStore::wide_rows(bool widens_bytes, const char* operation) const {
    const bool is_float_store = !is_byte_type(options_.dtype);
    const bool widens = is_float_store && (widens_bytes || options_.dtype != SKEP_DTYPE_F32);
    return {backend_.host(), backend_.kernels().floats->rows, options_.dim, widens, operation};
}

void RowStore::derive(const RowChunk& chunk, const CodeChunk& codes, CodeKind kind,
                      std::uint64_t first_slot, std::uint64_t count, const WideRows& wide) const {
    for (std::uint64_t slot = first_slot; slot < first_slot + count; ++slot) {
        const double squared_norm = this->squared_norm(chunk.row(slot), chunk.dtype);
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
        const RowCode code = encode_row(options_.metric, wide.floats(row, chunk.dtype), dim,
                                        squared_norm, reinterpret_cast<std::uint8_t*>(target));
        codes.int_terms[position] = code.int_term;
        codes.scales[position] = code.scale;
        codes.residuals[position] = code.residual;
        return;
    }
    if (target != nullptr) narrow_row(wide.floats(row, chunk.dtype), dim, target);
    if (codes.scales != nullptr) {
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
    const std::shared_ptr<const RowTable> table = this->table();
    std::size_t position = 0;
    for (std::uint64_t i = 0; i < out.num_rows; ++i) {
        const std::uint64_t slot = slots == nullptr ? first_slot + i : slots[i];
        const RowChunk* chunk = &table->rows[position];
        if (slot < chunk->first_slot || slot >= chunk->end_slot()) {
            position = table->chunk_of(slot);
            chunk = &table->rows[position];
        }
        auto* target = static_cast<std::byte*>(out.data) + i * out.row_stride_bytes;
        if (chunk->dtype == options_.dtype) {
            std::memcpy(target, chunk->row(slot), row_bytes());
        } else {
            expand_row(chunk->row(slot), options_.dim, options_.dtype, target);
        }
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
    const CodeKind kind = table_->kind;
    const skep_dtype dtype = kept_dtype(kind);
    const auto is_as_made = [&](const RowChunk& chunk) {
        return chunk.dtype == dtype && chunk.writable_rows != nullptr;
    };
    const bool is_tight =
        num_kept == num_slots && table_->capacity_slots() == num_slots &&
        std::all_of(table_->rows.data(), table_->rows.data() + table_->num_chunks, is_as_made);
    WorkMeter meter(call, num_kept);
    meter.advance(0);
    meter.check("compact");
    if (is_tight && release_.release == nullptr) return;

    auto made = std::make_shared<RowTable>();
    made->kind = kind;
    if (num_kept != 0) add_chunk(*made, num_kept, dtype, "compact");
    const RowChunk& kept = made->rows[0];
    const CodeChunk& kept_codes = made->codes[0];
    const std::uint64_t step = rows_per_step(row_bytes());
    std::uint64_t target = 0;
    std::uint64_t pending = 0;
    for (std::size_t position = 0; target < num_kept; ++position) {
        const RowChunk& chunk = table_->rows[position];
        const CodeChunk& codes = table_->codes[position];
        const std::uint64_t end = std::min(num_slots, chunk.end_slot());
        for (std::uint64_t slot = chunk.first_slot; slot < end; ++slot) {
            if (visible.window(slot, 1) == 0) continue;
            const std::uint64_t source = slot - chunk.first_slot;
            std::byte* row = kept.writable_rows + target * kept.row_stride_bytes;
            if (chunk.dtype == dtype) {
                std::memcpy(row, chunk.row(slot), kept.row_stride_bytes);
            } else if (kind == CodeKind::kIntegers) {
                std::memcpy(row, codes.codes + source * codes.row_stride_bytes, options_.dim);
            } else {
                expand_row(chunk.row(slot), options_.dim, dtype, row);
            }
            kept.float_terms[target] = chunk.float_terms[source];
            copy_codes(codes, source, kept_codes, target, options_.dim);
            ++target;
            if (++pending == step) {
                meter.advance(std::exchange(pending, 0));
                meter.check("compact");
            }
        }
    }

    put_in_place(std::move(made));
    release_adopted();
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
    const std::shared_ptr<const RowTable> table = this->table();
    for (std::size_t position = 0, counted = 0; counted < stats.num_slots; ++position) {
        const RowChunk& chunk = table->rows[position];
        const std::uint64_t end = std::min(stats.num_slots, chunk.end_slot());
        stats.used_bytes += (end - chunk.first_slot) * used_bytes(chunk.dtype, table->kind);
        counted = end;
    }
    stats.reserved_bytes = reserved_bytes_.load(std::memory_order_relaxed);
    stats.num_buffers = num_buffers_.load(std::memory_order_relaxed);
    return stats;
}

}  // namespace skep::cpu
