// What the tests need of package unsafe.

package taskwire

import "unsafe"

type unsafePointer = unsafe.Pointer
