package inspector

// For tests.
var (
	DocsOf = docsOf
)
