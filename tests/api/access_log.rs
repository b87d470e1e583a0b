//! Who was at an account, told to its owner, and to be changed by nobody.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use opentracks::domain::Access;
use opentracks::privacy::retention;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::archives::{export, items};
use crate::auth::{forgot, login, reset};
use crate::bad_input::refused;
use crate::harness::{Caller, PASSWORD, TestApp, connect, dump_data, northward_gpx};

const LOG: &str = "/api/v1/me/access-log";

#[tokio::test(flavor = "multi_thread")]
async fn promise_od18_14_sign_ins_are_logged_for_their_owner() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let body = json!({ "email": ada.email, "password": PASSWORD, "device": "Adas phone" });
    let phone = app.anyone().post("/api/v1/auth/login", &body).await;
    let phone = app.caller(&ada.email, &phone.json().await.unwrap());
    app.advance(TimeDelta::seconds(1));
    refused(login(&app, &ada.email, "somebody's guess").await, 401).await;
    refused(login(&app, "nobody@example.org", "somebody's guess").await, 401).await;
    app.run_jobs().await;
    app.advance(TimeDelta::seconds(1));
    assert_eq!(phone.post("/api/v1/auth/logout", &json!({})).await.status(), 204);
    let log = items(&ada, LOG).await;
    let kinds: Vec<&str> = log.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["signed_out", "sign_in_failed", "signed_in", "signed_in"]);
    assert!(log.iter().any(|entry| entry["device"] == "Adas phone"));
    assert_eq!(log[0]["at"], json!(app.now()));
    let of_eve = items(&eve, LOG).await;
    assert_eq!(of_eve.len(), 1);
    refused(app.anyone().get(LOG).await, 401).await;
    // It is told page by page.
    let mut told = Vec::new();
    let mut path = format!("{LOG}?limit=1");
    loop {
        let page: Value = ada.get(&path).await.json().await.unwrap();
        told.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{LOG}?limit=1&cursor={cursor}");
    }
    assert_eq!(told, log);
    // And lies sealed.
    assert!(!dump_data(&app).contains("Adas phone"));
    assert!(!dump_data(&app).contains("sign_in_failed"));
}

