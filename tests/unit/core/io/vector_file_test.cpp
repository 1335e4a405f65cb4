// SPDX-License-Identifier: MIT
#include "io/vector_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <ostream>
#include <random>
#include <vector>

#include "io/npy_header.hpp"
#include "skep/common/element_type.hpp"
#include "support/generators.hpp"
#include "support/temporary_folder.hpp"

namespace skep {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::TemporaryFolder;

std::unique_ptr<CallControl> no_control() {
    return CallControl::create(nullptr).value();
}

template <typename Number>
std::string bytes_of(std::initializer_list<Number> numbers) {
    return {reinterpret_cast<const char*>(numbers.begin()), numbers.size() * sizeof(Number)};
}

template <typename Element>
skep_matrix matrix_over(const std::vector<Element>& values, skep_dtype dtype, std::uint32_t dim) {
    return SKEP_HOST_MATRIX(skep_matrix, dtype, values.data(), values.size() / dim, dim);
}

// The rows of an opened file without gaps.
std::string dense_rows(const skep_matrix& rows) {
    const std::size_t row_bytes = rows.dim * element_bytes(rows.dtype);
    const std::size_t stride = rows.row_stride_bytes != 0 ? rows.row_stride_bytes : row_bytes;
    std::string dense;
    for (std::uint64_t row = 0; row < rows.num_rows; ++row) {
        dense.append(static_cast<const char*>(rows.data) + row * stride, row_bytes);
    }
    return dense;
}

class VectorFiles : public ::testing::Test {
  protected:
    Result<void> write(const std::string& name, const skep_matrix& rows) {
        return write_vector_file(folder_ / name, rows, *no_control());
    }

    void expect_refused(const std::string& name, const std::string& bytes, skep_status status,
                        const std::string& text) {
        testing::write_bytes(folder_ / name, bytes);
        const auto result = VectorFile::open(folder_ / name);
        ASSERT_FALSE(result) << name << ", expected: " << text;
        EXPECT_EQ(result.error().status(), status) << result.error().message();
        EXPECT_THAT(result.error().message(), StartsWith("open vectors: '" + (folder_ / name)));
        EXPECT_THAT(result.error().message(), HasSubstr(text));
    }

