//! The book of one tenant: reads an account's row, has a step taken on it, and puts it back, in one step for
//! all processes.

use core::fmt;
use std::sync::Arc;

use crate::error::{Error, KeyError, StoreError, TransactionError};
use crate::hazmat::equal;
use crate::hazmat::mac::MacKey;
use crate::hazmat::rng;
use crate::interaction::AccountFacts;
use crate::keys::Keyring;
use crate::vocabulary::{AccountId, AgentId, TenantId, Timestamp};

use super::kind::{ChangeRequest, TransactionId, TransactionState};
use super::permit::{ExecutePermit, Execution};
use super::row::{Account, Transaction};
use super::steps::{Ended, REQUEST_LIFE, Stated};
use super::store::{TransactionRef, TransactionStore};

const REFERENCE_LABEL: &[u8] = b"cpni-guard/v1/reference";
const ROW_LABEL: &[u8] = b"cpni-guard/v1/transactions";
const LINE_LABEL: &[u8] = b"cpni-guard/v1/transaction-line";
const TARGET_LABEL: &[u8] = b"cpni-guard/v1/transaction-target";
const FACTS_LABEL: &[u8] = b"cpni-guard/v1/transaction-facts";
/// How often a step is tried that others were faster than: each time one of them took one.
const TRIES: u32 = 64;

/// What is told before a row changes.
#[derive(Debug)]
pub(crate) enum Tell<'t, T> {
    /// A transaction's time was over.
    Expired(&'t Ended),
    /// The step, with what it gives.
    Step(&'t T),
}

/// Whether a step opens something: then it is not taken on a clock that went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opens {
    Yes,
    No,
}

/// What of the host and of the policy a transaction was decided on.
#[derive(Clone, Copy)]
pub(crate) struct DecidedOn<'d> {
    pub(crate) policy: [u8; 32],
    pub(crate) host: &'d AccountFacts,
    pub(crate) port_passcode: Option<bool>,
}

/// The transactions of one tenant's accounts.
pub(crate) struct Book {
    store: Arc<dyn TransactionStore>,
    references: MacKey,
    state: MacKey,
}

impl Book {
    pub(crate) fn new(store: Arc<dyn TransactionStore>, keys: &Keyring, tenant: &TenantId) -> Self {
        Self { store, references: keys.reference_key(tenant), state: keys.state_key(tenant) }
    }

    /// The account as it is now. One without a row has nothing yet.
    pub(crate) fn read(&self, account: &AccountId) -> Result<Account, Error> {
        let of = self.reference(account);
        Ok(self.decode(&of, self.store.row(&of)?.as_deref())?)
    }

