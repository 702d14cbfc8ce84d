//! Who keeps the root keys, and their life: rotated, retired, destroyed, wrapped anew; and sealing again what the
//! host has stored.
//!
//! Security note: whoever can call these holds the key provider, and with it every key. They are for the people
//! who keep the keys, in the back end, and for no agent's tool.

use std::fmt;
use std::sync::Arc;

use cpni_guard::guard::{
    KeyDesk as CoreDesk, Needs as CoreNeeds, Reseal, ResealJob as CoreJob, ResealReport as CoreReport,
    SealedUnder, Unneeded as CoreUnneeded,
};
use cpni_guard::keys::{KeyBranch, KeyState, KeyVersion, Keyring};
use cpni_guard::{AgentSession, IndexTerm, MemoryKeys, PassphraseKeys};

use crate::adapt::Of;
use crate::audit::AuditLog;
use crate::error::{CpniError, call};
use crate::exclusive::Exclusive;
use crate::guard::{Guard, secret};
use crate::hosts;
use crate::layout::{StoredRow, each_row, read_list};
use crate::vault::VersionCount;

/// What hangs under a root key.
#[uniffi::remote(Enum)]
pub enum KeyBranch {
    /// Sealed fields, verifiers and queued notices.
    Data,
    /// The audit log.
    Audit,
    /// Pseudonyms of accounts in the state store. Not rotated.
    Reference,
    /// Format-preserving and deterministic tokens, whose versions are chosen column by column.
    Token,
    /// Wraps the secrets of accounts: without it, none of them opens.
    Subject,
}

/// What a version of a root key may do.
#[uniffi::remote(Enum)]
pub enum KeyState {
    /// Seals and opens. One version of each branch.
    Active,
    /// Opens what it sealed before.
    DecryptOnly,
    /// Its key is gone.
    Destroyed,
    /// Does nothing, and can be put back: what still needs it shows before its key is destroyed.
    Retired,
}

/// What bytes are sealed under.
#[uniffi::remote(Record)]
pub struct SealedUnder {
    /// The version of the data root.
    pub key_version: u32,
    /// The epoch of the account's secret; 0: none.
    pub subject_epoch: u32,
}

/// Who keeps the key that wraps the root keys, and the keyring: for a guard, and for changes of the keyring.
#[derive(uniffi::Object)]
pub struct KeyHolder(pub(crate) Arc<dyn cpni_guard::KeyProvider>);

/// A version of a root key.
#[uniffi::remote(Record)]
pub struct KeyVersion {
    /// What hangs under the key.
    pub branch: KeyBranch,
    /// Its version, from 1.
    pub version: u32,
    /// What it may do.
    pub state: KeyState,
}

/// What shows that nothing needs a version of a root key, apart from what the library sees itself.
#[derive(Debug, Clone, uniffi::Enum)]
pub enum Unneeded {
    /// For the data branch: a full pass over all that the host keeps, which found nothing under it.
    Rows {
        /// What the pass found.
        report: Arc<ResealReport>,
    },
    /// For the audit branch: every other log that was written under this keyring, of other processes.
    Logs {
        /// Which.
        others: Vec<Arc<AuditLog>>,
    },
    /// For the other branches: only the library's own stores have anything under them.
    OwnStores,
}

/// What in the library's own stores needs a version of a root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Needs {
    /// Passwords, back-up answers, passcodes, and codes that are still good. One moves when the customer next
    /// shows it.
    pub secrets: u64,
    /// Notices that wait to be handed over.
    pub notices: u64,
    /// What is in the token vault: `reseal_tokens` moves them.
    pub tokens: u64,
    /// 1 if columns of tokens have the version, now or as the one that is being replaced.
    pub columns: u64,
    /// Events of the audit log within their retention, or all of it if the version created it.
    pub events: u64,
    /// Secrets of accounts that are wrapped under it: `rewrap_subjects` moves them.
    pub subjects: u64,
    /// All together.
    pub total: u64,
}

/// Rotates, retires and destroys root keys. Of each change an event is durable before it takes effect; if it fails
/// after that, a second one says so. It ends with the guard.
#[derive(uniffi::Object)]
pub struct KeyDesk {
    guard: Arc<Guard>,
    holder: Arc<KeyHolder>,
    by: Option<AgentSession>,
}

