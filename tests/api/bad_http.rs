//! Requests that are asked wrongly, or are no HTTP: refused in time, and nothing of them kept.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use opentracks::http::pace::Pace;
use reqwest::Method;
use serde_json::{Value, json};

use crate::bad_input::{ACTIVITIES, CANARY, NEARBY, kept, refused};
use crate::harness::{Caller, PATIENT, TestApp, fixture};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_found_and_what_is_asked_wrongly_is_told_how() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    for id in ["7", CANARY, "%00", "..%2f..%2fetc", "00000000-0000-4000-8000-00000000000", "{id}"] {
        for (method, child) in [
            (Method::GET, ""),
            (Method::DELETE, ""),
            (Method::GET, "/track.gpx"),
            (Method::GET, "/original"),
            (Method::POST, "/publish"),
        ] {
            let problem = refused(
                ada.request(method, &format!("{ACTIVITIES}/{id}{child}")).send().await.unwrap(),
                404,
            )
            .await;
            assert!(!problem.to_string().contains(CANARY));
        }
    }
    for path in [
        "/api/v1/nowhere",
        "/api/v2/activities",
        "/api/v1",
        "/.env",
        "/api/v1/activities/",
        "/me/x.css",
    ] {
        let answer = ada.get(path).await;
        assert_eq!(answer.status(), 404, "{path}");
        refused(answer, 404).await;
    }
    let brew = Method::from_bytes(b"BREW").unwrap();
    for (method, path, allowed) in [
        (Method::GET, NEARBY, "POST, OPTIONS"),
        (Method::DELETE, ACTIVITIES, "POST, OPTIONS"),
        (Method::TRACE, NEARBY, "POST, OPTIONS"),
        (brew, NEARBY, "POST, OPTIONS"),
        (Method::POST, "/health/live", "GET, HEAD, OPTIONS"),
        (Method::TRACE, "/api/v1/activities/7", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
    ] {
        let answer = ada.request(method, path).send().await.unwrap();
        assert_eq!(answer.headers()["allow"], allowed, "{path}");
        refused(answer, 405).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_200_mb_is_refused_before_it_has_come() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let before = kept(&app).await;
    for (path, kind) in [
        (ACTIVITIES, "multipart/form-data; boundary=b"),
        (ACTIVITIES, "application/json"),
        (NEARBY, "application/json"),
    ] {
        // Not one byte of it is needed to tell.
        let mut stream = open(
            &ada,
            &format!("POST {path}"),
            &format!("Content-Type: {kind}\r\nContent-Length: 200000000\r\n"),
        );
        let (status, body) = tokio::task::block_in_place(|| read_answer(&mut stream));
        assert_eq!((status, &body["status"]), (413, &json!(413)), "{path}");
    }
    let mut stream = open(
        &ada,
        &format!("POST {ACTIVITIES}"),
        "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n",
    );
    let (status, sent_mib) = tokio::task::block_in_place(|| send_chunks(&mut stream));
    assert_eq!(status, 413);
    // 64 MiB are taken, 8 are listened to before the answer and 64 behind it; the rest is what the sockets hold.
    assert!(sent_mib < 190, "{sent_mib}");
    assert_eq!(kept(&app).await, before);
}

/// Many read the answer only when they have sent all: a phone whose session has ended must hear of it.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_while_they_send_hears_why() {
    let app = TestApp::start().await;
    let headers = "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 20971520\r\n";
    let mut stream = open(&app.with_token("ended"), &format!("POST {ACTIVITIES}"), headers);
    let (status, body) = tokio::task::block_in_place(|| {
        for _ in 0..20 {
            stream.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
        read_answer(&mut stream)
    });
    assert_eq!((status, &body["status"]), (401, &json!(401)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_trickles_is_cut_off() {
    let app = TestApp::start().await;
    let pace = Pace { grace: Duration::from_millis(200), bytes_per_s_min: 1_000_000, ..PATIENT };
    let hasty = app.beside(pace).await;
    let ada = Caller { app: &hasty, ..app.member("Ada").await };
    let before = kept(&app).await;
    for (path, kind, start) in [
        (
            ACTIVITIES,
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n<gpx>",
        ),
        (ACTIVITIES, "application/json", "{\"title\":"),
        (NEARBY, "application/json", "{\"position\":"),
    ] {
        let mut stream = open(
            &ada,
            &format!("POST {path}"),
            &format!("Content-Type: {kind}\r\nContent-Length: 50000\r\n"),
        );
        stream.write_all(start.as_bytes()).unwrap();
        let (status, body) = tokio::task::block_in_place(|| read_answer(&mut stream));
        assert_eq!((status, &body["type"]), (408, &json!("/problems/too-slow")), "{path} {kind}");
    }
    assert_eq!(kept(&app).await, before);
}

/// Two lengths are two opinions on where the next request begins: none of them is served.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_two_lengths_smuggles_nothing_in() {
    let app = TestApp::start().await;
    let smuggled = "0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: h\r\n\r\n";
    for lengths in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n",
        "Content-Length: +5\r\n",
    ] {
        let mut stream = open(
            &app.anyone(),
            &format!("POST {NEARBY}"),
            &format!("Content-Type: application/json\r\n{lengths}"),
        );
        // The server may have hung up already.
        let _sent = stream.write_all(smuggled.as_bytes());
        let mut answer = Vec::new();
        let _closed = tokio::task::block_in_place(|| stream.read_to_end(&mut answer));
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{lengths} {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{lengths} {answer}");
    }
}

/// Before there is a request none of our code runs, and still the answer is one of ours.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_is_answered_with_a_problem_and_hung_up_on() {
    let app = TestApp::start().await;
    let many_fields = "a: b\r\n".repeat(200);
    for (headers, status, problem) in [
        ("Content-Length: many\r\n", 400, "/problems/malformed"),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", 400, "/problems/malformed"),
        ("No colon\r\n", 400, "/problems/malformed"),
        (&many_fields, 431, "/problems/head-too-large"),
    ] {
        let mut stream = open(&app.anyone(), "GET /health/live", headers);
        let mut answer = String::new();
        let _closed = tokio::task::block_in_place(|| stream.read_to_string(&mut answer));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{headers} {answer}");
        for header in [
            "connection: close",
            "content-type: application/problem+json",
            "x-content-type-options: nosniff",
            &format!("content-length: {}", body.len()),
        ] {
            let found = head.lines().filter(|line| *line == header).count();
            assert_eq!(found, 1, "{header} {answer}");
        }
        let told: Value = serde_json::from_str(body).unwrap();
        assert_eq!((&told["status"], &told["type"]), (&json!(status), &json!(problem)));
    }
}

/// However the answer before it is framed, and whether or not that has been sent yet. A file that holds
/// what a refusal looks like stays as it is.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_is_answered_with_a_problem_later_on_too() {
    let app = TestApp::start().await;
    let who = app.member("ana").await;
    let bare = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    let file =
        format!("{}<!--{bare}-->", String::from_utf8_lossy(&fixture("demo/mousehole_to_paul.gpx")));
    let kept = who.has_activity(file.as_bytes()).await;
    let id = kept["id"].as_str().unwrap();
    let original = format!("GET {ACTIVITIES}/{id}/original");
    for (first, holds) in [
        ("GET /health/live", 0),
        ("HEAD /health/live", 0),
        ("GET /openapi.json", 0),
        ("DELETE /nowhere", 0),
        ("OPTIONS /me", 0),
        (original.as_str(), 1),
    ] {
        for comes_at_once in [false, true] {
            let mut stream = open(&who, first, "");
            let mut answer = Vec::new();
            while !comes_at_once && !answer.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                answer.extend(byte);
            }
            stream.write_all(b"GET / HTTP/1.1\r\nNo colon\r\n\r\n").unwrap();
            let _closed = tokio::task::block_in_place(|| stream.read_to_end(&mut answer));
            let answer = String::from_utf8(answer).unwrap();
            assert_eq!(answer.matches(bare).count(), holds, "{first}");
            let (_, refusal) = answer.rsplit_once("HTTP/1.1 400 Bad Request\r\n").unwrap();
            let (head, body) = refusal.split_once("\r\n\r\n").unwrap();
            assert!(head.contains("application/problem+json"), "{first} {head}");
            let told: Value = serde_json::from_str(body).unwrap();
            assert_eq!(told["type"], "/problems/malformed", "{first}");
        }
    }
}

