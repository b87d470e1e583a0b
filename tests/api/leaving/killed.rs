//! `kill -9` of the real program after each step of what it does unasked: whoever starts next goes on, and does
//! nothing twice.
//!
//! The database holds the program still where it is about to say that a step is done, and says so through a pipe;
//! there it is killed. So it is known at which step, and nothing depends on how fast anything is.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::pin::pin;
use std::process::Stdio;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::unix::pipe::{OpenOptions as PipeOptions, Receiver};
use tokio::process::{Child, Command};

use super::erased::{CANARIES, blobs, furnish, is_gone, leave};
use super::photos::{SIDES, taken};
use super::works::rows;
use super::{Scene, unfolded};
use crate::archives::{EXPORTS, export, unzip};
use crate::auth::{applicant, forgot, register};
use crate::harness::{TestApp, northward_gpx};

/// Where the program stands still: it says so, and somebody else holds this. At the end of a job it does so once.
/// Whenever jobs change, that is told as well.
const STANDING: &str = "
    CREATE TABLE public.killed (job_id UUID PRIMARY KEY);
    CREATE FUNCTION public.stand_still() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    DECLARE
        job_at_its_end TEXT := '-';
    BEGIN
        IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'jobs' THEN
            job_at_its_end := to_jsonb(OLD) ->> 'job_id';
            IF EXISTS (SELECT FROM public.killed WHERE job_id = job_at_its_end::uuid) THEN
                RETURN OLD;
            END IF;
        END IF;
        EXECUTE format('COPY (SELECT %L) TO %L', job_at_its_end, 'PIPE');
        PERFORM pg_advisory_xact_lock(4711);
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END $$;
    CREATE FUNCTION public.tell() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('jobs', '');
        RETURN NULL;
    END $$;
    CREATE TRIGGER tell AFTER UPDATE OR DELETE ON ops.jobs EXECUTE FUNCTION public.tell();
    CREATE TRIGGER tell AFTER UPDATE ON ops.schedule EXECUTE FUNCTION public.tell();
    SELECT pg_advisory_lock(4711);";
/// What is leased is done, or put back: the step itself is committed by then.
const AFTER_A_JOB: &str = "
    CREATE TRIGGER stand_still BEFORE UPDATE OR DELETE ON ops.jobs FOR EACH ROW
    WHEN (OLD.lease IS NOT NULL) EXECUTE FUNCTION public.stand_still();";
/// A task is carried through.
const AFTER_A_TASK: &str = "
    CREATE TRIGGER stand_still BEFORE UPDATE ON ops.schedule FOR EACH ROW
    WHEN (NEW.done_at IS DISTINCT FROM OLD.done_at) EXECUTE FUNCTION public.stand_still();";
/// What the program is called in the database.
const NAME: &str = "killed_program";

#[derive(diesel::QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(diesel::QueryableByName)]
struct Moment {
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
}

/// The real program beside the server of a test: the same database, files and key.
struct Program<'a> {
    app: &'a TestApp,
    conn: AsyncPgConnection,
    /// Hears when jobs change.
    heard: AsyncPgConnection,
    /// Hears when it stands still.
    pipe: Receiver,
}

impl<'a> Program<'a> {
    async fn beside(app: &'a TestApp) -> Self {
        let path = app.data.join("standing");
        let made = Command::new("mkfifo").args(["-m", "666"]).arg(&path).status().await.unwrap();
        assert!(made.success());
        // Open both ways, so that nobody waits for the other to open it.
        let pipe = PipeOptions::new().read_write(true).open_receiver(&path).unwrap();
        let mut conn = AsyncPgConnection::establish(&app.database_url).await.unwrap();
        let standing = STANDING.replace("'PIPE'", &format!("'{}'", path.display()));
        conn.batch_execute(&standing).await.unwrap();
        let mut heard = AsyncPgConnection::establish(&app.database_url).await.unwrap();
        heard.batch_execute("LISTEN jobs").await.unwrap();
        fs::write(app.data.join("master.key"), &app.key).unwrap();
        Self { app, conn, heard, pipe }
    }

