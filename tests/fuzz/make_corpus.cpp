// SPDX-License-Identifier: MIT
// Writes the first files of the corpus: make_fuzz_corpus tests/fuzz/corpus
#include <cstdio>
#include <string>
#include <vector>

#include "io/vector_file.hpp"
#include "support/collection_sample.hpp"
#include "support/temporary_folder.hpp"

namespace skep {
namespace {

using testing::make_sample;
using testing::no_control;
using testing::SampleShape;

void write_collection(const std::string& path, const SampleShape& shape) {
    const auto sample = make_sample(shape);
    if (shape.num_linked != 0)
        sample->contents.calibrations = {{10, 950'000, 47, 5}, {1, 1'000'000, 5, 4}};
    write_collection_file(path, sample->contents, sample->row_source(), *no_control()).value();
}

// The position in `names` is the byte that picks the extension; see vector_file.cpp.
void write_vectors(const std::string& folder) {
    const std::vector<std::string> names = {"a.fvecs", "a.bvecs", "a.ivecs", "a.fbin",
                                            "a.u8bin", "a.i8bin", "a.ibin",  "a.npy"};
    const std::vector<float> values = {1, 2, 3, 4, 5, 6};
    const skep_matrix rows = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, values.data(), 2, 3);
    const testing::TemporaryFolder scratch;
    for (std::size_t position = 0; position < names.size(); ++position) {
        const std::string& name = names[position];
        write_vector_file(scratch / name, rows, *no_control()).value();
        testing::write_bytes(folder + "/" + name.substr(2),
                             static_cast<char>(position) + testing::read_bytes(scratch / name));
    }
}

}  // namespace
}  // namespace skep

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: make_fuzz_corpus FOLDER\n", stderr);
        return 2;
    }
    const std::string folder = argv[1];
    const std::string collections = folder + "/collection_file/";
    skep::write_collection(collections + "f32_u64", {SKEP_DTYPE_F32, 3, 4, SKEP_KEY_U64, false, 1});
    skep::write_collection(collections + "u8_string_payloads",
                           {SKEP_DTYPE_U8, 5, 4, SKEP_KEY_STRING, true, 2});
    skep::write_collection(collections + "graph", {SKEP_DTYPE_U8, 3, 5, SKEP_KEY_U64, false, 4, 4});
    skep::write_collection(collections + "empty", {SKEP_DTYPE_F16, 2, 0, SKEP_KEY_U64, false, 3});
    skep::write_vectors(folder + "/vector_file");
    return 0;
}
