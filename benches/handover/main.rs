//! What handing an account over and erasing it takes: time, the memory of the server, and how long others wait
//! meanwhile.
//!
//! `HANDOVER_ACTIVITIES` says how many activities the account has, 1,000 unless it says otherwise; every tenth is
//! published. `HANDOVER_PHOTOS` says how many photos, a fifth of that unless it says otherwise. With
//! `HANDOVER_EXPORT=0` it is erased without having been handed over.

#![allow(clippy::unwrap_used, reason = "a benchmark stops where it fails")]
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]
#![allow(dead_code, reason = "the server is shared with another benchmark")]
#![allow(clippy::cast_precision_loss, reason = "counts and clock ticks are far below 2^52")]

#[path = "../http/server.rs"]
mod server;
mod watch;

use std::fmt::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::{StreamExt, stream};
use jpeg_encoder::{ColorType, Encoder};
use reqwest::Client;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use uuid::Uuid;

use server::Server;
use watch::watch;

const POINTS: u32 = 3_600;
/// How many rides are made, of which each upload is one.
const RIDES_MADE: u32 = 16;
const ACTIVITIES: usize = 1_000;
/// Of so many activities one is published.
const PUBLISHED_EVERY: usize = 10;
/// How many photos one call hands in, to one activity.
const PHOTOS_A_CALL: usize = 20;
/// The sides of a photo in pixels.
const PHOTO_SIDES: (u16, u16) = (1_200, 900);
/// How long others are watched without anything else going on.
const IDLE: Duration = Duration::from_secs(10);
/// How long an access token is used.
const TOKEN: Duration = Duration::from_mins(4);

/// Signed in, and again when that is over.
struct Signed<'a> {
    client: &'a Client,
    server: &'a Server,
    email: &'static str,
    password: String,
    token: String,
    since: Instant,
}

impl<'a> Signed<'a> {
    async fn owner(client: &'a Client, server: &'a Server) -> Self {
        Self::of(client, server, "demo@opentracks.example", server.password()).await
    }

    async fn of(
        client: &'a Client,
        server: &'a Server,
        email: &'static str,
        password: String,
    ) -> Self {
        let token = server.sign_in_as(client, email, &password).await;
        Self { client, server, email, password, token, since: Instant::now() }
    }

    async fn token(&mut self) -> String {
        if TOKEN < self.since.elapsed() {
            self.token = self.server.sign_in_as(self.client, self.email, &self.password).await;
            self.since = Instant::now();
        }
        self.token.clone()
    }
}

#[tokio::main]
async fn main() {
    let number = |name: &str| std::env::var(name).ok().map(|count| count.parse().unwrap());
    let activities: usize = number("HANDOVER_ACTIVITIES").unwrap_or(ACTIVITIES);
    let photos: usize = number("HANDOVER_PHOTOS").unwrap_or(activities / 5);
    let server = Server::start();
    opentracks::edge::choose_tls();
    let client = Client::new();
    server.sign_up(&client).await;
    prepare(&client, &server, activities, photos).await;

    let is_over = AtomicBool::new(false);
    let (idle, ()) = tokio::join!(watch(&client, &server, &is_over), async {
        tokio::time::sleep(IDLE).await;
        is_over.store(true, Ordering::Relaxed);
    });
    idle.tell("others, before");

    if number("HANDOVER_EXPORT") != Some(0) {
        let (id, took_s) = observed(&client, &server, "export", export(&client, &server)).await;
        println!("exported: {:.1} ms an activity", took_s * 1e3 / activities as f64);
        download(&client, &server, &id).await;
    }
    let answered_s = observed(&client, &server, "deletion", erase(&client, &server)).await.0;
    println!("deletion: hidden, and answered, after {answered_s:.1} s");
    let left = ["vault.activities", "vault.photos", "identity.accounts", "commons.renditions"];
    for table in left {
        println!("{table}: {} rows are left", count(&server, table).await);
    }
}

