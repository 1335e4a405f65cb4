// SPDX-License-Identifier: MIT

package skep

import (
	"sync"
	"unsafe"
)

// handle is something of libskep that is closed once. Calls hold it for reading, so that closing waits for
// them; in skep.h that would be the caller's duty.
type handle struct {
	mutex     sync.RWMutex
	pointer   unsafe.Pointer
	what      string
	destroy   func(unsafe.Pointer)
	callbacks *callbacks // of the runtime, which this keeps alive; may be nil
}

func newHandle(what string, pointer unsafe.Pointer, callbacks *callbacks, destroy func(unsafe.Pointer)) handle {
	return handle{pointer: pointer, what: what, destroy: destroy, callbacks: callbacks.share()}
}

// use calls with the pointer, unless it was closed.
func (h *handle) use(operation string, call func(pointer unsafe.Pointer) error) error {
	h.mutex.RLock()
	defer h.mutex.RUnlock()
	if h.pointer == nil {
		return clientError(InvalidArgument, "%s: the %s is closed", operation, h.what)
	}
	return call(h.pointer)
}

// Close waits for running calls and gives everything back. Closing twice is legal. A finalizer closes what
// was forgotten, some time.
func (h *handle) Close() error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.pointer != nil {
		h.destroy(h.pointer)
		h.pointer = nil
		h.callbacks.release()
	}
	return nil
}