    TemporaryFolder folder_;
};

struct RoundTrip {
    const char* name;
    skep_dtype dtype;
    std::size_t header_bytes;  // of the file with rows of one component
    bool has_row_headers;
};

void PrintTo(const RoundTrip& trip, std::ostream* out) {
    *out << trip.name;
}

class VectorFilesOfEveryFormat : public VectorFiles,
                                 public ::testing::WithParamInterface<RoundTrip> {};

TEST_P(VectorFilesOfEveryFormat, GiveBackWhatWasWritten) {
    const auto& [name, dtype, header_bytes, has_row_headers] = GetParam();
    std::mt19937_64 engine(31);
    for (const std::uint32_t dim : {1U, 3U, 128U, SKEP_MAX_DIM}) {
        const std::uint64_t num_rows = dim == SKEP_MAX_DIM ? 9 : 1001;
        std::vector<std::uint8_t> values(num_rows * dim * element_bytes(dtype));
        for (auto& value : values)
            value = static_cast<std::uint8_t>(engine());
        const skep_matrix rows = SKEP_HOST_MATRIX(skep_matrix, dtype, values.data(), num_rows, dim);

        write(name, rows).value();
        const auto file = VectorFile::open(folder_ / name).value();

        EXPECT_EQ(file->rows().dtype, dtype);
        EXPECT_EQ(file->rows().dim, dim);
        ASSERT_EQ(file->rows().num_rows, num_rows);
        EXPECT_EQ(dense_rows(file->rows()), std::string(values.begin(), values.end()));
        EXPECT_EQ(std::filesystem::file_size(folder_ / name),
                  header_bytes + values.size() + (has_row_headers ? 4 * num_rows : 0));
    }
    EXPECT_EQ(folder_.list(), std::vector<std::string>{name});
}

TEST_P(VectorFilesOfEveryFormat, RefuseEveryTruncation) {
    const std::string name = GetParam().name;
    const std::vector<std::uint8_t> values(7 * 5 * element_bytes(GetParam().dtype), 1);
    const skep_matrix rows = SKEP_HOST_MATRIX(skep_matrix, GetParam().dtype, values.data(), 7, 5);
    write(name, rows).value();
    const std::string bytes = testing::read_bytes(folder_ / name);

    for (std::size_t size = 0; size < bytes.size(); ++size) {
        // Cut between rows, a file whose rows count themselves is a shorter file.
        if (GetParam().has_row_headers && size > 0 && size % (bytes.size() / 7) == 0) continue;
        expect_refused(name, bytes.substr(0, size), SKEP_FILE_TRUNCATED, "");
    }
    if (!GetParam().has_row_headers) expect_refused(name, bytes + "x", SKEP_FILE_CORRUPT, "more");
}

TEST_P(VectorFilesOfEveryFormat, SurviveFlippedBits) {
    const std::string name = GetParam().name;
    const std::vector<std::uint8_t> values(7 * 5 * element_bytes(GetParam().dtype), 1);
    const skep_matrix rows = SKEP_HOST_MATRIX(skep_matrix, GetParam().dtype, values.data(), 7, 5);
    write(name, rows).value();
    const std::string bytes = testing::read_bytes(folder_ / name);

    std::mt19937_64 engine(32);
    for (int round = 0; round < 500; ++round) {
        std::string flipped = bytes;
        const std::size_t position = engine() % bytes.size();
        flipped[position] = static_cast<char>(flipped[position] ^ (1 << (engine() % 8)));
        testing::write_bytes(folder_ / name, flipped);

        const auto file = VectorFile::open(folder_ / name);

        // Either way no byte outside of the file is touched.
        if (file) static_cast<void>(dense_rows((*file)->rows()));
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, VectorFilesOfEveryFormat,
                         ::testing::Values(RoundTrip{"a.fvecs", SKEP_DTYPE_F32, 0, true},
                                           RoundTrip{"a.bvecs", SKEP_DTYPE_U8, 0, true},
                                           RoundTrip{"a.ivecs", SKEP_DTYPE_I32, 0, true},
                                           RoundTrip{"a.fbin", SKEP_DTYPE_F32, 8, false},
                                           RoundTrip{"a.u8bin", SKEP_DTYPE_U8, 8, false},
                                           RoundTrip{"a.i8bin", SKEP_DTYPE_I8, 8, false},
                                           RoundTrip{"a.ibin", SKEP_DTYPE_I32, 8, false},
                                           RoundTrip{"f4.npy", SKEP_DTYPE_F32, 128, false},
                                           RoundTrip{"f2.npy", SKEP_DTYPE_F16, 128, false},
                                           RoundTrip{"i1.npy", SKEP_DTYPE_I8, 128, false},
                                           RoundTrip{"u1.npy", SKEP_DTYPE_U8, 128, false},
                                           RoundTrip{"i4.npy", SKEP_DTYPE_I32, 128, false}));

TEST_F(VectorFiles, HaveTheDocumentedBytes) {
    const std::vector<float> values = {1.0F, 2.0F};
    write("a.fvecs", matrix_over(values, SKEP_DTYPE_F32, 2)).value();
    write("a.fbin", matrix_over(values, SKEP_DTYPE_F32, 2)).value();
    write("a.npy", matrix_over(values, SKEP_DTYPE_F32, 2)).value();

    const std::string row = bytes_of({1.0F, 2.0F});
    EXPECT_EQ(testing::read_bytes(folder_ / "a.fvecs"), bytes_of({2}) + row);
    EXPECT_EQ(testing::read_bytes(folder_ / "a.fbin"), bytes_of({1, 2}) + row);
    std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
    header.append(118 - header.size() - 1, ' ');
    EXPECT_EQ(testing::read_bytes(folder_ / "a.npy"),
              std::string("\x93NUMPY\1\0v\0", 10) + header + "\n" + row);
}

TEST_F(VectorFiles, ReadTheSampleOfTheProject) {
    const auto base = VectorFile::open(SKEP_TEST_DATA_DIR "/sift10k_base.u8bin").value();
    const auto truth = VectorFile::open(SKEP_TEST_DATA_DIR "/sift10k_gt_100x100.ibin").value();

    EXPECT_EQ(base->rows().num_rows, 10'000U);
    EXPECT_EQ(base->rows().dim, 128U);
    EXPECT_EQ(truth->rows().num_rows, 100U);
    EXPECT_EQ(truth->rows().dtype, SKEP_DTYPE_I32);
}

TEST_F(VectorFiles, KeepAnEmptyMatrix) {
    const skep_matrix rows = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_U8, nullptr, 0, 7);
    for (const char* name : {"a.u8bin", "a.npy"}) {
        write(name, rows).value();
        const auto file = VectorFile::open(folder_ / name).value();
        EXPECT_EQ(file->rows().num_rows, 0U);
        EXPECT_EQ(file->rows().dim, 7U);
    }
    const auto refused = write("a.bvecs", rows);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), SKEP_INVALID_ARGUMENT);
    EXPECT_THAT(refused.error().message(), HasSubstr("0 rows; expected at least 1"));
}

