// SPDX-License-Identifier: MIT
// Finding the smallest ef_search that reaches a recall, against exact search on the same device.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "collection/calibration.hpp"
#include "collection/collection.hpp"
#include "collection/search_parts.hpp"
#include "io/component_conversion.hpp"

namespace skep {
namespace {

// Stand-ins for queries: the error of a recall of 0.95 at k 10 is then some 0.005.
constexpr std::uint64_t kNumStandIns = 500;
// The answer is within this part of the smallest ef_search that does.
constexpr std::uint64_t kRelativeStep = 32;

struct Found {
    std::vector<std::uint32_t> slots;  // [num_queries, k]
    std::vector<float> distances;
};

Result<Found> find(const SearchPart& part, const skep_matrix& queries, std::uint64_t k,
                   std::uint64_t max_batch, std::uint32_t ef_search, const skep_call* call) {
    Found found;
    found.slots.resize(queries.num_rows * k);
    found.distances.resize(queries.num_rows * k);
    for (std::uint64_t first = 0; first < queries.num_rows; first += max_batch) {
        skep_matrix batch = queries;
        batch.num_rows = std::min(max_batch, queries.num_rows - first);
        batch.data = static_cast<const std::byte*>(queries.data) + first * row_stride(queries);
        Result<void> searched =
            search_parts({&part, 1}, batch, k, ef_search, found.slots.data() + first * k,
                         found.distances.data() + first * k, call);
        if (!searched) return searched.error();
    }
    return found;
}

// A found row counts that is no farther than the true k-th.
double recall_of(const Found& found, const Found& truth, std::uint64_t k) {
    std::uint64_t hits = 0;
    for (std::size_t i = 0; i < found.distances.size(); ++i)
        hits += found.distances[i] <= truth.distances[(i / k + 1) * k - 1] ? 1U : 0U;
    return static_cast<double>(hits) / static_cast<double>(found.distances.size());
}

}  // namespace

// Points that lie beside the rows as queries do. Rows themselves are found too easily, since links
// were chosen for them, and so is what lies between them: on SIFT the list that found 0.95 for rows
// found 0.82 for queries from other pictures. A row's k-th neighbour reflected at the row is as far
// from the row as that, on the side where there was none: 0.94 there, and 0.988 for 0.99.
Result<std::vector<float>> Collection::stand_in_queries(const Snapshot& snapshot,
                                                        std::uint64_t num_linked, std::uint64_t k,
                                                        const skep_call* call) const {
    std::vector<std::uint32_t> slots = alive_slots(snapshot);
    while (!slots.empty() && slots.back() >= num_linked)
        slots.pop_back();
    const std::uint64_t count = std::min<std::uint64_t>(kNumStandIns, slots.size());
    for (std::uint64_t i = 0; i < count; ++i)
        slots[i] = slots[i * slots.size() / count];
    slots.resize(count);
    const auto read = [&](std::span<const std::uint32_t> chosen) -> Result<std::vector<float>> {
        std::vector<std::byte> rows(count * row_bytes());
        const skep_mutable_matrix target =
            SKEP_HOST_MATRIX(skep_mutable_matrix, info_.dtype, rows.data(), count, info_.dim);
        Result<void> done = store_.read(chosen, target, call);
        if (!done) return done.error();
        std::vector<float> floats(count * info_.dim);
        convert_components(info_.dtype, rows.data(), SKEP_DTYPE_F32,
                           reinterpret_cast<std::byte*>(floats.data()), floats.size());
        return floats;
    };
    Result<std::vector<float>> rows = read(slots);
    if (!rows || count == 0) return rows;

    const skep_matrix queries =
        SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, rows->data(), count, info_.dim);
    const SearchPart part{&store_, 0, num_linked, snapshot.mask.get(), nullptr, 0, nullptr};
    const std::uint64_t found_k =
        std::min({k + 1, std::uint64_t{device_->info().max_k}, std::uint64_t{slots.size()}});
    const std::uint64_t max_batch = std::max<std::uint64_t>(device_->info().max_batch, 1);
    const Result<Found> found = find(part, queries, found_k, max_batch, 0, call);
    if (!found) return found.error();
    std::vector<std::uint32_t> others(count);
    for (std::uint64_t i = 0; i < count; ++i)
        others[i] = found->slots[(i + 1) * found_k - 1];
    const Result<std::vector<float>> reflected = read(others);
    if (!reflected) return reflected.error();
    for (std::size_t i = 0; i < rows->size(); ++i) {
        const float component = (*rows)[i] + ((*rows)[i] - (*reflected)[i]);
        if (std::isfinite(component)) (*rows)[i] = component;
    }
    return rows;
}

