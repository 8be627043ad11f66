// Package docs is the documentation of Coatcheck as files: the pages in Markdown, and their
// pictures. It is a part of the programs.
package docs

import "embed"

// Files are the pages, NAME.md, what they show and what they link to, as in the repository.
//
//go:embed *.md *.py *.json images performance
var Files embed.FS
