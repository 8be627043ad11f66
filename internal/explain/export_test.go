package explain

import "net/http"

// Copied is what a curl command sends.
type Copied struct {
	Method, URL, Body string
	Header            http.Header
	JarFile           bool
}

// ParseCurl reads a curl command.
func ParseCurl(text string) (Copied, error) {
	r, err := parseCurl(text)
	if err != nil {
		return Copied{}, err
	}
	return Copied{r.method, r.url.String(), r.body, r.header, r.jarFile}, nil
}

// Shown and Distance are texts for a terminal.
var (
	Shown    = shown
	Distance = distance
)
