package pages

import (
	"errors"
	"net/http"
	"strings"

	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/messages"
)

// Finish responds after a POST did what it is for: a browser is redirected to one of our own
// pages, which shows the notice once, a sentence in the visitor's language; a program gets the
// message.
func (k *Kit) Finish(w http.ResponseWriter, r *http.Request, path, notice, message string) {
	if negotiate.HTML(r) {
		k.notify(r, notice)
	}
	k.Done(w, r, path, message)
}

// notify leaves a notice for the next page, where the site keeps any. What it tells of is done,
// so that a notice that cannot be kept makes it no failure.
func (k *Kit) notify(r *http.Request, notice string) {
	err := messages.Success(r.Context(), notice)
	if err != nil && !errors.Is(err, messages.ErrNoMessages) {
		k.config.Logger.WarnContext(r.Context(), "a notice could not be kept for the next page", "error", err)
	}
}

// Arrive responds to a GET of an address where earlier versions, or Django, tell that something
// was done: a browser is redirected to one of our own pages, and a program gets the sentence.
func (k *Kit) Arrive(w http.ResponseWriter, r *http.Request, path, sentence string) {
	if negotiate.HTML(r) {
		k.GoTo(w, r, path)
		return
	}
	JSON(w, http.StatusOK, map[string]string{"message": sentence})
}

// Notices returns what the pages before have to say, and uses it up. A page that a cache may
// keep has none, nor has an error, so that they wait for a page that is sure to show them.
func (p *Page) Notices() ([]messages.Message, error) {
	if p.status != http.StatusOK || p.request.Method == http.MethodHead ||
		!strings.Contains(p.header.Get("Cache-Control"), "no-store") {
		return nil, nil
	}
	waiting, err := messages.Take(p.request.Context())
	if errors.Is(err, messages.ErrNoMessages) {
		return nil, nil
	}
	if err != nil {
		p.failure = err
	}
	return waiting, err
}
