package testenv

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	_ "github.com/go-sql-driver/mysql" // the driver "mysql"
)

var mariadb = &sqlEngine{
	title:  "MariaDB",
	engine: "mysql",
	driver: "mysql",
	env:    EnvMariaDB,
	schema: "mysql",
	remedy: "apt-get install mariadb-server",
	start:  startMariaDB,
	create: "CREATE DATABASE %s CHARACTER SET utf8mb4",
	drop:   "DROP DATABASE %s",
}

// startMariaDB creates a data folder and starts its server, in about two seconds.
func startMariaDB() (*process, Database, error) {
	none := Database{}
	install, err := find("mariadb-install-db", "/usr/bin/mariadb-install-db")
	if err != nil {
		return nil, none, err
	}
	server, err := find("mariadbd", "/usr/sbin/mariadbd", "/usr/libexec/mariadbd")
	if err != nil {
		return nil, none, err
	}
	p, err := newProcess("mariadb", "mysql")
	if err != nil {
		return nil, none, err
	}
	port, err := freePort()
	if err != nil {
		return nil, none, errors.Join(err, p.stop())
	}
	d := Database{Engine: "mysql", Host: "127.0.0.1", Port: port, User: "coatcheck", Password: rand.Text()}
	data := filepath.Join(p.dir, "data")
	first := filepath.Join(p.dir, "first.sql")
	account := fmt.Sprintf("CREATE USER '%s'@'127.0.0.1' IDENTIFIED BY '%s';\nGRANT ALL ON *.* TO '%[1]s'@'127.0.0.1' WITH GRANT OPTION;\n", d.User, d.Password)
	cert, key, err := Certificate(p.dir)
	err = errors.Join(
		err,
		os.WriteFile(first, []byte(account), 0o644), // the folder is closed to others
		p.run(install, "--no-defaults", "--datadir="+data, "--skip-test-db", "--auth-root-authentication-method=normal",
			"--innodb-log-file-size=8M", "--innodb-flush-method=nosync"),
	)
	if err != nil {
		return nil, none, errors.Join(err, p.stop())
	}
	return p, d, p.launch("KILL", server, "--no-defaults", "--datadir="+data, "--port="+port, "--bind-address=127.0.0.1",
		"--socket="+filepath.Join(p.dir, "socket"), "--pid-file="+filepath.Join(p.dir, "pid"), "--init-file="+first,
		"--ssl-cert="+cert, "--ssl-key="+key,
		"--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--skip-innodb-doublewrite",
		"--innodb-log-file-size=32M", "--innodb-buffer-pool-size=64M", "--performance-schema=OFF",
		"--skip-name-resolve", "--character-set-server=utf8mb4", "--max-connections=300")
}
