//! The weak twin: the same paths, each handler with the fault that an attack looks for. Nothing here is to be copied.

use std::collections::HashMap;
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, Uri};
use axum::response::Response;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::target::Person;

const FIRST_ACCOUNT: usize = 100_001;
const FIRST_ORDER: usize = 500_001;
const LINES: &[&str] = &["8005550199", "2125550123"];

/// Everything of everybody, in the clear.
pub(crate) struct Weak {
    people: Vec<Value>,
    sessions: HashMap<String, usize>,
}

type Shared = Arc<Mutex<Weak>>;
/// Status, body, and whether it is JSON.
type Reply = (u16, Value);

/// The customers of the twin: its numbers are counted up.
pub(crate) fn people(count: usize) -> Vec<Person> {
    (0..count)
        .map(|n| Person {
            login: format!("weak.{n}"),
            password: format!("made-up-weak-{n}"),
            account: (FIRST_ACCOUNT + n).to_string(),
            name: format!("weak Example {n}"),
            number: format!("815556{n:04}"),
            account_number: format!("{:012}", 880_000_000_000_u64 + n as u64 * 7_919),
            zip: format!("{:05}", 60_000 + n),
            passcode: (n % 3 != 2).then(|| format!("pin-{n}")),
            line: format!("line-{n}"),
            order: (FIRST_ORDER + n).to_string(),
        })
        .collect()
}

