package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/internal/server"
	"github.com/coatcheck/coatcheck/internal/textfile"
)

// homeFlag puts a page or a redirect at the address /.
type homeFlag struct {
	Home string `group:"server" name:"home" placeholder:"FILE|URL" help:"What visitors find at / instead of the home page: a file FILE.html, or an address to redirect to, https://shop.example/ or /shop/."`

	handler http.Handler // that apply made; nil for the page of the site
}

// homeFile is the template that shows the home page.
const homeFile = "home.html"

// apply configures the site where the home page is a template, and keeps the handler of one
// that is not.
func (f *homeFlag) apply(c *coatcheck.Config) (err error) {
	f.handler, err = f.read(c)
	return err
}

// read is apply that returns the handler; nil for the site's own.
func (f *homeFlag) read(c *coatcheck.Config) (http.Handler, error) {
	switch ending := strings.ToLower(path.Ext(f.Home)); {
	case f.Home == "":
		return nil, nil
	case strings.Contains(f.Home, "://"):
		u, err := url.Parse(f.Home)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return nil, f.wrong("a redirect leads to an address such as https://shop.example/")
		}
		return server.HomeAt(u.String()), nil
	case ending == ".html" || ending == ".htm":
		return f.file(c)
	case strings.HasPrefix(f.Home, "/"):
		return f.path(c.Site.ScriptName)
	}
	return nil, f.wrong("write a file whose name ends in .html, or an address such as " +
		"https://shop.example/ or /shop/")
}

func (f *homeFlag) wrong(remedy string) error {
	return usageError{fmt.Errorf("--home is %q; %s", f.Home, remedy)}
}

// path redirects to a path of this host, which is not the home page again.
func (f *homeFlag) path(mounted string) (http.Handler, error) {
	u, err := url.Parse(f.Home)
	if err != nil || u.Host != "" || strings.Contains(f.Home, `\`) {
		return nil, f.wrong("a path has one slash in front, as in /shop/")
	}
	if path.Clean(u.Path) == path.Clean("/"+mounted) || path.Clean(u.Path) == "/" {
		return nil, f.wrong("this is the home page itself, so browsers would be redirected without end; " +
			"name another path")
	}
	return server.HomeAt(u.String()), nil
}

// file shows a file: a whole document as it is, and anything else as a template.
func (f *homeFlag) file(c *coatcheck.Config) (http.Handler, error) {
	text, err := os.ReadFile(f.Home)
	if err == nil {
		text, err = textfile.DecodeUTF8(text)
	}
	if err != nil {
		return nil, fmt.Errorf("--home: %w", err)
	}
	begin := bytes.ToLower(bytes.TrimSpace(text[:min(len(text), 512)]))
	switch {
	case len(begin) == 0:
		return nil, f.wrong("the file is empty; write the page into it")
	case bytes.HasPrefix(begin, []byte("<!doctype")), bytes.HasPrefix(begin, []byte("<html")):
		return server.HomePage(text), nil
	}
	c.Views.Templates = homeTemplate{c.Views.Templates, f.Home, text}
	return nil, nil
}

// homeTemplate are the templates of a folder, with another one for the home page.
type homeTemplate struct {
	folder fs.FS // may be nil
	file   string
	text   []byte
}

// Open opens no file: templates are read by ReadDir and ReadFile.
func (h homeTemplate) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: errors.ErrUnsupported}
}

// ReadDir lists the folder, and the template.
func (h homeTemplate) ReadDir(name string) (entries []fs.DirEntry, err error) {
	if h.folder != nil {
		if entries, err = fs.ReadDir(h.folder, name); err != nil {
			return nil, err
		}
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.Name() == homeFile })
	info, err := os.Stat(h.file)
	if err != nil {
		return nil, err
	}
	return append(entries, homeEntry{fs.FileInfoToDirEntry(info)}), nil
}

// ReadFile returns a file of the folder, or the template.
func (h homeTemplate) ReadFile(name string) ([]byte, error) {
	if name == homeFile {
		return h.text, nil
	}
	return fs.ReadFile(h.folder, name)
}

// homeEntry is the file of the template, under the name that it replaces.
type homeEntry struct{ fs.DirEntry }

// Name is that of our template.
func (homeEntry) Name() string { return homeFile }
