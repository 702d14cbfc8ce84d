//! An HTTP/1.1 client over a socket, small enough to see what goes over the wire.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Lower case, as they came.
    pub(crate) headers: String,
    pub(crate) body: String,
}

/// A request, as far as it is said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) token: Option<&'a str>,
    pub(crate) headers: Vec<(&'a str, String)>,
    pub(crate) body: Option<String>,
}

/// One connection, kept alive.
#[derive(Debug)]
pub(crate) struct Client {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

impl<'a> Ask<'a> {
    pub(crate) fn get(path: &'a str) -> Self {
        Self { method: "GET", path, ..Self::default() }
    }

    pub(crate) fn delete(path: &'a str) -> Self {
        Self { method: "DELETE", path, ..Self::default() }
    }

    pub(crate) fn post(path: &'a str, body: impl Into<String>) -> Self {
        Self { method: "POST", path, body: Some(body.into()), ..Self::default() }
    }

    pub(crate) fn put(path: &'a str, body: impl Into<String>) -> Self {
        Self { method: "PUT", path, body: Some(body.into()), ..Self::default() }
    }

    pub(crate) fn by(self, token: &'a str) -> Self {
        Self { token: Some(token), ..self }
    }

    pub(crate) fn with(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The text of a field of a JSON body, wherever it stands.
    pub(crate) fn text(&self, field: &str) -> Option<String> {
        let value: serde_json::Value = serde_json::from_str(&self.body).ok()?;
        value.get(field)?.as_str().map(str::to_owned)
    }
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// Sends and waits. A connection that the other side closed meanwhile is opened anew, once.
    pub(crate) fn ask(&mut self, ask: &Ask<'_>) -> Answer {
        if let Some(answer) = self.stream.is_some().then(|| self.exchange(ask)).flatten() {
            return answer;
        }
        let stream = TcpStream::connect(self.address).expect("the service listens");
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        self.stream = Some(stream);
        self.exchange(ask).expect("an answer")
    }

    fn exchange(&mut self, ask: &Ask<'_>) -> Option<Answer> {
        let answer = self.try_exchange(ask);
        if answer.as_ref().is_none_or(|answer| answer.headers.contains("connection: close")) {
            self.stream = None;
        }
        answer
    }

    fn try_exchange(&mut self, ask: &Ask<'_>) -> Option<Answer> {
        let stream = self.stream.as_mut()?;
        // An answer may come before all of a long body is sent, and the rest is then not taken.
        let _not_all_taken = stream.write_all(ask.bytes().as_bytes()).is_err();
        let mut bytes = Vec::new();
        let mut piece = [0; 16 * 1024];
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            match stream.read(&mut piece) {
                Ok(0) | Err(_) => return None,
                Ok(read) => bytes.extend_from_slice(&piece[..read]),
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        while bytes.len() < end + 4 + length {
            match stream.read(&mut piece) {
                Ok(0) | Err(_) => return None,
                Ok(read) => bytes.extend_from_slice(&piece[..read]),
            }
        }
        let body = String::from_utf8_lossy(&bytes[end + 4..]).into_owned();
        Some(Answer { status, headers: head, body })
    }
}

impl Ask<'_> {
    fn bytes(&self) -> String {
        let mut text = format!("{} {} HTTP/1.1\r\nHost: carrier.example\r\n", self.method, self.path);
        if let Some(token) = self.token {
            text.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let body = self.body.as_deref().unwrap_or_default();
        if self.body.is_some() && !self.headers.iter().any(|(name, _)| *name == "Content-Type") {
            text.push_str("Content-Type: application/json\r\n");
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        text
    }
}
