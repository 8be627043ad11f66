package database

import "github.com/coatcheck/coatcheck/database/internal/dialect"

// queries are all statements, spelled once for the engine. ?1, ?2 and so
// on are their parameters.
type queries struct {
	sessionByKey, sessionExists, insertSession dialect.Query
	updateSession, deleteSession               dialect.Query
	deleteExpired                              dialect.Query

	userByID, userByName, userByFold, nameTaken dialect.Query
	usersByEmail, createUser, updateUser        dialect.Query
	replacePassword, setPassword, setLastLogin  dialect.Query
	lockUser, deleteUser                        dialect.Query
	deleteUserGroups, deleteUserPermissions     dialect.Query
	deleteUserLog                               dialect.Query

	userPermissions, groupPermissions, permissions dialect.Query
	grantUser, revokeUser, grantGroup, revokeGroup dialect.Query
	grantableUser, grantableGroup                  dialect.Query
	insertPermission                               dialect.Query
	contentType, insertContentType                 dialect.Query

	groups, userGroups, groupByName, lockGroup    dialect.Query
	createGroup, deleteGroup                      dialect.Query
	addToGroup, removeFromGroup, joinable         dialect.Query
	deleteGroupMembers, deleteGroupPermissionRows dialect.Query

	tables, ledger dialect.Query
}

// newQueries spells every statement.
func newQueries(d *dialect.Dialect) *queries {
	q := &queries{tables: d.Query("tables listed", d.Tables)}
	q.sessions(d)
	q.users(d)
	q.credentials(d)
	q.permissionRows(d)
	q.groupRows(d)
	q.ledger = d.Query("migrations read", "SELECT app, name FROM django_migrations ORDER BY id")
	return q
}

func (q *queries) sessions(d *dialect.Dialect) {
	q.sessionByKey = d.Query("session row read", "SELECT session_key, session_data, "+d.TimeColumn("expire_date")+
		" FROM django_session WHERE session_key = ?1 AND expire_date > ?2")
	q.sessionExists = d.Query("session row looked for",
		"SELECT 1 FROM django_session WHERE "+d.Same("session_key", "?1"))
	q.insertSession = d.Query("session row inserted",
		"INSERT INTO django_session (session_key, session_data, expire_date) VALUES (?1, ?2, ?3)"+
			onConflict(d, "session_key"))
	q.updateSession = d.Query("session row updated", "UPDATE django_session SET session_data = ?2, expire_date = ?3 WHERE "+
		d.Same("session_key", "?1")+" AND "+d.Same("session_data", "?4"))
	q.deleteSession = d.Query("session row deleted", "DELETE FROM django_session WHERE "+d.Same("session_key", "?1"))
	if d.DeleteLimit {
		q.deleteExpired = d.Query("expired session rows deleted",
			"DELETE FROM django_session WHERE expire_date < ?1 ORDER BY expire_date LIMIT ?2")
		return
	}
	q.deleteExpired = d.Query("expired session rows deleted",
		"DELETE FROM django_session WHERE expire_date < ?1 AND session_key IN"+
			" (SELECT session_key FROM django_session WHERE expire_date < ?1 ORDER BY expire_date LIMIT ?2"+d.SkipLocked+")")
}

