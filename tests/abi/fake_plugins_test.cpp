// SPDX-License-Identifier: MIT
// What happens to plugins, good and bad, from the folder to the device, asked through skep.h alone.
#include <gmock/gmock.h>
#include <skep/skep.h>
#include <sys/stat.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "doubles/plugin_folder.hpp"

namespace skep {
namespace {

namespace json = boost::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::fake_backend;
using ::testing::HasSubstr;
using testing::install_fake;
using ::testing::IsEmpty;
using testing::manifest_text;
using ::testing::Not;
using testing::read_file;
using testing::read_lines;
using testing::ScopedVariable;
using testing::TemporaryFolder;
using testing::write_file;

using RuntimeHandle = std::unique_ptr<skep_runtime, decltype(&skep_runtime_destroy)>;

// A runtime that looks into the given paths and, in tests, nowhere of the environment.
RuntimeHandle make_runtime(const std::vector<std::string>& paths,
                           skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT) {
    std::vector<const char*> texts;
    for (const std::string& path : paths)
        texts.push_back(path.c_str());
    options.backend_paths = texts.data();
    options.num_backend_paths = texts.size();
    skep_runtime* runtime = nullptr;
    skep_error error = SKEP_ERROR_INIT;
    EXPECT_EQ(skep_runtime_create(&options, &runtime, &error), SKEP_OK) << error.message;
    return {runtime, &skep_runtime_destroy};
}

skep_backend_info backend_named(skep_runtime* runtime, const std::string& name,
                                const std::string& origin = "caller") {
    uint64_t count = 0;
    EXPECT_EQ(skep_runtime_num_backends(runtime, &count, nullptr), SKEP_OK);
    for (uint64_t index = 0; index < count; ++index) {
        skep_backend_info info{};
        info.struct_size = sizeof info;
        EXPECT_EQ(skep_runtime_backend_at(runtime, index, &info, nullptr), SKEP_OK);
        if (info.name == name && info.origin == origin) return info;
    }
    ADD_FAILURE() << "no backend '" << name << "' of origin '" << origin << "'";
    return {};
}

std::vector<std::string> device_ids(skep_runtime* runtime) {
    uint64_t count = 0;
    skep_error error = SKEP_ERROR_INIT;
    EXPECT_EQ(skep_runtime_num_devices(runtime, &count, &error), SKEP_OK) << error.message;
    std::vector<std::string> ids;
    for (uint64_t index = 0; index < count; ++index) {
        skep_device_info info{};
        info.struct_size = sizeof info;
        EXPECT_EQ(skep_runtime_device_at(runtime, index, &info, nullptr), SKEP_OK);
        ids.emplace_back(info.id);
    }
    return ids;
}

struct Found {
    skep_status status = SKEP_OK;
    std::string id;
    std::string name;
    std::string message;
};
Found find(skep_runtime* runtime, const std::string& device) {
    skep_device_info info{};
    info.struct_size = sizeof info;
    skep_error error = SKEP_ERROR_INIT;
    Found found;
    found.status = skep_runtime_find_device(runtime, device.c_str(), &info, &error);
    found.id = info.id;
    found.name = info.name;
    found.message = error.message;
    return found;
}

json::object explain(skep_runtime* runtime) {
    skep_byte_list* list = nullptr;
    EXPECT_EQ(skep_runtime_explain(runtime, SKEP_FORMAT_JSON, &list, nullptr), SKEP_OK);
    json::object report = json::parse(skep_byte_list_at(list, 0, nullptr)).as_object();
    skep_byte_list_destroy(list);
    return report;
}

std::string explain_text(skep_runtime* runtime) {
    skep_byte_list* list = nullptr;
    EXPECT_EQ(skep_runtime_explain(runtime, SKEP_FORMAT_TEXT, &list, nullptr), SKEP_OK);
    std::string text = skep_byte_list_at(list, 0, nullptr);
    skep_byte_list_destroy(list);
    return text;
}

// The libraries that are mapped into this process now.
std::string mapped_files() {
    return read_file("/proc/self/maps");
}

class FakePlugins : public ::testing::Test {
  protected:
    std::string folder() const { return root_.path().string(); }
    std::vector<std::string> trace() const { return read_lines(root_ / "trace.txt"); }