    fn start(&self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opentracks"));
        command.arg("work").env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        let url = format!("{}?application_name={NAME}", self.app.database_url);
        command.env("DATABASE_URL", url).env("OPENTRACKS_DATA", &self.app.data);
        let log = OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        command.stdout(Stdio::null()).stderr(log).kill_on_drop(true).spawn().unwrap()
    }

    /// What it logs, over all its lives.
    fn log(&self) -> PathBuf {
        self.app.data.join("program.log")
    }

    async fn count(&mut self, of: &str) -> i64 {
        let query = diesel::sql_query(format!("SELECT count(*) AS count {of}"));
        query.get_result::<Count>(&mut self.conn).await.unwrap().count
    }

    async fn words(&mut self, query: &str) -> Vec<String> {
        let words: Vec<Word> = diesel::sql_query(query).load(&mut self.conn).await.unwrap();
        words.into_iter().map(|word| word.word).collect()
    }

    /// Starts it, and kills it where it stands still. `false` when it did not, because `rest` is empty.
    async fn killed_at_a_step(&mut self, rest: &str) -> bool {
        let mut process = self.start();
        let mut stood = Vec::new();
        while stood.is_empty() && self.count(rest).await > 0 {
            self.stands_or_goes_on(&mut process).await;
            stood = self.said();
        }
        process.start_kill().unwrap();
        assert_eq!(process.wait().await.unwrap().signal(), Some(9));
        // The database notices when it next tells the program something; no sooner is it known who stood still.
        let end = format!(
            "DO $$ BEGIN PERFORM pg_terminate_backend(pid, 60000) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = '{NAME}'; END $$"
        );
        self.conn.batch_execute(&end).await.unwrap();
        stood.extend(self.said());
        // The next one may say so.
        let at_its_end = format!(
            "INSERT INTO public.killed SELECT job_id FROM ops.jobs
             WHERE lease IS NOT NULL AND job_id::text = ANY (string_to_array('{}', ' '))",
            stood.join(" ")
        );
        self.conn.batch_execute(&at_its_end).await.unwrap();
        !stood.is_empty()
    }

    /// Waits until it stands still or jobs change.
    async fn stands_or_goes_on(&mut self, process: &mut Child) {
        let log = self.log();
        let mut jobs = pin!(self.heard.notifications_stream());
        tokio::select! {
            stands = self.pipe.readable() => stands.unwrap(),
            told = jobs.next() => drop(told.unwrap().unwrap()),
            status = process.wait() => {
                panic!("{}: {}", status.unwrap(), fs::read_to_string(log).unwrap())
            }
        }
    }

