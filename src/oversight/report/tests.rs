//! Counts beside a brute-force pass, periods, broken logs, hostile texts, the shape of the JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::audit::tests::{account, open, open_in_place_of, tamper};
use crate::audit::{
    ActionRecord, Actor, AuditEvent, AuditStore, Columns, EarlierLog, EventFacts, FieldRecord, LogId, Lookup,
    MemoryAuditStore, Place, StoredCheckpoint, StoredEntry, StoredHead,
};
use crate::error::{BreakKind, StoreError};
use crate::policy::Pack;
use crate::vocabulary::{
    Action, AgentId, BasisId, Channel, CountryCode, DataClass, Destination, EmployerId, EventKind, FieldName,
    Form, Obligation, Obligations, Op, Outcome, Requester, Role, RuleId, Scope, SiteId, WithheldBecause,
};

/// 2026-11-23T09:00:00Z: when the logs of these tests begin.
const BEGIN: u64 = 1_795_424_400;
const DAY: u64 = 86_400;

fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(BEGIN.checked_add(secs).unwrap())
}

fn period(from: u64, until: u64) -> Period {
    Period::new(at(from), at(until)).unwrap()
}

fn policy(grants: &str) -> Policy {
    let mut packs = Pack::built_in().unwrap();
    packs.push(Pack::grants_from_toml("g.toml", grants).unwrap());
    Policy::compile(packs, Vec::new()).unwrap()
}

const GRANTS: &str = "id = \"g\"\ntitle = \"Grants\"\n\n[[rule]]\nid = \"r-0\"\ntitle = \"Care\"\neffect = \"permit\"\nwhen = { role = [\"care_agent\"], op = [\"view\"], class = [\"billing\"] }\n";

const SCHEMA: &str = "[fields]\nf = { class = \"call_detail\" }\nmobile = { class = \"account_info\", kind = \"nanp\" }\nssn = { class = \"ssn\" }\n";

fn report(log: &AuditLog, request: impl Into<EvidenceRequest>) -> EvidenceReport {
    report_of(log, request, "t", GRANTS, at(400 * DAY))
}

fn report_of(
    log: &AuditLog,
    request: impl Into<EvidenceRequest>,
    tenant: &str,
    grants: &str,
    now: Timestamp,
) -> EvidenceReport {
    let (tenant, watch) = (TenantId::new(tenant).unwrap(), WatchRules::built_in().unwrap());
    let (policy, gaps) = (&policy(grants), vec!["no delivery"]);
    let schema = &Schema::from_toml(SCHEMA).unwrap();
    let since_start = vec![SinceStart { sealed: 3, compared: 1 }];
    let deployment = Deployment { tenant: &tenant, schema, since_start, policy, watch: &watch, gaps, now };
    gather(log, &deployment, &request.into())
}

fn log_of(events: &[EventFacts]) -> (AuditLog, Arc<MemoryAuditStore>) {
    let store = Arc::new(MemoryAuditStore::new());
    let log = open(store.clone()).unwrap();
    for (number, facts) in (0_u32..).zip(events) {
        log.record(facts.clone(), Some(&account(number % 5))).unwrap();
    }
    (log, store)
}

// --- Counts --------------------------------------------------------------------------------------

const ROLES: [Role; 3] = [Role::CareAgent, Role::VendorAgent, Role::Customer];
const RULES: [&str; 4] = ["r-0", "r-1", "training-current", "nobody-knows"];
/// Any kind but those with which a log begins: new ones take part by themselves.
fn kinds() -> Vec<EventKind> {
    EventKind::ALL
        .iter()
        .copied()
        .filter(|kind| ![EventKind::Genesis, EventKind::Reanchored].contains(kind))
        .collect()
}

prop_compose! {
    fn decided()(
        outcome in select(Outcome::ALL),
        because in select(WithheldBecause::ALL),
        rules in vec(select(&RULES), 0..3),
        duties in vec(select(Obligation::ALL), 0..3),
    ) -> (Outcome, Option<WithheldBecause>, Vec<RuleId>, Obligations) {
        let rules: BTreeSet<_> = rules.into_iter().map(|rule| RuleId::new(rule).unwrap()).collect();
        let because = (outcome == Outcome::Withhold).then_some(because);
        (outcome, because, rules.into_iter().collect(), Obligations::of(&duties))
    }
}

prop_compose! {
    fn field()(name in select(&["f", "ssn", "gone"]), class in select(DataClass::ALL), op in select(Op::ALL), decided in decided()) -> FieldRecord {
        let (outcome, because, rules, obligations) = decided;
        let form = match outcome {
            Outcome::Disclose => Some(Form::Full),
            Outcome::DiscloseLimited => Some(Form::Masked),
            Outcome::VerifyOnly => Some(Form::Match),
            Outcome::Withhold => None,
        };
        FieldRecord { field: FieldName::new(name).unwrap(), class, op, scope: Scope::Whole, outcome, form, because, rules, obligations }
    }
}

