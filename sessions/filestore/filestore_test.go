package filestore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/filestore"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
	"github.com/coatcheck/coatcheck/signing"
)

const secretKey = "a key for these tests"

func codec(t testing.TB) *sessions.Codec {
	t.Helper()
	c, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: secretKey}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func encode(t testing.TB, data sessions.Data) string {
	t.Helper()
	text, err := codec(t).Encode(data)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func open(t testing.TB, c filestore.Config) *filestore.Store {
	t.Helper()
	if c.Codec == nil {
		c.Codec = codec(t)
	}
	s, err := filestore.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	sessionstest.TestStore(t, func(t *testing.T) sessions.Store { return open(t, filestore.Config{Dir: t.TempDir()}) })
}

// TestStoreOfSeveral is the suite over a folder that several stores share, as
// several processes would.
func TestStoreOfSeveral(t *testing.T) {
	sessionstest.TestStore(t, func(t *testing.T) sessions.Store {
		dir := t.TempDir()
		return &several{Store: open(t, filestore.Config{Dir: dir}), other: open(t, filestore.Config{Dir: dir})}
	})
}

type several struct {
	*filestore.Store
	other *filestore.Store
	mu    sync.Mutex // guards what follows
	swap  bool
}

// next is now one, now the other.
func (s *several) next() *filestore.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.swap = !s.swap; s.swap {
		return s.other
	}
	return s.Store
}

func (s *several) Load(ctx context.Context, key string) (*sessions.Record, error) {
	return s.next().Load(ctx, key)
}

func (s *several) Update(ctx context.Context, key string, r *sessions.Record) error {
	return s.next().Update(ctx, key, r)
}

func (s *several) Delete(ctx context.Context, key string) error { return s.next().Delete(ctx, key) }

