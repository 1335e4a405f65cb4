// SPDX-License-Identifier: MIT
// What a call through both ABIs adds to the backend's own work: a search of one row of one
// component, through skep.h and through the backend's table, side by side.
//
//     build/release/bench/call_overhead --benchmark_repetitions=9
//
// The difference of the two medians is the cost of the layers in between; the standing target is
// under 100 ns.
#include <benchmark/benchmark.h>
#include <skep/skep.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "bridge/device.hpp"
#include "collection/collection.hpp"
#include "runtime/runtime.hpp"

namespace {

constexpr float kRow = 1.0F;
constexpr float kQuery = 3.0F;

std::shared_ptr<skep::Device> open_processor() {
    skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    options.flags = SKEP_RUNTIME_BUILTIN_ONLY;
    options.num_threads = 1;
    skep::DeviceNeed need;
    need.dim = 1;
    return skep::Runtime::create(&options).value()->open_device("cpu", need).value();
}

skep_matrix one(const float& value) {
    return SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, &value, 1, 1);
}

void require(bool is_right, const char* what) {
    if (is_right) return;
    std::fprintf(stderr, "wrong answer: %s\n", what);
    std::exit(1);
}

void search_through_skep_h(benchmark::State& state) {
    skep_collection_info info{};
    info.struct_size = sizeof info;
    info.dim = 1;
    info.metric = SKEP_METRIC_L2;
    skep_collection collection{skep::Collection::create(open_processor(), info, 0).value()};
    const skep_matrix rows = one(kRow);
    const std::uint64_t added_key = 7;
    const skep_keys keys = SKEP_U64_KEYS(&added_key, 1);
    require(skep_collection_add(&collection, &rows, &keys, nullptr, nullptr, nullptr, nullptr) ==
                SKEP_OK,
            "add");
    const skep_matrix queries = one(kQuery);
    skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
    options.k = 1;
    std::uint64_t key = 0;
    float distance = 0;
    skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
    output.keys = &key;
    output.distances = &distance;
    skep_error error = SKEP_ERROR_INIT;

    for (auto _ : state) {
        const skep_status status =
            skep_collection_search(&collection, &queries, &options, &output, nullptr, &error);
        benchmark::DoNotOptimize(status);
    }

    require(key == 7 && distance == 4.0F, "skep.h");
}
BENCHMARK(search_through_skep_h)->Name("search/skep.h/cpu/l2/f32/dim:1/n:1/k:1");

void search_through_backend_table(benchmark::State& state) {
    const std::shared_ptr<skep::Device> device = open_processor();
    skep_store_options options{};
    options.struct_size = sizeof options;
    options.metric = SKEP_METRIC_L2;
    options.dim = 1;
    skep::Store store = device->create_store(options).value();
    store.append(one(kRow), nullptr).value();
    const skep_matrix queries = one(kQuery);
    skep_search_request request{};
    request.struct_size = sizeof request;
    request.num_slots = 1;
    request.k = 1;
    std::uint32_t slot = 77;
    float distance = 0;
    const skep_search_answer answer{sizeof answer, SKEP_MEMORY_HOST, 0, 0, &slot, &distance};
    skep_error error = SKEP_ERROR_INIT;

    for (auto _ : state) {
        const skep_status status = device->operations().store_search(
            store.handle(), &queries, &request, &answer, nullptr, &error);
        benchmark::DoNotOptimize(status);
    }

    require(slot == 0 && distance == 4.0F, "backend");
}
BENCHMARK(search_through_backend_table)->Name("search/backend.h/cpu/l2/f32/dim:1/n:1/k:1");

}  // namespace

BENCHMARK_MAIN();
