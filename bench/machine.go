package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/redis/rueidis"
	"golang.org/x/sys/unix"
)

// machine returns where the numbers come from, a line each, without a name or a path.
func (b *bench) machine(ctx context.Context) (lines []string) {
	add := func(what, value string) {
		if value = strings.TrimSpace(value); value != "" {
			lines = append(lines, what+": "+value)
		}
	}
	add("Date", time.Now().UTC().Format(time.DateOnly))
	add("Processor", fmt.Sprintf("%s, %d cores", cpuModel(), runtime.NumCPU()))
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		add("Kernel", unix.ByteSliceToString(u.Sysname[:])+" "+unix.ByteSliceToString(u.Release[:]))
	}
	add("Go", runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH)
	for _, engine := range []struct{ name, title, query string }{
		{"postgres", "PostgreSQL", "SHOW server_version"}, {"mysql", "MariaDB or MySQL", "SELECT version()"},
	} {
		if s := b.servers.sql[engine.name]; s != nil {
			var version string
			if err := s.admin.QueryRowContext(ctx, engine.query).Scan(&version); err != nil {
				version = "unknown"
			}
			add(engine.title, version)
		}
	}
	if b.servers.redis != "" {
		add("Redis", redisInfo(ctx, b.servers.redis, "redis_version"))
	}
	add("Data", fmt.Sprintf("%s users, each with a session; %d rounds of %s requests",
		thousands(b.Sessions), b.Rounds, thousands(b.Requests)))
	return lines
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	_, rest, _ := strings.Cut(string(text), "model name")
	line, _, _ := strings.Cut(rest, "\n")
	_, model, _ := strings.Cut(line, ":")
	if strings.TrimSpace(model) == "" {
		return "unknown"
	}
	return strings.TrimSpace(model)
}

// redisInfo returns a field of INFO, or "".
func redisInfo(ctx context.Context, address, field string) string {
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}, DisableCache: true})
	if err != nil {
		return ""
	}
	defer client.Close()
	text, err := client.Do(ctx, client.B().Info().Section("server").Build()).ToString()
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(text, field+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// thousands is a number with commas.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
