// SPDX-License-Identifier: MIT

package skep_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"skep"
)

// calls of one case, made through this package: its collections, filters and files by name.
type calls struct {
	test        testing.TB
	folder      string
	device      string
	runtime     *skep.Runtime
	collections map[string]*skep.Collection
	filters     map[string]*skep.Filter
}

func newCalls(test testing.TB) *calls {
	runtime, err := skep.NewRuntime(nil)
	if err != nil {
		test.Fatal(err)
	}
	device := os.Getenv("SKEP_CONFORMANCE_DEVICE")
	if device == "" {
		device = "cpu"
	}
	return &calls{test, test.TempDir(), device, runtime, map[string]*skep.Collection{}, map[string]*skep.Filter{}}
}

func (c *calls) close() {
	for _, filter := range c.filters {
		filter.Close()
	}
	for _, collection := range c.collections {
		collection.Close()
	}
	c.runtime.Close()
}

// has tells whether this device or language has what a word of "requires" asks for.
func (c *calls) has(requirement string) bool {
	device, err := c.runtime.FindDevice(c.device)
	if err != nil {
		c.test.Fatal(err)
	}
	switch requirement {
	case "raw_key_bytes", "closed_handles":
		return true
	case "range_search":
		return device.Has(skep.CanRangeSearch)
	case "graph":
		return device.Has(skep.CanGraph)
	case "graph_transfer":
		return device.Has(skep.CanTransferGraphs)
	}
	c.test.Fatalf("unknown requirement: %s", requirement)
	return false
}

func text(step object, field, fallback string) string {
	if value, isText := step[field].(string); isText {
		return value
	}
	return fallback
}

func flag(step object, field string) bool {
	value, _ := step[field].(bool)
	return value
}

func dtypeOf(step object, field string, fallback skep.Dtype) skep.Dtype {
	name, isGiven := step[field].(string)
	if !isGiven {
		return fallback
	}
	dtype, err := skep.DtypeFromName(name)
	if err != nil {
		panic(err)
	}
	return dtype
}

func metricOf(step object) skep.Metric {
	metric, err := skep.MetricFromName(text(step, "metric", "l2"))
	if err != nil {
		panic(err)
	}
	return metric
}

func (c *calls) collection(step object) *skep.Collection {
	return c.collections[text(step, "on", "collection")]
}

// stop gives what stops a call as the step's "control" says.
func stop(step object) (ctx context.Context, cancel context.CancelFunc, progress skep.Progress) {
	switch text(step, "control", "") {
	case "expired":
		ctx, cancel = context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
		return ctx, cancel, nil
	case "progress":
		progress = func(done, total uint64) bool { return false }
	}
	ctx, cancel = context.WithCancel(context.Background())
	if step["control"] == "cancelled" {
		cancel()
	}
	return ctx, cancel, progress
}

// make makes the call of a step and returns its answer.
func (c *calls) make(step object) (object, error) {
	call := step["call"].(string)
	if _, hasFile := step["file"]; hasFile {
		return c.makeOnFile(call, step)
	}
	switch call {
	case "create":
		return nil, c.create(step)
	case "close":
		return nil, c.closeOne(step["what"].(string))
	case "make_filter":
		return nil, c.makeFilter(step)
	case "convert", "ground_truth", "recall", "similarity", "find_device", "status_name", "metric_from_name",
		"dtype_from_name", "index_kind_from_name":
		return c.makeOnRuntime(call, step)
	case "add", "upsert", "remove", "clear", "compact", "reserve":
		return c.write(call, step)
	case "search", "range_search":
		return c.search(call, step)
	}
	return c.read(call, step)
}

func (c *calls) keep(step object, made *skep.Collection, err error) error {
	if err == nil {
		c.collections[text(step, "as", "collection")] = made
	}
	return err
}

