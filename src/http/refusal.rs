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

use super::body::LISTENED_BYTES_MAX;
use super::framing::{Asked, Framing};
use super::pace::{Pace, Patience};
use super::problem::Problem;

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
}

impl Connection {
    /// One on which nothing has been said.
    pub fn new(stream: TcpStream, pace: Pace) -> Self {
        let asked = Asked::default();
        let framing = Framing::new(asked.clone());
        let (problem, patience, idle_since) = (Bytes::new(), None, None);
        Self { stream, asked, framing, problem, pace, patience, idle_since }
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
        let Self { stream, asked, .. } = self.get_mut();
        if LISTENED_BYTES_MAX < asked.came(0) {
            // No head is that long: it is the rest of a body that was refused, which the framework would read for as
            // long as it comes.
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(stream).poll_read(context, buffer);
        asked.came(buffer.filled().len() - before);
        read
    }
}

#[cfg(test)]
mod tests {
    use actix_web::rt::net::TcpListener;
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

    /// However much comes of requests, and of a body that somebody reads.
    #[tokio::test]
    async fn what_nobody_waits_for_is_listened_to_for_so_long_and_no_longer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut connection = Connection::new(listener.accept().await.unwrap().0, Pace::default());
        let asked = connection.asked();
        let mut mebibyte = vec![b'a'; 1 << 20];
        let piece = mebibyte.clone();
        tokio::spawn(async move { while client.write_all(&piece).await.is_ok() {} });
        for _ in 0..12 {
            connection.read_exact(&mut mebibyte).await.unwrap();
            asked.push(&actix_web::http::Method::POST);
            connection.read_exact(&mut mebibyte).await.unwrap();
            connection
                .write_all(b"HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\n\r\n")
                .await
                .unwrap();
        }
        let mut rest = 0;
        loop {
            match connection.read(&mut mebibyte).await.unwrap() {
                0 => break,
                read => rest += read as u64,
            }
        }
        assert!((LISTENED_BYTES_MAX + 1..LISTENED_BYTES_MAX + (2 << 20)).contains(&rest), "{rest}");
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
