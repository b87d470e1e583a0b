//! A running server with a database and a clock of its own, and people to act on it.

mod cluster;
mod log;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use opentracks::app::App;
use opentracks::config::Config;
use opentracks::db::identity::Profile;
use opentracks::domain::{Clock, Email, Locale, Password, PublicName};
use opentracks::edge;
use opentracks::http::pace::Pace;
use opentracks::privacy::retention;
use opentracks::seal::MasterKey;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use uuid::Uuid;

pub use cluster::{CLUSTER, create_database, fresh_database};
use cluster::{ENDED, restore};
use log::LOG;
pub use log::logged;

/// A machine that does much else is slow, or stands still for seconds, and no test is about that.
pub const PATIENT: Pace = Pace {
    head_max: Duration::from_mins(1),
    grace: Duration::from_mins(1),
    bytes_per_s_min: 2_048,
};

/// The password of everyone in these tests.
pub const PASSWORD: &str = "plum tractor sideways nine";
/// The version of the policy that everyone accepts.
pub const POLICY: &str = opentracks::privacy::policy::VERSION;

/// The server under test.
pub struct TestApp {
    pub app: App,
    pub address: String,
    /// The address of its database, as the user that owns it.
    pub database_url: String,
    /// Its data folder: blobs, mails.
    pub data: PathBuf,
    /// The content of its master key file.
    pub key: String,
    now: Arc<Mutex<DateTime<Utc>>>,
    client: reqwest::Client,
}

/// Someone who sends requests; without a token, anyone.
#[derive(Clone)]
pub struct Caller<'a> {
    pub app: &'a TestApp,
    pub token: Option<String>,
    pub refresh_token: Option<String>,
    pub account_id: String,
    pub email: String,
}

