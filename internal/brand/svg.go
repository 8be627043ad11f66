package brand

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

const (
	svgSpace  = "http://www.w3.org/2000/svg"
	htmlSpace = "http://www.w3.org/1999/xhtml"
)

// active are the elements that run scripts or show other documents.
var active = map[string]bool{
	"script": true, "foreignobject": true, "handler": true, "listener": true, "iframe": true, "object": true,
	"embed": true, "audio": true, "video": true, "canvas": true,
}

// readSVG returns the size of a drawing, and refuses what a logo has no need of: scripts, other
// documents, and what is loaded from elsewhere. Pages would run none of it, since they show the
// logo as a picture; who opens the picture by its address would.
func readSVG(file []byte) (width, height float64, err error) {
	d := &drawing{reader: xml.NewDecoder(bytes.NewReader(file))}
	for {
		token, err := d.reader.Token()
		if errors.Is(err, io.EOF) && d.width > 0 {
			return d.width, d.height, nil
		}
		if err != nil && !d.began {
			return 0, 0, errors.New("is none of SVG, PNG and WebP; save it as one of them")
		}
		if err == nil {
			err = d.take(token)
		} else {
			err = fmt.Errorf("is an SVG that is broken (%w); save it again, in UTF-8", err)
		}
		if err != nil {
			return 0, 0, err
		}
	}
}

// drawing is an SVG that is read.
type drawing struct {
	reader        *xml.Decoder
	began         bool
	width, height float64
	style         strings.Builder // the text of the <style> that is open
	styles        int             // how many are open
}

// take judges a token.
func (d *drawing) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return d.start(t)
	case xml.EndElement:
		if !strings.EqualFold(t.Name.Local, "style") {
			return nil
		}
		d.styles--
		text := d.style.String()
		d.style.Reset()
		return checkStyle(text)
	case xml.CharData:
		if d.styles > 0 {
			d.style.Write(t)
		}
	case xml.Directive:
		if bytes.ContainsRune(t, '[') {
			return errors.New("is an SVG whose <!DOCTYPE> declares something; take it out")
		}
	case xml.ProcInst:
		if t.Target != "xml" {
			return fmt.Errorf("is an SVG with <?%s … ?>; take that out", t.Target)
		}
	}
	return nil
}

// start judges an element.
func (d *drawing) start(e xml.StartElement) error {
	name := strings.ToLower(e.Name.Local)
	switch {
	case !d.began && (name != "svg" || e.Name.Space != svgSpace):
		return fmt.Errorf(`is XML and no SVG; a drawing begins with <svg xmlns="%s">`, svgSpace)
	case active[name] || e.Name.Space == htmlSpace:
		return fmt.Errorf("is an SVG with <%s>; a logo has no scripts and no other documents in it, so take "+
			"that out", e.Name.Local)
	case name == "style":
		d.styles++
	}
	for _, a := range e.Attr {
		if err := checkAttribute(a); err != nil {
			return err
		}
	}
	if d.began {
		return nil
	}
	d.began = true
	if d.width, d.height = viewBox(e.Attr); !(d.width > 0 && d.height > 0) {
		return errors.New(`is an SVG without a size; give its <svg> a viewBox, such as "0 0 32 32"`)
	}
	return nil
}

// checkAttribute refuses event handlers, and references that leave the file.
func checkAttribute(a xml.Attr) error {
	name, value := strings.ToLower(a.Name.Local), strings.TrimSpace(a.Value)
	switch {
	case strings.HasPrefix(name, "on"):
		return fmt.Errorf("is an SVG with the event handler %s; take it out", a.Name.Local)
	case name == "attributename" && (strings.HasPrefix(strings.ToLower(value), "on") ||
		strings.HasSuffix(strings.ToLower(value), "href")):
		return fmt.Errorf("is an SVG that animates %s; take the animation out", value)
	case (name == "href" || name == "src") && !inside(value),
		name == "base" && a.Name.Space != "":
		return refers(value)
	}
	if a.Name.Space != "" { // what a program for drawing notes there
		return nil
	}
	return checkStyle(value)
}

// refers is the error of a reference that leaves the file.
func refers(to string) error {
	return fmt.Errorf("is an SVG that refers to %.60q; a logo loads nothing, so put what it needs into the "+
		"file", to)
}

// inside reports whether a reference is to a part of the file, or has a picture in itself.
func inside(reference string) bool {
	if strings.HasPrefix(reference, "#") || reference == "" {
		return true
	}
	for _, kind := range []string{"png", "jpeg", "webp", "gif"} {
		if strings.HasPrefix(reference, "data:image/"+kind+";base64,") {
			return true
		}
	}
	return false
}

var (
	reference = regexp.MustCompile(`(?i)url\(\s*["']?\s*([^"')]*)`)
	loads     = regexp.MustCompile(`(?i)@import|image-set\(|\bsrc\(`)
)

// checkStyle refuses CSS that loads something.
func checkStyle(text string) error {
	if found := loads.FindString(text); found != "" {
		return fmt.Errorf("is an SVG with %q in its styles; a logo loads nothing, so take it out", found)
	}
	for _, found := range reference.FindAllStringSubmatch(text, -1) {
		if !inside(strings.TrimSpace(found[1])) {
			return refers(found[1])
		}
	}
	if strings.Contains(text, `\`) { // which can spell url( otherwise
		return errors.New(`is an SVG with a \ in its attributes or styles; write the character itself`)
	}
	return nil
}

// viewBox returns the size that an <svg> names, or zeros.
func viewBox(attributes []xml.Attr) (width, height float64) {
	for _, a := range attributes {
		numbers := strings.Fields(strings.ReplaceAll(a.Value, ",", " "))
		if a.Name.Local != "viewBox" || len(numbers) != 4 {
			continue
		}
		width, _ = strconv.ParseFloat(numbers[2], 64) // 0 if it is no number
		height, _ = strconv.ParseFloat(numbers[3], 64)
		if math.IsInf(width, 0) || math.IsInf(height, 0) {
			return 0, 0
		}
	}
	return width, height
}
