//! What is kept for a while only: problem reports, accounts that nobody uses, and whether it shows when
//! something was not erased.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::sync::LazyLock;

use chrono::{NaiveTime, TimeDelta};
use diesel_async::SimpleAsyncConnection;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentracks::privacy::retention;
use opentracks::privacy::retention::{INACTIVE, INACTIVITY_NOTICE, OVERDUE, TECHNICAL_LOG};
use reqwest::Method;
use serde_json::{Value, json};

use crate::auth::login;
use crate::bad_input::refused;
use crate::harness::{PASSWORD, TestApp, connect, dump_data, logged, northward_gpx};
use crate::jobs::{count, text};

/// What would be served at `/metrics`; of the whole process.
static FIGURES: LazyLock<PrometheusHandle> =
    LazyLock::new(|| PrometheusBuilder::new().install_recorder().unwrap());

const REPORTS: &str = "/api/v1/diagnostics";

fn report() -> Value {
    json!({
        "device_type": "Xanadu phone", "os": "Android 16", "browser": "Firefox 150", "version": "1.2",
        "text": "Xanadu crashed",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_ot_1_3_a_problem_report_lies_sealed_is_nobodys_and_goes_after_thirty_days() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    assert_eq!(ada.post(REPORTS, &report()).await.status(), 202);
    assert_eq!(app.anyone().post(REPORTS, &report()).await.status(), 202);
    let bad_token = app.with_token("nonsense").post(REPORTS, &report()).await;
    assert_eq!(bad_token.status(), 202, "who asks is not looked at");
    let stored = dump_data(&app);
    assert!(!stored.contains("Xanadu") && !stored.contains("Firefox"));
    // What its reader gets: all that was said, and of the address the network.
    let kept = app.app.service().db.reports(None, 10).await.unwrap();
    let told = serde_json::to_value(&kept[0].2).unwrap();
    let mut expected = report();
    expected["network"] = json!("127.0.0.0/24");
    assert_eq!(told, expected);
    assert_eq!(kept.len(), 3);
    let rest = app.app.service().db.reports(Some((kept[0].0, kept[0].1)), 10).await.unwrap();
    assert_eq!(rest.len(), 2);

    // A second before and on time is for every kind of record in `jobs.rs`.
    app.advance(TimeDelta::days(30));
    app.run_jobs().await;
    assert_eq!(count(&app, "ops.diagnostics").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_report_is_bounded_in_size_and_number() {
    let app = TestApp::start().await;
    for (field, value) in [
        ("device_type", json!("")),
        ("os", json!("x".repeat(101))),
        ("browser", json!("a\nb")),
        ("version", Value::Null),
        ("text", json!("x".repeat(4_001))),
        ("email", json!("ada@example.org")),
    ] {
        let mut body = report();
        body[field] = value;
        let problem = refused(app.anyone().post(REPORTS, &body).await, 422).await;
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    assert_eq!(count(&app, "ops.diagnostics").await, 0);
    let mut sent = 0;
    while app.anyone().post(REPORTS, &report()).await.status() == 202 {
        sent += 1;
        assert!(sent <= 10);
    }
    refused(app.anyone().post(REPORTS, &report()).await, 429).await;
    app.advance(TimeDelta::minutes(1));
    assert_eq!(app.anyone().post(REPORTS, &report()).await.status(), 202);
}

/// A day before and on the day, at each step: two warnings, then the account is closed.
#[tokio::test(flavor = "multi_thread")]
async fn promise_od_3_3_an_unused_account_is_warned_of_twice_and_then_closed() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let (day, closing) =
        (TimeDelta::days(1), "(SELECT FROM ops.jobs WHERE kind = 'close_account')");
    app.advance(INACTIVE - day);
    assert_eq!(app.mails(&ada.email).await.len(), 0);
    app.advance(day);
    for days_left in [60, 30] {
        let mails = app.mails(&ada.email).await;
        let said = format!("closed in {days_left} days");
        let mails: Vec<String> = mails.iter().map(|mail| text(mail).replace('\n', " ")).collect();
        assert!(mails.iter().any(|mail| mail.contains(&said)), "{mails:?}");
        // However often the job runs.
        app.advance(TimeDelta::hours(2));
        assert_eq!(app.mails(&ada.email).await.len(), mails.len());
        app.advance(INACTIVITY_NOTICE - day);
        assert_eq!(app.mails(&ada.email).await.len(), mails.len());
        app.advance(day - TimeDelta::hours(2));
    }
    // A session that the sweep has not reached yet ends with the account.
    let mut conn = connect(&app, "opentracks_owner").await;
    let keep = "UPDATE identity.sessions SET expires_at = 'infinity'";
    conn.batch_execute(keep).await.unwrap();
    assert!(app.app.service().db.warn_inactive(app.now()).await.unwrap() > 0);
    assert_eq!(count(&app, closing).await, 1);
    app.run_jobs().await;
    assert_eq!((count(&app, closing).await, count(&app, "identity.sessions").await), (0, 0));
    let mails = app.mails(&ada.email).await;
    assert!(mails.len() == 3 && mails[2].contains("Receipt"), "{mails:?}");
    assert_eq!(count(&app, "identity.accounts").await, 0);
}

/// It was promised, so no failure is the last one.
#[tokio::test(flavor = "multi_thread")]
async fn closing_an_unused_account_is_tried_until_it_succeeds() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    app.advance(INACTIVE);
    for _ in 0..2 {
        app.run_jobs().await;
        app.advance(INACTIVITY_NOTICE);
    }
    let mut conn = connect(&app, "opentracks").await;
    conn.batch_execute("REVOKE INSERT ON ops.erasures FROM opentracks_owner").await.unwrap();
    for _ in 0..30 {
        app.run_jobs().await;
        app.advance(TimeDelta::hours(1));
    }
    assert_eq!(count(&app, "identity.accounts").await, 1);
    conn.batch_execute("GRANT INSERT ON ops.erasures TO opentracks_owner").await.unwrap();
    let mails = app.mails(&ada.email).await;
    assert!(mails.len() == 3 && mails[2].contains("Receipt"), "{mails:?}");
    assert_eq!(count(&app, "identity.accounts").await, 0);
}

/// As the clock of a machine without a battery does, until it is set.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_ran_ahead_once_stops_nothing() {
    let app = TestApp::start().await;
    let ready = async || app.anyone().get("/health/ready").await.json::<Value>().await.unwrap();
    let years = TimeDelta::days(3_650);
    app.advance(years);
    app.run_jobs().await;
    while app.anyone().post(REPORTS, &report()).await.status() == 202 {}
    app.advance(-years);
    assert!(ready().await["overdue"].as_array().unwrap().len() > 9);
    // Who was slowed down is, as after a burst, and no longer.
    assert_eq!(app.anyone().post(REPORTS, &report()).await.status(), 202);
    refused(app.anyone().post(REPORTS, &report()).await, 429).await;
    app.advance(TimeDelta::minutes(1));
    assert_eq!(app.anyone().post(REPORTS, &report()).await.status(), 202);
    app.run_jobs().await;
    assert_eq!(ready().await, json!({ "status": "ok" }));
    let kept = count(&app, "ops.diagnostics").await;
    app.advance(retention::PROBLEM_REPORT);
    app.run_jobs().await;
    assert_eq!(count(&app, "ops.diagnostics").await, kept - 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_is_not_closed_and_the_years_begin_anew() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    app.advance(INACTIVE - TimeDelta::days(100));
    // A device that stays signed in is a contact each time it asks for a token.
    let eve = app.sign_in(&eve.email, PASSWORD).await;
    app.advance(TimeDelta::days(100));
    let body = json!({ "refresh_token": eve.refresh_token });
    assert_eq!(app.anyone().post("/api/v1/auth/refresh", &body).await.status(), 200);
    assert_eq!(app.mails(&ada.email).await.len(), 1);
    app.advance(INACTIVITY_NOTICE);
    assert_eq!(app.mails(&ada.email).await.len(), 2);
    app.advance(INACTIVITY_NOTICE);
    // It is to be closed, but before the job runs its owner is there.
    assert_eq!(app.app.service().db.warn_inactive(app.now()).await.unwrap(), 1);
    let ada = app.sign_in(&ada.email, PASSWORD).await;
    app.run_jobs().await;
    assert_eq!(ada.get("/api/v1/me").await.status(), 200);
    app.advance(INACTIVE - TimeDelta::days(1));
    assert_eq!(app.mails(&ada.email).await.len(), 2);
    app.advance(TimeDelta::days(1));
    assert_eq!(app.mails(&ada.email).await.len(), 3);
    assert_eq!(app.mails(&eve.email).await.len(), 1);
}

/// A worker that was away for years does not close what it never warned of.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_closed_without_having_been_given_time_twice() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    app.advance(INACTIVE * 3);
    for mails in [1, 2] {
        for _ in 0..3 {
            assert_eq!(app.mails(&ada.email).await.len(), mails);
            app.advance(TimeDelta::hours(1));
        }
        app.advance(INACTIVITY_NOTICE);
    }
}

/// Of a contact the day is kept, and no more.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_contact_is_a_day() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    app.advance(TimeDelta::days(3));
    assert_eq!(login(&app, &ada.email, PASSWORD).await.status(), 200);
    let on = "(SELECT FROM identity.accounts WHERE last_contact_on = '2026-06-04')";
    assert_eq!(count(&app, on).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_erased_for_a_day_shows() {
    LazyLock::force(&FIGURES);
    let app = TestApp::start().await;
    let ready = async || app.anyone().get("/health/ready").await.json::<Value>().await.unwrap();
    // A server on which nothing ever ran is late as well.
    app.advance(OVERDUE - TimeDelta::seconds(1));
    assert_eq!(ready().await, json!({ "status": "ok" }));
    app.advance(TimeDelta::seconds(1));
    let all = ready().await;
    assert!(all["overdue"].as_array().unwrap().len() > 9, "{all}");
    app.run_jobs().await;
    assert_eq!(ready().await, json!({ "status": "ok" }));
    // One of them fails each time from now on.
    let mut conn = connect(&app, "opentracks").await;
    let refuse = "REVOKE DELETE ON ops.diagnostics FROM opentracks_owner";
    conn.batch_execute(refuse).await.unwrap();
    for _ in 0..25 {
        app.advance(TimeDelta::hours(1));
        // The one that fails ends the round; the others have their turn in the next.
        for _ in 0..2 {
            let _failed = app.app.worker().run_due().await;
        }
    }
    let told = ready().await;
    assert_eq!(told, json!({ "status": "ok", "overdue": ["expire problem reports"] }));
    let figures = FIGURES.render();
    for task in retention::promised_tasks() {
        let figure = format!("promised_task_age_seconds{{task=\"{task}\"}}");
        assert!(figures.contains(&figure), "{figure}: {figures}");
    }
    conn.batch_execute("GRANT DELETE ON ops.diagnostics TO opentracks_owner").await.unwrap();
    app.advance(TimeDelta::hours(1));
    app.run_jobs().await;
    assert_eq!(ready().await, json!({ "status": "ok" }));
}

/// Neither whose visit it was nor with what: what is counted has no person in it.
#[tokio::test(flavor = "multi_thread")]
async fn promise_od18_10_3_visits_are_not_recorded() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let id = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let before = rows(&app);
    for caller in [&ada, &app.anyone()] {
        for path in [format!("/api/v1/activities/{id}"), "/api/v1/explore/search".to_owned()] {
            let request = caller.request(Method::GET, &path).header("User-Agent", "Xanadu/4711");
            let request = request.header("Referer", "https://xanadu4711.example/");
            assert_eq!(request.send().await.unwrap().status(), 200);
        }
    }
    assert_eq!(rows(&app), before, "a visit leaves no row");
    for place in [dump_data(&app), logged()] {
        assert!(!place.to_lowercase().contains("xanadu4711") && !place.contains("Xanadu/4711"));
    }
}

/// What the server logs names nobody; for how long it may be kept all the same is stated.
#[tokio::test(flavor = "multi_thread")]
async fn promise_sp_5_technical_logs_are_kept_for_a_year_at_most_and_name_nobody() {
    let app = TestApp::start().await;
    let mail = "zebulon.quist@example.org";
    assert_eq!(login(&app, mail, PASSWORD).await.status(), 401);
    assert_eq!(app.anyone().get("/api/v1/explore/search?q=Zebulon4711").await.status(), 200);
    for trace in [mail, "zebulon", "Zebulon4711", "127.0.0.1"] {
        let log = logged();
        let line =
            log.lines().filter(|line| line.contains("\"route\"")).find(|line| line.contains(trace));
        assert_eq!(line, None, "{trace}");
    }
    assert!(TECHNICAL_LOG <= TimeDelta::days(365));
    let policy: Value = app.anyone().get("/privacy").await.json().await.unwrap();
    let logs = policy["retention"]
        .as_array()
        .unwrap()
        .iter()
        .find(|period| period["what"].as_str().unwrap().starts_with("Technical logs"));
    assert_eq!(logs.unwrap()["seconds"], TECHNICAL_LOG.num_seconds());
}

/// Every row there is, but for how attempts are counted.
fn rows(app: &TestApp) -> Vec<String> {
    let dump = dump_data(app);
    let rows = dump.lines().filter(|line| !line.starts_with('\\') && line.contains('\t'));
    let mut rows: Vec<String> = rows.map(ToOwned::to_owned).collect();
    rows.sort();
    rows
}

/// What a private database logs, also of a server that is not started again for years.
#[tokio::test(flavor = "multi_thread")]
async fn promise_sp_5_what_the_database_logs_is_forgotten_while_it_is_written() {
    let app = TestApp::start().await;
    let log = app.data.join("postgres.log");
    let mut written = OpenOptions::new().create(true).append(true).open(&log).unwrap();
    let first = app.now();
    writeln!(written, "no day\n{} [1] LOG:  Xanadu", first.format("%Y-%m-%d %H:%M:%S")).unwrap();
    // To the end of the day: of a line that is as old as allowed the day alone is looked at.
    let over = first.date_naive() + TimeDelta::days(1) + TECHNICAL_LOG;
    app.advance(over.and_time(NaiveTime::MIN).and_utc() - TimeDelta::seconds(1) - first);
    app.run_jobs().await;
    assert!(fs::read_to_string(&log).unwrap().contains("Xanadu"));
    app.advance(TimeDelta::seconds(1));
    app.run_jobs().await;
    assert_eq!(fs::read_to_string(&log).unwrap(), "");
    // Whoever writes it goes on.
    writeln!(written, "{} [1] LOG:  young", app.now().format("%Y-%m-%d")).unwrap();
    app.run_jobs().await;
    assert!(fs::read_to_string(&log).unwrap().ends_with("young\n"));
}
