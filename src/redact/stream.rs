//! Streams: what goes through is redacted, with no more than 11 KiB held.
//!
//! Rules: the result is that of the whole text, wherever it is cut. The last 640 bytes, and what is in doubt
//! before them, are held back until more comes or the stream is ended: `flush` does not let them out, or a
//! number would leave in two halves. A value that cannot be replaced ends the stream: what is held is wiped and
//! never written.

use std::fmt;
use std::io::{self, Read, Write};

use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, RedactError};

use super::redactor::Redactor;
use super::scan::{AHEAD, BACK, Step, TextFinding, Walk};

/// Bytes that are taken in at once.
const PIECE: usize = 8 * 1024;
/// Bytes that are held at most: a piece, and what is held back.
const HELD: usize = PIECE + AHEAD + BACK;

/// The state of a stream: text held back, and where the scan is in it.
struct Stream {
    redactor: Redactor,
    held: Zeroizing<Vec<u8>>,
    walk: Walk,
    /// Up to here the held text has been given out.
    done: usize,
    failed: bool,
    /// Bytes of the whole text before what is held.
    base: usize,
}

impl Stream {
    fn new(redactor: Redactor) -> Self {
        let held = Zeroizing::new(Vec::with_capacity(HELD));
        Self { redactor, held, walk: Walk::START, done: 0, failed: false, base: 0 }
    }

    /// Takes in some text and gives out what is sure.
    fn push(
        &mut self,
        text: &[u8],
        out: &mut Vec<u8>,
        look: &mut dyn FnMut(&TextFinding),
    ) -> Result<(), RedactError> {
        for piece in text.chunks(PIECE) {
            // INVARIANT: at most HELD bytes, so the buffer never grows and leaves no copy.
            self.held.extend_from_slice(piece);
            self.run(false, out, look)?;
        }
        Ok(())
    }

    /// Gives out the rest.
    fn end(&mut self, out: &mut Vec<u8>, look: &mut dyn FnMut(&TextFinding)) -> Result<(), RedactError> {
        self.run(true, out, look)?;
        self.held.zeroize();
        (self.walk, self.done) = (Walk::START, 0);
        Ok(())
    }

    fn run(
        &mut self,
        is_whole: bool,
        out: &mut Vec<u8>,
        look: &mut dyn FnMut(&TextFinding),
    ) -> Result<(), RedactError> {
        if self.failed {
            return Err(RedactError::NotReplaced);
        }
        loop {
            match self.redactor.scanner().step(&self.held, &mut self.walk, 0, is_whole) {
                Step::Found(found) => {
                    look(&found.moved(self.base));
                    out.extend_from_slice(self.held.get(self.done..found.start()).unwrap_or_default());
                    let written = self.held.get(found.range()).unwrap_or_default();
                    let replaced = self.redactor.replace(found.kind(), written, out);
                    if replaced.is_err() || self.walk.is_unsettled {
                        self.failed = true;
                        self.held.zeroize();
                        return Err(RedactError::NotReplaced);
                    }
                    self.done = found.end();
                }
                Step::More => break,
                Step::End => {
                    out.extend_from_slice(self.held.get(self.done..).unwrap_or_default());
                    self.done = self.held.len();
                    return Ok(());
                }
            }
        }
        let sure = self.walk.sure();
        if sure > self.done {
            out.extend_from_slice(self.held.get(self.done..sure).unwrap_or_default());
            self.done = sure;
        }
        let gone = self.done;
        self.held.drain(..gone);
        self.walk.shift(gone);
        self.base = self.base.saturating_add(gone);
        self.done = 0;
        Ok(())
    }
}

/// A writer that redacts what goes through it, the same wherever the text is cut: [`Redactor::writer`].
///
/// [`RedactingWriter::finish`] writes the end of the text; a drop does too, but tells nobody if it fails.
pub struct RedactingWriter<W: Write> {
    stream: Stream,
    inner: Option<W>,
    out: Vec<u8>,
}

impl<W: Write> RedactingWriter<W> {
    pub(super) fn new(redactor: Redactor, inner: W) -> Self {
        Self { stream: Stream::new(redactor), inner: Some(inner), out: Vec::new() }
    }

    /// Writes, and shows to `look` each finding that is sure by now, placed in the whole of what went through.
    ///
    /// # Errors
    /// As [`Write::write_all`].
    pub fn write_and_look(&mut self, text: &[u8], mut look: impl FnMut(&TextFinding)) -> io::Result<()> {
        let pushed = self.stream.push(text, &mut self.out, &mut look);
        self.write_out()?;
        pushed.map_err(failed)
    }

    /// Writes the end of the text, and gives the inner writer back.
    ///
    /// # Errors
    /// Those of the inner writer; [`RedactError::NotReplaced`] inside an [`io::Error`].
    pub fn finish(self) -> io::Result<W> {
        self.finish_and_look(|_| {})
    }

    /// The same as [`RedactingWriter::finish`], and shows the last findings.
    ///
    /// # Errors
    /// As [`RedactingWriter::finish`].
    pub fn finish_and_look(mut self, mut look: impl FnMut(&TextFinding)) -> io::Result<W> {
        let ended = self.stream.end(&mut self.out, &mut look);
        self.write_out()?;
        ended.map_err(failed)?;
        self.inner.take().ok_or_else(|| failed(RedactError::NotReplaced))
    }

    fn write_out(&mut self) -> io::Result<()> {
        let Some(inner) = &mut self.inner else { return Ok(()) };
        let written = inner.write_all(&self.out);
        self.out.clear();
        written
    }
}

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.write_and_look(text, |_| {})?;
        Ok(text.len())
    }

    /// Flushes the inner writer. What is held back stays.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl<W: Write> Drop for RedactingWriter<W> {
    fn drop(&mut self) {
        if self.inner.is_some() && self.stream.end(&mut self.out, &mut |_| {}).is_ok() {
            let _ignored = self.write_out().is_ok();
        }
    }
}

/// Silent: it holds a customer's text.
impl<W: Write> fmt::Debug for RedactingWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedactingWriter(..)")
    }
}

/// A reader that redacts what comes through it: [`Redactor::reader`].
pub struct RedactingReader<R: Read> {
    stream: Stream,
    inner: R,
    piece: Zeroizing<Vec<u8>>,
    out: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> RedactingReader<R> {
    pub(super) fn new(redactor: Redactor, inner: R) -> Self {
        let piece = Zeroizing::new(vec![0; PIECE]);
        Self { stream: Stream::new(redactor), inner, piece, out: Vec::new(), given: 0, ended: false }
    }
}

impl<R: Read> Read for RedactingReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.out.len() && !self.ended && !into.is_empty() {
            self.out.clear();
            self.given = 0;
            let len = match self.inner.read(&mut self.piece) {
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let pushed = if len == 0 {
                self.ended = true;
                self.stream.end(&mut self.out, &mut |_| {})
            } else {
                let read = self.piece.get(..len).unwrap_or_default();
                self.stream.push(read, &mut self.out, &mut |_| {})
            };
            if let Err(error) = pushed {
                self.out.clear();
                return Err(failed(error));
            }
        }
        let rest = self.out.get(self.given..).unwrap_or_default();
        let len = rest.len().min(into.len());
        if let (Some(into), Some(rest)) = (into.get_mut(..len), rest.get(..len)) {
            into.copy_from_slice(rest);
        }
        self.given += len;
        Ok(len)
    }
}

/// Silent: it holds a customer's text.
impl<R: Read> fmt::Debug for RedactingReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedactingReader(..)")
    }
}

fn failed(error: RedactError) -> io::Error {
    io::Error::other(Error::from(error))
}
