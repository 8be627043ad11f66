// Package completion writes the scripts by which a shell completes the commands and flags of a
// program. It is a part of the programs.
package completion

import (
	"embed"
	"fmt"
	"io"
	"strings"
	"text/template"
)

// Program is what a shell can complete.
type Program struct {
	Name     string
	Commands []Command // the one without a path is the program itself
	Flags    []Flag    // of all commands, each once
}

// Command is a command and the words that can follow it.
type Command struct {
	Path  string // "serve", "pwned build"
	Words []Word // subcommands, and flags with their dashes
	Files bool   // its argument is a file
}

// Word is a word and what it is for, in a sentence.
type Word struct{ Text, Help string }

// Flag is a flag that takes a value.
type Flag struct {
	Name   string   // without dashes
	Values []string // what it takes; empty where it takes more than can be listed
	File   bool     // it takes the path of a file or a folder
}

// Shells are the shells that Write knows.
var Shells = []string{"bash", "zsh", "fish"}

//go:embed *.tmpl
var files embed.FS

var fishEscapes = strings.NewReplacer(`\`, `\\`, "'", `\'`)

var scripts = template.Must(template.New("").Funcs(template.FuncMap{
	"join":     strings.Join,
	"quote":    func(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" },
	"fishText": func(text string) string { return "'" + fishEscapes.Replace(text) + "'" },
	"flag":     func(text string) string { return strings.TrimPrefix(text, "--") },
	"isFlag":   func(text string) bool { return strings.HasPrefix(text, "--") },
	"last":     func(path string) string { return path[strings.LastIndexByte(path, ' ')+1:] },
	"parent":   func(path string) string { return path[:max(0, strings.LastIndexByte(path, ' '))] },
}).ParseFS(files, "*.tmpl"))

// Write writes the script for one of Shells, or returns an error for another shell.
func Write(w io.Writer, shell string, p Program) error {
	if err := scripts.ExecuteTemplate(w, shell+".tmpl", p); err != nil {
		return fmt.Errorf("completion: %w", err)
	}
	return nil
}