/// What became of one row.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
pub enum ResealResult {
    /// It was sealed again: store this in its place.
    Done {
        /// What to store. It opens with the same account and record id as before.
        sealed: Vec<u8>,
        /// What it was sealed under.
        from: SealedUnder,
        /// What it is sealed under now.
        to: SealedUnder,
    },
    /// It is sealed under the active key.
    AlreadyCurrent,
    /// It was refused; the others were not.
    Failed {
        /// The stable code.
        code: u16,
    },
}

/// A pass over what the host has stored. One that was broken off is begun again: what is current costs a look.
#[derive(uniffi::Object)]
pub struct ResealJob(Exclusive<CoreJob>);

/// What a whole pass found: it shows which versions nothing of the host's needs.
#[derive(uniffi::Object)]
pub struct ResealReport(CoreReport);

/// What a pass found and did.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ResealCounts {
    /// When it began, in microseconds since 1970.
    pub began_micros: u64,
    /// The versions that rows were found under, before anything was done, and how many.
    pub found: Vec<VersionCount>,
    /// How many were sealed again.
    pub resealed: u64,
    /// How many were current.
    pub current: u64,
    /// The causes of failures, and how often each.
    pub failed: Vec<CauseCount>,
    /// How many were sealed without a secret of their account: an erasure does not reach them.
    pub without_secret: u64,
    /// How many were no sealed bytes, or could not be read.
    pub unreadable: u64,
}

/// A cause, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct CauseCount {
    /// The stable code.
    pub code: u16,
    /// How often.
    pub count: u64,
}

impl From<(u16, u64)> for CauseCount {
    fn from((code, count): (u16, u64)) -> Self {
        Self { code, count }
    }
}

#[uniffi::export]
impl KeyHolder {
    /// A file that a passphrase protects. `create`: makes the file where there is none; keys that were lost are
    /// then replaced by new ones, which do not open what the old ones sealed.
    ///
    /// # Errors
    /// 2002 to 2015; 9303.
    #[uniffi::constructor]
    pub fn passphrase(path: String, passphrase: &[u8], create: bool) -> Result<Arc<Self>, CpniError> {
        call(|| {
            let passphrase = secret(passphrase)?;
            let keys = if create {
                PassphraseKeys::open_or_create(path, &passphrase)?
            } else {
                PassphraseKeys::open(path, &passphrase)?
            };
            Ok(Arc::new(Self(Arc::new(keys))))
        })
    }

    /// The host's key store. `create`: makes a keyring where there is none.
    ///
    /// # Errors
    /// 2001 to 2015.
    #[uniffi::constructor]
    pub fn host(provider: Arc<dyn hosts::KeyProvider>, create: bool) -> Result<Arc<Self>, CpniError> {
        call(|| {
            let provider = Of(provider);
            if create && cpni_guard::KeyProvider::load(&provider)?.is_none() {
                drop(Keyring::create(&provider)?);
            }
            Ok(Arc::new(Self(Arc::new(provider))))
        })
    }

    /// Keys that end with the process: for tests and samples.
    ///
    /// # Errors
    /// 2012.
    #[uniffi::constructor]
    pub fn memory() -> Result<Arc<Self>, CpniError> {
        call(|| Ok(Arc::new(Self(Arc::new(MemoryKeys::new()?)))))
    }
}

#[uniffi::export]
impl Guard {
    /// The desk at which the root keys of this guard are changed. `keys`: what the guard was built with.
    /// `agent_session`: whom events name; nothing: nobody.
    ///
    /// # Errors
    /// Never.
    pub fn key_desk(
        self: Arc<Self>,
        keys: Arc<KeyHolder>,
        agent_session: Option<String>,
    ) -> Result<Arc<KeyDesk>, CpniError> {
        call(|| Ok(Arc::new(KeyDesk { guard: self, holder: keys, by: agent_session.map(AgentSession::new) })))
    }

    /// Begins a pass over what the host has stored, to seal it again under the active key.
    ///
    /// # Errors
    /// 9301.
    pub fn reseal_job(&self) -> Result<Arc<ResealJob>, CpniError> {
        call(|| Ok(Arc::new(ResealJob(Exclusive::new(self.core()?.reseal_job())))))
    }
}

#[uniffi::export]
impl KeyDesk {
    /// Every version of every branch in use, the destroyed ones too.
    ///
    /// # Errors
    /// 9301.
    pub fn versions(&self) -> Result<Vec<KeyVersion>, CpniError> {
        self.with(|desk| Ok(desk.versions()))
    }

