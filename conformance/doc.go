// Package conformance is a test beside the floors: it holds Coatcheck against real
// Django, in two ways.
//
// The vectors, testdata/vectors, are results that Django 3.2, 4.2, 5.2 and 6.1
// gave when they were recorded; the packages' own tests read them and need no
// Python.
//
// The twins run Django, the site in the folder django, beside Coatcheck on one
// database: what one writes the other reads. They need the Djangos that
// setup-django.sh brings, and run with
//
//	make conformance
package conformance
