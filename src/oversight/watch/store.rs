//! Where tallies and decoys are kept: the trait that a store implements, and a store in memory.

use core::fmt;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::error::StoreError;

/// An agent, an employer or a decoy, as a keyed pseudonym.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WatchKey([u8; 32]);

impl WatchKey {
    /// From the bytes of a keyed pseudonym.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for WatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WatchKey(..)")
    }
}

/// What `change` does to the entries of some keys, in their order. `None`: there is none.
pub type Change<'c> = dyn FnMut(&mut [Option<Vec<u8>>]) -> Result<(), StoreError> + 'c;

/// Keeps what the watch counts. Shared by threads and, where the store is, by processes.
pub trait WatchStore: Send + Sync + fmt::Debug {
    /// Gives the entries of these keys to `change`, once, and keeps what it makes of them: one step
    /// for all who share the store, and none of it where `change` fails. It is kept when the process
    /// dies; whether it must be when the power fails is the store's choice.
    ///
    /// # Errors
    /// What `change` says; [`StoreError`] if they cannot be read or kept: nothing was counted then.
    fn update(&self, keys: &[WatchKey], change: &mut Change<'_>) -> Result<(), StoreError>;
}

/// The watch in memory: for tests and samples. Gone with the process.
#[derive(Default)]
pub struct MemoryWatchStore(Mutex<HashMap<WatchKey, Vec<u8>>>);

impl MemoryWatchStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl WatchStore for MemoryWatchStore {
    fn update(&self, keys: &[WatchKey], change: &mut Change<'_>) -> Result<(), StoreError> {
        // INVARIANT: entries change after `change` has returned, so that a panic in it changes nothing.
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries: Vec<_> = keys.iter().map(|key| memory.get(key).cloned()).collect();
        change(&mut entries)?;
        for (key, entry) in keys.iter().zip(entries) {
            match entry {
                Some(entry) => drop(memory.insert(*key, entry)),
                None => drop(memory.remove(key)),
            }
        }
        Ok(())
    }
}

impl fmt::Debug for MemoryWatchStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryWatchStore(..)")
    }
}
