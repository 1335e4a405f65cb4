// SPDX-License-Identifier: MIT

package skep

// #include "shim.h"
import "C"

import "fmt"

// Status says what went wrong; the constants are those of status.h, where each is explained. It is an
// error itself, so that one can write errors.Is(err, skep.DuplicateKey).
type Status int32

// What calls fail with.
const (
	InvalidArgument    Status = C.SKEP_INVALID_ARGUMENT
	InvalidDimension   Status = C.SKEP_INVALID_DIMENSION
	DimensionMismatch  Status = C.SKEP_DIMENSION_MISMATCH
	NotFinite          Status = C.SKEP_NOT_FINITE
	InvalidKey         Status = C.SKEP_INVALID_KEY
	DuplicateKey       Status = C.SKEP_DUPLICATE_KEY
	KeyNotFound        Status = C.SKEP_KEY_NOT_FOUND
	InvalidK           Status = C.SKEP_INVALID_K
	UnsupportedType    Status = C.SKEP_UNSUPPORTED_TYPE
	Unsupported        Status = C.SKEP_UNSUPPORTED
	LimitExceeded      Status = C.SKEP_LIMIT_EXCEEDED
	UnknownDevice      Status = C.SKEP_UNKNOWN_DEVICE
	DeviceNotAvailable Status = C.SKEP_DEVICE_NOT_AVAILABLE
	DeviceFailed       Status = C.SKEP_DEVICE_FAILED
	DeviceLost         Status = C.SKEP_DEVICE_LOST
	CompilationFailed  Status = C.SKEP_COMPILATION_FAILED
	WrongMemory        Status = C.SKEP_WRONG_MEMORY
	OutOfHostMemory    Status = C.SKEP_OUT_OF_HOST_MEMORY
	OutOfDeviceMemory  Status = C.SKEP_OUT_OF_DEVICE_MEMORY
	Cancelled          Status = C.SKEP_CANCELLED
	DeadlineExceeded   Status = C.SKEP_DEADLINE_EXCEEDED
	Busy               Status = C.SKEP_BUSY
	FileNotFound       Status = C.SKEP_FILE_NOT_FOUND
	FileNotReadable    Status = C.SKEP_FILE_NOT_READABLE
	FileNotWritable    Status = C.SKEP_FILE_NOT_WRITABLE
	FileUnknownFormat  Status = C.SKEP_FILE_UNKNOWN_FORMAT
	FileTruncated      Status = C.SKEP_FILE_TRUNCATED
	FileCorrupt        Status = C.SKEP_FILE_CORRUPT
	FileTooNew         Status = C.SKEP_FILE_TOO_NEW
	FileImpossibleSize Status = C.SKEP_FILE_IMPOSSIBLE_SIZE
	DiskFull           Status = C.SKEP_DISK_FULL
	IOFailed           Status = C.SKEP_IO_FAILED
	ManifestInvalid    Status = C.SKEP_MANIFEST_INVALID
	PathNotTrusted     Status = C.SKEP_PATH_NOT_TRUSTED
	LibraryNotLoadable Status = C.SKEP_LIBRARY_NOT_LOADABLE
	EntrySymbolMissing Status = C.SKEP_ENTRY_SYMBOL_MISSING
	ABIMismatch        Status = C.SKEP_ABI_MISMATCH
	OperationMissing   Status = C.SKEP_OPERATION_MISSING
	RequirementNotMet  Status = C.SKEP_REQUIREMENT_NOT_MET
	BackendNameClash   Status = C.SKEP_BACKEND_NAME_CLASH
	Vetoed             Status = C.SKEP_VETOED
	Internal           Status = C.SKEP_INTERNAL
	BackendMisbehaved  Status = C.SKEP_BACKEND_MISBEHAVED
)

// Error is the name in status.h: "SKEP_DUPLICATE_KEY".
func (status Status) Error() string {
	return C.GoString(C.skep_status_name(C.skep_status(status)))
}

// Layer says where an error arose.
type Layer int32

// Layers, from the caller down.
const (
	ClientLayer  Layer = C.SKEP_LAYER_CLIENT
	CoreLayer    Layer = C.SKEP_LAYER_CORE
	LoaderLayer  Layer = C.SKEP_LAYER_LOADER
	BackendLayer Layer = C.SKEP_LAYER_BACKEND
	DriverLayer  Layer = C.SKEP_LAYER_DRIVER
)

// Error is a failed call. errors.Is finds its Status and, where a context stopped the call, the context's
// error.
type Error struct {
	Status     Status
	Layer      Layer
	NativeCode int64  // errno or a driver's result, where there is one
	Message    string // operation, value, expectation
	cause      error
}

func (err *Error) Error() string { return err.Message }

// Is makes errors.Is(err, skep.KeyNotFound) work.
func (err *Error) Is(target error) bool {
	status, isStatus := target.(Status)
	return isStatus && status == err.Status
}

// Unwrap is the context's error where a context stopped the call.
func (err *Error) Unwrap() error { return err.cause }

func clientError(status Status, format string, arguments ...any) error {
	return &Error{Status: status, Layer: ClientLayer, Message: fmt.Sprintf(format, arguments...)}
}

// check makes a call that takes its error last.
func check(call func(*C.skep_error) C.skep_status) error {
	var plain C.skep_error
	plain.struct_size = C.sizeof_skep_error
	status := call(&plain)
	if status == C.SKEP_OK {
		return nil
	}
	return &Error{
		Status:     Status(status),
		Layer:      Layer(plain.layer),
		NativeCode: int64(plain.native_code),
		Message:    C.GoString(&plain.message[0]),
	}
}
