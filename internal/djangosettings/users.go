package djangosettings

import (
	"fmt"
	"slices"
	"strings"
)

// djangoUserFields are the fields of Django's AbstractUser, but for the username.
var djangoUserFields = []string{
	"password", "last_login", "is_superuser", "first_name", "last_name", "email", "is_staff", "is_active", "date_joined",
}

// userModelSetting converts the user model, as its Django tells of it.
func userModelSetting(c *conversion, s djangoSetting, value any) {
	facts, told := c.dump["COATCHECK_USER_MODEL"].(map[string]any)
	if facts["own_hash"] == true {
		c.refuse(s.name, "has a get_session_auth_hash of its own, so each side would end the sessions of "+
			"the other")
	}
	switch {
	case value == "auth.User":
	case told:
		c.userModel(s, facts)
	default:
		c.set(s.flag, strings.ToLower(strings.ReplaceAll(fmt.Sprint(value), ".", "_")))
		c.note(s.name, "is a model of the project's own; compare user_table with its db_table, and set "+
			"user_id, username_column, "+
			"user_column and user_default after the model (docs/user-models.md)")
	}
}

// userModel sets the flags of a model.
func (c *conversion) userModel(s djangoSetting, facts map[string]any) {
	text := func(name string) string { return fmt.Sprint(facts[name]) }
	table, idType := text("table"), text("id_type")
	if n, _ := facts["parents"].(int64); n > 0 {
		c.refuse(s.name, "is a model whose columns are in the tables of its parents too (multi-table "+
			"inheritance), which Coatcheck does not read")
		return
	}
	if idType != "UUIDField" && !strings.HasSuffix(idType, "AutoField") && !strings.HasSuffix(idType, "IntegerField") {
		c.refuse(s.name, "has a primary key that is a "+idType+"; Coatcheck knows integers and UUIDs")
		return
	}
	c.set(s.flag, table)
	if model := text("model"); model != table[strings.LastIndexByte(table, '_')+1:] {
		c.set("user-model", model)
	}
	if idType == "UUIDField" {
		c.set("user-id", "uuid")
	}
	if id := text("id"); id != "id" {
		c.set("user-id-column", id)
	}
	if username := text("username"); username != "username" {
		c.set("username-column", username)
	}
	columns, _ := facts["columns"].(map[string]any)
	differing := map[string]any{}
	for _, field := range djangoUserFields {
		if column, _ := columns[field].(string); column != field {
			differing[field] = column
		}
	}
	c.set("user-column", differing)
	c.userDefaults(s, facts, columns)
}

// userDefaults sets what new users have in the model's own columns.
func (c *conversion) userDefaults(s djangoSetting, facts, columns map[string]any) {
	theirs := []string{fmt.Sprint(facts["username"])}
	for _, field := range djangoUserFields {
		if column, ok := columns[field].(string); ok {
			theirs = append(theirs, column)
		}
	}
	needed, set := texts(facts["needed"]), map[string]any{}
	defaults, _ := facts["defaults"].(map[string]any)
	for column, value := range defaults {
		switch v := value.(type) {
		case bool:
			set[column] = map[bool]string{true: "1", false: "0"}[v]
		case string, int64, float64:
			set[column] = fmt.Sprint(v)
		default:
			needed = append(needed, column)
		}
	}
	for _, column := range theirs {
		delete(set, column)
	}
	c.set("user-default", set)
	needed = slices.DeleteFunc(needed, func(column string) bool { return slices.Contains(theirs, column) })
	if len(needed) > 0 {
		slices.Sort(needed)
		c.note(s.name, "has columns that every new user needs and that have no fixed default ("+strings.Join(needed, ", ")+
			"); set user_default for them, or signup_closed")
	}
}
