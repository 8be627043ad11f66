package own

import "github.com/coatcheck/coatcheck/database/internal/dialect"

// throttleQueries are the statements about budgets. Times are microseconds since
// 1970.
type throttleQueries struct {
	take, add, read, give, reset, deleteIdle dialect.Query
}

func newThrottleQueries(d *dialect.Dialect) throttleQueries {
	const table = ThrottleTable
	second, third, fourth := d.ID("?2"), d.ID("?3"), d.ID("?4")
	q := throttleQueries{
		take: d.Query("attempt taken", "UPDATE "+table+" SET tat = CASE WHEN tat > "+second+" THEN tat ELSE "+second+" END + "+third+
			" WHERE name = ?1 AND tat <= "+fourth),
		add:   d.Query("budget inserted", "INSERT INTO "+table+" (name, tat) VALUES (?1, "+second+")"+d.DoNothing("name")),
		read:  d.Query("budget read", "SELECT tat FROM "+table+" WHERE name = ?1"),
		give:  d.Query("attempt given back", "UPDATE "+table+" SET tat = tat - "+second+" WHERE name = ?1"),
		reset: d.Query("budget made whole", "DELETE FROM "+table+" WHERE name = ?1"),
	}
	idle := "DELETE FROM " + table + " WHERE tat < " + d.ID("?1")
	if d.DeleteLimit {
		q.deleteIdle = d.Query("idle budgets deleted", idle+" ORDER BY tat LIMIT ?2")
		return q
	}
	q.deleteIdle = d.Query("idle budgets deleted", idle+" AND name IN (SELECT name FROM "+table+" WHERE tat < "+d.ID("?1")+
		" ORDER BY tat LIMIT ?2"+d.SkipLocked+")")
	return q
}
