//! A pretexter's afternoon, and what stopped each step: a SIM change on what is known of somebody, a
//! one-time code to the moved SIM, a port-out, an e-mail address, unlocks in bulk. Then the customer, through the
//! same guards, in as few steps as the law allows.
//!
//! ```sh
//! cargo run --release --example sim_swap
//! ```
//!
//! Exit 1 if a step of the pretexter got through, or one of the customer's did not.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a program")]

mod carrier;
mod customer;
mod pretexter;

use std::process::ExitCode;

use cpni_guard::Error;

use carrier::{Carrier, Screen};

fn main() -> ExitCode {
    match play() {
        Ok(screen) => {
            screen.lines().iter().for_each(|line| println!("{line}"));
            if screen.faults() == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(error) => {
            eprintln!("sim_swap: {error} ({})", error.code());
            ExitCode::from(1)
        }
    }
}

fn play() -> Result<Screen, Error> {
    let mut screen = Screen::default();
    let carrier = Carrier::new()?;
    pretexter::afternoon(&carrier, &mut screen)?;
    let carrier = Carrier::new()?;
    customer::afternoon(&carrier, &mut screen)?;
    Ok(screen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_of_the_pretexter_is_stopped_and_none_of_the_customers() {
        let screen = play().unwrap();
        let text = screen.lines().join("\n");
        assert_eq!(screen.faults(), 0, "{text}");
        assert_eq!(text.matches("\n  STOPPED ").count(), 11, "{text}");
        assert_eq!(text.matches("\n  done ").count(), 4, "{text}");
        assert!(screen.lines().iter().all(|line| line.chars().count() <= 80), "{text}");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for said in [
            "47 CFR 64.2010(a); library default",
            "adopted, compliance not yet required",
            "47 CFR 52.36(c)",
            "AT&T consent decree 2015 (DA 15-399)",
            "in force",
        ] {
            assert!(words.contains(said), "{said}: {text}");
        }
        // Nothing that was typed or changed is on the screen.
        for value in ["8900000000000000003", "8900000000000000011", "mallory@example.com", "plum-harbor"] {
            assert!(!words.contains(value), "{value}: {text}");
        }
    }

    #[test]
    fn a_step_that_came_to_something_else_is_a_fault() {
        let mut screen = Screen::default();
        screen.stopped("a step", false, "nothing");
        screen.done("another", false, "");
        assert_eq!(screen.faults(), 2);
        assert!(screen.lines().iter().any(|line| line.contains("GOT THROUGH a step")));
    }
}
