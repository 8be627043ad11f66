package djangosettings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck"
)

// same copies the value; None is left out.
func same(c *conversion, s djangoSetting, value any) {
	switch v := value.(type) {
	case nil:
	case []any:
		c.set(s.flag, texts(v))
	default:
		c.set(s.flag, v)
	}
}

// onlyDefault is for settings of which one value alone is understood.
func onlyDefault(known string) func(*conversion, djangoSetting, any) {
	return func(c *conversion, s djangoSetting, value any) {
		if value != known {
			c.note(s.name, "is not Django's default, and has no counterpart ("+s.remark+")")
		}
	}
}

// noneOf is for settings that have no counterpart.
func noneOf(c *conversion, s djangoSetting, value any) {
	if dict, ok := value.(map[string]any); !ok || len(dict) > 0 {
		c.note(s.name, "has no counterpart: "+s.remark)
	}
}

// secretKeySetting refuses a key that the server would refuse. What hides a key in a dump
// is no key.
func secretKeySetting(c *conversion, s djangoSetting, value any) {
	if key, ok := value.(string); ok && len(key) < coatcheck.MinSecretKey && strings.Trim(key, "*") != "" {
		c.refuse(s.name, fmt.Sprintf("has %d characters, and Coatcheck takes %d at least, since a short "+
			"key can be guessed; "+
			"give the site a long random one first, by which everybody has to log in again", len(key), coatcheck.MinSecretKey))
		return
	}
	c.note(s.name, "is not in the config; put it into a file that you alone can read, for "+
		"--secret-key-file, or into $COATCHECK_SECRET_KEY")
}

func fallbacksSetting(c *conversion, s djangoSetting, value any) {
	if list, ok := value.([]any); !ok || len(list) > 0 {
		c.note(s.name, "is not in the config; put the keys into a file that you alone can read, one a "+
			"line, for --secret-key-fallbacks-file")
	}
}

func sha1Setting(c *conversion, s djangoSetting, value any) { c.set(s.flag, value == "sha1") }

func sameSite(c *conversion, s djangoSetting, value any) {
	if text, ok := value.(string); ok {
		c.set(s.flag, text)
		return
	}
	c.set(s.flag, "omit")
}

// cookiePath leaves out the path of all cookies, but where it would become that of the
// script name here.
func cookiePath(c *conversion, s djangoSetting, value any) {
	if value != "/" || c.text("FORCE_SCRIPT_NAME") != "" {
		same(c, s, value)
	}
}

func orOmit(c *conversion, s djangoSetting, value any) {
	switch v := value.(type) {
	case string:
		c.set(s.flag, v)
	case []any:
		c.set(s.flag, strings.Join(texts(v), ","))
	default:
		c.set(s.flag, "omit")
	}
}

func csrfAge(c *conversion, s djangoSetting, value any) {
	if value == nil {
		value = 0
	}
	c.set(s.flag, value)
}

func headerSetting(c *conversion, s djangoSetting, value any) {
	if text, ok := value.(string); ok && text != "HTTP_X_CSRFTOKEN" {
		c.set(s.flag, header(text))
	}
}

// header is a header as HTTP spells it, of one as WSGI does.
func header(name string) string {
	return strings.ReplaceAll(strings.TrimPrefix(name, "HTTP_"), "_", "-")
}

func originsSetting(c *conversion, s djangoSetting, value any) {
	var origins []string
	for _, origin := range texts(value) {
		if !strings.Contains(origin, "://") { // Django 3.2
			host := origin
			if strings.HasPrefix(host, ".") {
				host = "*" + host
			}
			origin = "https://" + host
			c.note(s.name, "has an entry without a scheme, as before Django 4.0; it became "+origin)
		}
		origins = append(origins, origin)
	}
	c.set(s.flag, origins)
}

// standardValidators are those of a new project.
var standardValidators = []string{
	"UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator",
}

func validatorsSetting(c *conversion, s djangoSetting, value any) {
	list, _ := value.([]any)
	c.set(s.flag, len(list) > 0)
	standard := len(list) == len(standardValidators)
	for i, item := range list {
		validator, _ := item.(map[string]any)
		options, _ := validator["OPTIONS"].(map[string]any)
		standard = standard && len(options) == 0 && validator["NAME"] == "django.contrib.auth.password_validation."+standardValidators[i]
	}
	if len(list) > 0 && !standard {
		c.note(s.name, "are not the four of a new project, which are used instead; others are "+
			"Config.Passwords.Validators in Go")
	}
}

func resetDays(c *conversion, s djangoSetting, value any) {
	if days, ok := value.(int64); ok && days != 3 {
		c.set(s.flag, days*86400)
	}
}

func path(c *conversion, s djangoSetting, value any) {
	text, ok := value.(string)
	switch {
	case !ok || text == "":
	case !strings.Contains(text, "/"):
		c.note(s.name, "is the name of a view; set "+strings.ReplaceAll(s.flag, "-", "_")+" to its path")
	default:
		c.set(s.flag, text)
	}
}

func hostsSetting(c *conversion, s djangoSetting, value any) {
	hosts := texts(value)
	c.set(s.flag, hosts)
	if len(hosts) == 0 {
		c.note(s.name, "is empty; set allowed_host, since an empty one serves every host")
	}
}

const nameProxies = "is believed from trusted proxies alone; set trusted_proxy to their addresses"

func proxied(c *conversion, s djangoSetting, value any) {
	if c.set(s.flag, value == true); value == true {
		c.note(s.name, nameProxies)
	}
}

func sslHeader(c *conversion, s djangoSetting, value any) {
	pair := texts(value)
	if len(pair) != 2 {
		return
	}
	name := header(pair[0])
	if strings.EqualFold(name, "X-Forwarded-Proto") {
		name = "X-Forwarded-Proto"
	}
	c.set(s.flag, name)
	c.set("secure-proxy-ssl-value", pair[1])
	c.note(s.name, nameProxies)
}

func zoneSetting(c *conversion, s djangoSetting, value any) {
	if zone, ok := value.(string); ok {
		c.set(s.flag, zone)
		return
	}
	c.note(s.name, "is None, so that Django takes the system's; set time_zone to that")
}

func middlewareSetting(c *conversion, s djangoSetting, value any) {
	all := texts(value)
	if slices.Contains(all, "django.middleware.csrf.CsrfViewMiddleware") {
		c.set(s.flag, "django")
		if version := c.version(); version == "3.2" || version == "4.0" { // which write and read the cookie masked
			c.set("csrf-cookie-masked", true)
		}
	} else {
		c.note(s.name, "has no CsrfViewMiddleware; Coatcheck guards against forged requests all the same")
	}
	for _, name := range all {
		switch name[strings.LastIndexByte(name, '.')+1:] {
		case "RemoteUserMiddleware", "PersistentRemoteUserMiddleware":
			c.note(s.name, "has a RemoteUserMiddleware; see docs/remote-user.md")
		case "LoginRequiredMiddleware":
			c.note(s.name, "has LoginRequiredMiddleware; in Go it is middleware.LoginRequired")
		}
	}
}

func debugSetting(c *conversion, s djangoSetting, value any) {
	if value == true {
		c.note(s.name, "is on; these are not the settings of the real site")
	}
}
