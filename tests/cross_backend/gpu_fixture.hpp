// SPDX-License-Identifier: MIT
// Tests that need a real GPU: they skip with the reason where there is none, and fail instead where
// SKEP_REQUIRE_BACKENDS names cuda.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <skep/skep.hpp>
#include <string>
#include <vector>

#include "support/generators.hpp"

namespace skep::testing {

class GpuTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto made = Runtime::create();
        ASSERT_TRUE(made) << made.error().message();
        runtime.emplace(std::move(*made));
        const auto device = runtime->find_device("cuda");
        if (device) return;
        const char* required = std::getenv("SKEP_REQUIRE_BACKENDS");
        if (required != nullptr && std::string(required).find("cuda") != std::string::npos) {
            FAIL() << "SKEP_REQUIRE_BACKENDS asks for cuda: " << device.error().message();
        }
        GTEST_SKIP() << device.error().message();
    }

    Collection make(const char* device, skep_metric metric, skep_dtype dtype, std::uint32_t dim) {
        return make_in(*runtime, device, metric, dtype, dim);
    }
    static Collection make_in(const Runtime& runtime, const char* device, skep_metric metric,
                              skep_dtype dtype, std::uint32_t dim) {
        CollectionOptions options;
        options.device = device;
        options.metric = metric;
        options.dtype = dtype;
        options.dim = dim;
        auto collection = Collection::create(runtime, options);
        EXPECT_TRUE(collection) << collection.error().message();
        return std::move(collection).value();
    }

    std::optional<Runtime> runtime;
};

// Rows of a .u8bin file; empty when it is not there.
struct ByteMatrix {
    std::uint32_t dim = 0;
    std::vector<std::uint8_t> rows;
};
inline ByteMatrix read_u8bin(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::uint32_t head[2] = {0, 0};
    ByteMatrix matrix;
    if (!file.read(reinterpret_cast<char*>(head), sizeof head)) return matrix;
    matrix.dim = head[1];
    matrix.rows.resize(std::size_t{head[0]} * head[1]);
    file.read(reinterpret_cast<char*>(matrix.rows.data()),
              static_cast<std::streamsize>(matrix.rows.size()));
    return file ? matrix : ByteMatrix{};
}

// The project's data; SKEP_DATA_DIR says where it is when the build was carried elsewhere.
inline std::string data_path(const char* name) {
    const char* folder = std::getenv("SKEP_DATA_DIR");
    return std::string(folder != nullptr ? folder : SKEP_TEST_DATA_DIR) + "/" + name;
}

}  // namespace skep::testing
