//! Figures of the real server on this machine: uploads and nearby answers a second, with the
//! server's own work and memory. A bare answer of the same server stands beside them.

#![allow(clippy::unwrap_used, reason = "a benchmark stops where it fails")]
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]
#![allow(clippy::cast_precision_loss, reason = "counts and clock ticks are far below 2^52")]

use std::fs;
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use reqwest::Client;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use uuid::Uuid;

const POINTS: u32 = 3_600;
const UPLOADS: usize = 120;
const ANSWERS: usize = 2_000;
/// Clock ticks a second in `/proc/*/stat`, on every Linux that Rust runs on.
const TICKS_PER_S: f64 = 100.0;

struct Server {
    process: Child,
    address: String,
    data: PathBuf,
}

#[tokio::main]
async fn main() {
    let server = Server::start();
    opentracks::edge::choose_tls();
    let client = Client::new();
    let token = server.sign_in(&client).await;
    let file = ride();
    println!("Server: {} cores; file: {POINTS} points, {} kB\n", cores(), file.len() / 1_000);
    println!("| what | clients | a second | server ms CPU each |");
    println!("| --- | --- | --- | --- |");

    for clients in [1, 2, 4] {
        let upload = || put(&client, &server, &token, &file);
        server.report("upload of 3,600 points", clients, UPLOADS, upload).await;
    }
    publish_all(&client, &server, &token).await;
    let url = server.url("/api/v1/explore/nearby");
    let question = json!({ "position": [8.5, 47.3], "radius_m": 50_000, "limit": 20 });
    for clients in [1, 4] {
        let ask = || async {
            assert_eq!(client.post(&url).json(&question).send().await.unwrap().status(), 200);
        };
        server.report("nearby, 20 of some hundred", clients, ANSWERS, ask).await;
    }
    let url = server.url("/health/live");
    for clients in [1, 4] {
        let ask = || async {
            assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
        };
        server.report("bare answer (/health/live)", clients, ANSWERS, ask).await;
    }
    println!("\nPeak memory of the server: {} MB", server.peak_memory_kb() / 1_000);
}

async fn put(client: &Client, server: &Server, token: &str, file: &[u8]) {
    // Each upload is another file, so that none is taken for a repeated one.
    let id = Uuid::new_v4();
    let file = [file, format!("<!-- {id} -->").as_bytes()].concat();
    let form = Form::new().part("file", Part::bytes(file).file_name("ride.gpx"));
    let url = server.url(&format!("/api/v1/activities/{id}"));
    let answer = client.put(url).bearer_auth(token).multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 201);
}

async fn publish_all(client: &Client, server: &Server, token: &str) {
    let url = server.url("/api/v1/me/activities?visibility=private&limit=100");
    for _ in 0..3 {
        let page: Value =
            client.get(&url).bearer_auth(token).send().await.unwrap().json().await.unwrap();
        for activity in page["items"].as_array().unwrap() {
            let id = activity["id"].as_str().unwrap();
            let url = server.url(&format!("/api/v1/activities/{id}/publish"));
            assert_eq!(client.post(url).bearer_auth(token).send().await.unwrap().status(), 200);
        }
    }
}

impl Server {
    fn start() -> Self {
        let data = std::env::temp_dir().join(format!("opentracks-bench-{}", std::process::id()));
        fs::create_dir(&data).unwrap();
        let command = |verb: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_opentracks"));
            command.arg(verb).env("OPENTRACKS_DATA", &data).env("OPENTRACKS_LISTEN", "127.0.0.1:0");
            command.stderr(Stdio::null());
            command
        };
        assert!(command("demo").stdout(Stdio::null()).status().unwrap().success());
        let mut process = command("serve").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self { process, address, data }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    async fn sign_in(&self, client: &Client) -> String {
        let password = fs::read_to_string(self.data.join("demo-password")).unwrap();
        let body = json!({ "email": "demo@opentracks.example", "password": password });
        let answer = client.post(self.url("/api/v1/auth/login")).json(&body).send().await.unwrap();
        let tokens: Value = answer.json().await.unwrap();
        tokens["access_token"].as_str().unwrap().to_owned()
    }

    /// Does `work` `times` times from `clients` at once, and prints a row of the table.
    async fn report<F: Future<Output = ()>>(
        &self,
        what: &str,
        clients: usize,
        times: usize,
        work: impl Fn() -> F,
    ) {
        let (started, cpu_before_s) = (Instant::now(), self.cpu_s());
        let client = || async {
            for _ in 0..times / clients {
                work().await;
            }
        };
        futures_util::future::join_all((0..clients).map(|_| client())).await;
        let rate = times as f64 / started.elapsed().as_secs_f64();
        let cpu_ms = (self.cpu_s() - cpu_before_s) * 1_000.0 / times as f64;
        println!("| {what} | {clients} | {rate:.0} | {cpu_ms:.2} |");
    }

    /// Processor time of the server and its cluster so far, in seconds.
    fn cpu_s(&self) -> f64 {
        let server = self.process.id().to_string();
        let pid_file = self.data.join("postgres/postmaster.pid");
        let postmaster = fs::read_to_string(pid_file).unwrap().lines().next().unwrap().to_owned();
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let ticks = processes.filter_map(|process| {
            let stat = fs::read_to_string(process.path().join("stat")).ok()?;
            let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
            let name = process.file_name();
            let ours = [&server, &postmaster]
                .iter()
                .any(|known| name == known.as_str() || fields[1] == known.as_str());
            ours.then(|| fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap())
        });
        ticks.sum::<f64>() / TICKS_PER_S
    }

    fn peak_memory_kb(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _killed = self.process.kill();
        let _ended = self.process.wait();
        let _removed = fs::remove_dir_all(&self.data);
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A ride of an hour at 1 Hz with elevation, time and heart rate, about 250 bytes a point.
fn ride() -> Vec<u8> {
    let mut gpx = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gpx version=\"1.1\" creator=\"bench\" \
         xmlns=\"http://www.topografix.com/GPX/1/1\" \
         xmlns:gpxtpx=\"http://www.garmin.com/xmlschemas/TrackPointExtension/v1\"><trk><name>Ride</name><trkseg>\n",
    );
    for second in 0..POINTS {
        let turn = f64::from(second) * 0.01;
        let (lat, lon) = (47.3 + f64::from(second) * 5e-5, 8.5 + turn.sin() * 1e-3);
        let (minute, s) = (second / 60 % 60, second % 60);
        let (elevation, heart_rate) = (450.0 + (turn * 0.3).sin() * 40.0, 130 + second % 30);
        let point = format!(
            "      <trkpt lat=\"{lat:.7}\" lon=\"{lon:.7}\">\n        <ele>{elevation:.1}</ele>\n        \
             <time>2026-05-30T07:{minute:02}:{s:02}Z</time>\n        <extensions><gpxtpx:TrackPointExtension>\
             <gpxtpx:hr>{heart_rate}</gpxtpx:hr></gpxtpx:TrackPointExtension></extensions>\n      </trkpt>\n"
        );
        gpx.push_str(&point);
    }
    gpx.push_str("</trkseg></trk></gpx>\n");
    gpx.into_bytes()
}
