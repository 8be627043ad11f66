package protocol

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"sync/atomic"
)

// Serve serves a handler, and beside it, on a port of their own, the counters and what else
// control has. It prints a Ready and serves until rest, the remainder of standard input, ends.
func Serve(handler http.Handler, control map[string]http.HandlerFunc, rest io.Reader) error {
	var requests atomic.Uint64
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handler.ServeHTTP(w, r)
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /counters", func(w http.ResponseWriter, _ *http.Request) {
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		_ = json.NewEncoder(w).Encode(Counters{requests.Load(), mem.Mallocs, mem.TotalAlloc})
	})
	var profile bytes.Buffer
	mux.HandleFunc("POST /profile/start", func(w http.ResponseWriter, _ *http.Request) {
		profile.Reset()
		fail(w, pprof.StartCPUProfile(&profile))
	})
	mux.HandleFunc("POST /profile/stop", func(w http.ResponseWriter, _ *http.Request) {
		pprof.StopCPUProfile()
		_, _ = w.Write(profile.Bytes())
	})
	for pattern, h := range control {
		mux.HandleFunc(pattern, h)
	}
	measured, err := listen(counted)
	if err != nil {
		return err
	}
	own, err := listen(mux)
	if err != nil {
		return err
	}
	if err := WriteLine(os.Stdout, Ready{URL: measured, Control: own}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, rest) // until the parent goes
	return err
}

func listen(h http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h}
	go server.Serve(l) //nolint:errcheck // it ends with the process
	return "http://" + l.Addr().String(), nil
}

func fail(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// Respond writes the page that every server of the bench has.
func Respond(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, text)
}

// The pages of every server of the bench, and what each response holds.
const (
	PublicPath  = "/public/"
	ProfilePath = "/profile/"
	EventsPath  = "/inspector/events" // of the control
	LoginPath   = "/accounts/login/"
	Public      = `{"profile":"data"}`
	Private     = "private data of "
	LoggedIn    = "Login successful"
)

// Profile is the response to a signed-in user.
func Profile(username string) string { return `{"profile":"` + Private + username + `"}` }
