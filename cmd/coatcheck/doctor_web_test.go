package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// front is a reverse proxy that speaks HTTPS in front of a server. It does what a proxy has to,
// and then what a test wants of it.
type front struct {
	out  func(in, out *http.Request)
	back func(*http.Response)
	at   net.Listener // nil for a free port
}

// start starts the proxy, and returns its address.
func (f front) start(t *testing.T, certificate tls.Certificate, behind string) string {
	t.Helper()
	target, err := url.Parse(behind)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
			r.Out.Header.Del("X-Forwarded-Host")
			if f.out != nil {
				f.out(r.In, r.Out)
			}
		},
		ModifyResponse: func(r *http.Response) error {
			if f.back != nil {
				f.back(r)
			}
			return nil
		},
	})
	if f.at != nil {
		server.Listener.Close()
		server.Listener = f.at
	}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// cookies rewrites the cookies of a response.
func cookies(from, to string) func(*http.Response) {
	return func(r *http.Response) {
		for i, line := range r.Header["Set-Cookie"] {
			r.Header["Set-Cookie"][i] = strings.Replace(line, from, to, 1)
		}
	}
}

// set sets a header of a request.
func set(name, value string) func(in, out *http.Request) {
	return func(_, out *http.Request) { out.Header.Set(name, value) }
}

// claim passes on what the client claims.
func claim(name string) func(in, out *http.Request) {
	return func(in, out *http.Request) {
		if claimed := in.Header.Get(name); claimed != "" {
			out.Header.Set(name, claimed)
		}
	}
}

func header(name, value string) func(*http.Response) {
	return func(r *http.Response) { r.Header.Set(name, value) }
}

// outdoors is a healthy site behind HTTPS.
type outdoors struct {
	*patient
	certificate tls.Certificate
}