    /// Takes a step, as one for all processes. `apply` gets the account and the time that counts, may be
    /// called more than once, and must then come to the same end or fail; what it gives is told before the
    /// row changes, once.
    pub(crate) fn step<T>(
        &self,
        account: &AccountId,
        now: Timestamp,
        opens: Opens,
        mut apply: impl FnMut(&mut Account, Timestamp) -> Result<T, TransactionError>,
        mut tell: impl FnMut(Tell<'_, T>) -> Result<(), Error>,
    ) -> Result<T, Error> {
        let of = self.reference(account);
        let (mut is_told, mut expired): (bool, Vec<TransactionId>) = (false, Vec::new());
        for _ in 0..TRIES {
            let before = self.store.row(&of)?;
            let mut after = self.decode(&of, before.as_deref())?;
            if opens == Opens::Yes && now < after.latest {
                return Err(TransactionError::ClockWentBack.into());
            }
            let at = now.max(after.latest);
            let ended = after.expire(at);
            let done = apply(&mut after, at)?;
            for one in ended.iter().filter(|one| !expired.contains(&one.id)) {
                tell(Tell::Expired(one))?;
            }
            expired.extend(ended.iter().map(|one| one.id));
            if !is_told {
                tell(Tell::Step(&done))?;
                is_told = true;
            }
            after.latest = at;
            if self.store.swap(&of, before.as_deref(), &self.encode(&of, &after))? {
                return Ok(done);
            }
        }
        Err(StoreError::Busy.into())
    }

    /// A new transaction, not yet in the book.
    pub(crate) fn draw(
        &self,
        account: &AccountId,
        change: &ChangeRequest,
        interaction: [u8; 16],
        agent: &AgentId,
        now: Timestamp,
    ) -> Result<Transaction, Error> {
        let (line, target) = self.digests(account, change);
        Ok(Transaction {
            id: TransactionId::from_bytes(rng::make_array().map_err(|_| KeyError::Random)?),
            action: change.action,
            state: TransactionState::Requested,
            line,
            target,
            facts: [0; 32],
            requested: now,
            not_before: now,
            ends: now.plus(REQUEST_LIFE),
            second_person: false,
            suppressed: false,
            waits: false,
            interaction,
            nonce: [0; 16],
            permit_ends: Timestamp::default(),
            agent: agent.clone(),
            approver: None,
            notified: Vec::new(),
            brings: change.brings.clone(),
        })
    }

    /// A permit: of all who ask at once, one gets it.
    pub(crate) fn permit(
        &self,
        account: &AccountId,
        id: &TransactionId,
        stated: impl Fn(&Account) -> Stated,
        now: Timestamp,
        tell: impl FnMut(Tell<'_, Timestamp>) -> Result<(), Error>,
    ) -> Result<ExecutePermit, Error> {
        let nonce = rng::make_array().map_err(|_| KeyError::Random)?;
        let permit = |one: &mut Account, now| {
            let stated = stated(one);
            one.permit(id, &stated, nonce, now)
        };
        let ends = self.step(account, now, Opens::Yes, permit, tell)?;
        Ok(ExecutePermit { account: account.clone(), id: *id, nonce, ends })
    }

    /// Uses a permit up.
    pub(crate) fn execute(
        &self,
        permit: &ExecutePermit,
        stated: impl Fn(&Account) -> Stated,
        now: Timestamp,
        tell: impl FnMut(Tell<'_, ()>) -> Result<(), Error>,
    ) -> Result<Execution, Error> {
        let ExecutePermit { account, id, nonce, .. } = permit;
        let execute = |one: &mut Account, now| {
            let stated = stated(one);
            one.execute(id, &stated, nonce, now)
        };
        self.step(account, now, Opens::Yes, execute, tell)?;
        Ok(Execution { account: account.clone(), id: *id, nonce: *nonce })
    }

    /// The host says how an execution went.
    pub(crate) fn finish(
        &self,
        execution: &Execution,
        is_done: bool,
        now: Timestamp,
        tell: impl FnMut(Tell<'_, ()>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Execution { account, id, nonce } = execution;
        let finish = |one: &mut Account, now| one.finish(id, Some(nonce), is_done, now);
        self.step(account, now, Opens::No, finish, tell)
    }

    /// The digests of line and target.
    pub(crate) fn digests(&self, account: &AccountId, change: &ChangeRequest) -> ([u8; 32], [u8; 32]) {
        let of = self.reference(account);
        // EXPOSE: inputs of keyed digests.
        let (line, target) = (change.line.expose().as_bytes(), change.target.expose().as_bytes());
        let action = [change.action.code()];
        // The point that it brings in is part of what is asked for.
        let (channel, point) = match &change.brings {
            None => (0, ""),
            Some((channel, point)) => (channel.code(), point.as_str()),
        };
        (
            self.state.mac_tuple(&[LINE_LABEL, of.as_bytes(), line]),
            self.state.mac_tuple(&[
                TARGET_LABEL,
                of.as_bytes(),
                &action,
                line,
                target,
                &[channel],
                point.as_bytes(),
            ]),
        )
    }

    /// What is stated at a step: the change, and the facts as they are when the step looks at the row.
    pub(crate) fn stated<'b>(
        &'b self,
        account: &'b AccountId,
        change: &ChangeRequest,
        on: DecidedOn<'b>,
        interaction: Option<[u8; 16]>,
    ) -> impl Fn(&Account) -> Stated + use<'b> {
        let (action, (line, target)) = (change.action, self.digests(account, change));
        move |row| Stated { action, line, target, facts: self.facts(account, row, &on), interaction }
    }

    /// The digest of the facts now.
    pub(crate) fn facts(&self, account: &AccountId, of: &Account, on: &DecidedOn<'_>) -> [u8; 32] {
        let passcode = match on.port_passcode {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        };
        self.state.mac_tuple(&[
            FACTS_LABEL,
            self.reference(account).as_bytes(),
            &on.policy,
            &on.host.encode(),
            &[passcode],
            &of.facts(),
        ])
    }

    fn reference(&self, account: &AccountId) -> TransactionRef {
        // EXPOSE: an input of the pseudonym.
        let account = account.expose().as_bytes();
        TransactionRef::from_pseudonym(self.references.mac_tuple(&[
            REFERENCE_LABEL,
            b"transactions",
            account,
        ]))
    }

    fn encode(&self, of: &TransactionRef, account: &Account) -> Vec<u8> {
        let mut row = account.encode();
        let mac = self.mac(of, &row);
        row.extend(mac);
        row
    }

    fn decode(&self, of: &TransactionRef, row: Option<&[u8]>) -> Result<Account, TransactionError> {
        let Some(row) = row else { return Ok(Account::default()) };
        let (plain, mac) = row.split_last_chunk::<32>().ok_or(TransactionError::Unreadable)?;
        if !equal(&self.mac(of, plain), mac) {
            return Err(TransactionError::Unreadable);
        }
        Account::decode(plain).ok_or(TransactionError::Unreadable)
    }

    fn mac(&self, of: &TransactionRef, plain: &[u8]) -> [u8; 32] {
        self.state.mac_tuple(&[ROW_LABEL, of.as_bytes(), plain])
    }
}

impl fmt::Debug for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Book(..)")
    }
}

#[cfg(test)]
mod tests;
