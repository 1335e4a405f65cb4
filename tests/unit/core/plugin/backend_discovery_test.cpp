// SPDX-License-Identifier: MIT
#include "plugin/backend_discovery.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <map>
#include <string>

#include "doubles/plugin_folder.hpp"

namespace skep {
namespace {

using ::testing::HasSubstr;
using testing::manifest_text;
using testing::TemporaryFolder;
using testing::write_file;

// A machine with the features that a test gives it.
class FakeMachine final : public HostProbe {
  public:
    std::map<std::string, bool> features;

    std::optional<bool> has_cpu_feature(const std::string& name) const override {
        const auto found = features.find(name);
        if (found == features.end()) return std::nullopt;
        return found->second;
    }
    Result<void> find_driver_library(const std::string& soname) const override {
        ADD_FAILURE() << "discovery asked for " << soname;
        return {};
    }
};

skep_status unused_entry(const skep_backend_request*, skep_backend_answer*, skep_error*) {
    ADD_FAILURE() << "discovery called a backend";
    return SKEP_INTERNAL;
}

class BackendDiscovery : public ::testing::Test {
  protected:
    void add(const std::string& name, const std::string& manifest,
             const std::string& library = "") {
        write_file(root_ / (name + ".json"), manifest);
        if (!library.empty()) write_file(root_ / library, "not opened");
    }
    Discovery discover() {
        LocatorInput input;
        input.caller_paths = {root_.path().string()};
        return discover_backends(input, {"cpu", unused_entry, 0}, machine_);
    }
    TemporaryFolder root_;
    FakeMachine machine_;
};

TEST_F(BackendDiscovery, FindsABackendWithoutOpeningIt) {
    add("x", manifest_text("x", "x.so", R"(, "priority": 7, "version": "3.1")"), "x.so");

    const Discovery discovery = discover();

    ASSERT_EQ(discovery.candidates.size(), 2U);
    const Candidate& x = discovery.candidates[0];
    EXPECT_EQ(x.state, SKEP_BACKEND_FOUND) << x.message;
    EXPECT_EQ(x.origin, "caller");
    EXPECT_EQ(x.manifest.priority, 7);
    EXPECT_EQ(x.manifest_path, (root_ / "x.json").string());
    EXPECT_EQ(x.library_path, (root_ / "x.so").string());
    EXPECT_EQ(discovery.candidates[1].origin, "builtin");
    EXPECT_TRUE(discovery.candidates[1].is_builtin());
}

TEST_F(BackendDiscovery, ABrokenManifestIsReportedAndHarmsNoOther) {
    add("a", "{\n  oops");
    add("b", manifest_text("b", "b.so"), "b.so");

    const Discovery discovery = discover();

    const Candidate& broken = discovery.candidates[0];
    EXPECT_EQ(broken.manifest.name, "a");
    EXPECT_EQ(broken.state, SKEP_BACKEND_REFUSED);
    EXPECT_EQ(broken.stage, Stage::kManifest);
    EXPECT_EQ(broken.reason, SKEP_MANIFEST_INVALID);
    EXPECT_THAT(broken.message, HasSubstr((root_ / "a.json").string() + ":2:3: "));
    EXPECT_EQ(discovery.candidates[1].state, SKEP_BACKEND_FOUND);
}

TEST_F(BackendDiscovery, AHugeManifestIsRefusedUnread) {
    add("a", std::string(1U << 20U, ' '));
    const Candidate huge = discover().candidates[0];
    EXPECT_EQ(huge.reason, SKEP_MANIFEST_INVALID);
    EXPECT_THAT(huge.message, HasSubstr("has 1048576 bytes"));
}

TEST_F(BackendDiscovery, AnUnknownAbiIsRefusedByTheManifestAlone) {
    add("x", manifest_text("x", "x.so", "", R"({"min": 2, "max": 3})"), "x.so");
    const Candidate x = discover().candidates[0];
    EXPECT_EQ(x.reason, SKEP_ABI_MISMATCH);
    EXPECT_THAT(x.message, HasSubstr("speaks backend ABI 2 to 3; this libskep speaks 1"));
}

// Checklist row 25, the probe faked both ways.
TEST_F(BackendDiscovery, TheVariantThatThisProcessorCanRunTakesTheName) {
    add("x1", manifest_text("x", "wide.so", R"(, "requires": {"cpu_features": ["avx999"]})"),
        "wide.so");
    add("x2", manifest_text("x", "narrow.so"), "narrow.so");

    machine_.features = {{"avx999", false}};
    Discovery discovery = discover();
    EXPECT_EQ(discovery.candidates[0].reason, SKEP_REQUIREMENT_NOT_MET);
    EXPECT_THAT(discovery.candidates[0].message, HasSubstr("'avx999', which this processor"));
    EXPECT_EQ(discovery.candidates[1].state, SKEP_BACKEND_FOUND);

    machine_.features = {{"avx999", true}};
    discovery = discover();
    EXPECT_EQ(discovery.candidates[0].state, SKEP_BACKEND_FOUND);
    EXPECT_EQ(discovery.candidates[1].reason, SKEP_BACKEND_NAME_CLASH);

    machine_.features = {};
    discovery = discover();
    EXPECT_THAT(discovery.candidates[0].message, HasSubstr("which this libskep does not know"));
}

TEST_F(BackendDiscovery, TheFirstOfANameStandsAndTheOthersAreReported) {
    add("x1", manifest_text("x", "x.so"), "x.so");
    add("x2", manifest_text("x", "y.so"), "y.so");
    add("x3", manifest_text("x", "x.so"));
    add("y", manifest_text("cpu", "y.so"));

    const Discovery discovery = discover();

    EXPECT_EQ(discovery.candidates[0].state, SKEP_BACKEND_FOUND);
    EXPECT_EQ(discovery.candidates[1].reason, SKEP_BACKEND_NAME_CLASH);
    EXPECT_THAT(discovery.candidates[1].message, HasSubstr((root_ / "x1.json").string()));
    EXPECT_THAT(discovery.candidates[2].message, HasSubstr("it is the same library"));
    // A caller's own "cpu" comes before the built-in one.
    EXPECT_EQ(discovery.candidates[3].state, SKEP_BACKEND_FOUND);
    EXPECT_EQ(discovery.candidates[4].reason, SKEP_BACKEND_NAME_CLASH);
}

TEST_F(BackendDiscovery, AnUntrustedOneDoesNotTakeTheName) {
    add("x1", manifest_text("x", "x.so"), "x.so");
    add("x2", manifest_text("x", "y.so"), "y.so");
    ::chmod((root_ / "x.so").c_str(), 0666);

    const Discovery discovery = discover();

    EXPECT_EQ(discovery.candidates[0].stage, Stage::kTrust);
    EXPECT_EQ(discovery.candidates[0].reason, SKEP_PATH_NOT_TRUSTED);
    EXPECT_EQ(discovery.candidates[1].state, SKEP_BACKEND_FOUND);
}

TEST_F(BackendDiscovery, EverythingInAFolderThatOthersCanWriteIsRefused) {
    add("x", manifest_text("x", "x.so"), "x.so");
    ::chmod(root_.path().c_str(), 0777);

    const Candidate x = discover().candidates[0];

    EXPECT_EQ(x.manifest.name, "x");
    EXPECT_EQ(x.reason, SKEP_PATH_NOT_TRUSTED);
    EXPECT_THAT(x.message, HasSubstr("everybody can write it"));
}

TEST_F(BackendDiscovery, AMissingLibraryIsNamed) {
    add("x", manifest_text("x", "x.so"));
    const Candidate x = discover().candidates[0];
    EXPECT_EQ(x.reason, SKEP_FILE_NOT_FOUND);
    EXPECT_THAT(x.message, HasSubstr((root_ / "x.so").string()));
}

TEST_F(BackendDiscovery, ADriverLibraryIsLeftForLater) {
    add("x", manifest_text("x", "x.so", R"(, "requires": {"driver_libraries": ["libx.so.1"]})"),
        "x.so");
    const Candidate x = discover().candidates[0];
    EXPECT_EQ(x.state, SKEP_BACKEND_FOUND);
    EXPECT_THAT(x.message, HasSubstr("driver libraries not checked"));
}

}  // namespace
}  // namespace skep
