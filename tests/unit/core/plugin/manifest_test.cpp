// SPDX-License-Identifier: MIT
#include "plugin/manifest.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace skep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kComplete = R"({
  "skep_manifest": 1,
  "name": "cuda",
  "library": "skep_backend_cuda.so",
  "version": "0.1.0",
  "abi": {"min": 1, "max": 2},
  "priority": 100,
  "requires": {"cpu_features": ["avx2"], "driver_libraries": ["libcuda.so.1"]},
  "description": "GPU"
})";

TEST(Manifest, ReadsEveryMember) {
    const Result<Manifest> manifest = parse_manifest(kComplete, "cuda.json");

    ASSERT_TRUE(manifest) << manifest.error().message();
    EXPECT_EQ(manifest->name, "cuda");
    EXPECT_EQ(manifest->library, "skep_backend_cuda.so");
    EXPECT_EQ(manifest->version, "0.1.0");
    EXPECT_EQ(manifest->abi, (AbiRange{1, 2}));
    EXPECT_EQ(manifest->priority, 100);
    EXPECT_THAT(manifest->cpu_features, ElementsAre("avx2"));
    EXPECT_THAT(manifest->driver_libraries, ElementsAre("libcuda.so.1"));
    EXPECT_EQ(manifest->description, "GPU");
}

TEST(Manifest, NeedsOnlySchemaNameLibraryAndAbi) {
    const Result<Manifest> manifest = parse_manifest(
        R"({"skep_manifest":1,"name":"a","library":"sub/a.so","abi":{"min":1,"max":1}})", "a");

    ASSERT_TRUE(manifest) << manifest.error().message();
    EXPECT_EQ(manifest->library, "sub/a.so");
    EXPECT_EQ(manifest->priority, 0);
    EXPECT_TRUE(manifest->driver_libraries.empty());
}

struct BadManifest {
    const char* text;
    const char* place;    // line:column
    const char* problem;  // part of the message
};

void PrintTo(const BadManifest& bad, std::ostream* out) {
    *out << bad.text;
}

class ManifestComplaint : public ::testing::TestWithParam<BadManifest> {};

TEST_P(ManifestComplaint, NamesPlaceAndProblem) {
    const Result<Manifest> manifest = parse_manifest(GetParam().text, "/p/m.json");

    ASSERT_FALSE(manifest);
    EXPECT_EQ(manifest.error().status(), SKEP_MANIFEST_INVALID);
    EXPECT_EQ(manifest.error().layer(), SKEP_LAYER_LOADER);
    EXPECT_THAT(manifest.error().message(),
                StartsWith(std::string("/p/m.json:") + GetParam().place + ": "));
    EXPECT_THAT(manifest.error().message(), HasSubstr(GetParam().problem));
}