TEST_F(VectorFiles, TakeRowsWithAGapAndUnaligned) {
    // Three rows of two floats, 11 bytes apart, from byte 1 on.
    std::vector<char> memory(1 + 3 * 11, '\x7F');
    for (int row = 0; row < 3; ++row) {
        const float components[] = {static_cast<float>(row), 0.5F};
        std::memcpy(memory.data() + 1 + row * 11, components, sizeof components);
    }
    skep_matrix rows = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, memory.data() + 1, 3, 2);
    rows.row_stride_bytes = 11;

    write("a.fbin", rows).value();

    EXPECT_EQ(testing::read_bytes(folder_ / "a.fbin"),
              bytes_of({3, 2}) + bytes_of({0.0F, 0.5F, 1.0F, 0.5F, 2.0F, 0.5F}));
}

// --- conversions ---

TEST_F(VectorFiles, ConvertWhatTheFormatHoldsExactly) {
    const std::vector<float> floats = {0.0F, 255.0F, 7.0F, 128.0F};
    write("a.u8bin", matrix_over(floats, SKEP_DTYPE_F32, 2)).value();
    EXPECT_EQ(testing::read_bytes(folder_ / "a.u8bin"),
              bytes_of({2, 2}) + std::string("\0\xFF\7\x80", 4));

    const std::vector<std::int8_t> bytes = {-128, 127};
    write("a.fvecs", matrix_over(bytes, SKEP_DTYPE_I8, 2)).value();
    EXPECT_EQ(testing::read_bytes(folder_ / "a.fvecs"),
              bytes_of({2}) + bytes_of({-128.0F, 127.0F}));

    const std::vector<std::int32_t> numbers = {1 << 24, -(1 << 30)};
    write("a.fbin", matrix_over(numbers, SKEP_DTYPE_I32, 2)).value();
    EXPECT_EQ(testing::read_bytes(folder_ / "a.fbin"),
              bytes_of({1, 2}) + bytes_of({0x1p24F, -0x1p30F}));

    const std::vector<std::uint16_t> halves = {0x3C00, 0x0001};
    write("a.fbin", matrix_over(halves, SKEP_DTYPE_F16, 2)).value();
    EXPECT_EQ(testing::read_bytes(folder_ / "a.fbin"),
              bytes_of({1, 2}) + bytes_of({1.0F, 0x1p-24F}));

    write("a.npy", matrix_over(halves, SKEP_DTYPE_BF16, 2)).value();
    EXPECT_THAT(testing::read_bytes(folder_ / "a.npy"), HasSubstr("<f4"));
}

