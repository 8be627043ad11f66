package passkeys

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/device"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/pages"
)

// The limits of what a request may bring.
const (
	maxName       = 80       // characters
	maxCredential = 24 << 10 // bytes of the response of an authenticator, in JSON
	maxID         = 1023     // bytes of a credential ID (WebAuthn 3, 7.1)
	purposeAdd    = "add"
)

// What is said about passkeys that cannot be added.
var (
	sayNone = i18n.Mark("Your browser made no passkey. Adding one needs JavaScript, and a browser that " +
		"knows passkeys.")
	sayStale = i18n.Mark("The page was open for too long, or was used already. Please try again.")
	sayWrong = i18n.Mark("This passkey could not be checked. Please try again, or use another browser or " +
		"device.")
	sayMany  = i18n.Mark("You have 20 passkeys, which is the most. Remove one that you do not use any more.")
	sayTaken = i18n.Mark("This passkey is added already.")
	sayName  = &identity.FieldError{
		Code: "invalid", Message: i18n.Mark("This name has characters that cannot be stored here."),
	}
)

// add stores a passkey of the signed-in user, which the script of the page has made.
func (f *Feature) add(w http.ResponseWriter, r *http.Request) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	p, err := f.party(r)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	if r.Method != http.MethodPost && !negotiate.HTML(r) {
		f.offer(w, r, p, user)
		return
	}
	t := f.Translator(w, r)
	f.ServeForm(w, r, pages.FormView{
		Template: "passkey_add.html",
		Shown:    "passkey.form", Refused: "passkey.refused", Failed: "passkey.failed",
		Form: func(b pages.Body) *pages.Form {
			name := &pages.Field{
				Name: "name", Label: t.T("Name"), Type: "text", Autocomplete: "off", MaxLength: maxName,
				Help: t.T("By which you know it again in the list."),
			}
			if b == nil {
				name.Value = deviceName(t, r)
			}
			return &pages.Form{Submit: t.T("Add a passkey"), Fields: []*pages.Field{name}}
		},
		Act: func(b pages.Body, form *pages.Form) error { return f.take(r, t, p, user, b, form) },
		Done: func(form *pages.Form) {
			notice := t.T("The passkey “%(passkey)s” was added.", "passkey", form.Fields[0].Value)
			f.Finish(w, r, URL, notice, "Passkey added")
		},
	})
}

// deviceName is what a passkey is called by default: by what it was made.
func deviceName(t *i18n.Translator, r *http.Request) string {
	browser, system := device.Describe(r.UserAgent())
	switch {
	case browser != "" && system != "":
		return t.T("%(browser)s on %(system)s", "browser", browser, "system", system)
	case browser+system != "":
		return browser + system
	}
	return t.T("Passkey")
}

// offered is what the script asks for before it asks the browser.
type offered struct {
	PublicKey any    `json:"publicKey"`
	State     string `json:"state"`
}

// offer responds with the options for a new passkey.
func (f *Feature) offer(w http.ResponseWriter, r *http.Request, p party, user *auth.User) {
	a, err := f.account(r, user)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	verifier, err := f.verifier(p)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	challenge, sealed, err := f.challenge(w, r, p, purposeAdd, user.ID)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	yes := true
	options, _, err := verifier.BeginRegistration(a,
		func(o *protocol.PublicKeyCredentialCreationOptions) error {
			o.Challenge, o.Parameters = challenge, algorithms
			o.CredentialExcludeList = webauthn.Credentials(a.WebAuthnCredentials()).CredentialDescriptors()
			o.AuthenticatorSelection = protocol.AuthenticatorSelection{
				ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: &yes,
				UserVerification: protocol.VerificationRequired,
			}
			return nil
		})
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	flow.Emit(r.Context(), "passkey.offered", slog.String("user", user.ID))
	pages.JSON(w, http.StatusOK, offered{options.Response, sealed})
}

