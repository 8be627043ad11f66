package mysql

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for dsn, want := range map[string]string{
		"mysql://joe:secret@db.example:3307/app":             "tcp db.example:3307 joe secret app",
		"mysql://joe:secret@db.example/app":                  "tcp db.example:3306 joe secret app",
		"mariadb://joe@db.example/app":                       "tcp db.example:3306 joe  app",
		"mysql://joe:s%40c%2Fr%3A%3F%23%25t@db.example/app":  "tcp db.example:3306 joe s@c/r:?#%t app",
		"mysql://joe@[::1]:3307/app":                         "tcp [::1]:3307 joe  app",
		"mysql:///app":                                       "tcp 127.0.0.1:3306   app",
		"mysql://joe:x@/app?unix_socket=/run/my%20sql.sock":  "unix /run/my sql.sock joe x app",
		"mysql://joe:x@localhost/app?socket=/run/mysql.sock": "unix /run/mysql.sock joe x app",
		"mysql://joe@h/app?charset=latin1&timeout=5s":        "tcp h:3306 joe  app",
		"joe:secret@tcp(db.example:3307)/app":                "tcp db.example:3307 joe secret app",
		"joe:se@cr/et@unix(/run/mysql.sock)/app?timeout=5s":  "unix /run/mysql.sock joe se@cr/et app",
		"/app": "tcp 127.0.0.1:3306   app",
		"joe@tcp(h)/app?parseTime=false&loc=Local&interpolateParams=false&clientFoundRows=false&charset=latin1" +
			"&collation=gbk_chinese_ci&multiStatements=true&time_zone='%2B05:00'&sql_mode=''": "tcp h:3306 joe  app",
	} {
		c, err := parse(dsn)
		if err != nil {
			t.Errorf("%s: %v", dsn, err)
			continue
		}
		if got := fmt.Sprintf("%s %s %s %s %s", c.Net, c.Addr, c.User, c.Passwd, c.DBName); got != want {
			t.Errorf("%s: %s, want %s", dsn, got, want)
		}
		if !c.InterpolateParams || !c.ClientFoundRows || !c.ParseTime || c.Loc != time.UTC || c.MultiStatements ||
			c.Collation != "" || c.Params["time_zone"] != "'+00:00'" || !strings.Contains(c.Params["sql_mode"], "STRICT") ||
			!strings.Contains(c.FormatDSN(), "charset=utf8mb4") {
			t.Errorf("%s: a mandatory setting is not set: %s", dsn, c.FormatDSN())
		}
		if strings.Contains(dsn, "timeout") && c.Timeout != 5*time.Second {
			t.Errorf("%s: timeout %v", dsn, c.Timeout)
		}
	}
}

// A certificate is checked against the host of the URL.
func TestTLS(t *testing.T) {
	c, err := parse("mysql://joe:x@db.example/app?tls=true")
	if err != nil || c.TLS == nil || c.TLS.ServerName != "db.example" || c.TLS.InsecureSkipVerify {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestBadDSNs(t *testing.T) {
	for _, dsn := range []string{
		"", "mysql://", "mysql://joe:canary@db.example", "mysql://joe:canary@db.example/", "mysql://joe:can%zary@h/app",
		"mysql://joe:canary@h:port/app", "mysql://joe:canary@h/app?timeout=canary", "joe:canary@h/app?canary=%zz",
		"joe:canary", "joe:canary@tcp(h:3306)/", "joe:canary@tcp(h/app", "mysql://joe:canary@h/app?tls=canary",
		"mysql://joe:canary#x@h/app", "mysql://joe:canary/x@h/app",
	} {
		c, err := parse(dsn)
		if err == nil {
			t.Errorf("%q is read as %s", dsn, c.FormatDSN())
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("the error quotes the password: %v", err)
		}
	}
}
