package djangosettings

// djangoSetting is a setting of Django's that concerns users and sessions.
type djangoSetting struct {
	name     string
	preset   string // Django 6.1's default, as Python writes it
	versions string // which Djangos have it, where not all from 3.2 to 6.1; and other defaults
	flag     string // its counterpart, without the dashes; empty for none
	remark   string
	convert  func(c *conversion, s djangoSetting, value any)
}

// Setting is a row of the table of docs/settings.md.
type Setting struct {
	Name, Default string // Django 6.1's, as Python writes it
	Versions      string // which Djangos have it, where not all from 3.2 to 6.1; and other defaults
	Flag          string // its counterpart, without the dashes; empty for none
	Remark        string
}

// Settings returns all settings of Django's that concern users and sessions.
func Settings() []Setting {
	all := make([]Setting, len(djangoSettings))
	for i, s := range djangoSettings {
		all[i] = Setting{s.name, s.preset, s.versions, s.flag, s.remark}
	}
	return all
}

// djangoSettings is the table of docs/settings.md.
var djangoSettings = []djangoSetting{
	{"SECRET_KEY", "''", "", "secret-key-file", "or `$COATCHECK_SECRET_KEY`; never a flag", secretKeySetting},
	{"SECRET_KEY_FALLBACKS", "[]", "4.1+", "secret-key-fallbacks-file", "one key a line", fallbacksSetting},
	{"SIGNING_BACKEND", "'django.core.signing.TimestampSigner'", "", "", "always this one", onlyDefault("django.core.signing.TimestampSigner")},
	{"SIGNED_COOKIE_LEGACY_SALT_FALLBACK", "False", "6.0.6+ and 5.2.15+ (True there)", "", "", nil},
	{"DEFAULT_HASHING_ALGORITHM", "'sha256'", "3.1 to 3.2", "accept-sha1", "set it where this is `sha1`", sha1Setting},

	{"SESSION_ENGINE", "'django.contrib.sessions.backends.db'", "", "session-engine", "its last part", engineSetting},
	{"SESSION_CACHE_ALIAS", "'default'", "", "cache", "the servers of that cache in CACHES: Redis or memcached", nil},
	{"SESSION_COOKIE_NAME", "'sessionid'", "", "session-cookie-name", "", same},
	{"SESSION_COOKIE_AGE", "1209600", "", "session-cookie-age", "seconds", same},
	{"SESSION_COOKIE_DOMAIN", "None", "", "session-cookie-domain", "", same},
	{"SESSION_COOKIE_PATH", "'/'", "", "session-cookie-path", "", cookiePath},
	{"SESSION_COOKIE_SECURE", "False", "", "session-cookie-secure", "", same},
	{"SESSION_COOKIE_HTTPONLY", "True", "", "session-cookie-httponly", "", same},
	{"SESSION_COOKIE_SAMESITE", "'Lax'", "", "session-cookie-samesite", "`omit` for None and False", sameSite},
	{"SESSION_SAVE_EVERY_REQUEST", "False", "", "session-save-every-request", "", same},
	{"SESSION_EXPIRE_AT_BROWSER_CLOSE", "False", "", "session-expire-at-browser-close", "", same},
	{"SESSION_FILE_PATH", "None", "", "session-file-path", "", same},
	{"SESSION_SERIALIZER", "'django.contrib.sessions.serializers.JSONSerializer'", "", "session-serializer", "`pickle` for `PickleSerializer`; the engine `cache` has no use for it", serializerSetting},

	{"CSRF_COOKIE_NAME", "'csrftoken'", "", "csrf-cookie-name", "", same},
	{"CSRF_COOKIE_AGE", "31449600", "", "csrf-cookie-age", "seconds; 0 for None", csrfAge},
	{"CSRF_COOKIE_DOMAIN", "None", "", "csrf-cookie-domain", "", same},
	{"CSRF_COOKIE_PATH", "'/'", "", "csrf-cookie-path", "", cookiePath},
	{"CSRF_COOKIE_SECURE", "False", "", "csrf-cookie-secure", "", same},
	{"CSRF_COOKIE_HTTPONLY", "False", "", "csrf-cookie-httponly", "", same},
	{"CSRF_COOKIE_SAMESITE", "'Lax'", "", "csrf-cookie-samesite", "`omit` for None and False", sameSite},
	{"CSRF_COOKIE_MASKED", "False", "4.1 to 4.2", "csrf-cookie-masked", "", same},
	{"CSRF_HEADER_NAME", "'HTTP_X_CSRFTOKEN'", "", "csrf-header-name", "`X-CSRFToken`", headerSetting},
	{"CSRF_TRUSTED_ORIGINS", "[]", "", "trusted-origin", "with the scheme, as since 4.0", originsSetting},
	{"CSRF_USE_SESSIONS", "False", "", "csrf-use-sessions", "", same},
	{"CSRF_FAILURE_VIEW", "'django.views.csrf.csrf_failure'", "", "", "in Go: `CSRFConfig.Failure`", onlyDefault("django.views.csrf.csrf_failure")},

	{"LANGUAGE_COOKIE_NAME", "'django_language'", "", "language-cookie-name", "", same},
	{"LANGUAGE_COOKIE_AGE", "None", "", "language-cookie-age", "seconds; 0 for None", csrfAge},
	{"LANGUAGE_COOKIE_DOMAIN", "None", "", "language-cookie-domain", "", same},
	{"LANGUAGE_COOKIE_PATH", "'/'", "", "language-cookie-path", "", cookiePath},
	{"LANGUAGE_COOKIE_SECURE", "False", "", "language-cookie-secure", "", same},
	{"LANGUAGE_COOKIE_HTTPONLY", "False", "", "language-cookie-httponly", "", same},
	{"LANGUAGE_COOKIE_SAMESITE", "None", "", "language-cookie-samesite", "`omit` for None and False", sameSite},

	{"AUTH_USER_MODEL", "'auth.User'", "", "user-table", "and the others of its kind: [user models](user-models.md)", userModelSetting},
	{"AUTHENTICATION_BACKENDS", "['django.contrib.auth.backends.ModelBackend']", "", "authentication-backend", "all of them; in Go: `Config.Logins.BackendPaths`", backendsSetting},
	{"AUTH_PASSWORD_VALIDATORS", "[]", "", "validate-passwords", "all four of a new project, or none; others in Go: `Config.Passwords.Validators`", validatorsSetting},
	{"PASSWORD_HASHERS", "[PBKDF2PasswordHasher, ...]", "", "password-hasher", "the first that both know; with what each costs, and `--accept-hasher`: [passwords](passwords.md)", hashersSetting},
	{"PASSWORD_RESET_TIMEOUT", "259200", "", "password-reset-timeout", "seconds", same},
	{"PASSWORD_RESET_TIMEOUT_DAYS", "3", "3.2", "password-reset-timeout", "in seconds", resetDays},
	{"LOGIN_URL", "'/accounts/login/'", "", "login-url", "a path, not the name of a view", path},
	{"LOGIN_REDIRECT_URL", "'/accounts/profile/'", "", "login-redirect-url", "a path", path},
	{"LOGOUT_REDIRECT_URL", "None", "", "logout-redirect-url", "a path", path},

	{"ALLOWED_HOSTS", "[]", "", "allowed-host", "none means all, where Django serves none", hostsSetting},
	{"FORCE_SCRIPT_NAME", "None", "", "script-name", "", same},
	{"USE_X_FORWARDED_HOST", "False", "", "use-x-forwarded-host", "needs `--trusted-proxy`", proxied},
	{"USE_X_FORWARDED_PORT", "False", "", "use-x-forwarded-port", "needs `--trusted-proxy`", proxied},
	{"SECURE_PROXY_SSL_HEADER", "None", "", "secure-proxy-ssl-header", "and `--secure-proxy-ssl-value`; need `--trusted-proxy`", sslHeader},
	{"SECURE_SSL_REDIRECT", "False", "", "secure-ssl-redirect", "", same},
	{"SECURE_SSL_HOST", "None", "", "secure-ssl-host", "", same},
	{"SECURE_REDIRECT_EXEMPT", "[]", "", "secure-redirect-exempt", "", same},
	{"SECURE_HSTS_SECONDS", "0", "", "secure-hsts-seconds", "", same},
	{"SECURE_HSTS_INCLUDE_SUBDOMAINS", "False", "", "secure-hsts-include-subdomains", "", same},
	{"SECURE_HSTS_PRELOAD", "False", "", "secure-hsts-preload", "", same},
	{"SECURE_CONTENT_TYPE_NOSNIFF", "True", "", "secure-content-type-nosniff", "", same},
	{"SECURE_REFERRER_POLICY", "'same-origin'", "", "secure-referrer-policy", "`omit` for None", orOmit},
	{"SECURE_CROSS_ORIGIN_OPENER_POLICY", "'same-origin'", "4.0+", "secure-cross-origin-opener-policy", "`omit` for None", orOmit},
	{"X_FRAME_OPTIONS", "'DENY'", "", "x-frame-options", "", same},
	{"SECURE_CSP", "{}", "6.0+", "", "the account pages have a strict one of their own", noneOf},

	{"DATABASES", "{}", "", "database", "the one of the users, with its options", databaseSetting},
	{"USE_TZ", "True", "False before 5.0", "use-tz", "", same},
	{"TIME_ZONE", "'America/Chicago'", "", "time-zone", "with `USE_TZ` too, for links that reset passwords", zoneSetting},
	{"DEFAULT_FROM_EMAIL", "'webmaster@localhost'", "", "default-from-email", "", same},
	{"EMAIL_BACKEND", "'django.core.mail.backends.smtp.EmailBackend'", "", "email-backend", "in Go: any `mail.Sender`", emailBackendSetting},
	{"EMAIL_HOST", "'localhost'", "", "email-host", "", same},
	{"EMAIL_PORT", "25", "", "email-port", "0 for that of `--email-tls`", emailPortSetting},
	{"EMAIL_HOST_USER", "''", "", "email-host-user", "", same},
	{"EMAIL_HOST_PASSWORD", "''", "", "email-host-password-file", "or `$COATCHECK_EMAIL_HOST_PASSWORD`", emailPasswordSetting},
	{"EMAIL_USE_TLS", "False", "", "email-tls", "`starttls`, the default", emailTLSSetting},
	{"EMAIL_USE_SSL", "False", "", "email-tls", "`tls`", nil},
	{"EMAIL_TIMEOUT", "None", "", "email-timeout", "seconds; 10 by default", same},
	{"EMAIL_FILE_PATH", "None", "", "email-file-path", "", same},
	{"DEFAULT_AUTO_FIELD", "'django.db.models.BigAutoField'", "AutoField before 6.0", "", "integers and big integers are the same to Coatcheck", nil},
	{"MIDDLEWARE", "[]", "", "guard", "`django` where it has CsrfViewMiddleware", middlewareSetting},
	{"INSTALLED_APPS", "[]", "", "", "`--refuse-login-if` and `--refuse-login-unless` for those that ask for more than a password: [applications](django.md#applications-with-rules-of-their-own)", appsSetting},
	{"DEBUG", "False", "", "", "there is none", debugSetting},
}
