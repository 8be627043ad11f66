package messages

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/pyjson"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/sessions"
)

// ErrNoMessages: no middleware keeps messages for this request (Django: MessageFailure).
var ErrNoMessages = errors.New("messages: this request has none; put the middleware of Site.Messages around the handler, inside Site.Handler")

// Request has the messages of one request. It is safe for use by several goroutines.
type Request struct {
	service *Service
	request *http.Request

	mu      sync.Mutex // guards what follows
	loaded  bool
	stored  []item    // for this page, by pages before
	queued  []Message // for the next page
	used    bool      // this page shows them
	added   bool
	cookie  string // that the client sent
	session bool   // it held some of stored
}

// Begin returns the messages of a request, and the request with them in its context. It
// is for middleware.Messages.
func (s *Service) Begin(r *http.Request) (*Request, *http.Request) {
	m := &Request{service: s}
	m.request = r.WithContext(context.WithValue(r.Context(), contextKey{}, m))
	return m, m.request
}

type contextKey struct{}

// Kept reports whether a middleware keeps messages for this request.
func Kept(ctx context.Context) bool {
	_, kept := ctx.Value(contextKey{}).(*Request)
	return kept
}

// Add keeps a message for the next page that takes them. One without a text, or of a
// level that is not kept, is dropped. Its LevelTag is not looked at. Add it before the
// response begins. The error is ErrNoMessages (Django: add_message).
func Add(ctx context.Context, m Message) error {
	r, ok := ctx.Value(contextKey{}).(*Request)
	if !ok {
		return ErrNoMessages
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.Text != "" && m.Level >= r.service.config.Level {
		r.queued, r.added = append(r.queued, m), true
	}
	return nil
}

// Debug adds a message of that level, which is kept where Config.Level says so.
func Debug(ctx context.Context, text string) error {
	return Add(ctx, Message{Level: LevelDebug, Text: text})
}

// Info adds a message of that level.
func Info(ctx context.Context, text string) error {
	return Add(ctx, Message{Level: LevelInfo, Text: text})
}

// Success adds a message of that level.
func Success(ctx context.Context, text string) error {
	return Add(ctx, Message{Level: LevelSuccess, Text: text})
}

// Warning adds a message of that level.
func Warning(ctx context.Context, text string) error {
	return Add(ctx, Message{Level: LevelWarning, Text: text})
}

// Error adds a message of that level.
func Error(ctx context.Context, text string) error {
	return Add(ctx, Message{Level: LevelError, Text: text})
}

// Take returns the messages that wait, oldest first, for the page that shows them: the
// next one does not have them any more. Call it before the response begins. The error
// is ErrNoMessages or a failure of the session store (Django: get_messages, iterated).
func Take(ctx context.Context) ([]Message, error) {
	r, ok := ctx.Value(contextKey{}).(*Request)
	if !ok {
		return nil, ErrNoMessages
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(); err != nil {
		return nil, err
	}
	r.used = true
	r.stored = append(r.stored, itemsOf(r.queued)...)
	r.queued = nil
	var list []Message
	for _, one := range r.stored {
		if one.foreign == "" {
			one.message.LevelTag = r.service.tags[one.message.Level]
			list = append(list, one.message)
		}
	}
	return list, nil
}

// load reads what pages before have stored.
func (r *Request) load() error {
	if r.loaded {
		return nil
	}
	storage := r.service.config.Storage
	all := false
	if storage != StorageSession {
		all = r.loadCookie()
	}
	if storage == StorageSession || storage == StorageFallback && !all {
		if err := r.loadSession(); err != nil {
			return err
		}
	}
	r.loaded = true
	return nil
}

// loadCookie reports whether nothing is stored elsewhere. A cookie that nobody signed is
// deleted.
func (r *Request) loadCookie() (all bool) {
	r.cookie, _ = httptext.Lookup(r.request.Header, CookieName)
	if r.cookie == "" {
		return true
	}
	items, all, err := r.service.unpack(r.cookie)
	if err != nil {
		r.used = true
		return true
	}
	r.stored = items
	return all
}

func (r *Request) loadSession() error {
	session, err := sessions.FromContext(r.request.Context())
	if err != nil {
		return err
	}
	text, ok, err := session.Get(r.request.Context(), SessionKey)
	if err != nil || !ok {
		return err
	}
	if unquoted, isText := pyjson.Unquote(text); isText {
		text = unquoted
	}
	items, _, err := parse(text)
	if err != nil {
		r.service.config.Logger.WarnContext(r.request.Context(), "the messages in a session cannot be read; they are dropped", "error", err)
	}
	r.stored, r.session = append(r.stored, items...), true
	return nil
}

// Finish stores what the next page is to have, at the beginning of the response: a line
// for Set-Cookie, or "". It reports whether the response depends on the client's cookie.
// It is for middleware.Messages. The error is a failure of the session store (Django:
// BaseStorage.update).
func (r *Request) Finish() (setCookie string, personal bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.used && !r.added {
		return "", false, nil
	}
	if err := r.load(); err != nil {
		return "", false, err
	}
	next := itemsOf(r.queued)
	if !r.used {
		next = slices.Concat(r.stored, next)
	}
	setCookie, err = r.store(next)
	return setCookie, r.used, err
}

func (r *Request) store(items []item) (setCookie string, err error) {
	switch r.service.config.Storage {
	case StorageSession:
		return "", r.storeInSession(items)
	case StorageCookie:
		setCookie, lost, err := r.storeInCookie(items, true)
		if len(lost) > 0 {
			r.service.config.Logger.WarnContext(r.request.Context(), "messages for the next page are lost: they do not fit into a cookie",
				"messages", len(lost))
		}
		return setCookie, err
	}
	setCookie, rest, err := r.storeInCookie(items, false)
	if err == nil && (len(rest) > 0 || r.session) {
		err = r.storeInSession(rest)
	}
	return setCookie, err
}

func (r *Request) storeInCookie(items []item, dropOldest bool) (setCookie string, rest []item, err error) {
	value, rest := r.service.pack(items, dropOldest)
	c, path := r.service.config, requestinfo.Below(r.request, "/")
	if value == "" {
		if r.cookie == "" {
			return "", rest, nil
		}
		return httptext.DeleteCookie(CookieName, path, c.CookieDomain, c.CookieSameSite), rest, nil
	}
	cookie := httptext.SetCookie{
		Name: CookieName, Value: value, Domain: c.CookieDomain, Path: path,
		Secure: c.CookieSecure, HttpOnly: !c.CookieScriptAccess, SameSite: c.CookieSameSite,
	}
	setCookie, err = cookie.String(time.Now())
	return setCookie, rest, err
}

func (r *Request) storeInSession(items []item) error {
	ctx := r.request.Context()
	session, err := sessions.FromContext(ctx)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		_, err = session.Delete(ctx, SessionKey)
		return err
	}
	return session.Set(ctx, SessionKey, sessionText(items))
}
