// SPDX-License-Identifier: MIT

package skep

// #include "shim.h"
import "C"

import (
	"runtime/cgo"
	"sync/atomic"
)

// LogLevel says how important a line is, or how much of the log is wanted.
type LogLevel int32

// Levels of the log.
const (
	LogOff     LogLevel = C.SKEP_LOG_OFF
	LogError   LogLevel = C.SKEP_LOG_ERROR
	LogWarning LogLevel = C.SKEP_LOG_WARNING
	LogInfo    LogLevel = C.SKEP_LOG_INFO
	LogDebug   LogLevel = C.SKEP_LOG_DEBUG
)

// callbacks of a runtime, shared by everything that keeps the C runtime alive.
type callbacks struct {
	log       func(level LogLevel, component, message string)
	allowLoad func(backend, manifestPath, libraryPath string) bool
	handle    cgo.Handle
	numOwners atomic.Int32
}

func (c *callbacks) share() *callbacks {
	if c != nil {
		c.numOwners.Add(1)
	}
	return c
}

func (c *callbacks) release() {
	if c != nil && c.numOwners.Add(-1) == 0 {
		c.handle.Delete()
	}
}

//export goSkepLog
func goSkepLog(handle C.uintptr_t, level C.int32_t, component, message *C.char) {
	cgo.Handle(handle).Value().(*callbacks).log(LogLevel(level), C.GoString(component), C.GoString(message))
}

//export goSkepAllowLoad
func goSkepAllowLoad(handle C.uintptr_t, backend, manifestPath, libraryPath *C.char) C.int32_t {
	allows := cgo.Handle(handle).Value().(*callbacks).allowLoad
	if allows(C.GoString(backend), C.GoString(manifestPath), C.GoString(libraryPath)) {
		return 1
	}
	return 0
}
