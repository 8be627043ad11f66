package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
	"github.com/coatcheck/coatcheck/signing"
)

const someKey = "0123456789abcdefghijklmnopqrstuv"

func TestConfigIsChecked(t *testing.T) {
	for _, c := range []sessions.Config{
		{},
		{Store: sessionstest.NewMemory(), CookieAge: -1},
		{Store: sessionstest.NewMemory(), CookieSameSite: "sometimes"},
	} {
		if _, err := sessions.New(c); err == nil {
			t.Errorf("no error for %+v", c)
		}
	}
	c := mustEngine(t, sessions.Config{Store: sessionstest.NewMemory(), CookieSameSite: "omit"}).Config()
	if c.CookieName != "sessionid" || c.CookieAge != 14*24*time.Hour || c.CookiePath != "" || c.CookieSameSite != "" || c.Logger == nil {
		t.Errorf("defaults: %+v", c)
	}
	if _, err := sessions.NewCodec(sessions.CodecConfig{}); err == nil {
		t.Error("a codec without a key")
	}
}

// TestStateMachine checks Django's flags after each kind of use.
func TestStateMachine(t *testing.T) {
	type flags struct{ accessed, modified, empty bool }
	ctx := t.Context()
	for _, tt := range []struct {
		name string
		key  string
		use  func(s *sessions.Session) error
		want flags
		log  string
	}{
		{"untouched, no key", "", func(*sessions.Session) error { return nil }, flags{false, false, true}, ""},
		{"untouched, a key", someKey, func(*sessions.Session) error { return nil }, flags{}, ""},
		{"read, no key", "", func(s *sessions.Session) error { _, _, err := s.Get(ctx, "a"); return err }, flags{true, false, true}, ""},
		{"read", someKey, func(s *sessions.Session) error { _, _, err := s.Get(ctx, "a"); return err }, flags{true, false, false}, "load"},
		{"read, unknown key", strings.Repeat("x", 32), func(s *sessions.Session) error { _, _, err := s.Get(ctx, "a"); return err }, flags{true, false, true}, "load"},
		{"set", someKey, func(s *sessions.Session) error { return s.Set(ctx, "b", 2) }, flags{true, true, false}, "load"},
		{"delete present", someKey, func(s *sessions.Session) error { _, err := s.Delete(ctx, "a"); return err }, flags{true, true, false}, "load"},
		{"delete absent", someKey, func(s *sessions.Session) error { _, err := s.Delete(ctx, "z"); return err }, flags{true, false, false}, "load"},
		{"clear", someKey, func(s *sessions.Session) error { s.Clear(); return nil }, flags{true, true, false}, ""},
		{"flush", someKey, func(s *sessions.Session) error { return s.Flush(ctx) }, flags{true, true, true}, "delete"},
		{"cycle", someKey, func(s *sessions.Session) error { return s.CycleKey(ctx) }, flags{true, true, false}, "load move"},
		{"set modified", someKey, func(s *sessions.Session) error { s.SetModified(); return nil }, flags{false, true, false}, ""},
		{"save", someKey, func(s *sessions.Session) error { return s.Save(ctx) }, flags{true, false, false}, "load update"},
		{"short key", "short", func(s *sessions.Session) error { return s.Set(ctx, "a", 1) }, flags{true, true, false}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := sessionstest.NewMemory()
			m.Put(someKey, `{"a":1}`)
			s := mustEngine(t, sessions.Config{Store: m}).Session(tt.key)
			if err := tt.use(s); err != nil {
				t.Fatal(err)
			}
			if got := (flags{s.Accessed(), s.Modified(), s.IsEmpty()}); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if got := strings.Join(m.Log(), " "); got != tt.log {
				t.Errorf("the store was asked %q, want %q", got, tt.log)
			}
		})
	}
}

