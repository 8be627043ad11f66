package identity

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/vectors"
)

// TestUsernameVectors: all recorded versions agree with each other here.
func TestUsernameVectors(t *testing.T) {
	counts := map[string]int{}
	for _, r := range vectors.Load(t, "usernames") {
		agrees := true
		switch r.Kind() {
		case "username":
			checkUsername(t, r)
		case "ci_equal":
			agrees = SameIdentifier(vectorText(t, r, "a"), vectorText(t, r, "b"))
		case "ci_compare":
			var want bool
			r.Decode(t, "result", &want)
			agrees = SameIdentifier(vectorText(t, r, "a"), vectorText(t, r, "b")) == want
		case "normalize_email":
			agrees = NormalizeEmail(vectorText(t, r, "input")) == vectorText(t, r, "output")
		case "email_validator":
			var want bool
			r.Decode(t, "valid", &want)
			agrees = ValidEmail(vectorText(t, r, "input")) == want
		case "create_user":
			checkCreated(t, r)
		case "unicode_version":
			if v := vectorText(t, r, "python_unicodedata"); v != "14.0.0" && v != "15.1.0" {
				t.Errorf("%v: %s: internal/pystr compares with 14.0 and 15.1", r, v)
			}
		case "casemap": // tested in internal/pystr
		default:
			t.Errorf("%v: nobody tests this kind", r)
		}
		if !agrees {
			t.Errorf("%v: %s", r, r.JSON)
		}
		counts[r.Kind()]++
	}
	t.Logf("records by kind: %v", counts)
}

// vectorText reads a string; null, Python's None, is the empty one.
func vectorText(t *testing.T, r vectors.Record, field string) string {
	if r.IsNull(field) {
		return ""
	}
	s, ok := r.Text(t, field)
	if !ok {
		t.Fatalf("%v: %s is not UTF-8", r, field)
	}
	return s
}

// checkUsername compares the normal form, both validators, the form field and
// the errors of the model, which validates the username as it is.
func checkUsername(t *testing.T, r vectors.Record) {
	in := vectorText(t, r, "input")
	if got, want := NormalizeUsername(in), vectorText(t, r, "normalized"); got != want {
		t.Errorf("%v: %+q is normalized to %+q, want %+q", r, in, got, want)
	}
	var valid, ascii bool
	r.Decode(t, "unicode_valid", &valid)
	r.Decode(t, "ascii_valid", &ascii)
	if ValidUsername(in) != valid || ValidASCIIUsername(in) != ascii {
		t.Errorf("%v: %+q is valid: %v, in ASCII: %v", r, in, ValidUsername(in), ValidASCIIUsername(in))
	}
	checkField(t, r, in)
	var model struct {
		Username [][2]string `json:"username"`
	}
	r.Decode(t, "model_errors", &model)
	for _, e := range model.Username {
		switch e[0] {
		case "invalid":
			if e[1] != ErrInvalidUsername.Message || valid {
				t.Errorf("%v: %q", r, e)
			}
		case "max_length":
			if err := checkLength(in, MaxUsername); err == nil || err.Error() != e[1] {
				t.Errorf("%v: %v, want %q", r, err, e)
			}
		case "blank":
			if in != "" {
				t.Errorf("%v: %q", r, e)
			}
		default:
			t.Errorf("%v: nobody knows %q", r, e)
		}
	}
	if got, want := NormalizeUsername(in), vectorText(t, r, "after_clean"); got != want {
		t.Errorf("%v: the model cleans %+q to %+q, want %+q", r, in, got, want)
	}
}

// checkField compares the form field. It may find several errors at once; here
// the first counts.
func checkField(t *testing.T, r vectors.Record, in string) {
	got, err := CleanLoginName(in)
	if r.Has("field_clean") {
		if want := vectorText(t, r, "field_clean"); err != nil || got != want {
			t.Errorf("%v: %+q is cleaned to %+q, %v; want %+q", r, in, got, err, want)
		}
		return
	}
	var all [][2]string
	r.Decode(t, "field_errors", &all)
	var field *FieldError
	if !errors.As(err, &field) || field.Code != all[0][0] || field.Message != all[0][1] {
		t.Errorf("%v: %+q: %v, want %q", r, in, err, all)
	}
}

// checkCreated compares what is stored of the name and the address, and the
// sentence of the error; making users is tested with the service.
func checkCreated(t *testing.T, r vectors.Record) {
	if r.Has("error") {
		var want struct {
			Msg string `json:"msg"`
		}
		r.Decode(t, "error", &want)
		if !strings.EqualFold("identity: "+want.Msg, ErrUsernameRequired.Error()) || vectorText(t, r, "username") != "" {
			t.Errorf("%v: %v, want %q", r, ErrUsernameRequired, want.Msg)
		}
		return
	}
	var want struct{ Username, Email string }
	if err := json.Unmarshal(r.Raw("result"), &want); err != nil {
		t.Fatal(err)
	}
	name, email := NormalizeUsername(vectorText(t, r, "username")), NormalizeEmail(vectorText(t, r, "email"))
	if name != want.Username || email != want.Email {
		t.Errorf("%v: %q, %q; want %q, %q", r, name, email, want.Username, want.Email)
	}
}
