package validate

import (
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var anna = Attributes{"username": "anna.karenina", "first_name": "Anna", "last_name": "Karénina", "email": "anna@example.com"}

// codes are the codes of what is wrong.
func codes(t testing.TB, err error) []string {
	t.Helper()
	var wrong Errors
	if err != nil && !errors.As(err, &wrong) {
		t.Fatal(err)
	}
	all := []string{}
	for _, one := range wrong {
		all = append(all, one.Code)
	}
	return all
}

func TestValidatePassword(t *testing.T) {
	for raw, want := range map[string][]string{
		"":                      {"password_too_short"},
		"123":                   {"password_too_short", "password_too_common", "password_entirely_numeric"},
		"٣٣٣٣٣٣٣٣②²":            {"password_entirely_numeric"},
		"½½½½½½½½":              {},
		"  PassWord1\u00a0":     {"password_too_common"},
		"KARENINAanna":          {"password_too_similar"},
		"naKARÉNI":              {"password_too_similar"},
		"ü2ü2ü2ü":               {"password_too_short"},
		"ü2ü2ü2üx":              {},
		"correct horse battery": {},
	} {
		if got := codes(t, Password(t.Context(), raw, anna, Default())); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
	if err := Password(t.Context(), "", nil, nil); err != nil {
		t.Errorf("without validators: %v", err)
	}
	err := Password(t.Context(), "12", nil, []Validator{MinimumLength{MinLength: 3}, Numeric{}})
	if want := "This password is too short. It must contain at least 3 characters.\nThis password is entirely numeric."; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	var one *Error
	if !errors.As(err, &one) || one.Params["min_length"] != 3 {
		t.Errorf("the first error is %+v", one)
	}
}

// history refuses former passwords, and cannot judge without a user.
type history struct{ former map[string]bool }

var errDown = errors.New("the history is down")

func (history) HelpText() string { return `Your password can't be <old> & "used".` }

func (h history) Validate(_ context.Context, raw string, user Attributes) error {
	switch {
	case user == nil:
		return errDown
	case h.former[raw]:
		return &Error{Code: "password_used", Message: "This password was used before."}
	}
	return nil
}

func (h history) PasswordChanged(_ context.Context, raw string, user Attributes) error {
	if user == nil {
		return errDown
	}
	h.former[raw] = true
	return nil
}

func TestOwnValidator(t *testing.T) {
	own := []Validator{history{map[string]bool{}}, MinimumLength{}}
	if err := Password(t.Context(), "short", anna, own[:1]); err != nil {
		t.Error(err)
	}
	if err := Changed(t.Context(), "short", anna, own); err != nil {
		t.Error(err)
	}
	if got := codes(t, Password(t.Context(), "short", anna, own)); !slices.Equal(got, []string{"password_used", "password_too_short"}) {
		t.Errorf("got %q", got)
	}
	var wrong Errors
	if err := Password(t.Context(), "short", nil, own); !errors.Is(err, errDown) || errors.As(err, &wrong) {
		t.Errorf("a validator that is down: %v", err)
	}
	if err := Changed(t.Context(), "short", nil, own); !errors.Is(err, errDown) {
		t.Errorf("an observer that is down: %v", err)
	}
	want := "<ul><li>Your password can&#39;t be &lt;old&gt; &amp; &#34;used&#34;.</li><li>Your password must contain at least 8 characters.</li></ul>"
	if got := HelpTextHTML(own); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := HelpTextHTML(nil); got != "" {
		t.Errorf("without validators: %s", got)
	}
}

func TestCheckValidators(t *testing.T) {
	for want, validators := range map[string][]Validator{
		"validator 1 is nil":                       {Numeric{}, nil},
		"MaxSimilarity must be at least 0.1":       {UserAttributeSimilarity{MaxSimilarity: 0.09}},
		"it must be positive, or 0 for 8":          {CommonPassword{}, MinimumLength{MinLength: -1}},
		"validate: validator 0: UserAttributeSimi": {UserAttributeSimilarity{MaxSimilarity: -1}},
	} {
		if err := Check(validators); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want %q", err, want)
		}
	}
	if err := Check(append(Default(), history{}, UserAttributeSimilarity{MaxSimilarity: 0.1})); err != nil {
		t.Error(err)
	}
}

func TestSimilarityNames(t *testing.T) {
	user := Attributes{"nick_name": "butterfly", "shoe": "", "company": "Acme Corporation"}
	v := UserAttributeSimilarity{Attributes: []string{"absent", "shoe", "nick_name", "company"}, VerboseNames: map[string]string{"company": "employer"}}
	for raw, want := range map[string]string{
		"butterfly7":  "The password is too similar to the nick name.",
		"CORPORATION": "The password is too similar to the employer.",
		"caterpillar": "",
	} {
		got := ""
		if err := v.Validate(t.Context(), raw, user); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

func TestList(t *testing.T) {
	text := "zebra\r\n  \u0130i \rfoo bar\n\nlast"
	plain := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(plain, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(t.TempDir(), "list.gz")
	f, err := os.Create(packed)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	z.Write([]byte(text))
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{plain, packed} {
		list, err := LoadList(path)
		if err != nil {
			t.Fatal(err)
		}
		for word, want := range map[string]bool{
			"zebra": true, " ZeBRA\t": true, "foo bar": true, "last": true, "": true, "   ": true,
			"foo": false, "zebra\nfoo bar": false, "İi": false, // a list must be lowercase
		} {
			if list.Has(word) != want {
				t.Errorf("%s: Has(%q) is %v", path, word, !want)
			}
		}
		if list.Len() != 5 {
			t.Errorf("%s: %d words", path, list.Len())
		}
		if got := codes(t, Password(t.Context(), "password", nil, []Validator{CommonPassword{List: list}})); len(got) > 0 {
			t.Errorf("%s: Django's list is in use: %q", path, got)
		}
	}
	if err := os.WriteFile(packed, []byte("\x1f\x8bbroken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadList(packed); err == nil {
		t.Error("a broken file was read")
	}
	if _, err := LoadList(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent file: %v", err)
	}
}

// TestHugePasswords: whatever is sent, judging it takes time that grows with its
// length alone (CVE-2021-45115). Work that grew with the square of a megabyte would not
// end within the test's time.
func TestHugePasswords(t *testing.T) {
	const size = 1 << 20
	validators := Default()
	var distinct strings.Builder
	for r := rune(0x4E00); distinct.Len() < size; r++ {
		distinct.WriteRune(0x4E00 + r%20000)
	}
	for name, raw := range map[string]string{
		"a letter": strings.Repeat("a", size), "digits": strings.Repeat("1", size), "spaces": strings.Repeat(" ", size),
		"sigmas": strings.Repeat("Σ", size/2), "many letters": distinct.String(), "no UTF-8": strings.Repeat("\xff", size),
	} {
		for other, user := range map[string]Attributes{
			"anna": anna, "as long": {"username": raw[:utf8.RuneLen('1')] + raw[1:]},
			"many words": {"username": strings.Repeat("a-", size/2), "email": strings.Repeat("a ", 100) + distinct.String()},
		} {
			judged := make(chan error, 1)
			go func() { judged <- Password(t.Context(), raw, user, validators) }()
			select {
			case <-judged:
			case <-time.After(time.Minute):
				t.Fatalf("%s, %s: not judged within a minute", name, other)
			}
		}
	}
}