func TestTypedAccess(t *testing.T) {
	ctx, s := t.Context(), mustEngine(t, sessions.Config{Store: sessionstest.NewMemory()}).Session("")
	type cart struct{ Items []string }
	if err := s.Set(ctx, "cart", cart{[]string{"ü"}}); err != nil {
		t.Fatal(err)
	}
	if v, ok, err := sessions.Get[cart](ctx, s, "cart"); err != nil || !ok || !slices.Equal(v.Items, []string{"ü"}) {
		t.Error(v, ok, err)
	}
	if v, ok, err := sessions.Get[int](ctx, s, "none"); err != nil || ok || v != 0 {
		t.Error(v, ok, err)
	}
	if _, _, err := sessions.Get[int](ctx, s, "cart"); err == nil {
		t.Error("a value of another type must give an error")
	}
	for range 3 {
		if err := sessions.Update(ctx, s, "n", func(n int) int { return n + 1 }); err != nil {
			t.Fatal(err)
		}
	}
	if text, _, _ := s.Get(ctx, "n"); text != "3" {
		t.Error(text)
	}
	if err := sessions.Update(ctx, s, "cart", func(n int) int { return n }); err == nil {
		t.Error("an update of another type must give an error")
	}
	if err := s.Set(ctx, "f", func() {}); err == nil {
		t.Error("a func has no JSON")
	}
	if err := s.Set(ctx, "nan", math.NaN()); err != nil {
		t.Error(err)
	}
	if text, err := s.Text(ctx, "cart"); text != "" || err != nil {
		t.Error("Text of an object:", text, err)
	}
}

// TestPop: what was there is returned once, and what does not fit stays.
func TestPop(t *testing.T) {
	ctx, m := t.Context(), sessionstest.NewMemory()
	m.Put(someKey, `{"step":3,"name":"x"}`)
	s := mustEngine(t, sessions.Config{Store: m}).Session(someKey)
	for i, want := range []bool{true, false} {
		if step, ok, err := sessions.Pop[int](ctx, s, "step"); err != nil || ok != want || ok != (step == 3) {
			t.Errorf("%d: %d, %v, %v", i, step, ok, err)
		}
	}
	if _, ok, err := sessions.Pop[int](ctx, s, "name"); err == nil || ok {
		t.Errorf("a text as a number: %v, %v", ok, err)
	}
	if text, err := s.Text(ctx, "name"); text != "x" || err != nil {
		t.Errorf("it is gone: %q, %v", text, err)
	}
}

// TestOutageIsAnError: a store that fails is neither an empty session nor a
// lost key, in any operation.
func TestOutageIsAnError(t *testing.T) {
	ctx, broken := t.Context(), errors.New("connection refused")
	for name, use := range map[string]func(s *sessions.Session) error{
		"get":    func(s *sessions.Session) error { _, _, err := s.Get(ctx, "a"); return err },
		"text":   func(s *sessions.Session) error { _, err := s.Text(ctx, "a"); return err },
		"data":   func(s *sessions.Session) error { _, err := s.Data(ctx); return err },
		"set":    func(s *sessions.Session) error { return s.Set(ctx, "a", 1) },
		"delete": func(s *sessions.Session) error { _, err := s.Delete(ctx, "a"); return err },
		"save":   func(s *sessions.Session) error { return s.Save(ctx) },
		"create": func(s *sessions.Session) error { return s.Create(ctx) },
		"flush":  func(s *sessions.Session) error { return s.Flush(ctx) },
		"cycle":  func(s *sessions.Session) error { return s.CycleKey(ctx) },
		"age":    func(s *sessions.Session) error { _, err := s.ExpiryAge(ctx); return err },
		"date":   func(s *sessions.Session) error { _, err := s.ExpiryDate(ctx); return err },
		"close":  func(s *sessions.Session) error { _, err := s.ExpiresAtBrowserClose(ctx); return err },
		"update": func(s *sessions.Session) error { return sessions.Update(ctx, s, "a", func(n int) int { return n }) },
	} {
		m := sessionstest.NewMemory()
		m.Put(someKey, `{"a":1}`)
		m.FailWith(broken)
		s := mustEngine(t, sessions.Config{Store: m}).Session(someKey)
		err := use(s)
		var store *sessions.StoreError
		if !errors.Is(err, broken) || !errors.As(err, &store) {
			t.Errorf("%s: %v", name, err)
		}
		if string(s.Key()) != someKey {
			t.Errorf("%s: the key is lost", name)
		}
		m.FailWith(nil)
		if text, ok, err := s.Get(ctx, "a"); text != "1" || !ok || err != nil {
			t.Errorf("%s: after the outage: %q %v %v", name, text, ok, err)
		}
	}
}

