package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/internal/changes"
)

const (
	// changesBound is for how long a look at the file counts.
	changesBound = 50 * time.Millisecond
	// lookEvery is the pause between two of them.
	lookEvery = changesBound / 4
)

// channel looks again and again whether another connection changed the file, of this process or
// another. It sees that something changed, and not what.
func (src *source) channel() dialect.ChannelFunc {
	if src.memory {
		return nil
	}
	return func(dialect.Watched, func(context.Context) error) *changes.Channel {
		return &changes.Channel{How: "SQLite data_version", Bound: changesBound, Watch: src.watch}
	}
}

// watch is changes.Channel.Watch.
func (src *source) watch(ctx context.Context, to changes.Hearer) (err error) {
	conn, err := src.openReader()
	if err != nil {
		return fmt.Errorf("sqlite: watch: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	stmt, _, err := conn.Prepare("PRAGMA data_version")
	if err != nil {
		return fmt.Errorf("sqlite: watch: %w", err)
	}
	defer func() { _ = stmt.Close() }() // it only read
	last, first := int64(0), true
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		at := time.Now()
		version, err := dataVersion(stmt)
		if err != nil {
			return fmt.Errorf("sqlite: watch: %w", err)
		}
		if first || version != last {
			to.Everything()
		}
		last, first = version, false
		to.Current(at)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// dataVersion returns a number that is another after each commit of another connection.
func dataVersion(stmt *sqlite3.Stmt) (int64, error) {
	if !stmt.Step() {
		return 0, errors.Join(errors.New("PRAGMA data_version has no row"), stmt.Err(), stmt.Reset())
	}
	version := stmt.ColumnInt64(0)
	return version, stmt.Reset()
}
