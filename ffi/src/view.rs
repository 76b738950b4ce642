//! What comes through a pointer and what goes out through one: bytes, texts, outputs, arrays, and structs that grow.
//! Every read and write of the caller's memory is made here; what the values mean is left to the callers.

use core::ffi::{c_char, c_void, CStr};
use core::mem::{align_of, size_of, MaybeUninit};

use crate::status::{
    taskwire_status, TASKWIRE_ERROR_ARGUMENT, TASKWIRE_ERROR_MISALIGNED, TASKWIRE_ERROR_NULL_POINTER,
    TASKWIRE_ERROR_STRUCT_SIZE,
};

/// The largest `struct_size` that is believed; a larger one is memory that nobody filled.
const MOST_STRUCT_SIZE: usize = 4096;

/// A struct of the C interface that can grow.
///
/// # Safety
/// The type is `repr(C)`, begins with its `struct_size: u32`, holds nothing but integers, raw pointers and arrays of
/// integers (so that every pattern of bytes is a value of it), and `FIRST` is at least 4 and at most its size.
pub(crate) unsafe trait Growing: Copy {
    /// The size that it had in the first version: a smaller one is refused.
    const FIRST: usize;

    /// What its `_init` gives, `struct_size` included.
    fn initial() -> Self;
}

/// Whether a pointer may be read or written as a `T`.
fn check<T>(pointer: *const T) -> Result<(), taskwire_status> {
    if pointer.is_null() {
        Err(TASKWIRE_ERROR_NULL_POINTER)
    } else if !pointer.is_aligned() {
        Err(TASKWIRE_ERROR_MISALIGNED)
    } else {
        Ok(())
    }
}

/// The value behind a pointer.
///
/// # Safety
/// `pointer` is NULL, misaligned, or valid for reads of a `T` that was filled.
pub(crate) unsafe fn read<T: Copy>(pointer: *const T) -> Result<T, taskwire_status> {
    check(pointer)?;
    // SAFETY: not NULL and aligned, both just checked; valid for reads by this function's contract.
    Ok(unsafe { *pointer })
}

/// The bytes behind a pointer; none for a length of 0, whatever the pointer is.
///
/// # Safety
/// `pointer` is NULL or valid for reads of `length` bytes, which nobody changes as long as the slice is used.
pub(crate) unsafe fn bytes<'a>(pointer: *const c_void, length: usize) -> Result<&'a [u8], taskwire_status> {
    if length == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(TASKWIRE_ERROR_NULL_POINTER);
    }
    if isize::try_from(length).is_err() {
        return Err(TASKWIRE_ERROR_ARGUMENT);
    }
    // SAFETY: not NULL, a byte is aligned everywhere, the length fits isize; valid and unchanged by the contract.
    Ok(unsafe { core::slice::from_raw_parts(pointer.cast::<u8>(), length) })
}

/// The buffer behind a pointer; none for a length of 0, whatever the pointer is.
///
/// # Safety
/// `pointer` is NULL or valid for reads and writes of `length` bytes, which nobody else uses as long as the slice lives.
pub(crate) unsafe fn buffer<'a>(pointer: *mut u8, length: usize) -> Result<&'a mut [u8], taskwire_status> {
    if length == 0 {
        return Ok(&mut []);
    }
    if pointer.is_null() {
        return Err(TASKWIRE_ERROR_NULL_POINTER);
    }
    if isize::try_from(length).is_err() {
        return Err(TASKWIRE_ERROR_ARGUMENT);
    }
    // SAFETY: not NULL, a byte is aligned everywhere, the length fits isize; valid and ours alone by the contract.
    Ok(unsafe { core::slice::from_raw_parts_mut(pointer, length) })
}

/// The text before the NUL, if one comes within `most` bytes and the text is UTF-8; `None` if not.
///
/// # Safety
/// `pointer` is NULL or points at bytes that can be read up to a NUL, or to `most + 1` of them, whichever comes first.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, most: usize) -> Result<Option<&'a str>, taskwire_status> {
    if pointer.is_null() {
        return Err(TASKWIRE_ERROR_NULL_POINTER);
    }
    for length in 0..=most {
        // SAFETY: no NUL came before this byte and it is among the first `most + 1`: readable by the contract.
        if unsafe { *pointer.add(length) } == 0 {
            // SAFETY: the bytes up to and with this NUL were just read.
            let found = unsafe { CStr::from_ptr(pointer) };
            return Ok(found.to_str().ok());
        }
    }
    Ok(None)
}

/// A place for one output of the caller, set to zero as soon as it is made.
pub(crate) struct Out<T>(*mut T);

impl<T: Copy + Default> Out<T> {
    /// The output at `pointer`, which must be there.
    ///
    /// # Safety
    /// `pointer` is NULL, misaligned, or valid for writes of a `T` as long as this lives.
    pub(crate) unsafe fn needed(pointer: *mut T) -> Result<Out<T>, taskwire_status> {
        check(pointer.cast_const())?;
        let mut out = Out(pointer);
        out.set(T::default());
        Ok(out)
    }

