// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <skep/evaluation.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
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

// Values at every edge of a type, what they round to, and what none of its values is near.
template <typename Element>
void expect_rounding(const std::vector<float>& values, const std::vector<float>& expected,
                     const std::vector<float>& refused, const char* range) {
    const auto dim = static_cast<std::uint32_t>(values.size());
    const skep_matrix rows = testing::matrix_of(values, dim);
    std::vector<Element> elements(values.size());
    skep_mutable_matrix out = SKEP_HOST_MATRIX(skep_mutable_matrix, testing::kDtypeOf<Element>,
                                               elements.data(), std::uint64_t{1}, dim);
    skep_error error = SKEP_ERROR_INIT;
    ASSERT_EQ(skep_vectors_convert(&rows, &out, &error), SKEP_OK) << error.message;
    for (std::size_t i = 0; i < values.size(); ++i)
        EXPECT_EQ(static_cast<float>(elements[i]), expected[i]) << values[i];

    for (const float value : refused) {
        // Behind a row that could be converted, which must not have been.
        std::vector<float> two = values;
        two.insert(two.end(), values.begin(), values.end());
        two[values.size() + 2] = value;
        std::vector<Element> untouched(two.size(), elements[0]);
        const std::vector<Element> before = untouched;
        const skep_matrix two_rows = testing::matrix_of(two, dim);
        out.num_rows = 2;
        out.data = untouched.data();
        EXPECT_EQ(skep_vectors_convert(&two_rows, &out, &error), SKEP_INVALID_ARGUMENT) << value;
        EXPECT_NE(std::string(error.message).find("row 1 component 2"), std::string::npos)
            << error.message;
        EXPECT_NE(std::string(error.message).find(range), std::string::npos) << error.message;
        EXPECT_EQ(std::memcmp(untouched.data(), before.data(), before.size() * sizeof(Element)), 0);
    }
}

TEST(VectorsApi, RoundsToTheNearestOfEveryType) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    expect_rounding<testing::Half>(
        {65519.0F, -65504.0F, 2049.0F, 2051.0F, 0x1p-25F, 0x1.8p-24F, 0x1.002p-1F},
        {65504.0F, -65504.0F, 2048.0F, 2052.0F, 0.0F, 0x1p-23F, 0x1p-1F},
        {65520.0F, -1e30F, kInfinity, -kInfinity, nan}, "65504");
    expect_rounding<testing::Brain>({257.0F, 259.0F, -0x1p-134F, 0x1.FEp127F, 1.0F},
                                    {256.0F, 260.0F, 0.0F, 0x1.FEp127F, 1.0F},
                                    {0x1.FFp127F, -0x1.FFFFFEp127F, kInfinity, nan}, "3.3895e+38");
    expect_rounding<std::int8_t>({0.5F, 1.5F, -2.5F, 127.49F, -128.5F}, {0, 2, -2, 127, -128},
                                 {127.5F, -128.6F, 1e9F, nan, -kInfinity}, "-128 to 127");
    expect_rounding<std::uint8_t>({0.5F, 254.5F, -0.5F, 255.4F, 3.0F}, {0, 254, 0, 255, 3},
                                  {255.5F, -0.6F, kInfinity, nan}, "0 to 255");
    expect_rounding<float>({1.0F, -0x1p-149F, 3e38F}, {1.0F, -0x1p-149F, 3e38F}, {nan, kInfinity},
                           "32-bit floats");
}

TEST(VectorsApi, WidensEveryTypeExactly) {
    const std::vector<testing::Half> halves = {{0x3C01}, {0x0001}, {0xFBFF}};
    std::vector<float> floats(3);
    const skep_matrix rows = testing::matrix_of(halves, 3);
    const skep_mutable_matrix out =
        SKEP_HOST_MATRIX(skep_mutable_matrix, SKEP_DTYPE_F32, floats.data(), std::uint64_t{1}, 3);

    ASSERT_EQ(skep_vectors_convert(&rows, &out, nullptr), SKEP_OK);

    EXPECT_EQ(floats, (std::vector<float>{1.0F + 0x1p-10F, 0x1p-24F, -65504.0F}));
}

TEST(VectorsApi, RefusesToConvertBetweenShapes) {
    const std::vector<float> values = {1.0F, 2.0F};
    const skep_matrix rows = testing::matrix_of(values, 2);
    std::vector<std::uint8_t> bytes(8);
    const auto with = [&](auto change) {
        skep_mutable_matrix out =
            SKEP_HOST_MATRIX(skep_mutable_matrix, SKEP_DTYPE_U8, bytes.data(), std::uint64_t{1}, 2);
        change(out);
        return skep_vectors_convert(&rows, &out, nullptr);
    };

    EXPECT_EQ(skep_vectors_convert(nullptr, nullptr, nullptr), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(skep_vectors_convert(&rows, nullptr, nullptr), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(with([](skep_mutable_matrix& out) { out.dim = 1; }), SKEP_DIMENSION_MISMATCH);
    EXPECT_EQ(with([](skep_mutable_matrix& out) { out.num_rows = 2; }), SKEP_DIMENSION_MISMATCH);
    EXPECT_EQ(with([](skep_mutable_matrix& out) { out.dtype = 9; }), SKEP_UNSUPPORTED_TYPE);
    EXPECT_EQ(with([](skep_mutable_matrix& out) { out.data = nullptr; }), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(with([](skep_mutable_matrix& out) { out.row_stride_bytes = 1; }),
              SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(with([](skep_mutable_matrix& out) { out.memory_kind = SKEP_MEMORY_CUDA; }),
              SKEP_WRONG_MEMORY);
    EXPECT_EQ(with([](skep_mutable_matrix&) {}), SKEP_OK);
}

}  // namespace
}  // namespace skep
