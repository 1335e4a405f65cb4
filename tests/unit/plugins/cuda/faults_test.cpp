// SPDX-License-Identifier: MIT
// Every way in which a driver call can fail, at every call: a status, nothing lost, nothing leaked.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <tuple>

#include "cuda_harness.hpp"

namespace skep::testing {
namespace {

constexpr std::uint32_t kDim = 4;
constexpr std::uint64_t kRows = 24;

// The life of a store. Returns the first failure.
skep_status live(CudaSession& session) {
    const auto rows = random_f32(kRows * kDim, 1);
    const auto queries = random_f32(kDim, 2);
    if (const auto status = session.open()) return status;
    if (const auto status = session.create_store(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim)) {
        return status;
    }
    if (const auto status = session.append(rows, kDim)) return status;
    const std::uint32_t erased[] = {1, 5};
    skep_mask* mask = nullptr;
    if (const auto status = session.ops.mask_create(session.store, nullptr, kRows, erased, 2, &mask,
                                                    &session.error)) {
        EXPECT_EQ(mask, nullptr);
        return status;
    }
    Answer answer;
    const Answer untouched{std::vector<std::uint32_t>(3, 7), std::vector<float>(3, 7.0F)};
    skep_status status = session.search(queries, kDim, kRows, 3, answer, mask);
    if (status == SKEP_OK) {
        EXPECT_EQ(answer, brute_force(SKEP_METRIC_L2, rows, queries, kDim, 3,
                                      [](std::uint32_t slot) { return slot != 1 && slot != 5; }));
    } else {
        EXPECT_EQ(answer, untouched);
    }
    std::vector<float> read(2 * kDim, -7.0F);
    if (status == SKEP_OK) {
        const std::uint32_t wanted[] = {3, 2};
        skep_mutable_matrix out =
            SKEP_HOST_MATRIX(skep_mutable_matrix, SKEP_DTYPE_F32, read.data(), 2, kDim);
        status = session.ops.store_read(session.store, 0, wanted, &out, nullptr, &session.error);
        if (status == SKEP_OK) {
            EXPECT_EQ(std::memcmp(read.data(), rows.data() + 3 * kDim, sizeof(float) * kDim), 0);
        } else {
            EXPECT_EQ(read, std::vector<float>(2 * kDim, -7.0F));
        }
    }
    if (status == SKEP_OK) {
        status = session.ops.store_compact(session.store, kRows, mask, nullptr, &session.error);
    }
    session.ops.mask_destroy(mask);
    return status;
}

void expect_nothing_left() {
    EXPECT_EQ(fake_cuda().num_live_objects, 0);
    EXPECT_EQ(fake_cuda().device_bytes, 0U);
    EXPECT_EQ(fake_cuda().pinned_bytes, 0U);
    EXPECT_EQ(fake_cuda().num_retained, 0);
    EXPECT_EQ(fake_cuda().misuses, 0U);
}

std::uint64_t calls_of_a_life() {
    reset_fake_cuda();
    {
        CudaSession session;
        EXPECT_EQ(live(session), SKEP_OK) << session.error.message;
    }
    expect_nothing_left();
    return fake_cuda().num_calls;
}

// The result that a call fails with, and the largest store that is searched plainly.
class EveryCall : public ::testing::TestWithParam<std::tuple<int, const char*>> {};

TEST_P(EveryCall, FailsCleanly) {
    const auto [failure, slots] = GetParam();
    const PlainSlots plain_slots(slots);
    const std::uint64_t num_calls = calls_of_a_life();
    ASSERT_GT(num_calls, 40U);
    for (std::uint64_t call = 1; call <= num_calls; ++call) {
        reset_fake_cuda();
        fake_cuda().fail_call = call;
        fake_cuda().fail_result = failure;
        CudaSession session;
        const skep_status status = live(session);
        if (status != SKEP_OK) {
            EXPECT_EQ(session.error.code, status);
            EXPECT_STRNE(session.error.message, "") << "call " << call;
        }
        session.close();
        expect_nothing_left();
        ASSERT_FALSE(HasFailure()) << "call " << call;
    }
}

INSTANTIATE_TEST_SUITE_P(Results, EveryCall,
                         ::testing::Combine(::testing::Values(CUDA_ERROR_UNKNOWN,
                                                              CUDA_ERROR_OUT_OF_MEMORY,
                                                              CUDA_ERROR_INVALID_VALUE),
                                            ::testing::Values("4096", kFilterAlways)));

TEST(LostDevice, IsSaidAtEveryCallAndNothingCrashes) {
    const PlainSlots plain_slots(kFilterAlways);
    const std::uint64_t num_calls = calls_of_a_life();
    for (std::uint64_t call = 1; call <= num_calls; call += 3) {
        reset_fake_cuda();
        CudaSession session;
        fake_cuda().lost_from_call = call;
        const skep_status status = live(session);
        if (session.store != nullptr && status != SKEP_OK) {
            EXPECT_EQ(status, SKEP_DEVICE_LOST) << "call " << call << ": " << session.error.message;
            EXPECT_EQ(session.append(random_f32(kDim, 3), kDim), SKEP_DEVICE_LOST);
        }
        session.close();
        EXPECT_EQ(fake_cuda().misuses, 0U);
    }
}

TEST(ShutDownDriver, IsCalledNoMore) {
    reset_fake_cuda();
    CudaSession session;
    ASSERT_EQ(live(session), SKEP_OK) << session.error.message;
    fake_cuda().is_shut_down = 1;
    session.close();
    EXPECT_EQ(fake_cuda().calls_after_shutdown, 0U);
}

class Faults : public ::testing::Test {
  protected:
    void SetUp() override {
        reset_fake_cuda();
        ASSERT_EQ(session.open(), SKEP_OK) << session.error.message;
        ASSERT_EQ(session.create_store(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim), SKEP_OK);
        ASSERT_EQ(session.append(rows, kDim), SKEP_OK);
    }
    void TearDown() override {
        session.close();
        expect_nothing_left();
    }
    void expect_intact() {
        Answer answer;
        ASSERT_EQ(session.stats().num_slots, kRows);
        ASSERT_EQ(session.search(query, kDim, kRows, 5, answer), SKEP_OK) << session.error.message;
        EXPECT_EQ(answer, brute_force(SKEP_METRIC_L2, rows, query, kDim, 5, every_slot));
    }

