// SPDX-License-Identifier: MIT
// Many threads search through skep.hpp while another adds; handles that come and go leave nothing.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <skep/skep.hpp>
#include <string>
#include <thread>
#include <vector>

namespace skep {
namespace {

constexpr std::uint32_t kDim = 8;

Collection make_collection(const Runtime& runtime) {
    CollectionOptions options;
    options.dim = kDim;
    options.device = "cpu";
    return Collection::create(runtime, options).value();
}

std::vector<float> row_of(std::uint64_t key) {
    return std::vector<float>(kDim, static_cast<float>(key));
}

// Pages of this process in memory.
std::uint64_t resident_pages() {
    std::uint64_t all = 0;
    std::uint64_t resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident;
}

TEST(CppThreads, SixteenSearchWhileOneAdds) {
    constexpr int kSearchers = 16;
    constexpr std::uint64_t kRows = 400;
    const Runtime runtime = Runtime::create().value();
    Collection collection = make_collection(runtime);
    collection.add(rows(row_of(0).data(), 1, kDim)).value();
    std::atomic<bool> is_done{false};
    std::atomic<int> num_wrong{0};

    std::vector<std::thread> searchers;
    for (int searcher = 0; searcher < kSearchers; ++searcher) {
        searchers.emplace_back([&] {
            do {
                const std::uint64_t newest = collection.count().value() - 1;
                const std::vector<float> query = row_of(newest);
                const Hits hits = collection.search(rows(query.data(), 1, kDim), 3).value();
                if (hits[0][0].key != newest || hits[0][0].distance != 0) ++num_wrong;
            } while (!is_done);
        });
    }
    for (std::uint64_t key = 1; key < kRows; ++key) {
        collection.add(rows(row_of(key).data(), 1, kDim)).value();
    }
    is_done = true;
    for (std::thread& searcher : searchers)
        searcher.join();

    EXPECT_EQ(num_wrong, 0);
    EXPECT_EQ(collection.count().value(), kRows);
}

TEST(CppThreads, HandlesThatComeAndGoLeaveNoMemory) {
#ifdef SKEP_IS_SANITIZED
    GTEST_SKIP() << "sanitizers keep freed memory for a while, and tell of leaks themselves";
#endif
    const auto cycle = [] {
        const Runtime runtime = Runtime::create().value();
        Collection collection = make_collection(runtime);
        collection.add(rows(row_of(1).data(), 1, kDim)).value();
        const Filter filter = Filter::allow(collection, {0}).value();
        SearchOptions options;
        options.filter = &filter;
        options.has_payloads = true;
        collection.search(rows(row_of(1).data(), 1, kDim), options).value();
        collection.range_search(rows(row_of(1).data(), 1, kDim), 1).value();
    };
    for (int warm_up = 0; warm_up < 30; ++warm_up)
        cycle();
    const std::uint64_t before = resident_pages();

    for (int time = 0; time < 300; ++time)
        cycle();

    // A leak of one row, key table or stack per cycle would be several pages each.
    EXPECT_LT(resident_pages(), before + 300);
}

}  // namespace
}  // namespace skep
