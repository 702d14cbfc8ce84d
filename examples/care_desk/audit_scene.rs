//! The end of the afternoon: the audit log is counted and verified; one byte of it is changed behind
//! the library's back, and found.

use cpni_guard::audit::AuditEvent;
use cpni_guard::error::AuditError;
use cpni_guard::vocabulary::{EventKind, Obligation};
use rusqlite::{Connection, params};

use crate::desk::Desk;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::hosts::{at, clock_face};
use crate::screen::{Screen, Style};
use crate::words::{TEXT_AT, words_of};

/// The event that is changed, where the log has as many.
const CHANGED: u64 = 23;

pub(crate) fn play(desk: &Desk, folder: &Folder, screen: &mut Screen) -> Result<(), Failure> {
    desk.clock.set(at(17, 58));
    let verified = desk.guard.audit().verify()?;
    let root: String = verified.root().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    screen.line("")?;
    let time = format!(" {}", clock_face(desk.now()));
    let head = format!("audit log: {} events, root {root}…, verified", verified.size());
    screen.under(&time, TEXT_AT, &head, Style::Bold)?;
    count(desk, screen)?;

    let changed = CHANGED.min(verified.size().saturating_sub(1));
    let file = Connection::open(folder.store().join("audit.sqlite3"))?;
    flip_a_bit(&file, changed)?;
    let text = format!("Somebody changes one byte of event {changed} in the SQLite file:");
    screen.note(TEXT_AT, &text)?;
    match desk.guard.audit().verify() {
        Err(broken @ AuditError::Broken(at)) if at.event == changed => {
            screen.under("", TEXT_AT, &format!("→ {broken}"), Style::Bold)?;
        }
        Err(other) => return Err(other.into()),
        Ok(_) => return Err(Failure::Never("a changed audit log verifies")),
    }
    flip_a_bit(&file, changed)?;
    let again = desk.guard.audit().verify()?;
    if again != verified {
        return Err(Failure::Never("the restored audit log is another one"));
    }
    screen.note(TEXT_AT, "The byte is changed back: the log verifies again, with the same root.")
}

/// How many events of each kind there are, and who raised an alert.
fn count(desk: &Desk, screen: &mut Screen) -> Result<(), Failure> {
    let audit = desk.guard.audit();
    let (mut kinds, mut alerts) = (vec![0_usize; EventKind::ALL.len()], Vec::new());
    for entry in audit.entries(0..audit.size()) {
        let (index, AuditEvent { facts, .. }) = entry?;
        for (kind, times) in EventKind::ALL.iter().zip(&mut kinds) {
            *times = times.saturating_add(usize::from(*kind == facts.kind));
        }
        let alerts_somebody = facts.fields.iter().any(|field| field.obligations.contains(Obligation::Alert));
        if let Some(actor) = facts.actor.filter(|_| alerts_somebody) {
            alerts.push(format!("event {index} ({})", actor.agent));
        }
    }
    let kinds = EventKind::ALL.iter().zip(kinds).filter(|(_, times)| *times > 0);
    let kinds: Vec<_> = kinds.map(|(kind, times)| format!("{} {times}", words_of(kind.name()))).collect();
    screen.under("", TEXT_AT, &kinds.join(" · "), Style::Dim)?;
    let alerts = if alerts.is_empty() { "none".to_owned() } else { alerts.join(", ") };
    screen.note(TEXT_AT, &format!("Alerts that are due to the security desk: {alerts}."))
}

/// Changes the lowest bit of the byte in the middle of a stored event.
fn flip_a_bit(file: &Connection, event: u64) -> Result<(), Failure> {
    let event = i64::try_from(event).map_err(|_| Failure::Never("the log is too long for its file"))?;
    let mut bytes: Vec<u8> =
        file.query_row("SELECT event FROM entries WHERE idx = ?1", params![event], |row| row.get(0))?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    file.execute("UPDATE entries SET event = ?1 WHERE idx = ?2", params![bytes, event])?;
    Ok(())
}
