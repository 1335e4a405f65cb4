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

// ReadVectors reads a vector file: fvecs, bvecs, ivecs, fbin, u8bin, i8bin, ibin or npy.
func ReadVectors(path string) (Rows, error) {
	text, release, err := cString("read vectors", path)
	if err != nil {
		return Rows{}, err
	}
	defer release()
	var vectors *C.skep_vectors
	if err := check(func(e *C.skep_error) C.skep_status { return C.skep_vectors_open(text, &vectors, e) }); err != nil {
		return Rows{}, err
	}
	defer C.skep_vectors_close(vectors)
	var view C.skep_matrix
	view.struct_size = C.uint32_t(unsafe.Sizeof(view))
	if err := check(func(e *C.skep_error) C.skep_status { return C.skep_vectors_view(vectors, &view, e) }); err != nil {
		return Rows{}, err
	}
	rows := makeRows(Dtype(view.dtype), int(view.num_rows), int(view.dim))
	if rows.data != nil {
		C.go_copy_rows(&view, C.uint64_t(rows.dim*elementSize(rows.dtype)), rows.data)
	}
	return rows, nil
}

// WriteVectors writes rows in the format of the path's extension; what that cannot hold exactly fails the call.
func WriteVectors(ctx context.Context, path string, rows Rows) error {
	text, release, err := cString("write vectors", path)
	if err != nil {
		return err
	}
	defer release()
	return stoppable(ctx, nil, func(call C.go_call, e *C.skep_error) C.skep_status {
		return C.go_vectors_write(text, rows.plain(), call, e)
	})
}

// Convert makes rows of another element type, rounded to its nearest value, ties to even.
func Convert(rows Rows, dtype Dtype) (Rows, error) {
	converted := makeRows(dtype, rows.numRows, rows.dim)
	err := check(func(e *C.skep_error) C.skep_status { return C.go_vectors_convert(rows.plain(), converted.plain(), e) })
	if err != nil {
		return Rows{}, err
	}
	return converted, nil
}

// NoRow marks a missing answer of GroundTruth.
const NoRow uint32 = C.SKEP_NO_ROW

// GroundTruth finds the k nearest base rows of each query by a plain double-precision scan. Both lists are
// k per query, padded with NoRow and +Inf.
func (r *Runtime) GroundTruth(ctx context.Context, base, queries Rows, metric Metric, k int) (ids []uint32, distances []float32, err error) {
	if k < 0 {
		return nil, nil, clientError(InvalidK, "ground truth: k is %d; expected 1 or more", k)
	}
	if high, low := bits.Mul64(uint64(queries.Len()), uint64(k)); high != 0 || low > math.MaxInt64/8 {
		return nil, nil, clientError(LimitExceeded, "ground truth: %d queries times k %d exceeds the address space", queries.Len(), k)
	}
	ids, distances = make([]uint32, queries.Len()*k), make([]float32, queries.Len()*k)
	err = r.with("ground truth", func(pointer *C.skep_runtime) error {
		return stoppable(ctx, nil, func(call C.go_call, e *C.skep_error) C.skep_status {
			return C.go_ground_truth(pointer, base.plain(), queries.plain(), C.skep_metric(metric), C.uint64_t(k),
				(*C.uint32_t)(first(ids)), (*C.float)(first(distances)), call, e)
		})
	})
	if err != nil {
		return nil, nil, err
	}
	return ids, distances, nil
}

// Recall is the share of the true nearest that was found, averaged over queries. keys and distances: k per
// query; trueDistances: as many or more per query, ascending.
func Recall(numQueries int, keys []uint64, distances, trueDistances []float32) (share float64, err error) {
	divides := func(length int) bool { return numQueries > 0 && length%numQueries == 0 }
	if !divides(len(keys)) || len(distances) != len(keys) || !divides(len(trueDistances)) {
		return 0, clientError(InvalidArgument,
			"recall: %d keys, %d distances, %d true distances; expected num_queries (%d) times k, the same, num_queries times truth_k",
			len(keys), len(distances), len(trueDistances), numQueries)
	}
	err = check(func(e *C.skep_error) C.skep_status {
		return C.skep_recall(C.uint64_t(numQueries), C.uint64_t(len(keys)/numQueries), (*C.uint64_t)(first(keys)),
			(*C.float)(first(distances)), C.uint64_t(len(trueDistances)/numQueries), (*C.float)(first(trueDistances)),
			(*C.double)(&share), e)
	})
	return share, err
}
