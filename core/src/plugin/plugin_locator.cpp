// SPDX-License-Identifier: MIT
#include "plugin/plugin_locator.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace skep {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifestExtension = ".json";

// A folder with more is not one of backends, and listing must stay quick.
constexpr std::size_t kMaxManifests = 1000;

void refuse(Place& place, skep_status reason, const std::string& message) {
    place.reason = reason;
    place.message = message;
}

// The manifests of a folder; the order is that of the bytes of their names, whatever the file
// system or the locale says.
void list_folder(Place& place, const std::string& folder) {
    std::error_code failure;
    std::vector<std::string> names;
    fs::directory_iterator entry(folder, failure);
    for (; !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
        const fs::path name = entry->path().filename();
        if (name.extension() == kManifestExtension) names.push_back(name.string());
    }
    if (failure) {
        refuse(place, SKEP_FILE_NOT_READABLE, "cannot be listed: " + failure.message());
        return;
    }
    if (names.size() > kMaxManifests) {
        refuse(place, SKEP_LIMIT_EXCEEDED,
               "has " + std::to_string(names.size()) + " manifests; expected at most " +
                   std::to_string(kMaxManifests));
        return;
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
        place.manifests.push_back((fs::path(folder) / name).string());
    }
    place.message = std::to_string(names.size()) + (names.size() == 1 ? " manifest" : " manifests");
}

// `path` is absolute or, from the caller, relative to the current folder as it is now.
void look_at(Place& place, const std::string& path) {
    std::error_code failure;
    const fs::path absolute = fs::absolute(path, failure);
    const fs::file_status status = failure ? fs::file_status() : fs::status(absolute, failure);
    if (status.type() == fs::file_type::not_found) {
        refuse(place, SKEP_FILE_NOT_FOUND, "there is no such file or folder");
    } else if (failure) {
        refuse(place, SKEP_FILE_NOT_READABLE, "cannot be looked at: " + failure.message());
    } else if (fs::is_directory(status)) {
        list_folder(place, absolute.string());
    } else {
        place.manifests.push_back(absolute.string());
        place.message = "a manifest";
    }
}

Place place_of_caller(const std::string& path) {
    Place place{kOriginCaller, path, SKEP_OK, "", {}};
    if (path.empty()) {
        refuse(place, SKEP_PATH_NOT_TRUSTED, "an empty path would mean the current folder");
    } else {
        look_at(place, path);
    }
    return place;
}

Place place_of_variable(const std::string& element) {
    Place place{kOriginEnvironment, element, SKEP_OK, "", {}};
    const fs::path path(element);
    if (element.empty()) {
        refuse(place, SKEP_PATH_NOT_TRUSTED, "an empty element would mean the current folder");
    } else if (!path.is_absolute()) {
        refuse(place, SKEP_PATH_NOT_TRUSTED,
               "a relative element depends on the current folder; expected an absolute path");
    } else if (std::find(path.begin(), path.end(), "..") != path.end()) {
        refuse(place, SKEP_PATH_NOT_TRUSTED, "an element with '..' hides where it leads");
    } else {
        look_at(place, element);
    }
    return place;
}

std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> elements;
    std::size_t begin = 0;
    for (std::size_t colon = list.find(':'); colon != std::string::npos;
         colon = list.find(':', begin)) {
        elements.push_back(list.substr(begin, colon - begin));
        begin = colon + 1;
    }
    elements.push_back(list.substr(begin));
    return elements;
}

}  // namespace

std::vector<Place> locate_plugins(const LocatorInput& input) {
    const Place builtin{kOriginBuiltin, "", SKEP_OK, "linked into libskep", {}};
    if (input.is_builtin_only) return {builtin};

    std::vector<Place> places;
    places.reserve(input.caller_paths.size());
    for (const std::string& path : input.caller_paths)
        places.push_back(place_of_caller(path));
    // A variable set to nothing is the usual way to switch it off.
    if (input.backend_path && !input.backend_path->empty()) {
        for (const std::string& element : split(*input.backend_path))
            places.push_back(place_of_variable(element));
    }
    places.push_back(builtin);

    std::string beside;
    Place place{kOriginBesideLibrary, "", SKEP_OK, "", {}};
    if (fs::path(input.library_path).is_absolute()) {
        beside = (fs::path(input.library_path).parent_path() / "skep" / "backends").string();
        place.path = beside;
        look_at(place, beside);
    } else {
        refuse(place, SKEP_FILE_NOT_FOUND, "the system does not tell where libskep lies");
    }
    places.push_back(std::move(place));

    if (!input.install_folder.empty()) {
        Place installed{kOriginInstallFolder, input.install_folder, SKEP_OK, "", {}};
        std::error_code failure;
        if (!beside.empty() && fs::equivalent(beside, input.install_folder, failure)) {
            installed.message = "the same folder as beside libskep";
        } else {
            look_at(installed, input.install_folder);
        }
        places.push_back(std::move(installed));
    }
    return places;
}

}  // namespace skep
