// SPDX-License-Identifier: MIT

//go:build !skep_cgo_flags

package skep

// #cgo pkg-config: skep-core
import "C"
