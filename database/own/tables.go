package own

import (
	"fmt"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/database"
)

// The tables.
const (
	SessionTable  = "coatcheck_session"  // where users are signed in
	LinkTable     = "coatcheck_link"     // links that work once
	EmailTable    = "coatcheck_mail"     // emails that anybody can ask for
	NoticeTable   = "coatcheck_notice"   // emails that warn a user
	ThrottleTable = "coatcheck_throttle" // budgets of attempts
	EndingTable   = "coatcheck_ending"   // endings of users' sessions
	LockTable     = "coatcheck_lock"     // locks on names
	WalkTable     = "coatcheck_walk"     // places of walks
	AuditTable    = "coatcheck_audit"    // what happened to accounts
	TOTPTable     = "coatcheck_totp"     // authenticator apps
	RecoveryTable = "coatcheck_recovery" // recovery codes
	PasskeyTable  = "coatcheck_passkey"  // passkeys
	// PasskeyUserTable has the handles by which authenticators know users.
	PasskeyUserTable = "coatcheck_passkey_user"
	OIDCTable        = "coatcheck_oidc" // accounts at OpenID providers
	// DeviceBoundTable has the keys of devices to which sessions are bound.
	DeviceBoundTable = "coatcheck_device_bound"
)

// MissingError means that tables which a feature needs are not in the database.
type MissingError struct {
	// Tables are those that are missing, Migrations those that create them.
	Tables, Migrations []string
}

// Error names the tables, and the command that makes them.
func (e *MissingError) Error() string {
	return fmt.Sprintf("the database has no table %s of Coatcheck's own (migration %s); run coatcheck migrate",
		strings.Join(e.Tables, ", "), strings.Join(e.Migrations, ", "))
}

// Missing returns a [MissingError] if one of the tables was not in the database when it was
// opened, and was not made by Migrate since. It makes no query.
func Missing(db *database.DB, tables ...string) error {
	var missing MissingError
	facts := db.Facts()
	for _, table := range tables {
		if facts.Has(table) {
			continue
		}
		missing.Tables = append(missing.Tables, table)
		for _, m := range migrations(db.Engine()) {
			if slices.Contains(m.Tables(), table) && !slices.Contains(missing.Migrations, m.String()) {
				missing.Migrations = append(missing.Migrations, m.String())
			}
		}
	}
	if missing.Tables == nil {
		return nil
	}
	return &missing
}
