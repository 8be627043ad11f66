// Package browser walks through the account pages in a real Chromium, and inspects each
// page: its contrast, its width, its keyboard, and the rules of axe.
package browser
