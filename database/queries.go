package database

import "github.com/coatcheck/coatcheck/database/internal/dialect"

// queries are all statements, spelled once for the engine. ?1, ?2 and so
// on are their parameters.
type queries struct {
	sessionByKey, sessionExists, insertSession dialect.Query
	updateSession, moveSession, deleteSession  dialect.Query
	walkSessions, sessionKeys                  dialect.Query
	deleteExpired                              dialect.Query

	pair, pairAndEnding            dialect.Query // see Along
	pairsTogether, pairsAndEndings dialect.Query // the same for several; PostgreSQL's SQL

	// Those of what the user model does not have are empty.
	userByID, userAndEnding                    dialect.Query
	userByName, userByFold, nameTaken          dialect.Query
	usersByEmail, createUser, updateUser       dialect.Query
	replacePassword, setPassword, setLastLogin dialect.Query
	replaceEmail, alikeNames, alikeMailboxes   dialect.Query
	upperNames, nameWeights                    dialect.Query
	lockUser, deleteUser                       dialect.Query
	deleteUserGroups, deleteUserPermissions    dialect.Query
	deleteUserLog                              dialect.Query

	permissionsOf, permissions                     dialect.Query
	grantUser, revokeUser, grantGroup, revokeGroup dialect.Query
	grantableUser, grantableGroup                  dialect.Query
	insertPermission                               dialect.Query
	contentType, insertContentType                 dialect.Query

	groups, userGroups, groupByName, lockGroup    dialect.Query
	createGroup, deleteGroup                      dialect.Query
	addToGroup, removeFromGroup, joinable         dialect.Query
	deleteGroupMembers, deleteGroupPermissionRows dialect.Query

	lock, unlock dialect.Query

	tables, ledger, authTimes, charsets, elsewhere, pathChosen, optionalUnique dialect.Query
}

// newQueries spells every statement.
func newQueries(d *dialect.Dialect, t *userTable, a *Annex) *queries {
	q := &queries{tables: d.Query("tables listed", d.Tables)}
	for _, optional := range []struct {
		query      *dialect.Query
		name, text string
	}{
		{&q.charsets, "character sets read", d.Charsets},
		{&q.optionalUnique, "column looked at", d.OptionalUnique},
		{&q.elsewhere, "tables of other schemas listed", d.Elsewhere},
		{&q.pathChosen, "search path looked at", d.PathChosen},
	} {
		if optional.text != "" {
			*optional.query = d.Query(optional.name, optional.text)
		}
	}
	q.sessions(d)
	q.users(d, t)
	q.usernameKeys(d, t)
	q.alike(d, t)
	q.credentials(d, t)
	q.permissionRows(d)
	q.groupRows(d)
	q.beside(d, t, a)
	q.pairs(d, t, a)
	if t.groups != "" {
		q.userPermissionRows(d, t)
		q.userGroupRows(d, t)
	}
	q.authTimes = d.Query("origin of the tables read", "SELECT COUNT(DISTINCT applied) FROM django_migrations WHERE app = 'auth'")
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
			d.DoNothing("session_key"))
	q.updateSession = d.Query("session row updated", "UPDATE django_session SET session_data = ?2, expire_date = ?3 WHERE "+
		d.Same("session_key", "?1")+" AND "+d.Same("session_data", "?4"))
	q.moveSession = d.Query("session row moved", "UPDATE django_session SET session_key = ?2, session_data = ?3, expire_date = ?4 WHERE "+
		d.Same("session_key", "?1")+" AND "+d.Same("session_data", "?5"))
	q.walkSessions = d.Query("session rows walked", "SELECT session_key, session_data FROM django_session"+
		" WHERE session_key > ?1 AND expire_date > ?2 ORDER BY session_key LIMIT ?3")
	q.sessionKeys = d.Query("session keys found", "SELECT session_key FROM django_session WHERE "+d.Prefixed("session_key")+" AND expire_date > ?3")
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

func (q *queries) permissionRows(d *dialect.Dialect) {
	const join = " JOIN django_content_type c ON c.id = p.content_type_id"
	q.permissions = d.Query("permissions read", "SELECT p.id, c.app_label, c.model, p.codename, p.name"+
		" FROM auth_permission p"+join+" ORDER BY c.app_label, c.model, p.codename")

	q.grantableGroup = d.Query("group and permission read", grantable("auth_group", "o.id = "+d.ID("?1")))
	q.grantGroup = d.Query("permission granted to group", "INSERT INTO auth_group_permissions (group_id, permission_id)"+
		" VALUES (?1, ?2)"+d.DoNothing("group_id, permission_id"))
	q.revokeGroup = d.Query("permission taken from group", revoke("auth_group_permissions", "group_id = "+d.ID("?1")))

	q.contentType = d.Query("content type read", "SELECT id FROM django_content_type WHERE app_label = ?1 AND model = ?2")
	q.insertContentType = d.Query("content type inserted", "INSERT INTO django_content_type (app_label, model)"+
		" VALUES (?1, ?2)"+d.DoNothing("app_label, model")+returning(d))
	q.insertPermission = d.Query("permission inserted", "INSERT INTO auth_permission (name, content_type_id, codename)"+
		" VALUES (?1, ?2, ?3)"+d.DoNothing("content_type_id, codename")+returning(d))
}

func (q *queries) groupRows(d *dialect.Dialect) {
	q.groups = d.Query("groups read", "SELECT id, name FROM auth_group ORDER BY name")
	q.groupByName = d.Query("group read", "SELECT id, name FROM auth_group WHERE name = ?1")
	q.lockGroup = d.Query("group locked", "SELECT id FROM auth_group WHERE id = "+d.ID("?1")+d.ForUpdate)
	q.createGroup = d.Query("group inserted",
		"INSERT INTO auth_group (name) VALUES (?1)"+d.DoNothing("name")+returning(d))
	q.deleteGroup = d.Query("group deleted", "DELETE FROM auth_group WHERE id = "+d.ID("?1"))
	q.deleteGroupPermissionRows = d.Query("group's permissions deleted",
		"DELETE FROM auth_group_permissions WHERE group_id = "+d.ID("?1"))
}

// onAnyConflict is [dialect.Dialect.DoNothing] for a table whose constraints are not known.
func onAnyConflict(d *dialect.Dialect) string {
	if d.OnConflict {
		return " ON CONFLICT DO NOTHING"
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
// Being no part of the INSERT, it spares MySQL the locks of INSERT ... SELECT,
// which deadlock.
func grantable(owner, is string) string {
	return "SELECT p.id FROM " + owner + " o, auth_permission p JOIN django_content_type c ON c.id = p.content_type_id" +
		" WHERE " + is + " AND c.app_label = ?2 AND p.codename = ?3"
}

// revoke removes every permission "?2.?3" from the owner ?1.
func revoke(table, is string) string {
	return "DELETE FROM " + table + " WHERE " + is + " AND permission_id IN" +
		" (SELECT p.id FROM auth_permission p JOIN django_content_type c ON c.id = p.content_type_id" +
		" WHERE c.app_label = ?2 AND p.codename = ?3)"
}
