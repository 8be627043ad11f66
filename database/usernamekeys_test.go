package database_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// keySpellings are texts that some collation takes for one name.
var keySpellings = []string{
	"anna", "ANNA", "ánna", "anna ", "anna \u200b", "anna \u200b \u200b", "an\u200bna", "anna\u3000", "anna\t",
	"straße", "strase", "strasse", "STRASSE", "a😀", "a😁", "й", "ж", "jessica", "jeßica", "änna", "ÄNNA",
}

// sameKeys reports the pairs of keySpellings, and whether their keys are equal.
func sameKeys(t *testing.T, db *database.DB, fold bool, see func(a, b string, same bool)) {
	t.Helper()
	for i, a := range keySpellings {
		for _, b := range keySpellings[i:] {
			keys, err := db.UsernameKeys(t.Context(), [2]string{a, b}, fold)
			if err != nil {
				t.Fatal(err)
			}
			see(a, b, keys[0] == keys[1])
		}
	}
}

// TestUsernameKeys: two names have one key where either finds the other's user.
func TestUsernameKeys(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		for _, fold := range []bool{false, true} {
			find := db.UserByUsername
			if fold {
				find = db.UserByUsernameFold
			}
			sameKeys(t, db, fold, func(a, b string, same bool) {
				user := &database.User{Username: a, Password: "x", IsActive: true}
				if err := db.CreateUser(t.Context(), user); err != nil {
					t.Fatal(err)
				}
				_, err := find(t.Context(), b)
				if err != nil && fold { // LIKE of MySQL sees trailing spaces, which no two usernames differ by
					_, err = db.UserByUsername(t.Context(), b)
				}
				if same != (err == nil) {
					t.Errorf("%q and %q, fold %v: one key: %v; found: %v", a, b, fold, same, err)
				}
				if err := db.DeleteUser(t.Context(), user.ID); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}

// TestUsernameKeysOfCollations: the same for the collations of MariaDB, and a text
// that the column cannot hold is no failure.
func TestUsernameKeysOfCollations(t *testing.T) {
	env := testenv.MariaDBDatabase(t)
	db, err := mysql.Open(t.Context(), env.DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, collation := range []string{
		"utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_bin",
		"utf8mb4_uca1400_ai_ci", "utf8mb3_general_ci", "latin1_german2_ci",
	} {
		t.Run(collation, func(t *testing.T) {
			charset, _, _ := strings.Cut(collation, "_")
			const change = "ALTER TABLE auth_user MODIFY username VARCHAR(150) CHARACTER SET %s COLLATE %s NOT NULL"
			if _, err := db.SQL().ExecContext(t.Context(), fmt.Sprintf(change, charset, collation)); err != nil {
				t.Fatal(err)
			}
			sameKeys(t, db, false, func(a, b string, same bool) {
				user := &database.User{Username: a, Password: "x", IsActive: true}
				if db.CreateUser(t.Context(), user) != nil { // the column cannot hold it
					return
				}
				_, err := db.UserByUsername(t.Context(), b)
				if same != (err == nil) {
					t.Errorf("%q and %q: one key: %v; found: %v", a, b, same, err)
				}
				if err := db.DeleteUser(t.Context(), user.ID); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// TestUsernameKeysOfOddTexts: those that are no usernames are keys as they are.
func TestUsernameKeysOfOddTexts(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		for _, odd := range []string{"", "a\x00b", "\xff", strings.Repeat("a", 5000)} {
			keys, err := db.UsernameKeys(t.Context(), [2]string{odd, "anna"}, true)
			if err != nil || keys[0] == keys[1] {
				t.Errorf("%.10q: %.20q, %v", odd, keys, err)
			}
		}
	})
}
