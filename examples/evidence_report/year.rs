//! The traffic of the year: what people ask for, day by day. The same every time.

use std::sync::Arc;
use std::time::Duration;

use cpni_guard::error::InteractionError;
use cpni_guard::interaction::{Approval, Attested, ConsentEvent, ConsentKind};
use cpni_guard::vocabulary::{
    AccountId, Action, AgentId, Channel, CivilDate, Clock as _, ConsentScope, ContactPointId, Destination,
    ManualClock, Role, Timestamp,
};
use cpni_guard::{AgentSession, Error, Evidence, Guard, Period, Purpose, SealedRecord, Sensitive};

use crate::carrier::Carrier;

/// 2026.
pub(crate) const DAYS: u32 = 365;
/// The day from which the changed policy decides.
const POLICY_CHANGE: u32 = 90;
/// Who looks at accounts with nobody on the line, and when: until somebody acts on the alarms.
const SNOOPER: &str = "v-07";
const SNOOPING: core::ops::Range<u32> = 62..83;

/// Days on which those whose training lapsed are trained again.
const RETRAINING: [u32; 2] = [66, 199];

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// Plays `days` days of the period, and moves the clock past its end.
pub(crate) fn play(period: Period, days: u32) -> Fallible<Guard> {
    let clock = Arc::new(ManualClock::new(Timestamp::from_secs(period.from().as_secs().saturating_sub(60))));
    let mut carrier = Carrier::open(Arc::clone(&clock))?;
    let staff = hire(&carrier, period.from())?;
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for day in 0..days {
        let midnight = period.from().plus(Duration::from_secs(u64::from(day) * 86_400));
        clock.set(midnight.plus(Duration::from_secs(8 * 3600)));
        if RETRAINING.contains(&day) {
            hire(&carrier, midnight)?;
        }
        if day == POLICY_CHANGE {
            carrier.change_policy()?;
        }
        Day { carrier: &carrier, staff: &staff, day }.play(&mut dice)?;
        carrier.hand_notices_over(day)?;
    }
    clock.set(period.until().plus(Duration::from_secs(10 * 86_400)));
    Ok(carrier.guard)
}

struct Staff {
    care: Vec<String>,
    retail: Vec<String>,
}

/// Most are trained until next year, two until February, and one until summer: somebody notices later.
fn hire(carrier: &Carrier, today: Timestamp) -> Fallible<Staff> {
    let mut staff = Staff { care: Vec::new(), retail: Vec::new() };
    let next_year = CivilDate::new(2027, 6, 1);
    let people = [("c", 12, "example-mobile"), ("v", 8, "vendor-7"), ("r", 4, "dealer-3")];
    for (letter, count, employer) in people {
        for number in 1..=count {
            let id = format!("{letter}-{number:02}");
            let trained = match id.as_str() {
                "c-04" | "v-02" => CivilDate::new(2026, 2, 20),
                "c-09" => CivilDate::new(2026, 7, 10),
                _ => next_year,
            };
            let lapsed = trained.and_then(CivilDate::starts_at).is_none_or(|until| until < today);
            let trained = if lapsed { next_year } else { trained };
            let (role, of) = if letter == "r" {
                (Role::RetailAgent, &mut staff.retail)
            } else {
                (Role::CareAgent, &mut staff.care)
            };
            carrier.sign_in(&id, role, employer, trained)?;
            of.push(id);
        }
    }
    carrier.sign_in("m-01", Role::Marketer, "example-mobile", next_year)?;
    carrier.sign_in("s-01", Role::Specialist, "example-mobile", next_year)?;
    Ok(staff)
}

/// What the watch holds back is part of the year; anything else that fails is not.
fn unless_held_back(done: Fallible<()>) -> Fallible<()> {
    let held_back = [InteractionError::HeldBack, InteractionError::NeedsSecondPerson].map(Error::from);
    match done {
        Err(error) if error.downcast_ref().is_some_and(|error| held_back.contains(error)) => Ok(()),
        other => other,
    }
}

struct Day<'d> {
    carrier: &'d Carrier,
    staff: &'d Staff,
    day: u32,
}

