package flow

// reason is what the table has of a code that refuses, fails, or says why nobody is signed in.
type reason struct {
	code    Code
	verdict Verdict // Done where only a guard makes a refusal of it
	reason  string
	sees    string // what the visitor gets
	remedy  string // what the operator does
}

// What visitors see.
const (
	loginPage   = "the login page, or 401"
	confirmPage = "the page to confirm or to log in, or 401"
	busyPage    = "503, to try again soon"
	formAgain   = "the form again, with what is wrong"
	sameAsAny   = "the form again, as for every wrong login"
	csrfPage    = "403, \"This form was not accepted\""
	tooMany     = "429, with the time to wait"
	deadLink    = "that the link cannot be used"
)

// What operators do.
const (
	nothing     = "nothing; it is part of every day"
	restore     = "look at the error in the log, and bring the store back; nobody was logged out"
	letLogIn    = "let the user log in again"
	letConfirm  = "let the user confirm; --recent-proof is how long a proof lasts"
	reloadForm  = "load the page again, and send its form with the cookie; docs/csrf.md lists the causes"
	trustOrigin = "if its pages may send forms here, add the origin by --trusted-origin " +
		"(CSRF_TRUSTED_ORIGINS)"
)

// reasons are the refusals and failures of the table, one reason for each code. Codes that mean
// the same share theirs.
var reasons = []reason{
	{"session.none", Done, "no-cookie", loginPage, "nothing, unless the browser lost the cookie: see --session-cookie-… and the path"},
	{"session.missing", Done, "session-unknown", loginPage, "ask coatcheck explain: it expired, was ended, or is of another site"},
	{"session.expired", Done, "session-expired", loginPage, "let the user log in again; --session-cookie-age (SESSION_COOKIE_AGE) is how long sessions live"},
	{"session.corrupt", Refused, "session-unreadable", loginPage, "compare --session-serializer (SESSION_SERIALIZER) with that of the site that wrote it"},
	{"session.bad_signature", Refused, "signature-mismatch", loginPage, "add the former key by --secret-key-fallbacks-file (SECRET_KEY_FALLBACKS)"},
	{"session.failed", Failed, "store-failed", busyPage, restore},
	{"session.interrupted", Refused, "session-interrupted", "400, to try again", "nothing; the user logged out in another tab"},

	{"https.redirected", Refused, "https-required", "a redirect to https://", "send it to https://; the site redirects what comes by http (SECURE_SSL_REDIRECT)"},
	{"host.refused", Refused, "host-not-allowed", "400", "add the host by --allowed-host (ALLOWED_HOSTS)"},
	{"proxy.refused", Refused, "proxy-header-invalid", "400", "let the proxy send its headers once, and well-formed"},
	{"origin.refused", Refused, "cross-origin", csrfPage, trustOrigin},
	{"csrf.origin_untrusted", Refused, "csrf-origin-untrusted", csrfPage, trustOrigin},
	{"csrf.referer_missing", Refused, "csrf-referer-missing", csrfPage, "let the page send a Referer over HTTPS, or an Origin"},
	{"csrf.referer_malformed", Refused, "csrf-referer-malformed", csrfPage, "let the client send a whole address as Referer"},
	{"csrf.referer_insecure", Refused, "csrf-referer-insecure", csrfPage, "serve the page with the form over HTTPS too"},
	{"csrf.referer_untrusted", Refused, "csrf-referer-untrusted", csrfPage, trustOrigin},
	{"csrf.cookie_missing", Refused, "csrf-cookie-missing", csrfPage, reloadForm},
	{"csrf.cookie_malformed", Refused, "csrf-cookie-malformed", csrfPage, reloadForm},
	{"csrf.token_missing", Refused, "csrf-token-missing", csrfPage, reloadForm},
	{"csrf.token_malformed", Refused, "csrf-token-malformed", csrfPage, reloadForm},
	{"csrf.token_wrong", Refused, "csrf-token-wrong", csrfPage, reloadForm},
	{"remote.refused", Refused, "remote-user-twice", "400", "let the web server in front remove the header that clients send"},
	{"remote.not_trusted", Done, "peer-not-trusted", "the page as for a visitor", "add the web server in front by --trusted-proxy, if it is one"},
	{"session.refused_interrupted", Refused, "session-interrupted", "400, to try again", "nothing; the user logged out in another tab"},
	{"session.refused_unsaved", Failed, "store-failed", busyPage, restore},

	{"user.anonymous", Done, "not-signed-in", loginPage, nothing},
	{"user.backend_unknown", Refused, "backend-not-configured", loginPage, "add it by --authentication-backend (AUTHENTICATION_BACKENDS)"},
	{"user.too_old", Refused, "session-too-old", loginPage, "let the user log in again; --session-max-age is how long a login lasts"},
	{"user.gone", Refused, "user-gone", loginPage, "nothing; the account was deleted"},
	{"user.inactive", Refused, "user-inactive", loginPage, "coatcheck activate, if the user may come back"},
	{"user.hash_mismatch", Refused, "auth-hash-mismatch", loginPage, letLogIn + "; the password was changed, or the secret key"},
	{"user.ended", Refused, "session-ended", loginPage, letLogIn + "; docs/endings.md says what ends sessions"},

	{"user.device_unbound", Refused, "device-unbound", loginPage, letLogIn + "; if the browser has not lost its key, the cookie was stolen: docs/device-bound.md"},

	{"throttle.refused_account", Refused, "throttled-account", tooMany, "coatcheck unlock, if it is the owner who waits"},
	{"throttle.refused_address", Refused, "throttled-address", tooMany, "see --throttle-address; behind a proxy, check --trusted-proxy first"},
	{"throttle.refused_device", Refused, "throttled-device", tooMany, "coatcheck unlock, if it is the owner who waits"},
	{"throttle.failed", Failed, "store-failed", busyPage, restore},
	{"password.busy", Failed, "too-many-hashes", busyPage, "look for a flood of logins; more cores, or a higher limit of hashes, serve more"},
	{"password.unusable", Done, "password-unusable", sameAsAny, "set a password, by coatcheck changepassword or a link"},
	{"password.stuck", Done, "hash-not-comparable", sameAsAny, "see the log and coatcheck explain, which say what would help"},
	{"authenticate.failed", Refused, "wrong-credentials", sameAsAny, nothing},
	{"authenticate.broken", Failed, "store-failed", busyPage, restore},

	{"profile.failed", Failed, "store-failed", busyPage, restore},
	{"profile.refused", Refused, "form-invalid", formAgain, nothing},
	{"view.refused", Refused, "page-refused", "the sentence of the refusal", "see the sentence; it is the page's own"},
	{"acting.refused", Refused, "acting-as-another", "403", "stop acting as the user first"},
	{"signup.failed", Failed, "store-failed", busyPage, restore},
	{"signup.refused", Refused, "form-invalid", formAgain, nothing},
	{"link.refused", Refused, "link-invalid", deadLink, "let the user ask for another link"},
	{"email.dropped", Done, "email-queue-full", "503, or a page without its email", "look why none are sent, and at who asks for so many"},
	{"email.failed", Failed, "email-not-sent", "nothing; it is tried again", "look at the error in the log, and at --email-host"},
	{"cleaner.failed", Failed, "store-failed", "nothing", restore},
	{"login.incomplete", Refused, "form-incomplete", formAgain, nothing},
	{"login.refused", Refused, "login-refused", sameAsAny, "look at the program's hooks and backends"},
	{"password_change.failed", Failed, "store-failed", busyPage, restore},
	{"password_change.refused", Refused, "form-invalid", formAgain, nothing},
	{"reset.password_refused", Refused, "form-invalid", formAgain, nothing},
	{"reset.link_bad", Refused, "link-invalid", deadLink, "let the user ask for another link"},
	{"email_change.failed", Failed, "store-failed", busyPage, restore},
	{"email_change.refused", Refused, "form-invalid", formAgain, nothing},
	{"login.waits", Done, "step-wanted", "the page of the step, or 403", nothing},
	{"code.failed", Failed, "store-failed", busyPage, restore},
	{"code.refused", Refused, "wrong-code", "the form again, as for every wrong code", nothing},
	{"binding.challenged", Refused, "device-proof-wanted", "nothing; the browser comes again with a proof", nothing},
	{"binding.refused", Refused, "wrong-device-proof", "nothing; the browser forgets the binding", nothing},
	{"binding.failed", Failed, "store-failed", busyPage, restore},
	{"passkey.wrong", Refused, "wrong-passkey", "that the passkey was not accepted", nothing},
	{"passkey.failed", Failed, "store-failed", busyPage, restore},
	{"passkey.refused", Refused, "form-invalid", formAgain, nothing},
	{"oidc.state", Refused, "oidc-state", "a page that says so, with a link to try again", "nothing; behind several names for one site, let the provider send visitors back to the one where they began"},
	{"oidc.refused", Refused, "oidc-refused", "a page that says so", "look at the error in the flow; the provider's own log says more"},
	{"oidc.invalid", Refused, "oidc-invalid", "a page that says so", "compare the issuer and the client ID with those at the provider, and the clocks"},
	{"oidc.unlinked", Refused, "oidc-unlinked", "a page that leads to the login page", "nothing; users link their accounts themselves, or see --oidc-signup"},
	{"oidc.inactive", Refused, "user-inactive", "a page that says so", "coatcheck activate, if the user may come back"},
	{"oidc.taken", Refused, "oidc-taken", "409, and a page that says so", "nothing; the account at the provider has another user here"},
	{"oidc.exists", Refused, "oidc-exists", "409, and a page that says so", "nothing; the user logs in to the account and links the provider"},
	{"oidc.nameless", Refused, "oidc-nameless", "409, and a page that says so", "let the provider send preferred_username, and a verified email where that is the username"},
	{"oidc.failed", Failed, "provider-failed", "503, and a page that says so", "look at the error in the log, and at the provider"},
	{"oidc.logout_refused", Refused, "oidc-logout-refused", "400, for the provider", "compare issuer and client ID with those at the provider, and the clocks"},
	{"two_factor.failed", Failed, "store-failed", busyPage, restore},
	{"two_factor.refused", Refused, "form-invalid", formAgain, nothing},
	{"confirm.failed", Failed, "store-failed", busyPage, restore},
	{"confirm.refused", Refused, "proof-wrong", formAgain, nothing},
	{"close.failed", Failed, "store-failed", busyPage, restore},
	{"close.refused", Refused, "form-invalid", formAgain, nothing},

	{"access.redirected", Refused, "login-required", loginPage, nothing},
	{"access.redirected_again", Refused, "proof-wanted", confirmPage, letConfirm},
	{"access.unauthorized", Refused, "login-required", loginPage, nothing},
	{"access.unauthorized_again", Refused, "proof-wanted", confirmPage, letConfirm},
	{"access.forbidden", Refused, "permission-missing", "403", "give the user or a group of theirs the permission, if they may enter"},
	{"access.failed", Failed, "store-failed", busyPage, restore},
}
