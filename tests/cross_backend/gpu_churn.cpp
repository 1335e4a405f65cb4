// SPDX-License-Identifier: MIT
// Grows, shrinks and searches collections on a GPU for a while; memory has to stay flat.
//   gpu_churn SECONDS [JSON-FILE]
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <skep/skep.hpp>
#include <string>
#include <vector>

#include "support/generators.hpp"

namespace {

std::uint64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t pages = 0;
    std::uint64_t resident = 0;
    statm >> pages >> resident;
    return resident * 4096;
}

int run(double seconds, const char* json_path) {
    using Clock = std::chrono::steady_clock;
    constexpr std::uint32_t kDim = 128;
    constexpr std::size_t kBatch = 40000;
    const skep::Runtime runtime = skep::Runtime::create().value();
    const auto rows = skep::testing::random_f32(kBatch * kDim, 1);
    const auto queries = skep::testing::random_f32(std::size_t{64} * kDim, 2);
    skep::CollectionOptions options;
    options.device = "cuda:0";
    options.dim = kDim;
    skep::Collection collection = skep::Collection::create(runtime, options).value();

    std::uint64_t cycles = 0;
    std::uint64_t searches = 0;
    std::uint64_t wrong = 0;
    // After the first cycles everything has its size.
    constexpr std::uint64_t kSettled = 3;
    std::uint64_t free_at_start = 0;
    std::uint64_t lowest_free = UINT64_MAX;
    std::uint64_t resident_at_start = 0;
    std::uint64_t highest_resident = 0;
    const auto begin = Clock::now();
    while (std::chrono::duration<double>(Clock::now() - begin).count() < seconds) {
        std::uint64_t first_key = 0;
        for (int batch = 0; batch < 4; ++batch) {
            first_key = collection.add(skep::testing::matrix_of(rows, kDim)).value();
            const skep::Hits hits =
                collection.search(skep::testing::matrix_of(queries, kDim), 10).value();
            searches += 64;
            for (std::size_t i = 1; i < 10; ++i)
                wrong += hits.distances[i] < hits.distances[i - 1];
        }
        std::vector<std::uint64_t> gone(kBatch);
        for (std::size_t i = 0; i < kBatch; ++i)
            gone[i] = first_key + i;
        const skep_keys keys = SKEP_U64_KEYS(gone.data(), gone.size());
        collection.remove(keys).value();
        collection.compact().value();
        wrong += collection.count().value() != 3 * kBatch;
        collection.clear().value();
        collection.compact().value();
        ++cycles;
        const std::uint64_t free_bytes = runtime.find_device("cuda:0").value().free_memory_bytes;
        const std::uint64_t resident = resident_bytes();
        if (cycles == kSettled) {
            free_at_start = free_bytes;
            resident_at_start = resident;
        }
        if (cycles > kSettled) {
            lowest_free = std::min(lowest_free, free_bytes);
            highest_resident = std::max(highest_resident, resident);
        }
    }
    const std::int64_t device_growth =
        cycles > kSettled
            ? static_cast<std::int64_t>(free_at_start) - static_cast<std::int64_t>(lowest_free)
            : 0;
    const std::int64_t host_growth = cycles > kSettled
                                         ? static_cast<std::int64_t>(highest_resident) -
                                               static_cast<std::int64_t>(resident_at_start)
                                         : 0;
    // Other users of the GPU and the allocator's own slack move a little.
    const bool is_flat =
        cycles > kSettled && device_growth < (64 << 20) && host_growth < (96 << 20);
    const std::string json =
        "{\"seconds\": " + std::to_string(seconds) + ", \"cycles\": " + std::to_string(cycles) +
        ", \"searches\": " + std::to_string(searches) + ", \"wrong\": " + std::to_string(wrong) +
        ", \"device_growth_bytes\": " + std::to_string(device_growth) +
        ", \"host_growth_bytes\": " + std::to_string(host_growth) +
        ", \"passed\": " + (is_flat && wrong == 0 ? "true" : "false") + "}";
    std::puts(json.c_str());
    if (json_path != nullptr) std::ofstream(json_path) << json << "\n";
    return is_flat && wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || std::atof(argv[1]) <= 0) {
        std::fputs("usage: gpu_churn SECONDS [JSON-FILE]\n", stderr);
        return 2;
    }
    try {
        return run(std::atof(argv[1]), argc > 2 ? argv[2] : nullptr);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "gpu_churn: %s\n", failure.what());
        return 1;
    }
}
