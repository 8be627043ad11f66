package middleware_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/sessions"
)

// TestServerSentEvents: the first Flush saves the session and sends the headers,
// long before the handler ends.
func TestServerSentEvents(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	goOn := make(chan struct{})
	r.serve(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		if err := session(req).Set(req.Context(), "x", 1); err != nil {
			t.Error(err)
		}
		flusher, ok := w.(http.Flusher)
		if !ok {
			t.Error("the writer is no http.Flusher")
			return
		}
		flusher.Flush()
		for n := range 3 {
			<-goOn
			fmt.Fprintf(w, "data: %d\n\n", n)
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		}
	})
	response, err := b.client.Get(r.server.URL) // returns at the first flush
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if b.key() == "" || r.store.Sessions()[b.key()] != `{"x":1}` || response.Header.Get("Vary") != "Cookie" {
		t.Errorf("at the first flush: %v, the store has %v", response.Header, r.store.Sessions())
	}
	lines := bufio.NewScanner(response.Body)
	for n := range 3 {
		goOn <- struct{}{}
		if !lines.Scan() || lines.Text() != fmt.Sprintf("data: %d", n) || !lines.Scan() {
			t.Errorf("event %d: %q", n, lines.Text())
		}
	}
	if lines.Scan() {
		t.Errorf("after the last event: %q", lines.Text())
	}
}

// TestResponseController: all that the server's own writer can do.
func TestResponseController(t *testing.T) {
	r := newRig(t)
	r.serve(func(w http.ResponseWriter, req *http.Request) {
		c := http.NewResponseController(w)
		for what, err := range map[string]error{
			"SetWriteDeadline": c.SetWriteDeadline(time.Now().Add(time.Minute)),
			"SetReadDeadline":  c.SetReadDeadline(time.Now().Add(time.Minute)),
			"EnableFullDuplex": c.EnableFullDuplex(),
		} {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		write(w, req)
		if err := c.Flush(); err != nil {
			t.Error(err)
		}
		body, err := io.ReadAll(req.Body) // after the response has begun
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(body)
	})
	_, body := fetch(t, newClient(t), request(t, http.MethodPost, r.server.URL, "echo"))
	if body != "writtenecho" {
		t.Errorf("%q", body)
	}
}

// upgrade speaks HTTP by hand and returns the status line, the headers, and what
// comes after.
func upgrade(t *testing.T, r *rig, cookie string) (string, textproto.MIMEHeader, string) {
	t.Helper()
	conn, err := net.Dial("tcp", r.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\nCookie: %s\r\n\r\n", cookie)
	reader := textproto.NewReader(bufio.NewReader(conn))
	status, err := reader.ReadLine()
	if err != nil {
		t.Fatal(err)
	}
	header, err := reader.ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "hello\n")
	rest, _ := reader.ReadLine()
	return status, header, rest
}

// TestUpgrade: when the protocol switches the session is saved, by Hijack as
// well as by a status 101.
func TestUpgrade(t *testing.T) {
	for _, by := range []string{"Hijacker", "controller", "WriteHeader"} {
		t.Run(by, func(t *testing.T) {
			r := newRig(t)
			r.store.Put(oldKey, `{}`)
			r.serve(func(w http.ResponseWriter, req *http.Request) {
				if err := session(req).Set(req.Context(), "x", 1); err != nil {
					t.Error(err)
				}
				hijack := http.NewResponseController(w).Hijack
				switch by {
				case "Hijacker":
					hijack = w.(http.Hijacker).Hijack
				case "WriteHeader":
					w.Header().Set("Connection", "Upgrade")
					w.WriteHeader(http.StatusSwitchingProtocols)
				}
				conn, rw, err := hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				if r.store.Sessions()[oldKey] != `{"x":1}` {
					t.Error("the session is not saved when the protocol switches")
				}
				if by != "WriteHeader" {
					fmt.Fprint(rw, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n")
				}
				_ = rw.Flush()
				line, _ := rw.ReadString('\n')
				fmt.Fprint(rw, line)
				_ = rw.Flush()
			})
			status, header, rest := upgrade(t, r, "sessionid="+oldKey)
			if !strings.Contains(status, "101") || rest != "hello" {
				t.Errorf("%q %v %q", status, header, rest)
			}
			if sent := header.Get("Set-Cookie") != ""; sent != (by == "WriteHeader") {
				t.Errorf("Set-Cookie: %q", header.Get("Set-Cookie"))
			}
		})
	}
}

// TestUpgradeOutage: a connection whose session cannot be saved is not handed
// over, and the handler may still say so.
func TestUpgradeOutage(t *testing.T) {
	r := newRig(t)
	r.store.Put(oldKey, `{}`)
	r.serve(func(w http.ResponseWriter, req *http.Request) {
		if err := session(req).Set(req.Context(), "x", 1); err != nil {
			t.Error(err)
		}
		r.store.FailWith(errOutage)
		if _, _, err := http.NewResponseController(w).Hijack(); err == nil {
			t.Error("handed over")
		}
		http.Error(w, "no socket today", http.StatusServiceUnavailable)
	})
	status, header, _ := upgrade(t, r, "sessionid="+oldKey)
	if !strings.Contains(status, "503") || header.Get("Set-Cookie") != "" {
		t.Errorf("%q %v", status, header)
	}
}

// TestInformationalResponses do not begin the response.
func TestInformationalResponses(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	r.serve(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		if len(r.store.Sessions()) != 0 {
			t.Error("103 saved the session")
		}
		w.Header().Del("Link")
		write(w, req)
	})
	var early []int
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			early = append(early, code)
			if header.Get("Set-Cookie") != "" || header.Get("Link") == "" {
				t.Errorf("early: %v", header)
			}
			return nil
		},
	})
	response, body := fetch(t, b.client, request(t, http.MethodGet, r.server.URL, "").WithContext(ctx))
	if len(early) != 1 || early[0] != 103 || response.StatusCode != 200 || body != "written" || b.key() == "" {
		t.Errorf("early %v, then %d %q, cookie %q", early, response.StatusCode, body, b.key())
	}
}