impl TestApp {
    /// A server on a database of its own, at noon of 1 June 2026.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with more settings.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_changed(|app| app, settings).await
    }

    /// The same with little room for uploads and large answers, in bytes.
    pub async fn start_with_room(bytes_max: usize, share_bytes_max: usize) -> Self {
        Self::start_changed(|app| app.with_room(bytes_max, share_bytes_max, 1), &[]).await
    }

    /// Another server with the same key, files, clock, database and name, and another pace for clients.
    pub async fn beside(&self, pace: Pace) -> Self {
        let (url, data, key) = (self.database_url.clone(), self.data.clone(), self.key.clone());
        let named = [("OPENTRACKS_PUBLIC_URL", self.address.as_str())];
        Self::start_on(url, data, key, self.now.clone(), |app| app.with_pace(pace), &named).await
    }

    async fn start_changed(change: impl FnOnce(App) -> App, settings: &[(&str, &str)]) -> Self {
        let (data, key) = (scratch(), MasterKey::generate_file().to_string());
        let now = Arc::new(Mutex::new(Utc.with_ymd_and_hms(2026, 6, 1, 12, 0, 0).unwrap()));
        Self::start_on(fresh_database().await, data, key, now, change, settings).await
    }

    /// Another server with the same key, files and clock, on a database that `dump` is restored to.
    pub async fn restored_from(&self, dump: &[u8]) -> Self {
        let database_url = restore(dump).await;
        let (data, key, now) = (self.data.clone(), self.key.clone(), self.now.clone());
        let app = Self::start_on(database_url, data, key, now, |app| app, &[]);
        app.await
    }

    async fn start_on(
        database_url: String,
        data: PathBuf,
        key: String,
        now: Arc<Mutex<DateTime<Utc>>>,
        change: impl FnOnce(App) -> App,
        settings: &[(&str, &str)],
    ) -> Self {
        LazyLock::force(&LOG);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let given = [
            ("OPENTRACKS_PUBLIC_URL", address.as_str()),
            ("OPENTRACKS_DATA", data.to_str().unwrap()),
        ];
        let given = given
            .iter()
            .chain(settings)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let config = Config::read(given).unwrap();
        let clock = clock_of(&now);
        let master = MasterKey::parse_file(&key).unwrap();
        let patient = format!("{database_url}?connect_timeout=60");
        let app = App::build(&config, &patient, master, clock).await.unwrap();
        let app = change(app.with_workers(1).with_pace(PATIENT));
        let app = app.with_database_log(Some(edge::cluster::Log::at(data.join("postgres.log"))));
        // As every command does before it serves.
        let at = *now.lock().unwrap();
        app.service().replay_erasures(at).await.unwrap();
        tokio::spawn(app.serve(listener).unwrap());
        Self { app, address, database_url, data, key, now, client: client() }
    }

    /// Turns the clock on.
    pub fn advance(&self, by: TimeDelta) {
        *self.now.lock().unwrap() += by;
    }

    /// What the clock shows.
    pub fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }

    /// The clock itself.
    pub fn clock(&self) -> Clock {
        clock_of(&self.now)
    }

    /// Runs what is left to do of those who have left, until their works are shown again.
    pub async fn finish_leaving(&self) {
        self.run_jobs().await;
        self.advance(retention::ANONYMOUS_WITHIN);
        self.run_jobs().await;
    }

    /// Runs every job that is due, until the queue is empty.
    pub async fn run_jobs(&self) {
        self.app.worker().run_due().await.unwrap();
    }

    /// Makes the next issue of the open data, as a task does once a day.
    pub async fn issue_open_data(&self) {
        self.app.service().db.issue_open_data(self.now()).await.unwrap();
    }

    /// The mails sent to `email`, oldest first, each as its source text.
    pub async fn mails(&self, email: &str) -> Vec<String> {
        self.run_jobs().await;
        let mut mails: Vec<(std::time::SystemTime, String)> =
            fs::read_dir(self.data.join("outbox"))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
                .map(|path| {
                    (
                        fs::metadata(&path).unwrap().modified().unwrap(),
                        fs::read_to_string(path).unwrap(),
                    )
                })
                .filter(|(_, mail)| mail.contains(&format!("To: {email}")))
                .collect();
        mails.sort();
        mails.into_iter().map(|(_, mail)| mail).collect()
    }

    /// The code in the newest mail to `email` that has one.
    pub async fn code(&self, email: &str) -> String {
        // Two mails of one moment have no order; one without a code may be among them.
        let mails = self.mails(email).await;
        mails.iter().rev().find_map(|mail| code_in(mail)).expect("a mail with a code")
    }

    /// Someone without a token.
    pub fn anyone(&self) -> Caller<'_> {
        Caller {
            app: self,
            token: None,
            refresh_token: None,
            account_id: String::new(),
            email: String::new(),
        }
    }

    /// Someone with this token.
    pub fn with_token(&self, token: &str) -> Caller<'_> {
        Caller { token: Some(token.to_owned()), ..self.anyone() }
    }

    /// A signed-in member with an account of their own.
    pub async fn member(&self, name: &str) -> Caller<'_> {
        let email = format!("{}@example.org", name.to_lowercase().replace(' ', "."));
        self.member_at(&email, name).await
    }

    /// The same with another address.
    pub async fn member_at(&self, email: &str, name: &str) -> Caller<'_> {
        let profile = Profile {
            public_name: PublicName::try_from(name).unwrap(),
            given_name: None,
            family_name: None,
            locale: Locale::En,
        };
        let address = Email::try_from(email).unwrap();
        let password = Password::presented(PASSWORD.to_owned()).unwrap();
        let made = self.app.service().create_account(address, password, profile, self.now()).await;
        made.unwrap().expect("an address without an account");
        self.sign_in(email, PASSWORD).await
    }

    /// Signs in, which must work.
    pub async fn sign_in(&self, email: &str, password: &str) -> Caller<'_> {
        let body = json!({ "email": email, "password": password });
        let answer = self.anyone().post("/api/v1/auth/login", &body).await;
        assert_eq!(answer.status(), 200);
        self.caller(email, &answer.json().await.unwrap())
    }

    /// The caller that has these tokens.
    pub fn caller(&self, email: &str, tokens: &Value) -> Caller<'_> {
        Caller {
            app: self,
            token: Some(tokens["access_token"].as_str().unwrap().to_owned()),
            refresh_token: Some(tokens["refresh_token"].as_str().unwrap().to_owned()),
            account_id: tokens["account_id"].as_str().unwrap().to_owned(),
            email: email.to_owned(),
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let name = self.database_url.rsplit('/').next().unwrap().to_owned();
        ENDED.lock().unwrap().push(name);
        let unlisted = log::take_unlisted();
        assert!(unlisted.is_empty() || thread::panicking(), "not in the contract: {unlisted:?}");
    }
}

