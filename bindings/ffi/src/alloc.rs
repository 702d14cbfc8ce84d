//! Wipes every block before it goes back to the heap.
//!
//! Why: what crosses to another language is copied by UniFFI on its way, and nothing in it wipes. This
//! library is loaded into an application as a whole, so it may choose its own heap, which the core,
//! a dependency among others, may not.
//!
//! Security note: it covers this library's heap. The copies in Kotlin and Swift are the wrappers' to
//! overwrite. It costs nothing measurable at 64 bytes, and up to 40 % of a megabyte's way.
#![expect(unsafe_code, reason = "the one place: an allocator is unsafe by its trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::slice;

use zeroize::Zeroize as _;

#[global_allocator]
static HEAP: Wiping = Wiping;

/// The system's heap. `realloc` is the trait's own: a new block, a copy, and the old one wiped.
struct Wiping;

// SAFETY: blocks come from `System` and go back to it with the layout that they came with; in between
// they are not touched.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`, which is `System`'s too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller gives up a block of `layout.size()` bytes that nobody else uses any more.
        // Its bytes may never have been written: they are written here and not read.
        unsafe { wipe(block, layout.size()) };
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`, which is `System`'s too.
        unsafe { System.dealloc(block, layout) };
    }
}

/// # Safety
/// `block` is valid for writes of `len` bytes, and nobody else reads or writes them.
unsafe fn wipe(block: *mut u8, len: usize) {
    // SAFETY: the caller's promise; `MaybeUninit` may hold anything.
    let bytes = unsafe { slice::from_raw_parts_mut(block.cast::<std::mem::MaybeUninit<u8>>(), len) };
    // Volatile: a write that nobody reads would be left out.
    bytes.zeroize();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_wiped() {
        let layout = Layout::from_size_align(64, 8).unwrap();
        // SAFETY: of this layout, written in full, and given back to `System` below.
        let block = unsafe { System.alloc(layout) };
        assert!(!block.is_null());
        // SAFETY: 64 bytes that are this test's alone.
        unsafe { block.write_bytes(0xA5, 64) };
        // SAFETY: as above.
        unsafe { wipe(block, 64) };
        // SAFETY: 64 bytes, all written.
        let seen = unsafe { slice::from_raw_parts(block, 64) }.to_vec();
        // SAFETY: the block and layout of `alloc`.
        unsafe { System.dealloc(block, layout) };
        assert_eq!(seen, vec![0; 64]);
    }

    /// The heap of this very process is this one: a freed block that comes back holds no marker.
    #[test]
    fn this_process_runs_on_it() {
        let mut seen = 0;
        for _ in 0..64 {
            let marked = vec![0x5A_u8; 4096];
            let address = marked.as_ptr();
            drop(marked);
            let again: Vec<u8> = Vec::with_capacity(4096);
            if again.as_ptr() == address {
                seen += 1;
                // The first 32 bytes are the system's own book-keeping after a free.
                // SAFETY: within the capacity; the bytes were written by `vec!` and by `wipe`.
                let bytes = unsafe { slice::from_raw_parts(again.as_ptr(), 4096) };
                assert!(bytes.iter().skip(32).all(|byte| *byte != 0x5A));
            }
        }
        assert!(seen > 0, "the system never gave the same block twice");
    }
}
