//! A model of two executors, a customer, an attacker and a host that crashes, in every order.
//!
//! The real book over the store in memory takes every step; beside it a model that is written anew, and knows
//! neither the row nor the steps, keeps what was told, locked and done, and judges each execution.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::book::{Book, DecidedOn, Opens};
use super::contacts::{CONTACT_LOOK_BACK_DAYS, ContactPoint, Contacts};
use super::kind::{ChangeRequest, ContactChange, LockKind, TransactionId, TransactionKind, TransactionState};
use super::permit::{ExecutePermit, Execution};
use super::row::{Account, LockState};
use super::steps::{PERMIT_LIFE, Stated, Waits};
use super::store::MemoryTransactionStore;
use crate::interaction::{AccountFacts, ContactChannel, NoticeTarget, SimChange};
use crate::keys::{KeyBranch, KeyState, KeyVersion, Keyring};
use crate::vocabulary::{AccountId, AgentId, ContactPointId, TenantId, Timestamp};

/// Interleavings of the test that always runs. The whole number: `every_interleaving_keeps_the_invariants`.
const QUICK: u32 = 2_000;
/// Issue 9 asks for 100,000.
const WHOLE: u32 = 100_000;
const STEPS: core::ops::Range<usize> = 1..41;
const START: u64 = 1_795_446_240;
const DAY: u64 = 86_400;
const DAY_BY_CLOCK: i64 = 86_400;
const DELAY: Duration = Duration::from_secs(DAY);
const INTERACTIONS: u8 = 3;

/// What may happen next. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    /// A change of this kind is asked for, decided and told, up to the step that `stops` names; notices fail or not.
    Ask {
        kind: u8,
        interaction: u8,
        wait: bool,
        second: bool,
        stops: u8,
        notices_fail: bool,
    },
    /// One that was broken off goes on.
    GoOn {
        which: u8,
    },
    Approve {
        which: u8,
        by_asker: bool,
    },
    Permit {
        which: u8,
        executor: u8,
        whose: u8,
        other_target: bool,
    },
    Execute {
        executor: u8,
        whose: u8,
        other_target: bool,
    },
    /// The host does what it has in its hands, once for each, and says so or dies before.
    Finish {
        executor: u8,
        says_so: bool,
    },
    Settle {
        which: u8,
    },
    Cancel {
        which: u8,
    },
    Object {
        which: u8,
        from: u8,
    },
    Lock {
        port: bool,
    },
    Unlock {
        port: bool,
    },
    /// The host's own system moves the SIM.
    HostMovesSim,
    HostTellsPoint,
    Fraud,
    Remedied,
    /// The executor's process dies: permits and executions in memory are gone.
    Crash {
        executor: u8,
    },
    EndInteraction {
        interaction: u8,
    },
    Clock {
        secs: i64,
    },
}

fn steps() -> impl Strategy<Value = Step> {
    let which = any::<u8>;
    let executor = || 0..2_u8;
    let interaction = || 0..INTERACTIONS;
    prop_oneof![
        10 => (
            (0..4_u8, interaction()),
            (prop::bool::weighted(0.3), prop::bool::weighted(0.2)),
            (0..16_u8, prop::bool::weighted(0.1)),
        )
            .prop_map(|((kind, interaction), (wait, second), (stops, notices_fail))| Step::Ask {
                kind,
                interaction,
                wait,
                second,
                stops,
                notices_fail,
            }),
        1 => which().prop_map(|which| Step::GoOn { which }),
        2 => (which(), any::<bool>()).prop_map(|(which, by_asker)| Step::Approve { which, by_asker }),
        16 => (which(), executor(), 0..12_u8, prop::bool::weighted(0.1)).prop_map(
            |(which, executor, whose, other_target)| Step::Permit { which, executor, whose, other_target }
        ),
        16 => (executor(), 0..12_u8, prop::bool::weighted(0.1))
            .prop_map(|(executor, whose, other_target)| Step::Execute { executor, whose, other_target }),
        6 => (executor(), any::<bool>()).prop_map(|(executor, says_so)| Step::Finish { executor, says_so }),
        1 => which().prop_map(|which| Step::Settle { which }),
        1 => which().prop_map(|which| Step::Cancel { which }),
        1 => (which(), any::<u8>()).prop_map(|(which, from)| Step::Object { which, from }),
        1 => any::<bool>().prop_map(|port| Step::Lock { port }),
        1 => any::<bool>().prop_map(|port| Step::Unlock { port }),
        1 => Just(Step::HostMovesSim),
        1 => Just(Step::HostTellsPoint),
        1 => prop_oneof![1 => Just(Step::Fraud), 3 => Just(Step::Remedied)],
        1 => executor().prop_map(|executor| Step::Crash { executor }),
        1 => interaction().prop_map(|interaction| Step::EndInteraction { interaction }),
        3 => prop_oneof![
            4 => 0..700_i64,
            2 => (DAY_BY_CLOCK - 10)..(DAY_BY_CLOCK + 10),
            1 => -5..0_i64,
            1 => 0..(40 * DAY_BY_CLOCK),
        ].prop_map(|secs| Step::Clock { secs }),
    ]
}

