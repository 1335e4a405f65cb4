// SPDX-License-Identifier: MIT
#include "plugin/plugin_locator.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <clocale>
#include <random>
#include <string>
#include <vector>

#include "doubles/plugin_folder.hpp"

namespace skep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::write_file;

std::vector<std::string> origins(const std::vector<Place>& places) {
    std::vector<std::string> names;
    for (const Place& place : places)
        names.push_back(place.origin);
    return names;
}

LocatorInput everywhere(const TemporaryFolder& root) {
    LocatorInput input;
    input.caller_paths = {root / "caller"};
    input.backend_path = (root / "variable").string();
    input.library_path = root / "lib/libskep.so";
    input.install_folder = root / "installed";
    return input;
}

TEST(PluginLocator, LooksInTheDocumentedOrder) {
    const TemporaryFolder root;
    for (const char* folder : {"caller", "variable", "lib/skep/backends", "installed"}) {
        std::filesystem::create_directories(root / folder);
        write_file(root / folder / "a.json", "");
    }

    const std::vector<Place> places = locate_plugins(everywhere(root));

    EXPECT_THAT(origins(places), ElementsAre("caller", "SKEP_BACKEND_PATH", "builtin",
                                             "beside libskep", "install folder"));
    for (const Place& place : places) {
        EXPECT_EQ(place.reason, SKEP_OK) << place.message;
        EXPECT_EQ(place.manifests.size(), place.origin == "builtin" ? 0U : 1U);
    }
    EXPECT_THAT(places[3].manifests, ElementsAre((root / "lib/skep/backends/a.json").string()));
}

TEST(PluginLocator, BuiltinOnlyLooksNowhere) {
    const TemporaryFolder root;
    LocatorInput input = everywhere(root);
    input.is_builtin_only = true;
    EXPECT_THAT(origins(locate_plugins(input)), ElementsAre("builtin"));
}

TEST(PluginLocator, SaysWhatIsWrongWithAMissingPlace) {
    const TemporaryFolder root;
    const std::vector<Place> places = locate_plugins(everywhere(root));
    for (const Place& place : places) {
        if (place.origin == "builtin") continue;
        EXPECT_EQ(place.reason, SKEP_FILE_NOT_FOUND) << place.origin;
        EXPECT_THAT(place.message, HasSubstr("no such"));
    }
}

TEST(PluginLocator, RefusesElementsOfTheVariableThatDependOnTheCurrentFolder) {
    const TemporaryFolder root;
    std::filesystem::create_directory(root / "good");
    LocatorInput input;
    input.backend_path = ":relative/folder:bare:.:" + (root / "good/../good").string() + ":" +
                         (root / "good").string() + ":";

    const std::vector<Place> places = locate_plugins(input);

    ASSERT_EQ(places.size(), 7U + 2U);  // builtin, beside libskep
    const std::vector<std::string> reasons = {"empty", "relative",    "relative", "relative",
                                              "'..'",  "0 manifests", "empty"};
    for (std::size_t element = 0; element < reasons.size(); ++element) {
        EXPECT_THAT(places[element].message, HasSubstr(reasons[element]));
        EXPECT_EQ(places[element].reason, element == 5 ? SKEP_OK : SKEP_PATH_NOT_TRUSTED);
        EXPECT_TRUE(places[element].manifests.empty());
    }
}

TEST(PluginLocator, AnEmptyVariableIsNone) {
    LocatorInput input;
    input.backend_path = "";
    EXPECT_THAT(origins(locate_plugins(input)), ElementsAre("builtin", "beside libskep"));
}

TEST(PluginLocator, TakesRelativePathsOfTheCaller) {
    const TemporaryFolder root;
    write_file(root / "x.json", "");
    write_file(root / "y.json", "");
    const std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::current_path(root.path());
    LocatorInput input;
    input.caller_paths = {".", "x.json", ""};

    const std::vector<Place> places = locate_plugins(input);
    std::filesystem::current_path(before);

    EXPECT_EQ(places[0].manifests.size(), 2U);
    EXPECT_THAT(places[1].manifests, ElementsAre((root / "x.json").string()));
    EXPECT_EQ(places[2].reason, SKEP_PATH_NOT_TRUSTED);
}

TEST(PluginLocator, ARelativeLibraryPathIsNotGuessed) {
    LocatorInput input;
    input.library_path = "libskep.so";
    const std::vector<Place> places = locate_plugins(input);
    EXPECT_THAT(places.back().message, HasSubstr("does not tell"));
}

TEST(PluginLocator, LooksOnceWhereTheInstallFolderIsBesideTheLibrary) {
    const TemporaryFolder root;
    std::filesystem::create_directories(root / "lib/skep/backends");
    write_file(root / "lib/skep/backends/a.json", "");
    LocatorInput input;
    input.library_path = root / "lib/libskep.so";
    input.install_folder = root / "lib/skep/backends";

    const std::vector<Place> places = locate_plugins(input);

    EXPECT_EQ(places[1].manifests.size(), 1U);
    EXPECT_TRUE(places[2].manifests.empty());
    EXPECT_THAT(places[2].message, HasSubstr("same folder"));
}

// Checklist row 21: names in any order of creation, in any locale, come out by their bytes.
TEST(PluginLocator, OrderDoesNotDependOnCreationOrLocale) {
    std::vector<std::string> names = {"B.json",  "a.json", "Z.json",  "_.json",
                                      "10.json", "9.json", "ab.json", "\xC3\xA4.json"};
    std::vector<std::string> sorted = names;
    std::sort(sorted.begin(), sorted.end());
    std::mt19937_64 engine(7);
    for (int round = 0; round < 100; ++round) {
        const TemporaryFolder root;
        std::shuffle(names.begin(), names.end(), engine);
        for (const std::string& name : names)
            write_file(root / name, "");
        write_file(root / "not_a_manifest.txt", "");
        std::setlocale(LC_ALL, round % 2 == 0 ? "C" : "C.UTF-8");
        LocatorInput input;
        input.caller_paths = {root.path().string()};

        const std::vector<Place> places = locate_plugins(input);

        ASSERT_EQ(places[0].manifests.size(), sorted.size());
        for (std::size_t index = 0; index < sorted.size(); ++index) {
            EXPECT_EQ(places[0].manifests[index], (root / sorted[index]).string());
        }
    }
    std::setlocale(LC_ALL, "C");
}

TEST(PluginLocator, RefusesAFolderWithTooManyManifests) {
    const TemporaryFolder root;
    for (int number = 0; number <= 1000; ++number) {
        write_file(root / (std::to_string(number) + ".json"), "");
    }
    LocatorInput input;
    input.caller_paths = {root.path().string()};

    const std::vector<Place> places = locate_plugins(input);

    EXPECT_EQ(places[0].reason, SKEP_LIMIT_EXCEEDED);
    EXPECT_TRUE(places[0].manifests.empty());
}

}  // namespace
}  // namespace skep
