//! Schemas: which fields a host's records have, read from TOML, one line a field.
//!
//! Rules: every key and word must be known; a kind of identifier must fit the class of its field
//! (`kinds_of` is the table); every field of class `ssn` brings a second one, `<name>_last4` of
//! class `ssn_last4`, because the last four digits are a forbidden authenticator of their own
//! (47 CFR 64.2003(m)). Faults name the file, line and column, and the word that was meant.
//!
//! Security note: a schema is the carrier's configuration, not customer data; still no fault
//! repeats its text, because the file may be the wrong one.

mod indexes;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::IndexSpec;
use super::identifiers::{AccountPattern, PatternFault};
use crate::error::{FileCause, FileFault, SchemaError};
use crate::toml_reader::{Key, Source, Value};
use crate::vocabulary::{DataClass, FieldName, IdentifierKind, MAX_NAME_LEN, Shape};

/// Most fields of a schema, with the derived ones.
pub const MAX_FIELDS: usize = 256;
/// What the name of the derived field adds to the name of its SSN field.
pub const LAST_FOUR_SUFFIX: &str = "_last4";

/// The fields of a host's records.
///
/// ```
/// use cpni_guard::classify::Schema;
/// use cpni_guard::vocabulary::{DataClass, IdentifierKind, Shape};
///
/// let schema = Schema::from_toml(
///     r#"
///     [fields]
///     name        = { class = "identity" }
///     ssn         = { class = "ssn" }
///     mobile      = { class = "account_info", kind = "nanp" }
///     account     = { class = "account_info", kind = "account_number", pattern = "[0-9]{12}" }
///     call_detail = { class = "call_detail" }
///     "#,
/// )?;
/// assert_eq!(schema.fields().len(), 6);
/// assert_eq!(schema.field("mobile").unwrap().kind(), Some(IdentifierKind::Nanp));
/// assert_eq!(schema.field("call_detail").unwrap().shape(), Shape::Calls);
/// let last_four = schema.field("ssn_last4").unwrap();
/// assert_eq!(last_four.class(), DataClass::SsnLast4);
/// assert_eq!(last_four.derived_from().unwrap().as_str(), "ssn");
/// # Ok::<(), cpni_guard::error::SchemaError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Schema {
    /// INVARIANT: sorted by name, no name twice, `index` is the position.
    fields: Vec<FieldSpec>,
    /// INVARIANT: as the fields, by `position`; they name fields that are there.
    indexes: Vec<IndexSpec>,
}

impl Schema {
    /// Reads a schema from TOML text: a table `[fields]` with one key a field, and, where accounts are to
    /// be found by some of them, a table `[indexes]` with one key an index.
    ///
    /// A field has `class` (needed), `kind`, `pattern` (only with `kind = "account_number"`) and
    /// `shape` (`"value"` or `"calls"`; a `call_detail` field is a list of calls unless it says
    /// otherwise). A field of class `ssn` has kind `ssn`, stated or not.
    ///
    /// An index has `fields` (1 to 4 of them), `bits`, and the population that these were planned for
    /// ([`super::Population`]): `rows`, `distinct` and, if it is known, `most_common`. A plan that is refused is a
    /// fault of the file.
    ///
    /// # Errors
    /// [`SchemaError::File`]: the first fault with its place.
    pub fn from_toml(text: &str) -> Result<Self, SchemaError> {
        read(Source::new(None, text)).map_err(SchemaError::File)
    }

    /// Reads a schema from TOML text; faults speak of it as `name`.
    ///
    /// # Errors
    /// [`SchemaError::File`]: the first fault with its place.
    pub fn from_toml_named(name: &str, text: &str) -> Result<Self, SchemaError> {
        read(Source::new(Some(name), text)).map_err(SchemaError::File)
    }

