package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth/attempts"
)

// process is a running coatcheck serve.
type process struct {
	t       *testing.T
	url     string
	cmd     *exec.Cmd
	started time.Time
	out     output // standard output
	err     output // standard error
	ended   chan struct{}
}

// output collects what a process writes while others look at it.
type output struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// environment is that of the tests plus some settings.
func environment(more ...string) []string {
	return append(append(os.Environ(), "COATCHECK_PASSWORD_ITERATIONS=1000"), more...)
}

// start starts a server on a free port and waits until it says where it is.
func start(t *testing.T, dir string, env []string, args ...string) *process {
	t.Helper()
	p := launch(t, dir, "coatcheck serve", env, args...)
	p.await()
	return p
}

// launch starts a server by a command and does not wait.
func launch(t *testing.T, dir, command string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, started: time.Now(), ended: make(chan struct{})}
	// The umask is one that hides nothing: what is made must be private anyway.
	p.cmd = exec.CommandContext(t.Context(), "sh", append([]string{"-c", "umask 000; exec " + command + ` "$@"`, "sh", "--addr", "127.0.0.1:0"}, args...)...)
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = dir, environment(env...), &p.out, &p.err
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // ProcessState tells
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // unless it has ended
		<-p.ended
		if t.Failed() {
			t.Logf("standard output:\n%s\nstandard error:\n%s", &p.out, &p.err)
		}
	})
	return p
}

// await waits until the server says where it is.
func (p *process) await() {
	p.t.Helper()
	const intro = "Coatcheck is at "
	wait(p.t, "the server says where it is", func() bool {
		select {
		case <-p.ended:
			p.t.Fatalf("the server ended: %s", &p.err)
		default:
		}
		line, rest, ok := strings.Cut(p.out.String(), "\n")
		p.url = strings.TrimSuffix(strings.TrimPrefix(line, intro), "/")
		return ok && rest == "" && strings.HasPrefix(line, intro)
	})
}

// says waits until the server has written the text to standard error, which is copied behind it.
func (p *process) says(text string) {
	p.t.Helper()
	wait(p.t, "standard error has "+text, func() bool { return strings.Contains(p.err.String(), text) })
}

// stop sends SIGTERM and returns the exit status.
func (p *process) stop() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(15 * time.Second):
		p.t.Fatal("the server did not end within 15 seconds")
	}
	return p.cmd.ProcessState.ExitCode()
}

// wait waits for something that takes a moment.
func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited ten seconds in vain: %s", what)
		}
	}
}

// visitor is a client as curl is, with a cookie jar.
type visitor struct {
	t    *testing.T
	base string
	http http.Client
}

func (p *process) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return &visitor{p.t, p.url, http.Client{
		Jar:           jar,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is a response, read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

func (v *visitor) do(method, path string, form url.Values, headers ...string) answer {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	r.Host = r.Header.Get("Host") // which is not sent as one of the header's lines
	got, err := v.http.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{got.StatusCode, got.Header, string(body)}
}

func (v *visitor) get(path string, headers ...string) answer {
	v.t.Helper()
	return v.do(http.MethodGet, path, nil, headers...)
}

func (v *visitor) post(path string, form url.Values, headers ...string) answer {
	v.t.Helper()
	return v.do(http.MethodPost, path, form, headers...)
}

// sessionCookie is the cookie that the response sets beside that of the device.
func (a answer) sessionCookie() (*http.Cookie, error) {
	for _, line := range a.header["Set-Cookie"] {
		if !strings.HasPrefix(line, attempts.DeviceCookieName+"=") {
			return http.ParseSetCookie(line)
		}
	}
	return nil, http.ErrNoCookie
}

// credentials is a form for signing up and logging in.
func credentials(username, password string) url.Values {
	return url.Values{"username": {username}, "password": {password}}
}

// enter signs up and logs in, and returns the session key.
func (v *visitor) enter(username, password string) string {
	v.t.Helper()
	if got := v.post("/accounts/signup/", credentials(username, password)); got.status != http.StatusCreated {
		v.t.Fatalf("signing up gives %d %s", got.status, got.body)
	}
	got := v.post("/accounts/login/", credentials(username, password))
	cookie, err := got.sessionCookie()
	if got.status != http.StatusOK || err != nil {
		v.t.Fatalf("logging in gives %d %s, %v", got.status, got.body, err)
	}
	return cookie.Value
}

// What a program gets as alice, the first user.
const (
	alicesLogin   = `{"message":"Login successful","user":{"id":"1","username":"alice","email":"","is_staff":false,"is_superuser":false}}`
	alicesProfile = `{"profile":"private data","user":{"id":"1","username":"alice","email":"","is_staff":false,"is_superuser":false}}`
)

// expect compares a response with what it should be.
func (a answer) expect(t *testing.T, what string, status int, body string) {
	t.Helper()
	if a.status != status || strings.TrimSpace(a.body) != body {
		t.Errorf("%s: %d %q, want %d %q", what, a.status, a.body, status, body)
	}
}
