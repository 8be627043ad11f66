package safeurl

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/internal/pystr"
)

// ErrURL is what the refusals of [Split] wrap; Python raises ValueError.
var ErrURL = errors.New("safeurl: invalid URL")

// Parts are the five parts of a URL. None is decoded, nothing is checked
// beyond what [Split] says.
type Parts struct {
	Scheme   string // lowercase, without the colon
	Netloc   string // all between "//" and the path: user, host and port
	Path     string
	Query    string // without the question mark
	Fragment string // without the hash sign
}

// Split divides a URL as Python 3.13 does (urllib.parse.urlsplit): control
// characters and spaces in front fall away, and every tab and line end within,
// as in browsers. An error wraps [ErrURL]: brackets that do not pair or hold no
// IPv6 address, or a host in which normalisation (NFKC) makes one of /?#@: out
// of another character, so that a browser would see another host.
func Split(url string) (Parts, error) {
	return Newest.split(url)
}

func (r Rules) split(url string) (Parts, error) {
	if r.stripsControls() {
		url = strings.TrimLeftFunc(url, func(c rune) bool { return c <= ' ' })
	}
	if r.removesLineEnds() {
		url = removeLineEnds(url)
	}
	var p Parts
	if i := strings.IndexByte(url, ':'); i > 0 && r.isScheme(url[:i]) {
		p.Scheme, url = strings.ToLower(url[:i]), url[i+1:]
	}
	if strings.HasPrefix(url, "//") {
		url = url[2:]
		end := strings.IndexAny(url, "/?#")
		if end < 0 {
			end = len(url)
		}
		p.Netloc, url = url[:end], url[end:]
		if err := r.checkNetloc(p.Netloc); err != nil {
			return Parts{}, err
		}
	}
	url, p.Fragment, _ = strings.Cut(url, "#")
	p.Path, p.Query, _ = strings.Cut(url, "?")
	return p, nil
}

func removeLineEnds(url string) string {
	if !strings.ContainsAny(url, "\t\r\n") {
		return url
	}
	return strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(url)
}

// isScheme reports whether the text before the first colon is a scheme. By their
// own splitters of Django 3.2 and 4.2 it may begin with a digit or a sign.
func (r Rules) isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 && !r.takesAnyScheme() || !('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return true
}

func (r Rules) checkNetloc(netloc string) error {
	opens, closes := strings.IndexByte(netloc, '['), strings.IndexByte(netloc, ']')
	if (opens < 0) != (closes < 0) {
		return fmt.Errorf("%w: unpaired bracket in the host", ErrURL)
	}
	if opens >= 0 {
		if err := r.checkBrackets(netloc); err != nil {
			return err
		}
	}
	if r.normalizesHosts() && changesHost(netloc) {
		return fmt.Errorf("%w: the host has other delimiters under NFKC", ErrURL)
	}
	return nil
}

func (r Rules) checkBrackets(netloc string) error {
	if !r.checksBrackets() {
		return nil
	}
	if r == InsecureDjango42 { // whatever stands between the first two brackets
		_, host, _ := strings.Cut(netloc, "[")
		host, _, _ = strings.Cut(host, "]")
		return checkAddress(host)
	}
	host := netloc[strings.LastIndexByte(netloc, '@')+1:]
	before, inside, found := strings.Cut(host, "[")
	if !found {
		host, _, _ = strings.Cut(host, ":")
		return checkAddress(host)
	}
	address, port, _ := strings.Cut(inside, "]")
	if before != "" || port != "" && port[0] != ':' {
		return fmt.Errorf("%w: text beside the brackets of the host", ErrURL)
	}
	return checkAddress(address)
}

// checkAddress accepts an IPv6 address, with a zone or without, or an address of
// the future: v, hexadecimal digits, a dot, and something.
func checkAddress(host string) error {
	if strings.HasPrefix(host, "v") {
		version, rest, _ := strings.Cut(host[1:], ".")
		if version != "" && strings.Trim(version, "0123456789abcdefABCDEF") == "" &&
			rest != "" && !strings.Contains(rest, "\n") {
			return nil
		}
	} else if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() && !strings.Contains(ip.Zone(), "%") {
		return nil
	}
	return fmt.Errorf("%w: no IPv6 address in the brackets", ErrURL)
}

// changesHost finds characters such as ℀, which normalisation takes apart to
// "a/c". Delimiters that are there anyway do not count.
func changesHost(netloc string) bool {
	plain := strings.Map(func(c rune) rune {
		if strings.ContainsRune("@:#?", c) {
			return -1
		}
		return c
	}, netloc)
	normal := pystr.NFKC(plain)
	return normal != plain && strings.ContainsAny(normal, "/?#@:")
}

// withNetloc are the schemes behind which Python writes "//" even where there
// is no host.
var withNetloc = []string{
	"ftp", "http", "gopher", "nntp", "telnet", "imap", "wais", "file", "mms", "https", "shttp", "snews",
	"prospero", "rtsp", "rtsps", "rtspu", "rsync", "svn", "svn+ssh", "sftp", "nfs", "git", "git+ssh", "ws",
	"wss", "itms-services",
}

// String puts the parts together again, as Python 3.13 does; delimiters with
// nothing behind them fall away. Python: urllib.parse.urlunsplit.
func (p Parts) String() string {
	url := p.Path
	switch {
	case p.Netloc != "":
		if url != "" && url[0] != '/' {
			url = "/" + url
		}
		url = "//" + p.Netloc + url
	case strings.HasPrefix(url, "//"):
		url = "//" + url
	case slices.Contains(withNetloc, p.Scheme) && (url == "" || url[0] == '/'):
		url = "//" + url
	}
	if p.Scheme != "" {
		url = p.Scheme + ":" + url
	}
	if p.Query != "" {
		url += "?" + p.Query
	}
	if p.Fragment != "" {
		url += "#" + p.Fragment
	}
	return url
}