func newOutdoors(t *testing.T) *outdoors {
	t.Helper()
	o := &outdoors{patient: newPatient(t, testenv.SQLiteDatabase(t))}
	cert, key, err := testenv.Certificate(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if o.certificate, err = tls.LoadX509KeyPair(cert, key); err != nil {
		t.Fatal(err)
	}
	o.env = append(o.env, "SSL_CERT_FILE="+cert)
	return o
}

// serve starts the server with more flags, which the doctor gets too.
func (o *outdoors) serve(t *testing.T, more ...string) string {
	t.Helper()
	return start(t, o.dir, o.env, slices.Concat(o.flags, more)...).url
}

// ill is a mistake of a proxy or of settings, and how the doctor says it.
type ill struct {
	id, says string
	front    front
	args     []string // of the doctor
}

func (o *outdoors) look(t *testing.T, behind string, i ill, flags ...string) {
	t.Helper()
	d, status := o.ask(slices.Concat([]string{"--url", i.front.start(t, o.certificate, behind)}, flags, i.args)...)
	f := d.found(i.id)
	if i.id == "" {
		if status != exitOK || len(d.Findings) > 0 || len(d.Unseen) > 0 {
			t.Errorf("a healthy site: %d %+v", status, d)
		}
		return
	}
	if f.ID == "" || !strings.Contains(f.Text+" "+f.Remedy, i.says) || f.Remedy == "" && i.id != "W020" || status != exitFailed {
		t.Errorf("%s %q: %d %+v", i.id, i.says, status, d)
	}
}

// TestDoctorProxies: behind a proxy that does what it has to nothing is found, and each mistake of
// one has its own finding.
func TestDoctorProxies(t *testing.T) {
	o := newOutdoors(t)
	behind := o.serve(t)
	without := func(name string) func(in, out *http.Request) {
		return func(_, out *http.Request) { out.Header.Del(name) }
	}
	for _, i := range []ill{
		{},
		{"W039", "another SECRET_KEY", front{out: without("Coatcheck-Doctor")}, nil},
		{"E040", "and redirects to itself", front{out: without("X-Forwarded-Proto")}, nil},
		{"E040", "--allowed-host 127.0.0.1", front{out: func(_, out *http.Request) { out.Host = "other.example" }}, nil},
		{"E040", "gives 502", front{back: func(r *http.Response) { r.StatusCode = http.StatusBadGateway }}, nil},
		{"E041", "proxy_set_header X-Forwarded-Proto $scheme", front{out: without("X-Forwarded-Proto")}, nil},
		{"E041", "--secure-proxy-ssl-value on", front{out: set("X-Forwarded-Proto", "on")}, nil},
		{"E042", "proxy_set_header Host", front{out: func(_, out *http.Request) { out.Host = "127.0.0.1:8000" }}, nil},
		{"E042", "--use-x-forwarded-host", front{out: func(in, out *http.Request) {
			out.Host = "127.0.0.1:8000"
			out.Header.Set("X-Forwarded-Host", in.Host)
		}}, nil},
		{"E043", "proxy_set_header X-Forwarded-For", front{out: without("X-Forwarded-For")}, nil},
		{"E044", "X-Forwarded-For", front{out: claim("X-Forwarded-For")}, nil},
		{"E044", "Clients choose the scheme", front{out: claim("X-Forwarded-Proto")}, nil},
		{"E045", "cookie sessionid", front{back: func(r *http.Response) { r.Header.Del("Set-Cookie") }}, nil},
		{"E046", "loses Secure on", front{back: cookies("; Secure", "")}, nil},
		{"E046", "loses HttpOnly on", front{back: cookies("; HttpOnly", "")}, nil},
		{"W047", `Path from "/" to "/app"`, front{back: cookies("Path=/", "Path=/app")}, nil},
		{"W047", `SameSite from "Lax" to ""`, front{back: cookies("; SameSite=Lax", "")}, nil},
		{"E048", "its domain example.com is not that of the host 127.0.0.1", front{back: cookies("Path=/", "Path=/; Domain=example.com")}, nil},
		{"E048", "SameSite=None needs Secure", front{back: cookies("SameSite=Lax; Secure", "SameSite=None")}, nil},
		{"W049", "no Strict-Transport-Security arrives", front{back: func(r *http.Response) { r.Header.Del("Strict-Transport-Security") }}, nil},
		{"W050", "Origin: null", front{back: header("Referrer-Policy", "no-referrer")}, nil},
		{"W051", "seconds behind this machine's", front{back: func(r *http.Response) {
			r.Header.Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		}}, []string{"--no-probe"}},
		{"W020", "--secure-referrer-policy is no-referrer", front{}, []string{"--secure-referrer-policy", "no-referrer"}},
	} {
		o.look(t, behind, i)
	}
}

// TestDoctorSettings: settings of the server that do not fit the proxy in front.
func TestDoctorSettings(t *testing.T) {
	o := newOutdoors(t)
	named := func(in, out *http.Request) {
		out.Header.Set("X-Forwarded-Host", in.Host)
		claim("X-Forwarded-Host")(in, out)
	}
	for _, c := range []struct {
		flags []string
		drop  []string // of the sound ones, with its value
		ills  []ill
	}{
		{nil, []string{"--trusted-proxy", "--secure-ssl-redirect"}, []ill{
			{"E041", "--trusted-proxy 127.0.0.1", front{}, nil}, {"E043", "--trusted-proxy 127.0.0.1", front{}, nil},
		}},
		{[]string{"--use-x-forwarded-host", "--allowed-host", "doctor.invalid"}, nil, []ill{
			{"E044", "Clients choose the host", front{out: named}, nil},
		}},
		{[]string{"--session-cookie-domain", "example.com", "--allowed-host", "example.com"}, nil, []ill{
			{"E048", "its domain example.com is not that of the host 127.0.0.1", front{}, nil},
		}},
		{[]string{"--script-name", "/auth"}, nil, []ill{
			{"E040", "gives 404", front{out: func(_, out *http.Request) { out.URL.Path = "/elsewhere" + out.URL.Path }}, nil},
		}},
		{nil, []string{"--secure-hsts-seconds", "--secure-hsts-include-subdomains", "--secure-hsts-preload"}, []ill{
			{front: front{back: header("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")}},
		}},
	} {
		flags := slices.Clone(sound)
		for _, name := range c.drop {
			at := slices.Index(flags, name)
			end := at + 1
			if end < len(flags) && !strings.HasPrefix(flags[end], "--") {
				end++
			}
			flags = slices.Delete(flags, at, end)
		}
		o.flags = slices.Concat(flags, c.flags)
		behind := o.serve(t)
		for _, i := range c.ills {
			o.look(t, behind, i)
		}
	}
}

// TestDoctorPlainHTTP: a site by HTTP alone is seen as it is, and its secure cookies are dropped but
// on this machine.
func TestDoctorPlainHTTP(t *testing.T) {
	o := newOutdoors(t)
	o.flags = []string{"--email-backend", "none", "--allowed-host", "*"}
	d, _ := o.ask("--url", o.serve(t))
	if d.found("W013").ID != "" || d.found("E043").ID != "" || !strings.Contains(fmt.Sprint(d.Seen), "client 127.0.0.1, by 127.0.0.1") {
		t.Errorf("without a proxy: %+v", d)
	}
	d, status := o.ask("--url", "http://127.0.0.1:1")
	if status != exitUsage || len(d.Unseen) != 1 || !strings.Contains(d.Unseen[0].Says, "127.0.0.1:1 does not respond") {
		t.Errorf("nobody there: %d %+v", status, d)
	}
}

// TestDoctorAddressIsNotThere: without a good signature the address of the report is one that does not exist.
func TestDoctorAddressIsNotThere(t *testing.T) {
	o := newOutdoors(t)
	o.flags = []string{"--email-backend", "none"}
	v := (&process{t: t, url: o.serve(t)}).visitor()
	nothing := v.get("/there-is-nothing")
	for _, signed := range []string{"", "x", "x:1:y", strings.Repeat("a", 10000)} {
		got := v.get("/coatcheck-doctor", "Coatcheck-Doctor", signed)
		if got.status != http.StatusNotFound || strings.ReplaceAll(got.body, "coatcheck-doctor", "there-is-nothing") != nothing.body ||
			len(got.header["Set-Cookie"]) > 0 {
			t.Errorf("%.20q: %d %s", signed, got.status, got.body)
		}
	}
}

// TestDoctorRedirectOfProxy: a proxy that redirects HTTP to HTTPS does what --secure-ssl-redirect does,
// and one that serves the pages by HTTP does not.
func TestDoctorRedirectOfProxy(t *testing.T) {
	var at [2]net.Listener
	for i, port := range []string{"443", "80"} {
		var err error
		if at[i], err = net.Listen("tcp", "127.0.0.1:"+port); err != nil {
			t.Skipf("the usual ports cannot be had: %v", err)
		}
	}
	o := newOutdoors(t)
	o.flags = slices.DeleteFunc(slices.Clone(sound), func(flag string) bool { return flag == "--secure-ssl-redirect" })
	behind := o.serve(t)
	front{at: at[0]}.start(t, o.certificate, behind)
	redirects := true
	plain := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if redirects {
			http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusMovedPermanently)
		}
	})}
	go plain.Serve(at[1]) //nolint:errcheck // it ends with the test
	t.Cleanup(func() { plain.Close() })
	o.healthy(nil, "--url", "https://127.0.0.1")
	redirects = false
	if d, status := o.ask("--url", "https://127.0.0.1"); status != exitFailed || !slices.Contains(d.ids(), "security.W008") {
		t.Errorf("pages by HTTP: %d %+v", status, d)
	}
}
