// SPDX-License-Identifier: MIT

// Package skep searches nearest neighbours on whatever device is there: on the GPU where there is an NVIDIA
// driver, on the CPU everywhere else. It wraps skep.h, where what each call does, costs and allows beside it
// is told.
//
// Handles (Runtime, Collection, Filter, Vectors) may be used by any number of goroutines at once and in any
// order of closing. Calls that may take long have a context: when it ends they stop, and change nothing.
package skep
