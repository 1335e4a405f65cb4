// SPDX-License-Identifier: MIT
// Exact search over adversarial rows of every element type against a plain double scan: same slots,
// same bits, for every metric and ISA, with erased slots and bitmaps, and queries of either type.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <random>

#include "kernels/kernel_dispatch.hpp"
#include "support/generators.hpp"
#include "unit/plugins/cpu/backend_fixture.hpp"

namespace skep::testing {
namespace {

constexpr skep_metric kMetrics[] = {SKEP_METRIC_L2, SKEP_METRIC_INNER_PRODUCT, SKEP_METRIC_COSINE};
constexpr std::uint64_t kKs[] = {1, 10, 100, 1000};
constexpr std::size_t kNumQueries = 9;

using Floats = std::vector<float>;

// The magnitudes that a type tells apart.
struct TypeRange {
    float unit;            // of ordinary components
    float largest;         // at most the largest value
    float smallest;        // a subnormal, or 1
    float least_relative;  // difference of neighbouring values near 1, or of 100 for bytes
    bool is_signed;
};

template <typename Element>
TypeRange range_of() {
    if constexpr (std::is_same_v<Element, float>)
        return {1.0F, 0x1p127F, 0x1p-145F, 0x1p-23F, true};
    if constexpr (std::is_same_v<Element, Half>) return {1.0F, 65504.0F, 0x1p-24F, 0x1p-10F, true};
    if constexpr (std::is_same_v<Element, Brain>)
        return {1.0F, 0x1.FEp127F, 0x1p-133F, 0x1p-7F, true};
    if constexpr (std::is_same_v<Element, std::int8_t>) return {40.0F, 128.0F, 1.0F, 0.01F, true};
    return {80.0F, 255.0F, 1.0F, 0.01F, false};
}

Floats normal(std::size_t count, std::mt19937_64& engine, float unit) {
    std::normal_distribution<float> draw(0.0F, unit);
    Floats values(count);
    for (float& value : values)
        value = draw(engine);
    return values;
}

// Draws [num_rows, dim]; queries are drawn alike by an engine that has moved on.
struct DataKind {
    const char* name;
    std::function<Floats(std::size_t num_rows, std::size_t dim, const TypeRange&, std::mt19937_64&)>
        draw;
};

const DataKind kKinds[] = {
    {"random", [](std::size_t n, std::size_t dim, const TypeRange& type,
                  std::mt19937_64& engine) { return normal(n * dim, engine, type.unit); }},
    {"clustered",
     [](std::size_t n, std::size_t dim, const TypeRange& type, std::mt19937_64& engine) {
         std::mt19937_64 fixed(3);
         const Floats centers = normal(8 * dim, fixed, type.unit);
         Floats rows = normal(n * dim, engine, type.unit * 0.01F);
         for (std::size_t i = 0; i < rows.size(); ++i)
             rows[i] += centers[i / dim % 8 * dim + i % dim];
         return rows;
     }},
    {"duplicated",
     [](std::size_t n, std::size_t dim, const TypeRange& type, std::mt19937_64&) {
         std::mt19937_64 fixed(4);
         const Floats few = normal(7 * dim, fixed, type.unit);
         Floats rows(n * dim);
         for (std::size_t i = 0; i < rows.size(); ++i)
             rows[i] = few[i / dim % 7 * dim + i % dim];
         return rows;
     }},
    {"huge norms",
     [](std::size_t n, std::size_t dim, const TypeRange& type, std::mt19937_64& engine) {
         Floats rows = normal(n * dim, engine, 1.0F);
         for (std::size_t i = 0; i < rows.size(); ++i) {
             const float sign = rows[i] < 0.0F && type.is_signed ? -1.0F : 1.0F;
             // Every third row at the very end of the range.
             rows[i] = i / dim % 3 == 0 ? sign * type.largest
                                        : std::clamp(rows[i], -1.0F, 1.0F) * type.largest;
         }
         return rows;
     }},
    {"tiny gaps",
     [](std::size_t n, std::size_t dim, const TypeRange& type, std::mt19937_64& engine) {
         Floats rows(n * dim, type.unit);
         for (float& value : rows)
             value += engine() % 3 == 0 ? type.unit * type.least_relative : 0.0F;
         return rows;
     }},
    // Components that cancel in dot products and lengths that cancel in distances.
    {"cancellation",
     [](std::size_t n, std::size_t dim, const TypeRange& type, std::mt19937_64& engine) {
         Floats rows = normal(n * dim, engine, type.unit * 0.01F);
         for (std::size_t i = 0; i < rows.size(); ++i) {
             const float large = std::min(type.unit * 1000.0F, type.largest * 0.5F);
             rows[i] += (i % dim) % 2 == 0 ? large : -large;
         }
         return rows;
     }},
    {"all equal", [](std::size_t n, std::size_t dim, const TypeRange& type,
                     std::mt19937_64&) { return Floats(n * dim, type.unit * 0.3F); }},
    {"denormals",
     [](std::size_t n, std::size_t dim, const TypeRange& type, std::mt19937_64& engine) {
         Floats rows(n * dim);
         for (float& value : rows) {
             value = type.smallest * static_cast<float>(engine() % 8);
             if (type.is_signed && engine() % 2 == 0) value = -value;
         }
         return rows;
     }},
    // One component spends the whole range of the codes of its row, one row that of the norms.
    {"outliers",
     [](std::size_t n, std::size_t dim, const TypeRange& type, std::mt19937_64& engine) {
         Floats rows = normal(n * dim, engine, type.unit);
         for (std::size_t row = 0; row < n; ++row)
             rows[row * dim + row % dim] = type.largest * (row % 2 == 0 ? 0.01F : 1e-3F);
         for (std::size_t i = 0; i < dim; ++i)
             rows[n / 2 * dim + i] = type.largest;
         return rows;
     }},
    // Floats whose codes are the elements themselves.
    {"whole numbers",
     [](std::size_t n, std::size_t dim, const TypeRange& type, std::mt19937_64& engine) {
         Floats rows(n * dim);
         const std::uint64_t most = type.is_signed && type.unit > 1.0F ? 127 : 255;
         for (float& value : rows)
             value = static_cast<float>(engine() % (most + 1));
         return rows;
     }},
};

template <typename Element>
class ElementTypes : public ::testing::Test {};

struct TypeName {
    template <typename Element>
    static std::string GetName(int) {
        constexpr const char* kNames[] = {"F32", "F16", "Bf16", "I8", "U8"};
        return kNames[kDtypeOf<Element>];
    }
};
using AllTypes = ::testing::Types<float, Half, Brain, std::int8_t, std::uint8_t>;
TYPED_TEST_SUITE(ElementTypes, AllTypes, TypeName);

// Which slots one search may answer with, and in the form of the ABI.
struct Selection {
    explicit Selection(std::size_t num_rows)
        : words((num_rows + 63) / 64, 0xF0FFF0FFFFFF7777ULL),
          visible(num_rows),
          bitmap{sizeof(skep_bitmap), 0, num_rows, words.data()} {
        for (std::uint32_t slot = 0; slot < num_rows; ++slot) {
            if (slot % 7 == 2) erased.push_back(slot);
            visible[slot] = slot % 7 != 2 && (words[slot / 64] >> (slot % 64) & 1U) != 0;
        }
    }