/// What the model knows of a transaction.
#[derive(Debug)]
struct Known {
    kind: u8,
    interaction: [u8; 16],
    asker: AgentId,
    waits: Waits,
    /// When its notices were queued, and to whom.
    told: Option<(Timestamp, Vec<NoticeTarget>)>,
    approved: bool,
    /// How the world looked when it was told.
    world: String,
    executions: u32,
    stopped: bool,
}

#[derive(Debug)]
struct Point {
    id: String,
    channel: ContactChannel,
    came: Option<Timestamp>,
    went: Option<Timestamp>,
}

struct World {
    executors: [Book; 2],
    account: AccountId,
    now: Timestamp,
    /// The latest time that anything was written at.
    written: Timestamp,
    host: AccountFacts,
    locks: BTreeMap<u8, Option<Timestamp>>,
    frozen: bool,
    /// When contact points came (`None`: long ago) and went.
    points: Vec<Point>,
    number_changed: Option<Timestamp>,
    known: BTreeMap<TransactionId, Known>,
    asked: Vec<TransactionId>,
    permits: [Vec<(ExecutePermit, Timestamp)>; 2],
    executions: [Vec<Execution>; 2],
    alive: [u32; INTERACTIONS as usize],
    told_points: u32,
    done: u64,
}

/// What came of a run: so that a model in which nothing happens is noticed.
#[derive(Debug, Default)]
struct Seen {
    executed: u64,
    confirmed: u64,
}

fn keyring() -> Keyring {
    let root = |branch, fill| (KeyVersion { branch, version: 1, state: KeyState::Active }, [fill; 32]);
    let roots = [
        root(KeyBranch::Data, 1),
        root(KeyBranch::Audit, 2),
        root(KeyBranch::Reference, 3),
        root(KeyBranch::Token, 4),
        root(KeyBranch::Subject, 5),
    ];
    Keyring::from_roots_for_testing(&roots).unwrap()
}

fn change(kind: u8, other_target: bool) -> ChangeRequest {
    let target = if other_target { "8900000000000000011" } else { "8900000000000000003" };
    match kind {
        0 => ChangeRequest::sim_change("8155550100", target),
        1 => ChangeRequest::port_out("8155550100", target),
        2 => ChangeRequest::unlock_handset(target),
        _ => ChangeRequest::contact(ContactChange::Email, ContactPointId::new("mail-new").unwrap(), target),
    }
}

impl World {
    fn new() -> Self {
        let store = Arc::new(MemoryTransactionStore::new());
        let (keys, tenant) = (keyring(), TenantId::new("t").unwrap());
        let book = || Book::new(Arc::clone(&store) as _, &keys, &tenant);
        let mut world = Self {
            executors: [book(), book()],
            account: AccountId::new("A-1").unwrap(),
            now: Timestamp::from_secs(START),
            written: Timestamp::default(),
            host: AccountFacts { sim_change: Some(SimChange::Never), ..AccountFacts::default() },
            locks: BTreeMap::new(),
            frozen: false,
            points: Vec::new(),
            number_changed: None,
            known: BTreeMap::new(),
            asked: Vec::new(),
            permits: [Vec::new(), Vec::new()],
            executions: [Vec::new(), Vec::new()],
            alive: [0; INTERACTIONS as usize],
            told_points: 0,
            done: 0,
        };
        world.tell_points();
        world
    }

    fn book(&self) -> &Book {
        &self.executors[0]
    }

    fn row(&self) -> Account {
        self.book().read(&self.account).unwrap()
    }

    fn wrote(&mut self) {
        self.written = self.written.max(self.now);
    }

    fn interaction(&self, number: u8) -> [u8; 16] {
        let mut id = [number; 16];
        id[1..5].copy_from_slice(&self.alive[usize::from(number)].to_be_bytes());
        id
    }

