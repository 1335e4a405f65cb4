// SPDX-License-Identifier: MIT
// A folder of backends that a test makes up: manifests, and copies of the fake backends.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace skep::testing {

namespace fs = std::filesystem;

// A folder of this test alone, which nobody else can write; gone afterwards.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        // What a test creates below must not be writable by a group, whatever the user's habit is.
        ::umask(022);
        std::string pattern = (fs::temp_directory_path() / "skep-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
        path_ = fs::canonical(pattern);
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] const fs::path& path() const { return path_; }
    [[nodiscard]] fs::path operator/(const std::string& name) const { return path_ / name; }

  private:
    fs::path path_;
};

inline void write_file(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
}

inline std::string read_file(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

inline std::vector<std::string> read_lines(const fs::path& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
        lines.push_back(line);
    return lines;
}

// A manifest that is good for ABI 1. `more` is further members, each with a comma before it.
inline std::string manifest_text(const std::string& name, const std::string& library,
                                 const std::string& more = "",
                                 const std::string& abi = R"({"min": 1, "max": 1})") {
    return R"({"skep_manifest": 1, "name": ")" + name + R"(", "library": ")" + library +
           R"(", "abi": )" + abi + more + "}";
}

inline fs::path fake_backend(const std::string& fixture) {
    return fs::path(SKEP_FAKE_BACKEND_DIR) / (fixture + ".so");
}

// Copies a fake backend as `<name>.so` into a folder and writes `<name>.json` beside it.
inline void install_fake(const fs::path& folder, const std::string& fixture,
                         const std::string& name, const std::string& more = "",
                         const std::string& abi = R"({"min": 1, "max": 1})") {
    fs::copy_file(fake_backend(fixture), folder / (name + ".so"));
    fs::permissions(folder / (name + ".so"), fs::perms::owner_all);
    write_file(folder / (name + ".json"), manifest_text(name, name + ".so", more, abi));
}

// Sets a variable while it lives.
class ScopedVariable {
  public:
    ScopedVariable(std::string name, const std::string& value) : name_(std::move(name)) {
        const char* const old = ::getenv(name_.c_str());
        if (old != nullptr) previous_ = old;
        was_set_ = old != nullptr;
        ::setenv(name_.c_str(), value.c_str(), 1);
    }
    ~ScopedVariable() {
        if (was_set_) {
            ::setenv(name_.c_str(), previous_.c_str(), 1);
        } else {
            ::unsetenv(name_.c_str());
        }
    }
    ScopedVariable(const ScopedVariable&) = delete;
    ScopedVariable& operator=(const ScopedVariable&) = delete;

  private:
    std::string name_;
    std::string previous_;
    bool was_set_ = false;
};

}  // namespace skep::testing
