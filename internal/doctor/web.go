package doctor

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/internal/findings"
	"github.com/coatcheck/coatcheck/internal/probe"
	"github.com/coatcheck/coatcheck/signing"
)

const (
	patience  = 15 * time.Second // for a response
	maxReport = 64 << 10         // bytes of a report
)

// Visit is how a site is looked at from outside.
type Visit struct {
	URL   *url.URL     // of the site, with the path below which it is mounted
	Login string       // the path of the login page below it
	Keys  signing.Keys // by which the server reports what it sees; without a secret it is not asked
}

// ParseURL reads the address of a site.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" ||
		u.RawQuery+u.Fragment != "" {
		return nil, errors.New("write https://HOST or https://HOST/PATH, as visitors do")
	}
	if u.User != nil {
		return nil, errors.New("leave the password out, since everybody on this machine can read it")
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	return u, nil
}

// Web looks at the site. It returns an error if nobody responds.
func (v Visit) Web(ctx context.Context) (*findings.Web, error) {
	w := &findings.Web{
		Host: v.URL.Host, HTTPS: v.URL.Scheme == "https", Login: v.at(v.Login), Signed: v.Keys.Secret != "",
	}
	client := &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	page, _, err := v.get(ctx, client, w.Login, nil)
	if err != nil {
		return nil, err
	}
	w.Status, w.Header, w.Cookies = page.StatusCode, page.Header, page.Cookies()
	if to, err := page.Location(); err == nil {
		w.Location = to.String()
	}
	w.Clock = clock(page)
	if w.Signed {
		if err := v.ask(ctx, client, w); err != nil {
			return nil, err
		}
	}
	w.PlainRedirects = w.HTTPS && v.URL.Port() == "" && v.redirects(ctx, client)
	return w, nil
}

// at is an address of the site.
func (v Visit) at(path string) string {
	u := url.URL{Scheme: v.URL.Scheme, Host: v.URL.Host, Path: v.URL.Path + path}
	return u.String()
}

// clock is how far the clock behind a response is ahead, in whole seconds; 0 if it has no date.
func clock(r *http.Response) time.Duration {
	date, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil {
		return 0
	}
	return time.Until(date).Round(time.Second)
}

// ask asks the server what it sees, of an honest request and of one that claims what it likes.
func (v Visit) ask(ctx context.Context, client *http.Client, w *findings.Web) error {
	report, came, err := v.report(ctx, client, nil)
	if err != nil || report == nil {
		return err
	}
	w.Report, w.Clock = report, time.Until(report.Time).Round(time.Second)
	if w.Sent, err = http.ParseSetCookie(report.Cookie); err != nil {
		return fmt.Errorf("the report: %w", err)
	}
	for _, cookie := range came {
		if cookie.Name == w.Sent.Name {
			w.Came = cookie
		}
	}
	w.Cookies = append(came, w.Cookies...)
	opposite := map[string]string{"http": "https", "https": "http"}[report.Scheme]
	w.Forged, _, err = v.report(ctx, client, map[string]string{
		"X-Forwarded-For": findings.ForgedClient, "X-Forwarded-Host": findings.ForgedHost,
		"X-Forwarded-Proto": opposite, report.SchemeHeader: opposite,
	})
	return err
}

// report asks for a report, which is nil where nobody gives it.
func (v Visit) report(
	ctx context.Context, client *http.Client, claims map[string]string,
) (*probe.Report, []*http.Cookie, error) {
	nonce, signed, err := probe.Sign(v.Keys)
	if err != nil {
		return nil, nil, err
	}
	headers := map[string]string{probe.Header: signed}
	for name, value := range claims {
		headers[name] = value
	}
	response, body, err := v.get(ctx, client, v.at(probe.Path), headers)
	if err != nil {
		return nil, nil, err
	}
	var report probe.Report
	if response.StatusCode != http.StatusOK || json.Unmarshal(body, &report) != nil {
		return nil, nil, nil
	}
	if !hmac.Equal([]byte(report.Nonce), []byte(nonce)) { // of another request: a cache
		return nil, nil, nil
	}
	return &report, response.Cookies(), nil
}

// redirects reports whether nobody gets the login page by HTTP: it redirects to HTTPS, or there
// is nothing.
func (v Visit) redirects(ctx context.Context, client *http.Client) bool {
	plain := url.URL{Scheme: "http", Host: v.URL.Host, Path: v.URL.Path + v.Login}
	response, _, err := v.get(ctx, client, plain.String(), nil)
	if err != nil {
		return ctx.Err() == nil
	}
	to, err := response.Location()
	return err == nil && to.Scheme == "https"
}

// get sends a request and reads the response.
func (v Visit) get(
	ctx context.Context, client *http.Client, address string, headers map[string]string,
) (*http.Response, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, errors.New("the address cannot be asked")
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("User-Agent", "coatcheck-doctor")
	response, err := client.Do(r)
	if err != nil {
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return nil, nil, fmt.Errorf("%s does not respond: %w", v.URL.Host, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReport))
	if err != nil {
		return nil, nil, fmt.Errorf("%s broke off its response: %w", v.URL.Host, err)
	}
	return response, body, nil
}
