// Package pystr is on floor 0, the pure tools and at the very bottom of them:
// the methods of Python's str where Go's strings package answers differently.
//
// Python strips more than Go's unicode.IsSpace, lower-cases with the full
// mappings of Unicode (İ becomes two code points, Σ knows the end of a word),
// folds case with the full foldings (ß is ss), and reads broken UTF-8 with one
// replacement for a broken sequence, not for each byte. Usernames, e-mail
// addresses, cookies and URLs go through these functions, so that both sides
// of a shared site see the same text.
//
// Everything here takes time linear in the text. What is plain ASCII is
// answered without an allocation where the answer is the text itself.
package pystr
