//! An attack, what came of it, and the table of all.

use crate::client::Answer;
use crate::target::Target;

/// One attack, played against the service and against its weak twin.
pub(crate) struct Attack {
    /// Of OWASP API Security Top 10 (2023).
    pub(crate) owasp: &'static str,
    pub(crate) name: &'static str,
    pub(crate) how: &'static str,
    pub(crate) play: fn(&Target) -> Played,
}

/// What came of an attack.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) got_through: bool,
    pub(crate) answer: String,
}

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) owasp: &'static str,
    pub(crate) name: String,
    pub(crate) how: String,
    pub(crate) weak: Played,
    pub(crate) ours: Played,
}

impl Played {
    pub(crate) fn said(got_through: bool, answer: impl Into<String>) -> Self {
        Self { got_through, answer: answer.into() }
    }

    pub(crate) fn of(got_through: bool, answer: &Answer) -> Self {
        Self::said(got_through, answer.status.to_string())
    }
}

/// The table as the document shows it.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = "| | Attack | How | Weak twin | Ours |\n|---|---|---|---|---|\n".to_owned();
    for Row { owasp, name, how, weak, ours } in rows {
        let (weak, ours) = (&weak.answer, &ours.answer);
        table.push_str(&format!("| {owasp} | {name} | {how} | {weak} | {ours} |\n"));
    }
    table
}

/// The attacks that failed on the twin, or got through here.
pub(crate) fn faults(rows: &[Row]) -> Vec<String> {
    let not_weak = rows.iter().filter(|row| !row.weak.got_through);
    let not_weak =
        not_weak.map(|row| format!("{} does not succeed on the weak twin: {:?}", row.name, row.weak));
    let got_through = rows.iter().filter(|row| row.ours.got_through);
    let got_through = got_through.map(|row| format!("{} got through: {:?}", row.name, row.ours));
    not_weak.chain(got_through).collect()
}
