package middleware

import (
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/safeurl"
)

// SecurityConfig specifies which headers every response has. Zero fields mean
// Django's defaults, and "omit" leaves a header out.
type SecurityConfig struct {
	// HSTSSeconds instructs browsers, over HTTPS, for how long to come by HTTPS
	// alone; 0 does not. It cannot be revoked before it ends. Django: SECURE_HSTS_SECONDS.
	HSTSSeconds int
	// HSTSIncludeSubdomains is for the subdomains too. Django: SECURE_HSTS_INCLUDE_SUBDOMAINS.
	HSTSIncludeSubdomains bool
	// HSTSPreload lets browsers know it in advance. Django: SECURE_HSTS_PRELOAD.
	HSTSPreload bool
	// SSLRedirect leads requests by HTTP to HTTPS, with 301. Behind a proxy that
	// ends TLS it needs Proxy, or it leads in circles. Django: SECURE_SSL_REDIRECT.
	SSLRedirect bool
	// SSLHost is the host to lead to; that of the request when empty. Django: SECURE_SSL_HOST.
	SSLHost string
	// SSLRedirectExempt are regular expressions of paths, without the slash in
	// front, that stay on HTTP. They are searched for, so anchor them: "^healthz$".
	// Django: SECURE_REDIRECT_EXEMPT.
	SSLRedirectExempt []string
	// AllowSniffing leaves out X-Content-Type-Options: nosniff. Django:
	// SECURE_CONTENT_TYPE_NOSNIFF = False.
	AllowSniffing bool
	// ReferrerPolicy is "same-origin" when empty; several, separated by commas, are
	// a list of fallbacks. Django: SECURE_REFERRER_POLICY.
	ReferrerPolicy string
	// CrossOriginOpenerPolicy is "same-origin" when empty. Django:
	// SECURE_CROSS_ORIGIN_OPENER_POLICY.
	CrossOriginOpenerPolicy string
	// FrameOptions is "DENY" when empty, or "SAMEORIGIN". Django: X_FRAME_OPTIONS.
	FrameOptions string
}

const omit = "omit"

var (
	referrerPolicies = []string{
		"no-referrer", "no-referrer-when-downgrade", "origin", "origin-when-cross-origin", "same-origin",
		"strict-origin", "strict-origin-when-cross-origin", "unsafe-url", omit,
	}
	openerPolicies = []string{"same-origin", "same-origin-allow-popups", "unsafe-none", omit}
	frameOptions   = []string{"DENY", "SAMEORIGIN", omit}
)

// security is a SecurityConfig that was read.
type security struct {
	headers  [][2]string
	hsts     string
	redirect bool
	host     string
	exempt   []*regexp.Regexp
}

// Security adds security headers to each response, and leads from HTTP to HTTPS
// (Django: SecurityMiddleware and XFrameOptionsMiddleware). It stands inside Proxy
// and Hosts, outside everything else.
//
// A header that the view set stays as it is, an empty list of values included:
//
//	w.Header()["X-Frame-Options"] = nil // this page may be framed (Django: xframe_options_exempt)
func Security(c SecurityConfig) (func(http.Handler) http.Handler, error) {
	s, err := newSecurity(c)
	if err != nil {
		return nil, err
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			bw := &beforeWriter{ResponseWriter: w, by: beginFuncs{before: func(int) error {
				s.add(w.Header(), requestinfo.Secure(r))
				return nil
			}}}
			if !s.redirects(bw, r) {
				next.ServeHTTP(bw, r)
			}
			bw.begin(http.StatusOK)
		})
	}, nil
}

func newSecurity(c SecurityConfig) (*security, error) {
	s := &security{redirect: c.SSLRedirect, host: c.SSLHost}
	if c.HSTSSeconds < 0 {
		return nil, fmt.Errorf("middleware: SecurityConfig.HSTSSeconds is %d; it must not be negative", c.HSTSSeconds)
	}
	if c.HSTSSeconds > 0 {
		s.hsts = "max-age=" + strconv.Itoa(c.HSTSSeconds)
		if c.HSTSIncludeSubdomains {
			s.hsts += "; includeSubDomains"
		}
		if c.HSTSPreload {
			s.hsts += "; preload"
		}
	}
	if domain, _ := splitHost(c.SSLHost); c.SSLHost != "" && domain == "" {
		return nil, fmt.Errorf("middleware: SecurityConfig.SSLHost is %q; write a host, perhaps with a port", c.SSLHost)
	}
	for _, pattern := range c.SSLRedirectExempt {
		re, err := regexp.Compile(pattern)
		if err != nil {
			return nil, fmt.Errorf("middleware: SecurityConfig.SSLRedirectExempt: %w", err)
		}
		s.exempt = append(s.exempt, re)
	}
	if !c.AllowSniffing {
		s.headers = append(s.headers, [2]string{"X-Content-Type-Options", "nosniff"})
	}
	var policies []string
	for policy := range strings.SplitSeq(c.ReferrerPolicy, ",") {
		policies = append(policies, strings.TrimSpace(policy))
	}
	for _, h := range []struct {
		field, name, fallback string
		values, known         []string
	}{
		{"ReferrerPolicy", "Referrer-Policy", "same-origin", policies, referrerPolicies},
		{"CrossOriginOpenerPolicy", "Cross-Origin-Opener-Policy", "same-origin", []string{c.CrossOriginOpenerPolicy}, openerPolicies},
		{"FrameOptions", "X-Frame-Options", "DENY", []string{strings.ToUpper(c.FrameOptions)}, frameOptions},
	} {
		if err := s.choose(h.field, h.name, h.fallback, h.values, h.known); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// choose checks the values of a field and makes the header of them.
func (s *security) choose(field, name, fallback string, values, known []string) error {
	if len(values) == 1 && values[0] == "" {
		values = []string{fallback}
	}
	for _, value := range values {
		if value = strings.Replace(value, strings.ToUpper(omit), omit, 1); value == omit && len(values) == 1 {
			return nil
		}
		if value == omit || !slices.Contains(known, value) {
			return fmt.Errorf("middleware: SecurityConfig.%s has %q; known are %s", field, value, strings.Join(known, ", "))
		}
	}
	s.headers = append(s.headers, [2]string{name, strings.Join(values, ",")})
	return nil
}

// add adds the headers that are not there.
func (s *security) add(header http.Header, secure bool) {
	for _, h := range s.headers {
		if _, there := header[h[0]]; !there {
			header[h[0]] = []string{h[1]}
		}
	}
	if _, there := header["Strict-Transport-Security"]; s.hsts != "" && secure && !there {
		header["Strict-Transport-Security"] = []string{s.hsts}
	}
}

// redirects leads to HTTPS, and reports whether it did.
func (s *security) redirects(w http.ResponseWriter, r *http.Request) bool {
	if !s.redirect || requestinfo.Secure(r) {
		return false
	}
	path := strings.TrimLeft(requestinfo.Below(r, r.URL.Path), "/")
	if slices.ContainsFunc(s.exempt, func(re *regexp.Regexp) bool { return re.MatchString(path) }) {
		return false
	}
	host := s.host
	if host == "" {
		host = requestinfo.Host(r)
	}
	target, err := safeurl.Location("https://" + host + FullPath(r))
	if domain, _ := splitHost(host); domain == "" || err != nil {
		Say(w, r, http.StatusBadRequest, i18n.Mark("This address cannot be opened by HTTPS."))
		return true
	}
	flow.Emit(r.Context(), "https.redirected", slog.String("location", requestinfo.LogURL(target)))
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusMovedPermanently)
	return true
}
