// SPDX-License-Identifier: MIT
#include "runtime/runtime.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "doubles/plugin_folder.hpp"
#include "runtime/device_choice.hpp"
#include "runtime/explain_report.hpp"
#include "runtime/runtime_impl.hpp"

namespace skep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::install_fake;
using testing::read_lines;
using testing::ScopedVariable;
using testing::TemporaryFolder;

skep_device_info device_with(std::uint32_t dtypes) {
    skep_device_info device{};
    std::strcpy(device.id, "fake:0");
    device.supported_dtypes[SKEP_METRIC_L2] = dtypes;
    device.max_dim = 100;
    return device;
}

TEST(DeviceChoice, ChecksMetricTypeDimensionAndIndex) {
    const DeviceNeed need{SKEP_METRIC_L2, SKEP_DTYPE_U8, 100, SKEP_INDEX_FLAT};
    skep_device_info device = device_with(1U << SKEP_DTYPE_U8);
    EXPECT_TRUE(check_need(device, need));

    const auto refusal = [&](DeviceNeed changed) {
        const Result<void> fits = check_need(device, changed);
        EXPECT_FALSE(fits);
        return fits.error();
    };
    DeviceNeed other = need;
    other.dtype = SKEP_DTYPE_F16;
    EXPECT_EQ(refusal(other).status(), SKEP_UNSUPPORTED_TYPE);
    EXPECT_THAT(refusal(other).message(), HasSubstr("metric l2 with element type f16"));
    other = need;
    other.metric = SKEP_METRIC_COSINE;
    EXPECT_EQ(refusal(other).status(), SKEP_UNSUPPORTED_TYPE);
    for (const std::int32_t wrong : {-1, 3, 99}) {
        other = need;
        other.metric = wrong;
        EXPECT_EQ(refusal(other).status(), SKEP_UNSUPPORTED_TYPE);
        other = need;
        other.dtype = wrong == 3 ? 32 : wrong;
        EXPECT_EQ(refusal(other).status(), SKEP_UNSUPPORTED_TYPE);
    }
    other = need;
    other.dim = 101;
    EXPECT_EQ(refusal(other).status(), SKEP_UNSUPPORTED);
    EXPECT_THAT(refusal(other).message(), HasSubstr("dim 101 exceeds its largest, 100"));
    other = need;
    other.index = SKEP_INDEX_HNSW;
    EXPECT_EQ(refusal(other).status(), SKEP_UNSUPPORTED);
    device.capabilities = SKEP_CAPABILITY_GRAPH;
    EXPECT_TRUE(check_need(device, other));
}

class RuntimeDevices : public ::testing::Test {
  protected:
    std::shared_ptr<Runtime> make() {
        const std::string path = root_.path().string();
        const char* const paths[] = {path.c_str()};
        skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
        options.backend_paths = paths;
        options.num_backend_paths = 1;
        return Runtime::create(&options).value();
    }
    std::vector<std::string> trace() const { return read_lines(root_ / "trace.txt"); }

    static constexpr DeviceNeed kF32{SKEP_METRIC_L2, SKEP_DTYPE_F32, 8, SKEP_INDEX_FLAT};
    static constexpr DeviceNeed kU8{SKEP_METRIC_L2, SKEP_DTYPE_U8, 8, SKEP_INDEX_FLAT};
    TemporaryFolder root_;
    ScopedVariable trace_variable_{"FAKE_BACKEND_TRACE", root_ / "trace.txt"};
};

TEST_F(RuntimeDevices, AutoSkipsADeviceThatCannotDoWhatIsNeeded) {
    install_fake(root_.path(), "good", "good", R"(, "priority": 9)");
    const std::shared_ptr<Runtime> runtime = make();

    EXPECT_STREQ(runtime->open_device("auto", kF32).value()->info().id, "good:0");
    EXPECT_STREQ(runtime->open_device("auto", kU8).value()->info().id, "cpu");

    const std::vector<DeviceDecision> decisions = runtime->impl().decisions();
    ASSERT_EQ(decisions.size(), 2U);
    EXPECT_EQ(decisions[0].taken, "good:0");
    EXPECT_EQ(decisions[1].taken, "cpu");
    ASSERT_EQ(decisions[1].passed_over.size(), 1U);
    EXPECT_EQ(decisions[1].passed_over[0].name, "good:0");
    EXPECT_EQ(decisions[1].passed_over[0].reason, SKEP_UNSUPPORTED_TYPE);
    EXPECT_THAT(explain_as_text(runtime->impl()),
                HasSubstr("'auto' for l2 over u8, dim 8, flat: took cpu"));
}

TEST_F(RuntimeDevices, ANamedDeviceThatCannotDoItFails) {
    install_fake(root_.path(), "good", "good", R"(, "priority": 9)");
    const std::shared_ptr<Runtime> runtime = make();

    const Result<std::shared_ptr<Device>> device = runtime->open_device("good", kU8);

    ASSERT_FALSE(device);
    EXPECT_EQ(device.error().status(), SKEP_UNSUPPORTED_TYPE);
    EXPECT_THAT(device.error().message(), HasSubstr("metric l2 with element type u8"));
    EXPECT_EQ(runtime->impl().decisions().back().status, SKEP_UNSUPPORTED_TYPE);
}

TEST_F(RuntimeDevices, AutoGoesOnWhenADeviceCannotBeOpened) {
    install_fake(root_.path(), "open_fails", "open_fails", R"(, "priority": 9)");
    const std::shared_ptr<Runtime> runtime = make();

    EXPECT_STREQ(runtime->open_device("auto", kF32).value()->info().id, "cpu");

    const DeviceDecision decision = runtime->impl().decisions().back();
    EXPECT_EQ(decision.passed_over[0].reason, SKEP_OUT_OF_DEVICE_MEMORY);
    const Result<std::shared_ptr<Device>> named = runtime->open_device("open_fails", kF32);
    ASSERT_FALSE(named);
    EXPECT_EQ(named.error().status(), SKEP_OUT_OF_DEVICE_MEMORY);
    EXPECT_EQ(named.error().native_code(), 7);
}

