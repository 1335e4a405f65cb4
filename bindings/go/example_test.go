// SPDX-License-Identifier: MIT

package skep_test

import (
	"context"
	"fmt"
	"log"

	"skep"
)

func Example() {
	runtime, err := skep.NewRuntime(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer runtime.Close()
	words, err := runtime.Create(skep.CollectionOptions{Dim: 3, Metric: skep.Cosine, Keys: skep.NameKeys})
	if err != nil {
		log.Fatal(err)
	}
	defer words.Close()

	ctx := context.Background()
	vectors, err := skep.RowsOf([]float32{1, 0, 0, 0, 1, 0, 3, 0, 4}, 3)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := words.Add(ctx, vectors, skep.Names("bee", "wasp", "hive")); err != nil {
		log.Fatal(err)
	}
	hits, err := words.Search(ctx, skep.Row[float32](2, 0, 0), 2)
	if err != nil {
		log.Fatal(err)
	}
	for _, hit := range hits.Of(0) {
		fmt.Println(hit.Name, hit.Distance)
	}
	// Output:
	// bee 0
	// hive 0.4
}
