// SPDX-License-Identifier: MIT

package skep

// #include <stdlib.h>
// #include "shim.h"
import "C"

import "unsafe"

// Metric says how two vectors are compared. Distances ascend in every metric.
type Metric int32

// Metrics. A zeroed CollectionOptions asks for Cosine.
const (
	Cosine       Metric = C.SKEP_METRIC_COSINE        // 1 - q.x / (|q| |x|); 1 if either is the zero vector
	L2           Metric = C.SKEP_METRIC_L2            // sum of squared differences
	InnerProduct Metric = C.SKEP_METRIC_INNER_PRODUCT // the negated dot product
)

// Dtype is the element type of rows.
type Dtype int32

// Element types; Int32 is for row numbers in vector files alone.
const (
	Float32  Dtype = C.SKEP_DTYPE_F32
	Float16  Dtype = C.SKEP_DTYPE_F16
	BFloat16 Dtype = C.SKEP_DTYPE_BF16
	Int8     Dtype = C.SKEP_DTYPE_I8
	Uint8    Dtype = C.SKEP_DTYPE_U8
	Int32    Dtype = C.SKEP_DTYPE_I32
)

// IndexKind says how a collection finds neighbours.
type IndexKind int32

// Index kinds.
const (
	Flat IndexKind = C.SKEP_INDEX_FLAT // exact
	HNSW IndexKind = C.SKEP_INDEX_HNSW // a graph
)

// KeyKind says what identifies a row.
type KeyKind int32

// Key kinds, one per collection.
const (
	NumberKeys KeyKind = C.SKEP_KEY_U64
	NameKeys   KeyKind = C.SKEP_KEY_STRING // UTF-8 of 1 to 256 bytes
)

func (metric Metric) String() string { return C.GoString(C.skep_metric_name(C.skep_metric(metric))) }
func (dtype Dtype) String() string   { return C.GoString(C.skep_dtype_name(C.skep_dtype(dtype))) }
func (kind IndexKind) String() string {
	return C.GoString(C.skep_index_kind_name(C.skep_index_kind(kind)))
}
func (kind KeyKind) String() string {
	if kind == NameKeys {
		return "string"
	}
	return "u64"
}

// MetricFromName also takes "euclidean" and "dot_product".
func MetricFromName(name string) (Metric, error) {
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	var metric C.skep_metric
	err := check(func(e *C.skep_error) C.skep_status { return C.skep_metric_from_name(text, &metric, e) })
	return Metric(metric), err
}

// DtypeFromName is Dtype.String turned round.
func DtypeFromName(name string) (Dtype, error) {
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	var dtype C.skep_dtype
	err := check(func(e *C.skep_error) C.skep_status { return C.skep_dtype_from_name(text, &dtype, e) })
	return Dtype(dtype), err
}

// IndexKindFromName is IndexKind.String turned round.
func IndexKindFromName(name string) (IndexKind, error) {
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	var kind C.skep_index_kind
	err := check(func(e *C.skep_error) C.skep_status { return C.skep_index_kind_from_name(text, &kind, e) })
	return IndexKind(kind), err
}

// Similarity is the higher-is-better score of a distance.
func Similarity(metric Metric, distance float32) float32 {
	return float32(C.skep_similarity(C.skep_metric(metric), C.float(distance)))
}

// Version of libskep: "0.1.0".
func Version() string { return C.GoString(C.skep_version()) }