    fn decided_on(&self) -> DecidedOn<'_> {
        DecidedOn { policy: [7; 32], host: &self.host, port_passcode: Some(false) }
    }

    fn stated(
        &self,
        kind: u8,
        interaction: Option<u8>,
        other_target: bool,
    ) -> impl Fn(&Account) -> Stated + use<'_> {
        let interaction = interaction.map(|number| self.interaction(number));
        self.book().stated(&self.account, &change(kind, other_target), self.decided_on(), interaction)
    }

    /// The latest one half of the time.
    fn pick(&self, which: u8) -> Option<TransactionId> {
        match which {
            128.. => self.asked.last().copied(),
            _ => self.asked.get(usize::from(which) % self.asked.len().max(1)).copied(),
        }
    }

    /// In which interaction a step is taken: mostly the one of the request, else none or any.
    fn whose(&self, id: &TransactionId, whose: u8) -> Option<u8> {
        match whose {
            0..INTERACTIONS => Some(whose),
            INTERACTIONS => None,
            _ => Some(self.known[id].interaction[0]),
        }
    }

    fn is_locked(&self, kind: u8) -> bool {
        self.locks
            .get(&kind)
            .is_some_and(|until| until.is_none_or(|until| self.now.max(self.written) < until))
    }

    /// The model's own reading of who may be told: not [`Contacts`].
    fn may_be_told(&self, target: &NoticeTarget) -> bool {
        let day = |at: Timestamp| i64::try_from(at.as_secs() / DAY).unwrap();
        let days = |at| day(self.now) - day(at);
        match &target.id {
            None => {
                let by_host = match self.host.sim_change {
                    Some(SimChange::At(at)) => days(at) >= CONTACT_LOOK_BACK_DAYS,
                    Some(SimChange::Never) => true,
                    None => false,
                };
                by_host && self.number_changed.is_none_or(|at| days(at) >= CONTACT_LOOK_BACK_DAYS)
            }
            Some(id) => self.points.iter().filter(|point| point.id == id.as_str()).any(|point| {
                point.came.is_none_or(|at| days(at) >= CONTACT_LOOK_BACK_DAYS)
                    && point.went.is_none_or(|at| days(at) < CONTACT_LOOK_BACK_DAYS)
            }),
        }
    }

    fn tell_points(&mut self) {
        let name = format!("mail-{}", self.told_points);
        let is_first = self.told_points == 0;
        let mut told = vec![ContactPoint {
            id: ContactPointId::new(name.clone()).unwrap(),
            channel: ContactChannel::Email,
            since: Timestamp::from_secs(START - 400 * DAY),
            from_the_beginning: false,
        }];
        told.push(ContactPoint {
            id: ContactPointId::new("post-0").unwrap(),
            channel: ContactChannel::Post,
            since: Timestamp::from_secs(START - 300 * DAY),
            from_the_beginning: true,
        });
        if !is_first {
            // A channel that the account never had, which says that it is old: it came now.
            told.push(ContactPoint {
                id: ContactPointId::new("app-0").unwrap(),
                channel: ContactChannel::App,
                since: Timestamp::from_secs(START - 400 * DAY),
                from_the_beginning: true,
            });
        }
        let set = |one: &mut Account, now| one.set_points(&told, now);
        if self.book().step(&self.account, self.now, Opens::Yes, set, |_| Ok(())).is_err() {
            return;
        }
        self.wrote();
        self.told_points += 1;
        let came = if is_first { None } else { Some(self.now) };
        self.bring(name, came);
        if is_first {
            let post = Point { id: "post-0".to_owned(), channel: ContactChannel::Post, came, went: None };
            self.points.push(post);
        }
        if !is_first && !self.points.iter().any(|point| point.channel == ContactChannel::App) {
            let app = Point { id: "app-0".to_owned(), channel: ContactChannel::App, came, went: None };
            self.points.push(app);
        }
    }

    /// An e-mail address in place of the one before.
    fn bring(&mut self, id: String, came: Option<Timestamp>) {
        let channel = ContactChannel::Email;
        for point in self.points.iter_mut().filter(|one| one.channel == channel && one.went.is_none()) {
            point.went = came;
        }
        self.points.push(Point { id, channel, came, went: None });
    }

    /// What a transaction is decided on.
    fn world(&self) -> String {
        format!("{:?} {:?} {:?} {:?}", self.host.sim_change, self.locks, self.number_changed, self.points)
    }

    fn go_on(&mut self, id: &TransactionId, stops: u8, notices_fail: bool) {
        let Some(known) = self.known.get(id) else { return };
        let (waits, kind) = (known.waits, known.kind);
        if stops == 1 {
            return;
        }
        let decide = |one: &mut Account, _| one.decide(id);
        if self.book().step(&self.account, self.now, Opens::Yes, decide, |_| Ok(())).is_ok() {
            self.wrote();
        }
        if stops == 2 {
            return;
        }
        let row = self.row();
        let contacts = Contacts { points: &row.points, number_changed: row.number_changed, host: &self.host };
        let Some(targets) = contacts.targets(self.now) else { return };
        for target in &targets {
            assert!(self.may_be_told(target), "told at a changed contact point: {target:?}");
        }
        if notices_fail {
            let refuse = |one: &mut Account, _| one.refuse(id);
            if self.book().step(&self.account, self.now, Opens::No, refuse, |_| Ok(())).is_ok() {
                self.wrote();
            }
            return;
        }
        // From here on they are in the queue, whatever becomes of the row.
        let notify = |one: &mut Account, now| {
            let facts = self.book().facts(&self.account, one, &self.decided_on());
            one.notify(id, &targets, false, waits, facts, now)
        };
        let notified = self.book().step(&self.account, self.now, Opens::Yes, notify, |_| Ok(()));
        if notified.is_ok() {
            assert!(!self.frozen && !self.is_locked(kind), "told while locked or frozen");
            self.wrote();
            let (now, world) = (self.now, self.world());
            let known = self.known.get_mut(id).unwrap();
            (known.told, known.world) = (Some((now, targets)), world);
        }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Ask { kind, interaction, wait, second, stops, notices_fail } => {
                let time = if wait { DELAY } else { Duration::ZERO };
                let waits = Waits { time, second_person: second };
                let asker = AgentId::new(format!("a-{interaction}")).unwrap();
                let inside = self.interaction(interaction);
                let new =
                    self.book().draw(&self.account, &change(kind, false), inside, &asker, self.now).unwrap();
                let id = new.id;
                let request = |one: &mut Account, _| one.request(new.clone());
                let asked = self.book().step(&self.account, self.now, Opens::Yes, request, |_| Ok(()));
                if asked.is_err() {
                    return;
                }
                assert!(!self.frozen, "asked for while frozen");
                self.wrote();
                let known = Known {
                    kind,
                    interaction: inside,
                    asker,
                    waits,
                    told: None,
                    approved: false,
                    world: String::new(),
                    executions: 0,
                    stopped: false,
                };
                self.known.insert(id, known);
                self.asked.push(id);
                if stops != 0 {
                    self.go_on(&id, stops, notices_fail);
                }
            }
            Step::GoOn { which } => {
                if let Some(id) = self.pick(which) {
                    self.go_on(&id, 7, false);
                }
            }
            Step::Approve { which, by_asker } => {
                let Some(id) = self.pick(which) else { return };
                let (line, target) = self.book().digests(&self.account, &change(self.known[&id].kind, false));
                let by = if by_asker { self.known[&id].asker.clone() } else { AgentId::new("sue").unwrap() };
                let action = change(self.known[&id].kind, false).action();
                let approve = |one: &mut Account, _| one.approve(&id, (action, line, target), &by);
                if self.book().step(&self.account, self.now, Opens::Yes, approve, |_| Ok(())).is_ok() {
                    assert!(!by_asker, "approved by who asked");
                    self.wrote();
                    self.known.get_mut(&id).unwrap().approved = true;
                }
            }
            Step::Permit { which, executor, whose, other_target } => {
                let Some(id) = self.pick(which) else { return };
                let interaction = self.whose(&id, whose);
                let book = &self.executors[usize::from(executor)];
                let stated = self.stated(self.known[&id].kind, interaction, other_target);
                let permit = book.permit(&self.account, &id, stated, self.now, |_| Ok(()));
                if let Ok(permit) = permit {
                    assert!(!other_target, "permitted for another target");
                    self.judge(&id, interaction, "permitted");
                    self.wrote();
                    // One at a time: any other that is out must be past its end.
                    let out = self
                        .permits
                        .iter()
                        .flatten()
                        .filter(|(other, ends)| other.id() == id && self.now < *ends);
                    assert_eq!(out.count(), 0, "two permits");
                    let ends = self.now.plus(PERMIT_LIFE);
                    self.permits[usize::from(executor)].push((permit, ends));
                }
            }
            Step::Execute { executor, whose, other_target } => {
                let Some((permit, ends)) = self.permits[usize::from(executor)].pop() else { return };
                let id = permit.id();
                let interaction = self.whose(&id, whose);
                let stated = self.stated(self.known[&id].kind, interaction, other_target);
                let book = &self.executors[usize::from(executor)];
                let execution = book.execute(&permit, stated, self.now, |_| Ok(()));
                if let Ok(execution) = execution {
                    assert!(!other_target, "another target was executed");
                    assert!(self.now < ends, "executed after the permit's end");
                    self.judge(&id, interaction, "executed");
                    self.wrote();
                    let known = self.known.get_mut(&id).unwrap();
                    known.executions += 1;
                    assert_eq!(known.executions, 1, "executed twice");
                    self.executions[usize::from(executor)].push(execution);
                }
            }
            Step::Finish { executor, says_so } => {
                let Some(execution) = self.executions[usize::from(executor)].pop() else { return };
                if says_so {
                    let book = &self.executors[usize::from(executor)];
                    book.finish(&execution, true, self.now, |_| Ok(())).unwrap();
                    self.took_effect(&execution.id());
                }
            }
            Step::Settle { which } => {
                let Some(id) = self.pick(which) else { return };
                // Only what no executor has in its hands is settled by hand.
                if self.executions.iter().flatten().any(|execution| execution.id() == id) {
                    return;
                }
                let settle = |one: &mut Account, now| one.finish(&id, None, true, now);
                if self.book().step(&self.account, self.now, Opens::No, settle, |_| Ok(())).is_ok() {
                    assert_eq!(self.known[&id].executions, 1, "settled what was never executed");
                    self.took_effect(&id);
                }
            }
            Step::Cancel { which } => {
                let Some(id) = self.pick(which) else { return };
                let cancel = |one: &mut Account, _| one.cancel(&id);
                if self.book().step(&self.account, self.now, Opens::No, cancel, |_| Ok(())).is_ok() {
                    assert_eq!(self.known[&id].executions, 0, "cancelled in the host's hands");
                    self.wrote();
                    self.known.get_mut(&id).unwrap().stopped = true;
                }
            }
            Step::Object { which, from } => {
                let Some(id) = self.pick(which) else { return };
                let told = self.known[&id].told.as_ref().map_or(&[][..], |(_, told)| told);
                let was_told = told.get(usize::from(from) % told.len().max(1)).cloned();
                let stranger =
                    NoticeTarget { channel: ContactChannel::Email, id: ContactPointId::new("x").ok() };
                let target = was_told.clone().filter(|_| from < 200).unwrap_or(stranger);
                let is_told = told.contains(&target);
                let object = |one: &mut Account, _| one.object(&id, &target, true);
                if self.book().step(&self.account, self.now, Opens::No, object, |_| Ok(())).is_ok() {
                    assert!(is_told, "an objection of a stranger");
                    self.wrote();
                    self.known.get_mut(&id).unwrap().stopped = true;
                }
            }
            Step::Lock { port } => {
                let kind = if port { LockKind::Port } else { LockKind::Sim };
                let set = |one: &mut Account, _| {
                    one.set_lock(kind);
                    Ok(())
                };
                self.book().step(&self.account, self.now, Opens::No, set, |_| Ok(())).unwrap();
                self.wrote();
                self.locks.insert(port.into(), None);
            }
            Step::Unlock { port } => {
                let kind = if port { LockKind::Port } else { LockKind::Sim };
                let remove = |one: &mut Account, now| one.remove_lock(kind, DELAY, now);
                let removed = self.book().step(&self.account, self.now, Opens::Yes, remove, |_| Ok(()));
                if let Ok(until) = removed {
                    assert!(self.is_locked(port.into()), "a lock that was off was removed");
                    self.wrote();
                    let known = self.locks[&port.into()].unwrap_or(self.now.plus(DELAY));
                    assert_eq!(until, known, "a lock goes when its delay is over");
                    self.locks.insert(port.into(), Some(known));
                }
            }
            Step::HostMovesSim => {
                self.host.sim_change = Some(SimChange::At(self.now));
            }
            Step::HostTellsPoint => self.tell_points(),
            Step::Fraud => {
                let freeze = |one: &mut Account, now| Ok(one.freeze(now));
                self.book().step(&self.account, self.now, Opens::No, freeze, |_| Ok(())).unwrap();
                self.wrote();
                self.frozen = true;
                for known in self.known.values_mut().filter(|known| known.executions == 0) {
                    known.stopped = true;
                }
            }
            Step::Remedied => {
                let thaw = |one: &mut Account, _| one.thaw();
                if self.book().step(&self.account, self.now, Opens::Yes, thaw, |_| Ok(())).is_ok() {
                    self.wrote();
                    self.frozen = false;
                }
            }
            Step::Crash { executor } => {
                self.permits[usize::from(executor)].clear();
                self.executions[usize::from(executor)].clear();
            }
            Step::EndInteraction { interaction } => self.alive[usize::from(interaction)] += 1,
            Step::Clock { secs } => {
                self.now = match secs {
                    0.. => self.now.plus(Duration::from_secs(secs.unsigned_abs())),
                    _ => Timestamp::from_secs(self.now.as_secs().saturating_sub(secs.unsigned_abs())),
                };
            }
        }
    }

    fn took_effect(&mut self, id: &TransactionId) {
        let at = self.now.max(self.written);
        self.wrote();
        self.done += 1;
        match self.known[id].kind {
            0 => self.number_changed = Some(at),
            3 => self.bring("mail-new".to_owned(), Some(at)),
            _ => {}
        }
    }

    /// The invariants, by the model's own knowledge.
    fn judge(&self, id: &TransactionId, interaction: Option<u8>, what: &str) {
        let known = &self.known[id];
        let (told_at, told) = known.told.as_ref().expect("before its notices were queued");
        assert!(!told.is_empty(), "{what}: nobody was told");
        assert!(self.now >= self.written, "{what} on a clock that went back");
        assert!(self.now >= told_at.plus(known.waits.time), "{what} before its wait was over");
        assert!(!known.waits.second_person || known.approved, "{what} without a second person");
        assert!(!self.frozen, "{what} while frozen");
        assert!(!self.is_locked(known.kind), "{what} while locked");
        assert!(!known.stopped, "{what} after it was stopped");
        assert_eq!(known.world, self.world(), "{what} after the world changed");
        assert_eq!(known.executions, 0, "{what} after it was executed");
        if known.waits == Waits::default() {
            let inside = interaction.map(|number| self.interaction(number));
            assert_eq!(inside, Some(known.interaction), "{what} outside its interaction");
        }
    }

    /// What must hold after every step.
    fn check(&self) {
        let row = self.row();
        assert_eq!(row.frozen.is_some(), self.frozen);
        for (number, kind) in [(0, LockKind::Sim), (1, LockKind::Port)] {
            let expected = match self.locks.get(&number) {
                None => LockState::Off,
                Some(None) => LockState::On,
                Some(Some(until)) => LockState::OnUntil(*until),
            };
            assert_eq!(row.lock(kind), expected);
        }
        for one in &row.transactions {
            let known = &self.known[&one.id];
            let was_executed = matches!(
                one.state,
                TransactionState::Executing | TransactionState::Confirmed | TransactionState::Reversed
            );
            assert_eq!(was_executed, known.executions == 1, "{:?}", one.state);
        }
        let open = |kind: TransactionKind| {
            row.transactions.iter().filter(|one| one.kind() == kind && one.state.is_open()).count()
        };
        assert!(TransactionKind::ALL.iter().all(|kind| open(*kind) <= 1), "two of a kind under way");
    }
}

