package testenv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// PgBouncer is the database d of a PostgreSQL as a pooler in transaction mode shows
// it: each transaction may run on another of its two connections to the server. It
// ends with the test.
func PgBouncer(t testing.TB, d Database) Database {
	t.Helper()
	launch := func(p *process, port string) error {
		server, err := find("pgbouncer", "/usr/sbin/pgbouncer")
		if err != nil {
			return err
		}
		config := filepath.Join(p.dir, "pgbouncer.ini")
		text := fmt.Sprintf("[databases]\n* = host=%s port=%s user=%s password=%s\n"+
			"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %s\nunix_socket_dir =\nauth_type = any\n"+
			"pool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 300\n",
			d.Host, d.Port, d.User, d.Password, port)
		err = os.WriteFile(config, []byte(text), 0o644) // the folder is closed to others
		return errors.Join(err, p.launch("KILL", server, config))
	}
	pooled := d
	pooled.Host, pooled.Port = split(t, ownServer(t, "pgbouncer", "postgres", "apt-get install pgbouncer", launch))
	return pooled
}
