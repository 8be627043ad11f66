package dialect

import (
	"slices"
	"testing"
)

func TestQuery(t *testing.T) {
	const text = "UPDATE t SET a = ?2, b = ?10 WHERE c = ?1 AND d = ?1 AND e <> '?' AND f = ?x"
	for style, want := range map[Style]string{
		Ordinal: text,
		Dollar:  "UPDATE t SET a = $2, b = $10 WHERE c = $1 AND d = $1 AND e <> '?' AND f = ?x",
		Bare:    "UPDATE t SET a = ?, b = ? WHERE c = ? AND d = ? AND e <> '?' AND f = ?x",
	} {
		d := &Dialect{Style: style}
		q := d.Query("name", text)
		if q.Text != want || !q.Write || q.Name != "name" {
			t.Errorf("style %d: %+v", style, q)
		}
		args := []any{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
		got := q.Args(args)
		if style == Bare && !slices.Equal(got, []any{2, 10, 1, 1}) || style != Bare && len(got) != 10 {
			t.Errorf("style %d: args %v", style, got)
		}
	}
	d := &Dialect{Style: Bare}
	q := d.Query("", "SELECT a FROM t WHERE b = ?1 AND c = ?2")
	if q.Write || q.order != nil {
		t.Errorf("%+v", q)
	}
	if q := d.Query("", "SELECT a FROM t FOR UPDATE"); !q.Write {
		t.Error("a SELECT that locks runs where writes do not")
	}
}

func TestFoldArg(t *testing.T) {
	like, upper := &Dialect{}, &Dialect{FoldUpper: true}
	if got := like.FoldArg(`50%_!\`); got != `50!%!_!!\` {
		t.Errorf("LIKE: %q", got)
	}
	if got := upper.FoldArg(`50%_!\`); got != `50%_!\` {
		t.Errorf("UPPER: %q", got)
	}
}
