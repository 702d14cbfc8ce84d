//! What is kept of an account's transactions, and its bytes (`docs/spec/transactions-v1.md` §4).

use crate::hazmat::framing::{put_str8, take_str8};
use crate::interaction::{ContactChannel, NoticeTarget};
use crate::vocabulary::{Action, AgentId, ContactPointId, Timestamp};

use super::contacts::{KnownPoint, MAX_CONTACT_POINTS, PointOrigin};
use super::kind::{LockKind, TransactionId, TransactionKind, TransactionState};

/// Transactions of an account that are kept: past it the oldest closed one goes, and the log has it still.
pub const MAX_TRANSACTIONS: usize = 64;
const MAX_TARGETS: usize = 5;
const FORMAT: u8 = 1;
const SECOND_PERSON: u8 = 1;
const SUPPRESSED: u8 = 2;
const WAITS: u8 = 4;

/// A lock of the customer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LockState {
    /// Never set, or removed.
    #[default]
    Off,
    /// Set.
    On,
    /// Set until then: its removal was asked for.
    OnUntil(Timestamp),
}

impl LockState {
    /// Whether it is on at `now`.
    #[must_use]
    pub fn is_on(self, now: Timestamp) -> bool {
        match self {
            Self::Off => false,
            Self::On => true,
            Self::OnUntil(until) => now < until,
        }
    }
}

/// Everything of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Account {
    /// The latest time at which it was written.
    pub(crate) latest: Timestamp,
    pub(crate) sim_lock: LockState,
    pub(crate) port_lock: LockState,
    pub(crate) frozen: Option<Timestamp>,
    /// When SIM or number last changed by a transaction.
    pub(crate) number_changed: Option<Timestamp>,
    pub(crate) points: Vec<KnownPoint>,
    pub(crate) transactions: Vec<Transaction>,
}

/// A transaction as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Transaction {
    pub(crate) id: TransactionId,
    pub(crate) action: Action,
    pub(crate) state: TransactionState,
    pub(crate) line: [u8; 32],
    pub(crate) target: [u8; 32],
    pub(crate) facts: [u8; 32],
    pub(crate) requested: Timestamp,
    pub(crate) not_before: Timestamp,
    pub(crate) ends: Timestamp,
    pub(crate) second_person: bool,
    /// No notice was queued, because the law says so.
    pub(crate) suppressed: bool,
    /// For a time or for a second person: a permit needs no interaction then.
    pub(crate) waits: bool,
    pub(crate) interaction: [u8; 16],
    pub(crate) nonce: [u8; 16],
    pub(crate) permit_ends: Timestamp,
    pub(crate) agent: AgentId,
    pub(crate) approver: Option<AgentId>,
    pub(crate) notified: Vec<NoticeTarget>,
    pub(crate) brings: Option<(ContactChannel, ContactPointId)>,
}

impl Transaction {
    pub(crate) fn kind(&self) -> TransactionKind {
        // INVARIANT: what is no transaction is neither made nor decoded.
        TransactionKind::of(self.action).unwrap_or(TransactionKind::AccountChange)
    }
}

impl Account {
    pub(crate) const fn lock(&self, kind: LockKind) -> LockState {
        match kind {
            LockKind::Sim => self.sim_lock,
            LockKind::Port => self.port_lock,
        }
    }

    pub(crate) const fn lock_mut(&mut self, kind: LockKind) -> &mut LockState {
        match kind {
            LockKind::Sim => &mut self.sim_lock,
            LockKind::Port => &mut self.port_lock,
        }
    }

    /// The bytes of locks, number and contact points: what a transaction's facts take in of the row.
    pub(crate) fn facts(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        self.put_locks(&mut out);
        put_option(&mut out, self.number_changed);
        self.put_points(&mut out);
        out
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        out.push(FORMAT);
        put_time(&mut out, self.latest);
        self.put_locks(&mut out);
        put_option(&mut out, self.frozen);
        put_option(&mut out, self.number_changed);
        self.put_points(&mut out);
        put_count(&mut out, self.transactions.len());
        self.transactions.iter().for_each(|transaction| transaction.put(&mut out));
        out
    }

