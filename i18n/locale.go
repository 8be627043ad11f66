package i18n

import (
	"embed"
	"io/fs"
	"sync"
)

//go:embed locale
var localeFiles embed.FS

// ownLocale is the folder of Coatcheck's own catalogues.
func ownLocale() fs.FS {
	folder, err := fs.Sub(localeFiles, "locale")
	if err != nil {
		panic(err) // the name is well-formed
	}
	return folder
}

// Default are Coatcheck's own translations: English, German, French, Spanish and
// Japanese. They are read when they are first asked for.
func Default() *Catalogues { return readDefault() }

var readDefault = sync.OnceValue(func() *Catalogues {
	c, err := New(Config{})
	if err != nil {
		panic(err) // a test reads the files
	}
	return c
})
