// SPDX-License-Identifier: MIT
// Rows of f16, bf16 and i8: filtered, searched plainly, selected by the host; read back bit for
// bit.
#include <cmath>
#include <cstdint>
#include <cstring>

#include "flat_fixture.hpp"

namespace skep::testing {
namespace {

// Values that spread over the range of a type: f16 and bf16 are not whole numbers, i8 has both
// ends.
template <typename Element>
std::vector<Element> random_elements(std::size_t count, std::uint64_t seed) {
    const float most = std::is_integral_v<Element> ? 128.0F : 1.0F;
    return elements_near<Element>(random_f32(count, seed, -most, most));
}

template <typename Element>
class NarrowRows : public FilterTest {
  protected:
    // One query, a few, and more than a warp takes; of the rows' own type and floats.
    void expect_exact_batches(skep_metric metric, const std::vector<Element>& rows,
                              std::uint32_t dim, std::uint64_t most_retries = 0) {
        create(metric, rows, dim);
        for (const std::size_t batch : {1U, 3U, 70U}) {
            expect_answer(metric, rows, random_elements<Element>(batch * dim, 60 + batch), dim, 6);
            EXPECT_LE(retries, most_retries) << "metric " << metric << " batch " << batch;
            expect_answer(metric, rows, random_f32(batch * dim, 70 + batch, -2.0F, 2.0F), dim, 6);
            EXPECT_LE(retries, most_retries) << "metric " << metric << " floats, batch " << batch;
        }
    }
};

struct TypeName {
    template <typename Element>
    static std::string GetName(int) {
        constexpr const char* kNames[] = {"F32", "F16", "Bf16", "I8", "U8"};
        return kNames[kDtypeOf<Element>];
    }
};
using NarrowTypes = ::testing::Types<Half, Brain, std::int8_t>;
TYPED_TEST_SUITE(NarrowRows, NarrowTypes, TypeName);

TYPED_TEST(NarrowRows, AreFilteredExactly) {
    for (const std::uint32_t dim : {31U, 150U}) {
        const auto rows = random_elements<TypeParam>(std::size_t{2200} * dim, 1 + dim);
        for (const skep_metric metric : kMetrics)
            this->expect_exact_batches(metric, rows, dim);
    }
}

// Whole numbers from 0 to 255, or to 127, without a loss: also the codes of floats that are none.
TYPED_TEST(NarrowRows, ThatAreWholeNumbersLoseNothing) {
    constexpr std::uint32_t kDim = 40;
    const auto whole = [](std::size_t count, std::uint64_t seed) {
        std::vector<float> values;
        for (const std::uint8_t byte : random_u8(count, seed))
            values.push_back(
                static_cast<float>(std::is_same_v<TypeParam, std::int8_t> ? byte / 2 : byte));
        return values;
    };
    const auto rows = elements_near<TypeParam>(whole(std::size_t{2200} * kDim, 2));
    const auto queries = whole(std::size_t{5} * kDim, 3);
    for (const skep_metric metric : kMetrics) {
        this->create(metric, rows, kDim);
        this->expect_answer(metric, rows, queries, kDim, 7);
        this->expect_answer(metric, rows, elements_near<TypeParam>(queries), kDim, 7);
        EXPECT_EQ(this->retries, 0U);
        auto half = queries;
        half[kDim + 3] += 0.5F;
        this->expect_answer(metric, rows, half, kDim, 7);
    }
}

TYPED_TEST(NarrowRows, ChangeTheirCodesAsFloatsDo) {
    if constexpr (!std::is_integral_v<TypeParam>) {
        constexpr std::uint32_t kDim = 12;
        const std::vector<float> whole(std::size_t{2100} * kDim, 7.0F);
        auto rows = elements_near<TypeParam>(whole);
        for (std::size_t i = 0; i < rows.size(); ++i)
            rows[i] = element_near<TypeParam>(static_cast<float>(i * 7 % 200));
        const auto queries = random_elements<TypeParam>(std::size_t{3} * kDim, 8);
        this->create(SKEP_METRIC_L2, rows, kDim);
        this->expect_answer(SKEP_METRIC_L2, rows, queries, kDim, 4);
        for (const float value : {0.5F, -1.0F, -60000.0F, 0x1p-24F}) {
            auto more = elements_near<TypeParam>(std::vector<float>(std::size_t{9} * kDim, 3.0F));
            more[50] = element_near<TypeParam>(value);
            ASSERT_EQ(this->session.append(more, kDim), SKEP_OK);
            rows.insert(rows.end(), more.begin(), more.end());
            this->expect_answer(SKEP_METRIC_L2, rows, queries, kDim, 4);
        }
    }
}

// The ends of the range, subnormals and zeros among ordinary rows; for bf16 lengths that no float
// bounds.
TYPED_TEST(NarrowRows, MayBeHugeTinyOrZero) {
    constexpr std::uint32_t kDim = 20;
    auto rows = random_elements<TypeParam>(std::size_t{2200} * kDim, 9);
    constexpr float kLargest = std::is_same_v<TypeParam, Brain>         ? 0x1.FEp127F
                               : std::is_same_v<TypeParam, std::int8_t> ? 127.0F
                                                                        : 65504.0F;
    const float values[] = {kLargest, -kLargest, std::is_integral_v<TypeParam> ? -128.0F : 0x1p-24F,
                            0.0F};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::size_t kind = i / kDim % 100;
        if (kind < 4) rows[i] = element_near<TypeParam>(values[kind] * (i % 3 == 0 ? 0.5F : 1.0F));
    }
    auto queries = random_elements<TypeParam>(std::size_t{6} * kDim, 10);
    for (std::uint32_t i = 0; i < kDim; ++i) {
        for (std::uint32_t kind = 0; kind < 4; ++kind)
            queries[kind * kDim + i] = element_near<TypeParam>(values[kind]);
    }
    for (const skep_metric metric : kMetrics)
        this->expect_exact(metric, rows, queries, kDim, 10);
}

TYPED_TEST(NarrowRows, ThatTieAreRankedBySlot) {
    constexpr std::uint32_t kDim = 8;
    const std::vector<TypeParam> rows(std::size_t{2100} * kDim, element_near<TypeParam>(3.0F));
    this->expect_exact(SKEP_METRIC_COSINE, rows, random_elements<TypeParam>(2 * kDim, 11), kDim, 9);
    // More than the device selects.
    const auto many = random_elements<TypeParam>(std::size_t{2400} * kDim, 12);
    this->expect_exact(SKEP_METRIC_L2, many, random_elements<TypeParam>(2 * kDim, 13), kDim, 2100);
}

TYPED_TEST(NarrowRows, AnswerQueriesWithGaps) {
    constexpr std::uint32_t kDim = 33;
    const auto rows = random_elements<TypeParam>(std::size_t{2200} * kDim, 14);
    const auto queries = random_elements<TypeParam>(std::size_t{9} * kDim, 15);
    constexpr std::size_t kRowBytes = kDim * sizeof(TypeParam);
    std::vector<unsigned char> bytes(1 + 9 * (kRowBytes + 3));
    for (std::size_t query = 0; query < 9; ++query) {
        std::memcpy(bytes.data() + 1 + query * (kRowBytes + 3), queries.data() + query * kDim,
                    kRowBytes);
    }
    skep_matrix matrix = matrix_of(queries, kDim);
    matrix.data = bytes.data() + 1;
    matrix.row_stride_bytes = kRowBytes + 3;
    for (const skep_metric metric : kMetrics) {
        this->create(metric, rows, kDim);
        skep_search_request request{};
        request.struct_size = sizeof request;
        request.num_slots = 2200;
        request.k = 4;
        Answer answer;
        answer.slots.assign(36, 7);
        answer.distances.assign(36, 7.0F);
        const skep_search_answer target{sizeof target,       SKEP_MEMORY_HOST,       0, 0,
                                        answer.slots.data(), answer.distances.data()};
        ASSERT_EQ(this->session.ops.store_search(this->session.store, &matrix, &request, &target,
                                                 nullptr, &this->session.error),
                  SKEP_OK)
            << this->session.error.message;
        EXPECT_EQ(answer, brute_force(metric, rows, queries, kDim, 4, every_slot));
    }
}

// Stores that are searched without a filter, and what becomes of one that grows out of that.
template <typename Element>
class NarrowStore : public StoreTest {
  protected:
    std::vector<Element> read(std::uint64_t count, std::uint32_t dim) {
        std::vector<Element> out(count * dim);
        const skep_mutable_matrix matrix =
            SKEP_HOST_MATRIX(skep_mutable_matrix, kDtypeOf<Element>, out.data(), count, dim);
        EXPECT_EQ(
            session.ops.store_read(session.store, 0, nullptr, &matrix, nullptr, &session.error),
            SKEP_OK);
        return out;
    }
    static bool have_same_bits(const std::vector<Element>& a, const std::vector<Element>& b) {
        return a.size() == b.size() &&
               std::memcmp(a.data(), b.data(), a.size() * sizeof(Element)) == 0;
    }
};
TYPED_TEST_SUITE(NarrowStore, NarrowTypes, TypeName);

TYPED_TEST(NarrowStore, IsSearchedPlainlyWhileSmall) {
    constexpr std::uint32_t kDim = 21;
    for (const skep_metric metric : kMetrics) {
        auto rows = random_elements<TypeParam>(std::size_t{300} * kDim, 16);
        const auto queries = random_elements<TypeParam>(std::size_t{3} * kDim, 17);
        this->expect_exact(metric, rows, queries, kDim, 10);
        this->expect_answer(metric, rows, random_f32(2 * kDim, 18), kDim, 10);
        // Larger than any store that is searched plainly.
        const auto more = random_elements<TypeParam>(std::size_t{4100} * kDim, 19);
        ASSERT_EQ(this->session.append(more, kDim), SKEP_OK);
        rows.insert(rows.end(), more.begin(), more.end());
        this->expect_answer(metric, rows, queries, kDim, 10);
    }
}

TYPED_TEST(NarrowStore, GivesBackEveryBitBeforeAndAfterCompaction) {
    for (const std::uint32_t dim : {1U, 33U, 64U}) {
        constexpr std::uint64_t kRows = 5000;
        auto rows = random_elements<TypeParam>(kRows * dim, 20);
        const unsigned char zero_with_sign[] = {0x00, 0x80};
        std::memcpy(&rows[3], zero_with_sign, sizeof(TypeParam));
        this->create(SKEP_METRIC_L2, rows, dim);
        EXPECT_TRUE(this->have_same_bits(this->read(kRows, dim), rows));

        std::vector<std::uint32_t> gone;
        std::vector<TypeParam> kept;
        for (std::uint32_t slot = 0; slot < kRows; ++slot) {
            if (slot % 5 == 1) {
                gone.push_back(slot);
            } else {
                kept.insert(kept.end(), rows.begin() + slot * dim, rows.begin() + (slot + 1) * dim);
            }
        }
        skep_mask* mask = nullptr;
        ASSERT_EQ(this->session.ops.mask_create(this->session.store, nullptr, kRows, gone.data(),
                                                gone.size(), &mask, &this->session.error),
                  SKEP_OK);
        ASSERT_EQ(this->session.ops.store_compact(this->session.store, kRows, mask, nullptr,
                                                  &this->session.error),
                  SKEP_OK);
        this->session.ops.mask_destroy(mask);
        EXPECT_TRUE(this->have_same_bits(this->read(kept.size() / dim, dim), kept));
        this->expect_answer(SKEP_METRIC_L2, kept, random_elements<TypeParam>(2 * dim, 21), dim, 5);
    }
}

TYPED_TEST(NarrowStore, TakesTheMemoryOfItsRowsAndCodes) {
    constexpr std::uint32_t kDim = 64;
    this->create(SKEP_METRIC_L2, random_elements<TypeParam>(std::size_t{5000} * kDim, 22), kDim);
    const std::uint64_t code_bytes = sizeof(TypeParam) == 1 ? 0 : kDim;
    EXPECT_EQ(this->session.stats().used_bytes,
              5000 * (kDim * sizeof(TypeParam) + code_bytes + 12));
}

}  // namespace
}  // namespace skep::testing