TEST_F(RuntimeDevices, NothingThatWillDoNamesEveryReason) {
    install_fake(root_.path(), "good", "good");
    DeviceNeed need = kF32;
    need.dtype = SKEP_DTYPE_I32;

    const Result<std::shared_ptr<Device>> device = make()->open_device("auto", need);

    ASSERT_FALSE(device);
    EXPECT_EQ(device.error().status(), SKEP_UNSUPPORTED_TYPE);
    EXPECT_THAT(device.error().message(), HasSubstr("good:0: "));
    EXPECT_THAT(device.error().message(), HasSubstr("cpu: "));
}

TEST_F(RuntimeDevices, ADeviceIsOpenedOnceAndShared) {
    install_fake(root_.path(), "good", "good");
    const std::shared_ptr<Runtime> runtime = make();

    const auto first = runtime->open_device("good", kF32).value();
    const auto second = runtime->open_device("good:0", kF32).value();

    EXPECT_EQ(first.get(), second.get());
    const std::vector<std::string> lines = trace();
    EXPECT_EQ(std::count(lines.begin(), lines.end(), "device_open"), 1);
}

TEST_F(RuntimeDevices, ADeviceKeepsTheRuntimeAndEverythingClosesInOrder) {
    install_fake(root_.path(), "good", "good");
    std::shared_ptr<Runtime> runtime = make();
    const std::weak_ptr<Runtime> watched = runtime;
    std::shared_ptr<Device> device = runtime->open_device("good", kF32).value();

    runtime.reset();
    EXPECT_FALSE(watched.expired());
    EXPECT_EQ(trace().back(), "device_open");

    device.reset();
    EXPECT_TRUE(watched.expired());
    EXPECT_THAT(trace(), ElementsAre("loaded", "entry", "create", "probe", "device_count",
                                     "device_info", "device_open", "device_close", "destroy"));
}

TEST_F(RuntimeDevices, OnlyTheLastDecisionsAreKept) {
    const std::shared_ptr<Runtime> runtime = make();
    for (std::size_t round = 0; round < Runtime::Impl::kMaxDecisions + 5; ++round) {
        ASSERT_TRUE(runtime->open_device("auto", kF32));
    }
    EXPECT_EQ(runtime->impl().decisions().size(), Runtime::Impl::kMaxDecisions);
    EXPECT_EQ(runtime->impl().num_decisions_dropped(), 5U);
}

// Set-uid programs are rare in test suites; the flag that they would set is enough.
TEST_F(RuntimeDevices, WithElevatedPrivilegesNoVariableCounts) {
    install_fake(root_.path(), "good", "good");
    const ScopedVariable path("SKEP_BACKEND_PATH", root_.path().string());
    const ScopedVariable log("SKEP_LOG", "debug");
    RuntimeSettings settings;
    settings.is_elevated = true;
    ::testing::internal::CaptureStderr();

    Runtime::Impl elevated(settings);

    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(elevated.registry().find("good"), std::nullopt);
    for (const Place& place : elevated.registry().places()) {
        EXPECT_NE(place.origin, "SKEP_BACKEND_PATH");
    }
    EXPECT_THAT(explain_as_text(elevated), HasSubstr("do not count: elevated privileges"));
}

TEST(RuntimeOptions, AreCheckedOneByOne) {
    const auto expect_refused = [](const skep_runtime_options& options, const char* text) {
        const Result<std::shared_ptr<Runtime>> runtime = Runtime::create(&options);
        ASSERT_FALSE(runtime);
        EXPECT_EQ(runtime.error().status(), SKEP_INVALID_ARGUMENT);
        EXPECT_THAT(runtime.error().message(), HasSubstr(text));
    };
    skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    options.struct_size = 7;
    expect_refused(options, "options.struct_size is 7; expected at least 8");
    options = SKEP_RUNTIME_OPTIONS_INIT;
    options.flags = 4;
    expect_refused(options, "options.flags is 4");
    options = SKEP_RUNTIME_OPTIONS_INIT;
    options.num_threads = 4097;
    expect_refused(options, "options.num_threads is 4097; expected at most 4096");
    options = SKEP_RUNTIME_OPTIONS_INIT;
    options.log_level = 5;
    expect_refused(options, "options.log_level is 5; expected 0 to 4");
    options = SKEP_RUNTIME_OPTIONS_INIT;
    options.num_backend_paths = 1;
    expect_refused(options, "options.backend_paths is NULL");
    const char* const paths[] = {"/x", nullptr};
    options.backend_paths = paths;
    options.num_backend_paths = 2;
    expect_refused(options, "options.backend_paths[1] is NULL");
    // A short struct of an older application: what it does not know is zero.
    options = SKEP_RUNTIME_OPTIONS_INIT;
    options.struct_size = SKEP_SIZE_THROUGH(skep_runtime_options, flags);
    options.num_threads = 9999;
    EXPECT_TRUE(Runtime::create(&options));
}

TEST(RuntimeOptions, TheNumberOfThreadsIsThatOfTheServices) {
    skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    options.num_threads = 5;
    const std::shared_ptr<Runtime> runtime = Runtime::create(&options).value();
    const skep_host_services& services = runtime->services();
    EXPECT_EQ(services.num_workers(services.context), 5U);
    EXPECT_FALSE(runtime->impl().host().workers().has_started());
}

}  // namespace
}  // namespace skep
