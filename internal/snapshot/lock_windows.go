package snapshot

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// plainly has no counterpart here: there are no FIFOs in a directory, and a link is found by the look before.
const plainly = 0

// syncNames has nothing to do: a directory cannot be synced here.
func syncNames(*os.File) error { return nil }

// sharingViolation is what the system answers when somebody has the file open who shares it with nobody.
const sharingViolation = syscall.Errno(32)

// lock opens a file in a way that nobody else can open it meanwhile.
func lock(_, path string) (io.Closer, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_ALWAYS,
		syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, sharingViolation) {
		return nil, ErrLocked
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), path), nil
}
