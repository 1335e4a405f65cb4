// SPDX-License-Identifier: MIT
// Graphs in .skep files: kept as they are, refused where a link leads astray.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>

#include "io/collection_file.hpp"
#include "support/collection_sample.hpp"
#include "support/temporary_folder.hpp"
#include "unit/core/io/container_bytes.hpp"

namespace skep {
namespace {

using testing::ContainerBytes;
using ::testing::HasSubstr;
using testing::make_sample;
using testing::no_control;
using testing::TemporaryFolder;

// Six of eight rows are linked.
constexpr testing::SampleShape kShape{SKEP_DTYPE_F32, 4, 8, SKEP_KEY_U64, false, 1, 6};

std::string saved_bytes(const testing::SampleShape& shape) {
    const TemporaryFolder folder;
    const auto sample = make_sample(shape);
    write_collection_file(folder / "a.skep", sample->contents, sample->row_source(), *no_control())
        .value();
    return testing::read_bytes(folder / "a.skep");
}

Result<LoadedCollection> read(const std::string& bytes, std::uint32_t flags) {
    const TemporaryFolder folder;
    testing::write_bytes(folder / "a.skep", bytes);
    return read_collection_file(folder / "a.skep", flags, *no_control());
}

void expect_refused(const std::string& bytes, skep_status status, const std::string& text) {
    for (const std::uint32_t flags :
         {0U, std::uint32_t{SKEP_OPEN_MAP}, std::uint32_t{SKEP_OPEN_SKIP_CHECKSUMS},
          std::uint32_t{SKEP_OPEN_MAP | SKEP_OPEN_SKIP_CHECKSUMS}}) {
        const auto loaded = read(bytes, flags);
        ASSERT_FALSE(loaded) << flags;
        EXPECT_EQ(loaded.error().status(), status);
        EXPECT_THAT(loaded.error().message(), HasSubstr(text));
    }
}

// Bytes whose 32-bit word `position` of a section is `value`, with right checksums.
std::string with_word(SectionKind kind, std::size_t position, std::uint32_t value) {
    ContainerBytes container = ContainerBytes::parse(saved_bytes(kShape));
    std::memcpy(container.section(kind).content.data() + position * sizeof value, &value,
                sizeof value);
    return container.build();
}

TEST(GraphFile, IsReadAsItWasWritten) {
    const auto sample = make_sample(kShape);
    for (const std::uint32_t flags : {0U, std::uint32_t{SKEP_OPEN_MAP}}) {
        const TemporaryFolder folder;
        write_collection_file(folder / "a.skep", sample->contents, sample->row_source(),
                              *no_control())
            .value();
        const LoadedCollection loaded =
            read_collection_file(folder / "a.skep", flags, *no_control()).value();
        const GraphContents& graph = loaded.contents.graph;
        EXPECT_TRUE(std::equal(graph.levels.begin(), graph.levels.end(),
                               sample->graph.levels.begin(), sample->graph.levels.end()));
        EXPECT_TRUE(std::equal(graph.base_links.begin(), graph.base_links.end(),
                               sample->graph.base_links.begin(), sample->graph.base_links.end()));
        EXPECT_TRUE(std::equal(graph.upper_links.begin(), graph.upper_links.end(),
                               sample->graph.upper_links.begin(), sample->graph.upper_links.end()));
    }
}

TEST(GraphFile, RefusesLinksThatLeadAstray) {
    expect_refused(with_word(SectionKind::kGraphBaseLinks, 4, 6), SKEP_FILE_CORRUPT,
                   "slot 1 level 0: link to slot 6; expected another one below 6");
    expect_refused(with_word(SectionKind::kGraphBaseLinks, 4, 1), SKEP_FILE_CORRUPT,
                   "slot 1 level 0: link to slot 1");
    expect_refused(with_word(SectionKind::kGraphBaseLinks, 7, 3), SKEP_FILE_CORRUPT,
                   "slot 1 level 0: a link behind the end of its list");
    expect_refused(with_word(SectionKind::kGraphUpperLinks, 0, 3), SKEP_FILE_CORRUPT,
                   "slot 0 level 1: link to slot 3");
}

TEST(GraphFile, RefusesSectionsOfImpossibleLength) {
    ContainerBytes longer = ContainerBytes::parse(saved_bytes(kShape));
    longer.section(SectionKind::kGraphLevels).content.assign(9, '\0');
    expect_refused(longer.build(), SKEP_FILE_IMPOSSIBLE_SIZE,
                   "expected at most one byte for each of 8 rows");

    ContainerBytes shorter = ContainerBytes::parse(saved_bytes(kShape));
    shorter.section(SectionKind::kGraphBaseLinks).content.resize(16);
    expect_refused(shorter.build(), SKEP_FILE_IMPOSSIBLE_SIZE,
                   "16 bytes of links for each of 6 rows");

    ContainerBytes higher = ContainerBytes::parse(saved_bytes(kShape));
    higher.section(SectionKind::kGraphLevels).content[1] = '\xFF';
    expect_refused(higher.build(), SKEP_FILE_IMPOSSIBLE_SIZE, "the levels ask for 516 links");
}

TEST(GraphFile, RefusesAGraphThatIsNotWholeOrNotAskedFor) {
    for (const SectionKind kind :
         {SectionKind::kGraphLevels, SectionKind::kGraphBaseLinks, SectionKind::kGraphUpperLinks}) {
        ContainerBytes container = ContainerBytes::parse(saved_bytes(kShape));
        container.remove(kind);
        expect_refused(container.build(), SKEP_FILE_CORRUPT, "has no section 'graph_");
    }
    const auto with_metadata = [](const std::string& old_text, const std::string& new_text) {
        ContainerBytes container = ContainerBytes::parse(saved_bytes(kShape));
        std::string& text = container.section(SectionKind::kMetadata).content;
        text.replace(text.find(old_text), old_text.size(), new_text);
        return container.build();
    };
    expect_refused(with_metadata("\"hnsw\"", "\"flat\""), SKEP_FILE_CORRUPT,
                   "a graph in a collection whose index is not hnsw");
    expect_refused(with_metadata("\"m\":2", "\"m\":1"), SKEP_FILE_CORRUPT,
                   "m is 1; expected 2 to 512");
    expect_refused(with_metadata("\"m\":2", "\"m\":4294967295"), SKEP_FILE_CORRUPT,
                   "m is 4294967295; expected 2 to 512");
}

TEST(GraphFile, SurvivesAnyWordInItsSections) {
    const ContainerBytes good = ContainerBytes::parse(saved_bytes(kShape));
    std::mt19937_64 engine(4);
    int num_accepted = 0;
    for (int round = 0; round < 300; ++round) {
        ContainerBytes container = good;
        const auto kind = static_cast<SectionKind>(7 + engine() % 3);
        std::string& content = container.section(kind).content;
        content[engine() % content.size()] = static_cast<char>(engine());
        const auto loaded = read(container.build(), SKEP_OPEN_MAP);
        if (!loaded) continue;
        ++num_accepted;
        EXPECT_FALSE(check_links(loaded->contents.graph, 2));
    }
    EXPECT_LT(num_accepted, 150);
}

}  // namespace
}  // namespace skep