/// However many parts it is fetched in, so that nobody writes the log full.
#[tokio::test(flavor = "multi_thread")]
async fn a_download_in_parts_is_told_once_an_hour() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    export(&app, &ada).await;
    let archive = items(&ada, "/api/v1/me/exports").await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/me/exports/{archive}/archive");
    let told = async |ada: &Caller<'_>| {
        let log = items(ada, LOG).await;
        log.iter().filter(|entry| entry["kind"] == "export_downloaded").count()
    };
    for _ in 0..3 {
        app.advance(TimeDelta::seconds(1));
        let part = ada.request(Method::GET, &path).header("Range", "bytes=0-0").send().await;
        assert_eq!(part.unwrap().status(), 206);
    }
    assert_eq!(told(&ada).await, 1);
    app.advance(TimeDelta::hours(1));
    let ada = app.sign_in(&ada.email, PASSWORD).await;
    assert_eq!(ada.get(&path).await.status(), 200);
    assert_eq!(told(&ada).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_sp_4_whatever_leaves_an_account_is_told_to_its_owner() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    export(&app, &ada).await;
    let id = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let links = format!("/api/v1/activities/{id}/links");
    let link: Value = ada.post(&links, &json!({})).await.json().await.unwrap();
    // Made on a telephone that somebody picked up, and taken back before its owner is there again.
    let other: Value = ada.post(&links, &json!({})).await.json().await.unwrap();
    let path = format!("{links}/{}", other["id"].as_str().unwrap());
    assert_eq!(ada.post(&format!("{path}/rotate"), &json!({})).await.status(), 200);
    assert_eq!(ada.delete(&path).await.status(), 204);
    let log = items(&ada, LOG).await;
    let of = |kind: &str| -> Vec<&Value> {
        log.iter().filter(|entry| entry["kind"] == kind).map(|entry| &entry["link"]).collect()
    };
    assert_eq!(of("link_rotated"), [&other["id"]]);
    let made = of("link_made");
    assert!(made.len() == 2 && made.contains(&&other["id"]) && made.contains(&&link["id"]));
    let shared = format!("/api/v1/shared/{}", link["token"].as_str().unwrap());
    for _ in 0..3 {
        assert_eq!(app.anyone().get(&shared).await.status(), 200);
    }
    app.run_jobs().await;
    let opened = async || {
        let log = items(&app.sign_in(&ada.email, PASSWORD).await, LOG).await;
        let opened = log.into_iter().filter(|entry| entry["kind"] == "link_opened");
        opened.collect::<Vec<Value>>()
    };
    assert!(opened().await.is_empty(), "the day is not over");
    app.advance(TimeDelta::days(1));
    assert_eq!(app.anyone().get(&shared).await.status(), 200);
    app.run_jobs().await;
    app.run_jobs().await;
    let told = opened().await;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["opened"], &told[0]["day"]), (&json!(3), &json!("2026-06-01")));
    assert_eq!((&told[0]["link"], &told[0]["at"]), (&link["id"], &json!("2026-06-02T00:00:00Z")));
    let log = items(&app.sign_in(&ada.email, PASSWORD).await, LOG).await;
    for kind in ["export_asked", "export_downloaded"] {
        assert_eq!(log.iter().filter(|entry| entry["kind"] == kind).count(), 1, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_od18_8_2_access_by_staff_is_logged_and_told() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let account = Uuid::parse_str(&ada.account_id).unwrap().into();
    let access = Access::StaffAccess {
        what: "A reported activity".to_owned(),
        reason: "Report 7".to_owned(),
    };
    app.app.service().db.log_access(account, &access, app.now()).await.unwrap();
    let log = items(&ada, LOG).await;
    let entry = log.iter().find(|entry| entry["kind"] == "staff_access").unwrap();
    assert_eq!(
        (&entry["what"], &entry["reason"]),
        (&json!("A reported activity"), &json!("Report 7"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_password_and_a_stolen_token_are_told() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let refresh = async || {
        let body = json!({ "refresh_token": ada.refresh_token });
        app.anyone().post("/api/v1/auth/refresh", &body).await.status()
    };
    assert_eq!(refresh().await, 200);
    app.advance(TimeDelta::minutes(2));
    assert_eq!(refresh().await, 401);
    assert_eq!(forgot(&app, &ada.email).await.status(), 202);
    let code = app.code(&ada.email).await;
    let chosen = "copper lantern drifting twelve";
    assert_eq!(reset(&app, &ada.email, &code, chosen).await.status(), 204);
    let log = items(&app.sign_in(&ada.email, chosen).await, LOG).await;
    for kind in ["token_reused", "password_changed"] {
        assert_eq!(log.iter().filter(|entry| entry["kind"] == kind).count(), 1, "{kind}");
    }
}

/// Whatever SQL the server sends: its logins cannot.
#[tokio::test(flavor = "multi_thread")]
async fn no_login_of_the_server_changes_or_deletes_an_entry() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let before = items(&ada, LOG).await;
    assert!(!before.is_empty());
    for role in ["opentracks_owner", "opentracks_commons"] {
        let mut conn = connect(&app, role).await;
        conn.batch_execute("SET default_transaction_read_only = off").await.unwrap();
        // It grants what it has itself, which is nothing.
        let grant = format!("GRANT UPDATE, DELETE, TRUNCATE ON vault.access_log TO {role}");
        let _warned = conn.batch_execute(&grant).await;
        for statement in [
            "UPDATE vault.access_log SET at = now()",
            "UPDATE vault.access_log SET content = ''",
            "DELETE FROM vault.access_log",
            "TRUNCATE vault.access_log",
            "DROP TABLE vault.access_log",
            "ALTER TABLE vault.access_log DISABLE TRIGGER ALL",
            "SET ROLE opentracks",
            "SELECT 1 FROM vault.access_log FOR UPDATE",
            "INSERT INTO vault.access_log SELECT * FROM vault.access_log
                 ON CONFLICT (account_id, at, entry_id) DO UPDATE SET content = ''",
            "MERGE INTO vault.access_log USING (SELECT 1) one ON true WHEN MATCHED THEN DELETE",
            "CREATE OR REPLACE FUNCTION vault.prune_access_log(now TIMESTAMPTZ, rows_max BIGINT)
                 RETURNS BIGINT LANGUAGE sql AS 'SELECT 1::bigint'",
            "DROP FUNCTION vault.prune_access_log",
        ] {
            let refused = conn.batch_execute(statement).await.expect_err(statement).to_string();
            let reason = ["permission denied", "must be owner", "must be superuser"];
            assert!(reason.iter().any(|reason| refused.contains(reason)), "{statement}: {refused}");
        }
    }
    assert_eq!(items(&ada, LOG).await, before);
}

/// What prunes it takes a clock from whoever asks, and believes it only as far as that of the database goes.
#[tokio::test(flavor = "multi_thread")]
async fn what_prunes_it_takes_nothing_that_is_younger_than_its_period() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let account = Uuid::parse_str(&ada.account_id).unwrap().into();
    let db = &app.app.service().db;
    let mut conn = connect(&app, "opentracks_owner").await;
    let machine = diesel::sql_query("SELECT clock_timestamp() AS now").get_result(&mut conn).await;
    let machine = machine.map(|Machine { now }| now).unwrap();
    let old = machine - retention::ACCESS_LOG;
    // What is in it by the clock of the test: that of the machine may have gone on by more than the period.
    let mut admin = connect(&app, "opentracks").await;
    admin.batch_execute("DELETE FROM vault.access_log").await.unwrap();
    let times = [machine, old + TimeDelta::minutes(10), old - TimeDelta::seconds(1)];
    for at in times {
        db.log_access(account, &Access::EmailChanged, at).await.unwrap();
    }
    let prune = "SELECT vault.prune_access_log('9999-01-01', 1000) AS pruned";
    let mut conn = connect(&app, "opentracks_owner").await;
    let pruned: Pruned = diesel::sql_query(prune).get_result(&mut conn).await.unwrap();
    assert_eq!(pruned.pruned, 1);
    let log = items(&ada, LOG).await;
    assert_eq!(log.iter().filter(|entry| entry["kind"] == "email_changed").count(), 2);
    // The other login may not even ask.
    let mut conn = connect(&app, "opentracks_commons").await;
    assert!(conn.batch_execute(prune).await.unwrap_err().to_string().contains("permission denied"));
}

/// The clock of the database.
#[derive(diesel::QueryableByName)]
struct Machine {
    #[diesel(sql_type = diesel::sql_types::Timestamptz)]
    now: DateTime<Utc>,
}

#[derive(diesel::QueryableByName)]
struct Pruned {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pruned: i64,
}

/// Guessing at an account fills nobody's disk.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_failed_sign_ins_some_are_told() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let email = opentracks::domain::Email::try_from(ada.email.as_str()).unwrap();
    let service = app.app.service();
    for _ in 0..200 {
        let entry = opentracks::domain::EntryId::random();
        service.log_failed_sign_in(&email, entry, app.now(), app.now()).await.unwrap();
    }
    let page: Value = ada.get(&format!("{LOG}?limit=100")).await.json().await.unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 61);
    let head = ada.request(Method::HEAD, LOG).send().await.unwrap();
    assert_eq!(head.status(), 200);
}
