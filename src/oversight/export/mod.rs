//! Export of the audit log to a SIEM: one line an event, as OCSF JSON or as CEF.
//!
//! Rules: every number of the log leaves exactly one line behind: the event, or a line in its place that
//! says why not (several missing in a row share one); what could not be exported is counted by reason; a
//! sink that fails stops the export, and nothing is left out; the same event gives the same line.
//!
//! Security note: a line names agents and, by keyed pseudonym, accounts; no value, no account id, and no
//! login of a customer. Link and content of an event are checked before it is handed on, but only
//! [`AuditLog::verify`] checks a whole log. Pseudonyms link a customer's events: a SIEM that has them
//! holds records about customers.
//!
//! The mapping is `docs/oversight.md`, "Export".

mod cef;
mod ocsf;
mod row;

#[cfg(test)]
mod tests;

use core::fmt;
use std::io::Write;

use serde::{Serialize, Serializer};

use crate::audit::{AuditLog, Found, LogId};
use crate::error::{AuditError, BreakKind, ExportError, StoreError};
use crate::vocabulary::{TenantId, Timestamp, hex};

pub use ocsf::OCSF_VERSION;
use row::{Gap, NotExported, Row};

/// Longest line, in bytes without its line feed, where it is not said. Library default.
pub const DEFAULT_MAX_LINE: usize = 64 * 1024;
/// The least that [`Exporter::with_max_line`] takes: every line that stands for an event fits. Library
/// default.
pub const LEAST_MAX_LINE: usize = 4096;

/// Lines are handed to the sink and flushed when so many bytes are there.
const BATCH: usize = 64 * 1024;

/// How an event is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// A JSON object of the Open Cybersecurity Schema Framework, version [`OCSF_VERSION`].
    Ocsf,
    /// A line of the Common Event Format, version 0.
    Cef,
}

/// What became of the events so far, in counts. Those of one exporter: a host that makes a new one adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ExportCounts {
    /// Events whose line the sink took.
    pub exported: u64,
    /// Could not be exported: the event was changed, its bytes are no event, or it does not follow the one
    /// before it. A line says so in its place.
    pub unreadable: u64,
    /// Could not be exported: missing in the log. A line says so in the place of each run of them.
    pub missing: u64,
    /// Could not be exported: longer than a line may be, or a part of it than the format allows. A line says
    /// so in its place.
    pub too_long: u64,
    /// How often the sink failed. Nothing is lost by it: the lines are written again.
    pub sink_failures: u64,
    /// How often the log could not be read, was another one, or ended too early. Nothing is lost by it.
    pub log_failures: u64,
}

impl ExportCounts {
    /// Events that could not be exported, for whatever reason.
    #[must_use]
    pub const fn not_exported(&self) -> u64 {
        self.unreadable.saturating_add(self.missing).saturating_add(self.too_long)
    }

    const fn add(&mut self, why: NotExported, number: u64) {
        let count = match why {
            NotExported::Unreadable(_) => &mut self.unreadable,
            NotExported::Missing => &mut self.missing,
            NotExported::TooLong => &mut self.too_long,
        };
        *count = count.saturating_add(number);
    }
}

/// Up to where a log was exported, to be kept by the host and given to [`Exporter::resume`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportPosition {
    /// Which log.
    pub log: LogId,
    /// The number of the next event.
    pub next: u64,
    /// The leaf hash of the last event that was exported as it is, and its number; `None`: none was.
    pub last: Option<(u64, [u8; 32])>,
}

/// How an export stands: for whoever watches over it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportStatus {
    /// The log; `None`: nothing was exported yet.
    pub log: Option<String>,
    /// The number of the next event.
    pub next: u64,
    /// What became of the events so far.
    #[serde(flatten)]
    pub counts: ExportCounts,
    /// Events that could not be exported.
    pub not_exported: u64,
}

/// One line: what was exported, and what was not.
impl fmt::Display for ExportStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ExportCounts { exported, unreadable, missing, too_long, sink_failures, log_failures } =
            self.counts;
        write!(f, "{exported} exported, {} not: ", self.not_exported)?;
        write!(f, "{unreadable} unreadable, {missing} missing, {too_long} too long; ")?;
        write!(f, "{sink_failures} failures of the sink, {log_failures} of the log; next is {}", self.next)
    }
}

