// SPDX-License-Identifier: MIT

package skep_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"skep"
)

const dim = 8

func openCollection(test testing.TB) (*skep.Runtime, *skep.Collection) {
	library, err := skep.NewRuntime(nil)
	if err != nil {
		test.Fatal(err)
	}
	collection, err := library.Create(skep.CollectionOptions{Dim: dim, Metric: skep.L2, Device: "cpu"})
	if err != nil {
		test.Fatal(err)
	}
	return library, collection
}

func rowOf(key uint64) skep.Rows {
	var row [dim]float32
	for component := range row {
		row[component] = float32(key)
	}
	return skep.Row(row[:]...)
}

func TestSixteenGoroutinesSearchWhileOneAdds(test *testing.T) {
	const numRows = 400
	ctx := context.Background()
	library, collection := openCollection(test)
	defer library.Close()
	defer collection.Close()
	if _, err := collection.Add(ctx, rowOf(0), nil); err != nil {
		test.Fatal(err)
	}
	var searchers sync.WaitGroup
	var isDone atomic.Bool
	for searcher := 0; searcher < 16; searcher++ {
		searchers.Add(1)
		go func() {
			defer searchers.Done()
			for {
				count, err := collection.Count()
				if err != nil {
					test.Error(err)
					return
				}
				hits, err := collection.Search(ctx, rowOf(count-1), 3)
				if err != nil {
					test.Error(err)
					return
				}
				if nearest := hits.Of(0)[0]; nearest.Number != count-1 || nearest.Distance != 0 {
					test.Errorf("asked for %d, found %v", count-1, nearest)
				}
				if isDone.Load() {
					return
				}
			}
		}()
	}
	for key := uint64(1); key < numRows; key++ {
		if _, err := collection.Add(ctx, rowOf(key), nil); err != nil {
			test.Fatal(err)
		}
	}
	isDone.Store(true)
	searchers.Wait()
	if count, _ := collection.Count(); count != numRows {
		test.Errorf("%d rows; expected %d", count, numRows)
	}
}

// manyRows are enough for seconds of double-precision work, were it not stopped.
func manyRows(test *testing.T) skep.Rows {
	rows, err := skep.RowsOf(make([]float32, 64*40_000), 64)
	if err != nil {
		test.Fatal(err)
	}
	return rows
}

func TestAContextStopsARunningCall(test *testing.T) {
	library, err := skep.NewRuntime(nil)
	if err != nil {
		test.Fatal(err)
	}
	defer library.Close()
	rows := manyRows(test)

	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, _, err = library.GroundTruth(ctx, rows, rows, skep.L2, 1)
	if !errors.Is(err, skep.Cancelled) || !errors.Is(err, context.Canceled) {
		test.Errorf("cancelled: %v", err)
	}

	ctx, cancel = context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, _, err = library.GroundTruth(ctx, rows, rows, skep.L2, 1)
	if !errors.Is(err, skep.DeadlineExceeded) || !errors.Is(err, context.DeadlineExceeded) {
		test.Errorf("timed out: %v", err)
	}
}

func TestClosingWaitsForRunningCalls(test *testing.T) {
	library, collection := openCollection(test)
	defer library.Close()
	var callers sync.WaitGroup
	for caller := 0; caller < 8; caller++ {
		callers.Add(1)
		go func() {
			defer callers.Done()
			for {
				if _, err := collection.Search(context.Background(), rowOf(1), 1); err != nil {
					if !errors.Is(err, skep.InvalidArgument) || !strings.Contains(err.Error(), "closed") {
						test.Error(err)
					}
					return
				}
			}
		}()
	}
	time.Sleep(5 * time.Millisecond)
	collection.Close()
	callers.Wait()
}

func TestCallbacksLiveUntilTheLastThatMayCallThem(test *testing.T) {
	var numLines atomic.Int32
	library, err := skep.NewRuntime(&skep.RuntimeOptions{
		BuiltinOnly: true, NumThreads: 1, LogLevel: skep.LogDebug,
		Log: func(skep.LogLevel, string, string) { numLines.Add(1) },
	})
	if err != nil {
		test.Fatal(err)
	}
	if numLines.Load() == 0 {
		test.Error("no line was logged")
	}
	collection, err := library.Create(skep.CollectionOptions{Dim: dim})
	if err != nil {
		test.Fatal(err)
	}
	library.Close()
	filter, err := collection.Deny(skep.Numbers(1))
	if err != nil {
		test.Fatal(err)
	}
	collection.Close()
	if err := filter.Close(); err != nil {
		test.Error(err)
	}
}

