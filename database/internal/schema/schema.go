// Package schema has Django's tables as statements for each engine, and the rows that
// Django's migrate writes about them. It is on floor 1, the database.
package schema

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.sql
var files embed.FS

// Table is one table with what it takes to create it.
type Table struct {
	Name       string
	Statements []string
}

// Ledger is the table of applied migrations.
const Ledger = "django_migrations"

// App is a Django app: its tables, its migrations as Django records them, and
// its models.
type App struct {
	Label      string
	Tables     []string
	Migrations []string
	Models     []Model
}

// Model has a content type and four permissions.
type Model struct {
	Name    string // the content type's model: the class name in lower case
	Verbose string // as the permissions' names have it
}

// Permissions are codename and name of a model's default permissions, in
// Django's order.
func (m Model) Permissions() [4][2]string {
	var list [4][2]string
	for i, action := range [...]string{"add", "change", "delete", "view"} {
		list[i] = [2]string{action + "_" + m.Name, "Can " + action + " " + m.Verbose}
	}
	return list
}

// Apps are the apps, each after what its tables refer to. Their migrations are
// the same in Django 3.2 to 6.1.
var Apps = []App{
	{
		Label:      "contenttypes",
		Tables:     []string{"django_content_type"},
		Migrations: []string{"0001_initial", "0002_remove_content_type_name"},
		Models:     []Model{{"contenttype", "content type"}},
	},
	{
		Label: "auth",
		Tables: []string{
			"auth_permission", "auth_group", "auth_group_permissions",
			"auth_user", "auth_user_groups", "auth_user_user_permissions",
		},
		Migrations: []string{
			"0001_initial",
			"0002_alter_permission_name_max_length",
			"0003_alter_user_email_max_length",
			"0004_alter_user_username_opts",
			"0005_alter_user_last_login_null",
			"0006_require_contenttypes_0002",
			"0007_alter_validators_add_error_messages",
			"0008_alter_user_username_max_length",
			"0009_alter_user_last_name_max_length",
			"0010_alter_group_name_max_length",
			"0011_update_proxy_permissions",
			"0012_alter_user_first_name_max_length",
		},
		Models: []Model{{"group", "group"}, {"permission", "permission"}, {"user", "user"}},
	},
	{
		Label:      "sessions",
		Tables:     []string{"django_session"},
		Migrations: []string{"0001_initial"},
		Models:     []Model{{"session", "session"}},
	},
	{
		Label:      "admin",
		Tables:     []string{"django_admin_log"},
		Migrations: []string{"0001_initial", "0002_logentry_remove_auto_add", "0003_logentry_add_action_flag_choices"},
		Models:     []Model{{"logentry", "log entry"}},
	},
}

// Tables returns Django's tables for an engine ("sqlite", "postgres", "mysql"), in
// the order in which they can be created.
func Tables(engine string) ([]Table, error) {
	text, err := files.ReadFile(engine + ".sql")
	if err != nil {
		return nil, fmt.Errorf("no schema for %q", engine)
	}
	return split(string(text)), nil
}

// split finds the tables of a file.
func split(text string) []Table {
	var tables []Table
	for _, block := range strings.Split(text, "\n-- table ")[1:] {
		name, body, _ := strings.Cut(block, "\n")
		t := Table{Name: name}
		for _, statement := range strings.Split(strings.TrimSpace(body), ";\n") {
			t.Statements = append(t.Statements, strings.TrimSuffix(statement, ";"))
		}
		tables = append(tables, t)
	}
	return tables
}
