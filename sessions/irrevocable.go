package sessions

// Irrevocable is implemented by stores whose sessions nobody can end before their
// time, because they are with the browsers alone. Only what every check of a session
// looks at ends them, such as the hash of the password.
type Irrevocable interface {
	// Irrevocable does nothing; it says what the store is.
	Irrevocable()
}