prop_compose! {
    fn facts()(
        kind in select(kinds()),
        // Those that matter most come more often.
        often in select(&[None, None, Some(EventKind::Viewed), Some(EventKind::DeviceAsked), Some(EventKind::Sent), Some(EventKind::NotCarriedOut), Some(EventKind::NoticeQueued)]),
        secs in 0..40 * DAY,
        interaction in 1_u8..6,
        grant in 0_u8..2,
        actor in (select(&["a-1", "a-2", "a-3"]), select(&ROLES), select(&[None, Some("e-1"), Some("e-2")])),
        has_actor in any::<bool>(),
        fields in vec(field(), 1..3),
        action in (select(Action::ALL), decided(), any::<bool>()),
        basis in select(&[None, Some("n-1"), Some("n-2"), Some("training-current")]),
        (policy, cause) in (0_u8..3, 0_u16..2),
        channel in option::of(select(&[Channel::Online, Channel::Retail])),
        destination in option::of(select(Destination::ALL)),
    ) -> EventFacts {
        let kind = often.unwrap_or(kind);
        let mut facts = EventFacts::new(kind, at(secs));
        (facts.interaction, facts.grant, facts.policy) = ([interaction; 16], [grant; 16], [policy; 32]);
        let (agent, role, employer) = actor;
        facts.actor = has_actor.then(|| Actor {
            agent: AgentId::new(agent).unwrap(),
            role,
            employer: employer.map(|id| EmployerId::new(id).unwrap()),
            site: employer.map(|id| SiteId::new(format!("{id}-site")).unwrap()),
            country: CountryCode::new("US").unwrap(),
        });
        facts.fields = fields;
        let (action, (outcome, because, rules, obligations), has_action) = action;
        facts.action = has_action.then_some(ActionRecord { action, outcome, because, rules, obligations });
        facts.basis = basis.map(|id| BasisId::new(id).unwrap());
        (facts.cause, facts.channel, facts.destination) = (cause, channel, destination);
        facts
    }
}

/// One decision, the plain way.
type Line = (Op, Option<DataClass>, Outcome, Option<WithheldBecause>, Vec<RuleId>, Obligations);

fn lines(facts: &EventFacts) -> Vec<Line> {
    match facts.kind.name() {
        "viewed" | "verified" | "sent" | "searched" => {
            let field =
                |f: &FieldRecord| (f.op, Some(f.class), f.outcome, f.because, f.rules.clone(), f.obligations);
            facts.fields.iter().map(field).collect()
        }
        "decided" | "transaction_decided" => {
            let action =
                |a: &ActionRecord| (Op::Act, None, a.outcome, a.because, a.rules.clone(), a.obligations);
            facts.action.iter().map(action).collect()
        }
        _ => Vec::new(),
    }
}

fn count<T>(all: &[T], is: impl Fn(&T) -> bool) -> u64 {
    u64::try_from(all.iter().filter(|one| is(one)).count()).unwrap()
}

fn distinct<T: Ord>(all: impl Iterator<Item = T>) -> u64 {
    u64::try_from(all.collect::<BTreeSet<_>>().len()).unwrap()
}

fn check_outcomes(found: &Outcomes<Figure>, of: &[&Line]) {
    let counted = |outcome| count(of, |line| line.2 == outcome);
    assert_eq!(found.disclosed.count(), counted(Outcome::Disclose));
    assert_eq!(found.limited.count(), counted(Outcome::DiscloseLimited));
    assert_eq!(found.verify_only.count(), counted(Outcome::VerifyOnly));
    assert_eq!(found.withheld.count(), counted(Outcome::Withhold));
}

/// Each interaction by itself, from its first event to its last: (refused, sent, called back).
fn redirects(events: &[EventFacts], period: Period) -> (u64, u64, u64) {
    let mut sum = (0, 0, 0);
    let mut interactions: BTreeMap<[u8; 16], Vec<&EventFacts>> = BTreeMap::new();
    events.iter().for_each(|facts| interactions.entry(facts.interaction).or_default().push(facts));
    // An interaction ends once: here the same id begins anew after its end.
    let ends = |facts: &&EventFacts| facts.kind == EventKind::InteractionEnded;
    for one in interactions.values().flat_map(|all| all.split_inclusive(ends)) {
        let is_refused =
            |f: &EventFacts| f.kind == EventKind::Viewed && lines(f).iter().any(|l| l.2 == Outcome::Withhold);
        let Some(first) = one.iter().position(|facts| is_refused(facts)) else { continue };
        let inside = |facts: &EventFacts| period.contains(facts.time);
        let went_out = |at: usize| {
            let taken_back = one.get(at + 1).is_some_and(|next| next.kind == EventKind::NotCarriedOut);
            one[at].kind == EventKind::Sent && one[at].grant != [0; 16] && inside(one[at]) && !taken_back
        };
        sum.0 += u64::from(one.iter().any(|facts| is_refused(facts) && inside(facts)));
        sum.1 += u64::from((first..one.len()).any(went_out));
        sum.2 +=
            u64::from(one[first..].iter().any(|facts| facts.kind == EventKind::CalledBack && inside(facts)));
    }
    sum
}

// --- Data inventory ------------------------------------------------------------------------------

/// Where a decision sends a value, said the plain way; `None`: nowhere.
fn goes_to(field: &FieldRecord, facts: &EventFacts, for_device: bool) -> Option<&'static str> {
    if field.outcome == Outcome::Withhold {
        return None;
    }
    match (field.op.name(), field.outcome) {
        ("view", _) if for_device => Some("sealed for a device session"),
        ("send", _) if facts.destination.is_some() => Some("sent to the address of record"),
        ("send", _) => Some("sent"),
        ("search", _) => Some("searched by"),
        (_, Outcome::VerifyOnly) => Some("compared: match or no match"),
        (_, Outcome::DiscloseLimited) => Some("shown masked or as a token"),
        (_, _) => Some("shown in full"),
    }
}

