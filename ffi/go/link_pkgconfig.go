//go:build taskwire_pkgconfig

// How the library is found where it was installed: by pkg-config.

package taskwire

// #cgo pkg-config: taskwire
import "C"
