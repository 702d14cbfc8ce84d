//! The life of a process that works until it is killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use crate::disk::Rng;

/// Starts this program in a role. Gives it, and what it says.
pub fn start(role: &str, folder: &Path, life: u64) -> Result<(Child, BufReader<ChildStdout>), String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.arg(role).arg(folder).arg(life.to_string()).stdout(Stdio::piped());
    let mut process = command.spawn().map_err(|error| error.to_string())?;
    let pipe = BufReader::new(process.stdout.take().ok_or("no pipe")?);
    Ok((process, pipe))
}

/// Starts this program in a role, and kills it at most `longest` microseconds after its first line. How many
/// lines it said.
pub fn lines_of(role: &str, folder: &Path, life: u64, longest: u64, rng: &mut Rng) -> Result<usize, String> {
    let (mut process, mut pipe) = start(role, folder, life)?;
    let mut first = String::new();
    if pipe.read_line(&mut first).map_err(|error| error.to_string())? == 0 {
        return Err("the process ended by itself".to_owned());
    }
    thread::sleep(Duration::from_micros(rng.below(longest)));
    process.kill().map_err(|error| error.to_string())?;
    let more = pipe.lines().map_while(Result::ok).count();
    process.wait().map_err(|error| error.to_string())?;
    Ok(more + 1)
}
