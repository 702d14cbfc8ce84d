//! Where vault tokens are kept: the trait that a store implements, and a vault in memory.
//!
//! Rules: a store sees keyed references and sealed bytes (`docs/spec/vault-token-v1.md`), never a token,
//! a value or an account; of all who use a token's last use at once, one gets it.

use core::fmt;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::StoreError;
use crate::vocabulary::Timestamp;

/// A token, or the account of tokens, as a keyed pseudonym.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VaultRef([u8; 32]);

impl VaultRef {
    pub(crate) const fn from_pseudonym(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for VaultRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultRef(..)")
    }
}

/// A token as a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// Whose token it is.
    pub account: VaultRef,
    /// The sealed entry.
    pub entry: Vec<u8>,
    /// The version of the data root under which the entry is sealed.
    pub key_version: u32,
    /// How often it may still be used; `None`: as often as is asked.
    pub uses_left: Option<u32>,
    /// From when on it is good for nothing.
    pub expires: Timestamp,
}

/// Keeps the vault tokens of one tenant. Shared by threads and, where the store is, by processes.
pub trait TokenVault: Send + Sync + fmt::Debug {
    /// Adds a token. Returns when it is on stable storage.
    ///
    /// # Errors
    /// [`StoreError::Full`] if there are `max` tokens; [`StoreError::Damaged`] if it is there already;
    /// another [`StoreError`] if it could not be added durably.
    fn put(&self, of: &VaultRef, token: &StoredToken, max: u64) -> Result<(), StoreError>;

    /// The token, used up and expired ones too until they are removed.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    fn get(&self, of: &VaultRef) -> Result<Option<StoredToken>, StoreError>;

    /// Takes one use of a token that has not expired at `now`, in one durable step for all who share the
    /// store. `false`: it has none left, has expired, or is not there.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be taken durably: then nothing may be given out.
    fn take_use(&self, of: &VaultRef, now: Timestamp) -> Result<bool, StoreError>;

    /// Takes a token away. `false`: it was not there.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be taken away durably.
    fn remove(&self, of: &VaultRef) -> Result<bool, StoreError>;

    /// Takes all tokens of an account away. How many there were.
    ///
    /// # Errors
    /// [`StoreError`]: some may be gone, and some not.
    fn remove_of(&self, account: &VaultRef) -> Result<u64, StoreError>;

    /// Takes at most `limit` tokens away that have expired at `now` or have no use left. How many.
    ///
    /// # Errors
    /// [`StoreError`]: none is gone.
    fn sweep(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError>;

    /// At most `limit` tokens whose entries are sealed under another version than this.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    fn not_of_version(
        &self,
        key_version: u32,
        limit: usize,
    ) -> Result<Vec<(VaultRef, StoredToken)>, StoreError>;

    /// Puts an entry in the place of `before`. `false`, and nothing happens, if another is there.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written durably.
    fn replace(
        &self,
        of: &VaultRef,
        before: &[u8],
        entry: &[u8],
        key_version: u32,
    ) -> Result<bool, StoreError>;

    /// How many tokens there are for each version of the data root, by version.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be counted.
    fn versions(&self) -> Result<Vec<(u32, u64)>, StoreError>;
}

/// A vault in memory: for tests and samples. Gone with the process.
#[derive(Default)]
pub struct MemoryTokenVault(Mutex<HashMap<VaultRef, StoredToken>>);

impl MemoryTokenVault {
    /// An empty vault.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Each change is one step, so a panic elsewhere leaves nothing half changed.
    fn memory(&self) -> MutexGuard<'_, HashMap<VaultRef, StoredToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenVault for MemoryTokenVault {
    fn put(&self, of: &VaultRef, token: &StoredToken, max: u64) -> Result<(), StoreError> {
        let mut memory = self.memory();
        if u64::try_from(memory.len()).unwrap_or(u64::MAX) >= max {
            return Err(StoreError::Full);
        }
        if memory.contains_key(of) {
            return Err(StoreError::Damaged);
        }
        memory.insert(*of, token.clone());
        Ok(())
    }

