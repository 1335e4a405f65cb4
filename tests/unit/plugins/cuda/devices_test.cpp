// SPDX-License-Identifier: MIT
// Finding devices: what is said of them, and a reason of its own for every way of having none.
#include "cuda_harness.hpp"

#include <cstdint>

#include "driver/driver_version.hpp"

namespace skep::testing {
namespace {

using ::testing::Test;

class CudaDevices : public Test {
  protected:
    void SetUp() override {
        unsetenv("CUDA_VISIBLE_DEVICES");
        unsetenv("SKEP_CUDA_PTX");
        reset_fake_cuda();
        ASSERT_EQ(session.ops.create(session.host.services(), &session.backend, &session.error),
                  SKEP_OK);
    }
    void TearDown() override {
        unsetenv("CUDA_VISIBLE_DEVICES");
        unsetenv("SKEP_CUDA_PTX");
        session.close();
        EXPECT_EQ(fake_cuda().num_live_objects, 0);
        EXPECT_EQ(fake_cuda().num_retained, 0);
    }

    skep_status count() {
        std::uint32_t count = 77;
        const skep_status status =
            session.ops.device_count(session.backend, &count, &session.error);
        if (status == SKEP_OK) {
            found = count;
        } else {
            EXPECT_EQ(count, 77U);
        }
        return status;
    }
    void expect_reason(const char* part) {
        EXPECT_EQ(count(), SKEP_DEVICE_NOT_AVAILABLE);
        EXPECT_NE(std::string(session.error.message).find(part), std::string::npos)
            << session.error.message;
    }
    skep_device_info info() {
        skep_device_info info{};
        info.struct_size = sizeof info;
        EXPECT_EQ(session.ops.device_info(session.backend, 0, &info, &session.error), SKEP_OK)
            << session.error.message;
        return info;
    }
    skep_status open() {
        return session.ops.device_open(session.backend, 0, &session.device, &session.error);
    }

    // Kernels are loaded when first used: a store's, when it is made.
    skep_status open_with_store() {
        if (const auto status = open()) return status;
        return session.create_store(SKEP_METRIC_L2, SKEP_DTYPE_F32, 8);
    }