func (c *calls) create(step object) error {
	index, err := skep.IndexKindFromName(text(step, "index", "flat"))
	if err != nil {
		return err
	}
	kind := skep.NumberKeys
	if text(step, "key_kind", "u64") == "string" {
		kind = skep.NameKeys
	}
	made, err := c.runtime.Create(skep.CollectionOptions{
		Dim: intOf(step["dim"]), Metric: metricOf(step), Dtype: dtypeOf(step, "dtype", skep.Float32), Index: index,
		Keys: kind, Device: text(step, "device", c.device), ReserveRows: uint64(intOf(step["reserve_rows"])), M: uint32(intOf(step["m"])),
		EfConstruction: uint32(intOf(step["ef_construction"])), Seed: uint64(intOf(step["seed"])),
	})
	return c.keep(step, made, err)
}

func (c *calls) closeOne(name string) error {
	if filter, isFilter := c.filters[name]; isFilter {
		return filter.Close()
	}
	return c.collections[name].Close()
}

func (c *calls) makeFilter(step object) error {
	collection := c.collection(step)
	keys := keysOf(step["keys"], collection.Info().Keys)
	make := collection.Allow
	if step["mode"] == "deny" {
		make = collection.Deny
	}
	made, err := make(keys)
	if err == nil {
		c.filters[text(step, "as", "filter")] = made
	}
	return err
}

func (c *calls) makeOnFile(call string, step object) (object, error) {
	ctx := context.Background()
	path := filepath.Join(c.folder, step["file"].(string))
	switch call {
	case "write_file":
		return nil, os.WriteFile(path, []byte(textOf(step["text"])), 0o600)
	case "cut_file", "flip_byte":
		bytes, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		position := len(bytes) - intOf(step["bytes_from_end"])
		if call == "cut_file" {
			bytes = bytes[:position]
		} else {
			bytes[position] = ^bytes[position]
		}
		return nil, os.WriteFile(path, bytes, 0o600)
	case "save":
		return nil, c.collection(step).Save(ctx, path)
	case "export_hnswlib":
		return nil, c.collection(step).ExportHnswlib(ctx, path)
	case "open":
		opened, err := c.runtime.Open(ctx, path, skep.OpenOptions{
			Device: text(step, "device", c.device), Map: flag(step, "map"), SkipChecksums: flag(step, "skip_checksums"),
		})
		return nil, c.keep(step, opened, err)
	case "import_hnswlib":
		imported, err := c.runtime.ImportHnswlib(ctx, path, skep.HnswlibOptions{
			Metric: metricOf(step), Dtype: dtypeOf(step, "dtype", skep.Float32), Device: c.device,
		})
		return nil, c.keep(step, imported, err)
	case "describe":
		description, err := skep.DescribeFile(path)
		if err != nil {
			return nil, err
		}
		var described struct{ Collection object }
		if err := json.Unmarshal([]byte(description), &described); err != nil {
			return nil, err
		}
		answer := object{}
		for field, value := range described.Collection {
			answer["collection."+field] = value
		}
		return answer, nil
	case "write_vectors":
		return nil, skep.WriteVectors(ctx, path, rowsOf(step["rows"], dtypeOf(step, "dtype", skep.Float32), 0))
	case "read_vectors":
		rows, err := skep.ReadVectors(path)
		if err != nil {
			return nil, err
		}
		return object{"rows": componentsOf(rows), "dtype": rows.Dtype().String()}, nil
	}
	return nil, fmt.Errorf("unknown call: %s", call)
}

