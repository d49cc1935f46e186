package main

import (
	"bytes"
	"fmt"
	"os"
	"time"
)

// tick is the unit of times in /proc/PID/stat: USER_HZ, which is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// cpuOf is the CPU time of another process. It needs Linux.
func cpuOf(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read the CPU time of process %d: %w", pid, err)
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:]) // the name before may hold anything
	if len(fields) < 13 {
		return 0, fmt.Errorf("read the CPU time of process %d: %q", pid, b)
	}
	var user, kernel int64
	if _, err := fmt.Sscan(string(fields[11])+" "+string(fields[12]), &user, &kernel); err != nil {
		return 0, fmt.Errorf("read the CPU time of process %d: %w", pid, err)
	}
	return time.Duration(user+kernel) * tick, nil
}

// movedBy is the bytes that a process has read and written, sockets included; 0 where no /proc tells.
func movedBy(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return 0
	}
	var in, out int64
	if _, err := fmt.Sscanf(string(b), "rchar: %d\nwchar: %d", &in, &out); err != nil {
		return 0
	}
	return in + out
}
