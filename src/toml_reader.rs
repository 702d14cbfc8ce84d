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
            // A key given twice is a fault of its own: the parser calls it "duplicate key".
            Err(error) if error.message().contains("duplicate key") => {
                Err(self.fault(error.span().unwrap_or(0..0), FileCause::Duplicate { what: "key" }))
            }
            Err(error) => Err(self.fault(error.span().unwrap_or(0..0), FileCause::Syntax)),
        }
    }

    pub(crate) fn fault(&self, span: Range<usize>, cause: FileCause) -> FileFault {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count().saturating_add(1);
        let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()).saturating_add(1);
        FileFault {
            file: self.name.map(Into::into),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
            cause,
        }
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
        let asked = self.asked.into_inner();
        let unknown = self.table.iter().filter(|(key, _)| !asked.contains(&key.get_ref().as_ref()));
        match unknown.min_by_key(|(key, _)| key.span().start) {
            None => Ok(()),
            Some((key, _)) => {
                let nearest = nearest(key.get_ref(), asked.iter().copied());
                let nearest = asked.iter().copied().find(|known| Some(*known) == nearest);
                Err(self.source.fault(key.span(), FileCause::UnknownKey { nearest }))
            }
        }
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

    /// A list of words of a vocabulary, at least one, none twice.
    pub(crate) fn words<T: Copy + PartialEq>(
        &self,
        what: &'static str,
        known: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<Vec<T>, FileFault> {
        let mut words = Vec::new();
        for value in self.list()? {
            let word = value.word(what, known, &name)?;
            if words.contains(&word) {
                return Err(value.fault(FileCause::Duplicate { what }));
            }
            words.push(word);
        }
        if words.is_empty() {
            return Err(self.fault(FileCause::Invalid { why: "this list is empty" }));
        }
        Ok(words)
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
