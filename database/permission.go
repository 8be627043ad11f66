package database

// Permission is a row of auth_permission with its content type.
type Permission struct {
	// ID is the primary key in decimal. It differs from site to site.
	ID string
	// AppLabel and Model name the content type, such as "auth" and "user".
	AppLabel string
	Model    string
	// Codename is such as "add_user", at most 100 characters.
	Codename string
	// Name is for people, such as "Can add user", at most 255 characters.
	Name string
}

// String returns "app.codename", the form in which permissions are asked for.
func (p Permission) String() string { return p.AppLabel + "." + p.Codename }

// Group is a row of auth_group.
type Group struct {
	// ID is the primary key in decimal.
	ID string
	// Name is unique, at most 150 characters.
	Name string
}

// String returns the group's name.
func (g Group) String() string { return g.Name }
