//! The queue of notices to customers, for the host's worker: lease some, hand them over, say how it went.

use std::fmt;
use std::sync::Arc;

use cpni_guard::interaction::{self, ContactChannel, Notice, NoticeAbout, NoticeId, QueuedNotice};
use cpni_guard::transaction::TransactionId;
use cpni_guard::vocabulary::Action;

use crate::error::{CpniError, call};
use crate::guard::Guard;

/// What a notice says: the kind of the change, never its value. It goes to the telephone number of
/// record, or to this address where that is an address of record: both as they were before the change.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NoticeFacts {
    /// What changes.
    pub action: Action,
    /// Whether it goes out before it is done, rather than immediately after.
    pub before: bool,
    /// When it was decided, in microseconds since 1970.
    pub at_micros: u64,
    /// The interaction in which it was decided: 16 bytes, as audit events name it.
    pub interaction: Vec<u8>,
    /// The host's id of the address on file then; nothing: none is known.
    pub address: Option<String>,
    /// Whether that is an address of record.
    pub address_of_record: bool,
    /// For a transaction or a lock: which one, and where this notice goes.
    pub transaction: Option<TransactionNotice>,
}

/// What a notice of a transaction or a lock says beside its action. The customer who did not ask for it objects with the
/// id (`Transactions::take_objection`), or keeps the lock.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TransactionNotice {
    /// What it is about.
    pub about: NoticeAbout,
    /// The transaction: 32 lower-case hexadecimal digits; nothing where it is about a lock.
    pub id: Option<String>,
    /// It goes there and nowhere else: with `NoticeFacts::address`, where that is said, its place.
    pub channel: ContactChannel,
    /// It is not carried out, and a lock not removed, before then, in microseconds since 1970.
    pub not_before_micros: u64,
}

impl From<&interaction::TransactionNotice> for TransactionNotice {
    fn from(notice: &interaction::TransactionNotice) -> Self {
        let id = || TransactionId::from_bytes(notice.id).to_string();
        Self {
            about: notice.about,
            id: (notice.about == NoticeAbout::Transaction).then(id),
            channel: notice.channel,
            not_before_micros: notice.not_before.as_micros(),
        }
    }
}

impl From<&Notice> for NoticeFacts {
    fn from(notice: &Notice) -> Self {
        Self {
            action: notice.action,
            before: notice.before,
            at_micros: notice.at.as_micros(),
            interaction: notice.interaction.to_vec(),
            address: notice.address.as_ref().map(|address| address.id.as_str().to_owned()),
            address_of_record: notice.address.as_ref().is_some_and(|address| address.of_record),
            transaction: notice.transaction.as_ref().map(TransactionNotice::from),
        }
    }
}

/// An entry of the queue that this worker leased.
#[derive(Debug, uniffi::Record)]
pub struct LeasedNotice {
    /// Its id, the same for every attempt: 16 bytes.
    pub id: Vec<u8>,
    /// The attempts to hand it over, with this one.
    pub attempts: u32,
    /// The notice; nothing where the entry does not open.
    pub notice: Option<Arc<ReadyNotice>>,
    /// The stable code of why the entry does not open; 0: it does.
    pub cause: u16,
}

/// A notice to hand over. An object, because it names an account.
#[derive(uniffi::Object)]
pub struct ReadyNotice(QueuedNotice);

#[uniffi::export]
impl ReadyNotice {
    /// Whom it is for, as UTF-8.
    ///
    /// # Errors
    /// Never.
    pub fn account(&self) -> Result<Vec<u8>, CpniError> {
        // EXPOSE: the host's own id of the account, for the worker that hands the notice over.
        Ok(self.0.account.expose().as_bytes().to_vec())
    }

    /// What it says.
    ///
    /// # Errors
    /// Never.
    pub fn facts(&self) -> Result<NoticeFacts, CpniError> {
        Ok((&self.0.notice).into())
    }
}

/// Silent.
impl fmt::Debug for ReadyNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadyNotice(..)")
    }
}

#[uniffi::export]
impl Guard {
    /// Claims at most so many notices, those that wait longest first, for ten minutes.
    ///
    /// # Errors
    /// 6001; 7001 to 7008; 9301.
    pub fn lease_notices(&self, limit: u32) -> Result<Vec<LeasedNotice>, CpniError> {
        call(|| {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let claimed = self.core()?.notices().pending(limit)?;
            let lease = |claimed| match claimed {
                Ok(notice) => leased(notice),
                Err(unreadable) => {
                    let interaction::UnreadableNotice { id, attempts, cause, .. } = unreadable;
                    let (id, cause) = (id.as_bytes().to_vec(), cause.code().get());
                    LeasedNotice { id, attempts, notice: None, cause }
                }
            };
            Ok(claimed.into_iter().map(lease).collect())
        })
    }

    /// A notice was handed over: recorded, and then taken out of the queue. `false`: it was not in the
    /// queue any more.
    ///
    /// # Errors
    /// 6001; 7001 to 7008; 5016: it is still in the queue; 9301, 9302.
    pub fn notice_done(&self, id: &[u8]) -> Result<bool, CpniError> {
        call(|| Ok(self.core()?.notices().done(&notice_id(id)?)?))
    }

    /// A notice could not be handed over: it waits, longer after each attempt. `false`: it is another
    /// worker's now, or gone.
    ///
    /// # Errors
    /// 6001; 7001 to 7008; 9301.
    pub fn notice_failed(&self, notice: &ReadyNotice) -> Result<bool, CpniError> {
        call(|| Ok(self.core()?.notices().failed(&notice.0)?))
    }

    /// Gives a notice up, also one that does not open: recorded, and then taken out of the queue.
    ///
    /// # Errors
    /// 6001; 7001 to 7008: it is still in the queue; 9301, 9302.
    pub fn notice_discard(&self, id: &[u8]) -> Result<bool, CpniError> {
        call(|| Ok(self.core()?.notices().discard(&notice_id(id)?)?))
    }

    /// How many notices there are, leased or not.
    ///
    /// # Errors
    /// 7001 to 7008; 9301.
    pub fn notice_count(&self) -> Result<u64, CpniError> {
        call(|| Ok(u64::try_from(self.core()?.notices().count()?).unwrap_or(u64::MAX)))
    }
}

fn leased(notice: QueuedNotice) -> LeasedNotice {
    LeasedNotice {
        id: notice.id.as_bytes().to_vec(),
        attempts: notice.attempts,
        notice: Some(Arc::new(ReadyNotice(notice))),
        cause: 0,
    }
}

fn notice_id(bytes: &[u8]) -> Result<NoticeId, CpniError> {
    Ok(NoticeId::from_bytes(bytes.try_into().map_err(|_| CpniError::LAYOUT)?))
}