    /// Makes a new version of a branch, which seals from now on in this process, and gives it back. What is stored
    /// is untouched.
    ///
    /// # Errors
    /// 2018 for the reference branch; 2016 to 2025 for what the keyring refuses; 2001 to 2015; 5001, 5002; 6001:
    /// nothing is changed; 9301.
    pub fn rotate(&self, branch: KeyBranch) -> Result<u32, CpniError> {
        self.with(|desk| Ok(desk.rotate(&*self.holder.0, branch)?))
    }

    /// Has a version open nothing more, until it is reinstated or destroyed.
    ///
    /// # Errors
    /// As `rotate`.
    pub fn retire(&self, branch: KeyBranch, version: u32) -> Result<(), CpniError> {
        self.with(|desk| Ok(desk.retire(&*self.holder.0, branch, version)?))
    }

    /// Takes a retirement back.
    ///
    /// # Errors
    /// As `rotate`.
    pub fn reinstate(&self, branch: KeyBranch, version: u32) -> Result<(), CpniError> {
        self.with(|desk| Ok(desk.reinstate(&*self.holder.0, branch, version)?))
    }

    /// Destroys the key of a version, for good, where nothing needs it.
    ///
    /// # Errors
    /// 2022 if something needs it: `needs` says what; 2023 if `unneeded` is not what the branch asks for, or shows
    /// less than it must; as `rotate`.
    pub fn destroy(&self, branch: KeyBranch, version: u32, unneeded: Unneeded) -> Result<(), CpniError> {
        self.with(|desk| {
            let keys = &*self.holder.0;
            match unneeded {
                Unneeded::Rows { report } => {
                    desk.destroy(keys, branch, version, CoreUnneeded::Rows(&report.0))?;
                }
                Unneeded::Logs { others } => {
                    let others = AuditLog::guards(&others)?;
                    let others: Vec<_> = others.iter().map(cpni_guard::Guard::audit).collect();
                    desk.destroy(keys, branch, version, CoreUnneeded::Logs(&others))?;
                }
                Unneeded::OwnStores => desk.destroy(keys, branch, version, CoreUnneeded::OwnStores)?,
            }
            Ok(())
        })
    }

    /// Takes over the keyring that the provider holds now, after another process changed it. `false`: it is the
    /// one in use.
    ///
    /// # Errors
    /// As `rotate`: the one in use stays.
    pub fn reload(&self) -> Result<bool, CpniError> {
        self.with(|desk| Ok(desk.reload(&*self.holder.0)?))
    }

    /// Wraps the root keys by another provider: another passphrase, another key of a KMS. Nothing that is sealed is
    /// touched. From then on the desk is that of `new`: make one.
    ///
    /// # Errors
    /// As `rotate`; 2003 if `new` has a keyring already.
    pub fn rewrap(&self, new: &KeyHolder) -> Result<(), CpniError> {
        self.with(|desk| Ok(desk.rewrap(&*self.holder.0, &*new.0)?))
    }

    /// What in the library's own stores needs a version. Reads them all: for the audit branch, every event.
    ///
    /// # Errors
    /// As `rotate`; 7001 to 7008.
    pub fn needs(&self, branch: KeyBranch, version: u32) -> Result<Needs, CpniError> {
        self.with(|desk| Ok(desk.needs(branch, version)?.into()))
    }

    /// Takes away the passwords, back-up answers and passcodes that are still under a version of the data root, so
    /// that it can be destroyed: those customers set new ones. Gives back how many. Recorded first.
    ///
    /// # Errors
    /// As `rotate`; 7001 to 7008: some may be taken away.
    pub fn forget_secrets(&self, version: u32) -> Result<u64, CpniError> {
        self.with(|desk| Ok(desk.forget_secrets(version)?))
    }

    /// Wraps the secrets of accounts under the active version of the subject branch, after it was rotated. May be
    /// broken off and begun again. Gives back how many it moved. Recorded first.
    ///
    /// # Errors
    /// 2103, 2104; as `forget_secrets`.
    pub fn rewrap_subjects(&self) -> Result<u64, CpniError> {
        self.with(|desk| Ok(desk.rewrap_subjects()?))
    }
}

impl KeyDesk {
    /// Who asks is looked up each time: an agent who was signed out asks no more.
    fn with<R>(&self, work: impl FnOnce(CoreDesk) -> Result<R, CpniError>) -> Result<R, CpniError> {
        call(|| {
            let desk = self.guard.core()?.keys();
            work(match &self.by {
                Some(agent) => desk.by(agent)?,
                None => desk,
            })
        })
    }
}

