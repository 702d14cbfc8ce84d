//! Checkpoints: the size and root of a log, signed (C2SP `tlog-checkpoint`).
//!
//! Rules: a [`Checkpoint`] was checked against a public key, there is no other; a log signs only
//! trees that are on stable storage, and keeps every checkpoint beside its events.
//!
//! Security note: the log's own signing key comes from the audit root. Who holds the root can sign
//! another history; a signer of the host's, or a checkpoint published before, shows that.

use std::sync::{Arc, MutexGuard, PoisonError};

use base64ct::{Base64, Encoding as _};

use crate::vocabulary::unhex16;

use super::event::LogId;
use super::log::{AuditLog, broken};
use super::note::{self, VerifyingKey};
use super::proof::{Nodes, TreeHead};
use super::store::{AuditStore, StoredCheckpoint};
use crate::error::{AuditError, BreakKind, HostError, ProofError};
use crate::hazmat::sign::{PUBLIC_LEN, SIGNATURE_LEN, SigningKey};

/// What the origin of every log of this library begins with; the log id in hexadecimal follows.
pub const ORIGIN_PREFIX: &str = "cpni-guard/audit/";

/// Signs checkpoints in the log's place, with a key that this process does not hold.
pub trait CheckpointSigner: Send + Sync + core::fmt::Debug {
    /// The public key (RFC 8032 §5.1.5). The same for the life of a process.
    fn public_key(&self) -> [u8; 32];

    /// The Ed25519 signature (RFC 8032 §5.1.6) of these bytes.
    ///
    /// # Errors
    /// [`HostError`] if it cannot sign now. There is then no checkpoint; disclosures go on.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], HostError>;
}

/// The size and root of a log, with a signature that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: Box<str>,
    tree: TreeHead,
    note: Box<str>,
}

impl Checkpoint {
    /// Reads a checkpoint that `key` signed. The key's name must be the checkpoint's origin.
    ///
    /// # Errors
    /// As [`VerifyingKey::open_note`]; [`ProofError::AnotherLog`] if the key signs for another log.
    pub fn open(note: &str, key: &VerifyingKey) -> Result<Self, ProofError> {
        let (origin, tree) = body(key.open_note(note)?)?;
        if origin != key.name() {
            return Err(ProofError::AnotherLog);
        }
        Ok(Self { origin: origin.into(), tree, note: note.into() })
    }

    /// Which log: [`ORIGIN_PREFIX`] and its id.
    #[must_use]
    pub const fn origin(&self) -> &str {
        &self.origin
    }

    /// The id of the log, if it is one of this library.
    #[must_use]
    pub fn log(&self) -> Option<LogId> {
        let digits = self.origin.strip_prefix(ORIGIN_PREFIX)?;
        unhex16(digits).map(LogId::from_bytes)
    }

    /// The tree that was signed.
    #[must_use]
    pub const fn tree(&self) -> &TreeHead {
        &self.tree
    }

    /// The signed note: what is published.
    #[must_use]
    pub const fn note(&self) -> &str {
        &self.note
    }
}

impl AuditLog {
    /// The public key of this log's checkpoints. Note it down outside the machine: whoever has it
    /// checks checkpoints and proofs without this library's keys.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.signer.key(self.id())
    }

    /// Signs the tree over all events that are stored now, and keeps the checkpoint. Where nothing
    /// was added since the last one, that is given back.
    ///
    /// # Errors
    /// [`AuditError::NotSigned`] if the host's signer fails or signs wrongly;
    /// [`AuditError::NotKept`] if the store fails.
    pub fn checkpoint(&self) -> Result<Checkpoint, AuditError> {
        let mut last = self.last_checkpoint();
        let tree = self.tree_head();
        if let Some(last) = last.as_ref().filter(|last| last.tree == tree) {
            return Ok(last.clone());
        }
        let key = self.verifying_key();
        let text = text(key.name(), &tree);
        let signature = self.signer.sign(text.as_bytes())?;
        // The host's signer is not believed: what does not verify is not published.
        let checkpoint = Checkpoint::open(&key.note(&text, &signature), &key);
        let checkpoint = checkpoint.map_err(|_| AuditError::NotSigned)?;
        let stored = StoredCheckpoint { size: tree.size, note: checkpoint.note.to_string() };
        self.store.add_checkpoint(&stored).map_err(AuditError::NotKept)?;
        *last = Some(checkpoint.clone());
        Ok(checkpoint)
    }

    /// The last checkpoint that is kept with the log, as far as this process knows; makes none.
    #[must_use]
    pub fn kept_checkpoint(&self) -> Option<Checkpoint> {
        self.last_checkpoint().clone()
    }

    /// The last checkpoint that this process knows. A panic elsewhere cannot leave it half changed.
    pub(super) fn last_checkpoint(&self) -> MutexGuard<'_, Option<Checkpoint>> {
        self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who signs.
