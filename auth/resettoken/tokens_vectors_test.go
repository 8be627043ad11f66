package resettoken_test

import (
	"encoding/hex"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/signing"
)

// resetRecord is a record of the topic reset_tokens; each kind has some of the
// fields.
type resetRecord struct {
	N, Encoded, Back   string // base36
	Input, Result, Hex string // base36_decode, uidb64_decode
	Error              any
	Value              string // uidb64

	Note, Token string // token, check, tz_token
	OK          bool
	SecretKey   string `json:"secret_key"`
	LocalNow    string `json:"local_now"`
	Epoch       int64
	TimeZone    string `json:"TIME_ZONE"`
	Settings    struct {
		Timeout   int64    `json:"PASSWORD_RESET_TIMEOUT"`
		SecretKey string   `json:"SECRET_KEY"`
		Fallbacks []string `json:"SECRET_KEY_FALLBACKS"`
	}
	Fields *struct {
		PK        int64
		Username  string
		Password  string
		LastLogin string `json:"last_login"`
		Email     string
		Active    *bool `json:"is_active"`
	}
}

// user is the user of a record, and the zone of its last login, which Django
// takes as it is.
func (r resetRecord) user(t *testing.T) (*database.User, *time.Location) {
	t.Helper()
	if r.Fields == nil {
		return nil, nil
	}
	f := r.Fields
	u := &database.User{ID: strconv.FormatInt(f.PK, 10), Username: f.Username, Password: password.Hash(f.Password), Email: f.Email}
	if f.LastLogin == "" {
		return u, nil
	}
	at, err := time.Parse(time.RFC3339Nano, f.LastLogin)
	if err != nil {
		at, err = time.Parse("2006-01-02T15:04:05.999999", f.LastLogin) // naive
	}
	if err != nil {
		t.Fatal(err)
	}
	u.LastLogin = at.UTC()
	return u, at.Location()
}

// generator is what Django's would be, at the time of the record.
func (r resetRecord) generator(t *testing.T, c resettoken.Config) *resettoken.Generator {
	t.Helper()
	now := time.Unix(r.Epoch, 0)
	if r.TimeZone == "" { // the clock on the wall says local_now, whatever the zone
		var err error
		if now, err = time.Parse("2006-01-02T15:04:05.999999", r.LocalNow); err != nil {
			t.Fatal(err)
		}
	} else {
		loc, err := time.LoadLocation(r.TimeZone)
		if err != nil {
			t.Fatal(err)
		}
		c.TimeZone = loc
	}
	c.Keys.Secret = r.SecretKey
	if r.Settings.SecretKey != "" {
		c.Keys.Secret, c.Keys.Fallbacks = r.Settings.SecretKey, r.Settings.Fallbacks
	}
	c.Timeout = time.Duration(r.Settings.Timeout) * time.Second
	g, err := resettoken.New(c)
	if err != nil {
		t.Fatal(err)
	}
	g.SetNow(func() time.Time { return now })
	return g
}

func TestResetTokenVectors(t *testing.T) {
	agreed := map[string]int{}
	for _, record := range vectors.Load(t, "reset_tokens") {
		var r resetRecord
		record.DecodeAll(t, &r)
		ok := false
		switch record.Kind() {
		case "base36":
			ok = base36(t, r)
		case "base36_decode":
			ok = base36Decode(t, r)
		case "uidb64":
			ok = resettoken.EncodeUID(r.Value) == r.Encoded
		case "uidb64_decode":
			ok = uidDecode(r)
		case "token", "tz_token":
			u, zone := r.user(t)
			g := r.generator(t, resettoken.Config{LoginZone: zone})
			ok = g.Make(u) == r.Token && g.Check(u, r.Token)
		case "check":
			u, zone := r.user(t)
			c := resettoken.Config{LoginZone: zone, Keys: signing.Keys{AcceptSHA1: strings.HasPrefix(record.Django(), "3.")}}
			ok = r.generator(t, c).Check(u, r.Token) == r.OK
		default:
			t.Errorf("%v: a kind that nobody tests", record)
			continue
		}
		if !ok {
			t.Errorf("%v disagrees: %s", record, record.JSON)
			continue
		}
		agreed[record.Kind()]++
	}
	t.Logf("agreed: %v", agreed)
}

func base36(t *testing.T, r resetRecord) bool {
	t.Helper()
	n, valid := new(big.Int).SetString(r.N, 10)
	if !valid {
		t.Fatal(r.N)
	}
	decimal, seconds, ok := resettoken.ParseTimestamp(r.Encoded)
	return ok && n.Text(36) == r.Encoded && decimal == r.Back && (!n.IsInt64() || seconds == n.Int64())
}

// base36Decode: what Python reads and we do not is never written, so that no
// token that begins with it is made again.
func base36Decode(t *testing.T, r resetRecord) bool {
	t.Helper()
	decimal, _, ok := resettoken.ParseTimestamp(r.Input)
	if ok {
		return r.Error == nil && decimal == r.Result
	}
	n, read := new(big.Int).SetString(r.Result, 10)
	return !read || n.Text(36) != r.Input || n.Sign() < 0
}

func uidDecode(r resetRecord) bool {
	id, err := resettoken.DecodeUID(r.Input)
	want, _ := hex.DecodeString(r.Hex)
	if err != nil { // also what Django decodes and then finds is no UTF-8
		raw, _ := json.Marshal(string(want))
		return r.Error != nil || strings.Contains(string(raw), `\ufffd`)
	}
	return r.Error == nil && id == string(want)
}
