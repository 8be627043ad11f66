package flow

import (
	"slices"
	"strings"
)

// Code names what was done, as "session.loaded": a group and a word, joined by a dot.
type Code string

// Meaning is what the table says of a code.
type Meaning struct {
	Code  Code
	Layer Layer
	// Sentence is what a trace prints. An attribute may stand in it as {name}.
	Sentence string
	// Attrs are the names of its attributes. An event may lack some.
	Attrs []string
	// Doc explains more about it, in a sentence.
	Doc string
	// Verdict is what the code says of a request.
	Verdict Verdict
	// Reason is the reason code of a refusal or a failure, or of why nobody is signed in:
	// "session-expired". It is empty for all other codes, and stable.
	Reason string
	// Sees is what the visitor gets then, and Remedy what the operator does.
	Sees, Remedy string
}

// row is a row of the table, to which reasons adds what refusals have.
type row struct {
	code     Code
	layer    Layer
	sentence string
	attrs    []string
	doc      string
}

// Codes returns the table, in the order of the layers.
func Codes() []Meaning {
	all := slices.Clone(table)
	for i := range all {
		all[i].Attrs = slices.Clone(all[i].Attrs)
	}
	return all
}

// Layer returns the layer that emits the code: View for one that is not in the table.
func (c Code) Layer() Layer {
	if m, ok := meanings[c]; ok {
		return m.Layer
	}
	return View
}

// Sentence returns what a trace prints for the code: the code itself for one that is not in
// the table.
func (c Code) Sentence() string {
	if m, ok := meanings[c]; ok {
		return m.Sentence
	}
	return string(c)
}

// Doc returns what the table explains of the code, or "" for one that is not in it.
func (c Code) Doc() string { return meanings[c].Doc }

// Remedy returns what the operator does about a refusal or a failure, or "".
func (c Code) Remedy() string { return meanings[c].Remedy }

// group is what stands before the dot.
func (c Code) group() string {
	group, _, _ := strings.Cut(string(c), ".")
	return group
}

var meanings = func() map[Code]Meaning {
	all := make(map[Code]Meaning, len(table))
	for _, m := range table {
		all[m.Code] = m
	}
	return all
}()

type names = []string

// table is the one table of codes.
var table = func() (all []Meaning) {
	rows := slices.Concat(databaseCodes, sessionCodes, middlewareCodes, authCodes, viewCodes, accessCodes)
	for _, r := range rows {
		m := Meaning{Code: r.code, Layer: r.layer, Sentence: r.sentence, Attrs: r.attrs, Doc: r.doc}
		m.Verdict = Done
		if slices.Contains(letsIn, m.Code) {
			m.Verdict = LetIn
		}
		for _, why := range reasons {
			if why.code == m.Code {
				m.Verdict, m.Reason, m.Sees, m.Remedy = why.verdict, why.reason, why.sees, why.remedy
			}
		}
		all = append(all, m)
	}
	return all
}()

var databaseCodes = []row{
	{"database.row", Database, "{query}", names{"query", "found", "table"}, "One row was looked for."},
	{"database.rows", Database, "{query}", names{"query", "rows", "table"}, "Rows were read."},
	{"database.changed", Database, "{query}", names{"query", "rows", "table"}, "Rows were inserted, updated or deleted."},
}