    /// The output at `pointer`, or nowhere if it is NULL.
    ///
    /// # Safety
    /// As for `needed`.
    pub(crate) unsafe fn optional(pointer: *mut T) -> Result<Out<T>, taskwire_status> {
        if pointer.is_null() {
            return Ok(Out(pointer));
        }
        // SAFETY: the same contract.
        unsafe { Out::needed(pointer) }
    }

    /// Writes the value, if there is a place for it.
    pub(crate) fn set(&mut self, value: T) {
        if !self.0.is_null() {
            // SAFETY: not NULL; aligned, as `needed` checked; valid for writes by the contract of the constructors.
            unsafe { self.0.write(value) }
        }
    }
}

/// A pointer as an output: NULL until it is set.
#[repr(transparent)]
pub(crate) struct Pointer<T>(pub(crate) *mut T);

impl<T> Clone for Pointer<T> {
    fn clone(&self) -> Pointer<T> {
        *self
    }
}

impl<T> Copy for Pointer<T> {}

impl<T> Default for Pointer<T> {
    fn default() -> Pointer<T> {
        Pointer(core::ptr::null_mut())
    }
}

/// The size that a growing struct of the caller says it has, checked.
///
/// # Safety
/// `pointer` is NULL, misaligned, or points at a `struct_size` that can be read.
unsafe fn said_size<T: Growing>(pointer: *const T) -> Result<usize, taskwire_status> {
    check(pointer)?;
    // SAFETY: not NULL and aligned; a growing struct begins with its size, which can be read by the contract.
    let size = unsafe { *pointer.cast::<u32>() } as usize;
    if size < T::FIRST || size > MOST_STRUCT_SIZE || size % align_of::<T>() != 0 {
        return Err(TASKWIRE_ERROR_STRUCT_SIZE);
    }
    Ok(size)
}

/// A growing struct of the caller as this library knows it: fields that the caller's version lacks have their initial
/// values, and fields that this library does not know must be zero.
///
/// # Safety
/// `pointer` is NULL, misaligned, or valid for reads of as many bytes as the `struct_size` at its beginning says.
pub(crate) unsafe fn read_growing<T: Growing>(pointer: *const T) -> Result<T, taskwire_status> {
    // SAFETY: the same contract.
    let size = unsafe { said_size(pointer) }?;
    // SAFETY: readable by the contract, aligned as `said_size` checked; `size` is what the struct said.
    unsafe { read_sized(pointer, size) }
}

/// The same where the size is known already: an element of an array.
///
/// # Safety
/// `pointer` is valid for reads of `size` bytes; `size` is at least `T::FIRST`.
unsafe fn read_sized<T: Growing>(pointer: *const T, size: usize) -> Result<T, taskwire_status> {
    let known = size.min(size_of::<T>());
    let mut value = MaybeUninit::new(T::initial());
    // SAFETY: `known` bytes can be read by the contract and are within `value`; the two do not overlap.
    unsafe { core::ptr::copy_nonoverlapping(pointer.cast::<u8>(), value.as_mut_ptr().cast::<u8>(), known) };
    for offset in known..size {
        // SAFETY: below `size`, so readable by the contract.
        if unsafe { *pointer.cast::<u8>().add(offset) } != 0 {
            return Err(TASKWIRE_ERROR_STRUCT_SIZE);
        }
    }
    // SAFETY: it was initialised, and every pattern of bytes is a value of a growing struct.
    Ok(unsafe { value.assume_init() })
}

/// A place for one or more growing structs of the caller, the first of which says how large each is.
pub(crate) struct GrowingOut<T> {
    first: *mut T,
    stride: usize,
    count: usize,
}

