// SPDX-License-Identifier: MIT
// Checklist row 31: who could have changed a file, each case with its own reason.
#include "plugin/file_trust.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "doubles/plugin_folder.hpp"

namespace skep {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::write_file;

class FileTrust : public ::testing::Test {
  protected:
    FileTrust() {
        fs_create("plugins");
        write_file(folder() / "a.json", "{}");
    }
    std::filesystem::path folder() const { return root_.path() / "plugins"; }
    void fs_create(const std::string& name) const {
        std::filesystem::create_directory(root_ / name);
        ::chmod((root_ / name).c_str(), 0755);
    }
    Result<TrustedFile> check(const std::string& name) const {
        return trust_file(folder().string(), name);
    }
    static void expect_refused(const Result<TrustedFile>& result, const std::string& reason) {
        ASSERT_FALSE(result) << result->path;
        EXPECT_EQ(result.error().status(), SKEP_PATH_NOT_TRUSTED) << result.error().message();
        EXPECT_EQ(result.error().layer(), SKEP_LAYER_LOADER);
        EXPECT_THAT(result.error().message(), HasSubstr(reason));
    }
    TemporaryFolder root_;
};

TEST_F(FileTrust, TakesAFileOfOurOwn) {
    const Result<TrustedFile> file =
        read_trusted_file(folder().string(), "a.json", 100, SKEP_MANIFEST_INVALID);

    ASSERT_TRUE(file) << file.error().message();
    EXPECT_EQ(file->path, (folder() / "a.json").string());
    EXPECT_EQ(file->text, "{}");
    EXPECT_EQ(file->identity.size, 2U);
}

TEST_F(FileTrust, TakesALinkThatStaysInTheFolder) {
    std::filesystem::create_symlink("a.json", folder() / "link.json");

    const Result<TrustedFile> file = check("link.json");

    ASSERT_TRUE(file) << file.error().message();
    EXPECT_EQ(file->path, (folder() / "a.json").string());
}

TEST_F(FileTrust, RefusesALinkThatLeavesTheFolder) {
    write_file(root_ / "outside.json", "{}");
    std::filesystem::create_symlink("../outside.json", folder() / "link.json");
    expect_refused(check("link.json"), "a link that leaves the folder");
}

TEST_F(FileTrust, RefusesALinkToAFolderOutside) {
    fs_create("elsewhere");
    write_file(root_ / "elsewhere/a.json", "{}");
    std::filesystem::create_symlink("../elsewhere", folder() / "sub");
    expect_refused(check("sub/a.json"), "a link that leaves the folder");
}

// "plugins-evil" begins like "plugins", but is not inside it.
TEST_F(FileTrust, RefusesALinkToASiblingWithTheSameBeginning) {
    fs_create("plugins-evil");
    write_file(root_ / "plugins-evil/a.json", "{}");
    std::filesystem::create_symlink("../plugins-evil/a.json", folder() / "link.json");
    expect_refused(check("link.json"), "a link that leaves the folder");
}

TEST_F(FileTrust, RefusesDotDot) {
    write_file(root_ / "outside.json", "{}");
    expect_refused(check("../outside.json"), "contains '..'");
    expect_refused(check("sub/../a.json"), "contains '..'");
}

TEST_F(FileTrust, RefusesAnAbsoluteName) {
    expect_refused(check("/etc/passwd"), "it is absolute");
}

TEST_F(FileTrust, RefusesAnEmptyName) {
    expect_refused(check(""), "the name is empty");
}

TEST_F(FileTrust, RefusesAFileThatEverybodyCanWrite) {
    ::chmod((folder() / "a.json").c_str(), 0646);
    expect_refused(check("a.json"), "everybody can write it (mode 0646");
}

TEST_F(FileTrust, RefusesAFileThatItsGroupCanWrite) {
    ::chmod((folder() / "a.json").c_str(), 0664);
    expect_refused(check("a.json"), "can write it (mode 0664; chmod go-w would do)");
}

TEST_F(FileTrust, RefusesAFolderOnTheWayThatOthersCanWrite) {
    fs_create("plugins/sub");
    write_file(folder() / "sub/a.json", "{}");
    ASSERT_TRUE(check("sub/a.json"));

    ::chmod((folder() / "sub").c_str(), 0777);

    expect_refused(check("sub/a.json"), "everybody can write it");
}

TEST_F(FileTrust, RefusesAForeignOwner) {
    if (::geteuid() != 0) GTEST_SKIP() << "giving a file away takes root";
    ASSERT_EQ(::chown((folder() / "a.json").c_str(), 12345, 0), 0);
    expect_refused(check("a.json"), "it belongs to user 12345");
}

TEST_F(FileTrust, RefusesAFolderInPlaceOfAFile) {
    fs_create("plugins/b.json");
    expect_refused(check("b.json"), "not a regular file");
}

TEST_F(FileTrust, RefusesAPipeWithoutWaitingForIt) {
    ASSERT_EQ(::mkfifo((folder() / "pipe.json").c_str(), 0600), 0);
    expect_refused(check("pipe.json"), "not a regular file");
}

TEST_F(FileTrust, TellsAMissingFileFromAnUntrustedOne) {
    const Result<TrustedFile> file = check("missing.json");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().status(), SKEP_FILE_NOT_FOUND);