    std::vector<std::uint64_t> words;
    std::vector<std::uint32_t> erased;
    std::vector<bool> visible;
    skep_bitmap bitmap;
};

// The first k of every query's longer answer.
Answer first_of(const Answer& all, std::size_t num_queries, std::uint64_t all_k, std::uint64_t k) {
    Answer first;
    for (std::size_t query = 0; query < num_queries; ++query) {
        const auto begin = static_cast<std::ptrdiff_t>(query * all_k);
        const auto end = begin + static_cast<std::ptrdiff_t>(k);
        first.slots.insert(first.slots.end(), all.slots.begin() + begin, all.slots.begin() + end);
        first.distances.insert(first.distances.end(), all.distances.begin() + begin,
                               all.distances.begin() + end);
    }
    return first;
}

template <typename Element>
void expect_exact(const std::string& what, skep_metric metric, const std::vector<Element>& rows,
                  const std::vector<Element>& queries, std::uint32_t dim) {
    const std::size_t num_rows = rows.size() / dim;
    const Selection selection(num_rows);
    const Answer all = plain_scan(metric, queries, rows, dim, 1000);
    const Answer selected = plain_scan(metric, queries, rows, dim, 1000, selection.visible);
    const std::vector<Element> few(queries.begin(), queries.begin() + 2 * dim);
    // The same values as floats.
    Floats wide;
    for (const Element& value : queries)
        wide.push_back(static_cast<float>(value));

    for (const std::string_view isa : cpu::usable_isa_names()) {
        HostDouble host;
        const CpuDeviceHandle device(host, std::string(isa));
        StoreHandle store(device, store_options(metric, kDtypeOf<Element>, dim));
        store.append(matrix_of(rows, dim));
        skep_mask* mask = nullptr;
        ASSERT_EQ(
            cpu_operations().mask_create(store.store, nullptr, num_rows, selection.erased.data(),
                                         selection.erased.size(), &mask, nullptr),
            SKEP_OK);
        for (const std::uint64_t k : kKs) {
            skep_search_request request = search_request(num_rows, k);
            const bool is_selected = k == 1 || k == 100;
            if (is_selected) {
                request.mask = mask;
                request.allowed = &selection.bitmap;
            }
            const Answer& expected = is_selected ? selected : all;
            const std::string where = what + ' ' + std::string(isa) + " metric " +
                                      std::to_string(metric) + " dim " + std::to_string(dim) +
                                      " k " + std::to_string(k);
            EXPECT_EQ(search(store, matrix_of(queries, dim), request),
                      first_of(expected, kNumQueries, 1000, k))
                << where;
            EXPECT_EQ(search(store, matrix_of(few, dim), request), first_of(expected, 2, 1000, k))
                << where << " streamed";
            if (k != 10) continue;
            EXPECT_EQ(search(store, matrix_of(wide, dim), request),
                      first_of(expected, kNumQueries, 1000, k))
                << where << " asked in floats";
        }
        cpu_operations().mask_destroy(mask);
        if (::testing::Test::HasFailure()) return;
    }
}

TYPED_TEST(ElementTypes, AnswersExactlyOnAdversarialRows) {
    const TypeRange type = range_of<TypeParam>();
    for (const std::uint32_t dim : {1U, 2U, 31U, 128U, 129U, 768U, 4096U}) {
        const std::size_t num_rows = dim <= 31 ? 1100 : dim <= 129 ? 300 : 200 / (dim / 512) + 20;
        for (const DataKind& kind : kKinds) {
            std::mt19937_64 engine(dim);
            const auto rows = elements_near<TypeParam>(kind.draw(num_rows, dim, type, engine));
            const auto queries =
                elements_near<TypeParam>(kind.draw(kNumQueries, dim, type, engine));
            for (const skep_metric metric : kMetrics) {
                expect_exact(kind.name, metric, rows, queries, dim);
                if (this->HasFailure()) return;
            }
        }
    }
}

// Float queries that are no elements of the type.
TYPED_TEST(ElementTypes, AnswersFloatQueriesExactly) {
    const TypeRange type = range_of<TypeParam>();
    for (const std::uint32_t dim : {3U, 100U}) {
        std::mt19937_64 engine(dim);
        const auto rows =
            elements_near<TypeParam>(normal(std::size_t{700} * dim, engine, type.unit));
        Floats queries = normal(std::size_t{kNumQueries} * dim, engine, type.unit);
        // One past what a signed byte holds, one within by a hair.
        queries[0] = 128.0F;
        queries[dim] = std::nextafter(-128.0F, 0.0F);
        for (const std::string_view isa : cpu::usable_isa_names()) {
            HostDouble host(2);
            const CpuDeviceHandle device(host, std::string(isa));
            for (const skep_metric metric : kMetrics) {
                StoreHandle store(device, store_options(metric, kDtypeOf<TypeParam>, dim));
                store.append(matrix_of(rows, dim));
                for (const std::size_t num_queries : {std::size_t{2}, kNumQueries}) {
                    const Floats some(
                        queries.begin(),
                        queries.begin() + static_cast<std::ptrdiff_t>(num_queries * dim));
                    EXPECT_EQ(search(store, matrix_of(some, dim), search_request(700, 20)),
                              plain_scan(metric, some, rows, dim, 20))
                        << isa << " metric " << metric << " dim " << dim;
                }
            }
        }
    }
}

// Bytes at the ends of their range, over the widest vectors that are scored in integers.
TYPED_TEST(ElementTypes, KeepsSumsExactAtTheEndsOfTheRange) {
    constexpr std::uint32_t kDim = cpu::kMaxIntegerDim;
    const TypeRange type = range_of<TypeParam>();
    const float least = type.is_signed ? -type.largest : 0.0F;
    std::vector<TypeParam> rows;
    for (std::size_t row = 0; row < 12; ++row) {
        Floats values(kDim, row % 2 == 0 ? type.largest : least);
        values[row] = row % 3 == 0 ? type.smallest : 0.0F;
        const auto elements = elements_near<TypeParam>(values);
        rows.insert(rows.end(), elements.begin(), elements.end());
    }
    for (const std::size_t num_queries : {2U, 9U}) {
        std::vector<TypeParam> queries;
        for (std::size_t query = 0; query < num_queries; ++query) {
            const Floats values(kDim, query % 2 == 0 ? type.largest : least);
            const auto elements = elements_near<TypeParam>(values);
            queries.insert(queries.end(), elements.begin(), elements.end());
        }
        for (const skep_metric metric : kMetrics) {
            const Answer expected = plain_scan(metric, queries, rows, kDim, 5);
            for (const std::string_view isa : cpu::usable_isa_names()) {
                HostDouble host;
                const CpuDeviceHandle device(host, std::string(isa));
                StoreHandle store(device, store_options(metric, kDtypeOf<TypeParam>, kDim));
                store.append(matrix_of(rows, kDim));
                EXPECT_EQ(search(store, matrix_of(queries, kDim), search_request(12, 5)), expected)
                    << isa << " metric " << metric;
            }
        }
    }
}

// Every finite element of the type, some of them several times.
template <typename Element>
std::vector<Element> every_element(std::size_t count) {
    std::vector<Element> elements(count);
    std::uint32_t bits = 0;
    for (Element& element : elements) {
        do {
            bits += sizeof(Element) == 4 ? 2654435761U : 1U;
            std::memcpy(&element, &bits, sizeof element);
        } while (!std::isfinite(static_cast<float>(element)));
    }
    return elements;
}

template <typename Element>
std::vector<Element> read_all(skep_store* store, std::size_t num_rows, std::uint32_t dim) {
    std::vector<Element> rows(num_rows * dim);
    const skep_mutable_matrix out =
        SKEP_HOST_MATRIX(skep_mutable_matrix, kDtypeOf<Element>, rows.data(), num_rows, dim);
    EXPECT_EQ(cpu_operations().store_read(store, 0, nullptr, &out, nullptr, nullptr), SKEP_OK);
    return rows;
}

template <typename Element>
bool have_same_bits(const std::vector<Element>& a, const std::vector<Element>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(Element)) == 0;
}

TYPED_TEST(ElementTypes, GivesBackEveryBit) {
    constexpr std::uint32_t kDim = 11;
    constexpr std::size_t kRows = 7000;
    const auto rows = every_element<TypeParam>(kRows * kDim);
    HostDouble host;
    const CpuDeviceHandle device(host);
    StoreHandle store(device, store_options(SKEP_METRIC_L2, kDtypeOf<TypeParam>, kDim));
    store.append(matrix_of(rows, kDim));
    EXPECT_TRUE(have_same_bits(read_all<TypeParam>(store.store, kRows, kDim), rows));

    skep_mask* mask = nullptr;
    const std::uint32_t erased[] = {0, 3000, 6999};
    ASSERT_EQ(cpu_operations().mask_create(store.store, nullptr, kRows, erased, 3, &mask, nullptr),
              SKEP_OK);
    ASSERT_EQ(cpu_operations().store_compact(store.store, kRows, mask, nullptr, nullptr), SKEP_OK);
    cpu_operations().mask_destroy(mask);
    std::vector<TypeParam> kept;
    for (std::size_t slot = 0; slot < kRows; ++slot) {
        if (slot == 0 || slot == 3000 || slot == 6999) continue;
        kept.insert(kept.end(), rows.begin() + static_cast<std::ptrdiff_t>(slot * kDim),
                    rows.begin() + static_cast<std::ptrdiff_t>((slot + 1) * kDim));
    }
    EXPECT_TRUE(have_same_bits(read_all<TypeParam>(store.store, kRows - 3, kDim), kept));
}

// Bytes are their own codes; floats of any width have a byte per component beside them, unless
// bytes can stand for them (byte_rows_test.cpp).
TYPED_TEST(ElementTypes, KeepsNoWiderCopyOfItsRows) {
    constexpr std::uint32_t kDim = 100;
    std::vector<TypeParam> rows(std::size_t{50} * kDim);
    if constexpr (sizeof(TypeParam) != 1) rows[kDim] = element_near<TypeParam>(0.5F);
    HostDouble host;
    const CpuDeviceHandle device(host);
    StoreHandle store(device, store_options(SKEP_METRIC_L2, kDtypeOf<TypeParam>, kDim));
    store.append(matrix_of(rows, kDim));
    skep_store_stats stats{};
    stats.struct_size = sizeof stats;
    ASSERT_EQ(cpu_operations().store_stats(store.store, &stats, nullptr), SKEP_OK);

    const std::uint64_t code_bytes = sizeof(TypeParam) == 1 ? 8 : kDim + 16;
    EXPECT_EQ(stats.used_bytes, 50 * (kDim * sizeof(TypeParam) + code_bytes));
    EXPECT_EQ(host.bytes_in_use.load(), stats.reserved_bytes);
}

// Rows of the caller at odd addresses, as a mapped file may hold them.
TYPED_TEST(ElementTypes, AnswersFromAdoptedRows) {
    constexpr std::uint32_t kDim = 37;
    constexpr std::size_t kRows = 300;
    constexpr std::size_t kRowBytes = kDim * sizeof(TypeParam);
    std::mt19937_64 engine(5);
    const auto rows =
        elements_near<TypeParam>(normal(kRows * kDim, engine, range_of<TypeParam>().unit));
    std::vector<unsigned char> bytes(1 + kRows * (kRowBytes + 3));
    for (std::size_t row = 0; row < kRows; ++row)
        std::memcpy(bytes.data() + 1 + row * (kRowBytes + 3), rows.data() + row * kDim, kRowBytes);
    skep_matrix matrix = matrix_of(rows, kDim);
    matrix.data = bytes.data() + 1;
    matrix.row_stride_bytes = kRowBytes + 3;
    for (const std::string_view isa : cpu::usable_isa_names()) {
        HostDouble host;
        const CpuDeviceHandle device(host, std::string(isa));
        for (const skep_metric metric : kMetrics) {
            const skep_store_options options = store_options(metric, kDtypeOf<TypeParam>, kDim);
            const skep_release release{nullptr, [](void*) {}};
            skep_store* adopted = nullptr;
            ASSERT_EQ(cpu_operations().opt_store_adopt(device.device, &options, &matrix, &release,
                                                       nullptr, &adopted, nullptr),
                      SKEP_OK);
            Answer found;
            const skep_search_request request = search_request(kRows, 5);
            const skep_search_answer target = answer_into(found, kRows, 5);
            EXPECT_EQ(cpu_operations().store_search(adopted, &matrix, &request, &target, nullptr,
                                                    nullptr),
                      SKEP_OK);
            EXPECT_EQ(found, plain_scan(metric, rows, rows, kDim, 5)) << isa << ' ' << metric;
            EXPECT_TRUE(have_same_bits(read_all<TypeParam>(adopted, kRows, kDim), rows));
            cpu_operations().store_destroy(adopted);
        }
    }
}

TYPED_TEST(ElementTypes, KeepsRowsWhenMemoryRunsOut) {
    constexpr std::uint32_t kDim = 16;
    const std::vector<float> whole(std::size_t{100} * kDim, 3.0F);
    std::mt19937_64 engine(6);
    const auto first = elements_near<TypeParam>(whole);
    const auto second = elements_near<TypeParam>(normal(std::size_t{20000} * kDim, engine, 9.0F));
    HostDouble host;
    const CpuDeviceHandle device(host);
    StoreHandle store(device, store_options(SKEP_METRIC_L2, kDtypeOf<TypeParam>, kDim));
    store.append(matrix_of(first, kDim));
    const std::uint64_t held = host.bytes_in_use.load();
    const skep_matrix more = matrix_of(second, kDim);
    std::int64_t num_failures = 0;
    for (;; ++num_failures) {
        host.allocations_before_failure = num_failures;
        skep_error error = SKEP_ERROR_INIT;
        const skep_status status =
            cpu_operations().store_append(store.store, &more, nullptr, &error);
        if (host.allocations_before_failure.exchange(-1) >= 0) {
            ASSERT_EQ(status, SKEP_OK) << error.message;
            break;
        }
        ASSERT_EQ(status, SKEP_OUT_OF_HOST_MEMORY);
        EXPECT_EQ(host.bytes_in_use.load(), held);
        EXPECT_TRUE(have_same_bits(read_all<TypeParam>(store.store, 100, kDim), first));
    }
    EXPECT_GE(num_failures, 2);
    EXPECT_TRUE(have_same_bits(read_all<TypeParam>(store.store, 100, kDim), first));
}

}  // namespace
}  // namespace skep::testing
