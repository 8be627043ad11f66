package identity

// LoginBy names what users type to log in.
type LoginBy string

// What users type to log in.
const (
	// ByUsername is the username, the default and Django's way.
	ByUsername LoginBy = "username"
	// ByEmail is the email address, without regard to case, if exactly one active account
	// has it.
	ByEmail LoginBy = "email"
	// ByEither is the username, or else the email address. A text that is the username of
	// one account never opens another account by its address.
	ByEither LoginBy = "either"
)
