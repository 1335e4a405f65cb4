// SPDX-License-Identifier: MIT

package skep_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"skep"
)

// object is one of JSON; its numbers are json.Number.
type object = map[string]any

// textOf gives the bytes of a text, a {"hex"} or a {"repeat", "times"}.
func textOf(value any) string {
	if text, isText := value.(string); isText {
		return text
	}
	fields := value.(object)
	if digits, isHex := fields["hex"].(string); isHex {
		bytes, err := hex.DecodeString(digits)
		if err != nil {
			panic(err)
		}
		return string(bytes)
	}
	return strings.Repeat(fields["repeat"].(string), intOf(fields["times"]))
}

// numberOf reads a component or distance: a number, "nan", "inf" or "-inf".
func numberOf(value any) float64 {
	number, err := strconv.ParseFloat(fmt.Sprint(value), 64)
	if err != nil {
		panic(err)
	}
	return number
}

func intOf(value any) int {
	if value == nil {
		return 0
	}
	number, err := value.(json.Number).Int64()
	if err != nil {
		panic(err)
	}
	return int(number)
}

// keyOf reads a u64 key: a number, or a text of digits.
func keyOf(value any) uint64 {
	key, err := strconv.ParseUint(fmt.Sprint(value), 10, 64)
	if err != nil {
		panic(err)
	}
	return key
}

func list(value any) []any {
	items, _ := value.([]any)
	return items
}

func keysOf(value any, kind skep.KeyKind) *skep.Keys {
	var numbers []uint64
	var names []string
	for _, key := range list(value) {
		if kind == skep.NameKeys {
			names = append(names, textOf(key))
		} else {
			numbers = append(numbers, keyOf(key))
		}
	}
	if kind == skep.NameKeys {
		return skep.Names(names...)
	}
	return skep.Numbers(numbers...)
}

func payloadsOf(value any) [][]byte {
	if value == nil {
		return nil
	}
	payloads := [][]byte{}
	for _, payload := range list(value) {
		payloads = append(payloads, []byte(textOf(payload)))
	}
	return payloads
}

// halfOf converts by libskep; what that refuses must still reach the call under test.
func halfOf(number float32, dtype skep.Dtype, infinity uint16) uint16 {
	if wide := float64(number); math.IsInf(wide, 0) || math.IsNaN(wide) {
		switch {
		case math.IsNaN(wide):
			return infinity + 1
		case wide < 0:
			return infinity | 0x8000
		}
		return infinity
	}
	converted, err := skep.Convert(skep.Row(number), dtype)
	if err != nil {
		panic(err)
	}
	if dtype == skep.Float16 {
		return uint16(skep.Components[skep.F16](converted)[0])
	}
	return uint16(skep.Components[skep.BF16](converted)[0])
}

func rowsWith[T skep.Element](numbers []float64, dim int, element func(float64) T) skep.Rows {
	components := make([]T, len(numbers))
	for position, number := range numbers {
		components[position] = element(number)
	}
	rows, err := skep.RowsOf(components, dim)
	if err != nil {
		panic(err)
	}
	return rows
}

// rowsOf makes rows of an element type. dim: of an empty list.
func rowsOf(value any, dtype skep.Dtype, dim int) skep.Rows {
	var numbers []float64
	for _, row := range list(value) {
		dim = len(list(row))
		for _, number := range list(row) {
			numbers = append(numbers, numberOf(number))
		}
	}
	switch dtype {
	case skep.Float16:
		return rowsWith(numbers, dim, func(n float64) skep.F16 { return skep.F16(halfOf(float32(n), dtype, 0x7C00)) })
	case skep.BFloat16:
		return rowsWith(numbers, dim, func(n float64) skep.BF16 { return skep.BF16(halfOf(float32(n), dtype, 0x7F80)) })
	case skep.Int8:
		return rowsWith(numbers, dim, func(n float64) int8 { return int8(n) })
	case skep.Uint8:
		return rowsWith(numbers, dim, func(n float64) uint8 { return uint8(n) })
	case skep.Int32:
		return rowsWith(numbers, dim, func(n float64) int32 { return int32(n) })
	}
	return rowsWith(numbers, dim, func(n float64) float32 { return float32(n) })
}

func widen[T skep.Element](rows skep.Rows) []any {
	components := skep.Components[T](rows)
	all := []any{}
	for begin := 0; begin+rows.Dim() <= len(components) && rows.Dim() > 0; begin += rows.Dim() {
		row := []any{}
		for _, component := range components[begin : begin+rows.Dim()] {
			row = append(row, float64(component))
		}
		all = append(all, row)
	}
	return all
}

// componentsOf lists the components of rows, row by row.
func componentsOf(rows skep.Rows) []any {
	switch rows.Dtype() {
	case skep.Int8:
		return widen[int8](rows)
	case skep.Uint8:
		return widen[uint8](rows)
	case skep.Int32:
		return widen[int32](rows)
	case skep.Float32:
		return widen[float32](rows)
	}
	converted, err := skep.Convert(rows, skep.Float32)
	if err != nil {
		panic(err)
	}
	return widen[float32](converted)
}

// canonical is a field of an answer or an expectation in a form to compare: numbers as float64 (distances
// rounded to float32 first), texts as their bytes, u64 keys as uint64.
func canonical(field string, value any, kind skep.KeyKind) any {
	if items, isList := value.([]any); isList {
		all := []any{}
		for _, item := range items {
			all = append(all, canonical(field, item, kind))
		}
		return all
	}
	switch {
	case field == "keys" && kind == skep.NumberKeys:
		return keyOf(value)
	case field == "keys" || field == "payloads":
		return textOf(value)
	case field == "distances" || field == "similarity":
		return float64(float32(numberOf(value)))
	case field == "rows":
		return numberOf(value)
	}
	switch value := value.(type) {
	case json.Number, int, uint32, uint64, float64:
		return numberOf(value)
	}
	return value
}