fn check_inventory(inventory: &DataInventory, inside: &[(&EventFacts, bool)]) {
    let decides =
        |facts: &EventFacts| ["viewed", "verified", "sent", "searched"].contains(&facts.kind.name());
    let decided: Vec<_> = inside
        .iter()
        .filter(|(facts, _)| decides(facts))
        .flat_map(|(facts, device)| facts.fields.iter().map(move |field| (field, *facts, *device)))
        .collect();
    let names: Vec<_> = inventory.fields.iter().map(|row| (row.field.as_str(), row.class)).collect();
    let schema =
        [("f", "call_detail"), ("mobile", "account_info"), ("ssn", "ssn"), ("ssn_last4", "ssn_last4")];
    assert_eq!(names, schema);
    let elsewhere: BTreeSet<_> = decided
        .iter()
        .map(|(field, ..)| (field.field.as_str(), field.class.name()))
        .filter(|of| !schema.contains(of))
        .collect();
    let found: Vec<_> = inventory.not_in_schema.iter().map(|row| (row.field.as_str(), row.class)).collect();
    assert_eq!(found.len(), elsewhere.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), elsewhere);
    for row in inventory.fields.iter().chain(&inventory.not_in_schema) {
        let of: Vec<_> = decided
            .iter()
            .filter(|(field, ..)| field.field.as_str() == row.field && field.class.name() == row.class)
            .collect();
        assert_eq!(
            row.withheld.count(),
            count(&of, |(field, facts, device)| goes_to(field, facts, *device).is_none())
        );
        for sink in Sink::ALL {
            let there: Vec<_> = of
                .iter()
                .filter(|(field, facts, device)| goes_to(field, facts, *device) == Some(sink.words()))
                .collect();
            let Some(seen) = row.sinks.iter().find(|seen| seen.sink == *sink) else {
                assert!(there.is_empty(), "{sink:?}");
                continue;
            };
            let times = || there.iter().map(|(_, facts, _)| facts.time);
            assert_eq!(seen.count.count(), count(&there, |_| true));
            assert_eq!(seen.first, times().min().unwrap().to_string());
            assert_eq!(seen.last, times().max().unwrap().to_string());
            let actor = |facts: &EventFacts| facts.actor.clone();
            let by = |shares: &[SinkShare], of: &dyn Fn(&EventFacts) -> Option<String>| {
                for share in shares {
                    assert_eq!(share.count.count(), count(&there, |(_, facts, _)| of(facts) == share.of));
                }
                let sum: u64 = shares.iter().map(|share| share.count.count()).sum();
                assert_eq!(sum, seen.count.count());
            };
            by(&seen.roles, &|facts| Some(actor(facts)?.role.to_string()));
            by(&seen.channels, &|facts| facts.channel.map(|channel| channel.to_string()));
            by(&seen.employers, &|facts| actor(facts)?.employer.map(|id| id.to_string()));
        }
    }
}

#[test]
fn a_field_has_its_class_labels_and_kind_also_where_nothing_went_out() {
    let (log, _) = log_of(&[refused(1, 1)]);
    let inventory = report(&log, period(0, DAY)).inventory;
    let mobile = &inventory.fields[1];
    assert_eq!((mobile.field.as_str(), mobile.class, mobile.kind), ("mobile", "account_info", Some("nanp")));
    assert_eq!(mobile.labels, ["account_info"]);
    assert!(mobile.sinks.is_empty());
    assert_eq!(inventory.fields[0].since_start, Some(SinceStart { sealed: 3, compared: 1 }));
    assert_eq!(inventory.fields[3].derived_from.as_deref(), Some("ssn"));
    let html = report(&log, period(0, DAY)).to_html();
    check_markup(&html);
    assert!(html.contains("3 sealed, 1 compared"));
    assert!(!html.contains("today\u{2019}s schema under that class"), "every field of the log is in it");
}

/// The log announces a view for a device session directly before it, in the same interaction.
#[test]
fn what_went_to_a_device_session_is_told_apart() {
    let shown = |at: u64, interaction: u8| {
        let mut shown = refused(1, 1);
        shown.time = Timestamp::from_secs(BEGIN + at);
        let field = &mut shown.fields[0];
        (field.op, field.outcome, field.because) = (Op::View, Outcome::Disclose, None);
        field.form = Some(Form::Full);
        shown.interaction = [interaction; 16];
        shown
    };
    let asked = |at: u64, interaction: u8, cause: u16| {
        let mut asked = EventFacts::new(EventKind::DeviceAsked, Timestamp::from_secs(BEGIN + at));
        (asked.interaction, asked.cause) = ([interaction; 16], cause);
        asked
    };
    let events = [
        asked(1, 1, 0),
        shown(1, 1), // for the device
        shown(2, 1), // shown: the announcement was for the one before
        asked(3, 1, 5040),
        shown(3, 1), // shown: that session was refused
        asked(4, 2, 0),
        shown(4, 1), // shown: announced in another interaction
    ];
    let (log, _) = log_of(&events);
    let inventory = report(&log, period(0, DAY)).inventory;
    let rows = inventory.fields.iter().chain(&inventory.not_in_schema);
    let sinks: Vec<_> = rows.flat_map(|row| &row.sinks).map(|seen| (seen.sink, seen.count.count())).collect();
    assert_eq!(sinks, [(Sink::ShownInFull, 3), (Sink::SealedForDevice, 1)]);
}