    /// Reads a schema file of at most 1 MiB.
    ///
    /// # Errors
    /// [`SchemaError::Unreadable`] if it cannot be read, [`SchemaError::File`] for its first fault.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SchemaError> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|_| SchemaError::Unreadable)?;
        // One byte over the limit is enough to see that the file is too large.
        let limit = u64::try_from(Source::MAX_LEN).unwrap_or(u64::MAX).saturating_add(1);
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes).map_err(|_| SchemaError::Unreadable)?;
        let name = path.display().to_string();
        match core::str::from_utf8(&bytes) {
            Ok(text) => Self::from_toml_named(&name, text),
            Err(_) if bytes.len() > Source::MAX_LEN => {
                let cause = FileCause::TooLarge { max: Source::MAX_LEN };
                Err(SchemaError::File(Source::new(Some(&name), "").fault(0..0, cause)))
            }
            Err(error) => {
                let valid = error.valid_up_to();
                let text = bytes.get(..valid).and_then(|start| core::str::from_utf8(start).ok());
                let source = Source::new(Some(&name), text.unwrap_or_default());
                Err(SchemaError::File(source.fault(valid..valid, FileCause::Syntax)))
            }
        }
    }

    /// The field with this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FieldSpec> {
        let found = self.fields.binary_search_by(|field| field.name.as_str().cmp(name)).ok()?;
        self.fields.get(found)
    }

    /// Every field, the derived ones too, sorted by name.
    #[must_use]
    pub fn fields(&self) -> &[FieldSpec] {
        &self.fields
    }

    /// Every index, sorted by name.
    #[must_use]
    pub fn indexes(&self) -> &[IndexSpec] {
        &self.indexes
    }

    /// The index with this name.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<&IndexSpec> {
        let found = self.indexes.binary_search_by(|index| index.name().as_str().cmp(name)).ok()?;
        self.indexes.get(found)
    }

    /// INVARIANT for the caller: no name twice, at most [`MAX_FIELDS`].
    fn new(mut fields: Vec<FieldSpec>) -> Self {
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        for (index, field) in fields.iter_mut().enumerate() {
            field.index = index;
        }
        Self { fields, indexes: Vec::new() }
    }
}

/// One field of a schema.
#[derive(Debug, Clone)]
pub struct FieldSpec {
    name: FieldName,
    class: DataClass,
    kind: Option<IdentifierKind>,
    pattern: Option<AccountPattern>,
    shape: Shape,
    derived_from: Option<FieldName>,
    derives: Option<FieldName>,
    index: usize,
}

impl FieldSpec {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &FieldName {
        &self.name
    }

    /// What it holds.
    #[must_use]
    pub const fn class(&self) -> DataClass {
        self.class
    }

    /// The kind of identifier in it, if it holds one.
    #[must_use]
    pub const fn kind(&self) -> Option<IdentifierKind> {
        self.kind
    }

    /// The carrier's pattern, for account numbers.
    #[must_use]
    pub const fn pattern(&self) -> Option<&AccountPattern> {
        self.pattern.as_ref()
    }

    /// A value or a list of rows.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// The field that this one is derived from: the SSN, if this is its last four digits. A record
    /// cannot bring a derived field.
    #[must_use]
    pub const fn derived_from(&self) -> Option<&FieldName> {
        self.derived_from.as_ref()
    }

    /// The field that is derived from this one: the last four digits, if this is an SSN.
    #[must_use]
    pub const fn derives(&self) -> Option<&FieldName> {
        self.derives.as_ref()
    }

    /// Its position in [`Schema::fields`]. It changes with the schema: never store it.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    fn last_four(&self, name: FieldName) -> Self {
        Self {
            name,
            class: DataClass::SsnLast4,
            kind: None,
            pattern: None,
            shape: Shape::Value,
            derived_from: Some(self.name.clone()),
            derives: None,
            index: 0,
        }
    }
}

/// The kinds of identifier that a field of a class may hold.
///
/// An ITIN is handled as an SSN, so kind `ssn` stays with class `ssn`: under another class it would
/// lose its label and its derived field. A telephone number or an e-mail address of record is
/// account information; one that is only contact information is identity. What a survivor hands in
/// may be of any kind.
const fn kinds_of(class: DataClass) -> &'static [IdentifierKind] {
    use IdentifierKind as K;
    match class {
        DataClass::Identity => &[K::Nanp, K::Email],
        DataClass::Address => &[K::Email],
        DataClass::Ssn => &[K::Ssn],
        DataClass::AccountInfo => &[K::Nanp, K::AccountNumber, K::Email],
        DataClass::ServiceDetails | DataClass::CallDetail => &[K::Nanp],
        DataClass::DeviceId => &[K::Imei, K::Meid, K::Iccid, K::Imsi, K::Eid],
        DataClass::Payment => &[K::Pan],
        DataClass::DirectoryListing => &[K::Nanp, K::Email],
        DataClass::Survivor => K::ALL,
        DataClass::Biographical
        | DataClass::SsnLast4
        | DataClass::OtherGovernmentId
        | DataClass::Billing
        | DataClass::Location
        | DataClass::AuthSecret => &[],
    }
}

/// Whether a field of this class may be a list of calls.
const fn may_list_calls(class: DataClass) -> bool {
    matches!(class, DataClass::CallDetail | DataClass::Survivor)
}

