package database_test

import (
	"context"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/database"
)

// operation is what one operation of Django's is here, and where its statements
// differ, reduced, with the reason.
type operation struct {
	ours       func(ctx context.Context, db *database.DB, u *database.User) error
	onlyDjango map[string]string
	onlyOurs   map[string]string
}

// A user is read together with the number of the last ending of the user's sessions, by
// the primary key of a table of our own.
var (
	withoutEnding = map[string]string{"SELECT auth_user WHERE id =": "the user alone"}
	withEnding    = map[string]string{"SELECT auth_user coatcheck_ending WHERE id = user_id =": "together with the number of the last ending"}
)

var operations = map[string]operation{
	"session load": {ours: load},
	"session exists": {ours: func(ctx context.Context, db *database.DB, _ *database.User) error {
		_, err := db.SessionExists(ctx, key)
		return err
	}},
	"session create+save": {ours: create},
	"session update": {
		ours: func(ctx context.Context, db *database.DB, u *database.User) error {
			return errOf(load(ctx, db, u), db.UpdateSession(ctx, session(key, "y"), "x"))
		},
		onlyDjango: map[string]string{
			"UPDATE django_session SET expire_date session_data WHERE session_key =": "a save compares and swaps",
		},
		onlyOurs: map[string]string{
			"UPDATE django_session SET expire_date session_data WHERE session_data = session_key =": "a save compares and swaps",
			"SELECT django_session WHERE session_key =":                                             "nothing was updated: is it gone, or changed?",
		},
	},
	"session cycle_key": {
		ours: func(ctx context.Context, db *database.DB, u *database.User) error {
			return errOf(load(ctx, db, u), create(ctx, db, u), db.DeleteSession(ctx, key))
		},
	},
	"session flush": {
		ours: func(ctx context.Context, db *database.DB, _ *database.User) error { return db.DeleteSession(ctx, key) },
		onlyDjango: map[string]string{
			"SELECT django_session WHERE session_key =": "Django selects first and deletes what it found, which was nothing",
		},
		onlyOurs: map[string]string{
			"DELETE django_session WHERE session_key =": "one statement for both",
		},
	},
	"clear_expired": {
		ours: func(ctx context.Context, db *database.DB, _ *database.User) error {
			_, err := db.DeleteExpiredSessions(ctx, moment, 0)
			return err
		},
		onlyDjango: map[string]string{
			"DELETE django_session WHERE expire_date <": "all in one statement, which locks them all",
		},
		onlyOurs: map[string]string{
			"DELETE django_session WHERE expire_date < session_key IN (SELECT": "a batch, chosen by the index; MySQL's DELETE has a LIMIT",
		},
	},
	"user by natural key": {ours: func(ctx context.Context, db *database.DB, u *database.User) error {
		_, err := db.UserByUsername(ctx, u.Username)
		return err
	}},
	"user by pk": {ours: byID, onlyDjango: withoutEnding, onlyOurs: withEnding},
	"last_login update": {ours: func(ctx context.Context, db *database.DB, u *database.User) error {
		return db.SetLastLogin(ctx, u.ID, moment)
	}},
	"user perms": {
		ours: func(ctx context.Context, db *database.DB, u *database.User) error {
			_, _, err := db.PermissionsOf(ctx, u.ID)
			return errOf(byID(ctx, db, u), err)
		},
		onlyDjango: map[string]string{
			"SELECT auth_user WHERE id =": withoutEnding["SELECT auth_user WHERE id ="],
			"SELECT auth_permission auth_user_user_permissions django_content_type WHERE user_id =":                                             "the other half of the one query of ours",
			"SELECT auth_group auth_group_permissions auth_permission auth_user_groups django_content_type WHERE user_id =":                     "to 4.2 it joins auth_group, of which it takes nothing",
			"SELECT auth_group auth_group_permissions auth_permission auth_user_groups django_content_type WHERE group_id IN (SELECT user_id =": "from 5.0 it names the groups by a sub-select, through auth_group, of which it takes nothing",
		},
		onlyOurs: map[string]string{
			"SELECT auth_user coatcheck_ending WHERE id = user_id =": "together with the number of the last ending",
			"SELECT auth_group_permissions auth_permission auth_user_groups auth_user_user_permissions django_content_type WHERE group_id = id = permission_id = user_id =": "both lists in one query, and without auth_group: the same rows",
		},
	},
	"iexact": {ours: func(ctx context.Context, db *database.DB, u *database.User) error {
		_, err := db.UsernameTaken(ctx, u.Username)
		return err
	}},
	"reset lookup": {ours: func(ctx context.Context, db *database.DB, u *database.User) error {
		_, err := db.UsersByEmail(ctx, "joe@example.com")
		return err
	}},
	"create_user": {ours: func(ctx context.Context, db *database.DB, _ *database.User) error {
		return db.CreateUser(ctx, &database.User{Username: "another"})
	}},
	"user delete": {
		ours: func(ctx context.Context, db *database.DB, u *database.User) error { return db.DeleteUser(ctx, u.ID) },
		onlyDjango: map[string]string{
			"SELECT auth_user WHERE username LIKE": "whom to delete, by the recorder's own question",
		},
		onlyOurs: map[string]string{
			"SELECT auth_user WHERE id =":                           "the row is locked first",
			"DELETE django_admin_log WHERE user_id =":               "the recorder's site had no admin; Django deletes these rows where it has",
			"SELECT information_schema.tables WHERE table_schema =": "has the site an admin?",
			"SELECT pg_class WHERE relkind IN":                      "has the site an admin?",
			"SELECT sqlite_master WHERE type IN":                    "has the site an admin?",
		},
	},
}

