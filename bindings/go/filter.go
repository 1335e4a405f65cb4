// SPDX-License-Identifier: MIT

package skep

// #include "shim.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// Filter limits searches of one collection to the rows of some keys, or to all others. It follows the
// collection and keeps it alive.
type Filter struct{ handle }

// Allow makes a filter for the rows of these keys.
func (c *Collection) Allow(keys *Keys) (*Filter, error) {
	return c.makeFilter(C.SKEP_FILTER_ALLOW, keys)
}

// Deny makes a filter for all other rows.
func (c *Collection) Deny(keys *Keys) (*Filter, error) { return c.makeFilter(C.SKEP_FILTER_DENY, keys) }

func (c *Collection) makeFilter(mode C.int32_t, keys *Keys) (*Filter, error) {
	plain := keys.plain()
	var pointer *C.skep_filter
	err := c.simple("filter", func(collection *C.skep_collection, e *C.skep_error) C.skep_status {
		return C.go_filter_create(collection, mode, plain, &pointer, e)
	})
	if err != nil {
		return nil, err
	}
	made := &Filter{newHandle("filter", unsafe.Pointer(pointer), c.callbacks, func(pointer unsafe.Pointer) {
		C.skep_filter_destroy((*C.skep_filter)(pointer))
	})}
	runtime.SetFinalizer(made, func(f *Filter) { f.Close() })
	return made, nil
}