/// The class of a field was changed: what went out under the old one is not forgotten.
#[test]
fn a_field_under_another_class_stands_apart() {
    let mut shown = refused(1, 1);
    let field = &mut shown.fields[0];
    (field.class, field.outcome, field.because) = (DataClass::Billing, Outcome::Disclose, None);
    field.form = Some(Form::Full);
    let (log, _) = log_of(&[shown]);
    let report = report(&log, period(0, DAY));
    assert!(report.inventory.fields.iter().all(|row| row.sinks.is_empty()));
    let apart = &report.inventory.not_in_schema[0];
    assert_eq!((apart.class, apart.sinks[0].sink, apart.since_start), ("billing", Sink::ShownInFull, None));
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    let sink = &json["inventory"]["not_in_schema"][0]["sinks"][0];
    let none = serde_json::json!([{ "of": null, "count": 1 }]);
    let expected = serde_json::json!({
        "sink": "shown_in_full", "count": 1, "roles": none, "channels": none, "employers": none,
        "first": "2026-11-23T09:00:01Z", "last": "2026-11-23T09:00:01Z",
    });
    assert_eq!(sink, &expected);
    assert!(report.to_html().contains("today\u{2019}s schema under that class"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn counts_are_those_of_a_brute_force_pass(mut events in vec(facts(), 0..60), from in 0..20 * DAY, days in 1..30_u64) {
        // So close together that no interaction is forgotten.
        for facts in &mut events {
            facts.time = Timestamp::from_secs(BEGIN + (facts.time.as_secs() - BEGIN) / 8);
        }
        let period = period(from / 8, from / 8 + days * DAY / 8);
        let (log, _) = log_of(&events);
        let report = report(&log, period);
        prop_assert!(report.complete, "{:?}", report.shortfalls);

        let numbered: Vec<_> = (0_u32..).zip(&events).filter(|(_, facts)| period.contains(facts.time)).collect();
        let inside: Vec<_> = numbered.iter().map(|(_, facts)| *facts).collect();
        let all: Vec<_> = inside.iter().flat_map(|facts| lines(facts)).collect();
        let these = |is: &dyn Fn(&Line) -> bool| all.iter().filter(|line| is(line)).collect::<Vec<_>>();
        let of_kind = |kind: EventKind| count(&inside, |facts| facts.kind == kind);

        check_outcomes(&report.decisions.total, &these(&|_| true));
        // The event before, whatever the period: the log writes the two in one go.
        let before = std::iter::once(None).chain(events.iter().map(Some));
        let pairs = events.iter().zip(before).map(|(facts, before)| {
            let of = |asked: &EventFacts| {
                asked.kind.name() == "device_asked" && asked.cause == 0 && asked.interaction == facts.interaction
            };
            (facts, facts.kind.name() == "viewed" && before.is_some_and(of))
        });
        let pairs: Vec<_> = pairs.filter(|(facts, _)| period.contains(facts.time)).collect();
        check_inventory(&report.inventory, &pairs);
        for op in Op::ALL {
            let found = report.decisions.by_op.iter().find(|row| row.of == op.name());
            check_outcomes(&found.map(|row| row.outcomes).unwrap_or(Outcomes::default().figures(true)), &these(&|line| line.0 == *op));
        }
        for class in DataClass::ALL {
            let found = report.decisions.by_class.iter().find(|row| row.of == class.name());
            check_outcomes(&found.map(|row| row.outcomes).unwrap_or(Outcomes::default().figures(true)), &these(&|line| line.1 == Some(*class)));
        }
        for rule in RULES {
            let found = report.decisions.by_rule.iter().find(|row| row.rule == rule);
            check_outcomes(&found.map(|row| row.outcomes).unwrap_or(Outcomes::default().figures(true)), &these(&|line| line.4.iter().any(|r| r.as_str() == rule)));
        }
        let over_time: u64 = report.decisions.over_time.iter().map(|row| row.outcomes.all().count()).sum();
        prop_assert_eq!(over_time, u64::try_from(all.len()).unwrap());
        for because in &report.refusals.because {
            prop_assert_eq!(because.count.count(), count(&all, |line| line.3.is_some_and(|why| why.name() == because.of)));
        }
        for duty in &report.duties {
            prop_assert_eq!(duty.count.count(), count(&all, |line| line.5.iter().any(|d| d.name() == duty.of)));
        }
        prop_assert_eq!(report.alerts.decisions.count(), count(&all, |line| line.5.contains(Obligation::Alert)));

        let redirects = redirects(&events, period);
        let found = &report.redirects;
        prop_assert_eq!((found.refused.count(), found.sent.count(), found.called_back.count()), redirects);

        for kind in kinds() {
            let found = report.events.iter().find(|row| row.kind == kind.name()).map_or(0, |row| row.count.count());
            prop_assert_eq!(found, of_kind(kind));
        }
        let with_account = |given: bool| distinct(numbered.iter().filter(|(_, facts)| !given || lines(facts).iter().any(|l| l.2 != Outcome::Withhold)).map(|(n, _)| n % 5));
        prop_assert_eq!(report.accounts.with_events.count(), with_account(false));
        prop_assert_eq!(report.accounts.given_out.count(), with_account(true));

        let staff: Vec<_> = inside.iter().filter_map(|facts| Some((facts.actor.as_ref()?, lines(facts)))).filter(|(actor, _)| actor.role.requester() == Requester::Carrier).collect();
        prop_assert_eq!(report.agents.agents.count(), distinct(staff.iter().map(|(actor, _)| &actor.agent)));
        for row in &report.agents.by_site {
            let of: Vec<_> = staff.iter().filter(|(actor, _)| actor.site.as_ref().is_some_and(|site| site.as_str() == row.site)).collect();
            prop_assert_eq!(row.agents.count(), distinct(of.iter().map(|(actor, _)| &actor.agent)));
            check_outcomes(&row.outcomes, &of.iter().flat_map(|(_, lines)| lines).collect::<Vec<_>>());
        }
        prop_assert_eq!(report.agents.by_site.len(), staff.iter().filter_map(|(actor, _)| actor.site.as_ref()).collect::<BTreeSet<_>>().len());
        for row in &report.agents.by_employer {
            let of: Vec<_> = staff.iter().filter(|(actor, _)| actor.employer.as_ref().map(EmployerId::as_str) == row.employer.as_deref()).collect();
            prop_assert_eq!(row.agents.count(), distinct(of.iter().map(|(actor, _)| &actor.agent)));
            check_outcomes(&row.outcomes, &of.iter().flat_map(|(_, lines)| lines).collect::<Vec<_>>());
        }
        let untrained = |line: &Line| line.2 == Outcome::Withhold && line.4.iter().any(|r| r.as_str() == "training-current");
        prop_assert_eq!(report.training_gaps.refusals.count(), count(&all, untrained));
        prop_assert_eq!(report.training_gaps.agents.count(), distinct(staff.iter().filter(|(_, lines)| lines.iter().any(untrained)).map(|(actor, _)| &actor.agent)));
        let ssn = |line: &Line| line.0 == Op::Verify && matches!(line.1, Some(DataClass::Ssn | DataClass::SsnLast4));
        prop_assert_eq!(report.ssn_verifications.withheld.count(), count(&all, |line| ssn(line) && line.2 == Outcome::Withhold));
        prop_assert_eq!(report.ssn_verifications.compared.count(), count(&all, |line| ssn(line) && line.2 != Outcome::Withhold));

        prop_assert_eq!(report.notices.taken_by_notifier.count(), count(&inside, |f| f.kind == EventKind::NoticeQueued && f.basis.is_none()));
        prop_assert_eq!(report.notices.queued.count(), count(&inside, |f| f.kind == EventKind::NoticeQueued && f.basis.is_some()));
        let waiting = ["n-1", "n-2", "training-current"].iter().filter(|id| {
            let of_id = events.iter().filter(|f| f.time < period.until() && f.basis.as_ref().is_some_and(|b| b.as_str() == **id));
            let mut moves = of_id.filter(|f| ["notice_queued", "notice_handed_over", "notice_discarded"].contains(&f.kind.name()));
            moves.next_back().is_some_and(|f| f.kind == EventKind::NoticeQueued)
        });
        prop_assert_eq!(report.notices.outstanding, Some(u64::try_from(waiting.count()).unwrap()));
        let given: u64 = report.approvals.by_subject.iter().map(|row| row.given.count()).sum();
        prop_assert_eq!(given, count(&inside, |f| f.kind == EventKind::Approved && f.cause == 0));
        prop_assert_eq!(report.policies.len(), usize::try_from(distinct(inside.iter().map(|f| f.policy).filter(|p| *p != [0; 32]))).unwrap());
        let starts: u64 = report.overrides.recorded.iter().map(|row| row.starts.count()).sum();
        let alarms: u64 = report.alerts.alarms.iter().map(|row| row.count.count()).sum();
        prop_assert_eq!(alarms, count(&inside, |f| f.kind == EventKind::WatchTripped && f.basis.is_some()));
        prop_assert_eq!(starts, count(&inside, |f| f.kind == EventKind::RuleOverridden && f.basis.is_some()));
    }
}

fn refused(interaction: u8, secs: u64) -> EventFacts {
    let mut facts = EventFacts::new(EventKind::Viewed, at(secs));
    facts.interaction = [interaction; 16];
    facts.fields = vec![FieldRecord {
        field: FieldName::new("f").unwrap(),
        class: DataClass::CallDetail,
        op: Op::View,
        scope: Scope::Whole,
        outcome: Outcome::Withhold,
        form: None,
        because: Some(WithheldBecause::Forbidden),
        rules: Vec::new(),
        obligations: Obligations::default(),
    }];
    facts
}

fn called_back(interaction: u8, secs: u64) -> EventFacts {
    let mut facts = EventFacts::new(EventKind::CalledBack, at(secs));
    facts.interaction = [interaction; 16];
    facts
}

/// An interaction is in memory until it ends, or until nobody can still be in it.
#[test]
fn interactions_that_never_end_are_forgotten() {
    let week = 7 * DAY;
    let found = |events: &[EventFacts]| {
        let (log, _) = log_of(events);
        report(&log, period(0, 300 * DAY)).redirects.called_back.count()
    };
    assert_eq!(found(&[refused(1, 0), called_back(1, week)]), 1);
    assert_eq!(found(&[refused(1, 0), refused(2, week + 1), called_back(1, week + 2)]), 0);
    // Sweeping one does not forget the other.
    assert_eq!(found(&[refused(1, 0), refused(2, week), refused(3, week + 1), called_back(2, week + 2)]), 1);
}

#[test]
fn what_must_be_kept_is_looked_for_in_the_whole_log() {
    let mut campaign = refused(1, 3);
    campaign.fields[0].obligations = Obligations::of(&[Obligation::RecordCampaign]);
    let (log, _) = log_of(&[EventFacts::new(EventKind::ConsentRecorded, at(2)), campaign]);
    let report = report(&log, period(10, 20));
    let years = [
        ("47 CFR 64.2007(a)(3)", Some(1), Some(at(2))),
        ("47 CFR 64.2008(a)(2)", Some(1), Some(at(2))),
        ("47 CFR 64.2009(c)", Some(1), Some(at(3))),
        ("47 CFR 64.2009(c)", Some(1), None),
        ("47 CFR 64.2009(d)", Some(1), None),
        ("47 CFR 64.2011(d)", Some(2), None),
        ("47 CFR 64.2010(h)(8)", Some(3), None),
        ("47 CFR 64.2010(f)", None, None),
    ];
    let found: Vec<_> =
        report.retention.iter().map(|row| (row.cite, row.at_least_years, row.oldest.clone())).collect();
    assert_eq!(found, years.map(|(cite, years, oldest)| (cite, years, oldest.map(|time| time.to_string()))));
    assert_eq!(report.decisions.total.all().count(), 0);
}

// --- Periods -------------------------------------------------------------------------------------

#[test]
fn a_period_has_its_first_moment_and_not_its_last() {
    assert_eq!(Period::new(at(5), at(5)), None);
    assert_eq!(Period::new(at(6), at(5)), None);
    let year = Period::year(2026).unwrap();
    assert_eq!(
        (year.from().to_string(), year.until().to_string()),
        ("2026-01-01T00:00:00Z".into(), "2027-01-01T00:00:00Z".into())
    );
    assert_eq!((Period::year(1969), Period::year(9999)), (None, None));
    assert!(Period::year(1970).is_some());

    let (log, _) = log_of(&[refused(1, 9), refused(2, 10), refused(3, 19), refused(4, 20)]);
    assert_eq!(report(&log, period(10, 20)).refusals.total, Figure::new(2, true));
}

#[test]
fn a_period_without_events_is_empty_and_complete() {
    let (log, _) = log_of(&[refused(1, 1)]);
    let report = report(&log, period(2 * DAY, 5 * DAY));
    assert!(report.complete);
    assert_eq!(report.decisions.total.all(), Figure::new(0, true));
    assert_eq!((report.events.len(), report.log.events), (0, 2));
    assert_eq!((report.decisions.step, report.decisions.over_time.len()), ("day", 4));
    assert_eq!(report.log.root.as_deref(), Some(hex(log.verify().unwrap().root()).as_str()));
    check_markup(&report.to_html());
}

#[test]
fn days_become_months_and_months_years() {
    let (log, _) = log_of(&[refused(1, 1)]);
    let step = |days: u64| {
        let report = report(&log, period(0, days * DAY));
        (report.decisions.step, report.decisions.over_time.len())
    };
    // The log begins at 9:00, so a period of 30 days touches 31.
    assert_eq!(step(30), ("day", 31));
    assert_eq!(step(31), ("month", 2));
    assert_eq!(step(365), ("month", 13));
    let years = |days: u64| {
        let report = report_of(&log, period(0, days * DAY), "t", GRANTS, at(days * DAY));
        (report.decisions.step, report.decisions.over_time.len())
    };
    assert_eq!(years(1095 - 23), ("month", 36)); // to 2029-10-30
    assert_eq!(years(1095 + 9), ("year", 4)); // into 2029-12
}

// --- Logs that are not whole ---------------------------------------------------------------------

#[test]
fn a_broken_log_gives_lower_bounds_and_never_a_zero() {
    let (log, store) = log_of(&[refused(1, 1), refused(2, 2), refused(3, 3), called_back(3, 4)]);
    tamper(&store, |entries| entries[3].event[40] ^= 1);
    let report = report(&log, period(0, DAY));
    assert!(!report.complete);
    assert_eq!(report.shortfalls[0].at_event, Some(3));
    assert!(
        report.shortfalls[0].what.contains("its content does not match its leaf"),
        "{:?}",
        report.shortfalls
    );
    assert_eq!(report.refusals.total, Figure::new(2, false));
    assert_eq!((report.log.root.as_deref(), report.log.events), (None, 3));
    assert_eq!(report.notices.outstanding, None);

    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["complete"], false);
    assert_eq!(json["refusals"]["total"]["at_least"], 2);
    assert_eq!(json["redirects"]["called_back"]["at_least"], 0);
    assert!(json["notices"]["outstanding"].is_null());
    let html = report.to_html();
    check_markup(&html);
    for text in
        ["<strong>Incomplete.</strong>", "at least 2", "not known", "event 3", "the log did not verify"]
    {
        assert!(html.contains(text), "{text}");
    }
    assert!(!html.contains("<strong>Complete.</strong>"));
    assert!(!html.contains("class=\"n\">0<"), "a zero that nobody knows");
}

/// Fails when an entry with this number or a later one is read.
#[derive(Debug)]
struct FailsFrom(MemoryAuditStore, Mutex<Option<u64>>);

impl AuditStore for FailsFrom {
    fn head(&self) -> Result<Option<StoredHead>, StoreError> {
        self.0.head()
    }
    fn append(&self, entries: &[StoredEntry], head: &StoredHead) -> Result<(), StoreError> {
        self.0.append(entries, head)
    }
    fn read(&self, from: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        match *self.1.lock().unwrap() {
            Some(fails) if from >= fails => Err(StoreError::Damaged),
            Some(fails) => self.0.read(from, limit.min(usize::try_from(fails - from).unwrap())),
            None => self.0.read(from, limit),
        }
    }
    fn columns(&self, from: u64, limit: usize) -> Result<Vec<Columns>, StoreError> {
        self.0.columns(from, limit)
    }
    fn look_up(
        &self,
        lookup: &Lookup,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        self.0.look_up(lookup, after, limit)
    }
    fn end(&self) -> Result<u64, StoreError> {
        self.0.end()
    }
    fn anchor(&self) -> Result<Option<LogId>, StoreError> {
        self.0.anchor()
    }
    fn set_anchor(&self, log: LogId) -> Result<(), StoreError> {
        self.0.set_anchor(log)
    }
    fn last_checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.0.last_checkpoint()
    }
    fn add_checkpoint(&self, checkpoint: &StoredCheckpoint) -> Result<(), StoreError> {
        self.0.add_checkpoint(checkpoint)
    }
}

