//! What a transaction changes, and the codes that are written down (`docs/spec/transactions-v1.md`).

use core::fmt;
use core::str::FromStr;

use crate::error::IdError;
use crate::interaction::ContactChannel;
use crate::sensitive::Sensitive;
use crate::vocabulary::{Action, ContactPointId, codes, random_id, unhex16};

codes! {
    /// Where a transaction is.
    TransactionState {
        /// Asked for; nothing is decided.
        Requested = 1, "requested";
        /// Policy and risk let it go on.
        Decided = 2, "decided";
        /// Notices are queued, or suppressed by law: a permit may be asked for.
        Notified = 3, "notified";
        /// As notified, and it waits: for a time, for a second person, or for both.
        Waiting = 4, "waiting";
        /// One permit is out.
        Permitted = 5, "permitted";
        /// Handed to the host: it may have been done. Only the host can say.
        Executing = 6, "executing";
        /// The host did it.
        Confirmed = 7, "confirmed";
        /// Policy, risk, a limit or a missing notice refused it.
        Refused = 8, "refused";
        /// The customer, an objection, a report of fraud or the host stopped it.
        Cancelled = 9, "cancelled";
        /// Its time was over before it was handed over.
        Expired = 10, "expired";
        /// It had been confirmed, and was taken back.
        Reversed = 11, "reversed";
    }
}

codes! {
    /// The kinds that rules of risk speak of.
    TransactionKind {
        /// Another SIM or eSIM profile (47 CFR 64.2010(h)).
        SimChange = 1, "sim_change";
        /// A port to another carrier (52.36, 52.37).
        PortOut = 2, "port_out";
        /// A handset's network lock (AT&T consent decree, DA 15-399).
        HandsetUnlock = 3, "handset_unlock";
        /// A password, back-up answer, online account, address or number of record (64.2010(f)).
        AccountChange = 4, "account_change";
    }
}

codes! {
    /// A lock that the customer sets.
    LockKind {
        /// On SIM changes (64.2010(h)(4)).
        Sim = 1, "sim_lock";
        /// On port-outs (52.37(d)).
        Port = 2, "port_lock";
    }
}

impl TransactionState {
    /// Whether it can still become an execution, or is one.
    #[must_use]
    pub const fn is_open(self) -> bool {
        self.code() <= Self::Executing.code()
    }

    /// Whether it is open and not handed to the host: it can still be stopped.
    #[must_use]
    pub const fn is_stoppable(self) -> bool {
        self.code() <= Self::Permitted.code()
    }
}

impl TransactionKind {
    /// The kind of an action; `None`: it is no transaction.
    #[must_use]
    pub const fn of(action: Action) -> Option<Self> {
        Some(match action {
            Action::SimChange => Self::SimChange,
            Action::PortOut => Self::PortOut,
            Action::UnlockHandset => Self::HandsetUnlock,
            Action::CreateOnlineAccount
            | Action::CreatePassword
            | Action::ResetPassword
            | Action::ChangeEmailOfRecord
            | Action::ChangeAddressOfRecord
            | Action::ChangeBackupAnswer
            | Action::ChangeNumberOfRecord => Self::AccountChange,
            Action::OutboundApprovalRequest | Action::TakePaymentCard => return None,
        })
    }

    /// The lock that stops it.
    #[must_use]
    pub const fn lock(self) -> Option<LockKind> {
        match self {
            Self::SimChange => Some(LockKind::Sim),
            Self::PortOut => Some(LockKind::Port),
            Self::HandsetUnlock | Self::AccountChange => None,
        }
    }
}

impl LockKind {
    /// The action that the lock stops.
    #[must_use]
    pub const fn action(self) -> Action {
        match self {
            Self::Sim => Action::SimChange,
            Self::Port => Action::PortOut,
        }
    }
}

random_id! {
    /// The id of a transaction: random. 32 lower-case hexadecimal digits, also in audit events.
    TransactionId
}

impl FromStr for TransactionId {
    type Err = IdError;

    /// # Errors
    /// [`IdError`] if it is not 32 lower-case hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() > 32 {
            return Err(IdError::TooLong { len: text.len(), max: 32 });
        }
        unhex16(text).map(Self).ok_or_else(|| {
            let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            let position = text.bytes().position(|byte| !is_digit(byte)).unwrap_or(text.len());
            IdError::Character { position }
        })
    }
}

