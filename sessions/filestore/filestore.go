package filestore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coatcheck/coatcheck/sessions"
)

// Config specifies where the files are. Only Codec is required.
type Config struct {
	// Codec signs what the files hold.
	Codec *sessions.Codec
	// Dir must be there. When it is empty, it is a folder of this user's own in the
	// system's folder for temporary files, coatcheck-sessions-UID, which is made. Give
	// one that only this program's user can enter: anyone who can list it knows the keys
	// of all sessions, and a warning in the log says so. Django: SESSION_FILE_PATH,
	// whose default is the folder for temporary files itself.
	Dir string
	// CookieName begins the name of each file; "sessionid" when empty. It must be
	// that of sessions.Config. Django: SESSION_COOKIE_NAME.
	CookieName string
	// CookieAge is how long a session lives after its last save;
	// sessions.DefaultCookieAge when 0. It must be that of sessions.Config.
	// Django: SESSION_COOKIE_AGE.
	CookieAge time.Duration
	// Location is that of sessions.Config.
	Location *time.Location
	// Logger gets the warning about Dir. Nil means slog.Default().
	Logger *slog.Logger
}

// Store is a sessions.Store in a folder. It is safe for concurrent use, by
// several processes too.
type Store struct {
	config Config
	folder atomic.Pointer[os.FileInfo] // as it was seen last
}

var (
	_ sessions.Store   = (*Store)(nil)
	_ sessions.Clearer = (*Store)(nil)
	_ sessions.Walker  = (*Store)(nil)
)

