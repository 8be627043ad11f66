package pages

import (
	"errors"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
)

// Sent responds to a form by which an email is sent: a browser is led to the page of the note,
// which ServeSent shows, and a program gets the message.
func (k *Kit) Sent(w http.ResponseWriter, r *http.Request, n Note, message string) {
	if user, err := auth.UserFromContext(r.Context()); err == nil && negotiate.HTML(r) && n.Email != "" {
		n.User = user.ID
		k.Leave(w, r, n)
	}
	k.Done(w, r, k.urls[n.Page], message)
}

// ServeSent responds with the page to which Sent leads, the route and template of that name. Its
// data is a *Form with one button, by which repeat sends the email again, and with the Address
// that the email went to; nil for a browser that asked for no email. Repeat reports whether there
// was still something to be sent. A program gets the sentence.
func (k *Kit) ServeSent(
	w http.ResponseWriter, r *http.Request, name, sentence string, repeat func(Note) (bool, error),
) {
	note, err := k.noteOfVisitor(r, name)
	if err != nil {
		k.Fail(w, r, err)
		return
	}
	form := &Form{Submit: k.Translator(w, r).T("Send it again"), Quiet: true, Address: note.Email}
	switch {
	case r.Method == http.MethodPost:
		done, err := false, error(nil)
		if note.Email != "" {
			done, err = repeat(note)
		}
		k.afterRepeat(w, r, name, sentence, form, done, err)
	case !negotiate.HTML(r):
		JSON(w, http.StatusOK, map[string]string{"message": sentence})
	case note.Email == "":
		k.Render(w, r, http.StatusOK, name+".html", nil)
	default:
		k.Render(w, r, http.StatusOK, name+".html", form)
	}
}

// noteOfVisitor returns the note that was left for a page, or the zero Note if another person has the
// browser now. The error is a failure of finding out who has it.
func (k *Kit) noteOfVisitor(r *http.Request, page string) (Note, error) {
	note := k.Left(r, page)
	if note.Page == "" {
		return note, nil
	}
	user, err := auth.UserFromContext(r.Context())
	if err != nil || note.User != user.ID {
		return Note{}, err
	}
	return note, nil
}

// afterRepeat responds to the POST of ServeSent by what repeat returned.
func (k *Kit) afterRepeat(
	w http.ResponseWriter, r *http.Request, name, sentence string, form *Form, done bool, err error,
) {
	throttled := (*attempts.ThrottledError)(nil)
	switch {
	case errors.As(err, &throttled):
		k.hold(w, r, name+".html", form, throttled)
	case err != nil:
		k.Fail(w, r, err)
	case !done:
		k.Refuse(w, r, &Refusal{Status: http.StatusGone, Sentence: i18n.Mark("The email can no longer be " +
			"sent again from here. Please fill in the form once more.")})
	default:
		k.Finish(w, r, k.urls[name], k.Translator(w, r).T("The email is on its way again."), sentence)
	}
}