#define HEAD "{\"skep_manifest\": 1, \"name\": \"a\", \"library\": \"a.so\",\n"
#define ABI "\"abi\": {\"min\": 1, \"max\": 1}"
INSTANTIATE_TEST_SUITE_P(
    All, ManifestComplaint,
    ::testing::Values(
        // Form.
        BadManifest{"", "1:1", "not JSON: incomplete"},
        BadManifest{"{", "1:2", "not JSON: incomplete"},
        BadManifest{"{\n \"a\": tru,\n}", "2:7", "not JSON: syntax"},
        BadManifest{"{\"a\": 1,}", "1:9", "not JSON"},
        BadManifest{"{\"a\": 1} {}", "1:10", "expected the end"},
        BadManifest{"{\"a\": \"\xFF\"}", "1:8", "not JSON"},
        BadManifest{"[[[[[[[[[[[[[[[[", "1:9", "too deep"},
        BadManifest{"[]", "1:1", "expected an object"},
        BadManifest{"{\"a\": 1,\n \"a\": 2}", "2:2", "'a' appears twice"},
        BadManifest{"{\"a\": 1,\n \"\\u0061\": 2}", "2:2", "'a' appears twice"},
        // Schema.
        BadManifest{"{}", "1:1", "'skep_manifest' is missing"},
        BadManifest{"{\n\"skep_manifest\": 2}", "2:1", "is 2; this libskep reads 1"},
        BadManifest{"{\"skep_manifest\": 0}", "1:2", "is 0"},
        BadManifest{"{\"skep_manifest\": \"1\"}", "1:2", "is string; expected an integer"},
        BadManifest{"{\"skep_manifest\": 1.0}", "1:2", "is double; expected an integer"},
        BadManifest{"{\"skep_manifest\": 1}", "1:1", "'name' is missing"},
        // Members.
        BadManifest{HEAD ABI ",\n \"prioritt\": 1}", "3:2", "'prioritt' is unknown"},
        BadManifest{HEAD "\"abi\": {\"min\": 1}}", "2:1", "'abi.max' is missing"},
        BadManifest{HEAD "\"abi\": {\"min\": 2, \"max\": 1}}", "2:9", "above the maximum"},
        BadManifest{HEAD "\"abi\": {\"min\": -1, \"max\": 1}}", "2:9", "is -1; expected 0"},
        BadManifest{HEAD "\"abi\": {\"min\": 1, \"max\": 1, \"mid\": 1}}", "2:29",
                    "'abi.mid' is unknown"},
        BadManifest{HEAD "\"abi\": 1}", "2:1", "is int64; expected an object"},
        BadManifest{HEAD ABI ", \"priority\": 1000001}", "2:30", "is 1000001; expected"},
        BadManifest{HEAD ABI ", \"priority\": 1e3}", "2:30", "expected an integer"},
        BadManifest{HEAD ABI ", \"version\": \"12345678901234567890123456789012\"}", "2:30",
                    "has 32 bytes; expected at most 31"},
        BadManifest{HEAD ABI ", \"description\": \"a\\u0000b\"}", "2:30", "control character"},
        BadManifest{HEAD ABI ", \"requires\": {\"gpu\": []}}", "2:43", "'requires.gpu' is unknown"},
        BadManifest{HEAD ABI ", \"requires\": {\"cpu_features\": \"avx2\"}}", "2:43",
                    "expected an array of texts"},
        BadManifest{HEAD ABI ", \"requires\": {\"cpu_features\": [2]}}", "2:43",
                    "expected an array of texts"},
        BadManifest{HEAD ABI ", \"requires\": {\"driver_libraries\": [\"/lib/x.so\"]}}", "2:43",
                    "expected a plain name"},
        // Names.
        BadManifest{"{\"skep_manifest\":1,\"name\":\"\"}", "1:20", "is ''"},
        BadManifest{"{\"skep_manifest\":1,\"name\":\"Cuda\"}", "1:20", "lower-case"},
        BadManifest{"{\"skep_manifest\":1,\"name\":\"a:1\"}", "1:20", "is 'a:1'"},
        BadManifest{"{\"skep_manifest\":1,\"name\":\"auto\"}", "1:20", "asks for any"},
        BadManifest{"{\"skep_manifest\":1,\"name\":\"a23456789012345678901234567890123\"}", "1:20",
                    "at most 32"},
        BadManifest{"{\"skep_manifest\":1,\"name\":\"a\",\"library\":\"/a.so\"}", "1:31",
                    "an absolute path"},
        BadManifest{"{\"skep_manifest\":1,\"name\":\"a\",\"library\":\"../a.so\"}", "1:31",
                    "'..' would leave the folder"},
        BadManifest{"{\"skep_manifest\":1,\"name\":\"a\",\"library\":\"b/../../a.so\"}", "1:31",
                    "'..' would leave the folder"},
        BadManifest{"{\"skep_manifest\":1,\"name\":\"a\",\"library\":\"\"}", "1:31", "is empty"},
        BadManifest{"{\"skep_manifest\":1,\"name\":\"a\",\"library\":\"b/\"}", "1:31",
                    "no file name"}));
#undef HEAD
#undef ABI

TEST(Manifest, IsAtMost64KiB) {
    std::string text = kComplete;
    text.append(kMaxManifestBytes - text.size(), ' ');
    EXPECT_TRUE(parse_manifest(text, "m"));

    text.push_back(' ');
    const Result<Manifest> manifest = parse_manifest(text, "m");
    ASSERT_FALSE(manifest);
    EXPECT_THAT(manifest.error().message(), HasSubstr("65537 bytes; expected at most 65536"));
}

// Every prefix of a good manifest is refused, and none does harm.
TEST(Manifest, EveryTruncationIsRefused) {
    const std::string text = kComplete;
    for (std::size_t length = 0; length + 1 < text.size(); ++length) {
        EXPECT_FALSE(parse_manifest(text.substr(0, length), "m")) << length;
    }
}

// One byte changed to any of a few: accepted or refused with a place, never anything else.
TEST(Manifest, EveryChangedByteIsAnswered) {
    const std::string good = kComplete;
    for (std::size_t position = 0; position < good.size(); ++position) {
        for (const char byte : {'\0', '"', '{', '}', '[', '\\', ',', ':', '9', '\xC3'}) {
            std::string text = good;
            text[position] = byte;
            const Result<Manifest> manifest = parse_manifest(text, "m");
            if (manifest) continue;
            EXPECT_THAT(manifest.error().message(), StartsWith("m:"));
        }
    }
}

}  // namespace
}  // namespace skep
