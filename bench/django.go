package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/bench/protocol"
)

// djangoSite is a Django on the same tables and secret key.
//
//go:embed djangosite/*.py
var djangoSite embed.FS

// django starts gunicorn with a Django of /opt/django, or where COATCHECK_DJANGO says.
func (b *bench) django(ctx context.Context, s protocol.Server) (*process, error) {
	python, err := findDjango(ctx)
	if err != nil {
		return nil, err
	}
	files, err := fs.Sub(djangoSite, "djangosite")
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.dir, "django")
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.CopyFS(dir, files); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	l.Close()
	p := &process{cmd: exec.CommandContext(ctx, python, "-m", "gunicorn", "--chdir", dir, "--bind", address,
		"--workers", "2", "--worker-class", "gthread", "--threads", "4", "--keep-alive", "60",
		"site_wsgi:application")}
	p.cmd.Env = append(os.Environ(), "BENCH_DATABASE="+s.Database, "BENCH_SECRET_KEY="+protocol.SecretKey)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) }
	p.in = endOf{p.cmd}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.ready.URL = "http://" + address
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(p.ready.URL + protocol.PublicPath)
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return p, nil
		}
	}
	p.stop()
	return nil, fmt.Errorf("gunicorn does not serve Django")
}

// endOf ends a program that does not wait for the end of its input.
type endOf struct{ cmd *exec.Cmd }

func (endOf) Write(p []byte) (int, error) { return len(p), nil }

func (e endOf) Close() error { return e.cmd.Process.Signal(os.Interrupt) }

// findDjango returns the Python of the newest Django that has gunicorn.
func findDjango(ctx context.Context) (string, error) {
	root := os.Getenv("COATCHECK_DJANGO")
	if root == "" {
		root = "/opt/django"
	}
	for _, version := range []string{"6.1", "5.2", "4.2", "3.2"} {
		python := filepath.Join(root, "bin", "python-"+version)
		cmd := exec.CommandContext(ctx, python, "-c", "import django, gunicorn.app.wsgiapp, psycopg2")
		if out, err := cmd.CombinedOutput(); err == nil {
			return python, nil
		} else if version == "3.2" {
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			return "", fmt.Errorf("%w: no Django with gunicorn and psycopg2 in COATCHECK_DJANGO (%s); "+
				"apt-get install gunicorn", errAbsent, lines[len(lines)-1])
		}
	}
	return "", errAbsent
}
