//! What is left, and what is lost, when the database or a file fails in the middle of something.

use std::fs;
use std::process::Command;

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use opentracks::db;
use opentracks::seal::MasterKey;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::join;

use crate::activities::path_of;
use crate::archives::{EXPORTS, export, items, unzip};
use crate::bad_input::{kept, refused};
use crate::communities::json_of;
use crate::harness::{Hold, PASSWORD, TestApp, connect, fixture, northward_gpx, waiting};
use crate::imports::{IMPORTS, import, send};
use crate::jobs::count;
use crate::photos::has_photo;

/// Ends the connection that waits for a lock.
const END_WAITING: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid IN (SELECT pid FROM pg_locks WHERE NOT granted)";

#[tokio::test(flavor = "multi_thread")]
async fn who_is_cut_off_from_the_database_is_told_to_come_back() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let before = kept(&app).await;
    let hold = Hold::on(&app, "vault.tracks").await;
    let (file, nothing) = (northward_gpx(8.5, 47.3, 100), json!({}));
    let mut admin = connect(&app, "opentracks").await;
    let (answer, ()) = join!(ada.upload(&file, &nothing), async {
        waiting(&app, 1).await;
        admin.batch_execute(END_WAITING).await.unwrap();
    });
    is_told_to_come_back(answer).await;
    hold.release().await;
    // Nobody else is given that connection, and nothing of it was kept.
    let again = ada.upload(&file, &nothing).await;
    assert_eq!(again.status(), 201);
    let rows = |kept: Vec<(&'static str, i64)>| {
        kept.into_iter().find(|(table, _)| *table == "vault.activities").unwrap().1
    };
    assert_eq!(rows(kept(&app).await), rows(before) + 1);
}

/// Of a machine that is gone nothing comes, not even that.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_any_more_is_passed_over() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    // All that the server has, once none was used just now: those are taken for good.
    let pids = "SELECT coalesce(string_agg(pid::text, ' '), '') AS name FROM pg_stat_activity
                WHERE datname = current_database() AND usename = 'opentracks_owner'
                HAVING max(state_change) < clock_timestamp() - INTERVAL '200 ms'";
    let pids = loop {
        if let Some(pids) = text_of(&app, pids).await {
            break pids;
        }
    };
    assert!(!pids.is_empty());
    let signal = |name: &str| {
        let kill = format!("kill -{name} {pids}");
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    };
    signal("STOP");
    let answer = ada.patch("/api/v1/me", &json!({ "given_name": "Augusta" })).await;
    signal("CONT");
    assert_eq!(answer.status(), 200);
}

/// Whoever comes after a migration that waits for a table would wait as long.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_lets_others_through_while_it_waits() {
    let app = TestApp::start().await;
    let hold = Hold::on(&app, "public.__diesel_schema_migrations").await;
    let (url, master) = (app.database_url.clone(), MasterKey::parse_file(&app.key).unwrap());
    let migrating = tokio::task::spawn_blocking(move || {
        tokio::runtime::Runtime::new().unwrap().block_on(db::migrate(&url, &master))
    });
    waiting(&app, 1).await;
    let waits = "SELECT pid::text AS name FROM pg_locks WHERE NOT granted AND relation IS NOT NULL
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1";
    while text_of(&app, waits).await.is_some() {}
    waiting(&app, 1).await;
    assert!(!migrating.is_finished(), "it tries again");
    hold.release().await;
    migrating.await.unwrap().unwrap();
}

/// A disk that is full, a standby that is to take over: what passes.
#[tokio::test(flavor = "multi_thread")]
async fn who_meets_a_database_that_takes_nothing_now_is_told_to_come_back() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let mut admin = connect(&app, "opentracks").await;
    let rename = async || ada.patch("/api/v1/me", &json!({ "given_name": "Augusta" })).await;
    for (code, message) in [
        ("25006", "cannot execute UPDATE in a read-only transaction"),
        ("53100", "could not extend file \"base/1/2\": No space left on device"),
        ("40001", "could not serialize access due to concurrent update"),
    ] {
        let fault = format!(
            "CREATE OR REPLACE FUNCTION public.fault() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION USING ERRCODE = '{code}', MESSAGE = '{message}'; END $$;
             CREATE OR REPLACE TRIGGER fault BEFORE UPDATE ON identity.accounts
                 FOR EACH STATEMENT EXECUTE FUNCTION public.fault()"
        );
        admin.batch_execute(&fault).await.unwrap();
        is_told_to_come_back(rename().await).await;
    }
    // What is wrong in itself is not mended by waiting.
    let fault = "CREATE OR REPLACE FUNCTION public.fault() RETURNS trigger LANGUAGE plpgsql AS $$
                 BEGIN RAISE EXCEPTION 'a fault of ours'; END $$";
    admin.batch_execute(fault).await.unwrap();
    refused(rename().await, 500).await;
}

