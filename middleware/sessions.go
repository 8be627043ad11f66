package middleware

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/sessions"
)

// saveTimeout bounds a save, which goes on when the client is gone.
const saveTimeout = 10 * time.Second

// Sessions attaches the session to each request and, at the first byte of the
// response, saves it if it changed and sends the cookie (Django:
// SessionMiddleware). Nothing is saved when the status is 500 or more, or when the
// session was detached. Where saving fails the response becomes a 503, and a 400 where
// the session was deleted concurrently; neither touches the cookie. A response with the
// cookie is private: no shared cache may store it, whatever the handler said.
//
// Change a session before writing the response: later changes are lost, and a
// warning in the log says so.
func Sessions(engine *sessions.Engine, hooks ...SessionHooks) func(http.Handler) http.Handler {
	config, lost, stuck := engine.Config(), &lostCookie{}, &sync.Once{}
	moving := func(ctx context.Context, key sessions.Key) {
		for _, h := range hooks {
			if h.Moving != nil {
				h.Moving(ctx, key)
			}
		}
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			key, sent := httptext.Lookup(r.Header, config.CookieName)
			session := engine.Session(key)
			session.BeforeMove(moving)
			ctx := r.Context()
			if flow.On(ctx) {
				flow.Emit(ctx, "cookie.read",
					slog.String("name", config.CookieName), slog.String("key", flow.Brief(key)))
			}
			sw := &sessionWriter{config: &config, session: session, sent: sent, key: key, hooks: hooks, lost: lost, stuck: stuck}
			sw.beforeWriter = beforeWriter{ResponseWriter: w, by: sw}
			sw.request = r.WithContext(sessions.NewContext(ctx, session))
			next.ServeHTTP(sw, sw.request)
			sw.finish()
			for _, h := range hooks {
				if h.Done != nil {
					h.Done(sw.request, key)
				}
			}
		})
	}
}

// SessionHooks are called about the session of a request, which is in the context of
// the request, with the key that the client sent, or "". Either may be nil.
type SessionHooks struct {
	// Stored is called once the session is stored and before the response begins, if
	// the request gave it another key or ended one. After an error, a failure of the store, the
	// session is removed and the response is a 503 without its cookie, if the client
	// did not know the key: so whatever a client was told of has been seen by the hook.
	Stored func(r *http.Request, sent string) error
	// Moving is called before the session of a request gets another key, with the one that it
	// has. It must not use the session.
	Moving func(ctx context.Context, key sessions.Key)
	// Done is called when the request is done.
	Done func(r *http.Request, sent string)
}

// sessionWriter runs the session's part of a response before its first byte.
type sessionWriter struct {
	beforeWriter
	config  *sessions.Config
	session *sessions.Session
	request *http.Request
	sent    bool   // the request brought the cookie
	key     string // that it brought
	hooks   []SessionHooks
	lost    *lostCookie
	stuck   *sync.Once // warns of a store that is read-only
}

// process is Django's process_response. It adds headers, and returns an error
// where the session could not be saved.
func (w *sessionWriter) process(status int) error {
	if w.session.Interrupted() { // whatever the handler made of it
		return sessions.ErrInterrupted
	}
	if w.session.Detached() {
		return nil
	}
	header := w.Header()
	if w.config.SaveEveryRequest && status < 500 && !w.session.IsEmpty() && !w.session.Modified() {
		// An arbitrary key creates no session, though Django creates one.
		if _, _, err := w.session.Get(w.request.Context(), ""); err != nil {
			return err
		}
	}
	if len(w.session.Ended()) > 0 {
		if err := w.stored(); err != nil {
			return err
		}
	}
	accessed, modified, empty := w.session.Accessed(), w.session.Modified(), w.session.IsEmpty()
	if w.sent && empty {
		c := w.config
		addCookie(header, httptext.DeleteCookie(c.CookieName, cookiePath(w.request, c.CookiePath), c.CookieDomain, c.CookieSameSite))
		flow.Emit(w.request.Context(), "cookie.deleted", slog.String("name", c.CookieName))
		return nil
	}
	if accessed {
		httptext.PatchVary(header, "Cookie")
	}
	if !modified && !w.config.SaveEveryRequest || empty || status >= 500 {
		return nil
	}
	return w.save()
}

