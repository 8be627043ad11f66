// Package pages is what the account pages are made of: layout, forms, fields, routes, and the
// responses in HTML or JSON. A [Feature] is a folder that has its pages made with a [Kit].
// It is on floor 4, the views, below the features.
package pages
