package testenv

// StartRedis starts an empty Redis server without a password, which keeps nothing on disk, for
// programs that are no tests. It returns the host:port and what ends the server.
func StartRedis() (address string, stop func(), err error) {
	for range attempts {
		var p *process
		if p, address, err = startCache("redis", "", launchRedis(nil)); err == nil {
			return address, func() { p.stop() }, nil // its status is the signal's
		}
	}
	return "", nil, err
}