func TestMergeKeepsBothChanges(t *testing.T) {
	ctx, m := t.Context(), sessionstest.NewMemory()
	m.Put(someKey, `{"_auth_user_hash":"old","a":1,"gone":1}`)
	e := mustEngine(t, sessions.Config{Store: m})
	slow, fast := e.Session(someKey), e.Session(someKey)
	for _, err := range []error{
		slow.Set(ctx, "cart", 1), second(slow.Delete(ctx, "gone")),
		fast.Set(ctx, "_auth_user_hash", "new"), fast.Set(ctx, "a", 2), fast.Save(ctx), slow.Save(ctx),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := m.Sessions()[someKey]; got != `{"_auth_user_hash":"new","a":2,"cart":1}` {
		t.Errorf("merged: %s", got)
	}
	late := e.Session(someKey)
	late.Clear()
	if err := errors.Join(late.Set(ctx, "only", true), late.Save(ctx)); err != nil {
		t.Fatal(err)
	}
	if got := m.Sessions()[someKey]; got != `{"only":true}` {
		t.Errorf("cleared: %s", got)
	}
}

func second[T any](_ T, err error) error { return err }

func TestExpirySetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		at := time.Now().Add(36*time.Hour + 1500*time.Microsecond)
		for _, tt := range []struct {
			set    func(*sessions.Session) error
			stored string
			age    time.Duration
			close  bool
			local  *time.Location
		}{
			{func(s *sessions.Session) error { return s.SetExpiryAge(ctx, 90*time.Second) }, "90", 90 * time.Second, false, nil},
			{func(s *sessions.Session) error { return s.SetExpireAtBrowserClose(ctx) }, "0", sessions.DefaultCookieAge, true, nil},
			{func(s *sessions.Session) error { return s.SetExpiryDate(ctx, at.UTC()) }, `"2000-01-02T12:00:00.001500+00:00"`, 36 * time.Hour, false, nil},
			{func(s *sessions.Session) error { return s.SetExpiryDate(ctx, at.UTC()) }, `"2000-01-02T12:00:00.001500"`, 36 * time.Hour, false, time.UTC},
			{func(s *sessions.Session) error {
				return errors.Join(s.SetExpiryAge(ctx, time.Minute), s.ClearExpiry(ctx))
			}, "", sessions.DefaultCookieAge, false, nil},
		} {
			s := mustEngine(t, sessions.Config{Store: sessionstest.NewMemory(), Location: tt.local}).Session("")
			if err := tt.set(s); err != nil {
				t.Fatal(err)
			}
			stored, _, _ := s.Get(ctx, "_session_expiry")
			age, err := s.ExpiryAge(ctx)
			atClose, _ := s.ExpiresAtBrowserClose(ctx)
			if stored != tt.stored || age != tt.age || atClose != tt.close || err != nil {
				t.Errorf("stored %s, age %v, at close %v, %v; want %s, %v, %v", stored, age, atClose, err, tt.stored, tt.age, tt.close)
			}
		}
	})
}

func TestBadExpiryIsRefused(t *testing.T) {
	ctx := t.Context()
	s := mustEngine(t, sessions.Config{Store: sessionstest.NewMemory()}).Session("")
	if err := s.Set(ctx, "_session_expiry", "tomorrow"); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(ctx); !errors.Is(err, sessions.ErrExpiry) {
		t.Errorf("save: %v", err)
	}
}

