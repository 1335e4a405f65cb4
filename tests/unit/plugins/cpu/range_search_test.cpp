// SPDX-License-Identifier: MIT
// Range search against a plain scan, for every ISA.
#include <cmath>
#include <cstdint>
#include <mutex>
#include <set>

#include "kernels/kernel_dispatch.hpp"
#include "support/generators.hpp"
#include "unit/plugins/cpu/backend_fixture.hpp"
#include "unit/plugins/cpu/isa_test_name.hpp"

namespace skep::testing {
namespace {

using Found = std::set<std::pair<std::uint32_t, float>>;

// Collects by query; complains of two emissions of one query at once, and of duplicates.
struct Collector {
    explicit Collector(std::uint64_t num_queries) : found(num_queries), busy(num_queries) {}

    skep_range_sink sink() {
        skep_range_sink sink{};
        sink.struct_size = sizeof sink;
        sink.context = this;
        sink.emit = [](void* context, std::uint64_t query, std::uint64_t count,
                       const std::uint32_t* slots, const float* distances) -> skep_status {
            Collector& self = *static_cast<Collector*>(context);
            EXPECT_FALSE(self.busy[query].exchange(true));
            for (std::uint64_t i = 0; i < count; ++i)
                EXPECT_TRUE(self.found[query].insert({slots[i], distances[i]}).second);
            self.busy[query] = false;
            ++self.num_emissions;
            return self.status;
        };
        return sink;
    }

    std::vector<Found> found;
    std::vector<std::atomic<bool>> busy;
    std::atomic<int> num_emissions{0};
    skep_status status = SKEP_OK;
};

class RangeSearch : public ::testing::TestWithParam<std::string_view> {};

template <typename Element>
void expect_rows_within_radius(const std::string& isa) {
    constexpr std::uint32_t kDim = 10;
    const auto rows = elements_near<Element>(random_f32(std::size_t{1500} * kDim, 1, 0.0F, 100.0F));
    for (const std::uint32_t num_workers : {1U, 3U}) {
        HostDouble host(num_workers);
        const CpuDeviceHandle device(host, isa);
        for (const skep_metric metric :
             {SKEP_METRIC_L2, SKEP_METRIC_INNER_PRODUCT, SKEP_METRIC_COSINE}) {
            StoreHandle store(device, store_options(metric, kDtypeOf<Element>, kDim));
            store.append(matrix_of(rows, kDim));
            for (const std::size_t num_queries : {2U, 40U}) {
                const auto queries =
                    elements_near<Element>(random_f32(num_queries * kDim, 2, 0.0F, 100.0F));
                const Answer nearest = plain_scan(metric, queries, rows, kDim, 1500);
                const float radii[] = {nearest.distances[0], nearest.distances[100],
                                       std::nextafter(nearest.distances[7], -1e30F),
                                       std::numeric_limits<float>::infinity(),
                                       -std::numeric_limits<float>::infinity()};
                for (const float radius : radii) {
                    Collector collector(num_queries);
                    const skep_range_sink sink = collector.sink();
                    skep_range_request request{};
                    request.struct_size = sizeof request;
                    request.radius = radius;
                    request.num_slots = 1500;
                    const skep_matrix matrix = matrix_of(queries, kDim);

                    ASSERT_EQ(cpu_operations().opt_store_range_search(
                                  store.store, &matrix, &request, &sink, nullptr, nullptr),
                              SKEP_OK);

                    for (std::size_t query = 0; query < num_queries; ++query) {
                        Found expected;
                        for (std::size_t i = query * 1500; i < (query + 1) * 1500; ++i) {
                            if (nearest.distances[i] <= radius)
                                expected.insert({nearest.slots[i], nearest.distances[i]});
                        }
                        EXPECT_EQ(collector.found[query], expected) << "radius " << radius;
                    }
                }
            }
        }
    }
}

TEST_P(RangeSearch, FindsExactlyTheRowsWithinTheRadius) {
    const std::string isa(GetParam());
    expect_rows_within_radius<float>(isa);
    expect_rows_within_radius<Half>(isa);
    expect_rows_within_radius<Brain>(isa);
    expect_rows_within_radius<std::int8_t>(isa);
    expect_rows_within_radius<std::uint8_t>(isa);
}

TEST_P(RangeSearch, StopsWhenTheSinkGivesUp) {
    constexpr std::uint32_t kDim = 4;
    const auto rows = random_f32(std::size_t{5000} * kDim, 3);
    HostDouble host;
    const CpuDeviceHandle device(host, std::string(GetParam()));
    StoreHandle store(device, store_options(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim));
    store.append(matrix_of(rows, kDim));
    const std::vector<float> query(kDim, 0.0F);
    const skep_matrix matrix = matrix_of(query, kDim);
    Collector collector(1);
    collector.status = SKEP_LIMIT_EXCEEDED;
    const skep_range_sink sink = collector.sink();
    skep_range_request request{};
    request.struct_size = sizeof request;
    request.radius = 1e30F;
    request.num_slots = 5000;

    EXPECT_EQ(cpu_operations().opt_store_range_search(store.store, &matrix, &request, &sink,
                                                      nullptr, nullptr),
              SKEP_LIMIT_EXCEEDED);

    EXPECT_EQ(collector.num_emissions.load(), 1);
}

INSTANTIATE_TEST_SUITE_P(EveryIsa, RangeSearch, ::testing::ValuesIn(cpu::usable_isa_names()),
                         IsaTestName());

}  // namespace
}  // namespace skep::testing
