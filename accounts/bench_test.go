//go:build linux

package accounts_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/sessions"
)

// benchSessions is how many sessions there are in the table and in the index.
const benchSessions = 100_000

// BenchmarkSights measures what a request of a signed-in user costs the server, and PostgreSQL,
// in CPU time: for a session that this node wrote to the index just before, and for one that it
// has not seen in five minutes. In the second case the work that is done later counts too. Give
// -benchtime 20000x, or any number up to 100000.
func BenchmarkSights(b *testing.B) {
	open := benchDatabases(b)
	for _, engine := range []string{"sqlite", "postgres"} {
		var r *rig
		var keys []string
		for _, before := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/before=%v", engine, before), func(b *testing.B) {
				if r == nil {
					db, err := open[engine]()
					if err != nil {
						b.Fatal(err)
					}
					r = newRig(b, func(c *coatcheck.Config) {
						c.Database, c.Site.Logger = db, slog.New(slog.DiscardHandler)
					})
					keys = r.seed(benchSessions)
				}
				r.sights(b, keys[:min(b.N, len(keys))], before)
			})
		}
	}
}

// benchDatabases opens the databases that are measured.
func benchDatabases(b *testing.B) map[string]func() (*database.DB, error) {
	path, ctx := filepath.Join(b.TempDir(), "site.db"), context.Background()
	return map[string]func() (*database.DB, error){
		"sqlite":   func() (*database.DB, error) { return sqlite.Open(ctx, path) },
		"postgres": func() (*database.DB, error) { return postgres.Open(ctx, testenv.Postgres(b)) },
	}
}

// seed adds sessions to the table and to the index, and returns their keys.
func (r *rig) seed(n int) (keys []string) {
	r.t.Helper()
	ctx := context.Background()
	first := r.NewClient(r.handler)
	user := r.CreateUser("ada", canary)
	first.ForceLogin(user)
	of, err := r.Database.SessionByKey(ctx, string(first.Session().Key()), time.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	for len(keys) < n {
		var rows, index []string
		for range 1000 {
			key := sessions.NewKey()
			keys = append(keys, key)
			rows = append(rows, fmt.Sprintf("('%s', '%s', '2999-01-01 00:00:00')", key, of.Data))
			index = append(index, fmt.Sprintf("('%s', '%s', 'p:%s', 'password', '', '', '2020-01-01 00:00:00', '2020-01-01 00:00:00')",
				accounts.SessionID(sessions.Key(key)), user.ID, key[:8]))
		}
		for _, statement := range []string{
			"INSERT INTO django_session (session_key, session_data, expire_date) VALUES " + strings.Join(rows, ","),
			"INSERT INTO coatcheck_session (key_hash, user_id, locator, method, ip, user_agent, created, last_seen) VALUES " + strings.Join(index, ","),
		} {
			if _, err := r.Database.SQL().ExecContext(ctx, statement); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	return keys
}

// sights uses each session once.
func (r *rig) sights(b *testing.B, keys []string, before bool) {
	b.Helper()
	old := "UPDATE coatcheck_session SET last_seen = '2020-01-02 03:04:05', ip = '127.0.0.1', user_agent = 'x'"
	if _, err := r.Database.SQL().ExecContext(context.Background(), old); err != nil {
		b.Fatal(err)
	}
	r.Accounts.ForgetSeen()
	round := func() {
		for _, key := range keys {
			q := httptest.NewRequest(http.MethodGet, "https://www.example.com/me", nil)
			q.RemoteAddr = "127.0.0.1:4711"
			q.Header["Cookie"], q.Header["User-Agent"] = []string{"sessionid=" + key}, []string{"x"}
			w := httptest.NewRecorder()
			r.handler.ServeHTTP(w, q)
			if w.Code != http.StatusOK {
				b.Fatalf("%d %s", w.Code, w.Body)
			}
		}
		if s, ok := any(r.Accounts).(interface{ Flush(context.Context) error }); ok {
			if err := s.Flush(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	}
	if before {
		round()
	}
	used, theirs := cpu(), r.databaseCPU()
	b.ResetTimer()
	round()
	b.StopTimer()
	n := float64(len(keys))
	b.ReportMetric(float64((cpu()-used).Nanoseconds())/n, "cpu-ns/op")
	b.ReportMetric(float64((r.databaseCPU()-theirs).Nanoseconds())/n, "db-cpu-ns/op")
}

// cpu returns the CPU time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// databaseCPU returns the CPU time of the PostgreSQL server, and zero for SQLite.
func (r *rig) databaseCPU() time.Duration {
	r.t.Helper()
	if r.Database.Engine() != "postgres" {
		return 0
	}
	var backend int
	if err := r.Database.SQL().QueryRowContext(context.Background(), "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		r.t.Fatal(err)
	}
	server := procStat(backend)[1]
	var ticks int
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, path := range stats {
		pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
		switch stat := procStat(pid); {
		case stat == nil:
		case pid == server:
			ticks += stat[11] + stat[12] + stat[13] + stat[14] // with what has ended
		case stat[1] == server:
			ticks += stat[11] + stat[12]
		}
	}
	return time.Duration(ticks) * time.Second / 100
}

// procStat returns the numbers behind the name in /proc/PID/stat; nil where there is none.
func procStat(pid int) []int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	all := make([]int, 20)
	for i := range all {
		all[i], _ = strconv.Atoi(fields[i])
	}
	return all
}

// BenchmarkAdoption measures what it costs to adopt sessions that the index does not have.
func BenchmarkAdoption(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			db, err := benchDatabases(b)[engine]()
			if err != nil {
				b.Fatal(err)
			}
			r := newRig(b, func(c *coatcheck.Config) { c.Database, c.Site.Logger = db, slog.New(slog.DiscardHandler) })
			r.seed(benchSessions)
			if _, err := db.SQL().ExecContext(b.Context(), "DELETE FROM coatcheck_session"); err != nil {
				b.Fatal(err)
			}
			used, theirs := cpu(), r.databaseCPU()
			b.ResetTimer()
			for range b.N {
				if err := r.Accounts.Adopt(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			n := float64(benchSessions * b.N)
			b.ReportMetric(float64((cpu()-used).Nanoseconds())/n, "cpu-ns/row")
			b.ReportMetric(float64((r.databaseCPU()-theirs).Nanoseconds())/n, "db-cpu-ns/row")
		})
	}
}