func TestARecallCanBeAskedFor(test *testing.T) {
	ctx := context.Background()
	library, err := skep.NewRuntime(nil)
	if err != nil {
		test.Fatal(err)
	}
	defer library.Close()
	collection, err := library.Create(skep.CollectionOptions{Dim: 1, Metric: skep.L2, Index: skep.HNSW, Device: "cpu"})
	if err != nil {
		test.Fatal(err)
	}
	defer collection.Close()
	rows, err := skep.RowsOf([]float32{0, 10, 20, 30}, 1)
	if err != nil {
		test.Fatal(err)
	}
	if _, err := collection.Add(ctx, rows, nil); err != nil {
		test.Fatal(err)
	}
	if efSearch, err := collection.Calibrate(ctx, 2, 1, rows); err != nil || efSearch < 2 {
		test.Errorf("%d, %v; expected at least k", efSearch, err)
	}
	hits, err := collection.SearchWith(ctx, skep.Row[float32](12), skep.SearchOptions{K: 2, Recall: 1})
	if err != nil || hits.Numbers[0] != 1 || hits.Numbers[1] != 2 {
		test.Errorf("%v, %v; expected rows 1 and 2", hits, err)
	}
	if _, err := collection.Calibrate(ctx, 2, 1.5, skep.Rows{}); !errors.Is(err, skep.InvalidArgument) {
		test.Errorf("a recall of 1.5: %v", err)
	}
}

func TestALoadMayBeRefused(test *testing.T) {
	library, err := skep.NewRuntime(&skep.RuntimeOptions{
		IgnoreEnvironment: true,
		AllowLoad:         func(backend, manifestPath, libraryPath string) bool { return false },
	})
	if err != nil {
		test.Fatal(err)
	}
	defer library.Close()
	devices, err := library.Devices()
	if err != nil || len(devices) == 0 {
		test.Fatalf("%v, %v; expected the built-in processor", devices, err)
	}
	backends, err := library.Backends()
	if err != nil {
		test.Fatal(err)
	}
	for _, backend := range backends {
		if !backend.IsBuiltin && backend.State == skep.BackendLoaded {
			test.Errorf("%s was loaded", backend.Name)
		}
	}
}

func TestHandlesThatComeAndGoLeaveNoMemory(test *testing.T) {
	ctx := context.Background()
	cycle := func() {
		library, collection := openCollection(test)
		collection.Add(ctx, rowOf(1), nil)
		filter, err := collection.Allow(skep.Numbers(0))
		if err != nil {
			test.Fatal(err)
		}
		collection.SearchWith(ctx, rowOf(1), skep.SearchOptions{K: 3, Filter: filter, Payloads: true})
		collection.RangeSearch(ctx, rowOf(1), 1, skep.SearchOptions{})
		collection.Get(skep.Numbers(0))
		filter.Close()
		collection.Close()
		library.Close()
	}
	for warmUp := 0; warmUp < 100; warmUp++ {
		cycle()
	}
	runtime.GC()
	before := residentBytes(test)
	for time := 0; time < 300; time++ {
		cycle()
	}
	runtime.GC()
	// A leak of one row, key table or stack per cycle would be some 4 KiB each; Go's own heap moves by a few MiB.
	if grown := residentBytes(test) - before; grown > 300*4096+8<<20 {
		test.Errorf("grown by %d bytes in 300 cycles", grown)
	}
}

func residentBytes(test testing.TB) int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		test.Skip(err)
	}
	pages := 0
	for _, digit := range strings.Fields(string(text))[1] {
		pages = pages*10 + int(digit-'0')
	}
	return pages * os.Getpagesize()
}

func TestReadmeShowsTheExample(test *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		test.Fatal(err)
	}
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		test.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(page), "```go\n")
	shown, _, _ = strings.Cut(shown, "```")
	if !strings.Contains(string(source), shown) || shown == "" {
		test.Error("README.md and example_test.go differ")
	}
}