/// A connection on which the head of a request was sent, and nothing of its body.
pub fn open(caller: &Caller<'_>, line: &str, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(caller.app.address.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
    let token = caller
        .token
        .as_ref()
        .map(|token| format!("Authorization: Bearer {token}\r\n"))
        .unwrap_or_default();
    stream
        .write_all(format!("{line} HTTP/1.1\r\nHost: h\r\n{token}{headers}\r\n").as_bytes())
        .unwrap();
    stream
}

/// Reads one answer, however long the connection stays open after it.
fn read_answer(stream: &mut TcpStream) -> (u16, Value) {
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    let head = String::from_utf8(answer).unwrap().to_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_slice(&body).unwrap())
}

/// Sends a file of up to 200 MiB in chunks, until it is hung up on; returns the status, and how much had been sent.
fn send_chunks(stream: &mut TcpStream) -> (u16, usize) {
    std::thread::scope(|scope| {
        let mut reader = stream.try_clone().unwrap();
        let status = scope.spawn(move || read_answer(&mut reader).0);
        let head = "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n";
        write!(stream, "{:x}\r\n{head}\r\n", head.len()).unwrap();
        let chunk =
            [format!("{:x}\r\n", 1 << 20).into_bytes(), vec![b' '; 1 << 20], b"\r\n".to_vec()]
                .concat();
        let sent = (0..200).take_while(|_| stream.write_all(&chunk).is_ok()).count();
        (status.join().unwrap(), sent)
    })
}
