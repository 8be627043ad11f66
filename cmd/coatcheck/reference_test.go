package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/coatcheck/coatcheck/internal/djangosettings"
)

// TestReferencePage: docs/reference.md has every command and every flag, as the code has them.
func TestReferencePage(t *testing.T) {
	const page = "../../docs/reference.md"
	want := referencePage(t)
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("the page is another one; go test ./cmd/coatcheck -run TestReferencePage -update writes it anew")
	}
	app := model(t)
	visitCommands(app.Node, func(path string, node *kong.Node) {
		if path != "" && !strings.Contains(string(got), "coatcheck "+path) {
			t.Errorf("the page has no command %s", path)
		}
		for _, flag := range node.Flags {
			if !strings.Contains(string(got), "`--"+flag.Name+"`") {
				t.Errorf("the page has no --%s", flag.Name)
			}
		}
	})
}

func model(t *testing.T) *kong.Application {
	t.Helper()
	parser, err := (&cli{}).parser()
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model
}

// reference writes the page.
type reference struct {
	strings.Builder
	django map[string][]string // Django's settings by flag
	users  map[string][]string // the commands by flag
}

func referencePage(t *testing.T) string {
	app := model(t)
	r := &reference{django: map[string][]string{}, users: map[string][]string{}}
	for _, s := range djangosettings.Settings() {
		r.django[s.Flag] = append(r.django[s.Flag], "`"+s.Name+"`")
	}
	r.WriteString(`# Reference of the command

Made from the code: ` + "`go test ./cmd/coatcheck -run TestReferencePage -update`" + ` writes it. What the flags mean together is in
[the server](server.md).

A flag is also a variable of the environment and a key of the JSON file that ` + "`--config`" + ` names, unless it is "flag only".
A flag beats the environment, and the environment beats the file. Two secrets are variables alone:
` + "`COATCHECK_SECRET_KEY` and `" + passwordVariable + "`" + `.

The exit status is 0, 1 where the command failed, and 2 where it was called wrongly. ` + "`explain`" + ` exits with 1 also for
what is not valid, and with 2 for what it does not recognise. ` + "`doctor`" + ` exits with 1 also for errors and warnings, and with
2 if something could not be looked at.

## Commands

| command | what it does |
|---|---|
`)
	r.flags(app)
	return r.String()
}

// flags writes the tables of flags: those of every command, those of one command alone, and those
// of the groups.
func (r *reference) flags(app *kong.Application) {
	own := map[string][]*kong.Flag{}
	groups := map[string][]*kong.Flag{}
	visitCommands(app.Node, func(path string, node *kong.Node) {
		if len(node.Children) == 0 {
			fmt.Fprintf(r, "| `coatcheck %s` | %s |\n", strings.TrimPrefix(node.Summary(), "coatcheck "), cell(node.Help))
		}
		for _, flag := range node.Flags {
			if flag.Group == nil {
				own[path] = append(own[path], flag)
				continue
			}
			if !slices.Contains(r.users[flag.Name], path) {
				r.users[flag.Name] = append(r.users[flag.Name], path)
			}
			if !slices.ContainsFunc(groups[flag.Group.Title], func(f *kong.Flag) bool { return f.Name == flag.Name }) {
				groups[flag.Group.Title] = append(groups[flag.Group.Title], flag)
			}
		}
	})
	visitCommands(app.Node, func(path string, _ *kong.Node) {
		if flags := own[path]; len(flags) > 0 {
			title := "Flags of every command"
			if path != "" {
				title = "Flags of " + path + " alone"
			}
			r.table(title, flags)
		}
	})
	for _, title := range groupTitles() {
		r.table("Flags: "+strings.TrimSuffix(title, ":"), groups[title])
	}
}

func (r *reference) table(title string, flags []*kong.Flag) {
	fmt.Fprintf(r, "\n## %s\n\n| flag | variable, key | default | what it is | Django | commands |\n|---|---|---|---|---|---|\n", title)
	for _, flag := range flags {
		name, preset, variable := "`--"+flag.Name+"`", "", "flag only"
		if flag.Tag.Negatable != "" {
			name += ", `--no-" + flag.Name + "`"
		}
		if flag.Short != 0 {
			name += ", `-" + string(flag.Short) + "`"
		}
		if flag.HasDefault {
			preset = "`" + flag.Default + "`"
		}
		if len(flag.Envs) > 0 {
			variable = "`" + strings.Join(flag.Envs, "`, `") + "`, `" + strings.ReplaceAll(flag.Name, "-", "_") + "`"
		}
		if flag.Name == "config" { // a file does not name another
			variable = "`" + flag.Envs[0] + "`"
		}
		fmt.Fprintf(r, "| %s | %s | %s | %s | %s | %s |\n", name, variable, preset, cell(flag.Help),
			strings.Join(r.django[flag.Name], ", "), strings.Join(r.users[flag.Name], ", "))
	}
}

// cell is a text that a table can hold.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(text)
}

func groupTitles() (titles []string) {
	for _, group := range flagGroups {
		titles = append(titles, group.Title)
	}
	return titles
}
