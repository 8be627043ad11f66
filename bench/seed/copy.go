package seed

import (
	"context"
	"sync"

	"github.com/coatcheck/coatcheck/bench/protocol"
	"github.com/coatcheck/coatcheck/bench/server"
	"github.com/coatcheck/coatcheck/sessions"
)

// copiers is how many sessions are copied at once.
const copiers = 16

// Copy stores the sessions of a database in another engine as well, and returns their keys
// there.
func Copy(ctx context.Context, s protocol.Server, keys []string) ([]string, error) {
	db, err := server.Open(ctx, s.Database)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // it was only read
	from, err := server.Store(ctx, db, protocol.Server{})
	if err != nil {
		return nil, err
	}
	to, err := server.Store(ctx, db, s)
	if err != nil {
		return nil, err
	}
	copied := make([]string, len(keys))
	errs := make([]error, copiers)
	var all sync.WaitGroup
	for i := range copiers {
		all.Go(func() {
			for n := i; n < len(keys) && errs[i] == nil; n += copiers {
				copied[n], errs[i] = copyOne(ctx, from, to, keys[n])
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return copied, nil
}

func copyOne(ctx context.Context, from, to sessions.Store, key string) (string, error) {
	record, err := from.Load(ctx, key)
	if err != nil {
		return "", err
	}
	if err := to.Create(ctx, key, record); err != nil {
		return "", err
	}
	if record.Key != "" { // made of what the session holds
		return record.Key, nil
	}
	return key, nil
}
