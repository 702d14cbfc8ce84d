//! Connections: HTTP/1 with time limits, so many in all and of one network, and an end that waits for answers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::extract::Peer;
use crate::limits::Network;
use crate::settings::Limits;

/// For how long the head of a request may be on its way, and a connection be idle.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Longest head of a request, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// How long the end waits for answers that are being given.
const END_TIME: Duration = Duration::from_secs(10);
/// After a failed accept (no file handles, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until told to stop, or until whoever could tell is gone.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    mut stop: oneshot::Receiver<()>,
) {
    let (open, graceful) = (Arc::new(Open::default()), GracefulShutdown::new());
    loop {
        let (stream, peer) = tokio::select! {
            _ = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(_) => {
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        // Dropped without an answer: an attacker's connections cost as little as can be.
        let Some(place) = Place::take(&open, Network::of(peer.ip()), &limits) else { continue };
        let _slower = stream.set_nodelay(true).is_err();
        let service = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer.ip()));
            service.call(request)
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(MAX_HEAD);
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        drop(tokio::spawn(async move {
            let _place = place;
            let _broken_off = connection.await.is_err();
        }));
    }
    drop(listener);
    let _some_were_cut = timeout(END_TIME, graceful.shutdown()).await.is_err();
}

/// The open connections, by network.
#[derive(Debug, Default)]
struct Open(Mutex<HashMap<Network, u32>>);

/// One of them; given back on drop.
#[derive(Debug)]
struct Place {
    open: Arc<Open>,
    network: Network,
}

impl Place {
    fn take(open: &Arc<Open>, network: Network, limits: &Limits) -> Option<Self> {
        let mut networks = open.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: u32 = networks.values().sum();
        let own = networks.get(&network).copied().unwrap_or_default();
        if all >= limits.connections || own >= limits.connections_of_network {
            return None;
        }
        networks.insert(network, own.saturating_add(1));
        Some(Self { open: Arc::clone(open), network })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut networks = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        match networks.get_mut(&self.network) {
            Some(own) if *own > 1 => *own = own.saturating_sub(1),
            Some(_) | None => drop(networks.remove(&self.network)),
        }
    }
}
