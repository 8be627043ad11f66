package coatcheck_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
)

// noSecrets are names that sound like a secret's, some of them in one folder only, with
// the reason why what they name may be compared in any way.
var noSecrets = map[string]string{
	"KeyHash":   "a hash of 256 bits that users see as the id of their session; it opens nothing",
	"keyHash":   "the same, or the function that computes it",
	"TokenHash": "a hash of 256 bits of a random token, found by an index; nobody can choose how it begins",
	"tokenHash": "the same, or the function that computes it",
	"IDHash":    "a hash of 256 bits of the ID of a passkey, which is no secret; it opens nothing",
	"idHash":    "the same",

	"database/postgres secret":             "the password of the database in the text of an error, which no client chooses",
	"i18n token":                           "a word of the formula for plurals in a catalogue",
	"internal/doctor Hashes":               "an algorithm and its work factor, counted",
	"internal/findings PasswordHasher":     "the name of an algorithm",
	"internal/findings PasswordIterations": "a number that every hash shows",
	"internal/findings PasswordUpdate":     "the name of a policy",
	"password/validate password":           "looked up in a public list of common passwords",
	"password/pwned sum":                   "a checksum of a public file, and a number of entries",
	"pages Password":                       "the stored hash of one user, before and after a login that was good",
}

// constantTime are the files that decide whether something secret is the right one, and
// how often they ask crypto/subtle.
var constantTime = map[string]int{
	"auth/attempts/devices.go": 1, "auth/hash.go": 1, "auth/resettoken/tokens.go": 1, "csrf/csrf.go": 1, "password/hasher.go": 1,
	"signing/signer.go": 1,
}

// TestSecretsAreComparedInConstantTime reads all files of the module: what has the name
// of a secret is compared by crypto/subtle or hmac.Equal, or stands in the list above.
func TestSecretsAreComparedInConstantTime(t *testing.T) {
	found, err := compareSecrets(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range found {
		for _, name := range c.names {
			key := path.Dir(c.at.Filename) + " " + name
			seen[key], seen[name] = true, true
			if noSecrets[key] == "" && noSecrets[name] == "" {
				t.Errorf("%s; use subtle.ConstantTimeCompare or hmac.Equal, or list %q with the reason", c, key)
			}
		}
	}
	for key := range noSecrets {
		if !seen[key] {
			t.Errorf("nothing named %q is compared any more; take it off the list", key)
		}
	}
	for file, times := range constantTime {
		if n := strings.Count(read(t, file), "subtle.ConstantTimeCompare("); n < times {
			t.Errorf("%s asks subtle.ConstantTimeCompare %d times, want %d", file, n, times)
		}
	}
}

// TestSecretComparisonsAreFound feeds the search small sources.
func TestSecretComparisonsAreFound(t *testing.T) {
	for source, want := range map[string]int{
		`token == sent`:                                          1,
		`s.Signature != got`:                                     1,
		`string(sum[:4]) == mac`:                                 1,
		`user.Password.Encoded() == other`:                       1,
		`hex.EncodeToString(newDigest) == x`:                     1,
		`resetToken(user) == x`:                                  1,
		`strings.EqualFold(a, theirSecret)`:                      1,
		`bytes.Equal(nonce[:], x)`:                               1,
		`strings.Compare(x, otpCode) == 0`:                       1,
		`slices.Equal(a, passwordHash)`:                          1,
		`slices.Contains(list, sessionKey)`:                      1,
		`strings.HasPrefix(cookieValue, x)`:                      1,
		`reflect.DeepEqual(csrfTokens, x)`:                       1,
		`used[token]`:                                            1,
		`func() bool { switch hash { case a: }; return true }()`: 1,
		`map[SecretKey]bool{} == nil`:                            1,
		`token == ""`:                                            0,
		`secret != nil`:                                          0,
		`matchHash(token) == current`:                            0,
		`len(token) == n`:                                        0,
		`strings.HasPrefix(hash, "pbkdf2_sha256$")`:              0,
		`token == public`:                                        0, // a constant
		`secret[i] == 0`:                                         0,
		`hmac.Equal(mac, sent)`:                                  0,
		`subtle.ConstantTimeCompare(token, x) == 1`:              0,
		`tokenizer == x`:                                         0,
		`machine == x && cookie == y`:                            0,
	} {
		text := "package p\n\nconst public = \"a\"\n\nvar _ = " + source + "\n"
		found, err := compareSecrets(fstest.MapFS{"p/p.go": {Data: []byte(text)}})
		if err != nil || len(found) != want {
			t.Errorf("%s: %v %v, want %d", source, found, err, want)
		}
	}
	hidden := fstest.MapFS{"p/p_test.go": {Data: []byte("package p\nvar _ = token == sent\n")}}
	if found, err := compareSecrets(hidden); err != nil || len(found) != 0 {
		t.Errorf("tests are searched: %v %v", found, err)
	}
}

// comparison is one that was found, and the names by which it was.
type comparison struct {
	at    token.Position
	text  string
	names []string
}

// String reports where it is.
func (c comparison) String() string {
	return fmt.Sprintf("%s: %s compares what has the name of a secret", c.at, c.text)
}

// compareSecrets finds the comparisons of secrets in the files of a tree.
func compareSecrets(tree fs.FS) (found []comparison, err error) {
	files := token.NewFileSet()
	parsed := map[string]*ast.File{}
	err = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return enter(tree, name)
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err == nil {
			parsed[name], err = parser.ParseFile(files, name, text, parser.SkipObjectResolution)
		}
		return err
	})
	constants := findConstants(parsed)
	for name, file := range parsed {
		s := &secretSearch{files: files, folder: path.Dir(name), constants: constants}
		ast.Inspect(file, s.visit)
		found = append(found, s.found...)
	}
	slices.SortFunc(found, func(a, b comparison) int { return strings.Compare(a.String(), b.String()) })
	return found, err
}

