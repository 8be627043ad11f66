package login

import (
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/pages"
)

// rememberName is the field of the box "Remember me".
const rememberName = "remember"

// rememberField is the box by which users choose how long they stay signed in.
func rememberField(t *i18n.Translator) *pages.Field {
	return &pages.Field{
		Name: rememberName, Label: t.T("Remember me on this device"),
		Type: pages.Checkbox, Checked: true,
	}
}

// takeRemember reads the box: pages.Yes, pages.No, or "" where the form has none or the
// client did not send it.
func takeRemember(b pages.Body, form *pages.Form) string {
	for _, field := range form.Fields {
		if field.Name == rememberName {
			return field.TakeChoice(b)
		}
	}
	return ""
}
