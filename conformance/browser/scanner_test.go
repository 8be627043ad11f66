package browser_test

import (
	"html"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"slices"
	"testing"

	"github.com/coatcheck/coatcheck/mail/mailtest"
)

var (
	textLink = regexp.MustCompile(`https?://\S+`)
	htmlLink = regexp.MustCompile(`href="(https?://[^"]+)"`)
)

// scan opens every link of an email as a scanner does that a mailbox has: with HEAD and GET,
// twice, and with every redirect. The walk uses the link after that.
func scan(t *testing.T, subject string, m mailtest.Received) {
	t.Helper()
	links := textLink.FindAllString(m.Text, -1)
	for _, link := range htmlLink.FindAllStringSubmatch(m.HTML, -1) {
		if link := html.UnescapeString(link[1]); !slices.Contains(links, link) {
			links = append(links, link)
		}
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	for _, link := range links {
		for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodHead, http.MethodGet} {
			r, err := http.NewRequestWithContext(t.Context(), method, link, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				t.Errorf("%q: %s %s has status %d", subject, method, link, response.StatusCode)
			}
		}
	}
}
