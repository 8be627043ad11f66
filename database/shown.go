package database

import (
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/password"
)

// shown is what can be shown to those who look at a request: each of its rows, with what is or
// may be a secret shortened or replaced by its length.
type shown interface{ show() []flow.Row }

// maxShown bounds the rows of one statement that are shown.
const maxShown = 20

// showAll returns the first rows of those that can be shown.
func showAll[T any](all []T) (rows []flow.Row) {
	for i := range all[:min(len(all), maxShown)] {
		of, ok := any(&all[i]).(shown)
		if !ok {
			return nil
		}
		rows = append(rows, of.show()...)
	}
	return rows
}

// show returns the row of the session.
func (row *sessionRow) show() []flow.Row { return []flow.Row{row.Session.shown()} }

func (s *Session) shown() flow.Row {
	return flow.Row{Table: "django_session", Columns: []slog.Attr{
		slog.String("session_key", flow.Brief(s.Key)), slog.String("session_data", size(s.Data)),
		slog.String("expire_date", shownTime(s.Expires)),
	}}
}

// show returns the rows of the session and of its user, if that was there.
func (p *pair) show() []flow.Row {
	rows := []flow.Row{p.session.shown()}
	if !p.row.absent() {
		rows = append(rows, p.row.show()...)
	}
	return rows
}

// show returns the row of the user, before finish too.
func (row *userRow) show() []flow.Row {
	table, model := (*userTable)(nil), &UserModel{}
	model.fill()
	id := strconv.FormatInt(row.id, 10)
	if row.custom != nil {
		table = row.custom.table
		model = &table.model
		if table.uuid {
			id = row.custom.uuid
		}
	}
	columns := []slog.Attr{slog.String(model.IDColumn, id)}
	for _, field := range userFields {
		name := model.columnOf(field)
		if name == "" || field == "email" && model.UsernameIsEmail() {
			continue
		}
		columns = append(columns, slog.String(name, row.shownField(field)))
	}
	if row.custom != nil {
		for i, value := range row.custom.extra {
			text := "NULL"
			if value.Valid {
				text = size(value.String)
			}
			columns = append(columns, slog.String(model.Extra[i], text))
		}
	}
	if row.endingKnown {
		columns = append(columns, slog.Int64("ending", row.ending))
	}
	return []flow.Row{{Table: model.Table, Columns: columns}}
}

// shownField returns the text of a field.
func (row *userRow) shownField(name string) string {
	switch name {
	case "password":
		return shownHash(row.Password)
	case "last_login":
		return shownTime(row.LastLogin)
	case "date_joined":
		return shownTime(row.DateJoined)
	case "is_superuser":
		return strconv.FormatBool(row.IsSuperuser)
	case "is_staff":
		return strconv.FormatBool(row.IsStaff)
	case "is_active":
		return strconv.FormatBool(row.IsActive)
	case "username":
		if !strings.Contains(row.Username, "@") { // else it is an email address
			return row.Username
		}
		return size(row.Username)
	case "first_name":
		return size(row.FirstName)
	case "last_name":
		return size(row.LastName)
	}
	return size(row.Email)
}

// shownHash names the algorithm and its work. A text that is no hash may be a password.
func shownHash(h password.Hash) string {
	switch {
	case h == "":
		return "empty"
	case !h.Usable():
		return "unusable"
	case h.Algorithm() == "":
		return "not a hash of a known algorithm"
	case h.Rounds() == "":
		return h.Algorithm() + "$…"
	}
	return h.Algorithm() + "$" + h.Rounds() + "$…"
}

// size replaces a text by its length.
func size(text string) string {
	switch n := utf8.RuneCountInString(text); n {
	case 0:
		return "empty"
	case 1:
		return "1 character"
	default:
		return strconv.Itoa(n) + " characters"
	}
}

// shownTime is a time in UTC.
func shownTime(at time.Time) string {
	if at.IsZero() {
		return "NULL"
	}
	return at.UTC().Format("2006-01-02 15:04:05Z")
}

// show returns where the permission is granted.
func (g *grant) show() []flow.Row {
	by := "the user"
	if g.byGroup != 0 {
		by = "a group"
	}
	return []flow.Row{{Table: "auth_permission", Columns: []slog.Attr{
		slog.String("app_label", g.app), slog.String("codename", g.codename), slog.String("granted to", by),
	}}}
}
