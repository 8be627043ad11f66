package djangosettings

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// djangoDatabase is the entry of DATABASES that has the users.
type djangoDatabase struct {
	*conversion
	entry   map[string]any
	options map[string]any
	dropped []string
}

// part is a value as text; none is "".
func (d *djangoDatabase) part(name string) string {
	if n, ok := d.entry[name].(int64); ok {
		return fmt.Sprint(n)
	}
	text, _ := d.entry[name].(string)
	return text
}

// option is an option as text, and takes it off the list of what is dropped.
func (d *djangoDatabase) option(name string) string {
	value, there := d.options[name]
	if !there || value == nil {
		return ""
	}
	d.dropped = slices.DeleteFunc(d.dropped, func(other string) bool { return other == name })
	switch v := value.(type) {
	case bool:
		return map[bool]string{true: "1", false: "0"}[v]
	case string, int64, float64:
		return fmt.Sprint(v)
	}
	d.refuse("DATABASES", "has an option "+name+" that cannot be read")
	return ""
}

const databasesName = "DATABASES"

// databaseSetting converts the database that has the users, with each of its
// options, or says why there is none.
func databaseSetting(c *conversion, s djangoSetting, value any) {
	all, _ := value.(map[string]any)
	alias := c.databaseAlias(all)
	entry, _ := all[alias].(map[string]any)
	d := &djangoDatabase{conversion: c, entry: entry}
	d.options, _ = entry["OPTIONS"].(map[string]any)
	for name, option := range d.options {
		if option != nil && option != "" {
			d.dropped = append(d.dropped, name)
		}
	}
	for name := range entry {
		if _, opaque := entry[name].(pyObject); opaque && slices.Contains([]string{"ENGINE", "NAME", "HOST", "PORT", "USER", "OPTIONS"}, name) {
			c.refuse(s.name, "has a "+name+" that cannot be read, since it is no plain text")
			return
		}
	}
	dsn := d.dsn()
	if dsn == "" {
		return
	}
	c.set(s.flag, dsn)
	if len(all) > 1 {
		c.note(s.name, "are several; the one named "+alias+" is used")
	}
	if len(d.dropped) > 0 {
		slices.Sort(d.dropped)
		c.note(s.name, "has options that have no counterpart: "+strings.Join(d.dropped, ", "))
	}
}

// databaseAlias names the database that has the users, which routers may say.
func (c *conversion) databaseAlias(all map[string]any) string {
	routes, told := c.dump["COATCHECK_DATABASES"].(map[string]any)
	users, _ := routes["users"].(string)
	if sessions, _ := routes["sessions"].(string); users != "" && sessions != "" && sessions != users {
		c.refuse("DATABASE_ROUTERS", "keep users in the database "+users+" and sessions in "+sessions+"; Coatcheck has both in one")
	}
	if users != "" {
		return users
	}
	if routers, _ := c.dump["DATABASE_ROUTERS"].([]any); len(routers) > 0 && !told && len(all) > 1 {
		c.note("DATABASE_ROUTERS", "may keep users and sessions in another database than the one named "+
			"default; set database to it then")
	}
	return "default"
}

// dsn is the address of the database; "" where there is none.
func (d *djangoDatabase) dsn() string {
	engine := d.part("ENGINE")
	switch kind := databaseKind(engine); kind {
	case "sqlite":
		return d.sqlite()
	case "postgres":
		d.wrapper(engine, "django.db.backends.postgresql", "django.db.backends.postgresql_psycopg2", "django.contrib.gis.db.backends.postgis")
		return d.postgres()
	case "mysql":
		d.wrapper(engine, "django.db.backends.mysql", "django.contrib.gis.db.backends.mysql")
		return d.mysql()
	case "tenants":
		d.refuse(databasesName, "has "+engine+", which keeps users in a schema for each tenant; "+
			"Coatcheck has one table of users")
	case "none":
		d.refuse(databasesName, "names no database of the users, and without it there is nobody to log in")
	default:
		d.refuse(databasesName, "has "+engine+", a database that Coatcheck does not speak to; it speaks "+
			"to SQLite, PostgreSQL, MySQL and MariaDB")
	}
	return ""
}