// New returns a store. The error is about the configuration, or a folder that is
// not there.
func New(c Config) (*Store, error) {
	if c.Codec == nil {
		return nil, errors.New("filestore: no codec given; set Config.Codec to what sessions.NewCodec returns")
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.CookieName == "" {
		c.CookieName = sessions.DefaultCookieName
	}
	if c.CookieAge == 0 {
		c.CookieAge = sessions.DefaultCookieAge
	}
	if strings.ContainsAny(c.CookieName, `/\:`) || c.CookieName == "." || c.CookieName == ".." {
		return nil, fmt.Errorf("filestore: Config.CookieName is %q, which no file can be called", c.CookieName)
	}
	if err := c.folder(); err != nil {
		return nil, err
	}
	return newStore(c)
}

// folder returns the default of Dir, and judges what was given.
func (c *Config) folder() (err error) {
	if c.Dir == "" {
		c.Dir, err = ownFolder()
		return err
	}
	if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() {
		return fmt.Errorf("filestore: Config.Dir %q is not a folder: create it, closed to others (mode 0700)", c.Dir)
	}
	if open, err := OpenToOthers(c.Dir); err == nil && open {
		c.Logger.Warn("other users of this system can enter the folder of sessions, whose file names are the session keys; "+
			"close it to them (chmod 0700), or choose another", "folder", c.Dir)
	}
	return nil
}

// maxSize bounds what is read of a file; what is longer is no session.
const maxSize = 4 << 20

// maxName is the longest name of a file.
const maxName = 255

// path is the file of a key. Only a-z and 0-9 may be in a key, so that none leads
// to another file (Django: _key_to_file).
func (s *Store) path(key string) (string, bool) {
	name := s.config.CookieName + key
	if key == "" || len(name) > maxName || !validKey(key) {
		return "", false
	}
	return filepath.Join(s.config.Dir, name), true
}

func validKey(key string) bool {
	for i := range len(key) {
		if c := key[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// Load reads the file of key. It ends CookieAge after it was last changed, or
// when the session itself says.
func (s *Store) Load(ctx context.Context, key string) (*sessions.Record, error) {
	path, ok := s.path(key)
	if !ok {
		return nil, sessions.ErrNotFound
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := open(path)
	if err != nil {
		return nil, s.missing("load", err)
	}
	defer f.Close()
	r, err := s.read(f)
	if err == nil && !r.Expires.After(time.Now()) {
		err = expiredError{}
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// expiredError is sessions.ErrNotFound of a session whose file is still there.
type expiredError struct{}

// Error is that of sessions.ErrNotFound.
func (expiredError) Error() string { return sessions.ErrNotFound.Error() }

// Unwrap returns sessions.ErrNotFound.
func (expiredError) Unwrap() error { return sessions.ErrNotFound }

// Expired reports that the session was there, for the flow.
func (expiredError) Expired() bool { return true }

// Stored returns what the file of key holds and when it ends, even if it has ended. It returns
// sessions.ErrNotFound if there is no file.
func (s *Store) Stored(ctx context.Context, key string) (text string, expires time.Time, err error) {
	path, ok := s.path(key)
	if !ok {
		return "", time.Time{}, sessions.ErrNotFound
	}
	if err := ctx.Err(); err != nil {
		return "", time.Time{}, err
	}
	f, err := open(path)
	if err != nil {
		return "", time.Time{}, s.missing("load", err)
	}
	defer f.Close()
	r, err := s.read(f)
	if err != nil {
		return "", time.Time{}, err
	}
	return r.Version, r.Expires, nil
}

// read decodes an open file. An empty one is a session that Django is about to
// create.
func (s *Store) read(f *os.File) (*sessions.Record, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fault("load", err)
	}
	if !info.Mode().IsRegular() {
		return nil, sessions.ErrNotFound
	}
	content, err := contentOf(f)
	if err != nil {
		return nil, err
	}
	r := &sessions.Record{Version: content}
	switch {
	case len(content) > maxSize:
		r.Corrupt = fmt.Errorf("the file is longer than %d bytes", maxSize)
	case content != "":
		r = s.config.Codec.Record(content)
	}
	r.Expires, err = r.Data.Expiry(info.ModTime(), s.config.CookieAge, s.config.Location)
	if err != nil { // the session tells of it when it is used
		r.Expires = info.ModTime().Add(s.config.CookieAge)
	}
	return r, nil
}

// Create writes a file, readable for its owner only.
func (s *Store) Create(ctx context.Context, key string, r *sessions.Record) error {
	path, ok := s.path(key)
	if !ok {
		return fmt.Errorf("filestore: create: %w", errKey)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.there("create"); err != nil {
		return err
	}
	content, err := s.link(path, r)
	if err == nil {
		r.Version = content
	}
	return err
}

// link creates a file where there is none.
func (s *Store) link(path string, r *sessions.Record) (content string, err error) {
	temp, content, err := s.write(path, r)
	if err != nil {
		return "", err
	}
	defer os.Remove(temp)
	err = os.Link(temp, path) // unlike a rename this never replaces
	if err != nil && !errors.Is(err, os.ErrExist) {
		err = renameNew(temp, path) // volumes without hard links say so by many errors
	}
	if errors.Is(err, os.ErrExist) {
		return "", sessions.ErrExists
	}
	if err != nil {
		return "", fault("create", err)
	}
	return content, nil
}

// renameNew renames temp to path where nothing is, without a hard link. For a moment there is
// an empty file, as Django has one.
func renameNew(temp, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err = errors.Join(f.Close(), os.Rename(temp, path)); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

var errKey = errors.New("a session key may hold a-z and 0-9 only")

// Update replaces the file if it still holds what was loaded.
func (s *Store) Update(ctx context.Context, key string, r *sessions.Record) error {
	path, ok := s.path(key)
	if !ok {
		return sessions.ErrNotFound
	}
	held, err := s.lockVersion(ctx, "update", path, r.Version)
	if err != nil {
		return err
	}
	defer held.Close()
	temp, content, err := s.write(path, r)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	if err := replace(temp, path); err != nil {
		return s.missing("update", err)
	}
	r.Version = content
	return nil
}

// Move creates a file under the new key and removes the old one, if that still holds what
// was loaded.
func (s *Store) Move(ctx context.Context, old, new string, r *sessions.Record) error {
	from, ok := s.path(old)
	if !ok {
		return sessions.ErrNotFound
	}
	path, ok := s.path(new)
	if !ok {
		return fmt.Errorf("filestore: move: %w", errKey)
	}
	held, err := s.lockVersion(ctx, "move", from, r.Version)
	if err != nil {
		return err
	}
	defer held.Close()
	content, err := s.link(path, r)
	if err != nil {
		return err
	}
	if err := os.Remove(from); err != nil { // a program that knows no lock has removed it
		return errors.Join(s.missing("move", err), os.Remove(path))
	}
	r.Version = content
	return nil
}

// Delete removes the file.
func (s *Store) Delete(ctx context.Context, key string) error {
	path, ok := s.path(key)
	if !ok {
		return nil
	}
	held, err := lock(ctx, path)
	if errors.Is(err, os.ErrNotExist) {
		return s.there("delete")
	}
	if err != nil {
		return fault("delete", err)
	}
	defer held.Close()
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fault("delete", err)
	}
	return nil
}

// write creates a new file beside the session's. Its time is such that a reader
// who adds the session's age to it, as Django does, comes to the record's end.
func (s *Store) write(path string, r *sessions.Record) (temp, content string, err error) {
	content, err = s.config.Codec.Encode(r.Data)
	if err == nil && len(content) > maxSize {
		err = sessions.ErrTooLarge
	}
	if err != nil {
		return "", "", err
	}
	now := time.Now()
	ends, err := r.Data.Expiry(now, s.config.CookieAge, s.config.Location)
	if err != nil {
		return "", "", err
	}
	f, err := os.CreateTemp(s.config.Dir, filepath.Base(path)+temporary+"*") // mode 0600
	if err != nil {
		return "", "", fault("write", err)
	}
	_, err = f.WriteString(content)
	changed := now.Add(r.Expires.Sub(ends))
	err = errors.Join(err, f.Close(), os.Chtimes(f.Name(), changed, changed))
	if err != nil {
		return "", "", fault("write", errors.Join(err, os.Remove(f.Name())))
	}
	return f.Name(), content, nil
}

// temporary is in the name of files that are being written, as Django has it.
const temporary = "_out_"

// missing turns an absent file into an absent session, if the folder is there. A link,
// or a path through what is no folder, is none either.
func (s *Store) missing(op string, err error) error {
	if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, errLink) {
		return fault(op, err)
	}
	if err := s.there(op); err != nil {
		return err
	}
	return sessions.ErrNotFound
}

// fault leaves out the path, which ends in the session key.
func fault(op string, err error) error {
	var inPath *os.PathError
	var inLink *os.LinkError
	switch {
	case errors.As(err, &inPath):
		err = inPath.Err
	case errors.As(err, &inLink):
		err = inLink.Err
	}
	return fmt.Errorf("filestore: %s: %w", op, err)
}
