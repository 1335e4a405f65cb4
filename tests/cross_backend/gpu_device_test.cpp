// SPDX-License-Identifier: MIT
// What is said of a real GPU, and how it behaves at its limits.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>

#include "gpu_fixture.hpp"

namespace skep::testing {
namespace {

// First line that a command prints; empty when it fails.
std::string first_line(const char* command) {
    std::array<char, 512> line{};
    FILE* pipe = popen(command, "r");
    if (pipe == nullptr) return "";
    const bool has_line = fgets(line.data(), line.size(), pipe) != nullptr;
    pclose(pipe);
    std::string text = has_line ? line.data() : "";
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.pop_back();
    return text;
}

class GpuDevice : public GpuTest {};

TEST_F(GpuDevice, IsWhatNvidiaSmiPrints) {
    const auto query = [](const std::string& field) {
        return first_line(("nvidia-smi --id=0 --format=csv,noheader,nounits --query-gpu=" + field +
                           " 2>/dev/null")
                              .c_str());
    };
    if (query("name").empty()) GTEST_SKIP() << "nvidia-smi is not here";
    const DeviceInfo device = runtime->find_device("cuda:0").value();
    EXPECT_EQ(device.name, query("name"));
    EXPECT_EQ(device.uuid, query("uuid"));
    EXPECT_EQ(device.driver_version, query("driver_version"));
    EXPECT_EQ(device.compute_capability, query("compute_cap"));
    EXPECT_EQ(std::to_string(device.total_memory_bytes >> 20), query("memory.total"));
    const double free_mib = std::stod(query("memory.free"));
    EXPECT_NEAR(static_cast<double>(device.free_memory_bytes >> 20), free_mib, 0.01 * free_mib);
    // nvidia-smi prints eight digits of domain, the driver four.
    const std::string bus = query("pci.bus_id");
    std::string ours = device.pci_bus_id;
    for (char& letter : ours)
        letter = static_cast<char>(std::toupper(letter));
    EXPECT_NE(bus.find(ours), std::string::npos) << bus << " and " << ours;
}

TEST_F(GpuDevice, ExhaustedMemoryLeavesTheCollectionAsItWas) {
    // Rows so long that a million of them fit no GPU, and their keys every host.
    constexpr std::uint32_t kDim = SKEP_MAX_DIM;
    constexpr std::size_t kRows = 20;
    Collection collection = make("cuda:0", SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim);
    const auto rows = random_f32(kRows * kDim, 1);
    ASSERT_TRUE(collection.add(matrix_of(rows, kDim)));
    const std::uint64_t reserved = collection.stats().value().reserved_bytes;
    const auto refused = collection.reserve(1'000'000);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), SKEP_OUT_OF_DEVICE_MEMORY) << refused.error().message();
    EXPECT_EQ(collection.stats().value().reserved_bytes, reserved);
    const Hits hits = collection.search(matrix_of(rows, kDim), 1).value();
    for (std::size_t row = 0; row < kRows; ++row)
        ASSERT_EQ(hits.keys[row], row);
}

TEST_F(GpuDevice, ForkedChildIsToldAndParentGoesOn) {
    constexpr std::uint32_t kDim = 8;
    Collection collection = make("cuda:0", SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim);
    const auto rows = random_f32(std::size_t{100} * kDim, 2);
    ASSERT_TRUE(collection.add(matrix_of(rows, kDim)));
    const pid_t child = fork();
    if (child == 0) {
        // One row: no worker thread of the parent, which a fork does not copy, takes part.
        const auto hits = collection.search(matrix_of(random_f32(kDim, 3), kDim), 1);
        const bool is_told =
            !hits && std::string(hits.error().message()).find("forked") != std::string::npos;
        _exit(is_told ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    EXPECT_TRUE(collection.search(matrix_of(rows, kDim), 1));
}

TEST_F(GpuDevice, MemoryComesBack) {
    constexpr std::uint32_t kDim = 128;
    const auto rows = random_f32(std::size_t{50000} * kDim, 4);
    {
        Collection first = make("cuda:0", SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim);
        ASSERT_TRUE(first.add(matrix_of(rows, kDim)));
    }
    // The context and its pools stay; what collections took does not.
    Collection keeps_device_open = make("cuda:0", SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim);
    const std::uint64_t before = runtime->find_device("cuda:0").value().free_memory_bytes;
    for (int cycle = 0; cycle < 20; ++cycle) {
        Collection collection = make("cuda:0", SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim);
        ASSERT_TRUE(collection.add(matrix_of(rows, kDim)));
        ASSERT_TRUE(collection.search(matrix_of(rows, kDim), 1));
    }
    const std::uint64_t after = runtime->find_device("cuda:0").value().free_memory_bytes;
    EXPECT_NEAR(static_cast<double>(before), static_cast<double>(after), 300e6);
}

}  // namespace
}  // namespace skep::testing
