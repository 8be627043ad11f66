package djangosettings

import (
	"slices"
	"strings"
)

// djangoApp is an application whose rules for a login, a session or a user do not hold at
// Coatcheck's door.
type djangoApp struct {
	names []string // in INSTALLED_APPS
	note  string   // what follows "has NAME: "
	flag  string   // that refuses logins here, and value
	value string
}

// djangoApps are those that are known. docs/django.md says more of each.
var djangoApps = []djangoApp{
	{
		[]string{"allauth.mfa"},
		"a login here asks its users for a code too, and refuses those with a security key alone " +
			"(docs/two-factor.md)", "", "",
	},
	{
		[]string{"django_otp.plugins.otp_totp"},
		"a login here asks its users for a code too (docs/two-factor.md)", "", "",
	},
	{
		[]string{"django_otp.plugins.otp_email"},
		"a login here asks for no code; refuse_login_if sends its users to the site's login page",
		"refuse-login-if", "otp_email_emaildevice.user_id:confirmed",
	},
	{
		[]string{"two_factor.plugins.phonenumber"},
		"a login here asks for no code; refuse_login_if sends its users to the site's login page",
		"refuse-login-if", "two_factor_phonedevice.user_id:confirmed",
	},
	{[]string{"axes", "defender"}, "its locks hold at the site alone; guesses here are counted by " +
		"Coatcheck (docs/throttling.md)", "", ""},
	{[]string{"session_security"}, "its timeout is wound and kept by the site alone; set " +
		"session_cookie_age and session_save_every_request here", "", ""},
	{[]string{"impersonate", "hijack", "loginas", "django_su"}, "the account pages respond with 403 while " +
		"a session acts as another user", "", ""},
	{[]string{"cachalot", "cacheops"}, "it may keep rows of users, so that the site does not see what " +
		"Coatcheck writes to them; " +
		"leave the tables of users and sessions out of it", "", ""},
	{[]string{"rest_framework.authtoken", "knox", "oauth2_provider", "rest_framework_simplejwt"}, "its tokens outlive a new password, a logout and the end of " +
		"all sessions here, as they do at the site", "", ""},
}

// appsSetting names each known application, and refuses the logins that it would not let in.
func appsSetting(c *conversion, s djangoSetting, value any) {
	installed := texts(value)
	conditions := map[string][]string{}
	for _, app := range djangoApps {
		for _, name := range app.names {
			if !slices.ContainsFunc(installed, func(one string) bool { return isApp(one, name) }) {
				continue
			}
			c.note(s.name, "has "+name+": "+app.note)
			if app.flag != "" {
				conditions[app.flag] = append(conditions[app.flag], app.value)
			}
		}
	}
	if slices.ContainsFunc(installed, func(one string) bool { return isApp(one, "allauth.account") }) {
		c.note(s.name, "has allauth.account: it keeps email addresses in account_emailaddress, so leave "+
			"a change of the address to its pages")
		if c.text("ACCOUNT_EMAIL_VERIFICATION") == "mandatory" {
			c.note("ACCOUNT_EMAIL_VERIFICATION", "is mandatory; refuse_login_unless lets only users with "+
				"a confirmed address log in here")
			conditions["refuse-login-unless"] = append(conditions["refuse-login-unless"], "account_emailaddress.user_id:verified")
		}
	}
	for flag, values := range conditions {
		c.set(flag, values)
	}
}

// isApp reports whether an entry of INSTALLED_APPS, which may be the path of an AppConfig,
// is the application.
func isApp(entry, name string) bool {
	return entry == name || strings.HasPrefix(entry, name+".apps.") || strings.HasPrefix(entry, name+".token_")
}