    fn get(&self, of: &VaultRef) -> Result<Option<StoredToken>, StoreError> {
        Ok(self.memory().get(of).cloned())
    }

    fn take_use(&self, of: &VaultRef, now: Timestamp) -> Result<bool, StoreError> {
        let mut memory = self.memory();
        let Some(token) = memory.get_mut(of).filter(|token| now < token.expires) else { return Ok(false) };
        match token.uses_left {
            None => {}
            Some(0) => return Ok(false),
            Some(left) => token.uses_left = Some(left.saturating_sub(1)),
        }
        Ok(true)
    }

    fn remove(&self, of: &VaultRef) -> Result<bool, StoreError> {
        Ok(self.memory().remove(of).is_some())
    }

    fn remove_of(&self, account: &VaultRef) -> Result<u64, StoreError> {
        Ok(remove_where(&mut self.memory(), usize::MAX, |token| token.account == *account))
    }

    fn sweep(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        Ok(remove_where(&mut self.memory(), limit, |token| {
            token.expires <= now || token.uses_left == Some(0)
        }))
    }

    fn not_of_version(
        &self,
        key_version: u32,
        limit: usize,
    ) -> Result<Vec<(VaultRef, StoredToken)>, StoreError> {
        let memory = self.memory();
        let old = memory.iter().filter(|(_, token)| token.key_version != key_version);
        Ok(old.take(limit).map(|(of, token)| (*of, token.clone())).collect())
    }

    fn replace(
        &self,
        of: &VaultRef,
        before: &[u8],
        entry: &[u8],
        key_version: u32,
    ) -> Result<bool, StoreError> {
        let mut memory = self.memory();
        let Some(token) = memory.get_mut(of).filter(|token| token.entry == before) else { return Ok(false) };
        (token.entry, token.key_version) = (entry.to_vec(), key_version);
        Ok(true)
    }

    fn versions(&self) -> Result<Vec<(u32, u64)>, StoreError> {
        let mut counts = std::collections::BTreeMap::<u32, u64>::new();
        for token in self.memory().values() {
            let count = counts.entry(token.key_version).or_default();
            *count = count.saturating_add(1);
        }
        Ok(counts.into_iter().collect())
    }
}

impl fmt::Debug for MemoryTokenVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryTokenVault(..)")
    }
}

