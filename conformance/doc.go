// Package conformance compares Coatcheck with real Django, in three ways. It is a test beside
// the floors.
//
// The vectors, ../internal/vectors/testdata, are results that Django 3.2, 4.2, 5.2 and 6.1
// gave when they were recorded; the packages' own tests read them and need no
// Python.
//
// The differential tests make up cases, any number of them from one seed, and put
// them to Coatcheck and to a live Django behind a pipe, oracle/oracle.py. Every
// difference of the two is on the page docs/django-differences.md.
//
// The twins run Django, the site in the folder django, beside Coatcheck on one
// database: what one writes the other reads. Random walks drive both through
// sequences that nobody thought of, over every database and session engine. Other
// random walks are about endings: what ended no longer works, here or at the Django.
//
// The last two need the Djangos that setup-django.sh brings, and run with
//
//	make conformance
package conformance
