// SPDX-License-Identifier: MIT
// What it costs before the first search: creating a runtime, listing backends, spreading work.
#include <benchmark/benchmark.h>
#include <skep/skep.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/runtime.hpp"

namespace {

namespace fs = std::filesystem;

// A folder with good manifests whose libraries are never opened.
class ManifestFolder {
  public:
    explicit ManifestFolder(int num_manifests) {
        std::string pattern = (fs::temp_directory_path() / "skep-bench-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) std::abort();
        path_ = pattern;
        for (int number = 0; number < num_manifests; ++number) {
            // In two steps: gcc 12 at -O3 warns of an overlap in "b" + std::to_string(number).
            std::string name = "b";
            name += std::to_string(number);
            write(name + ".so", "not a library");
            write(name + ".json",
                  R"({"skep_manifest": 1, "name": ")" + name + R"(", "library": ")" + name +
                      R"(.so", "version": "1.0", "abi": {"min": 1, "max": 1}, "priority": 10,
                      "requires": {"driver_libraries": ["libb.so.1"]}, "description": "none"})");
        }
    }
    ~ManifestFolder() { fs::remove_all(path_); }
    ManifestFolder(const ManifestFolder&) = delete;
    ManifestFolder& operator=(const ManifestFolder&) = delete;
    [[nodiscard]] const char* path() const { return path_.c_str(); }

  private:
    void write(const std::string& name, const std::string& text) const {
        const fs::path path = fs::path(path_) / name;
        std::ofstream(path) << text;
        fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    }
    std::string path_;
};

// runtime/create/manifests:N. Goal: under 5 ms.
void create_runtime(benchmark::State& state) {
    const ManifestFolder folder(static_cast<int>(state.range(0)));
    const char* const paths[] = {folder.path()};
    skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    options.backend_paths = paths;
    options.num_backend_paths = 1;
    uint64_t num_backends = 0;
    for (auto _ : state) {
        skep_runtime* runtime = nullptr;
        if (skep_runtime_create(&options, &runtime, nullptr) != SKEP_OK) {
            state.SkipWithError("the runtime cannot be created");
            break;
        }
        skep_runtime_num_backends(runtime, &num_backends, nullptr);
        skep_runtime_destroy(runtime);
    }
    if (num_backends < static_cast<uint64_t>(state.range(0))) state.SkipWithError("too few found");
}
BENCHMARK(create_runtime)
    ->Name("runtime/create")
    ->ArgName("manifests")
    ->Arg(0)
    ->Arg(20)
    ->Unit(benchmark::kMicrosecond);

// runtime/find_device: what "cpu" costs once the backend is loaded.
void find_device(benchmark::State& state) {
    skep_runtime* runtime = nullptr;
    if (skep_runtime_create(nullptr, &runtime, nullptr) != SKEP_OK) std::abort();
    skep_device_info info{};
    info.struct_size = sizeof info;
    for (auto _ : state) {
        if (skep_runtime_find_device(runtime, "cpu", &info, nullptr) != SKEP_OK) {
            state.SkipWithError("there is no cpu");
            break;
        }
    }
    skep_runtime_destroy(runtime);
}
BENCHMARK(find_device)->Name("runtime/find_device")->Unit(benchmark::kMicrosecond);

// runtime/parallel_for/workers:W/tasks:T: tasks that do nothing, so what is left is the spreading.
void parallel_for(benchmark::State& state) {
    skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    options.num_threads = static_cast<std::uint32_t>(state.range(0));
    const auto runtime = skep::Runtime::create(&options).value();
    const skep_host_services& services = runtime->services();
    const auto num_tasks = static_cast<std::uint64_t>(state.range(1));
    const auto nothing = [](void*, std::uint64_t task_id, std::uint32_t) {
        benchmark::DoNotOptimize(task_id);
    };
    for (auto _ : state)
        services.parallel_for(services.context, num_tasks, nothing, nullptr);
}
BENCHMARK(parallel_for)
    ->Name("runtime/parallel_for")
    ->ArgNames({"workers", "tasks"})
    ->Args({1, 1})
    ->Args({2, 1})
    ->Args({2, 2})
    ->Args({2, 64})
    ->Args({8, 64})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