/// Does something while others read and write, and tells what that took.
async fn observed<T>(
    client: &Client,
    server: &Server,
    what: &str,
    work: impl Future<Output = T>,
) -> (T, f64) {
    server.forget_peak_memory();
    let before_mb = server.peak_memory_kb() / 1_000;
    let (began, is_over) = (Instant::now(), AtomicBool::new(false));
    let (met, done) = tokio::join!(watch(client, server, &is_over), async {
        let done = work.await;
        is_over.store(true, Ordering::Relaxed);
        (done, s(began))
    });
    let peak_mb = server.peak_memory_kb() / 1_000;
    println!(
        "{what}: {:.0} s; memory of the server {before_mb} MB before, {peak_mb} MB at the most",
        done.1
    );
    met.tell("others, meanwhile");
    done
}

/// Uploads, publishes some, and has photos drawn meanwhile.
async fn prepare(client: &Client, server: &Server, activities: usize, photos: usize) {
    let began = Instant::now();
    let ids: Vec<Uuid> = (0..activities).map(|_| Uuid::new_v4()).collect();
    let (pictured, rest) = ids.split_at(photos.div_ceil(PHOTOS_A_CALL).min(activities));
    upload(client, server, pictured).await;
    tokio::join!(upload(client, server, rest), picture(client, server, pictured, photos));
    println!("{activities} activities of {POINTS} points uploaded in {:.0} s", s(began));
    let mut owner = Signed::owner(client, server).await;
    for some in ids.iter().step_by(PUBLISHED_EVERY).collect::<Vec<_>>().chunks(100) {
        let token = owner.token().await;
        let publish = async |id: &Uuid| {
            let url = server.url(&format!("/api/v1/activities/{id}/publish"));
            let answer = client.post(url).bearer_auth(&token).json(&json!({})).send().await;
            assert_eq!(answer.unwrap().status(), 200);
        };
        stream::iter(some).map(|id| publish(id)).buffer_unordered(4).collect::<Vec<()>>().await;
    }
    while count(server, "vault.photos WHERE state = 'waiting'").await > 0 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!(
        "{} of them published, {} photos drawn, after {:.0} s",
        count(server, "commons.published").await,
        count(server, "vault.photos").await,
        s(began)
    );
}

async fn upload(client: &Client, server: &Server, ids: &[Uuid]) {
    let mut owner = Signed::owner(client, server).await;
    for some in ids.chunks(100) {
        let token = owner.token().await;
        let uploads = stream::iter(some).map(|id| put(client, server, &token, *id));
        uploads.buffer_unordered(4).collect::<Vec<()>>().await;
    }
}

/// Hands in so many photos, to some activities.
async fn picture(client: &Client, server: &Server, ids: &[Uuid], photos: usize) {
    let mut owner = Signed::owner(client, server).await;
    let (file, mut rest) = (photo(), photos);
    for id in ids {
        let token = owner.token().await;
        let some = rest.min(PHOTOS_A_CALL);
        rest -= some;
        let part = || Part::bytes(file.clone()).file_name("photo.jpg");
        let form = (0..some).fold(Form::new(), |form, _| form.part("file", part()));
        let url = server.url(&format!("/api/v1/activities/{id}/photos"));
        let answer = client.post(url).bearer_auth(&token).multipart(form).send().await.unwrap();
        assert_eq!(answer.status(), 201);
    }
}