impl Caller<'_> {
    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub async fn delete(&self, path: &str) -> Response {
        self.request(Method::DELETE, path).send().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.request(Method::POST, path).json(body).send().await.unwrap()
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Response {
        self.request(Method::PATCH, path).json(body).send().await.unwrap()
    }

    /// Leaves, with the password of everyone and what else is said; returns the answer.
    pub async fn leave(&self, wishes: &Value) -> Response {
        let mut body = json!({ "password": PASSWORD });
        body.as_object_mut().unwrap().extend(wishes.as_object().unwrap().clone());
        self.request(Method::DELETE, "/api/v1/me").json(&body).send().await.unwrap()
    }

    /// Uploads `file` as a new activity.
    pub async fn upload(&self, file: &[u8], metadata: &Value) -> Response {
        let request = self.request(Method::POST, "/api/v1/activities");
        request.multipart(form(file, metadata)).send().await.unwrap()
    }

    /// Uploads `file` under an id of its own making.
    pub async fn put(&self, id: &str, file: &[u8], metadata: &Value) -> Response {
        let request = self.request(Method::PUT, &format!("/api/v1/activities/{id}"));
        request.multipart(form(file, metadata)).send().await.unwrap()
    }

    /// Uploads `file`, which must work; returns the activity.
    pub async fn has_activity(&self, file: &[u8]) -> Value {
        let answer = self.upload(file, &json!({})).await;
        assert_eq!(answer.status(), 201);
        answer.json().await.unwrap()
    }

    /// Agrees to something, or takes that back.
    pub async fn agree(&self, consent: &str, given: bool) {
        let request = self.request(Method::PUT, &format!("/api/v1/me/consents/{consent}"));
        assert_eq!(request.json(&json!({ "given": given })).send().await.unwrap().status(), 204);
    }

    /// Uploads and publishes `file`, which must work; returns the id.
    pub async fn has_published(&self, file: &[u8]) -> String {
        let id = self.has_activity(file).await["id"].as_str().unwrap().to_owned();
        let answer = self.post(&format!("/api/v1/activities/{id}/publish"), &json!({})).await;
        assert_eq!(answer.status(), 200);
        id
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.app.client.request(method, format!("{}{path}", self.app.address));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// The server hangs up on a connection that was idle for five seconds: none is used again that may be about to be.
fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().pool_idle_timeout(Duration::from_secs(2)).no_proxy();
    client.build().unwrap()
}

/// The parts of an upload.
pub fn form(file: &[u8], metadata: &Value) -> Form {
    let file = Part::bytes(file.to_vec()).file_name("track.gpx");
    Form::new().part("file", file).text("metadata", metadata.to_string())
}

/// A new folder that goes with the cluster.
pub fn scratch() -> PathBuf {
    let folder = CLUSTER.folder.join(Uuid::new_v4().simple().to_string());
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A file of `fixtures/`.
pub fn fixture(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)).unwrap()
}

/// A GPX track of `points` points 10 m and 3 s apart, going north from `(lon, lat)`.
pub fn northward_gpx(lon: f64, lat: f64, points: usize) -> Vec<u8> {
    let mut gpx = String::from(
        "<?xml version=\"1.0\"?><gpx version=\"1.1\" creator=\"test\" \
         xmlns=\"http://www.topografix.com/GPX/1/1\"><trk><type>running</type><trkseg>",
    );
    let start = Utc.with_ymd_and_hms(2026, 5, 30, 7, 0, 0).unwrap();
    for index in 0..u32::try_from(points).unwrap() {
        let (north, time) = (
            f64::from(index) * 10.0 / 111_320.0,
            start + TimeDelta::seconds(3) * i32::try_from(index).unwrap(),
        );
        let point = format!(
            "<trkpt lat=\"{:.7}\" lon=\"{lon:.7}\"><ele>{}</ele><time>{}</time></trkpt>",
            lat + north,
            100 + index % 7,
            time.format("%Y-%m-%dT%H:%M:%SZ")
        );
        gpx.push_str(&point);
    }
    gpx.push_str("</trkseg></trk></gpx>");
    gpx.into_bytes()
}