func (c *calls) makeOnRuntime(call string, step object) (object, error) {
	name := text(step, "name", "")
	switch call {
	case "convert":
		rows := rowsOf(step["rows"], dtypeOf(step, "from", skep.Float32), 0)
		converted, err := skep.Convert(rows, dtypeOf(step, "to", skep.Float32))
		if err != nil {
			return nil, err
		}
		return object{"rows": componentsOf(converted)}, nil
	case "ground_truth":
		return c.groundTruth(step)
	case "recall":
		var keys []uint64
		for _, query := range list(step["keys"]) {
			for _, key := range list(query) {
				keys = append(keys, keyOf(key))
			}
		}
		distances := skep.Components[float32](rowsOf(step["distances"], skep.Float32, 0))
		truth := skep.Components[float32](rowsOf(step["true_distances"], skep.Float32, 0))
		share, err := skep.Recall(len(list(step["keys"])), keys, distances, truth)
		return object{"recall": share}, err
	case "similarity":
		return object{"similarity": float64(skep.Similarity(metricOf(step), float32(numberOf(step["distance"]))))}, nil
	case "find_device":
		device, err := c.runtime.FindDevice(name)
		return object{"id": device.ID, "backend": device.Backend}, err
	case "status_name":
		return object{"name": skep.Status(intOf(step["number"])).Error()}, nil
	case "metric_from_name":
		metric, err := skep.MetricFromName(name)
		return object{"name": metric.String()}, err
	case "dtype_from_name":
		dtype, err := skep.DtypeFromName(name)
		return object{"name": dtype.String()}, err
	}
	kind, err := skep.IndexKindFromName(name)
	return object{"name": kind.String()}, err
}

func (c *calls) groundTruth(step object) (object, error) {
	dtype := dtypeOf(step, "dtype", skep.Float32)
	base, queries, k := rowsOf(step["base"], dtype, 0), rowsOf(step["queries"], dtype, 0), intOf(step["k"])
	ids, distances, err := c.runtime.GroundTruth(context.Background(), base, queries, metricOf(step), k)
	if err != nil {
		return nil, err
	}
	allIDs, allDistances := []any{}, []any{}
	for query := 0; query < queries.Len(); query++ {
		foundIDs, foundDistances := []any{}, []any{}
		for position := query * k; position < query*k+k && ids[position] != skep.NoRow; position++ {
			foundIDs = append(foundIDs, ids[position])
			foundDistances = append(foundDistances, float64(distances[position]))
		}
		allIDs, allDistances = append(allIDs, foundIDs), append(allDistances, foundDistances)
	}
	return object{"ids": allIDs, "distances": allDistances}, nil
}

func (c *calls) write(call string, step object) (object, error) {
	collection := c.collection(step)
	info := collection.Info()
	ctx, cancel, progress := stop(step)
	defer cancel()
	var keys *skep.Keys
	if _, hasKeys := step["keys"]; hasKeys {
		keys = keysOf(step["keys"], info.Keys)
	}
	switch call {
	case "remove":
		return nil, collection.Remove(keys)
	case "clear":
		return nil, collection.Clear()
	case "compact":
		return nil, collection.Compact(ctx)
	case "reserve":
		return nil, collection.Reserve(uint64(intOf(step["num_rows"])))
	}
	rows := rowsOf(step["rows"], dtypeOf(step, "dtype", info.Dtype), info.Dim)
	batch := skep.Batch{Keys: keys, Payloads: payloadsOf(step["payloads"]), Progress: progress}
	if call == "upsert" {
		return nil, collection.Upsert(ctx, rows, batch)
	}
	firstKey, err := collection.AddBatch(ctx, rows, batch)
	return object{"first_key": firstKey}, err
}

func anyList[T any](items []T) []any {
	all := []any{}
	for _, item := range items {
		all = append(all, item)
	}
	return all
}

func textList(items [][]byte) []any {
	all := []any{}
	for _, item := range items {
		all = append(all, string(item))
	}
	return all
}

