//! Counting: one event after the other. What it keeps grows with the number of different rules,
//! agents, days, policies, accounts (33 bytes each) and interactions at the same time, not with the
//! number of events.

use core::cmp::Reverse;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::audit::{ActionRecord, AuditEvent, FieldRecord};
use crate::policy::OverrideStatus;
use crate::vocabulary::{
    Action, AgentId, BasisId, CivilDate, DataClass, EmployerId, EventKind, Obligation, Obligations, Op,
    Outcome, Requester, Role, RuleId, SiteId, Timestamp, WithheldBecause,
};

use super::figure::{Figure, Outcomes};
use super::inventory::InventoryTally;
use super::*;

/// The rule of 47 CFR 64.2009(b).
const TRAINING: &str = "training-current";
/// An interaction whose end is not in the log is forgotten after so long: far past the time after which
/// interactions end by themselves. Library default.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(7 * 86_400);
/// Most days that are shown one by one, and most months. Library defaults.
const MAX_DAYS: usize = 31;
const MAX_MONTHS: usize = 36;

/// What was counted so far.
pub(super) struct Tally {
    period: Period,
    read: u64,
    begins: Option<Timestamp>,
    oldest: Oldest,

    total: Outcomes<u64>,
    by_op: BTreeMap<Op, Outcomes<u64>>,
    by_class: BTreeMap<DataClass, Outcomes<u64>>,
    by_day: BTreeMap<CivilDate, Outcomes<u64>>,
    by_rule: BTreeMap<RuleId, Outcomes<u64>>,
    because: BTreeMap<WithheldBecause, u64>,
    duties: BTreeMap<Obligation, u64>,
    agents: BTreeMap<Option<EmployerId>, BTreeMap<AgentId, AgentTally>>,
    sites: BTreeMap<SiteId, BTreeMap<AgentId, AgentTally>>,
    ssn: Outcomes<u64>,
    /// By pseudonym: whether something was given out.
    accounts: HashMap<[u8; 32], bool>,

    kinds: BTreeMap<EventKind, Span>,
    policies: BTreeMap<[u8; 32], Span>,
    overrides: BTreeMap<BasisId, Span>,
    alarms: BTreeMap<BasisId, Span>,
    lifted: u64,
    approvals: BTreeMap<Option<Action>, (u64, u64)>,
    approvers: BTreeSet<AgentId>,
    redirects: RedirectTally,
    inventory: InventoryTally,
    /// The interaction whose next event is a view for a device session, if the event before said so.
    for_device: Option<[u8; 16]>,
    taken_by_notifier: u64,
    /// In the library's queue, at the end of the period.
    outstanding: BTreeSet<BasisId>,
}

/// How many, and between which times.
struct Span {
    count: u64,
    first: Timestamp,
    last: Timestamp,
}

#[derive(Default)]
struct AgentTally {
    role: Option<Role>,
    outcomes: Outcomes<u64>,
    untrained: u64,
    asked_ssn: bool,
}

/// The oldest record of each kind and with each duty, in the whole log.
#[derive(Default)]
pub(super) struct Oldest {
    kinds: BTreeMap<EventKind, Timestamp>,
    duties: BTreeMap<Obligation, Timestamp>,
}

impl Oldest {
    pub(super) fn of_kind(&self, kind: EventKind) -> Option<Timestamp> {
        self.kinds.get(&kind).copied()
    }

    pub(super) fn with_duty(&self, duty: Obligation) -> Option<Timestamp> {
        self.duties.get(&duty).copied()
    }
}

/// Interactions with a refused view, until they end.
#[derive(Default)]
struct RedirectTally {
    open: HashMap<[u8; 16], Refused>,
    swept: Timestamp,
    refused: u64,
    sent: u64,
    called_back: u64,
}

/// An interaction in which a view was refused.
#[derive(Default)]
struct Refused {
    last: Timestamp,
    is_counted: bool,
    is_sent: bool,
    is_called_back: bool,
    /// A sending of the period that the next event may say was not carried out.
    going_out: bool,
}

/// A decision on a field or an action.
struct One<'e> {
    op: Op,
    class: Option<DataClass>,
    outcome: Outcome,
    because: Option<WithheldBecause>,
    rules: &'e [RuleId],
    duties: Obligations,
}

impl<'e> From<&'e FieldRecord> for One<'e> {
    fn from(field: &'e FieldRecord) -> Self {
        Self {
            op: field.op,
            class: Some(field.class),
            outcome: field.outcome,
            because: field.because,
            rules: &field.rules,
            duties: field.obligations,
        }
    }
}

