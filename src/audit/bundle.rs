//! The proof of one event, for somebody who has only the log's public key (C2SP `tlog-proof`).
//!
//! Rules: an [`EventProof`] was checked, there is no other: a signature of the expected key over a
//! tree, the event's place in that tree, and an event that says the same log.

use base64ct::{Base64, Encoding as _};

use super::checkpoint::Checkpoint;
use super::event::AuditEvent;
use super::log::AuditLog;
use super::note::{MAX_NOTE_LEN, VerifyingKey};
use super::proof::{leaf_hash, verify_inclusion};
use super::v1::MAX_EVENT_LEN;
use crate::error::{AuditError, ProofError};
use crate::hazmat::hash::Hash;

/// Longest proof of an event, in bytes: an event in base64, 64 hashes, a checkpoint.
pub const MAX_EVENT_PROOF_LEN: usize = MAX_EVENT_LEN.div_ceil(3) * 4 + MAX_NOTE_LEN + 4096;

/// Longest path in a tree of at most 2^64 events.
const MAX_PATH: usize = 64;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
const REFUSED: ProofError = ProofError::Format { why: "not the proof of an event" };

/// An event with the proof that it stands in the log, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventProof {
    index: u64,
    event: AuditEvent,
    checkpoint: Checkpoint,
}

impl EventProof {
    /// Checks a proof. Needs no guard, no log and no secret key.
    ///
    /// # Errors
    /// [`ProofError::Format`] if it is not in its format; as [`Checkpoint::open`] for its
    /// checkpoint; [`ProofError::Inclusion`] if the event is not at its place in the tree;
    /// [`ProofError::AnotherLog`] if the event itself names another log.
    pub fn open(proof: &str, key: &VerifyingKey) -> Result<Self, ProofError> {
        let (index, bytes, path, note) = read(proof).ok_or(REFUSED)?;
        let checkpoint = Checkpoint::open(note, key)?;
        verify_inclusion(checkpoint.tree(), index, &leaf_hash(&bytes), &path)?;
        let event = AuditEvent::decode(&bytes).map_err(|_| REFUSED)?;
        if checkpoint.log() != Some(event.log) {
            return Err(ProofError::AnotherLog);
        }
        Ok(Self { index, event, checkpoint })
    }

    /// Number of the event in its log, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The event.
    #[must_use]
    pub const fn event(&self) -> &AuditEvent {
        &self.event
    }

    /// The checkpoint that covers it.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

impl AuditLog {
    /// The proof of event `index`, to be checked with [`EventProof::open`]: text to be printed or kept
    /// in a file `.tlog-proof`. Makes a checkpoint if the last one does not cover the event.
    ///
    /// # Errors
    /// [`AuditError::NotProven`] if there is no such event or the log was changed there; as
    /// [`AuditLog::checkpoint`]; [`AuditError::Unreadable`] if the store fails.
    pub fn prove(&self, index: u64) -> Result<String, AuditError> {
        if index >= self.size() {
            return Err(AuditError::NotProven);
        }
        let last = self.last_checkpoint().clone().filter(|last| index < last.tree().size);
        let checkpoint = last.map_or_else(|| self.checkpoint(), Ok)?;
        let path = self.prove_inclusion(index, checkpoint.tree())?;
        let entry = self.store.read(index, 1).map_err(AuditError::Unreadable)?.into_iter().next();
        let event = entry.filter(|entry| entry.index == index).ok_or(AuditError::NotProven)?.event;
        let proof = write(index, &event, &path, checkpoint.note());
        // The bytes were read apart from their leaf hash: what does not prove is not given out.
        EventProof::open(&proof, &self.verifying_key()).map_err(|_| AuditError::NotProven)?;
        Ok(proof)
    }
}

fn write(index: u64, event: &[u8], path: &[Hash], note: &str) -> String {
    let mut proof = format!("{FIRST_LINE}\nextra {}\nindex {index}\n", Base64::encode_string(event));
    for hash in path {
        proof.push_str(&Base64::encode_string(hash));
        proof.push('\n');
    }
    proof.push('\n');
    proof.push_str(note);
    proof
}

type Parts<'p> = (u64, Vec<u8>, Vec<Hash>, &'p str);

fn read(proof: &str) -> Option<Parts<'_>> {
    // The signed note may hold empty lines of its own: the first one ends the proof.
    let (head, note) = proof.split_once("\n\n").filter(|_| proof.len() <= MAX_EVENT_PROOF_LEN)?;
    let mut lines = head.split('\n');
    lines.next().filter(|line| *line == FIRST_LINE)?;
    let event = Base64::decode_vec(lines.next()?.strip_prefix("extra ")?).ok()?;
    let digits = lines.next()?.strip_prefix("index ")?;
    let index = digits.parse::<u64>().ok().filter(|index| index.to_string() == digits)?;
    let path = lines.take(MAX_PATH + 1).map(|line| Base64::decode_vec(line).ok()?.try_into().ok());
    let path: Vec<Hash> = path.collect::<Option<_>>()?;
    (path.len() <= MAX_PATH).then_some((index, event, path, note))
}
