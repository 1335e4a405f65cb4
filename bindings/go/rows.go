// SPDX-License-Identifier: MIT

package skep

// #include "shim.h"
import "C"

import "unsafe"

// F16 and BF16 are the bits of elements that Go has no type for.
type (
	F16  uint16
	BF16 uint16
)

// Element is what rows may be made of.
type Element interface {
	float32 | F16 | BF16 | int8 | uint8 | int32
}

func dtypeOf[T Element]() Dtype {
	var zero T
	switch any(zero).(type) {
	case F16:
		return Float16
	case BF16:
		return BFloat16
	case int8:
		return Int8
	case uint8:
		return Uint8
	case int32:
		return Int32
	}
	return Float32
}

func elementSize(dtype Dtype) int {
	switch dtype {
	case Int8, Uint8:
		return 1
	case Float16, BFloat16:
		return 2
	}
	return 4
}

// Rows is a row-major matrix of any element type. It shares the slice it was made of.
type Rows struct {
	dtype   Dtype
	numRows int
	dim     int
	data    unsafe.Pointer
}

// RowsOf takes components row by row, dim of them each.
func RowsOf[T Element](components []T, dim int) (Rows, error) {
	if dim < 0 || dim > 1<<31-1 || (dim == 0 && len(components) != 0) || (dim != 0 && len(components)%dim != 0) {
		return Rows{}, clientError(DimensionMismatch, "rows: %d components do not divide into rows of %d", len(components), dim)
	}
	rows := Rows{dtype: dtypeOf[T](), dim: dim, data: unsafe.Pointer(first(components))}
	if dim != 0 {
		rows.numRows = len(components) / dim
	}
	return rows, nil
}

// Row makes rows of one.
func Row[T Element](components ...T) Rows {
	return Rows{dtype: dtypeOf[T](), numRows: 1, dim: len(components), data: unsafe.Pointer(first(components))}
}

// Components are those of rows of type T, row by row; nil for another type.
func Components[T Element](rows Rows) []T {
	if rows.dtype != dtypeOf[T]() || rows.data == nil {
		return nil
	}
	return unsafe.Slice((*T)(rows.data), rows.numRows*rows.dim)
}

// Dtype is the element type.
func (rows Rows) Dtype() Dtype { return rows.dtype }

// Len is how many rows.
func (rows Rows) Len() int { return rows.numRows }

// Dim is how many components a row has.
func (rows Rows) Dim() int { return rows.dim }

// makeRows allocates zeros.
func makeRows(dtype Dtype, numRows, dim int) Rows {
	words := make([]uint32, (numRows*dim*elementSize(dtype)+3)/4) // aligned for every element type
	return Rows{dtype: dtype, numRows: numRows, dim: dim, data: unsafe.Pointer(first(words))}
}

func (rows Rows) plain() C.go_matrix {
	return C.go_matrix{
		dtype: C.skep_dtype(rows.dtype), dim: C.uint32_t(rows.dim), num_rows: C.uint64_t(rows.numRows), data: rows.data,
	}
}

// first is the address of the first element, nil where there is none.
func first[T any](items []T) *T {
	if len(items) == 0 {
		return nil
	}
	return &items[0]
}
