//! What a role reaches, grouped until it can be read.

use std::collections::{BTreeMap, BTreeSet};

use cpni_guard::policy::{Need, Reach, Target};
use cpni_guard::vocabulary::{Channel, Form, Op, Purpose, Role, Scope};

use crate::page::Page;

/// How the table is read.
pub(crate) const HEAD: &str = "What each role reaches, and the least that it takes. Beyond this, duties \
    (notices, records) and limits on attempts apply; evidence counts only where it can be taken: a photo \
    ID in a store, a call-back by the carrier's telephony. `no x` means that x is known not to be so.";

/// The column under which the text of a row stands.
const TEXT: usize = 10;

type Ways = Option<Vec<Vec<Need>>>;

/// What is the same for a line of the table.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    op: Op,
    scope: Scope,
    form: Form,
    channels: BTreeSet<Channel>,
    purposes: BTreeSet<Purpose>,
    ways: Ways,
}

/// Prints what a role reaches; nothing where that is nothing.
pub(crate) fn role(page: &mut Page, role: Role, reach: Vec<Reach>) {
    if reach.is_empty() {
        return;
    }
    page.gap();
    page.note(0, role.name());
    let known = reach.iter().all(|row| row.ways.is_some());
    let always =
        if known { shared(reach.iter().flat_map(|row| row.ways.iter().flatten())) } else { Vec::new() };
    if !always.is_empty() {
        page.under("  always", TEXT, &sentence(always.iter()));
    }
    let mut lines: Vec<(BTreeSet<Target>, Group)> =
        grouped(reach).into_iter().map(|(group, targets)| (targets, group)).collect();
    lines.sort_by(|(a, x), (b, y)| (x.op, a, x.scope, x).cmp(&(y.op, b, y.scope, y)));
    for (targets, group) in lines {
        let what = list(targets.into_iter().map(Target::name));
        page.under(&format!("  {}", group.op), TEXT, &what);
        page.note(TEXT, &conditions(&group));
        let Some(ways) = &group.ways else {
            page.under("  needs", TEXT, "more than was worked out: too many facts meet here");
            continue;
        };
        let shared = shared(ways.iter());
        let own = |way: &Vec<Need>| sentence(way.iter().filter(|need| !shared.contains(need)));
        let (mut label, mut next) = ("  needs", "  or");
        let said = sentence(shared.iter().filter(|need| !always.contains(need)));
        if !said.is_empty() || ways.len() == 1 {
            page.under(label, TEXT, if said.is_empty() { "nothing more" } else { &said });
            (label, next) = ("  with", "  or with");
        }
        for text in ways.iter().map(own).filter(|text| !text.is_empty()) {
            page.under(label, TEXT, &text);
            label = next;
        }
    }
}

/// The needs that all of these ways have.
fn shared<'w>(mut ways: impl Iterator<Item = &'w Vec<Need>>) -> Vec<Need> {
    let mut shared = ways.next().cloned().unwrap_or_default();
    for way in ways {
        shared.retain(|need| way.contains(need));
    }
    shared
}

/// Rows that differ in one thing become one, thing by thing: purposes, channels, targets.
fn grouped(reach: Vec<Reach>) -> BTreeMap<Group, BTreeSet<Target>> {
    let mut purposes: BTreeMap<_, BTreeSet<Purpose>> = BTreeMap::new();
    for row in &reach {
        // One named call that takes what the whole log takes is no line of its own.
        let whole = |other: &&Reach| {
            let asked = |row: &Reach| (row.op, row.target, row.form, row.channel, row.purpose);
            other.scope == Scope::Whole && asked(other) == asked(row) && other.ways == row.ways
        };
        if row.scope == Scope::Whole || !reach.iter().any(|other| whole(&other)) {
            let key = (row.op, row.scope, row.target, row.form, row.channel, row.ways.clone());
            purposes.entry(key).or_default().insert(row.purpose);
        }
    }
    let mut channels: BTreeMap<_, BTreeSet<Channel>> = BTreeMap::new();
    for ((op, scope, target, form, channel, ways), purposes) in purposes {
        channels.entry((op, scope, target, form, ways, purposes)).or_default().insert(channel);
    }
    let mut targets: BTreeMap<Group, BTreeSet<Target>> = BTreeMap::new();
    for ((op, scope, target, form, ways, purposes), channels) in channels {
        let group = Group { op, scope, form, channels, purposes, ways };
        targets.entry(group).or_default().insert(target);
    }
    targets
}

/// For what, where, and in which form.
fn conditions(group: &Group) -> String {
    let purposes = list(group.purposes.iter().map(|purpose| purpose.name()));
    let channels = if group.channels.len() == Channel::ALL.len() {
        "any channel".to_owned()
    } else {
        list(group.channels.iter().map(|channel| channel.name()))
    };
    let form = match (group.op, group.form, group.scope) {
        (Op::Act, _, _) => "",
        (_, Form::Full, Scope::Whole) => "; in full",
        (_, Form::Full, Scope::NamedCall) => "; the named call only",
        (_, Form::Masked, _) => "; masked",
        (_, Form::Token, _) => "; as a token",
        (_, Form::Match, _) => "; match or no match",
    };
    format!("for {purposes}; on {channels}{form}")
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

fn sentence<'n>(needs: impl Iterator<Item = &'n Need>) -> String {
    let one = |need: &Need| match need.facts.as_slice() {
        [_, _, _, ..] if !need.all && !need.absent => {
            format!("one of {}", list(need.facts.iter().map(|fact| fact.name)))
        }
        _ => need.to_string(),
    };
    // What is presented comes first.
    let (shown, known): (Vec<_>, Vec<_>) =
        needs.partition(|need| need.facts.iter().any(|fact| fact.about == "evidence"));
    shown.into_iter().chain(known).map(one).collect::<Vec<_>>().join("; ")
}