func load(ctx context.Context, db *database.DB, _ *database.User) error {
	_, err := db.SessionByKey(ctx, key, moment)
	return err
}

func create(ctx context.Context, db *database.DB, _ *database.User) error {
	_, err := db.SessionExists(ctx, key)
	return errOf(err, db.InsertSession(ctx, session("new", "x")))
}

func byID(ctx context.Context, db *database.DB, u *database.User) error {
	_, err := db.UserByID(ctx, u.ID)
	return err
}

// errOf returns the first error.
func errOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Every operation whose SQL was recorded asks the database for the same rows and
// writes the same columns, but for the differences that are listed, each of
// which comes about.
func TestStorageVectorsSQL(t *testing.T) {
	seen := map[string]bool{}
	each(t, func(t *testing.T, e engine) {
		for _, r := range storage(t, e, "sql") {
			var recorded struct {
				Op      string
				Queries []string
			}
			r.DecodeAll(t, &recorded)
			op, ok := operations[recorded.Op]
			if !ok {
				t.Errorf("%v: nothing here is %q", r, recorded.Op)
				continue
			}
			django, ours := reduceAll(recorded.Queries), statements(t, e, recorded.Op, op)
			for _, statement := range django {
				if !slices.Contains(ours, statement) && op.onlyDjango[statement] == "" {
					t.Errorf("%v: %s: only Django: %s", r, recorded.Op, statement)
				}
				seen[recorded.Op+statement] = true
			}
			for _, statement := range ours {
				if !slices.Contains(django, statement) && op.onlyOurs[statement] == "" {
					t.Errorf("%v: %s: only ours: %s", r, recorded.Op, statement)
				}
				seen[recorded.Op+statement] = true
			}
		}
	})
	for name, op := range operations {
		for _, differences := range []map[string]string{op.onlyDjango, op.onlyOurs} {
			for statement := range differences {
				if !seen[name+statement] && !t.Failed() {
					t.Errorf("%s: nobody says any more: %s", name, statement)
				}
			}
		}
	}
}

// ourStatements remembers what statements has found, by engine and operation.
var ourStatements = map[string][]string{}

