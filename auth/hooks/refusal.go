package hooks

import "net/http"

// Refusal is the error of a Before hook by which a program refuses something. The visitor
// gets its status and its sentence.
type Refusal struct {
	// Status is the HTTP status of the response, 403 for instance.
	Status int
	// Sentence informs the visitor why, and what to do. It is translated if the catalogues
	// of the site have it.
	Sentence string
}

// Refuse returns a Refusal. A status that is no error, below 400, becomes 403.
func Refuse(status int, sentence string) error {
	if status < http.StatusBadRequest || status > 599 {
		status = http.StatusForbidden
	}
	return &Refusal{status, sentence}
}

// Error is the sentence.
func (r *Refusal) Error() string { return r.Sentence }
