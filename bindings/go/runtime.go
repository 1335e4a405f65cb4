// SPDX-License-Identifier: MIT

package skep

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"runtime"
	"runtime/cgo"
	"strings"
	"unsafe"
)

// RuntimeOptions may all be zero. Callbacks are called on any thread, several at once, until the runtime
// and every collection of it are closed.
type RuntimeOptions struct {
	IgnoreEnvironment bool // neither SKEP_BACKEND_PATH nor any other variable counts
	BuiltinOnly       bool // look for no plugins at all
	NumThreads        int  // workers, the caller included; 0: one per usable processor
	BackendPaths      []string
	LogLevel          LogLevel
	Log               func(level LogLevel, component, message string)
	AllowLoad         func(backend, manifestPath, libraryPath string) bool // false refuses a plugin
}

// Runtime holds backends, devices and worker threads.
type Runtime struct{ handle }

// cString copies a text into C memory; release gives it back. A NUL inside would cut it short.
func cString(operation, text string) (copied *C.char, release func(), err error) {
	if strings.IndexByte(text, 0) >= 0 {
		return nil, nil, clientError(InvalidArgument, "%s: %q holds a NUL; expected none", operation, text)
	}
	copied = C.CString(text)
	return copied, func() { C.free(unsafe.Pointer(copied)) }, nil
}

// NewRuntime reads manifests; it opens no plugin and starts no driver. options may be nil.
func NewRuntime(options *RuntimeOptions) (*Runtime, error) {
	if options == nil {
		options = &RuntimeOptions{}
	}
	numPaths := len(options.BackendPaths)
	paths := (**C.char)(C.calloc(C.size_t(numPaths+1), C.size_t(unsafe.Sizeof(uintptr(0)))))
	defer C.free(unsafe.Pointer(paths))
	for position, path := range options.BackendPaths {
		text, release, err := cString("runtime", path)
		if err != nil {
			return nil, err
		}
		defer release()
		unsafe.Slice(paths, numPaths)[position] = text
	}
	var flags C.uint32_t
	if options.IgnoreEnvironment {
		flags |= C.SKEP_RUNTIME_IGNORE_ENVIRONMENT
	}
	if options.BuiltinOnly {
		flags |= C.SKEP_RUNTIME_BUILTIN_ONLY
	}
	calls := &callbacks{log: options.Log, allowLoad: options.AllowLoad}
	calls.handle = cgo.NewHandle(calls)
	calls.share()
	defer calls.release()
	var pointer *C.skep_runtime
	err := check(func(e *C.skep_error) C.skep_status {
		return C.go_runtime_create(flags, C.uint32_t(options.NumThreads), C.int32_t(options.LogLevel), paths,
			C.uint64_t(numPaths), C.uintptr_t(calls.handle), isSet(options.Log != nil), isSet(options.AllowLoad != nil),
			&pointer, e)
	})
	if err != nil {
		return nil, err
	}
	made := &Runtime{newHandle("runtime", unsafe.Pointer(pointer), calls, func(pointer unsafe.Pointer) {
		C.skep_runtime_destroy((*C.skep_runtime)(pointer))
	})}
	runtime.SetFinalizer(made, func(r *Runtime) { r.Close() })
	return made, nil
}

func isSet(condition bool) C.int32_t {
	if condition {
		return 1
	}
	return 0
}

func (r *Runtime) with(operation string, call func(*C.skep_runtime) error) error {
	return r.use(operation, func(pointer unsafe.Pointer) error { return call((*C.skep_runtime)(pointer)) })
}

// Devices of all usable backends, best first. The first call loads plugins and may start drivers.
func (r *Runtime) Devices() (devices []DeviceInfo, err error) {
	err = r.with("devices", func(pointer *C.skep_runtime) error {
		var count C.uint64_t
		err := check(func(e *C.skep_error) C.skep_status { return C.skep_runtime_num_devices(pointer, &count, e) })
		for index := C.uint64_t(0); err == nil && index < count; index++ {
			var device DeviceInfo
			device, err = readDevice(func(out *C.skep_device_info, e *C.skep_error) C.skep_status {
				return C.skep_runtime_device_at(pointer, index, out, e)
			})
			devices = append(devices, device)
		}
		return err
	})
	return devices, err
}

// FindDevice knows "cpu", "cuda" (its first), "cuda:1", "auto" (the best). It never falls back.
func (r *Runtime) FindDevice(name string) (device DeviceInfo, err error) {
	text, release, err := cString("find device", name)
	if err != nil {
		return device, err
	}
	defer release()
	err = r.with("find device", func(pointer *C.skep_runtime) (err error) {
		device, err = readDevice(func(out *C.skep_device_info, e *C.skep_error) C.skep_status {
			return C.skep_runtime_find_device(pointer, text, out, e)
		})
		return err
	})
	return device, err
}

// Backends are all candidates and what became of them so far.
func (r *Runtime) Backends() (backends []BackendInfo, err error) {
	err = r.with("backends", func(pointer *C.skep_runtime) error {
		var count C.uint64_t
		err := check(func(e *C.skep_error) C.skep_status { return C.skep_runtime_num_backends(pointer, &count, e) })
		for index := C.uint64_t(0); err == nil && index < count; index++ {
			var plain C.skep_backend_info
			plain.struct_size = C.uint32_t(unsafe.Sizeof(plain))
			err = check(func(e *C.skep_error) C.skep_status { return C.skep_runtime_backend_at(pointer, index, &plain, e) })
			backends = append(backends, backendInfoOf(&plain))
		}
		return err
	})
	return backends, err
}

// Explain tells everything that was decided so far, as text.
func (r *Runtime) Explain() (string, error) { return r.explain(C.SKEP_FORMAT_TEXT) }

// ExplainJSON tells the same as JSON.
func (r *Runtime) ExplainJSON() (string, error) { return r.explain(C.SKEP_FORMAT_JSON) }

func (r *Runtime) explain(format C.int32_t) (report string, err error) {
	err = r.with("explain", func(pointer *C.skep_runtime) error {
		var list *C.skep_byte_list
		err := check(func(e *C.skep_error) C.skep_status { return C.skep_runtime_explain(pointer, format, &list, e) })
		if err == nil {
			report = takeNames(list)[0]
		}
		return err
	})
	return report, err
}
