// SPDX-License-Identifier: MIT
// Owned lists of byte strings.
#include <skep/skep.h>

#include "bridge/byte_list.hpp"

uint64_t skep_byte_list_count(const skep_byte_list* list) {
    return list == nullptr ? 0 : list->starts.size();
}

const char* skep_byte_list_at(const skep_byte_list* list, uint64_t index, uint64_t* size) {
    if (list == nullptr || index >= list->starts.size()) return nullptr;
    if (size != nullptr) *size = list->sizes[index];
    return list->bytes.data() + list->starts[index];
}

void skep_byte_list_destroy(skep_byte_list* list) {
    delete list;
}