// wrapper notes an engine that is taken for the one of Django's that it is named after.
func (d *djangoDatabase) wrapper(engine string, theirs ...string) {
	if !slices.Contains(theirs, engine) {
		d.note(databasesName, "has "+engine+", which is taken for the engine of Django's that it is "+
			"named after")
	}
}

// databaseKind is which database an engine speaks to. Wrappers end like the engine
// of Django's that they are made of.
func databaseKind(engine string) string {
	last := engine[strings.LastIndexByte(engine, '.')+1:]
	switch {
	case engine == "" || engine == "django.db.backends.dummy":
		return "none"
	case strings.HasPrefix(engine, "django_tenants.") || strings.HasPrefix(engine, "tenant_schemas."):
		return "tenants"
	case slices.Contains([]string{"psqlextra.backend", "django_postgrespool", "django_postgrespool2"}, engine),
		strings.HasPrefix(last, "postgresql"), last == "postgis":
		return "postgres"
	case engine == "mysql.connector.django", strings.HasPrefix(last, "mysql"):
		return "mysql"
	case last == "sqlite3", last == "spatialite":
		return "sqlite"
	}
	return "other"
}

func (d *djangoDatabase) sqlite() string {
	name := d.part("NAME")
	if path, uri := strings.CutPrefix(name, "file:"); uri {
		path, query, _ := strings.Cut(path, "?")
		if strings.Contains(query, "mode=memory") {
			path = ":memory:"
		}
		if unescaped, err := url.PathUnescape(strings.TrimPrefix(path, "//")); err == nil {
			name = unescaped
		}
	}
	switch {
	case name == "":
		d.refuse(databasesName, "names no file of the SQLite database")
		return ""
	case name == ":memory:":
		d.refuse(databasesName, "has an SQLite database in memory, which no other program can read")
		return ""
	case !strings.HasPrefix(name, "/"):
		d.note(databasesName, "has the SQLite file "+name+" relative to the folder that Django runs in; "+
			"run coatcheck there, or write the whole path")
	}
	d.zone()
	return "sqlite:" + name
}

// zone refuses a time zone of the database's own.
func (d *djangoDatabase) zone() {
	if zone := d.part("TIME_ZONE"); d.dump["USE_TZ"] == true && zone != "" && zone != "UTC" {
		d.refuse(databasesName, "has a TIME_ZONE of its own in which the database keeps times, and "+
			"Coatcheck keeps them in UTC")
	}
}

// server is the beginning of an address: user, host, port and name.
func (d *djangoDatabase) server(scheme string) (u url.URL, query url.Values) {
	u, query = url.URL{Scheme: scheme, Path: "/" + d.part("NAME")}, url.Values{}
	if user := d.part("USER"); user != "" {
		u.User = url.User(user)
	}
	if d.part("PASSWORD") != "" {
		d.note(databasesName, "has a password, which is not in the config; give the whole address by "+
			"$COATCHECK_DATABASE")
	}
	host, port := d.part("HOST"), d.part("PORT")
	switch {
	case strings.ContainsAny(host, "/,"):
		query.Set("host", host)
		if port != "" {
			query.Set("port", port)
		}
	case port != "":
		u.Host = net.JoinHostPort(strings.Trim(host, "[]"), port)
	case strings.Contains(host, ":"):
		u.Host = "[" + strings.Trim(host, "[]") + "]"
	default:
		u.Host = host
	}
	return u, query
}

// postgresOptions are those of libpq that pgx knows too.
var postgresOptions = []string{
	"sslmode", "sslrootcert", "sslcert", "sslkey", "sslcertmode", "sslnegotiation", "sslsni", "channel_binding", "require_auth",
	"krbsrvname", "connect_timeout", "target_session_attrs", "service", "passfile", "application_name", "options",
}

