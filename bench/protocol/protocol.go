// Package protocol is what the processes of the bench say to each other: which server to be,
// what to ask of it, and what came of it. Everything is JSON, a line each, on standard input
// and output.
package protocol

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// SecretKey signs everything that the bench seeds and serves.
const SecretKey = "a secret key for measuring, long enough for any check that there is"

// Password is that of every user who can log in.
const Password = "a password for measuring"

// A Server is what a child is told to be.
type Server struct {
	Kind     string // "bare", "plain", "coatcheck", or one of the peers
	Database string // the URL of its database; empty for none
	Redis    string // host:port
	Engine   string // of sessions, by Django's name: "" is "db"; "cache", "cached_db", "signed_cookies"
	Memory   int    // megabytes of Coatcheck that keep sessions
	Hasher   string // of Coatcheck, by Django's name; PBKDF2 when empty
	Work     int    // iterations of that hasher; its default when 0
	Looks    string // who looks at the requests: "" nobody; "log", "log-debug", "metrics", "inspector"
}

// Ready is what a server prints when it listens.
type Ready struct {
	URL     string // of what is measured
	Control string // of its counters
}

// Counters are what a server knows of itself since it began.
type Counters struct {
	Requests uint64
	Allocs   uint64
	Bytes    uint64 // allocated
}

// Seed is what a peer is told to write into its tables.
type Seed struct {
	Server
	Sessions int
	File     string // gets the cookies, a line each, "name=value"
}

// The ways in which a load takes cookies from its file.
const (
	Uniform = "uniform" // each as likely as another
	Zipf    = "zipf"    // a few very often, most of them seldom
	Each    = "each"    // one after another, from Load.First on
)

// A Load is what the client is told to send.
type Load struct {
	URL         string
	Cookies     string // a file of cookies, a line each; empty sends none
	Only        int    // the first so many of them; all when 0
	Pick        string // Uniform, Zipf or Each
	First       int    // where Each begins
	Logins      int    // POST a login of one of so many users instead of GET
	LoginPrefix string // of their usernames
	Want        string // a part of each good response
	Connections int
	Requests    int           // how many in all; 0 means as many as Duration allows
	Rate        float64       // a second, at even times, whatever the responses do; 0 waits for each response
	Duration    time.Duration // ends the load
	Pause       time.Duration // after a refused login, before the connection's next one
	Seed        uint64        // of the choice of cookies
}

// A Result is what came of a Load.
type Result struct {
	Sent    int
	Good    int
	Bad     map[string]int // by status or error
	Sample  string         // a bad response
	Elapsed time.Duration
	Latency []byte // an HdrHistogram of microseconds, of the good responses
	Error   string // the load was not run
}

// ReadLine decodes the next line.
func ReadLine(r *bufio.Reader, v any) error {
	line, err := r.ReadBytes('\n')
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, v); err != nil {
		return fmt.Errorf("not a line of the bench: %q", line)
	}
	return nil
}

// WriteLine encodes a line.
func WriteLine(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}
