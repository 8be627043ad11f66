// Package pickle reads and writes the one kind of Python pickle that Django keeps sessions
// in: a dict with text keys whose values are what JSON can say too. It is on floor 0, the
// pure tools.
//
// A pickle is a program for a stack machine, and a hostile one can name any
// function to call. This machine knows nothing but data: what names a class or
// a function becomes an inert placeholder, and so does a tuple, bytes or a set.
// An item that holds a placeholder is left out and reported, so that the rest of
// a session can be read; it must then not be written back. Input, memory, depth
// and output are bounded.
package pickle
