//! Words for what the library says: codes become phrases. Nothing is decided here.

use core::fmt::Write as _;

use cpni_guard::classify::FieldValue;
use cpni_guard::policy::{Certainty, Compliance, Effect};
use cpni_guard::vocabulary::{
    Action, CallDirection, Channel, FieldName, Form, Obligation, Remedy, Scope, Timestamp, WithheldBecause,
};
use cpni_guard::{CallRow, Decision, Disclosed, FieldView, Guard, View};

use crate::failure::Failure;
use crate::hosts::clock_face;
use crate::screen::{Screen, Style, columns};

/// Where the text of a scene begins: after the time.
pub(crate) const TEXT_AT: usize = 7;
/// Rows of a list of calls that are printed.
const ROWS_SHOWN: usize = 3;
/// Ways out of a refusal that are printed.
const WAYS_SHOWN: usize = 5;
/// Width of `withheld` and the gap after it.
const STATUS: usize = 10;

/// The rules that decided, in the order in which they were met.
#[derive(Default)]
pub(crate) struct Legend(Vec<Rule>);

struct Rule {
    id: String,
    cite: String,
    title: String,
    certainty: Certainty,
}

/// What a view needs to be explained: the grants' name, and since when the address is on file.
pub(crate) struct Background<'b> {
    pub(crate) guard: &'b Guard,
    pub(crate) days_on_file: Option<i64>,
    /// Whether the agent has somebody to talk to.
    pub(crate) talks: bool,
}

impl Legend {
    /// Prints a view: each field, and the event that records it.
    pub(crate) fn show(
        &mut self,
        view: &View,
        background: &Background<'_>,
        screen: &mut Screen,
    ) -> Result<(), Failure> {
        let at = value_column(view);
        let (mut alert, mut ends, mut say, mut permits) = (false, false, None, Vec::new());
        for (name, field) in view.fields() {
            let left = label(name);
            let decision = field.decision();
            alert |= decision.obligations().contains(Obligation::Alert);
            ends |= decision.obligations().contains(Obligation::ExpireAtContactEnd);
            match field {
                FieldView::Withheld(_) => {
                    self.withheld(left, at, decision, background, screen)?;
                    say.get_or_insert_with(|| decision.for_agent());
                }
                FieldView::Absent(_) => screen.under(&left, at, "(the record has none)", Style::Dim)?,
                FieldView::Disclosed(disclosed) => {
                    let mut left = left.as_str();
                    for (line, style) in lines_of(&disclosed, decision)? {
                        screen.under(core::mem::take(&mut left), at, &line, style)?;
                    }
                    let permit = decision.reasons().filter(|reason| reason.effect == Effect::Permit);
                    permits.extend(permit.map(|reason| reason.rule.as_str()));
                }
            }
        }
        if let Some(say) = say.filter(|_| background.talks) {
            screen.under(&format!("{:TEXT_AT$}may say", ""), at, &format!("“{say}”"), Style::Plain)?;
        }
        let mut recorded = format!("recorded as event {}", view.audit_index());
        permits.dedup();
        if !permits.is_empty() {
            write!(recorded, " · permitted by {}", permits.join(", ")).unwrap_or_default();
        }
        if alert {
            recorded.push_str(" · duty: alert the security desk");
        }
        if ends {
            recorded.push_str(" · ends with the contact");
        }
        screen.under("", TEXT_AT, &recorded, Style::Dim)
    }

    /// Prints the decision on an action: who may do it and which duties come with it, or why not.
    pub(crate) fn show_action(
        &mut self,
        action: Action,
        decision: &Decision,
        background: &Background<'_>,
        screen: &mut Screen,
    ) -> Result<(), Failure> {
        let left = format!("{:TEXT_AT$}{}", "", words_of(action.name()));
        let at = columns(&left).saturating_add(2);
        if decision.is_allowed() {
            screen.under(&left, at, "may be done", Style::Bold)?;
        } else {
            self.withheld(left, at, decision, background, screen)?;
            let say = decision.for_agent();
            screen.under(&format!("{:TEXT_AT$}may say", ""), at, &format!("“{say}”"), Style::Plain)?;
        }
        let mut duties = decision.obligations().iter().filter_map(duty_of).peekable();
        if duties.peek().is_some() {
            let duties = duties.collect::<Vec<_>>().join("; ");
            screen.under("", TEXT_AT, &format!("duty: {duties}"), Style::Dim)?;
        }
        Ok(())
    }

