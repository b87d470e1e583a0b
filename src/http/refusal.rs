//! What the framework refuses before there is a request: it answers with a status and nothing else,
//! so that answer is exchanged for a problem on its way out. What merely looks like it, in the middle of
//! somebody's file, is not.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::ResponseError;
use actix_web::body::MessageBody;
use actix_web::rt::net::TcpStream;
use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::framing::{Asked, Framing};
use super::pace::{Pace, Patience};
use super::problem::Problem;
use super::upload::UPLOAD_BYTES_MAX;

/// What every answer carries unless it says otherwise.
pub const DEFAULT_HEADERS: &[(&str, &str)] = &[
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

/// How an answer of the framework's own begins. None of ours does: each has more to say.
const BARE: [(&str, Problem); 3] = [
    (
        "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n",
        Problem::Malformed("This is no HTTP request."),
    ),
    ("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n", Problem::HeadTooSlow),
    (
        "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n",
        Problem::HeadTooLarge,
    ),
];

/// How much is read, and let go, of a body that was refused: who hangs up on a client that still sends is not heard by
/// it, and a phone may be at its longest upload when its session has ended.
const IDLE_BYTES_MAX: u64 = UPLOAD_BYTES_MAX as u64;

/// A client's connection.
pub struct Connection {
    stream: TcpStream,
    asked: Asked,
    framing: Framing,
    /// Of a problem that takes the place of a bare answer, what has not been sent yet.
    problem: Bytes,
    pace: Pace,
    /// How long the client is waited for that takes an answer; `None` between answers.
    patience: Option<Patience>,
    /// Since when nothing waits to be taken.
    idle_since: Option<Instant>,
    /// How long the client is waited for that has begun to send what nobody reads yet, or any more.
    idle_patience: Option<Patience>,
}

impl Connection {
    /// One on which nothing has been said.
    pub fn new(stream: TcpStream, pace: Pace) -> Self {
        let asked = Asked::default();
        let framing = Framing::new(asked.clone());
        let (patience, idle_since, idle_patience) = (None, None, None);
        let problem = Bytes::new();
        Self { stream, asked, framing, problem, pace, patience, idle_since, idle_patience }
    }

    /// What has to be told of each of its requests.
    pub fn asked(&self) -> Asked {
        self.asked.clone()
    }
}

/// The problem to send in the place of an answer, if that is a bare one of the framework's.
fn exchange(answer: &[u8]) -> Option<Bytes> {
    let (problem, rest) = BARE.into_iter().find_map(|(bare, problem)| {
        let rest = answer.strip_prefix(bare.as_bytes())?;
        Some((problem, rest))
    })?;
    let (response, body) = problem.error_response().into_parts();
    let body = body.try_into_bytes().ok()?;
    let length = body.len().to_string();
    let own = response.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let default = DEFAULT_HEADERS
        .iter()
        .filter(|(name, _)| !response.headers().contains_key(*name))
        .map(|(name, value)| (*name, value.as_bytes()));
    let mut message = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
    for (name, value) in own.chain(default).chain([("content-length", length.as_bytes())]) {
        message.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    // The date, and that the connection ends with this.
    message.extend(rest);
    message.extend(body);
    Some(message.into())
}

/// Ends a connection whose client takes nothing: what the kernel holds for it goes as well.
fn hang_up(stream: &TcpStream) -> io::Error {
    let _gone_already = stream.set_zero_linger();
    io::ErrorKind::TimedOut.into()
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        content: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, framing, problem, pace, patience: waits, idle_since, .. } =
            self.get_mut();
        if problem.is_empty() && framing.is_at_head() {
            *problem = exchange(content).unwrap_or_default();
        }
        if problem.is_empty() {
            let passes = framing.passes(content);
            let patience = waits.get_or_insert_with(|| Patience::with_taker(*pace));
            if let Some(since) = idle_since.take() {
                // That time was ours.
                patience.paused(since.elapsed());
            }
            let Poll::Ready(written) =
                Pin::new(&mut *stream).poll_write(context, &content[..passes])
            else {
                ready!(patience.poll_end(context));
                return Poll::Ready(Err(hang_up(stream)));
            };
            let written = written?;
            framing.advance(written);
            patience.moved(written);
            *idle_since = Some(Instant::now());
            if framing.is_at_head() {
                *waits = None;
            }
            return Poll::Ready(Ok(written));
        }
        while problem.has_remaining() {
            match ready!(Pin::new(&mut *stream).poll_write(context, problem))? {
                0 => return Poll::Ready(Ok(0)),
                written => problem.advance(written),
            }
        }
        // Nothing follows a refusal.
        Poll::Ready(Ok(content.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // The framework would wait for the rest of a body that was refused, and for that of a later head, for as long
        // as any of it comes, or none.
        const END: Poll<io::Result<()>> = Poll::Ready(Ok(()));
        let Self { stream, asked, pace, idle_patience, .. } = self.get_mut();
        if IDLE_BYTES_MAX < asked.came(0) {
            return END;
        }
        let before = buffer.filled().len();
        let read = Pin::new(stream).poll_read(context, buffer);
        let came = buffer.filled().len() - before;
        let idle_bytes = asked.came(came);
        if idle_bytes == came as u64 {
            // Something new begins, or somebody reads it.
            *idle_patience = None;
        }
        if idle_bytes == 0 {
            return read;
        }
        let patience = idle_patience.get_or_insert_with(|| Patience::with_sender(*pace));
        if read.is_pending() {
            ready!(patience.poll_end(context));
            return END;
        }
        patience.moved(came);
        read
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::http::Method;
    use actix_web::rt::net::TcpListener;
    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const REFUSAL: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: today\r\n\r\n";

    /// What a client reads when this is written, one after the other.
    async fn heard(parts: &[&str]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut connection = Connection::new(listener.accept().await.unwrap().0, Pace::default());
        for part in parts {
            connection.write_all(part.as_bytes()).await.unwrap();
        }
        drop(connection);
        let mut heard = String::new();
        client.read_to_string(&mut heard).await.unwrap();
        heard
    }

    #[tokio::test]
    async fn a_bare_refusal_becomes_a_problem() {
        let heard = heard(&[REFUSAL]).await;
        assert!(heard.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{heard}");
        assert!(heard.contains("\r\ndate: today\r\n\r\n{\"type\":"), "{heard}");
    }

    /// A file may hold it, and be sent in parts that begin anywhere.
    #[tokio::test]
    async fn what_looks_like_a_refusal_in_a_content_stays_as_it_is() {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n";
        assert_eq!(heard(&[answer, REFUSAL]).await, format!("{answer}{REFUSAL}"));
    }

    const ANSWER: &[u8] = b"HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\n\r\n";

    /// A connection, and its client.
    async fn connected(pace: Pace) -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Connection::new(listener.accept().await.unwrap().0, pace), client)
    }

    /// However much comes of requests, and of a body that somebody reads.
    #[tokio::test]
    async fn what_nobody_reads_is_listened_to_for_so_long_and_no_longer() {
        let (mut connection, mut client) = connected(Pace::default()).await;
        let asked = connection.asked();
        let mut part = vec![b'a'; 16 << 20];
        let piece = part.clone();
        tokio::spawn(async move { while client.write_all(&piece).await.is_ok() {} });
        for _ in 0..3 {
            connection.read_exact(&mut part).await.unwrap();
            asked.push(&Method::POST);
            connection.read_exact(&mut part).await.unwrap();
            connection.write_all(ANSWER).await.unwrap();
        }
        let mut rest = 0;
        loop {
            match connection.read(&mut part[..1 << 20]).await.unwrap() {
                0 => break,
                read => rest += read as u64,
            }
        }
        assert!((IDLE_BYTES_MAX + 1..IDLE_BYTES_MAX + (2 << 20)).contains(&rest), "{rest}");
    }

    #[tokio::test]
    async fn who_begins_a_request_and_falls_silent_is_hung_up_on() {
        let pace = Pace { grace: Duration::from_millis(1), ..Pace::default() };
        let (mut connection, mut client) = connected(pace).await;
        let mut head = [0; 8];
        client.write_all(b"GET / HT").await.unwrap();
        connection.read_exact(&mut head).await.unwrap();
        assert_eq!(connection.read(&mut head).await.unwrap(), 0);
        // What comes after an answer has its own time, and the end of a body that was answered is not waited for.
        let asked = connection.asked();
        asked.push(&Method::POST);
        connection.write_all(ANSWER).await.unwrap();
        client.write_all(b"5\r\nhello").await.unwrap();
        connection.read_exact(&mut head).await.unwrap();
        assert_eq!(connection.read(&mut head).await.unwrap(), 0);
        // While one waits for its answer, it is whoever reads its body who waits for it.
        asked.push(&Method::POST);
        client.write_all(b"and more").await.unwrap();
        connection.read_exact(&mut head).await.unwrap();
        assert!(connection.read(&mut head).now_or_never().is_none());
        assert!(connection.idle_patience.is_none());
    }

    /// In one piece with the end of the answer before, or not.
    #[tokio::test]
    async fn a_later_refusal_becomes_a_problem_too() {
        let answer =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{REFUSAL}", REFUSAL.len());
        for parts in [vec![answer.clone(), REFUSAL.to_owned()], vec![format!("{answer}{REFUSAL}")]]
        {
            let parts: Vec<_> = parts.iter().map(String::as_str).collect();
            let heard = heard(&parts).await;
            let problem = heard.strip_prefix(&answer).unwrap();
            assert!(problem.contains("\r\ndate: today\r\n\r\n{\"type\":"), "{heard}");
        }
    }
}
