package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/coatcheck/coatcheck/internal/completion"
	"github.com/coatcheck/coatcheck/internal/console"
)

// completionCommand prints a script for a shell.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: ${enum}."`
}

// Run prints the script, which is made from the commands and flags that there are.
func (c *completionCommand) Run(con *console.Console, app *kong.Kong) error {
	return completion.Write(con.Out, c.Shell, completable(app.Model))
}

// completable is what a shell can complete of the command line.
func completable(app *kong.Application) completion.Program {
	program := completion.Program{Name: app.Name}
	seen := map[string]bool{}
	visitCommands(app.Node, func(path string, node *kong.Node) {
		file := func(p *kong.Positional) bool { return p.Name == "file" || p.Name == "filter" }
		command := completion.Command{Path: path, Files: slices.ContainsFunc(node.Positional, file)}
		for _, child := range node.Children {
			word := completion.Word{Text: child.Name, Help: firstSentence(child.Help)}
			command.Words = append(command.Words, word)
		}
		for _, flag := range flagsOf(node) {
			command.Words = append(command.Words, flagWords(flag)...)
			if !seen[flag.Name] && !flag.IsBool() {
				seen[flag.Name] = true
				takes := completion.Flag{Name: flag.Name, File: takesFile(flag)}
				if flag.Enum != "" {
					takes.Values = flag.EnumSlice()
				}
				program.Flags = append(program.Flags, takes)
			}
		}
		program.Commands = append(program.Commands, command)
	})
	return program
}

// visitCommands calls f with the program and each command, whose path is as in "pwned build".
func visitCommands(node *kong.Node, f func(path string, node *kong.Node)) {
	path := ""
	if node.Type != kong.ApplicationNode {
		path = strings.Join(strings.Fields(node.Path()), " ")
	}
	f(path, node)
	for _, child := range node.Children {
		visitCommands(child, f)
	}
}

// flagsOf are the flags that a command takes, those of the program too.
func flagsOf(node *kong.Node) []*kong.Flag {
	return slices.Concat(node.AllFlags(true)...)
}

// flagWords are the spellings of a flag.
func flagWords(flag *kong.Flag) []completion.Word {
	words := []completion.Word{{Text: "--" + flag.Name, Help: firstSentence(flag.Help)}}
	if flag.Tag.Negatable != "" {
		words = append(words, completion.Word{Text: "--no-" + flag.Name, Help: "Not --" + flag.Name + "."})
	}
	return words
}

// takesFile reports whether the value of a flag is the path of a file or a folder.
func takesFile(flag *kong.Flag) bool {
	return flag.PlaceHolder == "FILE" || flag.PlaceHolder == "DIR" || strings.HasSuffix(flag.Name, "-file")
}

// firstSentence is the beginning of a text to its first period.
func firstSentence(text string) string {
	first, _, more := strings.Cut(text, ". ")
	if more {
		first += "."
	}
	return first
}
