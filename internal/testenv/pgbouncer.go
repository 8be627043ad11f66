package testenv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// PgBouncer is the database d of a PostgreSQL as a pooler shows it that has these
// settings besides, lines of its section [pgbouncer]. It ends with the test.
func PgBouncer(t testing.TB, d Database, settings string) Database {
	t.Helper()
	launch := func(p *process, port string) error {
		server, err := find("pgbouncer", "/usr/sbin/pgbouncer")
		if err != nil {
			return err
		}
		config := filepath.Join(p.dir, "pgbouncer.ini")
		text := fmt.Sprintf("[databases]\n* = host=%s port=%s user=%s password=%s\n"+
			"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %s\nunix_socket_dir =\nauth_type = any\n%s\n",
			d.Host, d.Port, d.User, d.Password, port, settings)
		err = os.WriteFile(config, []byte(text), 0o644) // the folder is closed to others
		return errors.Join(err, p.launch("KILL", server, config))
	}
	pooled := d
	pooled.Host, pooled.Port = split(t, ownServer(t, "pgbouncer", "postgres", "apt-get install pgbouncer", launch))
	return pooled
}