fn run(steps: &[Step]) -> Seen {
    let mut world = World::new();
    for step in steps {
        world.take(step);
        world.check();
    }
    let executed = world.known.values().map(|known| u64::from(known.executions)).sum();
    Seen { executed, confirmed: world.done }
}

fn interleave(cases: u32) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let (executed, confirmed) = (core::cell::Cell::new(0), core::cell::Cell::new(0));
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let ran = runner.run(&prop::collection::vec(steps(), STEPS), |steps| {
        let seen = run(&steps);
        executed.set(executed.get() + seen.executed);
        confirmed.set(confirmed.get() + seen.confirmed);
        Ok(())
    });
    if let Err(failed) = ran {
        panic!("{failed}");
    }
    // A model in which nothing is ever executed shows nothing.
    assert!(executed.get() > u64::from(cases) / 20, "{} of {cases} were executed", executed.get());
    assert!(confirmed.get() > u64::from(cases) / 100, "{} of {cases} were confirmed", confirmed.get());
}

#[test]
fn interleavings_keep_the_invariants() {
    interleave(QUICK);
}

/// In release mode: `cargo test --release --lib every_interleaving -- --ignored`.
#[test]
#[ignore = "100,000 interleavings: seconds with optimisation, minutes without"]
fn every_interleaving_keeps_the_invariants() {
    interleave(WHOLE);
}