#[derive(Debug)]
pub(super) enum Signer {
    Own(Box<SigningKey>),
    Host(Arc<dyn CheckpointSigner>),
}

impl Signer {
    pub(super) fn key(&self, log: LogId) -> VerifyingKey {
        let public: [u8; PUBLIC_LEN] = match self {
            Self::Own(key) => key.public(),
            Self::Host(signer) => signer.public_key(),
        };
        VerifyingKey::new(&format!("{ORIGIN_PREFIX}{log}"), public)
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], AuditError> {
        match self {
            Self::Own(key) => Ok(key.sign(message)),
            Self::Host(signer) => signer.sign(message).map_err(|_| AuditError::NotSigned),
        }
    }
}

/// What a stored checkpoint says.
pub(super) struct Kept {
    pub(super) tree: TreeHead,
    /// `None`: another key signed it, the host's former one, so that its signature says nothing here.
    pub(super) checked: Option<Checkpoint>,
}

/// Checks a stored checkpoint, as far as it can be.
pub(super) fn read_kept(stored: &StoredCheckpoint, key: &VerifyingKey) -> Result<Kept, AuditError> {
    let wrong = broken(stored.size, BreakKind::Signature);
    let (text, _) = note::split(&stored.note).map_err(|_| wrong)?;
    let (origin, tree) = body(text).map_err(|_| wrong)?;
    let checked = match Checkpoint::open(&stored.note, key) {
        Ok(checkpoint) => Some(checkpoint),
        Err(ProofError::NotSigned) => None,
        Err(_) => return Err(wrong),
    };
    if origin != key.name() || tree.size != stored.size {
        return Err(wrong);
    }
    Ok(Kept { tree, checked })
}

/// Compares a log of `size` events with a tree that was signed before.
pub(super) fn compare(store: &dyn AuditStore, size: u64, signed: &TreeHead) -> Result<(), AuditError> {
    if size < signed.size {
        return Err(broken(size, BreakKind::Truncation));
    }
    match Nodes(store).range(0, signed.size) {
        Ok(root) if root == signed.root => Ok(()),
        Ok(_) | Err(AuditError::NotProven) => Err(not_signed(signed)),
        Err(other) => Err(other),
    }
}

/// The break where a log is not the one that was signed: at the last event that was.
pub(super) const fn not_signed(signed: &TreeHead) -> AuditError {
    broken(signed.size.saturating_sub(1), BreakKind::Checkpoint)
}

/// What a stored checkpoint says, of which nothing is checked: only to compare it with another.
#[cfg(feature = "sqlite")]
pub(crate) fn peek(note: &[u8]) -> Option<(&str, TreeHead)> {
    let (text, _) = note::split(core::str::from_utf8(note).ok()?).ok()?;
    body(text).ok()
}

/// What is signed.
pub(super) fn text(origin: &str, tree: &TreeHead) -> String {
    format!("{origin}\n{}\n{}\n", tree.size, Base64::encode_string(&tree.root))
}

/// Origin, size and root of a checkpoint's text. Extension lines are allowed, and say nothing here.
fn body(text: &str) -> Result<(&str, TreeHead), ProofError> {
    let refused = ProofError::Format { why: "not the text of a checkpoint" };
    let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
    let (Some(origin), Some(digits), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
        return Err(refused);
    };
    let size = digits.parse::<u64>().map_err(|_| refused)?;
    let root = Base64::decode_vec(root).map_err(|_| refused)?.try_into().map_err(|_| refused)?;
    // One form of a number: no sign, no leading zero.
    let fits = !origin.is_empty() && size.to_string() == digits && lines.all(|line| !line.is_empty());
    if fits { Ok((origin, TreeHead { size, root })) } else { Err(refused) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_checkpoint_has_one_form() {
        let root = Base64::encode_string(&[9; 32]);
        let read = |text: &str| body(text).map(|(origin, tree)| (origin.to_owned(), tree));
        let tree = TreeHead { size: 12, root: [9; 32] };
        assert_eq!(read(&format!("o\n12\n{root}\n")), Ok(("o".to_owned(), tree)));
        assert_eq!(read(&format!("o\n12\n{root}\nmore\n")), Ok(("o".to_owned(), tree)));
        let short = Base64::encode_string(&[9; 31]);
        for wrong in [
            format!("o\n012\n{root}\n"),
            format!("o\n+12\n{root}\n"),
            format!("o\n\n{root}\n"),
            format!("o\n18446744073709551616\n{root}\n"),
            format!("\n12\n{root}\n"),
            format!("o\n12\n{short}\n"),
            format!("o\n12\n{root}\n\nmore\n"),
            format!("o\n12\n{root}\n\n"),
            "o\n12\n".to_owned(),
            String::new(),
        ] {
            assert!(read(&wrong).is_err(), "{wrong:?}");
        }
    }
}