#[uniffi::export]
impl ResealJob {
    /// Seals again what is not sealed under the active key: a result for each row, in their order. That it was done
    /// is recorded before anything is given back. What is no sealed bytes counts as unreadable.
    ///
    /// # Errors
    /// 6001: nothing is given back, nothing is counted, and the batch may be handed in again; 9302; 9308 once it
    /// was finished.
    pub fn batch(&self, rows: &[u8]) -> Result<Vec<ResealResult>, CpniError> {
        self.with(|job| {
            let rows = StoredRow::read_all(rows)?;
            let good = rows.iter().flatten().map(|row| (&row.account, row.stored()));
            let done = job.batch(good)?;
            rows.iter().filter(|row| row.is_err()).for_each(|_| job.found_unreadable());
            Ok(each_row(&rows, done))
        })
    }

    /// Counts rows that hang under a version of the data root by their terms: a list of terms, 6 to 9 bytes each.
    /// What is no term counts as unreadable.
    ///
    /// # Errors
    /// 9302; 9308.
    pub fn found_terms(&self, terms: &[u8]) -> Result<(), CpniError> {
        self.with(|job| {
            for term in read_list(terms)? {
                match IndexTerm::from_bytes(term) {
                    Ok(term) => job.found(term.key_version()),
                    Err(_) => job.found_unreadable(),
                }
            }
            Ok(())
        })
    }

    /// Counts something stored that could not be read: a pass with such shows for no version that it is not needed.
    ///
    /// # Errors
    /// 9308.
    pub fn found_unreadable(&self) -> Result<(), CpniError> {
        self.with(|job| {
            job.found_unreadable();
            Ok(())
        })
    }

    /// What was found and done so far.
    ///
    /// # Errors
    /// 9308.
    pub fn progress(&self) -> Result<ResealCounts, CpniError> {
        self.with(|job| Ok(job.progress().into()))
    }

    /// The host says that this pass saw everything that it has stored under these keys: every row of every table and
    /// copy that it means to open again.
    ///
    /// # Errors
    /// 9308 the second time.
    pub fn finish(&self) -> Result<Arc<ResealReport>, CpniError> {
        call(|| Ok(Arc::new(ResealReport(self.0.take()?.ok_or(CpniError::USED_UP)?.finish()))))
    }
}

impl ResealJob {
    fn with<R>(&self, work: impl FnOnce(&mut CoreJob) -> Result<R, CpniError>) -> Result<R, CpniError> {
        call(|| self.0.with(CpniError::USED_UP, work))
    }
}

#[uniffi::export]
impl ResealReport {
    /// What was found and done.
    ///
    /// # Errors
    /// Never.
    pub fn counts(&self) -> Result<ResealCounts, CpniError> {
        call(|| Ok((&self.0).into()))
    }

    /// Whether this pass shows that nothing of the host's needs a version.
    ///
    /// # Errors
    /// Never.
    pub fn shows_unneeded(&self, version: u32) -> Result<bool, CpniError> {
        call(|| Ok(self.0.shows_unneeded(version)))
    }
}

impl From<CpniError> for ResealResult {
    fn from(failed: CpniError) -> Self {
        Self::Failed { code: failed.code() }
    }
}

impl From<Result<Reseal, cpni_guard::Error>> for ResealResult {
    fn from(result: Result<Reseal, cpni_guard::Error>) -> Self {
        match result {
            Ok(Reseal::Done(again)) => {
                Self::Done { sealed: again.bytes.as_bytes().to_vec(), from: again.from, to: again.to }
            }
            Ok(Reseal::AlreadyCurrent) => Self::AlreadyCurrent,
            Err(failed) => CpniError::from(failed).into(),
        }
    }
}

impl From<&CoreReport> for ResealCounts {
    fn from(report: &CoreReport) -> Self {
        Self {
            began_micros: report.began().as_micros(),
            found: report.found().map(VersionCount::from).collect(),
            resealed: report.resealed(),
            current: report.current(),
            failed: report.failed().map(CauseCount::from).collect(),
            without_secret: report.without_secret(),
            unreadable: report.unreadable(),
        }
    }
}

impl From<CoreNeeds> for Needs {
    fn from(needs: CoreNeeds) -> Self {
        Self {
            secrets: needs.secrets,
            notices: needs.notices,
            tokens: needs.tokens,
            columns: needs.columns,
            events: needs.events,
            subjects: needs.subjects,
            total: needs.total(),
        }
    }
}

macro_rules! silent {
    ($($name:ident),+) => {$(
        /// Silent.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}

silent!(KeyHolder, KeyDesk, ResealJob, ResealReport, ResealResult);