struct Inexact {
    const char* name;
    float component;
    const char* text;
};

TEST_F(VectorFiles, RefuseToChangeAComponent) {
    const float infinity = std::numeric_limits<float>::infinity();
    for (const Inexact& inexact :
         {Inexact{"a.u8bin", 0.5F, "is 0.5; expected whole numbers from 0 to 255"},
          Inexact{"a.u8bin", 256.0F, "is 256; expected"},
          Inexact{"a.bvecs", -1.0F, "is -1; expected"},
          Inexact{"a.i8bin", 128.0F, "is 128; expected whole numbers from -128 to 127"},
          Inexact{"a.ibin", 2147483648.0F, "is 2147483648; expected whole numbers from"},
          Inexact{"a.ivecs", std::numeric_limits<float>::quiet_NaN(), "is nan; expected"},
          Inexact{"a.u8bin", infinity, "is inf; expected"}}) {
        std::vector<float> values(20, 1.0F);
        values[13] = inexact.component;

        const auto result = write(inexact.name, matrix_over(values, SKEP_DTYPE_F32, 5));

        ASSERT_FALSE(result) << inexact.text;
        EXPECT_EQ(result.error().status(), SKEP_INVALID_ARGUMENT);
        EXPECT_THAT(result.error().message(), HasSubstr("row 2 component 3 "));
        EXPECT_THAT(result.error().message(), HasSubstr(inexact.text));
    }
    const std::vector<std::int32_t> numbers = {(1 << 24) + 1};
    const auto result = write("a.fbin", matrix_over(numbers, SKEP_DTYPE_I32, 1));
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message(), HasSubstr("is 16777217; expected 32-bit floats"));
    EXPECT_TRUE(folder_.list().empty());
}

TEST_F(VectorFiles, KeepAMissingDistance) {
    const std::vector<float> values = {1.0F, std::numeric_limits<float>::infinity()};
    write("a.fbin", matrix_over(values, SKEP_DTYPE_F32, 2)).value();
    EXPECT_EQ(dense_rows(VectorFile::open(folder_ / "a.fbin").value()->rows()),
              std::string(reinterpret_cast<const char*>(values.data()), 8));
}

TEST_F(VectorFiles, ChangeNothingWhenWritingIsCancelled) {
    testing::write_bytes(folder_ / "a.fbin", "old");
    const std::vector<float> values(1'000'000, 1.0F);
    skep_call_options options = SKEP_CALL_OPTIONS_INIT;
    options.progress = [](void*, std::uint64_t, std::uint64_t) { return 1; };

    const auto result = write_vector_file(folder_ / "a.fbin", testing::matrix_of(values, 10),
                                          *CallControl::create(&options).value());

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().status(), SKEP_CANCELLED);
    EXPECT_EQ(testing::read_bytes(folder_ / "a.fbin"), "old");
    EXPECT_EQ(folder_.list().size(), 1U);
}

TEST_F(VectorFiles, TellWhatCannotBeWritten) {
    const std::vector<float> values = {1.0F};
    const skep_matrix rows = testing::matrix_of(values, 1);
    EXPECT_EQ(write("absent/a.fbin", rows).error().status(), SKEP_FILE_NOT_WRITABLE);
    EXPECT_EQ(write("a.txt", rows).error().status(), SKEP_FILE_UNKNOWN_FORMAT);
    EXPECT_EQ(write("fbin", rows).error().status(), SKEP_FILE_UNKNOWN_FORMAT);
}

// --- hostile headers ---

