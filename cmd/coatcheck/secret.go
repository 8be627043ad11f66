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
)

// secretFlags say where the secret key is. The key itself is no flag, since
// everybody on a machine can read the flags of its processes.
type secretFlags struct {
	File          string `group:"secret" name:"secret-key-file" placeholder:"PATH" help:"File with the secret key (Django's SECRET_KEY). Default: $$COATCHECK_SECRET_KEY or $$SECRET_KEY if set, else the file coatcheck.secret beside the SQLite database or in the current folder, which is made on the first run."`
	FallbacksFile string `group:"secret" name:"secret-key-fallbacks-file" placeholder:"PATH" help:"File with former keys, one a line, that still verify (SECRET_KEY_FALLBACKS)."`
	AcceptSHA1    bool   `group:"secret" name:"accept-sha1" env:"COATCHECK_ACCEPT_SHA1" help:"Also accept what a Django 3.2 with DEFAULT_HASHING_ALGORITHM = 'sha1' signed."`
}

// secret is a key and what there is to say about it. It does not print itself.
type secret struct {
	key       string
	fallbacks []string
	made      string // the file that was made for it
}

// String hides the key.
func (secret) String() string { return "secret key" }

// GoString hides the key.
func (s secret) GoString() string { return s.String() }

// defaultSecretFile is the name of the file that serve makes.
const defaultSecretFile = "coatcheck.secret"

// load reads the secret key, or makes one in the default file of the folder
// where there is none anywhere.
func (f *secretFlags) load(folder string, log *slog.Logger) (s secret, err error) {
	path := f.File
	ours := os.Getenv(envPrefix + "_SECRET_KEY")
	switch {
	case path != "" && ours != "":
		return s, usageError{errors.New("there is a --secret-key-file and a COATCHECK_SECRET_KEY; give one of them")}
	case path == "" && ours != "":
		s.key = ours
	case path == "" && os.Getenv("SECRET_KEY") != "":
		s.key = os.Getenv("SECRET_KEY")
	default:
		if path == "" {
			path = filepath.Join(folder, defaultSecretFile)
		}
		var made bool
		if made, err = makeSecretFile(path); err != nil {
			return s, fmt.Errorf("the secret key file could not be made: %w", err)
		}
		if made {
			s.made = path
		}
		if s.key, err = readSecret(path, log); err != nil {
			return s, err
		}
	}
	if f.FallbacksFile != "" {
		text, err := readSecret(f.FallbacksFile, log)
		if err != nil {
			return s, err
		}
		for line := range strings.Lines(text) {
			if line = strings.TrimRight(line, "\r\n"); line != "" {
				s.fallbacks = append(s.fallbacks, line)
			}
		}
	}
	return s, nil
}

// absent says whether there is no key anywhere, so that load would make one.
func (f *secretFlags) absent(folder string) bool {
	if f.File != "" || os.Getenv(envPrefix+"_SECRET_KEY") != "" || os.Getenv("SECRET_KEY") != "" {
		return false
	}
	_, err := os.Stat(filepath.Join(folder, defaultSecretFile))
	return errors.Is(err, fs.ErrNotExist)
}

// readSecret reads a file without the line ends at its end.
func readSecret(path string, log *slog.Logger) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		log.Warn("others on this machine may read the secret key; chmod it to 0600", "file", path, "mode", info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	key := strings.TrimRight(string(text), "\r\n")
	if key == "" {
		return "", fmt.Errorf("the secret key file %s is empty; delete it to get a new key", path)
	}
	return key, nil
}

// makeSecretFile makes a file with a new secret key that its owner alone may
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
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}

// newSecretKey gives 390 bits in 78 characters; Django's own have 50.
func newSecretKey() string { return rand.Text() + rand.Text() + rand.Text() }
