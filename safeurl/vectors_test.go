package safeurl

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/vectors"
)

// rulesOf is the version switch that belongs to a record.
func rulesOf(t *testing.T, r vectors.Record) Rules {
	for prefix, rules := range map[string]Rules{
		"3.2.": InsecureDjango32, "4.2.": InsecureDjango42, "5.2.": Django52, "6.1.": Newest,
	} {
		if strings.HasPrefix(r.Django(), prefix) {
			return rules
		}
	}
	t.Fatalf("%v: no rules for this Django", r)
	return Newest
}

func text(t *testing.T, r vectors.Record, field string) string {
	s, ok := r.Text(t, field)
	if !ok {
		t.Fatalf("%v: %s is not UTF-8", r, field)
	}
	return s
}

func TestSafeVectors(t *testing.T) {
	n := 0
	for _, r := range vectors.Load(t, "safe_url") {
		switch r.Kind() {
		case "safe":
			checkSafe(t, r)
		case "safe_special":
			checkSafeSpecial(t, r)
		default:
			t.Errorf("%v: nobody tests this kind", r)
		}
		n++
	}
	t.Logf("%d records agree", n)
}

func checkSafe(t *testing.T, r vectors.Record) {
	var c struct {
		Hosts        []string `json:"allowed_hosts"`
		RequireHTTPS bool     `json:"require_https"`
		Result       bool     `json:"result"`
	}
	r.DecodeAll(t, &c)
	if r.IsNull("url") { // None is never safe; here it is the empty text
		if c.Result || IsSafe("", c.Hosts, c.RequireHTTPS) {
			t.Errorf("%v: None", r)
		}
		return
	}
	rules, url := rulesOf(t, r), text(t, r, "url")
	if got := rules.IsSafe(url, c.Hosts, c.RequireHTTPS); got != c.Result {
		t.Errorf("%v: %+q with %q and https %v is %v", r, url, c.Hosts, c.RequireHTTPS, got)
	}
	if rules == Newest && IsSafe(url, c.Hosts, c.RequireHTTPS) != c.Result {
		t.Errorf("%v: the function IsSafe differs from its rules", r)
	}
}

// checkSafeSpecial: Django takes None for no hosts and a str for one. Go has
// one type for both, so all that can be compared is what they come to.
func checkSafeSpecial(t *testing.T, r vectors.Record) {
	var want []bool
	r.Decode(t, "results", &want)
	rules, one := rulesOf(t, r), []string{"testserver"}
	got := []bool{
		rules.IsSafe("/x", nil, false),
		rules.IsSafe("http://testserver/", nil, false),
		rules.IsSafe("http://testserver/", one, false),
		rules.IsSafe("http://test/", one, false), // not a part of the text
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v: %v, want %v", r, got, want)
	}
}

// elsewhere are the kinds of the topic redirects that belong to other packages.
var elsewhere = map[string]string{
	"get_host":          "package middleware checks the hosts of requests, and tests these records",
	"split_domain_port": "the same",
	"forwarded":         "the same: the X-Forwarded headers",
	"http_date":         "internal/httptext writes dates, and tests these records",
}

func TestRedirectVectors(t *testing.T) {
	mine, others := 0, 0
	for _, r := range vectors.Load(t, "redirects") {
		if elsewhere[r.Kind()] != "" {
			others++
			continue
		}
		mine++
		switch r.Kind() {
		case "redirect_to_login":
			checkLoginRedirect(t, r)
		case "HttpResponseRedirect":
			checkLocation(t, r)
		case "iri_to_uri":
			compare(t, r, EncodeIRI(text(t, r, "input")), "output")
		case "escape_uri_path":
			compare(t, r, EscapePath(text(t, r, "input")), "output")
		case "escape_leading_slashes":
			compare(t, r, EscapeLeadingSlashes(text(t, r, "input")), "output")
		case "is_same_domain":
			var want bool
			r.Decode(t, "result", &want)
			if got := SameDomain(text(t, r, "host"), text(t, r, "pattern")); got != want {
				t.Errorf("%v: %v: %s", r, got, r.JSON)
			}
		default:
			t.Errorf("%v: nobody tests this kind", r)
		}
	}
	t.Logf("%d records agree, %d are of kinds that are tested elsewhere: %v", mine, others, elsewhere)
}

func compare(t *testing.T, r vectors.Record, got, field string) {
	if want := text(t, r, field); got != want {
		t.Errorf("%v: %q, want %q: %s", r, got, want, r.JSON)
	}
}

// checkLoginRedirect: login URLs that are names were resolved by the URL conf of
// the recorded site, which knows "my_login" only. A name is refused here, so the
// URL behind it is what can be compared.
func checkLoginRedirect(t *testing.T, r vectors.Record) {
	loginURL, field := "", ""
	if !r.IsNull("login_url") {
		loginURL = text(t, r, "login_url")
	}
	if !r.IsNull("field") {
		field = text(t, r, "field")
	}
	next := text(t, r, "next")
	if loginURL == "my_login" {
		if _, err := LoginRedirect(next, loginURL, field); !errors.Is(err, ErrLoginURL) {
			t.Errorf("%v: the name of a page: %v", r, err)
		}
		loginURL = "/login-by-name/"
	}
	got, err := LoginRedirect(next, loginURL, field)
	if r.Has("error") {
		if !errors.Is(err, ErrLoginURL) {
			t.Errorf("%v: %q, %v: %s", r, got, err, r.JSON)
		}
		return
	}
	if err != nil {
		t.Errorf("%v: %v: %s", r, err, r.JSON)
		return
	}
	compare(t, r, got, "location")
}

// checkLocation: long URLs are recorded by their beginning and their length.
func checkLocation(t *testing.T, r vectors.Record) {
	url := text(t, r, "input")
	if begin, length, ok := strings.Cut(url, "...len"); ok {
		n, err := strconv.Atoi(length)
		if err != nil {
			t.Fatalf("%v: %v", r, err)
		}
		runes := []rune(begin)
		url = begin + strings.Repeat(string(runes[len(runes)-1]), n-len(runes))
	}
	got, err := rulesOf(t, r).Location(url)
	if r.Has("error") {
		if !errors.Is(err, ErrRedirect) {
			t.Errorf("%v: %q, %v: %s", r, got, err, r.JSON)
		}
		return
	}
	want := text(t, r, "location")
	if length, ok := strings.CutPrefix(want, "len"); ok {
		want, got = length, strconv.Itoa(len(got))
	}
	if err != nil || got != want {
		t.Errorf("%v: %q, %v; want %q", r, got, err, want)
	}
}
