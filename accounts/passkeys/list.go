package passkeys

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/pages"
)

// What is said about the buttons of the list.
var (
	errNoPasskey = &pages.Refusal{
		Status:   http.StatusNotFound,
		Sentence: i18n.Mark("You have no such passkey. Perhaps it was removed already."),
	}
	errLastWayIn = &pages.Refusal{
		Status: http.StatusConflict,
		Sentence: i18n.Mark("This passkey is your only way to sign in. Add another one, or choose a " +
			"password, before you remove it."),
	}
	errName = &pages.Refusal{
		Status: http.StatusBadRequest,
		Sentence: i18n.Mark("Enter a name of at most 80 characters, all of which can be shown and stored " +
			"here."),
	}
)

// Page is what passkeys.html shows.
type Page struct {
	Passkeys []Row
	// Why is the reason why no passkey can be added at this address; mostly it is empty.
	Why string
	// AddURL is the page for another one; RenameURL and RemoveURL are where the buttons post to.
	AddURL, RenameURL, RemoveURL string
	// Signals is what the browser is told in JSON of the passkeys that are known here; empty for
	// nothing.
	Signals string
	// MaxName is how many characters a name has at most.
	MaxName int
}

// Row is one passkey.
type Row struct {
	own.Passkey
	// Unused is true until the first login with it.
	Unused bool
}

// signals is what the script tells the browser (WebAuthn 3, 5.1.10).
type signals struct {
	RPID        string   `json:"rpId"`
	UserID      string   `json:"userId"`
	Known       []string `json:"allAcceptedCredentialIds"`
	Name        string   `json:"name"`
	DisplayName string   `json:"displayName"`
}

// list lists the passkeys of the user.
func (f *Feature) list(w http.ResponseWriter, r *http.Request) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	all, err := f.accounts.Passkeys(r.Context(), user)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	flow.Emit(r.Context(), "passkey.list", slog.Int("count", len(all)))
	if !negotiate.HTML(r) {
		pages.JSON(w, http.StatusOK, map[string]any{"passkeys": describe(all)})
		return
	}
	page := Page{
		AddURL: f.URL(r, "passkey_add"), RenameURL: f.URL(r, "passkey_rename"),
		RemoveURL: f.URL(r, "passkey_remove"), MaxName: maxName,
	}
	for _, p := range all {
		page.Passkeys = append(page.Passkeys, Row{p, p.LastUsed.Equal(p.Created)})
	}
	site, err := f.party(r)
	why := (*pages.Refusal)(nil)
	switch {
	case errors.As(err, &why):
		page.Why = f.Translator(w, r).T(why.Sentence)
	case err == nil:
		page.Signals, err = f.signals(r, site, user, all)
	}
	if err != nil && why == nil {
		f.Fail(w, r, err)
		return
	}
	f.Render(w, r, http.StatusOK, "passkeys.html", page)
}

// signals returns what the browser is told, or "" of a user who never had a passkey.
func (f *Feature) signals(
	r *http.Request, p party, user *auth.User, all []own.Passkey,
) (string, error) {
	handle, err := f.accounts.PasskeyHandle(r.Context(), user.ID, false)
	if err != nil || handle == nil {
		return "", err
	}
	a := &account{user: user}
	s := signals{
		RPID: p.id, UserID: base64.RawURLEncoding.EncodeToString(handle), Known: []string{},
		Name: a.WebAuthnName(), DisplayName: a.WebAuthnDisplayName(),
	}
	for _, one := range all {
		s.Known = append(s.Known, one.Credential)
	}
	text, err := json.Marshal(s)
	return string(text), err
}

// passkeyJSON is a passkey in JSON, its times in UTC.
type passkeyJSON struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Synced   bool       `json:"synced"`
	Created  time.Time  `json:"created"`
	LastUsed *time.Time `json:"last_used"` // null before the first login
}

func describe(all []own.Passkey) []passkeyJSON {
	out := make([]passkeyJSON, len(all))
	for i, p := range all {
		out[i] = passkeyJSON{p.IDHash, p.Name, p.BackedUp, p.Created.UTC().Truncate(time.Second), nil}
		if used := p.LastUsed.UTC().Truncate(time.Second); !p.LastUsed.Equal(p.Created) {
			out[i].LastUsed = &used
		}
	}
	return out
}

// chosen returns the user, the body, and the id of the passkey that a button is about.
func (f *Feature) chosen(w http.ResponseWriter, r *http.Request) (*auth.User, pages.Body, string, error) {
	b, err := pages.ReadBody(w, r)
	if err != nil {
		return nil, nil, "", err
	}
	user, err := auth.UserFromContext(r.Context())
	return user, b, b["id"].Text, err
}

// rename changes the name of a passkey.
func (f *Feature) rename(w http.ResponseWriter, r *http.Request) {
	user, b, id, err := f.chosen(w, r)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	field := &pages.Field{Name: "name", Required: true}
	name, _ := field.Take(b)
	name = strings.TrimSpace(name)
	tooLong := utf8.RuneCountInString(name) > maxName
	if name == "" || tooLong || strings.ContainsFunc(name, unicode.IsControl) {
		f.Refuse(w, r, errName)
		return
	}
	switch err := f.accounts.RenamePasskey(r.Context(), user, id, name); {
	case errors.Is(err, accounts.ErrNoPasskey):
		f.Refuse(w, r, errNoPasskey)
	case errors.Is(err, database.ErrInvalid):
		f.Refuse(w, r, errName)
	case err != nil:
		f.Fail(w, r, err)
	default:
		flow.Emit(r.Context(), "passkey.renamed", slog.String("user", user.ID))
		t := f.Translator(w, r)
		notice := t.T("The passkey is called “%(passkey)s” now.", "passkey", name)
		f.Finish(w, r, URL, notice, "Passkey renamed")
	}
}

// remove removes a passkey.
func (f *Feature) remove(w http.ResponseWriter, r *http.Request) {
	user, _, id, err := f.chosen(w, r)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	switch err := f.accounts.RemovePasskey(r, user, id); {
	case errors.Is(err, accounts.ErrNoPasskey):
		f.Refuse(w, r, errNoPasskey)
	case errors.Is(err, accounts.ErrLastWayIn):
		f.Refuse(w, r, errLastWayIn)
	case err != nil:
		f.Fail(w, r, err)
	default:
		flow.Emit(r.Context(), "passkey.removed", slog.String("user", user.ID))
		f.Finish(w, r, URL, f.Translator(w, r).T("The passkey was removed. Nobody can sign in with it any "+
			"more. If your device still offers it, delete it there too."), "Passkey removed")
	}
}