// save stores the session and sets the cookie. A client that went away does not
// stop it.
func (w *sessionWriter) save() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.request.Context()), saveTimeout)
	defer cancel()
	modified := w.session.Modified()
	err := w.session.Save(ctx)
	if !modified && errors.Is(err, sessions.ErrStoreReadOnly) {
		w.liveNoLonger(err)
		return nil
	}
	if err != nil {
		return err
	}
	if string(w.session.Key()) != w.key {
		if err := w.stored(); err != nil {
			return errors.Join(err, w.session.Flush(ctx))
		}
	}
	cookie, err := w.cookie(ctx)
	if err != nil {
		return err
	}
	addCookie(w.Header(), cookie)
	w.lost.look(w.request, w.config)
	flow.Emit(w.request.Context(), "cookie.set", slog.String("name", w.config.CookieName))
	return nil
}

// liveNoLonger reports that a session was not made to live on. What it holds is good.
func (w *sessionWriter) liveNoLonger(err error) {
	flow.Emit(w.request.Context(), "session.store_read_only")
	w.stuck.Do(func() {
		w.config.Logger.WarnContext(w.request.Context(), "sessions are in a store that is read-only: pages are served, sessions end when "+
			"they would have without --session-save-every-request (Config.SaveEveryRequest), and logins fail", "error", err)
	})
}

// stored calls the hooks.
func (w *sessionWriter) stored() error {
	for _, h := range w.hooks {
		if h.Stored == nil {
			continue
		}
		if err := h.Stored(w.request, w.key); err != nil {
			return err
		}
	}
	return nil
}

func (w *sessionWriter) cookie(ctx context.Context) (string, error) {
	c, now := w.config, time.Now()
	cookie := httptext.SetCookie{
		Name: c.CookieName, Value: string(w.session.Key()), Domain: c.CookieDomain, Path: cookiePath(w.request, c.CookiePath),
		Secure: c.CookieSecure, HttpOnly: !c.CookieScriptAccess, SameSite: c.CookieSameSite,
	}
	byBrowser, err := w.session.ExpiresAtBrowserClose(ctx)
	if err != nil {
		return "", err
	}
	if !byBrowser {
		age, err := w.session.ExpiryAge(ctx)
		if err != nil {
			return "", err
		}
		seconds := int(age / time.Second)
		cookie.MaxAge, cookie.Expires = &seconds, now.Add(age)
	}
	return cookie.String(now)
}

// finish runs when the handler has returned.
func (w *sessionWriter) finish() {
	if !w.began {
		w.begin(http.StatusOK)
		return
	}
	if !w.failed && w.session.Unsaved() {
		w.config.Logger.WarnContext(w.request.Context(), "the session was changed after the response had begun; the change is lost",
			"path", requestinfo.LogPath(w.request))
	}
}

// giveUp responds where the session could not be saved.
func (w *sessionWriter) giveUp(err error) {
	if errors.Is(err, sessions.ErrInterrupted) {
		flow.Emit(w.request.Context(), "session.refused_interrupted")
	} else {
		flow.Emit(w.request.Context(), "session.refused_unsaved")
	}
	failInstead(w.ResponseWriter, w.request, err)
}

// failInstead responds with an error in the place of what the handler meant to say.
func failInstead(w http.ResponseWriter, r *http.Request, err error) {
	for _, name := range contentHeaders {
		w.Header().Del(name)
	}
	Fail(w, r, err)
}

// contentHeaders belong to the response that the handler meant to give, and
// must not stay on the one that says why it was not given.
var contentHeaders = [...]string{
	"Accept-Ranges", "Cache-Control", "Cdn-Cache-Control", "Content-Disposition", "Content-Encoding",
	"Content-Language", "Content-Length", "Content-Range", "Content-Type", "Etag", "Expires", "Last-Modified",
	"Location", "Set-Cookie",
}
