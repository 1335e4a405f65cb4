// SPDX-License-Identifier: MIT
#include "plugin/operation_table.hpp"

#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace skep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A table in which every pointer is set to something; none is called.
skep_backend_operations full_table() {
    skep_backend_operations table{};
    table.struct_size = sizeof table;
    const std::uintptr_t something = 1;
    for (const Operation& operation : all_operations()) {
        std::memcpy(reinterpret_cast<char*>(&table) + operation.offset, &something,
                    sizeof something);
    }
    return table;
}

void clear(skep_backend_operations& table, const Operation& operation) {
    std::memset(reinterpret_cast<char*>(&table) + operation.offset, 0, sizeof(void (*)()));
}

TEST(OperationTable, KnowsEveryOperation) {
    EXPECT_EQ(all_operations().size(), 33U);
    EXPECT_EQ(all_operations().front().name, "create");
    EXPECT_EQ(all_operations().back().name, "opt_extension");
}

TEST(OperationTable, TakesACompleteTableAsItIs) {
    const skep_backend_operations table = full_table();

    const Result<skep_backend_operations> complete = complete_operations(&table, "fake");

    ASSERT_TRUE(complete);
    EXPECT_EQ(std::memcmp(&*complete, &table, sizeof table), 0);
}

// Checklist row 8.
TEST(OperationTable, EachMissingRequiredOperationIsNamed) {
    for (const Operation& operation : all_operations()) {
        skep_backend_operations table = full_table();
        clear(table, operation);
        const Result<skep_backend_operations> complete = complete_operations(&table, "fake");
        EXPECT_EQ(complete.has_value(), !operation.is_required()) << operation.name;
        if (complete) continue;
        EXPECT_EQ(complete.error().status(), SKEP_OPERATION_MISSING);
        EXPECT_THAT(
            complete.error().message(),
            HasSubstr("'fake' lacks required operations: " + std::string(operation.name) + " ("));
    }
}

TEST(OperationTable, AllMissingNamesAreInOneMessage) {
    skep_backend_operations table{};
    table.struct_size = sizeof table;

    const Result<skep_backend_operations> complete = complete_operations(&table, "fake");

    ASSERT_FALSE(complete);
    for (const Operation& operation : all_operations()) {
        const std::string name(operation.name);
        if (operation.is_required()) {
            EXPECT_THAT(complete.error().message(), HasSubstr(name));
        } else {
            EXPECT_THAT(complete.error().message(), Not(HasSubstr(name)));
        }
    }
}

TEST(OperationTable, AbsentOptionalOperationsAnswerUnsupportedWithTheirName) {
    skep_backend_operations table = full_table();
    for (const Operation& operation : all_operations()) {
        if (!operation.is_required()) clear(table, operation);
    }

    const Result<skep_backend_operations> complete = complete_operations(&table, "fake");

    ASSERT_TRUE(complete);
    const auto expect_unsupported = [](skep_status status, const skep_error& error,
                                       const char* name) {
        EXPECT_EQ(status, SKEP_UNSUPPORTED);
        EXPECT_EQ(error.code, SKEP_UNSUPPORTED);
        EXPECT_THAT(error.message, HasSubstr(name));
    };
    skep_error error = SKEP_ERROR_INIT;
    expect_unsupported(
        complete->opt_store_range_search(nullptr, nullptr, nullptr, nullptr, nullptr, &error),
        error, "opt_store_range_search");
    expect_unsupported(
        complete->opt_store_adopt(nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, &error),
        error, "opt_store_adopt");
    expect_unsupported(complete->opt_device_warm_up(nullptr, nullptr, nullptr, &error), error,
                       "opt_device_warm_up");
    expect_unsupported(complete->opt_device_memory(nullptr, 0, nullptr, nullptr, &error), error,
                       "opt_device_memory");
    expect_unsupported(complete->opt_graph_create(nullptr, nullptr, nullptr, &error), error,
                       "opt_graph_create");
    expect_unsupported(complete->opt_graph_reserve(nullptr, 0, &error), error, "opt_graph_reserve");
    expect_unsupported(complete->opt_graph_link(nullptr, 0, nullptr, &error), error,
                       "opt_graph_link");
    expect_unsupported(complete->opt_graph_compact(nullptr, 0, nullptr, nullptr, nullptr, &error),
                       error, "opt_graph_compact");
    expect_unsupported(
        complete->opt_graph_search(nullptr, nullptr, nullptr, nullptr, nullptr, &error), error,
        "opt_graph_search");
    expect_unsupported(complete->opt_graph_stats(nullptr, nullptr, &error), error,
                       "opt_graph_stats");
    expect_unsupported(complete->opt_graph_export(nullptr, nullptr, &error), error,
                       "opt_graph_export");
    expect_unsupported(complete->opt_graph_import(nullptr, nullptr, &error), error,
                       "opt_graph_import");
    complete->opt_graph_destroy(nullptr);
    complete->opt_graph_clear(nullptr);
    EXPECT_EQ(complete->opt_extension(nullptr, "anything", 1), nullptr);
    // Without an error object as well.
    EXPECT_EQ(complete->opt_graph_import(nullptr, nullptr, nullptr), SKEP_UNSUPPORTED);
}

