//! The audit log for a SIEM, in parts: OCSF JSON or CEF, one line an event.
//!
//! Rules: nothing is kept on this side. The host writes the lines, and then stores where they end; after a
//! failure it asks for the same part again, and the lines are the same.
//!
//! Security note: lines name agents and, by keyed pseudonym, accounts. No value and no account id.

use cpni_guard::audit::LogId;
use cpni_guard::oversight::export::{ExportFormat, ExportPosition, Exporter};
use cpni_guard::vocabulary::TenantId;

use crate::audit::AuditLog;
use crate::error::{CpniError, call};

/// How an event is written.
#[uniffi::remote(Enum)]
pub enum ExportFormat {
    /// A JSON object of the Open Cybersecurity Schema Framework.
    Ocsf,
    /// A line of the Common Event Format, version 0.
    Cef,
}

/// Up to where a log was exported. The host keeps it, and goes on from it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ExportMark {
    /// Which log: 16 bytes.
    pub log: Vec<u8>,
    /// The number of the next event.
    pub next: u64,
    /// The last event that was exported as it is; nothing: none was.
    pub last: Option<ExportedEvent>,
}

/// An event that was exported as it is.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ExportedEvent {
    /// Its number, from 0.
    pub index: u64,
    /// Its leaf hash: 32 bytes.
    pub leaf: Vec<u8>,
}

/// Where an export begins.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum ExportFrom {
    /// With this event, of whichever log it is. 0: the whole log.
    Number {
        /// Its number.
        next: u64,
    },
    /// Where an earlier part ended. A log that was put back or written anew is refused.
    Mark {
        /// Where.
        mark: ExportMark,
    },
}

/// A part of the log.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ExportPart {
    /// The lines, each with its line feed; empty where there is nothing new.
    pub lines: String,
    /// Where the next part begins: to be kept once the receiver has the lines.
    pub mark: ExportMark,
    /// How many events these lines are.
    pub exported: u64,
    /// How many events could not be exported. A line says so in their place.
    pub not_exported: u64,
    /// Whether the log has more.
    pub more: bool,
}

#[uniffi::export]
impl AuditLog {
    /// The next lines of the log, at most so many. `tenant`: named in every line. `max_line`: the longest
    /// line that the receiver takes, in bytes; 64 KiB where it is not said, and at least 4,096.
    ///
    /// # Errors
    /// 9402: try again. 9403, 9404: not the log that was exported so far; somebody has to look. 1001 to
    /// 1003; 9301, 9302.
    #[uniffi::method(default(tenant = None, max_line = None))]
    pub fn export(
        &self,
        format: ExportFormat,
        from: ExportFrom,
        most_lines: u32,
        tenant: Option<String>,
        max_line: Option<u32>,
    ) -> Result<ExportPart, CpniError> {
        call(|| {
            let guard = self.guard()?;
            let log = guard.audit();
            let mut exporter = match from {
                ExportFrom::Number { next } => Exporter::new(format).starting_at(next),
                ExportFrom::Mark { mark } => Exporter::new(format).resume(&mark.position()?),
            };
            if let Some(tenant) = tenant {
                exporter = exporter.with_tenant(TenantId::new(tenant)?);
            }
            if let Some(bytes) = max_line {
                exporter = exporter.with_max_line(usize::try_from(bytes).unwrap_or(usize::MAX));
            }
            let mut lines = Vec::new();
            let most_lines = usize::try_from(most_lines).unwrap_or(usize::MAX);
            exporter.export_some(log, &mut lines, most_lines)?;
            let mark = ExportMark::from(exporter.position().ok_or(CpniError::NO_SUCH_PLACE)?);
            let counts = exporter.counts();
            Ok(ExportPart {
                lines: String::from_utf8(lines).map_err(|_| CpniError::NOT_TEXT)?,
                exported: counts.exported,
                not_exported: counts.not_exported(),
                more: mark.next < log.size(),
                mark,
            })
        })
    }
}

impl From<ExportPosition> for ExportMark {
    fn from(position: ExportPosition) -> Self {
        let exported = |(index, leaf): (u64, [u8; 32])| ExportedEvent { index, leaf: leaf.to_vec() };
        Self { log: position.log.as_bytes().to_vec(), next: position.next, last: position.last.map(exported) }
    }
}

impl ExportMark {
    fn position(self) -> Result<ExportPosition, CpniError> {
        let log = self.log.try_into().map_err(|_| CpniError::LAYOUT)?;
        let exported = |event: ExportedEvent| {
            let leaf = event.leaf.try_into().map_err(|_| CpniError::LAYOUT)?;
            Ok::<_, CpniError>((event.index, leaf))
        };
        let last = self.last.map(exported).transpose()?;
        Ok(ExportPosition { log: LogId::from_bytes(log), next: self.next, last })
    }
}
