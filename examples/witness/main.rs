//! Anchoring an audit log: its checkpoints go to a witness over HTTP, and somebody who has only the
//! log's public key checks one disclosure. The witness here is a thread on loopback; a real one is
//! another machine, with another owner, behind TLS.
#![expect(clippy::print_stdout, reason = "an example tells what it does")]

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use cpni_guard::audit::{Checkpoint, CheckpointSink, EventProof, MAX_NOTE_LEN, VerifyingKey};
use cpni_guard::error::HostError;
use cpni_guard::interaction::{AccountFacts, MemoryContacts, MemoryDirectory};
use cpni_guard::{AccountId, Guard, MemoryKeys, Schema, Stores};

/// Puts checkpoints to a witness: `PUT /<log id>`, the signed note as the body.
#[derive(Debug)]
struct HttpSink(SocketAddr);

/// A witness that does not answer must not keep the guard from ending.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest note, and a few lines in front of it.
const MAX_BODY: u64 = 260 * 1024;

impl HttpSink {
    fn put(&self, log: &str, note: &str) -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&self.0, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let length = note.len();
        write!(stream, "PUT /{log} HTTP/1.1\r\nHost: {}\r\nContent-Length: {length}\r\n\r\n{note}", self.0)?;
        let mut status = String::new();
        BufReader::new(stream.take(MAX_BODY)).read_line(&mut status)?;
        Ok(status.starts_with("HTTP/1.1 204 "))
    }
}

impl CheckpointSink for HttpSink {
    fn publish(&self, checkpoint: &Checkpoint) -> Result<(), HostError> {
        let log = checkpoint.log().ok_or(HostError)?.to_string();
        if self.put(&log, checkpoint.note()).unwrap_or(false) { Ok(()) } else { Err(HostError) }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let sink = HttpSink(listener.local_addr()?);
    let witnessed = witness(listener);

    let guard = Guard::builder()
        .schema(Schema::from_toml(include_str!("../subscriber.toml"))?)
        .keys(MemoryKeys::new()?)
        .store(Stores::in_memory())
        .grants(include_str!("../grants.toml"))
        .agents(Arc::new(MemoryDirectory::default()))
        .contacts(Arc::new(MemoryContacts::default()))
        .checkpoint_sink(Arc::new(sink))
        .build()?;
    // What an auditor notes down once.
    let key = guard.audit().verifying_key().to_string();
    println!("verifier key\n  {key}\n");

    for number in 0..5 {
        guard.set_account_facts(&AccountId::new(format!("A-{number}"))?, &AccountFacts::default())?;
    }
    println!("before: {}", guard.audit().verify()?);
    let proof = guard.audit().prove(3)?;
    let audit = guard.audit().checkpoint()?;
    drop(guard); // publishes what is new

    // Elsewhere: only the key, what the witness kept, and the proof.
    let key: VerifyingKey = key.parse()?;
    let last = witnessed.try_iter().map(|note| Checkpoint::open(&note, &key)).last();
    let last = last.ok_or("the witness got nothing")??;
    if last != audit {
        return Err("the witness kept another checkpoint".into());
    }
    println!("the witness kept\n{}", indented(last.note()));
    let opened = EventProof::open(&proof, &key)?;
    println!(
        "event {} is {}: proved by\n{}",
        opened.index(),
        opened.event().facts.kind.name(),
        indented(&proof)
    );
    Ok(())
}

/// A witness: keeps every checkpoint that is put to it. A real one also asks for a consistency proof
/// from the one before, and signs what it saw.
fn witness(listener: TcpListener) -> Receiver<String> {
    let (keep, kept) = channel();
    // It ends with the process.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // What came in half is not kept, and not answered: the sender tries again.
            take(stream, &keep).unwrap_or_default();
        }
    });
    kept
}

fn take(stream: TcpStream, keep: &Sender<String>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut answer = stream.try_clone()?;
    let mut reader = BufReader::new(stream.take(MAX_BODY));
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.strip_prefix("Content-Length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    let mut note = vec![0; length.min(MAX_NOTE_LEN)];
    reader.read_exact(&mut note)?;
    if keep.send(String::from_utf8_lossy(&note).into_owned()).is_err() {
        return Ok(());
    }
    answer.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
