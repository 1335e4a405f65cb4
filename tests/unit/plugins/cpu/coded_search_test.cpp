// SPDX-License-Identifier: MIT
// Searches that filter by byte codes, against a plain double scan: same slots, same bits, on data
// that codes can tell apart and on data that they cannot.
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>

#include "kernels/kernel_dispatch.hpp"
#include "support/generators.hpp"
#include "unit/plugins/cpu/backend_fixture.hpp"
#include "unit/plugins/cpu/isa_test_name.hpp"

namespace skep::testing {
namespace {

constexpr skep_metric kMetrics[] = {SKEP_METRIC_L2, SKEP_METRIC_INNER_PRODUCT, SKEP_METRIC_COSINE};

using Floats = std::vector<float>;

// Rows of one kind; queries are drawn alike, from another seed.
struct DataKind {
    const char* name;
    std::function<Floats(std::size_t num_rows, std::uint32_t dim, std::uint64_t seed)> draw;
};

Floats normal_f32(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 engine(seed);
    std::normal_distribution<float> draw;
    Floats values(count);
    for (float& value : values)
        value = draw(engine);
    return values;
}

// Every value of a few rows changed by a function of the row number.
Floats changed(Floats rows, std::uint32_t dim, const std::function<float(std::size_t, float)>& by) {
    for (std::size_t i = 0; i < rows.size(); ++i)
        rows[i] = by(i / dim, rows[i]);
    return rows;
}

Floats integers_f32(std::size_t count, std::uint64_t seed, std::uint8_t mask = 255) {
    Floats values;
    for (const std::uint8_t value : random_u8(count, seed))
        values.push_back(static_cast<float>(value & mask));
    return values;
}

const DataKind kKinds[] = {
    {"normal", [](std::size_t n, std::uint32_t dim,
                  std::uint64_t seed) { return normal_f32(n * dim, seed); }},
    {"non-negative", [](std::size_t n, std::uint32_t dim,
                        std::uint64_t seed) { return random_f32(n * dim, seed, 0.0F, 3.0F); }},
    {"clustered",
     [](std::size_t n, std::uint32_t dim, std::uint64_t seed) {
         const Floats centers = normal_f32(std::size_t{8} * dim, 77);
         Floats rows = normal_f32(n * dim, seed);
         for (std::size_t i = 0; i < rows.size(); ++i)
             rows[i] = rows[i] * 0.01F + centers[i / dim % 8 * dim + i % dim];
         return rows;
     }},
    {"duplicated",
     [](std::size_t n, std::uint32_t dim, std::uint64_t) {
         const Floats few = normal_f32(std::size_t{7} * dim, 78);
         Floats rows(n * dim);
         for (std::size_t i = 0; i < rows.size(); ++i)
             rows[i] = few[i / dim % 7 * dim + i % dim];
         return rows;
     }},
    {"all equal",
     [](std::size_t n, std::uint32_t dim, std::uint64_t) { return Floats(n * dim, 0.3F); }},
    // Differences that neither codes nor floats resolve.
    {"tiny gaps",
     [](std::size_t n, std::uint32_t dim, std::uint64_t seed) {
         const Floats center = random_f32(dim, 79, 100.0F, 200.0F);
         std::mt19937_64 engine(seed);
         Floats rows(n * dim);
         for (std::size_t i = 0; i < rows.size(); ++i)
             rows[i] = engine() % 3 == 0 ? std::nextafter(center[i % dim], 0.0F) : center[i % dim];
         return rows;
     }},
    {"far from the origin",
     [](std::size_t n, std::uint32_t dim, std::uint64_t seed) {
         return changed(normal_f32(n * dim, seed), dim,
                        [](std::size_t, float value) { return value + 1000.0F; });
     }},
    {"one outlier",
     [](std::size_t n, std::uint32_t dim, std::uint64_t seed) {
         return changed(normal_f32(n * dim, seed), dim, [n](std::size_t row, float value) {
             return row == n / 2 ? value * 1e9F : value;
         });
     }},
    {"one outlying component",
     [](std::size_t n, std::uint32_t dim, std::uint64_t seed) {
         Floats rows = normal_f32(n * dim, seed);
         for (std::size_t first = 0; first < rows.size(); first += dim)
             rows[first] *= 1000.0F;
         return rows;
     }},
    // Norms on both sides of every limit of codes, up to sums that overflow.
    {"huge and tiny norms",
     [](std::size_t n, std::uint32_t dim, std::uint64_t seed) {
         return changed(normal_f32(n * dim, seed), dim, [](std::size_t row, float value) {
             return std::ldexp(value, static_cast<int>(row * 7 % 240) - 125);
         });
     }},
    {"at the limits",
     [](std::size_t n, std::uint32_t dim, std::uint64_t seed) {
         return changed(normal_f32(n * dim, seed), dim, [](std::size_t row, float value) {
             constexpr int kExponents[] = {38, 39, 40, -38, -39, -40, -41, 0};
             return std::ldexp(value, kExponents[row % 8]);
         });
     }},
    {"denormal",
     [](std::size_t n, std::uint32_t dim, std::uint64_t seed) {
         return changed(normal_f32(n * dim, seed), dim,
                        [](std::size_t, float value) { return std::ldexp(value, -135); });
     }},
    {"many zero rows",
     [](std::size_t n, std::uint32_t dim, std::uint64_t seed) {
         return changed(normal_f32(n * dim, seed), dim,
                        [](std::size_t row, float value) { return row % 3 == 0 ? value : 0.0F; });
     }},
    {"integers", [](std::size_t n, std::uint32_t dim,
                    std::uint64_t seed) { return integers_f32(n * dim, seed); }},
    {"few integers", [](std::size_t n, std::uint32_t dim,
                        std::uint64_t seed) { return integers_f32(n * dim, seed, 1); }},
};

class CodedSearch : public ::testing::TestWithParam<std::string_view> {
  protected:
    [[nodiscard]] static std::string isa() { return std::string(GetParam()); }
};

TEST_P(CodedSearch, AgreesOnEveryKindOfData) {
    HostDouble host(2);
    const CpuDeviceHandle device(host, isa());
    for (const DataKind& kind : kKinds) {
        for (const std::uint32_t dim : {1U, 2U, 13U, 64U, 130U}) {
            const Floats rows = kind.draw(1200, dim, dim);
            const Floats queries = kind.draw(16, dim, dim + 1);
            for (const skep_metric metric : kMetrics) {
                StoreHandle store(device, store_options(metric, SKEP_DTYPE_F32, dim));
                store.append(matrix_of(rows, dim));
                for (const std::uint64_t num_queries : {3U, 16U}) {
                    const Floats some(queries.begin(),
                                      queries.begin() + static_cast<int>(num_queries * dim));
                    const Answer all = plain_scan(metric, some, rows, dim, 1000);
                    for (const std::uint64_t k : {1U, 10U, 300U, 1000U}) {
                        const Answer found =
                            search(store, matrix_of(some, dim), search_request(1200, k));
                        for (std::uint64_t i = 0; i < num_queries * k; ++i) {
                            const std::uint64_t expected = i / k * 1000 + i % k;
                            ASSERT_TRUE(found.slots[i] == all.slots[expected] &&
                                        found.distances[i] == all.distances[expected])
                                << isa() << ' ' << kind.name << " metric " << metric << " dim "
                                << dim << " k " << k << " queries " << num_queries << " place "
                                << i;
                        }
                    }
                }
            }
        }
    }
}

TEST_P(CodedSearch, AgreesOnWideRows) {
    HostDouble host;
    const CpuDeviceHandle device(host, isa());
    for (const std::uint32_t dim : {768U, 1023U, 4096U}) {
        for (const DataKind& kind : kKinds) {
            const Floats rows = kind.draw(150, dim, dim);
            const Floats queries = kind.draw(9, dim, dim + 1);
            for (const skep_metric metric : kMetrics) {
                StoreHandle store(device, store_options(metric, SKEP_DTYPE_F32, dim));
                store.append(matrix_of(rows, dim));
                ASSERT_EQ(search(store, matrix_of(queries, dim), search_request(150, 10)),
                          plain_scan(metric, queries, rows, dim, 10))
                    << isa() << ' ' << kind.name << " metric " << metric << " dim " << dim;
            }
        }
    }
}

// Queries of one kind against rows of another, integers and not.
TEST_P(CodedSearch, AgreesWhereQueriesAndRowsDiffer) {
    constexpr std::uint32_t kDim = 24;
    HostDouble host;
    const CpuDeviceHandle device(host, isa());
    for (const DataKind& of_rows : kKinds) {
        const Floats rows = of_rows.draw(400, kDim, 5);
        for (const DataKind& of_queries : kKinds) {
            const Floats queries = of_queries.draw(8, kDim, 6);
            const Floats few(queries.begin(), queries.begin() + 3 * kDim);
            for (const skep_metric metric : kMetrics) {
                StoreHandle store(device, store_options(metric, SKEP_DTYPE_F32, kDim));
                store.append(matrix_of(rows, kDim));
                for (const Floats& asked : {few, queries}) {
                    ASSERT_EQ(search(store, matrix_of(asked, kDim), search_request(400, 5)),
                              plain_scan(metric, asked, rows, kDim, 5))
                        << isa() << " rows " << of_rows.name << " queries " << of_queries.name
                        << " metric " << metric;
                }
            }
        }
    }
}

// Integers, then what is none, then integers again; and the same after a truncation.
TEST_P(CodedSearch, AgreesOverAppendsOfChangingKinds) {
    constexpr std::uint32_t kDim = 20;
    const Floats integers = integers_f32(std::size_t{900} * kDim, 7);
    const Floats others = normal_f32(std::size_t{40} * kDim, 8);
    const Floats queries = integers_f32(std::size_t{10} * kDim, 9);
    HostDouble host(2);
    const CpuDeviceHandle device(host, isa());
    for (const skep_metric metric : kMetrics) {
        StoreHandle store(device, store_options(metric, SKEP_DTYPE_F32, kDim));
        Floats held;
        const auto expect_exact = [&](const char* when) {
            const std::uint64_t num_rows = held.size() / kDim;
            for (const std::uint64_t num_queries : {1U, 10U}) {
                const Floats some(queries.begin(),
                                  queries.begin() + static_cast<int>(num_queries * kDim));
                EXPECT_EQ(search(store, matrix_of(some, kDim), search_request(num_rows, 6)),
                          plain_scan(metric, some, held, kDim, 6))
                    << isa() << " metric " << metric << ' ' << when;
            }
        };
        const auto append = [&](const Floats& rows) {
            store.append(matrix_of(rows, kDim));
            held.insert(held.end(), rows.begin(), rows.end());
        };
        append(integers);
        expect_exact("integers");
        append(others);
        expect_exact("others");
        append(integers);
        expect_exact("integers again");
        cpu_operations().store_truncate(store.store, 500);
        held.resize(std::size_t{500} * kDim);
        expect_exact("truncated");
        append(integers);
        expect_exact("appended after truncation");
        ASSERT_EQ(cpu_operations().store_compact(store.store, held.size() / kDim, nullptr, nullptr,
                                                 nullptr),
                  SKEP_OK);
        expect_exact("compacted");
        append(others);
        expect_exact("appended after compaction");
        cpu_operations().store_truncate(store.store, 0);
        held.clear();
        append(integers);
        expect_exact("filled again with integers");
    }
}

// The same bits for every batch size and thread count.
TEST_P(CodedSearch, AnswersAlikeInEveryBatchAndThreadCount) {
    constexpr std::uint32_t kDim = 48;
    constexpr std::uint64_t kRows = 900;
    constexpr std::uint64_t kQueries = 512;
    constexpr std::uint64_t kK = 20;
    for (const bool are_integers : {false, true}) {
        const auto draw = [&](std::size_t count, std::uint64_t seed) {
            return are_integers ? integers_f32(count, seed) : normal_f32(count, seed);
        };
        const Floats rows = draw(kRows * kDim, 10);
        const Floats queries = draw(kQueries * kDim, 11);
        for (const skep_metric metric : kMetrics) {
            const Answer expected = plain_scan(metric, queries, rows, kDim, kK);
            for (const std::uint32_t num_workers : {1U, 2U, 5U}) {
                HostDouble host(num_workers);
                const CpuDeviceHandle device(host, isa());
                StoreHandle store(device, store_options(metric, SKEP_DTYPE_F32, kDim));
                store.append(matrix_of(rows, kDim));
                for (const std::uint64_t batch : {1U, 7U, 512U}) {
                    // Single queries on several threads take long: some of them suffice.
                    const std::uint64_t num_asked = batch == 1 ? 24 : kQueries / batch * batch;
                    Answer found;
                    for (std::uint64_t first = 0; first < num_asked; first += batch) {
                        const skep_matrix some =
                            SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32,
                                             queries.data() + first * kDim, batch, kDim);
                        const Answer part = search(store, some, search_request(kRows, kK));
                        found.slots.insert(found.slots.end(), part.slots.begin(), part.slots.end());
                        found.distances.insert(found.distances.end(), part.distances.begin(),
                                               part.distances.end());
                    }
                    ASSERT_TRUE(std::equal(found.slots.begin(), found.slots.end(),
                                           expected.slots.begin()) &&
                                std::equal(found.distances.begin(), found.distances.end(),
                                           expected.distances.begin()))
                        << isa() << " metric " << metric << " batch " << batch << " workers "
                        << num_workers << (are_integers ? " integers" : " normal");
                }
            }
        }
    }
}

TEST_P(CodedSearch, HonoursMaskAndBitmap) {
    constexpr std::uint32_t kDim = 30;
    constexpr std::uint64_t kRows = 1000;
    HostDouble host;
    const CpuDeviceHandle device(host, isa());
    std::vector<std::uint32_t> erased;
    std::vector<std::uint64_t> words((kRows + 63) / 64, 0xF0F0F0F0FFFF7777ULL);
    std::vector<bool> visible(kRows);
    for (std::uint32_t slot = 0; slot < kRows; ++slot) {
        if (slot % 7 == 2) erased.push_back(slot);
        visible[slot] = slot % 7 != 2 && (words[slot / 64] >> (slot % 64) & 1U) != 0;
    }
    const skep_bitmap bitmap{sizeof(skep_bitmap), 0, kRows, words.data()};
    for (const DataKind& kind : kKinds) {
        const Floats rows = kind.draw(kRows, kDim, 12);
        const Floats queries = kind.draw(9, kDim, 13);
        for (const skep_metric metric : kMetrics) {
            StoreHandle store(device, store_options(metric, SKEP_DTYPE_F32, kDim));
            store.append(matrix_of(rows, kDim));
            skep_mask* mask = nullptr;
            ASSERT_EQ(cpu_operations().mask_create(store.store, nullptr, kRows, erased.data(),
                                                   erased.size(), &mask, nullptr),
                      SKEP_OK);
            for (const std::uint64_t k : {4U, 800U}) {
                skep_search_request request = search_request(kRows, k);
                request.mask = mask;
                request.allowed = &bitmap;
                EXPECT_EQ(search(store, matrix_of(queries, kDim), request),
                          plain_scan(metric, queries, rows, kDim, k, visible))
                    << isa() << ' ' << kind.name << " metric " << metric << " k " << k;
            }
            cpu_operations().mask_destroy(mask);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(EveryIsa, CodedSearch, ::testing::ValuesIn(cpu::usable_isa_names()),
                         IsaTestName());

}  // namespace
}  // namespace skep::testing
