package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/internal/textfile"
	"github.com/coatcheck/coatcheck/views"
)

// templateFlags say where templates are that replace those of the pages and emails.
type templateFlags struct {
	Dir string `group:"server" name:"templates" placeholder:"DIR" help:"Folder with templates that replace those of the pages, and in its folder emails those of the emails. They are read at the start."`
}

// emailFolder is the folder in that of the templates which has those of the emails.
const emailFolder = "emails"

// apply configures the site, and logs which files of the folder replace nothing: their names
// may be misspelt.
func (f *templateFlags) apply(c *coatcheck.Config, log *slog.Logger) error {
	if f.Dir == "" {
		return nil
	}
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		return fmt.Errorf("--templates: %w", err)
	}
	c.Views.Templates = templateFolder(f.Dir)
	known, added := views.TemplateNames(), []string(nil)
	for _, e := range entries {
		switch name := e.Name(); {
		case e.IsDir() && name == emailFolder:
			c.Accounts.Templates = templateFolder(filepath.Join(f.Dir, emailFolder))
		case !slices.Contains(known, name) && !strings.HasPrefix(name, "."):
			added = append(added, name)
		}
	}
	if len(added) > 0 {
		log.Warn("these templates replace none of ours, and serve shows them nowhere",
			"templates", strings.Join(added, " "), "folder", f.Dir)
	}
	return nil
}

// templateFolder is a folder of templates, which may be text in each encoding that a text
// file may have. The folder of the emails is not in it.
type templateFolder string

// Open opens a file. Templates are read by ReadDir and ReadFile.
func (f templateFolder) Open(name string) (fs.File, error) { return os.DirFS(string(f)).Open(name) }

// ReadDir lists the folder.
func (f templateFolder) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(os.DirFS(string(f)), name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return e.IsDir() && e.Name() == emailFolder
	}), err
}

// ReadFile returns a file in UTF-8.
func (f templateFolder) ReadFile(name string) ([]byte, error) {
	text, err := fs.ReadFile(os.DirFS(string(f)), name)
	if err != nil {
		return nil, err
	}
	if text, err = textfile.DecodeUTF8(text); errors.Is(err, textfile.ErrNotUTF8) {
		err = &fs.PathError{Op: "read", Path: filepath.Join(string(f), name), Err: err}
	}
	return text, err
}