impl<'e> From<&'e ActionRecord> for One<'e> {
    fn from(action: &'e ActionRecord) -> Self {
        Self {
            op: Op::Act,
            class: None,
            outcome: action.outcome,
            because: action.because,
            rules: &action.rules,
            duties: action.obligations,
        }
    }
}

impl Tally {
    pub(super) fn new(period: Period) -> Self {
        Self {
            period,
            read: 0,
            begins: None,
            oldest: Oldest::default(),
            total: Outcomes::default(),
            by_op: BTreeMap::new(),
            by_class: BTreeMap::new(),
            by_day: BTreeMap::new(),
            by_rule: BTreeMap::new(),
            because: BTreeMap::new(),
            duties: BTreeMap::new(),
            agents: BTreeMap::new(),
            sites: BTreeMap::new(),
            ssn: Outcomes::default(),
            accounts: HashMap::new(),
            kinds: BTreeMap::new(),
            policies: BTreeMap::new(),
            overrides: BTreeMap::new(),
            alarms: BTreeMap::new(),
            lifted: 0,
            approvals: BTreeMap::new(),
            approvers: BTreeSet::new(),
            redirects: RedirectTally::default(),
            inventory: InventoryTally::default(),
            for_device: None,
            taken_by_notifier: 0,
            outstanding: BTreeSet::new(),
        }
    }

    /// Events so far.
    pub(super) const fn read(&self) -> u64 {
        self.read
    }

    /// When the log begins.
    pub(super) const fn begins(&self) -> Option<Timestamp> {
        self.begins
    }

    /// Whether the log took the place of another.
    pub(super) fn is_reanchored(&self) -> bool {
        self.oldest.of_kind(EventKind::Reanchored).is_some()
    }

    /// Counts an event. One of another time counts where the past matters: an interaction that began
    /// before the period, a notice that waits since then, the oldest record.
    pub(super) fn add(&mut self, event: &AuditEvent) {
        let facts = &event.facts;
        bump(&mut self.read);
        self.begins.get_or_insert(facts.time);
        let is_inside = self.period.contains(facts.time);
        let decisions = decisions(event);
        self.oldest.kinds.entry(facts.kind).and_modify(|t| *t = facts.time.min(*t)).or_insert(facts.time);
        for duty in decisions.iter().flat_map(|one| one.duties.iter()) {
            self.oldest.duties.entry(duty).and_modify(|t| *t = facts.time.min(*t)).or_insert(facts.time);
        }
        self.redirects.add(event, &decisions, is_inside);
        if facts.time < self.period.until {
            self.follow_notice(event);
        }
        let is_announced = facts.kind == EventKind::DeviceAsked && facts.cause == 0;
        let announced = core::mem::replace(&mut self.for_device, is_announced.then_some(facts.interaction));
        let for_device = facts.kind == EventKind::Viewed && announced == Some(facts.interaction);
        if is_inside {
            self.count(event, &decisions, for_device);
        }
    }

