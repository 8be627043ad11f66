package pages

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// docsURL is the address below which the documentation is for sites that do not serve it.
const docsURL = "https://github.com/coatcheck/coatcheck/blob/main/docs/"

// Docs returns the address of a page of Coatcheck's documentation, "flow" or "flow#heading", and
// that of its index for "": on this site where Config.DocsPath says so, else in the repository.
func (k *Kit) Docs(r *http.Request, page string) string {
	name, heading, found := strings.Cut(page, "#")
	if found {
		heading = "#" + heading
	}
	if at := k.config.DocsPath; at != "" {
		return requestinfo.Below(r, at) + name + heading
	}
	if name == "" {
		name = "README"
	}
	return docsURL + name + ".md" + heading
}

// AddPage adds a page in the layout of the site, which Render shows by its name. A program calls
// it after Mount, before it serves requests. A page of that name from Config.Templates stays.
func (k *Kit) AddPage(name, text string) (err error) {
	if k.templates[name] != nil {
		return nil
	}
	if k.templates[name], err = parsePage(k.base, name, text); err != nil {
		return fmt.Errorf("pages: template %s: %w", name, err)
	}
	return nil
}

// AddFile adds a file that is the same for everybody, such as the stylesheet of an added page,
// and returns its path, which changes with the text so that browsers may keep the file for a
// year. A program calls it before it serves requests.
func (k *Kit) AddFile(name, kind, text string) (path string) {
	file := newStatic(name, kind, text)
	k.files = append(k.files, file)
	return file.url
}
