//! The real program on a cluster and in a folder of its own, and the table of what it does.

use std::fs;
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};

/// Clock ticks a second in `/proc/*/stat`, on every Linux that Rust runs on.
const TICKS_PER_S: f64 = 100.0;

/// Somebody else than the demo account.
pub const EVE: &str = "eve@example.org";
pub const PASSWORD: &str = "plum tractor sideways nine";

pub struct Server {
    process: Child,
    address: String,
    pub data: PathBuf,
    is_kept: bool,
}

impl Server {
    /// In a folder that is gone with it.
    pub fn start() -> Self {
        let data = std::env::temp_dir().join(format!("opentracks-bench-{}", std::process::id()));
        fs::create_dir(&data).unwrap();
        let mut server = Self::start_in(data);
        server.is_kept = false;
        server
    }

    /// In a folder that stays.
    pub fn start_in(data: PathBuf) -> Self {
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
        Self { process, address, data, is_kept: true }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// Where it listens, as `host:port`.
    #[allow(dead_code, reason = "of the benchmarks that share this, one asks for it")]
    pub fn authority(&self) -> &str {
        self.address.trim_start_matches("http://")
    }

    /// The password of the demo account.
    pub fn password(&self) -> String {
        fs::read_to_string(self.data.join("demo-password")).unwrap()
    }

    /// The code in a mail, once there is one.
    pub fn mailed_code(&self) -> Option<String> {
        let mails = fs::read_dir(self.data.join("outbox")).unwrap().flatten();
        let texts = mails.filter_map(|mail| fs::read_to_string(mail.path()).ok());
        let is_code =
            |line: &&str| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit());
        let codes = texts.filter_map(|text| text.lines().find(is_code).map(ToOwned::to_owned));
        codes.last()
    }

    /// Signs up somebody else, by the code in their mail.
    pub async fn sign_up(&self, client: &Client) {
        let policy = client.get(self.url("/privacy")).header("Accept", "application/json");
        let policy: Value = policy.send().await.unwrap().json().await.unwrap();
        let body = json!({
            "email": EVE, "password": PASSWORD, "public_name": "Eve",
            "accept_policy": policy["version"],
        });
        let register = client.post(self.url("/api/v1/auth/register")).json(&body);
        assert_eq!(register.send().await.unwrap().status(), 202);
        let code = loop {
            if let Some(code) = self.mailed_code() {
                break code;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let body = json!({ "email": EVE, "code": code });
        let verify = client.post(self.url("/api/v1/auth/verify")).json(&body);
        assert_eq!(verify.send().await.unwrap().status(), 200);
    }

    pub async fn sign_in(&self, client: &Client) -> String {
        self.sign_in_as(client, "demo@opentracks.example", &self.password()).await
    }

    pub async fn sign_in_as(&self, client: &Client, email: &str, password: &str) -> String {
        let body = json!({ "email": email, "password": password });
        let answer = client.post(self.url("/api/v1/auth/login")).json(&body).send().await.unwrap();
        let tokens: Value = answer.json().await.unwrap();
        tokens["access_token"].as_str().unwrap().to_owned()
    }

    /// Does `work` `times` times from `clients` at once, and prints a row of the table.
    pub async fn report<F: Future<Output = ()>>(
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

    /// The private cluster, as `role`.
    pub fn database_url(&self, role: &str) -> String {
        let socket = self.socket().replace('/', "%2F");
        format!("postgres://{role}@{socket}/opentracks")
    }

    /// The folder of the socket of the private cluster.
    pub fn socket(&self) -> String {
        let pid_file = fs::read_to_string(self.data.join("postgres/postmaster.pid")).unwrap();
        pid_file.lines().nth(4).unwrap().to_owned()
    }

    /// Lets the peak begin anew.
    #[allow(dead_code, reason = "of the two benchmarks that share this, one asks for it")]
    pub fn forget_peak_memory(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.process.id()), "5").unwrap();
    }

    pub fn peak_memory_kb(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.is_kept {
            // A cluster that ends in order need not replay its log the next time.
            let pid = self.process.id().to_string();
            let _ended = Command::new("kill").args(["-TERM", &pid]).status();
        } else {
            let _killed = self.process.kill();
        }
        let _ended = self.process.wait();
        if !self.is_kept {
            let _removed = fs::remove_dir_all(&self.data);
        }
    }
}