func TestNewKey(t *testing.T) {
	form, seen := regexp.MustCompile(`^[a-z0-9]{32}$`), map[string]bool{}
	counts := map[rune]int{}
	for range 20000 {
		key := sessions.NewKey()
		if !form.MatchString(key) || seen[key] {
			t.Fatalf("key %q", key)
		}
		seen[key] = true
		for _, c := range key {
			counts[c]++
		}
	}
	var chi float64
	const want = 20000.0 * 32 / 36
	for _, n := range counts {
		chi += (float64(n) - want) * (float64(n) - want) / want
	}
	if len(counts) != 36 || chi > 100 { // 35 degrees of freedom: beyond 100 in one run of 10^7
		t.Errorf("%d letters, chi square %.1f", len(counts), chi)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	data, err := sessions.ParseData(`{"k":"canary"}`)
	if err != nil {
		t.Fatal(err)
	}
	key := sessions.Key("canarycanarycanarycanarycanarycan")
	for _, v := range []any{
		data, &data,
		sessions.Record{Data: data},
		&sessions.Record{Data: data}, key,
		sessions.CodecConfig{Keys: signing.Keys{Secret: "canary", Fallbacks: []string{"canary"}}},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, "canary") {
				t.Errorf("%s of %T prints a secret: %s", verb, v, out)
			}
		}
	}
}

func TestCorruptDataIsAnEmptySessionThatKeepsItsKey(t *testing.T) {
	m := sessionstest.NewMemory()
	m.Put(someKey, "rotten")
	trace := flow.NewTrace()
	ctx := flow.WithSink(t.Context(), trace)
	s := mustEngine(t, sessions.Config{Store: m}).Session(someKey)
	if _, ok, err := s.Get(ctx, "_auth_user_id"); ok || err != nil {
		t.Error(ok, err)
	}
	if string(s.Key()) != someKey || s.IsEmpty() || s.Modified() {
		t.Error("the key must be kept")
	}
	if out := trace.Format(""); !strings.Contains(out, "corrupt") || strings.Contains(out, someKey) {
		t.Errorf("trace: %s", out)
	}
}

func TestFromContext(t *testing.T) {
	if _, err := sessions.FromContext(context.Background()); !errors.Is(err, sessions.ErrNoSession) {
		t.Error(err)
	}
}

func TestData(t *testing.T) {
	var d sessions.Data
	for _, key := range []string{"b", "a", "c"} {
		if err := d.Set(key, ` [ "ü" ] `); err != nil {
			t.Fatal(err)
		}
	}
	if d.Set("x", "{") == nil {
		t.Error("bad JSON was taken")
	}
	twin := d.Clone()
	if !d.Delete("a") || d.Delete("a") || d.Len() != 2 || twin.Len() != 3 {
		t.Errorf("%d, %d", d.Len(), twin.Len())
	}
	var keys []string
	for key := range d.All() {
		keys = append(keys, key)
	}
	if !slices.Equal(keys, []string{"b", "c"}) {
		t.Error(keys)
	}
}

func FuzzDecode(f *testing.F) {
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: "fuzz"}})
	if err != nil {
		f.Fatal(err)
	}
	signer, err := signing.NewTimestamp(signing.Config{Key: "fuzz", Salt: sessions.DefaultSalt})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{`{"a":1}`, `[]`, `{"a":NaN,"a":"\ud83d"}`, "{\"\xff\":1}", `.eJw`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if _, err := codec.Decode(in); err == nil {
			t.Fatalf("%q is not signed", in)
		}
		data, err := codec.Decode(signer.DumpsText(in, true))
		if err != nil {
			if !errors.Is(err, signing.ErrMalformed) {
				t.Fatalf("%q: %v", in, err)
			}
			return
		}
		encoded, err := codec.Encode(data)
		if err != nil {
			t.Fatal(err)
		}
		again, err := codec.Decode(encoded)
		if err != nil || again.JSON() != data.JSON() {
			t.Fatalf("%q: %q then %q, %v", in, data.JSON(), again.JSON(), err)
		}
	})
}
