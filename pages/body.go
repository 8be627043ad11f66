package pages

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/i18n"
)

// The limits of a request's body. Django's are DATA_UPLOAD_MAX_MEMORY_SIZE,
// 2.5 MiB, and DATA_UPLOAD_MAX_NUMBER_FIELDS, 1000.
const (
	maxBody   = 64 << 10 // bytes
	maxFields = 1000
)

// What is said about bodies that cannot be read.
var (
	errTooLarge = &Refusal{
		http.StatusRequestEntityTooLarge,
		i18n.Mark("This request is too large: at most 64 KiB can be sent here."),
	}
	errFields = &Refusal{http.StatusBadRequest, i18n.Mark("This request has too many fields: at most " +
		"1,000 can be sent here.")}
	errForm = &Refusal{http.StatusBadRequest, i18n.Mark("The form that was sent is not well-formed.")}
	errJSON = &Refusal{http.StatusBadRequest, i18n.Mark("The JSON that was sent is not well-formed; it " +
		"must be one object, such as {\"username\": \"ada\"}.")}
	errText   = &Refusal{http.StatusBadRequest, i18n.Mark("The request is not text in UTF-8.")}
	errCutOff = &Refusal{http.StatusBadRequest, i18n.Mark("The request ended too early. Please send it " +
		"again.")}
	errType = &Refusal{http.StatusUnsupportedMediaType, i18n.Mark("Send a form " +
		"(application/x-www-form-urlencoded) or JSON (application/json), in UTF-8.")}
)

// Body contains the fields of a request by name. If a name was sent twice, the last value
// counts, as in Django and in JSON.
type Body map[string]Value

// Value is one field: text, or something that is not text, which only JSON has.
type Value struct {
	Text    string
	notText bool
	choice  string // "yes" for JSON's true, "no" for its false
	number  string // a number of JSON as it was written
}

// ReadBody reads a form or a JSON object of at most 64 KiB and 1,000 fields. The error is
// a *Refusal, which Kit.Fail shows.
func ReadBody(w http.ResponseWriter, r *http.Request) (Body, error) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, errTooLarge
	} else if err != nil {
		return nil, errCutOff
	}
	return parseBody(r.Header.Get("Content-Type"), string(data))
}

func parseBody(contentType, data string) (Body, error) {
	if contentType == "" && data == "" {
		return Body{}, nil
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if charset := params["charset"]; err != nil || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, errType
	}
	if !utf8.ValidString(data) {
		return nil, errText
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		return parseForm(data)
	case "application/json":
		return parseJSON(data)
	}
	return nil, errType
}

// parseForm reads a form or a query. Only & separates fields, as in Django:
// where a cache and a server disagree about that, one can fool the other
// (CVE-2021-23336).
func parseForm(data string) (Body, error) {
	if strings.Count(data, "&") >= maxFields {
		return nil, errFields
	}
	fields := Body{}
	for field := range strings.SplitSeq(data, "&") {
		if field == "" {
			continue
		}
		name, text, _ := strings.Cut(field, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, errForm
		}
		if text, err = url.QueryUnescape(text); err != nil {
			return nil, errForm
		}
		if !utf8.ValidString(name) || !utf8.ValidString(text) {
			return nil, errText
		}
		fields[name] = Value{Text: text}
	}
	return fields, nil
}

// parseJSON reads an object. A null is a field that was not sent.
func parseJSON(data string) (Body, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(data), &members); err != nil || members == nil {
		return nil, errJSON
	}
	if len(members) > maxFields {
		return nil, errFields
	}
	fields := Body{}
	for name, raw := range members {
		switch {
		case raw[0] == '"':
			var text string
			// The syntax is checked already. Half a surrogate pair comes out as
			// U+FFFD, and must not pass for the same text as another half.
			if err := json.Unmarshal(raw, &text); err != nil || strings.ContainsRune(text, utf8.RuneError) {
				return nil, errText
			}
			fields[name] = Value{Text: text}
		case string(raw) == "true":
			fields[name] = Value{notText: true, choice: Yes}
		case string(raw) == "false":
			fields[name] = Value{notText: true, choice: No}
		case raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9':
			fields[name] = Value{notText: true, number: string(raw)}
		case string(raw) != "null":
			fields[name] = Value{notText: true}
		}
	}
	return fields, nil
}

// query reads the query of the URL. One that is not well-formed has no fields.
func Query(r *http.Request) Body {
	fields, err := parseForm(r.URL.RawQuery)
	if err != nil {
		return nil
	}
	return fields
}
