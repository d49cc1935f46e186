//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package snapshot_test

import "syscall"

func init() {
	placed["FIFO"] = func(path string) error { return syscall.Mkfifo(path, 0o600) }
}