    PlainSlots plain_slots{kFilterAlways};
    CudaSession session;
    std::vector<float> rows = random_f32(kRows * kDim, 1);
    std::vector<float> query = random_f32(kDim, 2);
};

TEST_F(Faults, AddThatExhaustsMemoryLeavesTheStoreAsItWas) {
    const skep_store_stats before = session.stats();
    fake_cuda().total_bytes = fake_cuda().device_bytes + (3U << 20);
    EXPECT_EQ(session.append(random_f32(std::size_t{1} << 20, 3), kDim), SKEP_OUT_OF_DEVICE_MEMORY);
    EXPECT_NE(std::string(session.error.message).find("bytes of device memory asked"),
              std::string::npos)
        << session.error.message;
    EXPECT_NE(std::string(session.error.message).find("free"), std::string::npos);
    EXPECT_EQ(session.stats().reserved_bytes, before.reserved_bytes);
    fake_cuda().total_bytes = 1ULL << 30;
    expect_intact();
}

TEST_F(Faults, SearchWithoutScratchMemoryFailsAndRecovers) {
    fake_cuda().total_bytes = fake_cuda().device_bytes + 1000;
    Answer answer;
    EXPECT_EQ(session.search(query, kDim, kRows, 5, answer), SKEP_OUT_OF_DEVICE_MEMORY);
    fake_cuda().total_bytes = 1ULL << 30;
    expect_intact();
}

TEST_F(Faults, LittleScratchMemoryMeansSmallerTilesNotFailure) {
    fake_cuda().total_bytes = fake_cuda().device_bytes + 300000;
    const auto queries = random_f32(std::size_t{7} * kDim, 4);
    Answer answer;
    ASSERT_EQ(session.search(queries, kDim, kRows, 5, answer), SKEP_OK) << session.error.message;
    EXPECT_EQ(answer, brute_force(SKEP_METRIC_L2, rows, queries, kDim, 5, every_slot));
}

TEST_F(Faults, RefusedLaunchIsNamed) {
    fake_cuda().refuses_launches = 1;
    Answer answer;
    EXPECT_EQ(session.search(query, kDim, kRows, 5, answer), SKEP_DEVICE_FAILED);
    EXPECT_NE(std::string(session.error.message).find("launch of"), std::string::npos);
    EXPECT_EQ(session.error.native_code, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
    fake_cuda().refuses_launches = 0;
    expect_intact();
}

TEST_F(Faults, KOutOfRange) {
    const skep_matrix matrix = matrix_of(query, kDim);
    std::uint32_t slot = 7;
    float distance = 7.0F;
    skep_search_request request{};
    request.struct_size = sizeof request;
    request.num_slots = kRows;
    skep_search_answer answer{};
    answer.struct_size = sizeof answer;
    answer.memory_kind = SKEP_MEMORY_HOST;
    answer.slots = &slot;
    answer.distances = &distance;
    for (const std::uint64_t k : {std::uint64_t{0}, UINT64_MAX}) {
        request.k = k;
        EXPECT_EQ(session.ops.store_search(session.store, &matrix, &request, &answer, nullptr,
                                           &session.error),
                  SKEP_INVALID_K);
        EXPECT_EQ(session.error.message,
                  "store_search: k " + std::to_string(k) + " is not 1 to 4294967294");
    }
    EXPECT_EQ(slot, 7U);
    expect_intact();
}

TEST_F(Faults, WrongShapesAreRefused) {
    Answer answer;
    EXPECT_EQ(session.search(random_f32(5, 1), 5, kRows, 1, answer), SKEP_DIMENSION_MISMATCH);
    EXPECT_EQ(session.append(random_u8(kDim, 1), kDim), SKEP_UNSUPPORTED_TYPE);
    skep_matrix matrix = matrix_of(query, kDim);
    matrix.memory_kind = SKEP_MEMORY_CUDA;
    EXPECT_EQ(session.ops.store_append(session.store, &matrix, nullptr, &session.error),
              SKEP_WRONG_MEMORY);
    skep_store* other = nullptr;
    const skep_store_options ids{sizeof ids, SKEP_METRIC_L2, SKEP_DTYPE_I32, kDim, 0};
    EXPECT_EQ(session.ops.store_create(session.device, &ids, &other, &session.error),
              SKEP_UNSUPPORTED_TYPE);
    EXPECT_EQ(other, nullptr);
    expect_intact();
}

TEST_F(Faults, StoppedCallsChangeNothing) {
    skep_call call{};
    call.struct_size = sizeof call;
    call.poll = [](void*, std::uint64_t, std::uint64_t) -> skep_status { return SKEP_CANCELLED; };
    const skep_matrix more = matrix_of(rows, kDim);
    EXPECT_EQ(session.ops.store_append(session.store, &more, &call, &session.error),
              SKEP_CANCELLED);
    Answer answer;
    EXPECT_EQ(session.search(query, kDim, kRows, 5, answer, nullptr, nullptr, &call),
              SKEP_CANCELLED);
    EXPECT_EQ(answer.slots, std::vector<std::uint32_t>(5, 7));
    EXPECT_EQ(session.ops.store_compact(session.store, kRows, nullptr, &call, &session.error),
              SKEP_CANCELLED);
    expect_intact();
}

TEST_F(Faults, ForkedChildIsToldAndParentGoesOn) {
    const pid_t child = fork();
    if (child == 0) {
        Answer answer;
        const bool is_told =
            session.search(query, kDim, kRows, 5, answer) == SKEP_DEVICE_NOT_AVAILABLE &&
            std::string(session.error.message).find("forked") != std::string::npos;
        std::uint32_t count = 0;
        const bool is_count_told =
            session.ops.device_count(session.backend, &count, &session.error) ==
            SKEP_DEVICE_NOT_AVAILABLE;
        const std::uint64_t calls = fake_cuda().num_calls;
        session.close();
        const bool is_quiet = fake_cuda().num_calls == calls;
        _exit(is_told && is_count_told && is_quiet ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    expect_intact();
}

}  // namespace
}  // namespace skep::testing
