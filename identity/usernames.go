package identity

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/fold"
	"github.com/coatcheck/coatcheck/internal/pystr"
)

// MaxUsername is the greatest length of a username in code points.
const MaxUsername = 150

// FieldError is what is wrong with a text that a visitor typed. Its text is
// Django's sentence and is meant for the visitor.
type FieldError struct {
	Code    string // Django's code of the error: "required", "max_length", "invalid", ...
	Message string // the sentence, in English
	// Params are what the message was made of, for translations: "limit_value" and
	// "show_value" of the code "max_length".
	Params map[string]any

	format string // the sentence with its placeholders, where it has any; see NewFieldError
}

// NewFieldError returns an error whose sentence has placeholders, with their values in
// pairs: "limit_value", "7" for %(limit_value)s.
func NewFieldError(code, format string, params ...string) *FieldError {
	e := &FieldError{Code: code, Params: map[string]any{}, format: format}
	for i := 1; i < len(params); i += 2 {
		e.Params[params[i-1]] = params[i]
	}
	e.Message = e.MessageIn(nil)
	return e
}

// TooLong returns the error of the code "max_length" about a text of n characters. Django:
// MaxLengthValidator.
func TooLong(limit, n int) *FieldError {
	e := &FieldError{Code: "max_length", Params: map[string]any{"limit_value": limit, "show_value": n}}
	e.Message = e.MessageIn(nil)
	return e
}

var tooLongOne, tooLongMany = i18n.MarkN("Ensure this value has at most %(limit_value)d character (it has %(show_value)d).",
	"Ensure this value has at most %(limit_value)d characters (it has %(show_value)d).")

// MessageIn is the message in another language.
func (e *FieldError) MessageIn(t *i18n.Translator) string {
	if limit, ok := e.Params["limit_value"].(int); ok && e.Code == "max_length" {
		return t.N(tooLongOne, tooLongMany, limit, e.Params)
	}
	if e.format != "" {
		return t.T(e.format, e.Params)
	}
	return t.T(e.Message)
}

// Error is the message.
func (e *FieldError) Error() string { return e.Message }

// What [CleanUsername] and [CleanEmail] find. They return these very values, so
// errors.Is tells them apart; texts that are too long get an error of the code
// "max_length" that counts the characters.
var (
	ErrRequired = &FieldError{Code: "required", Message: i18n.Mark("This field is required.")}
	ErrNUL      = &FieldError{Code: "null_characters_not_allowed", Message: i18n.Mark("Null characters are not allowed.")}

	ErrInvalidUsername = &FieldError{
		Code:    "invalid",
		Message: i18n.Mark("Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."),
	}
	ErrInvalidASCIIUsername = &FieldError{
		Code: "invalid",
		Message: i18n.Mark("Enter a valid username. This value may contain only unaccented lowercase a-z " +
			"and uppercase A-Z letters, numbers, and @/./+/-/_ characters."),
	}
	ErrInvalidEmail = &FieldError{Code: "invalid", Message: i18n.Mark("Enter a valid email address.")}
)

// ErrUsernameRequired means that a program gave no username for a new user. Django's
// create_user: "The given username must be set".
var ErrUsernameRequired = errors.New("identity: the given username must be set")

// NormalizeUsername is the one spelling of names that look alike to Unicode: its
// form NFKC, in which ﬁ is fi and full-width letters are plain ones. It is as
// long to compute as the text is long, and may be longer: check the length of
// what comes from outside first. Django: normalize_username.
func NormalizeUsername(username string) string { return pystr.NFKC(username) }

// ValidUsername reports whether a username consists of letters and numbers of any
// script and of @ . + - _ only, and of at least one. Combining marks are no
// letters, so the vowel signs of Devanagari are refused, as in Django. The length
// is not looked at. Django: UnicodeUsernameValidator, ^[\w.@+-]+\Z.
func ValidUsername(username string) bool {
	for _, r := range username { // a byte that is no UTF-8 comes as U+FFFD, which is no letter
		if !pystr.IsWord(r) && !isUsernameSign(r) {
			return false
		}
	}
	return username != ""
}

// ValidASCIIUsername is [ValidUsername] for the letters and digits of ASCII.
// Django: ASCIIUsernameValidator.
func ValidASCIIUsername(username string) bool {
	for _, r := range username {
		if r >= utf8.RuneSelf || !pystr.IsWord(r) && !isUsernameSign(r) {
			return false
		}
	}
	return username != ""
}

func isUsernameSign(r rune) bool { return r == '@' || r == '.' || r == '+' || r == '-' }

// CleanUsername is the username that a visitor typed as it is to be stored: white
// space around it falls away, then it is normalized and validated. The error is
// a [*FieldError]: ErrRequired, ErrNUL, ErrInvalidUsername or one of the code
// "max_length".
//
// It must have at most [MaxUsername] code points, before and after: it is
// measured before anything else looks at it, because normalizing a long text is
// costly and may make it 18 times as long (CVE-2023-46695), and again after,
// because the column is not longer. Django: UserCreationForm's username.
func CleanUsername(raw string) (string, error) {
	username, err := CleanLoginName(raw)
	if err != nil {
		return "", err
	}
	if !ValidUsername(username) {
		return "", ErrInvalidUsername
	}
	return username, nil
}

// CleanLoginName is the username that a visitor signs in with: as
// [CleanUsername], but not validated, because a name that is none belongs to no
// account. Django: UsernameField, the username of AuthenticationForm.
func CleanLoginName(raw string) (string, error) { return cleanLogin(raw, MaxUsername) }

// CleanLoginEmail is [CleanLoginName] where users sign in by their email
// address, which is longer. As in Django it is not put into any form but NFKC.
func CleanLoginEmail(raw string) (string, error) { return cleanLogin(raw, maxEmailColumn) }

func cleanLogin(raw string, limit int) (string, error) {
	username := pystr.Strip(raw)
	if username == "" {
		return "", ErrRequired
	}
	if err := checkLength(username, limit); err != nil {
		return "", err
	}
	username = NormalizeUsername(username)
	if err := checkLength(username, limit); err != nil {
		return "", err
	}
	if strings.IndexByte(username, 0) >= 0 {
		return "", ErrNUL
	}
	return username, nil
}

// checkLength compares the number of code points with the limit. It does not
// return a FieldError, which as an error would never be nil.
func checkLength(s string, limit int) error {
	if len(s) <= limit {
		return nil
	}
	n := utf8.RuneCountInString(s)
	if n <= limit {
		return nil
	}
	return TooLong(limit, n)
}

// SameIdentifier compares two usernames or addresses as people read them:
// normalized and without case, so that "Alice" is "ALICE", and "straße" is
// "STRASSE". It is for asking whether one was taken or meant, and it is stricter
// than what a database finds by its own case rules.
// Django: _unicode_ci_compare (CVE-2019-19844).
func SameIdentifier(a, b string) bool { return FoldIdentifier(a) == FoldIdentifier(b) }

// FoldIdentifier is the text that [SameIdentifier] compares: a key for what must
// count together, such as failed logins.
func FoldIdentifier(s string) string { return fold.Name(s) }