    fn withheld(
        &mut self,
        mut left: String,
        at: usize,
        decision: &Decision,
        background: &Background<'_>,
        screen: &mut Screen,
    ) -> Result<(), Failure> {
        let gap = at.saturating_sub(columns(&left)).max(1);
        write!(left, "{:gap$}withheld", "").unwrap_or_default();
        let at = at.saturating_add(STATUS);
        for line in self.reasons(decision, background.guard) {
            screen.under(&core::mem::take(&mut left), at, &line, Style::Dim)?;
        }
        ways_out(decision, background.days_on_file)
            .iter()
            .try_for_each(|line| screen.under("", at, line, Style::Plain))
    }

    /// Each rule that decided with its citation.
    fn reasons(&mut self, decision: &Decision, guard: &Guard) -> Vec<String> {
        let mut lines = Vec::new();
        for reason in decision.reasons() {
            lines.push(format!("{} · {}", reason.rule, unbroken(reason.cite)));
            if self.0.iter().all(|rule| rule.id != reason.rule.as_str()) {
                self.0.push(Rule {
                    id: reason.rule.to_string(),
                    cite: reason.cite.to_owned(),
                    title: reason.title.to_owned(),
                    certainty: reason.certainty,
                });
            }
        }
        match decision.because() {
            // No rule of the law says no: the carrier's own file does not say yes.
            Some(WithheldBecause::NotGranted) => {
                let packs = guard.policy_status();
                let grants = packs.iter().filter(|pack| pack.compliance == Compliance::Grants);
                let names: Vec<_> = grants.map(|pack| pack.id.as_str()).collect();
                lines.push(format!("not granted · no permit in {}", names.join(", ")));
            }
            Some(WithheldBecause::FactsMissing) => {
                lines.push("a fact that the rule needs is missing".to_owned())
            }
            Some(WithheldBecause::Held) => lines.push("held for a human".to_owned()),
            Some(WithheldBecause::Forbidden) | None => {}
        }
        lines
    }

    /// The rules that were met, with what they say.
    pub(crate) fn print(&self, screen: &mut Screen) -> Result<(), Failure> {
        screen.line("")?;
        screen.under("", TEXT_AT, "The rules that said no, and what they say", Style::Bold)?;
        for Rule { id, cite, title, certainty } in &self.0 {
            screen.under("", TEXT_AT, &format!("{id} · {} ({certainty})", unbroken(cite)), Style::Dim)?;
            screen.note(TEXT_AT.saturating_add(2), &format!("{title}."))?;
        }
        Ok(())
    }
}

/// A citation that does not end its line between the title and the section.
fn unbroken(cite: &str) -> String {
    cite.replace("47 CFR ", "47\u{a0}CFR\u{a0}").replace("47 USC ", "47\u{a0}USC\u{a0}")
}

/// What a disclosed field shows.
fn lines_of(disclosed: &Disclosed<'_>, decision: &Decision) -> Result<Vec<(String, Style)>, Failure> {
    let form = match decision.form() {
        Some(Form::Full) | None => String::new(),
        Some(form @ (Form::Masked | Form::Token | Form::Match)) => format!(" ({form})"),
    };
    let lines = disclosed.with(|value| match value {
        // EXPOSE: the person at this screen is the one to whom it is disclosed.
        FieldValue::Text(text) => vec![(format!("{}{form}", text.expose()), Style::Bold)],
        FieldValue::Calls(rows) => {
            let head = match (decision.scope(), rows.len()) {
                (Scope::NamedCall, 1) => "only the call that was named".to_owned(),
                (Scope::Whole, 1) => "1 call".to_owned(),
                (Scope::NamedCall | Scope::Whole, calls) => format!("{calls} calls"),
            };
            let more = rows.len().saturating_sub(ROWS_SHOWN);
            core::iter::once((head, Style::Bold))
                .chain(rows.iter().rev().take(ROWS_SHOWN).map(|row| (line_of(row), Style::Plain)))
                .chain((more > 0).then(|| (format!("… and {more} earlier"), Style::Dim)))
                .collect()
        }
    })?;
    Ok(lines)
}

