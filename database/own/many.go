package own

import (
	"context"
	"errors"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// many is a statement for many rows at once. It is spelled for 1, 2, 4 and so on up to most
// rows, so that a database has few texts to prepare; the last row fills what is left over, which
// must do no harm.
type many struct {
	most  int // a power of two
	spell func(rows int) dialect.Query

	mu      sync.Mutex // guards what follows
	spelled map[int]*dialect.Query
}

func newMany(most int, spell func(rows int) dialect.Query) *many {
	return &many{most: most, spell: spell, spelled: map[int]*dialect.Query{}}
}

// query returns the statement for that number of rows, or a few more, and for how many.
func (m *many) query(rows int) (*dialect.Query, int) {
	rows = 1 << bits.Len(uint(rows-1))
	m.mu.Lock()
	defer m.mu.Unlock()
	q := m.spelled[rows]
	if q == nil {
		spelled := m.spell(rows)
		q = &spelled
		m.spelled[rows] = q
	}
	return q, rows
}

// inPieces calls run with the statement and the arguments of as many rows as it takes, until
// all were there.
func inPieces[T any](m *many, rows []T, args func(T) []any, run func(*dialect.Query, []any) error) error {
	for piece := range slices.Chunk(rows, m.most) {
		q, count := m.query(len(piece))
		var all []any
		for i := range count {
			all = append(all, args(piece[min(i, len(piece)-1)])...)
		}
		if err := run(q, all); err != nil {
			return err
		}
	}
	return nil
}

// execMany runs a statement for all rows, and returns how many rows it matched.
func execMany[T any](ctx context.Context, s *Store, m *many, rows []T, args func(T) []any) (int64, error) {
	var total int64
	err := inPieces(m, rows, args, func(q *dialect.Query, args []any) error {
		count, err := s.db.Exec(ctx, q, args...)
		total += count
		return err
	})
	return total, err
}

// mark spells a parameter by its number, from 1.
func mark(n int) string { return "?" + strconv.Itoa(n) }

// marked replaces {1}, {2} and so on by the parameters of a row, of which each has so many.
func marked(text string, row, each int) string {
	for n := range each {
		text = strings.ReplaceAll(text, "{"+strconv.Itoa(n+1)+"}", mark(row*each+n+1))
	}
	return text
}

// repeated is a text for each row, joined.
func repeated(text string, rows, each int, join string) string {
	all := make([]string, rows)
	for i := range all {
		all[i] = marked(text, i, each)
	}
	return strings.Join(all, join)
}

// EachRow calls write with all rows, and where a row among them is refused as invalid, with ever
// fewer, so that it keeps out none of the others. It returns how many were refused, and the
// error of anything else.
func EachRow[T any](rows []T, write func([]T) error) (int, error) {
	switch err := write(rows); {
	case !errors.Is(err, database.ErrInvalid):
		return 0, err
	case len(rows) == 1:
		return 1, nil
	}
	half := len(rows) / 2
	first, err := EachRow(rows[:half], write)
	if err != nil {
		return first, err
	}
	second, err := EachRow(rows[half:], write)
	return first + second, err
}
