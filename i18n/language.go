package i18n

import (
	"slices"
	"strings"
)

// normalize writes the name of a language or of its folder as Django writes
// languages: "pt-br". Django: to_language.
func normalize(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "_", "-")
}

// isLanguage accepts parts of one to eight letters, and digits behind the first.
// Django: language_code_re.
func isLanguage(code string) bool {
	for i, part := range strings.Split(code, "-") {
		if len(part) < 1 || len(part) > 8 {
			return false
		}
		for _, c := range []byte(part) {
			if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || i > 0 && '0' <= c && c <= '9') {
				return false
			}
		}
	}
	return true
}

// scripts are those of the regions that write Chinese differently. Django:
// "fallback" of LANG_INFO.
var scripts = map[string]string{
	"zh-cn": "zh-hans", "zh-my": "zh-hans", "zh-sg": "zh-hans",
	"zh-hk": "zh-hant", "zh-mo": "zh-hant", "zh-tw": "zh-hant",
}

// variants are a language and those that may stand for it, the closest first:
// de-at, de. The last one is without any addition.
func variants(code string) []string {
	all := []string{code}
	if script := scripts[code]; script != "" {
		all = append(all, script)
	}
	for i := strings.LastIndexByte(code, '-'); i >= 0; i = strings.LastIndexByte(code[:i], '-') {
		all = append(all, code[:i])
	}
	return all
}

// tag writes a language for HTML: "pt-BR", "zh-Hans" (BCP 47, RFC 5646, 2.1.1).
func tag(code string) string {
	parts := strings.Split(code, "-")
	for i, part := range parts[1:] {
		switch len(part) {
		case 2:
			parts[i+1] = strings.ToUpper(part)
		case 4:
			parts[i+1] = strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return strings.Join(parts, "-")
}

// Languages and scripts that are written from right to left. Django's
// LANGUAGES_BIDI are the first five and Uyghur.
var (
	rightToLeft        = []string{"ar", "ckb", "fa", "he", "ur", "ug", "arc", "dv", "ks", "ps", "sd", "syr", "yi"}
	rightToLeftScripts = []string{"adlm", "arab", "hebr", "nkoo", "rohg", "syrc", "thaa"}
)

// isRightToLeft goes by the script where the code names one.
func isRightToLeft(code string) bool {
	parts := strings.Split(code, "-")
	for _, part := range parts[1:] {
		if len(part) == 4 {
			return slices.Contains(rightToLeftScripts, part)
		}
	}
	return slices.Contains(rightToLeft, parts[0])
}