TEST_F(VectorFiles, RefuseHeadersThatDeceive) {
    expect_refused("a.fbin", bytes_of({0xFFFFFFFFU, 65536U, 0U}), SKEP_FILE_IMPOSSIBLE_SIZE,
                   "header says 4294967295 rows of 262144 bytes; 4 bytes follow at offset 8");
    expect_refused("a.fbin", bytes_of({1000U, 4U, 0U}), SKEP_FILE_TRUNCATED, "4 bytes follow");
    expect_refused("a.u8bin", bytes_of({1U, 0U}), SKEP_INVALID_DIMENSION,
                   "dim is 0; expected 1 to");
    expect_refused("a.ibin", bytes_of({1U, 65537U}), SKEP_INVALID_DIMENSION, "dim is 65537");
    expect_refused("a.fbin", "", SKEP_FILE_TRUNCATED, "has 0 bytes; the header alone has 8");
    expect_refused("a.fvecs", "", SKEP_FILE_TRUNCATED, "has 0 bytes");
    expect_refused("a.fvecs", bytes_of({-1, 0}), SKEP_INVALID_DIMENSION, "dim is -1");
    expect_refused("a.fvecs", bytes_of({0, 0}), SKEP_INVALID_DIMENSION, "dim is 0");
    expect_refused("a.fvecs", bytes_of({0x7FFFFFFF, 0}), SKEP_INVALID_DIMENSION,
                   "dim is 2147483647");
    expect_refused("a.ivecs", bytes_of({1, 5, 1, 6, 2, 7}), SKEP_FILE_CORRUPT,
                   "row 2 at offset 16 has dim 2; expected 1, as row 0");
    expect_refused("a.bvecs", bytes_of({3}) + "ab", SKEP_FILE_TRUNCATED,
                   "expected a multiple of 7, the bytes of a row of dim 3");
}

TEST_F(VectorFiles, TellWhyAFileCannotBeOpened) {
    const auto status_of = [](const std::string& path) {
        return VectorFile::open(path).error().status();
    };
    EXPECT_EQ(status_of(folder_ / "absent.fbin"), SKEP_FILE_NOT_FOUND);
    EXPECT_EQ(status_of(folder_ / "absent.txt"), SKEP_FILE_UNKNOWN_FORMAT);
    EXPECT_EQ(status_of(""), SKEP_FILE_UNKNOWN_FORMAT);
    std::filesystem::create_directory(folder_ / "folder.npy");
    EXPECT_EQ(status_of(folder_ / "folder.npy"), SKEP_FILE_NOT_READABLE);
}

// --- npy ---

std::string npy(const std::string& text, char major = 1, const std::string& rows = {}) {
    std::string bytes = "\x93NUMPY";
    bytes += major;
    bytes += '\0';
    const auto length = static_cast<std::uint32_t>(text.size());
    bytes.append(reinterpret_cast<const char*>(&length), major == 1 ? 2 : 4);
    return bytes + text + rows;
}

TEST_F(VectorFiles, ReadEveryWayNumPyWritesAHeader) {
    for (const std::string& text :
         {std::string("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }   \n"),
          std::string("{'descr': '<u1', 'fortran_order': False, 'shape': (2, 3)}"),
          std::string("{\"shape\":(2,3,),\"descr\":\"|u1\",\"fortran_order\":False}\n")}) {
        for (const char major : {'\1', '\2', '\3'}) {
            testing::write_bytes(folder_ / "a.npy", npy(text, major, "abcdef"));

            const auto file = VectorFile::open(folder_ / "a.npy");

            ASSERT_TRUE(file) << file.error().message();
            EXPECT_EQ((*file)->rows().dtype, SKEP_DTYPE_U8);
            EXPECT_EQ((*file)->rows().dim, 3U);
            EXPECT_EQ(dense_rows((*file)->rows()), "abcdef");
        }
    }
}

struct BadNpy {
    const char* text;
    skep_status status;
    const char* message;
};

