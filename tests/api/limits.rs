//! What one account, or one reader, may take of the server.

use std::time::Duration;

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use futures_util::future::{join_all, select_all};
use opentracks::http::pace::Pace;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};

use crate::activities::path_of;
use crate::bad_input::refused;
use crate::harness::{Caller, Hold, PATIENT, TestApp, connect, fixture, northward_gpx, waiting};
use crate::links::{link, shared};
use crate::photos::{has_photo, path, send};
use crate::pictures::jpeg;

const MIB: usize = 1024 * 1024;

/// A track in a file that is as long as it is said to be.
fn long_file(bytes: usize) -> Vec<u8> {
    let mut file = northward_gpx(8.5, 47.3, 100);
    file.resize(bytes, b'\n');
    file
}

/// Asks for a file, and does not read the answer. What lies in between holds little of it.
async fn ask(caller: &Caller<'_>, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let address = caller.app.address.trim_start_matches("http://").parse().unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let token = caller.token.as_ref().unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_takes_nothing_is_hung_up_on() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = long_file(12 * MIB);
    let original = format!("{}/original", path_of(&ada.has_activity(&file).await));
    let pace = Pace { grace: Duration::from_millis(500), bytes_per_s_min: 1_000, ..PATIENT };
    let hasty = app.beside(pace).await;
    let mut stream = ask(&Caller { app: &hasty, ..ada.clone() }, &original).await;
    // The connection is reset: nobody goes on sending what is not read.
    stream.ready(Interest::ERROR).await.unwrap();
    let mut heard = Vec::new();
    let end = stream.read_to_end(&mut heard).await;
    assert!(end.is_err() || heard.len() < file.len(), "{end:?}");
    // Whoever reads has all of it.
    assert!(ada.get(&original).await.bytes().await.unwrap() == file);
}

/// Until it is read, a large answer takes room; without room there is none.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_read_takes_room() {
    let app = TestApp::start_with_room(100 * MIB, 16 * MIB).await;
    let ada = app.member("Ada").await;
    let file = long_file(12 * MIB);
    let own = path_of(&ada.has_activity(&file).await);
    let original = format!("{own}/original");
    let mut stream = ask(&ada, &original).await;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let busy = ada.get(&original).await;
    assert!(busy.headers().contains_key("retry-after"));
    assert_eq!(refused(busy, 503).await["type"], "/problems/busy");
    assert_eq!(ada.get(&own).await.status(), 200, "small ones take none");
    assert_eq!(ada.get(&format!("{own}/track.gpx")).await.status(), 200);
    let mut rest = vec![0; file.len()];
    stream.read_exact(&mut rest).await.unwrap();
    assert!(ada.get(&original).await.bytes().await.unwrap() == file);
}

/// However a file comes.
#[tokio::test(flavor = "multi_thread")]
async fn every_file_that_comes_takes_room() {
    let app = TestApp::start_with_room(100 * MIB, MIB).await;
    let ada = app.member("Ada").await;
    let (file, picture) = (long_file(2 * MIB), "/api/v1/me/picture");
    let own = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 100)).await);
    let send = async |method: Method, path: &str, kind: &str, file: Vec<u8>| {
        let request = ada.request(method, path).header("Content-Type", kind);
        request.body(file).send().await.unwrap()
    };
    let formed = |file: &[u8]| {
        let head = b"--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n".as_slice();
        [head, file, b"\r\n--b--\r\n"].concat()
    };
    let form = "multipart/form-data; boundary=b";
    let photos = format!("{own}/photos");
    for (method, path, kind, file) in [
        (Method::POST, "/api/v1/activities", form, formed(&file)),
        (Method::PUT, &format!("{own}/track"), form, formed(&file)),
        (Method::POST, "/api/v1/activities", "application/json", file.clone()),
        (Method::PUT, &format!("{own}/track"), "application/json", file.clone()),
        (Method::PUT, &format!("{own}/track"), "application/geo+json", file.clone()),
        (Method::POST, &photos, form, formed(&file)),
        (Method::PUT, picture, form, formed(&file)),
        (Method::PUT, picture, "image/jpeg", file.clone()),
    ] {
        let answer = send(method, path, kind, file).await;
        assert_eq!(refused(answer, 503).await["type"], "/problems/busy", "{path} {kind}");
    }
    // What was refused holds none.
    let small = fixture("photos/exif_gps.jpg");
    assert_eq!(send(Method::PUT, picture, "image/jpeg", small).await.status(), 204);
}

