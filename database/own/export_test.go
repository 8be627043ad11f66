package own

import (
	"testing"
	"testing/fstest"
	"time"
)

// At returns the store with a clock of the test's.
func (s *Store) At(now func() time.Time) *Store {
	set := *s
	set.clock = now
	return &set
}

// Only has the migrations of these files, by their names, in the place of all. What is empty
// is the file of that name in the package.
func Only(t *testing.T, texts map[string]string) {
	t.Helper()
	instead := fstest.MapFS{}
	for name, text := range texts {
		data := []byte(text)
		if text == "" {
			var err error
			if data, err = files.ReadFile(name); err != nil {
				t.Fatal(err)
			}
		}
		instead[name] = &fstest.MapFile{Data: data}
	}
	before := source
	source = instead
	t.Cleanup(func() { source = before })
}
