// SPDX-License-Identifier: MIT

package skep

// #include "shim.h"
import "C"

import "unsafe"

// Keys of one call, made by Numbers or Names.
type Keys struct {
	kind    KeyKind
	numbers []uint64
	names   texts
	count   int
}

// Numbers are keys of a collection with NumberKeys. It shares the slice.
func Numbers(numbers ...uint64) *Keys {
	return &Keys{kind: NumberKeys, numbers: numbers, count: len(numbers)}
}

// Names are keys of a collection with NameKeys.
func Names(names ...string) *Keys {
	return &Keys{kind: NameKeys, names: packTexts(names), count: len(names)}
}

func (keys *Keys) plain() C.go_keys {
	if keys == nil {
		return C.go_keys{}
	}
	return C.go_keys{
		kind:     C.skep_key_kind(keys.kind),
		u64:      (*C.uint64_t)(unsafe.Pointer(first(keys.numbers))),
		texts:    keys.names.plain(),
		count:    C.uint64_t(keys.count),
		is_given: 1,
	}
}

// texts are byte strings laid out as skep.h takes them.
type texts struct {
	offsets []uint64 // one more than there are items; nil: no list at all
	bytes   []byte
}

func packTexts[T string | []byte](items []T) texts {
	packed := texts{offsets: make([]uint64, 1, len(items)+1)}
	for _, item := range items {
		packed.bytes = append(packed.bytes, item...)
		packed.offsets = append(packed.offsets, uint64(len(packed.bytes)))
	}
	return packed
}

func (list texts) plain() C.go_texts {
	plain := C.go_texts{
		offsets: (*C.uint64_t)(unsafe.Pointer(first(list.offsets))),
		bytes:   (*C.char)(unsafe.Pointer(first(list.bytes))),
	}
	if len(list.offsets) != 0 {
		plain.count = C.uint64_t(len(list.offsets) - 1)
	}
	return plain
}

// takeList copies a list of libskep's into Go and destroys it; nil stays nil.
func takeList(list *C.skep_byte_list) [][]byte {
	if list == nil {
		return nil
	}
	defer C.skep_byte_list_destroy(list)
	items := copyList(list)
	return items
}

func copyList(list *C.skep_byte_list) [][]byte {
	sizes := make([]uint64, int(C.skep_byte_list_count(list)))
	items := make([][]byte, len(sizes))
	if len(sizes) == 0 {
		return items
	}
	total := C.go_list_sizes(list, (*C.uint64_t)(unsafe.Pointer(&sizes[0])))
	bytes := make([]byte, int(total)+1) // never empty: it has an address
	C.go_list_copy(list, (*C.char)(unsafe.Pointer(&bytes[0])))
	for item, size := range sizes {
		items[item] = bytes[:size:size]
		bytes = bytes[size:]
	}
	return items
}

func takeNames(list *C.skep_byte_list) []string {
	return namesOf(takeList(list))
}

func namesOf(items [][]byte) []string {
	if items == nil {
		return nil
	}
	names := make([]string, len(items))
	for position, item := range items {
		names[position] = string(item)
	}
	return names
}