/// Asks for an export, and waits until it is ready.
async fn export(client: &Client, server: &Server) -> String {
    // The token is of another minute by now.
    let mut owner = Signed::owner(client, server).await;
    let (url, token) = (server.url("/api/v1/me/exports"), owner.token().await);
    let asked = client.post(&url).bearer_auth(&token).json(&json!({})).send().await.unwrap();
    assert_eq!(asked.status(), 202);
    let asked: Value = asked.json().await.unwrap();
    let id = asked["id"].as_str().unwrap().to_owned();
    let url = server.url(&format!("/api/v1/me/exports/{id}"));
    loop {
        let told = client.get(&url).bearer_auth(owner.token().await).send().await.unwrap();
        let told: Value = told.json().await.unwrap();
        if told["state"] == "finished" {
            return id;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn download(client: &Client, server: &Server, id: &str) {
    let token = server.sign_in(client).await;
    server.forget_peak_memory();
    let began = Instant::now();
    let url = server.url(&format!("/api/v1/me/exports/{id}/archive"));
    let mut answer = client.get(&url).bearer_auth(&token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut bytes = 0;
    while let Some(chunk) = answer.chunk().await.unwrap() {
        bytes += chunk.len();
    }
    println!(
        "downloaded {:.0} MB in {:.1} s; memory of the server {} MB at the most",
        bytes as f64 / 1e6,
        s(began),
        server.peak_memory_kb() / 1_000,
    );
}

/// Leaves, and waits until all is erased; after how many seconds the answer came.
async fn erase(client: &Client, server: &Server) -> f64 {
    let token = server.sign_in(client).await;
    let began = Instant::now();
    let leave = client.delete(server.url("/api/v1/me")).bearer_auth(&token);
    let leave = leave.json(&json!({ "password": server.password(), "photos": "anonymize" }));
    assert_eq!(leave.send().await.unwrap().status(), 202);
    let answered_s = s(began);
    while count(server, "ops.erasures WHERE done_at IS NULL").await > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    answered_s
}

async fn count(server: &Server, of: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let mut conn = AsyncPgConnection::establish(&server.database_url("opentracks")).await.unwrap();
    let query = diesel::sql_query(format!("SELECT count(*) FROM {of}"));
    query.get_result::<Count>(&mut conn).await.unwrap().count
}

/// A picture with something in it everywhere, so that it is as long as such a file is.
fn photo() -> Vec<u8> {
    let (width, height) = PHOTO_SIDES;
    #[expect(clippy::cast_possible_truncation, reason = "whatever it is")]
    let pixels = (0..u32::from(width) * u32::from(height)).flat_map(|pixel| {
        let noise = (pixel.wrapping_mul(2_654_435_761) >> 27) as u8;
        let (x, y) = (pixel % u32::from(width), pixel / u32::from(width));
        [(x >> 3) as u8, (y >> 2) as u8, 90].map(|part| part.wrapping_add(noise))
    });
    let mut file = Vec::new();
    let encoder = Encoder::new(&mut file, 90);
    encoder.encode(&pixels.collect::<Vec<u8>>(), width, height, ColorType::Rgb).unwrap();
    file
}

async fn put(client: &Client, server: &Server, token: &str, id: Uuid) {
    let form = Form::new().part("file", Part::bytes(ride(id)).file_name("ride.gpx"));
    let url = server.url(&format!("/api/v1/activities/{id}"));
    let answer = client.put(url).bearer_auth(token).multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 201);
}

/// A ride of an hour at 1 Hz with elevation, time and heart rate, under a name of its own for each id.
fn ride(id: Uuid) -> Vec<u8> {
    static RIDES: LazyLock<Vec<String>> = LazyLock::new(|| (0..RIDES_MADE).map(points).collect());
    let points = &RIDES[usize::from(id.as_bytes()[0]) % RIDES.len()];
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gpx version=\"1.1\" creator=\"bench\" \
         xmlns=\"http://www.topografix.com/GPX/1/1\" \
         xmlns:gpxtpx=\"http://www.garmin.com/xmlschemas/TrackPointExtension/v1\"><trk><name>{id}</name>\
         <trkseg>\n{points}</trkseg></trk></gpx>\n"
    )
    .into_bytes()
}

fn points(ride: u32) -> String {
    let (mut gpx, phase) = (String::new(), f64::from(ride));
    for second in 0..POINTS {
        let turn = f64::from(second).mul_add(0.01, phase);
        let jitter = f64::from(second * (ride + 7) % 256) * 1e-7;
        let (lat, lon) =
            (47.3 + f64::from(second) * 5e-5 + jitter, 8.5 + turn.sin() * 1e-3 - jitter);
        let (minute, seconds) = (second / 60 % 60, second % 60);
        let (elevation, heart_rate) = (450.0 + (turn * 0.3).sin() * 40.0, 130 + second % 30);
        writeln!(
            gpx,
            "<trkpt lat=\"{lat:.7}\" lon=\"{lon:.7}\"><ele>{elevation:.1}</ele>\
             <time>2026-05-30T07:{minute:02}:{seconds:02}Z</time><extensions><gpxtpx:TrackPointExtension>\
             <gpxtpx:hr>{heart_rate}</gpxtpx:hr></gpxtpx:TrackPointExtension></extensions></trkpt>"
        )
        .unwrap();
    }
    gpx
}

fn s(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}