/// Writes the events of one log to a sink, from a number on.
///
/// ```
/// # use cpni_guard::{Guard, MemoryKeys, Schema, Stores};
/// # use cpni_guard::interaction::{MemoryContacts, MemoryDirectory};
/// # use std::sync::Arc;
/// use cpni_guard::oversight::export::{ExportFormat, Exporter};
///
/// # let guard = Guard::builder()
/// #     .schema(Schema::from_toml("[fields]\nplan = { class = \"service_details\" }")?)
/// #     .keys(MemoryKeys::new()?).store(Stores::in_memory())
/// #     .grants(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/grants.toml")))
/// #     .agents(Arc::new(MemoryDirectory::default())).contacts(Arc::new(MemoryContacts::default())).build()?;
/// let mut exporter = Exporter::new(ExportFormat::Ocsf);
/// let mut lines = Vec::new(); // a file, a socket, a pipe to the forwarder
/// exporter.export(guard.audit(), &mut lines)?;
/// assert!(lines.starts_with(b"{") && lines.ends_with(b"}\n"));
/// // Keep this, and go on from it after a restart.
/// let position = exporter.position();
/// # assert_eq!(position.unwrap().next, guard.audit().size());
/// # Ok::<(), cpni_guard::Error>(())
/// ```
#[derive(Debug)]
pub struct Exporter {
    format: ExportFormat,
    tenant: Option<TenantId>,
    max_line: usize,
    next: u64,
    log: Option<LogId>,
    last: Option<(u64, [u8; 32])>,
    /// The time of the last event that was read: for lines that stand for an event without one.
    time: Timestamp,
    /// A part of a line may have reached the sink.
    is_torn: bool,
    counts: ExportCounts,
}

/// Lines that the sink has not taken yet, and what holds once it has.
struct Batch {
    lines: Vec<u8>,
    next: u64,
    last: Option<(u64, [u8; 32])>,
    time: Timestamp,
    counts: ExportCounts,
}

impl Exporter {
    /// An exporter of a whole log, from its first event on.
    #[must_use]
    pub const fn new(format: ExportFormat) -> Self {
        Self {
            format,
            tenant: None,
            max_line: DEFAULT_MAX_LINE,
            next: 0,
            log: None,
            last: None,
            time: Timestamp::from_micros(0),
            is_torn: false,
            counts: ExportCounts {
                exported: 0,
                unreadable: 0,
                missing: 0,
                too_long: 0,
                sink_failures: 0,
                log_failures: 0,
            },
        }
    }

    /// Names the tenant in every line.
    #[must_use]
    pub fn with_tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// Begins with event `next` of whichever log is given first. Nothing tells then whether it is the log that
    /// was exported before: [`Exporter::resume`] does.
    #[must_use]
    pub const fn starting_at(mut self, next: u64) -> Self {
        self.next = next;
        self
    }

    /// Goes on from a position that was kept. A log that was put back or written anew is then refused.
    #[must_use]
    pub const fn resume(mut self, position: &ExportPosition) -> Self {
        (self.log, self.next, self.last) = (Some(position.log), position.next, position.last);
        self
    }

    /// The longest line that the sink takes, in bytes without its line feed; at least [`LEAST_MAX_LINE`].
    #[must_use]
    pub const fn with_max_line(mut self, bytes: usize) -> Self {
        self.max_line = if bytes < LEAST_MAX_LINE { LEAST_MAX_LINE } else { bytes };
        self
    }

    /// Writes every event that the log has and the sink has not. Gives back how many numbers of the log that
    /// were. Call it again when the log has grown, or after a failure.
    ///
    /// Lines go to the sink in order, each with a line feed, some 64 KiB at a time, and the sink is flushed;
    /// only then do they count. What fails is written again by the next call: a line comes at least once, and
    /// `metadata.uid` (OCSF), or `deviceExternalId` with `externalId` (CEF), tells repetitions. After a failure
    /// the first byte is a line feed, so that a part of a line that the sink took stays by itself.
    ///
    /// # Errors
    /// [`ExportError::Sink`], [`ExportError::Unreadable`]: try again. [`ExportError::AnotherLog`],
    /// [`ExportError::EndsEarlier`]: somebody has to look; a new exporter exports the log as it is now.
    pub fn export(&mut self, log: &AuditLog, sink: &mut impl Write) -> Result<u64, ExportError> {
        self.export_some(log, sink, usize::MAX)
    }

    /// As [`Exporter::export`], and writes at most so many lines: for a caller that takes a log in parts.
    ///
    /// # Errors
    /// As [`Exporter::export`].
    pub fn export_some(
        &mut self,
        log: &AuditLog,
        sink: &mut impl Write,
        most_lines: usize,
    ) -> Result<u64, ExportError> {
        let began = self.next;
        let done = self.run(log, sink, most_lines);
        match &done {
            Ok(()) => {}
            Err(ExportError::Sink { .. }) => {
                self.counts.sink_failures = self.counts.sink_failures.saturating_add(1);
            }
            Err(
                ExportError::Unreadable(_) | ExportError::AnotherLog { .. } | ExportError::EndsEarlier { .. },
            ) => {
                self.counts.log_failures = self.counts.log_failures.saturating_add(1);
            }
        }
        done.map(|()| self.next.saturating_sub(began))
    }

    /// Where the next call begins, to be kept once the sink's receiver has what was exported; `None`: nothing
    /// was exported yet.
    #[must_use]
    pub fn position(&self) -> Option<ExportPosition> {
        Some(ExportPosition { log: self.log?, next: self.next, last: self.last })
    }

