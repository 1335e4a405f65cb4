// SPDX-License-Identifier: MIT
// Searches of the flat index over the fake driver, compared with the definition of every distance.
#pragma once

#include <cstdint>
#include <vector>

#include "cuda_harness.hpp"

namespace skep::testing {

inline constexpr skep_metric kMetrics[] = {SKEP_METRIC_COSINE, SKEP_METRIC_L2,
                                           SKEP_METRIC_INNER_PRODUCT};

class StoreTest : public ::testing::Test {
  protected:
    void SetUp() override {
        reset_fake_cuda();
        ASSERT_EQ(session.open(), SKEP_OK) << session.error.message;
    }
    void TearDown() override {
        session.close();
        EXPECT_EQ(fake_cuda().num_live_objects, 0);
        EXPECT_EQ(fake_cuda().device_bytes, 0U);
        EXPECT_EQ(fake_cuda().misuses, 0U);
    }

    // A store of these rows, instead of the one before.
    template <typename Row>
    void create(skep_metric metric, const std::vector<Row>& rows, std::uint32_t dim) {
        session.ops.store_destroy(session.store);
        session.store = nullptr;
        ASSERT_EQ(session.create_store(metric, kDtypeOf<Row>, dim), SKEP_OK)
            << session.error.message;
        ASSERT_EQ(session.append(rows, dim), SKEP_OK) << session.error.message;
    }
    // Searches the store and compares with the definition over these rows.
    template <typename Row, typename Query>
    void expect_answer(skep_metric metric, const std::vector<Row>& rows,
                       const std::vector<Query>& queries, std::uint32_t dim, std::uint64_t k) {
        const std::uint64_t retries_before = session.stats().num_exact_retries;
        Answer answer;
        ASSERT_EQ(session.search(queries, dim, rows.size() / dim, k, answer), SKEP_OK)
            << session.error.message;
        EXPECT_EQ(answer, brute_force(metric, rows, queries, dim, k, every_slot))
            << "metric " << metric << " dim " << dim << " rows " << rows.size() / dim << " queries "
            << queries.size() / dim << " k " << k;
        retries = session.stats().num_exact_retries - retries_before;
    }
    template <typename Row, typename Query>
    void expect_exact(skep_metric metric, const std::vector<Row>& rows,
                      const std::vector<Query>& queries, std::uint32_t dim, std::uint64_t k) {
        create(metric, rows, dim);
        expect_answer(metric, rows, queries, dim, k);
    }

    CudaSession session;
    std::uint64_t retries = 0;  // queries of the last search that the plain kernels answered
};

// Stores of any size are searched through the filter.
class FilterTest : public StoreTest {
  private:
    PlainSlots plain_slots_{kFilterAlways};
};

}  // namespace skep::testing