#[test]
fn a_log_that_cannot_be_read_says_from_where() {
    let store = Arc::new(FailsFrom(MemoryAuditStore::new(), Mutex::new(None)));
    let log = open(store.clone()).unwrap();
    for secs in 1..5 {
        log.record(refused(1, secs), None).unwrap();
    }
    *store.1.lock().unwrap() = Some(3);
    let report = report(&log, period(0, DAY));
    assert_eq!(report.shortfalls[0].at_event, Some(3));
    assert_eq!(report.refusals.total, Figure::new(2, false));
}

#[test]
fn a_period_that_the_log_does_not_reach_over_is_incomplete() {
    let (log, _) = log_of(&[refused(1, 1)]);
    let begins_later = report(&log, Period::new(Timestamp::from_secs(BEGIN - 1), at(DAY)).unwrap());
    let not_over = report(&log, period(0, 400 * DAY + 1));
    for (report, word) in [(&begins_later, "begins"), (&not_over, "was not over")] {
        assert!(!report.complete);
        assert!(report.shortfalls[0].what.contains(word), "{:?}", report.shortfalls);
        assert_eq!(report.refusals.total, Figure::new(1, false));
        assert!(report.log.root.is_some(), "the log itself is whole");
    }
    assert!(report(&log, period(0, 400 * DAY)).complete);
}

