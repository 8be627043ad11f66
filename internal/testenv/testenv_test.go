package testenv

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestCachesAreEmptyAndOnesOwn(t *testing.T) {
	for name, kind := range map[string]struct {
		open        func(testing.TB) string
		ask, answer string
	}{
		"Redis":     {Redis, "DBSIZE\r\n", ":0\r\n"},
		"Memcached": {Memcached, "get k\r\n", "END\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			address := kind.open(t)
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprint(conn, kind.ask)
			got, err := bufio.NewReader(conn).ReadString('\n')
			if err != nil || got != kind.answer {
				t.Errorf("answer %q, %v, want %q", got, err, kind.answer)
			}
		})
	}
}

func TestChromium(t *testing.T) {
	out, err := exec.Command(Chromium(t), "--version").Output()
	if err != nil || !strings.Contains(string(out), "Chrom") {
		t.Errorf("--version says %q, %v", out, err)
	}
}

func TestDjangosImport(t *testing.T) {
	for _, version := range Djangos(t) {
		out, err := exec.Command(Django(t, version), "-c", "import django; print(django.VERSION[:2])").CombinedOutput()
		want := "(" + strings.Replace(version, ".", ", ", 1) + ")\n"
		if err != nil || string(out) != want {
			t.Errorf("python-%s says %q, %v, want %q", version, out, err, want)
		}
	}
}

// A test binary that is killed takes its server and the data with it.
func TestNothingOutlivesTheTestBinary(t *testing.T) {
	if os.Getenv("COATCHECK_TESTENV_VICTIM") != "" {
		Redis(t)
		d, err := postgres.server()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("victim %s %s\n", d.address(), postgres.running.dir)
		select {} // until somebody kills us
	}
	if _, err := find("initdb", "/usr/lib/postgresql/*/bin/initdb"); err != nil {
		absent(t, err, postgres.remedy)
	}
	victim := exec.Command(os.Args[0], "-test.run=^TestNothingOutlivesTheTestBinary$")
	victim.Env = append(os.Environ(), "COATCHECK_TESTENV_VICTIM=1", EnvPostgres+"=")
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	var address, dir string
	if _, err := fmt.Fscanf(out, "victim %s %s\n", &address, &dir); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", address); err != nil {
		t.Errorf("the server of the victim: %v", err)
	} else {
		conn.Close()
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	victim.Wait() // killed
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, dialErr := net.Dial("tcp", address)
		if dialErr == nil {
			conn.Close()
		}
		_, statErr := os.Stat(dir)
		if dialErr != nil && errors.Is(statErr, os.ErrNotExist) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("20 s after the kill: dial says %v, the folder %v; want both gone", dialErr, statErr)
		}
	}
}

func TestAbsentComponents(t *testing.T) {
	t.Setenv("CI", "")
	for _, test := range []struct{ ci, want string }{{"", "skip"}, {"0", "skip"}, {"true", "fatal"}, {"1", "fatal"}} {
		t.Run("CI="+test.ci, func(t *testing.T) {
			t.Setenv("CI", test.ci)
			var r recorder
			absent(&r, fmt.Errorf("teapot is %w", errAbsent), "apt-get install teapot")
			if !strings.HasPrefix(r.said, test.want+": ") || !strings.Contains(r.said, "teapot is not on this machine") ||
				!strings.HasSuffix(r.said, "apt-get install teapot") {
				t.Errorf("said %q, want %q with the reason and the command", r.said, test.want)
			}
		})
	}
}

// recorder notes how a test was ended, without ending one.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Helper()                      {}
func (r *recorder) Skipf(f string, args ...any)  { r.said = "skip: " + fmt.Sprintf(f, args...) }
func (r *recorder) Fatalf(f string, args ...any) { r.said = "fatal: " + fmt.Sprintf(f, args...) }

func TestParseServer(t *testing.T) {
	got, err := parseServer("postgres://u:p@127.0.0.1:5432/postgres?sslmode=disable", "postgresql")
	want := Database{Engine: "postgresql", Host: "127.0.0.1", Port: "5432", User: "u", Password: "p"}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, bad := range []string{"", "localhost:5432", "mysql://u:p@h:1/", "postgres://u:p@h/", "postgres://%zz:secret@h:1/"} {
		if _, err := parseServer(bad, "postgresql"); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("parseServer(%q): %v, want an error that keeps the password", bad, err)
		}
	}
}

func TestDSNs(t *testing.T) {
	server := Database{Host: "127.0.0.1", Port: "99", User: "u", Password: "p", Name: "n"}
	for _, test := range []struct{ engine, dsn, url string }{
		{"postgresql", "postgres://u:p@127.0.0.1:99/n?sslmode=disable", "postgres://u:p@127.0.0.1:99/n?sslmode=disable"},
		{"mysql", "u:p@tcp(127.0.0.1:99)/n", "mysql://u:p@127.0.0.1:99/n"},
		{"sqlite3", "n", "sqlite:n"},
	} {
		d := server
		d.Engine = test.engine
		if d.DSN() != test.dsn || d.URL() != test.url {
			t.Errorf("%s: DSN %q, URL %q, want %q, %q", test.engine, d.DSN(), d.URL(), test.dsn, test.url)
		}
	}
}

func TestFindTakesTheHighestVersion(t *testing.T) {
	root := t.TempDir()
	for _, version := range []string{"9", "15", "100"} {
		if err := os.MkdirAll(root+"/"+version+"/bin", 0o755); err != nil {
			t.Fatal(err)
		}
		if version != "100" { // a folder without the program
			if err := os.WriteFile(root+"/"+version+"/bin/coatcheck-teapot", []byte("#!/bin/sh\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Chdir(root) // else the numbers in the name of the folder count
	got, err := find("coatcheck-teapot", "*/bin/coatcheck-teapot")
	if err != nil || got != "15/bin/coatcheck-teapot" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := find("coatcheck-teapot", "*/sbin/coatcheck-teapot"); !errors.Is(err, errAbsent) {
		t.Errorf("got %v, want errAbsent", err)
	}
}

// TestStartRedis starts a server that nobody else has, and ends it.
func TestStartRedis(t *testing.T) {
	address, stop, err := StartRedis()
	if errors.Is(err, errAbsent) {
		absent(t, err, redisRemedy)
	}
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	stop()
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("the server is still there")
	}
}
