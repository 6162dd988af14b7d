//! A network that can be taken away.

use std::net::Ipv4Addr;
use std::sync::mpsc as sync;
use std::thread::JoinHandle;

use futures_util::future::select_all;
use rustix::net::{Shutdown, shutdown};
use tokio::io::{copy, copy_bidirectional, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use super::port::Port;

/// What becomes of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Network {
    /// They are carried.
    Whole,
    /// They are closed, and new ones refused.
    Cut,
    /// What they bring is swallowed, and nothing is closed.
    Hung,
}

/// A change of the network, and whom to tell that it has taken effect.
type Change = (Network, sync::SyncSender<()>);

/// A proxy on loopback in front of another port there. It runs on a thread of its own until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    changes: Option<mpsc::UnboundedSender<Change>>,
    running: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts to carry connections to a port.
    pub fn to(target: u16) -> Self {
        let port = Port::free();
        let number = port.number();
        let (changes, changed) = mpsc::unbounded_channel();
        let running = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.unwrap_or_else(|error| panic!("no runtime for a proxy: {error}"));
            runtime.block_on(serve(port, target, changed));
        });
        let proxy = Self { port: number, changes: Some(changes), running: Some(running) };
        // From the first change on it listens.
        proxy.mend();
        proxy
    }

    /// The port to connect to instead.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// An address with this proxy's port instead of the target's.
    pub fn instead_of(&self, target: u16, url: &str) -> String {
        let port = format!(":{target}");
        assert!(url.contains(&port), "{url} has no port {target}");
        url.replacen(&port, &format!(":{}", self.port), 1)
    }

    /// Closes every connection and refuses new ones.
    pub fn cut(&self) {
        self.change(Network::Cut);
    }

    /// Swallows from now on what connections bring, in both directions, and closes none. New ones are accepted and never answered.
    pub fn hang(&self) {
        self.change(Network::Hung);
    }

    /// Carries new connections again. Those that hung stay dead, and are closed when one of their ends closes them.
    pub fn mend(&self) {
        self.change(Network::Whole);
    }

    fn change(&self, network: Network) {
        let (done, is_done) = sync::sync_channel(1);
        let sent = self.changes.as_ref().is_some_and(|changes| changes.send((network, done)).is_ok());
        assert!(sent && is_done.recv().is_ok(), "the proxy at port {} has ended", self.port);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.changes = None;
        // What it panicked with is on standard error already.
        let _ = self.running.take().map(JoinHandle::join);
    }
}

async fn serve(port: Port, target: u16, mut changes: mpsc::UnboundedReceiver<Change>) {
    let (network, watched) = watch::channel(Network::Cut);
    let mut listener: Option<TcpListener> = None;
    loop {
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            change = changes.recv() => {
                let Some((next, done)) = change else { return };
                if next == Network::Cut {
                    // A process that is just being started has a copy of the socket until it runs its program: closing ours is not enough.
                    let _ = listener.take().map(|listener| shutdown(&listener, Shutdown::Both));
                } else if listener.is_none() {
                    let again = port.listen().and_then(TcpListener::from_std);
                    listener = Some(again.unwrap_or_else(|error| panic!("a proxy cannot listen at port {}: {error}", port.number())));
                }
                network.send_if_modified(|now| std::mem::replace(now, next) != next);
                let _ = done.send(());
            }
            accepted = accepted => {
                if let Ok((client, _)) = accepted {
                    tokio::spawn(carry(client, target, watched.clone()));
                }
            }
        }
    }
}

async fn carry(mut client: TcpStream, target: u16, mut network: watch::Receiver<Network>) {
    if *network.borrow_and_update() == Network::Hung {
        return swallow(&mut [client], network).await;
    }
    let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await else { return };
    // What is measured through the proxy must not wait for acknowledgements.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    tokio::select! {
        // An error is an end, too.
        _ = copy_bidirectional(&mut client, &mut server) => {}
        changed = network.changed() => {
            // Any change was the end of this connection, even if the network is whole again by now.
            if changed.is_ok() && *network.borrow_and_update() == Network::Hung {
                swallow(&mut [client, server], network).await;
            }
        }
    }
}

/// Reads what comes and forgets it, until an end is closed and the network would tell the other one so.
async fn swallow(ends: &mut [TcpStream], mut network: watch::Receiver<Network>) {
    let closed = select_all(ends.iter_mut().map(|end| Box::pin(async { copy(end, &mut sink()).await })));
    let mut told = network.clone();
    let is_told = async {
        let _ = closed.await;
        // The proxy's end is the end of it all.
        let _ = told.wait_for(|network| *network != Network::Hung).await;
    };
    tokio::select! {
        () = is_told => {}
        _ = network.wait_for(|network| *network == Network::Cut) => {}
    }
}
