package conformance_test

import (
	"context"
	"crypto/tls"
	"database/sql"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// A standIn is how a pair comes by what a kind of module names.
type standIn struct {
	names string                // part of such a module
	bring func(p *settingsPair) // puts what is on this machine in its place
}

// standIns are lists, of each of which a module takes the first that it names.
var standIns = [][]standIn{
	{
		{"sslcert'", (*settingsPair).postgresWithCertificate},
		{"sslrootcert'", (*settingsPair).postgresByTLS},
		{"search_path", (*settingsPair).postgresInSchema},
		{"assume_role", (*settingsPair).postgresAsRole},
		{"'service'", (*settingsPair).postgresByService},
		{"'db1,db2'", (*settingsPair).postgresOfSeveralHosts},
		{"'2001:db8::5'", (*settingsPair).postgresByIPv6},
		{"'/var/run/postgresql'", (*settingsPair).postgresAtSocket},
		{"postgresql', 'NAME': 'shop'}", (*settingsPair).postgresAtDefaultSocket},
		{".postgresql", func(p *settingsPair) { p.use(testenv.PostgresDatabase(p.t)) }},
		{"'unix_socket'", (*settingsPair).mysqlAtSocket},
		{"'/run/mysqld/mysqld.sock'", (*settingsPair).mysqlAtSocket},
		{"'ssl': {", (*settingsPair).mysqlByTLS},
		{"mysql', 'NAME': 'shop'", func(p *settingsPair) { p.use(testenv.MariaDBDatabase(p.t)) }},
		{"/srv/", (*settingsPair).files},
	},
	{
		{"rediss://", (*settingsPair).redisByTLS},
		{"web:hunter2@", (*settingsPair).redisByAccount},
		{"'password': 'hunter2'", (*settingsPair).redisByPassword},
		{"/run/redis/redis.sock", (*settingsPair).redisAtSocket},
		{"'SENTINELS'", (*settingsPair).redisBySentinels},
		{"10.0.0.6:6379", (*settingsPair).redisWithReplica},
		{"10.0.0.5:6379", func(p *settingsPair) { p.put("10.0.0.5:6379", testenv.Redis(p.t)) }},
		{"10.0.0.8:11211", (*settingsPair).memcachedTwice},
		{"10.0.0.7:11211", func(p *settingsPair) { p.put("10.0.0.7:11211", testenv.Memcached(p.t)) }},
		{"/run/memcached.sock", (*settingsPair).memcachedAtSocket},
	},
	{
		{"django_redis.", (*settingsPair).libraries},
		{"PyLibMCCache", (*settingsPair).libraries},
		{".MemcachedCache", (*settingsPair).libraries},
		{"django_prometheus.", (*settingsPair).libraries},
		{"'axes'", (*settingsPair).libraries},
		{"'django_otp'", (*settingsPair).libraries},
		{"allauth.", (*settingsPair).allauth},
		{"shop.backends", func(p *settingsPair) { p.put("shop.backends", "backends") }},
		{"backends.file", (*settingsPair).temporaryFolder},
		{"EMAIL_HOST_PASSWORD", (*settingsPair).mail},
	},
}

// bring puts what is on this machine in the place of all that the module names.
func (p *settingsPair) bring() {
	for _, list := range standIns {
		if i := slices.IndexFunc(list, func(s standIn) bool { return strings.Contains(p.module, s.names) }); i >= 0 {
			list[i].bring(p)
		}
	}
}

// put replaces a text of the module.
func (p *settingsPair) put(there, here string) {
	p.t.Helper()
	if !strings.Contains(p.module, there) {
		p.t.Fatalf("the module names no %s", there)
	}
	p.module = strings.ReplaceAll(p.module, there, here)
}

// use replaces the module's database by one of this machine. Its password comes by the
// environment, as the note says.
func (p *settingsPair) use(db testenv.Database) {
	p.password = db.Password
	p.env = append(p.env, "PGPASSWORD="+db.Password)
	p.module += fmt.Sprintf("\nDATABASES['default'].update(NAME=%q, HOST=%q, PORT=%q, USER=%q, PASSWORD=%q)\n",
		db.Name, db.Host, db.Port, db.User, db.Password)
}

// both sets environment variables of both sides.
func (p *settingsPair) both(variables ...string) {
	p.env = append(p.env, variables...)
	p.django.env = append(p.django.env, variables...)
}

// file is a new file of the project, which its owner alone can read.
func (p *settingsPair) file(name, text string) string {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	must(p.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// execute runs SQL in a database of PostgreSQL.
func (p *settingsPair) execute(ctx context.Context, db testenv.Database, statements ...string) {
	p.t.Helper()
	conn, err := sql.Open("pgx", db.DSN())
	must(p.t, err)
	defer conn.Close()
	for _, statement := range statements {
		_, err := conn.ExecContext(ctx, statement)
		must(p.t, err)
	}
}

func (p *settingsPair) postgresByTLS() {
	db, ca := tlsPostgres(p.t, tls.NoClientCert)
	p.put("/etc/ssl/certs/rds.pem", ca)
	p.use(db)
}

func (p *settingsPair) postgresWithCertificate() {
	db, ca := tlsPostgres(p.t, tls.RequireAnyClientCert)
	cert, key, err := testenv.Certificate(p.t.TempDir())
	must(p.t, err)
	must(p.t, os.Chmod(key, 0o600)) // else libpq refuses it
	p.put("/etc/pg/ca.crt", ca)
	p.put("/etc/pg/web.crt", cert)
	p.put("/etc/pg/web.key", key)
	p.use(db)
}

func (p *settingsPair) postgresInSchema() {
	db := testenv.PostgresDatabase(p.t)
	p.execute(p.t.Context(), db, "CREATE SCHEMA shop")
	p.use(db)
}

func (p *settingsPair) postgresAsRole() {
	db := testenv.PostgresDatabase(p.t)
	role := db.Name + "_owner"
	p.execute(p.t.Context(), db, "CREATE ROLE "+role, "GRANT ALL ON SCHEMA public TO "+role)
	p.t.Cleanup(func() { p.execute(context.Background(), db, "DROP OWNED BY "+role, "DROP ROLE "+role) })
	p.put("shop_owner", role)
	p.use(db)
}

func (p *settingsPair) postgresByService() {
	db := testenv.PostgresDatabase(p.t)
	p.both("PGSERVICEFILE=" + p.file("services", fmt.Sprintf("[shop]\nhost=%s\nport=%s\nuser=%s\ndbname=%s\n", db.Host, db.Port, db.User, db.Name)))
	p.put("/srv/site/.pgpass", p.file(".pgpass", fmt.Sprintf("%s:%s:*:%s:%s\n", db.Host, db.Port, db.User, db.Password)))
}

func (p *settingsPair) postgresOfSeveralHosts() {
	db := testenv.PostgresDatabase(p.t)
	_, down, err := net.SplitHostPort(freeAddress(p.t))
	must(p.t, err)
	db.Host, db.Port = db.Host+","+db.Host, down+","+db.Port
	p.use(db)
}

func (p *settingsPair) postgresByIPv6() {
	db := testenv.PostgresDatabase(p.t)
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		p.t.Skipf("this machine has no IPv6: %v", err)
	}
	relay(p.t, listener, net.JoinHostPort(db.Host, db.Port))
	db.Host, db.Port, err = net.SplitHostPort(listener.Addr().String())
	must(p.t, err)
	p.use(db)
}

// postgresSocket is a folder with the socket of a PostgreSQL, whose database stands for
// shop. User and password come by the environment.
func (p *settingsPair) postgresSocket() (dir string) {
	db := testenv.PostgresDatabase(p.t)
	dir = filepath.Dir(p.socket(".s.PGSQL.5432", net.JoinHostPort(db.Host, db.Port)))
	p.both("PGUSER="+db.User, "PGPASSWORD="+db.Password)
	p.put("'shop'", "'"+db.Name+"'")
	return dir
}

func (p *settingsPair) postgresAtSocket() { p.put("/var/run/postgresql", p.postgresSocket()) }

// postgresAtDefaultSocket: where that is, the environment says on both sides.
func (p *settingsPair) postgresAtDefaultSocket() { p.both("PGHOST=" + p.postgresSocket()) }

func (p *settingsPair) mysqlAtSocket() {
	db := testenv.MariaDBDatabase(p.t)
	socket := p.socket("mysqld.sock", net.JoinHostPort(db.Host, db.Port))
	p.put("/run/mysqld/mysqld.sock", socket)
	if db.Host, db.Port = "localhost", ""; !strings.Contains(p.module, "unix_socket") {
		db.Host = socket
	}
	p.use(db)
}

func (p *settingsPair) mysqlByTLS() {
	ca, db := tlsMariaDB(p.t)
	p.put("/etc/ssl/certs/rds.pem", ca)
	p.use(db)
}

// files puts SQLite's files into the folder of the project.
func (p *settingsPair) files() {
	if strings.Contains(p.module, "mode=rw'") { // opens no file that is not there
		p.file("my db.sqlite3", "")
	}
	if strings.Contains(p.module, "routers.People") {
		p.alias = "people"
	}
	p.module = strings.ReplaceAll(strings.ReplaceAll(p.module, "/srv/site/", "/srv/"), "/srv/", p.dir+"/")
}

func (p *settingsPair) redisByTLS() {
	cert, key, err := testenv.Certificate(p.t.TempDir())
	must(p.t, err)
	pair, err := tls.LoadX509KeyPair(cert, key)
	must(p.t, err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	must(p.t, err)
	relay(p.t, listener, testenv.Redis(p.t))
	p.module = strings.ReplaceAll(p.module, "/etc/ssl/redis.pem", cert)
	p.put("10.0.0.5:6379", listener.Addr().String())
	p.env = append(p.env, "SSL_CERT_FILE="+cert) // as the note says
}

func (p *settingsPair) redisByAccount() {
	address := testenv.RedisWith(p.t, "--user", "web", "on", ">hunter2", "~*", "&*", "+@all", "--user", "default", "off")
	p.put("10.0.0.5:6379", address)
	p.env = append(p.env, "COATCHECK_CACHE=redis://web:hunter2@"+address+"/1")
}

func (p *settingsPair) redisByPassword() {
	address := testenv.RedisWith(p.t, "--requirepass", "hunter2")
	p.put("10.0.0.5:6379", address)
	p.env = append(p.env, "COATCHECK_CACHE=redis://:hunter2@"+address+"/1")
}

func (p *settingsPair) redisAtSocket() {
	p.put("/run/redis/redis.sock", p.socket("redis.sock", testenv.Redis(p.t)))
}

func (p *settingsPair) redisBySentinels() {
	server := testenv.Redis(p.t)
	for _, there := range []string{"'10.0.0.5', 26379", "'10.0.0.6', 26379"} {
		host, port, err := net.SplitHostPort(testenv.Sentinel(p.t, "mymaster", server))
		must(p.t, err)
		p.put(there, "'"+host+"', "+port)
	}
}

// redisWithReplica: the replica is the primary by another address, so that it is never
// behind.
func (p *settingsPair) redisWithReplica() {
	server := testenv.Redis(p.t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(p.t, err)
	relay(p.t, listener, server)
	p.put("10.0.0.5:6379", server)
	p.put("10.0.0.6:6379", listener.Addr().String())
}

func (p *settingsPair) memcachedTwice() {
	p.put("10.0.0.7:11211", testenv.Memcached(p.t))
	p.put("10.0.0.8:11211", testenv.Memcached(p.t))
}

func (p *settingsPair) memcachedAtSocket() {
	p.put("/run/memcached.sock", p.socket("memcached.sock", testenv.Memcached(p.t)))
}

// libraries are packages of Debian's, for Django's side.
func (p *settingsPair) libraries() {
	variables := testenv.DjangoLibraries(p.t)
	p.django.env = append(p.django.env, variables...)
	p.python = strings.TrimPrefix(variables[0], "PYTHONPATH=")
}

func (p *settingsPair) allauth() {
	p.python = filepath.Join(testenv.DjangoApps(p.t), "usr/lib/python3/dist-packages")
}

// temporaryFolder returns Django a folder for temporary files of its own.
func (p *settingsPair) temporaryFolder() {
	p.django.env = append(p.django.env, "TMPDIR="+filepath.Join(p.dir, "sessions"))
}

// email is what the notes ask for.
func (p *settingsPair) mail() {
	p.env = append(p.env, "COATCHECK_BASE_URL=http://127.0.0.1", "COATCHECK_EMAIL_HOST_PASSWORD=hunter2")
}

// socket is a Unix socket of that name, by which one reaches the address.
func (p *settingsPair) socket(name, address string) string {
	p.t.Helper()
	dir, err := os.MkdirTemp("", "pair") // short, as paths of sockets have to be
	must(p.t, err)
	p.t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, name)
	listener, err := net.Listen("unix", path)
	must(p.t, err)
	relay(p.t, listener, address)
	return path
}

// relay passes on what comes to the listener, until the test ends.
func relay(t *testing.T, listener net.Listener, address string) {
	t.Helper()
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // the test has ended
			}
			go func() {
				defer client.Close()
				server, err := net.Dial("tcp", address)
				if err != nil {
					return
				}
				copyBoth(client, server)
			}()
		}
	}()
}

// copyBoth copies both ways, until either side has gone.
func copyBoth(client, server net.Conn) {
	defer server.Close()
	go func() {
		io.Copy(server, client) // until the client has gone
		server.Close()
	}()
	io.Copy(client, server)
}
