//! What the small build stands on in place of std: memory from the host's malloc, and a stop where it cannot go on. Both
//! are functions of C that the program has; nothing else is asked for.
//!
//! A `malloc` that gives nothing, and a fault in the library, end in `taskwire_stop`, which does not come back: no call
//! ever goes on with half of what it needs, and nothing is unwound. `ffi/small/stop.c` is what stops a program that
//! defines none.

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{c_char, c_void, CStr};
use core::panic::PanicInfo;

extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn realloc(pointer: *mut c_void, size: usize) -> *mut c_void;
    fn free(pointer: *mut c_void);
    fn taskwire_stop(why: *const c_char) -> !;
}

/// What malloc aligns to: C promises that it will do for every type of C, and two pointers are the least of that.
const ALIGNED: usize = 2 * size_of::<usize>();

struct Malloc;

#[global_allocator]
static MALLOC: Malloc = Malloc;

fn stop(why: &'static CStr) -> ! {
    // SAFETY: a static text that ends with a NUL; the function does not come back.
    unsafe { taskwire_stop(why.as_ptr()) }
}

fn given(pointer: *mut c_void) -> *mut c_void {
    if pointer.is_null() {
        stop(c"taskwire: out of memory\n");
    }
    pointer
}

// SAFETY: what malloc gives is large enough and, up to ALIGNED, aligned; beyond it the block is made larger by the
// alignment, and where malloc's own block begins stands in the word before what is given out.
unsafe impl GlobalAlloc for Malloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= ALIGNED {
            // SAFETY: malloc may be asked for any size.
            return given(unsafe { malloc(layout.size()) }).cast::<u8>();
        }
        // SAFETY: as above; a layout's size and alignment together fit isize.
        let block = given(unsafe { malloc(layout.size() + layout.align()) }).cast::<u8>();
        // The block is aligned to ALIGNED at least, so there is always room for the word before the first aligned place.
        let offset = layout.align() - block.addr() % layout.align();
        // SAFETY: `offset` is 1 to the alignment, and a multiple of ALIGNED as both are: place and word lie in the block.
        unsafe {
            let place = block.add(offset);
            place.cast::<*mut u8>().sub(1).write(block);
            place
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `alloc` or `realloc` gave it with this layout: it is malloc's own, or malloc's stands before it.
        unsafe {
            let block = if layout.align() <= ALIGNED { pointer } else { pointer.cast::<*mut u8>().sub(1).read() };
            free(block.cast::<c_void>());
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.align() <= ALIGNED {
            // SAFETY: it is malloc's own.
            return given(unsafe { realloc(pointer.cast::<c_void>(), size) }).cast::<u8>();
        }
        // SAFETY: the caller promises a size that makes a layout; the two blocks do not overlap, and both are as large as
        // what is copied.
        unsafe {
            let place = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            core::ptr::copy_nonoverlapping(pointer, place, layout.size().min(size));
            self.dealloc(pointer, layout);
            place
        }
    }
}

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    stop(c"taskwire: a fault in the library\n")
}
