//! Checkpoints and the proof that a log only grew, for a witness who has the public key and nothing else.

use cpni_guard::audit::{Checkpoint, VerifyingKey, verify_consistency};

use crate::audit::{AuditLog, AuditPage, events};
use crate::error::{CpniError, call};

/// What a checkpoint says. Its signature was checked.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CheckpointFacts {
    /// The name of the log, and of the key that signed.
    pub origin: String,
    /// How many events it covers.
    pub size: u64,
    /// Merkle tree hash over them: 32 bytes.
    pub root: Vec<u8>,
}

#[uniffi::export]
impl AuditLog {
    /// The last checkpoint that is kept with the log, as far as this process knows; makes none.
    ///
    /// # Errors
    /// 9301.
    pub fn kept_checkpoint(&self) -> Result<Option<String>, CpniError> {
        call(|| Ok(self.guard()?.audit().kept_checkpoint().map(|kept| kept.note().to_owned())))
    }

    /// The path from one checkpoint of this log to a later one: hashes of 32 bytes, for `check_growth`.
    ///
    /// # Errors
    /// 6008 if the log does not grow so; 6002; 6103 to 6106 for the notes; 9301.
    pub fn prove_growth(&self, earlier: String, later: String) -> Result<Vec<Vec<u8>>, CpniError> {
        call(|| {
            let guard = self.guard()?;
            let log = guard.audit();
            let key = log.verifying_key();
            let (earlier, later) = (Checkpoint::open(&earlier, &key)?, Checkpoint::open(&later, &key)?);
            let path = log.prove_consistency(earlier.tree(), later.tree())?;
            Ok(path.into_iter().map(|hash| hash.to_vec()).collect())
        })
    }

    /// The events from this number on, at most so many. Each is checked against its leaf hash; `verify`
    /// checks the chain.
    ///
    /// # Errors
    /// 6002, 6003; 9301.
    pub fn events(&self, from: u64, limit: u32) -> Result<AuditPage, CpniError> {
        call(|| {
            let guard = self.guard()?;
            let log = guard.audit();
            let until = from.saturating_add(u64::from(limit));
            events(log.entries(from..until), until < log.size())
        })
    }
}

/// Opens a checkpoint. Needs no guard, no log and no secret key.
///
/// # Errors
/// 6103 to 6106.
#[uniffi::export]
pub fn open_checkpoint(note: String, verifying_key: String) -> Result<CheckpointFacts, CpniError> {
    call(|| {
        let key: VerifyingKey = verifying_key.parse().map_err(CpniError::from)?;
        let opened = Checkpoint::open(&note, &key)?;
        let tree = opened.tree();
        Ok(CheckpointFacts { origin: opened.origin().to_owned(), size: tree.size, root: tree.root.to_vec() })
    })
}

/// Checks that a log only grew from one checkpoint to a later one. Needs no guard, no log and no secret key.
///
/// # Errors
/// 6102 if it did not, or nothing can be said of it; 6103 to 6106 for the notes and the key; 9302.
#[uniffi::export]
pub fn check_growth(
    earlier: String,
    later: String,
    path: Vec<Vec<u8>>,
    verifying_key: String,
) -> Result<(), CpniError> {
    call(|| {
        let key: VerifyingKey = verifying_key.parse().map_err(CpniError::from)?;
        let (earlier, later) = (Checkpoint::open(&earlier, &key)?, Checkpoint::open(&later, &key)?);
        let hash = |bytes: Vec<u8>| bytes.try_into().map_err(|_| CpniError::LAYOUT);
        let path = path.into_iter().map(hash).collect::<Result<Vec<[u8; 32]>, _>>()?;
        Ok(verify_consistency(earlier.tree(), later.tree(), &path)?)
    })
}
