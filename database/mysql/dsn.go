package mysql

import (
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"
)

// errDSN stands for every reason why a DSN cannot be parsed: a text of the
// parsers could quote the password.
var errDSN = errors.New("the DSN cannot be parsed; " +
	"write mysql://user:password@host:port/name, special characters of the password percent-encoded")

// tlsError is about how the connection is encrypted, and holds no password.
type tlsError struct{ error }

// parse reads a DSN of either form and sets what the rows depend on.
func parse(dsn string) (*driver.Config, error) {
	var config *driver.Config
	var err error
	if strings.HasPrefix(dsn, "mysql://") || strings.HasPrefix(dsn, "mariadb://") {
		config, err = parseURL(dsn)
	} else {
		config, err = driver.ParseDSN(dsn)
	}
	var encryption tlsError
	switch {
	case errors.As(err, &encryption):
		return nil, err
	case err != nil:
		return nil, errDSN
	}
	if config.DBName == "" {
		return nil, errors.New("the DSN names no database; write mysql://user:password@host:port/name")
	}
	return config, mandatory(config)
}

// parseURL reads mysql://user:password@host:port/name?parameters.
func parseURL(dsn string) (*driver.Config, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, err
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, err
	}
	network, address := "tcp", net.JoinHostPort(u.Hostname(), port(u))
	socket := query.Get("unix_socket")
	if socket == "" {
		socket = query.Get("socket")
	}
	query.Del("unix_socket")
	query.Del("socket")
	query.Del("charset") // common in such URLs, and set below
	encryption := takeTLS(query)
	switch {
	case socket != "":
		network, address = "unix", "/"
	case u.Hostname() == "":
		address = net.JoinHostPort("127.0.0.1", port(u))
	}
	// The driver reads the parameters, and the host for TLS; the rest, which may
	// hold any character, goes around its parser.
	config, err := driver.ParseDSN(network + "(" + address + ")/?" + query.Encode())
	if err != nil {
		return nil, err
	}
	if socket != "" {
		config.Addr = socket
	}
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.DBName = strings.TrimPrefix(u.Path, "/")
	if err := encryption.apply(config, u.Hostname()); err != nil {
		return nil, tlsError{err}
	}
	return config, nil
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return "3306"
}

// mandatory sets what the rows depend on, whatever the DSN says.
func mandatory(config *driver.Config) error {
	config.InterpolateParams = true // one round trip, not three
	config.ClientFoundRows = true   // an UPDATE that changes nothing counts its row; Django sets it too
	config.ParseTime = true
	config.Loc = time.UTC
	config.Collation = ""
	config.MultiStatements = false
	config.Logger = quiet
	if config.Params == nil {
		config.Params = map[string]string{}
	}
	delete(config.Params, "charset")
	config.Params["time_zone"] = "'+00:00'"
	config.Params["sql_mode"] = "'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'"
	if err := config.Apply(driver.Charset("utf8mb4", "")); err != nil {
		return errDSN
	}
	return nil
}
