//! What was selected, as one number: so that the record of a question says what was asked.
//! Bytes: `docs/spec/audit-log-v1.md`, "What a scope was asked for".

use core::fmt;

use super::{LostKeys, Selection};
use crate::audit::AuditLog;
use crate::hazmat::framing::Tuple;
use crate::hazmat::hash;

/// The digest of a selection. Whoever holds the selection and the log computes it anew
/// ([`Selection::digest`]) and compares. Accounts are in it as keyed pseudonyms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SelectionDigest([u8; 32]);

impl Selection {
    /// The digest that `scope_asked` names, for a question that was put to this log.
    #[must_use]
    pub fn digest(&self, log: &AuditLog) -> SelectionDigest {
        let mut parts = Tuple::new("cpni-guard/v1/selection");
        parts.push(&[self.accesses.is_some().into()]);
        if let Some(accesses) = &self.accesses {
            parts.push(&list(accesses.agents.iter().map(|id| id.as_str().as_bytes())));
            parts.push(&list(accesses.employers.iter().map(|id| id.as_str().as_bytes())));
            parts.push(&list(accesses.sites.iter().map(|id| id.as_str().as_bytes())));
            parts.push(&list(accesses.interactions.iter()));
            parts.push(&list(accesses.key_versions.iter().map(|version| version.to_be_bytes())));
            let ends = accesses.time.iter().flat_map(|time| [time.start, time.end]);
            parts.push(&list(ends.map(|end| end.as_micros().to_be_bytes())));
        }
        let stolen = self.stolen.iter().map(|record| {
            let account = log.derive_pseudonym(&record.account);
            (account, record.key_version.to_be_bytes(), record.classes.bits().to_be_bytes())
        });
        let mut stolen: Vec<_> =
            stolen.map(|(account, version, bits)| [&account[..], &version, &bits].concat()).collect();
        stolen.sort_unstable();
        stolen.dedup();
        parts.push(&list(stolen.iter()));
        let (code, lost) = match &self.lost_keys {
            LostKeys::NotKnown => (0, Vec::new()),
            LostKeys::Versions(lost) => (1, list(lost.iter().map(|version| version.to_be_bytes()))),
            LostKeys::None => (2, Vec::new()),
        };
        parts.push(&[code]);
        parts.push(&lost);
        SelectionDigest(hash::sha256(parts.as_bytes()))
    }
}

/// Items, each under its length: no two lists give the same bytes.
fn list(items: impl Iterator<Item = impl AsRef<[u8]>>) -> Vec<u8> {
    let mut tuple = Tuple::default();
    items.for_each(|item| tuple.push(item.as_ref()));
    tuple.as_bytes().to_vec()
}

/// 64 lower-case hexadecimal digits.
impl fmt::Display for SelectionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
