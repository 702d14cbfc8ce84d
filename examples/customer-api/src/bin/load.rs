//! Load: an audited read, beside the same handler without the library, in turns in the same run.
//!
//! ```sh
//! cargo run --release -p customer-api --bin load
//! cargo run --release -p customer-api --bin load -- 16   # so many requests at work at once, in place of 64
//! ```
//!
//! A generator of its own, as a token for all connections (`oha`, `wrk`) is one session, and the requests of a session
//! take turns: here each connection is a customer's. Bounded: 64 connections, 3 times 5 s each.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a program")]

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use customer_api::{Limits, Service, Settings, StartError, make_reference};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

const CONNECTIONS: u32 = 64;
const ROUNDS: usize = 3;
const SECONDS: Duration = Duration::from_secs(5);
const WARM_UP: Duration = Duration::from_secs(1);
/// Of requests a second, ours to bare.
const AIM: f64 = 0.5;

/// What one round gave.
#[derive(Debug, Clone, Copy)]
struct Round {
    a_second: f64,
    p50: Duration,
    p99: Duration,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::from(1)
        }
    }
}

fn run() -> Result<(), StartError> {
    let mut limits = Limits::none_for_testing();
    if let Some(at_work) = env::args().nth(1) {
        limits.at_work = at_work.parse::<NonZeroUsize>()?.get();
    }
    // The generator has a thread of its own, so that neither side waits for the other's tasks.
    let (service_side, client_side) = (Runtime::new()?, Builder::new_current_thread().enable_all().build()?);
    let folder =
        env::temp_dir().join(format!("customer-api-load-{}", make_reference().map_err(|_| "no randomness")?));
    let settings = Settings { customers: CONNECTIONS, limits, ..Settings::new(&folder) };
    let service = service_side.block_on(Service::start_beside_bare_for_testing(settings))?;
    let at = service.address();
    let tokens = client_side.block_on(sign_in(&service))?;
    let recorded = service.audit_size();
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(client_side.block_on(round(at, "/bare/account", &tokens))?);
        ours.push(client_side.block_on(round(at, "/v1/account", &tokens))?);
    }
    let recorded = service.audit_size().saturating_sub(recorded);
    service_side.block_on(service.stop());
    fs::remove_dir_all(folder)?;
    print(&mut bare, &mut ours, recorded);
    Ok(())
}

fn print(bare: &mut [Round], ours: &mut [Round], recorded: u64) {
    let (bare, ours) = (median(bare), median(ours));
    println!(
        "GET /v1/account over {CONNECTIONS} connections, medians of {ROUNDS} rounds of {} s, in turns\n",
        SECONDS.as_secs()
    );
    println!("{:<28} {:>10} {:>9} {:>9}", "", "requests/s", "p50", "p99");
    for (name, round) in [("without the library", bare), ("audited, durable in groups", ours)] {
        let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
        println!("{name:<28} {:>10.0} {:>6.2} ms {:>6.2} ms", round.a_second, ms(round.p50), ms(round.p99));
    }
    let ratio = ours.a_second / bare.a_second;
    let said = if ratio >= AIM { "met" } else { "missed" };
    println!("\nratio {ratio:.2}; aim {AIM}: {said}. {recorded} events recorded");
}

fn median(rounds: &mut [Round]) -> Round {
    rounds.sort_by(|one, other| one.a_second.total_cmp(&other.a_second));
    let none = Round { a_second: 0.0, p50: Duration::ZERO, p99: Duration::ZERO };
    rounds.get(rounds.len() / 2).copied().unwrap_or(none)
}

async fn sign_in(service: &Service) -> Result<Vec<String>, StartError> {
    let mut tokens = Vec::new();
    let mut stream = TcpStream::connect(service.address()).await?;
    for customer in service.customers() {
        let body = format!(r#"{{"login":"{}","password":"{}"}}"#, customer.login, customer.password);
        let head = "POST /v1/session HTTP/1.1\r\nHost: carrier.example\r\nContent-Type: application/json\r\n";
        let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        let answer = exchange(&mut stream, request.as_bytes(), &mut Vec::new()).await?;
        let token = answer.split('"').nth(3).ok_or("no token")?;
        tokens.push(token.to_owned());
    }
    Ok(tokens)
}

/// Every connection asks as soon as it is answered.
async fn round(at: SocketAddr, path: &str, tokens: &[String]) -> Result<Round, StartError> {
    let begun = Instant::now();
    let (from, until) = (begun + WARM_UP, begun + WARM_UP + SECONDS);
    let connections = tokens.iter().map(|token| {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: carrier.example\r\nAuthorization: Bearer {token}\r\n\r\n");
        tokio::spawn(connection(at, request, (from, until)))
    });
    let mut times = Vec::new();
    for connection in connections.collect::<Vec<_>>() {
        times.extend(connection.await??);
    }
    times.sort_unstable();
    let part = |of: usize| times.get(times.len().saturating_mul(of) / 100).copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a count of a few seconds")]
    let a_second = times.len() as f64 / SECONDS.as_secs_f64();
    Ok(Round { a_second, p50: part(50), p99: part(99) })
}

async fn connection(
    at: SocketAddr,
    request: String,
    (from, until): (Instant, Instant),
) -> Result<Vec<Duration>, StartError> {
    let mut stream = TcpStream::connect(at).await?;
    stream.set_nodelay(true)?;
    let (mut times, mut buffer) = (Vec::new(), Vec::new());
    loop {
        let begun = Instant::now();
        exchange(&mut stream, request.as_bytes(), &mut buffer).await?;
        let answered = Instant::now();
        if answered >= until {
            return Ok(times);
        }
        if begun >= from {
            times.push(answered.duration_since(begun));
        }
    }
}

/// One request and the body of its answer, which must be a success.
async fn exchange(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<String, StartError> {
    stream.write_all(request).await?;
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("closed".into());
        }
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let (head, body) = buffer.split_at(end.saturating_add(4));
        let head = std::str::from_utf8(head)?;
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .ok_or("no length")?
            .parse()?;
        if body.len() < length {
            continue;
        }
        if !head.starts_with("HTTP/1.1 20") {
            return Err(format!("another answer: {}", head.lines().next().unwrap_or_default()).into());
        }
        return Ok(std::str::from_utf8(body)?.to_owned());
    }
}
