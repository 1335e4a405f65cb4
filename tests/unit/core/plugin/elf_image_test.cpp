// SPDX-License-Identifier: MIT
#include "plugin/elf_image.hpp"

#include <elf.h>
#include <gmock/gmock.h>

#include <cstddef>
#include <string>

#include "doubles/plugin_folder.hpp"

namespace skep {
namespace {

using testing::fake_backend;
using ::testing::HasSubstr;
using testing::read_file;
using testing::TemporaryFolder;
using testing::write_file;

class ElfImage : public ::testing::Test {
  protected:
    std::string check(const std::string& bytes) const {
        write_file(root_ / "x.so", bytes);
        const Result<void> good = check_elf_image(root_ / "x.so");
        if (good) return "good";
        EXPECT_EQ(good.error().status(), SKEP_LIBRARY_NOT_LOADABLE);
        return good.error().message();
    }
    std::string with_byte(std::size_t offset, char byte) const {
        std::string bytes = library_;
        bytes[offset] = byte;
        return bytes;
    }
    const std::string library_ = read_file(fake_backend("good"));
    TemporaryFolder root_;
};

TEST_F(ElfImage, TakesALibrary) {
    EXPECT_EQ(check(library_), "good");
}

TEST_F(ElfImage, RefusesWhatIsNoLibrary) {
    EXPECT_THAT(check(""), HasSubstr("has 0 bytes"));
    EXPECT_THAT(check("#!/bin/sh\n"), HasSubstr("has 10 bytes"));
    EXPECT_THAT(check(std::string(5000, 'x')), HasSubstr("does not begin like an ELF"));
    EXPECT_THAT(check(with_byte(offsetof(Elf64_Ehdr, e_type), ET_REL)),
                HasSubstr("no shared library"));
    EXPECT_THAT(check(with_byte(offsetof(Elf64_Ehdr, e_phentsize), 1)), HasSubstr("unknown form"));
}

TEST_F(ElfImage, RefusesAnotherMachine) {
    EXPECT_THAT(check(with_byte(offsetof(Elf64_Ehdr, e_machine), EM_SPARC)),
                HasSubstr("is for ELF machine 2"));
    EXPECT_THAT(check(with_byte(EI_CLASS, ELFCLASS32)), HasSubstr("class 1"));
}

// A file cut anywhere inside its segments would end the process with a signal when it is mapped.
TEST_F(ElfImage, RefusesALibraryThatIsCutShort) {
    for (std::size_t length = 0; length < library_.size(); length += 97) {
        const std::string message = check(library_.substr(0, length));
        // Only debug information and section headers may be missing.
        if (message == "good") {
            EXPECT_GT(length, library_.size() / 4);
            return;
        }
    }
}

}  // namespace
}  // namespace skep
