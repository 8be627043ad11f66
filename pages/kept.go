package pages

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/seal"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/signing"
)

const (
	// keptField is the field of the query with the name of a form that is kept.
	keptField = "form"
	keptAge   = 15 * time.Minute
	maxKept   = 2048 // bytes of what is kept, since a session can be in a cookie
)

// keptForm is what a session keeps of a form, sealed for its name and the user.
type keptForm struct {
	Path   string            `json:"path"`
	At     int64             `json:"at"` // seconds since 1970
	Fields map[string]string `json:"fields"`
}

// newKept returns what seals forms, or nil without keys.
func newKept(keys signing.Keys) (*seal.Box, error) {
	if keys.Secret == "" {
		return nil, nil
	}
	box, err := seal.New("pages kept form", keys.Secret, keys.Fallbacks...)
	if err != nil {
		return nil, fmt.Errorf("views: %w", err)
	}
	return box, nil
}

// keepForm keeps these fields of a form in the session, and returns the request with the name of
// what was kept in its query, so that who comes back has it. A form that is too large is not kept.
func (k *Kit) keepForm(r *http.Request, b Body, names []string) (*http.Request, error) {
	ctx := r.Context()
	user, session, err := visitor(ctx)
	if err != nil || k.kept == nil || session.ReadOnly() {
		return r, err
	}
	form := keptForm{Path: r.URL.Path, At: time.Now().Unix(), Fields: map[string]string{}}
	for _, name := range names {
		if v, sent := b[name]; sent {
			form.Fields[name] = v.Text
		}
	}
	text, err := json.Marshal(form)
	if err != nil || len(form.Fields) == 0 || len(text) > maxKept {
		return r, err
	}
	name := rand.Text()
	if err := session.Set(ctx, sessionkeys.Kept, k.kept.Seal(string(text), name+" "+user.ID)); err != nil {
		return r, err
	}
	flow.Emit(ctx, "confirm.kept")
	return withQuery(r, url.Values{keptField: {name}}.Encode()), nil
}

// withQuery returns the request with another query.
func withQuery(r *http.Request, query string) *http.Request {
	named := r.WithContext(r.Context())
	with := *r.URL
	with.RawQuery, named.URL = query, &with
	if asked, err := url.ParseRequestURI(r.RequestURI); err == nil {
		asked.RawQuery = query
		named.RequestURI = asked.RequestURI()
	}
	return named
}

// takeKept returns the request with the form that is kept under the name in its query, which is
// used up. The body is nil where there is none.
func (k *Kit) takeKept(r *http.Request) (*http.Request, Body, error) {
	name := Query(r)[keptField].Text
	if name == "" || k.kept == nil {
		return r, nil, nil
	}
	ctx := r.Context()
	user, session, err := visitor(ctx)
	if err != nil {
		return r, nil, err
	}
	sealed, err := session.Text(ctx, sessionkeys.Kept)
	if err != nil || sealed == "" {
		return r, nil, err
	}
	var form keptForm
	text, err := k.kept.Open(sealed, name+" "+user.ID)
	if err != nil || json.Unmarshal([]byte(text), &form) != nil || form.Path != r.URL.Path {
		return r, nil, nil
	}
	if _, err := session.Delete(ctx, sessionkeys.Kept); err != nil {
		return r, nil, err
	}
	if time.Since(time.Unix(form.At, 0)) > keptAge {
		return r, nil, nil
	}
	b := Body{}
	for field, text := range form.Fields {
		b[field] = Value{Text: text}
	}
	return r.WithContext(context.WithValue(ctx, keptKey{}, b)), b, nil
}

// visitor returns the user of a request and the session.
func visitor(ctx context.Context) (*auth.User, *sessions.Session, error) {
	user, err := auth.UserFromContext(ctx)
	if err != nil {
		return nil, nil, err
	}
	session, err := sessions.FromContext(ctx)
	return user, session, err
}

type keptKey struct{}

// keptIn returns the form that takeKept found, or nil.
func keptIn(r *http.Request) Body {
	b, _ := r.Context().Value(keptKey{}).(Body)
	return b
}

// resume fills in the fields of a form that was kept, but for secrets.
func (f *Form) resume(r *http.Request) {
	kept := keptIn(r)
	for _, field := range f.Fields {
		v, sent := kept[field.Name]
		switch {
		case !sent || field.Type == "password" || field.Fixed:
		case field.Type == Checkbox:
			field.Checked = v.Text == Yes
		default:
			field.Value = v.Text
		}
	}
}

// asPost returns the request as one that posts a form.
func asPost(r *http.Request, b Body) *http.Request {
	form := url.Values{}
	for name, v := range b {
		form.Set(name, v.Text)
	}
	text := form.Encode()
	posted := r.Clone(r.Context())
	posted.Method, posted.URL.RawQuery = http.MethodPost, ""
	posted.Body, posted.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	posted.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return posted
}