fn read(source: Source<'_>) -> Result<Schema, FileFault> {
    let document = source.parse()?;
    let root = document.root();
    let missing = root.fault(FileCause::MissingKey { key: "fields" });
    let (fields, indexes) = (root.get("fields"), root.get("indexes"));
    root.finish()?;
    let fields = fields.ok_or(missing)?;

    let mut stated = Vec::new();
    for (key, value) in fields.table()?.entries() {
        let spec = read_field(&key, &value)?;
        stated.push((key, spec));
    }
    let mut specs = Vec::with_capacity(stated.len());
    for (_, spec) in &stated {
        if let Some(last_four) = &spec.derives {
            if let Some((key, _)) = stated.iter().find(|(_, other)| other.name == *last_four) {
                return Err(key.fault(FileCause::Duplicate { what: "field" }));
            }
            specs.push(spec.last_four(last_four.clone()));
        }
    }
    specs.extend(stated.into_iter().map(|(_, spec)| spec));
    let mut schema = match specs.len() {
        0 => return Err(fields.fault(FileCause::Invalid { why: "there are no fields" })),
        1..=MAX_FIELDS => Schema::new(specs),
        _ => {
            let why = "more than 256 fields, the derived ones included";
            return Err(fields.fault(FileCause::Invalid { why }));
        }
    };
    if let Some(indexes) = indexes {
        schema.indexes = indexes::read(&indexes, &schema.fields)?;
    }
    Ok(schema)
}

fn read_field(key: &Key<'_, '_>, value: &Value<'_, '_>) -> Result<FieldSpec, FileFault> {
    let name = FieldName::new(key.text()).map_err(|_| {
        key.fault(FileCause::Invalid { why: "a field name has 1 to 64 of a-z, 0-9 and _, a letter first" })
    })?;
    let table = value.table()?;
    let (class, kind) = (table.get("class"), table.get("kind"));
    let (pattern, shape) = (table.get("pattern"), table.get("shape"));
    // Unknown keys first: `clas` is a slip of the pen, not a missing class.
    table.finish()?;

    let class = class.ok_or_else(|| value.fault(FileCause::MissingKey { key: "class" }))?;
    let class = class.word("class", DataClass::ALL, DataClass::name)?;
    let shape = read_shape(shape, class)?;
    let kind = read_kind(kind, class, shape)?;
    let pattern = pattern.map(|pattern| read_pattern(&pattern, kind)).transpose()?;
    let derives = if class == DataClass::Ssn { Some(last_four_name(key, &name)?) } else { None };
    Ok(FieldSpec { name, class, kind, pattern, shape, derived_from: None, derives, index: 0 })
}

fn read_shape(shape: Option<Value<'_, '_>>, class: DataClass) -> Result<Shape, FileFault> {
    let Some(value) = shape else {
        return Ok(if class == DataClass::CallDetail { Shape::Calls } else { Shape::Value });
    };
    let shape = value.word("shape", Shape::ALL, Shape::name)?;
    if shape == Shape::Calls && !may_list_calls(class) {
        return Err(value.fault(FileCause::Invalid { why: "a field of this class is no list of calls" }));
    }
    Ok(shape)
}

fn read_kind(
    kind: Option<Value<'_, '_>>,
    class: DataClass,
    shape: Shape,
) -> Result<Option<IdentifierKind>, FileFault> {
    let Some(value) = kind else {
        return Ok((class == DataClass::Ssn).then_some(IdentifierKind::Ssn));
    };
    let kind = value.word("kind", IdentifierKind::ALL, IdentifierKind::name)?;
    if !kinds_of(class).contains(&kind) {
        let why = "this kind of identifier does not belong in a field of this class";
        return Err(value.fault(FileCause::Invalid { why }));
    }
    if shape == Shape::Calls {
        return Err(value.fault(FileCause::Invalid { why: "a list of calls has no kind" }));
    }
    Ok(Some(kind))
}

fn read_pattern(value: &Value<'_, '_>, kind: Option<IdentifierKind>) -> Result<AccountPattern, FileFault> {
    let text = value.text()?;
    if kind != Some(IdentifierKind::AccountNumber) {
        return Err(value.fault(FileCause::Invalid { why: "a pattern needs kind = \"account_number\"" }));
    }
    AccountPattern::new(text).map_err(|fault| {
        let why = match fault {
            PatternFault::Empty => "this pattern is empty",
            PatternFault::TooLong { .. } => "this pattern is longer than 256 bytes",
            PatternFault::DoesNotCompile => "this pattern does not compile, or is too large when it does",
        };
        value.fault(FileCause::Invalid { why })
    })
}

fn last_four_name(key: &Key<'_, '_>, ssn: &FieldName) -> Result<FieldName, FileFault> {
    const { assert!(MAX_NAME_LEN - LAST_FOUR_SUFFIX.len() == 58, "the text below says 58") };
    FieldName::new(format!("{ssn}{LAST_FOUR_SUFFIX}")).map_err(|_| {
        let why = "the name of an SSN field has at most 58 characters: `_last4` is added to it";
        key.fault(FileCause::Invalid { why })
    })
}
