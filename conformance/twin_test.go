package conformance_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// secretKey is the SECRET_KEY of every twin that is not given another.
const secretKey = "the twins' secret key, which is long and random enough"

// A twin is the Django site of the folder django on a database. Make one with
// newTwin, create its tables with Manage("migrate") where nobody else does, Start
// it, and talk to it through a browser.
//
//	tw := newTwin(t, "5.2", testenv.PostgresDatabase(t))
//	tw.Manage("migrate")
//	tw.Start()
//	b := newBrowser(t)
//	b.post(tw.URL("/accounts/login/"), fields{"username": "anna", "password": "…"})
type twin struct {
	t      *testing.T
	python string
	dir    string // to run in; empty for the folder django
	env    []string
	base   string        // of the server; empty before Start
	stderr *bytes.Buffer // of the server; to be read when it has ended
}

// newTwin is the site under that version of Django ("5.2"). The settings are
// NAME=value pairs without their TWIN_ (see django/settings.py); later ones win
// over earlier ones and over the defaults. Passwords are hashed at a hundredth of
// Django's cost unless PBKDF2_ITERATIONS= says otherwise.
func newTwin(t *testing.T, version string, db testenv.Database, settings ...string) *twin {
	t.Helper()
	defaults := []string{
		"SECRET_KEY=" + secretKey, "PBKDF2_ITERATIONS=10000",
		"DB_ENGINE=" + db.Engine, "DB_NAME=" + db.Name, "DB_HOST=" + db.Host,
		"DB_PORT=" + db.Port, "DB_USER=" + db.User, "DB_PASSWORD=" + db.Password,
	}
	tw := &twin{t: t, python: testenv.Django(t, version), stderr: new(bytes.Buffer)}
	tw.env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=ignore")
	for _, setting := range append(defaults, settings...) {
		tw.env = append(tw.env, "TWIN_"+setting)
	}
	return tw
}

func (tw *twin) command(args ...string) *exec.Cmd {
	manage, err := filepath.Abs("django/manage.py")
	must(tw.t, err)
	cmd := exec.CommandContext(tw.t.Context(), tw.python, append([]string{manage}, args...)...)
	cmd.Dir = cmp.Or(tw.dir, "django")
	cmd.Env = tw.env
	return cmd
}

// Manage runs a command of manage.py to its end and returns what it printed. A
// command that fails ends the test.
func (tw *twin) Manage(args ...string) string {
	tw.t.Helper()
	cmd := tw.command(args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		tw.t.Fatalf("manage.py %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return string(out)
}

// Start starts the server, on a free port, and returns when it takes
// connections. It ends with the test, and with the test binary.
func (tw *twin) Start() {
	tw.t.Helper()
	cmd := tw.command("serve")
	cmd.Stderr = tw.stderr
	stdin, err := cmd.StdinPipe() // the server ends with it
	if err != nil {
		tw.t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tw.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tw.t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	tw.t.Cleanup(func() {
		stdin.Close()
		cmd.Wait() // its status says nothing: the context may have killed it
		if tw.t.Failed() {
			tw.t.Logf("the twin's log:\n%s", tw.stderr)
		}
	})
	if err != nil {
		tw.t.Fatalf("manage.py serve printed no address: %v", err)
	}
	tw.base = strings.TrimSpace(line)
}

// URL is an address of the site, which must be started: URL("/admin/").
func (tw *twin) URL(path string) string {
	tw.t.Helper()
	if tw.base == "" {
		tw.t.Fatal("the twin is not started")
	}
	return tw.base + path
}

// A browser keeps cookies and follows no redirect. Like every browser it sends a
// cookie to all ports of a host, so one browser that goes from Django's address to
// Coatcheck's on 127.0.0.1 takes its session along.
type browser struct {
	t      *testing.T
	client http.Client
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, http.Client{
		Jar:           jar,
		Timeout:       time.Minute, // of a machine under load, hashing a password
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// fields are the fields of a body.
type fields map[string]any

// A reply is a response, read to its end.
type reply struct {
	status   int
	location string // of a redirect
	body     string
}

// field is the text of a field of a JSON response; "" where it is not there.
func (r reply) field(name string) string {
	var object map[string]any
	if json.Unmarshal([]byte(r.body), &object) != nil || object[name] == nil {
		return ""
	}
	return fmt.Sprint(object[name])
}

func (b *browser) get(url string) reply {
	b.t.Helper()
	return b.do(http.MethodGet, url, nil)
}

// post sends the fields as JSON.
func (b *browser) post(url string, body fields) reply {
	b.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(http.MethodPost, url, text)
}

func (b *browser) do(method, url string, body []byte) reply {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header.Get("Location"), string(text)}
}

// wants ends the test where the response has another status.
func (b *browser) wants(r reply, status int) reply {
	b.t.Helper()
	if r.status != status {
		b.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

// eachDjango runs the test under every Django that is on this machine.
func eachDjango(t *testing.T, test func(t *testing.T, version string)) {
	for _, version := range testenv.Djangos(t) {
		t.Run("Django "+version, func(t *testing.T) {
			t.Parallel()
			test(t, version)
		})
	}
}
