package oidc

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/pages"
)

// What is said about the button of the list.
var (
	errNone = &pages.Refusal{
		Status:   http.StatusNotFound,
		Sentence: i18n.Mark("You have no such linked account. Perhaps it was unlinked already."),
	}
	errLastWayIn = &pages.Refusal{
		Status: http.StatusConflict,
		Sentence: i18n.Mark("This linked account is your only way to sign in. Link another one, or " +
			"choose a password, before you unlink it."),
	}
)

// Page is what oidc.html shows.
type Page struct {
	Accounts []Row
	// AddURL is the page to link another account; RemoveURL is where the buttons post to.
	AddURL, RemoveURL string
}

// Row is one account at a provider.
type Row struct {
	own.OIDC
	// Label is what the provider is called, or its address if it is not one of this site any more.
	Label string
	// Unused is true until the first login with it.
	Unused bool
}

// list lists the accounts at providers of the user.
func (f *Feature) list(w http.ResponseWriter, r *http.Request) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	all, err := f.accounts.OIDCOf(r.Context(), user)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	flow.Emit(r.Context(), "oidc.list", slog.Int("count", len(all)))
	if !negotiate.HTML(r) {
		pages.JSON(w, http.StatusOK, map[string]any{"accounts": f.describe(all)})
		return
	}
	page := Page{AddURL: f.URL(r, "oidc_add"), RemoveURL: f.URL(r, "oidc_remove")}
	for _, o := range all {
		row := Row{o, f.labelOf(o.Issuer), o.LastUsed.Equal(o.Created)}
		page.Accounts = append(page.Accounts, row)
	}
	f.Render(w, r, http.StatusOK, "oidc.html", page)
}

// labelOf is what the pages call the provider of an issuer.
func (f *Feature) labelOf(issuer string) string {
	for _, p := range f.parties {
		if p.Issuer == issuer {
			return p.label()
		}
	}
	return issuer
}

// accountJSON is an account at a provider in JSON, its times in UTC.
type accountJSON struct {
	ID       string     `json:"id"`
	Provider string     `json:"provider"`
	Issuer   string     `json:"issuer"`
	Name     string     `json:"name"`
	Created  time.Time  `json:"created"`
	LastUsed *time.Time `json:"last_used"` // null before the first login
}

func (f *Feature) describe(all []own.OIDC) []accountJSON {
	out := make([]accountJSON, len(all))
	for i, o := range all {
		out[i] = accountJSON{
			o.IDHash, f.labelOf(o.Issuer), o.Issuer, o.Name,
			o.Created.UTC().Truncate(time.Second), nil,
		}
		if used := o.LastUsed.UTC().Truncate(time.Second); !o.LastUsed.Equal(o.Created) {
			out[i].LastUsed = &used
		}
	}
	return out
}

// Offer is a provider at which an account can be linked.
type Offer struct {
	Name string `json:"name"`
	// URL leads there. It is for this user and this browser, and no longer than a few minutes.
	URL string `json:"url"`
}

// add offers the providers at which an account can be linked.
func (f *Feature) add(w http.ResponseWriter, r *http.Request) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	known := know(w, r)
	offers := make([]Offer, len(f.parties))
	for i, p := range f.parties {
		ticket, err := f.accounts.SealChallenge(accounts.Challenge{
			Text: p.Name, Purpose: purposeTicket, RPID: p.Name, UserID: user.ID,
			Origin: requestinfo.Origin(r),
		}, known)
		if err != nil {
			f.Fail(w, r, err)
			return
		}
		offers[i] = Offer{p.label(), requestinfo.Below(r, URL+p.Name+"/start/?link="+ticket)}
	}
	if !negotiate.HTML(r) {
		pages.JSON(w, http.StatusOK, map[string]any{"providers": offers})
		return
	}
	f.Render(w, r, http.StatusOK, "oidc_add.html", offers)
}

// remove unlinks an account at a provider.
func (f *Feature) remove(w http.ResponseWriter, r *http.Request) {
	b, err := pages.ReadBody(w, r)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	err = f.unlink(r, user, b["id"].Text)
	switch {
	case errors.Is(err, database.ErrNotFound):
		f.Refuse(w, r, errNone)
	case errors.Is(err, accounts.ErrLastWayIn):
		f.Refuse(w, r, errLastWayIn)
	case err != nil:
		f.Fail(w, r, err)
	default:
		flow.Emit(r.Context(), "oidc.removed", slog.String("user", user.ID))
		f.Finish(w, r, URL, f.Translator(w, r).T("The account was unlinked. Nobody can sign in by it "+
			"any more."), "Account unlinked")
	}
}

// unlink unlinks an account of the user, whose email names the provider.
func (f *Feature) unlink(r *http.Request, user *auth.User, id string) error {
	issuers := make([]string, len(f.parties))
	for i, p := range f.parties {
		issuers[i] = p.Issuer
	}
	passkeys := f.Route("passkey_login").Name != ""
	all, err := f.accounts.OIDCOf(r.Context(), user)
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.IDHash == id {
			return f.accounts.UnlinkOIDC(r, user, id, f.labelOf(o.Issuer), issuers, passkeys)
		}
	}
	return database.ErrNotFound
}
