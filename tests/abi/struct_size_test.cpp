// SPDX-License-Identifier: MIT
// Checklist row 5 for the structs that applications pass about runtimes: every declared size, a
// page behind it that must not be touched.
#include <gtest/gtest.h>
#include <skep/skep.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>

namespace skep {
namespace {

// Room for a struct that ends where readable memory ends.
class GuardedEnd {
  public:
    GuardedEnd() : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
        pages_ = static_cast<char*>(mmap(nullptr, kNumPages * page_, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        EXPECT_EQ(mprotect(end(), page_, PROT_NONE), 0);
    }
    ~GuardedEnd() { munmap(pages_, kNumPages * page_); }
    GuardedEnd(const GuardedEnd&) = delete;
    GuardedEnd& operator=(const GuardedEnd&) = delete;

    // `size` bytes that begin like `value` and declare that size.
    template <typename Struct>
    Struct* place(const Struct& value, std::size_t size) {
        char* const start = end() - size;
        std::memset(start, 0, size);
        std::memcpy(start, &value, std::min(size, sizeof value));
        const auto declared = static_cast<std::uint32_t>(size);
        std::memcpy(start, &declared, sizeof declared);
        return reinterpret_cast<Struct*>(start);
    }

  private:
    static constexpr std::size_t kNumPages = 4;
    [[nodiscard]] char* end() const { return pages_ + (kNumPages - 1) * page_; }

    std::size_t page_;
    char* pages_;
};

// Sizes that keep an 8-byte struct aligned, from its size field to 64 bytes past its end.
template <typename Struct>
void for_every_size(const Struct& value, std::size_t floor,
                    const std::function<skep_status(Struct*, skep_error*)>& call) {
    GuardedEnd memory;
    for (std::size_t size = 8; size <= sizeof(Struct) + 64; size += 8) {
        skep_error error = SKEP_ERROR_INIT;
        const skep_status status = call(memory.place(value, size), &error);
        EXPECT_EQ(status, size >= floor ? SKEP_OK : SKEP_INVALID_ARGUMENT)
            << size << " bytes: " << error.message;
        if (size >= floor) continue;
        const std::string text = error.message;
        EXPECT_NE(text.find("struct_size is " + std::to_string(size)), std::string::npos) << text;
    }
}

class StructSizes : public ::testing::Test {
  protected:
    StructSizes() { EXPECT_EQ(skep_runtime_create(nullptr, &runtime_, nullptr), SKEP_OK); }
    ~StructSizes() override { skep_runtime_destroy(runtime_); }
    skep_runtime* runtime_ = nullptr;
};

TEST_F(StructSizes, RuntimeOptionsAreReadAsFarAsTheyReach) {
    const skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    for_every_size<skep_runtime_options>(options, SKEP_SIZE_THROUGH(skep_runtime_options, flags),
                                         [](skep_runtime_options* placed, skep_error* error) {
                                             skep_runtime* runtime = nullptr;
                                             const skep_status status =
                                                 skep_runtime_create(placed, &runtime, error);
                                             skep_runtime_destroy(runtime);
                                             return status;
                                         });
}

TEST_F(StructSizes, BackendInfoIsWrittenAsFarAsItReaches) {
    for_every_size<skep_backend_info>({}, SKEP_SIZE_THROUGH(skep_backend_info, state),
                                      [this](skep_backend_info* placed, skep_error* error) {
                                          return skep_runtime_backend_at(runtime_, 0, placed,
                                                                         error);
                                      });
}

TEST_F(StructSizes, DeviceInfoIsWrittenAsFarAsItReaches) {
    for_every_size<skep_device_info>({}, SKEP_SIZE_THROUGH(skep_device_info, memory_device_id),
                                     [this](skep_device_info* placed, skep_error* error) {
                                         return skep_runtime_find_device(runtime_, "cpu", placed,
                                                                         error);
                                     });
    for_every_size<skep_device_info>({}, SKEP_SIZE_THROUGH(skep_device_info, memory_device_id),
                                     [this](skep_device_info* placed, skep_error* error) {
                                         return skep_runtime_device_at(runtime_, 0, placed, error);
                                     });
}

TEST_F(StructSizes, ErrorsAreWrittenAsFarAsTheyReach) {
    GuardedEnd memory;
    skep_device_info info{};
    info.struct_size = sizeof info;
    for (std::size_t size = 8; size <= sizeof(skep_error) + 64; size += 8) {
        skep_error* const error = memory.place(skep_error{}, size);
        EXPECT_EQ(skep_runtime_find_device(runtime_, "nowhere", &info, error), SKEP_UNKNOWN_DEVICE);
        EXPECT_EQ(error->struct_size, size);
        EXPECT_EQ(error->code, SKEP_UNKNOWN_DEVICE);
    }
    // Too short for a code: left alone.
    skep_error* const tiny = memory.place(skep_error{}, 4);
    EXPECT_EQ(skep_runtime_find_device(runtime_, "nowhere", &info, tiny), SKEP_UNKNOWN_DEVICE);
}

TEST_F(StructSizes, AMessageThatIsCutStaysTerminated) {
    GuardedEnd memory;
    skep_device_info info{};
    info.struct_size = sizeof info;
    const std::string name(5000, 'x');
    skep_error error = SKEP_ERROR_INIT;
    EXPECT_EQ(skep_runtime_find_device(runtime_, name.c_str(), &info, &error), SKEP_UNKNOWN_DEVICE);
    EXPECT_EQ(std::strlen(error.message), sizeof error.message - 1);
}

}  // namespace
}  // namespace skep
