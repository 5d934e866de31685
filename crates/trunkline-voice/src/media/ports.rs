//! Even/odd port pairs for RTP and RTCP, both bound before an offer names them.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket as StdSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::UdpSocket;

/// Pairs tried before giving up: other programs may hold some ports of the range.
const ATTEMPTS_MAX: usize = 64;

/// Hands out port pairs. A pair given back is used again last, so that late packets of an ended
/// call do not meet a new one.
#[derive(Debug)]
pub(crate) struct PortPool {
    bind: IpAddr,
    /// Even ports that are free; `None` lets the system choose (tests).
    free: Option<Mutex<VecDeque<u16>>>,
    pairs_open: AtomicUsize,
}

/// Two bound sockets; dropping them gives the ports back.
#[derive(Debug)]
pub(crate) struct PortPair {
    pub(crate) rtp: UdpSocket,
    pub(crate) rtcp: UdpSocket,
    /// Port of `rtp`; `rtcp` has the next one.
    pub(crate) port: u16,
    _lease: Lease,
}

#[derive(Debug)]
struct Lease {
    pool: Arc<PortPool>,
    port: u16,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.pairs_open.fetch_sub(1, Ordering::Relaxed);
        self.pool.give_back(self.port);
    }
}

impl PortPool {
    /// A pool over `first..=last`; `(0, 0)` means ports chosen by the system.
    pub(crate) fn new(bind: IpAddr, first: u16, last: u16) -> Self {
        let even = (first..=last).filter(|p| p % 2 == 0 && *p < last).collect();
        let free = (first != 0).then(|| Mutex::new(even));
        Self {
            bind,
            free,
            pairs_open: AtomicUsize::new(0),
        }
    }

    /// Pairs in use.
    pub(crate) fn pairs_open(&self) -> usize {
        self.pairs_open.load(Ordering::Relaxed)
    }

    /// Binds the next free pair.
    ///
    /// # Errors
    /// When the range is used up or no pair can be bound.
    pub(crate) fn bind_pair(self: &Arc<Self>) -> io::Result<PortPair> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(port) = self.take() else {
                return Err(io::Error::other("no free RTP port in the configured range"));
            };
            match self.bind_at(port) {
                Ok(pair) => return Ok(pair),
                Err(_) => self.give_back(port),
            }
        }
        Err(io::Error::other("no RTP port pair could be bound"))
    }

    fn bind_at(self: &Arc<Self>, port: u16) -> io::Result<PortPair> {
        let rtp = bind(self.bind, port)?;
        let bound = rtp.local_addr()?.port();
        if bound % 2 != 0 {
            return Err(io::Error::from(io::ErrorKind::AddrNotAvailable));
        }
        let rtcp = UdpSocket::from_std(bind(self.bind, bound + 1)?)?;
        let rtp = UdpSocket::from_std(rtp)?;
        self.pairs_open.fetch_add(1, Ordering::Relaxed);
        let lease = Lease {
            pool: Arc::clone(self),
            port,
        };
        Ok(PortPair {
            rtp,
            rtcp,
            port: bound,
            _lease: lease,
        })
    }

    fn take(&self) -> Option<u16> {
        let Some(free) = &self.free else {
            return Some(0);
        };
        free.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    }

    fn give_back(&self, port: u16) {
        if let Some(free) = &self.free {
            free.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push_back(port);
        }
    }
}

fn bind(ip: IpAddr, port: u16) -> io::Result<StdSocket> {
    let socket = StdSocket::bind(SocketAddr::new(ip, port))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