func create(t *testing.T, s sessions.Store, text string, lifetime time.Duration) (string, *sessions.Record) {
	t.Helper()
	data, err := sessions.ParseData(text)
	if err != nil {
		t.Fatal(err)
	}
	key, r := sessions.NewKey(), &sessions.Record{Data: data, Expires: time.Now().Add(lifetime)}
	if err := s.Create(t.Context(), key, r); err != nil {
		t.Fatal(err)
	}
	return key, r
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func TestNameAndMode(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filestore.Config{Dir: dir, CookieName: "shop"})
	key, r := create(t, s, `{"a":1}`, sessions.DefaultCookieAge)
	for range 2 {
		if all := names(t, dir); len(all) != 1 || all[0] != "shop"+key {
			t.Errorf("files: %q", all)
		}
		info, err := os.Stat(filepath.Join(dir, "shop"+key))
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode() != 0o600 {
			t.Errorf("mode %v", info.Mode())
		}
		if age := time.Since(info.ModTime()); age < -time.Second || age > time.Minute {
			t.Errorf("changed %v ago", age)
		}
		r.Expires = time.Now().Add(sessions.DefaultCookieAge)
		if err := s.Update(t.Context(), key, r); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEnd checks when a file ends that Django wrote now or in the past.
func TestEnd(t *testing.T) {
	const age = time.Hour
	for _, tt := range []struct {
		text  string
		wrote time.Duration // ago
		left  time.Duration // 0 for none
	}{
		{`{}`, 0, age},
		{`{}`, 20 * time.Minute, 40 * time.Minute},
		{`{}`, age + time.Second, 0},
		{`{"_session_expiry":600}`, 0, 10 * time.Minute},
		{`{"_session_expiry":600}`, 11 * time.Minute, 0},
		{`{"_session_expiry":7200}`, 90 * time.Minute, 30 * time.Minute},
		{`{"_session_expiry":0}`, 50 * time.Minute, 10 * time.Minute},
		{`{"_session_expiry":null}`, 50 * time.Minute, 10 * time.Minute},
		{`{"_session_expiry":"` + time.Now().Add(25*time.Hour).UTC().Format("2006-01-02T15:04:05-07:00") + `"}`, 5 * time.Hour, 25 * time.Hour},
		{`{"_session_expiry":"2020-01-01T00:00:00+00:00"}`, 0, 0},
		{`{"_session_expiry":"soon"}`, 0, age},
	} {
		dir := t.TempDir()
		s := open(t, filestore.Config{Dir: dir, CookieAge: age})
		data, err := sessions.ParseData(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		key := sessions.NewKey()
		put(t, dir, key, encode(t, data), time.Now().Add(-tt.wrote))
		r, err := s.Load(t.Context(), key)
		if tt.left == 0 {
			if !errors.Is(err, sessions.ErrNotFound) {
				t.Errorf("%s, %v ago: %v, %v", tt.text, tt.wrote, r, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s, %v ago: %v", tt.text, tt.wrote, err)
			continue
		}
		if off := time.Until(r.Expires) - tt.left; off.Abs() > 30*time.Second {
			t.Errorf("%s, %v ago: ends in %v, want %v", tt.text, tt.wrote, time.Until(r.Expires), tt.left)
		}
		if tt.text == `{"_session_expiry":"soon"}` {
			continue
		}
		if err := s.Update(t.Context(), key, r); err != nil { // must not move the end
			t.Fatal(err)
		}
		again, err := s.Load(t.Context(), key)
		if err != nil || again.Expires.Sub(r.Expires).Abs() > time.Second {
			t.Errorf("%s, %v ago: saved to end at %v, ends at %v, %v", tt.text, tt.wrote, r.Expires, again, err)
		}
	}
}

func put(t testing.TB, dir, key, content string, changed time.Time) {
	t.Helper()
	path := filepath.Join(dir, "sessionid"+key)
	if err := errors.Join(os.WriteFile(path, []byte(content), 0o600), os.Chtimes(path, changed, changed)); err != nil {
		t.Fatal(err)
	}
}

func TestStrangeFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filestore.Config{Dir: dir})
	const key = "strangestrangestrangestrangestra"
	path := filepath.Join(dir, "sessionid"+key)
	for content, corrupt := range map[string]bool{"": false, "nonsense": true, "e30:1r31eq:x": true, strings.Repeat("x", 5<<20): true} {
		put(t, dir, key, content, time.Now())
		r, err := s.Load(t.Context(), key)
		if err != nil || (r.Corrupt != nil) != corrupt || r.Data.Len() != 0 {
			t.Errorf("%.20q: %v, %v", content, r, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "elsewhere")
	put(t, filepath.Dir(target), "", encode(t, sessions.Data{}), time.Now())
	for name, f := range map[string]func() error{
		"folder":        func() error { return os.Mkdir(path, 0o700) },
		"link":          func() error { return os.Symlink(filepath.Join(filepath.Dir(target), "sessionid"), path) },
		"dangling link": func() error { return os.Symlink(target, path) },
	} {
		if err := f(); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Load(t.Context(), key); !errors.Is(err, sessions.ErrNotFound) {
			t.Errorf("%s: %v, %v", name, r, err)
		}
		if err := s.Update(t.Context(), key, &sessions.Record{Expires: time.Now()}); err == nil {
			t.Errorf("%s: was replaced", name)
		}
		if _, err := s.ClearExpired(t.Context()); err != nil {
			t.Errorf("%s: clear: %v", name, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRemovedBehindOurBack: Django removes files without asking for the lock. A
// save that is in flight must not make the file again.
func TestRemovedBehindOurBack(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux can exchange two files")
	}
	dir := t.TempDir()
	s := open(t, filestore.Config{Dir: dir})
	for range 300 {
		key, r := create(t, s, `{"_auth_user_id":"1"}`, time.Hour)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := s.Update(t.Context(), key, r); err != nil && !errors.Is(err, sessions.ErrNotFound) {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if err := os.Remove(filepath.Join(dir, "sessionid"+key)); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if _, err := s.Load(t.Context(), key); !errors.Is(err, sessions.ErrNotFound) {
			t.Fatalf("the session lives again: %v", err)
		}
	}
	if all := names(t, dir); len(all) != 0 {
		t.Errorf("left: %q", all)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filestore.Config{Dir: dir})
	key, r := create(t, s, `{"a":1}`, time.Hour)
	if err := s.Create(t.Context(), key, r); !errors.Is(err, sessions.ErrExists) {
		t.Error(err)
	}
	stale := *r
	stale.Version = "other"
	if err := s.Update(t.Context(), key, &stale); !errors.Is(err, sessions.ErrConflict) {
		t.Error(err)
	}
	r.Data, _ = sessions.ParseData(`{"a":"` + strings.Repeat("\\ud83d", 1<<20) + `"}`)
	big := make([]byte, 0, 8<<20)
	for i := range 8 << 20 {
		big = append(big, "abcdefghijklmnopqrstuvwxyz0123456789"[(i*i+i/7)%36])
	}
	if err := r.Data.Set("b", `"`+string(big)+`"`); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(t.Context(), key, r); err != nil && !errors.Is(err, sessions.ErrTooLarge) {
		t.Error(err)
	}
	if all := names(t, dir); len(all) != 1 {
		t.Errorf("files: %q", all)
	}
}

func TestClearExpiredLeavesOthersAlone(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filestore.Config{Dir: dir})
	live, _ := create(t, s, `{"a":1}`, time.Hour)
	create(t, s, `{"a":1}`, -time.Hour)
	year := time.Now().Add(-365 * 24 * time.Hour)
	for _, name := range []string{"notes.txt", "sessionid", "sessionidREADME", "sessionid.lock", "sessionidabc_out_", "session_out_x"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte("x"), 0o600), os.Chtimes(path, year, year)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.ClearExpired(t.Context()); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	want := []string{"notes.txt", "session_out_x", "sessionid", "sessionid.lock", "sessionidREADME", "sessionid" + live}
	if all := names(t, dir); len(all) != len(want) {
		t.Errorf("left %q, want %q in some order", all, want)
	}
}

func TestErrorsDoNotShowTheKey(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filestore.Config{Dir: dir})
	key, r := create(t, s, `{"a":1}`, time.Hour)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Create(t.Context(), key, r); err == nil || strings.Contains(err.Error(), key) {
		t.Errorf("create without a folder: %v", err)
	}
	if _, err := s.ClearExpired(t.Context()); err == nil {
		t.Error("clear without a folder")
	}
}

func TestNewRefuses(t *testing.T) {
	c, dir := codec(t), t.TempDir()
	for name, config := range map[string]filestore.Config{
		"no codec": {Dir: dir}, "no folder": {Codec: c, Dir: filepath.Join(dir, "none")},
		"cookie name": {Codec: c, Dir: dir, CookieName: "../x"},
	} {
		if _, err := filestore.New(config); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
}

// FuzzFileSession: whatever is in a file, the session is there, or corrupt and
// empty, and nothing fails or costs much; see sessionstest.Hostile. Signed with
// the key, too, whatever the text is: zlib, JSON or neither.
func FuzzFileSession(f *testing.F) {
	dir := f.TempDir()
	s := open(f, filestore.Config{Dir: dir})
	data, err := sessions.ParseData(`{"a":[1,"x"],"_auth_user_id":"1","_session_expiry":600}`)
	if err != nil {
		f.Fatal(err)
	}
	signer, err := signing.NewTimestamp(signing.Config{Key: secretKey, Salt: sessions.DefaultSalt})
	if err != nil {
		f.Fatal(err)
	}
	good := encode(f, data)
	for _, content := range []string{"", good, good[:len(good)-1], "." + good, "e30:1r31eq:x", "eJwDAAAAAAE", ":::", ".:", "\x00"} {
		f.Add(content, false)
	}
	for _, content := range []string{"e30", "eyJhIjoxfQ", ".eJyrVkpUsjKsBQAItAIj", ".eJw", "W10", "."} {
		f.Add(content, true)
	}
	f.Fuzz(func(t *testing.T, content string, signed bool) {
		if signed {
			content = signer.Sign(content)
		}
		const key = "fuzzfuzzfuzzfuzz"
		_ = os.Remove(filepath.Join(dir, "sessionid"+key)) // ext4 flushes a file that is cut to nothing and written anew
		put(t, dir, key, content, time.Now())
		r, err := s.Load(t.Context(), key)
		if err != nil && !(signed && errors.Is(err, sessions.ErrNotFound)) { // it may say itself that it has ended
			t.Fatal(err)
		}
		if err == nil && r.Corrupt != nil && r.Data.Len() > 0 {
			t.Fatal("a corrupt session holds something")
		}
		_, forged := codec(t).Decode(content) // good may be of another second than the one of the corpus
		if err == nil && r.Corrupt == nil && content != "" && forged != nil {
			t.Fatalf("%q was taken", content)
		}
		if user := sessionstest.Hostile(t, s, key); user != "" && forged != nil {
			t.Fatalf("%q was believed", content)
		}
	})
}
