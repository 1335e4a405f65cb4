// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <skep/evaluation.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "support/generators.hpp"
#include "support/temporary_folder.hpp"

namespace skep {
namespace {

using testing::TemporaryFolder;

TEST(VectorsApi, ReadsBackWhatItWrote) {
    const TemporaryFolder folder;
    const std::vector<float> values = {1.0F, 2.0F, 3.0F, 4.0F};
    const skep_matrix rows = testing::matrix_of(values, 2);
    const std::string path = folder / "a.fvecs";
    skep_error error = SKEP_ERROR_INIT;
    ASSERT_EQ(skep_vectors_write(path.c_str(), &rows, nullptr, &error), SKEP_OK) << error.message;

    skep_vectors* vectors = nullptr;
    ASSERT_EQ(skep_vectors_open(path.c_str(), &vectors, &error), SKEP_OK) << error.message;
    skep_matrix view{};
    view.struct_size = sizeof view;
    ASSERT_EQ(skep_vectors_view(vectors, &view, &error), SKEP_OK) << error.message;

    EXPECT_EQ(view.struct_size, sizeof view);
    EXPECT_EQ(view.num_rows, 2U);
    EXPECT_EQ(view.row_stride_bytes, 12U);
    for (std::size_t row = 0; row < 2; ++row) {
        EXPECT_EQ(std::memcmp(static_cast<const char*>(view.data) + row * view.row_stride_bytes,
                              values.data() + row * 2, 8),
                  0);
    }
    skep_vectors_close(vectors);
    skep_vectors_close(nullptr);
}

TEST(VectorsApi, RefusesBadArgumentsPolitely) {
    const TemporaryFolder folder;
    const std::vector<float> values = {1.0F, 2.0F};
    const skep_matrix good = testing::matrix_of(values, 2);
    const std::string path = folder / "a.fbin";
    const auto write_status = [&](skep_matrix rows) {
        return skep_vectors_write(path.c_str(), &rows, nullptr, nullptr);
    };
    const auto with = [&](auto change) {
        skep_matrix changed = good;
        change(changed);
        return write_status(changed);
    };

    skep_vectors* vectors = nullptr;
    EXPECT_EQ(skep_vectors_open(nullptr, &vectors, nullptr), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(skep_vectors_open(path.c_str(), nullptr, nullptr), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(skep_vectors_view(nullptr, nullptr, nullptr), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(skep_vectors_write(nullptr, &good, nullptr, nullptr), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(skep_vectors_write(path.c_str(), nullptr, nullptr, nullptr), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(with([](skep_matrix& rows) { rows.struct_size = 8; }), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(with([](skep_matrix& rows) { rows.data = nullptr; }), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(with([](skep_matrix& rows) { rows.reserved = 1; }), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(with([](skep_matrix& rows) { rows.row_stride_bytes = 7; }), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(with([](skep_matrix& rows) { rows.dtype = 77; }), SKEP_UNSUPPORTED_TYPE);
    EXPECT_EQ(with([](skep_matrix& rows) { rows.dim = 0; }), SKEP_INVALID_DIMENSION);
    EXPECT_EQ(with([](skep_matrix& rows) { rows.dim = 65537; }), SKEP_INVALID_DIMENSION);
    EXPECT_EQ(with([](skep_matrix& rows) { rows.memory_kind = SKEP_MEMORY_CUDA; }),
              SKEP_WRONG_MEMORY);
    EXPECT_EQ(with([](skep_matrix& rows) { rows.num_rows = std::uint64_t{1} << 62U; }),
              SKEP_LIMIT_EXCEEDED);
    EXPECT_EQ(skep_vectors_open(path.c_str(), &vectors, nullptr), SKEP_FILE_NOT_FOUND);
    EXPECT_EQ(vectors, nullptr);
    EXPECT_TRUE(folder.list().empty());
}

}  // namespace
}  // namespace skep
