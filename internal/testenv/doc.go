// Package testenv provides tests with the real things they run against, and skips a test
// where a thing is not there. It is a test helper beside the floors.
//
//	dsn := testenv.Postgres(t) // a fresh empty database of a throwaway server
//	dsn := testenv.MariaDB(t)  // the same in MariaDB
//	addr := testenv.Redis(t)   // a server of this test's own
//	python := testenv.Django(t, "5.2")
//
// # Servers
//
// PostgreSQL and MariaDB start when the first test asks, once per test binary,
// on a free port of the loopback, with their data in a temporary folder and
// everything that is there for durability switched off. Each test gets a
// database of its own, dropped when the test ends. `make test` starts the two
// servers once for all test binaries and hands them over in
// [EnvPostgres] and [EnvMariaDB]. Redis and Memcached start in milliseconds, so
// every call gets a server of its own, unless [EnvRedis] or [EnvMemcached]
// names one.
//
// Every server has a small watching shell as its parent, which holds the reading
// end of a pipe from the test binary: when the binary ends, however it ends,
// the pipe closes, and the shell kills the server and removes its folder. There
// is nothing to call at the end and no TestMain to write.
//
// As root, PostgreSQL and MariaDB run as the system users postgres and mysql,
// whom their packages make, since both refuse to run as root.
//
// # What is absent
//
// A component that is not on this machine skips the test, and the message names
// the command that brings it. Where CI=true, it fails the test instead: a green
// run there means that everything was really run.
package testenv