    fn count(&mut self, event: &AuditEvent, decisions: &[One<'_>], for_device: bool) {
        let facts = &event.facts;
        span(&mut self.kinds, &facts.kind, facts.time);
        if facts.policy != [0; 32] {
            span(&mut self.policies, &facts.policy, facts.time);
        }
        if let Some(mark) = &event.account {
            let given = decisions.iter().any(|one| one.outcome != Outcome::Withhold);
            *self.accounts.entry(*mark.pseudonym()).or_default() |= given;
        }
        for one in decisions {
            self.decide(one, facts.time);
        }
        if decides_fields(facts.kind) {
            self.inventory.add(event, for_device);
        }
        if let Some(actor) = facts.actor.as_ref().filter(|actor| actor.role.requester() == Requester::Carrier)
        {
            with(&mut self.agents, &actor.employer, |agents| {
                with(agents, &actor.agent, |agent| agent.add(actor.role, decisions));
            });
            if let Some(site) = &actor.site {
                with(&mut self.sites, site, |agents| {
                    with(agents, &actor.agent, |agent| agent.add(actor.role, decisions));
                });
            }
        }
        let of_rules =
            [(EventKind::RuleOverridden, &mut self.overrides), (EventKind::WatchTripped, &mut self.alarms)];
        for (_, spans) in of_rules.into_iter().filter(|(kind, _)| *kind == facts.kind) {
            facts.basis.iter().for_each(|rule| span(spans, rule, facts.time));
        }
        if facts.kind == EventKind::WatchLifted && facts.cause == 0 {
            bump(&mut self.lifted);
        }
        if facts.kind == EventKind::NoticeQueued && facts.basis.is_none() {
            bump(&mut self.taken_by_notifier);
        }
        if facts.kind == EventKind::Approved {
            let (given, refused) =
                self.approvals.entry(facts.action.as_ref().map(|action| action.action)).or_default();
            if facts.cause == 0 {
                bump(given);
                self.approvers.extend(facts.actor.as_ref().map(|actor| actor.agent.clone()));
            } else {
                bump(refused);
            }
        }
    }

    fn decide(&mut self, one: &One<'_>, time: Timestamp) {
        self.total.add(one.outcome);
        self.by_op.entry(one.op).or_default().add(one.outcome);
        if let Some(class) = one.class {
            self.by_class.entry(class).or_default().add(one.outcome);
            if one.asks_ssn() {
                self.ssn.add(one.outcome);
            }
        }
        if let Some(day) = time.utc_date() {
            self.by_day.entry(day).or_default().add(one.outcome);
        }
        for rule in one.rules {
            with(&mut self.by_rule, rule, |outcomes| outcomes.add(one.outcome));
        }
        if let Some(why) = one.because {
            bump(self.because.entry(why).or_default());
        }
        for duty in one.duties.iter() {
            bump(self.duties.entry(duty).or_default());
        }
    }

    fn follow_notice(&mut self, event: &AuditEvent) {
        let Some(id) = &event.facts.basis else { return };
        if event.facts.kind == EventKind::NoticeQueued {
            self.outstanding.insert(id.clone());
        } else if [EventKind::NoticeHandedOver, EventKind::NoticeDiscarded].contains(&event.facts.kind) {
            self.outstanding.remove(id);
        }
    }

    /// The report on what was counted.
    pub(super) fn report(
        mut self,
        log: LogSeen,
        shortfalls: Vec<Shortfall>,
        deployment: &Deployment<'_>,
        request: &EvidenceRequest,
    ) -> EvidenceReport {
        let exact = shortfalls.is_empty();
        self.redirects.settle_all();
        let figure = |count| Figure::new(count, exact);
        let of_kind = |kind| figure(self.kinds.get(&kind).map_or(0, |span| span.count));
        let duty = |duty| figure(self.duties.get(&duty).copied().unwrap_or_default());
        let policy = deployment.policy;
        let (step, over_time) = self.over_time(deployment.now);
        let agents = || self.agents.values().flatten();
        let distinct = |is: &dyn Fn(&AgentTally) -> bool| {
            figure(size(
                agents().filter(|(_, tally)| is(tally)).map(|(id, _)| id).collect::<BTreeSet<_>>().len(),
            ))
        };
        let training = RuleId::new(TRAINING).ok();
        EvidenceReport {
            about: ABOUT,
            library: env!("CARGO_PKG_VERSION"),
            tenant: deployment.tenant.to_string(),
            made_at: deployment.now.to_string(),
            period: self.period,
            complete: exact,
            shortfalls,
            log,
            policies: self.policies(exact),
            packs: policy
                .status(deployment.now)
                .into_iter()
                .map(|pack| PackSeen {
                    id: pack.id.to_string(),
                    title: pack.title.into(),
                    compliance: pack.compliance.name(),
                    in_force: pack.in_force,
                })
                .collect(),
            gaps: deployment.gaps.clone(),
            decisions: Decisions {
                total: self.total.figures(exact),
                by_op: named(&self.by_op, |op| op.name().into(), exact),
                by_class: named(&self.by_class, |class| class.name().into(), exact),
                step,
                over_time: named(&over_time, String::clone, exact),
                by_rule: self.by_rule(deployment, exact),
                not_carried_out: of_kind(EventKind::NotCarriedOut),
            },
            inventory: core::mem::take(&mut self.inventory).inventory(
                deployment.schema,
                &deployment.since_start,
                exact,
            ),
            refusals: Refusals {
                total: figure(self.total.withheld),
                because: WithheldBecause::ALL
                    .iter()
                    .map(|why| Counted {
                        of: why.name(),
                        count: figure(self.because.get(why).copied().unwrap_or_default()),
                    })
                    .collect(),
            },
            redirects: Redirects {
                refused: figure(self.redirects.refused),
                sent: figure(self.redirects.sent),
                called_back: figure(self.redirects.called_back),
            },
            overrides: Overrides {
                recorded: self
                    .overrides
                    .iter()
                    .map(|(rule, span)| OverrideRecorded {
                        rule: rule.to_string(),
                        starts: figure(span.count),
                        first: span.first.to_string(),
                        last: span.last.to_string(),
                    })
                    .collect(),
                today: policy.overrides(deployment.now).map(override_today).collect(),
            },
            alerts: Alerts {
                decisions: duty(Obligation::Alert),
                held: duty(Obligation::HoldForHuman),
                alarms: self.alarms(deployment.watch, exact),
                refused_by_watch: of_kind(EventKind::WatchRefused),
                lifted: figure(self.lifted),
            },
            training_gaps: TrainingGaps {
                rule: TRAINING,
                refusals: figure(
                    training.and_then(|rule| self.by_rule.get(&rule)).map_or(0, |outcomes| outcomes.withheld),
                ),
                agents: distinct(&|agent| agent.untrained > 0),
            },
            approvals: Approvals {
                by_subject: self
                    .approvals
                    .iter()
                    .map(|(action, (given, refused))| ApprovalsOf {
                        of: action.map_or("disclosure", Action::name),
                        given: figure(*given),
                        refused: figure(*refused),
                    })
                    .collect(),
                approvers: figure(size(self.approvers.len())),
            },
            agents: Agents {
                agents: distinct(&|_| true),
                by_employer: self.by_employer(exact),
                by_site: self.by_site(exact),
                most_refused: self.most_refused(request.most_refused, exact),
            },
            accounts: Accounts {
                with_events: figure(size(self.accounts.len())),
                given_out: figure(size(self.accounts.values().filter(|given| **given).count())),
            },
            ssn_verifications: SsnVerifications {
                compared: figure(self.ssn.given()),
                withheld: figure(self.ssn.withheld),
                agents: distinct(&|agent| agent.asked_ssn),
            },
            consent_records: of_kind(EventKind::ConsentRecorded),
            notices: NoticesSeen {
                queued: figure(
                    of_kind(EventKind::NoticeQueued).count().saturating_sub(self.taken_by_notifier),
                ),
                taken_by_notifier: figure(self.taken_by_notifier),
                handed_over: of_kind(EventKind::NoticeHandedOver),
                attempts_failed: of_kind(EventKind::NoticeNotHandedOver),
                given_up: of_kind(EventKind::NoticeDiscarded),
                outstanding: exact.then(|| size(self.outstanding.len())),
            },
            duties: self
                .duties
                .iter()
                .map(|(duty, n)| Counted { of: duty.name(), count: figure(*n) })
                .collect(),
            events: self
                .kinds
                .iter()
                .map(|(kind, span)| EventsOfKind {
                    kind: kind.name(),
                    count: figure(span.count),
                    first: span.first.to_string(),
                    last: span.last.to_string(),
                })
                .collect(),
            carrier: request.carrier,
            retention: retention::table(&self.oldest),
        }
    }

    fn policies(&self, exact: bool) -> Vec<PolicySeen> {
        let mut seen: Vec<_> = self.policies.iter().collect();
        seen.sort_by_key(|(_, span)| span.first);
        seen.into_iter()
            .map(|(hash, span)| PolicySeen {
                hash: hex(hash),
                first: span.first.to_string(),
                last: span.last.to_string(),
                events: Figure::new(span.count, exact),
            })
            .collect()
    }

    fn alarms(&self, watch: &WatchRules, exact: bool) -> Vec<AlarmsOf> {
        let of = |(rule, span): (&BasisId, &Span)| AlarmsOf {
            rule: rule.to_string(),
            title: watch
                .rules()
                .iter()
                .find(|known| known.id().as_str() == rule.as_str())
                .map(|known| known.title().into()),
            count: Figure::new(span.count, exact),
            first: span.first.to_string(),
            last: span.last.to_string(),
        };
        self.alarms.iter().map(of).collect()
    }

    /// By day, month or year: every one of the period in which there was a log.
    fn over_time(&self, now: Timestamp) -> (&'static str, BTreeMap<String, Outcomes<u64>>) {
        let first = self.begins.unwrap_or(now).max(self.period.from).utc_date();
        let end = now.plus(Duration::from_micros(1)).min(self.period.until);
        let last = Timestamp::from_micros(end.as_micros().saturating_sub(1)).utc_date();
        let mut days = self.by_day.clone();
        if let (Some(first), Some(last)) = (first, last) {
            let following = core::iter::successors(Some(first), |day| day.plus_days(1));
            for day in following.take_while(|day| *day <= last) {
                days.entry(day).or_default();
            }
        }
        let shortened = |len: usize| {
            let mut rows: BTreeMap<String, Outcomes<u64>> = BTreeMap::new();
            for (day, outcomes) in &days {
                let row = rows.entry(day.to_string().chars().take(len).collect()).or_default();
                *row = row.and(*outcomes);
            }
            rows
        };
        if days.len() <= MAX_DAYS {
            return ("day", shortened("2026-11-23".len()));
        }
        let months = shortened("2026-11".len());
        if months.len() <= MAX_MONTHS { ("month", months) } else { ("year", shortened("2026".len())) }
    }

    /// Those that withheld most first.
    fn by_rule(&self, deployment: &Deployment<'_>, exact: bool) -> Vec<DecidedByRule> {
        let mut rules: Vec<_> = self.by_rule.iter().collect();
        rules.sort_by_key(|(_, outcomes)| Reverse((outcomes.withheld, outcomes.given())));
        let line = |(rule, outcomes): (&RuleId, &Outcomes<u64>)| DecidedByRule {
            rule: rule.to_string(),
            now: deployment.policy.rule(rule).map(|reason| RuleNow {
                pack: reason.pack.to_string(),
                title: reason.title.into(),
                cite: reason.cite.into(),
                certainty: reason.certainty.name(),
                effect: reason.effect.name(),
            }),
            outcomes: outcomes.figures(exact),
        };
        rules.into_iter().map(line).collect()
    }

    fn by_employer(&self, exact: bool) -> Vec<EmployerSeen> {
        let seen = |(employer, agents): (&Option<EmployerId>, &BTreeMap<AgentId, AgentTally>)| EmployerSeen {
            employer: employer.as_ref().map(ToString::to_string),
            agents: Figure::new(size(agents.len()), exact),
            outcomes: outcomes_of(agents).figures(exact),
        };
        self.agents.iter().map(seen).collect()
    }

    fn by_site(&self, exact: bool) -> Vec<SiteSeen> {
        let seen = |(site, agents): (&SiteId, &BTreeMap<AgentId, AgentTally>)| SiteSeen {
            site: site.to_string(),
            agents: Figure::new(size(agents.len()), exact),
            outcomes: outcomes_of(agents).figures(exact),
        };
        self.sites.iter().map(seen).collect()
    }

    fn most_refused(&self, limit: usize, exact: bool) -> Vec<AgentSeen> {
        let everybody = self
            .agents
            .iter()
            .flat_map(|(employer, agents)| agents.iter().map(move |(agent, tally)| (agent, employer, tally)));
        let mut refused: Vec<_> = everybody.filter(|(_, _, tally)| tally.outcomes.withheld > 0).collect();
        refused.sort_by_key(|(agent, employer, tally)| (Reverse(tally.outcomes.withheld), *agent, *employer));
        let seen = |(agent, employer, tally): (&AgentId, &Option<EmployerId>, &AgentTally)| AgentSeen {
            agent: agent.to_string(),
            employer: employer.as_ref().map(ToString::to_string),
            role: tally.role.map_or("unknown", Role::name),
            outcomes: tally.outcomes.figures(exact),
        };
        refused.into_iter().take(limit).map(seen).collect()
    }
}

fn outcomes_of(agents: &BTreeMap<AgentId, AgentTally>) -> Outcomes<u64> {
    agents.values().fold(Outcomes::default(), |sum, agent| sum.and(agent.outcomes))
}

impl AgentTally {
    fn add(&mut self, role: Role, decisions: &[One<'_>]) {
        self.role = Some(role);
        for one in decisions {
            self.outcomes.add(one.outcome);
            self.asked_ssn |= one.asks_ssn();
            if one.outcome == Outcome::Withhold && one.rules.iter().any(|rule| rule.as_str() == TRAINING) {
                bump(&mut self.untrained);
            }
        }
    }
}

impl One<'_> {
    fn asks_ssn(&self) -> bool {
        self.op == Op::Verify && matches!(self.class, Some(DataClass::Ssn | DataClass::SsnLast4))
    }
}

impl RedirectTally {
    /// INVARIANT: a sending counts when the next event of its interaction does not take it back, so a
    /// log that ends early counts too few and never too many.
    fn add(&mut self, event: &AuditEvent, decisions: &[One<'_>], is_inside: bool) {
        let facts = &event.facts;
        if facts.time.since(self.swept).is_none_or(|passed| passed > FORGOTTEN_AFTER) {
            self.sweep(facts.time);
        }
        let is_refused =
            facts.kind == EventKind::Viewed && decisions.iter().any(|one| one.outcome == Outcome::Withhold);
        if is_refused {
            let refused = self.open.entry(facts.interaction).or_default();
            if is_inside && !refused.is_counted {
                refused.is_counted = true;
                bump(&mut self.refused);
            }
        }
        let Some(refused) = self.open.get_mut(&facts.interaction) else { return };
        refused.last = facts.time;
        if facts.kind == EventKind::NotCarriedOut {
            refused.going_out = false;
        }
        self.sent = self.sent.saturating_add(refused.settle());
        if facts.kind == EventKind::Sent && facts.grant != [0; 16] {
            refused.going_out = is_inside;
        }
        if facts.kind == EventKind::CalledBack && is_inside && !refused.is_called_back {
            refused.is_called_back = true;
            bump(&mut self.called_back);
        }
        if facts.kind == EventKind::InteractionEnded {
            self.open.remove(&facts.interaction);
        }
    }

    /// Forgets interactions that never ended.
    fn sweep(&mut self, now: Timestamp) {
        self.swept = now;
        let sent = &mut self.sent;
        self.open.retain(|_, refused| {
            let is_recent = now.since(refused.last).is_none_or(|passed| passed <= FORGOTTEN_AFTER);
            if !is_recent {
                *sent = sent.saturating_add(refused.settle());
            }
            is_recent
        });
    }

    /// At the end of the log: nothing took back what was going out.
    fn settle_all(&mut self) {
        self.sent =
            self.open.values_mut().fold(self.sent, |sent, refused| sent.saturating_add(refused.settle()));
    }
}

impl Refused {
    /// 1 the first time that a sending went out.
    fn settle(&mut self) -> u64 {
        let counts = core::mem::take(&mut self.going_out) && !self.is_sent;
        self.is_sent |= counts;
        counts.into()
    }
}

/// The decisions that an event tells of. Notices and approvals name an action, and decide nothing.
fn decisions(event: &AuditEvent) -> Vec<One<'_>> {
    let facts = &event.facts;
    let is_of_fields = decides_fields(facts.kind);
    let fields = facts.fields.iter().filter(|_| is_of_fields).map(One::from);
    let decides = [EventKind::Decided, EventKind::TransactionDecided].contains(&facts.kind);
    let action = facts.action.iter().filter(|_| decides).map(One::from);
    fields.chain(action).collect()
}

fn decides_fields(kind: EventKind) -> bool {
    [EventKind::Viewed, EventKind::Verified, EventKind::Sent, EventKind::Searched].contains(&kind)
}

fn override_today(status: OverrideStatus<'_>) -> OverrideToday {
    let OverrideStatus { over, in_force, by_code, certainty } = status;
    OverrideToday {
        rule: over.rule.to_string(),
        certainty: certainty.name(),
        reason: over.reason.to_string(),
        approver: over.approver.to_string(),
        until: over.until.to_string(),
        in_force,
        by_code,
    }
}

fn named<K>(counts: &BTreeMap<K, Outcomes<u64>>, name: impl Fn(&K) -> String, exact: bool) -> Vec<Decided> {
    let decided =
        |(key, outcomes): (&K, &Outcomes<u64>)| Decided { of: name(key), outcomes: outcomes.figures(exact) };
    counts.iter().map(decided).collect()
}

fn span<K: Ord + Clone>(spans: &mut BTreeMap<K, Span>, key: &K, time: Timestamp) {
    match spans.get_mut(key) {
        Some(span) => {
            span.count = span.count.saturating_add(1);
            span.first = span.first.min(time);
            span.last = span.last.max(time);
        }
        None => {
            spans.insert(key.clone(), Span { count: 1, first: time, last: time });
        }
    }
}

/// Changes what is kept under a key; copies the key only where it is new.
fn with<K: Ord + Clone, V: Default>(map: &mut BTreeMap<K, V>, key: &K, change: impl FnOnce(&mut V)) {
    if let Some(value) = map.get_mut(key) {
        return change(value);
    }
    change(map.entry(key.clone()).or_default());
}

fn bump(count: &mut u64) {
    *count = count.saturating_add(1);
}

fn size(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