// findConstants returns the constants of each folder, and under the name of each package
// those too. What stands in the source is no secret.
func findConstants(parsed map[string]*ast.File) map[string]bool {
	all := map[string]bool{}
	for name, file := range parsed {
		for _, decl := range file.Decls {
			general, ok := decl.(*ast.GenDecl)
			if !ok || general.Tok != token.CONST {
				continue
			}
			for _, spec := range general.Specs {
				for _, ident := range spec.(*ast.ValueSpec).Names {
					all[path.Dir(name)+"#"+ident.Name] = true
					all["package "+file.Name.Name+"#"+ident.Name] = true
				}
			}
		}
	}
	return all
}

// secretSearch looks through one file.
type secretSearch struct {
	files     *token.FileSet
	folder    string
	constants map[string]bool
	found     []comparison
}

// comparing are the functions that compare their arguments.
var comparing = map[string]bool{
	"strings.EqualFold": true, "strings.Compare": true, "strings.HasPrefix": true, "strings.HasSuffix": true,
	"strings.Contains": true, "bytes.Equal": true, "bytes.EqualFold": true, "bytes.Compare": true,
	"bytes.HasPrefix": true, "slices.Equal": true, "slices.Compare": true, "slices.Contains": true,
	"slices.Index": true, "reflect.DeepEqual": true, "cmp.Compare": true, "maps.Equal": true,
}

func (s *secretSearch) visit(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.BinaryExpr:
		if n.Op == token.EQL || n.Op == token.NEQ {
			s.check(n, n.X, n.Y)
		}
	case *ast.CallExpr:
		if function, ok := n.Fun.(*ast.SelectorExpr); ok && comparing[lastName(function.X)+"."+function.Sel.Name] {
			s.check(n, n.Args...)
		}
	case *ast.SwitchStmt:
		if n.Tag != nil {
			s.check(n.Tag, n.Tag)
		}
	case *ast.IndexExpr:
		s.check(n, n.Index)
	case *ast.MapType:
		s.check(n, n.Key)
	}
	return true
}

// check reports the node if an operand has the name of a secret, and none is a constant.
func (s *secretSearch) check(node ast.Node, operands ...ast.Expr) {
	if slices.ContainsFunc(operands, s.isConstant) {
		return
	}
	var names []string
	for _, operand := range operands {
		names = append(names, operandNames(operand)...)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !namesSecret(name) })
	if names = slices.Compact(names); len(names) > 0 {
		var text bytes.Buffer
		_ = printer.Fprint(&text, s.files, node) // a buffer accepts everything
		s.found = append(s.found, comparison{s.files.Position(node.Pos()), text.String(), names})
	}
}

func (s *secretSearch) isConstant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.ParenExpr:
		return s.isConstant(e.X)
	case *ast.UnaryExpr:
		return s.isConstant(e.X)
	case *ast.Ident:
		return e.Name == "nil" || e.Name == "true" || e.Name == "false" || s.constants[s.folder+"#"+e.Name]
	case *ast.SelectorExpr:
		return s.constants["package "+lastName(e.X)+"#"+e.Sel.Name]
	}
	return false
}

// deciding are the verbs of functions that return a number or a decision, and no secret.
var deciding = []string{"len", "cap", "constant", "match", "check", "verify", "is", "has"}

// operandNames returns the names by which an operand can be told to be a secret: its
// own, and those of what it was made of.
func operandNames(e ast.Expr) (names []string) {
	switch e := e.(type) {
	case *ast.CallExpr:
		name := lastName(e.Fun)
		switch {
		case slices.Contains(deciding, camelWords(name)[0]):
			return nil
		case namesSecret(name):
			return []string{name}
		}
		names = append(names, name)
		if method, ok := e.Fun.(*ast.SelectorExpr); ok {
			names = append(names, lastName(method.X))
		}
		for _, arg := range e.Args {
			names = append(names, operandNames(arg)...)
		}
	default:
		names = append(names, lastName(e))
	}
	return names
}

// lastName returns the name of an expression: of a selector its last one.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.ParenExpr:
		return lastName(e.X)
	case *ast.StarExpr:
		return lastName(e.X)
	case *ast.UnaryExpr:
		return lastName(e.X)
	case *ast.SliceExpr:
		return lastName(e.X)
	case *ast.CallExpr:
		return lastName(e.Fun)
	}
	return ""
}

// secretWords are the words that name secrets, and what is made to recognise them.
var secretWords = []string{
	"token", "signature", "sig", "mac", "hmac", "digest", "secret", "hash", "password", "nonce", "otp", "sum", "proof",
	"cookie value", "session key",
}

// namesSecret reports whether a name has one of the words in it.
func namesSecret(name string) bool {
	words := " " + strings.Join(camelWords(name), " ") + " "
	return slices.ContainsFunc(secretWords, func(word string) bool {
		return strings.Contains(words, " "+word+" ") || strings.Contains(words, " "+word+"s ") ||
			strings.Contains(words, " "+word+"es ")
	})
}

// camelWords splits a name: csrfTokenURL is csrf, token and url.
func camelWords(name string) (words []string) {
	var word strings.Builder
	runes := []rune(name)
	for i, c := range runes {
		starts := unicode.IsUpper(c) && i > 0 &&
			(unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]) && runes[i+1] != 's')
		if starts || c == '_' {
			words = append(words, word.String())
			word.Reset()
		}
		if c != '_' {
			word.WriteRune(unicode.ToLower(c))
		}
	}
	return append(words, word.String())
}
