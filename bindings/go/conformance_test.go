// SPDX-License-Identifier: MIT

package skep_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"skep"
)

type conformanceCase struct {
	Name     string
	Requires []string
	Steps    []object
}

// TestConformance runs bindings/conformance through this package, one subtest per case.
func TestConformance(test *testing.T) {
	folder := os.Getenv("SKEP_CONFORMANCE_CASES")
	if folder == "" {
		folder = filepath.Join("..", "conformance", "cases")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) == 0 {
		test.Fatalf("no table in %s: %v", folder, err)
	}
	for _, file := range files {
		var table struct {
			Topic string
			Cases []conformanceCase
		}
		reader, err := os.Open(file)
		if err != nil {
			test.Fatal(err)
		}
		decoder := json.NewDecoder(reader)
		decoder.UseNumber()
		if err := decoder.Decode(&table); err != nil {
			test.Fatal(file, err)
		}
		reader.Close()
		for _, one := range table.Cases {
			one := one
			test.Run(table.Topic+": "+one.Name, func(test *testing.T) { runCase(test, one) })
		}
	}
}

func runCase(test *testing.T, one conformanceCase) {
	calls := newCalls(test)
	defer calls.close()
	for _, requirement := range one.Requires {
		if !calls.has(requirement) {
			test.Skipf("the device lacks %s", requirement)
		}
	}
	for _, step := range one.Steps {
		answer, err := calls.make(step)
		shown, _ := json.Marshal(step)
		if expected, isError := step["error"].(object); isError {
			expectFailure(test, string(shown), expected, err)
			continue
		}
		if err != nil {
			test.Fatalf("%s\nfailed: %v", shown, err)
		}
		expected, _ := step["expect"].(object)
		kind := skep.NumberKeys
		if collection := calls.collection(step); collection != nil {
			kind = collection.Info().Keys
		}
		for field, value := range expected {
			found, isThere := answer[field]
			wanted := canonical(field, value, kind)
			if got := canonical(field, found, kind); !isThere || !reflect.DeepEqual(got, wanted) {
				test.Errorf("%s\n%s: expected %v, got %v", shown, field, wanted, got)
			}
		}
	}
}

func expectFailure(test *testing.T, step string, expected object, err error) {
	var failed *skep.Error
	if !errors.As(err, &failed) {
		test.Errorf("%s\nexpected %v, got %v", step, expected, err)
		return
	}
	if failed.Status.Error() != expected["status"] || !errors.Is(err, failed.Status) {
		test.Errorf("%s\nexpected %v, got %v", step, expected["status"], failed.Status)
	}
	for _, part := range list(expected["message"]) {
		if !strings.Contains(failed.Message, part.(string)) {
			test.Errorf("%s\nexpected %q in %q", step, part, failed.Message)
		}
	}
}
