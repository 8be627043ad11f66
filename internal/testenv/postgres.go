package testenv

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

var postgres = &sqlEngine{
	title:  "PostgreSQL",
	engine: "postgresql",
	driver: "pgx",
	env:    EnvPostgres,
	schema: "postgres",
	remedy: "apt-get install postgresql",
	start:  startPostgres,
	create: `CREATE DATABASE %s`,
	drop:   `DROP DATABASE %s WITH (FORCE)`,
}

// startPostgres creates a cluster and starts its server, in about a second and a
// half.
func startPostgres() (*process, Database, error) {
	none := Database{}
	initdb, err := find("initdb", "/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return nil, none, err
	}
	server, err := find("postgres", "/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return nil, none, err
	}
	p, err := newProcess("postgres", "postgres")
	if err != nil {
		return nil, none, err
	}
	port, err := freePort()
	if err != nil {
		return nil, none, errors.Join(err, p.stop())
	}
	d := Database{Engine: "postgresql", Host: "127.0.0.1", Port: port, User: "coatcheck", Password: rand.Text()}
	data := filepath.Join(p.dir, "data")
	secret := filepath.Join(p.dir, "password")
	err = errors.Join(
		os.WriteFile(secret, []byte(d.Password+"\n"), 0o644), // the folder is closed to others
		p.run(initdb, "-D", data, "-U", d.User, "--pwfile="+secret, "-A", "password",
			"-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
	)
	if err != nil {
		return nil, none, errors.Join(err, p.stop())
	}
	// QUIT, not KILL: the server takes its shared memory with it.
	return p, d, p.launch("QUIT", server, "-D", data, "-p", port, "-k", "", "-h", "127.0.0.1",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		"-c", "wal_level=minimal", "-c", "max_wal_senders=0", "-c", "autovacuum=off",
		"-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "jit=off")
}