#[test]
fn a_log_in_the_place_of_another_says_so() {
    let store = Arc::new(MemoryAuditStore::new());
    let earlier = EarlierLog { log: None, cause: 6003, actor: None };
    let log = open_in_place_of(store, earlier).unwrap();
    let begins_later = Period::new(Timestamp::from_secs(BEGIN - 1), at(DAY)).unwrap();
    let report = report(&log, begins_later);
    assert!(report.shortfalls[0].what.contains("in the place of an earlier log"), "{:?}", report.shortfalls);
}

#[test]
fn a_checkpoint_from_outside_anchors_the_report() {
    let (log, _) = log_of(&[refused(1, 2), refused(2, 1)]);
    assert_eq!(report(&log, period(0, DAY)).log.checkpoint, None);
    let checkpoint = log.checkpoint().unwrap();
    log.record(refused(3, 4), None).unwrap();
    let with = |checkpoint: &Checkpoint| {
        report(&log, EvidenceRequest { checkpoint: Some(checkpoint.clone()), ..period(0, DAY).into() })
    };
    let anchored = with(&checkpoint);
    assert!(anchored.complete);
    assert_eq!((anchored.log.anchored, anchored.log.events), (Some(3), 4));
    assert_eq!(anchored.log.checkpoint.as_deref(), Some(checkpoint.note()));
    assert_eq!(anchored.log.clock_back_secs, Some(1));
    assert_eq!(report(&log, period(0, DAY)).log.anchored, None);

    let (other, _) = log_of(&[refused(1, 1)]);
    let of_another_log = with(&other.checkpoint().unwrap());
    assert!(!of_another_log.complete);
    assert_eq!((of_another_log.log.events, of_another_log.log.checkpoint), (0, None));
}

