//! Length-prefixed tuples: the only way in which several values become one string of bytes for a
//! derivation, associated data or a MAC.
//!
//! Each item is its length as a 32-bit big-endian number and then its bytes. Two different
//! sequences of items never give the same bytes.

/// A tuple under construction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tuple(Vec<u8>);

impl Tuple {
    /// Starts a tuple with the label that says what it is for, with its version.
    pub(crate) fn new(label: &str) -> Self {
        Self(Vec::with_capacity(160)).with(label.as_bytes())
    }

    /// Adds an item.
    pub(crate) fn with(mut self, item: &[u8]) -> Self {
        self.push(item);
        self
    }

    /// Adds an item.
    pub(crate) fn push(&mut self, item: &[u8]) {
        push(&mut self.0, item);
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Adds one item to `out`.
pub(crate) fn push(out: &mut Vec<u8>, item: &[u8]) {
    out.extend_from_slice(&prefix(item));
    out.extend_from_slice(item);
}

/// What stands before an item.
pub(super) fn prefix(item: &[u8]) -> [u8; 4] {
    // INVARIANT: every item is bounded far below 4 GiB by the types of the rooms above.
    u32::try_from(item.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// Adds a text of at most 255 bytes behind its length, of one byte: in plaintexts whose layout says so.
pub(crate) fn put_str8(out: &mut Vec<u8>, text: &str) {
    // INVARIANT: ids and names, which have at most 128 bytes.
    out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(text.as_bytes());
}

/// Takes such a text, and gives what stands behind it; `None` if it is cut or is no UTF-8.
pub(crate) fn take_str8(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (len, rest) = bytes.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(*len))?;
    Some((core::str::from_utf8(text).ok()?, rest))
}
