package views

import (
	"net/http"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/middleware"
)

// The methods that pages take: those that are only looked at, and those with a form.
var (
	page = []string{http.MethodGet, http.MethodHead}
	form = []string{http.MethodGet, http.MethodHead, http.MethodPost}
)

// Route is one address of the account pages.
type Route struct {
	// Name is Django's name of the URL where Django has such a page, "password_reset"
	// for instance.
	Name string
	// Pattern is the path as http.ServeMux takes it, "/accounts/reset/{uidb64}/{token}/".
	Pattern string
	// Methods are those that it takes, OPTIONS aside.
	Methods []string
	// Private says that it is for signed-in users: others are led to the login page or
	// get 401.
	Private bool

	handler http.Handler
}

// Routes lists every address below Path that the configuration has, for documents
// and tests: a route that is not in a list of theirs should make them fail.
func (v *Views) Routes() []Route {
	routes := []Route{
		{"login", LoginPath, form, false, v.Login},
		{"logout", LogoutURL, []string{http.MethodPost}, false, v.Logout},
		{"signup", SignupURL, form, false, v.Signup},
		{"set_language", LanguageURL, form, false, v.account(v.language, form...)},
		{"profile", ProfileURL, page, true, v.Profile},
		{"password_change", PasswordChangeURL, form, true, v.PasswordChange},
		{"password_change_done", PasswordChangeDoneURL, page, true, v.PasswordChangeDone},
	}
	routes = append(routes, v.fieldRoutes()...)
	routes = append(routes, v.passwordResetRoutes()...)
	if v.config.SignupVerification {
		routes = append(routes, v.signupConfirmRoutes()...)
	}
	if v.config.SignupInvitation {
		routes = append(routes, Route{"invitation", accounts.InvitationPath + "{token}/", form, false, v.account(v.invitation, form...)})
	}
	if v.config.Accounts != nil {
		ends := v.config.Accounts.EndsSessions()
		if ends {
			routes = append(routes, v.sessionRoutes()...)
		}
		routes = append(routes, v.closeRoutes()...)
		if v.config.Accounts.SendsMail() {
			routes = append(routes, v.emailRoutes()...)
		}
		if v.config.Accounts.SendsMail() && ends {
			routes = append(routes, v.notMeRoutes()...)
		}
	}
	return routes
}

// route mounts the routes.
func (v *Views) route() {
	v.urls = map[string]string{}
	for _, r := range v.Routes() {
		v.urls[r.Name] = r.Pattern
		v.mux.Handle(r.Pattern+"{$}", r.handler)
		v.mux.Handle(r.Pattern[:len(r.Pattern)-1], v.view(addSlash, form...))
	}
	v.mux.Handle(Path+"static/{name}", v.view(v.static, page...))
	v.mux.Handle(OpenAPIURL, v.view(v.describe, page...))
	v.mux.Handle("/", v.view(v.notFound, form...))
}

// private makes a handler of a view for signed-in users.
func (v *Views) private(view http.HandlerFunc, methods ...string) http.Handler {
	required := middleware.LoginRequired(v.config.LoginURL, "", nil)(v.notWhileActing(view))
	return v.account(required.ServeHTTP, methods...)
}