#[test]
fn alarms_have_the_titles_of_their_rules() {
    let tripped = |rule: &str, secs| {
        let mut facts = EventFacts::new(EventKind::WatchTripped, at(secs));
        facts.basis = Some(BasisId::new(rule).unwrap());
        facts
    };
    let mut lifted = EventFacts::new(EventKind::WatchLifted, at(4));
    let not_lifted = EventFacts { cause: 1, ..lifted.clone() };
    lifted.basis = Some(BasisId::new("a-1").unwrap());
    let refused = EventFacts::new(EventKind::WatchRefused, at(5));
    let events = [
        tripped("watch-no-contact", 1),
        tripped("watch-decoy", 2),
        tripped("watch-no-contact", 3),
        lifted,
        not_lifted,
        refused,
    ];
    let (log, _) = log_of(&events);
    let report = report(&log, period(0, DAY));
    let alarms: Vec<_> = report
        .alerts
        .alarms
        .iter()
        .map(|row| (row.rule.as_str(), row.count.count(), row.title.is_some()))
        .collect();
    assert_eq!(alarms, [("watch-decoy", 1, false), ("watch-no-contact", 2, true)]);
    assert_eq!((report.alerts.lifted.count(), report.alerts.refused_by_watch.count()), (1, 1));
}

#[test]
fn events_are_handed_over_up_to_the_break_and_none_after() {
    let (log, store) = log_of(&[refused(1, 1), refused(2, 2), refused(3, 3)]);
    let read = || {
        let mut numbers = Vec::new();
        let verified = log.verify_reading(None, |index, _: &AuditEvent| numbers.push(index));
        (numbers, verified.map(|verified| verified.size()))
    };
    assert_eq!(read(), (vec![0, 1, 2, 3], Ok(4)));
    // A changed event with a leaf that fits it: only the keyed chain shows it.
    tamper(&store, |entries| {
        let (other, leaf) = (entries[1].event.clone(), entries[1].leaf);
        (entries[2].event, entries[2].leaf) = (other, leaf);
    });
    let (numbers, verified) = read();
    assert_eq!(numbers, vec![0, 1]);
    assert_eq!(verified, crate::audit::tests::broken(2, BreakKind::Link));
}

// --- Texts ---------------------------------------------------------------------------------------

/// A strict enough look at the page: tags nest, attributes are quoted, entities are known, nothing is
/// loaded and nothing runs. The job `examples` has a real parser look at the sample's page.
fn check_markup(html: &str) {
    let mut open = Vec::new();
    let body = html.strip_prefix("<!DOCTYPE html>\n").unwrap();
    let (before, rest) = body.split_once("<style>").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    let style_left_out = [before, after].concat();
    for part in style_left_out.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        assert!(!text.contains('>'), "an unescaped >: {text}");
        for entity in text.split('&').skip(1).chain(tag.split('&').skip(1)) {
            let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
            assert!(known.iter().any(|known| entity.starts_with(known)), "{entity}");
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.trim_matches('/').split(' ').next().unwrap();
        assert!(!["script", "link", "iframe", "object", "embed", "img", "base"].contains(&name), "{tag}");
        assert!(
            !tag.split(' ')
                .any(|part| part.starts_with("on") && part.contains('=') || part.starts_with("src=")),
            "{tag}"
        );
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("url("));
    assert!(!html.to_lowercase().contains("compliant"));
}

