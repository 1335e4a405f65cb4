// SPDX-License-Identifier: MIT

package skep

// #include "shim.h"
import "C"

import "context"

// OpenOptions say how a file is opened; the zero value will do.
type OpenOptions struct {
	Device        string // "": the best one
	Map           bool   // use rows in place where the device can; the file must not change meanwhile
	SkipChecksums bool   // check structure only: for files of your own on storage that you trust
}

// Open opens a saved collection. Damaged files are refused.
func (r *Runtime) Open(ctx context.Context, path string, options OpenOptions) (*Collection, error) {
	var flags C.uint32_t
	if options.Map {
		flags |= C.SKEP_OPEN_MAP
	}
	if options.SkipChecksums {
		flags |= C.SKEP_OPEN_SKIP_CHECKSUMS
	}
	return r.fromFile(ctx, "open", path, options.Device,
		func(runtime *C.skep_runtime, path, device *C.char, call C.go_call, out **C.skep_collection, e *C.skep_error) C.skep_status {
			return C.go_collection_open(runtime, path, device, flags, call, out, e)
		})
}

// HnswlibOptions say what an index file of hnswlib was made for, which it does not tell itself.
type HnswlibOptions struct {
	Metric Metric // L2 for its L2 space, InnerProduct, or Cosine, whose rows are then of unit length
	Dtype  Dtype  // what the rows become here
	Device string // "": the best one
}

// ImportHnswlib makes a new collection of index HNSW with what is in an index file of hnswlib.
func (r *Runtime) ImportHnswlib(ctx context.Context, path string, options HnswlibOptions) (*Collection, error) {
	return r.fromFile(ctx, "import hnswlib", path, options.Device,
		func(runtime *C.skep_runtime, path, device *C.char, call C.go_call, out **C.skep_collection, e *C.skep_error) C.skep_status {
			return C.go_import_hnswlib(runtime, path, C.skep_metric(options.Metric), C.skep_dtype(options.Dtype), device, call, out, e)
		})
}

type fromFileCall func(*C.skep_runtime, *C.char, *C.char, C.go_call, **C.skep_collection, *C.skep_error) C.skep_status

func (r *Runtime) fromFile(ctx context.Context, operation, path, device string, make fromFileCall) (made *Collection, err error) {
	pathText, releasePath, err := cString(operation, path)
	if err != nil {
		return nil, err
	}
	defer releasePath()
	deviceText, releaseDevice, err := cString(operation, deviceName(device))
	if err != nil {
		return nil, err
	}
	defer releaseDevice()
	err = r.with(operation, func(runtime *C.skep_runtime) error {
		var plain *C.skep_collection
		err := stoppable(ctx, nil, func(call C.go_call, e *C.skep_error) C.skep_status {
			return make(runtime, pathText, deviceText, call, &plain, e)
		})
		if err == nil {
			made, err = adoptCollection(plain, r.callbacks)
		}
		return err
	})
	return made, err
}

// Save writes the collection as it is now to a .skep file, which is there whole at every moment.
func (c *Collection) Save(ctx context.Context, path string) error {
	return c.toFile(ctx, "save", path, func(pointer *C.skep_collection, path *C.char, call C.go_call, e *C.skep_error) C.skep_status {
		return C.go_save(pointer, path, call, e)
	})
}

// ExportHnswlib writes an hnsw collection with NumberKeys for hnswlib.
func (c *Collection) ExportHnswlib(ctx context.Context, path string) error {
	return c.toFile(ctx, "export hnswlib", path, func(pointer *C.skep_collection, path *C.char, call C.go_call, e *C.skep_error) C.skep_status {
		return C.go_export_hnswlib(pointer, path, call, e)
	})
}

func (c *Collection) toFile(ctx context.Context, operation, path string, write func(*C.skep_collection, *C.char, C.go_call, *C.skep_error) C.skep_status) error {
	text, release, err := cString(operation, path)
	if err != nil {
		return err
	}
	defer release()
	return c.with(operation, func(pointer *C.skep_collection) error {
		return stoppable(ctx, nil, func(call C.go_call, e *C.skep_error) C.skep_status { return write(pointer, text, call, e) })
	})
}

// DescribeFile tells what is in a .skep file, as JSON; it reads the header and the metadata only.
func DescribeFile(path string) (description string, err error) {
	text, release, err := cString("describe", path)
	if err != nil {
		return "", err
	}
	defer release()
	var list *C.skep_byte_list
	if err := check(func(e *C.skep_error) C.skep_status { return C.skep_file_describe(text, &list, e) }); err != nil {
		return "", err
	}
	return takeNames(list)[0], nil
}