// statements are the reduced statements of an operation of ours.
func statements(t *testing.T, e engine, name string, op operation) []string {
	t.Helper()
	if known, ok := ourStatements[e.name+name]; ok {
		return known
	}
	db := e.db(t)
	u := user(t, db, "joe")
	must(t, db.InsertSession(t.Context(), session(key, "x")))
	var texts []string
	recording := db.Recording(func(text string) { texts = append(texts, text) })
	must(t, op.ours(t.Context(), recording, u))
	if name == "session update" { // the row is there, and holds something else by now
		err := recording.UpdateSession(t.Context(), session(key, "z"), "x")
		if err == nil {
			t.Error("UpdateSession did not compare")
		}
	}
	ourStatements[e.name+name] = reduceAll(texts)
	return ourStatements[e.name+name]
}

func reduceAll(texts []string) []string {
	var reduced []string
	for _, text := range texts {
		if text != "BEGIN" && text != "COMMIT" {
			reduced = append(reduced, reduce(text))
		}
	}
	sort.Strings(reduced)
	return slices.Compact(reduced)
}

var (
	reLiteral   = regexp.MustCompile(`'(?:[^']|'')*'|\?\d*|\$\d+`)
	reCast      = regexp.MustCompile(`::\w+|CAST\(| AS (?:TEXT|BINARY|CHAR)\)`)
	reTables    = regexp.MustCompile(`(?:FROM|JOIN|INTO|UPDATE|, (?:auth_permission))\s+([a-z_.]+)`)
	reSet       = regexp.MustCompile(` SET (.*?) WHERE `)
	reInserted  = regexp.MustCompile(`^INSERT INTO \w+ \(([^)]*)\)`)
	reColumn    = regexp.MustCompile(`(\w+) = `)
	reCondition = regexp.MustCompile(`(\w+)\)? (=|<|>|LIKE|IN \(SELECT|IN\b)`)
)

// reduce keeps of a statement what it means: what it does to which tables, which
// columns it writes, by which columns it chooses. It drops spelling, order,
// values, limits, and what an INSERT does and returns where the row exists.
func reduce(text string) string {
	text = reLiteral.ReplaceAllString(text, "?")
	text = strings.NewReplacer(`"`, "", "`", "", "pg_catalog.", "", "BINARY ?", "?").Replace(reCast.ReplaceAllString(text, ""))
	verb, _, _ := strings.Cut(text, " ")
	out := verb + " " + sorted(reTables, text)
	if inserted := reInserted.FindStringSubmatch(text); inserted != nil {
		columns := strings.Split(inserted[1], ", ")
		sort.Strings(columns)
		return out + " SET " + strings.Join(columns, " ")
	}
	if set := reSet.FindStringSubmatch(text); set != nil {
		out += " SET " + sorted(reColumn, set[1]+" ")
	}
	_, where, _ := strings.Cut(text, " WHERE ")
	where, _, _ = strings.Cut(where, " ORDER BY ")
	where = regexp.MustCompile(`is_active( = (?:\?|1|true))?`).ReplaceAllString(where, "is_active = ?")
	where = regexp.MustCompile(` IN \((?:[\d, ]+|\?)\)`).ReplaceAllString(where, " = ?")
	where = regexp.MustCompile(` ON \([^)]*\)`).ReplaceAllString(where, "")
	conditions := map[string]bool{}
	for _, found := range reCondition.FindAllStringSubmatch(where, -1) {
		conditions[found[1]+" "+found[2]] = true
	}
	return out + " WHERE " + strings.Join(keys(conditions), " ")
}

// sorted are the distinct first groups of all matches, in order.
func sorted(re *regexp.Regexp, text string) string {
	found := map[string]bool{}
	for _, match := range re.FindAllStringSubmatch(text, -1) {
		found[match[1]] = true
	}
	return strings.Join(keys(found), " ")
}

func keys(set map[string]bool) []string {
	var all []string
	for k := range set {
		all = append(all, k)
	}
	sort.Strings(all)
	return all
}
