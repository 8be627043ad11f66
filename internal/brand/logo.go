package brand

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"math"
)

// Logo is the picture at the top of each page.
type Logo struct {
	// Name is that of the file: "logo.png".
	Name string
	// Type is the Content-Type.
	Type string
	// Width and Height are those in which it is shown, in pixels of CSS.
	Width, Height int
	// Wordmark means that the picture has the site's name in it, so that pages do not show the
	// name beside it. Pictures that are more than twice as wide as they are high are such.
	Wordmark bool
	// Text is what is in the file.
	Text string
}

// Folder is where logos are served: at Folder+Logo.Name, and by names that change with the file.
const Folder = "/accounts/static/"

// Limits of a logo.
const (
	maxFile   = 100 << 10
	maxPixels = 2048 // on each side
	maxHeight = 28   // in which it is shown
	maxWidth  = 160  // what a phone has room for
	minHeight = 12
)

const svgType, pngType, webpType = "image/svg+xml", "image/png", "image/webp"

// Policy is the Content-Security-Policy of a logo that is opened as a document: it runs no
// script and loads nothing.
const Policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"

// InEmails reports whether the email programs of most people show it: they show neither SVG nor
// WebP.
func (l *Logo) InEmails() bool { return l != nil && l.Type == pngType }

// readLogo finds out what is in the file.
func readLogo(file []byte) (*Logo, error) {
	if len(file) > maxFile {
		return nil, fmt.Errorf("has %d kB; a logo has 100 kB at most", (len(file)+1<<10-1)>>10)
	}
	logo := &Logo{Text: string(file)}
	var width, height float64
	var err error
	switch {
	case bytes.HasPrefix(file, []byte("\x89PNG\r\n\x1a\n")):
		logo.Name, logo.Type = "logo.png", pngType
		width, height, err = readPNG(file)
	case bytes.HasPrefix(file, []byte("RIFF")) && len(file) >= 12 && string(file[8:12]) == "WEBP":
		logo.Name, logo.Type = "logo.webp", webpType
		width, height, err = readWebP(file)
	default:
		logo.Name, logo.Type = "logo.svg", svgType
		width, height, err = readSVG(file)
	}
	if err != nil {
		return nil, err
	}
	return logo, logo.fit(width, height)
}

// fit sets in which size the logo is shown.
func (l *Logo) fit(width, height float64) error {
	scale := min(maxHeight/height, maxWidth/width)
	l.Width, l.Height = int(math.Round(width*scale)), int(math.Round(height*scale))
	if l.Height < minHeight || l.Width < minHeight {
		return fmt.Errorf("would be %d by %d pixels on the pages, which have room for %d by %d; cut off its "+
			"edges, or use another one", l.Width, l.Height, maxWidth, maxHeight)
	}
	l.Wordmark = width > 2*height
	return nil
}

// readPNG returns the size of a whole picture.
func readPNG(file []byte) (width, height float64, err error) {
	config, err := png.DecodeConfig(bytes.NewReader(file))
	if err == nil {
		width, height = float64(config.Width), float64(config.Height)
		if err = sized(width, height); err != nil {
			return 0, 0, err
		}
		_, err = png.Decode(bytes.NewReader(file))
	}
	if err != nil {
		return 0, 0, fmt.Errorf("is a PNG that is broken (%w); save it again", err)
	}
	return width, height, nil
}

// sized refuses pictures that would take a phone much memory for a logo.
func sized(width, height float64) error {
	if width > maxPixels || height > maxPixels {
		return fmt.Errorf("is %.0f by %.0f pixels; make it %d by %[3]d at most", width, height, maxPixels)
	}
	return nil
}

var errWebP = errors.New("is a WebP that is broken; save it again")

// readWebP returns the size of a picture: lossy, lossless, or with a header for more than that
// (RFC 9649).
func readWebP(file []byte) (width, height float64, err error) {
	number := func(at, bytes int) (n int) {
		for i := range bytes {
			n |= int(file[at+i]) << (8 * i)
		}
		return n
	}
	if len(file) < 30 || number(4, 4)+8 > len(file) {
		return 0, 0, errWebP
	}
	var w, h int
	switch chunk := string(file[12:16]); {
	case chunk == "VP8X":
		w, h = number(24, 3)+1, number(27, 3)+1
	case chunk == "VP8L" && file[20] == 0x2f:
		w, h = number(21, 4)&0x3fff+1, number(21, 4)>>14&0x3fff+1
	case chunk == "VP8 " && number(23, 3) == 0x2a019d:
		w, h = number(26, 2)&0x3fff, number(28, 2)&0x3fff
	}
	if w == 0 || h == 0 {
		return 0, 0, errWebP
	}
	return float64(w), float64(h), sized(float64(w), float64(h))
}
