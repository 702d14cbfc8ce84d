//! Starts the sample, and says how to try it. `docs/customer-api.md` tells of it.
//!
//! ```sh
//! cargo run --release -p customer-api
//! cargo run --release -p customer-api -- --address 127.0.0.1:8080
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a program")]

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use customer_api::{Limits, Service, Settings, make_reference};

const USAGE: &str = "usage: customer-api [--address ADDRESS:PORT] [--unlimited]

  --address    where it listens; 127.0.0.1:8080 where it is not said, and port 0 is any
  --unlimited  without limits by the minute: for programs that try the API, never in service";

#[tokio::main]
async fn main() -> ExitCode {
    let (address, limits) = match options() {
        Ok(options) => options,
        Err(wrong) => {
            eprintln!("customer-api: {wrong}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    // A panic's text may hold a customer's value: where it was is all that is printed.
    std::panic::set_hook(Box::new(|panic| match panic.location() {
        Some(place) => eprintln!("customer-api: a panic at {}:{}", place.file(), place.line()),
        None => eprintln!("customer-api: a panic"),
    }));
    match run(address, limits).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("customer-api: {error}");
            ExitCode::from(1)
        }
    }
}

async fn run(address: SocketAddr, limits: Limits) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let name = make_reference().map_err(|_| "no randomness")?;
    let folder: PathBuf = env::temp_dir().join(format!("customer-api-{name}"));
    let service = Service::start(Settings { address, limits, ..Settings::new(&folder) }).await?;
    introduce(&service, &folder.join("outbox.txt"));
    tokio::signal::ctrl_c().await?;
    println!("Stopping.");
    service.stop().await;
    // The keys are gone with the process, and nothing in there opens again.
    fs::remove_dir_all(folder)?;
    Ok(())
}

fn introduce(service: &Service, outbox: &std::path::Path) {
    let at = format!("http://{}", service.address());
    println!("A made-up carrier's API on {at} ({at}/openapi.json). Ctrl-C ends it, and all of its data.\n");
    println!("Sign-ins that are obviously made up:");
    for customer in service.customers() {
        println!(
            "  {} with {}; line {}, order {}",
            customer.login, customer.password, customer.line, customer.order
        );
    }
    let Some(customer) = service.customers().first() else { return };
    let (login, password, partner) = (&customer.login, &customer.password, service.partner());
    let json = "-H 'Content-Type: application/json'";
    println!("\nTry it:");
    println!(
        "  TOKEN=$(curl -s {at}/v1/session {json} -d '{{\"login\":\"{login}\",\"password\":\"{password}\"}}' | cut -d'\"' -f4)"
    );
    println!("  curl -s {at}/v1/account -H \"Authorization: Bearer $TOKEN\"");
    println!("  curl -s {at}/v1/calls -H \"Authorization: Bearer $TOKEN\"");
    println!(
        "  curl -s -X POST {at}/v1/second-factor -H \"Authorization: Bearer $TOKEN\"   # the code is in the outbox"
    );
    println!(
        "  curl -s -X PUT {at}/v1/second-factor -H \"Authorization: Bearer $TOKEN\" {json} -d '{{\"code\":\"...\"}}'"
    );
    println!(
        "  curl -s {at}/v1/sim-changes -H \"Authorization: Bearer $TOKEN\" {json} -d '{{\"line\":\"{}\",\"iccid\":\"8901410000000000990\"}}'",
        customer.line
    );
    println!("\nThe outbox, where mail would be: {}", outbox.display());
    println!("Partner {} has the key {}", partner.id, partner.key);
}

fn options() -> Result<(SocketAddr, Limits), String> {
    let (mut address, mut limits) = (SocketAddr::from(([127, 0, 0, 1], 8080)), Limits::default());
    let mut options = env::args().skip(1);
    while let Some(option) = options.next() {
        match option.as_str() {
            "--unlimited" => limits = Limits::none_for_testing(),
            "--address" => {
                let value = options.next().ok_or("`--address` needs a value")?;
                address = value.parse().map_err(|_| format!("`{value}` is no address with a port"))?;
            }
            _ => return Err(format!("`{option}` is no option")),
        }
    }
    Ok((address, limits))
}
