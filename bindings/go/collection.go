// SPDX-License-Identifier: MIT

package skep

// #include "shim.h"
import "C"

import (
	"context"
	"runtime"
	"unsafe"
)

// CollectionOptions say what a new collection shall be; Dim is needed, the zero value of all else is a choice.
type CollectionOptions struct {
	Dim            int
	Metric         Metric
	Dtype          Dtype
	Index          IndexKind
	Keys           KeyKind
	Device         string // "": the best one
	ReserveRows    uint64 // a hint
	M              uint32 // links of a node of an hnsw graph; 0: 16
	EfConstruction uint32 // width of the search that links it; 0: 200
	Seed           uint64 // of its levels
}

// Collection holds rows, keys and payloads on one device. Reads run side by side and beside one write,
// writes one after another.
type Collection struct {
	handle
	options CollectionOptions // Device and ReserveRows left out
}

func deviceName(name string) string {
	if name == "" {
		return "auto"
	}
	return name
}

// Create makes an empty collection.
func (r *Runtime) Create(options CollectionOptions) (*Collection, error) {
	dim := C.uint32_t(options.Dim)
	if options.Dim < 0 || options.Dim > 1<<31-1 {
		dim = 1<<32 - 1 // refused by libskep, like everything above its limit
	}
	device, release, err := cString("create", options.Device)
	if err != nil {
		return nil, err
	}
	defer release()
	if options.Device == "" {
		device = nil
	}
	return r.makeCollection("create", func(pointer *C.skep_runtime, out **C.skep_collection, e *C.skep_error) C.skep_status {
		return C.go_collection_create(pointer, dim, C.skep_metric(options.Metric), C.skep_dtype(options.Dtype),
			C.skep_index_kind(options.Index), C.skep_key_kind(options.Keys), device, C.uint64_t(options.ReserveRows),
			C.uint32_t(options.M), C.uint32_t(options.EfConstruction), C.uint64_t(options.Seed), out, e)
	})
}

// makeCollection wraps what a call makes.
func (r *Runtime) makeCollection(operation string, call func(*C.skep_runtime, **C.skep_collection, *C.skep_error) C.skep_status) (made *Collection, err error) {
	err = r.with(operation, func(pointer *C.skep_runtime) error {
		var plain *C.skep_collection
		err := check(func(e *C.skep_error) C.skep_status { return call(pointer, &plain, e) })
		if err != nil {
			return err
		}
		made, err = adoptCollection(plain, r.callbacks)
		return err
	})
	return made, err
}

func adoptCollection(plain *C.skep_collection, callbacks *callbacks) (*Collection, error) {
	made := &Collection{handle: newHandle("collection", unsafe.Pointer(plain), callbacks, func(pointer unsafe.Pointer) {
		C.skep_collection_destroy((*C.skep_collection)(pointer))
	})}
	runtime.SetFinalizer(made, func(c *Collection) { c.Close() })
	var info C.skep_collection_info
	info.struct_size = C.uint32_t(unsafe.Sizeof(info))
	if err := check(func(e *C.skep_error) C.skep_status { return C.skep_collection_get_info(plain, &info, e) }); err != nil {
		made.Close()
		return nil, err
	}
	made.options = CollectionOptions{
		Dim: int(info.dim), Metric: Metric(info.metric), Dtype: Dtype(info.dtype), Index: IndexKind(info.index),
		Keys: KeyKind(info.key_kind), M: uint32(info.m), EfConstruction: uint32(info.ef_construction), Seed: uint64(info.seed),
	}
	return made, nil
}

func (c *Collection) with(operation string, call func(*C.skep_collection) error) error {
	return c.use(operation, func(pointer unsafe.Pointer) error { return call((*C.skep_collection)(pointer)) })
}

// simple is a call with a collection and nothing else.
func (c *Collection) simple(operation string, call func(*C.skep_collection, *C.skep_error) C.skep_status) error {
	return c.with(operation, func(pointer *C.skep_collection) error {
		return check(func(e *C.skep_error) C.skep_status { return call(pointer, e) })
	})
}

// Info is what the collection is: the options it was made with, defaults filled in.
func (c *Collection) Info() CollectionOptions { return c.options }

