//! Records of the host that serialise as their masks: every field is looked up in the schema.
//!
//! Rules: a field that the schema names is its mask, whatever it holds; any other is withheld whole, and of a
//! map its key too, for a key can be a customer's; the host may name fields that only hold others, and these are
//! gone into. A value outside of any field, and the variant of an enum, are withheld. Default: the kind only,
//! and no value is looked at.
//!
//! Security note: the names of a struct's fields, how many rows a list at the top has, and whether
//! `skip_serializing_if` left out a field do show. Faults of a host's `Serialize` carry no text out of here.

mod reader;
#[cfg(test)]
mod tests;
mod walker;

use core::fmt;

use serde::{Serialize, Serializer};

use super::kind::MaskKind;
use super::mask::{DOTS, Mask, MaskForm};
use crate::classify::Schema;
use reader::TextReader;
use walker::{Fault, Walker};

/// Wraps a struct, a map, a JSON document or rows of these, so that it serialises and prints with every field
/// masked as `schema` says. See [`BySchema`].
pub const fn by_schema<'a, T: Serialize + ?Sized>(schema: &'a Schema, value: &'a T) -> BySchema<'a, T> {
    BySchema { rules: Rules { schema, within: &[], form: MaskForm::Kind }, value }
}

/// A host's own value, to be logged or returned. It serialises with any format; `Display` and `Debug` give one
/// line of JSON, or `••••` if the value cannot be serialised.
///
/// ```
/// use cpni_guard::classify::Schema;
/// use cpni_guard::redact::{MaskForm, by_schema};
///
/// #[derive(serde::Serialize)]
/// struct Customer<'a> {
///     ssn: &'a str,
///     card: &'a str,
///     note: &'a str, // the schema does not name it
/// }
///
/// let schema = Schema::from_toml(
///     r#"
///     [fields]
///     ssn  = { class = "ssn" }
///     card = { class = "payment", kind = "pan" }
///     "#,
/// )?;
/// let dana = Customer { ssn: "987-65-4321", card: "4111 1111 1111 1111", note: "moves in May" };
/// let logged = by_schema(&schema, &dana);
/// assert_eq!(logged.to_string(), r#"{"ssn":"[SSN]","card":"[CARD]","note":"••••"}"#);
/// let shown = by_schema(&schema, &dana).showing(MaskForm::Part);
/// assert_eq!(shown.to_string(), r#"{"ssn":"••••","card":"••••1111","note":"••••"}"#);
///
/// let page = serde_json::json!({ "customers": [{ "ssn": "987-65-4321", "987-65-4322": 1 }] });
/// assert_eq!(by_schema(&schema, &page).to_string(), r#"{"••••":"••••"}"#);
/// assert_eq!(
///     by_schema(&schema, &page).within(&["customers"]).to_string(),
///     r#"{"customers":[{"••••":"••••","ssn":"[SSN]"}]}"#,
/// );
/// # Ok::<(), cpni_guard::error::SchemaError>(())
/// ```
pub struct BySchema<'a, T: ?Sized> {
    rules: Rules<'a>,
    value: &'a T,
}

impl<'a, T: ?Sized> BySchema<'a, T> {
    /// Goes into fields of these names, which hold other fields: a nested struct, a map, a list of rows. A name
    /// that the schema has as well stays masked whole.
    #[must_use]
    pub const fn within(mut self, names: &'a [&'a str]) -> Self {
        self.rules.within = names;
        self
    }

    /// Shows of each field what `form` and its kind allow. What is no text shows no part.
    #[must_use]
    pub const fn showing(mut self, form: MaskForm) -> Self {
        self.rules.form = form;
        self
    }
}

impl<T: Serialize + ?Sized> Serialize for BySchema<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Walk { rules: self.rules, value: self.value }.serialize(serializer)
    }
}

impl<T: Serialize + ?Sized> fmt::Display for BySchema<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whole or not at all.
        f.write_str(serde_json::to_string(self).as_deref().unwrap_or(DOTS))
    }
}

impl<T: Serialize + ?Sized> fmt::Debug for BySchema<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How names are looked up.
#[derive(Clone, Copy)]
struct Rules<'a> {
    schema: &'a Schema,
    within: &'a [&'a str],
    form: MaskForm,
}

/// What becomes of a field.
#[derive(Clone, Copy)]
enum Fate<'a> {
    /// The schema names it so.
    Masked(&'a str, MaskKind),
    /// The host says that it holds other fields.
    Within(&'a str),
    /// Nobody says what it is.
    Withheld,
}

impl<'a> Rules<'a> {
    fn fate(self, name: Option<&str>) -> Fate<'a> {
        let Some(name) = name else { return Fate::Withheld };
        if let Some(spec) = self.schema.field(name) {
            return Fate::Masked(spec.name().as_str(), MaskKind::of_field(spec));
        }
        match self.within.iter().find(|within| **within == name) {
            Some(within) => Fate::Within(within),
            None => Fate::Withheld,
        }
    }
}

/// A value that holds fields.
struct Walk<'a, T: ?Sized> {
    rules: Rules<'a>,
    value: &'a T,
}

impl<T: Serialize + ?Sized> Serialize for Walk<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Walker { rules: self.rules, inner: serializer }).map_err(Fault::into_inner)
    }
}

/// The value of a field that is masked.
struct Field<'a, T: ?Sized> {
    kind: MaskKind,
    form: MaskForm,
    value: &'a T,
}

impl<T: Serialize + ?Sized> Serialize for Field<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, form) = (self.kind, self.form);
        let mask = match form {
            MaskForm::Withheld => Mask::WITHHELD,
            MaskForm::Kind => Mask::of_kind(kind),
            MaskForm::Last(_) | MaskForm::Part => {
                let read = |text: Option<&str>| text.map(|text| Mask::new(kind, form, text));
                self.value.serialize(TextReader(read)).ok().flatten().unwrap_or(Mask::WITHHELD)
            }
        };
        mask.serialize(serializer)
    }
}
