// Package device names the browser and the system of a visitor, from what browsers call
// themselves. It is on floor 0, the pure tools.
package device

import (
	"slices"
	"strings"
)

// maxLength bounds what is looked at.
const maxLength = 512

// browsers are by a mark of theirs, those that also bear the marks of others first.
var browsers = [...][2]string{
	{"Edg/", "Edge"},
	{"EdgA/", "Edge"},
	{"EdgiOS/", "Edge"},
	{"OPR/", "Opera"},
	{"Opera", "Opera"},
	{"SamsungBrowser/", "Samsung Internet"},
	{"Vivaldi/", "Vivaldi"},
	{"YaBrowser/", "Yandex Browser"},
	{"DuckDuckGo/", "DuckDuckGo"},
	{"FxiOS/", "Firefox"},
	{"Firefox/", "Firefox"},
	{"CriOS/", "Chrome"},
	{"HeadlessChrome/", "Chrome"},
	{"Chromium/", "Chromium"},
	{"Chrome/", "Chrome"},
	{"Safari/", "Safari"},
	{"curl/", "curl"},
	{"Wget/", "Wget"},
	{"HTTPie/", "HTTPie"},
	{"python-requests/", "Python"},
	{"Python-urllib/", "Python"},
	{"okhttp/", "Android app"},
	{"Go-http-client/", "Go program"},
}

// systems are likewise.
var systems = [...][2]string{
	{"iPhone", "iPhone"},
	{"iPad", "iPad"},
	{"Android", "Android"},
	{"CrOS", "ChromeOS"},
	{"Windows", "Windows"},
	{"Macintosh", "macOS"},
	{"FreeBSD", "FreeBSD"},
	{"OpenBSD", "OpenBSD"},
	{"Linux", "Linux"},
}

// Describe returns browser and system, of which either may be empty, of a User-Agent:
// "Firefox", "Linux".
func Describe(userAgent string) (browser, system string) {
	if len(userAgent) > maxLength {
		userAgent = userAgent[:maxLength]
	}
	return match(userAgent, browsers[:]), match(userAgent, systems[:])
}

// Kind returns what kind of device a User-Agent is of: "phone", "tablet", "computer", "program",
// or "" where it does not tell.
func Kind(userAgent string) string {
	browser, system := Describe(userAgent)
	switch {
	case browser == "Android app":
		return "phone"
	case slices.Contains(programs, browser):
		return "program"
	case system == "iPad", system == "Android" && !strings.Contains(userAgent, "Mobile"):
		return "tablet"
	case system == "iPhone", system == "Android":
		return "phone"
	case system != "":
		return "computer"
	}
	return ""
}

// programs are those of the browsers that nobody sits at.
var programs = []string{"curl", "Wget", "HTTPie", "Python", "Go program"}

func match(text string, marks [][2]string) string {
	for _, m := range marks {
		if strings.Contains(text, m[0]) {
			return m[1]
		}
	}
	return ""
}
