//! TOML with places: schema, policy and keyring files are read key by key, so that every fault
//! can name its line and column, and the word that was probably meant.
//!
//! Rules: a key that nobody asked for is a fault; so is a value of another type; the text of the
//! file is never repeated in an error, because it may be the wrong file.

use core::ops::Range;
use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{FileCause, FileFault};
use crate::vocabulary::{CivilDate, nearest};

/// A file's text, and the name under which faults speak of it.
#[derive(Clone, Copy)]
pub(crate) struct Source<'t> {
    name: Option<&'t str>,
    text: &'t str,
}

impl<'t> Source<'t> {
    /// Longest file, in bytes.
    pub(crate) const MAX_LEN: usize = 1024 * 1024;

    pub(crate) const fn new(name: Option<&'t str>, text: &'t str) -> Self {
        Self { name, text }
    }

    /// The name under which faults speak of it.
    pub(crate) const fn name(&self) -> Option<&'t str> {
        self.name
    }

    /// The whole text.
    pub(crate) const fn text(&self) -> &'t str {
        self.text
    }

    /// Parses the whole file.
    pub(crate) fn parse(self) -> Result<Document<'t>, FileFault> {
        if self.text.len() > Self::MAX_LEN {
            return Err(self.fault(0..0, FileCause::TooLarge { max: Self::MAX_LEN }));
        }
        match DeTable::parse(self.text) {
            Ok(root) => Ok(Document { source: self, root }),
            Err(error) => Err(self.syntax(&error)),
        }
    }

    /// Parses the whole file and keeps its faults. A key that is given twice hides nothing of the
    /// rest of the file; behind a fault of syntax the rest cannot be told.
    pub(crate) fn parse_on(self, faults: &mut Faults) -> Option<Document<'t>> {
        let first = match self.parse() {
            Ok(document) => return Some(document),
            Err(fault) => fault,
        };
        if faults.max == 1 || matches!(first.cause, FileCause::TooLarge { .. }) {
            faults.add(first);
            return None;
        }
        let (root, errors) = DeTable::parse_recoverable(self.text);
        let mut sound = true;
        for error in errors.iter().take(faults.max) {
            let fault = self.syntax(error);
            sound &= fault.cause != FileCause::Syntax;
            // What follows on the line is only what the parser makes of the first.
            if !faults.found.iter().any(|other| other.line == fault.line) {
                faults.add(fault);
            }
        }
        sound.then_some(Document { source: self, root })
    }

    /// A key given twice is a fault of its own: the parser calls it "duplicate key".
    fn syntax(&self, error: &toml::de::Error) -> FileFault {
        let twice = error.message().contains("duplicate key");
        let cause = if twice { FileCause::Duplicate { what: "key" } } else { FileCause::Syntax };
        self.fault(error.span().unwrap_or(0..0), cause)
    }

    pub(crate) fn fault(&self, span: Range<usize>, cause: FileCause) -> FileFault {
        let (line, column) = self.line_and_column(span.start);
        FileFault { file: self.name.map(Into::into), line, column, cause }
    }

    /// Line, and column in characters, of a byte; both from 1.
    pub(crate) fn line_and_column(&self, at: usize) -> (u32, u32) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count().saturating_add(1);
        let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()).saturating_add(1);
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }
}

/// The faults of a file. Reading goes on behind each of them until there are as many as are wanted:
/// one for a host that loads the file, more for a person who corrects it.
pub(crate) struct Faults {
    found: Vec<FileFault>,
    max: usize,
}

impl Faults {
    pub(crate) const fn up_to(max: usize) -> Self {
        Self { found: Vec::new(), max }
    }

    /// What was read; `None` where it was a fault.
    pub(crate) fn keep<T>(&mut self, read: Result<T, FileFault>) -> Option<T> {
        read.map_err(|fault| self.add(fault)).ok()
    }

    pub(crate) fn add(&mut self, fault: FileFault) {
        if !self.is_full() {
            self.found.push(fault);
        }
    }

    /// Whether reading on is of no use.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= self.max
    }

    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    /// The faults in the order of the file.
    pub(crate) fn in_order(mut self) -> Vec<FileFault> {
        self.found.sort_by_key(|fault| (fault.line, fault.column));
        self.found
    }
}