    /// `None` if the bytes are not exactly one account of this format.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut r = Reader(bytes);
        if r.byte()? != FORMAT {
            return None;
        }
        let mut account = Self {
            latest: r.time()?,
            sim_lock: r.lock()?,
            port_lock: r.lock()?,
            frozen: r.option()?,
            number_changed: r.option()?,
            points: Vec::new(),
            transactions: Vec::new(),
        };
        for _ in 0..r.count(MAX_CONTACT_POINTS)? {
            account.points.push(r.point()?);
        }
        for _ in 0..r.count(MAX_TRANSACTIONS)? {
            account.transactions.push(r.transaction()?);
        }
        r.0.is_empty().then_some(account)
    }

    fn put_locks(&self, out: &mut Vec<u8>) {
        for lock in [self.sim_lock, self.port_lock] {
            let (code, until) = match lock {
                LockState::Off => (0, Timestamp::default()),
                LockState::On => (1, Timestamp::default()),
                LockState::OnUntil(until) => (2, until),
            };
            out.push(code);
            put_time(out, until);
        }
    }

    fn put_points(&self, out: &mut Vec<u8>) {
        put_count(out, self.points.len());
        for point in &self.points {
            let (origin, by) = match point.origin {
                PointOrigin::ServiceInitiation => (1, [0; 16]),
                PointOrigin::Host => (2, [0; 16]),
                PointOrigin::Transaction(id) => (3, *id.as_bytes()),
            };
            out.extend([point.channel.code(), origin]);
            out.extend(by);
            put_time(out, point.since);
            put_option(out, point.until);
            put_str8(out, point.id.as_str());
        }
    }
}

impl Transaction {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend(self.id.as_bytes());
        out.extend([self.action.code(), self.state.code()]);
        [self.line, self.target, self.facts].iter().for_each(|digest| out.extend(digest));
        [self.requested, self.not_before, self.ends].iter().for_each(|time| put_time(out, *time));
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        out.push(
            flag(self.second_person, SECOND_PERSON)
                | flag(self.suppressed, SUPPRESSED)
                | flag(self.waits, WAITS),
        );
        out.extend(self.interaction);
        out.extend(self.nonce);
        put_time(out, self.permit_ends);
        put_str8(out, self.agent.as_str());
        put_str8(out, self.approver.as_ref().map_or("", AgentId::as_str));
        put_count(out, self.notified.len());
        for target in &self.notified {
            out.push(target.channel.code());
            put_str8(out, target.id.as_ref().map_or("", ContactPointId::as_str));
        }
        match &self.brings {
            None => out.push(0),
            Some((channel, id)) => {
                out.push(channel.code());
                put_str8(out, id.as_str());
            }
        }
    }
}

fn put_time(out: &mut Vec<u8>, time: Timestamp) {
    out.extend(time.as_micros().to_be_bytes());
}

/// 0 is none: nothing happened in 1970.
fn put_option(out: &mut Vec<u8>, time: Option<Timestamp>) {
    put_time(out, time.unwrap_or_default());
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    // INVARIANT: at most 64, which the steps hold to.
    out.push(u8::try_from(count).unwrap_or(u8::MAX));
}

struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }

    fn time(&mut self) -> Option<Timestamp> {
        Some(Timestamp::from_micros(u64::from_be_bytes(self.array()?)))
    }

    fn option(&mut self) -> Option<Option<Timestamp>> {
        let time = self.time()?;
        Some((time != Timestamp::default()).then_some(time))
    }

    fn text(&mut self) -> Option<&str> {
        let (text, rest) = take_str8(self.0)?;
        self.0 = rest;
        Some(text)
    }

    fn count(&mut self, max: usize) -> Option<usize> {
        Some(usize::from(self.byte()?)).filter(|count| *count <= max)
    }

    fn channel(&mut self) -> Option<ContactChannel> {
        ContactChannel::from_code(self.byte()?)
    }

    fn lock(&mut self) -> Option<LockState> {
        match (self.byte()?, self.time()?) {
            (0, until) if until == Timestamp::default() => Some(LockState::Off),
            (1, until) if until == Timestamp::default() => Some(LockState::On),
            (2, until) => Some(LockState::OnUntil(until)),
            _ => None,
        }
    }

    fn point(&mut self) -> Option<KnownPoint> {
        let channel = self.channel()?;
        let origin = match (self.byte()?, self.array()?) {
            (1, by) if by == [0; 16] => PointOrigin::ServiceInitiation,
            (2, by) if by == [0; 16] => PointOrigin::Host,
            (3, by) => PointOrigin::Transaction(TransactionId::from_bytes(by)),
            _ => return None,
        };
        let (since, until) = (self.time()?, self.option()?);
        Some(KnownPoint { id: ContactPointId::new(self.text()?).ok()?, channel, origin, since, until })
    }

    fn transaction(&mut self) -> Option<Transaction> {
        let id = TransactionId::from_bytes(self.array()?);
        let action =
            Action::from_code(self.byte()?).filter(|action| TransactionKind::of(*action).is_some())?;
        let state = TransactionState::from_code(self.byte()?)?;
        let (line, target, facts) = (self.array()?, self.array()?, self.array()?);
        let (requested, not_before, ends) = (self.time()?, self.time()?, self.time()?);
        let flags = self.byte()?;
        if flags & !(SECOND_PERSON | SUPPRESSED | WAITS) != 0 {
            return None;
        }
        let (interaction, nonce, permit_ends) = (self.array()?, self.array()?, self.time()?);
        let agent = AgentId::new(self.text()?).ok()?;
        let approver = match self.text()? {
            "" => None,
            approver => Some(AgentId::new(approver).ok()?),
        };
        let mut notified = Vec::new();
        for _ in 0..self.count(MAX_TARGETS)? {
            let channel = self.channel()?;
            let id = match self.text()? {
                "" => None,
                id => Some(ContactPointId::new(id).ok()?),
            };
            notified.push(NoticeTarget { channel, id });
        }
        let brings = match self.byte()? {
            0 => None,
            channel => {
                let channel = ContactChannel::from_code(channel)?;
                Some((channel, ContactPointId::new(self.text()?).ok()?))
            }
        };
        Some(Transaction {
            id,
            action,
            state,
            line,
            target,
            facts,
            requested,
            not_before,
            ends,
            second_person: flags & SECOND_PERSON != 0,
            suppressed: flags & SUPPRESSED != 0,
            waits: flags & WAITS != 0,
            interaction,
            nonce,
            permit_ends,
            agent,
            approver,
            notified,
            brings,
        })
    }
}

