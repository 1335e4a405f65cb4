// SPDX-License-Identifier: MIT
// CLIENT-1 and CLIENT-2 for runtimes, devices, byte lists and cancel switches: NULL is refused by
// name, and a refused call leaves its outputs alone.
#include <gmock/gmock.h>
#include <skep/skep.h>

#include <cstring>
#include <string>
#include <vector>

#include "bridge/byte_list.hpp"

namespace skep {
namespace {

using ::testing::HasSubstr;

class RuntimeApi : public ::testing::Test {
  protected:
    RuntimeApi() {
        EXPECT_EQ(skep_runtime_create(nullptr, &runtime_, nullptr), SKEP_OK);
        std::memset(&device_, 0x5A, sizeof device_);
        device_.struct_size = sizeof device_;
        std::memset(&backend_, 0x5A, sizeof backend_);
        backend_.struct_size = sizeof backend_;
    }
    ~RuntimeApi() override { skep_runtime_destroy(runtime_); }

    void expect_refused(skep_status status, const char* text,
                        skep_status expected = SKEP_INVALID_ARGUMENT) {
        EXPECT_EQ(status, expected) << text;
        EXPECT_EQ(error_.code, expected);
        EXPECT_THAT(error_.message, HasSubstr(text));
        error_ = SKEP_ERROR_INIT;
    }

