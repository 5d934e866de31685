//! A connection's bytes, with the one fact that decides whether something may be sold to somebody else: whether anything
//! has left on it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// What bytes go over.
pub(super) enum Stream {
    /// As they are; to this machine only.
    Plain(TcpStream),
    /// Sealed.
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection that notes when something of a request leaves.
pub(super) struct Wire {
    stream: Stream,
    left: Arc<AtomicBool>,
}

impl Wire {
    pub(super) fn new(stream: Stream, left: Arc<AtomicBool>) -> Self {
        Self { stream, left }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, into),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let left = match &mut self.stream {
            Stream::Plain(stream) => {
                let written = Pin::new(stream).poll_write(context, bytes);
                (matches!(written, Poll::Ready(Ok(1..))), written)
            }
            Stream::Tls(stream) => {
                let written = Pin::new(stream).poll_write(context, bytes);
                // An error may come after a part was sealed and sent.
                (matches!(written, Poll::Ready(Ok(1..) | Err(_))), written)
            }
        };
        if left.0 {
            self.left.store(true, Ordering::SeqCst);
        }
        left.1
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
