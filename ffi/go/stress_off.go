//go:build !taskwire_gcstress

// Nothing happens before a call into C; stress_on.go is the other choice.

package taskwire

func stress(uint64) {}
