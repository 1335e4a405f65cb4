// SPDX-License-Identifier: MIT
// Runs a fuzz target over its corpus and over seeded changes of it, where there is no libFuzzer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <random>
#include <vector>

#include "fuzz/fuzz_target.hpp"
#include "support/temporary_folder.hpp"

namespace skep {
namespace {

constexpr std::uint64_t kSeed = 20'256;
constexpr int kChangesPerFile = 400;

std::vector<std::string> read_corpus() {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(SKEP_FUZZ_CORPUS)) {
        paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<std::string> files;
    for (const std::string& path : paths)
        files.push_back(testing::read_bytes(path));
    return files;
}

void run(const std::string& input) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

// Where a change matters: mostly among the first bytes, or where the file is not zero.
std::size_t choose_position(const std::string& bytes, std::mt19937_64& engine) {
    if (engine() % 2 == 0) return engine() % std::min<std::size_t>(bytes.size(), 400);
    std::size_t position = engine() % bytes.size();
    for (std::size_t step = 0; step < bytes.size() && bytes[position] == '\0'; ++step) {
        position = (position + 1) % bytes.size();
    }
    return position;
}

std::string change(std::string bytes, std::mt19937_64& engine) {
    if (bytes.empty()) return bytes;
    const std::size_t num_changes = 1 + engine() % 3;
    for (std::size_t i = 0; i < num_changes && !bytes.empty(); ++i) {
        const std::size_t position = choose_position(bytes, engine);
        switch (engine() % 5) {
            case 0:
                bytes[position] = static_cast<char>(engine());
                break;
            case 1:
                bytes[position] = static_cast<char>(bytes[position] ^ (1 << (engine() % 8)));
                break;
            case 2:
                bytes[position] = '\xFF';
                break;
            case 3:
                bytes.resize(position);
                break;
            default:
                bytes.insert(position, 1 + engine() % 9, static_cast<char>(engine()));
        }
    }
    return bytes;
}

TEST(FuzzReplay, SurvivesTheCorpus) {
    const auto files = read_corpus();
    ASSERT_FALSE(files.empty()) << "no corpus in " << SKEP_FUZZ_CORPUS;
    for (const std::string& file : files)
        run(file);
}

TEST(FuzzReplay, SurvivesSeededChangesOfTheCorpus) {
    RecordProperty("seed", std::to_string(kSeed));
    std::mt19937_64 engine(kSeed);
    for (const std::string& file : read_corpus()) {
        for (int round = 0; round < kChangesPerFile; ++round)
            run(change(file, engine));
    }
}

}  // namespace
}  // namespace skep
