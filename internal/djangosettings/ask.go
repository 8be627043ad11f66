package djangosettings

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode"
)

// moduleName is the form of what DJANGO_SETTINGS_MODULE holds.
var moduleName = regexp.MustCompile(`^[\pL_][\pL\pN_]*(\.[\pL_][\pL\pN_]*)*$`)

// IsModule reports whether a text has the form of the name of a settings module.
func IsModule(text string) bool { return moduleName.MatchString(text) }

// Script is the Python that prints the settings and what follows from them.
//
//go:embed ask.py
var Script string

// Ask lets the Django of an interpreter print the settings of a module, by the project's
// manage.py where there is one in the current folder.
func Ask(ctx context.Context, python, module string) (Dump, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	runner := []string{"manage.py"}
	if _, err := os.Stat("manage.py"); err != nil {
		runner = []string{"-m", "django"}
	}
	cmd := exec.CommandContext(ctx, python, append(runner, "shell", "--verbosity", "0", "--settings", module, "--command", Script)...)
	cmd.WaitDelay = time.Second // for what the settings may have started
	var said tail
	cmd.Stderr = &said
	var err error
	if cmd.Env, err = pythonEnv(os.Environ()); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("--python: %s does not start: %w; name the interpreter of the project, as "+
			"in --python .venv/bin/python", python, unwrapExec(err))
	}
	dump, unread := Read(out)
	if _, err := io.Copy(io.Discard, out); err != nil {
		unread = errors.Join(unread, err)
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("there is no file %[1]s, and Django could not load the settings module "+
			"%[1]s: %[2]s\n"+
			"run this in the project's folder, beside manage.py, in the environment of the site; "+
			"--python names the interpreter "+
			"that has its Django, as in --python .venv/bin/python", module, said.lastLine(err))
	}
	return dump, unread
}

// pythonEnv adds the current folder to where Python looks for modules, asks for
// UTF-8, and leaves no compiled files in the project.
func pythonEnv(env []string) ([]string, error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	path := here
	if given := os.Getenv("PYTHONPATH"); given != "" {
		path += string(filepath.ListSeparator) + given
	}
	return append(env, "PYTHONPATH="+path, "PYTHONIOENCODING=utf-8", "PYTHONDONTWRITEBYTECODE=1"), nil
}

// unwrapExec is the reason alone, without the name of the program.
func unwrapExec(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

// tail keeps the end of what is written to it.
type tail struct{ text []byte }

// maxTail is how much of it.
const maxTail = 8 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p[max(0, len(p)-maxTail):]...)
	t.text = t.text[max(0, len(t.text)-maxTail):]
	return len(p), nil
}

// account is the user and the password in a URL.
var account = regexp.MustCompile(`://[^\s/@]*@`)

// lastLine is the line by which a traceback ends, which has the error itself,
// without the account of a URL; err where nothing was written.
func (t *tail) lastLine(err error) string {
	lines := strings.Split(strings.TrimSpace(strings.ToValidUTF8(string(t.text), "?")), "\n")
	line := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, account.ReplaceAllString(lines[len(lines)-1], "://...@")))
	const most = 300
	switch {
	case len(line) == 0:
		return err.Error()
	case len(line) > most:
		return string(line[:most]) + "..."
	}
	return string(line)
}