/// A parsed file.
pub(crate) struct Document<'t> {
    source: Source<'t>,
    root: Spanned<DeTable<'t>>,
}

impl<'t> Document<'t> {
    pub(crate) fn root(&self) -> Table<'_, 't> {
        Table {
            source: &self.source,
            table: self.root.get_ref(),
            span: self.root.span(),
            asked: RefCell::default(),
        }
    }
}

/// A table whose keys are asked for one by one; [`Table::finish`] refuses what nobody asked for.
pub(crate) struct Table<'d, 't> {
    source: &'d Source<'t>,
    table: &'d DeTable<'t>,
    span: Range<usize>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'d, 't> Table<'d, 't> {
    /// The value of a key, if it is there.
    pub(crate) fn get(&self, key: &'static str) -> Option<Value<'d, 't>> {
        self.asked.borrow_mut().push(key);
        self.table.get(key).map(|value| Value { source: self.source, value })
    }

    /// The value of a key that must be there.
    pub(crate) fn need(&self, key: &'static str) -> Result<Value<'d, 't>, FileFault> {
        self.get(key).ok_or_else(|| self.fault(FileCause::MissingKey { key }))
    }

    /// Every key with its place and value, in the order of the file, for tables whose keys are the
    /// file's own names.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Key<'d, 't>, Value<'d, 't>)> + use<'d, 't> {
        let source = self.source;
        let mut entries: Vec<_> = self.table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries.into_iter().map(move |(key, value)| (Key { source, key }, Value { source, value }))
    }

    /// Refuses every key that was not asked for.
    pub(crate) fn finish(self) -> Result<(), FileFault> {
        self.unknown().next().map_or(Ok(()), Err)
    }

    /// Keeps a fault for every key that was not asked for. A key that is missing and stands there
    /// misspelt is one mistake, not two.
    pub(crate) fn finish_on(&self, faults: &mut Faults) {
        for fault in self.unknown() {
            if faults.is_full() {
                return;
            }
            if let FileCause::UnknownKey { nearest: Some(key) } = fault.cause {
                let missing = self.fault(FileCause::MissingKey { key });
                faults.found.retain(|other| *other != missing);
            }
            faults.add(fault);
        }
    }

    /// The faults of the keys that were not asked for, in the order of the file.
    fn unknown(&self) -> impl Iterator<Item = FileFault> {
        let asked = self.asked.borrow().clone();
        let mut unknown: Vec<_> =
            self.table.keys().filter(|key| !asked.contains(&key.get_ref().as_ref())).collect();
        unknown.sort_by_key(|key| key.span().start);
        unknown.into_iter().map(move |key| {
            let nearest = nearest(key.get_ref(), asked.iter().copied());
            let nearest = asked.iter().copied().find(|known| Some(*known) == nearest);
            self.source.fault(key.span(), FileCause::UnknownKey { nearest })
        })
    }

    /// Where the table begins, in bytes.
    pub(crate) fn at(&self) -> usize {
        self.span.start
    }

    /// A fault of the table as a whole.
    pub(crate) fn fault(&self, cause: FileCause) -> FileFault {
        self.source.fault(self.span.clone(), cause)
    }
}

/// A key that is a name of the file's own.
pub(crate) struct Key<'d, 't> {
    source: &'d Source<'t>,
    key: &'d Spanned<toml::de::DeString<'t>>,
}

impl Key<'_, '_> {
    pub(crate) fn text(&self) -> &str {
        self.key.get_ref()
    }

    pub(crate) fn fault(&self, cause: FileCause) -> FileFault {
        self.source.fault(self.key.span(), cause)
    }
}

/// A value with its place.
#[derive(Clone, Copy)]
pub(crate) struct Value<'d, 't> {
    source: &'d Source<'t>,
    value: &'d Spanned<DeValue<'t>>,
}