TEST_F(VectorFiles, RefuseWhatNumPyWouldNotWriteOrSkepDoesNotRead) {
    for (const BadNpy& bad : {
             BadNpy{"{'descr': '>f4', 'fortran_order': False, 'shape': (1, 1), }",
                    SKEP_UNSUPPORTED_TYPE, "'descr' is '>f4'"},
             BadNpy{"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }",
                    SKEP_UNSUPPORTED_TYPE, "'descr' is '<f8'"},
             BadNpy{"{'descr': '|O', 'fortran_order': False, 'shape': (1, 1), }",
                    SKEP_UNSUPPORTED_TYPE, "'descr' is '|O'"},
             BadNpy{"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 1), }",
                    SKEP_UNSUPPORTED_TYPE, "structured type"},
             BadNpy{"{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", SKEP_UNSUPPORTED,
                    "'fortran_order' is True"},
             BadNpy{"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", SKEP_UNSUPPORTED,
                    "'shape' has 1 dimensions"},
             BadNpy{"{'descr': '<f4', 'fortran_order': False, 'shape': (), }", SKEP_UNSUPPORTED,
                    "'shape' has 0 dimensions"},
             BadNpy{"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1), }",
                    SKEP_UNSUPPORTED, "'shape' has 3 dimensions"},
             BadNpy{"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 0), }",
                    SKEP_INVALID_DIMENSION, "dim is 0"},
             BadNpy{"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4294967297), }",
                    SKEP_INVALID_DIMENSION, "dim is 4294967297"},
             BadNpy{"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387905, 1), }",
                    SKEP_FILE_IMPOSSIBLE_SIZE, "header says 4611686018427387905 rows"},
             BadNpy{"{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551616, 1)}",
                    SKEP_FILE_CORRUPT, "a whole number below 2^64"},
             BadNpy{"{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 1)}", SKEP_FILE_CORRUPT,
                    "a whole number"},
             BadNpy{"{'descr': '<f4', 'fortran_order': False}", SKEP_FILE_CORRUPT,
                    "a field is missing"},
             BadNpy{"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1, 1)}",
                    SKEP_FILE_CORRUPT, "field 'descr' is there twice"},
             BadNpy{"{'descr': '<f4', 'mood': 'fine', 'fortran_order': False, 'shape': (1, 1)}",
                    SKEP_FILE_CORRUPT, "field 'mood'"},
             BadNpy{"{'descr': '<f4', 'fortran_order': 0, 'shape': (1, 1)}", SKEP_FILE_CORRUPT,
                    "expected True or False"},
             BadNpy{"{'descr': '<f4", SKEP_FILE_CORRUPT, "a string that ends"},
             BadNpy{"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1)} x",
                    SKEP_FILE_CORRUPT, "expected the end"},
             BadNpy{"", SKEP_FILE_CORRUPT, "expected '{'"},
             BadNpy{"{", SKEP_FILE_CORRUPT, "expected a string"},
             BadNpy{"{'shape': (1, 1", SKEP_FILE_CORRUPT, "expected ','"},
         }) {
        expect_refused("a.npy", npy(bad.text, 1, "abcd"), bad.status, bad.message);
    }
    expect_refused("a.npy", npy("{}", 4), SKEP_FILE_TOO_NEW, "version 4; expected 1 to 3");
    expect_refused("a.npy", npy("{}", 0), SKEP_FILE_TOO_NEW, "version 0");
    expect_refused("a.npy", "PK\3\4 and so on", SKEP_FILE_UNKNOWN_FORMAT, "first bytes");
    expect_refused("a.npy", npy(std::string(20'000, ' '), 2), SKEP_FILE_IMPOSSIBLE_SIZE,
                   "20000 bytes; expected at most 10000");
    expect_refused("a.npy", std::string("\x93NUMPY\2\0\xFF\xFF\xFF\xFF{}", 14), SKEP_FILE_TRUNCATED,
                   "4294967295 bytes at offset 12 reach past");
}

}  // namespace
}  // namespace skep
