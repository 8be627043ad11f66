package database_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/database"
)

// TestUpdateName: the name is written and nothing else, and what a column cannot hold is refused.
func TestUpdateName(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		user := &database.User{Username: "ada", Email: "ada@example.com", LastName: "Byron", IsActive: true}
		must(t, db.CreateUser(t.Context(), user))
		held := *user
		user.Email = "ada@lovelace.example"
		must(t, db.UpdateUser(t.Context(), user))

		held.FirstName, held.LastName = "Ada", "Lovelace"
		must(t, db.UpdateName(t.Context(), &held))
		got, err := db.UserByID(t.Context(), user.ID)
		must(t, err)
		if got.FullName() != "Ada Lovelace" || got.Email != "ada@lovelace.example" || got.Username != "ada" || !got.IsActive {
			t.Errorf("after the change: %+v", got)
		}
		for name, wrong := range map[string]string{"long": strings.Repeat("é", 151), "NUL": "a\x00"} {
			held.FirstName = wrong
			if err := db.UpdateName(t.Context(), &held); !errors.Is(err, database.ErrInvalid) {
				t.Errorf("%s: %v, want ErrInvalid", name, err)
			}
		}
		must(t, db.DeleteUser(t.Context(), user.ID))
		held.FirstName = "Ada"
		if err := db.UpdateName(t.Context(), &held); !errors.Is(err, database.ErrNotFound) {
			t.Errorf("of a user who is gone: %v, want ErrNotFound", err)
		}
	})
}

// TestUpdateNameOfOtherModels: a user model may have no names.
func TestUpdateNameOfOtherModels(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		where := e.fresh(t)
		e.create(t, where, badgeTable)
		for _, lacking := range []string{"first_name", "last_name"} {
			columns := map[string]string{lacking: ""}
			for field, column := range noSuperusers {
				columns[field] = column
			}
			db, err := e.openModel(t, where, database.UserModel{Table: "worker", Columns: columns})
			must(t, err)
			if err := db.UpdateName(t.Context(), &database.User{ID: "1"}); db.HasNames() || !errors.Is(err, database.ErrInvalid) {
				t.Errorf("without %s: %v, want ErrInvalid", lacking, err)
			}
		}
	})
}
