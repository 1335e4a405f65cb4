// SPDX-License-Identifier: MIT
// Drivers of other shapes than today's. Each runs in a child process: a process keeps the first
// libcuda.so.1 that it opened.
#include "cuda_harness.hpp"

namespace skep::testing {
namespace {

// 0 when `body` finds what it expects. Runs in the child.
template <typename Body>
[[noreturn]] void finish(Body&& body) {
    std::exit(body() ? 0 : 1);
}

bool has_reason(const char* part) {
    CudaSession session;
    if (session.ops.create(session.host.services(), &session.backend, &session.error) != SKEP_OK) {
        return false;
    }
    const skep_status status = session.ops.probe(session.backend, &session.error);
    std::fprintf(stderr, "%s\n", session.error.message);
    return status == SKEP_DEVICE_NOT_AVAILABLE &&
           std::string(session.error.message).find(part) != std::string::npos;
}

TEST(DriverShapes, NoLibrary) {
    if (void* library = dlopen("libcuda.so.1", RTLD_NOW)) {
        dlclose(library);
        GTEST_SKIP() << "this machine has a CUDA driver";
    }
    EXPECT_EXIT(finish([] { return has_reason("no CUDA driver library: libcuda.so.1"); }),
                ::testing::ExitedWithCode(0), "");
}

TEST(DriverShapes, MissingRequiredFunctionsAreListedTogether) {
    EXPECT_EXIT(finish([] {
                    fake_cuda("broken");
                    return has_reason("lacks cuEventSynchronize, cuFuncSetAttribute");
                }),
                ::testing::ExitedWithCode(0), "");
}

TEST(DriverShapes, DriverOfCuda101Works) {
    EXPECT_EXIT(finish([] {
                    fake_cuda("old").driver_version = 10010;
                    fake_cuda().max_ptx_version = 64;
                    CudaSession session;
                    if (session.open() != SKEP_OK) return false;
                    const auto rows = random_f32(std::size_t{300} * 8, 1);
                    const auto query = random_f32(8, 2);
                    Answer answer;
                    const bool is_right =
                        session.create_store(SKEP_METRIC_L2, SKEP_DTYPE_F32, 8) == SKEP_OK &&
                        session.append(rows, 8) == SKEP_OK && session.append(rows, 8) == SKEP_OK &&
                        session.search(query, 8, 300, 5, answer) == SKEP_OK &&
                        answer == brute_force(SKEP_METRIC_L2, rows, query, 8, 5, every_slot);
                    session.close();
                    return is_right && fake_cuda().num_live_objects == 0 &&
                           fake_cuda().num_retained == 0 && fake_cuda().loaded_ptx_version == 64;
                }),
                ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace skep::testing
