// SPDX-License-Identifier: MIT
#include "graph/traversal.hpp"

#include <algorithm>
#include <cstdint>

namespace skep::cpu {

void Traversal::begin(std::uint64_t num_slots, bool uses_codes, const char* operation) {
    const skep_host_services& host = store_.backend().host();
    batch_.require(host, links_.degree(), operation);
    distances_.require(host, links_.degree(), operation);
    visited_.prepare(host, num_slots, operation);
    scorer_.open(num_slots, uses_codes);
    num_slots_ = num_slots;
}

template <bool marks>
std::uint32_t Traversal::collect(const LinkList& list) {
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < list.capacity(); ++i) {
        const std::uint32_t slot = list.load(i);
        if (slot == SKEP_NO_SLOT) break;
        if (slot >= num_slots_) continue;
        batch_[count] = slot;
        count += marks ? visited_.insert(slot) : 1;
    }
    for (std::uint32_t i = 0; i < count; ++i)
        scorer_.prefetch(batch_[i]);
    return count;
}

std::uint32_t Traversal::descend(const Seeds& seeds, std::uint32_t level) {
    Neighbour best = nearest_seed(seeds, level);
    if (!best.is_there()) return SKEP_NO_SLOT;
    for (std::uint32_t layer = seeds.level(); layer > level + 1;) {
        --layer;
        for (bool has_moved = true; has_moved;) {
            has_moved = false;
            const std::uint32_t count = collect<false>(links_.list(best.slot(), layer));
            score(count);
            for (std::uint32_t i = 0; i < count; ++i) {
                const Neighbour next(distances_[i], batch_[i]);
                has_moved |= next < best;
                best = std::min(best, next);
            }
        }
    }
    return best.slot();
}

Neighbour Traversal::nearest_seed(const Seeds& seeds, std::uint32_t level) {
    Neighbour best = Neighbour::none();
    const std::uint32_t capacity = links_.degree();
    const std::span<const std::uint32_t> slots = seeds.slots();
    for (std::size_t next = 0; next < slots.size();) {
        std::uint32_t count = 0;
        for (; count < capacity && next < slots.size(); ++next) {
            if (level > seeds.level() && links_.level(slots[next]) < level) continue;
            scorer_.prefetch(slots[next]);
            batch_[count++] = slots[next];
        }
        score(count);
        for (std::uint32_t i = 0; i < count; ++i)
            best = std::min(best, Neighbour(distances_[i], batch_[i]));
    }
    return best;
}

void Traversal::begin_layer(std::uint32_t start, std::uint32_t level, std::uint64_t width) {
    pool_.prepare(store_.backend().host(), width, "graph");
    visited_.clear();
    visited_.insert(start);
    float distance = 0.0F;
    scorer_.distances(&start, 1, &distance);
    pool_.insert({distance, start});
    level_ = level;
    choose_next();
}

void Traversal::search_layer(std::uint32_t start, std::uint32_t level, std::uint64_t width) {
    begin_layer(start, level, width);
    while (step()) {
    }
}

void Traversal::search_layer_below(std::uint32_t level) {
    visited_.clear();
    for (const Neighbour& neighbour : pool_)
        visited_.insert(neighbour.slot());
    pool_.expand_again();
    level_ = level;
    if (!choose_next()) return;
    while (step()) {
    }
}

bool Traversal::choose_next() {
    if (!pool_.has_next()) return false;
    expanded_ = pool_.expand_next();
    is_collected_ = false;
    links_.list(expanded_, level_).prefetch();
    return true;
}

bool Traversal::step() {
    if (!is_collected_) {
        // Likely the next one.
        if (pool_.has_next()) links_.list(pool_.peek_next(), level_).prefetch();
        num_collected_ = collect<true>(links_.list(expanded_, level_));
        is_collected_ = true;
        return true;
    }
    score(num_collected_);
    Neighbour worst = pool_.worst();
    for (std::uint32_t i = 0; i < num_collected_; ++i) {
        const Neighbour neighbour(distances_[i], batch_[i]);
        if (!(neighbour < worst)) continue;
        pool_.insert(neighbour);
        worst = pool_.worst();
    }
    return choose_next();
}

}  // namespace skep::cpu
