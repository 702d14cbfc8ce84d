//! Many views of one request as one run of bytes.
//!
//! Why: an object, a call for its values and a call to free it cost Kotlin more than the view itself.
//! What is the same for a thousand records, names and decisions, is written once.
//!
//! Security note: each record's values are in a buffer made at its length, which is wiped once they are
//! in the answer, and a view is dropped as soon as it is written.

use cpni_guard::policy::Decision;
use cpni_guard::{FieldView, View};
use zeroize::Zeroizing;

use super::told::{Told, state};
use super::{NONE, Value as _, put_str8, put_u16, put_u32, value_len, write_content};
use crate::decision::Decided;
use crate::error::CpniError;

const FAILED: u8 = 0;
const VIEWED: u8 = 1;
/// Result and audit index of a record.
const VIEWED_LEN: usize = 1 + 8;
/// State, place of the decision, shape and length of a field.
const FIELD_LEN: usize = 1 + 4 + 1 + 4;
/// How long the records of an answer may be in all: an array of Java holds less than 2 GiB.
const MOST_BYTES: usize = 1 << 28;

/// The answer to a batch, while it is put together.
pub(crate) struct Batch<'b> {
    names: Vec<&'b str>,
    /// For each name, the places of its decisions in `decisions`.
    places: Vec<Vec<u32>>,
    /// Each one once, with the place of its name.
    decisions: Vec<(u16, Decision)>,
    records: Vec<Zeroizing<Vec<u8>>>,
    len: usize,
    most: usize,
}

impl<'b> Batch<'b> {
    /// Of requests for these fields.
    pub(crate) fn new(names: impl Iterator<Item = &'b str>) -> Self {
        let names: Vec<_> = names.collect();
        let places = vec![Vec::new(); names.len()];
        Self { names, places, decisions: Vec::new(), records: Vec::new(), len: 0, most: MOST_BYTES }
    }

    /// Adds the next record: what `view` gives, or the code that it fails with. Nothing is asked where
    /// the answer is full.
    pub(crate) fn add(&mut self, view: impl FnOnce() -> Result<View, CpniError>) {
        let record = if self.len < self.most { view() } else { Err(CpniError::LAYOUT) };
        let record = record.and_then(|view| self.record(&view)).unwrap_or_else(|refused| {
            let [high, low] = refused.code().to_be_bytes();
            Zeroizing::new(vec![FAILED, high, low])
        });
        self.len = self.len.saturating_add(record.len()).saturating_add(4);
        self.records.push(record);
    }

    /// The whole answer, and the decisions that it speaks of by their places.
    pub(crate) fn finish(self) -> Result<(Vec<u8>, Decided), CpniError> {
        let names = self.names.iter().fold(2, |len, name| len + 1 + name.len());
        let texts = self.decisions.iter().fold(4, |len, (_, decision)| len + 2 + Told::of(decision).len());
        let mut out =
            Vec::with_capacity(names.saturating_add(texts).saturating_add(4).saturating_add(self.len));
        put_u16(&mut out, self.names.len())?;
        for name in &self.names {
            put_str8(&mut out, name)?;
        }
        put_u32(&mut out, self.decisions.len())?;
        for (name, decision) in &self.decisions {
            out.extend(name.to_be_bytes());
            Told::of(decision).put(&mut out)?;
        }
        put_u32(&mut out, self.records.len())?;
        for record in &self.records {
            put_u32(&mut out, record.len())?;
            out.extend_from_slice(record);
        }
        let name = |place: u16| self.names.get(usize::from(place)).map_or("", |name| *name).to_owned();
        Ok((out, self.decisions.into_iter().map(|(place, decision)| (name(place), decision)).collect()))
    }

