package validate

import "github.com/coatcheck/coatcheck/i18n"

// Rule is what a validator asks of a password, in a few words for a list beside the field.
type Rule struct {
	// Code is that of the Error of a password which breaks the rule; "" where it is unknown.
	Code string
	// Text is what is wanted, such as "At least 8 characters".
	Text string
	// Least is how many characters MinimumLength asks for, for scripts; 0 for other rules.
	Least int
}

// RulesIn returns the rules of all validators in another language. A validator of your own returns
// its rule from a method RuleIn(*i18n.Translator) Rule; that of every other one is its help text.
func RulesIn(t *i18n.Translator, validators []Validator) []Rule {
	rules := make([]Rule, len(validators))
	texts := HelpTextsIn(t, validators)
	for i, v := range validators {
		if own, ok := v.(interface{ RuleIn(*i18n.Translator) Rule }); ok {
			rules[i] = own.RuleIn(t)
		} else {
			rules[i].Text = texts[i]
		}
	}
	return rules
}

// RuleIn is "At least 8 characters".
func (v MinimumLength) RuleIn(t *i18n.Translator) Rule {
	return Rule{
		"password_too_short",
		t.N("At least %(n)d character", "At least %(n)d characters", v.least()), v.least(),
	}
}

// RuleIn is "Different from your name and email address".
func (UserAttributeSimilarity) RuleIn(t *i18n.Translator) Rule {
	return Rule{Code: "password_too_similar", Text: t.T("Different from your name and email address")}
}

// RuleIn is "One that few people use".
func (CommonPassword) RuleIn(t *i18n.Translator) Rule {
	return Rule{Code: "password_too_common", Text: t.T("One that few people use")}
}

// RuleIn is "At least one letter or symbol".
func (Numeric) RuleIn(t *i18n.Translator) Rule {
	return Rule{Code: "password_entirely_numeric", Text: t.T("At least one letter or symbol")}
}
