//! What happens unasked: mails, retries, expiry.

use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use opentracks::db::ops::Lane;
use opentracks::domain::Clock;
use opentracks::jobs::Worker;
use opentracks::privacy::retention::{self, Expiring};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::archives::export;
use crate::auth::{applicant, forgot, register, reset, verify};
use crate::harness::{TestApp, code_in, connect, northward_gpx};
use crate::parts::Part;

/// How long a lease holds.
const LEASE_S: i64 = 60;
/// How often a job is tried.
const ATTEMPTS_MAX: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_sent_once_however_many_workers_there_are() {
    let app = TestApp::start().await;
    register(&app, &applicant("ada@example.org")).await;
    register(&app, &applicant("bob@example.org")).await;
    let worker = app.app.worker();
    let ran = tokio::join!(worker.run_due(), worker.run_due(), worker.run_due(), worker.run_due());
    assert!([ran.0, ran.1, ran.2, ran.3].iter().all(Result::is_ok));
    app.run_jobs().await;
    for address in ["ada@example.org", "bob@example.org"] {
        assert_eq!(app.mails(address).await.len(), 1, "{address}");
    }
    assert_eq!(count(&app, "ops.jobs").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_worker_died_is_taken_again_when_its_lease_is_over() {
    let app = TestApp::start().await;
    register(&app, &applicant("ada@example.org")).await;
    let dead = app.app.service().db.lease_job(Lane::Mail, None, app.now()).await.unwrap();
    assert!(dead.is_some());
    app.advance(TimeDelta::seconds(LEASE_S - 1));
    assert!(app.mails("ada@example.org").await.is_empty());
    app.advance(TimeDelta::seconds(1));
    assert_eq!(app.mails("ada@example.org").await.len(), 1);
    assert_eq!(count(&app, "ops.jobs").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_holds_while_it_is_renewed_and_a_lost_one_finishes_nothing() {
    let app = TestApp::start().await;
    register(&app, &applicant("ada@example.org")).await;
    let db = &app.app.service().db;
    let lost = db.lease_job(Lane::Mail, None, app.now()).await.unwrap().unwrap().lease;
    app.advance(TimeDelta::seconds(LEASE_S - 20));
    assert!(db.renew_lease(lost, app.now()).await.unwrap());
    app.advance(TimeDelta::seconds(LEASE_S - 20));
    assert!(
        db.lease_job(Lane::Mail, None, app.now()).await.unwrap().is_none(),
        "a worker is at it"
    );

    app.advance(TimeDelta::seconds(20));
    let held = db.lease_job(Lane::Mail, None, app.now()).await.unwrap().unwrap().lease;
    assert!(!db.renew_lease(lost, app.now()).await.unwrap());
    db.finish_job(lost).await.unwrap();
    db.retry_job(lost, app.now()).await.unwrap();
    assert_eq!(count(&app, "ops.jobs").await, 1);
    assert!(
        db.lease_job(Lane::Mail, None, app.now()).await.unwrap().is_none(),
        "the other still holds it"
    );
    assert!(db.renew_lease(held, app.now()).await.unwrap());
    db.finish_job(held).await.unwrap();
    assert_eq!(count(&app, "ops.jobs").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_cannot_be_written_is_tried_again_ever_later_and_arrives() {
    let app = TestApp::start().await;
    let outbox = Outbox::block(&app);
    register(&app, &applicant("ada@example.org")).await;
    app.run_jobs().await;
    let attempts = async || {
        app.run_jobs().await;
        count(&app, "(SELECT generate_series(1, attempts) FROM ops.jobs)").await
    };
    assert_eq!(attempts().await, 1, "not at once");
    for (tried, wait_s) in [(1, 5), (2, 10), (3, 20)] {
        app.advance(TimeDelta::seconds(wait_s - 1));
        assert_eq!(attempts().await, tried, "not before {wait_s} s");
        app.advance(TimeDelta::seconds(1));
        assert_eq!(attempts().await, tried + 1, "after {wait_s} s");
    }
    outbox.unblock();
    app.advance(TimeDelta::seconds(40));
    let code = app.code("ada@example.org").await;
    assert_eq!(verify(&app, "ada@example.org", &code).await.status(), 200);
    assert_eq!(app.mails("ada@example.org").await.len(), 1);
    assert_eq!(count(&app, "ops.jobs").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_always_fails_is_put_aside_and_not_tried_for_ever() {
    let app = TestApp::start().await;
    let outbox = Outbox::block(&app);
    register(&app, &applicant("ada@example.org")).await;
    for tried in 1..=ATTEMPTS_MAX {
        assert_eq!(count(&app, ASIDE).await, 0, "after {tried} attempts");
        app.run_jobs().await;
        app.advance(TimeDelta::hours(1));
    }
    assert_eq!(count(&app, ASIDE).await, 1);
    outbox.unblock();
    assert!(app.mails("ada@example.org").await.is_empty(), "a person has to look at it");
}

/// A worker that died while its clock ran ahead does not keep its jobs for years.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_of_a_clock_that_ran_ahead_is_over() {
    let app = TestApp::start().await;
    register(&app, &applicant("ada@example.org")).await;
    let years = TimeDelta::days(3_650);
    let ahead = app.now() + years;
    assert!(app.app.service().db.lease_job(Lane::Mail, None, ahead).await.unwrap().is_some());
    assert_eq!(app.mails("ada@example.org").await.len(), 1);
}

/// Wherever a worker breaks off in a job, the job has failed like any other.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_panics_has_failed_and_is_tried_again() {
    let app = TestApp::start().await;
    app.run_jobs().await;
    register(&app, &applicant("ada@example.org")).await;
    // A clock that breaks each time it is looked at for the nth time: outside of a job, until it is in one.
    let failed = "(SELECT FROM ops.jobs WHERE lease IS NULL AND 0 < attempts)";
    let mut looks = 0;
    while count(&app, failed).await == 0 {
        let worker = breaking(&app, looks..=looks);
        let ran = tokio::spawn(async move { worker.run_due().await }).await;
        assert!(ran.is_err() || count(&app, failed).await == 1, "it was done");
        looks += 1;
    }
    assert!(app.mails("ada@example.org").await.is_empty());
    app.advance(TimeDelta::seconds(5));
    assert_eq!(app.mails("ada@example.org").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_panics_is_followed_by_the_next() {
    let app = TestApp::start().await;
    register(&app, &applicant("ada@example.org")).await;
    // Each of the five looks at it first.
    let worker = breaking(&app, 0..=4);
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(async move { worker.run(stopped).await });
    let done = "(SELECT FROM ops.schedule WHERE task IN ('expire sessions', 'remake heat map') \
                 AND done_at IS NOT NULL)";
    for _ in 0..20_000 {
        if count(&app, done).await == 2 && count(&app, "ops.jobs").await == 0 {
            break;
        }
    }
    assert_eq!((count(&app, done).await, count(&app, "ops.jobs").await), (2, 0));
    stop.send(true).unwrap();
    running.await.unwrap();
}

/// What works on `app` with a clock that breaks when it is looked at for these times, counted from 0.
fn breaking(app: &TestApp, at: RangeInclusive<usize>) -> Worker {
    let (clock, looked) = (app.clock(), AtomicUsize::new(0));
    let clock = Clock::new(move || {
        assert!(!at.contains(&looked.fetch_add(1, Ordering::Relaxed)), "the clock broke");
        clock.now()
    });
    Worker { clock, ..app.app.worker().as_ref().clone() }
}

/// A job that ends the process that runs it fails as well, though nobody is left to say so.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_workers_is_put_aside_too() {
    let app = TestApp::start().await;
    register(&app, &applicant("ada@example.org")).await;
    let db = &app.app.service().db;
    for attempt in 1..=ATTEMPTS_MAX {
        assert!(
            db.lease_job(Lane::Mail, None, app.now()).await.unwrap().is_some(),
            "attempt {attempt}"
        );
        app.advance(TimeDelta::hours(1));
    }
    assert!(
        db.lease_job(Lane::Mail, None, app.now()).await.unwrap().is_none(),
        "one attempt more than is allowed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_cannot_be_read_holds_up_no_other_and_is_put_aside() {
    let app = TestApp::start().await;
    register(&app, &applicant("ada@example.org")).await;
    connect(&app, "opentracks_owner")
        .await
        .batch_execute("UPDATE ops.jobs SET content = '\\x00'")
        .await
        .unwrap();
    app.advance(TimeDelta::seconds(1));
    register(&app, &applicant("bob@example.org")).await;
    assert!(app.app.worker().run_due().await.is_ok(), "the queue goes on");
    assert_eq!(app.mails("bob@example.org").await.len(), 1);
    for _ in 0..ATTEMPTS_MAX {
        app.advance(TimeDelta::hours(1));
        app.run_jobs().await;
    }
    assert_eq!(count(&app, ASIDE).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_reaches_a_real_mail_server_once_also_when_it_puts_mails_off() {
    let sink = SmtpSink::start();
    let app = TestApp::start_with(&[("OPENTRACKS_MAIL", &sink.url)]).await;
    register(&app, &applicant("ada@example.org")).await;
    app.run_jobs().await;
    let mail = sink.mails().pop().expect("a mail");
    assert!(mail.contains("X-Envelope-To: ada@example.org\r\n"), "{mail}");
    assert!(mail.contains("\r\nTo: ada@example.org\r\n"), "{mail}");
    let code = code_in(&text(&mail)).expect("a code alone on a line");
    assert_eq!(verify(&app, "ada@example.org", &code).await.status(), 200);

    sink.busy(true);
    assert_eq!(forgot(&app, "ada@example.org").await.status(), 202);
    app.run_jobs().await;
    assert_eq!(sink.mails().len(), 1);
    sink.busy(false);
    app.run_jobs().await;
    assert_eq!(sink.mails().len(), 1, "it waits");
    app.advance(TimeDelta::seconds(5));
    app.run_jobs().await;
    app.run_jobs().await;
    assert_eq!(sink.mails().len(), 2);
    let code = code_in(&text(&sink.mails()[1])).expect("a code alone on a line");
    let answer = reset(&app, "ada@example.org", &code, "copper lantern drifting twelve").await;
    assert_eq!(answer.status(), 204);
    app.run_jobs().await;
    assert_eq!((sink.mails().len(), count(&app, "ops.jobs").await), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_record_goes_when_its_time_is_over_and_not_before() {
    let second = TimeDelta::seconds(1);
    for kind in Expiring::ALL {
        let kept_for = kind.kept_for();
        assert_eq!(left_after(kind, kept_for + second).await, 0, "{kind:?} after {kept_for}");
        let before = left_after(kind, kept_for - second).await;
        // A counter goes as soon as it slows nothing down any more; its period is the most.
        let least = i64::from(kind != Expiring::Throttles);
        assert!(least <= before, "{kind:?} before {kept_for}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_goes_with_its_code_once_its_mail_is_written() {
    let (second, code) = (TimeDelta::seconds(1), retention::MAILED_CODE);
    for (after, left) in [(code - second, 1), (code + second, 0)] {
        let app = TestApp::start().await;
        register(&app, &applicant("ada@example.org")).await;
        app.run_jobs().await;
        app.advance(after);
        app.run_jobs().await;
        assert_eq!(count(&app, "identity.registrations").await, left);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mail_is_plain_in_its_readers_language_without_a_link_and_with_its_code_alone() {
    let app = TestApp::start().await;
    for (locale, greeting) in [("en", "Hello,"), ("fr", "Bonjour,")] {
        let address = format!("{locale}@example.org");
        let mut body = applicant(&address);
        body["locale"] = json!(locale);
        register(&app, &body).await;
        let code = app.code(&address).await;
        assert_eq!(verify(&app, &address, &code).await.status(), 200);
        register(&app, &body).await;
        assert_eq!(app.mails(&address).await.len(), 2);
        assert_eq!(forgot(&app, &address).await.status(), 202);
        let code = app.code(&address).await;
        assert_eq!(
            reset(&app, &address, &code, "copper lantern drifting twelve").await.status(),
            204
        );

        let mails = app.mails(&address).await;
        assert_eq!(mails.len(), 4);
        for (mail, codes) in mails.iter().zip([1, 0, 1, 0]) {
            let text = text(mail);
            assert!(mail.contains("Content-Type: text/plain; charset=utf-8\r\n"), "{mail}");
            assert!(text.starts_with(greeting), "{text}");
            for link in ["://", "www.", "href", "mailto:", "<", "@"] {
                assert!(!text.contains(link), "{link} in {text}");
            }
            assert_eq!(lone_codes(&text), codes, "{text}");
            assert_eq!(numbers(&text), codes, "{text}");
        }
    }
}

/// Whatever others call themselves: the code is found, and it alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_stands_alone_beside_every_public_name() {
    let app = TestApp::start().await;
    let names = [
        "馬".repeat(50),
        "é".repeat(50),
        "עדה".to_owned(),
        "x".repeat(50),
        "12345678".to_owned(),
        "=3D.".to_owned(),
    ];
    for (index, name) in names.iter().enumerate() {
        let mut body = applicant(&format!("ada{index}@example.org"));
        body["public_name"] = json!(name);
        register(&app, &body).await;
        let mails = app.mails(&format!("ada{index}@example.org")).await;
        let text = text(&mails[0]);
        assert!(text.contains(name.as_str()), "{text}");
        assert_eq!(lone_codes(&text), 1, "{text}");
        let answer =
            verify(&app, &format!("ada{index}@example.org"), &code_in(&text).unwrap()).await;
        assert_eq!(answer.status(), 200);
    }
}

/// Who knows an address does not choose the language in which its owner is written to.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_written_to_in_its_own_language() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    assert_eq!(ada.patch("/api/v1/me", &json!({ "locale": "fr" })).await.status(), 200);
    assert_eq!(forgot(&app, &ada.email).await.status(), 202);
    app.run_jobs().await;
    let mut stranger = applicant(&ada.email);
    stranger["locale"] = json!("en");
    register(&app, &stranger).await;
    let mails = app.mails(&ada.email).await;
    assert_eq!(mails.len(), 2);
    for mail in mails {
        assert!(text(&mail).starts_with("Bonjour,"), "{}", text(&mail));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_served_policy_states_the_periods_that_are_kept() {
    let app = TestApp::start().await;
    let policy: Value = app.anyone().get("/privacy").await.json().await.unwrap();
    let stated: Vec<i64> = policy["retention"]
        .as_array()
        .unwrap()
        .iter()
        .map(|period| period["seconds"].as_i64().unwrap())
        .collect();
    for kind in Expiring::ALL {
        assert!(stated.contains(&kind.kept_for().num_seconds()), "{kind:?}");
    }
}

/// The jobs that a person has to look at.
const ASIDE: &str = "(SELECT FROM ops.jobs WHERE failed_at IS NOT NULL)";

/// How many records of `kind` there are when `elapsed` has passed since one was made.
#[allow(clippy::too_many_lines, reason = "a table")]
async fn left_after(kind: Expiring, elapsed: TimeDelta) -> i64 {
    let app = TestApp::start().await;
    let table = match kind {
        Expiring::Sessions => {
            app.member("Ada").await;
            "identity.sessions"
        }
        Expiring::KnownNetworks => {
            app.member("Ada").await;
            "identity.known_networks"
        }
        Expiring::MailedCodes => {
            app.member("Ada").await;
            assert_eq!(forgot(&app, "ada@example.org").await.status(), 202);
            app.run_jobs().await;
            "identity.codes"
        }
        Expiring::Registrations => {
            register(&app, &applicant("ada@example.org")).await;
            "identity.registrations"
        }
        Expiring::FailedMails | Expiring::FailedJobs => {
            let _outbox = Outbox::block(&app);
            register(&app, &applicant("ada@example.org")).await;
            app.run_jobs().await;
            if kind == Expiring::FailedJobs {
                let mut conn = connect(&app, "opentracks_owner").await;
                conn.batch_execute("UPDATE ops.jobs SET kind = 'another'").await.unwrap();
            }
            while count(&app, ASIDE).await == 0 {
                app.advance(TimeDelta::hours(1));
                app.run_jobs().await;
            }
            "ops.jobs"
        }
        Expiring::Throttles => {
            assert_eq!(forgot(&app, "ada@example.org").await.status(), 202);
            "ops.throttles"
        }
        Expiring::EmailChanges => {
            let ada = app.member("Ada").await;
            let body = json!({ "email": "other@example.org" });
            let asked = ada.request(Method::PUT, "/api/v1/me/email").json(&body).send().await;
            assert_eq!(asked.unwrap().status(), 202);
            app.run_jobs().await;
            "identity.email_changes"
        }
        Expiring::ProblemReports => {
            let report = json!({ "device_type": "phone", "os": "Android 16", "version": "1.2" });
            assert_eq!(app.anyone().post("/api/v1/diagnostics", &report).await.status(), 202);
            "ops.diagnostics"
        }
        Expiring::ReleasedNames => {
            let ada = app.member("Ada").await;
            let change = json!({ "public_name": "Augusta" });
            assert_eq!(ada.patch("/api/v1/me", &change).await.status(), 200);
            "(SELECT FROM identity.public_names WHERE free_at IS NOT NULL)"
        }
        Expiring::Archives => {
            export(&app, &app.member("Ada").await).await;
            "vault.archives"
        }
        Expiring::AccessLog => {
            // The clock of the database has to be past its period as well.
            app.advance(TimeDelta::days(-800));
            app.member("Ada").await;
            "vault.access_log"
        }
        Expiring::Erasures => {
            let ada = app.member("Ada").await;
            assert_eq!(ada.leave(&json!({})).await.status(), 202);
            app.run_jobs().await;
            "ops.erasures"
        }
        Expiring::WithdrawnIds => {
            let ada = app.member("Ada").await;
            ada.agree("open_data", true).await;
            let id = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
            app.issue_open_data().await;
            assert_eq!(ada.delete(&format!("/api/v1/activities/{id}")).await.status(), 204);
            // The day is all that is kept of when: it begins now.
            app.advance(TimeDelta::hours(12));
            app.issue_open_data().await;
            "commons.open_data"
        }
    };
    assert_ne!(count(&app, table).await, 0, "{kind:?}");
    app.advance(elapsed);
    app.run_jobs().await;
    count(&app, table).await
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

pub async fn count(app: &TestApp, rows: &str) -> i64 {
    let mut conn = connect(app, "opentracks_owner").await;
    let query = diesel::sql_query(format!("SELECT count(*) AS count FROM {rows} AS counted"));
    query.get_result::<Count>(&mut conn).await.unwrap().count
}

/// The plain text of a mail, decoded.
pub fn text(mail: &str) -> String {
    let (head, body) = mail.split_once("\r\n\r\n").expect("a head and a body");
    let coding = head.lines().find_map(|line| line.strip_prefix("Content-Transfer-Encoding: "));
    let bytes = match coding {
        Some("quoted-printable") => unquoted(body),
        Some("base64") => BASE64.decode(body.replace("\r\n", "")).unwrap(),
        Some("7bit" | "8bit") | None => body.as_bytes().to_vec(),
        Some(other) => panic!("a mail is coded as {other}"),
    };
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

/// Quoted-printable, RFC 2045, 6.7.
fn unquoted(body: &str) -> Vec<u8> {
    let joined = body.replace("=\r\n", "");
    let mut parts = joined.split('=');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    bytes
}

/// How many lines of `text` are a code and nothing else.
pub fn lone_codes(text: &str) -> usize {
    text.lines().filter(|line| code_in(line).is_some_and(|code| code == **line)).count()
}

/// How many numbers of the length of a code `text` has anywhere.
pub fn numbers(text: &str) -> usize {
    text.split(|char: char| !char.is_ascii_digit()).filter(|digits| 6 <= digits.len()).count()
}

/// A mail folder that takes no files, because it is one.
struct Outbox(PathBuf);

impl Outbox {
    fn block(app: &TestApp) -> Self {
        let folder = app.data.join("outbox");
        fs::remove_dir_all(&folder).unwrap();
        fs::write(&folder, "").unwrap();
        Self(folder)
    }

    fn unblock(&self) {
        fs::remove_file(&self.0).unwrap();
        fs::create_dir(&self.0).unwrap();
    }
}

/// A real SMTP server.
struct SmtpSink {
    _server: Part,
    folder: PathBuf,
    url: String,
}

impl SmtpSink {
    fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("opentracks-smtp-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).unwrap();
        let server = Part::start("smtp.py", &[folder.as_os_str()]);
        let url = format!("smtp://{}", server.address);
        Self { _server: server, folder, url }
    }

    /// Whether mails are put off.
    fn busy(&self, busy: bool) {
        let sign = self.folder.join("busy");
        if busy { fs::write(sign, "").unwrap() } else { fs::remove_file(sign).unwrap() }
    }

    /// The mails that came, in order.
    fn mails(&self) -> Vec<String> {
        let files = fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> =
            files.filter(|path| path.extension().is_some_and(|kind| kind == "eml")).collect();
        files.sort();
        files.into_iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        // It may have gone with the machine's temporary files.
        let _removed = fs::remove_dir_all(&self.folder);
    }
}
