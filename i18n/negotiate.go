package i18n

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// CookieName is the cookie in which a visitor's choice of a language is kept.
// Django: LANGUAGE_COOKIE_NAME.
const CookieName = "django_language"

// maxLanguage is how many bytes of a header or a cookie are looked at
// (CVE-2023-23969, CVE-2024-39614). Django: LANGUAGE_CODE_MAX_LENGTH.
const maxLanguage = 500

// Negotiate chooses the language of a visitor: that of the cookie [CookieName],
// else the one of the header Accept-Language that is wanted most, else
// the default one. Each may lead to a close one: "de-at" to "de", and where
// there is none, "fr" to "fr-ca". Both texts may be empty, as long as they like,
// and hostile: nothing is remembered of them. Django: get_language_from_request.
func (c *Catalogues) Negotiate(cookie, acceptLanguage string) *Translator {
	if t := c.closest(strings.ToLower(cookie)); t != nil {
		return t
	}
	for _, code := range parseAccept(acceptLanguage) {
		if code == "*" {
			break
		}
		if t := c.closest(code); t != nil {
			return t
		}
	}
	return c.fallback
}

// closest is the translator of the language, in lowercase, or of one close
// to it; nil where there is none. Django: get_supported_language_variant.
func (c *Catalogues) closest(code string) *Translator {
	if len(code) > maxLanguage {
		code = code[:max(0, strings.LastIndexByte(code[:maxLanguage], '-'))]
	}
	if code == "" {
		return nil
	}
	possible := variants(code)
	for _, code := range possible {
		if t := c.translators[code]; t != nil {
			return t
		}
	}
	prefix := possible[len(possible)-1] + "-"
	for _, language := range c.languages {
		if strings.HasPrefix(language, prefix) {
			return c.translators[language]
		}
	}
	return nil
}

// parseAccept lists the languages of an Accept-Language header, in
// lowercase, the most wanted first. A header that is not well-formed has none; of
// a long one the end is left out. Django: parse_accept_lang_header.
func parseAccept(header string) []string {
	if len(header) > maxLanguage {
		cut := strings.LastIndexByte(header[:maxLanguage], ',')
		if cut <= 0 {
			return nil
		}
		header = header[:cut]
	}
	type choice struct {
		code   string
		weight float64
	}
	var choices []choice
	parts := strings.Split(strings.ToLower(header), ",")
	for i, part := range parts {
		if i > 0 {
			part = strings.TrimLeft(part, blanks)
			if part == "" && i == len(parts)-1 {
				break // a comma at the end
			}
		}
		if i < len(parts)-1 {
			part = strings.TrimRight(part, blanks)
		}
		code, parameter, weighted := strings.Cut(part, ";")
		weight, ok := 1.0, true
		if weighted {
			code = strings.TrimRight(code, blanks)
			weight, ok = parseWeight(strings.TrimLeft(parameter, blanks))
		}
		if !ok || code != "*" && !isLanguage(code) {
			return nil
		}
		choices = append(choices, choice{code, weight})
	}
	slices.SortStableFunc(choices, func(a, b choice) int { return cmp.Compare(b.weight, a.weight) })
	codes := make([]string, len(choices))
	for i, c := range choices {
		codes[i] = c.code
	}
	return codes
}

const blanks = " \t\n\v\f\r"

// parseWeight reads "q=0.75": up to one, with three decimals at most (RFC 9110,
// 12.4.2).
func parseWeight(parameter string) (float64, bool) {
	digits, ok := strings.CutPrefix(parameter, "q=")
	whole, decimals, _ := strings.Cut(digits, ".")
	if !ok || len(decimals) > 3 || strings.Trim(decimals, "0123456789") != "" ||
		whole != "0" && (whole != "1" || strings.Trim(decimals, "0") != "") {
		return 0, false
	}
	weight, err := strconv.ParseFloat(digits, 64)
	return weight, err == nil
}