    /// What became of the events so far.
    #[must_use]
    pub const fn counts(&self) -> &ExportCounts {
        &self.counts
    }

    /// How the export stands.
    #[must_use]
    pub fn status(&self) -> ExportStatus {
        ExportStatus {
            log: self.log.map(|log| log.to_string()),
            next: self.next,
            counts: self.counts,
            not_exported: self.counts.not_exported(),
        }
    }

    fn run(&mut self, log: &AuditLog, sink: &mut impl Write, most_lines: usize) -> Result<(), ExportError> {
        self.check(log)?;
        self.log = Some(log.id());
        let mut batch = self.batch();
        // One line each: an event, or a gap.
        for found in log.survey(self.next..u64::MAX).map_err(|cause| unreadable(&cause))?.take(most_lines) {
            match found {
                Ok(found) => self.write(log.id(), found, &mut batch),
                Err(cause) => {
                    // What was read before it is good.
                    self.hand_over(batch, sink)?;
                    return Err(unreadable(&cause));
                }
            }
            if batch.lines.len() >= BATCH {
                self.hand_over(batch, sink)?;
                batch = self.batch();
            }
        }
        self.hand_over(batch, sink)
    }

    /// Whether the log is the one that was exported so far, and learns the time of its last exported event.
    fn check(&mut self, log: &AuditLog) -> Result<(), ExportError> {
        let (size, next) = (log.size(), self.next);
        if self.log.is_some_and(|known| known != log.id()) {
            return Err(ExportError::AnotherLog { next });
        }
        if size < next {
            return Err(ExportError::EndsEarlier { size, next });
        }
        if let Some((number, leaf)) = self.last {
            let found = log.found_at(number).map_err(|cause| unreadable(&cause))?;
            let found = found.filter(|(found, _)| *found == leaf);
            let (_, event) = found.ok_or(ExportError::AnotherLog { next })?;
            self.time = event.facts.time;
        }
        Ok(())
    }

    const fn batch(&self) -> Batch {
        Batch { lines: Vec::new(), next: self.next, last: self.last, time: self.time, counts: self.counts }
    }

    fn write(&self, log: LogId, found: Found, batch: &mut Batch) {
        let tenant = self.tenant.as_ref();
        let gap = match found {
            Found::Event { index, leaf, event } => {
                (batch.last, batch.time) = (Some((index, leaf)), event.facts.time);
                batch.next = index.saturating_add(1);
                let row = Row { index, leaf, log, tenant, event: &event };
                let line = match self.format {
                    ExportFormat::Ocsf => Some(ocsf::line(&row)),
                    ExportFormat::Cef => cef::line(&row),
                };
                if let Some(line) = line.filter(|line| line.len() <= self.max_line) {
                    batch.take(&line);
                    batch.counts.exported = batch.counts.exported.saturating_add(1);
                    return;
                }
                Gap {
                    numbers: index..batch.next,
                    log,
                    tenant,
                    time: batch.time,
                    why: NotExported::TooLong,
                    leaf: Some(leaf),
                }
            }
            Found::Broken { numbers, kind } => {
                batch.next = numbers.end;
                let is_missing = kind == BreakKind::Truncation;
                let why = if is_missing { NotExported::Missing } else { NotExported::Unreadable(kind) };
                Gap { numbers, log, tenant, time: batch.time, why, leaf: None }
            }
        };
        batch.take(&match self.format {
            ExportFormat::Ocsf => ocsf::stand_in(&gap),
            ExportFormat::Cef => cef::stand_in(&gap),
        });
        batch.counts.add(gap.why, gap.numbers.end.saturating_sub(gap.numbers.start));
    }

    /// INVARIANT: what the batch says holds only once the sink has all of it.
    fn hand_over(&mut self, batch: Batch, sink: &mut impl Write) -> Result<(), ExportError> {
        if batch.lines.is_empty() {
            return Ok(());
        }
        let was_torn = core::mem::replace(&mut self.is_torn, true);
        let apart: &[u8] = if was_torn { b"\n" } else { b"" };
        sink.write_all(apart)
            .and_then(|()| sink.write_all(&batch.lines))
            .and_then(|()| sink.flush())
            .map_err(|failed| ExportError::Sink { kind: failed.kind() })?;
        self.is_torn = false;
        (self.next, self.last, self.time, self.counts) = (batch.next, batch.last, batch.time, batch.counts);
        Ok(())
    }
}

impl Batch {
    fn take(&mut self, line: &str) {
        self.lines.extend_from_slice(line.as_bytes());
        self.lines.push(b'\n');
    }
}

/// As `ocsf` or `cef`.
impl Serialize for ExportFormat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Ocsf => "ocsf",
            Self::Cef => "cef",
        })
    }
}

fn unreadable(cause: &AuditError) -> ExportError {
    if let AuditError::Unreadable(cause) = cause {
        return ExportError::Unreadable(*cause);
    }
    ExportError::Unreadable(StoreError::Damaged)
}
