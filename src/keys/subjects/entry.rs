//! What a row of the subject store says (`docs/spec/subject-store-v1.md` §2).
//!
//! Rule: one row has one encoding; what the specification does not name is refused.

use super::Wrapped;
use crate::vocabulary::{CivilDate, FieldName, Timestamp};

const FORMAT: u8 = 1;
const ALIVE: u8 = 1;
/// Columns that an erasure can name.
pub(crate) const MAX_COLUMNS: usize = 255;
/// Day number 0.
const EPOCH_DAY: (i16, i8, i8) = (1970, 1, 1);
const NO_DAY: u32 = u32::MAX;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// The account has a secret.
    Alive { epoch: u32, secret: Wrapped },
    /// Its secret is given to nobody any more.
    Erasing {
        /// Until it is deleted, and where there ever was one.
        secret: Option<Wrapped>,
        erasure: Erasure,
    },
}

/// The journal of an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Erasure {
    pub(crate) step: ErasureStep,
    /// The epoch whose secret goes.
    pub(crate) epoch: u32,
    /// The version of the subject branch that it was wrapped under; 0: there was none.
    pub(crate) key_version: u32,
    /// When it was begun.
    pub(crate) at: Timestamp,
    /// The number of its audit event. Meaningful from [`ErasureStep::Deleted`] on.
    pub(crate) event: u64,
    /// The log of the event.
    pub(crate) log: [u8; 16],
    /// When the last backup that holds the secret is gone, if the host said it.
    pub(crate) backups_expire: Option<CivilDate>,
    /// What the host has to delete yet.
    pub(crate) columns: Vec<FieldName>,
}

/// How far an erasure is. Each is durable before the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ErasureStep {
    /// The secret is there, and is given to nobody.
    Begun = 2,
    /// The secret is deleted; parts of it may be in the store's own files.
    Deleted = 3,
    /// Nothing of it is left in the store's files. The host has columns to delete.
    Scrubbed = 4,
    /// Nothing is left to do.
    Confirmed = 5,
}

impl Entry {
    /// The epoch and secret of an account that was not erased.
    pub(super) const fn alive(&self) -> Option<(u32, &Wrapped)> {
        match self {
            Self::Alive { epoch, secret } => Some((*epoch, secret)),
            Self::Erasing { .. } => None,
        }
    }

    pub(super) const fn epoch(&self) -> u32 {
        match self {
            Self::Alive { epoch, .. } => *epoch,
            Self::Erasing { erasure, .. } => erasure.epoch,
        }
    }

    /// The secret that is stored, to whomever it is given.
    pub(super) const fn secret(&self) -> Option<&Wrapped> {
        match self {
            Self::Alive { secret, .. } => Some(secret),
            Self::Erasing { secret, .. } => secret.as_ref(),
        }
    }