async fn is_told_to_come_back(answer: Response) {
    assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
    assert_eq!(refused(answer, 503).await["type"], "/problems/busy");
}

/// Lets nobody keep a second activity.
const FULL: &str = "
    CREATE FUNCTION public.one_alone() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM vault.activities WHERE account_id = NEW.account_id
                   AND activity_id <> NEW.activity_id) THEN
            RAISE EXCEPTION 'a fault';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER one_alone BEFORE INSERT ON vault.activities
        FOR EACH ROW EXECUTE FUNCTION public.one_alone()";

/// What an import has done by then is done: it is told, and not done again once its owner has undone it.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_fails_on_the_way_goes_on_behind_what_it_has_done() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    for points in [300, 310, 320] {
        ada.has_published(&northward_gpx(8.5, 47.3, points)).await;
    }
    let archive = export(&app, &ada).await;
    let eve = app.member("Eve").await;
    let mut admin = connect(&app, "opentracks").await;
    admin.batch_execute(FULL).await.unwrap();
    let sent: Value = send(&eve, archive, "?sharing=restore").await.json().await.unwrap();
    let path = format!("{IMPORTS}/{}", sent["id"].as_str().unwrap());
    app.run_jobs().await;
    let told = json_of(&eve, &path).await;
    assert_eq!(told["progress"], json!({ "done": 1, "total": 3 }), "{told}");
    let kept = items(&eve, "/api/v1/me/activities").await;
    assert_eq!((kept.len(), &kept[0]["visibility"]), (1, &json!("published")));
    assert_eq!(eve.delete(&path_of(&kept[0])).await.status(), 204);

    admin.batch_execute("DROP TRIGGER one_alone ON vault.activities").await.unwrap();
    app.advance(TimeDelta::minutes(1));
    app.run_jobs().await;
    let told = json_of(&eve, &path).await;
    let taken = json!({ "added": 3, "known": 0, "passed_over": 0, "reason": null });
    assert_eq!((&told["state"], &told["taken"]), (&json!("finished"), &taken));
    assert_eq!(items(&eve, "/api/v1/me/activities").await.len(), 2, "it came back");
}

