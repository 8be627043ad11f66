package inspector

import "fmt"

// diagram is the picture of a request's way.
type diagram struct {
	Floors []floor
	Way    string // the path of the line
	Height int
	Label  string
	Class  string
}

// floor is a station in the picture.
type floor struct {
	Name, Django, Layer string
	Y                   int // of its middle
	Down, Up            bool
	Queries             int
	Bad                 bool // the request was refused or failed here
}

// The measures of the picture.
const (
	pitch  = 54
	middle = 28 // of the first floor
	left   = 12 // where the request goes down
	right  = 268
)

// turn returns the index of the first step on the way up: the one behind the last at the deepest
// station.
func turn(steps []step) (back int) {
	deepest := 0
	for n, s := range steps {
		if d := s.Station.depth(); d >= deepest {
			deepest, back = d, n+1
		}
	}
	return back
}

// draw returns the picture of a request.
func draw(rec *record, back int) diagram {
	d := diagram{Height: middle*2 + pitch*(len(stations)-1), Class: rec.Class()}
	for n, s := range stations {
		d.Floors = append(d.Floors, floor{
			Name: s.name, Django: s.django, Layer: s.layer, Y: middle + pitch*n,
		})
	}
	deepest := 0
	d.Floors[0].Down, d.Floors[0].Up = true, true
	for n, s := range rec.steps {
		f := &d.Floors[s.Station.depth()]
		deepest = max(deepest, s.Station.depth())
		if n < back {
			f.Down = true
		} else {
			f.Up = true
		}
		f.Queries += statements(s)
		f.Bad = f.Bad || s.Code == rec.Reason && rec.Class() == "bad"
	}
	top, bottom := d.Floors[0].Y, d.Floors[deepest].Y
	d.Way = fmt.Sprintf("M%d %dV%dH%dV%d", left, top, bottom, right, top)
	if deepest == 0 {
		d.Way = fmt.Sprintf("M%d %dH%d", left, top, right)
	}
	d.Label = fmt.Sprintf("The request goes down from the browser to the floor “%s”, "+
		"and the response comes back up.",
		d.Floors[deepest].Name)
	return d
}

// statements is how many statements a step is, or is made of.
func statements(s step) (n int) {
	if isStatement(&s) {
		n++
	}
	for _, part := range s.Parts {
		n += statements(part)
	}
	return n
}
