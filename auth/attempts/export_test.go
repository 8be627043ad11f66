package attempts

// ParseDevices reads a device cookie and writes it again, for the tests.
func ParseDevices(text string) (written string, count int) {
	all := parseDevices(text)
	return printDevices(all), len(all)
}