    /// The same with its secret wrapped anew.
    pub(super) fn with_secret(&self, secret: Wrapped) -> Self {
        match self {
            Self::Alive { epoch, .. } => Self::Alive { epoch: *epoch, secret },
            Self::Erasing { erasure, .. } => {
                let erasure = Erasure { key_version: secret.key_version, ..erasure.clone() };
                Self::Erasing { secret: Some(secret), erasure }
            }
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![FORMAT];
        let (code, epoch) = match self {
            Self::Alive { epoch, .. } => (ALIVE, *epoch),
            Self::Erasing { erasure, .. } => (erasure.step as u8, erasure.epoch),
        };
        out.push(code);
        out.extend(epoch.to_be_bytes());
        match self.secret() {
            Some(secret) => {
                out.extend(secret.key_version.to_be_bytes());
                put_bytes8(&mut out, &secret.bytes);
            }
            None => out.extend([0; 5]),
        }
        if let Self::Erasing { erasure, .. } = self {
            out.extend(erasure.key_version.to_be_bytes());
            out.extend(erasure.at.as_micros().to_be_bytes());
            out.extend(erasure.event.to_be_bytes());
            out.extend(erasure.log);
            out.extend(erasure.backups_expire.map_or(NO_DAY, day_number).to_be_bytes());
            // INVARIANT: at most MAX_COLUMNS are taken on.
            out.push(u8::try_from(erasure.columns.len()).unwrap_or(u8::MAX));
            erasure.columns.iter().for_each(|column| put_bytes8(&mut out, column.as_str().as_bytes()));
        }
        out
    }

    /// `None` if the bytes are not exactly one row of version 1.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let r = &mut Reader(bytes);
        let ([FORMAT], [code]) = (r.array()?, r.array()?) else { return None };
        let epoch = r.u32().filter(|epoch| *epoch > 0)?;
        let (key_version, wrapped) = (r.u32()?, r.bytes8()?);
        let secret = match (key_version, wrapped) {
            (0, []) => None,
            (0, _) | (_, []) => return None,
            (key_version, bytes) => Some(Wrapped { key_version, bytes: bytes.to_vec() }),
        };
        let entry = match ErasureStep::from_code(code) {
            None if code == ALIVE => Self::Alive { epoch, secret: secret? },
            None => return None,
            Some(step) => {
                let erasure = read_erasure(r, step, epoch)?;
                let fits = match &secret {
                    Some(secret) => step == ErasureStep::Begun && secret.key_version == erasure.key_version,
                    None => step != ErasureStep::Begun || erasure.key_version == 0,
                };
                let is_right = match step {
                    ErasureStep::Begun | ErasureStep::Deleted => true,
                    ErasureStep::Scrubbed => !erasure.columns.is_empty(),
                    ErasureStep::Confirmed => erasure.columns.is_empty(),
                };
                if !fits || !is_right {
                    return None;
                }
                Self::Erasing { secret, erasure }
            }
        };
        r.0.is_empty().then_some(entry)
    }
}

impl ErasureStep {
    const fn from_code(code: u8) -> Option<Self> {
        match code {
            2 => Some(Self::Begun),
            3 => Some(Self::Deleted),
            4 => Some(Self::Scrubbed),
            5 => Some(Self::Confirmed),
            _ => None,
        }
    }
}

/// For fuzzing: reads the bytes of a row without its MAC and writes them again; `None` where they are
/// refused.
#[cfg(feature = "testing")]
pub(crate) fn recode_for_testing(bytes: &[u8]) -> Option<Vec<u8>> {
    Entry::decode(bytes).map(|entry| entry.encode())
}

fn read_erasure(r: &mut Reader<'_>, step: ErasureStep, epoch: u32) -> Option<Erasure> {
    let key_version = r.u32()?;
    let at = Timestamp::from_micros(u64::from_be_bytes(r.array()?));
    let event = u64::from_be_bytes(r.array()?);
    let log = r.array()?;
    let backups_expire = match r.u32()? {
        NO_DAY => None,
        number => Some(day_of(number)?),
    };
    let [count] = r.array()?;
    let mut columns = Vec::with_capacity(count.into());
    for _ in 0..count {
        columns.push(FieldName::new(core::str::from_utf8(r.bytes8()?).ok()?).ok()?);
    }
    Some(Erasure { step, epoch, key_version, at, event, log, backups_expire, columns })
}

pub(super) fn day_number(day: CivilDate) -> u32 {
    let (year, month, date) = EPOCH_DAY;
    let first = CivilDate::new(year, month, date);
    // A day before 1970 is as good as none: it expired.
    first.map_or(0, |first| u32::try_from(day.days_since(first)).unwrap_or(0))
}

pub(super) fn day_of(number: u32) -> Option<CivilDate> {
    let (year, month, date) = EPOCH_DAY;
    CivilDate::new(year, month, date)?.plus_days(number.into())
}

fn put_bytes8(out: &mut Vec<u8>, bytes: &[u8]) {
    // INVARIANT: a wrapped secret has 120 bytes, a name at most 64.
    out.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(bytes);
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn bytes8(&mut self) -> Option<&'a [u8]> {
        let [len] = self.array()?;
        let (taken, rest) = self.0.split_at_checked(len.into())?;
        self.0 = rest;
        Some(taken)
    }
}
