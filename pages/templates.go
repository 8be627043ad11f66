package pages

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

//go:embed templates
var ownFiles embed.FS

// shared are the templates that the pages are made of; every other one is a
// page.
var shared = []string{"base.html", "form.html"}

// Templates are the files that all pages share: the layout, the parts of forms, the
// stylesheet, the script, and the pages of Kit itself.
func Templates() fs.FS {
	own, err := fs.Sub(ownFiles, "templates")
	if err != nil {
		panic(err) // they are embedded
	}
	return own
}

// readTemplates reads the files of the folders, those that replace them and those that are
// added.
func (k *Kit) readTemplates(folders []fs.FS, given fs.FS) error {
	files, err := readFiles(folders, given)
	if err != nil {
		return err
	}
	k.style = newStatic(stylesheetName, "text/css; charset=utf-8", files[stylesheetName]+k.config.Brand.CSS())
	delete(files, stylesheetName)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name != scriptName && strings.HasSuffix(name, ".js") { // of a feature
			files[scriptName] += files[name]
			delete(files, name)
		}
	}
	k.script = newStatic(scriptName, "text/javascript; charset=utf-8", files[scriptName])
	delete(files, scriptName)
	k.base = template.New("")
	for _, name := range shared {
		if _, err := k.base.New(name).Parse(files[name]); err != nil {
			return fmt.Errorf("pages: template %s: %w", name, err)
		}
		delete(files, name)
	}
	k.templates = map[string]*template.Template{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if k.templates[name], err = parsePage(k.base, name, files[name]); err != nil {
			return fmt.Errorf("pages: template %s: %w", name, err)
		}
	}
	return nil
}

// parsePage reads the template of a page, and finds out by a trial whether html/template
// can escape it, which it only decides when it executes it. Data is missing in the trial,
// so that other errors mean nothing.
func parsePage(base *template.Template, name, text string) (*template.Template, error) {
	page, err := base.Clone()
	if err == nil {
		_, err = page.New(name).Parse(text)
	}
	if err != nil {
		return nil, err
	}
	var unsafe *template.Error
	whole := page.Lookup("base.html")
	switch err := whole.Execute(io.Discard, nil); {
	case !errors.As(err, &unsafe):
		return whole, nil
	case page.Lookup("main") == nil:
		return nil, errors.New(`it has no part "main"; put the page between {{define "main"}} and {{end}}`)
	default:
		return nil, err
	}
}

// readFiles reads the files of the folders, each from given where that has it, and the pages
// that given adds.
func readFiles(folders []fs.FS, given fs.FS) (map[string]string, error) {
	files := map[string]string{}
	for _, folder := range folders {
		own, err := readAll(folder)
		if err != nil {
			return nil, err
		}
		delete(own, OpenAPIFile)
		for name, text := range own {
			if _, twice := files[name]; twice {
				return nil, fmt.Errorf("views: two features have a template %q; give one of them another "+
					"name", name)
			}
			files[name] = text
		}
	}
	if given == nil {
		return files, nil
	}
	others, err := readAll(given)
	if err != nil {
		return nil, err
	}
	for name, text := range others {
		if _, ours := files[name]; !ours && !strings.HasSuffix(name, ".html") {
			return nil, fmt.Errorf("pages: Config.Templates has %q; a page is a file whose name ends in "+
				".html, and the other files are %s and %s (use fs.Sub for files in a folder)",
				name, stylesheetName, scriptName)
		}
		files[name] = text
	}
	return files, nil
}

// readAll reads the files of a folder, but for those whose name begins with a dot.
func readAll(from fs.FS) (map[string]string, error) {
	entries, err := fs.ReadDir(from, ".")
	if err != nil {
		return nil, fmt.Errorf("pages: templates: %w", err)
	}
	files := map[string]string{}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if entry.IsDir() {
			files[entry.Name()] = ""
			continue
		}
		text, err := fs.ReadFile(from, entry.Name())
		if err != nil {
			return nil, fmt.Errorf("pages: templates: %w", err)
		}
		files[entry.Name()] = string(text)
	}
	return files, nil
}
