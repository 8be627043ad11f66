// Package negotiate decides what kind of response a client asks for, by its Accept and
// Content-Type headers (RFC 9110, 12.5.1). It is on floor 0, the pure tools.
package negotiate

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// maxAccept bounds how much of an Accept header is looked at.
const maxAccept = 4096

// HTML reports whether the client names text/html in Accept, as browsers do. One
// that names both HTML and JSON gets what it weighs more, HTML at a tie.
func HTML(r *http.Request) bool {
	html, json := weights(r)
	return html > 0 && html >= json
}

// Gzip reports whether a client says that it reads gzip.
func Gzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, quality, _ := strings.Cut(part, ";")
		quality = strings.TrimRight(strings.ReplaceAll(quality, " ", ""), "0")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			return quality != "q=" && quality != "q=0." && quality != "q=."
		}
	}
	return false
}

// JSON reports whether the client asks for JSON by name: by Accept, or by sending
// JSON itself.
func JSON(r *http.Request) bool {
	html, json := weights(r)
	if json > 0 && json > html {
		return true
	}
	return html == 0 && SendsJSON(r)
}

// SendsJSON reports whether the request has a body of JSON.
func SendsJSON(r *http.Request) bool {
	kind := r.Header.Get("Content-Type")
	if kind == "" {
		return false
	}
	kind, _, err := mime.ParseMediaType(kind)
	return err == nil && kind == "application/json"
}

func weights(r *http.Request) (html, json float64) {
	for _, line := range r.Header.Values("Accept") {
		if len(line) > maxAccept {
			line = line[:maxAccept]
		}
		for part := range strings.SplitSeq(line, ",") {
			kind, params, _ := strings.Cut(part, ";")
			switch strings.ToLower(strings.TrimSpace(kind)) {
			case "text/html", "application/xhtml+xml":
				html = max(html, quality(params))
			case "application/json":
				json = max(json, quality(params))
			}
		}
	}
	return html, json
}

func quality(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if strings.EqualFold(name, "q") {
			q, err := strconv.ParseFloat(value, 64)
			if err != nil || !(q >= 0 && q <= 1) {
				return 0
			}
			return q
		}
	}
	return 1
}
