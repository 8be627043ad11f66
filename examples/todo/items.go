package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/database"
)

// items is the program's own table. Its statements mean the same on SQLite and PostgreSQL.
type items struct{ sql database.SQL }

// An item is one thing to do.
type item struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

func createTable(ctx context.Context, db *database.DB) error {
	_, err := db.SQL().ExecContext(ctx, `CREATE TABLE IF NOT EXISTS todo_item (
		id      VARCHAR(26) PRIMARY KEY,
		user_id INTEGER NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE,
		text    VARCHAR(200) NOT NULL,
		created BIGINT NOT NULL)`)
	return err
}

// configured returns each new user a first item, in the transaction that stores the user.
func configured(c coatcheck.Config) coatcheck.Config {
	list := items{c.Database.SQL()}
	c.Web.Guard = coatcheck.GuardCrossOrigin // forms need no token
	c.Views.LoginRedirectURL = "/"
	c.Logins.Hooks.SignedUp = hooks.List{{Before: func(ctx context.Context, e *hooks.Event) error {
		return list.insert(ctx, e.User, "Write down what there is to do")
	}}}
	return c
}

func (l items) insert(ctx context.Context, user *auth.User, text string) error {
	_, err := l.sql.ExecContext(ctx,
		"INSERT INTO todo_item (id, user_id, text, created) VALUES ($1, $2, $3, $4)",
		rand.Text(), user.ID, text, time.Now().UnixNano())
	return err
}

// remove removes an item of the user, and none of another user.
func (l items) remove(ctx context.Context, user *auth.User, id string) error {
	_, err := l.sql.ExecContext(ctx, "DELETE FROM todo_item WHERE user_id = $1 AND id = $2", user.ID, id)
	return err
}

// mine returns the user of the request and their items, oldest first.
func (l items) mine(r *http.Request) (*auth.User, []item, error) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		return nil, nil, err
	}
	rows, err := l.sql.QueryContext(r.Context(),
		"SELECT id, text FROM todo_item WHERE user_id = $1 ORDER BY created", user.ID)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	mine := []item{}
	for rows.Next() {
		var i item
		if err := rows.Scan(&i.ID, &i.Text); err != nil {
			return nil, nil, err
		}
		mine = append(mine, i)
	}
	return user, mine, rows.Err()
}

func isStaff(_ *http.Request, user *auth.User) (bool, error) { return user.IsStaff, nil }

// staff shows how much each user has to do.
func (l items) staff(w http.ResponseWriter, r *http.Request) error {
	rows, err := l.sql.QueryContext(r.Context(), `SELECT username, COUNT(todo_item.id) FROM auth_user
		LEFT JOIN todo_item ON user_id = auth_user.id GROUP BY username ORDER BY username`)
	if err != nil {
		return err
	}
	defer rows.Close()
	type line struct {
		Username string
		Items    int
	}
	var lines []line
	for rows.Next() {
		var l line
		if err := rows.Scan(&l.Username, &l.Items); err != nil {
			return err
		}
		lines = append(lines, l)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return templates.ExecuteTemplate(w, "staff", lines)
}
