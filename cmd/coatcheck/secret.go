package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/internal/textfile"
)

// secretFlags say where the secret key is. The key itself is no flag, since
// everybody on a machine can read the flags of its processes.
type secretFlags struct {
	File          string `group:"secret" name:"secret-key-file" placeholder:"PATH" help:"File with the secret key (Django's SECRET_KEY). Default: $$COATCHECK_SECRET_KEY or $$SECRET_KEY if set, else the file coatcheck.secret beside the SQLite database or in the current folder, which serve makes on its first run."`
	FallbacksFile string `group:"secret" name:"secret-key-fallbacks-file" placeholder:"PATH" help:"File with former keys, one a line, that still verify (SECRET_KEY_FALLBACKS)."`
	AcceptSHA1    bool   `group:"secret" name:"accept-sha1" env:"COATCHECK_ACCEPT_SHA1" help:"Also accept what a Django 3.2 with DEFAULT_HASHING_ALGORITHM = 'sha1' signed."`
}

// secret is a key and what there is to say about it. It does not print itself.
type secret struct {
	key       string
	fallbacks []string
	made      string // the file that was made for it
}

// keys are all of them, for the layers.
func (s secret) keys(acceptSHA1 bool) coatcheck.Keys {
	return coatcheck.Keys{Secret: s.key, Fallbacks: s.fallbacks, AcceptSHA1: acceptSHA1}
}

// String hides the key.
func (secret) String() string { return "secret key" }

// GoString hides the key.
func (s secret) GoString() string { return s.String() }

// defaultSecretFile is the name of the file that serve makes.
const defaultSecretFile = "coatcheck.secret"

// load reads the secret key and makes nothing: a file that is named and not there is an
// error, as a misspelt path must not sign everybody out by another key.
func (f *secretFlags) load(folder string, log *slog.Logger) (s secret, err error) {
	ours := os.Getenv(envPrefix + "_SECRET_KEY")
	switch {
	case f.File != "" && ours != "":
		return s, usageError{errors.New("there is a --secret-key-file and a COATCHECK_SECRET_KEY; give " +
			"one of them")}
	case f.File == "" && ours != "":
		s.key = ours
	case f.File == "" && os.Getenv("SECRET_KEY") != "":
		s.key = os.Getenv("SECRET_KEY")
	default:
		if s.key, err = f.readFile(folder, log); err != nil {
			return s, err
		}
	}
	s.fallbacks, err = f.fallbacks(log)
	return s, err
}

// fallbacks reads the former keys.
func (f *secretFlags) fallbacks(log *slog.Logger) (keys []string, err error) {
	if f.FallbacksFile == "" {
		return nil, nil
	}
	text, err := readSecret(f.FallbacksFile, log)
	if err != nil {
		return nil, fmt.Errorf("--secret-key-fallbacks-file: %w", err)
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			keys = append(keys, line)
		}
	}
	return keys, nil
}

// readFile reads the file that is named, or the default one of the folder.
func (f *secretFlags) readFile(folder string, log *slog.Logger) (string, error) {
	if f.File == "" {
		return readSecret(filepath.Join(folder, defaultSecretFile), log)
	}
	key, err := readSecret(f.File, log)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("--secret-key-file: there is no file %s; correct the path, or make it by "+
			"coatcheck serve --create",
			absolute(f.File))
	}
	return key, err
}

// loadOrMake is load for serve: where there is no key, it makes the file that toMake returns.
func (f *secretFlags) loadOrMake(folder string, create bool, log *slog.Logger) (secret, error) {
	made := ""
	if path := f.toMake(folder, create); path != "" {
		ok, err := makeSecretFile(path)
		if err != nil {
			return secret{}, fmt.Errorf("the secret key file could not be made: %w", err)
		}
		if ok {
			made = path
		}
	}
	s, err := f.load(folder, log)
	s.made = made
	return s, err
}

// path is the file of the key, or "" where the key is in the environment.
func (f *secretFlags) path(folder string) string {
	switch {
	case f.File != "":
		return f.File
	case os.Getenv(envPrefix+"_SECRET_KEY") != "" || os.Getenv("SECRET_KEY") != "":
		return ""
	}
	return filepath.Join(folder, defaultSecretFile)
}

// absent reports whether there is no key anywhere, and none is named.
func (f *secretFlags) absent(folder string) bool { return f.toMake(folder, false) != "" }

// toMake returns the file that serve makes for a key: the default one where there is no key
// anywhere, or with create the one that is named and not there; "" for none.
func (f *secretFlags) toMake(folder string, create bool) string {
	path := f.path(folder)
	if f.File != "" && (!create || os.Getenv(envPrefix+"_SECRET_KEY") != "") || path == "" {
		return ""
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return path
}

// isCredential reports whether systemd handed the file over. Its folder is closed to others,
// and the mode of the file shows the mask of an access control list there.
func isCredential(path string) bool {
	folder := os.Getenv("CREDENTIALS_DIRECTORY")
	return folder != "" && filepath.Dir(absolute(path)) == filepath.Clean(folder)
}

// readSecret reads a file without the line ends at its end.
func readSecret(path string, log *slog.Logger) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' && !isCredential(path) {
		log.Warn("others on this machine may read the secret key; chmod it to 0600", "file", path, "mode",
			info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err == nil {
		text, err = textfile.Decode(text)
	}
	if err != nil {
		return "", err
	}
	key := strings.TrimRight(string(text), "\r\n")
	if key == "" {
		return "", fmt.Errorf("the secret key file %s is empty; write the key into it, or delete it if "+
			"serve made it", path)
	}
	return key, nil
}

// makeSecretFile creates a file with a new secret key that its owner alone may
// read, and says so; a file that is there is left alone. Nobody ever sees half
// a key, so that two servers may start in one folder at the same time.
func makeSecretFile(path string) (made bool, err error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".coatcheck-*") // 0600
	if err != nil {
		return false, err
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(newSecretKey() + "\n")
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return false, err
	}
	err = os.Link(temp.Name(), path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return false, nil
	case err != nil: // volumes without hard links say so by many errors
		return renameOnce(temp.Name(), path)
	}
	return true, nil
}

// lockWait is how long a server waits for another one that creates the key.
const lockWait = 5 * time.Second

// renameOnce renames a file to path, unless something is there, without a hard link: of many
// servers that start at once, the one that makes the folder beside it does, and the others
// wait.
func renameOnce(temp, path string) (made bool, err error) {
	lock := path + ".lock"
	for end := time.Now().Add(lockWait); ; time.Sleep(10 * time.Millisecond) {
		if err = os.Mkdir(lock, 0o700); !errors.Is(err, fs.ErrExist) {
			break
		}
		if _, err := os.Lstat(path); err == nil {
			return false, nil
		}
		if time.Now().After(end) {
			return false, fmt.Errorf("another server began to make it and did not end; if none is "+
				"starting, remove the folder %s", lock)
		}
	}
	if err != nil {
		return false, err
	}
	defer os.Remove(lock)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	err = os.Rename(temp, path)
	return err == nil, err
}

// newSecretKey returns 390 bits in 78 characters; Django's own have 50.
func newSecretKey() string { return rand.Text() + rand.Text() + rand.Text() }
