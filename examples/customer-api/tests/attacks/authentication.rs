//! API2: broken authentication.

use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::client::Ask;
use crate::table::{Attack, Played};
use crate::target::Target;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack {
        owasp: "API2",
        name: "stuffing",
        how: "100 bought names and passwords from one network, in a minute",
        play: |target| {
            let taken = (0..100)
                .filter(|n| target.try_to_sign_in(&format!("bought.{n}"), "made-up").status != 429)
                .count();
            Played::said(taken == 100, format!("{taken} of 100 were tried"))
        },
    },
    Attack {
        owasp: "API2",
        name: "guessing one password",
        how: "6 wrong ones, then the right one",
        play: |target| {
            let person = target.person();
            for n in 0..6 {
                target.try_to_sign_in(&person.login, &format!("made-up-guess-{n}"));
            }
            let answer = target.try_to_sign_in(&person.login, &person.password);
            Played::of(answer.is_success(), &answer)
        },
    },
    Attack {
        owasp: "API2",
        name: "names that exist are told",
        how: "a wrong password for a name that is one, and for one that is none",
        play: |target| {
            let person = target.person();
            let (is, none) = (
                target.try_to_sign_in(&person.login, "made-up"),
                target.try_to_sign_in("nobody.9", "made-up"),
            );
            let are_told = (is.status, &is.body) != (none.status, &none.body);
            Played::said(are_told, if are_told { "two answers" } else { "one answer" })
        },
    },
    Attack {
        owasp: "API2",
        name: "session fixation",
        how: "the victim signs in with the thief's token in header and cookie; the thief uses it",
        play: |target| {
            let (person, fixed) = (target.person(), "f".repeat(64));
            let body = json!({ "login": person.login, "password": person.password }).to_string();
            let cookie = format!("session={fixed}");
            target.ask(&Ask::post("/v1/session", body).by(&fixed).with("Cookie", cookie));
            let answer = target.ask(&Ask::get("/v1/account").by(&fixed));
            Played::of(answer.is_success(), &answer)
        },
    },
    Attack {
        owasp: "API2",
        name: "a stale session after a SIM change",
        how: "a thief's session from before, used after the customer's SIM moved",
        play: |target| {
            let person = target.person();
            let stale = target.sign_in(&person);
            let change = target.change_sim(&person, &target.sign_in_with_second_factor(&person));
            assert!(change.is_success(), "{change:?}");
            target.wait(Duration::from_secs(30));
            let answer = last_of(target, || target.ask(&Ask::get("/v1/account").by(&stale)));
            Played::of(answer.is_success(), &answer)
        },
    },
    Attack {
        owasp: "API2",
        name: "a session after its sign-out",
        how: "the token once more",
        play: |target| {
            let token = target.sign_in(&target.person());
            assert_eq!(target.ask(&Ask::delete("/v1/session").by(&token)).status, 204);
            let answer = target.ask(&Ask::get("/v1/account").by(&token));
            Played::of(answer.is_success(), &answer)
        },
    },
    Attack {
        owasp: "API2",
        name: "tokens counted up",
        how: "the token of the next customer, from one's own",
        play: |target| {
            let own = target.sign_in(&target.person());
            let next = next_of(&own);
            let others = target.sign_in(&target.person());
            let answer = target.ask(&Ask::get("/v1/account").by(&next));
            Played::of(next == others && answer.is_success(), &answer)
        },
    },
];

/// The answer after the worker had its time: the first refusal, or the last answer.
fn last_of(target: &Target, ask: impl Fn() -> crate::client::Answer) -> crate::client::Answer {
    for _ in 0..if target.clock.is_some() { 100 } else { 1 } {
        let answer = ask();
        if !answer.is_success() {
            return answer;
        }
        thread::sleep(Duration::from_millis(100));
        // A minute's worth of requests is not what is tried here.
        target.wait(Duration::from_secs(1));
    }
    ask()
}

fn next_of(token: &str) -> String {
    let digits = token.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (front, number) = token.split_at(token.len() - digits.min(9));
    number.parse::<u64>().map_or_else(|_| format!("{token}0"), |number| format!("{front}{}", number + 1))
}
