//! An afternoon at a carrier's care desk: customers are sealed, people ask for their fields, and
//! what each person saw is printed with the reason, and with what would have helped.
//!
//! `cargo run --release --example care_desk -- --help`
//!
//! The script says who asks for what, and when. Every decision, reason and remedy that is printed
//! comes from the library. Keys, audit log and passwords are made in a temporary folder.

mod afternoon;
mod audit_scene;
mod desk;
mod failure;
mod folder;
mod hosts;
mod import;
mod options;
mod people;
mod screen;
mod words;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use cpni_guard::Schema;

use desk::Desk;
use failure::Failure;
use folder::Folder;
use options::{Command, HELP, Options};
use screen::Screen;

fn main() -> ExitCode {
    match run(env::args_os().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            // If standard error is gone too, the exit code is all that is left to say.
            writeln!(io::stderr(), "care_desk: {failure}").unwrap_or_default();
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(arguments: impl Iterator<Item = OsString>) -> Result<(), Failure> {
    match options::read(arguments)? {
        Command::Help => Ok(io::stdout().write_all(HELP.as_bytes())?),
        Command::Play(options) => play(&options),
    }
}

fn play(options: &Options) -> Result<(), Failure> {
    let started = Instant::now();
    let (schema, customers) = match &options.input {
        Some(input) => {
            let schema = import::read_schema(&input.schema)?;
            let customers = import::read_customers(input, &schema)?;
            (schema, customers)
        }
        None => (Schema::from_toml(include_str!("../subscriber.toml"))?, people::make_customers()),
    };
    let mut screen = Screen::of_this_terminal();
    // Dropped in reverse order: the files are closed before their folder goes.
    let mut folder = Folder::make(options.keep.as_deref())?;
    let mut desk = Desk::open(&folder, schema, customers.columns)?;
    screen.line("")?;
    desk.seal(customers.people, &mut screen)?;
    let legend = afternoon::play(&desk, &mut screen)?;
    audit_scene::play(&desk, &folder, &mut screen)?;
    legend.print(&mut screen)?;

    screen.line("")?;
    let seconds = started.elapsed().as_secs_f64();
    let end = if options.keep.is_some() {
        desk.keep(&folder)?
    } else {
        drop(desk);
        folder.remove()?;
        "Keys and audit log were in a temporary folder, which is removed.".to_owned()
    };
    screen.note(1, &format!("Done in {seconds:.1} s. {end}"))
}
