//! What is attacked: the service, or its weak twin. Every attack is written once, and played against both.

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cpni_guard::vocabulary::ManualClock;
use serde_json::json;

use crate::client::{Answer, Ask, Client};

/// A customer, as far as the attack needs to know one.
pub(crate) use customer_api::SampleCustomer as Person;

/// One of the two.
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) people: Vec<Person>,
    pub(crate) partner: String,
    /// The service's clock and its mail; the twin has neither.
    pub(crate) clock: Option<Arc<ManualClock>>,
    pub(crate) outbox: Option<PathBuf>,
    pub(crate) used: Cell<usize>,
}

impl Target {
    /// A customer whom no attack has touched.
    pub(crate) fn person(&self) -> Person {
        self.person_where(|_| true)
    }

    /// Such a one with, or without, a passcode for ports.
    pub(crate) fn person_where(&self, is_it: impl Fn(&Person) -> bool) -> Person {
        loop {
            let person = self.people.get(self.used.get()).expect("the sample has enough customers").clone();
            self.used.set(self.used.get() + 1);
            if is_it(&person) {
                return person;
            }
        }
    }

    /// Some time goes by: what is counted by the minute begins anew.
    pub(crate) fn wait(&self, time: Duration) {
        self.clock.iter().for_each(|clock| clock.advance(time));
    }

    pub(crate) fn ask(&self, ask: &Ask<'_>) -> Answer {
        Client::new(self.address).ask(ask)
    }

    pub(crate) fn try_to_sign_in(&self, login: &str, password: &str) -> Answer {
        self.ask(&Ask::post("/v1/session", json!({ "login": login, "password": password }).to_string()))
    }

    pub(crate) fn sign_in(&self, person: &Person) -> String {
        let answer = self.try_to_sign_in(&person.login, &person.password);
        answer.text("token").unwrap_or_else(|| panic!("{} signs in: {answer:?}", person.login))
    }

    /// Signs in and gives the code that came by mail.
    pub(crate) fn sign_in_with_second_factor(&self, person: &Person) -> String {
        let token = self.sign_in(person);
        assert_eq!(self.ask(&Ask::post("/v1/second-factor", "").by(&token)).status, 202);
        let code = json!({ "code": self.mailed(person, "code") }).to_string();
        let proved = self.ask(&Ask::put("/v1/second-factor", code).by(&token));
        assert_eq!(proved.body, r#"{"proved":true}"#);
        token
    }

    pub(crate) fn change_sim(&self, person: &Person, token: &str) -> Answer {
        let body = json!({ "line": person.line, "iccid": "8901410000000000990" }).to_string();
        self.ask(&Ask::post("/v1/sim-changes", body).by(token))
    }

    /// A port request with everything right, but for what is changed in it.
    pub(crate) fn port(&self, person: &Person, change: impl FnOnce(&mut serde_json::Value)) -> Answer {
        self.port_by(&self.partner, person, change)
    }

    pub(crate) fn port_by(
        &self,
        key: &str,
        person: &Person,
        change: impl FnOnce(&mut serde_json::Value),
    ) -> Answer {
        let mut body =
            json!({ "number": person.number, "account_number": person.account_number, "zip": person.zip });
        if let Some(passcode) = &person.passcode {
            body["passcode"] = json!(passcode);
        }
        change(&mut body);
        self.ask(&Ask::post("/v1/partner/ports", body.to_string()).by(key))
    }

    /// The last word of the latest message to a customer with this one in it. The twin takes any code.
    pub(crate) fn mailed(&self, person: &Person, what: &str) -> String {
        let Some(outbox) = &self.outbox else { return "000000".to_owned() };
        for _ in 0..100 {
            let mail = std::fs::read_to_string(outbox).unwrap();
            let mut lines = mail.lines().rev().filter(|line| line.starts_with(&person.account));
            if let Some(line) = lines.find(|line| line.contains(what)) {
                return line.rsplit(' ').next().unwrap().to_owned();
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("{what} came to nobody")
    }
}
