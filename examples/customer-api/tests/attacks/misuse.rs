//! API4 to API9: resources, functions, business flows, requests on the server's behalf, configuration, inventory.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::client::{Answer, Ask, Client};
use crate::table::{Attack, Played};
use crate::target::Target;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack {
        owasp: "API4",
        name: "a long body",
        how: "a megabyte where a name and a password belong",
        play: |target| {
            let answer = target.try_to_sign_in(&"a".repeat(1 << 20), "made-up");
            Played::of(answer.status != 413, &answer)
        },
    },
    Attack {
        owasp: "API4",
        name: "reading without end",
        how: "one session, 150 reads in a minute",
        play: |target| {
            let token = target.sign_in(&target.person());
            let mut client = Client::new(target.address);
            let ask = Ask::get("/v1/account").by(&token);
            let answered = (0..150).filter(|_| client.ask(&ask).status == 200).count();
            Played::said(answered == 150, format!("{answered} of 150 answered"))
        },
    },
    Attack {
        owasp: "API4",
        name: "as many rows as one likes",
        how: "`GET /v1/calls?limit=50000`",
        play: |target| {
            let token = target.sign_in(&target.person());
            let answer = target.ask(&Ask::get("/v1/calls?limit=50000").by(&token));
            Played::of(answer.body.len() > 500_000, &answer)
        },
    },
    Attack {
        owasp: "API4",
        name: "connections that say nothing",
        how: "100 of one network, each with half a request",
        play: |target| {
            let mut all: Vec<_> = (0..100).map(|_| half_a_request(target)).collect();
            thread::sleep(Duration::from_millis(300));
            let open = all.iter_mut().map(is_open).filter(|open| *open).count();
            drop(all);
            // Until the service has seen that they are gone.
            thread::sleep(Duration::from_millis(300));
            Played::said(open == 100, format!("{open} of 100 kept"))
        },
    },
    Attack {
        owasp: "API5",
        name: "a customer at the partners' door",
        how: "a port request with a customer's token",
        play: |target| {
            let (own, victim) = (target.person(), target.person());
            let answer = target.port_by(&target.sign_in(&own), &victim, |_| ());
            Played::of(answer.is_success(), &answer)
        },
    },
    Attack {
        owasp: "API5",
        name: "a partner at the customers' door",
        how: "`GET /v1/account` with a partner's key",
        play: |target| {
            let answer = target.ask(&Ask::get("/v1/account").by(&target.partner));
            Played::of(answer.is_success(), &answer)
        },
    },
    Attack {
        owasp: "API5",
        name: "another method than it looks",
        how: "`X-HTTP-Method-Override: DELETE` on the SIM lock",
        play: |target| {
            let token = target.sign_in(&target.person());
            assert_eq!(target.ask(&Ask::put("/v1/locks/sim", "").by(&token)).status, 204);
            let ask = Ask::post("/v1/locks/sim", "").by(&token).with("X-HTTP-Method-Override", "DELETE");
            let answer = target.ask(&ask);
            Played::of(answer.is_success(), &answer)
        },
    },
    Attack {
        owasp: "API6",
        name: "a SIM change on a phished password",
        how: "no second factor",
        play: |target| {
            let person = target.person();
            let answer = target.change_sim(&person, &target.sign_in(&person));
            Played::of(answer.is_success(), &answer)
        },
    },
    Attack {
        owasp: "API6",
        name: "the lock goes, and the SIM with it",
        how: "password and second factor: remove the lock, change the SIM at once",
        play: |target| {
            let person = target.person();
            let token = target.sign_in_with_second_factor(&person);
            assert_eq!(target.ask(&Ask::put("/v1/locks/sim", "").by(&token)).status, 204);
            assert_eq!(target.ask(&Ask::delete("/v1/locks/sim").by(&token)).status, 202);
            let answer = target.change_sim(&person, &token);
            Played::of(answer.is_success(), &answer)
        },
    },
    Attack {
        owasp: "API6",
        name: "a port-out spree from one partner",
        how: "40 numbers with guessed account numbers and ZIP codes",
        play: |target| {
            let known = target.person();
            let answered = (0..40)
                .filter(|n| {
                    let guess = |body: &mut serde_json::Value| {
                        body["number"] = json!(format!("8155551{n:03}"));
                    };
                    target.port(&known, guess).status == 200
                })
                .count();
            // Tomorrow the partner may ask again.
            target.wait(Duration::from_secs(25 * 3600));
            Played::said(answered == 40, format!("{answered} of 40 were compared"))
        },
    },
    Attack {
        owasp: "API6",
        name: "a passcode guessed by a partner",
        how: "account number and ZIP code known; 6 wrong passcodes, then the right one",
        play: |target| {
            let victim = target.person_where(|person| person.passcode.is_some());
            for n in 0..6 {
                target.port(&victim, |body| body["passcode"] = json!(format!("guess-{n}")));
            }
            confirmed(&target.port(&victim, |_| ()))
        },
    },
    Attack {
        owasp: "API6",
        name: "a port without the customer's passcode",
        how: "account number and ZIP code known, no passcode",
        play: |target| {
            let victim = target.person_where(|person| person.passcode.is_some());
            confirmed(&target.port(&victim, |body| {
                body.as_object_mut().unwrap().remove("passcode");
            }))
        },
    },
    Attack {
        owasp: "API6",
        name: "a locked number is ported out",
        how: "everything known, and the customer's lock on it",
        play: |target| {
            let victim = target.person();
            assert_eq!(target.ask(&Ask::put("/v1/locks/port", "").by(&target.sign_in(&victim))).status, 204);
            confirmed(&target.port(&victim, |_| ()))
        },
    },
    Attack {
        owasp: "API6",
        name: "what does not fit is told",
        how: "another account number, another ZIP code, a number that is none",
        play: |target| {
            let victim = target.person();
            let account_number = target.port(&victim, |body| body["account_number"] = json!("770000000001"));
            let zip = target.port(&victim, |body| body["zip"] = json!("00001"));
            let none = target.port(&victim, |body| body["number"] = json!("8155559999"));
            let mut answers = vec![account_number.body, zip.body, none.body];
            answers.dedup();
            Played::said(
                answers.len() > 1,
                if answers.len() > 1 { "more than one answer" } else { "one answer" },
            )
        },
    },
    Attack {
        owasp: "API7",
        name: "a request on the server's behalf",
        how: "`\"notify_url\": \"http://127.0.0.1/...\"` in a port request",
        play: |target| {
            let inside = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            inside.set_nonblocking(true).unwrap();
            let url = format!("http://{}/", inside.local_addr().unwrap());
            let answer = target.port(&target.person(), |body| body["notify_url"] = json!(url));
            let came = inside.accept().is_ok();
            let how = if came { "and it asked there" } else { "and nobody asked there" };
            Played::said(came, format!("{}, {how}", answer.status))
        },
    },
    Attack {
        owasp: "API8",
        name: "errors that tell",
        how: "a broken body with a password in it",
        play: |target| {
            let answer =
                target.ask(&Ask::post("/v1/session", r#"{"login": "dana", "password": "made-up-secret""#));
            let tells = answer.body.contains("made-up-secret") || answer.body.contains("line 1");
            let how = if tells { "with what was sent" } else { "a constant" };
            Played::said(tells, format!("{}, {how}", answer.status))
        },
    },
    Attack {
        owasp: "API8",
        name: "answers that stay in a cache",
        how: "the headers of one's own account",
        play: |target| {
            let answer = target.ask(&Ask::get("/v1/account").by(&target.sign_in(&target.person())));
            let is_kept = !answer.headers.contains("cache-control: no-store");
            Played::said(is_kept, if is_kept { "no `Cache-Control`" } else { "`no-store`" })
        },
    },
    Attack {
        owasp: "API8",
        name: "another site's page reads along",
        how: "`Origin: https://evil.example` (CORS)",
        play: |target| {
            let token = target.sign_in(&target.person());
            let answer =
                target.ask(&Ask::get("/v1/account").by(&token).with("Origin", "https://evil.example"));
            let may = answer.headers.contains("access-control-allow-origin");
            Played::said(may, if may { "any origin may" } else { "no origin may" })
        },
    },
    Attack {
        owasp: "API9",
        name: "versions and doors that nobody took away",
        how: "`/v0/accounts/{other}`, `/debug/config`, without a sign-in",
        play: |target| {
            let victim = target.person();
            let paths = [format!("/v0/accounts/{}", victim.account), "/debug/config".to_owned()];
            let open = paths.iter().filter(|path| target.ask(&Ask::get(path)).status != 404).count();
            Played::said(open > 0, format!("{open} of {} open", paths.len()))
        },
    },
];

fn confirmed(answer: &Answer) -> Played {
    let result = answer.text("result").unwrap_or_default();
    Played::said(result == "confirmed", format!("{}, {}", answer.status, result.replace('_', " ")))
}

fn half_a_request(target: &Target) -> TcpStream {
    let mut stream = TcpStream::connect(target.address).unwrap();
    // The service may have closed it by now.
    let _is_closed = stream.write_all(b"GET /v1/account HTTP/1.1\r\nHost: carrier").is_err();
    stream
}

fn is_open(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    // Nothing to read is open; the end, or a reset, is not.
    matches!(stream.read(&mut [0; 1]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}
