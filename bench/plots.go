package main

import (
	"bytes"
	"image/color"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The colours of series, which people with any colour vision tell apart.
var colours = []color.Color{
	color.RGBA{0x00, 0x72, 0xb2, 0xff},
	color.RGBA{0xe6, 0x9f, 0x00, 0xff},
	color.RGBA{0x00, 0x9e, 0x73, 0xff},
}

// plots draws each group that was measured into a folder: what its servers cost of CPU time,
// and how long its responses take.
func plots(folder string, rows []Row, footnote string) error {
	for len(rows) > 0 {
		n := slices.IndexFunc(rows, func(r Row) bool { return r.Group != rows[0].Group })
		if n < 0 {
			n = len(rows)
		}
		name := filepath.Join(folder, fileName(rows[0].Group))
		for _, d := range []drawing{
			{"CPU time of a request", "microseconds", "", []string{serverCPU, databaseCPU}, false},
			{"Latency", "milliseconds", "-latency", []string{latency50, latency99, latency999}, true},
		} {
			if err := d.write(name+d.suffix+".svg", rows[:n], footnote); err != nil {
				return err
			}
		}
		rows = rows[n:]
	}
	return nil
}

// A drawing is bars of some measures for each row of a group.
type drawing struct {
	title, unit, suffix string
	metrics             []string
	logarithmic         bool
}

// write draws the rows that have the measures; none makes no file.
func (d drawing) write(file string, rows []Row, footnote string) error {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r Row) bool {
		return r.Absent != nil || r.Samples[0].Latency == nil
	})
	if len(rows) == 0 {
		return nil
	}
	p := plot.New()
	d.style(p, rows[0].Group, footnote)
	var labels []string
	slices.Reverse(rows) // the first one is on top
	for _, r := range rows {
		labels = append(labels, label(r))
	}
	for i, metric := range d.metrics {
		if err := d.series(p, rows, metric, i); err != nil {
			return err
		}
	}
	p.NominalY(labels...)
	if p.X.Min = 0; d.logarithmic {
		p.X.Min = 0.01
	}
	height := vg.Points(100 + float64((len(rows)+1)*(12*len(d.metrics)+10)))
	return save(p, file, height)
}

func label(r Row) string {
	if r.Load == beside || r.Load == alone {
		return r.Case
	}
	return r.Case + ", " + r.Load
}

func (d drawing) style(p *plot.Plot, group, footnote string) {
	p.Title.Text = group + "\n" + d.title
	p.X.Label.Text = d.unit + "\n" + footnote
	p.Legend.Top, p.Legend.Left = false, false
	for _, f := range []*font.Font{
		&p.Title.TextStyle.Font, &p.X.Label.TextStyle.Font, &p.X.Tick.Label.Font,
		&p.Y.Tick.Label.Font, &p.Legend.TextStyle.Font,
	} {
		f.Variant = "Sans"
	}
	p.X.Label.TextStyle.Font.Size = vg.Points(9)
	p.Y.Tick.Label.Font.Size = vg.Points(10)
	p.BackgroundColor = color.White
	p.Add(plotter.NewGrid())
	if d.logarithmic {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{}
	}
}

// series adds the bars of one measure, with whiskers from quartile to quartile.
func (d drawing) series(p *plot.Plot, rows []Row, metric string, i int) error {
	const thick = 10
	offset := vg.Points(thick * (float64(len(d.metrics)-1)/2 - float64(i)))
	var marks spans
	known := false
	for _, r := range rows {
		s, ok := spread(r.values(metric))
		known = known || ok
		marks.all = append(marks.all, s)
	}
	if !known {
		return nil
	}
	marks.offset, marks.width, marks.colour = offset, vg.Points(thick-2), colours[i%len(colours)]
	p.Add(marks)
	p.Legend.Add(metric, marks)
	return nil
}

// spans are horizontal bars to medians, with whiskers at the quartiles, from the left edge: also
// on a logarithmic axis, where there is no zero.
type spans struct {
	all           []Spread
	offset, width vg.Length
	colour        color.Color
}

// Plot draws the bars.
func (s spans) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i, v := range s.all {
		if v.Median <= 0 {
			continue
		}
		at := y(float64(i)) + s.offset
		low, high := at-s.width/2, at+s.width/2
		right := x(max(v.Median, p.X.Min))
		left := c.Min.X
		bar := vg.Rectangle{Min: vg.Point{X: left, Y: low}, Max: vg.Point{X: right, Y: high}}.Path()
		c.SetColor(s.colour)
		c.Fill(bar)
		line := draw.LineStyle{Color: color.Black, Width: vg.Points(0.8)}
		c.StrokeLine2(line, x(max(v.Low, p.X.Min)), at, x(max(v.High, p.X.Min)), at)
	}
}

// DataRange returns what the axes have to show.
func (s spans) DataRange() (xmin, xmax, ymin, ymax float64) {
	for _, v := range s.all {
		xmax = max(xmax, v.High*1.05)
	}
	return 0, xmax, -1.6, float64(len(s.all)) - 0.4 // below is the legend
}

// Thumbnail draws the sign of the legend.
func (s spans) Thumbnail(c *draw.Canvas) {
	c.FillPolygon(s.colour, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
}

// save writes a plot as SVG.
func save(p *plot.Plot, file string, height vg.Length) error {
	canvas := vgsvg.New(vg.Points(720), height)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return err
	}
	// Where there is no Liberation, another font of the same widths serves.
	text := bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans;"),
		[]byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	return os.WriteFile(file, text, 0o644)
}