/// What may be large is loaded some at a time, whoever asks for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_photo_waits_for_its_turn_to_be_loaded() {
    let app = TestApp::start_with_room(100 * MIB, 16 * MIB).await;
    let (ada, anyone) = (app.member("Ada").await, app.anyone());
    let id = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let own = format!("/api/v1/activities/{id}");
    let photo = path(&has_photo(&ada, &own, &fixture("photos/exif_gps.jpg")).await);
    let shared = shared(&link(&ada, &own, json!({})).await);
    let behind = photo.replace("/api/v1", &shared);
    let sizes = [format!("{photo}/large.jpg"), format!("{behind}/large.jpg")];
    // The only turn there is, taken by somebody whose row does not come.
    let hold = Hold::on(&app, "vault.tracks").await;
    let track = format!("{own}/track.gpx");
    let meanwhile = async {
        waiting(&app, 1).await;
        let looks = sizes.iter().map(|size| Box::pin(anyone.get(size)));
        let others = async {
            for _ in 0..30 {
                assert_eq!(anyone.get(&photo).await.status(), 200, "small ones take none");
            }
        };
        tokio::select! {
            (answer, index, _) = select_all(looks) => panic!("{} {}", sizes[index], answer.status()),
            () = others => {}
        }
        hold.release().await;
    };
    let (track, ()) = tokio::join!(ada.get(&track), meanwhile);
    assert_eq!(track.status(), 200);
    for size in &sizes {
        assert_eq!(anyone.get(size).await.status(), 200, "{size}");
    }
}

/// Each is decoded at once, and drawn soon after.
#[tokio::test(flavor = "multi_thread")]
async fn new_photos_are_taken_so_many_at_once() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let tiny: Vec<Vec<u8>> = (0..20).map(|index| jpeg(8 + index, 8)).collect();
    let tiny: Vec<&[u8]> = tiny.iter().map(Vec::as_slice).collect();
    let gpx = northward_gpx(8.5, 47.3, 30);
    for _ in 0..2 {
        let own = path_of(&ada.has_activity(&gpx).await);
        for _ in 0..10 {
            assert_eq!(send(&ada, &own, &tiny, &Value::Null).await.status(), 201);
        }
    }
    let own = path_of(&ada.has_activity(&gpx).await);
    let answer = send(&ada, &own, &tiny[..1], &Value::Null).await;
    assert_eq!(answer.headers()["retry-after"], "3");
    refused(answer, 429).await;
    let hers = path_of(&eve.has_activity(&gpx).await);
    assert_eq!(send(&eve, &hers, &tiny[..1], &Value::Null).await.status(), 201);
    app.advance(TimeDelta::seconds(3));
    assert_eq!(send(&ada, &own, &tiny[..1], &Value::Null).await.status(), 201);
    refused(send(&ada, &own, &tiny[..1], &Value::Null).await, 429).await;
}

/// The files of an account have an end, whichever way they come.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_keeps_only_so_many_bytes_of_files() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 100);
    let own = path_of(&ada.has_activity(&file).await);
    let mut conn = connect(&app, "opentracks").await;
    // There is room for two more, for each takes 64 KiB however short it is.
    let bytes = 10 * 1024 * MIB - 2 * 64 * 1024;
    let fill = format!("UPDATE vault.originals SET bytes = {bytes}");
    conn.batch_execute(&fill).await.unwrap();
    let nothing = json!({});
    let uploads = join_all((0..4).map(|_| ada.upload(&file, &nothing))).await;
    let mut statuses: Vec<u16> = uploads.iter().map(|answer| answer.status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 201, 422, 422]);
    let is_told = async |answer: Response| {
        let problem = refused(answer, 422).await;
        assert!(problem["detail"].as_str().unwrap().contains("10 GiB"), "{problem}");
    };
    let split = json!({ "at_index": 50 });
    is_told(ada.post(&format!("{own}/split"), &split).await).await;
    let line: Value =
        json!({ "track": { "type": "LineString", "coordinates": [[8.5, 47.3], [8.5, 47.4]] } });
    let replace = ada.request(Method::PUT, &format!("{own}/track")).json(&line);
    is_told(replace.send().await.unwrap()).await;
    // What is there can be changed and deleted.
    assert_eq!(ada.patch(&own, &json!({ "title": "Full" })).await.status(), 200);
    assert_eq!(ada.delete(&own).await.status(), 204);
    ada.has_activity(&file).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_for_a_look_is_looked_at_only_so_often() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let own = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 100)).await);
    let dry = json!({ "visibility": "published", "dry_run": true });
    for _ in 0..100 {
        assert_eq!(ada.post("/api/v1/me/visibility", &dry).await.status(), 200);
    }
    refused(ada.post("/api/v1/me/visibility", &dry).await, 429).await;
    for round in 0..300 {
        let child = ["", "/profile", "/track.gpx"][round % 3];
        assert_eq!(ada.get(&format!("{own}{child}?as=public")).await.status(), 200);
    }
    for child in ["", "/profile", "/track.gpx", "/preview.png", "/photos"] {
        refused(ada.get(&format!("{own}{child}?as=public")).await, 429).await;
    }
    assert_eq!(ada.get(&own).await.status(), 200);
    assert_eq!(app.member("Eve").await.get("/api/v1/me/deletion").await.status(), 200);
}

/// What one agreed to is always taken back.
#[tokio::test(flavor = "multi_thread")]
async fn one_agrees_only_so_often() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    for _ in 0..20 {
        ada.agree("heat_map", true).await;
        ada.agree("heat_map", false).await;
    }
    let again = ada.request(Method::PUT, "/api/v1/me/consents/heat_map");
    refused(again.json(&json!({ "given": true })).send().await.unwrap(), 429).await;
    ada.agree("heat_map", false).await;
}