    /// Which jobs stood still at their end, and `-` for whatever else did, since this was last asked.
    fn said(&self) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            let mut some = [0; 4_096];
            match self.pipe.try_read(&mut some) {
                Ok(length) => said.extend_from_slice(&some[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        String::from_utf8(said).unwrap().lines().map(str::to_owned).collect()
    }

    /// Kills it after each step of each job until there is none left; of which kinds the steps were. A job that was only
    /// begun beside that which stood still is among them.
    async fn killed_after_each_step(&mut self) -> Vec<String> {
        self.conn.batch_execute(AFTER_A_JOB).await.unwrap();
        let mut steps = Vec::new();
        loop {
            // Its leases are over by then, and what was to come later is due.
            let later = "UPDATE ops.jobs SET lease = NULL, leased_until = NULL, run_at = run_at - interval '40 days'";
            self.conn.batch_execute(later).await.unwrap();
            if !self.killed_at_a_step("FROM ops.jobs WHERE failed_at IS NULL").await {
                break;
            }
            let kind = "SELECT kind || ' ' || job_id AS word FROM ops.jobs WHERE lease IS NOT NULL";
            steps.extend(self.words(kind).await);
            assert!(steps.len() < 200, "it does not go on: {steps:?}");
        }
        self.conn.batch_execute("DROP TRIGGER stand_still ON ops.jobs").await.unwrap();
        steps
    }

    /// Turns the clock of the test to that of the program.
    async fn same_time(&mut self) {
        let now = diesel::sql_query("SELECT clock_timestamp() AS now");
        let now = now.get_result::<Moment>(&mut self.conn).await.unwrap().now;
        self.app.advance(now - self.app.now());
    }
}

/// How many steps there were of jobs of a kind.
fn of(steps: &[String], kind: &str) -> usize {
    steps.iter().filter(|step| step.split(' ').next() == Some(kind)).count()
}

/// How many jobs of a kind there were.
fn jobs(steps: &[String], kind: &str) -> usize {
    let is_of = |step: &&String| step.split(' ').next() == Some(kind);
    steps.iter().filter(is_of).collect::<BTreeSet<_>>().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_each_step_of_a_deletion_it_is_finished_once() {
    let app = TestApp::start().await;
    let mut program = Program::beside(&app).await;
    program.same_time().await;
    let scene = Scene::of(&app).await;
    furnish(&app, &scene).await;
    taken(&scene.ada, &scene.published, SIDES).await;
    leave(&scene, &json!({ "photos": "anonymize" })).await;
    let steps = program.killed_after_each_step().await;
    // Begun, activities seen to, told, the rest of the rows and what is last.
    assert!(of(&steps, "erase_account") >= 4, "{steps:?}");
    assert_eq!((jobs(&steps, "show_work"), jobs(&steps, "send_mail")), (3, 1), "{steps:?}");
    // Four files of tracks, a photo in three sizes and as it came, and the three that were drawn a second time
    // for nothing.
    assert_eq!(jobs(&steps, "erase_blob"), 4 + 4 + 3, "{steps:?}");
    assert_eq!((rows(&app, "commons.photos").await, blobs(&app)), (1, 3));
    is_gone(&app, &scene, 3).await;
    let log = fs::read_to_string(program.log()).unwrap();
    for canary in CANARIES {
        assert!(!log.contains(canary), "{canary}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_each_step_of_an_export_it_is_finished_once() {
    let app = TestApp::start().await;
    let mut program = Program::beside(&app).await;
    program.same_time().await;
    let ada = app.member("Ada").await;
    for points in 10..55 {
        ada.has_activity(&northward_gpx(8.5, 47.3, points)).await;
    }
    let asked: Value = ada.post(EXPORTS, &json!({})).await.json().await.unwrap();
    let steps = program.killed_after_each_step().await;
    assert!(of(&steps, "hand_over") >= 4, "{steps:?}");
    let path = format!("{EXPORTS}/{}", asked["id"].as_str().unwrap());
    let ready: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!(ready["state"], "finished");
    assert_eq!(ready["progress"], json!({ "done": 45, "total": 45 }));
    let files = unzip(&ada.get(&format!("{path}/archive")).await.bytes().await.unwrap());
    let whole = unzip(&export(&app, &ada).await);
    let originals = |files: &crate::archives::Files| {
        let originals = files.iter().filter(|(name, _)| name.ends_with("/original"));
        originals.map(|(name, file)| (name.clone(), file.clone())).collect::<Vec<_>>()
    };
    assert_eq!(originals(&files).len(), 45);
    assert!(originals(&files) == originals(&whole), "it is what nobody disturbed");
    assert_eq!(files.len(), whole.len());
    // Told of by one mail each when it was asked for and when it was ready, however often it was tried.
    let mails = app.mails(&ada.email).await;
    assert_eq!(mails.len(), 4, "{mails:?}");
    // No file is left of what a step had put that was not the one to go on.
    app.advance(TimeDelta::hours(2));
    app.run_jobs().await;
    let segments = usize::try_from(rows(&app, "vault.archive_segments").await).unwrap();
    assert_eq!(blobs(&app), 45 + segments);
}

/// What has been kept for as long as promised, of each kind, and the same of today.
async fn old_and_young(app: &TestApp, program: &mut Program<'_>) {
    program.same_time().await;
    app.advance(TimeDelta::days(-1_200));
    let ada = app.member("Ada").await;
    let zoe = app.member("Zoe").await;
    assert_eq!(zoe.leave(&json!({})).await.status(), 202);
    app.finish_leaving().await;
    assert_eq!(forgot(app, &ada.email).await.status(), 202);
    let other = json!({ "email": "other@example.org" });
    let asked = ada.request(Method::PUT, "/api/v1/me/email").json(&other).send().await.unwrap();
    assert_eq!(asked.status(), 202);
    register(app, &applicant("new@example.org")).await;
    let report = json!({ "device_type": "phone", "os": "Android 16", "version": "1.2" });
    assert_eq!(app.anyone().post("/api/v1/diagnostics", &report).await.status(), 202);
    assert_eq!(ada.patch("/api/v1/me", &json!({ "public_name": "Augusta" })).await.status(), 200);
    export(app, &ada).await;
    let failed = "INSERT INTO ops.jobs (job_id, kind, lane, content, run_at, failed_at)
                  SELECT gen_random_uuid(), kind, 'mail', '', at, at
                  FROM unnest(ARRAY['send_mail', 'another']) AS kind,
                       unnest(ARRAY[now() - interval '1200 days', now()]) AS at";
    program.conn.batch_execute(failed).await.unwrap();
    program.same_time().await;
    app.member("Eve").await;
    assert_eq!(app.anyone().post("/api/v1/diagnostics", &report).await.status(), 202);
}

/// How many rows there are of each kind that expires.
async fn kept(program: &mut Program<'_>) -> Vec<(&'static str, i64)> {
    let mut kept = Vec::new();
    for table in EXPIRING {
        kept.push((table, program.count(&format!("FROM {table}")).await));
    }
    kept
}

const EXPIRING: [&str; 10] = [
    "identity.sessions",
    "identity.codes",
    "identity.registrations",
    "identity.email_changes",
    "identity.public_names WHERE free_at IS NOT NULL",
    "ops.diagnostics",
    "ops.erasures",
    "ops.jobs WHERE failed_at IS NOT NULL",
    "vault.archives",
    "vault.access_log",
];

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_and_after_each_task_of_retention_each_is_carried_through() {
    let app = TestApp::start().await;
    let mut program = Program::beside(&app).await;
    old_and_young(&app, &mut program).await;
    let before = kept(&mut program).await;
    assert!(before.iter().all(|(_, rows)| *rows > 0), "{before:?}");
    let due = "UPDATE ops.schedule SET ran_at = ran_at - interval '25 h'";

    // In the middle of erasing: nothing is erased, and nobody says that it was.
    program.conn.batch_execute(due).await.unwrap();
    for table in EXPIRING.map(|table| table.split(' ').next().unwrap()) {
        let trigger = format!(
            "CREATE TRIGGER stand_still AFTER DELETE ON {table} FOR EACH ROW
             EXECUTE FUNCTION public.stand_still()"
        );
        program.conn.batch_execute(&trigger).await.unwrap();
    }
    // Of jobs there are two kinds, each with a task of its own.
    for _ in 0..=EXPIRING.len() {
        assert!(program.killed_at_a_step("FROM ops.schedule").await);
    }
    for table in EXPIRING.map(|table| table.split(' ').next().unwrap()) {
        let drop = format!("DROP TRIGGER stand_still ON {table}");
        program.conn.batch_execute(&drop).await.unwrap();
    }
    assert_eq!(kept(&mut program).await, before);

    // Between what a task did and saying so.
    program.conn.batch_execute(due).await.unwrap();
    program.conn.batch_execute(AFTER_A_TASK).await.unwrap();
    let tasks = program.count("FROM ops.schedule").await;
    for _ in 0..tasks {
        assert!(program.killed_at_a_step("FROM ops.schedule").await);
    }
    program.conn.batch_execute("DROP TRIGGER stand_still ON ops.schedule").await.unwrap();

    // Then nobody comes between.
    assert_eq!(forgot(&app, "eve@example.org").await.status(), 202);
    program.conn.batch_execute(due).await.unwrap();
    let rest = "FROM (SELECT FROM ops.jobs WHERE failed_at IS NULL UNION ALL SELECT FROM ops.schedule
                WHERE ran_at < now() - interval '24 h' OR done_at IS NULL OR done_at < ran_at) AS rest";
    assert!(!program.killed_at_a_step(rest).await);
    let left = kept(&mut program).await;
    let young = [1, 1, 0, 0, 0, 1, 0, 2, 0];
    let found: Vec<i64> = left.iter().map(|(_, rows)| *rows).take(young.len()).collect();
    assert_eq!(found, young, "{left:?}");
    // Who was not there for three years is warned, and once.
    let warnings = app.mails("ada@example.org").await;
    let is_warning = |mail: &&String| unfolded(mail).contains("It will be closed");
    assert_eq!(warnings.iter().filter(is_warning).count(), 1, "{warnings:?}");
}
