package sessions_test

import (
	"errors"
	"testing"

	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
	"github.com/coatcheck/coatcheck/signing"
)

func pickleCodec(t *testing.T) *sessions.Codec {
	t.Helper()
	c, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: "a key for these tests"}, Serializer: sessions.PickleSerializer})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// signed is the text of a row that holds the payload.
func signed(t *testing.T, payload string) string {
	t.Helper()
	s, err := signing.NewTimestamp(signing.Config{Key: "a key for these tests", Salt: sessions.DefaultSalt})
	if err != nil {
		t.Fatal(err)
	}
	return s.DumpsText(payload, true)
}

func TestPickleCodec(t *testing.T) {
	c := pickleCodec(t)
	data, err := sessions.ParseData(`{"_auth_user_id":"1","cart":[1,2.5,null,true,{"a":"b"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.Encode(data)
	if err != nil {
		t.Fatal(err)
	}
	if r := c.Record(text); r.Corrupt != nil || r.ReadOnly != nil || r.Data.JSON() != data.JSON() || r.Version != text {
		t.Errorf("read back: %s, %v, %v", r.Data.JSON(), r.Corrupt, r.ReadOnly)
	}
	for what, tt := range map[string]struct {
		payload, data string
		corrupt       bool
	}{
		"a tuple":              {"\x80\x04}(\x8c\x01aK\x01\x8c\x01bK\x01\x85u.", `{"a":1}`, false},
		"a call of os.system":  {"\x80\x04}(\x8c\x01aK\x01\x8c\x01bcos\nsystem\n\x8c\x02id\x85Ru.", `{"a":1}`, false},
		"an unknown operation": {"\x80\x04}\xff.", `{}`, true},
		"a list":               {"\x80\x04].", `{}`, true},
		"None":                 {"\x80\x04N.", `{}`, true},
		"JSON":                 {`{"a":1}`, `{}`, true},
	} {
		r := c.Record(signed(t, tt.payload))
		if r.Data.JSON() != tt.data || r.ReadOnly == nil || (r.Corrupt != nil) != tt.corrupt {
			t.Errorf("%s: %s, corrupt %v, read-only %v", what, r.Data.JSON(), r.Corrupt, r.ReadOnly)
		}
	}
	if r := c.Record("forged"); !errors.Is(r.Corrupt, signing.ErrBadSignature) || r.ReadOnly != nil {
		t.Errorf("what nobody signed: %v, %v", r.Corrupt, r.ReadOnly)
	}
}

func TestUnknownSerializer(t *testing.T) {
	if _, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: "k"}, Serializer: "yaml"}); err == nil {
		t.Error("an unknown serializer is taken")
	}
}

// TestRenew: a session with values of another program gets a new key and can be saved;
// those values end with the old key.
func TestRenew(t *testing.T) {
	store, s := foreign(t)
	if err := s.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(t.Context(), "a", 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := store.Sessions()
	if key := string(s.Key()); key == foreignKey || len(got) != 1 || got[key] != `{"_auth_user_id":"1","a":1}` {
		t.Errorf("stored now: %v, key %v", got, s.Key())
	}
}

// TestRenewEnded: a session that another request ended stays ended.
func TestRenewEnded(t *testing.T) {
	store := foreignStore{sessionstest.NewMemory()}
	store.Put(foreignKey, `{}`)
	s := mustEngine(t, sessions.Config{Store: store}).Session(foreignKey)
	if _, err := s.Data(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := store.Delete(t.Context(), foreignKey); err != nil {
		t.Fatal(err)
	}
	if err := s.Renew(t.Context()); !errors.Is(err, sessions.ErrInterrupted) || len(store.Sessions()) != 0 {
		t.Errorf("%v, stored %v", err, store.Sessions())
	}
}
