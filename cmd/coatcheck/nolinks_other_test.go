//go:build !linux

package main

// nolinks is for Linux alone.
func nolinks() {}
