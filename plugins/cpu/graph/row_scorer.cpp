// SPDX-License-Identifier: MIT
#include "graph/row_scorer.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "skep/common/assert.hpp"
#include "skep/common/element_type.hpp"

namespace skep::cpu {
void RowScorer::open(std::uint64_t num_slots, bool uses_codes) {
    uses_codes_ = uses_codes;
    table_ = store_.table();
    num_views_ = 0;
    for (std::uint64_t slot = 0; slot < num_slots; ++num_views_) {
        const RowChunk& chunk = table_->rows[num_views_];
        const CodeChunk& codes = table_->codes[num_views_];
        views_[num_views_] = {chunk.first_slot, chunk.rows,        chunk.row_stride_bytes,
                              chunk.dtype,      codes.codes,       codes.row_stride_bytes,
                              codes.int_terms,  chunk.float_terms, codes.scales};
        slot = chunk.end_slot();
    }
}

void RowScorer::close() {
    table_.reset();
    num_views_ = 0;
}

void RowScorer::reserve_row() {
    const std::uint32_t dim = store_.dim();
    std::uint64_t bytes = 0;
    for (const Arithmetic arithmetic :
         {Arithmetic::kFloat, Arithmetic::kInteger, Arithmetic::kCoded}) {
        const ScoreShape shape(store_, *table_, arithmetic, false);
        bytes = std::max(bytes, QueryBlock::scratch_bytes(shape, dim, 1));
    }
    const skep_host_services& host = store_.backend().host();
    block_memory_.require(host, bytes, "graph");
    row_operands_.require(host, (std::uint64_t{dim} * 2 + 63) / 64 * 64, "graph");
}

void RowScorer::set_query(const skep_matrix& queries, std::uint64_t row) {
    skep_matrix query = queries;
    query.num_rows = 1;
    query.data = static_cast<const std::byte*>(queries.data) + row * queries.row_stride_bytes;
    arithmetic_ = uses_codes_ ? choose_arithmetic(store_, *table_, query) : Arithmetic::kFloat;
    block_.reset();
    shape_.emplace(store_, *table_, arithmetic_, false);
    block_memory_.require(store_.backend().host(),
                          QueryBlock::scratch_bytes(*shape_, store_.dim(), 1), "graph");
    block_.emplace(store_, *shape_, query, 0, 1, block_memory_.data());
    operands_ = block_->operands(0);
    if (arithmetic_ == Arithmetic::kCoded) {
        set_formula(block_->squared_norm(0), block_->code_scale(0), block_->code_sum(0));
    } else {
        set_formula(block_->squared_norm(0), 1.0, 0);
    }
}

void RowScorer::set_formula(double squared_norm, double scale, std::int32_t sum) {
    code_sum_ = sum;
    multiplier_ = 0.0F;
    switch (store_.metric()) {
        case SKEP_METRIC_L2:
            base_ = static_cast<float>(squared_norm);
            factor_ = static_cast<float>(-2.0 * scale);
            multiplier_ = static_cast<float>(1.0 / scale);
            return;
        case SKEP_METRIC_INNER_PRODUCT:
            base_ = 0.0F;
            factor_ = static_cast<float>(-scale);
            return;
        default:
            base_ = 1.0F;
            factor_ =
                squared_norm > 0.0 ? static_cast<float>(-scale / std::sqrt(squared_norm)) : 0.0F;
    }
}

void RowScorer::set_row(std::uint32_t slot) {
    const View& view = view_of(slot);
    const std::uint64_t position = slot - view.first_slot;
    if (table_->kind != CodeKind::kIntegers || store_.dim() > kMaxIntegerDim || !uses_codes_) {
        skep_matrix row = SKEP_HOST_MATRIX(skep_matrix, view.dtype,
                                           view.rows + position * view.row_stride, 1, store_.dim());
        row.row_stride_bytes = view.row_stride;
        set_query(row, 0);
        return;
    }
    const IntegerKernels& kernels = store_.integer_kernels();
    const std::byte* codes = view.codes + position * view.code_stride;
    const std::size_t dim = store_.dim();
    const bool is_signed = store_.dtype() == SKEP_DTYPE_I8;
    const auto operand = [&](std::size_t i) {
        const auto byte = std::to_integer<std::uint8_t>(codes[i]);
        const std::int32_t value = is_signed ? static_cast<std::int8_t>(byte) : byte;
        return value - kernels.query_shift;
    };
    if (kernels.operand_bytes == 1) {
        for (std::size_t i = 0; i < dim; ++i)
            row_operands_[i] = static_cast<std::byte>(operand(i));
    } else {
        auto* operands = reinterpret_cast<std::int16_t*>(row_operands_.data());
        for (std::size_t i = 0; i < dim; ++i)
            operands[i] = static_cast<std::int16_t>(operand(i));
        // Kernels read whole vectors of the query.
        std::fill(operands + dim, operands + row_operands_.size() / sizeof *operands,
                  std::int16_t{0});
    }
    block_.reset();
    arithmetic_ = Arithmetic::kInteger;
    operands_ = row_operands_.data();
    code_sum_ = 0;
    if (store_.metric() == SKEP_METRIC_L2) {
        // At distance 0 of itself: |x|^2 is twice its score, or one less.
        const void* self = codes;
        std::int32_t dot = 0;
        kernels.gather(operands_, &self, dim, 1, &dot);
        base_ = 2.0F * static_cast<float>(dot + view.int_terms[position]);
        factor_ = -2.0F;
    } else if (store_.metric() == SKEP_METRIC_INNER_PRODUCT) {
        base_ = 0.0F;
        factor_ = -1.0F;
    } else {
        base_ = 1.0F;
        factor_ = -view.float_terms[position];
    }
}

void RowScorer::distances(const std::uint32_t* slots, std::uint32_t count, float* distances) const {
    for (std::uint32_t first = 0; first < count; first += kBlockRows)
        score_block(slots + first, std::min(kBlockRows, count - first), distances + first);
}

void RowScorer::score_block(const std::uint32_t* slots, std::uint32_t count,
                            float* distances) const {
    if (arithmetic_ == Arithmetic::kFloat) {
        for (std::uint32_t i = 0; i < count; ++i)
            distances[i] = static_cast<float>(exact_distance(slots[i]));
        return;
    }
    const void* rows[kBlockRows];
    const View* views[kBlockRows];
    std::int32_t dots[kBlockRows];
    std::uint32_t num_placed = 0;
    do {
        const std::uint32_t slot = slots[num_placed];
        const View& view = view_of(slot);
        views[num_placed] = &view;
        rows[num_placed] = view.codes + (slot - view.first_slot) * view.code_stride;
    } while (++num_placed < count);
    store_.integer_kernels().gather(operands_, rows, store_.dim(), count, dots);
    const bool is_cosine = store_.metric() == SKEP_METRIC_COSINE;
    for (std::uint32_t i = 0; i < count; ++i) {
        const View& view = *views[i];
        const std::uint64_t position = slots[i] - view.first_slot;
        if (arithmetic_ == Arithmetic::kInteger) {
            const auto score = static_cast<float>(dots[i] + view.int_terms[position]);
            distances[i] =
                base_ + factor_ * (is_cosine ? score * view.float_terms[position] : score);
            continue;
        }
        const float scale = view.scales[position];
        const float score =
            static_cast<float>(dots[i] + view.int_terms[position] * code_sum_) * scale +
            multiplier_ * view.float_terms[position];
        distances[i] = base_ + factor_ * score;
        // Rows too long or too short for codes.
        const bool is_coded =
            scale != 0.0F && std::abs(distances[i]) <= std::numeric_limits<float>::max();
        if (!is_coded) distances[i] = static_cast<float>(exact_distance(slots[i]));
    }
}

double RowScorer::exact_distance(std::uint32_t slot) const {
    const View& view = view_of(slot);
    const std::uint64_t position = slot - view.first_slot;
    SKEP_ASSERT(block_.has_value(),
                "a row of whole numbers is asked for approximate distances alone");
    if (arithmetic_ == Arithmetic::kInteger) {
        return block_->exact_distance(0, view.codes + position * view.code_stride,
                                      store_.code_dtype());
    }
    return block_->exact_distance(0, view.rows + position * view.row_stride, view.dtype);
}

}  // namespace skep::cpu