TEST(OperationTable, DeclaredCapabilitiesNeedTheirOperations) {
    constexpr std::uint64_t kAll =
        SKEP_CAPABILITY_RANGE_SEARCH | SKEP_CAPABILITY_GRAPH | SKEP_CAPABILITY_GRAPH_TRANSFER |
        SKEP_CAPABILITY_DEVICE_MATRICES | SKEP_CAPABILITY_ADOPT_ROWS | SKEP_CAPABILITY_WARM_UP |
        SKEP_CAPABILITY_MEMORY_STATS | SKEP_CAPABILITY_CONCURRENT_SEARCH;
    skep_backend_operations table = full_table();
    EXPECT_EQ(operations_missing_for(kAll, complete_operations(&table, "fake").value()), "");

    for (const Operation& operation : all_operations()) {
        if (operation.is_required() || operation.name == "opt_extension") continue;
        table = full_table();
        clear(table, operation);
        const skep_backend_operations completed = complete_operations(&table, "fake").value();
        EXPECT_EQ(operations_missing_for(kAll, completed), operation.name);
        EXPECT_EQ(operations_missing_for(0, completed), "");
    }
}

// Checklist row 5: every declared size, the table ending where a page ends that must not be passed.
TEST(OperationTable, ReadsNothingPastTheDeclaredSize) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* const pages =
        mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(pages, MAP_FAILED);
    char* const guard = static_cast<char*>(pages) + page;
    ASSERT_EQ(mprotect(guard, page, PROT_NONE), 0);

    const skep_backend_operations table = full_table();
    for (std::size_t size = sizeof(std::uint32_t); size <= sizeof table; ++size) {
        // Unaligned starts are fine: the reader copies bytes.
        char* const start = guard - size;
        std::memcpy(start, &table, size);
        const auto declared = static_cast<std::uint32_t>(size);
        std::memcpy(start, &declared, sizeof declared);
        const Result<skep_backend_operations> complete =
            complete_operations(reinterpret_cast<const skep_backend_operations*>(start), "fake");
        const bool has_required = size >= SKEP_SIZE_THROUGH(skep_backend_operations, store_search);
        EXPECT_EQ(complete.has_value(), has_required) << size;
    }
    munmap(pages, 2 * page);
}

TEST(OperationTable, ALongerTableOfANewerBackendIsUnderstood) {
    struct Longer {
        skep_backend_operations known;
        void* unknown[8];
    } longer{};
    longer.known = full_table();
    longer.known.struct_size = sizeof longer;

    const Result<skep_backend_operations> complete = complete_operations(&longer.known, "fake");

    ASSERT_TRUE(complete);
    EXPECT_EQ(complete->struct_size, sizeof(skep_backend_operations));
}

}  // namespace
}  // namespace skep
