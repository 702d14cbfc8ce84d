//! Argon2id (RFC 9106, version 0x13), with the secret input K where there is one.
//!
//! The memory of a hash for a customer is used again: 19 MiB that come and go for each hash break a
//! server's heap into pieces that it never gives back. It is wiped after every use, which the crate
//! itself does not do.

use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroize as _;

use super::Key32;

/// The cost of one hash. Part of what is stored, so that it can rise without breaking old hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Memory in KiB.
    pub(crate) memory_kib: u32,
    /// Passes.
    pub(crate) passes: u32,
    /// Lanes.
    pub(crate) lanes: u32,
}

impl Cost {
    /// For the passphrase of a key file, asked once a start: RFC 9106 §4, second recommended
    /// option (64 MiB, 3 passes), on one lane.
    pub(crate) const KEY_FILE: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    /// For a customer's password, checked while the customer waits, and keyed besides: the OWASP
    /// password storage minimum (19 MiB, 2 passes, 1 lane).
    pub(crate) const CUSTOMER: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
    /// No hash read from storage may cost more than this: a changed file must not exhaust the host.
    pub(crate) const MAX: Self = Self { memory_kib: 1024 * 1024, passes: 16, lanes: 16 };
    /// No hash read from storage may cost less than this: a changed file must not weaken the hash.
    pub(crate) const MIN: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

    /// Whether the cost lies within [`Cost::MIN`] and [`Cost::MAX`].
    pub(crate) fn is_acceptable(&self) -> bool {
        (Self::MIN.memory_kib..=Self::MAX.memory_kib).contains(&self.memory_kib)
            && (Self::MIN.passes..=Self::MAX.passes).contains(&self.passes)
            && (Self::MIN.lanes..=Self::MAX.lanes).contains(&self.lanes)
    }
}

/// The hash could not be computed: parameters refused, or no memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HashFailed;

/// Argon2id of `password` under `salt`, with the secret `pepper` (RFC 9106 §3.1, input K).
pub(crate) fn argon2id(
    password: &[u8],
    salt: &[u8; 16],
    pepper: Option<&Key32>,
    cost: Cost,
) -> Result<Key32, HashFailed> {
    static SHELF: Shelf = Shelf::new();
    argon2id_in(&SHELF, password, salt, pepper, cost)
}

/// [`argon2id`], in memory of this shelf.
pub(super) fn argon2id_in(
    shelf: &Shelf,
    password: &[u8],
    salt: &[u8; 16],
    pepper: Option<&Key32>,
    cost: Cost,
) -> Result<Key32, HashFailed> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(|_| HashFailed)?;
    let mut memory = shelf.memory(params.block_count())?;
    let argon2 = match pepper {
        Some(pepper) => Argon2::new_with_secret(pepper.bytes(), Algorithm::Argon2id, Version::V0x13, params)
            .map_err(|_| HashFailed)?,
        None => Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
    };
    Key32::filled_by(|out| {
        let hashed = argon2.hash_password_into_with_memory(password, salt, out, memory.blocks.as_mut_slice());
        hashed.map_err(|_| HashFailed)
    })
}

/// Memory that waits for the next hash. The lock is held to take or to put back, never to hash.
pub(super) struct Shelf(Mutex<Vec<Vec<Block>>>);

impl Shelf {
    /// What one kept memory holds, in blocks of 1 KiB: a customer's hash, and nothing else. The hash of a
    /// key file is made once a start, and one of another cost is rare.
    pub(super) const BLOCKS: usize = 19 * 1024;
    /// How many are kept for as long as the process lives, 38 MiB in all; further callers at the same
    /// time have their own, and give them back to the heap.
    pub(super) const KEPT: usize = 2;

    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// So many blocks, which hold zeros.
    pub(super) fn memory(&self, blocks: usize) -> Result<Memory<'_>, HashFailed> {
        let kept = if blocks == Self::BLOCKS { self.with(Vec::pop) } else { None };
        let blocks = match kept {
            Some(kept) => kept,
            None => {
                let mut made = Vec::new();
                made.try_reserve_exact(blocks).map_err(|_| HashFailed)?;
                made.resize(blocks, Block::new());
                made
            }
        };
        Ok(Memory { shelf: self, blocks })
    }

    /// What was left behind a panic is as good as ever: only whole buffers come and go.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut Vec<Vec<Block>>) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The memory of one hash: wiped when it is done, however it ended.
pub(super) struct Memory<'s> {
    shelf: &'s Shelf,
    blocks: Vec<Block>,
}

impl Drop for Memory<'_> {
    fn drop(&mut self) {
        let mut wiped = std::mem::take(&mut self.blocks);
        wiped.iter_mut().for_each(|block| block.zeroize());
        let surplus = self.shelf.with(|kept| {
            if wiped.len() != Shelf::BLOCKS || kept.len() >= Shelf::KEPT {
                return Some(wiped);
            }
            kept.push(wiped);
            None
        });
        drop(surplus); // with the lock released
    }
}
