//! Puts the judgement of `ingress` in front of the stack, for datagrams and for connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rsipstack::platform::net::UdpSocket as StackSocket;
use rsipstack::transaction::endpoint::TransportEventInspector;
use rsipstack::transport::stream::StreamConnection;
use rsipstack::transport::{SipConnection, TransportEvent};
use tokio::net::UdpSocket;
use tokio::sync::Notify;
use trunkline_engine::call::control::Transport;

use super::ingress::{Ingress, Verdict};
use crate::tasks::Tasks;

/// Longest wait for a TCP peer to take an answer.
const TCP_SEND_MAX: Duration = Duration::from_secs(5);

/// A UDP socket that hands the stack only what was let in.
pub(crate) struct DatagramDoor {
    socket: UdpSocket,
    ingress: Arc<Ingress>,
    /// Told when the stack starts to listen.
    listening: Arc<Notify>,
}

impl DatagramDoor {
    pub(crate) const fn new(
        socket: UdpSocket,
        ingress: Arc<Ingress>,
        listening: Arc<Notify>,
    ) -> Self {
        Self {
            socket,
            ingress,
            listening,
        }
    }

    /// Judges the first `length` bytes; the length to hand on, if any.
    fn judge(&self, buffer: &mut [u8], mut length: usize, from: SocketAddr) -> Option<usize> {
        // Keep-alives (RFC 5626, 4.4.1) are answered by the stack.
        if buffer[..length].iter().all(u8::is_ascii_whitespace) {
            return self.ingress.knows(from, Transport::Udp).then_some(length);
        }
        // The stack's buffer is fixed: a datagram that fills it was cut.
        let cut = length == buffer.len();
        // Empty lines before the start line are to be ignored (RFC 3261, 7.5).
        let empty = buffer[..length]
            .iter()
            .take_while(|b| matches!(b, b'\r' | b'\n'))
            .count();
        if empty > 0 {
            buffer.copy_within(empty..length, 0);
            length -= empty;
        }
        let verdict = if cut {
            self.ingress
                .refuse_cut(&buffer[..length], from, Transport::Udp)
        } else {
            self.ingress.judge(&buffer[..length], from, Transport::Udp)
        };
        match verdict {
            Verdict::Pass => Some(length),
            Verdict::Insert { at, line } => insert(buffer, length, at, line.as_bytes()),
            Verdict::Answer(answer) => {
                // A full send buffer loses the answer like the network would.
                let _ = self.socket.try_send_to(&answer, from);
                None
            }
            Verdict::Drop => None,
        }
    }
}

/// Puts `line` at `at`; the new length, if it fits.
fn insert(buffer: &mut [u8], length: usize, at: usize, line: &[u8]) -> Option<usize> {
    let total = length + line.len();
    if total > buffer.len() {
        return None;
    }
    buffer.copy_within(at..length, at + line.len());
    buffer[at..at + line.len()].copy_from_slice(line);
    Some(total)
}

#[async_trait]
impl StackSocket for DatagramDoor {
    async fn recv_from(&self, buffer: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        self.listening.notify_one();
        loop {
            let (length, from) = self.socket.recv_from(buffer).await?;
            if let Some(length) = self.judge(buffer, length, from) {
                return Ok((length, from));
            }
        }
    }

    async fn send_to(&self, buffer: &[u8], to: SocketAddr) -> rsipstack::Result<usize> {
        Ok(self.socket.send_to(buffer, to).await?)
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }
}

/// Judges what TCP connections bring, after the stack has split the stream into messages.
pub(crate) struct StreamDoor {
    ingress: Arc<Ingress>,
    tasks: Tasks,
}

impl StreamDoor {
    pub(crate) const fn new(ingress: Arc<Ingress>, tasks: Tasks) -> Self {
        Self { ingress, tasks }
    }

    fn answer(&self, connection: SipConnection, answer: Vec<u8>) {
        // The receiving loop never waits for a slow peer.
        self.tasks.spawn(async move {
            let sending = async {
                match &connection {
                    SipConnection::Tcp(stream) => stream.send_raw(&answer).await,
                    SipConnection::Tls(stream) => stream.send_raw(&answer).await,
                    _ => Ok(()),
                }
            };
            let _ = tokio::time::timeout(TCP_SEND_MAX, sending).await;
        });
    }
}

#[async_trait]
impl TransportEventInspector for StreamDoor {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        let TransportEvent::Incoming(message, connection, from) = &event else {
            return Some(event);
        };
        let transport = match connection {
            SipConnection::Tcp(_) => Transport::Tcp,
            SipConnection::Tls(_) => Transport::Tls,
            _ => return Some(event),
        };
        let remote = from.get_socketaddr().ok()?;
        match self.ingress.judge(&message.to_bytes(), remote, transport) {
            Verdict::Pass | Verdict::Insert { .. } => Some(event),
            Verdict::Answer(answer) => {
                self.answer(connection.clone(), answer);
                None
            }
            Verdict::Drop => None,
        }
    }
}