func (q *queries) users(d *dialect.Dialect) {
	columns := "SELECT id, password, " + d.TimeColumn("last_login") + ", is_superuser, username, first_name, last_name," +
		" email, is_staff, is_active, " + d.TimeColumn("date_joined") + " FROM auth_user WHERE "
	q.userByID = d.Query("user row read", columns+"id = "+d.ID("?1"))
	q.userByName = d.Query("user row read", columns+"username = ?1")
	q.userByFold = d.Query("user row read without regard to case", columns+d.Fold("username", "?1")+
		" ORDER BY CASE WHEN "+d.Same("username", "?2")+" THEN 0 ELSE 1 END, id LIMIT 1")
	q.usersByEmail = d.Query("user rows read by e-mail", columns+d.Fold("email", "?1")+" AND is_active = ?2 ORDER BY id")
	q.nameTaken = d.Query("username looked for", "SELECT 1 FROM auth_user WHERE "+d.Fold("username", "?1")+" LIMIT 1")
	create := "INSERT INTO auth_user (password, last_login, is_superuser, username, first_name, last_name, email," +
		" is_staff, is_active, date_joined) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)" + onConflict(d, "username")
	q.createUser = d.Query("user row inserted", create+returning(d))
	q.updateUser = d.Query("user row updated", "UPDATE auth_user SET username = ?2, first_name = ?3, last_name = ?4,"+
		" email = ?5, is_active = ?6, is_staff = ?7, is_superuser = ?8 WHERE id = "+d.ID("?1"))
	q.lockUser = d.Query("user row locked", "SELECT id FROM auth_user WHERE id = "+d.ID("?1")+d.ForUpdate)
	q.deleteUserGroups = d.Query("user's groups deleted", "DELETE FROM auth_user_groups WHERE user_id = "+d.ID("?1"))
	q.deleteUserPermissions = d.Query("user's permissions deleted",
		"DELETE FROM auth_user_user_permissions WHERE user_id = "+d.ID("?1"))
	q.deleteUserLog = d.Query("user's admin log deleted", "DELETE FROM django_admin_log WHERE user_id = "+d.ID("?1"))
	q.deleteUser = d.Query("user row deleted", "DELETE FROM auth_user WHERE id = "+d.ID("?1"))
}

func (q *queries) credentials(d *dialect.Dialect) {
	q.replacePassword = d.Query("password hash replaced", "UPDATE auth_user SET password = ?2 WHERE id = "+d.ID("?1")+
		" AND "+d.Same("password", "?3"))
	q.setPassword = d.Query("password hash set", "UPDATE auth_user SET password = ?2 WHERE id = "+d.ID("?1"))
	q.setLastLogin = d.Query("last_login set", "UPDATE auth_user SET last_login = ?2 WHERE id = "+d.ID("?1"))
}

func (q *queries) permissionRows(d *dialect.Dialect) {
	const join = " JOIN django_content_type c ON c.id = p.content_type_id"
	q.userPermissions = d.Query("user's permissions read", "SELECT c.app_label, p.codename FROM auth_permission p"+
		" JOIN auth_user_user_permissions u ON u.permission_id = p.id"+join+" WHERE u.user_id = "+d.ID("?1"))
	q.groupPermissions = d.Query("groups' permissions read", "SELECT c.app_label, p.codename FROM auth_permission p"+
		" JOIN auth_group_permissions g ON g.permission_id = p.id JOIN auth_user_groups u ON u.group_id = g.group_id"+
		join+" WHERE u.user_id = "+d.ID("?1"))
	q.permissions = d.Query("permissions read", "SELECT p.id, c.app_label, c.model, p.codename, p.name"+
		" FROM auth_permission p"+join+" ORDER BY c.app_label, c.model, p.codename")

	q.grantableUser = d.Query("user and permission read", grantable(d, "auth_user"))
	q.grantableGroup = d.Query("group and permission read", grantable(d, "auth_group"))
	q.grantUser = d.Query("permission granted to user", "INSERT INTO auth_user_user_permissions (user_id, permission_id)"+
		" VALUES (?1, ?2)"+onConflict(d, "user_id, permission_id"))
	q.grantGroup = d.Query("permission granted to group", "INSERT INTO auth_group_permissions (group_id, permission_id)"+
		" VALUES (?1, ?2)"+onConflict(d, "group_id, permission_id"))
	q.revokeUser = d.Query("permission taken from user", revoke(d, "auth_user_user_permissions", "user_id"))
	q.revokeGroup = d.Query("permission taken from group", revoke(d, "auth_group_permissions", "group_id"))

	q.contentType = d.Query("content type read", "SELECT id FROM django_content_type WHERE app_label = ?1 AND model = ?2")
	q.insertContentType = d.Query("content type inserted", "INSERT INTO django_content_type (app_label, model)"+
		" VALUES (?1, ?2)"+onConflict(d, "app_label, model")+returning(d))
	q.insertPermission = d.Query("permission inserted", "INSERT INTO auth_permission (name, content_type_id, codename)"+
		" VALUES (?1, ?2, ?3)"+onConflict(d, "content_type_id, codename")+returning(d))
}