pub(crate) async fn start(people: &[Person]) -> SocketAddr {
    let people = people.iter().map(|person| {
        json!({
            "login": person.login, "password": person.password, "account": person.account, "name": person.name,
            "number": person.number, "account_number": person.account_number, "zip": person.zip,
            "passcode": person.passcode, "line": person.line, "order": person.order, "ssn": "987-65-4321",
            "card": "4111111111111111", "plan": "Unlimited Plus", "email": "weak@example.com", "sim_lock": false,
        })
    });
    let weak = Weak { people: people.collect(), sessions: HashMap::new() };
    let router = Router::new().fallback(answer).with_state(Arc::new(Mutex::new(weak)));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        // API4: no limit of connections, none of their time.
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            let service = TowerToHyperService::new(router.clone());
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

async fn answer(State(weak): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // API4: as much as anybody sends.
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let header =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    // API5: whoever says which method it is.
    let method = header("x-http-method-override").and_then(|name| name.parse().ok()).unwrap_or(parts.method);
    let cookie = |name: &str| {
        let cookies = header("cookie")?;
        cookies.split("; ").find_map(|pair| pair.strip_prefix(&format!("{name}=")).map(str::to_owned))
    };
    let asked = Asked {
        method,
        token: header("authorization").map(|value| value.replace("Bearer ", "")),
        session: cookie("session"),
        account: header("x-account-id").or_else(|| cookie("account")),
        body: serde_json::from_slice(&body),
        text: String::from_utf8_lossy(&body).into_owned(),
        uri: parts.uri,
    };
    let (status, body) = tokio::task::spawn_blocking(move || asked.answer(&weak)).await.unwrap();
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let mut answer = Response::new(body);
    *answer.status_mut() = status.try_into().unwrap();
    // API8: any site's page may read it, and any cache keep it.
    answer.headers_mut().insert("access-control-allow-origin", "*".parse().unwrap());
    answer
}

struct Asked {
    method: Method,
    uri: Uri,
    token: Option<String>,
    session: Option<String>,
    account: Option<String>,
    body: Result<Value, serde_json::Error>,
    text: String,
}

impl Asked {
    fn answer(self, weak: &Shared) -> Reply {
        let path = self.uri.path().to_owned();
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let needs_body =
            matches!(parts.as_slice(), ["v1", "session" | "sim-changes"] | ["v1", "partner", "ports"]);
        if let (true, false, Err(fault)) = (needs_body, self.method == Method::DELETE, &self.body) {
            // API8: the parser's own words, with what was sent.
            return (400, json!({ "error": fault.to_string(), "request": self.text }));
        }
        let mut weak = weak.lock().unwrap();
        match (self.method.as_str(), parts.as_slice()) {
            ("POST", ["v1", "session"]) => self.sign_in(&mut weak),
            // API2: the session stays.
            ("DELETE", ["v1", "session"]) => (204, Value::Null),
            ("POST", ["v1", "second-factor"]) => (202, Value::Null),
            ("PUT", ["v1", "second-factor"]) => (200, json!({ "proved": true })),
            // API1: any account, for whoever is signed in.
            ("GET", ["v1", "accounts", account]) => {
                self.signed_in(&weak, |_| found(weak.by("account", account)))
            }
            // API9: the version before, which nobody took away; without a sign-in.
            ("GET", ["v0", "accounts", account]) => found(weak.by("account", account)),
            ("GET", ["debug", "config"]) => {
                (200, json!({ "database": "postgres://carrier:secret@db/customers" }))
            }
            ("GET", ["v1", "account"]) => self.signed_in(&weak, |own| self.account(&weak, own)),
            ("GET", ["v1", "calls"]) => self.signed_in(&weak, |_| self.calls()),
            // API1, API2: orders by number, without a sign-in.
            ("GET", ["v1", "orders", order]) => {
                let order = weak.by("order", order);
                // The work that an order makes shows in the time.
                if order.is_some() {
                    busy();
                }
                found(order)
            }
            ("POST", ["v1", "sim-changes"]) => self.change_sim(&mut weak),
            // API1: anybody's change.
            ("DELETE", ["v1", "sim-changes", _]) => (204, Value::Null),
            ("PUT", ["v1", "locks", "sim" | "port"]) => (204, Value::Null),
            // API6: at once.
            ("DELETE", ["v1", "locks", "sim" | "port"]) => (202, json!({ "until": "now" })),
            // API5: whoever has a token of any kind, or none.
            ("POST", ["v1", "partner", "ports"]) => self.port(&weak),
            _ => (404, json!({ "error": format!("no route for {path}") })),
        }
    }

    fn sign_in(&self, weak: &mut Weak) -> Reply {
        let (login, password) = (self.text_of("login"), self.text_of("password"));
        let Some(at) = weak.people.iter().position(|person| person["login"] == login) else {
            return (401, json!({ "error": "no such login" }));
        };
        busy();
        if weak.people[at]["password"] != password {
            return (401, json!({ "error": "wrong password" }));
        }
        // API2: a token that is counted up, or the one that the caller brings.
        let token = self.session.clone().unwrap_or_else(|| format!("session-{}", weak.sessions.len() + 1));
        weak.sessions.insert(token.clone(), at);
        (201, json!({ "token": token }))
    }

    fn account(&self, weak: &Weak, own: usize) -> Reply {
        // API1: the account that a header or cookie names.
        let named = self.account.as_deref().and_then(|account| weak.by("account", account));
        // API3: the whole record; or what the caller names.
        let person = named.unwrap_or(&weak.people[own]);
        (200, person.clone())
    }

    fn calls(&self) -> Reply {
        let limit =
            self.uri.query().and_then(|query| query.strip_prefix("limit=")).and_then(|n| n.parse().ok());
        let calls =
            LINES.iter().cycle().take(limit.unwrap_or(LINES.len())).map(|number| json!({ "number": number }));
        (200, json!({ "calls": calls.collect::<Vec<_>>() }))
    }

    fn change_sim(&self, weak: &mut Weak) -> Reply {
        self.signed_in(weak, |own| {
            let own = weak.people[own]["account"].as_str().unwrap_or_default().to_owned();
            let named = self.text_of("account");
            let account = if named.is_empty() { own } else { named };
            // API3: the state that the caller gives; API6: and without one, at once.
            let state = Some(self.text_of("state")).filter(|state| !state.is_empty());
            (202, json!({ "change": account, "state": state.unwrap_or_else(|| "confirmed".to_owned()) }))
        })
    }

    fn port(&self, weak: &Weak) -> Reply {
        if let Some(to) = self.text_of("notify_url").strip_prefix("http://") {
            // API7: wherever the caller says.
            let _asked = std::net::TcpStream::connect(to.trim_end_matches('/'));
        }
        let Some(person) = weak.by("number", &self.text_of("number")) else {
            return (200, json!({ "result": "not_confirmed", "why": "no such number" }));
        };
        busy();
        for field in ["account_number", "zip"] {
            if person[field] != self.text_of(field) {
                return (200, json!({ "result": "not_confirmed", "why": format!("wrong {field}") }));
            }
        }
        // The passcode is looked at where the caller gives one.
        let passcode = self.text_of("passcode");
        if !passcode.is_empty() && person["passcode"] != passcode {
            return (200, json!({ "result": "not_confirmed", "why": "wrong passcode" }));
        }
        (200, json!({ "result": "confirmed" }))
    }

    fn signed_in(&self, weak: &Weak, then: impl FnOnce(usize) -> Reply) -> Reply {
        let token = self.token.as_ref().or(self.session.as_ref());
        let own = token.and_then(|token| weak.sessions.get(token));
        // API5: a partner's key is a key.
        let own = own.or_else(|| token.filter(|token| token.starts_with("partner")).map(|_| &0));
        own.map_or((401, json!({ "error": "sign in" })), |own| then(*own))
    }

    fn text_of(&self, field: &str) -> String {
        self.body.as_ref().ok().and_then(|body| body[field].as_str()).unwrap_or_default().to_owned()
    }
}

impl Weak {
    fn by(&self, field: &str, value: &str) -> Option<&Value> {
        self.people.iter().find(|person| person[field] == value)
    }
}

fn found(person: Option<&Value>) -> Reply {
    person.map_or((404, json!({ "error": "not found" })), |person| (200, person.clone()))
}

/// A millisecond or so without optimisation, for what is there only.
fn busy() {
    let mut hash = 0_u64;
    for round in 0..50_000_u64 {
        hash = black_box(hash.rotate_left(5) ^ round).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    black_box(hash);
}