    skep_runtime* runtime_ = nullptr;
    skep_error error_ = SKEP_ERROR_INIT;
    skep_device_info device_;
    skep_backend_info backend_;
    uint64_t count_ = 77;
    skep_byte_list* list_ = nullptr;
};

TEST_F(RuntimeApi, NullIsRefusedByTheNameOfTheArgument) {
    expect_refused(skep_runtime_create(nullptr, nullptr, &error_), "skep_runtime_create: out");
    expect_refused(skep_runtime_num_backends(nullptr, &count_, &error_),
                   "skep_runtime_num_backends: runtime");
    expect_refused(skep_runtime_num_backends(runtime_, nullptr, &error_),
                   "skep_runtime_num_backends: out");
    expect_refused(skep_runtime_backend_at(nullptr, 0, &backend_, &error_),
                   "skep_runtime_backend_at: runtime");
    expect_refused(skep_runtime_backend_at(runtime_, 0, nullptr, &error_),
                   "skep_runtime_backend_at: out");
    expect_refused(skep_runtime_explain(nullptr, SKEP_FORMAT_TEXT, &list_, &error_),
                   "skep_runtime_explain: runtime");
    expect_refused(skep_runtime_explain(runtime_, SKEP_FORMAT_TEXT, nullptr, &error_),
                   "skep_runtime_explain: out");
    expect_refused(skep_runtime_num_devices(nullptr, &count_, &error_),
                   "skep_runtime_num_devices: runtime");
    expect_refused(skep_runtime_num_devices(runtime_, nullptr, &error_),
                   "skep_runtime_num_devices: out");
    expect_refused(skep_runtime_device_at(nullptr, 0, &device_, &error_),
                   "skep_runtime_device_at: runtime");
    expect_refused(skep_runtime_device_at(runtime_, 0, nullptr, &error_),
                   "skep_runtime_device_at: out");
    expect_refused(skep_runtime_find_device(nullptr, "cpu", &device_, &error_),
                   "skep_runtime_find_device: runtime");
    expect_refused(skep_runtime_find_device(runtime_, nullptr, &device_, &error_),
                   "skep_runtime_find_device: name");
    expect_refused(skep_runtime_find_device(runtime_, "cpu", nullptr, &error_),
                   "skep_runtime_find_device: out");
    expect_refused(skep_cancel_create(nullptr, &error_), "skep_cancel_create: out");
    // Without an error object as well.
    EXPECT_EQ(skep_runtime_create(nullptr, nullptr, nullptr), SKEP_INVALID_ARGUMENT);
}

TEST_F(RuntimeApi, DestroyingNullIsLegal) {
    skep_runtime_destroy(nullptr);
    skep_byte_list_destroy(nullptr);
    skep_cancel_destroy(nullptr);
    skep_cancel_trigger(nullptr);
    skep_cancel_reset(nullptr);
    EXPECT_EQ(skep_byte_list_count(nullptr), 0U);
    EXPECT_EQ(skep_byte_list_at(nullptr, 0, nullptr), nullptr);
}

TEST_F(RuntimeApi, AFailedCallLeavesItsOutput) {
    const skep_device_info device = device_;
    const skep_backend_info backend = backend_;

    expect_refused(skep_runtime_backend_at(runtime_, 9999, &backend_, &error_),
                   "index is 9999; expected less than");
    expect_refused(skep_runtime_device_at(runtime_, 9999, &device_, &error_),
                   "index is 9999; expected less than");
    expect_refused(skep_runtime_find_device(runtime_, "nowhere", &device_, &error_),
                   "no backend of that name", SKEP_UNKNOWN_DEVICE);
    expect_refused(skep_runtime_find_device(runtime_, "cpu:7", &device_, &error_),
                   "numbered from 0", SKEP_DEVICE_NOT_AVAILABLE);
    expect_refused(skep_runtime_explain(runtime_, 2, &list_, &error_), "format is 2; expected 0");
    skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    options.flags = 1U << 31U;
    skep_runtime* untouched = nullptr;
    expect_refused(skep_runtime_create(&options, &untouched, &error_), "options.flags");

    EXPECT_EQ(std::memcmp(&device, &device_, sizeof device), 0);
    EXPECT_EQ(std::memcmp(&backend, &backend_, sizeof backend), 0);
    EXPECT_EQ(count_, 77U);
    EXPECT_EQ(list_, nullptr);
    EXPECT_EQ(untouched, nullptr);
}

TEST_F(RuntimeApi, TheCpuIsAlwaysThere) {
    skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    options.flags = SKEP_RUNTIME_BUILTIN_ONLY;
    skep_runtime* runtime = nullptr;
    ASSERT_EQ(skep_runtime_create(&options, &runtime, nullptr), SKEP_OK);

    ASSERT_EQ(skep_runtime_num_devices(runtime, &count_, nullptr), SKEP_OK);
    EXPECT_EQ(count_, 1U);
    ASSERT_EQ(skep_runtime_device_at(runtime, 0, &device_, nullptr), SKEP_OK);
    EXPECT_STREQ(device_.backend, "cpu");
    EXPECT_EQ(device_.memory_kind, SKEP_MEMORY_HOST);
    EXPECT_EQ(device_.struct_size, sizeof device_);
    ASSERT_EQ(skep_runtime_backend_at(runtime, 0, &backend_, nullptr), SKEP_OK);
    EXPECT_STREQ(backend_.name, "cpu");
    EXPECT_STREQ(backend_.origin, "builtin");
    EXPECT_EQ(backend_.is_builtin, 1);
    EXPECT_EQ(backend_.num_devices, 1U);
    skep_runtime_destroy(runtime);
}

TEST_F(RuntimeApi, LogLinesReachTheCallback) {
    std::vector<std::string> lines;
    skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    options.log_level = SKEP_LOG_DEBUG;
    options.user_data = &lines;
    options.log = [](void* user_data, int32_t, const char* component, uint64_t thread_id,
                     const char* message) {
        EXPECT_NE(thread_id, 0U);
        static_cast<std::vector<std::string>*>(user_data)->push_back(std::string(component) + ": " +
                                                                     message);
    };
    skep_runtime* runtime = nullptr;
    ASSERT_EQ(skep_runtime_create(&options, &runtime, nullptr), SKEP_OK);
    ASSERT_EQ(skep_runtime_find_device(runtime, "auto", &device_, nullptr), SKEP_OK);
    skep_runtime_destroy(runtime);

    EXPECT_THAT(lines, ::testing::Contains(HasSubstr("loader: looked at builtin")));
    EXPECT_THAT(lines, ::testing::Contains(HasSubstr("runtime: device 'auto': took ")));
}

TEST(ByteListApi, ItemsKeepTheirBytesAndEndWithNul) {
    auto* list = new skep_byte_list;
    list->append(std::string_view("a\0b", 3));
    list->append("");
    list->append("last");

    EXPECT_EQ(skep_byte_list_count(list), 3U);
    uint64_t size = 99;
    const char* item = skep_byte_list_at(list, 0, &size);
    EXPECT_EQ(std::string(item, size), std::string("a\0b", 3));
    EXPECT_EQ(item[size], '\0');
    EXPECT_STREQ(skep_byte_list_at(list, 1, &size), "");
    EXPECT_EQ(size, 0U);
    EXPECT_STREQ(skep_byte_list_at(list, 2, nullptr), "last");
    size = 99;
    EXPECT_EQ(skep_byte_list_at(list, 3, &size), nullptr);
    EXPECT_EQ(size, 99U);
    skep_byte_list_destroy(list);
}

}  // namespace
}  // namespace skep
