package pages

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/signing"
)

const (
	// noteCookie carries a Note, signed, to the browser that it is about and back.
	noteCookie = "coatcheck_note"
	// noteAge is how long a note lasts.
	noteAge = time.Hour
)

// Note is what one page leaves for the next page of the same browser, so that it need not be in
// an address.
type Note struct {
	Page  string `json:"page"`            // the name of the route that reads it
	Name  string `json:"name,omitempty"`  // to log in with
	Email string `json:"email,omitempty"` // the address to which an email was sent
	Again string `json:"again,omitempty"` // the token to send that again, where it needs one
	User  string `json:"user,omitempty"`  // the ID of the user who was signed in; set by Sent
}

// newNotes returns the signer of notes, or nil without keys.
func newNotes(keys signing.Keys) (*signing.TimestampSigner, error) {
	if keys.Secret == "" {
		return nil, nil
	}
	return signing.NewTimestamp(signing.Config{
		Key: keys.Secret, FallbackKeys: keys.Fallbacks, Salt: "coatcheck.pages.note",
	})
}

// Leave leaves a note for another page, in place of the one before. It is for browsers, and
// belongs before the response. Without Config.Keys there are none.
func (k *Kit) Leave(w http.ResponseWriter, r *http.Request, n Note) {
	if k.notes == nil {
		return
	}
	text, err := json.Marshal(n)
	if err != nil {
		panic(err) // it has texts alone
	}
	k.setNote(w, r, k.notes.DumpsText(string(text), false), noteAge)
}

// Left returns the note that was left for a page, or the zero Note. Forget it when it is shown
// for good.
func (k *Kit) Left(r *http.Request, page string) Note {
	var n Note
	value, sent := httptext.Lookup(r.Header, noteCookie)
	if k.notes == nil || !sent || k.notes.LoadsMaxAge(value, noteAge, &n) != nil || n.Page != page {
		return Note{}
	}
	return n
}

// Forget deletes the note.
func (k *Kit) Forget(w http.ResponseWriter, r *http.Request) { k.setNote(w, r, "", -1) }

func (k *Kit) setNote(w http.ResponseWriter, r *http.Request, value string, age time.Duration) {
	maxAge := int(age / time.Second)
	if age < 0 {
		maxAge = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name: noteCookie, Value: value, Path: requestinfo.Below(r, "/"), MaxAge: maxAge,
		Secure: requestinfo.Secure(r), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
