package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/coatcheck/coatcheck/bench/proc"
	"github.com/coatcheck/coatcheck/bench/protocol"
	"github.com/coatcheck/coatcheck/bench/seed"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// data is a database that is filled, and the cookies of its sessions.
type data struct {
	url     string
	cookies string // a file
	keys    []string
}

// sqlServer is a running server of databases.
type sqlServer struct {
	admin *sql.DB
	url   url.URL
	pid   int // 0 where it is on another machine
}

// servers are what databases are created in, as far as there are any.
type servers struct {
	sql      map[string]*sqlServer
	redis    string
	redisPID int
	absent   map[string]error
	stops    []func()
}

// connect finds the servers: those of the environment, and a Redis of our own.
func connect(ctx context.Context) (*servers, error) {
	s := &servers{sql: map[string]*sqlServer{}, absent: map[string]error{}}
	variables := map[string]string{"postgres": testenv.EnvPostgres, "mysql": testenv.EnvMariaDB}
	for engine, variable := range variables {
		given := os.Getenv(variable)
		if given == "" {
			s.absent[engine] = fmt.Errorf("%w: %s is empty", errAbsent, variable)
			continue
		}
		server, err := openServer(ctx, engine, given)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", variable, err)
		}
		s.sql[engine] = server
	}
	address, stop, err := testenv.StartRedis()
	if err != nil {
		s.absent["redis"] = fmt.Errorf("%w: %w", errAbsent, err)
		return s, nil
	}
	s.redis, s.stops = address, append(s.stops, stop)
	s.redisPID = redisPID(ctx, address)
	return s, nil
}

func openServer(ctx context.Context, engine, given string) (*sqlServer, error) {
	u, err := url.Parse(given)
	if err != nil {
		return nil, fmt.Errorf("not a URL of %s", engine) // the error would show the password
	}
	s := &sqlServer{url: *u}
	driver, dsn := "pgx", given
	if engine == "mysql" {
		secret, _ := u.User.Password()
		driver, dsn = "mysql", u.User.Username()+":"+secret+"@tcp("+u.Host+")/"
	}
	if s.admin, err = sql.Open(driver, dsn); err != nil {
		return nil, err
	}
	s.pid, err = s.find(ctx, engine)
	return s, err
}

// find returns the ID of the process whose descendants are the server, 0 where it is not here.
func (s *sqlServer) find(ctx context.Context, engine string) (int, error) {
	if engine == "postgres" {
		var backend int
		if err := s.admin.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
			return 0, err
		}
		if proc.Name(backend) != "postgres" {
			return 0, nil
		}
		return proc.Parent(backend)
	}
	var file string
	if err := s.admin.QueryRowContext(ctx, "SELECT @@pid_file").Scan(&file); err != nil {
		return 0, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, nil //nolint:nilerr // on another machine, or not ours to read
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || !strings.HasPrefix(proc.Name(pid), "m") {
		return 0, nil //nolint:nilerr // the same
	}
	return pid, nil
}

// stop ends what connect started.
func (s *servers) stop() {
	for _, stop := range s.stops {
		stop()
	}
}

// plans say what the databases hold.
func (b *bench) plan(c Case) seed.Plan {
	p := seed.Plan{Users: b.Sessions}
	switch c.Data {
	case "logins":
		p.LoginUsers = loginUsers
		for _, h := range hashers {
			p.Hashers = append(p.Hashers, h.Server)
		}
	case "foreign", "adoption":
		p.Unlisted = true
	case "rows":
		p.Users = c.Rows
	case "clean-up":
		p.Users, p.Expired = min(b.Sessions, 10_000), b.Sessions
	}
	return p
}

// loginUsers is how many users can log in by each hasher.
const loginUsers = 64

// database returns the database of a case, which is created and filled at its first use.
func (b *bench) database(ctx context.Context, c Case) (*data, error) {
	if c.On == "" {
		return &data{}, nil
	}
	if err := b.servers.absent[c.On]; err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%s %s %d", c.On, c.Data, c.Rows)
	if known, ok := b.data[key]; ok {
		return known, nil
	}
	address, err := b.create(ctx, c.On)
	if err != nil {
		return nil, err
	}
	b.say("filling a database of %s: %s", c.On, strings.TrimSpace(c.Data+" "+thousands(b.plan(c).Users)))
	d := &data{url: address}
	if d.keys, err = seed.Database(ctx, address, b.plan(c)); err != nil {
		return nil, err
	}
	if c.Data == "rows" { // spread over the table, as keys are random
		d.keys = d.keys[:min(hot, len(d.keys))]
	}
	d.cookies = filepath.Join(b.dir, fileName(key)+".cookies")
	b.data[key] = d
	return d, writeCookies(d.cookies, d.keys)
}

func writeCookies(file string, keys []string) error {
	var text strings.Builder
	for _, key := range keys {
		text.WriteString("sessionid=" + key + "\n")
	}
	return os.WriteFile(file, []byte(text.String()), 0o600)
}

// create creates an empty database and returns its URL. It goes when the bench ends.
func (b *bench) create(ctx context.Context, engine string) (string, error) {
	name := "coatcheck_bench_" + strings.ToLower(rand.Text()[:8])
	if engine == "sqlite" {
		return "sqlite:" + filepath.Join(b.dir, name+".sqlite3"), nil
	}
	s := b.servers.sql[engine]
	create, drop := "CREATE DATABASE "+name, "DROP DATABASE "+name+" WITH (FORCE)"
	if engine == "mysql" {
		create, drop = create+" CHARACTER SET utf8mb4", "DROP DATABASE "+name
	}
	if _, err := s.admin.ExecContext(ctx, create); err != nil {
		return "", err
	}
	b.servers.stops = append(b.servers.stops, func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := s.admin.ExecContext(ctx, drop); err != nil {
			b.say("the database %s is left over: %v", name, err)
		}
	})
	u := s.url
	u.Path = "/" + name
	return u.String(), nil
}

// databasePIDs are the processes of the databases that a case uses, and whether they are known.
func (b *bench) databasePIDs(c Case) (pids []int, known bool) {
	if c.On == "postgres" || c.On == "mysql" {
		pids = append(pids, b.servers.sql[c.On].pid)
	}
	if usesRedis(c.Server) {
		pids = append(pids, b.servers.redisPID)
	}
	for _, pid := range pids {
		if pid == 0 {
			return nil, false
		}
	}
	return pids, len(pids) > 0
}

func usesRedis(s protocol.Server) bool {
	return s.Engine == "cache" || s.Engine == "cached_db" || s.Kind == "scs-redis"
}

// writes returns how many transactions have written to PostgreSQL so far.
func (b *bench) writes(ctx context.Context, c Case) (n int64, err error) {
	if c.On != "postgres" {
		return 0, nil
	}
	return n, b.servers.sql["postgres"].admin.QueryRowContext(ctx,
		"SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").Scan(&n)
}

// redisPID returns the ID of the process of a Redis, 0 where it is not here.
func redisPID(ctx context.Context, address string) int {
	pid, err := strconv.Atoi(redisInfo(ctx, address, "process_id"))
	if err != nil || !strings.HasPrefix(proc.Name(pid), "redis") {
		return 0
	}
	return pid
}
