package redis

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/rueidis"
)

// scanCount is about how many keys the server looks at for each response of SCAN.
const scanCount = 500

// List is SCAN, on each master of a cluster. Each response has the timeout of the
// configuration.
func (c *Cache) List(ctx context.Context, prefix string, f func(key string) error) error {
	for _, node := range c.client.Nodes() {
		if err := c.scan(ctx, node, globbed.Replace(prefix)+"*", f); err != nil {
			return err
		}
	}
	return nil
}

// globbed escapes the special characters of a pattern.
var globbed = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`, "^", `\^`, "-", `\-`)

func (c *Cache) scan(ctx context.Context, node rueidis.Client, pattern string, f func(key string) error) error {
	master, err := c.isMaster(ctx, node)
	if !master || err != nil {
		return err
	}
	for cursor := uint64(0); ; {
		page, err := c.page(ctx, node, pattern, cursor)
		if err != nil {
			return err
		}
		for _, key := range page.Elements {
			if err := f(key); err != nil {
				return err
			}
		}
		if cursor = page.Cursor; cursor == 0 {
			return nil
		}
	}
}

func (c *Cache) page(ctx context.Context, node rueidis.Client, pattern string, cursor uint64) (rueidis.ScanEntry, error) {
	ctx, cancel := c.within(ctx)
	defer cancel()
	page, err := node.Do(ctx, node.B().Scan().Cursor(cursor).Match(pattern).Count(scanCount).Build()).AsScanEntry()
	return page, fault("scan", err)
}

// isMaster reports whether a node is no replica, which has what its master has.
func (c *Cache) isMaster(ctx context.Context, node rueidis.Client) (bool, error) {
	ctx, cancel := c.within(ctx)
	defer cancel()
	role, err := node.Do(ctx, node.B().Role().Build()).ToArray()
	if err != nil {
		return false, fault("role", err)
	}
	if len(role) == 0 {
		return false, fault("role", errors.New("the reply is empty"))
	}
	name, err := role[0].ToString()
	return name == "master", fault("role", err)
}
