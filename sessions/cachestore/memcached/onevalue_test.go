package memcached_test

import (
	"context"
	"time"

	"github.com/coatcheck/coatcheck/sessions/cachestore"
)

// oneValue is a cache that has the same value under every key.
type oneValue struct{ value string }

func (c *oneValue) Get(context.Context, string) (cachestore.Entry, error) {
	return cachestore.Entry{Value: c.value}, nil
}

func (c *oneValue) Add(context.Context, string, string, time.Duration) error { return nil }

func (c *oneValue) Swap(context.Context, string, string, string, time.Duration) error { return nil }

func (c *oneValue) Set(context.Context, string, string, time.Duration) error { return nil }

func (c *oneValue) Delete(context.Context, string) error { return nil }

func (c *oneValue) DeleteIf(context.Context, string, string) error { return nil }