/// A GPX track that goes straight from corner to corner, given as longitudes and latitudes, with a point each
/// thousandth of a degree, or so, and each 20 s. It goes over the antimeridian where that is shorter.
pub fn gpx_through(corners: &[(f64, f64)]) -> Vec<u8> {
    let mut gpx = String::from(
        "<?xml version=\"1.0\"?><gpx version=\"1.1\" creator=\"test\" \
         xmlns=\"http://www.topografix.com/GPX/1/1\"><trk><type>running</type><trkseg>",
    );
    let mut time = Utc.with_ymd_and_hms(2026, 5, 30, 7, 0, 0).unwrap();
    for pair in corners.windows(2) {
        let [(from_lon, from_lat), (to_lon, to_lat)] = [pair[0], pair[1]];
        let east = (to_lon - from_lon + 540.0).rem_euclid(360.0) - 180.0;
        let north = to_lat - from_lat;
        let steps = (east.hypot(north) / 0.001).ceil();
        let mut step = 0.0;
        while step < steps {
            let lon = (from_lon + east * step / steps + 540.0).rem_euclid(360.0) - 180.0;
            let lat = from_lat + north * step / steps;
            let point = format!(
                "<trkpt lat=\"{lat:.7}\" lon=\"{lon:.7}\"><ele>100</ele><time>{}</time></trkpt>",
                time.format("%Y-%m-%dT%H:%M:%SZ")
            );
            gpx.push_str(&point);
            (step, time) = (step + 1.0, time + TimeDelta::seconds(20));
        }
    }
    gpx.push_str("</trkseg></trk></gpx>");
    gpx.into_bytes()
}

/// The code that stands alone on a line of a mail.
pub fn code_in(mail: &str) -> Option<String> {
    let is_code = |line: &&str| {
        (6..=8).contains(&line.len()) && line.bytes().all(|byte| byte.is_ascii_digit())
    };
    mail.lines().map(str::trim_end).find(is_code).map(ToOwned::to_owned)
}

fn clock_of(now: &Arc<Mutex<DateTime<Utc>>>) -> Clock {
    let now = now.clone();
    Clock::new(move || *now.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A connection to the database of `app` as `role`.
pub async fn connect(app: &TestApp, role: &str) -> AsyncPgConnection {
    let url = app.database_url.replace("postgres://opentracks@", &format!("postgres://{role}@"));
    AsyncPgConnection::establish(&url).await.unwrap()
}

/// Keeps everybody else from a table until it is let go.
pub struct Hold(AsyncPgConnection);

impl Hold {
    pub async fn on(app: &TestApp, table: &str) -> Self {
        let mut conn = AsyncPgConnection::establish(&app.database_url).await.unwrap();
        let lock = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        conn.batch_execute(&lock).await.unwrap();
        Self(conn)
    }

    pub async fn release(mut self) {
        self.0.batch_execute("COMMIT").await.unwrap();
    }
}

/// Returns when as many statements on the database of `app` wait for a lock.
pub async fn waiting(app: &TestApp, statements: i64) {
    let mut conn = AsyncPgConnection::establish(&app.database_url).await.unwrap();
    // Asked of the locks themselves: what a process is said to do is told by itself, and late.
    let count = "(SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid) \
                 WHERE datname = current_database() AND NOT granted)";
    let count = diesel::dsl::sql::<diesel::sql_types::BigInt>(count);
    for _ in 0..100_000 {
        let found: i64 = diesel::select(count.clone()).get_result(&mut conn).await.unwrap();
        if statements <= found {
            return;
        }
    }
    panic!("nothing waits");
}

/// Every row of the database, as `pg_dump` writes them.
pub fn dump_data(app: &TestApp) -> String {
    let mut dump = std::process::Command::new("pg_dump");
    let output =
        dump.args(["--data-only", "--exclude-schema=public"]).arg(&app.database_url).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The whole database, as `pg_dump` writes it for a backup.
pub fn back_up(app: &TestApp) -> Vec<u8> {
    let output = std::process::Command::new("pg_dump").arg(&app.database_url).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
