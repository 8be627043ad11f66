//go:build !unix

package filestore

import "os"

// Such a system says by other means who may enter a folder, and has a folder for
// temporary files for each user.
func openToOthers(os.FileInfo) bool { return false }

func ours(os.FileInfo) bool { return true }

func sameDevice(os.FileInfo, os.FileInfo) bool { return true }