var sessionCodes = []row{
	{"session.none", SessionEngine, "no session key, so the session is empty and nothing is read", nil, "The request brought no session cookie."},
	{"session.missing", SessionEngine, "no such session, or it has expired", names{"key"}, "The key is dropped, since the server alone chooses keys."},
	{"session.expired", SessionEngine, "the session has expired", names{"key"}, "Engines whose store keeps what expired say so: files and signed cookies."},
	{"session.bad_signature", SessionEngine, "session data signed by no key of ours, taken as empty", names{"key", "reason"}, "Another secret key signed it, or the text was changed."},
	{"session.corrupt", SessionEngine, "session data corrupt, taken as empty", names{"key", "reason"}, "The data cannot be decoded, though no signature says that it is not ours."},
	{"session.loaded", SessionEngine, "session loaded, its signature checked, and decoded", names{"key", "keys", "expires", "readonly"}, "The session is there; keys is how many values it has."},
	{"session.remembered", SessionEngine, "the session is kept in memory, and nothing changed it since", names{"key"}, "See docs/session-memory.md."},
	{"session.failed", SessionEngine, "the session store failed", names{"key", "error"}, "A failure of the store: it never means that there is no session."},
	{"session.created", SessionEngine, "new session created, under a random key", names{"key", "keys"}, "The session has a row, or its like, under a key that nobody knew."},
	{"session.saved", SessionEngine, "session saved", names{"key", "keys"}, "The changes of this request are stored."},
	{"session.merged", SessionEngine, "merged with the changes of another request", names{"key"}, "Another request stored the session first; both changes stay."},
	{"session.interrupted", SessionEngine, "the session was deleted concurrently", names{"key"}, "Another request ended the session, so nothing of this one is saved."},
	{"session.moved", SessionEngine, "session moved from its old key to another one", names{"key", "old"}, "The old key is worth nothing from now on."},
	{"session.left_behind", SessionEngine, "values of another program were left behind", names{"key", "reason"}, "They cannot be written back, and ended with the old key."},
	{"session.deleted", SessionEngine, "session deleted, with all that it held", names{"key"}, "Its key opens nothing any more."},
}

var middlewareCodes = []row{
	{"https.redirected", Middleware, "redirected to HTTPS", names{"location"}, "The request came by HTTP."},
	{"host.refused", Middleware, "refused with 400: the host is not allowed", nil, "See AllowedHosts."},
	{"proxy.refused", Middleware, "refused with 400: the proxy named no host, or no path", nil, "A trusted proxy sent a header that cannot be read."},
	{"origin.refused", Middleware, "refused: cross-origin request", names{"origin", "sec-fetch-site"}, "Another site's page made the request."},
	{"csrf.origin_untrusted", Middleware, "refused with 403: {reason}", names{"reason"}, "The Origin header names another site. The reason is Django's."},
	{"csrf.referer_missing", Middleware, "refused with 403: {reason}", names{"reason"}, "Over HTTPS a form comes with an Origin or a Referer. The reason is Django's."},
	{"csrf.referer_malformed", Middleware, "refused with 403: {reason}", names{"reason"}, "It is no whole address. The reason is Django's."},
	{"csrf.referer_insecure", Middleware, "refused with 403: {reason}", names{"reason"}, "The page with the form came by HTTP. The reason is Django's."},
	{"csrf.referer_untrusted", Middleware, "refused with 403: {reason}", names{"reason"}, "The page that sent the form is of another site. The reason is Django's."},
	{"csrf.cookie_missing", Middleware, "refused with 403: {reason}", names{"reason"}, "The browser sent no secret to compare with. The reason is Django's."},
	{"csrf.cookie_malformed", Middleware, "refused with 403: {reason}", names{"reason"}, "What it holds cannot be a secret. The reason is Django's."},
	{"csrf.token_missing", Middleware, "refused with 403: {reason}", names{"reason"}, "Neither the form nor a header has one. The reason is Django's."},
	{"csrf.token_malformed", Middleware, "refused with 403: {reason}", names{"reason"}, "What came cannot be a token. The reason is Django's."},
	{"csrf.token_wrong", Middleware, "refused with 403: {reason}", names{"reason"}, "It does not match the secret, for instance after a login. The reason is Django's."},
	{"csrf.renewed", Middleware, "new CSRF secret, as at each login", nil, "Forms from before the login are void."},
	{"csrf.cookie_set", Middleware, "CSRF cookie set", names{"name"}, "The browser gets the CSRF secret."},
	{"remote.refused", Middleware, "refused with 400: two remote users", nil, "The web server in front named two users at once."},
	{"remote.not_trusted", Middleware, "remote user not believed: the peer is not trusted", names{"peer"}, "The header came from an unknown client, and was removed."},
	{"remote.nobody", Middleware, "remote user is nobody", names{"text"}, "The web server in front sent a text that names nobody."},
	{"cookie.read", Middleware, "session cookie read", names{"name", "key"}, "The key is shortened; none means that there was no cookie."},
	{"cookie.set", Middleware, "session cookie set", names{"name"}, "The response brings the browser its session key."},
	{"cookie.deleted", Middleware, "session cookie deleted", names{"name"}, "The browser is told to forget a key that opens nothing."},
	{"session.store_read_only", Middleware, "session served and not saved: its store is read-only", nil, "A standby takes no writes; the session ends when it would have."},
	{"session.refused_interrupted", Middleware, "responded with 400: the session was deleted concurrently", nil, "The response must not bring a session back that another request ended."},
	{"session.refused_unsaved", Middleware, "responded with 503: the session could not be saved", nil, "A failure of the store: cookie and session stay as they are."},
}

