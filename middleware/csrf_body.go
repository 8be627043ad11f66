package middleware

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/coatcheck/coatcheck/csrf"
)

// The limits of a form. Django: DATA_UPLOAD_MAX_NUMBER_FIELDS.
const (
	maxFormFields = 1000
	maxTokenField = 1024 // bytes of the token's field that are looked at
)

// bodyState is what became of the search for a token in a body.
type bodyState int

const (
	bodyNone    bodyState = iota // no body that could hold one
	bodyForm                     // a form, which has none
	bodyJSON                     // JSON, which is not searched
	bodyTooLong                  // none in the part that is searched
	bodyCutOff                   // the body could not be read
)

// formToken finds the token in the form that a POST request brought, if it
// brought one. The body can be read again from its beginning.
func (g *csrfGuard) formToken(r *http.Request) (string, bodyState) {
	if r.Method != http.MethodPost || r.Body == nil || r.Body == http.NoBody {
		return "", bodyNone
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return "", bodyNone
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		return g.urlencodedToken(r)
	case "multipart/form-data":
		return g.multipartToken(r, params["boundary"])
	case "application/json":
		return "", bodyJSON
	}
	return "", bodyNone
}

// urlencodedToken reads the whole form; of several fields the last counts, as
// in Django.
func (g *csrfGuard) urlencodedToken(r *http.Request) (token string, state bodyState) {
	data, err := io.ReadAll(io.LimitReader(r.Body, g.config.MaxBody+1))
	unread(r, data, err)
	switch {
	case err != nil:
		return "", bodyCutOff
	case int64(len(data)) > g.config.MaxBody:
		return "", bodyTooLong
	}
	form := string(data)
	if strings.Count(form, "&") >= maxFormFields {
		return "", bodyTooLong
	}
	for field := range strings.SplitSeq(form, "&") {
		name, value, _ := strings.Cut(field, "=")
		if len(name) <= 3*len(csrf.FormField) && unquotePlus(name) == csrf.FormField {
			token = unquotePlus(value[:min(len(value), maxTokenField)])
		}
	}
	return token, bodyForm
}

// multipartToken reads the form up to the token's field; files behind it are not
// touched.
func (g *csrfGuard) multipartToken(r *http.Request, boundary string) (string, bodyState) {
	if boundary == "" {
		return "", bodyCutOff
	}
	var seen bytes.Buffer
	body := &watchedReader{from: r.Body}
	limited := &io.LimitedReader{R: body, N: g.config.MaxBody}
	token, err := findPart(multipart.NewReader(io.TeeReader(limited, &seen), boundary))
	unread(r, seen.Bytes(), body.err)
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return token, bodyForm
	case limited.N <= 0 || errors.Is(err, errManyParts):
		return "", bodyTooLong
	}
	return "", bodyCutOff
}

var errManyParts = errors.New("middleware: a form of too many parts")

// findPart looks for the token's field; io.EOF says that there is none.
func findPart(parts *multipart.Reader) (string, error) {
	for range maxFormFields {
		part, err := parts.NextRawPart()
		if err != nil {
			return "", err
		}
		if part.FormName() == csrf.FormField && part.FileName() == "" {
			value, err := io.ReadAll(io.LimitReader(part, maxTokenField))
			return string(value), err
		}
	}
	return "", errManyParts
}

// unread puts back what was read of the body, with the error that ended it.
func unread(r *http.Request, data []byte, err error) {
	rest := io.Reader(r.Body)
	if err != nil {
		rest = failingReader{err}
	}
	r.Body = unreadBody{io.MultiReader(bytes.NewReader(data), rest), r.Body}
}

type unreadBody struct {
	io.Reader
	io.Closer
}

// watchedReader remembers how reading failed.
type watchedReader struct {
	from io.Reader
	err  error
}

// Read reads.
func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

type failingReader struct{ err error }

// Read returns the error.
func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// unquotePlus decodes percent signs as Python does: what is no code stays.
func unquotePlus(text string) string {
	if !strings.ContainsAny(text, "%+") {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '+':
			out = append(out, ' ')
		case c == '%' && i+2 < len(text) && hex(text[i+1]) < 16 && hex(text[i+2]) < 16:
			out = append(out, hex(text[i+1])<<4|hex(text[i+2]))
			i += 2
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

// hex is the value of a digit, or 255.
func hex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return (c | 0x20) - 'a' + 10
	}
	return 255
}