Result<std::uint32_t> Collection::calibrate(std::uint64_t k, double recall,
                                            const skep_matrix* queries,
                                            const skep_call* call) const {
    if (k == 0 || k > device_->info().max_k) {
        return client_error(SKEP_INVALID_K,
                            fmt::format("calibrate: k is {}; device '{}' takes 1 to {}", k,
                                        device_->info().id, device_->info().max_k));
    }
    if (!(recall > 0.0 && recall <= 1.0)) {
        return client_error(
            SKEP_INVALID_ARGUMENT,
            fmt::format("calibrate: recall is {}; expected more than 0, at most 1", recall));
    }
    if (queries != nullptr) {
        Result<void> checked = check_queries("calibrate", *queries);
        if (!checked) return checked.error();
        if (queries->num_rows == 0) {
            return client_error(SKEP_INVALID_ARGUMENT,
                                "calibrate: no queries; expected at least 1, or NULL");
        }
    }
    const SnapshotRef snapshot = publication_.read();
    const std::uint64_t num_linked = this->num_linked(*snapshot);
    // What is not linked is scanned.
    if (num_linked == 0) return std::uint32_t{0};

    std::vector<float> stand_ins;
    skep_matrix asked{};
    if (queries != nullptr) {
        asked = as_store_input(*queries);
    } else {
        Result<std::vector<float>> made = stand_in_queries(*snapshot, num_linked, k, call);
        if (!made) return made.error();
        stand_ins = std::move(*made);
        if (stand_ins.empty()) return std::uint32_t{0};
        asked = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, stand_ins.data(),
                                 stand_ins.size() / info_.dim, info_.dim);
    }
    const std::uint64_t num_rows = std::min(snapshot->num_rows, num_linked);
    const std::uint64_t found_k = std::min(k, num_rows);
    const std::uint64_t max_batch = std::max<std::uint64_t>(device_->info().max_batch, 1);
    const Mask* const mask = snapshot->mask.get();
    const SearchPart scanned{&store_, 0, num_linked, mask, nullptr, 0, nullptr};
    const SearchPart walked{&store_, 0, num_linked, mask, nullptr, 0, graph_.get()};
    const Result<Found> truth = find(scanned, asked, found_k, max_batch, 0, call);
    if (!truth) return truth.error();
    const auto reaches = [&](std::uint64_t ef_search) -> Result<bool> {
        const Result<Found> found =
            find(walked, asked, found_k, max_batch, static_cast<std::uint32_t>(ef_search), call);
        if (!found) return found.error();
        return recall_of(*found, *truth, found_k) >= recall;
    };
    // Widened until it is enough, then narrowed down. A walk over all rows misses nothing.
    std::uint64_t too_narrow = found_k - 1;
    std::uint64_t enough = found_k;
    while (enough < num_rows) {
        const Result<bool> is_enough = reaches(enough);
        if (!is_enough) return is_enough.error();
        if (*is_enough) break;
        too_narrow = enough;
        enough = std::min(2 * enough, num_rows);
    }
    while (enough - too_narrow > 1 + too_narrow / kRelativeStep) {
        const std::uint64_t middle = std::midpoint(too_narrow, enough);
        const Result<bool> is_enough = reaches(middle);
        if (!is_enough) return is_enough.error();
        (*is_enough ? enough : too_narrow) = middle;
    }
    const auto ef_search = static_cast<std::uint32_t>(enough);
    calibrations_.keep({k, in_millionths(recall), ef_search, snapshot->num_rows});
    return ef_search;
}

Result<std::uint32_t> Collection::ef_search_for(std::uint64_t k, double recall,
                                                const skep_call* call) const {
    // Exact search has a recall of 1 whatever is asked. Bad values are left to calibrate.
    if (recall > 0.0 && recall <= 1.0) {
        if (!graph_) return std::uint32_t{0};
        const std::optional<std::uint32_t> known =
            calibrations_.find(k, in_millionths(recall), count());
        if (known) return *known;
    }
    return calibrate(k, recall, nullptr, call);
}

}  // namespace skep
