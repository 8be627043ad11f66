package password

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const secretHash = Hash("pbkdf2_sha256$1000$aaaaaaaaaaaaaaaaaaaaaa$21zAyFj2rC1HQcH5MIrmTfL+vPXCJ7xijwVzprMU6+Q=")

func TestHashNeverPrints(t *testing.T) {
	type user struct {
		Name     string
		Password Hash
		Others   []Hash
		Next     *Hash
	}
	next := secretHash
	// A password that somebody stored in the clear must not show either.
	u := user{"eve", secretHash, []Hash{secretHash, "hunter2", "hunter2$x"}, &next}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3s"} {
		fmt.Fprintf(&out, verb+"\n", secretHash)
		fmt.Fprintf(&out, verb+"\n", u)
		fmt.Fprintf(&out, verb+"\n", u.Others)
		fmt.Fprintf(&out, verb+"\n", Hash("hunter2"))
	}
	fmt.Fprintln(&out, secretHash, u, secretHash.String(), secretHash.GoString())
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("in", "hash", secretHash, "user", u, "any", slog.AnyValue(secretHash), "list", u.Others)
	}
	fmt.Fprintln(&out, fmt.Errorf("wrong: %v", secretHash))
	for _, leak := range []string{"21zA", "aaaaaaaa", "1000", "hunter2", fmt.Sprintf("%x", "hunter2"), fmt.Sprintf("%X", "aaaaa")} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("%q leaked", leak)
		}
	}
	if got := fmt.Sprintf("%v %#v", secretHash, secretHash); got != "password.Hash(pbkdf2_sha256) password.Hash(pbkdf2_sha256)" {
		t.Errorf("prints as %s", got)
	}
	for h, want := range map[Hash]string{"": "none", "!x": "unusable", "hunter2": "unknown"} {
		if got := h.String(); got != "password.Hash("+want+")" {
			t.Errorf("%q prints as %s", h.Encoded(), got)
		}
	}
}

func TestHashIsNotForDocuments(t *testing.T) {
	if data, err := json.Marshal(map[string]any{"password": secretHash}); err == nil {
		t.Errorf("JSON: %s", data)
	}
	if data, err := xml.Marshal(struct{ Password Hash }{secretHash}); err == nil {
		t.Errorf("XML: %s", data)
	}
}

func TestHashReachesTheDatabase(t *testing.T) {
	value, err := driver.DefaultParameterConverter.ConvertValue(secretHash)
	if value != string(secretHash) || err != nil {
		t.Errorf("a driver gets %v, %v", value, err)
	}
	if secretHash.Encoded() != string(secretHash) {
		t.Error("Encoded is not the text")
	}
}

func TestHashAlgorithm(t *testing.T) {
	for h, want := range map[Hash]string{
		"":                                      "",
		"!":                                     "",
		"!pbkdf2_sha256$1$s$h":                  "",
		"pbkdf2_sha256$1$s$h":                   "pbkdf2_sha256",
		"pbkdf2_sha256":                         "pbkdf2_sha256",
		"PBKDF2_SHA256$1$s$h":                   "",
		"$argon2id$v=19$m=8,t=1,p=1$c2E$aGg":    "",
		"argon2$argon2id$v=19$m=8,t=1,p=1$c$aG": "argon2",
		"5f4dcc3b5aa765d61d8327deb882cf99":      "unsalted_md5",
		"md5$$5f4dcc3b5aa765d61d8327deb882cf99": "unsalted_md5",
		"md5$$5f4dcc3b5aa765d61d8327deb882cf9\u017f":     "unsalted_md5", // 37 characters
		"md5$$5f4dcc3b5aa765d61d8327deb882cf9":           "md5",
		"sha1$$5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8": "unsalted_sha1",
		"hunter2": "",
	} {
		if got := h.Algorithm(); got != want {
			t.Errorf("%q: %q, want %q", h.Encoded(), got, want)
		}
	}
}

func TestRandomText(t *testing.T) {
	counts := map[rune]int{}
	const n = 62 * 2000
	for _, r := range randomText(n) {
		counts[r]++
	}
	if len(counts) != len(letters) {
		t.Fatalf("%d different characters", len(counts))
	}
	// 2000 expected, standard deviation 44; with a bare modulo the first eight
	// letters would come 2422 times.
	for r, c := range counts {
		if c < 1700 || c > 2300 {
			t.Errorf("%q came %d times", r, c)
		}
	}
	for _, n := range []int{0, 1, 22, 40} {
		if got := len(randomText(n)); got != n {
			t.Errorf("length %d, want %d", got, n)
		}
	}
	if one, other := Unusable(), Unusable(); one == other {
		t.Error("two unusable passwords are equal")
	}
}
