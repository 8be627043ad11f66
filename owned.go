package coatcheck

import "fmt"

// refuseOwned returns an error if a layer's settings name what is the site's own: New gives
// it to all layers, and would overwrite it.
func (c *Config) refuseOwned() error {
	a, v, m := &c.Accounts, &c.Views, &c.Messages
	cookie := m.CookieDomain != "" || m.CookieSameSite != "" || m.CookieSecure || m.CookieScriptAccess
	const keys = "SecretKey, SecretKeyFallbacks and AcceptSHA1"
	for _, setting := range []struct {
		name string
		set  bool
		own  string
	}{
		{"Accounts.Database", a.Database != nil, "Database"},
		{"Accounts.Auth", a.Auth != nil, "Backends, Validators and Hooks"},
		{"Accounts.Sessions", a.Sessions != nil, "Sessions"},
		{"Accounts.SecretKey", a.SecretKey != "" || len(a.SecretKeyFallbacks) > 0 || a.AcceptSHA1, keys},
		{"Accounts.Serializer", a.Serializer != "", "SessionSerializer"},
		{"Views.Auth", v.Auth != nil, "Backends, Validators and Hooks"},
		{"Views.Accounts", v.Accounts != nil, "Accounts"},
		{"Messages.SecretKey", m.SecretKey != "" || len(m.SecretKeyFallbacks) > 0 || m.AcceptSHA1, keys},
		{"Messages.Cookie…", cookie, "Sessions.Cookie…"},
		{"RemoteUser.Auth", c.RemoteUser != nil && c.RemoteUser.Auth != nil, "Backends"},
	} {
		if setting.set {
			return fmt.Errorf("coatcheck: Config.%s is set, which New fills in; leave it out, and set "+
				"Config.%s, which all layers share", setting.name, setting.own)
		}
	}
	return nil
}
