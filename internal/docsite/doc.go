// Package docsite serves the documentation as pages of a site: rendered from Markdown, with a
// list of all pages, a table of contents and a search. It is a part of the programs.
package docsite
