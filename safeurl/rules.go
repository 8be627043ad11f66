package safeurl

// Rules chooses the Django whose decisions are wanted. The versions differ in how
// they split URLs and in lengths.
type Rules uint8

const (
	// Newest is what everybody should use: Django 6.1, and one hole less (see
	// [IsSafe]).
	Newest Rules = iota

	// Django52 is Django 5.2. It measures redirects before they are encoded.
	Django52

	// InsecureDjango42 is Django 4.2 (up to 5.0.13 and 5.1.7), for comparisons:
	// IsSafe has no limit of length and no check of hosts that change under
	// normalisation, and takes "1x:" for a scheme.
	InsecureDjango42

	// InsecureDjango32 is Django 3.2, for comparisons: moreover it keeps tabs
	// and line ends, so it holds "/\t/example.com" for a path where browsers
	// read another host, looks at nothing within brackets, and limits no
	// redirect.
	InsecureDjango32
)

func (r Rules) stripsControls() bool  { return r <= Django52 }
func (r Rules) normalizesHosts() bool { return r <= Django52 }
func (r Rules) limitsLength() bool    { return r <= Django52 }
func (r Rules) takesAnyScheme() bool  { return r > Django52 }
func (r Rules) removesLineEnds() bool { return r != InsecureDjango32 }
func (r Rules) checksBrackets() bool  { return r != InsecureDjango32 }