// Batch is what goes with rows that are written.
type Batch struct {
	Keys     *Keys    // as many as rows; nil numbers them on from the largest number there ever was
	Payloads [][]byte // as many as rows; nil for empty ones
	Progress Progress
}

func (batch *Batch) payloads() texts {
	if batch.Payloads == nil {
		return texts{}
	}
	return packTexts(batch.Payloads)
}

// Add adds rows: all or none. keys may be nil: then rows are numbered, and the first number is returned.
func (c *Collection) Add(ctx context.Context, rows Rows, keys *Keys) (firstKey uint64, err error) {
	return c.AddBatch(ctx, rows, Batch{Keys: keys})
}

// AddBatch is Add with payloads and progress.
func (c *Collection) AddBatch(ctx context.Context, rows Rows, batch Batch) (firstKey uint64, err error) {
	keys, payloads := batch.Keys.plain(), batch.payloads().plain()
	err = c.with("add", func(pointer *C.skep_collection) error {
		return stoppable(ctx, batch.Progress, func(call C.go_call, e *C.skep_error) C.skep_status {
			return C.go_add(pointer, rows.plain(), keys, payloads, call, (*C.uint64_t)(&firstKey), e)
		})
	})
	return firstKey, err
}

// Upsert is Add with keys, but a key that exists already gets the new row and payload.
func (c *Collection) Upsert(ctx context.Context, rows Rows, batch Batch) error {
	keys, payloads := batch.Keys.plain(), batch.payloads().plain()
	return c.with("upsert", func(pointer *C.skep_collection) error {
		return stoppable(ctx, batch.Progress, func(call C.go_call, e *C.skep_error) C.skep_status {
			return C.go_upsert(pointer, rows.plain(), keys, payloads, call, e)
		})
	})
}

// Remove removes rows by key: all, or none where one key is not there or given twice.
func (c *Collection) Remove(keys *Keys) error {
	plain := keys.plain()
	return c.simple("remove", func(pointer *C.skep_collection, e *C.skep_error) C.skep_status {
		return C.go_remove(pointer, plain, e)
	})
}

// Clear removes everything.
func (c *Collection) Clear() error {
	return c.simple("clear", func(pointer *C.skep_collection, e *C.skep_error) C.skep_status {
		return C.skep_collection_clear(pointer, e)
	})
}

// Reserve makes room for that many rows in all.
func (c *Collection) Reserve(numRows uint64) error {
	return c.simple("reserve", func(pointer *C.skep_collection, e *C.skep_error) C.skep_status {
		return C.skep_collection_reserve(pointer, C.uint64_t(numRows), e)
	})
}

// Compact gives the memory of removed rows back.
func (c *Collection) Compact(ctx context.Context) error {
	return c.with("compact", func(pointer *C.skep_collection) error {
		return stoppable(ctx, nil, func(call C.go_call, e *C.skep_error) C.skep_status {
			return C.go_compact(pointer, call, e)
		})
	})
}

// Found is what was read back, in the order of the keys.
type Found struct {
	Rows     Rows     // zeros where there is none
	Payloads [][]byte // empty where there is none
	Found    []bool   // whether the key has a row
}

// Get reads rows and payloads; an unknown key fails with KeyNotFound.
func (c *Collection) Get(keys *Keys) (Found, error) { return c.read(keys, false) }

// Find is Get for keys that may be missing.
func (c *Collection) Find(keys *Keys) (Found, error) { return c.read(keys, true) }

func (c *Collection) read(keys *Keys, isMissingLegal bool) (found Found, err error) {
	plain := keys.plain()
	numKeys := int(plain.count)
	found.Rows = makeRows(c.options.Dtype, numKeys, c.options.Dim)
	flags := make([]uint8, numKeys)
	var target *C.uint8_t
	if isMissingLegal {
		target = (*C.uint8_t)(first(flags))
	}
	err = c.simple("get", func(pointer *C.skep_collection, e *C.skep_error) C.skep_status {
		var payloads *C.skep_byte_list
		status := C.go_get(pointer, plain, found.Rows.plain(), &payloads, target, e)
		found.Payloads = takeList(payloads)
		return status
	})
	if err != nil {
		return Found{}, err
	}
	found.Found = make([]bool, numKeys)
	for position, flag := range flags {
		found.Found[position] = !isMissingLegal || flag != 0
	}
	return found, nil
}

