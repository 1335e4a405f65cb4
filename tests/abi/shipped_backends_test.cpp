// SPDX-License-Identifier: MIT
// The backends of this build, loaded as plugins from the folder in which they are shipped.
#include <gmock/gmock.h>
#include <skep/skep.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace skep {
namespace {

std::vector<skep_backend_info> backends_of(skep_runtime* runtime) {
    uint64_t count = 0;
    EXPECT_EQ(skep_runtime_num_backends(runtime, &count, nullptr), SKEP_OK);
    std::vector<skep_backend_info> backends(count);
    for (uint64_t index = 0; index < count; ++index) {
        backends[index].struct_size = sizeof(skep_backend_info);
        EXPECT_EQ(skep_runtime_backend_at(runtime, index, &backends[index], nullptr), SKEP_OK);
    }
    return backends;
}

class ShippedBackends : public ::testing::Test {
  protected:
    ShippedBackends() {
        const char* const paths[] = {SKEP_SHIPPED_BACKEND_DIR};
        skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
        options.flags = SKEP_RUNTIME_IGNORE_ENVIRONMENT;
        options.backend_paths = paths;
        options.num_backend_paths = 1;
        skep_error error = SKEP_ERROR_INIT;
        EXPECT_EQ(skep_runtime_create(&options, &runtime_, &error), SKEP_OK) << error.message;
    }
    ~ShippedBackends() override { skep_runtime_destroy(runtime_); }
    skep_runtime* runtime_ = nullptr;
};

TEST_F(ShippedBackends, HaveGoodManifests) {
    int num_shipped = 0;
    for (const skep_backend_info& backend : backends_of(runtime_)) {
        if (std::string(backend.origin) != "caller") continue;
        ++num_shipped;
        EXPECT_EQ(backend.state, SKEP_BACKEND_FOUND) << backend.name << ": " << backend.message;
        EXPECT_STREQ(backend.version, skep_version()) << backend.name;
    }
    EXPECT_GE(num_shipped, 1);
}

TEST_F(ShippedBackends, TheCpuWorksAsAPluginToo) {
    skep_device_info device{};
    device.struct_size = sizeof device;
    skep_error error = SKEP_ERROR_INIT;
    ASSERT_EQ(skep_runtime_find_device(runtime_, "cpu", &device, &error), SKEP_OK) << error.message;

    const std::vector<skep_backend_info> backends = backends_of(runtime_);
    const auto cpu = std::find_if(backends.begin(), backends.end(), [](const auto& backend) {
        return std::string(backend.name) == "cpu" && std::string(backend.origin) == "caller";
    });
    ASSERT_NE(cpu, backends.end());
    EXPECT_EQ(cpu->state, SKEP_BACKEND_LOADED);
    EXPECT_EQ(cpu->num_devices, 1U);
    EXPECT_STREQ(device.id, "cpu");
}

// Checklist row 33: with a driver or without, an answer and no output.
TEST_F(ShippedBackends, EveryOneLoadsOrSaysWhyItHasNoDevice) {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    uint64_t num_devices = 0;
    EXPECT_EQ(skep_runtime_num_devices(runtime_, &num_devices, nullptr), SKEP_OK);
    EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");

    EXPECT_GE(num_devices, 1U);
    for (const skep_backend_info& backend : backends_of(runtime_)) {
        if (std::string(backend.origin) != "caller") continue;
        if (backend.num_devices > 0) continue;
        EXPECT_THAT(backend.reason,
                    ::testing::AnyOf(SKEP_DEVICE_NOT_AVAILABLE, SKEP_REQUIREMENT_NOT_MET))
            << backend.name << ": " << backend.message;
        EXPECT_STRNE(backend.message, "") << backend.name;
    }
}

}  // namespace
}  // namespace skep