/// For fuzzing: reads a row without its MAC and writes it again; `None` where it is refused.
#[cfg(feature = "testing")]
pub(crate) fn recode_for_testing(plain: &[u8]) -> Option<Vec<u8>> {
    Account::decode(plain).map(|account| account.encode())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;

    use super::*;

    fn times() -> impl Strategy<Value = Timestamp> {
        any::<u64>().prop_map(Timestamp::from_micros)
    }

    fn some_time() -> impl Strategy<Value = Option<Timestamp>> {
        prop::option::of((1..=u64::MAX).prop_map(Timestamp::from_micros))
    }

    fn lock() -> impl Strategy<Value = LockState> {
        prop_oneof![Just(LockState::Off), Just(LockState::On), times().prop_map(LockState::OnUntil)]
    }

    fn channel() -> impl Strategy<Value = ContactChannel> {
        prop::sample::select(ContactChannel::ALL)
    }

    fn point_id() -> impl Strategy<Value = ContactPointId> {
        "[!-~]{1,128}".prop_map(|id| ContactPointId::new(id).unwrap())
    }

    fn agent() -> impl Strategy<Value = AgentId> {
        "[!-~]{1,128}".prop_map(|id| AgentId::new(id).unwrap())
    }

    fn point() -> impl Strategy<Value = KnownPoint> {
        let origin = prop_oneof![
            Just(PointOrigin::ServiceInitiation),
            Just(PointOrigin::Host),
            any::<[u8; 16]>().prop_map(|id| PointOrigin::Transaction(TransactionId::from_bytes(id))),
        ];
        (point_id(), channel(), origin, times(), some_time())
            .prop_map(|(id, channel, origin, since, until)| KnownPoint { id, channel, origin, since, until })
    }

    fn transaction() -> impl Strategy<Value = Transaction> {
        let actions: Vec<_> =
            Action::ALL.iter().copied().filter(|action| TransactionKind::of(*action).is_some()).collect();
        let target =
            (channel(), prop::option::of(point_id())).prop_map(|(channel, id)| NoticeTarget { channel, id });
        (
            (any::<[u8; 16]>(), prop::sample::select(actions), prop::sample::select(TransactionState::ALL)),
            any::<[[u8; 32]; 3]>(),
            (times(), times(), times(), times()),
            any::<[bool; 3]>(),
            any::<[[u8; 16]; 2]>(),
            (agent(), prop::option::of(agent())),
            prop::collection::vec(target, 0..=MAX_TARGETS),
            prop::option::of((channel(), point_id())),
        )
            .prop_map(
                |((id, action, state), digests, times, flags, bytes, people, notified, brings)| Transaction {
                    id: TransactionId::from_bytes(id),
                    action,
                    state,
                    line: digests[0],
                    target: digests[1],
                    facts: digests[2],
                    requested: times.0,
                    not_before: times.1,
                    ends: times.2,
                    second_person: flags[0],
                    suppressed: flags[1],
                    waits: flags[2],
                    interaction: bytes[0],
                    nonce: bytes[1],
                    permit_ends: times.3,
                    agent: people.0,
                    approver: people.1,
                    notified,
                    brings,
                },
            )
    }

    fn account() -> impl Strategy<Value = Account> {
        (
            (times(), lock(), lock(), some_time(), some_time()),
            prop::collection::vec(point(), 0..4),
            prop::collection::vec(transaction(), 0..4),
        )
            .prop_map(
                |((latest, sim_lock, port_lock, frozen, number_changed), points, transactions)| Account {
                    latest,
                    sim_lock,
                    port_lock,
                    frozen,
                    number_changed,
                    points,
                    transactions,
                },
            )
    }

    proptest! {
        #[test]
        fn a_row_comes_back_as_it_was_kept(account in account(), cut in any::<prop::sample::Index>()) {
            let bytes = account.encode();
            let again = Account::decode(&bytes);
            prop_assert_eq!(again.as_ref(), Some(&account));
            let cut = cut.index(bytes.len());
            prop_assert_eq!(Account::decode(&bytes[..cut]), None, "cut at {}", cut);
            let mut longer = bytes.clone();
            longer.push(0);
            prop_assert_eq!(Account::decode(&longer), None);
            let mut other = bytes;
            other[0] = 2;
            prop_assert_eq!(Account::decode(&other), None);
        }

        #[test]
        fn any_bytes_are_a_row_or_not(mut bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Some(format) = bytes.first_mut() {
                *format = FORMAT;
            }
            if let Some(account) = Account::decode(&bytes) {
                prop_assert_eq!(account.encode(), bytes);
            }
        }
    }

    #[test]
    fn a_full_account_is_read_again() {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let mut one = || transaction().new_tree(&mut runner).unwrap().current();
        let transactions: Vec<_> = (0..MAX_TRANSACTIONS).map(|_| one()).collect();
        let account = Account { transactions, ..Account::default() };
        let mut bytes = account.encode();
        assert_eq!(Account::decode(&bytes), Some(account));
        // One more than there may be: the count stands behind format, times, locks and no points.
        let at = 1 + 8 + 18 + 8 + 8 + 1;
        assert_eq!(bytes[at], 64);
        bytes[at] = 65;
        assert_eq!(Account::decode(&bytes), None);
    }

    #[test]
    fn a_lock_is_on_until_its_end() {
        let until = Timestamp::from_secs(1_000_000);
        let lock = LockState::OnUntil(until);
        assert!(lock.is_on(Timestamp::from_micros(until.as_micros() - 1)) && !lock.is_on(until));
        assert!(LockState::On.is_on(until) && !LockState::Off.is_on(until));
    }
}
