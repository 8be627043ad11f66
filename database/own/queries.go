package own

import "github.com/coatcheck/coatcheck/database/internal/dialect"

// queries are all statements, spelled for an engine.
type queries struct {
	insertIndexed, seenIndexed, moveIndexed, deleteIndexed dialect.Query
	indexedByHash, indexedByUser                           dialect.Query
	indexedOfUser, indexedBefore                           dialect.Query

	insertLink, linkByToken, anyLink, useLink dialect.Query
	deleteLinks, deleteExpiredLinks           dialect.Query
	linksOf                                   dialect.Query

	emails, notices emailQueries

	ending, endingNow, firstEnding, nextEnding dialect.Query

	throttle  throttleQueries
	sightings sightingQueries
	walks     walkQueries
	audit     *auditQueries
	totp      totpQueries
	passkeys  passkeyQueries
	devices   deviceQueries
	oidc      oidcQueries
}

func newQueries(d *dialect.Dialect) *queries {
	q := &queries{emails: newEmailQueries(d, EmailTable), notices: newEmailQueries(d, NoticeTable), throttle: newThrottleQueries(d)}
	q.sightings, q.walks, q.audit = newSightingQueries(d), newWalkQueries(d), newAuditQueries(d)
	q.totp, q.passkeys, q.oidc = newTOTPQueries(d), newPasskeyQueries(d), newOIDCQueries(d)
	q.devices = newDeviceQueries(d)
	q.index(d)
	q.links(d)
	q.endings(d)
	return q
}

// endingOf spells the number of the last ending of a user.
func endingOf(mark string) string {
	return "SELECT ending FROM coatcheck_ending WHERE user_id = " + mark
}

func (q *queries) endings(d *dialect.Dialect) {
	q.ending = d.Query("ending of the user's sessions read", endingOf("?1"))
	q.endingNow = q.ending
	q.endingNow.Write = true // in the transaction that wrote it
	q.firstEnding = d.Query("first ending of the user's sessions", "INSERT INTO coatcheck_ending (user_id, ending) VALUES (?1, 0)"+d.DoNothing("user_id"))
	q.nextEnding = d.Query("user's sessions ended", "UPDATE coatcheck_ending SET ending = CASE WHEN ending < ?2 THEN ?2 ELSE ending + 1 END WHERE user_id = ?1")
}

const (
	indexColumns  = "key_hash, user_id, locator, method, ip, user_agent"
	insertIndexed = "INSERT INTO coatcheck_session (" + indexColumns + ", created, last_seen)"
)

func (q *queries) index(d *dialect.Dialect) {
	columns := "SELECT " + indexColumns + ", " + d.TimeColumn("created") + ", " + d.TimeColumn("last_seen") + " FROM coatcheck_session"
	q.insertIndexed = d.Query("session indexed", insertIndexed+
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"+d.DoNothing("key_hash"))
	q.seenIndexed = d.Query("indexed session seen", "UPDATE coatcheck_session SET ip = ?3, user_agent = ?4, last_seen = ?5"+
		", locator = ?6 WHERE key_hash = ?1 AND user_id = ?2")
	q.moveIndexed = d.Query("indexed session moved", "UPDATE coatcheck_session SET key_hash = ?3, locator = ?4"+
		" WHERE key_hash = ?1 AND user_id = ?2")
	q.deleteIndexed = d.Query("indexed session deleted", "DELETE FROM coatcheck_session WHERE key_hash = ?1")
	q.indexedByHash = d.Query("indexed session read", columns+" WHERE key_hash = ?1")
	q.indexedByUser = d.Query("user's indexed sessions read", columns+
		" WHERE user_id = ?1 AND last_seen <= ?2 AND (last_seen < ?2 OR key_hash > ?3) ORDER BY last_seen DESC, key_hash LIMIT ?4")
	q.indexedOfUser = d.Query("user's indexed sessions walked", columns+
		" WHERE user_id = ?1 AND key_hash > ?2 ORDER BY key_hash LIMIT ?3")
	q.indexedBefore = d.Query("old indexed sessions read", columns+" WHERE last_seen < ?1 ORDER BY last_seen, key_hash LIMIT ?2")
}

func (q *queries) links(d *dialect.Dialect) {
	const columns = "token_hash, kind, user_id, data"
	times := ", " + d.TimeColumn("created") + ", " + d.TimeColumn("expires") + " FROM coatcheck_link"
	q.insertLink = d.Query("link inserted", "INSERT INTO coatcheck_link ("+columns+", created, expires)"+
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6)"+d.DoNothing("token_hash"))
	q.anyLink = d.Query("link read", "SELECT "+columns+times+" WHERE token_hash = ?1")
	q.linkByToken = d.Query("link read", "SELECT "+columns+times+" WHERE token_hash = ?1 AND kind = ?2 AND expires > ?3")
	q.linksOf = d.Query("user's links read", "SELECT "+columns+times+" WHERE user_id = ?1 AND kind = ?2 AND expires > ?3 ORDER BY token_hash")
	q.useLink = d.Query("link used up", "DELETE FROM coatcheck_link WHERE token_hash = ?1 AND kind = ?2 AND expires > ?3")
	q.deleteLinks = d.Query("user's links deleted", "DELETE FROM coatcheck_link WHERE user_id = ?1 AND kind = ?2")
	q.deleteExpiredLinks = d.Query("expired links deleted", "DELETE FROM coatcheck_link WHERE expires <= ?1")
}