    CudaSession session;
    std::uint32_t found = 0;
};

TEST_F(CudaDevices, ProbeInitialisesNothing) {
    EXPECT_EQ(session.ops.probe(session.backend, &session.error), SKEP_OK);
    EXPECT_EQ(fake_cuda().num_calls, 0U);
    EXPECT_EQ(fake_cuda().num_init_calls, 0U);
}

TEST_F(CudaDevices, TellsWhatTheDriverTells) {
    fake_cuda().num_devices = 3;
    ASSERT_EQ(count(), SKEP_OK) << session.error.message;
    EXPECT_EQ(found, 3U);
    const skep_device_info device = info();
    EXPECT_STREQ(device.id, "cuda:0");
    EXPECT_STREQ(device.name, "Fake GPU 0");
    EXPECT_STREQ(device.pci_bus_id, "0000:a0:00.0");
    EXPECT_STREQ(device.uuid, "GPU-10101010-1010-1010-1010-101010101010");
    EXPECT_STREQ(device.compute_capability, "9.0");
    EXPECT_STREQ(device.isa, "sm_90a");
    EXPECT_EQ(device.num_compute_units, 2U);
    EXPECT_EQ(device.max_threads_per_block, 1024U);
    EXPECT_EQ(fake_cuda().num_retained, 0);
}

TEST_F(CudaDevices, NoDevice) {
    fake_cuda().num_devices = 0;
    expect_reason("no GPU: the driver is installed but finds no device");
}

TEST_F(CudaDevices, HiddenDevice) {
    setenv("CUDA_VISIBLE_DEVICES", "-1", 1);
    fake_cuda().init_result = CUDA_ERROR_NO_DEVICE;
    expect_reason("CUDA_VISIBLE_DEVICES is '-1'");
}

TEST_F(CudaDevices, StubLibrary) {
    fake_cuda().init_result = CUDA_ERROR_STUB_LIBRARY;
    expect_reason("stub library");
}

TEST_F(CudaDevices, DeviceTooOld) {
    fake_cuda().compute_capability = 61;
    expect_reason("GPU too old: Fake GPU 0 has compute capability 6.1, 7.0 is needed");
}

TEST_F(CudaDevices, DriverTooOld) {
    fake_cuda().driver_version = 9020;
    expect_reason("CUDA driver too old: it speaks CUDA 9.2, CUDA 10.1 is needed");
    EXPECT_EQ(fake_cuda().num_init_calls, 0U);
}

TEST_F(CudaDevices, DriverInError) {
    fake_cuda().init_result = CUDA_ERROR_SYSTEM_DRIVER_MISMATCH;
    expect_reason("of different versions");
    EXPECT_EQ(session.error.native_code, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH);
    EXPECT_EQ(session.error.layer, SKEP_LAYER_DRIVER);
    fake_cuda().init_result = CUDA_ERROR_UNKNOWN;
    expect_reason("driver in error: cuInit: CUDA_ERROR_FAKE (999): as the test asked");
}

TEST_F(CudaDevices, RecoversWhenTheDriverDoes) {
    fake_cuda().init_result = CUDA_ERROR_UNKNOWN;
    EXPECT_EQ(count(), SKEP_DEVICE_NOT_AVAILABLE);
    fake_cuda().init_result = CUDA_SUCCESS;
    EXPECT_EQ(count(), SKEP_OK);
}

TEST_F(CudaDevices, OrdinalOutOfRange) {
    EXPECT_EQ(session.ops.device_open(session.backend, 4, &session.device, &session.error),
              SKEP_DEVICE_NOT_AVAILABLE);
    EXPECT_STREQ(session.error.message, "device_open: device 4 asked, there is 1");
    EXPECT_EQ(session.device, nullptr);
}

TEST_F(CudaDevices, TakesTheBestRungThatLoads) {
    // The version says 13.0 throughout: what the compiler accepts is what counts.
    struct Rung {
        int max_ptx_version;
        const char* isa;
    };
    for (const Rung rung : {Rung{90, "sm_90a"}, Rung{74, "sm_80"}, Rung{65, "sm_70"}}) {
        fake_cuda().max_ptx_version = rung.max_ptx_version;
        ASSERT_EQ(open_with_store(), SKEP_OK) << session.error.message;
        EXPECT_STREQ(info().isa, rung.isa);
        session.ops.store_destroy(session.store);
        session.store = nullptr;
        session.ops.device_close(session.device);
        session.device = nullptr;
    }
}

TEST_F(CudaDevices, FutureChipsTakeThePortableRung) {
    fake_cuda().compute_capability = 120;
    ASSERT_EQ(open_with_store(), SKEP_OK) << session.error.message;
    EXPECT_STREQ(info().isa, "sm_80");
    EXPECT_EQ(fake_cuda().loaded_ptx_version, 70);
}

TEST_F(CudaDevices, ForcedRungIsTheOnlyOneTried) {
    setenv("SKEP_CUDA_PTX", "sm_70", 1);
    ASSERT_EQ(open_with_store(), SKEP_OK) << session.error.message;
    EXPECT_STREQ(info().isa, "sm_70");
    EXPECT_EQ(fake_cuda().loaded_ptx_version, 64);
}

TEST_F(CudaDevices, UnknownRungIsAnError) {
    setenv("SKEP_CUDA_PTX", "sm_75", 1);
    EXPECT_EQ(open(), SKEP_INVALID_ARGUMENT);
    EXPECT_STREQ(session.error.message,
                 "SKEP_CUDA_PTX is 'sm_75'; this build has sm_90a, sm_80, sm_70");
}

TEST_F(CudaDevices, CompilersLogIsInTheError) {
    fake_cuda().max_ptx_version = 60;
    EXPECT_EQ(open_with_store(), SKEP_COMPILATION_FAILED);
    EXPECT_NE(std::string(session.error.message).find("fake compiler: version too new"),
              std::string::npos)
        << session.error.message;
    EXPECT_EQ(session.error.native_code, CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
}

TEST_F(CudaDevices, WarmUpLoadsEveryKernel) {
    for (const char* slots : {"4096", kFilterAlways}) {
        const PlainSlots plain_slots(slots);
        ASSERT_EQ(open(), SKEP_OK);
        const skep_store_options options{sizeof(skep_store_options), SKEP_METRIC_L2, SKEP_DTYPE_F32,
                                         8, 0};
        ASSERT_EQ(session.ops.opt_device_warm_up(session.device, &options, nullptr, &session.error),
                  SKEP_OK)
            << session.error.message;
        session.host.take_log();
        ASSERT_EQ(session.create_store(SKEP_METRIC_L2, SKEP_DTYPE_F32, 8), SKEP_OK);
        ASSERT_EQ(session.append(random_f32(80, 1), 8), SKEP_OK);
        Answer answer;
        ASSERT_EQ(session.search(random_f32(8, 2), 8, 10, 1, answer), SKEP_OK);
        const std::string log = session.host.take_log();
        EXPECT_EQ(log.find("module"), std::string::npos) << log;
        session.ops.store_destroy(session.store);
        session.ops.device_close(session.device);
        session.store = nullptr;
        session.device = nullptr;
    }
}

TEST_F(CudaDevices, WarmUpRefusesAShapeThatNoStoreHas) {
    ASSERT_EQ(open(), SKEP_OK);
    const skep_store_options options{sizeof(skep_store_options), SKEP_METRIC_L2, SKEP_DTYPE_I32, 8,
                                     0};
    EXPECT_EQ(session.ops.opt_device_warm_up(session.device, &options, nullptr, &session.error),
              SKEP_UNSUPPORTED_TYPE);
}

TEST_F(CudaDevices, FirstAnswerOfASmallStoreCompilesOneKernel) {
    ASSERT_EQ(open_with_store(), SKEP_OK);
    ASSERT_EQ(session.append(random_f32(80, 1), 8), SKEP_OK);
    Answer answer;
    ASSERT_EQ(session.search(random_f32(8, 2), 8, 10, 1, answer), SKEP_OK);
    const std::string log = session.host.take_log();
    const std::size_t first = log.find("module plain_l2_f32");
    ASSERT_NE(first, std::string::npos) << log;
    EXPECT_EQ(log.find("module", first + 1), std::string::npos) << log;
}

TEST_F(CudaDevices, SettingThatMeansNothingIsAnError) {
    const PlainSlots plain_slots("many");
    EXPECT_EQ(open(), SKEP_INVALID_ARGUMENT);
    EXPECT_STREQ(session.error.message, "SKEP_CUDA_PLAIN_SLOTS is 'many'; 0 to 4096 is expected");
}

TEST_F(CudaDevices, MemoryIsTheDrivers) {
    ASSERT_EQ(open(), SKEP_OK);
    std::uint64_t free_bytes = 0;
    std::uint64_t total_bytes = 0;
    ASSERT_EQ(session.ops.opt_device_memory(session.backend, 0, &free_bytes, &total_bytes,
                                            &session.error),
              SKEP_OK);
    EXPECT_EQ(total_bytes, fake_cuda().total_bytes);
    EXPECT_EQ(free_bytes, fake_cuda().total_bytes - fake_cuda().device_bytes);
}

TEST_F(CudaDevices, MemoryOfADeviceThatIsNotThereIsAnError) {
    std::uint64_t free_bytes = 7;
    std::uint64_t total_bytes = 7;
    EXPECT_EQ(session.ops.opt_device_memory(session.backend, 9, &free_bytes, &total_bytes,
                                            &session.error),
              SKEP_DEVICE_NOT_AVAILABLE);
    EXPECT_EQ(free_bytes, 7U);
}

TEST(DriverVersion, IsFoundInTheKernelModulesWords) {
    using cuda::driver_version_in;
    EXPECT_EQ(driver_version_in("580.159.04"), "580.159.04");
    EXPECT_EQ(driver_version_in("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.54  Tue Jun "
                                "6 22:20:39 UTC 2023"),
              "535.54");
    EXPECT_EQ(driver_version_in("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  "
                                "580.159.04  Release Build  (dvs-builder@U22-I3)"),
              "580.159.04");
    EXPECT_EQ(driver_version_in("GCC version: gcc version 12.2.0"), "");
}

}  // namespace
}  // namespace skep::testing
