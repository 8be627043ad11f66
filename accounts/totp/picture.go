package totp

import (
	"fmt"
	"strings"

	"github.com/skip2/go-qrcode"
)

// picture is a QR code, to be drawn as SVG: dark squares on a white ground with its quiet zone, which
// cameras need in dark pages too.
type picture struct {
	Size int    // in modules, with the quiet zone
	Path string // of the dark squares
}

// draw returns the QR code of a text, or nil for a text that is too long for one.
func draw(text string) *picture {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil
	}
	rows := code.Bitmap()
	var path strings.Builder
	for y, row := range rows {
		for x := 0; x < len(row); x++ {
			width := 0
			for x+width < len(row) && row[x+width] {
				width++
			}
			if width > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x, y, width, width)
				x += width
			}
		}
	}
	return &picture{len(rows), path.String()}
}
