package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/ncruces/go-sqlite3"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// rowReader reads single rows past database/sql, which asks the driver for the
// name and the declared type of every column each time: a third of the time and
// most of the allocations of looking up a session. It keeps connections of its
// own, each with its prepared statements.
type rowReader struct {
	open  func() (*sqlite3.Conn, error)
	slots chan struct{} // as many connections as may be in use

	mu     sync.Mutex // guards what follows
	free   []*rowConn
	closed bool
}

type rowConn struct {
	conn  *sqlite3.Conn
	stmts map[string]*sqlite3.Stmt
}

func newRowReader(most int, open func() (*sqlite3.Conn, error)) *rowReader {
	return &rowReader{open: open, slots: make(chan struct{}, most)}
}

var errClosed = errors.New("the database is closed")

// row runs a SELECT for one row and scans it; sql.ErrNoRows where there is none.
// A connection that failed is not used again.
func (r *rowReader) row(ctx context.Context, text string, args, dest []any) error {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.slots }()
	c, err := r.take()
	if err != nil {
		return err
	}
	err = c.row(ctx, text, args, dest)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return errors.Join(err, c.close())
	}
	return errors.Join(err, r.give(c))
}

func (r *rowReader) take() (*rowConn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed
	}
	if n := len(r.free); n > 0 {
		c := r.free[n-1]
		r.free = r.free[:n-1]
		return c, nil
	}
	conn, err := r.open()
	return &rowConn{conn: conn, stmts: map[string]*sqlite3.Stmt{}}, err
}

func (r *rowReader) give(c *rowConn) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return c.close()
	}
	r.free = append(r.free, c)
	return nil
}

// close closes the connections, and those in use when they come back.
func (r *rowReader) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	var errs []error
	for _, c := range r.free {
		errs = append(errs, c.close())
	}
	r.free = nil
	return errors.Join(errs...)
}

func (c *rowConn) close() error {
	var errs []error
	for _, stmt := range c.stmts {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, c.conn.Close())...)
}

func (c *rowConn) row(ctx context.Context, text string, args, dest []any) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	stmt, err := c.prepared(text)
	if err != nil {
		return err
	}
	defer c.conn.SetInterrupt(c.conn.SetInterrupt(ctx))
	for i, arg := range args {
		if err := bind(stmt, i+1, arg); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, stmt.Reset()) }()
	if !stmt.Step() {
		if err := stmt.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	for i, d := range dest {
		if err := scan(stmt, i, d); err != nil {
			return err
		}
	}
	return stmt.Err()
}

func (c *rowConn) prepared(text string) (*sqlite3.Stmt, error) {
	if stmt, ok := c.stmts[text]; ok {
		return stmt, nil
	}
	stmt, _, err := c.conn.PrepareFlags(text, sqlite3.PREPARE_PERSISTENT)
	if err == nil {
		c.stmts[text] = stmt
	}
	return stmt, err
}

func bind(stmt *sqlite3.Stmt, i int, arg any) error {
	switch arg := arg.(type) {
	case string:
		return stmt.BindText(i, arg)
	case int64:
		return stmt.BindInt64(i, arg)
	case int:
		return stmt.BindInt(i, arg)
	}
	return fmt.Errorf("a parameter of type %T", arg)
}

func scan(stmt *sqlite3.Stmt, col int, dest any) error {
	switch dest := dest.(type) {
	case *string:
		*dest = stmt.ColumnText(col)
	case dialect.Text:
		*dest.Dest = stmt.ColumnText(col)
	case dialect.Bool:
		*dest.Dest = stmt.ColumnBool(col)
	case *int64:
		*dest = stmt.ColumnInt64(col)
	case *int:
		*dest = stmt.ColumnInt(col)
	case *bool:
		*dest = stmt.ColumnBool(col)
	case sql.Scanner:
		if stmt.ColumnType(col) == sqlite3.NULL {
			return dest.Scan(nil)
		}
		return dest.Scan(stmt.ColumnRawText(col))
	default:
		return fmt.Errorf("a column for a %T", dest)
	}
	return nil
}
