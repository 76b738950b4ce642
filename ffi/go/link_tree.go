//go:build !taskwire_pkgconfig

// How the library is found inside the repository: header and static library lie two folders up.

package taskwire

// #cgo CFLAGS: -I${SRCDIR}/../../include
// #cgo LDFLAGS: ${SRCDIR}/../../build/lib/libtaskwire.a -lpthread -ldl -lm
import "C"