impl Day<'_> {
    fn play(&self, dice: &mut Dice) -> Fallible<()> {
        // Busier towards the end of the year, and quiet at weekends: 2026 begins on a Thursday.
        let is_weekend = matches!((self.day + 3) % 7, 5 | 6);
        let contacts = if is_weekend { 6 } else { 16 + self.day / 60 } + dice.below(5);
        for _ in 0..contacts {
            self.carrier.clock.advance(Duration::from_secs(120 + u64::from(dice.below(600))));
            self.contact(dice)?;
        }
        if SNOOPING.contains(&self.day) && !is_weekend {
            for _ in 0..24 {
                self.carrier.clock.advance(Duration::from_secs(40));
                self.snoop(dice)?;
            }
        }
        if self.day == SNOOPING.end {
            self.carrier.guard.lift_watch(&AgentId::new(SNOOPER)?, &AgentSession::new("s-01"))?;
        }
        if self.day % 30 == 5 {
            self.campaign(dice)?;
        }
        Ok(())
    }

    fn contact(&self, dice: &mut Dice) -> Fallible<()> {
        let done = match dice.below(100) {
            0..55 => self.call(dice),
            55..75 => self.store(dice),
            75..85 => self.credit_check(dice),
            85..93 => self.sim_change(dice),
            _ => self.consent(dice),
        };
        unless_held_back(done)
    }

    /// A look at an account with nobody on the line.
    fn snoop(&self, dice: &mut Dice) -> Fallible<()> {
        let (account, sealed) = self.anybody(dice)?;
        let mut desk = self.carrier.open_interaction(SNOOPER, account, None, Purpose::Support)?;
        unless_held_back(desk.view(sealed, ["name", "mobile", "plan"]).map(drop).map_err(Into::into))?;
        Ok(desk.end()?)
    }

    /// A caller without a password. What is withheld goes by post, or by a call back.
    fn call(&self, dice: &mut Dice) -> Fallible<()> {
        let (agent, (account, sealed)) = (dice.pick(&self.staff.care)?, self.anybody(dice)?);
        let open = |channel| self.carrier.open_interaction(agent, account, Some(channel), Purpose::Support);
        let mut desk = open(Channel::PhoneInbound)?;
        if dice.below(10) < 6 {
            desk.present(Evidence::Attested(Attested::Passkey))?;
        }
        let asks_for_calls = dice.below(3) == 0;
        let fields: &[&str] =
            if asks_for_calls { &["plan", "balance", "call_detail"] } else { &["name", "plan", "balance"] };
        let view = desk.view(sealed, fields.iter().copied())?;
        let is_refused = view.fields().any(|(_, field)| !field.decision().is_allowed());
        view.close();
        match dice.below(10) {
            0..3 if is_refused => {
                desk.send(sealed, fields.iter().copied(), Destination::AddressOfRecord)?;
            }
            3..7 if is_refused => {
                desk.call_back()?;
                desk.end()?;
                let mut back = open(Channel::PhoneCallback)?;
                back.view(sealed, fields.iter().copied())?.close();
                return Ok(back.end()?);
            }
            _ => {}
        }
        Ok(desk.end()?)
    }

    /// A visitor at a store.
    fn store(&self, dice: &mut Dice) -> Fallible<()> {
        let (agent, (account, sealed)) = (dice.pick(&self.staff.retail)?, self.anybody(dice)?);
        let mut desk =
            self.carrier.open_interaction(agent, account, Some(Channel::Retail), Purpose::Support)?;
        if dice.below(10) < 7 {
            desk.present(Evidence::Attested(Attested::Passkey))?;
        }
        let fields: &[&str] = match dice.below(16) {
            0 => &["plan", "ssn"],
            1 | 2 => &["plan", "street"],
            _ => &["plan", "balance", "mobile"],
        };
        desk.view(sealed, fields.iter().copied())?.close();
        Ok(desk.end()?)
    }

    /// An SSN is compared, and not shown.
    fn credit_check(&self, dice: &mut Dice) -> Fallible<()> {
        let (agent, (account, sealed)) = (dice.pick(&self.staff.care)?, self.anybody(dice)?);
        let channel = Some(Channel::PhoneInbound);
        let mut desk = self.carrier.open_interaction(agent, account, channel, Purpose::CreditCheck)?;
        let field = if dice.below(3) == 0 { "ssn_last4" } else { "ssn" };
        desk.verify(sealed, field, &Sensitive::from(String::from("987-65-4321")))?;
        Ok(desk.end()?)
    }

    fn sim_change(&self, dice: &mut Dice) -> Fallible<()> {
        let (agent, (account, _)) = (dice.pick(&self.staff.care)?, self.anybody(dice)?);
        let channel = Some(Channel::PhoneInbound);
        let mut desk = self.carrier.open_interaction(agent, account, channel, Purpose::Support)?;
        if dice.below(10) < 6 {
            desk.present(Evidence::Attested(Attested::Passkey))?;
        }
        desk.decide(if dice.below(3) == 0 { Action::ChangeAddressOfRecord } else { Action::SimChange })?;
        Ok(desk.end()?)
    }

    fn consent(&self, dice: &mut Dice) -> Fallible<()> {
        let (account, _) = self.anybody(dice)?;
        let kind = match dice.below(4) {
            0 => ConsentKind::OptIn {
                scope: ConsentScope::Cpni,
                evidence: ContactPointId::new(format!("form-{}", self.day))?,
            },
            _ => ConsentKind::NoticeByEmail,
        };
        let event = ConsentEvent { at: self.carrier.clock.now(), kind };
        Ok(self.carrier.guard.record_consent(account, &event)?)
    }

    /// A marketer plans a campaign; a second person approves it, or the marketer tries to.
    fn campaign(&self, dice: &mut Dice) -> Fallible<()> {
        let (account, _) = self.anybody(dice)?;
        let purpose = Purpose::MarketNewCategory;
        let mut desk = self.carrier.open_interaction("m-01", account, Some(Channel::BackOffice), purpose)?;
        let action = Action::OutboundApprovalRequest;
        desk.decide(action)?;
        let approver = if dice.below(3) == 0 { "m-01" } else { "s-01" };
        if desk.approve(&AgentSession::new(approver), Approval::Action(action)).is_ok() {
            desk.decide(action)?;
        }
        Ok(desk.end()?)
    }

    fn anybody(&self, dice: &mut Dice) -> Fallible<(&AccountId, &SealedRecord)> {
        let (account, sealed) = dice.pick(&self.carrier.table)?;
        Ok((account, sealed))
    }
}

/// xorshift64: the sample's traffic, nothing that is secret.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 % u64::from(limit)).unwrap_or_default()
    }

    fn pick<'p, T>(&mut self, from: &'p [T]) -> Fallible<&'p T> {
        let at = self.below(u32::try_from(from.len())?);
        from.get(usize::try_from(at)?).ok_or_else(|| "nobody to pick from".into())
    }
}
