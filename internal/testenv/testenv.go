package testenv

import (
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// The environment variables through which servers that already run are handed
// to the tests. `make test` sets the first two.
const (
	// EnvPostgres contains the URL of a PostgreSQL superuser or of a role that may
	// create databases: postgres://user:password@host:port/postgres.
	EnvPostgres = "COATCHECK_TEST_POSTGRES"
	// EnvMariaDB contains the URL of a MariaDB or MySQL account that may create
	// databases: mysql://user:password@host:port/.
	EnvMariaDB = "COATCHECK_TEST_MARIADB"
	// EnvRedis contains the host:port of a Redis server. Tests that share it must
	// keep to keys of their own.
	EnvRedis = "COATCHECK_TEST_REDIS"
	// EnvMemcached contains the host:port of a Memcached server. Tests that share it
	// must keep to keys of their own.
	EnvMemcached = "COATCHECK_TEST_MEMCACHED"
)

// InCI reports whether a missing component fails a test instead of skipping it:
// the environment variable CI is set to something true.
func InCI() bool {
	on, err := strconv.ParseBool(os.Getenv("CI"))
	return on && err == nil
}

// absent ends the test: the component is not on this machine. remedy is the
// command that brings it.
func absent(t testing.TB, reason error, remedy string) {
	t.Helper()
	if InCI() {
		t.Fatalf("testenv: %v (CI=true, so nothing may be missing); to bring it: %s", reason, remedy)
	} else {
		t.Skipf("testenv: %v; to bring it: %s", reason, remedy)
	}
}

var databases atomic.Int64

// freshName is a database name that no other test binary on the same server
// uses, in letters that need no quoting.
func freshName() string {
	random := strings.ToLower(rand.Text()[:8])
	return fmt.Sprintf("coatcheck_%d_%d_%s", os.Getpid(), databases.Add(1), random)
}