// take checks what the authenticator made and stores it. What is wrong is written into the form.
func (f *Feature) take(
	r *http.Request, t *i18n.Translator, p party, user *auth.User, b pages.Body, form *pages.Form,
) error {
	field := form.Fields[0]
	name, _ := field.Take(b)
	name = strings.TrimSpace(name)
	switch n := utf8.RuneCountInString(name); {
	case name == "":
		name = deviceName(t, r)
	case n > maxName:
		field.Reject(identity.TooLong(maxName, n))
	case strings.ContainsFunc(name, unicode.IsControl):
		field.Reject(sayName)
	}
	if field.Value = name; form.Failed() {
		return nil
	}
	c, err := f.opened(r, p, b["state"].Text, purposeAdd, user.ID)
	made := own.Passkey{}
	switch {
	case b["credential"].Text == "":
		form.Errors = []string{sayNone}
		return nil
	case err == nil:
		made, err = f.created(r, p, user, c, b["credential"].Text)
	}
	if err == nil {
		made.Name = name
		err = f.accounts.AddPasskey(r, user, c, made)
	}
	switch wrong := (*protocol.Error)(nil); {
	case errors.Is(err, accounts.ErrChallenge):
		form.Errors = []string{sayStale}
	case errors.Is(err, accounts.ErrTooManyPasskeys):
		form.Errors = []string{sayMany}
	case errors.Is(err, accounts.ErrPasskeyTaken):
		form.Errors = []string{sayTaken}
	case errors.Is(err, database.ErrInvalid):
		field.Reject(sayName)
	case errors.As(err, &wrong):
		flow.Emit(r.Context(), "passkey.wrong", slog.String("why", wrong.Details))
		form.Errors = []string{sayWrong}
	case err == nil:
		flow.Emit(r.Context(), "passkey.added", slog.String("user", user.ID))
	default:
		return err
	}
	return nil
}

// created checks the response of an authenticator to a challenge. The error is a
// *protocol.Error, or a failure of the store.
func (f *Feature) created(
	r *http.Request, p party, user *auth.User, c accounts.Challenge, response string,
) (made own.Passkey, err error) {
	parsed, err := parseCreated(response)
	if err != nil {
		return made, err
	}
	a, err := f.account(r, user)
	if err != nil {
		return made, err
	}
	verifier, err := f.verifier(p)
	if err != nil {
		return made, err
	}
	credential, err := verifier.CreateCredential(a, session(c, a.handle), parsed)
	if err != nil {
		return made, refused(err)
	}
	if len(credential.ID) == 0 || len(credential.ID) > maxID {
		return made, protocol.ErrBadRequest.WithDetails("the credential ID has no length of those")
	}
	return own.Passkey{
		IDHash:         accounts.PasskeyHash(credential.ID),
		Credential:     base64.RawURLEncoding.EncodeToString(credential.ID),
		PublicKey:      base64.RawURLEncoding.EncodeToString(credential.PublicKey),
		AAGUID:         hex.EncodeToString(credential.Authenticator.AAGUID),
		Transports:     transports(credential.Transport),
		SignCount:      int64(credential.Authenticator.SignCount),
		BackupEligible: credential.Flags.BackupEligible, BackedUp: credential.Flags.BackupState,
	}, nil
}

// parseCreated parses what navigator.credentials.create returned, as JSON.
func parseCreated(response string) (*protocol.ParsedCredentialCreationData, error) {
	if len(response) > maxCredential {
		return nil, protocol.ErrBadRequest.WithDetails("the response is too large")
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(response))
	return parsed, refused(err)
}

// refused returns an error of go-webauthn as a *protocol.Error, which all are that are about what
// a client sent.
func refused(err error) error {
	if wrong := (*protocol.Error)(nil); err == nil || errors.As(err, &wrong) {
		return err
	}
	return protocol.ErrBadRequest.WithDetails(err.Error()).WithError(err)
}

// transports joins those that are short words, as the known ones are.
func transports(all []protocol.AuthenticatorTransport) string {
	var known []string
	for _, one := range all {
		switch one {
		case protocol.USB, protocol.NFC, protocol.BLE, protocol.Hybrid, protocol.Internal,
			protocol.SmartCard:
			known = append(known, string(one))
		}
	}
	if len(known) > 6 {
		known = known[:6]
	}
	return strings.Join(known, ",")
}
