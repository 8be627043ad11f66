package main

import (
	"fmt"
	"net"
	"net/url"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/sessions/cacheddb"
)

// TestDoctorCaches: a cache that does not respond, one that is another than that of the sessions'
// writer, and one that shortens lives.
func TestDoctorCaches(t *testing.T) {
	p := newPatient(t, testenv.SQLiteDatabase(t))
	address := testenv.Redis(t)
	engine := func(name, cache string) []string {
		return []string{"--session-engine", name, "--cache", "redis://" + cache, "--cache-key-prefix", "doctor"}
	}
	for _, name := range []string{"cache", "cached_db"} {
		p.examine(sick{id: "E036", says: "--session-engine " + name, args: engine(name, "127.0.0.1:1")})
	}
	p.flags = append(engine("cached_db", address), sound...)
	p.healthy(nil)

	server := start(t, p.dir, p.env, append([]string{"--email-backend", "none"}, engine("cached_db", address)...)...)
	var keys []string
	for i := range 3 {
		keys = append(keys, server.visitor().enter(fmt.Sprintf("user%d", i), "correct horse"))
	}
	server.stop()
	p.healthy(nil)
	p.examine(sick{id: "W037", says: "None of the 3 newest sessions", args: []string{"--cache-version", "2"}})
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "EXPIRE doctor:1:%s%s 3600\r\n", cacheddb.KeyPrefix, keys[0])
	reply := make([]byte, 16)
	if n, err := conn.Read(reply); err != nil || string(reply[:n]) != ":1\r\n" {
		t.Fatalf("Redis says %q, %v", reply[:n], err)
	}
	p.examine(sick{id: "W038", says: "1 of 3 copies"})
	d, status := p.ask("--session-engine", "cache", "--cache", "redis://"+address)
	if status != exitOK {
		t.Errorf("the engine cache: %d %+v", status, d)
	}
}

// TestDoctorShowsNoSecrets: whatever is wrong, no secret is in the output.
func TestDoctorShowsNoSecrets(t *testing.T) {
	for _, where := range testenv.Databases(t) {
		p := newPatient(t, where)
		p.user("mallory", "canary-plain-text-password", epoch)
		p.user("bob", "pbkdf2_sha256$260000$canarysalt$canaryhash", epoch)
		p.session("canarysessionkey0123456789abcdef", epoch)
		served := start(t, p.dir, p.env, "--email-backend", "none")
		bad := where
		bad.Password = "canary-wrong-password"
		if where.Engine == "sqlite3" {
			bad.Name += "/canary-none"
		}
		key := served.visitor().enter("carol", "canary-password")
		canaries := []string{"canary", key, doctorKey}
		if where.Password != "" {
			canaries = append(canaries, where.Password)
		}
		withPassword := func(address string) string {
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			u.User = url.UserPassword("visitor", "canary-basic")
			return u.String()
		}
		for _, args := range [][]string{
			{"--url", withPassword(served.url)},
			{"--url", withPassword("http://127.0.0.1:1")},
			{"--url", "https://visitor:canary-basic@www.example.com/?canary"},
			{"--session-engine", "cached_db", "--cache", "redis://:canary-redis@127.0.0.1:1/0"},
			{"--session-engine", "cached_db", "--cache", "redis://:canary-redis@127.0.0.1:x/0"},
			{"--secret-key-file", "none"},
		} {
			for _, form := range []string{"--json=true", "--json=false"} {
				p.silent(canaries, append([]string{"doctor", form}, args...)...)
			}
		}
		p.env = append(p.env, "COATCHECK_DATABASE="+bad.URL())
		p.silent(canaries, "doctor")
	}
}
