package i18n

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// English is the language of the texts in the program.
const English = "en"

// Config specifies which languages there are. All may be empty: then they are
// English, German, French, Spanish and Japanese.
type Config struct {
	// Sources are folders of catalogues, LANGUAGE/LC_MESSAGES/DOMAIN.mo or .po,
	// such as os.DirFS("locale"). The languages have Django's names for folders:
	// "de", "pt_BR", "zh_Hans". Where both files are there the .mo is read, as
	// Django does. A later source goes before an earlier one, sentence by
	// sentence, and all of them before Coatcheck's own. Django: LOCALE_PATHS.
	Sources []fs.FS
	// Domains are the names of the files; "django" and "coatcheck" when empty. A
	// later one goes before an earlier one of the same source.
	Domains []string
	// Languages are those that visitors get, in Django's spelling ("pt-br",
	// "zh-hans"); all for which there are translations, and English, when empty.
	// Where a browser asks for "zh" alone it gets the first that begins with it.
	// Django: LANGUAGES.
	Languages []string
	// Default is for visitors who ask for no language that is there; "en" when
	// empty. Like theirs it may be a closer one than there is: "en-us" is "en".
	// Django: LANGUAGE_CODE.
	Default string
	// OnlySources leaves out Coatcheck's own translations.
	OnlySources bool
	// Cookie keeps the choice of a visitor.
	Cookie Cookie
}

// Catalogues are the translations of all languages. They never change, and are
// safe for concurrent use.
type Catalogues struct {
	catalogues  map[string]*catalogue // by language
	languages   []string
	translators map[string]*Translator // one for each language
	fallback    *Translator
	cookie      Cookie
}

// Load is New with nothing but sources.
func Load(sources ...fs.FS) (*Catalogues, error) { return New(Config{Sources: sources}) }

// New reads all catalogues. It fails where a file is malformed or larger than
// 16 MiB, where a source has none, and where a language is wanted for which there
// are no translations.
func New(c Config) (*Catalogues, error) {
	if len(c.Domains) == 0 {
		c.Domains = []string{"django", "coatcheck"}
	}
	all := &Catalogues{
		catalogues: map[string]*catalogue{}, translators: map[string]*Translator{}, cookie: c.Cookie,
	}
	all.cookie.Name = cmp.Or(c.Cookie.Name, CookieName)
	if !c.OnlySources {
		if err := all.read(ownLocale(), []string{"coatcheck"}); err != nil {
			return nil, fmt.Errorf("i18n: %w", err)
		}
	}
	for i, source := range c.Sources {
		if err := all.read(source, c.Domains); err != nil {
			return nil, fmt.Errorf("i18n: Config.Sources[%d]: %w", i, err)
		}
	}
	if err := all.choose(c.Languages); err != nil {
		return nil, err
	}
	if all.fallback = all.closest(cmp.Or(normalize(c.Default), English)); all.fallback == nil {
		return nil, fmt.Errorf("i18n: Config.Default is %q, which is none of the languages %s",
			cmp.Or(c.Default, English), strings.Join(all.languages, ", "))
	}
	return all, nil
}

// choose returns the translators of the languages that visitors get.
func (c *Catalogues) choose(wanted []string) error {
	if len(wanted) == 0 {
		wanted = slices.Sorted(maps.Keys(c.catalogues))
		if c.catalogues[English] == nil {
			wanted = append(wanted, English)
			slices.Sort(wanted)
		}
	}
	for _, name := range wanted {
		code := normalize(name)
		if !isLanguage(code) {
			return fmt.Errorf("i18n: Config.Languages has %q; write a language as %q or %q", name, "de", "pt-br")
		}
		t := newTranslator(code)
		for _, code := range variants(code) {
			if catalogue := c.catalogues[code]; catalogue != nil {
				t.chain = append(t.chain, catalogue)
			}
		}
		if base, _, _ := strings.Cut(code, "-"); len(t.chain) == 0 && base != English {
			return fmt.Errorf("i18n: Config.Languages has %q, for which there are no translations; add the folder that has them to Config.Sources", name)
		}
		if c.translators[code] == nil {
			c.languages = append(c.languages, code)
			c.translators[code] = t
		}
	}
	return nil
}

// Languages are those that visitors get, in Django's spelling.
func (c *Catalogues) Languages() []string { return slices.Clone(c.languages) }

// Translator speaks a language that was stored before, for emails for instance, or
// the closest one as in [Catalogues.Negotiate], or the default one.
func (c *Catalogues) Translator(language string) *Translator {
	return cmp.Or(c.closest(normalize(language)), c.fallback)
}

// read adds the catalogues of a source.
func (c *Catalogues) read(source fs.FS, domains []string) error {
	folders, err := fs.ReadDir(source, ".")
	if err != nil {
		return err
	}
	found := false
	for _, domain := range domains {
		for _, folder := range folders {
			if folder.Type().IsRegular() {
				continue
			}
			read, err := readCatalogue(source, folder.Name()+"/LC_MESSAGES/"+domain)
			if err != nil {
				return err
			}
			if read == nil {
				continue
			}
			found = true
			code := normalize(folder.Name())
			if !isLanguage(code) {
				return fmt.Errorf("the folder %q has the name of no language; call it as Django does, such as %q or %q",
					folder.Name(), "de", "pt_BR")
			}
			if c.catalogues[code] == nil {
				c.catalogues[code] = newCatalogue()
			}
			c.catalogues[code].override(read)
		}
	}
	if !found {
		return fmt.Errorf("there is no file such as de/LC_MESSAGES/%s.po; give the folder that holds those of the languages",
			domains[len(domains)-1])
	}
	return nil
}

// readCatalogue reads the .mo or the .po file of that name; nil where neither is
// there.
func readCatalogue(source fs.FS, name string) (*catalogue, error) {
	for _, kind := range []struct {
		ending string
		parse  func(string) (*catalogue, error)
	}{{".mo", parseMO}, {".po", parsePO}} {
		file, err := source.Open(name + kind.ending)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
		if err = errors.Join(err, file.Close()); err == nil && len(data) > maxFile {
			err = fmt.Errorf("the file has more than %d MiB", maxFile>>20)
		}
		var read *catalogue
		if err == nil {
			read, err = kind.parse(string(data))
		}
		if err != nil {
			return nil, fmt.Errorf("%s%s: %w", name, kind.ending, err)
		}
		return read, nil
	}
	return nil, nil
}
