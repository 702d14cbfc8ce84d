//! After the replay: whose data the insiders got, whom an incident must be told to, and the reports.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use cpni_guard::guard::ScopeMode;
use cpni_guard::oversight::scope::{Accesses, Reach, Scope, Selection, SsnReach};
use cpni_guard::oversight::{
    BreachReport, Duty, Incident, Intent, NotBefore, RegimeReport, Regimes, UsFederalDays, When,
};
use cpni_guard::vocabulary::{AgentId, ClassSet};
use cpni_guard::{AgentSession, Period};

use crate::floor::{BREACH_OFFICER, Floor, Seen};

type Failure = Box<dyn std::error::Error>;

/// Accounts by name, and what was given out of each.
type Named = BTreeMap<String, ClassSet>;

/// Has the breach officer ask whose data the insiders got, from the index and from the events, and
/// compares both answers with the plain pass `seen`. `false`: an answer differs from it.
pub(crate) fn scope(
    floor: &Floor,
    seen: &BTreeMap<AgentId, Seen>,
    days: u64,
    folder: &Path,
    out: &mut impl Write,
) -> Result<bool, Failure> {
    let insiders = seen.iter().filter(|(agent, _)| agent.as_str().starts_with("insider"));
    let expected = by_plain_pass(floor, insiders.clone().map(|(_, seen)| seen))?;
    let incident = Selection::of(Accesses::all().by_agents(insiders.map(|(agent, _)| agent.clone())));
    writeln!(out, "\nWhose data did the insiders get?")?;
    writeln!(out, "  plain pass over all events:  {} accounts", expected.len())?;
    let mut answers = Vec::new();
    for (mode, what) in [(ScopeMode::Index, "the index"), (ScopeMode::Prove, "every event")] {
        let started = Instant::now();
        let answer = floor.guard.breach_scope(&AgentSession::new(BREACH_OFFICER), &incident, mode, &[])?;
        let named = by_scope(&answer)?;
        let verdict = if named == expected { "the same accounts" } else { "NOT THE SAME" };
        let seconds = started.elapsed().as_secs_f64();
        writeln!(out, "  scope from {what:<16}  {} named, {verdict} ({seconds:.2} s)", named.len())?;
        answers.push((answer, named == expected));
    }
    let is_same = answers.iter().all(|(_, same)| *same);
    let Some((proved, _)) = answers.pop() else { return Ok(false) };
    tell_ssns(&proved, out)?;
    let report = incident_of(floor, &proved, days)?;
    tell_duties(&report, out)?;
    write_reports(floor, &report, days, folder)?;
    writeln!(out, "\nReports: report.html, report.json, incident.txt, incident.json in")?;
    writeln!(out, "{}", folder.display())?;
    Ok(is_same)
}

/// Names from the carrier's own list of customers, and not from the log.
fn by_plain_pass<'s>(floor: &Floor, seen: impl Iterator<Item = &'s Seen>) -> Result<Named, Failure> {
    let mut named = Named::new();
    for (pseudonym, classes) in seen.flat_map(|seen| &seen.read) {
        let customer = floor.customer(pseudonym).ok_or("an account of nobody is in the log")?;
        let all = named.entry(customer.expose().to_owned()).or_default();
        *all = all.with(*classes);
    }
    Ok(named)
}

/// Names as the log has them, sealed, in its events.
fn by_scope(scope: &Scope) -> Result<Named, Failure> {
    let out = scope.accounts().filter(|account| account.reach() == Reach::Disclosed);
    out.map(|account| {
        let name = account.name().ok_or("an account without a name")?;
        Ok((name.expose().to_owned(), account.classes().given()))
    })
    .collect()
}

fn tell_ssns(scope: &Scope, out: &mut impl Write) -> Result<(), Failure> {
    let count = |reach| scope.accounts().filter(|account| account.ssn() == Some(reach)).count();
    writeln!(out, "\nOf their SSNs, as the full number and as its last four digits:")?;
    writeln!(out, "  full number given out        {:>7}", count(SsnReach::Full))?;
    writeln!(out, "  full number only compared    {:>7}", count(SsnReach::Compared))?;
    writeln!(out, "  last four, or compared       {:>7}", count(SsnReach::LastFour))?;
    Ok(())
}

/// The incident, determined on the day after the replay; the agencies are told on that day.
fn incident_of(floor: &Floor, scope: &Scope, days: u64) -> Result<BreachReport, Failure> {
    let today = floor.start(days).utc_date().ok_or("no such day")?;
    let incident = Incident::determined(today)
        .customers(scope.customers())
        .intent(Intent::Intentional)
        .agencies_notified(today);
    let incident =
        scope.exposures().fold(incident, |incident, (class, exposure)| incident.affected(class, exposure));
    Ok(BreachReport::of(incident, Regimes::as_published(), &UsFederalDays::default()))
}

fn tell_duties(report: &BreachReport, out: &mut impl Write) -> Result<(), Failure> {
    let Some(governing) = report.governing else { return Err("no text governs".into()) };
    let RegimeReport { is_breach, duties, .. } = report.regime(governing);
    let is = if *is_breach { "a breach" } else { "no breach" };
    writeln!(out, "\n47 CFR 64.2011, text of {governing}: {is}. Agencies told on the same day:")?;
    for Duty { task, not_before, when, cited, .. } in duties {
        let from = match not_before {
            NotBefore::AnyTime => String::new(),
            NotBefore::Day(day) => format!("from {day}"),
            NotBefore::Unknown => "not yet".to_owned(),
        };
        let until = match when {
            When::By(day) => format!("by {day}"),
            When::Through(day) => format!("through {day}"),
            When::NoLastDay => "no last day".to_owned(),
            When::AtOnce => "at once".to_owned(),
        };
        writeln!(out, "  {:<17} {from:<15} {until:<18} {}", task.name(), cited.cite)?;
    }
    Ok(())
}

fn write_reports(floor: &Floor, incident: &BreachReport, days: u64, folder: &Path) -> Result<(), Failure> {
    let period = Period::new(floor.start(0), floor.start(days)).ok_or("no such period")?;
    let evidence = floor.guard.evidence_report(period);
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("report.html"), evidence.to_html())?;
    std::fs::write(folder.join("report.json"), evidence.to_json())?;
    std::fs::write(folder.join("incident.txt"), incident.to_string())?;
    std::fs::write(folder.join("incident.json"), incident.to_json())?;
    Ok(())
}
