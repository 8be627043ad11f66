package database

import (
	"strconv"
	"strings"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// key spells a parameter that is a user's id.
func (t *userTable) key(d *dialect.Dialect, mark string) string {
	if t.uuid {
		return d.UUIDMark(mark)
	}
	return d.ID(mark)
}

// is spells "the user is this one".
func (t *userTable) is(d *dialect.Dialect, mark string) string {
	return " WHERE " + t.id + " = " + t.key(d, mark)
}

// columns spells what a SELECT of users reads, in the order of userRow.
func (t *userTable) columns(d *dialect.Dialect) string { return t.columnsOf(d, "") }

// columnsOf is columns with a prefix that names the table, where that may have no row: a
// key that is an integer is 0 then.
func (t *userTable) columnsOf(d *dialect.Dialect, prefix string) string {
	id := prefix + t.id
	switch {
	case t.uuid:
		id = d.UUIDColumn(id)
	case prefix != "":
		id = "COALESCE(" + id + ", 0)"
	}
	list := []string{id}
	for _, field := range userFields {
		switch name := t.column[field]; {
		case name == "" || field == "email" && t.sameEmail:
		case field == "last_login" || field == "date_joined":
			list = append(list, d.TimeColumn(prefix+name))
		default:
			list = append(list, prefix+name)
		}
	}
	for _, name := range t.model.Extra {
		list = append(list, d.AsText(prefix+d.Quote(name)))
	}
	return strings.Join(list, ", ")
}

func (q *queries) users(d *dialect.Dialect, t *userTable) {
	from, name, email := " FROM "+t.name, t.column["username"], t.column["email"]
	columns := "SELECT " + t.columns(d) + from
	q.userByID = d.Query("user row read", columns+t.is(d, "?1"))
	q.userByName = d.Query("user row read", columns+" WHERE "+name+" = ?1")
	q.userByFold = d.Query("user row read without regard to case", columns+" WHERE "+d.Fold(name, "?1")+
		" ORDER BY CASE WHEN "+d.Same(name, "?2")+" THEN 0 ELSE 1 END, "+t.id+" LIMIT 1")
	if email != "" {
		q.usersByEmail = d.Query("user rows read by email", columns+" WHERE "+d.Fold(email, "?1")+t.active("?2")+" ORDER BY "+t.id)
	}
	q.nameTaken = d.Query("username looked for", "SELECT 1"+from+" WHERE "+d.Fold(name, "?1")+" LIMIT 1")
	if !t.custom {
		q.createUser = t.insert(d, userFields, nil)
		q.updateUser = t.update(d, changeable, nil)
	}
	q.lockUser = d.Query("user row locked", "SELECT 1"+from+t.is(d, "?1")+d.ForUpdate)
	q.deleteUserLog = d.Query("user's admin log deleted", "DELETE FROM django_admin_log WHERE user_id = "+t.key(d, "?1"))
	q.deleteUser = d.Query("user row deleted", "DELETE"+from+t.is(d, "?1"))
}

// active spells that a user is active, where the model has the column; the
// parameter is true.
func (t *userTable) active(mark string) string {
	if name := t.column["is_active"]; name != "" {
		return " AND " + name + " = " + mark
	}
	return ""
}

// changeable are the fields that UpdateUser writes.
var changeable = []string{"username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser"}

// written returns the columns of the fields that are to be written.
func (t *userTable) written(fields, extra []string, d *dialect.Dialect) []string {
	var names []string
	for _, field := range fields {
		if name := t.column[field]; name != "" && (field != "email" || !t.sameEmail) {
			names = append(names, name)
		}
	}
	for _, name := range extra {
		names = append(names, d.Quote(name))
	}
	return names
}

// insert spells an INSERT of the fields and own columns, in this order. A UUID
// comes first.
func (t *userTable) insert(d *dialect.Dialect, fields, extra []string) dialect.Query {
	names := t.written(fields, extra, d)
	var marks []string
	for i := range names {
		marks = append(marks, "?"+strconv.Itoa(i+1))
	}
	tail := d.DoNothing("username") + returning(d)
	if t.custom {
		// Which constraints a model has is not known, so any of them counts.
		tail = onAnyConflict(d)
	}
	switch {
	case t.custom && t.uuid:
		names, marks = append(names, t.id), append(marks, t.key(d, "?"+strconv.Itoa(len(names)+1)))
	case t.custom && d.Returning:
		tail += " RETURNING " + t.id
	}
	return d.Query("user row inserted", "INSERT INTO "+t.name+" ("+strings.Join(names, ", ")+") VALUES ("+
		strings.Join(marks, ", ")+")"+tail)
}

// update spells an UPDATE of the fields and own columns; the first parameter is
// the id.
func (t *userTable) update(d *dialect.Dialect, fields, extra []string) dialect.Query {
	var sets []string
	texts := map[string]bool{}
	for _, field := range []string{"username", "first_name", "last_name", "email"} {
		texts[t.column[field]] = true
	}
	for i, name := range t.written(fields, extra, d) {
		mark := "?" + strconv.Itoa(i+2)
		if texts[name] { // an empty text leaves NULL in place
			mark = "CASE WHEN " + name + " IS NULL THEN NULLIF(" + mark + ", '') ELSE " + mark + " END"
		}
		sets = append(sets, name+" = "+mark)
	}
	return d.Query("user row updated", "UPDATE "+t.name+" SET "+strings.Join(sets, ", ")+t.is(d, "?1"))
}

func (q *queries) credentials(d *dialect.Dialect, t *userTable) {
	update, column := "UPDATE "+t.name+" SET ", t.column["password"]
	q.replacePassword = d.Query("password hash replaced", update+column+" = ?2"+t.is(d, "?1")+" AND "+d.Same(orEmpty(column), "?3"))
	q.setPassword = d.Query("password hash set", update+column+" = ?2"+t.is(d, "?1"))
	if email := t.column["email"]; email != "" {
		q.replaceEmail = d.Query("email address replaced", update+email+" = ?2"+t.is(d, "?1")+" AND "+d.Same(orEmpty(email), "?3"))
	}
	if login := t.column["last_login"]; login != "" {
		q.setLastLogin = d.Query("last_login set", update+login+" = ?2"+t.is(d, "?1"))
	}
}

// orEmpty spells a text column, of which NULL is read as the empty text.
func orEmpty(column string) string { return "COALESCE(" + column + ", '')" }

// userPermissionRows spells what joins users and permissions.
func (q *queries) userPermissionRows(d *dialect.Dialect, t *userTable) {
	const join = " JOIN django_content_type c ON c.id = p.content_type_id"
	of := " WHERE u." + t.owner + " = " + t.key(d, "?1")
	q.permissionsOf = d.Query("permissions of user and groups read",
		"SELECT 0, c.app_label, p.codename FROM auth_permission p JOIN "+t.permissions+" u ON u.permission_id = p.id"+join+of+
			" UNION ALL SELECT 1, c.app_label, p.codename FROM auth_permission p"+
			" JOIN auth_group_permissions g ON g.permission_id = p.id JOIN "+t.groups+" u ON u.group_id = g.group_id"+join+of)
	q.grantableUser = d.Query("user and permission read", grantable(t.name, "o."+t.id+" = "+t.key(d, "?1")))
	q.grantUser = d.Query("permission granted to user", "INSERT INTO "+t.permissions+" ("+t.owner+", permission_id)"+
		" VALUES ("+t.value(d, "?1")+", ?2)"+d.DoNothing(t.owner+", permission_id"))
	q.revokeUser = d.Query("permission taken from user", revoke(t.permissions, t.owner+" = "+t.key(d, "?1")))
	q.deleteUserPermissions = d.Query("user's permissions deleted", "DELETE FROM "+t.permissions+" WHERE "+t.owner+" = "+t.key(d, "?1"))
}

// value spells an id that is to be inserted.
func (t *userTable) value(d *dialect.Dialect, mark string) string {
	if t.uuid {
		return d.UUIDMark(mark)
	}
	return mark
}

// userGroupRows spells what joins users and groups.
func (q *queries) userGroupRows(d *dialect.Dialect, t *userTable) {
	of := " WHERE " + t.owner + " = " + t.key(d, "?1")
	q.joinable = d.Query("user and group read", "SELECT g.id FROM "+t.name+" u, auth_group g WHERE u."+t.id+" = "+
		t.key(d, "?1")+" AND g.id = "+d.ID("?2"))
	q.userGroups = d.Query("user's groups read", "SELECT g.id, g.name FROM auth_group g"+
		" JOIN "+t.groups+" u ON u.group_id = g.id WHERE u."+t.owner+" = "+t.key(d, "?1")+" ORDER BY g.name")
	q.deleteUserGroups = d.Query("user's groups deleted", "DELETE FROM "+t.groups+of)
	q.deleteGroupMembers = d.Query("group's members deleted", "DELETE FROM "+t.groups+" WHERE group_id = "+d.ID("?1"))
	q.addToGroup = d.Query("user added to group", "INSERT INTO "+t.groups+" ("+t.owner+", group_id) VALUES ("+t.value(d, "?1")+", ?2)"+
		d.DoNothing(t.owner+", group_id"))
	q.removeFromGroup = d.Query("user taken out of group", "DELETE FROM "+t.groups+of+" AND group_id = "+d.ID("?2"))
}