impl<T: Growing> GrowingOut<T> {
    /// The `count` structs at `first`; all are set to zero but for their `struct_size`, which becomes the first's.
    ///
    /// # Safety
    /// `first` is NULL, misaligned, or points at a `struct_size` that can be read and, if that is a size that can be,
    /// at `count` times as many bytes that can be written as long as this lives.
    pub(crate) unsafe fn new(first: *mut T, count: usize) -> Result<GrowingOut<T>, taskwire_status> {
        if count == 0 {
            return Ok(GrowingOut { first, stride: 0, count });
        }
        // SAFETY: the same contract.
        let stride = unsafe { said_size(first.cast_const()) }?;
        if stride.checked_mul(count).is_none_or(|all| isize::try_from(all).is_err()) {
            return Err(TASKWIRE_ERROR_ARGUMENT);
        }
        let mut out = GrowingOut { first, stride, count };
        out.clear(0);
        Ok(out)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Sets those from `from` on to zero, but for their `struct_size`.
    fn clear(&mut self, from: usize) {
        for index in from..self.count {
            // SAFETY: `index` is below `count`, so the place is within what can be written, by the contract of `new`.
            unsafe {
                let place = self.first.cast::<u8>().add(index * self.stride);
                place.write_bytes(0, self.stride);
                // A multiple of the alignment from an aligned start, and at most MOST_STRUCT_SIZE.
                place.cast::<u32>().write(self.stride as u32);
            }
        }
    }

    /// Writes one of them, as much of it as the caller's version has.
    pub(crate) fn set(&mut self, index: usize, value: &T) {
        if index >= self.count {
            return;
        }
        let known = self.stride.min(size_of::<T>());
        let value: *const T = value;
        // SAFETY: within what can be written, as in `clear`; `known` bytes of `value` can be read, and the caller's
        // memory is not ours. The first four bytes, the size, stay as they are.
        unsafe {
            let place = self.first.cast::<u8>().add(index * self.stride);
            core::ptr::copy_nonoverlapping(value.cast::<u8>().add(4), place.add(4), known - 4);
        }
    }
}

/// The elements of an array of growing structs, the first of which says how large each is.
pub(crate) struct GrowingArray<T> {
    first: *const T,
    stride: usize,
    count: usize,
}

impl<T: Growing> GrowingArray<T> {
    /// The `count` structs at `first`.
    ///
    /// # Safety
    /// `first` is NULL, misaligned, or valid for reads of `count` times as many bytes as the `struct_size` at its
    /// beginning says, as long as this lives.
    pub(crate) unsafe fn new(first: *const T, count: usize) -> Result<GrowingArray<T>, taskwire_status> {
        if count == 0 {
            return Ok(GrowingArray { first, stride: 0, count });
        }
        // SAFETY: the same contract.
        let stride = unsafe { said_size(first) }?;
        if stride.checked_mul(count).is_none_or(|all| isize::try_from(all).is_err()) {
            return Err(TASKWIRE_ERROR_ARGUMENT);
        }
        Ok(GrowingArray { first, stride, count })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// One of them; every element must say the size that the first says.
    pub(crate) fn get(&self, index: usize) -> Result<T, taskwire_status> {
        if index >= self.count {
            return Err(TASKWIRE_ERROR_ARGUMENT);
        }
        // SAFETY: `index` is below `count`, so the place is within what can be read by the contract of `new`, and a
        // multiple of the alignment from an aligned start.
        let place = unsafe { self.first.byte_add(index * self.stride) };
        // SAFETY: as above; a growing struct begins with its size.
        if unsafe { *place.cast::<u32>() } as usize != self.stride {
            return Err(TASKWIRE_ERROR_STRUCT_SIZE);
        }
        // SAFETY: as above, `stride` bytes can be read, and it is at least FIRST.
        unsafe { read_sized(place, self.stride) }
    }
}

/// Fills a growing struct of the caller that is `size` bytes large with its initial values: the inner part of `_init`.
///
/// # Safety
/// `out` is NULL, misaligned, or valid for writes of `size` bytes.
pub(crate) unsafe fn initialise<T: Growing>(out: *mut T, size: usize) -> Result<(), taskwire_status> {
    check(out.cast_const())?;
    if size < T::FIRST || size > MOST_STRUCT_SIZE || size % align_of::<T>() != 0 {
        return Err(TASKWIRE_ERROR_STRUCT_SIZE);
    }
    let value = T::initial();
    let known = size.min(size_of::<T>());
    // SAFETY: `size` bytes can be written by the contract, aligned as checked; `known` bytes of `value` can be read.
    unsafe {
        out.cast::<u8>().write_bytes(0, size);
        core::ptr::copy_nonoverlapping((&raw const value).cast::<u8>(), out.cast::<u8>(), known);
        out.cast::<u32>().write(size as u32);
    }
    Ok(())
}

/// Writes text into a buffer of the caller, cut where it does not fit, and ended by a NUL if there is any room.
pub(crate) struct TextOut<'a> {
    buffer: &'a mut [u8],
    /// Bytes of the whole text so far, the cut ones included.
    pub(crate) length: usize,
}

impl TextOut<'_> {
    /// The buffer at `pointer`, or none if `capacity` is 0. The text is empty at first.
    ///
    /// # Safety
    /// As for [`buffer`].
    pub(crate) unsafe fn new<'a>(pointer: *mut c_char, capacity: usize) -> Result<TextOut<'a>, taskwire_status> {
        // SAFETY: the same contract.
        let buffer = unsafe { buffer(pointer.cast::<u8>(), capacity) }?;
        if let Some(first) = buffer.first_mut() {
            *first = 0;
        }
        Ok(TextOut { buffer, length: 0 })
    }

    /// Whether all of the text is there, with its NUL.
    pub(crate) fn is_whole(&self) -> bool {
        self.length < self.buffer.len()
    }

    /// Makes the text empty again.
    pub(crate) fn clear(&mut self) {
        self.length = 0;
        if let Some(first) = self.buffer.first_mut() {
            *first = 0;
        }
    }
}

impl core::fmt::Write for TextOut<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let room = self.buffer.len().saturating_sub(1);
        let start = self.length.min(room);
        let end = (self.length + text.len()).min(room);
        self.buffer[start..end].copy_from_slice(&text.as_bytes()[..end - start]);
        if let Some(last) = self.buffer.get_mut(end) {
            *last = 0;
        }
        self.length += text.len();
        Ok(())
    }
}
