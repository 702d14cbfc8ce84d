//! Other people's customers: a CSV file and the schema of its columns.
//!
//! A column is named in the schema in lower snake case (`SeniorCitizen` is `senior_citizen`). The
//! first column is the account, and a field like every other.

use std::fs::{self, File};
use std::path::Path;

use cpni_guard::classify::FieldSpec;
use cpni_guard::vocabulary::{AccountId, DataClass, Shape};
use cpni_guard::{Record, Schema, Sensitive};

use crate::desk::{Customers, NewCustomer, PLAYERS, Remembered};
use crate::failure::Failure;
use crate::options::Input;

pub(crate) fn read_schema(path: &Path) -> Result<Schema, Failure> {
    // The library's error has no name of the file where it cannot be read at all.
    drop(open(path)?);
    Schema::from_file(path).map_err(|error| Failure::Usage(error.to_string()))
}

pub(crate) fn read_customers(input: &Input, schema: &Schema) -> Result<Customers, Failure> {
    let file = input.csv.display();
    let wrong = |error: &csv::Error| Failure::Usage(format!("{file}: {error}"));
    let mut reader = csv::Reader::from_reader(open(&input.csv)?);
    let headers = reader.headers().map_err(|error| wrong(&error))?.clone();
    let columns = columns(&headers, input, schema)?;
    let name_at = columns.iter().position(|name| {
        schema.field(name).is_some_and(|spec| spec.class() == DataClass::Identity && spec.kind().is_none())
    });

    let mut people = Vec::new();
    for row in reader.into_records() {
        let row = row.map_err(|error| wrong(&error))?;
        let line = row.position().map_or(0, csv::Position::line);
        let account = AccountId::new(row.get(0).unwrap_or_default())
            .map_err(|error| Failure::Usage(format!("{file}: line {line}: the account: {error}")))?;
        let record = columns.iter().zip(&row).fold(Record::new(), |record, (name, value)| {
            // An empty cell is a field that the record does not have.
            if value.is_empty() { record } else { record.text(name.as_str(), value) }
        });
        let name = name_at.and_then(|at| row.get(at)).map(|name| Sensitive::from(name.to_owned()));
        let remembered = (people.len() < PLAYERS).then_some(Remembered { name, call: None });
        people.push(NewCustomer { account, record, remembered });
    }
    if people.is_empty() {
        return Err(Failure::Usage(format!("{file}: there are no customers in it")));
    }
    Ok(Customers { people, columns })
}

/// The fields of the columns. Every column must be one that a record can bring.
fn columns(headers: &csv::StringRecord, input: &Input, schema: &Schema) -> Result<Vec<String>, Failure> {
    let mut columns: Vec<String> = Vec::with_capacity(headers.len());
    for header in headers {
        let header = header.trim_start_matches('\u{feff}');
        let name = snake_case(header);
        let wrong = |what: &str| {
            let file = input.csv.display();
            Failure::Usage(format!("{file}: the column `{header}` (field `{name}`) {what}"))
        };
        let not_named = || wrong(&format!("is not in {}", input.schema.display()));
        let spec = schema.field(&name).ok_or_else(not_named)?;
        check(spec).map_err(wrong)?;
        if columns.contains(&name) {
            return Err(wrong("is there twice"));
        }
        columns.push(name);
    }
    Ok(columns)
}

fn check(spec: &FieldSpec) -> Result<(), &'static str> {
    match spec.shape() {
        _ if spec.derived_from().is_some() => Err("is derived from another field: leave it out"),
        Shape::Calls => Err("is a list of calls, which no cell holds"),
        Shape::Value => Ok(()),
    }
}

/// `customerID` and `StreamingTV` become `customer_id` and `streaming_tv`.
fn snake_case(header: &str) -> String {
    let characters: Vec<char> = header.trim().chars().collect();
    let mut name = String::with_capacity(header.len().saturating_add(4));
    for (at, character) in characters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| characters.get(at));
        let after = characters.get(at.saturating_add(1));
        if !character.is_ascii_alphanumeric() {
            if !name.is_empty() && !name.ends_with('_') {
                name.push('_');
            }
            continue;
        }
        // A word begins at a capital after a small letter, and at the last capital of several.
        let begins = character.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if begins {
            name.push('_');
        }
        name.push(character.to_ascii_lowercase());
    }
    name.trim_end_matches('_').to_owned()
}

fn open(path: &Path) -> Result<File, Failure> {
    let wrong = |what: &dyn core::fmt::Display| Failure::Usage(format!("{}: {what}", path.display()));
    if fs::metadata(path).is_ok_and(|about| about.is_dir()) {
        return Err(wrong(&"this is a folder"));
    }
    File::open(path).map_err(|error| wrong(&error))
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn columns_become_fields() {
        for (column, field) in [
            ("customerID", "customer_id"),
            ("SeniorCitizen", "senior_citizen"),
            ("StreamingTV", "streaming_tv"),
            ("tenure", "tenure"),
            ("call_detail", "call_detail"),
            ("IMEINumber", "imei_number"),
            ("Date of birth", "date_of_birth"),
            ("Line2Plan", "line2_plan"),
            ("Balance ($)", "balance"),
        ] {
            assert_eq!(snake_case(column), field);
        }
    }
}
