package dialect

import (
	"slices"
	"strings"
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

func TestTables(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"SELECT a FROM django_session WHERE b = 1 FOR UPDATE", "django_session"},
		{`SELECT 1 FROM "auth_user" u JOIN "auth_group" g ON u.id = g.id JOIN auth_user x`, "auth_user auth_group"},
		{"SELECT a FROM `my_users` WHERE b IN (SELECT c FROM (SELECT d FROM t LIMIT 1) x)", "my_users t"},
		{"UPDATE auth_user SET a = 1", "auth_user"},
		{"INSERT INTO t (a) VALUES (?) ON DUPLICATE KEY UPDATE a = a", "t"},
		{"INSERT IGNORE INTO t (a) SELECT b FROM u FOR UPDATE SKIP LOCKED", "t u"},
		{"DELETE FROM t WHERE a = 'x' AND b NOT IN (SELECT c FROM public.people)", "t public.people"},
		{"SELECT pg_advisory_xact_lock(1)", ""},
		{"INSERT INTO t (a) VALUES (?) ON CONFLICT (a) DO UPDATE SET a = 1 WHERE b IS DISTINCT FROM $1 RETURNING id", "t"},
	} {
		q := Query{Text: tt.text}
		if got := strings.Join(q.Tables(), " "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.text, got, tt.want)
		}
	}
}
