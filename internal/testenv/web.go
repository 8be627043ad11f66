package testenv

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// EnvTraefik names the program of Traefik. Debian has no package of it, so that tests of it
// are skipped where the variable is not set, even where CI=true.
const EnvTraefik = "COATCHECK_TRAEFIK"

// webServers are the servers that stand in front of a site, and how each is started in
// the foreground with the file "config.yaml" of its folder, an ending that Traefik insists on.
var webServers = map[string]struct {
	program, pkg string
	args         func(dir, config string) []string
}{
	"nginx": {"nginx", "nginx-light", func(dir, config string) []string {
		return []string{"-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", config}
	}},
	"HAProxy":   {"haproxy", "haproxy", func(_, config string) []string { return []string{"-db", "-f", config} }},
	"Apache":    {"apache2", "apache2", func(dir, config string) []string { return []string{"-D", "FOREGROUND", "-d", dir, "-f", config} }},
	"Caddy":     {"caddy", "caddy", func(_, config string) []string { return []string{"run", "--adapter", "caddyfile", "--config", config} }},
	"twemproxy": {"nutcracker", "nutcracker", func(_, config string) []string { return []string{"-c", config, "-m", "16384"} }},
	"Traefik":   {os.Getenv(EnvTraefik), "", func(_, config string) []string { return []string{"--configFile=" + config} }},
}

// WebServer is the host:port of a server that stands in front of a site: "nginx",
// "HAProxy", "Apache", "Caddy", "Traefik" or "twemproxy". The function makes its configuration, for a
// folder that it may write to and the address where it is to listen. It ends with the test.
func WebServer(t testing.TB, kind string, config func(dir, address string) string) string {
	t.Helper()
	server := webServers[kind]
	if kind == "Traefik" && server.program == "" {
		t.Skipf("testenv: Debian has no package of Traefik; %s names no program of it", EnvTraefik)
	}
	path, err := find(server.program, "/usr/sbin/"+server.program)
	if err != nil {
		absent(t, err, "apt-get install "+server.pkg)
	}
	for range attempts {
		var p *process
		var address string
		if p, address, err = startWeb(path, kind, server.args, config); err == nil {
			t.Cleanup(func() { p.stop() }) // its status is the signal's
			return address
		}
	}
	t.Fatalf("testenv: %s: %v", kind, err)
	return ""
}

func startWeb(path, kind string, args func(dir, config string) []string, config func(dir, address string) string) (*process, string, error) {
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	p, err := newProcess(kind, "")
	if err != nil {
		return nil, "", err
	}
	address, file := net.JoinHostPort("127.0.0.1", port), filepath.Join(p.dir, "config.yaml")
	err = os.WriteFile(file, []byte(config(p.dir, address)), 0o600)
	if err == nil {
		err = p.launch("TERM", path, args(p.dir, file)...)
	}
	if err == nil {
		err = p.answering(address)
	}
	if err != nil {
		return nil, "", errors.Join(err, p.stop())
	}
	return p, address, nil
}
