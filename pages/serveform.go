package pages

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// FormView is a page with a form, in HTML and JSON, for ServeForm.
type FormView struct {
	// Template is the page, whose data is the form.
	Template string
	// Shown, Refused and Failed are told to the trace: the form is shown, its fields are
	// wrong, or Act returned an error. Empty ones are not.
	Shown, Refused, Failed flow.Code
	// Form returns the form for a body, which is nil where the page is only looked at.
	Form func(b Body) *Form
	// Act reads the fields and does what the form is for. It writes into the form what is
	// wrong with it, and returns an error if it could not be done.
	Act func(b Body, f *Form) error
	// Done responds after Act did it.
	Done func(f *Form)
	// Fail responds to an error of Act, but for attempts.ErrThrottled, which is 429 and the
	// form; Kit.Fail when nil.
	Fail func(err error)
}

// ServeForm responds to a GET with the empty form, and to a POST by what the view does with
// it: with the form again and what is wrong with it, or as Done does.
func (k *Kit) ServeForm(w http.ResponseWriter, r *http.Request, v FormView) {
	if r.Method != http.MethodPost {
		tell(r, v.Shown)
		form := v.Form(nil)
		form.resume(r)
		k.offer(w, r, v.Template, form)
		return
	}
	b, err := ReadBody(w, r)
	if err != nil {
		k.Fail(w, r, err)
		return
	}
	form := v.Form(b)
	err = v.Act(b, form)
	throttled := (*attempts.ThrottledError)(nil)
	switch {
	case errors.As(err, &throttled):
		k.hold(w, r, v.Template, form, throttled)
	case err != nil:
		tell(r, v.Failed, slog.Any("error", requestinfo.LogError(err)))
		if v.Fail != nil {
			v.Fail(err)
			return
		}
		k.Fail(w, r, err)
	case form.Failed():
		tell(r, v.Refused)
		k.showForm(w, r, v.Template, form)
	default:
		v.Done(form)
	}
}

// tell emits a code unless it is empty.
func tell(r *http.Request, code flow.Code, attrs ...slog.Attr) {
	if code != "" {
		flow.Emit(r.Context(), code, attrs...)
	}
}

// offer responds to a GET with an empty form, or tells a program how to send it.
func (k *Kit) offer(w http.ResponseWriter, r *http.Request, page string, f *Form) {
	if negotiate.HTML(r) {
		f.focus()
		k.Render(w, r, http.StatusOK, page, f)
		return
	}
	JSON(w, http.StatusOK, map[string]string{"message": "Send " + f.wanted() + " by POST, as a form or as " +
		"JSON."})
}

// FormError is the JSON about a form that was refused.
type FormError struct {
	Error  string              `json:"error"`
	Fields map[string][]string `json:"fields,omitempty"`
}

// showForm responds with the form: a page, or where the client wants JSON the
// status and what is wrong.
func (k *Kit) showForm(w http.ResponseWriter, r *http.Request, page string, f *Form) {
	f.translate(k.Translator(w, r))
	if negotiate.HTML(r) {
		f.focus()
		k.Render(w, r, http.StatusOK, page, f)
		return
	}
	status := f.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	if f.ForPrograms != "" {
		JSON(w, status, FormError{Error: f.ForPrograms})
		return
	}
	wrong := FormError{Fields: map[string][]string{}}
	all := slices.Clone(f.Errors)
	for _, field := range f.Fields {
		if len(field.Errors) > 0 {
			wrong.Fields[field.Name] = field.Errors
			all = append(all, field.Label+": "+strings.Join(field.Errors, " "))
		}
	}
	wrong.Error = strings.Join(all, " ")
	JSON(w, status, wrong)
}

// Done responds after a POST did what it is for: a browser is redirected to one of our own
// pages, and a program gets the message.
func (k *Kit) Done(w http.ResponseWriter, r *http.Request, path, message string) {
	if negotiate.HTML(r) {
		k.GoTo(w, r, path)
		return
	}
	JSON(w, http.StatusOK, map[string]string{"message": message})
}