    std::filesystem::create_symlink("nowhere", folder() / "dangling.json");
    const Result<TrustedFile> dangling = check("dangling.json");
    ASSERT_FALSE(dangling);
    EXPECT_EQ(dangling.error().status(), SKEP_FILE_NOT_FOUND);
}

TEST_F(FileTrust, RefusesALongerFileThanAskedFor) {
    write_file(folder() / "long.json", std::string(101, ' '));

    const Result<TrustedFile> file =
        read_trusted_file(folder().string(), "long.json", 100, SKEP_MANIFEST_INVALID);

    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().status(), SKEP_MANIFEST_INVALID);
    EXPECT_THAT(file.error().message(), HasSubstr("has 101 bytes; expected at most 100"));
}

TEST_F(FileTrust, TakesAFolderOfOurOwn) {
    const Result<std::string> trusted = trust_folder((folder() / "." / "").string());

    ASSERT_TRUE(trusted) << trusted.error().message();
    EXPECT_EQ(*trusted, folder().string());
}

TEST_F(FileTrust, RefusesAFolderThatOthersCanWrite) {
    for (const mode_t mode : {0775U, 0757U, 01777U}) {
        ::chmod(folder().c_str(), mode);
        const Result<std::string> trusted = trust_folder(folder().string());
        ASSERT_FALSE(trusted) << mode;
        EXPECT_EQ(trusted.error().status(), SKEP_PATH_NOT_TRUSTED);
        EXPECT_THAT(trusted.error().message(), HasSubstr("can write it"));
    }
}

TEST_F(FileTrust, RefusesAFolderThatEverybodyCouldReplace) {
    ::chmod(root_.path().c_str(), 0777);
    const Result<std::string> open = trust_folder(folder().string());
    ASSERT_FALSE(open);
    EXPECT_THAT(open.error().message(), HasSubstr("everybody can replace"));

    // Sticky: only owners replace their own.
    ::chmod(root_.path().c_str(), 01777);
    EXPECT_TRUE(trust_folder(folder().string()));
}

TEST_F(FileTrust, NoticesASwapBetweenCheckAndLoad) {
    const Result<TrustedFile> file = check("a.json");
    ASSERT_TRUE(file);
    ASSERT_TRUE(check_unchanged(file->path, file->identity));

    write_file(folder() / "b.json", "[]");
    std::filesystem::rename(folder() / "b.json", folder() / "a.json");

    const Result<void> unchanged = check_unchanged(file->path, file->identity);
    ASSERT_FALSE(unchanged);
    EXPECT_EQ(unchanged.error().status(), SKEP_PATH_NOT_TRUSTED);
    EXPECT_THAT(unchanged.error().message(), HasSubstr("replaced after it had been checked"));
}

TEST_F(FileTrust, NoticesAFileThatWasOpenedToOthersMeanwhile) {
    const Result<TrustedFile> file = check("a.json");
    ASSERT_TRUE(file);

    ::chmod(file->path.c_str(), 0666);

    EXPECT_FALSE(check_unchanged(file->path, file->identity));
}

}  // namespace
}  // namespace skep