// TestFiles: http.ServeFile and io.Copy send files, ranges too.
func TestFiles(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	path := filepath.Join(t.TempDir(), "file.txt")
	content := strings.Repeat("0123456789", 20000)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	touch := func(req *http.Request) {
		if err := session(req).Set(req.Context(), "x", 1); err != nil {
			t.Error(err)
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"ServeFile": func(w http.ResponseWriter, req *http.Request) { touch(req); http.ServeFile(w, req, path) },
		"Copy": func(w http.ResponseWriter, req *http.Request) {
			touch(req)
			f, err := os.Open(path)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			if _, ok := w.(io.ReaderFrom); !ok {
				t.Error("the writer is no io.ReaderFrom")
			}
			if n, err := io.Copy(w, f); n != int64(len(content)) || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		},
	} {
		response, body := b.get(h)
		if response.StatusCode != 200 || body != content || len(response.Cookies()) != 1 {
			t.Errorf("%s: %d, %d bytes, %v", name, response.StatusCode, len(body), response.Header)
		}
	}
	r.serve(func(w http.ResponseWriter, req *http.Request) { touch(req); http.ServeFile(w, req, path) })
	response, body := fetch(t, b.client, request(t, http.MethodGet, r.server.URL, "", "Range", "bytes=5-9"))
	if response.StatusCode != http.StatusPartialContent || body != "56789" {
		t.Errorf("a range: %d %q", response.StatusCode, body)
	}
}

// TestWaysToAnswer: in each the session is saved once and the cookie sent once.
func TestWaysToAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(w http.ResponseWriter)
		status int
		body   string
	}{
		"nothing":           {func(http.ResponseWriter) {}, 200, ""},
		"empty write":       {func(w http.ResponseWriter) { _, _ = w.Write(nil) }, 200, ""},
		"status alone":      {func(w http.ResponseWriter) { w.WriteHeader(202) }, 202, ""},
		"no content":        {func(w http.ResponseWriter) { w.WriteHeader(204) }, 204, ""},
		"not found":         {func(w http.ResponseWriter) { w.WriteHeader(404) }, 404, ""},
		"status twice":      {func(w http.ResponseWriter) { w.WriteHeader(201); w.WriteHeader(500) }, 201, ""},
		"status after body": {func(w http.ResponseWriter) { _, _ = io.WriteString(w, "a"); w.WriteHeader(500) }, 200, "a"},
		"two writes":        {func(w http.ResponseWriter) { _, _ = io.WriteString(w, "a"); _, _ = io.WriteString(w, "b") }, 200, "ab"},
		"unwrapped": {func(w http.ResponseWriter) {
			w.(interface{ Unwrap() http.ResponseWriter }).Unwrap().Header().Set("X", "y")
			_, _ = io.WriteString(w, "a")
		}, 200, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			response, body := r.browser().get(func(w http.ResponseWriter, req *http.Request) {
				if err := session(req).Set(req.Context(), "x", 1); err != nil {
					t.Error(err)
				}
				tt.answer(w)
			})
			if response.StatusCode != tt.status || body != tt.body || len(response.Header["Set-Cookie"]) != 1 {
				t.Errorf("%d %q %v", response.StatusCode, body, response.Header)
			}
			if log := strings.Join(r.store.Log(), " "); log != "create" {
				t.Errorf("the store was asked %q", log)
			}
		})
	}
}

func TestHead(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	r.serve(write)
	response, body := fetch(t, b.client, request(t, http.MethodHead, r.server.URL, ""))
	if response.StatusCode != 200 || body != "" || b.key() == "" {
		t.Errorf("%d %q %v", response.StatusCode, body, response.Header)
	}
	r.store.FailWith(errOutage)
	response, body = fetch(t, b.client, request(t, http.MethodHead, r.server.URL, ""))
	if response.StatusCode != 503 || body != "" || response.Header["Set-Cookie"] != nil {
		t.Errorf("%d %q %v", response.StatusCode, body, response.Header)
	}
}

// TestLateChanges are lost, and the log says so.
func TestLateChanges(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	b.get(func(w http.ResponseWriter, req *http.Request) {
		write(w, req)
		if err := session(req).Set(req.Context(), "late", 1); err != nil {
			t.Error(err)
		}
	})
	if got := r.store.Sessions()[b.key()]; got != `{"x":1}` {
		t.Errorf("the session is %s", got)
	}
	if log := r.log.take(); !strings.Contains(log, "after the response had begun") || !strings.Contains(log, "path=/") || strings.Contains(log, b.key()) {
		t.Errorf("the log says %q", log)
	}
	b.get(func(w http.ResponseWriter, req *http.Request) {
		write(w, req)
		_, _, _ = sessions.Get[int](req.Context(), session(req), "x")
	})
	if log := r.log.take(); log != "" {
		t.Errorf("reading late: the log says %q", log)
	}
}