/// The same in the middle of an activity: it is kept, and fails to be shared.
#[tokio::test(flavor = "multi_thread")]
async fn an_activity_that_fails_to_be_shared_again_is_counted_once_and_shared_in_the_end() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let archive = export(&app, &ada).await;
    let eve = app.member("Eve").await;
    let mut admin = connect(&app, "opentracks").await;
    admin.batch_execute("REVOKE INSERT ON commons.renditions FROM opentracks_owner").await.unwrap();
    let sent: Value = send(&eve, archive, "?sharing=restore").await.json().await.unwrap();
    app.run_jobs().await;
    assert_eq!(items(&eve, "/api/v1/me/activities").await[0]["visibility"], "private");
    admin.batch_execute("GRANT INSERT ON commons.renditions TO opentracks_owner").await.unwrap();
    app.advance(TimeDelta::minutes(1));
    app.run_jobs().await;
    let told = json_of(&eve, &format!("{IMPORTS}/{}", sent["id"].as_str().unwrap())).await;
    let taken = json!({ "added": 1, "known": 0, "passed_over": 0, "reason": null });
    assert_eq!((&told["state"], &told["taken"]), (&json!("finished"), &taken));
    assert_eq!(items(&eve, "/api/v1/me/activities").await[0]["visibility"], "published");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_restricts_what_is_done_takes_an_archive_in_and_shares_none_of_it() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let linked = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 310)).await);
    assert_eq!(ada.post(&format!("{linked}/links"), &json!({})).await.status(), 201);
    let archive = export(&app, &ada).await;
    let eve = app.member("Eve").await;
    let restrict = eve.request(Method::PUT, "/api/v1/me/restriction").send().await.unwrap();
    assert!(restrict.status().is_success());
    let taken = import(&app, &eve, &archive, "?sharing=restore").await;
    assert_eq!(taken["taken"], json!({ "added": 2, "known": 0, "passed_over": 0, "reason": null }));
    for activity in items(&eve, "/api/v1/me/activities").await {
        assert_eq!(activity["visibility"], "private");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_names_what_cannot_be_read_any_more_and_holds_the_rest() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let mut ids = Vec::new();
    for points in [100, 110, 120, 130] {
        let activity = ada.has_activity(&northward_gpx(8.5, 47.3, points)).await;
        ids.push(activity["id"].as_str().unwrap().to_owned());
    }
    let (pictured, file) =
        (format!("/api/v1/activities/{}", ids[0]), fixture("photos/exif_gps.jpg"));
    let photo = has_photo(&ada, &pictured, &file).await["id"].as_str().unwrap().to_owned();
    // Of the first a photo is gone, of the second the file, of the third it is spoilt, of the fourth the track is.
    let mut admin = connect(&app, "opentracks").await;
    let blob = async |column: &str, rows: &str| {
        let name = format!("SELECT replace({column}::text, '-', '') AS name FROM {rows}");
        let name = text_of(&app, &name).await.unwrap();
        app.data.join("blobs").join(&name[..2]).join(&name[2..])
    };
    let original = |id: &str| format!("vault.originals WHERE activity_id = '{id}'");
    fs::remove_file(blob("original", "vault.photos").await).unwrap();
    fs::remove_file(blob("blob", &original(&ids[1])).await).unwrap();
    fs::write(blob("blob", &original(&ids[2])).await, "spoilt").unwrap();
    let spoil = format!("UPDATE vault.tracks SET track = '\\x00' WHERE activity_id = '{}'", ids[3]);
    admin.batch_execute(&spoil).await.unwrap();

    let files = unzip(&export(&app, &ada).await);
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let mut left_out = vec![
        format!("activities/{}/photos/{photo}", ids[0]),
        format!("activities/{}/original", ids[1]),
        format!("activities/{}/original", ids[2]),
    ];
    left_out.extend(
        ["track.json", "track.gpx", "track.geojson"]
            .map(|file| format!("activities/{}/{file}", ids[3])),
    );
    let mut told: Vec<String> =
        serde_json::from_value(manifest["left_out"]["files"].clone()).unwrap();
    for files in [&mut left_out, &mut told] {
        files.sort();
    }
    assert_eq!((told, &manifest["left_out"]["count"]), (left_out.clone(), &json!(6)));
    assert!(left_out.iter().all(|name| !files.contains_key(name)));
    assert_eq!(files.keys().filter(|name| name.ends_with("/original")).count(), 2);
    assert_eq!(files.keys().filter(|name| name.ends_with("/track.gpx")).count(), 3);
}

/// Nothing that is kept has to be sound for somebody to leave.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_zone_that_cannot_be_read_any_more_can_leave() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let zone = json!({ "label": "Home", "position": [10.0, 50.0], "radius_m": 300 });
    assert_eq!(ada.post("/api/v1/me/zones", &zone).await.status(), 201);
    let spoil = "UPDATE vault.zones SET content = '\\x00'";
    connect(&app, "opentracks").await.batch_execute(spoil).await.unwrap();
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    app.finish_leaving().await;
    assert_eq!(count(&app, "identity.accounts").await, 0);
}

/// Each is as large as all that its owner keeps.
#[tokio::test(flavor = "multi_thread")]
async fn of_exports_that_are_ready_the_newest_stays_when_another_is_asked_for() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let ids = async || {
        let exports = items(&ada, EXPORTS).await;
        exports.iter().map(|export| export["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for _ in 0..2 {
        export(&app, &ada).await;
        app.advance(TimeDelta::minutes(1));
    }
    let before = ids().await;
    assert_eq!(before.len(), 2);
    let newest = format!("{EXPORTS}/{}/archive", before[0]);
    assert_eq!(ada.post(EXPORTS, &json!({ "password": PASSWORD })).await.status(), 202);
    let after = ids().await;
    assert_eq!(after[1..], before[..1]);
    assert_eq!(ada.get(&newest).await.status(), 200);
    app.run_jobs().await;
    assert_eq!(ids().await, after);
    let segments = "(SELECT FROM vault.archive_segments WHERE archive_id = '{}')";
    assert_eq!(count(&app, &segments.replace("{}", &before[1])).await, 0);
}

/// What the first row says, if there is one.
async fn text_of(app: &TestApp, query: &str) -> Option<String> {
    use diesel::OptionalExtension;
    use diesel_async::RunQueryDsl;

    #[derive(diesel::QueryableByName)]
    struct Named {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let conn = &mut connect(app, "opentracks").await;
    let named = diesel::sql_query(query).get_result::<Named>(conn).await;
    named.optional().unwrap().map(|row| row.name)
}