/// A change of an account that takes or brings a contact point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactChange {
    /// The electronic address of record.
    Email,
    /// The postal address of record.
    Address,
    /// The telephone number of record.
    Number,
}

/// A change of an account that sets something only the customer should know, or opens an online account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountChange {
    /// A first password.
    CreatePassword,
    /// A forgotten password.
    ResetPassword,
    /// The answer to a back-up question.
    BackupAnswer,
    /// An online account.
    OnlineAccount,
}

/// What is to be changed: which line, and what it becomes. Its texts are the customer's: they are compared
/// under a key, and kept nowhere. State the same texts at every step of the transaction.
pub struct ChangeRequest {
    pub(super) action: Action,
    pub(super) line: Sensitive<String>,
    pub(super) target: Sensitive<String>,
    pub(super) brings: Option<(ContactChannel, ContactPointId)>,
}

impl ChangeRequest {
    /// Moves `line` (the telephone number, or the host's id of the line) to this SIM or eSIM profile: the
    /// ICCID, or the EID.
    #[must_use]
    pub fn sim_change(line: impl Into<String>, new_sim: impl Into<String>) -> Self {
        Self::new(Action::SimChange, line.into(), new_sim.into(), None)
    }

    /// Ports this number to that carrier: the new network service provider's code of the port request.
    #[must_use]
    pub fn port_out(number: impl Into<String>, to_carrier: impl Into<String>) -> Self {
        Self::new(Action::PortOut, number.into(), to_carrier.into(), None)
    }

    /// Releases the handset with this IMEI from its network lock.
    #[must_use]
    pub fn unlock_handset(imei: impl Into<String>) -> Self {
        Self::new(Action::UnlockHandset, imei.into(), String::new(), None)
    }

    /// Sets a secret, or opens an online account. The secret itself is not stated: no digest of it is made.
    #[must_use]
    pub fn account(change: AccountChange) -> Self {
        let action = match change {
            AccountChange::CreatePassword => Action::CreatePassword,
            AccountChange::ResetPassword => Action::ResetPassword,
            AccountChange::BackupAnswer => Action::ChangeBackupAnswer,
            AccountChange::OnlineAccount => Action::CreateOnlineAccount,
        };
        Self::new(action, String::new(), String::new(), None)
    }

    /// Changes an address or number of record to `new`, which the host will know as `point`.
    #[must_use]
    pub fn contact(change: ContactChange, point: ContactPointId, new: impl Into<String>) -> Self {
        let (action, channel) = match change {
            ContactChange::Email => (Action::ChangeEmailOfRecord, ContactChannel::Email),
            ContactChange::Address => (Action::ChangeAddressOfRecord, ContactChannel::Post),
            ContactChange::Number => (Action::ChangeNumberOfRecord, ContactChannel::NumberOfRecord),
        };
        Self::new(action, String::new(), new.into(), Some((channel, point)))
    }

    /// The action that policy decides.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> TransactionKind {
        // INVARIANT: every constructor takes an action that is a transaction.
        TransactionKind::of(self.action).unwrap_or(TransactionKind::AccountChange)
    }

    fn new(
        action: Action,
        line: String,
        target: String,
        brings: Option<(ContactChannel, ContactPointId)>,
    ) -> Self {
        Self { action, line: Sensitive::from(line), target: Sensitive::from(target), brings }
    }
}

/// Silent on line and target.
impl fmt::Debug for ChangeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeRequest").field("action", &self.action).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_specification() {
        let states: Vec<_> = TransactionState::ALL.iter().map(|state| (state.code(), state.name())).collect();
        assert_eq!(states[0], (1, "requested"));
        assert_eq!(states[5], (6, "executing"));
        assert_eq!(states[10], (11, "reversed"));
        let open = TransactionState::ALL.iter().filter(|state| state.is_open()).count();
        let stoppable = TransactionState::ALL.iter().filter(|state| state.is_stoppable()).count();
        assert_eq!((states.len(), open, stoppable), (11, 6, 5));
        assert_eq!(ContactChannel::ALL.len(), 5);
    }

    #[test]
    fn an_id_is_its_text() {
        let id = TransactionId::from_bytes([0x0a; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "0a", &"0A".repeat(16), &"0a".repeat(17), &"0g".repeat(16), "é"] {
            assert!(bad.parse::<TransactionId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_request_is_silent() {
        let change = ChangeRequest::sim_change("8155550100", "8900000000000000003");
        assert_eq!(format!("{change:?}"), "ChangeRequest { action: SimChange, .. }");
    }
}
