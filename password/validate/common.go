package validate

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/pystr"
)

// djangoList is the list of Django 5.2 to 6.1, 19,640 passwords, under Django's
// licence: see django/LICENSE.
//
//go:embed django/common-passwords.txt.gz
var djangoList []byte

// commonPasswords unpacks Django's list when it is first asked for; it takes
// about a megabyte then.
var commonPasswords = sync.OnceValues(func() (*List, error) { return ReadList(bytes.NewReader(djangoList)) })

// CommonPassword refuses passwords of a list, whatever their case and the white
// space around them, with the code "password_too_common". Django:
// CommonPasswordValidator.
type CommonPassword struct {
	// List is Django's own of 5.2 to 6.1 when nil. (Those of 3.2 and 4.2 differ
	// in some of the rarer ones.) Django: password_list_path.
	List *List
}

// Validate looks the password up.
func (v CommonPassword) Validate(_ context.Context, password string, _ Attributes) error {
	list := v.List
	if list == nil {
		var err error
		if list, err = commonPasswords(); err != nil {
			return err
		}
	}
	if !list.Has(password) {
		return nil
	}
	return &Error{Code: "password_too_common", Message: i18n.Mark("This password is too common.")}
}

// HelpText is "Your password can’t be a commonly used password."
func (CommonPassword) HelpText() string {
	return i18n.Mark("Your password can’t be a commonly used password.")
}

// List is a set of passwords in lowercase.
type List struct {
	passwords map[string]struct{}
	longest   int // in characters
}

// LoadList reads a file of passwords as ReadList does.
func LoadList(path string) (*List, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("validate: %w", err)
	}
	defer f.Close()
	return ReadList(f)
}

// ReadList reads passwords, one a line, in UTF-8, as they are or compressed by
// gzip. They must be in lowercase, or nothing equals them; white space
// around them falls away. The list is kept in memory.
func ReadList(r io.Reader) (*List, error) {
	data, err := io.ReadAll(r)
	if err == nil && bytes.HasPrefix(data, []byte{0x1F, 0x8B}) {
		data, err = gunzip(data)
	}
	if err != nil {
		return nil, fmt.Errorf("validate: read the list of passwords: %w", err)
	}
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data))
	list := &List{passwords: make(map[string]struct{}, strings.Count(text, "\n")+1)}
	for line := range strings.Lines(text) {
		word := pystr.Strip(line)
		list.passwords[word] = struct{}{}
		list.longest = max(list.longest, utf8.RuneCountInString(word))
	}
	return list, nil
}

func gunzip(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// Has reports whether a password is in the list, when its letters are made small
// and white space around it falls away.
func (l *List) Has(password string) bool {
	password = pystr.Strip(password)
	if utf8.RuneCountInString(password) > l.longest { // lowercase is not shorter
		return false
	}
	_, found := l.passwords[pystr.Lower(password)]
	return found
}

// Len is how many passwords are in the list.
func (l *List) Len() int { return len(l.passwords) }
