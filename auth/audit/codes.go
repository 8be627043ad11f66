package audit

import (
	"slices"

	"github.com/coatcheck/coatcheck/i18n"
)

// Code names an event. Codes are stable: one that was released keeps its meaning.
type Code string

// Meaning is what the table says of a code.
type Meaning struct {
	Code Code
	// Sentence is how the page "where you are signed in" names the event to its user, a key of
	// i18n; empty for one that is not shown there.
	Sentence string
	// Doc explains the event in a sentence.
	Doc string
	// Visitor means that anybody may cause it: the client need not be the user.
	Visitor bool
}

// Codes returns the table.
func Codes() []Meaning { return slices.Clone(table) }

// Meaning returns what the table says of the code, and whether it is in the table.
func (c Code) Meaning() (Meaning, bool) {
	m, ok := meanings[c]
	return m, ok
}

var meanings = func() map[Code]Meaning {
	all := make(map[Code]Meaning, len(table))
	for _, m := range table {
		all[m.Code] = m
	}
	return all
}()

var table = []Meaning{
	{"login", i18n.Mark("Logged in"), "The user logged in, and a session began.", false},
	{"login-elsewhere", i18n.Mark("Logged in to another application of this site"), "A session that was not begun here was used for the first time, that of a Django for instance.", false},
	{"login-failed", i18n.Mark("Failed login"), "The credentials were wrong. The reason is wrong-password, unknown-user, user-inactive, password-unusable or permission-denied.", true},
	{"login-throttled", i18n.Mark("Login refused after too many attempts"), "There were too many attempts, so no password was looked at. The reason is throttled-account, throttled-address or throttled-device. It is recorded once a minute for each account, and for each address where no account is meant.", true},
	{"login-refused", i18n.Mark("Login refused"), "The credentials were right, and the user may not log in here. The reason is login-condition, or refused-by-hook.", false},
	{"logout", i18n.Mark("Logged out"), "The user logged out.", false},
	{"session-ended", i18n.Mark("A session was ended"), "One session was ended from elsewhere.", false},
	{"other-sessions-ended", i18n.Mark("All other sessions were ended"), "All sessions but the present one were ended.", false},
	{"all-sessions-ended", i18n.Mark("All sessions were ended"), "All sessions of the user were ended.", false},
	{"session-rejected", "", "A session was used that is not valid any more, and it ended. The reason is auth-hash-mismatch (the password was changed, by a Django for instance), user-inactive, session-ended or session-too-old.", true},
	{"password-changed", i18n.Mark("Password changed"), "The user, a command or the program set another password.", false},
	{"password-check-failed", i18n.Mark("Wrong present password on a page of the account"), "A page that asks a signed-in user for the present password got a wrong one.", false},
	{"password-reset-sent", i18n.Mark("Link for a new password sent by email"), "A link to choose a new password was asked for and sent to the user.", true},
	{"password-reset", i18n.Mark("Password set by a link from an email"), "The link was used, and the user has another password.", false},
	{"email-change-begun", i18n.Mark("Change of the email address begun"), "The user asked for another address, which is to be confirmed.", false},
	{"email-changed", i18n.Mark("Email address changed"), "The user has another address.", false},
	{"name-changed", i18n.Mark("Name changed"), "The user changed the first or last name.", false},
	{"profile-changed", i18n.Mark("Profile changed"), "The user changed fields of the profile.", false},
	{"factor-added", i18n.Mark("Authenticator app added"), "The user added an authenticator app, whose codes logins ask for.", false},
	{"factor-removed", i18n.Mark("Authenticator app removed"), "The user or a command removed the authenticator app and the recovery codes.", false},
	{"recovery-code-used", i18n.Mark("Recovery code used"), "A recovery code took the place of a code of the app.", false},
	{"recovery-codes-replaced", i18n.Mark("Recovery codes replaced"), "The user got ten new recovery codes, and the former ones are void.", false},
	{"code-failed", i18n.Mark("Wrong code"), "At a login, whose password was right, or on a page of the account the code was wrong or used before.", true},
	{"passkey-added", i18n.Mark("Passkey added"), "The user added a passkey.", false},
	{"passkey-removed", i18n.Mark("Passkey removed"), "The user removed a passkey.", false},
	{"oidc-added", i18n.Mark("Account at a provider linked"), "The user linked an account at an OpenID provider, or signed up by it.", false},
	{"oidc-removed", i18n.Mark("Account at a provider unlinked"), "The user unlinked an account at an OpenID provider.", false},
	{"passkey-copied", i18n.Mark("Passkey refused, as it may be a copy"), "The counter of a passkey went back at a login, which was refused.", true},
	{"device-unbound", i18n.Mark("Session refused on another device"), "A session was used without the device to which it is bound. It is recorded once for each session.", true},
	{"account-created", i18n.Mark("Account created"), "A user was stored: by a sign-up, an invitation, a command or the program.", false},
	{"superuser-created", i18n.Mark("Account created"), "A superuser was stored.", false},
	{"account-closed", "", "The user closed the account.", false},
	{"account-rescued", i18n.Mark("Account secured by the link “this wasn't me”"), "The link of a notice ended all sessions, and the password that somebody knew.", false},
	{"account-activated", i18n.Mark("Account made active"), "A command made the user active again.", false},
	{"account-deactivated", i18n.Mark("Account made inactive"), "A command made the user inactive.", false},
	{"account-unlocked", "", "The attempts to log in to the account were made whole again: by a command, or by a password reset.", false},
	{"address-unlocked", "", "The attempts from an address were made whole again.", false},
	{"invitation-created", "", "A link was made by which one account can be made. The user is the one who invites, if any.", false},
}