var authCodes = []row{
	{"user.anonymous", Middleware, "AnonymousUser: nobody is signed in to this session", names{"because"}, "The session names no user; because is the code of the step that says why."},
	{"user.backend_unknown", Middleware, "AnonymousUser: the session's backend is not configured", names{"backend"}, "See AUTHENTICATION_BACKENDS."},
	{"user.too_old", Middleware, "AnonymousUser: the session is older than Config.Logins.MaxAge allows", names{"user"}, "The session ends."},
	{"user.gone", Middleware, "AnonymousUser: the user does not exist any more", names{"user"}, "The backend does not know the ID in the session."},
	{"user.inactive", Middleware, "AnonymousUser: the user is not active", names{"user"}, "The session ends, and stays over when the user is active again."},
	{"user.hash_mismatch", Middleware, "AnonymousUser: the session auth hash differs, since the password was changed after the login", names{"user"}, "The session ends."},
	{"user.device_unbound", Middleware, "AnonymousUser: the session is bound to another device", names{"user"}, "The request lacks the cookie of the device, or it is over. The session stays."},
	{"user.ended", Middleware, "AnonymousUser: the session was ended with the others of the user", names{"user"}, "See docs/endings.md."},
	{"user.remembered", Middleware, "the user row is kept in memory, and nothing changed it since", nil, "See docs/session-memory.md."},
	{"user.found", Middleware, "the session auth hash is good, so the user is signed in", names{"user", "backend"}, "The stored password hash is the one of the login."},
	{"user.found_by_old_key", Middleware, "the session auth hash is good by an old secret key, so the user is signed in", names{"user", "backend"}, "See SECRET_KEY_FALLBACKS."},
	{"user.hash_renewed", Middleware, "session auth hash renewed with the present secret key", names{"user"}, "The session keeps its key."},

	{"throttle.passed", View, "throttle: attempts are left, and one of each budget is taken", names{"budgets"}, "A good login gives them back; the step counts the statements of both."},
	{"throttle.refused_account", View, "throttle: refused with 429, too many attempts at this account", names{"wait"}, "The guesses at this account are used up. Nothing is looked at, not even a right password; wait is how long the next attempt takes."},
	{"throttle.refused_address", View, "throttle: refused with 429, too many attempts from this address", names{"wait"}, "Those of this client's address are used up. Nothing is looked at, not even a right password; wait is how long the next attempt takes."},
	{"throttle.refused_device", View, "throttle: refused with 429, too many attempts from this browser", names{"wait"}, "Those of this browser, which the account knows, are used up. Nothing is looked at, not even a right password; wait is how long the next attempt takes."},
	{"throttle.failed", View, "throttle: attempts could not be counted", names{"error"}, "A failure of the store lets no guess pass."},
	{"password.compared", View, "authenticate(): password hashed as the stored one was, and compared", names{"algorithm", "rounds", "right"}, "This is what a login costs."},
	{"password.dummy", View, "authenticate(): no user who may log in, so a hash is made for nothing", names{"algorithm"}, "An unknown user takes the time of a wrong password."},
	{"password.busy", View, "too many passwords are being hashed, so this one is not", names{"error"}, "The queue is full, or the wait too long; nothing was computed."},
	{"password.unusable", View, "authenticate(): the account has no usable password", names{"user"}, "Nobody can log in with a password, until one is set."},
	{"password.stuck", View, "authenticate(): the stored hash cannot be compared with any password: {reason}", names{"user", "reason"}, "The log and coatcheck explain say what would help."},
	{"password.rehashed", View, "authenticate(): password hashed anew, since the stored hash was weaker", names{"algorithm", "rounds"}, "Nobody else notices."},
	{"password.validated", View, "password judged by the validators", names{"validators", "good"}, "See AUTH_PASSWORD_VALIDATORS."},
	{"password.hashed", View, "password hashed for the database", names{"algorithm", "rounds"}, "Only the hash is stored."},
	{"authenticate.done", View, "authenticate(): the credentials are good, and nobody is signed in yet", names{"user", "backend"}, "A session comes by login()."},
	{"authenticate.failed", View, "authenticate(): no backend accepts the credentials", nil, "The response is the same, whatever was wrong."},
	{"authenticate.broken", View, "authenticate(): the credentials could not be checked", names{"error"}, "A failure of the store."},
	{"authenticate.skipped", View, "authenticate(): no password is looked at", nil, "The attempts are used up, or too many passwords are being hashed."},
	{"login.waits", View, "the login waits for a step, nobody is signed in", names{"step"}, "A factor asks for more than the password."},
	{"login.done", View, "login(): three keys stored in the session, so the user is signed in", names{"_auth_user_id", "_auth_user_backend", "_auth_user_hash"}, "The hash is shortened."},
	{"login.confirmed", View, "proof of the user accepted, session under another key", names{"method"}, "Pages that want a recent proof let the user in for a while."},
	{"logout.done", View, "logout(): session ended, nobody is signed in", names{"user"}, "The session is gone, no matter whose it was."},
}

