//! A client that is as lean as `pgbench`: one thread and one connection each, and no more of HTTP than the
//! length of an answer. What it leaves of the two cores is the server's, so that the server is measured.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::pgbench::PLACES_MAX;
use crate::questions::{Asked, Question};
use crate::server::Server;

const CLIENTS: usize = 4;
const RATE_FOR: Duration = Duration::from_secs(3);

/// Answers a second when as many clients as `pgbench` has ask about its places, as fast as they are answered.
pub fn rate(server: &Server, question: &Question) -> f64 {
    let requests = question.each.iter().take(PLACES_MAX).map(|asked| request(server, asked));
    let requests: Vec<Vec<u8>> = requests.collect();
    let started = Instant::now();
    let answers: usize = thread::scope(|scope| {
        let client = |client: usize| {
            let requests = &requests;
            scope.spawn(move || {
                let mut connection =
                    BufReader::new(TcpStream::connect(server.authority()).unwrap());
                connection.get_ref().set_nodelay(true).unwrap();
                let mut answers = 0;
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

fn request(server: &Server, asked: &Asked) -> Vec<u8> {
    let (first, body) = match asked {
        Asked::Nearby(body) => ("POST /api/v1/explore/nearby".to_owned(), body.to_string()),
        Asked::Get(path) => (format!("GET {path}"), String::new()),
    };
    let head = format!(
        "{first} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        server.authority(),
        body.len()
    );
    (head + &body).into_bytes()
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
