//! What was typed.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::failure::Failure;

pub(crate) const HELP: &str = "\
Plays an afternoon at a carrier's care desk: seals customers, lets people ask
for their fields, and prints what each saw, why, and what would have helped.

usage: cargo run --release --example care_desk -- [OPTIONS]

  --input FILE --schema FILE
                  customers from a CSV file instead of the 500 generated ones.
                  The first row names the columns; the schema (TOML) names each
                  of them in lower snake case; the first column is the account.
  --keep FOLDER   keeps keys, audit log and sealed customers in FOLDER, which
                  must be new or empty. Otherwise they are in a temporary
                  folder that is removed at the end.
  --help          this text

Exit code 0: played. 1: something failed. 2: wrong use.
";

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Play(Options),
}

/// How to play.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Other people's customers; `None`: the generated ones.
    pub(crate) input: Option<Input>,
    /// Where to keep what is made; `None`: nowhere.
    pub(crate) keep: Option<PathBuf>,
}

/// Customers in a file.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) csv: PathBuf,
    pub(crate) schema: PathBuf,
}

pub(crate) fn read(mut arguments: impl Iterator<Item = OsString>) -> Result<Command, Failure> {
    let (mut csv, mut schema, mut keep) = (None, None, None);
    while let Some(argument) = arguments.next() {
        let argument = argument.to_string_lossy().into_owned();
        let (name, attached) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(OsString::from(value))),
            None => (argument.as_str(), None),
        };
        let place = match name {
            "--help" | "-h" => return Ok(Command::Help),
            "--input" => &mut csv,
            "--schema" => &mut schema,
            "--keep" => &mut keep,
            other if other.starts_with('-') => {
                return Err(usage(format!("unknown option '{other}'")));
            }
            other => return Err(usage(format!("'{other}' belongs to no option"))),
        };
        let value = attached.or_else(|| arguments.next()).filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| usage(format!("{name} needs a value")))?;
        if place.replace(PathBuf::from(value)).is_some() {
            return Err(usage(format!("{name} is there twice")));
        }
    }
    let input = match (csv, schema) {
        (Some(csv), Some(schema)) => Some(Input { csv, schema }),
        (None, None) => None,
        (Some(_), None) => return Err(usage("--input needs --schema: what the columns are".to_owned())),
        (None, Some(_)) => return Err(usage("--schema needs --input: the customers it is of".to_owned())),
    };
    Ok(Command::Play(Options { input, keep }))
}

fn usage(what: String) -> Failure {
    Failure::Usage(what + " (see --help)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(arguments: &[&str]) -> Result<Command, Failure> {
        read(arguments.iter().map(OsString::from))
    }

    #[test]
    fn options_are_read() {
        assert!(matches!(typed(&[]), Ok(Command::Play(Options { input: None, keep: None }))));
        assert!(matches!(typed(&["--keep", "x", "--help"]), Ok(Command::Help)));
        let Ok(Command::Play(options)) = typed(&["--input", "a.csv", "--schema=b.toml", "--keep", "c"])
        else {
            panic!("not read")
        };
        let input = options.input.unwrap();
        assert_eq!((input.csv, input.schema), (PathBuf::from("a.csv"), PathBuf::from("b.toml")));
        assert_eq!(options.keep, Some(PathBuf::from("c")));
    }

    #[test]
    fn wrong_use_is_one_line_and_code_2() {
        for wrong in [
            &["--inptu", "x"][..],
            &["file.csv"],
            &["--input"],
            &["--input="],
            &["--input", "a.csv"],
            &["--schema", "a.toml"],
            &["--keep", "a", "--keep", "b"],
        ] {
            let failure = typed(wrong).unwrap_err();
            assert_eq!(failure.exit_code(), 2, "{wrong:?}");
            assert_eq!(failure.to_string().lines().count(), 1, "{wrong:?}");
        }
    }
}