fn line_of(row: &CallRow) -> String {
    let direction = match row.direction() {
        CallDirection::Outbound => "to  ",
        CallDirection::Inbound => "from",
    };
    // EXPOSE: as above.
    let (number, place) = (row.number().expose(), row.place().map_or("", |place| place.expose()));
    let (minutes, seconds) = (row.duration_secs() / 60, row.duration_secs() % 60);
    format!("{} {direction} {number:15} {minutes:3}:{seconds:02} {place}", moment(row.start()))
}

/// The column of the values of a view: beside its longest name, within reason.
pub(crate) fn value_column(view: &View) -> usize {
    let longest = view.fields().map(|(name, _)| columns(name.as_str())).max().unwrap_or_default();
    TEXT_AT.saturating_add(longest.clamp(11, 18)).saturating_add(2)
}

/// A field's name at the left of its line.
pub(crate) fn label(name: &FieldName) -> String {
    format!("{:TEXT_AT$}{}", "", words_of(name.as_str()))
}

/// `open_failed` as "open failed".
pub(crate) fn words_of(name: &str) -> String {
    name.replace('_', " ")
}

/// A day and a time.
pub(crate) fn moment(time: Timestamp) -> String {
    let day = time.utc_date().map(|day| day.to_string()).unwrap_or_default();
    format!("{day} {}", clock_face(time))
}

/// What would help, a way a line: minimal sets of moves, the smallest first. A move that is in
/// every way stands once, above them.
fn ways_out(decision: &Decision, days_on_file: Option<i64>) -> Vec<String> {
    let ways = decision.remedies();
    let Some(first) = ways.first() else {
        let held = decision.because() == Some(WithheldBecause::Held);
        return vec![
            if held { "→ a colleague decides" } else { "→ nothing would make it visible here" }.to_owned(),
        ];
    };
    let in_all = |remedy: &&Remedy| ways.len() > 1 && ways.iter().all(|way| way.contains(remedy));
    let phrases = |moves: &mut dyn Iterator<Item = &Remedy>| {
        moves.map(|remedy| phrase(*remedy, days_on_file)).collect::<Vec<_>>().join(" and ")
    };
    let common = phrases(&mut first.iter().filter(in_all));
    let (mut lines, indent) =
        if common.is_empty() { (Vec::new(), "") } else { (vec![format!("→ {common}, then")], "  ") };
    for way in ways.iter().take(WAYS_SHOWN) {
        lines.push(format!("{indent}→ {}", phrases(&mut way.iter().filter(|remedy| !in_all(remedy)))));
    }
    if let more @ 1.. = ways.len().saturating_sub(WAYS_SHOWN) {
        lines.push(format!("{indent}… and {more} more"));
    }
    lines
}

/// What an agent would do.
fn phrase(remedy: Remedy, days_on_file: Option<i64>) -> String {
    match (remedy, days_on_file) {
        (Remedy::SendToAddressOfRecord, Some(days)) => {
            format!("mail to the address of record (on file {days} days)")
        }
        _ => remedy.advice().to_owned(),
    }
}

/// A duty in words; those that the library itself discharges at once say nothing.
const fn duty_of(duty: Obligation) -> Option<&'static str> {
    Some(match duty {
        Obligation::Alert => "alert the security desk",
        Obligation::NotifyChange | Obligation::NotifyBefore => {
            "a notice is queued, to the address of record as it was before"
        }
        Obligation::SuppressChangeNotice => "no notice is sent",
        Obligation::HoldForHuman => "neither done nor skipped before a colleague decides",
        Obligation::ExpireAtContactEnd => "ends with the contact",
        Obligation::RecordCampaign | Obligation::RecordDisclosure | Obligation::CountSimChange => "recorded",
        Obligation::Audit | Obligation::OmitCoveredHotlines => return None,
    })
}

/// How a contact comes in.
pub(crate) const fn channel_of(channel: Channel) -> &'static str {
    match channel {
        Channel::PhoneInbound => "inbound call",
        Channel::PhoneCallback => "call-back",
        Channel::Online => "online",
        Channel::Retail => "store visit",
        Channel::BackOffice => "back office",
        Channel::Batch => "batch",
        Channel::PortInterface => "port interface",
    }
}

/// `8500` as `8,500`.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len().saturating_add(digits.len() / 3));
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn large_numbers_have_commas() {
        for (number, text) in [(0, "0"), (999, "999"), (8_500, "8,500"), (1_000_000, "1,000,000")] {
            assert_eq!(thousands(number), text);
        }
    }
}
