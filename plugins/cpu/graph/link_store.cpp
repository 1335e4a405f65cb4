// SPDX-License-Identifier: MIT
#include "graph/link_store.hpp"

#include <cstdint>

namespace skep::cpu {

void LinkStore::reserve(std::uint64_t num_slots, std::uint64_t num_blocks, const char* operation) {
    while (first_of(num_slot_chunks_, kFirstSlots) < num_slots) {
        const std::uint64_t size = size_of(num_slot_chunks_, kFirstSlots);
        ArrayLayout layout;
        const std::uint64_t base = layout.add<std::uint32_t>(size * degree());
        const std::uint64_t first_blocks = layout.add<std::uint32_t>(size);
        const std::uint64_t levels = layout.add<std::uint8_t>(size);
        SlotChunk chunk;
        chunk.memory = HostBuffer(host_, layout.bytes(), operation);
        chunk.base = reinterpret_cast<std::uint32_t*>(chunk.memory.data() + base);
        chunk.first_blocks = reinterpret_cast<std::uint32_t*>(chunk.memory.data() + first_blocks);
        chunk.levels = reinterpret_cast<std::uint8_t*>(chunk.memory.data() + levels);
        reserved_bytes_.fetch_add(layout.bytes(), std::memory_order_relaxed);
        slots_[num_slot_chunks_] = std::move(chunk);
        ++num_slot_chunks_;
    }
    while (first_of(num_block_chunks_, kFirstBlocks) < num_blocks) {
        const std::uint64_t bytes =
            size_of(num_block_chunks_, kFirstBlocks) * m_ * sizeof(std::uint32_t);
        BlockChunk chunk;
        chunk.memory = HostBuffer(host_, bytes, operation);
        chunk.links = reinterpret_cast<std::uint32_t*>(chunk.memory.data());
        reserved_bytes_.fetch_add(bytes, std::memory_order_relaxed);
        blocks_[num_block_chunks_] = std::move(chunk);
        ++num_block_chunks_;
    }
}

void LinkStore::start(std::uint64_t slot, std::uint32_t level, std::uint64_t first_block) {
    const Place place = place_of(slot, kFirstSlots);
    const SlotChunk& chunk = slots_[place.chunk];
    chunk.levels[place.offset] = static_cast<std::uint8_t>(level);
    chunk.first_blocks[place.offset] = static_cast<std::uint32_t>(first_block);
    for (std::uint32_t l = 0; l <= level; ++l)
        list(slot, l).assign({});
}

}  // namespace skep::cpu
