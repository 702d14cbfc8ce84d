//! The keyring document: reading and writing `keyring-v1` (§3 and §5 of the specification).
//!
//! Rule: a document is accepted only if it is exactly the text that [`Document::write`] makes of it.

use core::fmt::Write as _;

use base64ct::{Base64UrlUnpadded, Encoding as _};

use super::roots::{KeyBranch, KeyState, KeyVersion};
use crate::error::{FileFault, KeyError};
use crate::toml_reader::{Source, Table};

/// The format's name. Never changes.
const FORMAT: &str = "keyring-v1";
/// Most versions of a branch: a yearly rotation for a lifetime.
pub(super) const MAX_VERSIONS: u32 = 64;
const MAX_WRAPPED: usize = 8192;

/// A keyring document whose form has been checked, and whose MAC has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) entries: Vec<Entry>,
    pub(super) mac: [u8; 32],
}

/// One root key, wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: KeyVersion,
    /// `None` where the key was destroyed, and only there.
    pub(super) wrapped: Option<Vec<u8>>,
}

impl Document {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, KeyError> {
        let text = core::str::from_utf8(bytes).map_err(|_| KeyError::Format)?;
        let parsed = Source::new(None, text).parse().map_err(|_: FileFault| KeyError::Format)?;
        let root = parsed.root();
        let document = root.need("keyring").and_then(|value| value.table()).map_err(|_| KeyError::Format)?;
        let document = read_keyring(&document)?;
        // Covers unknown keys, comments, order and every other freedom of TOML.
        if document.write() != text {
            return Err(KeyError::Format);
        }
        document.check_versions()?;
        Ok(document)
    }

    pub(super) fn write(&self) -> String {
        let mut out = format!(
            "[keyring]\nformat = \"{FORMAT}\"\nmac = \"{}\"\n",
            Base64UrlUnpadded::encode_string(&self.mac)
        );
        for Entry { id, wrapped } in &self.entries {
            // INVARIANT: writing to a String does not fail.
            let _ = write!(
                out,
                "\n[[keyring.key]]\nbranch = \"{}\"\nversion = {}\nstate = \"{}\"\n",
                id.branch.name(),
                id.version,
                id.state.name()
            );
            if let Some(wrapped) = wrapped {
                let _ = writeln!(out, "wrapped = \"{}\"", Base64UrlUnpadded::encode_string(wrapped));
            }
        }
        out
    }

    /// Each branch counts from 1 without gaps and has one active version. A branch that came later
    /// may be missing whole.
    fn check_versions(&self) -> Result<(), KeyError> {
        if !self.entries.is_sorted_by_key(|entry| entry.id.branch.code()) {
            return Err(KeyError::Format);
        }
        for branch in KeyBranch::ALL {
            let ids = || self.entries.iter().map(|entry| entry.id).filter(|id| id.branch == *branch);
            if !ids().map(|id| id.version).eq((1..=MAX_VERSIONS).take(ids().count())) {
                return Err(KeyError::Format);
            }
            let lacks = ids().next().is_none() && !branch.is_always_there();
            if !lacks && ids().filter(|id| id.state == KeyState::Active).count() != 1 {
                return Err(KeyError::NotOneActive);
            }
        }
        Ok(())
    }
}

fn read_keyring(table: &Table<'_, '_>) -> Result<Document, KeyError> {
    let text = |key| table.need(key).and_then(|value| value.text()).map_err(|_| KeyError::Format);
    if text("format")? != FORMAT {
        return Err(KeyError::Format);
    }
    let mut mac = [0; 32];
    if Base64UrlUnpadded::decode(text("mac")?, &mut mac).map_err(|_| KeyError::Format)?.len() != 32 {
        return Err(KeyError::Format);
    }
    let list = table.need("key").map_err(|_| KeyError::Format)?;
    let list = list.list().map_err(|_| KeyError::Format)?;
    let entries = list.map(|value| read_entry(&value.table().map_err(|_| KeyError::Format)?));
    Ok(Document { entries: entries.collect::<Result<_, _>>()?, mac })
}

fn read_entry(table: &Table<'_, '_>) -> Result<Entry, KeyError> {
    let need = |key| table.need(key).map_err(|_| KeyError::Format);
    let branch = need("branch")?.word("branch", KeyBranch::ALL, KeyBranch::name);
    let state = need("state")?.word("state", KeyState::ALL, KeyState::name);
    let version = need("version")?.number().map_err(|_| KeyError::Format)?;
    let id = KeyVersion {
        branch: branch.map_err(|_| KeyError::Format)?,
        version: u32::try_from(version).map_err(|_| KeyError::Format)?,
        state: state.map_err(|_| KeyError::Format)?,
    };
    let wrapped = match table.get("wrapped") {
        None => None,
        Some(value) => {
            let text = value.text().map_err(|_| KeyError::Format)?;
            Some(Base64UrlUnpadded::decode_vec(text).map_err(|_| KeyError::Format)?)
        }
    };
    let fits = match &wrapped {
        None => id.state == KeyState::Destroyed,
        Some(wrapped) => id.state != KeyState::Destroyed && (1..=MAX_WRAPPED).contains(&wrapped.len()),
    };
    if fits { Ok(Entry { id, wrapped }) } else { Err(KeyError::Format) }
}