func (d *djangoDatabase) postgres() string {
	u, query := d.server("postgres")
	for _, name := range postgresOptions {
		if value := d.option(name); value != "" {
			query.Set(name, value)
		}
	}
	if role := d.option("assume_role"); role != "" {
		query.Set("role", role)
	}
	if d.option("requiressl") == "1" && !query.Has("sslmode") {
		query.Set("sslmode", "require")
	}
	for _, secret := range []string{"sslpassword", "password"} {
		if d.option(secret) != "" {
			d.note(databasesName, "has the option "+secret+", which is not in the config; add it to the "+
				"whole address in $COATCHECK_DATABASE")
		}
	}
	for _, weaker := range []string{"sslcrl", "sslcrldir", "ssl_min_protocol_version", "requirepeer", "gssencmode"} {
		if d.option(weaker) != "" {
			d.note(databasesName, "has the option "+weaker+", which Coatcheck does not look at: the "+
				"connection is guarded less than Django's")
		}
	}
	if d.part("NAME") == "" && !query.Has("service") {
		d.refuse(databasesName, "has no NAME of the PostgreSQL database")
		return ""
	}
	u.RawQuery = encoded(query)
	return u.String()
}

func (d *djangoDatabase) mysql() string {
	d.zone()
	u, query := d.server("mysql")
	if socket := query.Get("host"); socket != "" {
		query = url.Values{"unix_socket": {socket}}
	}
	if socket := d.option("unix_socket"); socket != "" {
		query.Set("unix_socket", socket)
	}
	if d.option("read_default_file") != "" {
		d.note(databasesName, "has the option read_default_file, which Coatcheck does not read; give the "+
			"whole address, with what is in that file, by $COATCHECK_DATABASE")
	}
	if d.part("NAME") == "" {
		d.refuse(databasesName, "has no NAME of the MySQL database")
		return ""
	}
	d.mysqlTLS(query)
	u.RawQuery = encoded(query)
	return u.String()
}

// encoded is a query in which a space is %20: to libpq and pgx a plus is a plus.
func encoded(query url.Values) string { return strings.ReplaceAll(query.Encode(), "+", "%20") }

// mysqlTLS converts how the connection is encrypted: the option ssl of
// mysqlclient and PyMySQL, or the ssl_ and so on of MySQL's own connector. Without
// either the client library encrypts where the server can.
func (d *djangoDatabase) mysqlTLS(query url.Values) {
	ssl, _ := d.options["ssl"].(map[string]any)
	d.dropped = slices.DeleteFunc(d.dropped, func(name string) bool { return name == "ssl" })
	for name, value := range ssl {
		switch name {
		case "ca", "cert", "key":
			query.Set("ssl-"+name, fmt.Sprint(value))
		case "check_hostname", "verify_cert", "verify_mode", "ssl":
		default:
			d.note(databasesName, "has the option ssl with "+name+", which Coatcheck does not look at: "+
				"the connection may be guarded less than Django's")
		}
	}
	for _, name := range []string{"ca", "cert", "key"} {
		if value := d.option("ssl_" + name); value != "" {
			query.Set("ssl-"+name, value)
		}
	}
	mode := strings.ToUpper(d.option("ssl_mode"))
	switch {
	case mode != "":
	case ssl["check_hostname"] == true || d.option("ssl_verify_identity") == "1":
		mode = "VERIFY_IDENTITY"
	case query.Has("ssl-ca"):
		mode = "VERIFY_CA"
	case d.options["ssl"] != nil && d.options["ssl"] != false:
		mode = "REQUIRED"
	case query.Has("unix_socket") || slices.Contains([]string{"", "localhost", "127.0.0.1", "::1"}, d.part("HOST")):
		return
	default:
		mode = "PREFERRED"
	}
	query.Set("ssl-mode", mode)
}
