package explain

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// errCurl is about a command that cannot be read. It never holds what was given.
var errCurl = errors.New("this curl command cannot be read; copy it whole, as \"Copy as cURL\" in the " +
	"browser's network panel does")

// request is what a curl command sends.
type request struct {
	method  string
	url     *url.URL
	header  http.Header
	body    string
	jarFile bool // -b names a file of cookies
}

// valued are the options of curl that have a value, by their names; of the others none is
// expected in what browsers copy.
var valued = map[string]bool{
	"-A": true, "-b": true, "-c": true, "-C": true, "-d": true, "-D": true, "-e": true, "-E": true,
	"-F": true, "-H": true, "-K": true, "-m": true, "-o": true, "-P": true, "-Q": true, "-r": true,
	"-t": true, "-T": true, "-u": true, "-U": true, "-w": true, "-x": true, "-X": true, "-y": true,
	"-Y": true, "-z": true, "--user-agent": true, "--cookie": true, "--cookie-jar": true, "--data": true,
	"--data-raw": true, "--data-ascii": true, "--data-binary": true, "--data-urlencode": true,
	"--json": true, "--referer": true, "--form": true, "--header": true, "--request": true,
	"--max-time": true, "--connect-timeout": true, "--output": true, "--user": true, "--proxy": true,
	"--proxy-user": true, "--oauth2-bearer": true, "--cert": true, "--key": true, "--cacert": true,
	"--resolve": true, "--connect-to": true, "--interface": true, "--url": true, "--write-out": true,
	"--retry": true, "--range": true, "--unix-socket": true,
}

// parseCurl reads a command as the "Copy as cURL" of browsers writes it, for bash or for cmd.
func parseCurl(text string) (*request, error) {
	words, ok := split(text)
	if !ok || len(words) < 2 {
		return nil, errCurl
	}
	r := &request{header: http.Header{}}
	asGet := false
	for words = words[1:]; len(words) > 0; {
		name, value := words[0], ""
		words = words[1:]
		switch {
		case !strings.HasPrefix(name, "-") || name == "-":
			name, value = "--url", name
		case len(name) > 2 && !strings.HasPrefix(name, "--") && valued[name[:2]]:
			name, value = name[:2], name[2:]
		case name == "-G", name == "--get":
			asGet = true
		case valued[name]:
			if len(words) == 0 {
				return nil, errCurl
			}
			value, words = words[0], words[1:]
		}
		if err := r.take(name, value); err != nil {
			return nil, err
		}
	}
	return r.finish(asGet)
}

// take reads an option.
func (r *request) take(name, value string) error {
	switch name {
	case "--url":
		if r.url != nil { // a word of an option that is not known, or a second request
			return nil
		}
		if !strings.Contains(value, "://") {
			value = "http://" + value
		}
		u, err := url.Parse(value)
		if err != nil {
			return errCurl
		}
		r.url = u
	case "-H", "--header":
		name, value, ok := strings.Cut(value, ":")
		if ok {
			r.header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	case "-b", "--cookie":
		if r.jarFile = !strings.Contains(value, "="); !r.jarFile {
			r.header.Add("Cookie", value)
		}
	case "-A", "--user-agent":
		r.header.Set("User-Agent", value)
	case "-e", "--referer":
		r.header.Set("Referer", value)
	case "-X", "--request":
		r.method = value
	case "-I", "--head":
		r.method = http.MethodHead
	default:
		r.data(name, value)
	}
	return nil
}

// data reads an option that adds to the body.
func (r *request) data(name, value string) {
	kind := "application/x-www-form-urlencoded"
	switch name {
	case "-d", "--data", "--data-raw", "--data-ascii", "--data-binary":
	case "--data-urlencode", "-F", "--form": // a form of fields is read the same in both encodings
		field, content, _ := strings.Cut(value, "=")
		value = field + "=" + url.QueryEscape(content)
	case "--json":
		kind = "application/json"
	default:
		return
	}
	if r.header.Get("Content-Type") == "" {
		r.header.Set("Content-Type", kind)
	}
	if r.body != "" {
		value = r.body + "&" + value
	}
	r.body = value
	if r.method == "" {
		r.method = http.MethodPost
	}
}

// finish fills in what the command leaves out.
func (r *request) finish(asGet bool) (*request, error) {
	if r.url == nil || r.url.Host == "" || r.url.Scheme != "http" && r.url.Scheme != "https" {
		return nil, errCurl
	}
	if asGet || r.method == "" {
		r.method = http.MethodGet
	}
	if _, err := http.NewRequest(r.method, "http://a.example/", nil); err != nil {
		return nil, errCurl
	}
	return r, nil
}