func (c *calls) read(call string, step object) (object, error) {
	collection := c.collection(step)
	info := collection.Info()
	switch call {
	case "count":
		count, err := collection.Count()
		return object{"count": count}, err
	case "keys":
		if info.Keys == skep.NameKeys {
			names, err := collection.Names()
			return object{"keys": anyList(names)}, err
		}
		numbers, err := collection.Numbers()
		return object{"keys": anyList(numbers)}, err
	case "contains":
		found, err := collection.Contains(keysOf(step["keys"], info.Keys))
		return object{"found": anyList(found)}, err
	case "get":
		read := collection.Get
		if flag(step, "allow_missing") {
			read = collection.Find
		}
		got, err := read(keysOf(step["keys"], info.Keys))
		if err != nil {
			return nil, err
		}
		return object{"rows": componentsOf(got.Rows), "payloads": textList(got.Payloads), "found": anyList(got.Found)}, nil
	case "device":
		device, err := collection.Device()
		return object{"id": device.ID, "backend": device.Backend}, err
	case "info":
		return object{
			"dim": info.Dim, "metric": info.Metric.String(), "dtype": info.Dtype.String(), "index": info.Index.String(),
			"key_kind": info.Keys.String(), "m": info.M, "ef_construction": info.EfConstruction, "seed": info.Seed,
		}, nil
	case "stats":
		stats, err := collection.Stats()
		return object{
			"num_rows": stats.NumRows, "num_removed": stats.NumRemoved, "num_searches": stats.NumSearches,
			"num_linked": stats.NumLinked,
		}, err
	}
	return nil, fmt.Errorf("unknown call: %s", call)
}

func (c *calls) search(call string, step object) (object, error) {
	collection := c.collection(step)
	info := collection.Info()
	queries := rowsOf(step["queries"], dtypeOf(step, "dtype", info.Dtype), info.Dim)
	ctx, cancel, progress := stop(step)
	defer cancel()
	options := skep.SearchOptions{
		K: intOf(step["k"]), EfSearch: uint32(intOf(step["ef_search"])), Payloads: true, Progress: progress,
		Filter: c.filters[text(step, "filter", "")],
	}
	if call == "range_search" {
		hits, err := collection.RangeSearch(ctx, queries, float32(numberOf(step["radius"])), options)
		if err != nil {
			return nil, err
		}
		return answersOf(hits.NumQueries(), info.Keys, hits.Of), nil
	}
	hits, err := collection.SearchWith(ctx, queries, options)
	if err != nil {
		return nil, err
	}
	c.checkMissing(hits)
	return answersOf(hits.NumQueries, info.Keys, hits.Of), nil
}

// checkMissing: past the answers found stands what skep.h says of missing ones.
func (c *calls) checkMissing(hits *skep.Hits) {
	for query := 0; query < hits.NumQueries; query++ {
		for position := query*hits.K + int(hits.Counts[query]); position < (query+1)*hits.K; position++ {
			hasKey := hits.Numbers != nil && hits.Numbers[position] != math.MaxUint64 || hits.Names != nil && hits.Names[position] != ""
			if hasKey || !math.IsInf(float64(hits.Distances[position]), 1) || len(hits.Payloads[position]) != 0 {
				c.test.Errorf("a missing answer has a key, a distance or a payload: query %d", query)
			}
		}
	}
}

// answersOf lists keys, distances and payloads, one list per query.
func answersOf(numQueries int, kind skep.KeyKind, of func(int) []skep.Hit) object {
	keys, distances, payloads := []any{}, []any{}, []any{}
	for query := 0; query < numQueries; query++ {
		queryKeys, queryDistances, queryPayloads := []any{}, []any{}, []any{}
		for _, hit := range of(query) {
			if kind == skep.NameKeys {
				queryKeys = append(queryKeys, hit.Name)
			} else {
				queryKeys = append(queryKeys, hit.Number)
			}
			queryDistances = append(queryDistances, float64(hit.Distance))
			queryPayloads = append(queryPayloads, string(hit.Payload))
		}
		keys, distances, payloads = append(keys, queryKeys), append(distances, queryDistances), append(payloads, queryPayloads)
	}
	return object{"keys": keys, "distances": distances, "payloads": payloads}
}
