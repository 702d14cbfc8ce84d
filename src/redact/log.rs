//! Log lines of `tracing`, cleaned before they are written. With the feature `tracing`.
//!
//! [`RedactingMakeWriter`] cleans whole lines, of any formatter; [`RedactFields`] cleans each field with its name
//! as its label, which knows more: `phone = "5550123"` is a telephone number. [`layer`] has both.
//!
//! Rules: an event is redacted as a whole. If that fails its text is dropped, and a line says that there was an
//! event. Names of fields, spans and targets are the program's, and are not changed by [`RedactFields`].

use core::fmt;
use std::io::{self, Write};

use tracing_core::field::{Field, Visit};
use tracing_core::{Metadata, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FormatFields, Layer, MakeWriter};
use tracing_subscriber::registry::LookupSpan;
use zeroize::{Zeroize, Zeroizing};

use super::redactor::Redactor;

/// What is written in place of an event that could not be redacted.
pub const DROPPED: &str = "[not redacted: dropped]";

/// A layer that writes log lines in the usual form of `tracing-subscriber`, cleaned twice: field by field, then
/// as a line.
///
/// ```
/// use cpni_guard::redact::{Redactor, Scanner, log};
/// use tracing_subscriber::layer::SubscriberExt as _;
///
/// let redactor = Redactor::new(Scanner::new());
/// let subscriber = tracing_subscriber::registry().with(log::layer(redactor, std::io::stderr));
/// ```
pub fn layer<S, M>(
    redactor: Redactor,
    make: M,
) -> Layer<S, RedactFields, Format<Full>, RedactingMakeWriter<M>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    M: for<'a> MakeWriter<'a> + 'static,
{
    let fields = RedactFields::new(redactor.clone());
    Layer::new().with_ansi(false).fmt_fields(fields).with_writer(RedactingMakeWriter::new(redactor, make))
}

/// Makes writers that redact what an event writes.
#[derive(Debug, Clone)]
pub struct RedactingMakeWriter<M> {
    redactor: Redactor,
    inner: M,
}

impl<M> RedactingMakeWriter<M> {
    /// In front of another.
    pub const fn new(redactor: Redactor, inner: M) -> Self {
        Self { redactor, inner }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for RedactingMakeWriter<M> {
    type Writer = EventWriter<'a, M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        EventWriter::new(&self.redactor, self.inner.make_writer())
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self::Writer {
        EventWriter::new(&self.redactor, self.inner.make_writer_for(meta))
    }
}

/// The writer of one event: what was written is redacted and passed on when it is flushed or dropped.
pub struct EventWriter<'a, W: Write> {
    redactor: &'a Redactor,
    inner: W,
    held: Zeroizing<Vec<u8>>,
}

impl<'a, W: Write> EventWriter<'a, W> {
    fn new(redactor: &'a Redactor, inner: W) -> Self {
        Self { redactor, inner, held: Zeroizing::default() }
    }

    fn pass_on(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&self.held);
        let redacted = self.redactor.redact_str(&text);
        let written = match &redacted {
            Ok(text) => self.inner.write_all(text.as_bytes()),
            Err(_) => writeln!(self.inner, "{DROPPED}"),
        };
        if let std::borrow::Cow::Owned(mut text) = text {
            text.zeroize();
        }
        self.held.zeroize();
        written
    }
}

impl<W: Write> Write for EventWriter<'_, W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()?;
        self.inner.flush()
    }
}

impl<W: Write> Drop for EventWriter<'_, W> {
    fn drop(&mut self) {
        // A log that cannot be written has nobody to tell.
        let _told = self.pass_on().is_ok();
    }
}

/// Silent: it holds a customer's text.
impl<W: Write> fmt::Debug for EventWriter<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventWriter(..)")
    }
}

/// Writes the fields of spans and events as `tracing-subscriber` does, each value scanned with the name of its
/// field as its label.
#[derive(Debug, Clone)]
pub struct RedactFields(Redactor);

impl RedactFields {
    /// With this redactor.
    #[must_use]
    pub const fn new(redactor: Redactor) -> Self {
        Self(redactor)
    }
}

impl<'w> FormatFields<'w> for RedactFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visitor = Visitor { redactor: &self.0, writer, is_first: true, result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }
}

struct Visitor<'r, 'w> {
    redactor: &'r Redactor,
    writer: Writer<'w>,
    is_first: bool,
    result: fmt::Result,
}

impl Visitor<'_, '_> {
    fn put(&mut self, field: &Field, value: &str) {
        if self.result.is_err() {
            return;
        }
        let is_message = field.name() == "message";
        let redacted = if is_message {
            self.redactor.redact_str(value)
        } else {
            self.redactor.redact_labelled(field.name(), value)
        };
        let shown = redacted.as_deref().unwrap_or(DROPPED);
        let gap = if core::mem::take(&mut self.is_first) { "" } else { " " };
        self.result = if is_message {
            write!(self.writer, "{gap}{shown}")
        } else {
            write!(self.writer, "{gap}{}={shown}", field.name())
        };
    }
}

impl Visit for Visitor<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, &Zeroizing::new(format!("{value:?}")));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::error::{Error, TokenError};
    use crate::redact::{MakeToken, Replacement, Scanner, TextKind};
    use crate::sensitive::Sensitive;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(text)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(redactor: &Redactor, log: impl FnOnce()) -> String {
        let lines = Lines::default();
        let out = lines.clone();
        let layer = layer(redactor.clone(), move || out.clone()).without_time();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn lines_and_fields_are_clean_before_they_are_written() {
        let text = logged(&Redactor::new(Scanner::new()), || {
            let span = tracing::info_span!("call", caller = "dana@example.com", line = 2);
            let _entered = span.enter();
            tracing::info!(phone = "5550123", ssn = 987_654_320, pin = ?Some("4482"), plan = "gold", "verified (202) 555-0123");
        });
        assert!(text.contains("caller=[EMAIL] line=2"), "{text}");
        assert!(text.contains("verified [PHONE] phone=[PHONE] ssn=[SSN]"), "{text}");
        assert!(text.contains("plan=gold") && text.contains("[SECRET]"), "{text}");
        assert!(!text.contains("5550123") && !text.contains("4482") && !text.contains("987"), "{text}");
    }

    /// A token maker whose keys are gone.
    struct NoKeys;

    impl MakeToken for NoKeys {
        fn make_token(&self, _: TextKind, _: &Sensitive<String>) -> Result<String, Error> {
            Err(TokenError::UnknownColumn.into())
        }
    }

    #[test]
    fn what_cannot_be_redacted_is_dropped_and_the_event_kept() {
        let redactor = Redactor::new(Scanner::new()).replacing(Replacement::Token(Arc::new(NoKeys)));
        let text = logged(&redactor, || tracing::warn!(account = 7, "SSN 987-65-4320"));
        assert!(text.contains("WARN") && text.contains(DROPPED) && text.contains("account=7"), "{text}");
        assert!(!text.contains("987"), "{text}");

        let lines = Lines::default();
        let out = lines.clone();
        let make = RedactingMakeWriter::new(redactor, move || out.clone());
        let plain = Layer::default().with_writer(make).with_ansi(false).without_time();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(plain), || {
            tracing::warn!("SSN 987-65-4320");
            tracing::warn!("nothing to hide");
        });
        let bytes = lines.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        assert!(
            text.starts_with(DROPPED) && text.contains("nothing to hide") && !text.contains("987"),
            "{text}"
        );
    }
}