    TemporaryFolder root_;
    ScopedVariable trace_variable_{"FAKE_BACKEND_TRACE", root_ / "trace.txt"};
};

TEST_F(FakePlugins, AGoodOneHasItsDevice) {
    install_fake(root_.path(), "good", "good", R"(, "priority": 5)");
    const RuntimeHandle runtime = make_runtime({folder()});

    EXPECT_THAT(device_ids(runtime.get()), ElementsAre("good:0", "cpu"));

    const skep_backend_info info = backend_named(runtime.get(), "good");
    EXPECT_EQ(info.state, SKEP_BACKEND_LOADED);
    EXPECT_EQ(info.reason, SKEP_OK);
    EXPECT_EQ(info.num_devices, 1U);
    EXPECT_EQ(info.priority, 5);
    EXPECT_STREQ(info.version, "1.2.3");
    EXPECT_EQ(info.library_path, (root_ / "good.so").string());
}

// --- defects: each its own stage, status and text; the CPU works on ---

struct Defect {
    const char* fixture;
    int32_t state;
    const char* stage;
    skep_status reason;
    const char* text;
};
void PrintTo(const Defect& defect, std::ostream* out) {
    *out << defect.fixture;
}

class DefectivePlugin : public FakePlugins, public ::testing::WithParamInterface<Defect> {};

TEST_P(DefectivePlugin, IsReportedAndHarmsNoOther) {
    const Defect& defect = GetParam();
    install_fake(root_.path(), defect.fixture, defect.fixture, R"(, "priority": 5)");
    const RuntimeHandle runtime = make_runtime({folder()});

    EXPECT_THAT(device_ids(runtime.get()), ElementsAre("cpu"));

    const skep_backend_info info = backend_named(runtime.get(), defect.fixture);
    EXPECT_EQ(info.state, defect.state);
    EXPECT_STREQ(skep_status_name(info.reason), skep_status_name(defect.reason));
    EXPECT_THAT(info.message, HasSubstr(defect.text));

    // Asked by name it fails with the innermost cause, and never falls back.
    const Found named = find(runtime.get(), defect.fixture);
    EXPECT_EQ(named.status, SKEP_DEVICE_NOT_AVAILABLE);
    EXPECT_THAT(named.message, HasSubstr(defect.text));
    EXPECT_THAT(named.message, HasSubstr(skep_status_name(defect.reason)));
    EXPECT_EQ(find(runtime.get(), "auto").id, "cpu");

    bool is_reported = false;
    const json::object report = explain(runtime.get());
    for (const json::value& backend : report.at("backends").as_array()) {
        const json::object& object = backend.as_object();
        if (object.at("name").as_string() != defect.fixture) continue;
        is_reported = true;
        EXPECT_EQ(object.at("stage").as_string(), defect.stage);
        EXPECT_EQ(object.at("reason").as_string(), skep_status_name(defect.reason));
        EXPECT_EQ(object.at("library_path").as_string(),
                  (root_ / (std::string(defect.fixture) + ".so")).string());
    }
    EXPECT_TRUE(is_reported);
    EXPECT_THAT(explain_text(runtime.get()), HasSubstr(defect.text));
}

INSTANTIATE_TEST_SUITE_P(
    All, DefectivePlugin,
    ::testing::Values(Defect{"no_entry", SKEP_BACKEND_REFUSED, "library", SKEP_ENTRY_SYMBOL_MISSING,
                             "exports no skep_backend_entry"},
                      Defect{"unresolved", SKEP_BACKEND_REFUSED, "library",
                             SKEP_LIBRARY_NOT_LOADABLE, "fake_symbol_that_nobody_defines"},
                      Defect{"future_abi", SKEP_BACKEND_REFUSED, "negotiation", SKEP_ABI_MISMATCH,
                             "speaks backend ABI 2 to 3; this libskep speaks 1"},
                      Defect{"silent_abi", SKEP_BACKEND_REFUSED, "negotiation", SKEP_ABI_MISMATCH,
                             "a backend ABI that it does not name"},
                      Defect{"wrong_version", SKEP_BACKEND_REFUSED, "negotiation",
                             SKEP_BACKEND_MISBEHAVED, "picked ABI 9"},
                      Defect{"null_table", SKEP_BACKEND_REFUSED, "negotiation",
                             SKEP_BACKEND_MISBEHAVED, "without an operation table"},
                      Defect{"other_name", SKEP_BACKEND_REFUSED, "negotiation",
                             SKEP_BACKEND_MISBEHAVED, "calls itself 'somebody_else'"},
                      Defect{"entry_fails", SKEP_BACKEND_REFUSED, "negotiation", SKEP_INTERNAL,
                             "the fake backend is not in the mood"},
                      Defect{"missing_operations", SKEP_BACKEND_REFUSED, "operations",
                             SKEP_OPERATION_MISSING, "create, mask_create, store_search"},
                      Defect{"short_table", SKEP_BACKEND_REFUSED, "operations",
                             SKEP_OPERATION_MISSING, "store_create, store_destroy, store_reserve"},
                      Defect{"create_fails", SKEP_BACKEND_REFUSED, "create", SKEP_DEVICE_FAILED,
                             "the fake driver answered 7"},
                      Defect{"null_handle", SKEP_BACKEND_REFUSED, "create", SKEP_BACKEND_MISBEHAVED,
                             "success without a handle"},
                      Defect{"throws_standard", SKEP_BACKEND_REFUSED, "create",
                             SKEP_BACKEND_MISBEHAVED, "the fake backend lost its temper"},
                      Defect{"throws_other", SKEP_BACKEND_REFUSED, "create",
                             SKEP_BACKEND_MISBEHAVED, "threw across the boundary (PLUGIN-5)"},
                      Defect{
                          "empty_promises", SKEP_BACKEND_LOADED, "devices", SKEP_BACKEND_MISBEHAVED,
                          "without their operations: opt_store_range_search, opt_device_warm_up"},
                      Defect{"no_device", SKEP_BACKEND_LOADED, "devices", SKEP_DEVICE_NOT_AVAILABLE,
                             "no fake driver is installed"},
                      Defect{"zero_devices", SKEP_BACKEND_LOADED, "devices",
                             SKEP_DEVICE_NOT_AVAILABLE, "has no device"}),
    [](const auto& instance) {
        std::string name;
        for (const char* letter = instance.param.fixture; *letter != '\0'; ++letter) {
            const bool is_start = letter == instance.param.fixture || letter[-1] == '_';
            if (*letter != '_') name += is_start ? static_cast<char>(*letter - 32) : *letter;
        }
        return name;
    });

TEST_F(FakePlugins, BrokenFilesAreReportedAndHarmNoOther) {
    const std::string library = read_file(fake_backend("good"));
    const auto add = [&](const std::string& name, const std::string& bytes) {
        write_file(root_ / (name + ".so"), bytes);
        write_file(root_ / (name + ".json"), manifest_text(name, name + ".so"));
    };
    add("empty", "");
    add("text", "this is no library at all, though it is longer than an ELF header would be");
    add("truncated", library.substr(0, library.size() / 8));
    std::string foreign = library;
    foreign[18] = 2;  // e_machine: SPARC
    add("foreign", foreign);
    std::filesystem::create_directory(root_ / "folder.so");
    write_file(root_ / "folder.json", manifest_text("folder", "folder.so"));
    write_file(root_ / "gone.json", manifest_text("gone", "gone.so"));
    write_file(root_ / "huge.json", std::string(70'000, '['));
    write_file(root_ / "deep.json", std::string(60'000, '['));
    write_file(root_ / "broken.json", "{\"skep_manifest\": 1,\n  \"name\": }");
    install_fake(root_.path(), "good", "good");
    const RuntimeHandle runtime = make_runtime({folder()});

    EXPECT_THAT(device_ids(runtime.get()), ElementsAre("good:0", "cpu"));

    const auto expect = [&](const char* name, skep_status reason, const char* text) {
        const skep_backend_info info = backend_named(runtime.get(), name);
        EXPECT_EQ(info.state, SKEP_BACKEND_REFUSED) << name;
        EXPECT_STREQ(skep_status_name(info.reason), skep_status_name(reason)) << name;
        EXPECT_THAT(info.message, HasSubstr(text)) << name;
    };
    expect("empty", SKEP_LIBRARY_NOT_LOADABLE, "has 0 bytes");
    expect("text", SKEP_LIBRARY_NOT_LOADABLE, "does not begin like an ELF");
    expect("truncated", SKEP_LIBRARY_NOT_LOADABLE, "is cut short");
    expect("foreign", SKEP_LIBRARY_NOT_LOADABLE, "is for ELF machine 2");
    expect("folder", SKEP_PATH_NOT_TRUSTED, "not a regular file");
    expect("gone", SKEP_FILE_NOT_FOUND, "gone.so");
    expect("huge", SKEP_MANIFEST_INVALID, "has 70000 bytes; expected at most 65536");
    expect("deep", SKEP_MANIFEST_INVALID, "too deep");
    expect("broken", SKEP_MANIFEST_INVALID, "broken.json:2:11: not JSON");
}

// --- nothing runs before it is asked for ---

TEST_F(FakePlugins, ListingOpensNoLibrary) {
    for (int number = 0; number < 20; ++number) {
        install_fake(root_.path(), number % 2 == 0 ? "good" : "aborts_when_loaded",
                     "listed" + std::to_string(number));
    }
    const RuntimeHandle runtime = make_runtime({folder()});

    uint64_t count = 0;
    ASSERT_EQ(skep_runtime_num_backends(runtime.get(), &count, nullptr), SKEP_OK);
    EXPECT_EQ(count, 21U);
    EXPECT_EQ(backend_named(runtime.get(), "listed3").state, SKEP_BACKEND_FOUND);
    static_cast<void>(explain(runtime.get()));
    EXPECT_EQ(find(runtime.get(), "cpu").status, SKEP_OK);
    EXPECT_THAT(trace(), IsEmpty());
    EXPECT_THAT(mapped_files(), Not(HasSubstr(folder())));
}

TEST_F(FakePlugins, AnUnknownAbiInTheManifestIsRefusedUnloaded) {
    install_fake(root_.path(), "aborts_when_loaded", "aborts_when_loaded", "",
                 R"({"min": 2, "max": 2})");
    const RuntimeHandle runtime = make_runtime({folder()});

    EXPECT_THAT(device_ids(runtime.get()), ElementsAre("cpu"));

    EXPECT_EQ(backend_named(runtime.get(), "aborts_when_loaded").reason, SKEP_ABI_MISMATCH);
}

TEST_F(FakePlugins, AnAbsentProcessorFeatureOrDriverIsRefusedUnloaded) {
    install_fake(root_.path(), "aborts_when_loaded", "no_feature",
                 R"(, "requires": {"cpu_features": ["no-such-feature"]})");
    install_fake(root_.path(), "aborts_when_loaded", "no_driver",
                 R"(, "requires": {"driver_libraries": ["libnosuchdriver.so.1"]})");
    const RuntimeHandle runtime = make_runtime({folder()});

    EXPECT_THAT(device_ids(runtime.get()), ElementsAre("cpu"));

    EXPECT_EQ(backend_named(runtime.get(), "no_feature").reason, SKEP_REQUIREMENT_NOT_MET);
    const skep_backend_info driver = backend_named(runtime.get(), "no_driver");
    EXPECT_EQ(driver.reason, SKEP_REQUIREMENT_NOT_MET);
    EXPECT_THAT(driver.message, HasSubstr("libnosuchdriver.so.1"));
}

TEST_F(FakePlugins, ARefusedNegotiationCallsNoOperation) {
    install_fake(root_.path(), "future_abi", "future_abi");
    const RuntimeHandle runtime = make_runtime({folder()});

    static_cast<void>(device_ids(runtime.get()));

    EXPECT_THAT(trace(), ElementsAre("loaded", "entry"));
}

TEST_F(FakePlugins, TheHostCallsInTheDocumentedOrder) {
    install_fake(root_.path(), "good", "good");
    {
        const RuntimeHandle runtime = make_runtime({folder()});
        static_cast<void>(device_ids(runtime.get()));
        static_cast<void>(device_ids(runtime.get()));
    }
    EXPECT_THAT(trace(), ElementsAre("loaded", "entry", "create", "probe", "device_count",
                                     "device_info", "device_info", "device_info", "destroy"));
}

// --- the policy ---

TEST_F(FakePlugins, AVetoMeansThatNothingIsOpened) {
    install_fake(root_.path(), "aborts_when_loaded", "vetoed");
    install_fake(root_.path(), "good", "good");
    std::vector<std::string> asked;
    skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    options.user_data = &asked;
    options.allow_load = [](void* user_data, const skep_load_attempt* attempt) -> int32_t {
        static_cast<std::vector<std::string>*>(user_data)->emplace_back(attempt->library_path);
        return std::string(attempt->backend_name) == "vetoed" ? 0 : 1;
    };
    const RuntimeHandle runtime = make_runtime({folder()}, options);

    EXPECT_THAT(device_ids(runtime.get()), ElementsAre("good:0", "cpu"));

    EXPECT_THAT(asked, ElementsAre((root_ / "good.so").string(), (root_ / "vetoed.so").string()));
    EXPECT_EQ(backend_named(runtime.get(), "vetoed").reason, SKEP_VETOED);
}

// --- identity ---

TEST_F(FakePlugins, OneFileIsLoadedOnceWhateverItsNames) {
    install_fake(root_.path(), "good", "good");
    std::filesystem::create_directory(root_ / "link");
    std::filesystem::create_directory(root_ / "hard");
    std::filesystem::create_symlink("good.so", root_ / "again.so");
    write_file(root_ / "again.json", manifest_text("good", "again.so"));
    std::filesystem::create_hard_link(root_ / "good.so", root_ / "hard" / "good.so");
    write_file(root_ / "hard" / "good.json", manifest_text("good", "good.so"));
    std::filesystem::create_directory_symlink("../hard", root_ / "link" / "folder");

    for (const char* name :
         {"", "good.json", "again.json", "hard", "link/folder", "hard/../good.json"}) {
        const std::string path = root_ / name;
        const RuntimeHandle runtime = make_runtime({path});
        EXPECT_EQ(find(runtime.get(), "good").id, "good:0") << path;
    }

    const std::vector<std::string> lines = trace();
    EXPECT_EQ(std::count(lines.begin(), lines.end(), "loaded"), 1);
    EXPECT_EQ(std::count(lines.begin(), lines.end(), "create"), 6);
}

TEST_F(FakePlugins, TwoFilesOfOneNameAreAReportedClash) {
    std::filesystem::create_directory(root_ / "first");
    std::filesystem::create_directory(root_ / "second");
    install_fake(root_ / "first", "good", "good", R"(, "version": "1.0")");
    install_fake(root_ / "second", "good", "good", R"(, "version": "2.0", "priority": 50)");
    const RuntimeHandle runtime =
        make_runtime({(root_ / "first").string(), (root_ / "second").string()});

    EXPECT_THAT(device_ids(runtime.get()), ElementsAre("good:0", "cpu"));

    skep_backend_info info{};
    info.struct_size = sizeof info;
    ASSERT_EQ(skep_runtime_backend_at(runtime.get(), 0, &info, nullptr), SKEP_OK);
    EXPECT_STREQ(info.version, "1.0");
    EXPECT_EQ(info.state, SKEP_BACKEND_LOADED);
    ASSERT_EQ(skep_runtime_backend_at(runtime.get(), 1, &info, nullptr), SKEP_OK);
    EXPECT_EQ(info.reason, SKEP_BACKEND_NAME_CLASH);
    EXPECT_THAT(info.message, HasSubstr((root_ / "first/good.json").string()));
}

TEST_F(FakePlugins, PrivateSymbolsOfOneNameStayApart) {
    install_fake(root_.path(), "clash_a", "clash_a");
    install_fake(root_.path(), "clash_b", "clash_b");
    const RuntimeHandle runtime = make_runtime({folder()});

    EXPECT_EQ(find(runtime.get(), "clash_a").name, "answer of a");
    EXPECT_EQ(find(runtime.get(), "clash_b").name, "answer of b");
}

TEST_F(FakePlugins, AFileSwappedBetweenListingAndLoadingIsRefused) {
    install_fake(root_.path(), "good", "good");
    const RuntimeHandle runtime = make_runtime({folder()});
    std::filesystem::copy_file(fake_backend("aborts_when_loaded"), root_ / "other.so");
    std::filesystem::rename(root_ / "other.so", root_ / "good.so");

    const Found found = find(runtime.get(), "good");

    EXPECT_EQ(found.status, SKEP_DEVICE_NOT_AVAILABLE);
    EXPECT_THAT(found.message, HasSubstr("replaced after it had been checked"));
    EXPECT_EQ(backend_named(runtime.get(), "good").reason, SKEP_PATH_NOT_TRUSTED);
}

TEST_F(FakePlugins, AFailedLoadLeavesNothingMapped) {
    for (const char* name : {"no_entry", "unresolved"})
        install_fake(root_.path(), name, name);
    const RuntimeHandle runtime = make_runtime({folder()});

    static_cast<void>(device_ids(runtime.get()));

    EXPECT_THAT(mapped_files(), Not(HasSubstr(folder())));
}

TEST_F(FakePlugins, ALoadedLibraryStaysWhenItsRuntimeGoes) {
    install_fake(root_.path(), "good", "good");
    {
        EXPECT_EQ(find(make_runtime({folder()}).get(), "good").status, SKEP_OK);
    }
    EXPECT_THAT(mapped_files(), HasSubstr((root_ / "good.so").string()));
}

// --- named and auto ---

TEST_F(FakePlugins, AutoGoesByPriorityAndRecordsWhyOthersLost) {
    install_fake(root_.path(), "no_device", "no_device", R"(, "priority": 90)");
    install_fake(root_.path(), "good", "good", R"(, "priority": 80)");
    const RuntimeHandle runtime = make_runtime({folder()});

    EXPECT_EQ(find(runtime.get(), "auto").id, "good:0");

    const json::object report = explain(runtime.get());
    const json::array& decisions = report.at("decisions").as_array();
    ASSERT_EQ(decisions.size(), 1U);
    EXPECT_EQ(decisions[0].at("request").as_string(), "auto");
    EXPECT_EQ(decisions[0].at("taken").as_string(), "good:0");
    const json::array& others = decisions[0].at("passed_over").as_array();
    ASSERT_EQ(others.size(), 2U);
    EXPECT_EQ(others[0].at("name").as_string(), "no_device");
    EXPECT_EQ(others[0].at("reason").as_string(), "SKEP_DEVICE_NOT_AVAILABLE");
    EXPECT_EQ(others[1].at("name").as_string(), "cpu");
    EXPECT_EQ(others[1].at("message").as_string(), "comes after good:0");
}

TEST_F(FakePlugins, AnUnknownNameListsTheKnownOnes) {
    install_fake(root_.path(), "good", "good");
    const RuntimeHandle runtime = make_runtime({folder()});

    const Found found = find(runtime.get(), "tpu");

    EXPECT_EQ(found.status, SKEP_UNKNOWN_DEVICE);
    EXPECT_THAT(found.message, HasSubstr("known: good, cpu"));
    EXPECT_EQ(find(runtime.get(), "good:1").status, SKEP_DEVICE_NOT_AVAILABLE);
    EXPECT_EQ(find(runtime.get(), "good:0").status, SKEP_OK);
    for (const char* name :
         {"", ":", ":0", "good:", "good:x", "good:-1", "good:0x0", "auto:0", "good:4294967296"}) {
        EXPECT_EQ(find(runtime.get(), name).status, SKEP_UNKNOWN_DEVICE) << name;
    }
}

// --- silence and the environment ---

TEST_F(FakePlugins, NothingIsPrintedWhateverGoesWrong) {
    for (const char* name : {"no_entry", "unresolved", "throws_other", "create_fails", "good"}) {
        install_fake(root_.path(), name, name);
    }
    write_file(root_ / "broken.json", "{");
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    {
        const RuntimeHandle runtime = make_runtime({folder(), "/no/such/folder"});
        static_cast<void>(device_ids(runtime.get()));
        static_cast<void>(find(runtime.get(), "tpu"));
        static_cast<void>(explain_text(runtime.get()));
    }
    EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(FakePlugins, TheVariableShowsEveryDecision) {
    const ScopedVariable log("SKEP_LOG", "debug");
    install_fake(root_.path(), "create_fails", "create_fails");
    ::testing::internal::CaptureStderr();
    {
        const RuntimeHandle runtime = make_runtime({folder()});
        static_cast<void>(find(runtime.get(), "auto"));
    }
    const std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_THAT(text, HasSubstr("skep debug loader ["));
    EXPECT_THAT(text, HasSubstr("looked at caller '" + folder() + "': 1 manifest"));
    EXPECT_THAT(text, HasSubstr("skep warning loader"));
    EXPECT_THAT(text, HasSubstr("create: create: the fake driver answered 7"));
    EXPECT_THAT(text, HasSubstr("device 'auto': took cpu"));
}

TEST_F(FakePlugins, TheVariableOfPathsCountsUnlessItIsIgnored) {
    install_fake(root_.path(), "good", "good");
    const ScopedVariable path("SKEP_BACKEND_PATH", folder());
    const RuntimeHandle reading = make_runtime({});
    EXPECT_STREQ(backend_named(reading.get(), "good", "SKEP_BACKEND_PATH").origin,
                 "SKEP_BACKEND_PATH");

    skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    options.flags = SKEP_RUNTIME_IGNORE_ENVIRONMENT;
    const RuntimeHandle ignoring = make_runtime({}, options);
    EXPECT_EQ(find(ignoring.get(), "good").status, SKEP_UNKNOWN_DEVICE);

    options.flags = SKEP_RUNTIME_BUILTIN_ONLY;
    const RuntimeHandle builtin = make_runtime({folder()}, options);
    EXPECT_EQ(find(builtin.get(), "good").status, SKEP_UNKNOWN_DEVICE);
    EXPECT_EQ(find(builtin.get(), "cpu").status, SKEP_OK);
}

TEST_F(FakePlugins, TheReportIsJsonWhateverFilesAreCalled) {
    write_file(root_ / "\xFF\xFE\"\n.json", "{");
    const RuntimeHandle runtime = make_runtime({folder()});

    const json::object report = explain(runtime.get());

    EXPECT_THAT(std::string(report.at("backends").at(0).at("name").as_string()),
                HasSubstr("\xEF\xBF\xBD"));
    EXPECT_EQ(report.at("skep_explain").as_int64(), 1);
    EXPECT_EQ(report.at("places").at(0).at("origin").as_string(), "caller");
}

}  // namespace
}  // namespace skep
