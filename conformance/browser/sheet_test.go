package browser_test

import (
	"html/template"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sheetFile is the contact sheet, beside the pictures.
const sheetFile = "index.html"

// sheetPage is a page or an email with its pictures.
type sheetPage struct {
	Name     string
	Pictures []sheetPicture
}

// sheetPicture is a picture of now, and Before the one that the documentation shows; empty for
// one that it does not show.
type sheetPicture struct{ Look, File, Before string }

// docsImages is where the documentation has its pictures, and shown which those are.
const docsImages = "../../docs/images"

var shown = map[string]string{
	"close.desktop-light.png":                "close-account.png",
	"confirm.desktop-light.png":              "confirm.png",
	"email.desktop-light.png":                "email-change.png",
	"inspector-request.desktop-light.png":    "inspector.png",
	"invitation.desktop-light.png":           "signup.png",
	"login-code.desktop-light.png":           "login-code.png",
	"login.desktop-light.png":                "remember-me.png",
	"not-me.desktop-light.png":               "not-me.png",
	"passkeys.phone-light.png":               "passkeys.png",
	"password-change.desktop-light.png":      "password-change.png",
	"password-reset.desktop-light.png":       "password-reset.png",
	"recovery-codes-shown.desktop-light.png": "recovery-codes.png",
	"sessions.desktop-light.png":             "account.png",
	"sessions.phone-light.png":               "sessions.png",
	"two-factor-add.desktop-light.png":       "two-factor-add.png",
}

var sheet = template.Must(template.New("sheet").Parse(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Coatcheck: every page</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem; background: #8a8a8a }
nav { columns: 16rem; background: #fff; padding: 1rem }
nav a { display: block }
section > div { display: flex; flex-wrap: wrap; gap: 1rem; align-items: start }
figure { margin: 0 }
img { display: block; max-width: 40rem }
</style>
<h1>Every page</h1>
<nav>{{range .}}<a href="#{{.Name}}">{{.Name}}</a>{{end}}</nav>
{{range .}}<section id="{{.Name}}">
<h2>{{.Name}}</h2>
<div>{{range .Pictures}}
<figure><a href="{{.File}}"><img src="{{.File}}" alt="{{.Look}}" loading="lazy"></a><figcaption>{{.Look}}</figcaption></figure>{{with .Before}}
<figure><a href="{{.}}"><img src="{{.}}" alt="before" loading="lazy"></a><figcaption>before, as the documentation shows it</figcaption></figure>{{end}}{{end}}
</div>
</section>
{{end}}</html>
`))

// writeSheet writes one HTML page that shows all pictures NAME.LOOK.png of the folder,
// grouped by page, each page's looks in the order of the lists.
func writeSheet(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err != nil {
		return err
	}
	slices.Sort(files)
	var pages []sheetPage
	for _, file := range files {
		file = filepath.Base(file)
		name, look, _ := strings.Cut(strings.TrimSuffix(file, ".png"), ".")
		if n := len(pages); n == 0 || pages[n-1].Name != name {
			pages = append(pages, sheetPage{Name: name})
		}
		last := &pages[len(pages)-1]
		before := ""
		if image := shown[file]; image != "" {
			before = filepath.ToSlash(filepath.Join("before", image))
			if err := copyFile(filepath.Join(docsImages, image), filepath.Join(dir, before)); err != nil {
				return err
			}
		}
		last.Pictures = append(last.Pictures, sheetPicture{look, file, before})
	}
	for _, page := range pages {
		slices.SortStableFunc(page.Pictures, func(a, b sheetPicture) int { return lookOrder(a.Look) - lookOrder(b.Look) })
	}
	out, err := os.Create(filepath.Join(dir, sheetFile))
	if err != nil {
		return err
	}
	if err := sheet.Execute(out, pages); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// copyFile copies a file to a folder that need not be there.
func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

// lookOrder returns the place of a look in the lists.
func lookOrder(name string) int {
	return slices.IndexFunc(slices.Concat(looks, emailLooks), func(l look) bool { return l.name == name })
}

// TestShown: the sheet has a before for every picture that the documentation shows, and no other.
func TestShown(t *testing.T) {
	images, err := filepath.Glob(filepath.Join(docsImages, "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range images {
		images[i] = filepath.Base(images[i])
	}
	if diff := cmp.Diff(images, slices.Sorted(maps.Values(shown))); diff != "" {
		t.Errorf("the pictures of docs/ (-there +shown):\n%s", diff)
	}
}

// TestSheet has the pictures of two pages, of which one's name begins like the other's.
func TestSheet(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{
		"login.phone-dark.png", "login.desktop-light.png", "login-error.phone-light.png", "mail-rescue.wide-light.png",
	} {
		if err := os.WriteFile(filepath.Join(dir, file), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeSheet(dir); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, sheetFile))
	if err != nil {
		t.Fatal(err)
	}
	rest := string(page)
	for _, want := range []string{
		`<section id="login-error">`, `src="login-error.phone-light.png"`,
		`<section id="login">`, `src="login.desktop-light.png"`, `src="before/remember-me.png"`, `src="login.phone-dark.png"`,
		`<section id="mail-rescue">`, `src="mail-rescue.wide-light.png"`,
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("%s is not there, or not in its place:\n%s", want, page)
		}
		rest = after
	}
	if n := strings.Count(string(page), "<section"); n != 3 {
		t.Errorf("%d pages, want 3", n)
	}
}