impl<'d, 't> Value<'d, 't> {
    pub(crate) fn text(&self) -> Result<&'d str, FileFault> {
        self.value.get_ref().as_str().ok_or_else(|| self.wrong("a string"))
    }

    /// A whole number, from 0.
    pub(crate) fn number(&self) -> Result<u64, FileFault> {
        let number = self.value.get_ref().as_integer();
        let number = number.and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok());
        number.ok_or_else(|| self.wrong("a whole number from 0"))
    }

    /// A date such as `2007-12-08`, without a time.
    pub(crate) fn date(&self) -> Result<CivilDate, FileFault> {
        let date = self.value.get_ref().as_datetime().filter(|d| d.time.is_none() && d.offset.is_none());
        let date = date.and_then(|d| d.date).and_then(|date| {
            let (year, month) = (i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?);
            CivilDate::new(year, month, i8::try_from(date.day).ok()?)
        });
        date.ok_or_else(|| self.wrong("a date such as 2007-12-08"))
    }

    pub(crate) fn table(&self) -> Result<Table<'d, 't>, FileFault> {
        let table = self.value.get_ref().as_table().ok_or_else(|| self.wrong("a table"))?;
        Ok(Table { source: self.source, table, span: self.value.span(), asked: RefCell::default() })
    }

    pub(crate) fn list(&self) -> Result<impl Iterator<Item = Value<'d, 't>> + use<'d, 't>, FileFault> {
        let source = self.source;
        let list = self.value.get_ref().as_array().ok_or_else(|| self.wrong("a list"))?;
        Ok(list.iter().map(move |value| Value { source, value }))
    }

    /// A word of a vocabulary.
    pub(crate) fn word<T: Copy>(
        &self,
        what: &'static str,
        known: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<T, FileFault> {
        let given = self.text()?;
        known.iter().copied().find(|word| name(*word) == given).ok_or_else(|| {
            let nearest = nearest(given, known.iter().map(|word| name(*word))).map(Into::into);
            self.fault(FileCause::UnknownName { what, nearest })
        })
    }

    /// A list of words of a vocabulary, at least one, none twice; those of them that are right.
    pub(crate) fn words<T: Copy + PartialEq>(
        &self,
        what: &'static str,
        known: &[T],
        name: impl Fn(T) -> &'static str,
        faults: &mut Faults,
    ) -> Vec<T> {
        let mut words = Vec::new();
        let Some(list) = faults.keep(self.list()) else { return words };
        let mut empty = true;
        for value in list {
            empty = false;
            if faults.is_full() {
                break;
            }
            match faults.keep(value.word(what, known, &name)) {
                Some(word) if words.contains(&word) => faults.add(value.fault(FileCause::Duplicate { what })),
                Some(word) => words.push(word),
                None => {}
            }
        }
        if empty {
            faults.add(self.fault(FileCause::Invalid { why: "this list is empty" }));
        }
        words
    }

    /// A fault of this value.
    pub(crate) fn fault(&self, cause: FileCause) -> FileFault {
        self.source.fault(self.value.span(), cause)
    }

    fn wrong(&self, expected: &'static str) -> FileFault {
        self.fault(FileCause::WrongType { expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<u64, FileFault> {
        let document = Source::new(Some("x.toml"), text).parse()?;
        let root = document.root();
        let table = root.need("limits")?.table()?;
        let number = table.need("seconds")?.number()?;
        table.finish()?;
        root.finish()?;
        Ok(number)
    }

    #[test]
    fn a_fault_names_its_place_and_the_word_that_was_meant() {
        assert_eq!(read("limits = { seconds = 3 }"), Ok(3));
        assert_eq!(
            read("\nlimits = { secnds = 3, seconds = 4 }").unwrap_err().to_string(),
            "x.toml:2:12: unknown key; did you mean `seconds`?"
        );
        assert_eq!(read("limits = {}").unwrap_err().to_string(), "x.toml:1:10: the key `seconds` is missing");
        assert_eq!(
            read("limits = { seconds = -1 }").unwrap_err().to_string(),
            "x.toml:1:22: expected a whole number from 0"
        );
        assert_eq!(
            read("limits = { seconds = 1, seconds = 2 }").unwrap_err().cause,
            FileCause::Duplicate { what: "key" }
        );
        assert_eq!(read("limits = ").unwrap_err().cause, FileCause::Syntax);
        assert_eq!(
            read(&"#".repeat(Source::MAX_LEN + 1)).unwrap_err().cause,
            FileCause::TooLarge { max: Source::MAX_LEN }
        );
    }
}