#[test]
fn texts_from_files_and_ids_cannot_leave_their_place() {
    const EVIL: &str = "\"'><script>alert(1)</script>&amp;";
    let mut facts = refused(1, 1);
    facts.actor = Some(Actor {
        agent: AgentId::new(EVIL).unwrap(),
        role: Role::CareAgent,
        employer: Some(EmployerId::new(EVIL).unwrap()),
        site: Some(SiteId::new(EVIL).unwrap()),
        country: CountryCode::new("US").unwrap(),
    });
    facts.fields[0].rules = vec![RuleId::new("r-0").unwrap()];
    let mut overridden = EventFacts::new(EventKind::RuleOverridden, at(2));
    overridden.basis = Some(BasisId::new(EVIL).unwrap());
    let (log, _) = log_of(&[facts, overridden]);
    let quoted = EVIL.replace('"', "\\\"");
    let grants = GRANTS.replace("Care", &quoted).replace("Grants", &quoted);
    let overrides = format!(
        "\n[[override]]\nrule = \"training-current\"\nreason = \"{quoted}\"\napprover = \"{quoted}\"\nuntil = 2030-01-01\n"
    );
    let report = report_of(&log, period(0, DAY), EVIL, &(grants + &overrides), at(2 * DAY));
    let html = report.to_html();
    check_markup(&html);
    let escaped = "&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;";
    // Agent, two employers' places, site, title of rule and pack, override twice, its basis, tenant twice.
    assert!(html.matches(escaped).count() >= 10, "{}", html.matches(escaped).count());
    assert_eq!(html::Escaped("a\u{0}\u{1b}\u{ffff}b").to_string(), "a\u{fffd}\u{fffd}\u{fffd}b");
}

#[test]
fn customers_and_accounts_are_not_named() {
    let mut facts = refused(1, 1);
    let actor = |agent: &str, role| Actor {
        agent: AgentId::new(agent).unwrap(),
        role,
        employer: None,
        site: None,
        country: CountryCode::new("US").unwrap(),
    };
    facts.actor = Some(actor("login-of-a-customer", Role::Customer));
    let mut partner = facts.clone();
    partner.actor = Some(actor("app-of-a-customer", Role::ThirdPartyApp));
    let mut agent = facts.clone();
    agent.actor = Some(actor("a-1", Role::CareAgent));
    let (log, _) = log_of(&[facts, partner, agent]);
    let report = report(&log, period(0, DAY));
    assert_eq!(report.accounts.with_events.count(), 3);
    let marks: Vec<_> = (0..3).map(|number| hex(&log.derive_pseudonym(&account(number)))).collect();
    for text in [report.to_json(), report.to_html()] {
        assert!(text.contains("a-1"));
        for secret in ["of-a-customer", "acct-", marks[0].get(..16).unwrap()] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
}

#[test]
fn no_more_agents_are_named_than_asked_for() {
    let events: Vec<_> = (1..=12_u8)
        .flat_map(|agent| {
            let mut facts = refused(agent, 1);
            facts.actor = Some(Actor {
                agent: AgentId::new(format!("a-{agent:02}")).unwrap(),
                role: Role::CareAgent,
                employer: None,
                site: None,
                country: CountryCode::new("US").unwrap(),
            });
            vec![facts; agent.into()]
        })
        .collect();
    let (log, _) = log_of(&events);
    let named = |most_refused| {
        let request = EvidenceRequest { most_refused, ..period(0, DAY).into() };
        report(&log, request).agents.most_refused.into_iter().map(|row| row.agent).collect::<Vec<_>>()
    };
    assert_eq!(named(2), ["a-12", "a-11"]);
    assert!(named(0).is_empty());
    assert_eq!(report(&log, period(0, DAY)).agents.most_refused.len(), DEFAULT_MOST_REFUSED);
}

// --- Shape ---------------------------------------------------------------------------------------

#[test]
fn a_number_that_the_carrier_did_not_give_is_no_zero() {
    let (log, _) = log_of(&[]);
    let none = report(&log, period(0, DAY));
    assert!(
        serde_json::from_str::<serde_json::Value>(&none.to_json()).unwrap()["carrier"]["breaches"].is_null()
    );
    assert_eq!(none.to_html().matches("not given <span").count(), 5);
    let carrier = CarrierRecords { breaches: Some(0), ..CarrierRecords::default() };
    let given = report(&log, EvidenceRequest { carrier, ..period(0, DAY).into() });
    assert_eq!(given.to_html().matches("not given <span").count(), 4);
}

/// The names and types that a reader of the JSON relies on.
#[test]
fn the_json_keeps_its_shape() {
    let mut facts = refused(1, 1);
    facts.actor = Some(Actor {
        agent: AgentId::new("a-1").unwrap(),
        role: Role::CareAgent,
        employer: Some(EmployerId::new("e-1").unwrap()),
        site: Some(SiteId::new("s-1").unwrap()),
        country: CountryCode::new("US").unwrap(),
    });
    facts.policy = [7; 32];
    facts.fields[0].rules = vec![RuleId::new("training-current").unwrap()];
    facts.fields[0].obligations = Obligations::of(&[Obligation::Audit]);
    let mut approved = EventFacts::new(EventKind::Approved, at(2));
    approved.actor = facts.actor.clone();
    let mut overridden = EventFacts::new(EventKind::RuleOverridden, at(3));
    overridden.basis = Some(BasisId::new("r-9").unwrap());
    let mut tripped = EventFacts::new(EventKind::WatchTripped, at(4));
    tripped.basis = Some(BasisId::new("watch-refused").unwrap());
    let (log, _) = log_of(&[facts, approved, overridden, tripped]);
    let mut json: serde_json::Value = serde_json::from_str(&report(&log, period(0, DAY)).to_json()).unwrap();
    // Drawn at random, the packs of this version, and tables that the tests above look at.
    for random in ["id", "root"] {
        json["log"][random] = "..".into();
    }
    for long in ["packs", "retention", "library"] {
        json[long] = "..".into();
    }
    let expected: serde_json::Value = serde_json::from_str(include_str!("golden.json")).unwrap();
    assert_eq!(json, expected, "{}", serde_json::to_string_pretty(&json).unwrap());
}