var viewCodes = []row{
	{"home.shown", View, "home page shown", nil, "The demo site's home page."},
	{"public.shown", View, "public page shown, nobody asked who it is for", nil, "No session is loaded."},
	{"docs.shown", View, "page of the documentation shown, nobody asked who it is for", nil, "No session is loaded."},
	{"profile.shown", View, "profile shown", nil, "The user sees what is stored about them."},
	{"profile.form", View, "form for the profile shown", nil, "It has the fields of the user model that users may change."},
	{"profile.failed", View, "profile not changed", names{"error"}, "A failure of the database."},
	{"profile.refused", View, "change of the profile refused", nil, "The form says why."},
	{"profile.changed", View, "profile changed", names{"user"}, "The fields that were sent are stored."},
	{"view.refused", View, "refused: {says}", names{"says", "status"}, "The visitor gets this sentence."},
	{"body.unread", View, "the body is not read: {error}", names{"error"}, "The request counts all the same."},
	{"csrf.explained", View, "the failed CSRF check explained", names{"setting"}, "The page names the setting that may be missing."},
	{"next.ignored", View, "unsafe next ignored: it leads to a host that is not among AllowedRedirectHosts (--allowed-redirect-host), or away from HTTPS", names{"to"}, "A login redirects to no other site."},
	{"acting.refused", View, "refused: the session acts as another user", nil, "Account pages are closed while an operator acts as a user."},
	{"language.chosen", View, "language chosen", names{"language"}, "A cookie keeps it."},
	{"signup.form", View, "sign-up form shown", nil, "Nothing is stored."},
	{"signup.failed", View, "sign-up failed", names{"error"}, "A failure of the store."},
	{"signup.refused", View, "sign-up refused", nil, "The form says why."},
	{"signup.done", View, "user created, no session made", names{"user"}, "A login creates the session."},
	{"signup.link_asked", View, "a link was asked for; whether the address has an account is found out later", nil, "The response tells nobody which addresses have one."},
	{"signup.confirm_form", View, "button shown that confirms the address", nil, "Opening a link changes nothing."},
	{"signup.confirmed", View, "address confirmed and user created, no session made", names{"user"}, "The link is used up."},
	{"invitation.form", View, "sign-up form shown by invitation", nil, "Opening a link changes nothing."},
	{"invitation.done", View, "user created by invitation, no session made", names{"user"}, "The link is used up."},
	{"link.refused", View, "the link did nothing", names{"status"}, "It was used, is too old, or was never good."},
	{"login.form", View, "login form shown", nil, "Nobody is signed in."},
	{"login.incomplete", View, "login refused: fields are missing or wrong", nil, "No password was checked."},
	{"login.refused", View, "login refused", nil, "The form says the same for every reason."},
	{"login.redirected", View, "redirected after login", names{"location"}, "The return URL, or the site's page for users."},
	{"login.needless", View, "redirected: signed in already", names{"location"}, "The login page is for visitors."},
	{"login.both_ways", View, "signed in already: both ways shown, on and to another account", nil, "The user chooses."},
	{"login.until_close", View, "the session ends with the browser, as was chosen", nil, "The cookie has no expiry."},
	{"logout.form", View, "logout button shown: only a POST logs out", nil, "A link on another site must not log out."},
	{"logout.redirected", View, "redirected after logout", names{"location"}, "The page after a logout."},
	{"notice.queued", View, "notice of a new device queued", names{"user"}, "The email tells of a login from an unknown browser."},
	{"email.queued", View, "email queued", names{"email"}, "It is sent when the response is on its way; the attribute is its kind."},
	{"email.dropped", View, "email not queued, since too many wait", names{"email"}, "The request fails, or does without."},
	{"email.sent", View, "email sent", names{"email"}, "The mail server has it."},
	{"email.failed", View, "email could not be sent", names{"error"}, "It is tried again for a day, unless the server refused it for good."},
	{"cleaner.removed", View, "{what} removed", names{"what", "count"}, "Housekeeping, which belongs to no request."},
	{"cleaner.failed", View, "{what} could not be removed", names{"what", "error"}, "Housekeeping tries again within the hour."},
	{"rescue.done", View, "rescued by its notice", names{"sessions"}, "The owner pressed \"this wasn't me\": sessions and password ended."},
	{"session_list.shown", View, "sessions listed", names{"count"}, "Where the user is signed in."},
	{"session_list.ended", View, "sessions ended", names{"count"}, "By the user, from the list."},
	{"password_change.form", View, "form for another password shown", nil, "Nothing is stored."},
	{"password_change.failed", View, "password not changed", names{"error"}, "A failure of the store."},
	{"password_change.refused", View, "password change refused", nil, "The form says why."},
	{"password_change.done", View, "password changed; other sessions of the user are void", names{"user"}, "Their session auth hash differs now."},
	{"reset.form", View, "form for a forgotten password shown", nil, "Nothing is stored."},
	{"reset.link_asked", View, "a link was asked for; whether there is an account is found out later", nil, "The response tells nobody which addresses have one."},
	{"reset.token_good", View, "the token of the link is good, and in the session now", nil, "The address in the browser has it no more."},
	{"reset.password_form", View, "form for the new password shown", nil, "Nothing is stored."},
	{"reset.password_refused", View, "new password refused", nil, "The form says why."},
	{"reset.done", View, "password set; the sessions of the user are void, and the link too", names{"user"}, "Both are bound to the old password hash."},
	{"reset.link_bad", View, "the link was used already, is too old, or was never good", nil, "Another one can be asked for."},
	{"email_change.form", View, "form for another address shown", nil, "Nothing is stored."},
	{"email_change.failed", View, "address not changed", names{"error"}, "A failure of the store."},
	{"email_change.refused", View, "change of the address refused", nil, "The form says why."},
	{"email_change.link_queued", View, "link to confirm an address queued", names{"user"}, "The address changes when the link is used."},
	{"email_change.done", View, "address confirmed", nil, "The account has the new address."},
	{"binding.offered", View, "browser asked to bind the session to its device", nil, "The response of the login has the header Secure-Session-Registration, which other browsers ignore."},
	{"binding.made", View, "session bound to a key of the device, {algorithm}", names{"user", "algorithm"}, "The session keeps the ID of the key, and the browser gets a cookie that lives for some minutes."},
	{"binding.challenged", View, "proof of the device asked for", names{"user"}, "403 with a challenge, which the browser signs."},
	{"binding.refreshed", View, "device has proved to have the key", names{"user"}, "The challenge is used up, and the cookie of the device renewed."},
	{"binding.ended", View, "binding ended", nil, "The session is over, or bound otherwise, so the browser is told to forget the binding."},
	{"binding.refused", View, "proof of a device refused: {why}", names{"why"}, "Nothing is stored, and nobody is signed out."},
	{"binding.skipped", View, "browser says why it did not renew the cookie of the device: {why}", names{"why"}, "By the header Secure-Session-Skipped, which proves nothing."},
	{"binding.failed", View, "binding not looked at", names{"error"}, "A failure of the store."},
	{"passkey.list", View, "{count} passkeys listed", names{"count"}, "Those of the user, with when each was used last."},
	{"passkey.form", View, "form for a passkey shown", nil, "The script asks for the options before it asks the browser."},
	{"passkey.offered", View, "options for a passkey sent", names{"user"}, "The challenge is sealed for the browser, and nothing is stored."},
	{"passkey.refused", View, "passkey not added", nil, "The form says why."},
	{"passkey.failed", View, "passkey not added", names{"error"}, "A failure of the store."},
	{"passkey.wrong", View, "response of an authenticator refused: {why}", names{"why"}, "Nothing is stored, and nobody is signed in."},
	{"passkey.added", View, "passkey added", names{"user"}, "An email tells the user."},
	{"passkey.renamed", View, "passkey renamed", names{"user"}, "The name is for the user alone."},
	{"passkey.removed", View, "passkey removed", names{"user"}, "An email tells the user."},
	{"passkey.login", View, "passkey accepted", names{"user"}, "The signature was right, and the challenge is used up."},
	{"confirm.form", View, "form to confirm shown", nil, "It asks for what the user has: password, passkey, code."},
	{"confirm.failed", View, "proof not checked", names{"error"}, "A failure of the store."},
	{"confirm.refused", View, "proof refused", nil, "The form says what is wrong. The attempt counts as one to log in."},
	{"confirm.done", View, "user confirmed", names{"user"}, "The page that asked for it goes on."},
	{"confirm.no_means", View, "no way to confirm, so log in again", names{"user"}, "The user has no password, passkey or app here."},
	{"confirm.kept", View, "form kept, sealed, until the user confirms", nil, "Without passwords and codes. It is used once."},
	{"oidc.list", View, "{count} linked accounts listed", names{"count"}, "Those of the user at OpenID providers."},
	{"oidc.started", View, "redirected to the provider {provider}", names{"provider"}, "State, nonce and PKCE are bound to the browser, and nothing is stored."},
	{"oidc.state", View, "the state of a response is not accepted: {why}", names{"provider", "why"}, "It is too old, used, of another browser or of another user."},
	{"oidc.refused", View, "the provider {provider} refuses: {why}", names{"provider", "why"}, "The error is the provider's own."},
	{"oidc.invalid", View, "the response of the provider {provider} is refused: wrong {why}", names{"provider", "why"}, "Nobody is signed in."},
	{"oidc.unlinked", View, "the account at {provider} is nobody's here", names{"provider", "why"}, "Accounts are linked by their users, never by an equal address."},
	{"oidc.inactive", View, "the user of the account at {provider} is inactive", names{"provider", "why"}, "Nobody is signed in."},
	{"oidc.taken", View, "the account at {provider} is not linked: {why}", names{"provider", "why"}, "It belongs to one user."},
	{"oidc.exists", View, "no account is created: one has the name or the address", names{"provider", "why"}, "That account may be of somebody else."},
	{"oidc.nameless", View, "no account is created: {provider} says no username", names{"provider", "why"}, "The claim is preferred_username, or a verified email where that is the username."},
	{"oidc.failed", View, "the provider {provider} failed", names{"provider", "error"}, "A user who is signed in stays so."},
	{"oidc.login", View, "signed in at {provider}", names{"provider", "user"}, "The ID token was right, and the state is used up."},
	{"oidc.signed_up", View, "account created by {provider}", names{"provider", "user"}, "No password opens it."},
	{"oidc.linked", View, "account at {provider} linked", names{"provider", "user"}, "An email tells the user."},
	{"oidc.removed", View, "account at a provider unlinked", names{"user"}, "An email tells the user."},
	{"oidc.logout", View, "{provider} ended {count} sessions", names{"provider", "count"}, "Those that began at the session or of the account that the logout token names."},
	{"oidc.logout_refused", View, "logout token of {provider} refused: wrong {why}", names{"provider", "why"}, "No session ended."},
	{"close.form", View, "form to close the account shown", nil, "Nothing is stored."},
	{"close.failed", View, "account not closed", names{"error"}, "A failure of the store."},
	{"close.refused", View, "closing the account refused", nil, "The form says why."},
	{"close.done", View, "account closed", names{"user"}, "Its sessions ended."},
	{"code.form", View, "form for the code of a login shown", nil, "The password was right; nobody is signed in."},
	{"code.failed", View, "code not checked", names{"error"}, "A failure of the store."},
	{"code.refused", View, "code refused", nil, "The form says the same for a wrong code and for one that was used before."},
	{"two_factor.form", View, "form about a second factor shown", nil, "To add an app, to remove it, or to get recovery codes."},
	{"two_factor.failed", View, "second factor not changed", names{"error"}, "A failure of the store."},
	{"two_factor.refused", View, "change of a second factor refused", nil, "The form says why."},
	{"two_factor.added", View, "authenticator app added", names{"user"}, "The user gets recovery codes."},
	{"two_factor.removed", View, "authenticator app removed", names{"user"}, "The recovery codes went with it."},
	{"two_factor.codes", View, "recovery codes replaced", names{"user"}, "The user sees the new ones once."},
}

var accessCodes = []row{
	{"access.open", AccessControl, "let in: no login is needed here", nil, "LoginRequired has the address among those that are exempt."},
	{"access.let_in", AccessControl, "let in", names{"guard", "user"}, "The guard is what asked, such as RequireUser."},
	{"access.redirected", AccessControl, "redirected to the login page: not signed in", nil, "The return URL is in next."},
	{"access.redirected_again", AccessControl, "redirected to confirm: the last proof is too long ago", nil, "See Fresh. The page to confirm, or to log in, leads back."},
	{"access.unauthorized", AccessControl, "refused with 401: not signed in", nil, "The client asks for JSON by name."},
	{"access.unauthorized_again", AccessControl, "refused with 401: the last proof is too long ago", nil, "See Fresh. The response says where to confirm."},
	{"access.forbidden", AccessControl, "refused with 403: lacks the permission", names{"user"}, "The user is signed in, and may not enter."},
	{"access.failed", AccessControl, "refused: it is not known who this is", names{"error"}, "A failure of the store lets nobody in."},
}
