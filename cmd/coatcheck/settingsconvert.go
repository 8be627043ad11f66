package main

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
)

// same takes the value over; None is left out.
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

func secretKeySetting(c *conversion, s djangoSetting, _ any) {
	c.note(s.name, "is not in the config; put it into a file that you alone can read, for --secret-key-file, or into $COATCHECK_SECRET_KEY")
}

func fallbacksSetting(c *conversion, s djangoSetting, value any) {
	if list, ok := value.([]any); !ok || len(list) > 0 {
		c.note(s.name, "is not in the config; put the keys into a file that you alone can read, one a line, for --secret-key-fallbacks-file")
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

func engineSetting(c *conversion, s djangoSetting, value any) {
	engine, known := strings.CutPrefix(fmt.Sprint(value), "django.contrib.sessions.backends.")
	if !known || !slices.Contains([]string{"db", "cache", "cached_db", "file", "signed_cookies"}, engine) {
		c.note(s.name, "is no engine of Django's own, and has no counterpart")
		return
	}
	c.set(s.flag, engine)
	switch {
	case strings.HasPrefix(engine, "cache"):
		c.cache()
	case engine == "file" && c.text("SESSION_FILE_PATH") == "":
		c.set("session-file-path", os.TempDir())
		c.note("SESSION_FILE_PATH", "is not set, so that Django keeps sessions in the folder for temporary files, where every user of the "+
			"system can read their keys; set it to a folder of its own on both sides")
	}
}

// cache takes over the cache that the sessions are in.
func (c *conversion) cache() {
	caches, _ := c.dump["CACHES"].(map[string]any)
	cache, _ := caches[c.text("SESSION_CACHE_ALIAS")].(map[string]any)
	backend, _ := cache["BACKEND"].(string)
	scheme := ""
	switch {
	case strings.Contains(backend, "memcached"):
		scheme = "memcached://"
	case !strings.Contains(strings.ToLower(backend), "redis"):
		c.note("CACHES", "has the sessions in a cache that is neither Redis nor memcached, and has no counterpart")
		return
	}
	servers := texts(cache["LOCATION"])
	if one, ok := cache["LOCATION"].(string); ok {
		servers = strings.FieldsFunc(one, func(r rune) bool { return r == ',' || r == ';' })
	}
	if scheme == "" && len(servers) > 1 {
		c.note("CACHES", "has several Redis servers, to Django a primary and its replicas; the first is used")
		servers = servers[:1]
	}
	for i, server := range servers {
		servers[i] = scheme + server
		if u, err := url.Parse(servers[i]); err != nil || u.User != nil {
			c.note("CACHES", "has a password, which is not in the config; give the address by $COATCHECK_CACHE")
			servers = nil
			break
		}
	}
	c.set("cache", servers)
	if prefix, ok := cache["KEY_PREFIX"].(string); ok && prefix != "" {
		c.set("cache-key-prefix", prefix)
	}
	if version, ok := cache["VERSION"].(int64); ok {
		c.set("cache-version", version)
	}
	if _, ok := cache["KEY_FUNCTION"]; ok {
		c.note("CACHES", "has a KEY_FUNCTION, which has no counterpart")
	}
}

func userModelSetting(c *conversion, s djangoSetting, value any) {
	if value == "auth.User" {
		return
	}
	c.set(s.flag, strings.ToLower(strings.ReplaceAll(fmt.Sprint(value), ".", "_")))
	c.note(s.name, "is a model of the project's own; compare user_table with its db_table, and set user_id, username_column, "+
		"user_column and user_default after the model (docs/user-models.md)")
}

func backendsSetting(c *conversion, s djangoSetting, value any) {
	for _, backend := range texts(value) {
		switch {
		case strings.HasSuffix(backend, "RemoteUserBackend"):
			c.note(s.name, "has a backend for remote users; set remote_user_header, and remote_user_trusted to the web server's address")
		case backend != "django.contrib.auth.backends.ModelBackend":
			c.note(s.name, "has "+backend+"; it has no counterpart here, and in Go it is one of Config.Backends")
		}
	}
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
		c.note(s.name, "are not the four of a new project, which are used instead; others are Config.Validators in Go")
	}
}

func hashersSetting(c *conversion, s djangoSetting, value any) {
	known := map[string]string{
		"PBKDF2PasswordHasher": "pbkdf2_sha256", "Argon2PasswordHasher": "argon2",
		"BCryptSHA256PasswordHasher": "bcrypt_sha256", "ScryptPasswordHasher": "scrypt",
	}
	for i, hasher := range texts(value) {
		name, own := strings.CutPrefix(hasher, "django.contrib.auth.hashers.")
		algorithm := known[name]
		switch {
		case !own:
			c.note(s.name, "has "+hasher+", which has no counterpart; what it hashed may be read, if it is a hasher of Django's with another cost")
		case i == 0 && algorithm == "":
			c.note(s.name, "begins with "+name+"; new hashes are pbkdf2_sha256 instead")
		case i == 0:
			c.set(s.flag, algorithm)
		}
		if i == 0 && (algorithm == "pbkdf2_sha256" || !own) {
			c.note(s.name, "set password_iterations to those of this Django (6.1: 1500000, 5.2: 1000000, 4.2: 600000, 3.2: 260000), "+
				"so that neither side hashes anew what the other hashed")
		}
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
		c.note(s.name, "is empty; set allowed_host, since an empty one answers for every host")
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

func databaseSetting(c *conversion, s djangoSetting, value any) {
	all, _ := value.(map[string]any)
	db, _ := all["default"].(map[string]any)
	part := func(name string) string {
		if n, ok := db[name].(int64); ok {
			return fmt.Sprint(n)
		}
		text, _ := db[name].(string)
		return text
	}
	engine := part("ENGINE")
	u := url.URL{Host: part("HOST"), Path: "/" + part("NAME")}
	switch engine = engine[strings.LastIndexByte(engine, '.')+1:]; engine {
	case "sqlite3":
		c.set(s.flag, "sqlite:"+part("NAME"))
		return
	case "postgresql", "postgis":
		u.Scheme = "postgres"
	case "mysql":
		u.Scheme = "mysql"
	default:
		c.note(s.name, "has a default database that Coatcheck does not speak to")
		return
	}
	if port := part("PORT"); port != "" {
		u.Host = net.JoinHostPort(u.Host, port)
	}
	if user := part("USER"); user != "" {
		u.User = url.User(user)
	}
	if strings.HasPrefix(part("HOST"), "/") { // the folder or file of a socket
		c.note(s.name, "is reached by a Unix socket; write the address yourself (docs/server.md)")
		return
	}
	c.set(s.flag, u.String())
	if part("PASSWORD") != "" {
		c.note(s.name, "has a password, which is not in the config; give the whole address by $COATCHECK_DATABASE")
	}
	if len(all) > 1 {
		c.note(s.name, "are several; the one named default is used")
	}
}

func zoneSetting(c *conversion, s djangoSetting, value any) {
	if c.dump["USE_TZ"] == false {
		c.set(s.flag, value)
	}
}

func middlewareSetting(c *conversion, s djangoSetting, value any) {
	all := texts(value)
	if slices.Contains(all, "django.middleware.csrf.CsrfViewMiddleware") {
		c.set(s.flag, "django")
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
