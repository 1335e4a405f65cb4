// SPDX-License-Identifier: MIT

package skep

// #include "shim.h"
import "C"

import (
	"context"
	"math"
	"math/bits"
	"unsafe"
)

// SearchOptions say how a search is made. A range search looks at Filter and Progress alone.
type SearchOptions struct {
	K        int
	EfSearch uint32  // width of the search of a graph; 0: chosen from K
	Recall   float64 // share of true neighbours wanted of a graph, in place of EfSearch; 0: not asked
	Filter   *Filter // nil: every row
	Payloads bool    // whether payloads are wanted as well
	Progress Progress
}

// Hit is one answer.
type Hit struct {
	Number   uint64 // key, of a collection with NumberKeys
	Name     string // key, of a collection with NameKeys
	Distance float32
	Payload  []byte
}

// Hits are answers of a search, K for each query. Missing ones have number math.MaxUint64 (an empty name)
// and distance +Inf; Of leaves them out.
type Hits struct {
	NumQueries int
	K          int
	Numbers    []uint64 // nil where keys are names
	Names      []string // nil where keys are numbers
	Distances  []float32
	Counts     []uint64 // answers found for each query
	Payloads   [][]byte // nil where they were not asked for
}

// Of are the answers found for one query, nearest first.
func (hits *Hits) Of(query int) []Hit {
	begin := query * hits.K
	return hits.between(begin, begin+int(hits.Counts[query]))
}

func (hits *Hits) between(begin, end int) []Hit {
	list := make([]Hit, 0, end-begin)
	for position := begin; position < end; position++ {
		hit := Hit{Distance: hits.Distances[position]}
		if hits.Numbers != nil {
			hit.Number = hits.Numbers[position]
		} else {
			hit.Name = hits.Names[position]
		}
		if hits.Payloads != nil {
			hit.Payload = hits.Payloads[position]
		}
		list = append(list, hit)
	}
	return list
}

// Search finds the k nearest rows of each query, exactly on flat collections.
func (c *Collection) Search(ctx context.Context, queries Rows, k int) (*Hits, error) {
	return c.SearchWith(ctx, queries, SearchOptions{K: k})
}

// withFilter holds a filter, where there is one, for a call.
func withFilter(operation string, filter *Filter, call func(*C.skep_filter) error) error {
	if filter == nil {
		return call(nil)
	}
	return filter.use(operation, func(pointer unsafe.Pointer) error { return call((*C.skep_filter)(pointer)) })
}

// SearchWith is Search with options.
func (c *Collection) SearchWith(ctx context.Context, queries Rows, options SearchOptions) (*Hits, error) {
	if options.K < 0 {
		return nil, clientError(InvalidK, "search: k is %d; expected 1 or more", options.K)
	}
	if high, low := bits.Mul64(uint64(queries.Len()), uint64(options.K)); high != 0 || low > math.MaxInt64/8 {
		return nil, clientError(LimitExceeded, "search: %d queries times k %d exceeds the address space", queries.Len(), options.K)
	}
	numAnswers := queries.Len() * options.K
	hits := &Hits{
		NumQueries: queries.Len(), K: options.K,
		Distances: make([]float32, numAnswers), Counts: make([]uint64, queries.Len()),
	}
	var names, payloads *C.skep_byte_list
	var namesOut, payloadsOut **C.skep_byte_list
	if c.options.Keys == NameKeys {
		namesOut = &names
	} else {
		hits.Numbers = make([]uint64, numAnswers)
	}
	if options.Payloads {
		payloadsOut = &payloads
	}
	err := c.with("search", func(pointer *C.skep_collection) error {
		return withFilter("search", options.Filter, func(filter *C.skep_filter) error {
			search := C.go_search{k: C.uint64_t(options.K), ef_search: C.uint32_t(options.EfSearch), recall: C.double(options.Recall), filter: filter}
			return stoppable(ctx, options.Progress, func(call C.go_call, e *C.skep_error) C.skep_status {
				return C.go_collection_search(pointer, queries.plain(), search, (*C.uint64_t)(first(hits.Numbers)), namesOut,
					(*C.float)(first(hits.Distances)), (*C.uint64_t)(first(hits.Counts)), payloadsOut, call, e)
			})
		})
	})
	if err != nil {
		return nil, err
	}
	hits.Names, hits.Payloads = takeNames(names), takeList(payloads)
	return hits, nil
}

// Calibrate finds the smallest EfSearch that brings a share `recall` of the k nearest rows; searches that ask
// for it take it. queries may be the zero Rows: then points are made from rows.
func (c *Collection) Calibrate(ctx context.Context, k int, recall float64, queries Rows) (efSearch uint32, err error) {
	if k < 0 {
		return 0, clientError(InvalidK, "calibrate: k is %d; expected 1 or more", k)
	}
	err = c.with("calibrate", func(pointer *C.skep_collection) error {
		return stoppable(ctx, nil, func(call C.go_call, e *C.skep_error) C.skep_status {
			return C.go_calibrate(pointer, C.uint64_t(k), C.double(recall), queries.plain(), call, (*C.uint32_t)(&efSearch), e)
		})
	})
	return efSearch, err
}

// RangeHits are answers of a range search: those of query q are at Offsets[q] to Offsets[q+1].
type RangeHits struct {
	Offsets   []uint64
	Numbers   []uint64
	Names     []string
	Distances []float32
}

// Of are the answers of one query, nearest first.
func (hits *RangeHits) Of(query int) []Hit {
	all := Hits{Numbers: hits.Numbers, Names: hits.Names, Distances: hits.Distances}
	return all.between(int(hits.Offsets[query]), int(hits.Offsets[query+1]))
}

// NumQueries is how many were asked.
func (hits *RangeHits) NumQueries() int { return len(hits.Offsets) - 1 }

// RangeSearch finds every row whose distance is at most radius.
func (c *Collection) RangeSearch(ctx context.Context, queries Rows, radius float32, options SearchOptions) (hits *RangeHits, err error) {
	err = c.with("range_search", func(pointer *C.skep_collection) error {
		return withFilter("range_search", options.Filter, func(filter *C.skep_filter) error {
			var result *C.skep_range_result
			err := stoppable(ctx, options.Progress, func(call C.go_call, e *C.skep_error) C.skep_status {
				return C.go_range_search(pointer, queries.plain(), C.float(radius), C.go_search{filter: filter}, call, &result, e)
			})
			if err == nil {
				defer C.skep_range_result_destroy(result)
				hits, err = copyRange(result)
			}
			return err
		})
	})
	return hits, err
}

func copyRange(result *C.skep_range_result) (*RangeHits, error) {
	var view C.skep_range_view
	view.struct_size = C.uint32_t(unsafe.Sizeof(view))
	if err := check(func(e *C.skep_error) C.skep_status { return C.skep_range_result_view(result, &view, e) }); err != nil {
		return nil, err
	}
	offsets := unsafe.Slice((*uint64)(unsafe.Pointer(view.offsets)), int(view.num_queries)+1)
	numAnswers := int(offsets[len(offsets)-1])
	hits := &RangeHits{
		Offsets:   append([]uint64(nil), offsets...),
		Distances: append([]float32(nil), unsafe.Slice((*float32)(unsafe.Pointer(view.distances)), numAnswers)...),
	}
	if view.strings != nil {
		hits.Names = namesOf(copyList(view.strings))
	} else {
		hits.Numbers = append([]uint64{}, unsafe.Slice((*uint64)(unsafe.Pointer(view.keys)), numAnswers)...)
	}
	return hits, nil
}