// Contains tells whether each key has a row.
func (c *Collection) Contains(keys *Keys) ([]bool, error) {
	plain := keys.plain()
	flags := make([]uint8, int(plain.count))
	err := c.simple("contains", func(pointer *C.skep_collection, e *C.skep_error) C.skep_status {
		return C.go_contains(pointer, plain, (*C.uint8_t)(first(flags)), e)
	})
	if err != nil {
		return nil, err
	}
	found := make([]bool, len(flags))
	for position, flag := range flags {
		found[position] = flag != 0
	}
	return found, nil
}

// Count is how many rows there are.
func (c *Collection) Count() (count uint64, err error) {
	err = c.simple("count", func(pointer *C.skep_collection, e *C.skep_error) C.skep_status {
		return C.skep_collection_count(pointer, (*C.uint64_t)(&count), e)
	})
	return count, err
}

// Numbers are all keys of a collection with NumberKeys, in the order of their rows.
func (c *Collection) Numbers() (keys []uint64, err error) {
	for {
		var numKeys C.uint64_t
		err = c.simple("keys", func(pointer *C.skep_collection, e *C.skep_error) C.skep_status {
			return C.skep_collection_list_keys(pointer, (*C.uint64_t)(first(keys)), C.uint64_t(len(keys)), &numKeys, nil, e)
		})
		if err != nil {
			return nil, err
		}
		if int(numKeys) <= len(keys) {
			return keys[:int(numKeys)], nil
		}
		keys = make([]uint64, int(numKeys))
	}
}

// Names are all keys of a collection with NameKeys, in the order of their rows.
func (c *Collection) Names() (names []string, err error) {
	err = c.simple("keys", func(pointer *C.skep_collection, e *C.skep_error) C.skep_status {
		var list *C.skep_byte_list
		status := C.skep_collection_list_keys(pointer, nil, 0, nil, &list, e)
		names = takeNames(list)
		return status
	})
	return names, err
}

// Device is the one that holds the rows; with "auto", the one that was chosen.
func (c *Collection) Device() (device DeviceInfo, err error) {
	err = c.with("device", func(pointer *C.skep_collection) (err error) {
		device, err = readDevice(func(out *C.skep_device_info, e *C.skep_error) C.skep_status {
			return C.skep_collection_get_device(pointer, out, e)
		})
		return err
	})
	return device, err
}

// Stats are figures of a collection; see skep_collection_stats.
type Stats struct {
	NumRows, NumRemoved, CapacityRows                              uint64
	RowBytes, ReservedBytes, KeyBytes, PayloadBytes                uint64
	NumSearches, NumExactRetries                                   uint64
	NumLinked, NumLinks, NumLevels, GraphBytes, GraphReservedBytes uint64
}

// Stats reads the figures.
func (c *Collection) Stats() (Stats, error) {
	var plain C.skep_collection_stats
	plain.struct_size = C.uint32_t(unsafe.Sizeof(plain))
	err := c.simple("stats", func(pointer *C.skep_collection, e *C.skep_error) C.skep_status {
		return C.skep_collection_get_stats(pointer, &plain, e)
	})
	if err != nil {
		return Stats{}, err
	}
	return Stats{
		NumRows: uint64(plain.num_rows), NumRemoved: uint64(plain.num_removed), CapacityRows: uint64(plain.capacity_rows),
		RowBytes: uint64(plain.row_bytes), ReservedBytes: uint64(plain.reserved_bytes), KeyBytes: uint64(plain.key_bytes),
		PayloadBytes: uint64(plain.payload_bytes), NumSearches: uint64(plain.num_searches),
		NumExactRetries: uint64(plain.num_exact_retries), NumLinked: uint64(plain.num_linked), NumLinks: uint64(plain.num_links),
		NumLevels: uint64(plain.num_levels), GraphBytes: uint64(plain.graph_bytes),
		GraphReservedBytes: uint64(plain.graph_reserved_bytes),
	}, nil
}