func (q *queries) groupRows(d *dialect.Dialect) {
	q.joinable = d.Query("user and group read", "SELECT g.id FROM auth_user u, auth_group g WHERE u.id = "+
		d.ID("?1")+" AND g.id = "+d.ID("?2"))
	q.groups = d.Query("groups read", "SELECT id, name FROM auth_group ORDER BY name")
	q.userGroups = d.Query("user's groups read", "SELECT g.id, g.name FROM auth_group g"+
		" JOIN auth_user_groups u ON u.group_id = g.id WHERE u.user_id = "+d.ID("?1")+" ORDER BY g.name")
	q.groupByName = d.Query("group read", "SELECT id, name FROM auth_group WHERE name = ?1")
	q.lockGroup = d.Query("group locked", "SELECT id FROM auth_group WHERE id = "+d.ID("?1")+d.ForUpdate)
	q.createGroup = d.Query("group inserted",
		"INSERT INTO auth_group (name) VALUES (?1)"+onConflict(d, "name")+returning(d))
	q.deleteGroup = d.Query("group deleted", "DELETE FROM auth_group WHERE id = "+d.ID("?1"))
	q.deleteGroupMembers = d.Query("group's members deleted", "DELETE FROM auth_user_groups WHERE group_id = "+d.ID("?1"))
	q.deleteGroupPermissionRows = d.Query("group's permissions deleted",
		"DELETE FROM auth_group_permissions WHERE group_id = "+d.ID("?1"))
	q.addToGroup = d.Query("user added to group", "INSERT INTO auth_user_groups (user_id, group_id) VALUES (?1, ?2)"+
		onConflict(d, "user_id, group_id"))
	q.removeFromGroup = d.Query("user taken out of group", "DELETE FROM auth_user_groups WHERE user_id = "+d.ID("?1")+
		" AND group_id = "+d.ID("?2"))
}

// onConflict ends an INSERT that does nothing where the row exists: the row
// count tells, and a transaction of PostgreSQL lives on.
func onConflict(d *dialect.Dialect, columns string) string {
	if d.OnConflict {
		return " ON CONFLICT (" + columns + ") DO NOTHING"
	}
	return ""
}

// returning ends an INSERT whose new id comes back as a row.
func returning(d *dialect.Dialect) string {
	if d.Returning {
		return " RETURNING id"
	}
	return ""
}

// grantable finds the permissions "?2.?3", provided that the owner ?1 exists.
// That it is not part of the INSERT spares MySQL the locks of INSERT ... SELECT,
// which deadlock.
func grantable(d *dialect.Dialect, owner string) string {
	return "SELECT p.id FROM " + owner + " o, auth_permission p JOIN django_content_type c ON c.id = p.content_type_id" +
		" WHERE o.id = " + d.ID("?1") + " AND c.app_label = ?2 AND p.codename = ?3"
}

// revoke takes every permission "?2.?3" from the owner ?1.
func revoke(d *dialect.Dialect, table, column string) string {
	return "DELETE FROM " + table + " WHERE " + column + " = " + d.ID("?1") + " AND permission_id IN" +
		" (SELECT p.id FROM auth_permission p JOIN django_content_type c ON c.id = p.content_type_id" +
		" WHERE c.app_label = ?2 AND p.codename = ?3)"
}
