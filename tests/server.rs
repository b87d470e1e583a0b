//! The real program, as an operator runs it: started, killed, started again.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]
#![allow(missing_docs, reason = "names of tests are claims, and say it all")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use uuid::Uuid;

const PROGRAM: &str = env!("CARGO_BIN_EXE_opentracks");
const TRACK: &[u8] = include_bytes!("../fixtures/demo/mousehole_to_paul.gpx");

/// A data folder that is gone with the test.
struct Data(PathBuf);

/// A running server. Dropping it kills it.
struct Server {
    process: Child,
    address: String,
}

impl Data {
    fn new() -> Self {
        let folder =
            std::env::temp_dir().join(format!("opentracks-server-{}", Uuid::new_v4().simple()));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg(verb).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("OPENTRACKS_DATA", &self.0).env("OPENTRACKS_LISTEN", "127.0.0.1:0");
        command
    }

    fn run(&self, verb: &str) -> Output {
        self.run_all(&[verb])
    }

    fn run_all(&self, verbs: &[&str]) -> Output {
        let output = self.command(verbs[0]).args(&verbs[1..]).output().unwrap();
        assert!(output.status.success(), "{verbs:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn serve(&self) -> Server {
        Server::greeted(self.start())
    }

    /// A server of which nothing has been heard yet.
    fn start(&self) -> Child {
        self.command("serve").stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap()
    }

    /// The process id of the cluster's postmaster.
    fn postmaster(&self) -> String {
        let file = fs::read_to_string(self.0.join("postgres/postmaster.pid")).unwrap();
        file.lines().next().unwrap().to_owned()
    }

    /// What the private database answers.
    fn sql(&self, statement: &str) -> String {
        let mut psql = Command::new("psql");
        psql.args(["-qAt", "-U", "opentracks", "-d", "opentracks", "-c", statement, "-h"]);
        let output = psql.arg(self.0.join("postgres-socket")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// An access token of the demo account.
    async fn sign_in(&self, server: &Server) -> String {
        let password = fs::read_to_string(self.0.join("demo-password")).unwrap();
        let body = json!({ "email": "demo@opentracks.example", "password": password });
        let url = format!("{}/api/v1/auth/login", server.address);
        let answer = reqwest::Client::new().post(url).json(&body).send().await.unwrap();
        let tokens: Value = answer.json().await.unwrap();
        tokens["access_token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _removed = fs::remove_dir_all(&self.0);
    }
}

impl Server {
    /// The server that `process` says it is.
    fn greeted(mut process: Child) -> Self {
        let mut first_line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut first_line).unwrap();
        let address = first_line.trim().rsplit(' ').next().unwrap().to_owned();
        assert!(address.starts_with("http://127.0.0.1:"), "{first_line}");
        Self { process, address }
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        assert_eq!(self.process.wait().unwrap().signal(), Some(9));
    }

    async fn original(&self, token: &str, id: Uuid) -> Vec<u8> {
        let url = format!("{}/api/v1/activities/{id}/original", self.address);
        let answer = reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 200, "an acknowledged upload is gone");
        answer.bytes().await.unwrap().to_vec()
    }

    /// Whether an upload was acknowledged; `false` when the server died meanwhile.
    async fn put(&self, token: &str, id: Uuid, file: Vec<u8>) -> bool {
        let url = format!("{}/api/v1/activities/{id}", self.address);
        let form = Form::new().part("file", Part::bytes(file).file_name("track.gpx"));
        let answer =
            reqwest::Client::new().put(url).bearer_auth(token).multipart(form).send().await;
        answer.is_ok_and(|answer| answer.status() == 201)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _killed = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// One that has ended and waits for its parent to take note has no command line any more.
fn is_running(process: &str) -> bool {
    fs::read(Path::new("/proc").join(process).join("cmdline")).is_ok_and(|line| !line.is_empty())
}

fn has_open(process: &str, file: &str) -> bool {
    let open = fs::read_dir(Path::new("/proc").join(process).join("fd")).into_iter().flatten();
    open.flatten().any(|open| fs::read_link(open.path()).is_ok_and(|path| path.ends_with(file)))
}

fn signal(name: &str, process: &str) {
    let kill = format!("kill -{name} {process}");
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// Waits until a process that was told to end has ended.
fn wait_for_end(process: &str) {
    while is_running(process) {
        std::thread::yield_now();
    }
}

#[test]
fn an_interrupt_takes_everything_down() {
    let data = Data::new();
    let mut server = data.serve();
    let postmaster = data.postmaster();
    assert!(is_running(&postmaster));
    signal("INT", &server.process.id().to_string());
    assert!(server.process.wait().unwrap().success());
    assert!(!is_running(&postmaster), "the database outlives the server");
}

#[test]
fn a_killed_server_orphans_nothing_and_starts_again() {
    let data = Data::new();
    let mut server = data.serve();
    let postmaster = data.postmaster();
    server.kill();
    wait_for_end(&postmaster);
    // And at once, while the next one might still be in its way.
    let mut server = data.serve();
    server.kill();
    let _server = data.serve();
    assert_ne!(data.postmaster(), postmaster);
}

/// What a private database logs is the program's to forget.
#[test]
fn a_log_that_goes_back_too_far_begins_anew() {
    let data = Data::new();
    data.run("migrate");
    let log = data.0.join("postgres.log");
    let young = fs::read_to_string(&log).unwrap();
    assert!(!young.is_empty());
    data.run("migrate");
    assert!(fs::read_to_string(&log).unwrap().starts_with(&young), "what is young stays");
    let old = "no day\n2020-01-01 00:00:00.000 UTC [1] LOG:  long ago\n";
    fs::write(&log, format!("{old}{young}")).unwrap();
    data.run("migrate");
    let anew = fs::read_to_string(&log).unwrap();
    assert!(!anew.is_empty() && !anew.contains("long ago") && !anew.contains(&young));
}

/// However long a postmaster takes to end that has lost its server.
#[test]
fn a_start_waits_for_the_end_of_what_a_killed_server_left() {
    let data = Data::new();
    let mut server = data.serve();
    let postmaster = data.postmaster();
    assert!(has_open(&postmaster, "postgres.lock"), "who waits for the lock waits for nobody");
    signal("STOP", &postmaster);
    server.kill();
    let next = data.start();
    let process = next.id().to_string();
    while is_running(&process) && !has_open(&process, "postgres.lock") {
        std::thread::yield_now();
    }
    signal("CONT", &postmaster);
    let _server = Server::greeted(next);
    assert_ne!(data.postmaster(), postmaster);
}

/// What a client was told is kept, is kept, whenever the server dies.
#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_upload_is_lost_to_a_kill() {
    const ROUNDS: usize = 3;
    const CLIENTS: usize = 3;
    opentracks::edge::choose_tls();
    let data = Data::new();
    data.run("demo");
    let mut acknowledged: Vec<(Uuid, Vec<u8>)> = Vec::new();
    for round in 0..ROUNDS {
        let mut server = data.serve();
        let token = data.sign_in(&server).await;
        let uploads = (0..CLIENTS)
            .map(|client| upload_until_it_ends(&server, &token, round * CLIENTS + client));
        let killer = async {
            // Once the first upload is through, the others are at every stage of theirs.
            let mut id = Uuid::new_v4();
            while !server.put(&token, id, TRACK.to_vec()).await {
                id = Uuid::new_v4();
            }
            signal("KILL", &server.process.id().to_string());
            vec![(id, TRACK.to_vec())]
        };
        let (uploaded, first) = tokio::join!(futures_util::future::join_all(uploads), killer);
        acknowledged.extend(uploaded.into_iter().flatten().chain(first));
        server.process.wait().unwrap();
    }
    let server = data.serve();
    let token = data.sign_in(&server).await;
    assert!(acknowledged.len() >= ROUNDS);
    for (id, file) in acknowledged {
        assert_eq!(server.original(&token, id).await, file);
    }
}

/// Uploads one distinct file after the other until the server is gone; returns the acknowledged.
async fn upload_until_it_ends(server: &Server, token: &str, client: usize) -> Vec<(Uuid, Vec<u8>)> {
    let mut acknowledged = Vec::new();
    loop {
        let id = Uuid::new_v4();
        let comment = format!("<!-- {client} {} -->", acknowledged.len());
        let file = [TRACK, comment.as_bytes()].concat();
        if !server.put(token, id, file.clone()).await {
            return acknowledged;
        }
        acknowledged.push((id, file));
    }
}

/// The database as it was yesterday, under files as they are today.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_brings_nobody_back_before_it_is_served() {
    opentracks::edge::choose_tls();
    let data = Data::new();
    data.run("demo");
    let (cluster, backup) = (data.0.join("postgres"), data.0.join("yesterday"));
    let copy = |from: &Path, to: &Path| {
        let copied = Command::new("cp").arg("-a").args([from, to]).status();
        assert!(copied.unwrap().success());
    };
    copy(&cluster, &backup);
    let mut server = data.serve();
    let token = data.sign_in(&server).await;
    let password = fs::read_to_string(data.0.join("demo-password")).unwrap();
    let client = reqwest::Client::new();
    let me = format!("{}/api/v1/me", server.address);
    let leave = client.delete(&me).bearer_auth(&token).json(&json!({ "password": password }));
    assert_eq!(leave.send().await.unwrap().status(), 202);
    // The process dies in the second after: what was answered holds.
    let postmaster = data.postmaster();
    server.kill();
    wait_for_end(&postmaster);
    fs::remove_dir_all(&cluster).unwrap();
    fs::rename(&backup, &cluster).unwrap();
    let server = data.serve();
    let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status();
    let me = format!("{}/api/v1/me", server.address);
    assert_eq!(status(client.get(&me).bearer_auth(&token)).await, 401);
    let login = format!("{}/api/v1/auth/login", server.address);
    let body = json!({ "email": "demo@opentracks.example", "password": password });
    assert_eq!(status(client.post(&login).json(&body)).await, 401);
    drop(server);
    let told = data.run_all(&["admin", "replay-erasures"]).stdout;
    assert_eq!(told, b"0 accounts were there again that are erased. Now they are not.\n");
}

#[test]
fn loading_the_demo_twice_changes_nothing() {
    let data = Data::new();
    assert_eq!(data.run("demo").stdout, data.run("demo").stdout);
}

#[test]
fn the_master_key_is_made_once_and_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let data = Data::new();
    data.run("migrate");
    let file = data.0.join("master.key");
    let first = fs::read(&file).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    data.run("migrate");
    assert_eq!(fs::read(&file).unwrap(), first);
}

/// Another key would open nothing, so none is made: its owner is told, and puts it back.
#[test]
fn a_lost_master_key_is_not_replaced() {
    let data = Data::new();
    data.run("demo");
    let (file, safe) = (data.0.join("master.key"), data.0.join("safe"));
    fs::rename(&file, &safe).unwrap();
    let output = data.command("migrate").output().unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("OPENTRACKS_MASTER_KEY_FILE names no file"), "{message}");
    assert!(!file.exists());
    fs::rename(&safe, &file).unwrap();
    data.run("migrate");
}

#[test]
fn help_names_every_setting() {
    let help = Data::new().run("--help").stdout;
    let help = String::from_utf8(help).unwrap();
    for (name, ..) in opentracks::config::SETTINGS {
        assert!(help.contains(name), "{name}");
    }
    for verb in ["serve", "work", "migrate", "demo", "admin"] {
        assert!(help.contains(verb), "{verb}");
    }
}

#[test]
fn an_end_waits_for_no_task_for_ever() {
    let data = Data::new();
    // The map of where many go lasts for ever, once it is begun.
    let first = data.serve();
    let begun = "SELECT count(*) FROM ops.schedule WHERE task = 'remake heat map'";
    while data.sql(begun) != "1" {}
    data.sql(
        "CREATE FUNCTION public.last() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
         CREATE TRIGGER last AFTER DELETE ON commons.heat_cells
             FOR EACH STATEMENT EXECUTE FUNCTION public.last();
         ALTER ROLE opentracks_owner SET statement_timeout = 0;
         DELETE FROM ops.schedule",
    );
    drop(first);
    let mut server = data.serve();
    let postmaster = data.postmaster();
    let at_it = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    while data.sql(at_it) != "1" {}
    signal("TERM", &server.process.id().to_string());
    assert!(server.process.wait().unwrap().success());
    assert!(!is_running(&postmaster), "the database outlives the server");
}

#[test]
fn what_is_wrong_with_the_settings_is_said_and_no_value_shown() {
    let data = Data::new();
    let output =
        data.command("serve").env("OPENTRACKS_MAIL", "smpt://ada:s3cret@host").output().unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        message,
        "opentracks: OPENTRACKS_MAIL must be folder or an smtp:// or smtps:// URL\n"
    );

    let output = data.command("serve").env("OPENTRACKS_MODE", "production").output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("OPENTRACKS_MASTER_KEY_FILE must be given"), "{message}");
    // Nor are codes that nobody gets written to a folder, unless somebody says so.
    let mut command = data.command("serve");
    command.env("OPENTRACKS_MODE", "production").env("OPENTRACKS_MASTER_KEY_FILE", "key");
    command
        .env("DATABASE_URL", "postgres://db")
        .env("OPENTRACKS_PUBLIC_URL", "https://tracks.example");
    let message = String::from_utf8(command.output().unwrap().stderr).unwrap();
    assert!(message.contains("OPENTRACKS_MAIL must be given"), "{message}");
}