    fn record(&mut self, view: &View) -> Result<Zeroizing<Vec<u8>>, CpniError> {
        let mut len = VIEWED_LEN;
        let mut count = 0_usize;
        for (_, shown) in view.fields() {
            let value = if let FieldView::Disclosed(value) = shown {
                value.look(|value| Ok(value_len(value)))?
            } else {
                0
            };
            len = len.saturating_add(FIELD_LEN).saturating_add(value);
            count = count.saturating_add(1);
        }
        // INVARIANT: a view has what was asked for, in that order.
        if count != self.names.len() || self.len.saturating_add(len) > self.most {
            return Err(CpniError::LAYOUT);
        }
        let mut out = Zeroizing::new(Vec::with_capacity(len));
        out.push(VIEWED);
        out.extend(view.audit_index().to_be_bytes());
        for (at, (_, shown)) in view.fields().enumerate() {
            out.push(state(&shown));
            out.extend(self.place(at, shown.decision())?.to_be_bytes());
            match shown {
                FieldView::Withheld(_) | FieldView::Absent(_) => out.extend([NONE, 0, 0, 0, 0]),
                FieldView::Disclosed(value) => value.look(|value| write_content(&mut out, value))?,
            }
        }
        Ok(out)
    }

    /// Where this decision on a field stands among the decisions; the last one first, because most are alike.
    fn place(&mut self, at: usize, decision: &Decision) -> Result<u32, CpniError> {
        let places = self.places.get_mut(at).ok_or(CpniError::LAYOUT)?;
        let is_it = |place: &&u32| {
            let known = usize::try_from(**place).ok().and_then(|place| self.decisions.get(place));
            known.is_some_and(|(_, known)| known == decision)
        };
        if let Some(known) = places.iter().rev().find(is_it) {
            return Ok(*known);
        }
        let place = u32::try_from(self.decisions.len()).map_err(|_| CpniError::LAYOUT)?;
        self.decisions.push((u16::try_from(at).map_err(|_| CpniError::LAYOUT)?, decision.clone()));
        places.push(place);
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_asked_for_a_full_answer() {
        let mut batch = Batch::new(["name"].into_iter());
        batch.most = 7;
        let mut asked = 0;
        for _ in 0..3 {
            batch.add(|| {
                asked += 1;
                Err(CpniError::BUSY)
            });
        }
        assert_eq!(asked, 1, "the code of the first, with its length, is 7 bytes");
        let (answer, decisions) = batch.finish().unwrap();
        let record = |code: u16| [&[0, 0, 0, 3, FAILED][..], &code.to_be_bytes()].concat();
        let records = [&[0, 0, 0, 0, 0, 0, 0, 3][..], &record(9304), &record(9302), &record(9302)].concat();
        assert_eq!(answer, [&[0, 1, 4][..], b"name", &records].concat());
        assert!(decisions.is_empty());
        assert_eq!(answer.len(), answer.capacity(), "made at its length");
    }

    /// The codes of `docs/spec/binding-layout-v1.md`, which Kotlin holds in lists.
    #[test]
    fn the_codes_are_those_of_the_layout() {
        use cpni_guard::vocabulary::{Form, Obligation, Outcome, Scope, WithheldBecause};
        let outcomes = ["disclose", "disclose_limited", "verify_only", "withhold"];
        assert!(Outcome::ALL.iter().map(|it| (it.code(), it.name())).eq((1..).zip(outcomes)));
        let forms = ["match", "token", "masked", "full"];
        assert!(Form::ALL.iter().map(|it| (it.code(), it.name())).eq((1..).zip(forms)));
        assert!(Scope::ALL.iter().map(|it| (it.code(), it.name())).eq((1..).zip(["whole", "named_call"])));
        let causes = ["forbidden", "not_granted", "facts_missing", "held"];
        assert!(WithheldBecause::ALL.iter().map(|it| (it.code(), it.name())).eq((1..).zip(causes)));
        let duties = [
            "audit",
            "notify_change",
            "notify_before",
            "suppress_change_notice",
            "record_disclosure",
            "record_campaign",
            "expire_at_contact_end",
            "omit_covered_hotlines",
            "count_sim_change",
            "alert",
            "hold_for_human",
        ];
        assert!(Obligation::ALL.iter().map(|it| (it.code(), it.name())).eq((1..).zip(duties)));
    }
}
