//! Timing: does how long an answer takes tell whether what was asked for is there?

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{Ask, Client};
use crate::table::{Played, Row};
use crate::target::{Person, Target};

/// The area under the ROC curve of a test that tells nothing is 0.5.
const TELLS_NOTHING: core::ops::RangeInclusive<f64> = 0.45..=0.55;
/// The service has three tries, as chance may have its way; the twin has to tell at once.
const RUNS: u32 = 3;
/// Answers each for what is there and what is not.
const ANSWERS: usize = 2_000;
/// Of sign-ins, each of which costs a hash of 19 MiB: as many with `ATTACKS_FULL=1`, else so many.
const SIGN_INS: usize = 250;
/// Of the twin: it tells by so few.
const OF_THE_TWIN: usize = 250;
/// Attempts on one customer before the clock goes on: fewer than lock the account.
const TRIES: usize = 4;
/// Connections at once.
const AT_ONCE: usize = 2;

/// What is asked for, once there and once not.
#[derive(Clone, Copy)]
enum About {
    Order,
    Number,
    Login,
}

pub(crate) fn rows(ours: &Target, weak: &Target) -> Vec<Row> {
    let is_full = std::env::var_os("ATTACKS_FULL").is_some();
    let sign_ins = if is_full { ANSWERS } else { SIGN_INS };
    let row = |name: &str, how: String, about, answers| {
        let weak = play(weak, about, OF_THE_TWIN, 1);
        Row { owasp: "API2", name: name.to_owned(), how, weak, ours: play(ours, about, answers, RUNS) }
    };
    vec![
        row(
            "time tells another's order from none",
            format!("{ANSWERS} answers each, to a signed-in customer"),
            About::Order,
            ANSWERS,
        ),
        row(
            "time tells a number from none",
            format!("{ANSWERS} answers each, to a partner"),
            About::Number,
            ANSWERS,
        ),
        row(
            "time tells a login from none",
            format!("{SIGN_INS} answers each, or {ANSWERS}"),
            About::Login,
            sign_ins,
        ),
    ]
}

fn play(target: &Target, about: About, answers: usize, runs: u32) -> Played {
    let mut areas = Vec::new();
    for _ in 0..runs {
        let area = area(&measure(target, about, answers));
        areas.push(area);
        if TELLS_NOTHING.contains(&area) {
            break;
        }
    }
    println!("AUC of {answers} answers each: {areas:.3?}");
    let tells = !areas.iter().any(|area| TELLS_NOTHING.contains(area));
    let how = if tells { "outside" } else { "within" };
    Played::said(tells, format!("AUC {how} 0.45 to 0.55"))
}

/// The times of answers to what is there, and to what is not, in turns.
fn measure(target: &Target, about: About, answers: usize) -> (Vec<Duration>, Vec<Duration>) {
    let (mut there, mut none) = (Vec::new(), Vec::new());
    // Each is tried a few times, then the clock goes on by a day, so that nobody is locked out.
    let people = &target.people[target.used.get()..];
    let token = target.sign_in(&people[0]);
    let people = &people[1..];
    while there.len() < answers {
        let round = (people.len() * TRIES).min(answers - there.len());
        let measured: Vec<_> = thread::scope(|scope| {
            let threads = (0..AT_ONCE).map(|thread| {
                let (token, partner, address) = (&token, &target.partner, target.address);
                scope.spawn(move || {
                    let mut client = Client::new(address);
                    let mine = (thread..round).step_by(AT_ONCE);
                    mine.map(|n| pair(&mut client, about, (token, partner), people, n)).collect::<Vec<_>>()
                })
            });
            threads.collect::<Vec<_>>().into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        measured.into_iter().for_each(|(one, other)| {
            there.push(one);
            none.push(other);
        });
        if !matches!(about, About::Order) {
            target.wait(Duration::from_secs(25 * 3600));
        }
    }
    (there, none)
}

/// One that is there and one that is not, the first of them now this and now that.
fn pair(
    client: &mut Client,
    about: About,
    (token, partner): (&str, &str),
    people: &[Person],
    n: usize,
) -> (Duration, Duration) {
    let person = &people[n % people.len()];
    let mut ask = |is_there: bool| {
        let path;
        let ask = match about {
            About::Order => {
                let none = format!("{:0>width$}", n % 7, width = person.order.len());
                path = format!("/v1/orders/{}", if is_there { &person.order } else { &none });
                Ask::get(&path).by(token)
            }
            About::Number => {
                let none = format!("815557{:04}", n % 10_000);
                let number = if is_there { &person.number } else { &none };
                let body = json!({ "number": number, "account_number": "770000000001", "zip": "00001" });
                Ask::post("/v1/partner/ports", body.to_string()).by(partner)
            }
            About::Login => {
                let none = format!("nobody.{n}");
                let login = if is_there { &person.login } else { &none };
                Ask::post("/v1/session", json!({ "login": login, "password": "made-up" }).to_string())
            }
        };
        let begun = Instant::now();
        let answer = client.ask(&ask);
        let time = begun.elapsed();
        assert!(matches!(answer.status, 200 | 401 | 404), "{answer:?}");
        time
    };
    if n % 4 < 2 {
        let there = ask(true);
        (there, ask(false))
    } else {
        let none = ask(false);
        (ask(true), none)
    }
}

/// Mann and Whitney's: how often an answer to what is there took longer than one to what is not.
fn area((there, none): &(Vec<Duration>, Vec<Duration>)) -> f64 {
    let mut all: Vec<(Duration, bool)> = there.iter().map(|time| (*time, true)).collect();
    all.extend(none.iter().map(|time| (*time, false)));
    all.sort_unstable();
    let mut ranks = 0.0;
    let mut from = 0;
    while from < all.len() {
        let same = all[from..].iter().take_while(|(time, _)| *time == all[from].0).count();
        let rank = (from + 1) as f64 + (same - 1) as f64 / 2.0;
        ranks += rank * all[from..from + same].iter().filter(|(_, is_there)| *is_there).count() as f64;
        from += same;
    }
    let (n, m) = (there.len() as f64, none.len() as f64);
    (ranks - n * (n + 1.0) / 2.0) / (n * m)
}

#[test]
fn an_area_is_half_where_both_are_alike_and_one_where_they_are_apart() {
    let times = |from: u64| (from..from + 100).map(Duration::from_micros).collect::<Vec<_>>();
    assert!((area(&(times(0), times(0))) - 0.5).abs() < 1e-9);
    assert!((area(&(times(100), times(0))) - 1.0).abs() < 1e-9);
    assert!(area(&(times(0), times(100))).abs() < 1e-9);
    assert!((area(&(times(50), times(0))) - 0.875).abs() < 1e-3);
}
