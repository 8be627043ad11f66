package cacheddb_test

import (
	"testing"

	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/sessions/cacheddb"
)

// TestVectors checks Django's prefix. What stands under it is as in package
// cachestore, where the other kinds are tested.
func TestVectors(t *testing.T) {
	for _, v := range vectors.Load(t, "cache_sessions") {
		if v.Kind() != "prefixes" {
			continue
		}
		var prefix string
		if v.Decode(t, "cached_db", &prefix); prefix != cacheddb.KeyPrefix {
			t.Errorf("%v: %q, want %q", v, cacheddb.KeyPrefix, prefix)
		}
	}
}
