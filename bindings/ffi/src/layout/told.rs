//! What a view says of its fields, without their values, as one run of bytes.
//!
//! Why: as records, the decisions on sixteen fields are some hundred objects in Kotlin and Swift, made for
//! every view and looked at for few. Here a decision is decoded when somebody looks at it, and stands there
//! once for all fields that it is the same for.

use cpni_guard::policy::Decision;
use cpni_guard::vocabulary::{Form, WithheldBecause};
use cpni_guard::{FieldView, View};

use super::{NONE, put_str8, put_u16, put_u32};
use crate::error::CpniError;

const WITHHELD: u8 = 0;
const ABSENT: u8 = 1;
const DISCLOSED: u8 = 2;
/// Audit index, count of decisions, count of fields.
const HEAD_LEN: usize = 8 + 2 + 2;
/// Length of the name, state and place of the decision of a field.
const FIELD_LEN: usize = 1 + 1 + 2;

/// A decision, as far as it is told at once.
#[derive(PartialEq, Eq)]
pub(super) struct Told<'d> {
    codes: [u8; 8],
    for_agent: &'d str,
}

impl<'d> Told<'d> {
    pub(super) fn of(decision: &'d Decision) -> Self {
        let [d3, d2, d1, d0] = decision.obligations().bits().to_be_bytes();
        let codes = [
            decision.outcome().code(),
            decision.form().map_or(NONE, Form::code),
            decision.scope().code(),
            decision.because().map_or(NONE, WithheldBecause::code),
            d3,
            d2,
            d1,
            d0,
        ];
        Self { codes, for_agent: decision.for_agent() }
    }

    /// How many bytes `put` writes.
    pub(super) fn len(&self) -> usize {
        self.codes.len() + 4 + self.for_agent.len()
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) -> Result<(), CpniError> {
        out.extend(self.codes);
        put_u32(out, self.for_agent.len())?;
        out.extend_from_slice(self.for_agent.as_bytes());
        Ok(())
    }
}

/// Whether there is a value.
pub(super) fn state(shown: &FieldView<'_>) -> u8 {
    match shown {
        FieldView::Withheld(_) => WITHHELD,
        FieldView::Absent(_) => ABSENT,
        FieldView::Disclosed(_) => DISCLOSED,
    }
}

/// The answer to a view.
pub(crate) fn told(view: &View) -> Result<Vec<u8>, CpniError> {
    let mut decisions: Vec<Told<'_>> = Vec::with_capacity(4);
    let mut fields: Vec<(&str, u8, usize)> = Vec::with_capacity(16);
    let mut len = HEAD_LEN;
    for (name, shown) in view.fields() {
        let told = Told::of(shown.decision());
        let place = decisions.iter().position(|known| *known == told).unwrap_or_else(|| {
            len = len.saturating_add(told.len());
            decisions.push(told);
            decisions.len() - 1
        });
        len = len.saturating_add(FIELD_LEN).saturating_add(name.as_str().len());
        fields.push((name.as_str(), state(&shown), place));
    }
    let mut out = Vec::with_capacity(len);
    out.extend(view.audit_index().to_be_bytes());
    put_u16(&mut out, decisions.len())?;
    for told in &decisions {
        told.put(&mut out)?;
    }
    put_u16(&mut out, fields.len())?;
    for (name, state, place) in fields {
        put_str8(&mut out, name)?;
        out.push(state);
        put_u16(&mut out, place)?;
    }
    Ok(out)
}
