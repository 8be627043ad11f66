package pages

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/middleware"
)

// Refusal is a response that is an error, with a sentence for the client.
type Refusal struct {
	Status   int
	Sentence string // translated when it is shown; one that is already stays as it is
}

// Error is the sentence.
func (e *Refusal) Error() string { return e.Sentence }

// refusalOf returns the refusal in an error: one of the pages, or one of a hook.
func refusalOf(err error) *Refusal {
	if own := (*Refusal)(nil); errors.As(err, &own) {
		return own
	}
	if hook := (*hooks.Refusal)(nil); errors.As(err, &hook) {
		return &Refusal{hook.Status, hook.Sentence}
	}
	return nil
}

// Refuse responds with a page or with {"error": …}.
func (k *Kit) Refuse(w http.ResponseWriter, r *http.Request, e *Refusal) {
	flow.Emit(r.Context(), "view.refused", slog.String("says", e.Sentence), slog.Int("status", e.Status))
	t := k.Translator(w, r)
	if negotiate.HTML(r) {
		title := t.T("Something went wrong")
		if e.Status == http.StatusNotFound {
			title = t.T("Page not found")
		}
		k.Render(w, r, e.Status, "error.html", ErrorPage{title, t.T(e.Sentence)})
		return
	}
	JSON(w, e.Status, map[string]string{"error": t.T(e.Sentence)})
}

// ErrorPage is what error.html shows.
type ErrorPage struct {
	Title   string
	Message string
}

// Fail responds to a request that an error stopped: a Refusal, one of a hook, or a failure,
// as middleware.Fail does.
func (k *Kit) Fail(w http.ResponseWriter, r *http.Request, err error) {
	if refused := refusalOf(err); refused != nil {
		k.Refuse(w, r, refused)
		return
	}
	middleware.Fail(w, r, err)
}

// hold responds with 429 where there were too many attempts, with the time to wait: the
// form again, or {"error": …}.
func (k *Kit) hold(
	w http.ResponseWriter, r *http.Request, page string, form *Form, throttled *attempts.ThrottledError,
) {
	message := throttled.MessageIn(k.Translator(w, r))
	w.Header().Set("Retry-After", strconv.Itoa(throttled.Seconds()))
	if !negotiate.HTML(r) {
		JSON(w, http.StatusTooManyRequests, map[string]string{"error": message})
		return
	}
	form.Errors = []string{message}
	form.focus()
	k.Render(w, r, http.StatusTooManyRequests, page, form)
}

// LinkPage is what link.html says about a link that did not do what it is for, and
// where to go on.
type LinkPage struct {
	Title, Message, URL, Label string
}

// RejectLink responds with a page or with {"error": …}.
func (k *Kit) RejectLink(w http.ResponseWriter, r *http.Request, status int, p LinkPage) {
	flow.Emit(r.Context(), "link.refused", slog.Int("status", status))
	if negotiate.HTML(r) {
		k.Render(w, r, status, "link.html", p)
		return
	}
	JSON(w, status, map[string]string{"error": p.Title + ". " + p.Message})
}

// TooOld is i18n's key of the title of a LinkPage about a link that is used up.
var TooOld = i18n.Mark("This link is used up or too old")
