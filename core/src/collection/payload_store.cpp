// SPDX-License-Identifier: MIT
#include <cstdint>

#include "collection/payload_store.hpp"

namespace skep {
namespace {

std::string_view item_of(const skep_byte_list_view& list, std::uint64_t item) {
    return {static_cast<const char*>(list.bytes) + list.offsets[item],
            list.offsets[item + 1] - list.offsets[item]};
}

bool has_bytes(const skep_byte_list_view* list) {
    return list != nullptr && list->count != 0 && list->offsets[list->count] != list->offsets[0];
}

}  // namespace

PayloadStore::Staged::Staged(PayloadStore& store, std::uint64_t first_slot, std::uint64_t count,
                             const skep_byte_list_view* payloads)
    : store_(&store), num_slots_(store.num_slots()), mark_(store.contents_->arena.mark()) {
    if (!has_bytes(payloads)) return;
    Contents& contents = *store.contents_;
    contents.of_slot.reserve(first_slot + count);
    for (std::uint64_t slot = contents.num_slots; slot < first_slot; ++slot) {
        contents.of_slot[slot] = {nullptr, 0};
    }
    try {
        for (std::uint64_t row = 0; row < count; ++row) {
            const std::string_view stored = contents.arena.append(item_of(*payloads, row));
            contents.of_slot[first_slot + row] = {stored.data(), stored.size()};
        }
    } catch (...) {
        contents.arena.roll_back(mark_);
        throw;
    }
    num_slots_ = first_slot + count;
}

PayloadStore::Staged::~Staged() {
    if (store_ != nullptr) store_->contents_->arena.roll_back(mark_);
}

void PayloadStore::Staged::commit() noexcept {
    store_->contents_->num_slots = num_slots_;
    store_ = nullptr;
}

std::unique_ptr<PayloadStore::Contents> PayloadStore::compacted(
    std::span<const std::uint32_t> kept_slots) const {
    auto kept = std::make_unique<Contents>();
    if (num_slots() == 0) return kept;
    kept->of_slot.reserve(kept_slots.size());
    for (const std::uint32_t old_slot : kept_slots) {
        if (old_slot >= num_slots()) break;
        const std::string_view stored = kept->arena.append(at(old_slot));
        kept->of_slot[kept->num_slots++] = {stored.data(), stored.size()};
    }
    return kept;
}

void PayloadStore::clear() noexcept {
    contents_->arena.clear();
    contents_->num_slots = 0;
}

}  // namespace skep
