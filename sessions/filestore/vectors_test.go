package filestore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/signing"
)

// record is a record of the topic file_sessions, or of the kind file_key of
// sessions.
type record struct {
	JSON       string
	SessionKey string `json:"session_key"`
	File       string
	Mode       string
	Content    string
	SecretKey  string `json:"secret_key"`
	Key        *string
	OK         bool
	Prefix     string `json:"file_prefix"`
	Path       string `json:"session_file_path_default"`
}

func TestVectors(t *testing.T) {
	for _, v := range vectors.Load(t, "file_sessions") {
		r := &record{}
		v.DecodeAll(t, r)
		switch v.Kind() {
		case "file":
			checkFile(t, v, r)
		case "settings":
			if r.Prefix != "SESSION_COOKIE_NAME" || r.Path != "tempfile.gettempdir()" {
				t.Errorf("%v: %s", v, v.JSON)
			}
		default:
			t.Errorf("%v: no check for this kind", v)
		}
	}
}

// checkFile reads Django's file, and one of our own.
func checkFile(t *testing.T, v vectors.Record, r *record) {
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: r.SecretKey}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s, err := New(Config{Codec: codec, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, r.File)
	if err := os.WriteFile(path, []byte(r.Content), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := s.Load(t.Context(), r.SessionKey)
	if err != nil || got.Corrupt != nil || got.Data.JSON() != r.JSON {
		t.Errorf("%v: %v, %v; want %s", v, got, err, r.JSON)
		return
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	got.Expires = time.Now().Add(time.Hour)
	if err := s.Create(t.Context(), r.SessionKey, got); err != nil {
		t.Errorf("%v: %v", v, err)
	}
	info, err := os.Stat(path)
	if err != nil || fmt.Sprintf("0o%o", info.Mode().Perm()) != r.Mode {
		t.Errorf("%v: mode %v, %v", v, info, err)
	}
	own, err := os.ReadFile(path)
	if payload, _, _ := strings.Cut(r.Content, ":"); err != nil || !strings.HasPrefix(r.Content, ".") && !strings.HasPrefix(string(own), payload+":") {
		t.Errorf("%v: wrote %s, want %s", v, own, r.Content)
	}
}

func TestVectorsOfKeys(t *testing.T) {
	for _, v := range vectors.Load(t, "sessions") {
		if v.Kind() != "file_key" {
			continue
		}
		r := &record{}
		v.DecodeAll(t, r)
		if r.Key == nil || len(*r.Key) < 8 {
			t.Logf("%v does not apply: the session has no key then, and no store is asked", v)
			continue
		}
		if validKey(*r.Key) != r.OK {
			t.Errorf("%v: %q", v, *r.Key)
		}
		s, err := newStore(Config{Dir: t.TempDir(), CookieName: "sessionid"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(t.Context(), *r.Key); !errors.Is(err, sessions.ErrNotFound) {
			t.Errorf("%v: %v", v, err)
		}
	}
}