fn remove_where(
    memory: &mut HashMap<VaultRef, StoredToken>,
    limit: usize,
    is_one: impl Fn(&StoredToken) -> bool,
) -> u64 {
    let found: Vec<_> =
        memory.iter().filter(|(_, token)| is_one(token)).map(|(of, _)| *of).take(limit).collect();
    found.iter().for_each(|of| drop(memory.remove(of)));
    u64::try_from(found.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(1_800_000_000 + secs)
    }

    const fn of(number: u8) -> VaultRef {
        VaultRef::from_pseudonym([number; 32])
    }

    fn token(account: u8, key_version: u32, uses_left: Option<u32>, expires: u64) -> StoredToken {
        StoredToken {
            account: of(account),
            entry: vec![account; 40],
            key_version,
            uses_left,
            expires: at(expires),
        }
    }

    /// What every vault must do, from empty to empty: the store room runs this on its own.
    pub(crate) fn must_hold(vault: &dyn TokenVault) {
        tokens_are_kept_used_and_removed(vault);
        the_last_use_is_taken_once(vault);
        accounts_and_the_used_up_are_removed(vault);
        entries_move_to_another_version(vault);
    }

    fn tokens_are_kept_used_and_removed(vault: &dyn TokenVault) {
        assert_eq!((vault.get(&of(1)), vault.take_use(&of(1), at(0))), (Ok(None), Ok(false)));
        vault.put(&of(1), &token(9, 3, Some(2), 100), 2).unwrap();
        vault.put(&of(2), &token(9, 3, None, 100), 2).unwrap();
        assert_eq!(vault.put(&of(3), &token(9, 3, None, 100), 2), Err(StoreError::Full));
        assert_eq!(vault.put(&of(1), &token(8, 3, None, 100), 9), Err(StoreError::Damaged), "not replaced");
        assert_eq!(vault.get(&of(1)), Ok(Some(token(9, 3, Some(2), 100))));
        let uses: Vec<_> = (0..3).map(|_| vault.take_use(&of(1), at(99)).unwrap()).collect();
        assert_eq!(uses, [true, true, false]);
        assert_eq!(vault.get(&of(1)).unwrap().unwrap().uses_left, Some(0));
        assert_eq!((vault.take_use(&of(2), at(99)), vault.take_use(&of(2), at(100))), (Ok(true), Ok(false)));
        assert_eq!(vault.get(&of(2)), Ok(Some(token(9, 3, None, 100))));
        for number in [1, 2] {
            assert_eq!((vault.remove(&of(number)), vault.remove(&of(number))), (Ok(true), Ok(false)));
        }
        assert_eq!(vault.versions(), Ok(vec![]));
    }

    fn the_last_use_is_taken_once(vault: &dyn TokenVault) {
        vault.put(&of(1), &token(9, 1, Some(3), 100), 9).unwrap();
        let use_it = || (0..4).filter(|_| vault.take_use(&of(1), at(0)).unwrap()).count();
        let used: usize = std::thread::scope(|scope| {
            let users: Vec<_> = (0..4).map(|_| scope.spawn(use_it)).collect();
            users.into_iter().map(|user| user.join().unwrap()).sum()
        });
        assert_eq!(used, 3);
        assert!(vault.remove(&of(1)).unwrap());
    }

    fn accounts_and_the_used_up_are_removed(vault: &dyn TokenVault) {
        for (number, stored) in
            [token(8, 1, None, 50), token(8, 1, Some(0), 90), token(9, 1, None, 90)].iter().enumerate()
        {
            vault.put(&of(u8::try_from(number).unwrap()), stored, 9).unwrap();
        }
        assert_eq!(vault.sweep(at(49), 0), Ok(0));
        assert_eq!(vault.sweep(at(49), 9), Ok(1), "used up");
        assert_eq!(vault.sweep(at(50), 9), Ok(1), "expired to the second");
        assert_eq!(vault.sweep(at(50), 9), Ok(0));
        vault.put(&of(4), &token(9, 1, None, 90), 9).unwrap();
        vault.put(&of(5), &token(7, 1, None, 90), 9).unwrap();
        assert_eq!((vault.remove_of(&of(9)), vault.remove_of(&of(9))), (Ok(2), Ok(0)));
        assert!(vault.get(&of(5)).unwrap().is_some());
        assert_eq!(vault.remove_of(&of(7)), Ok(1));
    }

    fn entries_move_to_another_version(vault: &dyn TokenVault) {
        vault.put(&of(1), &token(8, 1, Some(1), 50), 9).unwrap();
        vault.put(&of(2), &token(8, 2, None, 50), 9).unwrap();
        assert_eq!(vault.versions(), Ok(vec![(1, 1), (2, 1)]));
        assert_eq!(vault.not_of_version(2, 9), Ok(vec![(of(1), token(8, 1, Some(1), 50))]));
        assert_eq!(vault.not_of_version(2, 0), Ok(vec![]));
        assert_eq!(vault.replace(&of(1), b"another", b"entry", 2), Ok(false));
        assert_eq!(vault.replace(&of(1), &[8; 40], b"entry", 2), Ok(true));
        assert_eq!(vault.replace(&of(3), &[8; 40], b"entry", 2), Ok(false));
        let moved = StoredToken { entry: b"entry".to_vec(), ..token(8, 2, Some(1), 50) };
        assert_eq!(vault.get(&of(1)), Ok(Some(moved)));
        assert_eq!(vault.versions(), Ok(vec![(2, 2)]));
        assert_eq!(vault.remove_of(&of(8)), Ok(2));
    }

    #[test]
    fn the_vault_in_memory_holds() {
        must_hold(&MemoryTokenVault::new());
    }
}
