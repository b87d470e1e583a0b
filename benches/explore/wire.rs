//! A client that is as lean as `pgbench`: one thread and one connection each, and no more of HTTP than the
//! length of an answer. What it leaves of the two cores is the server's, so that the server is measured.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::pace::Latencies;
use crate::pgbench::PLACES_MAX;
use crate::questions::{Asked, Question};
use crate::server::Server;

const CLIENTS: usize = 4;
const RATE_FOR: Duration = Duration::from_secs(3);
/// How many ask at a pace: far more than are ever waited for at once, unless the server falls behind.
const PACED_CLIENTS: usize = 32;

/// Answers a second when as many clients as `pgbench` has ask about its places, as fast as they are answered.
pub fn rate(server: &Server, question: &Question) -> f64 {
    let requests = requests(server, question);
    let started = Instant::now();
    let answers: usize = thread::scope(|scope| {
        let client = |client: usize| {
            let requests = &requests;
            scope.spawn(move || {
                let (mut connection, mut answers) = (connect(server), 0);
                while started.elapsed() < RATE_FOR {
                    ask(&mut connection, &requests[(client + answers * CLIENTS) % requests.len()]);
                    answers += 1;
                }
                answers
            })
        };
        let clients: Vec<_> = (0..CLIENTS).map(client).collect();
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    });
    answers as f64 / started.elapsed().as_secs_f64()
}

/// How long each of `times` answers takes at `a_second`. The first tenth does not count.
pub fn at(a_second: f64, times: usize, server: &Server, requests: &[Vec<u8>]) -> Latencies {
    let unheeded = times / 10;
    let mut all = paced(a_second, server, requests, |turn| turn < unheeded + times);
    all.retain(|(turn, _)| unheeded <= *turn);
    Latencies::of(all.into_iter().map(|(_, ms)| ms).collect())
}

/// Asks at `a_second` while it `goes_on`, whether or not those before are answered, and says of each turn how many
/// milliseconds it took. Waiting for a client counts: each is timed from when it was due.
pub fn paced(
    a_second: f64,
    server: &Server,
    requests: &[Vec<u8>],
    goes_on: impl Fn(usize) -> bool + Sync,
) -> Vec<(usize, f64)> {
    let (turns, began) = (AtomicUsize::new(0), Instant::now());
    let client = || {
        let (mut connection, mut all) = (connect(server), Vec::new());
        loop {
            let turn = turns.fetch_add(1, Ordering::Relaxed);
            if !goes_on(turn) {
                return all;
            }
            let due = began + Duration::from_secs_f64(turn as f64 / a_second);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            ask(&mut connection, &requests[turn % requests.len()]);
            all.push((turn, due.elapsed().as_secs_f64() * 1_000.0));
        }
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..PACED_CLIENTS).map(|_| scope.spawn(client)).collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    })
}

/// What is asked about the places of `pgbench`.
pub fn requests(server: &Server, question: &Question) -> Vec<Vec<u8>> {
    question.each.iter().take(PLACES_MAX).map(|asked| request(server, asked)).collect()
}

fn connect(server: &Server) -> BufReader<TcpStream> {
    let connection = TcpStream::connect(server.authority()).unwrap();
    connection.set_nodelay(true).unwrap();
    BufReader::new(connection)
}

fn request(server: &Server, asked: &Asked) -> Vec<u8> {
    match asked {
        Asked::Nearby(body) => {
            written(server, "POST /api/v1/explore/nearby", "", &body.to_string())
        }
        Asked::Get(path) => written(server, &format!("GET {path}"), "", ""),
    }
}

/// A request as it goes over the wire; `more` is of its head, lines that each end.
pub fn written(server: &Server, first: &str, more: &str, body: &str) -> Vec<u8> {
    let (authority, length) = (server.authority(), body.len());
    let head = format!(
        "{first} HTTP/1.1\r\nHost: {authority}\r\n{more}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    (head + body).into_bytes()
}

/// Asks, and hears the answer to its end.
fn ask(connection: &mut BufReader<TcpStream>, request: &[u8]) {
    connection.get_mut().write_all(request).unwrap();
    let (mut line, mut length) = (String::new(), 0);
    connection.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 200 "), "{line}");
    while line != "\r\n" {
        line.clear();
        connection.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).unwrap();
}
